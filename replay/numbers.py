"""Identity numbers by the million: every fault of each, and each packed into an integer.

The rules are those of `registry.numbers.explain_number`, read from the same tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.codes import LISTED_UNTIL, divisions
from registry.numbers import FAULTS, FIRST_BIRTH_YEAR, TOLERATED
from replay.jit import kernel

Characters = NDArray[np.uint8]  # u1[n, 18], ASCII; a shorter text ends in zeros
Flags = NDArray[np.uint16]
Packed = NDArray[np.int64]

#: The bit of each fault.
BITS = {code: 1 << place for place, code in enumerate(FAULTS)}
_LENGTH, _FIFTEEN = BITS["length"], BITS["fifteen-digits"]
_CHARACTERS, _LOWER_X = BITS["characters"], BITS["lower-case-x"]
_ADDRESS, _NEWER = BITS["address-code"], BITS["address-code-newer"]
_BIRTH, _FUTURE = BITS["birth-date"], BITS["birth-in-future"]
_SEQUENCE, _CHECK = BITS["sequence-000"], BITS["check-character"]
#: The bits with which a number is still right.
_RIGHT = sum(BITS[code] for code in TOLERATED)

_WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)], np.int64)
_LAST = np.frombuffer(b"10X98765432", np.uint8)  # by remainder
_WRITTEN = np.frombuffer(b"?0123456789Xx???", np.uint8)  # by the packed field's last four bits
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_ZERO, _NINE, _CAPITAL_X, _SMALL_X, _UNREADABLE = 48, 57, 88, 120, 63


class Checked(NamedTuple):
    """What `check` found: the faults of each number, and the number as an integer.

    A packed number is 0 where the text has not the form of one; else, from the highest of its 63
    bits: right 1, address code 20, year 14, month 7, day 7, sequence 10, last character 4.
    """

    faults: Flags
    packed: Packed


def check(text: Characters, today: date | None = None) -> Checked:
    """Find every fault of every number; bits as in BITS, 0 means right.

    text: u1[n, 18], as `characters` and `from_arrow` make it.
    today: where given, a birth after it is a fault.
    """
    faults, packed = np.empty(len(text), np.uint16), np.empty(len(text), np.int64)
    book = divisions()
    last = int(f"{today:%Y%m%d}") if today else 0
    tolerated_from = LISTED_UNTIL + 1 if book.tolerate_newer else 10_000
    judge(text, _listed(book.edition), last, tolerated_from, faults, packed)
    return Checked(faults, packed)


def right(faults: Flags) -> NDArray[np.bool_]:
    """Tell which numbers are right, those of a newer division among them."""
    found: NDArray[np.bool_] = (faults & np.uint16(0xFFFF ^ _RIGHT)) == 0
    return found


def fault_codes(flags: int) -> tuple[str, ...]:
    """Name the faults that bits stand for, in the order of `explain_number`."""
    return tuple(code for code, bit in BITS.items() if flags & bit)


def characters(texts: Iterable[bytes]) -> Characters:
    """Lay out texts (UTF-8) for `check`, one a row."""
    found = list(texts)
    ends = np.cumsum([0, *map(len, found)], dtype=np.int64)
    return _spread(ends, np.frombuffer(b"".join(found), np.uint8))


def from_arrow(column: Any) -> Characters:
    """Lay out an Arrow column of strings for `check`, one a row; a null is an empty text."""
    column = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    column = column.cast("large_string").fill_null("")
    _, ends, data = column.buffers()
    ends = np.frombuffer(ends, np.int64, len(column) + 1, 8 * column.offset)
    return _spread(ends, np.frombuffer(data or b"", np.uint8))


def unpack(packed: Packed) -> Characters:
    """Write packed numbers out again, u1[n, 18]; a row of zeros where there is none."""
    text = np.empty((len(packed), 18), np.uint8)
    write(packed, text)
    return text


def unpack_one(packed: int) -> str | None:
    """Write one packed number out again; None where there is none."""
    text = unpack(np.array([packed], np.int64)).tobytes()
    return text.decode() if text[0] else None


@lru_cache(maxsize=1)
def _listed(edition: int) -> NDArray[np.uint8]:
    """Make one bit for every six digits: whether it is a division's code in this edition."""
    bits = np.zeros(1_000_000, np.uint8)
    bits[[int(code) for code in divisions().listings]] = 1
    return np.packbits(bits, bitorder="little")


