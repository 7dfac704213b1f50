"""Texts of a run that is written anew: those still used, once each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from replay.columns.forms import NONE, Column, Form
from replay.columns.layout import COLD_TEXTS
from replay.columns.merging import STORED_TEXTS
from replay.columns.pieces import Lazily, sealed
from replay.columns.runs import Run, Side, Texts
from replay.jit import kernel

#: How texts are used: by the envelopes of rows, or by anything else.
ONCE, OFTEN = 1, 2


@kernel
def unify(
    offsets: Column, data: Column, used: Column, table: Column, kept: Column, told: Column
) -> int:
    """Find equal texts among those used, and give each of different ones a handle, from 0.

    offsets i8[texts + 1], data u1; used u1[texts]: OFTEN, which come first, or ONCE; table i8[a
    power of two, twice the texts], zeros, written; kept i8[texts], written: the text of each new
    handle; told i8[texts], written: the new handle of each text used. Returns how many there are.
    """
    mask, count = table.size - 1, 0
    for turn in range(2 * used.size):
        one = turn if turn < used.size else turn - used.size
        if used[one] != (OFTEN if turn < used.size else ONCE):
            continue
        begin, size = offsets[one], offsets[one + 1] - offsets[one]
        mixed = 2166136261  # FNV-1a, in 32 bits of 64, so that nothing overflows
        for place in range(begin, begin + size):
            mixed = ((mixed ^ int(data[place])) * 16777619) & 0xFFFFFFFF
        slot = (mixed ^ (mixed >> 15)) & mask
        while True:
            held = table[slot] - 1
            if held < 0:
                table[slot] = count + 1
                kept[count] = one
                told[one] = count
                count += 1
                break
            other = kept[held]
            same = offsets[other + 1] - offsets[other] == size
            for place in range(size):
                if not same:
                    break
                same = data[offsets[other] + place] == data[begin + place]
            if same:
                told[one] = held
                break
            slot = (slot + 1) & mask
    return count


@kernel
def mark(column: Column, used: Column, how: int) -> None:
    """Note the texts that a column of handles names: column u4, NONE for none; used u1[texts]."""
    for row in range(column.size):
        if column[row] != NONE:
            used[column[row]] = how


@kernel
def rename(column: Column, told: Column, renamed: Column) -> None:
    """Give the texts of a column their new handles: column, renamed u4; told i8[texts]."""
    for row in range(column.size):
        renamed[row] = NONE if column[row] == NONE else told[column[row]]


def trimmed(run: Run) -> Run:
    """A run whose heap holds each text once, and none that no row names."""
    if len(run.texts) == 0:
        return run
    used = np.zeros(len(run.texts), "u1")

    def note(column: Column) -> Column:
        if column.dtype.kind == "i":  # among numbers, those below zero
            used[-1 - column[column < 0]] = ONCE
        else:
            mark(sealed(column), used, ONCE)
        return column

    _texts(run, note)
    for name in COLD_TEXTS:  # every row names some of the same few: their handles are to be short
        mark(sealed(run.cold[name]), used, OFTEN)
    offsets, data = run.texts.offsets.astype("i8"), sealed(run.texts.data)
    table = np.zeros(1 << (2 * len(used)).bit_length(), "i8")
    kept, told = np.empty(len(used), "i8"), np.zeros(len(used), "i8")
    count = int(unify(offsets, data, used, table, kept, told))
    kept = kept[:count]
    sizes = offsets[kept + 1] - offsets[kept]
    ends = np.cumsum([0, *sizes], dtype="i8")
    assert ends[-1] < 2**32, "too many texts for one run"
    taken = np.repeat(offsets[kept] - ends[:-1], sizes) + np.arange(ends[-1])
    texts = Texts(sealed(ends.astype("u4")), sealed(data[taken]))

    def renamed(column: Column) -> Column:
        if column.dtype.kind == "i":
            new = column.copy()
            new[column < 0] = -1 - told[-1 - column[column < 0]]
        else:
            new = np.empty_like(column)
            rename(sealed(column), told, new)
        return sealed(new)

    return replace(_texts(run, renamed), texts=texts)


def _texts(run: Run, change: Callable[[Column], Column]) -> Run:
    """A run with every column that names texts changed."""
    laid = run.layout

    def side(held: Side, forms: Mapping[str, Form]) -> Side:
        parts = {
            name: change(part) if name in forms and forms[name].texts else part
            for name, part in held.parts.items()
        }
        return replace(held, parts=parts)

    def sparse(name: str) -> Side:
        form = laid.sparse[name]
        return side(run.sparse[name], {"value": form} if isinstance(form, Form) else form.parts)

    def stored(name: str) -> Side:
        held = run.stored[name]
        if name not in STORED_TEXTS:
            return held
        return replace(held, parts={"value": change(held.parts["value"])})

    cold = {name: change(run.cold[name]) for name in COLD_TEXTS}
    return replace(
        run,
        dense={
            name: change(column) if laid.dense[name].texts else column
            for name, column in run.dense.items()
        },
        sparse={name: sparse(name) for name in run.sparse},
        cold=Lazily([*run.cold], lambda name: cold[name] if name in cold else run.cold[name]),
        stored={name: stored(name) for name in run.stored},
    )
