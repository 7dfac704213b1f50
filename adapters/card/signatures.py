"""Who signs what stands on a chip, and who checks it: ECDSA on P-256 (签名与验签).

A signature is the same each time the same content is signed with the same key (RFC 6979): a card
whose writing was cut off is written again to the same byte. A hardware module that cannot do that
has to keep what it signed.

A file holds private keys, the newest last; it signs unless another is asked for by its id. The
public halves stand beside it, those of keys that were taken out too, since their cards are about.
Whoever takes a public half out, revokes all cards signed with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.files import EVERYBODY, OWNER_ONLY, write_whole
from adapters.keyfiles import read_secret
from registry.chip.seals import ECDSA_P256
from registry.errors import Unavailable

#: Bytes of r and of s.
HALF: Final = 32
KEY_ID_SIZE: Final = 8
MADE_BY: Final = "registry key cards"
BLOCK: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\n[^-]+-----END \1-----\n")


@dataclass(frozen=True)
class SoftwareSigner:
    """Signs with a key in this process's memory."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def algorithm(self) -> int:
        """ECDSA on P-256 with SHA-256."""
        return ECDSA_P256

    @property
    def key_id(self) -> bytes:
        """The id of the public half."""
        return key_id(self.key.public_key())

    def sign(self, content: bytes) -> bytes:
        """The signature of a content: r and s in a row."""
        scheme = ec.ECDSA(SHA256(), deterministic_signing=True)
        r, s = utils.decode_dss_signature(self.key.sign(content, scheme))
        return r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big")


@dataclass(frozen=True)
class Signers:
    """The keys of a file, in the order in which they were made."""

    held: Sequence[SoftwareSigner]

    @property
    def newest(self) -> SoftwareSigner:
        """The one that signs now."""
        return self.held[-1]

    def of(self, key_id: bytes) -> SoftwareSigner:
        """The one of an id, for what was begun under it. Raises Unavailable if it is gone."""
        for one in self.held:
            if one.key_id == key_id:
                return one
        raise Unavailable(f"the signing key {key_id.hex()} is not at hand; ask who keeps the keys")


@dataclass(frozen=True)
class Verifier:
    """Checks signatures against public keys by their ids."""

    keys: Mapping[bytes, ec.EllipticCurvePublicKey]

    def __call__(self, algorithm: int, key_id: bytes, content: bytes, signature: bytes) -> bool:
        """Whether a signature is right; one by a key that nobody knows here is not."""
        key = self.keys.get(key_id)
        if algorithm != ECDSA_P256 or key is None or len(signature) != 2 * HALF:
            return False
        r, s = (int.from_bytes(half, "big") for half in (signature[:HALF], signature[HALF:]))
        try:
            key.verify(utils.encode_dss_signature(r, s), content, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def key_id(key: ec.EllipticCurvePublicKey) -> bytes:
    """The id of a public key: the first eight bytes of SHA-256 over its uncompressed point."""
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return hashlib.sha256(point).digest()[:KEY_ID_SIZE]


def open_signers(path: Path) -> Signers:
    """The private keys of a file. Raises Unavailable where there is none, or others can read it."""
    found = []
    for block in _blocks(read_secret(path, MADE_BY), path):
        try:
            key = serialization.load_pem_private_key(block, None)
        except (ValueError, TypeError) as error:
            raise Unavailable(f"{path} is no file of private keys without a password") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not _on_curve(key):
            raise Unavailable(f"{path} holds a key that is not on P-256")
        found.append(SoftwareSigner(key))
    return Signers(found)


def open_verifier(path: Path) -> Verifier:
    """The public keys beside a file of private ones, or of a file of public keys.

    Raises Unavailable where there are none.
    """
    public = path if path.suffix == ".pub" else path.with_suffix(".pub")
    if not public.exists():
        raise Unavailable(f"there is no {public}; make one with `{MADE_BY}`, or copy it here")
    keys = {}
    for block in _blocks(public.read_text(encoding="utf-8"), public):
        try:
            key = serialization.load_pem_public_key(block)
        except ValueError as error:
            raise Unavailable(f"{public} is no file of public keys") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not _on_curve(key):
            raise Unavailable(f"{public} holds a key that is not on P-256")
        keys[key_id(key)] = key
    return Verifier(keys)


def new_signer(path: Path) -> bytes:
    """Make a key that signs from now on, add its public half beside, and tell its id."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    told = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public = path.with_suffix(".pub")
    held = read_secret(path, MADE_BY).encode() if path.exists() else b""
    known = public.read_bytes() if public.exists() else b""
    write_whole(public, known + told, EVERYBODY)  # before anything can be signed with it
    write_whole(path, held + private, OWNER_ONLY)
    return key_id(key.public_key())


def _on_curve(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bool:
    return isinstance(key.curve, ec.SECP256R1)


def _blocks(text: str, path: Path) -> list[bytes]:
    found = [match[0].encode() for match in BLOCK.finditer(text)]
    if not found or sum(map(len, found)) != len(text.strip()) + 1:
        raise Unavailable(f"{path} is no file of keys; make one with `{MADE_BY}`")
    return found
