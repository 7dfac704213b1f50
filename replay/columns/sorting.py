"""Rows in the order of the log, sorted into a run: every column is scattered once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from replay.columns.faults import Missing
from replay.columns.forms import NONE, Column
from replay.columns.merging import Weaver
from replay.columns.pieces import sealed
from replay.columns.runs import Rows, Run
from replay.jit import kernel

#: Handles that spread further than so many times their number are sorted by comparing.
SPREAD = 8


@kernel
def tally(entity: Column, first: int, counts: Column) -> None:
    """Count the rows of each entity: entity u4[rows]; counts i8[entities], by handle - first."""
    for row in range(entity.size):
        counts[entity[row] - first] += 1


@kernel
def settle(
    place: Column, version: Column, following: Column, latest: Column, target: Column
) -> int:
    """Give each row its place among all rows by entity, in the order in which they come.

    place u4[rows], of the row's entity among all; version u4[rows]; following i8[entities], where
    the next row of each goes, moved on; latest i8[entities], the last version of each, zeros,
    written; target i8[rows], written. Returns the first row whose version does not follow the one
    before it, -1 if there is none.
    """
    for row in range(place.size):
        one = place[row]
        if latest[one] != 0 and version[row] != latest[one] + 1:
            return row
        latest[one] = version[row]
        target[row] = following[one]
        following[one] += 1
    return -1


@kernel
def rank(code: Column, takes: Column, ranks: Column) -> None:
    """Count, before each row, the rows that have an element: code u2, takes u1[codes], ranks u4."""
    count = 0
    for row in range(code.size):
        ranks[row] = count
        count += takes[code[row]]


@kernel
def spread(
    code: Column, takes: Column, target: Column, ranks: Column, column: Column, woven: Column
) -> None:
    """Scatter the elements of a dense column, which stand in the order of the log.

    code u2[rows] in that order, takes u1[codes], target i8[rows], ranks u4[rows] of the targets.
    """
    place = 0
    for row in range(code.size):
        if takes[code[row]]:
            woven[ranks[target[row]]] = column[place]
            place += 1


class _Sorter(Weaver):
    """Columns of a run from those of rows in any order."""

    def dense(self, name: str) -> Column:
        """The elements of those rows that have one, in their new order."""
        (rows,), (target,) = self.parts, self.targets
        form, takes = self.laid.dense[name], self.laid.declares(name).view("u1")
        column = sealed(rows.dense[name]).view(f"u{np.dtype(form.dtype).itemsize}")
        if len(column) == 0:
            return sealed(column.view(form.dtype))
        ranks, woven = np.empty(len(rows), "u4"), np.empty_like(column)
        rank(self.code, takes, ranks)
        spread(sealed(rows.code), takes, target, sealed(ranks), column, woven)
        return sealed(woven.view(form.dtype))


class Batch(NamedTuple):
    """Rows in the order of the log: entity u4[rows], handles; version u4[rows]."""

    rows: Rows
    entity: Column
    version: Column


def sorted_run(batch: Batch) -> Run:
    """The run of a batch; its columns are made when they are first asked for.

    Raises Missing if versions of a stream do not follow each other.
    """
    rows, entity = batch.rows, sealed(batch.entity)
    target = np.empty(len(entity), "i8")
    first = int(entity.min(initial=NONE))
    entities, counts, place = _entities(entity, first)
    starts = np.zeros(len(entities) + 1, "i8")
    np.cumsum(counts, out=starts[1:])
    latest = np.zeros(len(entities), "i8")
    following = starts[:-1].copy()
    version = sealed(batch.version)
    wrong = int(settle(place, version, following, latest, target))
    if wrong >= 0:
        stream = f"{rows.layout.kind.value} {int(entity[wrong])}"
        raise Missing(stream, int(latest[place[wrong]]) + 1, int(version[wrong]))
    return Run(
        entities=sealed(entities.astype("u4")),
        starts=sealed(starts.astype("u4")),
        first_version=sealed((latest - counts + 1).astype("u4")),
        **{**_Sorter([rows], rows.layout, [target]).columns(), "texts": rows.texts},
    )


def _entities(entity: Column, first: int) -> tuple[Column, Column, Column]:
    """Handles that occur, how many rows each has, and of each row the place of its handle."""
    if len(entity) and int(entity.max()) - first < SPREAD * len(entity):
        counts = np.zeros(int(entity.max()) - first + 1, "i8")
        tally(entity, first, counts)
        entities = np.flatnonzero(counts)
        if len(entities) == len(counts):
            return entities + first, counts, sealed(entity - np.uint32(first))
        places = np.cumsum(counts > 0, dtype="u4") - np.uint32(1)
        return entities + first, counts[entities], sealed(places[entity - np.uint32(first)])
    entities, place, counts = np.unique(entity, return_inverse=True, return_counts=True)
    return entities, counts, sealed(place.astype("u4"))
