"""The files of a chip: their identifiers and sizes, after the table chip_files (芯片文件).

A file is always read and hashed whole; behind what it holds stand zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from registry.codes import table
from registry.errors import Fault, Malformed


@dataclass(frozen=True)
class File:
    """A file of the chip: what it is selected by, and how many bytes it has."""

    name: str
    fid: int
    size: int

    def filled(self, content: bytes) -> bytes:
        """The file's bytes with a content at its beginning. Raises Malformed if it is too long."""
        if len(content) > self.size:
            told = f"has {len(content)} bytes, and the chip has room for {self.size}"
            raise Malformed([Fault(self.name, "too-long", told)])
        return content.ljust(self.size, b"\0")


FILES: Final = {
    row["name"]: File(row["name"], int(row["fid"], 16), int(row["bytes"]))
    for row in table("chip_files")
}

HEADER: Final = FILES["header"].fid
SIGNATURE: Final = FILES["signature"].fid
TEXT: Final = FILES["text"].fid
PHOTO: Final = FILES["photo"].fid
PRINTS: Final = FILES["prints"].fid
APPENDED: Final = FILES["appended"].fid
APPENDED_SIGNATURES: Final = FILES["appended_signatures"].fid

#: What is written once, when a card is made; a card has prints or has not.
BASE: Final = (HEADER, SIGNATURE, TEXT, PHOTO, PRINTS)
NEEDED: Final = (HEADER, SIGNATURE, TEXT, PHOTO)

#: Sizes by identifier.
SIZES: Final = {file.fid: file.size for file in FILES.values()}


def malformed(at: str, code: str, message: str) -> Malformed:
    """One fault of a chip's files, to be raised."""
    return Malformed([Fault(at, code, message)])
