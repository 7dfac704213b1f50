"""The invariants of a store, held against what its tables say: read-only.

Entries are looked at one by one here; `adapters.walking` does the same of a long store in bulk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Integer, cast, func, inspect, literal_column, or_, select

from adapters import positions
from adapters.eventstore import Recorder, entries, submissions
from registry.codec import check_parts
from registry.store import StoredEntry
from registry.values import day_number
from registry.vocabulary import VOCABULARY

#: Entries read at once.
PAGE = 5_000
#: Faults of one rule that are listed; a broken store has millions.
LISTED = 20


@dataclass(frozen=True)
class Broken:
    """A rule of the store that does not hold somewhere."""

    rule: str
    where: str
    message: str


@dataclass(frozen=True)
class Inspection:
    """What was looked at, and what does not hold."""

    entries: int
    streams: int
    faults: tuple[Broken, ...]


class Place(NamedTuple):
    """Where an entry stands, and when it was recorded, microseconds UTC."""

    position: int
    recorded_at: int


#: Before the first entry.
NOWHERE = Place(0, 0)


@dataclass
class Seen:
    """What was seen of all entries up to `head`: how many there are, and the first faults."""

    head: int
    entries: int = 0
    faults: dict[str, list[Broken]] = field(default_factory=dict)

    def note(self, found: Iterable[Broken]) -> None:
        """Keep faults, the first of each rule."""
        for fault in found:
            listed = self.faults.setdefault(fault.rule, [])
            if len(listed) < LISTED:
                listed.append(fault)


def look(store: Recorder, progress: Callable[[int], None] = lambda position: None) -> Seen:
    """Look at every entry up to the head as it is now, one by one.

    progress: told the position reached.
    """
    seen, last, reached = Seen(store.head()[0]), NOWHERE, 0
    while reached < seen.head:
        for entry in store.page(reached, PAGE, seen.head):
            place = Place(entry.position, entry.recorded_at)
            seen.note(order_faults(last, place))
            seen.note(own_faults(entry))
            last, seen.entries = place, seen.entries + 1
        reached = min(reached + PAGE, seen.head)
        progress(reached)
    return seen


def inspect_store(engine: Engine, store: Recorder, seen: Seen | None = None) -> Inspection:
    """Everything about a store: what was seen of its entries, its streams and its submissions."""
    seen = look(store) if seen is None else seen
    with engine.connect() as connection:
        if seen.entries != seen.head:
            many = f"{seen.entries} entries"
            seen.note([Broken("position-gap", f"positions 1 to {seen.head}", many)])
        streams, uneven = _streams(connection)
        if uneven:
            seen.note(_stream_faults(connection, seen.head))
        seen.note(_submission_faults(connection, seen.head))
        seen.note(_projection_faults(connection))
    told = (one for listed in seen.faults.values() for one in listed)
    return Inspection(seen.entries, streams, tuple(told))


def order_faults(last: Place, here: Place) -> Iterator[Broken]:
    """What is wrong between an entry and the one before it."""
    where = f"position {here.position}"
    if here.position != last.position + 1:
        yield Broken("position-gap", where, f"comes after position {last.position}")
    if here.recorded_at < last.recorded_at:
        yield Broken("instant-decreases", where, "was recorded before the entry before it")


_STATE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_CODES = {word.code for word in VOCABULARY.values()}


def own_faults(entry: StoredEntry) -> Iterator[Broken]:
    """What is wrong with an entry itself; those of other vocabularies are left alone."""
    where = f"position {entry.position}"
    if entry.code is None:
        return
    if entry.code not in _CODES:
        yield Broken("unknown-code", where, f"event code {entry.code} is not in the vocabulary")
    if not entry.state.endswith(b"\n") or b"\n" in entry.state[:-1]:
        yield Broken("not-one-line", where, "the state half is not one line")
    try:
        stated = msgspec.json.decode(_STATE(entry.state)["effective_on"])
        if entry.effective_on != _day(stated):
            yield Broken("other-day", where, f"its column and its state ({stated}) differ")
        for part in check_parts(entry.state, entry.private):
            yield Broken("digest", where, f"the private part {part!r} is not the one recorded")
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        yield Broken("unreadable", where, f"its bytes cannot be read: {error}")


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def _streams(connection: Connection) -> tuple[int, bool]:
    """How many streams there are, and whether the versions of one of them may have a gap.

    Told by an index alone, which has neither positions nor codes: of all entries there are now.
    """
    version = entries.c.version
    low, high, many = func.min(version), func.max(version), func.count()
    uneven = cast(or_(low != 1, high != many), Integer).label("uneven")
    each = select(uneven).group_by(entries.c.stream).subquery()
    query = select(func.count(), func.coalesce(func.sum(each.c.uneven), literal_column("0")))
    streams, wrong = connection.execute(query.select_from(each)).one()
    return int(streams), bool(wrong)


def _stream_faults(connection: Connection, head: int) -> Iterator[Broken]:
    first, last = func.min(entries.c.version), func.max(entries.c.version)
    query = (
        select(entries.c.stream, first, last, func.count())
        .where(entries.c.position <= head, entries.c.code.is_not(None))
        .group_by(entries.c.stream)
        .having((first != 1) | (last != func.count()))
        .limit(LISTED)
    )
    for stream, low, high, count in connection.execute(query):
        message = f"{count} entries with versions {low} to {high}"
        yield Broken("version-gap", f"stream {bytes(stream).hex()}", message)


def _submission_faults(connection: Connection, head: int) -> Iterator[Broken]:
    entered = (
        select(
            entries.c.submission.label("id"),
            func.min(entries.c.position).label("first"),
            func.count().label("count"),
        )
        .where(entries.c.submission.is_not(None), entries.c.position <= head)
        .where(entries.c.origin_at.is_(None))
        .group_by(entries.c.submission)
        .subquery()
    )
    told = submissions
    query = (
        select(entered.c.id, entered.c.first, entered.c.count, told.c.first, told.c.count)
        .outerjoin(told, told.c.id == entered.c.id)
        .where(
            told.c.id.is_(None)
            | (told.c.first != entered.c.first)
            | (told.c.count != entered.c.count)
        )
        .limit(LISTED)
    )
    for key, first, count, said_first, said_count in connection.execute(query):
        where = f"submission {bytes(key).hex()}"
        if said_count is None:
            yield Broken("submission-lost", where, "has entries and no row of its own")
        else:
            message = f"says {said_count} entries from {said_first}, has {count} from {first}"
            yield Broken("submission-differs", where, message)


def _projection_faults(connection: Connection) -> Iterator[Broken]:
    if not inspect(connection).has_table(positions.projections.name):
        return
    # The head is asked after the positions: what moves meanwhile moves the harmless way.
    standings = positions.standings(connection)
    head = connection.execute(select(func.coalesce(func.max(entries.c.position), 0))).scalar_one()
    for one in standings:
        if one.position > head:
            message = f"stands at {one.position}, ahead of the log, which ends at {head}"
            yield Broken("ahead-of-log", f"read model {one.name}", message)
