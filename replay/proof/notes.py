"""Signed notes, and checkpoints, which are signed notes about a Merkle tree: written and read.

A note is text that ends in a newline, an empty line, and one line for each signature:

    — NAME BASE64(id || signature)

where the dash is U+2014 and the id of a key is the first four bytes of
SHA-256(name || 0x0A || 0x01 || public key). The text of a checkpoint is three lines: origin, size
of the tree, root in Base64.

Source: C2SP signed-note and tlog-checkpoint, with Ed25519 keys (RFC 8032).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from replay.proof.merkle import HASH_BYTES, BrokenProof

#: The kind of key and signature: Ed25519 over the text of a note.
ED25519 = b"\x01"
KEY_BYTES = 32
SECRET = "PRIVATE+KEY+"
DASH = "— "
#: A note with more signatures is none of ours; the format asks for 16 at least.
MOST_SIGNATURES = 100
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def base64(raw: bytes) -> str:
    """Bytes as Base64 with padding (RFC 4648, section 4)."""
    return b64encode(raw).decode()


def unbase64(text: str) -> bytes:
    """The bytes of Base64; raises ValueError unless it is written in the one way there is."""
    raw = b64decode(text, validate=True)
    if base64(raw) != text:
        raise ValueError("not Base64 as it is written")
    return raw


def check_name(name: str) -> str:
    """A key's name, or the origin of a log; raises ValueError if notes cannot have it."""
    if not name or "+" in name or not name.isprintable() or any(one.isspace() for one in name):
        raise ValueError(
            f"{name!r} cannot name a key: no blanks, no plus sign, at least one letter"
        )
    return name


@dataclass(frozen=True)
class PublicKey:
    """A key that notes are checked with; its text is what the one who checks is given."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell a key from others of the same name."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:4]

    @property
    def label(self) -> str:
        """The key's name and id, for people and for messages."""
        return f"{self.name}+{self.id.hex()}"

    def __str__(self) -> str:
        return f"{self.label}+{base64(ED25519 + self.raw)}"

    @classmethod
    def read(cls, text: str) -> PublicKey:
        """A key from its text, `NAME+ID+KEY`; raises ValueError."""
        name, told, body = _key_parts(text)
        key = cls(check_name(name), body)
        if key.id.hex() != told:
            raise ValueError(f"{name}+{told} is not the name and id of the key beside it")
        return key

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether a signature over a text was made with the other half of this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A key that notes are signed with."""

    name: str
    seed: bytes  # 32 bytes by chance; who has them signs in our name

    def __post_init__(self) -> None:
        check_name(self.name)
        assert len(self.seed) == KEY_BYTES

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return PublicKey(self.name, self._private.public_key().public_bytes_raw())

    @property
    def secret(self) -> str:
        """The key as a line of a key file; never shown."""
        return f"{SECRET}{self.public.label}+{base64(ED25519 + self.seed)}"

    def __repr__(self) -> str:
        return f"SigningKey({self.public.label})"

    @classmethod
    def read(cls, line: str) -> SigningKey:
        """A key from its line; raises ValueError, without repeating the line."""
        if not line.startswith(SECRET):
            raise ValueError(f"a line of a key file begins with {SECRET}")
        name, told, seed = _key_parts(line.removeprefix(SECRET))
        key = cls(name, seed)
        if key.public.id.hex() != told:
            raise ValueError(f"{name}+{told} is not the name and id of the key beside it")
        return key

    def sign(self, text: bytes) -> str:
        """The line of a signature over a text."""
        signature = self.public.id + self._private.sign(text)
        return f"{DASH}{self.name} {base64(signature)}\n"


def _key_parts(text: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    told, _, coded = rest.partition("+")
    try:
        raw = unbase64(coded)
    except ValueError:
        raw = b""
    if raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES:
        raise ValueError("a key is written as NAME+ID+KEY, of which this has not the form")
    return name, told, raw[1:]


def sign(text: str, keys: Sequence[SigningKey]) -> str:
    """A note: a text that ends in a newline, signed with every key."""
    assert text.endswith("\n"), text
    assert keys, "a note has at least one signature"
    return text + "\n" + "".join(key.sign(text.encode()) for key in keys)


def open_note(note: bytes, keys: Sequence[PublicKey]) -> tuple[str, tuple[PublicKey, ...]]:
    """The text of a note, and those of the keys that it was signed with.

    Signatures of other keys are passed over, as the format wants it. Raises BrokenProof if a known
    key's signature is wrong, or if there is none of a known key.
    """
    text, lines = _parted(note)
    known = {(key.name, key.id): key for key in keys}
    signers = []
    for name, signature in (_signature(line) for line in lines):
        key = known.get((name, signature[:4]))
        if key is None:
            continue
        if not key.verifies(text.encode(), signature[4:]):
            raise BrokenProof(f"the signature of {key.label} does not belong to this text")
        signers.append(key)
    if not signers:
        wanted = " or ".join(key.label for key in keys)
        raise BrokenProof(f"it is not signed by {wanted}; is that the key of this register?")
    return text, tuple(dict.fromkeys(signers))


def labels(note: bytes) -> list[str]:
    """Names and ids of the keys that a note says it is signed with, known or not."""
    found = (_signature(line) for line in _parted(note)[1])
    return [f"{name}+{signature[:4].hex()}" for name, signature in found]


def _parted(note: bytes) -> tuple[str, list[str]]:
    """The text of a note and its signature lines."""
    try:
        words = note.decode()
    except UnicodeDecodeError:
        raise BrokenProof("it is not text in UTF-8") from None
    if any(one < " " and one != "\n" for one in words):
        raise BrokenProof("it has control characters, which no signed note has")
    text, gap, signatures = words.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or not text or lines.pop() or not 1 <= len(lines) <= MOST_SIGNATURES:
        raise BrokenProof("it is no signed note: a text, an empty line, lines of signatures")
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    name, _, coded = line.removeprefix(DASH).partition(" ")
    try:
        signature = unbase64(coded)
    except ValueError:
        signature = b""
    if not line.startswith(DASH) or not name or len(signature) <= 4:
        raise BrokenProof(f"this is no line of a signature: {line}")
    return name, signature


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself: its name, how many leaves it has, and their root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64(self.root)}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """A checkpoint from its text; raises BrokenProof. Lines beyond the third say nothing."""
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
            raise BrokenProof("a checkpoint has three lines: origin, size, root")
        origin, size, root = lines[:3]
        if not _SIZE.fullmatch(size):
            raise BrokenProof(f"{size!r} is not the size of a tree")
        try:
            hashed = unbase64(root)
        except ValueError:
            hashed = b""
        if len(hashed) != HASH_BYTES:
            raise BrokenProof(f"{root!r} is not a root: 32 bytes in Base64")
        return cls(origin, int(size), hashed)


def open_checkpoint(
    note: bytes, keys: Sequence[PublicKey]
) -> tuple[Checkpoint, tuple[PublicKey, ...]]:
    """A checkpoint and those of the keys that signed it; a log signs under its own name alone.

    Raises BrokenProof.
    """
    text, signers = open_note(note, keys)
    checkpoint = Checkpoint.read(text)
    signers = tuple(key for key in signers if key.name == checkpoint.origin)
    if not signers:
        raise BrokenProof(f"it speaks of {checkpoint.origin!r} and was signed by somebody else")
    return checkpoint, signers
