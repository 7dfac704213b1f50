"""Which rows stand at a position, and which of them decides each attribute group at a point.

`registry.history` says what the history of an entity is; this says the same of rows. A row falls
where a standing later row of its stream voids it, and a correction falls with the row that it
corrects. Of the rows that stand, are known and have begun, the one latest in (effective day,
version) decides a group; in ledgers, where nothing falls, the one with the highest version does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.values import day_number
from registry.vocabulary import ORDERS, Order
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code
from replay.columns.runs import Block
from replay.jit import integer, kernel, nth
from replay.states.history import At


@dataclass(frozen=True)
class States:
    """Entities of a kind at a point on both clocks, by handle from `first` on: a record each."""

    first: int
    table: Column


#: By code: whether a stream may begin with it, whether it corrects.
OPENS = by_code(lambda word: word.opens, "u1")
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
    kept: Column | None = block.worked.get((fallen_marks, known))
    if kept is None:
        kept = block.worked[fallen_marks, known] = _fallen(block, known)
    return kept


def _fallen(block: Block, known: int) -> Column:
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
        entity = holder(starts, void_rows[void], entity)
        first, end, last = integer(starts[entity]), integer(starts[entity + 1]), void
        while last < void_rows.size and void_rows[last] < end:
            last += 1
        fallen = False
        for one in range(last - 1, void - 1, -1):  # what is later decides about what is earlier
            if position[void_rows[one]] <= known and marks[void_rows[one]] == 0:
                for place in range(offsets[one], offsets[one + 1]):
                    marks[first + versions[place] - 1] = 1
                    fallen = True
        if fallen and counted(code, correcting, first, end):
            cursor += counted(code, correcting, row, first)
            for here in range(first, end):
                if correcting[code[here]]:
                    if marks[first + corrects[cursor] - 1]:
                        marks[here] = 1
                    cursor += 1
            row = end
        void = last


@kernel
def holder(starts: Column, row: int, low: int) -> int:
    """The entity that has a row, which is not before the entity `low`; starts u4[entities + 1]."""
    high = starts.size - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if starts[middle] <= row:
            low = middle
        else:
            high = middle
    return low


@kernel
def counted(code: Column, marked: Column, first: int, end: int) -> int:
    """How many rows from `first` to `end` have a code that is marked: code u2[n], marked u1."""
    count = 0
    for row in range(nth(first), nth(end)):
        count += integer(marked[code[row]])
    return count
