"""Kernels that tell what tokens say: which are alike, what identifiers, days and texts they are.

A token is a value of a stored half, quotes included: first, end u4[tokens] say where it stands in
the buffer `data` u1[...].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replay.civil import civil, day_since
from replay.intake.scanning import Bytes, Offsets, eight
from replay.jit import integer, kernel

Halves = NDArray[np.uint64]
Days = NDArray[np.int32]

#: The handle of null.
NULL = 2**32 - 1
#: The day of null, as columns of days have it.
NO_DAY = -(2**31)

_DASH, _ZERO, _N = 45, 48, 110
_ONES, _THREES = np.uint64(0x0101010101010101), np.uint64(0x3030303030303030)
_LOW, _HIGH = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0xF0F0F0F0F0F0F0F0)
_NOTHING = np.uint64(0)
_BYTE, _FOUR = np.uint64(0xFF), np.uint64(0xFFFFFFFF)


@kernel
def mixed(words: Halves, at: int, size: int) -> int:
    """Mix some bytes into 32 bits, eight at a time; in 64 bits nothing overflows."""
    told, left = size, size
    while left > 0:
        word = eight(words, at)
        if left < 8:
            word &= ~(~_NOTHING << np.uint64(8 * left))
        low, high = integer(word & _FOUR), integer(word >> np.uint64(32))
        told = ((told ^ low) * 1013904243 + high * 461845907) & 0xFFFFFFFF
        told ^= told >> 15
        at += 8
        left -= 8
    return told


@kernel
def alike(words: Halves, one: int, other: int, size: int) -> bool:
    """Whether the bytes at two places are the same."""
    while size >= 8:
        if eight(words, one) != eight(words, other):
            return False
        one, other, size = one + 8, other + 8, size - 8
    apart = eight(words, one) ^ eight(words, other)
    return size == 0 or apart << np.uint64(64 - 8 * size) == 0


@kernel
def intern(
    data: Bytes,
    words: Halves,
    first: Offsets,
    end: Offsets,
    table: Offsets,
    unique: Offsets,
    handle: Offsets,
) -> int:
    """Give equal tokens one handle, from 0 in the order of their coming; null has NULL.

    words: the buffer again, eight bytes in each; table u4[2 ** n], zeros: written, the hash table;
    unique u4[table / 2]: written, for each handle the place of its first token; handle u4[tokens],
    written, untouched where a token is empty.
    Returns the number of handles; -1 if the table is too small, which must be tried again.
    """
    mask, most = table.size - 1, table.size // 2
    count = 0
    before, told = 0, np.uint32(0)
    for place in range(first.size):
        at, size = integer(first[place]), integer(end[place]) - integer(first[place])
        if size <= 0:
            continue
        if size == 4 and data[at] == _N:
            handle[place] = NULL
            continue
        if count > 0:
            # Officers, sources and batches come in rows of equals.
            other = integer(first[before])
            if integer(end[before]) - other == size and alike(words, at, other, size):
                handle[place] = told
                continue
        slot = mixed(words, at, size) & mask
        while True:
            known = table[slot]
            if known == 0:
                if count == most:
                    return -1
                table[slot] = count + 1
                unique[count] = place
                told = np.uint32(count)
                count += 1
                break
            other_place = integer(unique[known - 1])
            other = integer(first[other_place])
            if integer(end[other_place]) - other == size and alike(words, at, other, size):
                told = np.uint32(known - 1)
                break
            slot = (slot + 1) & mask
        handle[place] = told
        before = place
    return count


@kernel
def digits(text: np.uint64) -> int:
    """What eight hexadecimal digits say, the first in the lowest byte; -1 if they are none."""
    letters = text >> np.uint64(6) & _ONES  # a bit for each letter
    values = (text & _LOW) + letters * np.uint64(9)
    row_wrong = (text & _HIGH) ^ (_THREES + letters * np.uint64(0x30))
    digit_wrong = (values + (_ONES - letters) * np.uint64(6)) & _HIGH
    letter_wrong = ((values + letters * np.uint64(6)) >> np.uint64(4) & _ONES) ^ letters
    if row_wrong | digit_wrong | letter_wrong:
        return -1
    pairs = values << np.uint64(4) | values >> np.uint64(8)
    first, second = integer(pairs & _BYTE), integer(pairs >> np.uint64(16) & _BYTE)
    third, fourth = integer(pairs >> np.uint64(32) & _BYTE), integer(pairs >> np.uint64(48) & _BYTE)
    return first << 24 | second << 16 | third << 8 | fourth


@kernel
def identify(
    data: Bytes,
    words: Halves,
    first: Offsets,
    end: Offsets,
    salts: bool,
    high: Halves,
    low: Halves,
    null: Bytes,
) -> int:
    """Read identifiers: high, low u8[tokens]; null u1, 1 for null.

    words: the buffer again, eight bytes in each. salts: whether they are salts, which have no
    dashes and are never null; what is written otherwise would not come back as it was. Returns the
    first token that is none, -1 if all are.
    """
    half = np.uint64(32)
    for place in range(first.size):
        at, size = integer(first[place]) + 1, integer(end[place]) - integer(first[place])
        null[place] = size == 4 and data[at - 1] == _N and not salts
        high[place] = low[place] = 0
        if null[place]:
            continue
        if salts and size == 34:
            one, two = digits(eight(words, at)), digits(eight(words, at + 8))
            three, four = digits(eight(words, at + 16)), digits(eight(words, at + 24))
        elif size == 38 and not salts:
            if data[at + 8] != _DASH or data[at + 13] != _DASH:
                return place
            if data[at + 18] != _DASH or data[at + 23] != _DASH:
                return place
            second = eight(words, at + 9) & _FOUR | eight(words, at + 14) << half
            third = eight(words, at + 19) & _FOUR | eight(words, at + 24) << half
            one, two = digits(eight(words, at)), digits(second)
            three, four = digits(third), digits(eight(words, at + 28))
        else:
            return place
        if one < 0 or two < 0 or three < 0 or four < 0:
            return place
        high[place] = np.uint64(one) << half | np.uint64(two)
        low[place] = np.uint64(three) << half | np.uint64(four)
    return -1


@kernel
def read_days(data: Bytes, first: Offsets, end: Offsets, days: Days) -> int:
    """Read civil dates, such as "2004-06-01" with its quotes: days i4[tokens] since 1880-01-01.

    Of null the day is NO_DAY. Returns the first token that is neither, -1 if there is none.
    """
    for place in range(first.size):
        at, size = integer(first[place]) + 1, integer(end[place]) - integer(first[place])
        if size == 4 and data[at - 1] == _N:
            days[place] = NO_DAY
            continue
        if size != 12 or data[at + 4] != _DASH or data[at + 7] != _DASH:
            return place
        said, wrong = 0, False
        for step in (0, 1, 2, 3, 5, 6, 8, 9):
            digit = integer(data[at + step]) - _ZERO
            wrong |= digit < 0 or digit > 9
            said = said * 10 + digit
        year, month, day = said // 10_000, said // 100 % 100, said % 100
        if wrong or year < 1 or month < 1 or month > 12 or day < 1:
            return place
        days[place] = day_since(year, month, day)
        if day > 28 and civil(days[place]) != (year, month, day):
            return place
    return -1


@kernel
def lay(data: Bytes, first: Offsets, end: Offsets, text: Bytes) -> None:
    """Copy tokens of 18 characters into rows, text u1[tokens, 18]; others become rows of zeros."""
    for place in range(first.size):
        at, size = integer(first[place]), integer(end[place]) - integer(first[place])
        for step in range(18):
            text[place, step] = data[at + 1 + step] if size == 20 else 0


@kernel
def gather(
    data: Bytes, first: Offsets, end: Offsets, chosen: Offsets, ends: Offsets, into: Bytes
) -> None:
    """Copy the texts of chosen tokens one after the other, their quotes left out.

    ends u4[chosen], where each ends in `into` u1[...].
    """
    at = 0
    for place in range(chosen.size):
        token = chosen[place]
        for step in range(integer(first[token]) + 1, integer(end[token]) - 1):
            into[at] = data[step]
            at += 1
        ends[place] = at
