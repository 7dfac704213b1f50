"""Who may be registered twice (重户): pairs that agree enough, out of hundreds of millions.

Only who shares a key is compared: name or sound with a birth date, or nearly with one, or a number;
`replay.checks.keys` makes them. Points are those of `registry.checks.matching`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.checks.matching import NEAR, REASONS, weights
from replay.checks.decided import kept_apart
from replay.checks.keys import Dealer
from replay.checks.traits import traits_at
from replay.columns.forms import NONE, Column
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.standing import plain
from replay.threads import in_threads, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log

#: A key that more people share says nothing, and costs the square of them.
CROWD = 500
#: There is room for so many pairs of a bin at first.
ROOM = 1 << 16


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
    found = compared(traits_at(log, at))
    first, second = found.pairs.astype("u8").T
    open_ones = ~np.isin(first << np.uint64(32) | second, kept_apart(log, at))
    return replace(
        found,
        pairs=found.pairs[open_ones],
        points=found.points[open_ones],
        reasons=found.reasons[open_ones],
        decided=int(len(found) - open_ones.sum()),
    )


def compared(table: Column) -> Candidates:
    """The same of TRAITS[persons]."""
    table = plain(table)
    dealer, sums = Dealer(table), _sums()
    pairs, crowded = [np.empty(0, "u8")], 0
    for kinds in dealer.lots:
        keys, begins = dealer.deal(kinds)

        def one(each: int, keys: Column = keys, begins: Column = begins) -> tuple[Column, int]:
            mine = keys[begins[each] : begins[each + 1]]
            mine.sort()
            return _pairs(plain(mine), dealer.bits, table, sums)

        for found, skipped in in_threads(one, range(dealer.bins)):
            pairs.append(found)
            crowded += skipped
    both = np.unique(np.concatenate(pairs))
    first, second = (both >> np.uint64(32)).astype("u4"), both.astype("u4")
    points, reasons = np.empty(len(both), "i4"), np.empty(len(both), "u4")
    judge_pairs(plain(first), plain(second), table, sums, points, reasons)
    return Candidates(np.stack([first, second], axis=1), points, reasons, crowded)


def _sums() -> Column:
    """The points of each set of reasons among the first eight and among the rest, i4[2, 256]."""
    points = np.zeros(16, "i8")
    points[: len(REASONS)] = [weights()[reason] for reason in REASONS]
    there = np.arange(256)[:, np.newaxis] >> np.arange(8) & 1
    return plain(np.stack([there @ points[:8], there @ points[8:]]).astype("i4"))


def _pairs(keys: Column, bits: int, table: Column, sums: Column) -> tuple[Column, int]:
    """The pairs of a bin that reach the threshold, u8, and how many crowds there are."""
    least, room = weights()["threshold"], scratch("pairs", ROOM, "u8")
    count, crowded = meet(keys, bits, CROWD, table, sums, least, room)
    if count > len(room):
        room = np.empty(count, "u8")
        meet(keys, bits, CROWD, table, sums, least, room)
    return room[:count].copy(), crowded


@kernel
def meet(
    keys: Column,
    bits: int,
    crowd: int,
    table: Column,
    sums: Column,
    least: int,
    pairs: Column,
) -> tuple[int, int]:
    """Compare whoever shares a key, and note the pairs that reach the threshold.

    keys i8, sorted, the handle in the low bits; table TRAITS; sums i4[2, 256], points by reasons;
    pairs u8, written as long as there is room: the lower handle in the high half. Returns how many
    pairs, how many crowds.
    """
    low = (1 << bits) - 1
    count = crowds = place = 0
    while place < keys.size:
        last = place + 1
        while last < keys.size and keys[last] >> bits == keys[place] >> bits:
            last += 1
        if last - place > crowd:
            crowds += 1
        else:
            for one in range(place, last):
                for two in range(one + 1, last):
                    a, b = integer(keys[one]) & low, integer(keys[two]) & low
                    if a != b and compare(table[a], table[b], sums, least) != 0:
                        if count < pairs.size:
                            pairs[count] = min(a, b) << 32 | max(a, b)
                        count += 1
        place = last
    return count, crowds


@kernel
def judge_pairs(
    first: Column, second: Column, table: Column, sums: Column, points: Column, reasons: Column
) -> None:
    """Write points i4 and reasons u4 of pairs; first, second u4; table and sums as above."""
    for pair in range(first.size):
        a, b = integer(first[pair]), integer(second[pair])
        found = compare(table[a], table[b], sums, _ANY)
        points[pair], reasons[pair] = total(found, sums), found


@kernel
def total(reasons: int, sums: Column) -> int:
    """The points of reasons, bits in the order of the table."""
    return integer(sums[0, reasons & 255]) + integer(sums[1, reasons >> 8])


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


#: No pair has fewer points.
_ANY = -(2**31)


@kernel
def compare(one: Any, other: Any, sums: Column, least: int) -> int:
    """What agrees between two persons and what does not: reasons as bits; 0 below so many points.

    one, other: records of TRAITS; sums i4[2, 256], as `_sums` makes them.
    """
    found = 0
    if one["name"] != 0 and one["name"] == other["name"]:
        found |= _NAME
    elif (one["former"] != 0 and one["former"] == other["name"]) or (
        other["former"] != 0 and other["former"] == one["name"]
    ):
        found |= _FORMER
    elif one["sound"] != 0 and one["sound"] == other["sound"]:
        found |= _SOUND
    x, y = integer(one["born"]), integer(other["born"])
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
    if one["sex"] != other["sex"] and one["sex"] != 255 and other["sex"] != 255:
        found |= _SEX
    if one["father"] != 0 and other["father"] != 0:
        found |= _FATHER if one["father"] == other["father"] else _FATHER_APART
    if one["mother"] != 0 and other["mother"] != 0:
        found |= _MOTHER if one["mother"] == other["mother"] else _MOTHER_APART
    if one["household"] == other["household"] and one["household"] != NONE:
        found |= _TOGETHER
    m, n = integer(one["number"]), integer(other["number"])
    if m > 0 and n > 0:
        if m >> 4 & _DIGITS == n >> 4 & _DIGITS:
            found |= _NUMBER
        elif m >> 14 != n >> 14:  # two codes of one county and day tell nothing
            if max(total(found | _NUMBER_NEAR, sums), total(found | _NUMBER_APART, sums)) < least:
                return 0  # whatever their digits are; counting those takes longer than all the rest
            slip = (m ^ n) & _BORN != 0 and digits_apart(m, n) <= NEAR
            found |= _NUMBER_NEAR if slip else _NUMBER_APART
    return found if total(found, sums) >= least else 0


@kernel
def digits_apart(one: int, other: int) -> int:
    """In how many of the first seventeen digits two packed numbers differ; at least, past NEAR."""
    found = 0
    for shift, width, digits in ((42, 20, 6), (28, 14, 4), (21, 7, 2), (14, 7, 2), (4, 10, 3)):
        a, b = one >> shift & (1 << width) - 1, other >> shift & (1 << width) - 1
        for _ in range(digits):
            found += a % 10 != b % 10
            a, b = a // 10, b // 10
        if found > NEAR:
            break
    return found


#: The birth date in a packed number.
_BORN = (1 << 28) - 1 << 14
#: The digits of a packed number, its check character and the bit for right left out.
_DIGITS = (1 << 58) - 1
