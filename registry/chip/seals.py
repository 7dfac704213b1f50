"""Seals: who vouches for something on a chip, under which key, and the signature (签名).

What is signed is written nowhere. Whoever checks it makes it anew from what he has before him, so
that nothing can be passed over; the seal itself holds only what he cannot know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from registry.chip import tlv
from registry.chip.files import malformed

#: The edition of this profile, signed with the rest.
VERSION: Final = b"\x01"
#: Tags of what is signed and of the seal, in this order.
TAG_VERSION, TAG_ALGORITHM, TAG_KEY = 0x01, 0x02, 0x03
TAG_TEXT, TAG_PHOTO, TAG_PRINTS = 0x10, 0x11, 0x12
TAG_SERIAL, TAG_APPLICATION, TAG_ATTEMPT, TAG_SLOT = 0x20, 0x21, 0x22, 0x23
TAG_SIGNATURE = 0x30

#: ECDSA on P-256 with SHA-256: r and s in a row, 32 bytes each, the higher first.
ECDSA_P256: Final = 1


class Signer(Protocol):
    """Who vouches for what stands on a chip: by which algorithm, under which key."""

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""

    @property
    def key_id(self) -> bytes:
        """The name of the key, eight bytes."""

    def sign(self, content: bytes) -> bytes:
        """The signature of a content."""


#: Whether a signature is right: algorithm, key id, content, signature.
Verify = Callable[[int, bytes, bytes, bytes], bool]


def signed_content(algorithm: int, key_id: bytes, values: Iterable[tuple[int, bytes]]) -> bytes:
    """What is signed: edition, algorithm and key, then the values."""
    about = [(TAG_VERSION, VERSION), (TAG_ALGORITHM, bytes([algorithm])), (TAG_KEY, key_id)]
    return tlv.written([*about, *values])


def sealed(values: Iterable[tuple[int, bytes]], signer: Signer) -> bytes:
    """A signer's seal on values."""
    content = signed_content(signer.algorithm, signer.key_id, values)
    about = signed_content(signer.algorithm, signer.key_id, ())
    return about + tlv.written([(TAG_SIGNATURE, signer.sign(content))])


def refuse_unsealed(
    seal: bytes, at: str, values: Iterable[tuple[int, bytes]], verify: Verify
) -> None:
    """Hold values against a seal. Raises Malformed, naming the file, where it is not right."""
    told = tlv.read(seal, at)
    if list(told) != [TAG_VERSION, TAG_ALGORITHM, TAG_KEY, TAG_SIGNATURE]:
        raise malformed(at, "seal", "does not tell edition, algorithm, key and signature")
    if told[TAG_VERSION] != VERSION or len(told[TAG_ALGORITHM]) != 1:
        raise malformed(at, "edition", "is of an edition that is not known here")
    (algorithm,), key_id = told[TAG_ALGORITHM], told[TAG_KEY]
    content = signed_content(algorithm, key_id, values)
    if not verify(algorithm, key_id, content, told[TAG_SIGNATURE]):
        raise malformed(at, "not-genuine", "is not what was signed: the card is not genuine")


def key_of(seal: bytes, at: str) -> bytes:
    """The key under which a seal was made. Raises Malformed where it is none."""
    found = tlv.read(seal, at).get(TAG_KEY)
    if found is None:
        raise malformed(at, "seal", "names no key")
    return found
