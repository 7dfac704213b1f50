"""Rows of a read model out of states in columns: how long each holds, on both clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adapters.replaying.stating import States
from adapters.replaying.wire import INTEGER, LONG, NULL, Cells, Identifiers, Words
from registry.days import day_at
from registry.projections.base import Dated, Projection
from registry.projections.strands import shown
from registry.values import day_number
from registry.vocabulary import VOCABULARY
from replay.columns.forms import Column
from replay.columns.layout import CODES
from replay.states.laying import ENTRY, KNOWN, KNOWN_UNTIL, SINCE, UNTIL, Chains, laid_out

#: Microseconds of a day, and those from midnight in China to midnight UTC.
DAY_US, EAST_US = 86_400_000_000, 8 * 3_600_000_000
#: The day, in the number of the columns, on which 1970 began in China.
EPOCH_DAY = day_number(day_at(-EAST_US))


class Entries(NamedTuple):
    """Entries that tell of rows, those of a row's key together and in their order.

    chain: a number that is another for each stream and key; row: where the entry lies in its block;
    shown: whether there is a row at all; values: what it shows.
    """

    chain: Column
    row: Column
    shown: Column
    values: Sequence[Cells]


def stream_of(states: States, rows: Column) -> Cells:
    """The streams of rows, as a column."""
    kind = states.block.layout.kind.value
    handles = states.block.first + states.entity[rows]
    return Cells(handles, Identifiers(*states.halves(kind)))


def telling(states: States, model: Projection) -> Column:
    """The rows whose event types a read model tells of, of entities that are not odd."""
    about = np.zeros(CODES, np.bool_)
    for word in VOCABULARY.values():
        about[word.code] = word.kind in model.kinds and shown(model.groups, word)
    rows: Column = np.flatnonzero(about[states.block.code] & ~states.odd[states.entity])
    return rows


def alone(
    states: States, model: Dated, there: Column, values: Sequence[Cells], known: int
) -> list[Cells]:
    """The rows of a read model that has one a stream at a time.

    there: bool[rows], whether a state has a row; values: its columns, of each row of the block.
    """
    rows = telling(states, model)
    told = Entries(states.entity[rows], rows, there[rows], [cells.of(rows) for cells in values])
    return dated(states, model, told, (), known)


def dated(
    states: States, model: Dated, told: Entries, key: Sequence[Cells], known: int
) -> list[Cells]:
    """The rows of a read model, as columns of its table; key: of each entry told."""
    block = states.block
    day = block.effective_on[told.row].astype("i8")
    position = block.position[told.row].astype("i8")
    chains = chains_of(told, day, position)
    rows = laid_out(chains, known, model.spans)
    entry = rows[:, ENTRY]
    until = [Cells(rows[:, UNTIL], INTEGER)] if model.spans else []
    return [
        stream_of(states, told.row[entry]),
        *(cells.of(entry) for cells in key),
        Cells(rows[:, SINCE], INTEGER),
        Cells(rows[:, KNOWN], LONG),
        Cells(rows[:, KNOWN_UNTIL], LONG),
        *until,
        *(cells.of(entry) for cells in told.values),
    ]


def chains_of(told: Entries, day: Column, position: Column) -> Chains:
    """Entries as the loop takes them that lays rows out."""
    number = np.arange(len(told.chain))
    new = np.diff(told.chain, prepend=-1) != 0
    starts = np.append(np.flatnonzero(new), len(number))
    new_day = new | (np.diff(day, prepend=-1) != 0)
    as_last = np.zeros(len(number), np.bool_)
    later = np.flatnonzero(~new)
    as_last[later] = alike(told, later, later - 1)
    # What the days before ended with; of the first day there is nothing.
    before = np.maximum.accumulate(np.where(new_day, number, 0)) - 1
    again = np.flatnonzero(~new_day)
    again = again[before[again] >= 0]
    again = again[told.chain[before[again]] == told.chain[again]]
    as_before = np.zeros(len(number), np.bool_)
    as_before[again] = alike(told, again, before[again])
    flags = (one.astype("u1") for one in (told.shown, as_last, as_before))
    return Chains(starts, day, position, *flags)


def alike(told: Entries, some: Column, others: Column) -> Column:
    """Whether entries have rows that say the same."""
    same: Column = told.shown[some] & told.shown[others]
    for codes, wire in told.values:
        equal = codes[some] == codes[others]
        if isinstance(wire, Words):  # the same text may have several handles
            apart = np.flatnonzero(same & ~equal)
            mine, theirs = codes[some[apart]], codes[others[apart]]
            both = (mine != NULL) & (theirs != NULL)
            equal[apart[both]] = [
                one == two
                for one, two in zip(wire.values(mine[both]), wire.values(theirs[both]), strict=True)
            ]
        same &= equal
    return same


def recorded_days(states: States, rows: Column) -> Column:
    """The days on which rows were recorded."""
    instants = states.block.cold["recorded_at"][rows].astype("i8")
    days: Column = (instants + EAST_US) // DAY_US + EPOCH_DAY
    return days


def months(days: Column) -> Column:
    """The months of days, as yyyymm."""
    since = np.datetime64("1880-01-01") + days
    month = since.astype("datetime64[M]").astype("i8")
    found: Column = (1970 + month // 12) * 100 + month % 12 + 1
    return found
