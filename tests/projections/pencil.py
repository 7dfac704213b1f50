"""A clerk with a pencil: tables in memory, and every answer from the definition of history."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import AGGREGATES
from registry.codec import Codec
from registry.entry import EVERYTHING, Entry
from registry.history import effective
from registry.projections import PROJECTIONS, At
from registry.projections.base import Dated, Projection, Rows, Steps, Values
from registry.projections.changes import Changes
from registry.projections.folding import Folding
from registry.projections.packed import PackedFold
from registry.store import StoredEntry
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order
from tests.strategies import Log

CODEC = Codec()
SALT = bytes(16)


def stored(entries: Iterable[Entry]) -> list[StoredEntry]:
    """Entries as the store keeps them."""
    return [CODEC.stored(entry, lambda: SALT) for entry in entries]


class Tables:
    """Tables in memory, which insist that what is closed is there and open."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Values, dict[str, Any]]] = {name: {} for name in PROJECTIONS}

    def apply(self, changes: Mapping[str, Changes]) -> None:
        """Write what a batch changes."""
        for name, told in changes.items():
            projection, rows = PROJECTIONS[name], self.rows[name]
            for *closed, position in told.closed:
                (found,) = [
                    row
                    for row in rows.values()
                    if tuple(row[column] for column in projection.ident) == tuple(closed)
                    and row["known_until"] == EVERYTHING
                ]
                found["known_until"] = position
            for values in told.rows():
                row = dict(zip(projection.columns, values, strict=True))
                since = row.get("known_from", 0)
                ident = (*(row[column] for column in projection.ident), since)
                assert ident not in rows, f"{name}: written twice"
                rows[ident] = row

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows, in an order of their own."""
        return {
            name: sorted((tuple(row.values()) for row in rows.values()), key=repr)
            for name, rows in self.rows.items()
        }

    def visible(self, projection: Dated, stream: UUID, at: At) -> dict[Any, Values]:
        """A stream's rows at a point on both clocks, by key."""
        own = projection.ident[0]
        rows = [
            row
            for row in self.rows[projection.name].values()
            if row[own] == stream.bytes
            and row["known_from"] <= at.known < row["known_until"]
            and row["valid_from"] <= at.day
            and (not projection.spans or at.day < row["valid_until"])
        ]
        if not projection.spans:
            rows = sorted(rows, key=lambda row: int(row["valid_from"]))[-1:]
        width = len(projection.ident) + 2 + projection.spans
        found = {
            tuple(row[column] for column in projection.ident[1:-1]): tuple(row.values())[width:]
            for row in rows
        }
        assert len(found) == len(rows), "two rows of one key on one day"
        return found


def folded(
    entries: Sequence[Entry],
    sizes: Iterable[int],
    cached: int = 1000,
    projections: Iterable[Projection] = PROJECTIONS.values(),
) -> Tables:
    """Tables after a log that came in batches of some sizes."""
    log = stored(entries)
    streams: dict[bytes, list[StoredEntry]] = {}
    for entry in log:
        streams.setdefault(entry.key, []).append(entry)
    folding = Folding(
        list(projections), CODEC, lambda ids: {one: streams[one] for one in ids}, cached
    )
    tables = Tables()
    start = 0
    for size in sizes:
        batch = log[start : start + size]
        if batch:
            tables.apply(folding.fold(batch))
        start += size
    if log[start:]:
        tables.apply(folding.fold(log[start:]))
    return tables


def naive_rows(projection: Dated, entries: Sequence[Entry], at: At) -> Rows:
    """A stream's rows at a point on both clocks, from the definition of its history."""
    if not entries:
        return {}
    kind = VOCABULARY[type(entries[0].event)].kind
    if ORDERS[kind] is Order.EFFECTIVE:
        history = effective(entries, at.valid_on, at.known)
    else:
        history = [
            one for one in entries if one.position <= at.known and one.effective_on <= at.valid_on
        ]
    fold, packed = projection.fold, False
    if isinstance(fold, PackedFold):
        fold, packed = fold.shape.evolve, True
    state: Any = None
    for entry in history:
        if state is not None or VOCABULARY[type(entry.event)].opens:
            state = fold(state, entry.event, entry.stream)
    if state is None:
        return {}
    return projection.rows(as_columns(state) if packed else state)


def as_columns(state: Any) -> Any:
    """A state as a table holds it, by a way of its own."""
    told = {name: value for name, value in vars(state).items() if name != "id"}
    for name, value in told.items():
        match value:
            case UUID():
                told[name] = value.bytes
            case date():
                told[name] = (value - date(1880, 1, 1)).days
            case int():
                told[name] = int(value)
    return namedtuple("Columns", told)(**told)


def state_of(kind: Kind, log: Log, stream: UUID, at: At) -> Any:
    """The state of a stream at a point on both clocks."""
    history = effective(log.streams.get(stream, []), at.valid_on, at.known)
    return AGGREGATES[kind].fold(history)


def points(log: Log) -> list[At]:
    """Points on both clocks worth looking at: around what happened, and at the edges."""
    days = sorted({entry.effective_on for entry in log.entries} | {log.today, date(1999, 1, 1)})
    head = len(log.entries)
    positions = sorted({0, head, *range(1, head, max(1, head // 8))})
    few = days[:: max(1, len(days) // 8)] + days[-2:]
    return [At(day, known) for day in few for known in positions]


__all__ = ["Steps", "Tables", "folded", "naive_rows", "points", "state_of", "stored"]
