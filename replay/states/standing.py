"""Which rows stand at a position, and which of them decides each attribute group at a point.

`registry.history` says what the history of an entity is; this says the same of rows. A row falls
where a standing later row of its stream voids it, and a correction falls with the row that it
corrects. Of the rows that stand, are known and have begun, the one latest in (effective day,
version) decides a group; in ledgers, where nothing falls, the one with the highest version does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from registry.values import day_number
from registry.vocabulary import ORDERS, VOCABULARY, Group, Kind, Order
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.history import At


@dataclass(frozen=True)
class States:
    """Entities of a kind at a point on both clocks, by handle from `first` on: a record each."""

    first: int
    table: Column


#: Attribute groups by the bit that stands for each.
GROUPS = tuple(Group)


@cache
def groups_of(kind: Kind) -> tuple[Group, ...]:
    """The groups that events of a kind of stream write, in the order of their bits."""
    written = {group for word in VOCABULARY.values() if word.kind is kind for group in word.writes}
    return tuple(group for group in GROUPS if group in written)


@cache
def writes(kind: Kind) -> Column:
    """By code: the groups that an event writes, as bits in the order of `groups_of`, u4.

    What opens a stream writes all of them: whoever begins has nothing from before.
    """
    groups = groups_of(kind)
    every = (1 << len(groups)) - 1
    return by_code(
        lambda word: (
            0
            if word.kind is not kind
            else every
            if word.opens
            else sum(1 << groups.index(group) for group in word.writes)
        )
    )


#: By code: whether a stream may begin with it, whether it voids, whether it corrects.
OPENS = by_code(lambda word: word.opens, "u1")
VOIDS = by_code(lambda word: word.voids, "u1")
CORRECTS = by_code(lambda word: word.corrects, "u1")


def plain(column: Column) -> Column:
    """A column as kernels take it: an ordinary array that is only read.

    Kernels are compiled for each kind of array, so that all of their columns are made alike.
    """
    if type(column) is np.ndarray and not column.flags.writeable:
        return column
    column = np.asarray(column).view()
    column.flags.writeable = False
    return column


def dense(block: Block, *names: str) -> tuple[Column, ...]:
    """Dense columns of a block, as kernels take them."""
    return tuple(plain(block.dense[name]) for name in names)


def rows(block: Block) -> tuple[Column, Column, Column, Column]:
    """Where the rows of each entity begin, and their codes, days and positions."""
    return (
        plain(block.starts),
        plain(block.code),
        plain(block.effective_on),
        plain(block.position),
    )


def point(block: Block, at: At) -> tuple[int, int]:
    """A point on both clocks as kernels take it: the day's number, the position."""
    return day_number(at.valid_on), min(at.known, NONE)


def fallen_marks(block: Block, known: int) -> Column:
    """Which rows of a block do not stand at a position, u1[rows]; voids themselves may stand."""
    marks = np.zeros(len(block), "u1")
    if ORDERS[block.layout.kind] is Order.EFFECTIVE:
        voids = block.sparse["voids"]
        assert voids.offsets is not None
        corrects = block.dense.get("corrects", np.empty(0, "i4"))
        fell(
            plain(block.starts),
            plain(block.code),
            plain(block.position),
            plain(corrects),
            CORRECTS,
            plain(voids.rows),
            plain(voids.offsets),
            plain(voids.parts["value"]),
            min(known, NONE),
            marks,
        )
    return plain(marks)