def _spread(ends: NDArray[np.int64], data: NDArray[np.uint8]) -> Characters:
    text = np.empty((len(ends) - 1, 18), np.uint8)
    spread(ends, data, text)
    return text


@kernel
def spread(ends: NDArray[np.int64], data: NDArray[np.uint8], text: Characters) -> None:
    """Copy strings of UTF-8 into rows of 18, a character that is not ASCII as a question mark.

    ends i8[n + 1], where each string begins and the last ends; data u1; text u1[n, 18], written:
    a shorter string is followed by zeros, a longer one is cut to 17 and so counts as too short.
    """
    for row in range(text.shape[0]):
        length = 0
        for place in range(ends[row], ends[row + 1]):
            byte = data[place]
            if byte & 0xC0 == 0x80:
                continue  # inside a character that has been counted
            if length < 18:
                text[row, length] = _UNREADABLE if byte == 0 or byte >= 0x80 else byte
            length += 1
        for place in range(17 if length > 18 else length, 18):
            text[row, place] = 0


@kernel
def judge(
    text: Characters,
    listed: NDArray[np.uint8],
    today: int,
    tolerated_from: int,
    faults: Flags,
    packed: Packed,
) -> None:
    """Judge every number part by part, whatever is wrong with its other parts.

    text u1[n, 18]; listed u1[125000], bits by address code, lowest first; today yyyymmdd, 0 where
    births are not held against it; tolerated_from, first birth year with which a code may be
    unlisted; faults u2[n] and packed i8[n], written.
    """
    for row in range(text.shape[0]):
        address, birth = decimal(text, row, 0, 6), decimal(text, row, 6, 14)
        sequence, last = decimal(text, row, 14, 17), int(text[row, 17])
        packed[row] = 0
        if last == 0:
            old = text[row, 14] != 0 and text[row, 15] == 0 and decimal(text, row, 0, 15) >= 0
            faults[row] = _FIFTEEN if old else _LENGTH
            continue
        flags = _LOWER_X if last == _SMALL_X else 0
        year, month, day = birth // 10_000, birth // 100 % 100, birth % 100
        if address >= 0 and not listed[address >> 3] >> (address & 7) & 1:
            flags |= _NEWER if birth >= 0 and year >= tolerated_from else _ADDRESS
        if birth >= 0:
            if year < FIRST_BIRTH_YEAR or not is_day(year, month, day):
                flags |= _BIRTH
            elif today and birth > today:
                flags |= _FUTURE
        if sequence == 0:
            flags |= _SEQUENCE
        if _ZERO <= last <= _NINE:
            value = last - _ZERO + 1
        elif last == _CAPITAL_X:
            value = 11
        else:
            value = 12 if last == _SMALL_X else 0
        if address < 0 or birth < 0 or sequence < 0 or value == 0:
            faults[row] = flags | _CHARACTERS
            continue
        total = 0
        for place in range(17):
            total += (int(text[row, place]) - _ZERO) * _WEIGHTS[place]
        if _LAST[total % 11] != (_CAPITAL_X if last == _SMALL_X else last):
            flags |= _CHECK
        faults[row] = flags
        field = 1 if flags & ~_RIGHT == 0 else 0
        field = field << 20 | address
        field = ((field << 14 | year) << 7 | month) << 7 | day
        packed[row] = (field << 10 | sequence) << 4 | value


@kernel
def write(packed: Packed, text: Characters) -> None:
    """Write packed numbers into rows of 18: packed i8[n]; text u1[n, 18], written."""
    for row in range(packed.size):
        field = int(packed[row])
        sequence, day, month = field >> 4 & 1023, field >> 14 & 127, field >> 21 & 127
        year, address = field >> 28 & 16383, field >> 42 & 1048575
        digits = (year * 10_000 + month * 100 + day) * 1000 + sequence
        for place in range(16, 5, -1):
            text[row, place] = _ZERO + digits % 10
            digits //= 10
        for place in range(5, -1, -1):
            text[row, place] = _ZERO + address % 10
            address //= 10
        text[row, 17] = _WRITTEN[field & 15]
        if field == 0:
            text[row, :] = 0


@kernel
def decimal(text: Characters, row: int, first: int, end: int) -> int:
    """Read a part of a row as digits; -1 where it is none."""
    value = 0
    for place in range(first, end):
        digit = int(text[row, place]) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@kernel
def is_day(year: int, month: int, day: int) -> bool:
    """Whether the calendar has a day."""
    if month < 1 or month > 12 or day < 1:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return bool(day <= _DAYS[month] + (1 if leap else 0))
