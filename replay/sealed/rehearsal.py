"""The loops of sealing and of reading what is sealed, compiled once for the arrays they meet."""

from __future__ import annotations

import numpy as np

from replay.columns.forms import Column
from replay.columns.heaps import ONCE, mark, rename, unify
from replay.columns.layout import CODES
from replay.columns.merging import scatter, weave
from replay.columns.pieces import count_codes, sealed
from replay.columns.sorting import rank, settle, spread, tally
from replay.columns.sums import text_sums
from replay.sealed.handles import Chunk, enter, refill, search


def rehearse() -> None:
    """Call every kernel of sealing with arrays that hold nothing, of each kind that they meet."""
    code, takes = _read("u2"), sealed(np.zeros(CODES, "u1"))
    handles, places = _read("u4"), _new("i8")
    for dtype in ("u1", "u2", "u4", "u8"):
        scatter(places, _read(dtype), _new(dtype))
        weave(code, _new("u2"), takes, np.zeros(1, "i8"), _new(dtype), _new(dtype))
        spread(code, takes, places, handles, _read(dtype), _new(dtype))
    rank(code, takes, _new("u4"))
    count_codes(code, sealed(np.zeros(1, "i8")), np.zeros(CODES, "u2"), np.zeros((0, 1), "i8"))
    tally(handles, 0, places)
    settle(handles, handles, _new("i8"), _new("i8"), places)
    unify(np.zeros(1, "i8"), _read("u1"), _new("u1"), np.zeros(2, "i8"), _new("i8"), _new("i8"))
    mark(handles, _new("u1"), ONCE)
    rename(handles, _new("i8"), _new("u4"))
    text_sums(np.zeros(1, "i8"), _read("u1"), 1, 1, _new("i8"))
    half = _new("u8")
    chunk = Chunk.of(0, half, half)
    search(chunk.high, chunk.low, chunk.order, 0, half, half, _new("u4"))
    refill(np.zeros(2, "u4"), half)
    enter(np.zeros(2, "u4"), half, half, 0, half, half, half, _new("u4"))


def _new(dtype: str) -> Column:
    return np.empty(0, dtype)


def _read(dtype: str) -> Column:
    return sealed(np.empty(0, dtype))
