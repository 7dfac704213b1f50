"""The kernel of comparisons: whose history differs between two points, and what came of it."""

from __future__ import annotations

import numpy as np

from registry.vocabulary import Cause, EventType, Group
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code
from replay.jit import kernel

#: Groups as bits of a mask, and causes as small numbers, 0 for none.
GROUPS = tuple(Group)
CAUSES = (None, *Cause)
VOIDED, RESTORED = CAUSES.index(Cause.VOIDED), CAUSES.index(Cause.RESTORED)

#: What an event does to its person's standing in the population, as bits.
OPENS, PLACES, ENDS, VOIDS, CORRECTS, ENTERS = 1, 2, 4, 8, 16, 32


def effect(word: EventType) -> int:
    """What an event does, as bits."""
    places = Group.PLACE in word.writes
    return (
        (OPENS if word.opens else 0)
        | (PLACES if places else 0)
        | (ENDS if Group.LIFE in word.writes and not word.opens else 0)
        | (VOIDS if word.voids else 0)
        | (CORRECTS if word.corrects else 0)
        | (ENTERS if places and word.enters else 0)
    )


def groups(word: EventType) -> int:
    """The attribute groups that an event writes, as bits."""
    return sum(1 << GROUPS.index(group) for group in word.writes)


EFFECT = by_code(effect, "u1")
WRITES = by_code(groups)
CAUSE = by_code(lambda word: CAUSES.index(word.cause), "u1")


@kernel
def touched(
    starts: Column,
    position: Column,
    day: Column,
    fallen_a: Column,
    fallen_b: Column,
    a_day: int,
    a_known: int,
    b_day: int,
    b_known: int,
    touch: Column,
    who: Column,
) -> int:
    """Find the persons of whom a row may count at one point and not at the other.

    touch u1[n], written: such rows; who u4[persons], written: such persons, rising. Returns how
    many they are. The first loop is one that vectorises.
    """
    for row in range(touch.size):
        a = (position[row] <= a_known) & (day[row] <= a_day)
        b = (position[row] <= b_known) & (day[row] <= b_day)
        touch[row] = (a ^ b) | (fallen_a[row] ^ fallen_b[row])
    count = np.int64(0)
    for person in range(starts.size - 1):
        met = np.uint8(0)
        for row in range(starts[person], starts[person + 1]):
            met |= touch[row]
        who[count] = person
        count += np.int64(met)
    return int(count)


@kernel
def compare(
    persons: Column,
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    enters: Column,
    has_enters: Column,
    effects: Column,
    written: Column,
    causes: Column,
    fallen_a: Column,
    fallen_b: Column,
    a_day: int,
    a_known: int,
    b_day: int,
    b_known: int,
    rows: Column,
    places: Column,
    out: Column,
) -> None:
    """Compare the histories of some persons at two points, and say what differs.

    persons u4, rising, those to be compared; starts u4[all + 1]; code, day u2[n]; position u4[n];
    enters u4, a value for each row whose code `has_enters`; effects u1, written u4, causes u1 by
    code; fallen u1[n], rows that do not stand at a_known and at b_known; rows, places: room for the
    rows of one person. out u4[persons, 7], written: place at a, place at b, cause of coming, cause
    of going, groups changed, corrected, undone; places are NONE where somebody does not count.
    """
    counted = cursor = np.int64(0)  # values of `enters` in the rows before one
    for number in range(persons.size):
        first, end = np.int64(starts[persons[number]]), np.int64(starts[persons[number] + 1])
        while counted < first:
            cursor += np.int64(has_enters[code[counted]])
            counted += 1
        person, before = number, cursor
        out[person, 0] = out[person, 1] = NONE
        for column in range(2, 7):
            out[person, column] = 0
        # Rows in the order of their days; within a day they stand by version already.
        count, at = 0, before
        for row in range(first, end):
            does = effects[code[row]]
            place = NONE
            if has_enters[code[row]]:
                if does & ENTERS:
                    place = enters[at]
                at += 1
            if does & VOIDS:
                continue
            slot = count
            while slot > 0 and day[rows[slot - 1]] > day[row]:
                rows[slot], places[slot] = rows[slot - 1], places[slot - 1]
                slot -= 1
            rows[slot], places[slot] = row, place
            count += 1
        # At a: where somebody is, and which rows decide.
        where, placed, living, opened = NONE, NONE, False, False
        for slot in range(count):
            row = rows[slot]
            if position[row] > a_known or day[row] > a_day or fallen_a[row]:
                continue
            does = effects[code[row]]
            if not opened and not does & OPENS:
                continue
            opened = True
            if does & OPENS:
                living = True
            if does & ENDS:
                living = False
            if does & PLACES:
                placed = places[slot]
            where = placed if living else NONE
        known_a, out[person, 0] = opened, where
        # At b: the same, and which rows brought it about.
        where, placed, living, opened = NONE, NONE, False, False
        came = went = shifted = np.int64(-1)
        for slot in range(count):
            row = rows[slot]
            if position[row] > b_known or day[row] > b_day or fallen_b[row]:
                continue
            does = effects[code[row]]
            if not opened and not does & OPENS:
                continue
            opened = True
            was = where
            if does & OPENS:
                living = True
            if does & ENDS:
                living = False
            if does & PLACES:
                placed = places[slot]
            where = placed if living else NONE
            if was == NONE and where != NONE:
                came, shifted = np.int64(row), np.int64(-1)
            elif was != NONE and where == NONE:
                went = np.int64(row)
            elif was != where:
                shifted = np.int64(row)
        out[person, 1] = where
        if out[person, 0] != where:
            if shifted >= 0 and where != NONE and out[person, 0] != NONE:
                came = went = shifted
            if where != NONE:
                undone = RESTORED if out[person, 0] == NONE else VOIDED
                fresh = came >= 0 and (
                    position[came] > a_known or day[came] > a_day or fallen_a[came] != 0
                )
                out[person, 2] = causes[code[came]] if fresh else undone
            if out[person, 0] != NONE:
                fresh = went >= 0 and (
                    position[went] > a_known or day[went] > a_day or fallen_a[went] != 0
                )
                out[person, 3] = causes[code[went]] if fresh else VOIDED
        if not (known_a and opened):
            continue
        # Which groups another row decides, and whether that row is new, and puts right.
        at_a = at_b = np.uint32(0)
        for back in range(count):
            row = rows[count - 1 - back]
            a = position[row] <= a_known and day[row] <= a_day and fallen_a[row] == 0
            b = position[row] <= b_known and day[row] <= b_day and fallen_b[row] == 0
            here = written[code[row]]
            mine = here & ~at_b if b else np.uint32(0)
            theirs = here & ~at_a if a else np.uint32(0)
            if b:
                other = mine & ~theirs
                if a:
                    out[person, 6] |= other
                elif effects[code[row]] & CORRECTS:
                    out[person, 5] |= other
                else:
                    out[person, 4] |= other
            at_a |= theirs
            at_b |= mine
