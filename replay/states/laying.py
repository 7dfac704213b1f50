"""Rows of tables out of columns: what holds from when until when, on both clocks, and its bytes.

Both loops take columns and know no event: what a state says is decided before, and here is only
how long it holds, or where its bytes lie.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from replay.columns.forms import Column
from replay.jit import integer, kernel
from replay.states.standing import plain

#: The day that no day reaches, the position that none reaches: "still".
STILL, STILL_KNOWN = 2**31 - 1, 2**62 - 1
#: The numbers that tell of a row: the entry whose state it shows, from and until when it holds,
#: from and until where it is known.
ENTRY, SINCE, UNTIL, KNOWN, KNOWN_UNTIL = range(5)
WIDTH = 5


class Chains(NamedTuple):
    """What is so of something, entry by entry; days never fall within a chain.

    starts i8[chains + 1]; day, position i8[n]; shown u1[n]: whether there is a row at all;
    as_last, as_before u1[n]: whether it is the row of the entry before, and that of the last entry
    of an earlier day.
    """

    starts: Column
    day: Column
    position: Column
    shown: Column
    as_last: Column
    as_before: Column


def laid_out(chains: Chains, known: int, spans: bool) -> Column:
    """Every row of chains as known up to a position, i8[rows, WIDTH].

    spans: rows end when the next begins; else a row means "until the next".
    """
    told: tuple[Any, ...] = (*map(plain, chains), known, spans)
    counted: tuple[Any, ...] = (*told, False, np.empty((0, WIDTH), "i8"))
    rows = np.empty((lay_out(*counted), WIDTH), "i8")
    noted: tuple[Any, ...] = (*told, True, rows)
    lay_out(*noted)
    return rows


@kernel
def put(
    rows: Column,
    count: int,
    noted: bool,
    entry: int,
    since: int,
    until: int,
    known: int,
    known_until: int,
) -> int:
    """Write a row if rows are noted; returns how many there are."""
    if noted:
        rows[count, 0] = entry
        rows[count, 1] = since
        rows[count, 2] = until
        rows[count, 3] = known
        rows[count, 4] = known_until
    return count + 1


@kernel
def lay_out(
    starts: Column,
    day: Column,
    position: Column,
    shown: Column,
    as_last: Column,
    as_before: Column,
    last: int,
    spans: bool,
    noted: bool,
    rows: Column,
) -> int:
    """Do to every chain what `registry.projections.streams.step` does; returns how many rows.

    Columns are those of Chains. At the newest day there are the row of before, which ended on it
    or is carried on, and the row of now. rows i8[rows, WIDTH], written if noted.
    """
    count = 0
    for chain in range(starts.size - 1):
        today = -(2**40)
        before = now = -1  # entries whose states are shown, -1 for none
        before_since = before_known = now_since = now_known = 0
        carried = False
        for entry in range(starts[chain], starts[chain + 1]):
            known = position[entry]
            if known > last:
                break
            when = day[entry]
            if when != today:
                if before >= 0 and not carried and spans:
                    count = put(
                        rows, count, noted, before, before_since, today, before_known, STILL_KNOWN
                    )
                if now >= 0 and not carried and not spans:
                    count = put(rows, count, noted, now, now_since, STILL, now_known, STILL_KNOWN)
                before, before_since, before_known = now, now_since, now_known
                carried = now >= 0 and as_last[entry] == 1
                if not carried:
                    if now >= 0 and spans:
                        count = put(rows, count, noted, now, now_since, STILL, now_known, known)
                        before_known = known
                    now = entry if shown[entry] else -1
                    now_since, now_known = when, known
                today = when
                continue
            back = before >= 0 and as_before[entry] == 1
            if back and carried:
                continue
            if not back and not carried and now >= 0 and as_last[entry] == 1:
                continue
            if carried:
                if spans:
                    count = put(rows, count, noted, before, before_since, STILL, now_known, known)
                    before_known = known
            else:
                if now >= 0:
                    count = put(rows, count, noted, now, today, STILL, now_known, known)
                if back and spans:
                    count = put(
                        rows, count, noted, before, before_since, today, before_known, known
                    )
            carried = back
            if back:
                now, now_since, now_known = before, before_since, known
            else:
                now = entry if shown[entry] else -1
                now_since, now_known = today, known
        if before >= 0 and not carried and spans:
            count = put(rows, count, noted, before, before_since, today, before_known, STILL_KNOWN)
        if now >= 0 and (spans or not carried):
            count = put(rows, count, noted, now, now_since, STILL, now_known, STILL_KNOWN)
    return count


@kernel
def place(at: Column, begin: Column, size: Column, data: Column, out: Column) -> None:
    """Write a field into each row: its size in four bytes, the highest first, then its bytes.

    at i8[n]: where it goes, moved behind it; begin i8[n]: where its bytes lie in data u1; size
    i8[n], -1 for no value, which has none; out u1, written.
    """
    for row in range(at.size):
        to, many, since = at[row], size[row], begin[row]
        for byte in range(4):
            out[to + byte] = many >> 8 * (3 - byte) & 255
        to += 4
        for byte in range(many):
            out[to + byte] = data[since + byte]
        at[row] = to + max(integer(many), 0)
