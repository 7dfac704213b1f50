"""Where people are registered, as rows on both clocks: the residents read model, by the million.

A row holds from one day until another, and is known from one position until another. Streams whose
places and lives were entered in the order of their days, and never undone, are walked by a kernel,
which does to rows what `registry.projections.streams.step` does; the others are named, to be folded
one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from registry.values import OutKind
from registry.vocabulary import EventType, Group, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.standing import dense, rows

RESIDENT, IN_TRANSIT = 1, 2
#: The day that no day reaches, the position that none reaches: "still".
STILL, STILL_KNOWN = 2**31 - 1, 2**32 - 1
#: No day, no code.
NO_DAY, NO_CODE = -1, 2**32 - 1

#: A row of the read model. person, community, household, certificate: handles, NONE where there is
#: none; valid_from, valid_until, left_on: days since 1880; destination: the code as an integer.
STAY = np.dtype(
    [
        ("person", "u4"),
        ("valid_from", "i4"),
        ("valid_until", "i4"),
        ("known_from", "u4"),
        ("known_until", "u4"),
        ("status", "i4"),
        ("community", "u4"),
        ("household", "u4"),
        ("certificate", "u4"),
        ("destination", "u4"),
        ("left_on", "i4"),
    ]
)

#: Dense columns that the kernel reads, in the order of their bits.
COLUMNS = ("enters", "household", "leaves", "out_kind", "destination", "certificate")
ENTERS, HOUSEHOLD, LEAVES, OUT, DESTINATION, CERTIFICATE = (1 << bit for bit in range(6))
TELLS, OPENS, PLACE, LIFE, VOIDS = (1 << bit for bit in range(6, 11))
#: The kind of leaving that is on the move to another register (迁出, 未落户).
_MOVING = OutKind.all().index(OutKind("2"))


def effect(word: EventType) -> int:
    """What an event does to where a person is registered, as bits."""
    if word.kind is not Kind.PERSON:
        return 0
    laid = layout(Kind.PERSON)
    bits = sum(1 << bit for bit, name in enumerate(COLUMNS) if laid.declares(name)[word.code])
    bits |= OPENS * word.opens | VOIDS * word.voids
    bits |= PLACE * (Group.PLACE in word.writes) | LIFE * (Group.LIFE in word.writes)
    return bits | TELLS * bool(bits & (PLACE | LIFE))


EFFECT = by_code(effect)


class Stays(NamedTuple):
    """Rows of a block of persons: table STAY[n]; others u4: persons to be folded one by one."""

    table: Column
    others: Column


def stays(block: Block, known: int = STILL_KNOWN) -> Stays:
    """The rows of the persons of a block, as known by all its entries up to a position."""
    odd = np.zeros(block.size, "u1")
    columns: tuple[Any, ...] = (*rows(block), *dense(block, *COLUMNS), EFFECT, odd)
    counted: tuple[Any, ...] = (*columns, block.first, known, False, np.empty(0, STAY))
    table = np.empty(walk(*counted), STAY)
    noted: tuple[Any, ...] = (*columns, block.first, known, True, table)
    walk(*noted)
    return Stays(table, (np.flatnonzero(odd) + block.first).astype("u4"))


@kernel
def unusual(
    first: int, end: int, code: Column, day: Column, position: Column, effects: Column, last: int
) -> bool:
    """Whether a stream is not entered in the order of its days, or something in it was undone."""
    newest = -1
    for row in range(first, end):
        if position[row] > last:
            break
        does = integer(effects[code[row]])
        if does & VOIDS:
            return True
        if does & TELLS:
            when = integer(day[row])
            if when < newest:
                return True
            newest = when
    return False


@kernel
def put(
    table: Column,
    count: int,
    noted: bool,
    person: int,
    since: int,
    until: int,
    known: int,
    known_until: int,
    value: Column,
) -> int:
    """Write a row if rows are noted; returns how many there are."""
    if noted:
        row = table[count]
        row["person"] = person
        row["valid_from"] = since
        row["valid_until"] = until
        row["known_from"] = known
        row["known_until"] = known_until
        row["status"] = value[0]
        row["community"] = value[1]
        row["household"] = value[2]
        row["certificate"] = value[3]
        row["destination"] = value[4]
        row["left_on"] = value[5]
    return count + 1


@kernel
def alike(one: Column, other: Column) -> bool:
    """Whether two rows say the same."""
    place = 0
    while place < 6 and one[place] == other[place]:
        place += 1
    return place == 6


@kernel
def walk(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    enters: Column,
    household: Column,
    leaves: Column,
    out_kind: Column,
    destination: Column,
    certificate: Column,
    effects: Column,
    odd: Column,
    base: int,
    last: int,
    noted: bool,
    table: Column,
) -> int:
    """Carry the rows of every person on, entry by entry; returns how many rows there are.

    starts u4[persons + 1]; code, day u2[n]; position u4[n]; enters, household, leaves, certificate,
    destination u4, out_kind u2: a value for each row whose code declares it; effects u4[codes]; odd
    u1[persons], written: 1 for those who are left out; base: the handle of the first person; last:
    the position up to which entries are read; noted: False only counts; table STAY[rows], written.

    At the newest day there is what held before it and what holds from it on: each a value of six
    (status, community, household, certificate, destination, day of leaving; status 0: no row), the
    day since it holds and the position since it is known so.
    """
    e = h = v = o = d = c = 0  # where the next value of each column lies
    count = 0
    state, before, now = np.zeros(6, np.int64), np.zeros(6, np.int64), np.zeros(6, np.int64)
    after = np.zeros(6, np.int64)
    for person in range(starts.size - 1):
        first, end = integer(starts[person]), integer(starts[person + 1])
        skipped = unusual(first, end, code, day, position, effects, last)
        odd[person] = skipped
        alive = begun = False
        state[0] = before[0] = now[0] = 0
        newest = -1
        carried = False  # whether what holds now is what held before
        before_since = before_known = now_since = now_known = 0
        for row in range(first, end):
            does = integer(effects[code[row]])
            if does & TELLS and not skipped and position[row] <= last:
                when, known = integer(day[row]), integer(position[row])
                if does & OPENS:
                    begun = alive = True
                if begun and does & PLACE:
                    state[:] = NONE
                    state[5] = NO_DAY
                    if does & ENTERS:
                        state[0], state[1] = RESIDENT, enters[e]
                        state[2] = household[h]
                    elif out_kind[o] == _MOVING and leaves[v] != NONE:
                        state[0], state[1] = IN_TRANSIT, leaves[v]
                        state[3], state[4] = certificate[c], destination[d]
                        state[5] = when
                    else:
                        state[0] = 0
                if does & LIFE and not does & OPENS:
                    alive = False
                after[:] = state
                if not alive:
                    after[0] = 0
                if when > newest:
                    # What held before the last day is settled, unless it holds still.
                    if before[0] and not carried:
                        count = put(
                            table,
                            count,
                            noted,
                            base + person,
                            before_since,
                            newest,
                            before_known,
                            STILL_KNOWN,
                            before,
                        )
                    before[:] = now
                    before_since, before_known = now_since, now_known
                    carried = now[0] != 0 and after[0] != 0 and alike(now, after)
                    if not carried:
                        if before[0]:
                            count = put(
                                table,
                                count,
                                noted,
                                base + person,
                                before_since,
                                STILL,
                                before_known,
                                known,
                                before,
                            )
                            before_known = known
                        now[:] = after
                        now_since, now_known = when, known
                    newest = when
                else:
                    back = before[0] != 0 and after[0] != 0 and alike(before, after)
                    if before[0] and back != carried:
                        count = put(
                            table,
                            count,
                            noted,
                            base + person,
                            before_since,
                            STILL if carried else newest,
                            before_known,
                            known,
                            before,
                        )
                        before_known = known
                    own = now[0] != 0 and not carried
                    same = own and not back and after[0] != 0 and alike(now, after)
                    if own and not same:
                        count = put(
                            table,
                            count,
                            noted,
                            base + person,
                            newest,
                            STILL,
                            now_known,
                            known,
                            now,
                        )
                    if back:
                        now[:] = before
                        now_since, now_known = before_since, before_known
                    elif not same:
                        now[:] = after
                        now_since, now_known = newest, known
                    carried = back
            e += does & 1
            h += does >> 1 & 1
            v += does >> 2 & 1
            o += does >> 3 & 1
            d += does >> 4 & 1
            c += does >> 5 & 1
        if before[0] and not carried:
            count = put(
                table,
                count,
                noted,
                base + person,
                before_since,
                newest,
                before_known,
                STILL_KNOWN,
                before,
            )
        if now[0]:
            count = put(
                table,
                count,
                noted,
                base + person,
                now_since,
                STILL,
                now_known,
                STILL_KNOWN,
                now,
            )
    return count
