"""By what two persons are brought together: integers that are alike where two may be one person.

A key is made of a name, or of its sound, with a birth date or with most of one, or of a number. It
stands above the person's handle in one integer. Keys are dealt into bins, of which one fits the
cache of a core even where a province is searched; sorted, those who share a key stand side by side.
"""

from __future__ import annotations

import numpy as np

from replay.checks.traits import mixed
from replay.columns.forms import Column
from replay.jit import integer, kernel
from replay.states.standing import plain
from replay.threads import in_threads

#: What a key is made of: a sound and a birth date; a name and a date in which the day, the year or
#: the month may be a slip, or day and month have changed places; a name, or a former one, and the
#: birth date; a number.
SOUND, DAY_SLIP, YEAR_SLIP, MONTH_SLIP, SWAPPED, NAME, FORMER, NUMBER = range(8)
#: Kinds whose keys are looked through together, since one may be like another.
LOTS = ((SOUND,), (DAY_SLIP,), (YEAR_SLIP,), (MONTH_SLIP,), (SWAPPED,), (NAME, FORMER), (NUMBER,))
#: A bin for so many persons, as a power of two; persons are dealt in so many pieces.
OF_A_BIN, PIECES = 16, 16
#: Nobody has this key.
NO_KEY = -1
#: There are no more birth dates than that, as `traits.civil` writes them.
DATES = 1 << 23


class Dealer:
    """Deals the keys of persons, TRAITS[persons], lot by lot, into memory that is used again."""

    def __init__(self, table: Column) -> None:
        size = len(table)
        self.bits = max(1, (size - 1).bit_length())
        # No power of two, so that the rest of a division spreads whatever keys have in common.
        self.bins = size >> OF_A_BIN | 1
        assert self.bits < 32, "so many handles leave too little of a key"
        # Nobody's former name is like a name where nobody has one.
        self.lots = (
            LOTS if table["former"].any() else tuple(one for one in LOTS if FORMER not in one)
        )
        self._table = plain(table)
        self._cuts = np.linspace(0, size, PIECES + 1).astype("i8")
        self._days = np.zeros(DATES, "u1")
        mark_days(self._table, self._days)
        self._keys = np.empty(size, "i8")

    def deal(self, kinds: tuple[int, ...]) -> tuple[Column, Column]:
        """The keys of a lot, i8, bin by bin, not yet in order, and where each bin begins, i8."""
        wanted = plain(np.array(kinds, "u1"))
        days = plain(self._days)
        counts = np.zeros((PIECES, self.bins), "i8")

        def count(piece: int) -> None:
            first, until = self._cuts[piece : piece + 2].tolist()
            count_keys(wanted, first, until, self._table, days, counts[piece])

        in_threads(count, range(PIECES))
        ends = np.cumsum(counts.T).reshape(self.bins, PIECES)
        begins = np.ascontiguousarray((ends - counts.T).T)
        if len(self._keys) < ends[-1, -1]:
            self._keys = np.empty(ends[-1, -1], "i8")

        def place(piece: int) -> None:
            first, until = self._cuts[piece : piece + 2].tolist()
            place_keys(
                wanted, first, until, self._table, days, self.bits, begins[piece], self._keys
            )

        starts = np.append(begins[0], ends[-1, -1])
        in_threads(place, range(PIECES))
        return self._keys, starts


@kernel
def mark_days(table: Column, days: Column) -> None:
    """Mark the birth dates of those who had another name; table TRAITS, days u1[DATES], written."""
    for person in range(table.size):
        if table[person]["former"] != 0:
            days[table[person]["born"]] = 1


@kernel
def count_keys(
    kinds: Column,
    first: int,
    until: int,
    table: Column,
    days: Column,
    counts: Column,
) -> None:
    """Count the keys that fall into each bin.

    kinds u1; of the persons `first` to `until`; table TRAITS; days u1, as `mark_days`
    writes them; counts i8[bins], added to.
    """
    for person in range(first, until):
        for kind in kinds:
            made = key_of(kind, person, table, days)
            if made != NO_KEY:
                counts[(made >> 31) % counts.size] += 1


@kernel
def place_keys(
    kinds: Column,
    first: int,
    until: int,
    table: Column,
    days: Column,
    bits: int,
    begins: Column,
    keys: Column,
) -> None:
    """Write the keys of the same persons, the handle in their low bits, bin by bin.

    begins i8[bins]: where each bin begins, moved on; keys i8, written.
    """
    for person in range(first, until):
        for kind in kinds:
            made = key_of(kind, person, table, days)
            if made != NO_KEY:
                each = (made >> 31) % begins.size
                keys[begins[each]] = made >> bits << bits | person
                begins[each] += 1


@kernel
def key_of(kind: int, person: int, table: Column, days: Column) -> int:
    """The key of a kind that a person has, of 62 bits, or NO_KEY; table and days as above."""
    one = table[person]
    told = integer(one["name"])
    if told == 0:
        return NO_KEY
    if kind == NUMBER:
        held = integer(one["number"]) >> 4
        return mixed_key(held, held & _LOW) if held > 0 else NO_KEY
    date = integer(one["born"])
    if date == 0:
        return NO_KEY
    year, month, day = date >> 9, date >> 5 & 15, date & 31
    part = date
    if kind == SOUND:
        told = integer(one["sound"])
    elif kind == DAY_SLIP:
        part = year << 4 | month
    elif kind == YEAR_SLIP:
        part = month << 5 | day
    elif kind == MONTH_SLIP:
        part = year << 5 | day
    elif kind == SWAPPED:
        part = year << 10 | min(month, day) << 5 | max(month, day)
    elif kind == FORMER:
        told = integer(one["former"])
    elif days[date] == 0:
        return NO_KEY  # nobody who had another name was born with this one
    return mixed_key(told, part) if told != 0 else NO_KEY


@kernel
def mixed_key(told: int, part: int) -> int:
    """Two hashes of 31 bits of a number of 62 and one of 31 bits, the first in the high half."""
    one = mixed(mixed(told >> 31, told & _LOW, 0), part, 0)
    other = mixed(mixed(told & _LOW, told >> 31, 1), part, 1)
    return one << 31 | other


_LOW = (1 << 31) - 1
