"""Some entities of a block as a run of their own, so that they are read together."""

from __future__ import annotations

import numpy as np

from replay.columns.forms import Column
from replay.columns.narrow import taken
from replay.columns.pieces import Lazily
from replay.columns.runs import Block, Run, Side


def chosen(block: Block, entities: Column) -> Run:
    """The rows of some entities of a block; entities u4: handles, rising."""
    starts = block.starts.astype("i8")
    places = entities.astype("i8") - block.first
    begins, ends = starts[places], starts[places + 1]
    rows = spans(begins, ends)
    code = block.code[rows]

    def side(held: Side) -> Side:
        new = np.searchsorted(rows, held.rows)
        mine = np.flatnonzero(rows[np.minimum(new, len(rows) - 1)] == held.rows)
        if held.offsets is None:
            parts = {name: part[mine] for name, part in held.parts.items()}
            return Side(new[mine].astype("u4"), None, parts)
        first, until = held.offsets[mine].astype("i8"), held.offsets[mine + 1].astype("i8")
        inside = spans(first, until)
        offsets = np.append(0, np.cumsum(until - first)).astype("u4")
        parts = {name: part[inside] for name, part in held.parts.items()}
        return Side(new[mine].astype("u4"), offsets, parts)

    dense = {}
    for name in block.layout.dense:
        declares = block.layout.declares(name)
        before = np.cumsum(declares[block.code]) - 1
        dense[name] = block.dense[name][before[rows[declares[code]]]]
    return Run(
        layout=block.layout,
        code=code,
        effective_on=block.effective_on[rows],
        position=block.position[rows],
        dense=dense,
        sparse={name: side(held) for name, held in block.sparse.items()} if len(rows) else {},
        stored={name: side(held) for name, held in block.stored.items()} if len(rows) else {},
        cold=Lazily([*block.cold], lambda name: taken(block.cold, name, rows)),
        texts=block.texts,
        entities=entities,
        starts=np.append(0, np.cumsum(ends - begins)).astype("u4"),
        first_version=np.ones(len(entities), "u4"),
    )


def spans(begins: Column, ends: Column) -> Column:
    """The numbers of several ranges, one after the other."""
    counts = ends - begins
    shifts = begins - np.append(0, np.cumsum(counts)[:-1])
    found: Column = np.arange(int(counts.sum())) + np.repeat(shifts, counts)
    return found
