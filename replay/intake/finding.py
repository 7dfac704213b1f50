"""Where the values of rows stand, found by all threads, each in a piece of the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from replay.columns.forms import Column
from replay.columns.layout import CODES
from replay.intake.lots import Lot
from replay.intake.plans import Plan
from replay.intake.scanning import Found, Halved, locate
from replay.threads import in_threads, pieces


def find(lot: Lot, looked: Plan, rows: Column, code: Column) -> Found | None:
    """Find all that is looked for in rows of a lot.

    code u2[rows]. None if rows that are not as the codec writes them were written anew: their codes
    may be others now, and all have to be looked through again.
    """
    cuts = pieces(len(rows))
    supplied = [looked.supply @ np.bincount(code[cut], minlength=CODES) for cut in cuts]
    base = np.concatenate([[0], np.cumsum(np.sum(supplied, axis=0))]).astype("i8")
    begins = base[:-1] + np.cumsum([np.zeros_like(base[:-1]), *supplied[:-1]], axis=0)
    first, end, row = (np.zeros(int(base[-1]), "u4") for _ in range(3))
    found = [Found(begin, np.zeros(len(begin), "i8"), first, end, row) for begin in begins]
    unusual = np.zeros(len(rows), "u1")

    def one(number: int) -> int:
        cut = cuts[number]
        return locate(
            lot.data,
            lot.buffer.words,
            Halved(*(np.ascontiguousarray(one[rows[cut]]) for one in lot.halved)),
            code[cut],
            False,
            looked.keys,
            looked.shapes,
            found[number],
            unusual[cut],
        )

    if any(in_threads(one, range(len(cuts)))):
        lot.rewrite(rows[np.flatnonzero(unusual)])
        return None
    return joined(found, cuts, base)


def joined(found: Sequence[Found], cuts: Sequence[slice], base: Column) -> Found:
    """What was found in several pieces of rows as if it had been one, on the same memory.

    base i8[slots + 1]: where the room of each slot begins. The tokens of a slot are moved together.
    """
    whole = found[0]
    first, end, row = whole.first, whole.end, whole.row
    for slot in range(len(whole.base)):
        to = int(base[slot])
        for one, cut in zip(found, cuts, strict=True):
            count = int(one.cursor[slot])
            at, into = int(one.base[slot]), slice(to, to + count)
            row[at : at + count] += np.uint32(cut.start)
            if at != to:
                for column in (first, end, row):
                    column[into] = column[at : at + count].copy()
            to += count
        first[to : base[slot + 1]] = end[to : base[slot + 1]] = 0  # the room that is left
    cursor = np.sum([one.cursor for one in found], axis=0)
    return Found(base[:-1].copy(), cursor, first, end, row)


def first_wrong(function: Callable[[slice], int], count: int) -> int:
    """The first of so many tokens that is wrong, -1 if none is; all threads look at pieces of them.

    function: the same of a piece.
    """
    cuts = pieces(count)
    told = in_threads(lambda number: function(cuts[number]), range(len(cuts)))
    wrong = (cut.start + one for cut, one in zip(cuts, told, strict=True) if one >= 0)
    return next(wrong, -1)
