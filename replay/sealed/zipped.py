"""The bytes around the members of an archive: ZIP with 64-bit sizes, nothing compressed.

Every member begins at a multiple of 64 bytes, so that it can be mapped where it lies. All that is
not content follows from names, sizes and sums of the members; so a wrong bit in it is found by
writing it again.

Source: PKWARE, APPNOTE.TXT, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay.columns.faults import Damaged, Flaw, Foreign
from replay.sealed.files import ALIGNMENT

_LOCAL = struct.Struct("<4s5HIII2H")
_CENTRAL = struct.Struct("<4s6HIII5HII")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")
_LONG = struct.Struct("<2H2Q")
_LONGER = struct.Struct("<2H3Q")
#: Version 4.5; names in UTF-8; stored; midnight of the first day there is.
_VERSION, _FLAGS, _METHOD, _TIME, _DATE = 45, 0x800, 0, 0, 0x21
_ZIP64, _PADDING = 0x0001, 0xD935
_ELSEWHERE, _FEW = 0xFFFFFFFF, 0xFFFF
#: Where the file of an archive is damaged between its members.
AROUND = "the archive between its members"


class Member(NamedTuple):
    """A file in an archive: where its bytes begin, how many there are, their CRC-32."""

    name: str
    size: int
    crc: int
    offset: int


def local(name: str, size: int, crc: int, at: int) -> bytes:
    """What stands before the bytes of a member, when it begins at a place of the archive."""
    raw = name.encode()
    extra = _LONG.pack(_ZIP64, 16, size, size)
    begin = at + _LOCAL.size + len(raw) + len(extra) + 4
    room = -begin % ALIGNMENT
    extra += struct.pack("<2H", _PADDING, room) + bytes(room)
    head = _LOCAL.pack(
        *(b"PK\3\4", _VERSION, _FLAGS, _METHOD, _TIME, _DATE, crc),
        *(_ELSEWHERE, _ELSEWHERE, len(raw), len(extra)),
    )
    return head + raw + extra


def central(members: Sequence[Member], at: int) -> bytes:
    """The directory at the end of an archive, when it begins at a place."""
    entries, header = b"", 0
    for one in members:
        raw = one.name.encode()
        extra = _LONGER.pack(_ZIP64, 24, one.size, one.size, header)
        entries += _CENTRAL.pack(
            *(b"PK\1\2", _VERSION, _VERSION, _FLAGS, _METHOD, _TIME, _DATE, one.crc),
            *(_ELSEWHERE, _ELSEWHERE, len(raw), len(extra), 0, 0, 0, 0, _ELSEWHERE),
        )
        entries += raw + extra
        header = one.offset + one.size
    end = _END64.pack(
        *(b"PK\6\6", _END64.size - 12, _VERSION, _VERSION, 0, 0),
        *(len(members), len(members), len(entries), at),
    )
    locator = _LOCATOR.pack(b"PK\6\7", 0, at + len(entries), 1)
    last = _END.pack(b"PK\5\6", 0, 0, _FEW, _FEW, _ELSEWHERE, _ELSEWHERE, 0)
    return entries + end + locator + last


def read_members(name: str, data: memoryview) -> list[Member]:
    """The members of an archive, all that stands around them checked. Raises Foreign, Damaged."""
    size, tail = len(data), _END64.size + _LOCATOR.size + _END.size
    if size < 4 or bytes(data[:4]) != b"PK\3\4":
        raise Foreign(f"{name} is no archive of a sealed log")
    try:
        told = _END64.unpack_from(data, size - tail) if size > tail else (b"",)
        if told[0] != b"PK\6\6" or told[8] + told[9] != size - tail:
            raise Damaged([Flaw(name, "its end is not there: it is cut off, or damaged there")])
        members = list(_listed(data, told[9], told[8]))
        _check(name, data, members, told[9])
    except (struct.error, UnicodeDecodeError, IndexError, OverflowError) as error:
        raise Damaged([Flaw(AROUND, f"its directory cannot be read: {error}")]) from error
    return members


def _listed(data: memoryview, at: int, size: int) -> Iterator[Member]:
    end, before = at + size, 0
    while at < end:
        told = _CENTRAL.unpack_from(data, at)
        crc, length, extra = told[7], told[10], told[11]
        at += _CENTRAL.size
        name = bytes(data[at : at + length]).decode()
        total = _LONGER.unpack_from(data, at + length)[2]
        at += length + extra
        offset = before + len(local(name, 0, 0, before))
        yield Member(name, total, crc, offset)
        before = offset + total


def _check(name: str, data: memoryview, members: Sequence[Member], at: int) -> None:
    """Write everything around the members again; raises Damaged where it is not the same."""
    before = 0
    for one in members:
        head = local(one.name, one.size, one.crc, before)
        if one.offset + one.size > at or data[before : one.offset] != head:
            raise Damaged([Flaw(AROUND, f"what stands before {one.name} is not of it")])
        before = one.offset + one.size
    if before != at or data[at:] != central(members, at):
        raise Damaged([Flaw(AROUND, f"the directory at the end of {name} is not of its members")])
