"""Who may be registered twice (重户): pairs that agree enough, out of hundreds of millions.

Only who shares a key is compared: name or sound with a birth date, or nearly with one, or a number.
Keys are integers with the person's handle in their low bits; sorted, those who share one stand side
by side. Points are those of `registry.checks.matching`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.checks.matching import NEAR, REASONS, weights
from replay.checks.decided import kept_apart
from replay.checks.traits import Columns, columns_at
from replay.columns.forms import NONE, Column
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.standing import plain
from replay.threads import in_threads

if TYPE_CHECKING:
    from replay.columns.log import Log

#: A key that more people share says nothing, and costs the square of them.
CROWD = 500
#: Pieces into which a sorted key is cut for the threads.
PIECES = 16


@dataclass(frozen=True)
class Candidates:
    """Pairs of persons by handle u4[n, 2], each rising, with points i4[n] and reasons u4[n], bits.

    crowded: keys that so many people share that they were not compared by them. decided: how many
    pairs were left out, since officers decided that they are two persons.
    """

    pairs: Column
    points: Column
    reasons: Column
    crowded: int
    decided: int = 0

    def __len__(self) -> int:
        return len(self.pairs)

    def told(self, place: int) -> tuple[str, ...]:
        """The reasons of a pair, in the order of the table."""
        bits = int(self.reasons[place])
        return tuple(reason for bit, reason in enumerate(REASONS) if bits >> bit & 1)


def doubles(log: Log, at: At) -> Candidates:
    """Every pair of living persons at a point who share a key and reach the threshold.

    Whom officers have kept apart is not suspected again.
    """
    found = compared(columns_at(log, at))
    first, second = found.pairs.astype("u8").T
    open_ones = ~np.isin(first << np.uint64(32) | second, kept_apart(log, at))
    return replace(
        found,
        pairs=found.pairs[open_ones],
        points=found.points[open_ones],
        reasons=found.reasons[open_ones],
        decided=int(len(found) - open_ones.sum()),
    )


def compared(columns: Columns) -> Candidates:
    """The same of columns."""
    bits = max(1, int(len(columns.name) - 1).bit_length())
    pairs, crowded = [np.empty(0, "u8")], 0
    points = plain(np.array([weights()[reason] for reason in REASONS], "i4"))
    least = weights()["threshold"]
    for keys in _keys(columns, bits):
        keys.sort()
        sorted_keys = plain(keys)
        cuts = np.linspace(0, len(keys), PIECES + 1).astype("i8")

        def one(piece: int, held: Column = sorted_keys, ends: Column = cuts) -> Any:
            return _pairs(
                held, bits, int(ends[piece]), int(ends[piece + 1]), columns, points, least
            )

        for found, skipped in in_threads(one, range(PIECES)):
            pairs.append(found)
            crowded += skipped
    both = np.unique(np.concatenate(pairs))
    first, second = (both >> np.uint64(32)).astype("u4"), both.astype("u4")
    told, reasons = np.empty(len(both), "i4"), np.empty(len(both), "u4")
    judge_pairs(plain(first), plain(second), columns.all(), points, told, reasons)
    return Candidates(np.stack([first, second], axis=1), told, reasons, crowded)


def _keys(columns: Columns, bits: int) -> Iterator[Column]:
    """Each kind of key with the handle in its low bits, u8; only of those who have one."""
    everybody = np.arange(len(columns.name), dtype="u8")
    named = (columns.name != 0) & (columns.born != 0)
    born = columns.born.astype("u8")
    year, month, day = (
        born >> np.uint64(9),
        born >> np.uint64(5) & np.uint64(15),
        born & np.uint64(31),
    )
    low, high = np.minimum(month, day), np.maximum(month, day)

    def packed(there: Column, *parts: Column) -> Column:
        some = np.flatnonzero(there)
        key = np.zeros(len(some), "u8")
        for part in parts:
            key = (key ^ part[some].astype("u8")) * _MIX
            key ^= key >> np.uint64(29)
        return key >> np.uint64(bits) << np.uint64(bits) | everybody[some]

    yield packed(named & (columns.sound != 0), columns.sound, born)
    yield packed(named, columns.name, year << np.uint64(4) | month)
    yield packed(named, columns.name, month << np.uint64(5) | day)
    yield packed(named, columns.name, year << np.uint64(5) | day)
    yield packed(named, columns.name, year << np.uint64(10) | low << np.uint64(5) | high)
    former = (columns.former != 0) & (columns.born != 0) & (columns.name != 0)
    if former.any():
        # Only the names of those who were born with somebody of another former name.
        days = np.unique(columns.born[former])
        likely = named & np.isin(columns.born, days)
        names = packed(likely, columns.name, born)
        yield np.concatenate([names, packed(former, columns.former, born)])
    numbered = (columns.name != 0) & (columns.number > 0)
    yield packed(numbered, columns.number >> 4)


_MIX = np.uint64(0x9E3779B97F4A7C15)


def _pairs(
    keys: Column, bits: int, first: int, end: int, columns: Columns, points: Column, least: int
) -> tuple[Column, int]:
    room = np.empty(4096, "u8")
    while True:
        count, crowded = meet(keys, bits, first, end, CROWD, columns.all(), points, least, room)
        if count <= len(room):
            return room[:count].copy(), crowded
        room = np.empty(count, "u8")


@kernel
def meet(
    keys: Column,
    bits: int,
    first: int,
    end: int,
    crowd: int,
    columns: tuple[Column, ...],
    points: Column,
    least: int,
    pairs: Column,
) -> tuple[int, int]:
    """Compare whoever shares a key, and note the pairs that reach the threshold.

    keys u8, sorted, the handle in the low bits; of those from `first` on to `end` begin the keys
    that are looked at; columns as in Columns; points i4 by reason; pairs u8, written as long as
    there is room: the lower handle in the high half. Returns how many pairs, how many crowds.
    """
    shift, low = np.uint64(bits), (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    count = crowds = 0
    place = first
    while 0 < place < end and keys[place] >> shift == keys[place - 1] >> shift:
        place += 1
    while place < end:
        last = place + 1
        while last < keys.size and keys[last] >> shift == keys[place] >> shift:
            last += 1
        if last - place > crowd:
            crowds += 1
        else:
            for one in range(place, last):
                for two in range(one + 1, last):
                    a, b = integer(keys[one] & low), integer(keys[two] & low)
                    if a != b:
                        reasons = compare(a, b, columns)
                        if total(reasons, points) >= least:
                            if count < pairs.size:
                                high = np.uint64(min(a, b)) << np.uint64(32)
                                pairs[count] = high | np.uint64(max(a, b))
                            count += 1
        place = last
    return count, crowds


@kernel
def judge_pairs(
    first: Column,
    second: Column,
    columns: tuple[Column, ...],
    points: Column,
    told: Column,
    reasons: Column,
) -> None:
    """Write points i4 and reasons u4 of pairs; first, second u4; points i4 by reason."""
    for pair in range(first.size):
        found = compare(integer(first[pair]), integer(second[pair]), columns)
        told[pair], reasons[pair] = total(found, points), found


@kernel
def total(reasons: int, points: Column) -> int:
    """The points of reasons, bits in the order of the table."""
    found = 0
    for bit in range(points.size):
        found += (reasons >> bit & 1) * integer(points[bit])
    return found


#: The bit of each reason.
_BIT = {reason: bit for bit, reason in enumerate(REASONS)}
_NAME, _SOUND, _FORMER = 1 << _BIT["name"], 1 << _BIT["sound"], 1 << _BIT["former"]
_BIRTH, _PART = 1 << _BIT["birth"], 1 << _BIT["birth-part"]
_SWAPPED, _BORN_APART = 1 << _BIT["birth-swapped"], 1 << _BIT["birth-differs"]
_SEX, _NUMBER = 1 << _BIT["sex-differs"], 1 << _BIT["number"]
_NUMBER_NEAR, _NUMBER_APART = 1 << _BIT["number-near"], 1 << _BIT["number-differs"]
_FATHER, _MOTHER = 1 << _BIT["father"], 1 << _BIT["mother"]
_FATHER_APART, _MOTHER_APART = 1 << _BIT["father-differs"], 1 << _BIT["mother-differs"]
_TOGETHER = 1 << _BIT["together"]


@kernel
def compare(a: int, b: int, columns: tuple[Column, ...]) -> int:
    """What agrees between two persons and what does not: reasons as bits; columns as in Columns."""
    name, sound, former, father, mother, born, number, household, sex = columns
    found = 0
    if name[a] != 0 and name[a] == name[b]:
        found |= _NAME
    elif (former[a] != 0 and former[a] == name[b]) or (former[b] != 0 and former[b] == name[a]):
        found |= _FORMER
    elif sound[a] != 0 and sound[a] == sound[b]:
        found |= _SOUND
    x, y = integer(born[a]), integer(born[b])
    if x != 0 and y != 0:
        if x == y:
            found |= _BIRTH
        else:
            differ = int(x >> 9 != y >> 9) + int(x >> 5 & 15 != y >> 5 & 15) + int(x & 31 != y & 31)
            if differ == 1:
                found |= _PART
            elif x >> 9 == y >> 9 and x >> 5 & 15 == y & 31 and x & 31 == y >> 5 & 15:
                found |= _SWAPPED
            else:
                found |= _BORN_APART
    if sex[a] != sex[b] and sex[a] != 255 and sex[b] != 255:
        found |= _SEX
    m, n = integer(number[a]), integer(number[b])
    if m > 0 and n > 0:
        apart = digits_apart(m, n)
        found |= _NUMBER if apart == 0 else _NUMBER_NEAR if apart <= NEAR else _NUMBER_APART
    if father[a] != 0 and father[b] != 0:
        found |= _FATHER if father[a] == father[b] else _FATHER_APART
    if mother[a] != 0 and mother[b] != 0:
        found |= _MOTHER if mother[a] == mother[b] else _MOTHER_APART
    if household[a] == household[b] and household[a] != NONE:
        found |= _TOGETHER
    return found


@kernel
def digits_apart(one: int, other: int) -> int:
    """In how many of the first seventeen digits two packed numbers differ."""
    if one >> 4 & _DIGITS == other >> 4 & _DIGITS:
        return 0
    found = 0
    for shift, width, digits in ((42, 20, 6), (28, 14, 4), (21, 7, 2), (14, 7, 2), (4, 10, 3)):
        a, b = one >> shift & (1 << width) - 1, other >> shift & (1 << width) - 1
        for _ in range(digits):
            found += a % 10 != b % 10
            a, b = a // 10, b // 10
    return found


#: The digits of a packed number, its check character and the bit for right left out.
_DIGITS = (1 << 58) - 1
