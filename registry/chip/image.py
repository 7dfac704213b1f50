"""The image of a chip: its files as they are written once, byte by byte (芯片数据).

An image is a function of what the register knew when the card was signed, of the photograph and
the fingerprints that were captured, and of the body it is written to. The same holder on another
body, or in another attempt, is another image: so content that was copied betrays itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self
from uuid import UUID

from registry.chip import seals
from registry.chip.files import (
    BASE,
    FILES,
    HEADER,
    NEEDED,
    PHOTO,
    PRINTS,
    SIGNATURE,
    SIZES,
    TEXT,
    malformed,
)
from registry.chip.seals import Signer, Verify
from registry.chip.text import Holder

#: Bytes of a chip's serial, of a token, of a finger's features; fingers on a chip at most.
SERIAL_SIZE: Final = 8
TOKEN_SIZE: Final = 24
PRINT_SIZE: Final = 512
FINGERS: Final = 2


@dataclass(frozen=True)
class Header:
    """Whose body it is: the serial of its chip, and the attempt it was set aside for."""

    serial: bytes
    application: UUID
    attempt: int  # from 1

    @property
    def token(self) -> bytes:
        """What is written behind the serial: application and attempt, zeros after them."""
        return token(self.application, self.attempt)

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read a header file. Raises Malformed where it is none."""
        serial, token = content[:SERIAL_SIZE], content[SERIAL_SIZE:]
        if len(content) != SERIAL_SIZE + TOKEN_SIZE or any(token[18:]):
            raise malformed("header", "header", "is not serial, application, attempt and zeros")
        return cls(serial, UUID(bytes=token[:16]), int.from_bytes(token[16:18], "big"))


def token(application: UUID, attempt: int) -> bytes:
    """The token of an attempt to make the card of an application, counted from 1."""
    return (application.bytes + attempt.to_bytes(2, "big")).ljust(TOKEN_SIZE, b"\0")


@dataclass(frozen=True)
class Image:
    """The files of a chip by identifier, each whole, and the digest that the chip checks.

    Files that the card does not have, prints as a rule, are left out.
    """

    files: Mapping[int, bytes]
    digest: bytes

    @classmethod
    def of(
        cls,
        holder: Holder,
        photo: bytes,
        prints: tuple[bytes, ...],
        serial: bytes,
        token: bytes,
        signer: Signer,
    ) -> Self:
        """Make the image of a holder's card for one body.

        photo: at most 1,024 bytes, encoded once when it was taken; prints: features of at most two
        fingers, 512 bytes each; serial: eight bytes; token: as the function of that name gives it.
        Raises Malformed naming every field of the holder that does not fit, else what is wrong.
        """
        if not any(photo):
            raise malformed("photo", "missing", "is not there: take the photograph first")
        if len(prints) > FINGERS or any(len(one) != PRINT_SIZE for one in prints):
            told = f"are at most {FINGERS} of {PRINT_SIZE} bytes each"
            raise malformed("prints", "size", told)
        files = {
            HEADER: serial + token,
            TEXT: holder.text(),
            PHOTO: FILES["photo"].filled(photo),
        }
        if prints:
            files[PRINTS] = FILES["prints"].filled(b"".join(prints))
        seal = seals.sealed(vouched_for(files), signer)
        files[SIGNATURE] = FILES["signature"].filled(seal)
        return cls.found(files)

    @classmethod
    def found(cls, files: Mapping[int, bytes]) -> Self:
        """The image that files make up, as when they were read from a chip.

        Raises Malformed where one is missing, unknown, or not of its size.
        """
        if not set(NEEDED) <= files.keys() <= set(BASE):
            told = ", ".join(f"{fid:04X}" for fid in sorted(files))
            raise malformed("files", "files", f"{told or 'none'}: these are not a card's files")
        for fid, content in files.items():
            if len(content) != SIZES[fid]:
                told = f"{fid:04X} has {len(content)} bytes, not {SIZES[fid]}"
                raise malformed("files", "size", told)
        return cls(MappingProxyType(dict(sorted(files.items()))), image_digest(files))

    @property
    def header(self) -> Header:
        """The body and the attempt that the image is for."""
        return Header.read(self.files[HEADER])

    @property
    def holder(self) -> Holder:
        """Who is told of on the card. Raises Malformed where the text is none."""
        return Holder.read(self.files[TEXT])

    @property
    def key_id(self) -> bytes:
        """The key under which the files are vouched for. Raises Malformed where none is named."""
        return seals.key_of(self.files[SIGNATURE], "signature")

    def refuse_unsigned(self, verify: Verify) -> None:
        """Hold every file against the signature. Raises Malformed where it is not right."""
        seals.refuse_unsealed(self.files[SIGNATURE], "signature", vouched_for(self.files), verify)


def vouched_for(files: Mapping[int, bytes]) -> list[tuple[int, bytes]]:
    """What a card's signature is about: digests of text, photograph, prints, and for which body."""
    header = Header.read(files[HEADER])
    values = [
        (seals.TAG_TEXT, hashlib.sha256(files[TEXT]).digest()),
        (seals.TAG_PHOTO, hashlib.sha256(files[PHOTO]).digest()),
    ]
    if PRINTS in files:
        values.append((seals.TAG_PRINTS, hashlib.sha256(files[PRINTS]).digest()))
    return [
        *values,
        (seals.TAG_SERIAL, header.serial),
        (seals.TAG_APPLICATION, header.application.bytes),
        (seals.TAG_ATTEMPT, header.attempt.to_bytes(2, "big")),
    ]


def image_digest(files: Mapping[int, bytes]) -> bytes:
    """SHA-256 over the files that were written, by identifier: identifier, length, content.

    Both numbers have two bytes, the higher first. A chip computes the same before it closes itself;
    appended addresses come later and are no part of it.
    """
    whole = hashlib.sha256()
    for fid, content in sorted(files.items()):
        whole.update(fid.to_bytes(2, "big") + len(content).to_bytes(2, "big") + content)
    return whole.digest()