@kernel
def fell(
    starts: Column,
    code: Column,
    position: Column,
    corrects: Column,
    correcting: Column,
    void_rows: Column,
    offsets: Column,
    versions: Column,
    known: int,
    marks: Column,
) -> None:
    """Mark the rows that do not stand at a position.

    starts u4[entities + 1]; code u2[n]; position u4[n]; corrects i4, a version for each row whose
    code is `correcting` u1[codes]; void_rows u4[m], rising, offsets u4[m + 1], versions i4: the
    rows that void and what; marks u1[n], zeros: 1 is written.
    """
    entity, void, row, cursor = 0, 0, 0, 0
    while void < void_rows.size:
        while starts[entity + 1] <= void_rows[void]:
            entity += 1
        first, end, last = integer(starts[entity]), integer(starts[entity + 1]), void
        while last < void_rows.size and void_rows[last] < end:
            last += 1
        fallen = False
        for one in range(last - 1, void - 1, -1):  # what is later decides about what is earlier
            if position[void_rows[one]] <= known and marks[void_rows[one]] == 0:
                for place in range(offsets[one], offsets[one + 1]):
                    marks[first + versions[place] - 1] = 1
                    fallen = True
        if fallen:
            while row < first:
                cursor += integer(correcting[code[row]])
                row += 1
            while row < end:
                if correcting[code[row]]:
                    if marks[first + corrects[cursor] - 1]:
                        marks[row] = 1
                    cursor += 1
                row += 1
        void = last


def settle(block: Block, at: At) -> Column:
    """The row that decides each group of each entity at a point, u4[entities, groups].

    In the order of `groups_of`; NONE where there is no such row, and in all groups of an entity
    that has not begun.
    """
    kind = block.layout.kind
    winners = np.empty((block.size, len(groups_of(kind))), "u4")
    best = np.empty(winners.shape[1], "i8")
    day, known = point(block, at)
    if ORDERS[kind] is not Order.EFFECTIVE:
        raise ValueError(f"a stream of kind {kind} is folded as a whole, not group by group")
    decide(*rows(block), fallen_marks(block, known), writes(kind), OPENS, day, known, best, winners)
    return winners


@kernel
def decide(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    fallen: Column,
    written: Column,
    opens: Column,
    last: int,
    known: int,
    best: Column,
    winners: Column,
) -> None:
    """Find the row that decides each group of each entity.

    starts u4[entities + 1]; code, day u2[n]; position u4[n]; fallen u1[n]; written u4[codes], bits
    of groups; opens u1[codes]; best i8[groups], room; winners u4[entities, groups], written.
    """
    groups = best.size
    for entity in range(starts.size - 1):
        begun = False
        for group in range(groups):
            best[group] = -1
            winners[entity, group] = NONE
        for row in range(starts[entity], starts[entity + 1]):
            if position[row] > known or day[row] > last or fallen[row]:
                continue
            begun |= opens[code[row]] != 0
            bits, when = written[code[row]], integer(day[row])
            for group in range(groups):
                if bits >> group & 1 and when >= best[group]:
                    best[group] = when
                    winners[entity, group] = row
        if not begun:
            for group in range(groups):
                winners[entity, group] = NONE


def elements(block: Block, column: str, chosen: Column) -> Column:
    """Where a row of each entity has its value in a dense column, u4[entities].

    chosen u4[entities]: a row of each, or NONE. NONE where there is no row or it has no value.
    """
    found = np.empty(block.size, "u4")
    has = block.layout.declares(column).view("u1")
    locate(plain(block.starts), plain(block.code), plain(has), plain(chosen), found)
    return found


@kernel
def locate(starts: Column, code: Column, has: Column, chosen: Column, found: Column) -> None:
    """Count a dense column's values up to a row of each entity.

    starts u4[entities + 1]; code u2[n]; has u1[codes]; chosen, found u4[entities], found written.
    """
    cursor = 0
    for entity in range(found.size):
        found[entity] = NONE
        wanted = integer(chosen[entity])
        for row in range(integer(starts[entity]), integer(starts[entity + 1])):
            if has[code[row]]:
                if row == wanted:
                    found[entity] = cursor
                cursor += 1


def values(block: Block, column: str, chosen: Column) -> Column:
    """The value of a row of each entity in a dense column; the form's null where it has none."""
    form = block.layout.dense[column]
    where = elements(block, column, chosen)
    held = np.asarray(block.dense[column])
    if len(held) == 0:
        return np.full(block.size, form.null, form.dtype)
    return np.where(
        where == NONE, np.array(form.null, form.dtype), held[np.where(where == NONE, 0, where)]
    )
