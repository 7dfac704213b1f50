"""How one stream's rows follow from its entries: step by step, or folded anew.

A step carries the rows on from the newest day; a fold lays out the whole effective history. Both
give the same rows, which a property test holds together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

from registry.entry import Entry
from registry.history import standing
from registry.projections.base import STILL, Dated, Key, Rows, Values
from registry.projections.changes import Changes
from registry.values import day_number
from registry.vocabulary import VOCABULARY, Order

Fold = Callable[[Any, Any, UUID], Any]
#: Rows by (key, day from): the values, preceded by the day until where rows are spans.
Layout = dict[tuple[Key, int], Values]
Open = dict[Key, tuple[int, Values]]  # by key: the day from which a row holds, and its values

NEVER = -(2**31)  # before any day


#: The newest day of a stream's rows, what held before it, and what holds from it on; a plain
#: tuple, since one is made for every entry.
Edge = tuple[int, Open, Open]
NOTHING: Edge = (NEVER, {}, {})


def advance(before: Open, rows: Rows, day: int) -> Open:
    """The rows that hold from a day on, those carried on keeping the day they began."""
    now: Open = {}
    for key, values in rows.items():
        old = before.get(key)
        now[key] = old if old is not None and old[1] == values else (day, values)
    return now


def parts(before: Open, now: Open, day: int, spans: bool) -> Layout:
    """The rows at an edge: those that ended there and those that hold still."""
    found: Layout = {}
    if spans:
        for key, old in before.items():
            if now.get(key) is not old:
                found[key, old[0]] = (day, *old[1])
        for key, (since, values) in now.items():
            found[key, since] = (STILL, *values)
    else:
        for key, old in now.items():
            if before.get(key) is not old:
                found[key, old[0]] = old[1]
    return found


def step(
    spans: bool, edge: Edge, day: int, rows: Rows, changes: Changes, stream: bytes, position: int
) -> Edge:
    """Carry an edge on by an entry that is the last in order, and tell what changes."""
    newest, before, now = edge
    if day == newest:
        after = advance(before, rows, day)
        old, new = (parts(before, one, day, spans) for one in (now, after))
        difference(old, new, changes, stream, position)
        return day, before, after
    after = advance(now, rows, day)
    if spans:
        for key, one in now.items():
            if after.get(key) is not one:
                since, values = one
                changes.close((stream, *key, since), position)
                changes.open((stream, *key, since), position, (day, *values))
        for key, one in after.items():
            if now.get(key) is not one:
                changes.open((stream, *key, day), position, (STILL, *one[1]))
    else:
        for key, one in after.items():
            if now.get(key) is not one:
                changes.open((stream, *key, day), position, one[1])
    return day, now, after


def step_alone(
    spans: bool, edge: Edge, day: int, rows: Rows, changes: Changes, stream: bytes, position: int
) -> Edge:
    """The same for a stream that has at most one row at a time, under the empty key."""
    newest, _, now = edge
    if day == newest:
        return step(spans, edge, day, rows, changes, stream, position)
    values, old = rows.get(()), now.get(())
    if old is None:
        if values is None:
            return day, now, now
    elif values == old[1]:
        return day, now, now
    elif spans:
        ident = stream, old[0]
        changes.close(ident, position)
        changes.open(ident, position, (day, *old[1]))
    if values is None:
        return day, now, {}
    changes.open((stream, day), position, (STILL, *values) if spans else values)
    return day, now, {(): (day, values)}


def difference(old: Layout, new: Layout, changes: Changes, stream: bytes, position: int) -> None:
    """Close what is no longer so of a stream, then write what is so now."""
    for ident, values in old.items():
        if new.get(ident) != values:
            changes.close((stream, *ident[0], ident[1]), position)
    for ident, values in new.items():
        if old.get(ident) != values:
            changes.open((stream, *ident[0], ident[1]), position, values)


def days(order: Order, entries: Sequence[Entry], fold: Fold) -> Iterator[tuple[int, Any]]:
    """The state at the end of each day on which something happened, as known by all entries."""
    if order is Order.EFFECTIVE:
        yield from folded(standing(entries), fold)
    elif all(one.effective_on <= two.effective_on for one, two in pairwise(entries)):
        yield from folded(entries, fold)
    else:  # a clock went backwards: every day is folded by version over what had happened by then
        for day in sorted({entry.effective_on for entry in entries}):
            so_far = [entry for entry in entries if entry.effective_on <= day]
            *_, last = folded(so_far, fold)
            yield day_number(day), last[1]


def folded(entries: Iterable[Entry], fold: Fold) -> Iterator[tuple[int, Any]]:
    """The state at the end of each day of entries that are in order."""
    state: Any = None
    today = None
    for entry in entries:
        if today is not None and entry.effective_on > today:
            yield day_number(today), state
        today = entry.effective_on
        state = carried(fold, state, entry.event, entry.stream)
    if today is not None:
        yield day_number(today), state


def carried(fold: Fold, state: Any, event: Any, stream: UUID) -> Any:
    """The state after an event.

    Within an append a beginning may be undone before another takes its place: what would follow
    upon nothing is left out until then.
    """
    if state is None and not VOCABULARY[type(event)].opens:
        return None
    return fold(state, event, stream)


def lay_out(projection: Dated, states: Sequence[tuple[int, Any]]) -> tuple[Layout, Edge]:
    """All rows of a stream, and their edge, from its states by day."""
    layout: Layout = {}
    newest, before, now = NOTHING
    for day, state in states:
        newest, before = day, now
        now = advance(before, {} if state is None else projection.rows(state), day)
        if projection.spans:
            for key, old in before.items():
                if now.get(key) is not old:
                    layout[key, old[0]] = (day, *old[1])
        else:
            layout.update(parts(before, now, day, spans=False))
    if projection.spans:
        for key, (since, values) in now.items():
            layout[key, since] = (STILL, *values)
    return layout, (newest, before, now)
