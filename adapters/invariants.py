"""The invariants of a store, held against what its tables say: read-only, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy import Connection, Engine, func, inspect, select

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


def inspect_store(
    engine: Engine, store: Recorder, progress: Callable[[int], None] = lambda position: None
) -> Inspection:
    """Look at every entry up to the head as it is now.

    progress: told the position reached.
    """
    head, _ = store.head()
    faults: dict[str, list[Broken]] = {}
    count = 0

    def note(found: Iterator[Broken]) -> None:
        for fault in found:
            listed = faults.setdefault(fault.rule, [])
            if len(listed) < LISTED:
                listed.append(fault)

    last = StoredEntry("", 0, "", b"")
    reached = 0
    while reached < head:
        for entry in store.page(reached, PAGE, head):
            note(_entry_faults(last, entry))
            last, count = entry, count + 1
        reached = min(reached + PAGE, head)
        progress(reached)
    with engine.connect() as connection:
        if count != head:
            note(iter([Broken("position-gap", f"positions 1 to {head}", f"{count} entries")]))
        streams = _streams(connection, head)
        note(_stream_faults(connection, head))
        note(_submission_faults(connection, head))
        note(_projection_faults(connection))
    return Inspection(count, streams, tuple(one for listed in faults.values() for one in listed))


_STATE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_CODES = {word.code for word in VOCABULARY.values()}


def _entry_faults(last: StoredEntry, entry: StoredEntry) -> Iterator[Broken]:
    where = f"position {entry.position}"
    if entry.position != last.position + 1:
        yield Broken("position-gap", where, f"comes after position {last.position}")
    if entry.recorded_at < last.recorded_at:
        yield Broken("instant-decreases", where, "was recorded before the entry before it")
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


def _streams(connection: Connection, head: int) -> int:
    query = select(func.count(func.distinct(entries.c.stream))).where(entries.c.position <= head)
    return int(connection.execute(query).scalar_one())


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
