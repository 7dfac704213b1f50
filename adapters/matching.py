"""Read models held against the log: what is stored is what follows from the entries, row by row.

Streams are folded anew, a range of them at a time, by which every read model can be compared.
`adapters.replaying.holding` tells faster which of them have to be, where columns say what rows
there are.
"""

from __future__ import annotations

import signal
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.types import NullType

from adapters import positions
from adapters.collecting import collect_rarely
from adapters.database import open_database
from adapters.divergences import Piece, owner, piece
from adapters.eventstore import Recorder, entries
from adapters.positions import ACTIVE
from adapters.redactions import blanked_after
from registry.codec import Codec
from registry.projections import PROJECTIONS, Projection
from registry.projections.base import Steps, Values, Voidings
from registry.projections.folding import Folding
from registry.store import EntryStore, Stored
from registry.vocabulary import VOCABULARY

#: Streams that are folded together, and of how many the names are asked for at once.
RANGE, AT_ONCE = 1_000, 1_000_000
#: Positions asked for in one statement.
ASKED = 5_000
#: Parts from which on several processes are worth their start.
SHARED_FROM = 8
FIRST, END = b"", b"\xff" * 17


class Streams(NamedTuple):
    """The streams after one, up to and with another or END."""

    after: bytes
    last: bytes


class Positions(NamedTuple):
    """The positions from one until before another; None: from or to wherever there are rows."""

    first: int | None
    until: int | None


#: Rows of a read model that are compared together: of streams, or if each has a position, by that.
Part = tuple[str, Streams | Positions]


def pieces(
    engine: Engine, store: EntryStore, names: Iterable[str], after: bytes = FIRST
) -> Iterator[Piece]:
    """Compare some read models from a stream on to the end, range by range."""
    names = tuple(names)
    last = after
    while last != END:
        told = compare(engine, store, names, last)
        if not told:
            return
        yield from told
        last = told[0].last


def pieces_at_once(
    url: str, node: int, engine: Engine, passes: Iterable[Sequence[str]], processes: int = 2
) -> Iterator[Piece]:
    """The same of all streams, ranges shared out among processes that open the database by url.

    node: the register's, as its store has it. passes: read models that are compared together.
    """
    waiting: deque[Future[list[Piece]]] = deque()
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(url, node)
    ) as pool:
        for names in passes:
            for some in ranges(engine, names):
                waiting.append(pool.submit(_compare, names, some))
                if len(waiting) > 2 * processes:
                    yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def pieces_of(
    url: str,
    node: int,
    engine: Engine,
    store: EntryStore,
    parts: Sequence[Part],
    processes: int = 2,
) -> Iterator[list[Piece]]:
    """Compare some parts of read models, one after the other; where they are many, by processes."""
    if len(parts) < SHARED_FROM:
        for one in parts:
            yield compare_part(engine, store, one)
        return
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(url, node)
    ) as pool:
        yield from pool.map(_compare_part, parts)


def compare_part(engine: Engine, store: EntryStore, part: Part) -> list[Piece]:
    """Compare a part of a read model, nothing if that is not filled yet."""
    name, where = part
    if isinstance(where, Streams):
        return compare(engine, store, [name], where.after, until=where.last)
    return compare_positions(engine, store, name, where)


class Range(NamedTuple):
    """The streams after one, up to and with another or END: those that there were at a position.

    Whoever looks for them again pays once more for going through all entries.
    """

    after: bytes
    last: bytes
    keys: Sequence[bytes]
    position: int


def ranges(engine: Engine, names: Sequence[str]) -> Iterator[Range]:
    """Ranges of streams that together are all."""
    after = FIRST
    while after != END:
        with snapshot(engine) as connection:
            head = connection.execute(select(func.max(entries.c.position))).scalar_one() or 0
            query = beginnings(names, after).limit(AT_ONCE)
            keys = [bytes(key) for (key,) in connection.execute(query)]
        for first in range(0, max(1, len(keys)), RANGE):
            some = keys[first : first + RANGE]
            rest = first + RANGE >= len(keys) and len(keys) < AT_ONCE
            last = END if rest else some[-1]
            yield Range(after, last, some, head)
            after = last


def beginnings(names: Sequence[str], after: bytes) -> Select[Any]:
    """The streams after one that read models tell of, in order."""
    models = [PROJECTIONS[name] for name in names]
    words = [word for word in VOCABULARY.values() if any(word.kind in one.kinds for one in models)]
    if all(isinstance(one, Voidings) for one in models):  # few streams have anything that fell
        codes = {word.code for word in words if word.voids or word.corrects}
        query = select(entries.c.stream).distinct()
    else:
        codes = {word.code for word in words}
        query = select(entries.c.stream).where(entries.c.version == 1)
    there = (entries.c.stream > after, entries.c.code.in_(codes))
    return query.where(*there).order_by(entries.c.stream)


@dataclass
class _Opened:
    """What a process that compares has open."""

    engine: Engine | None = None
    store: EntryStore | None = None


_OPENED = _Opened()


def _open(url: str, node: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends who shares out, and so us
    collect_rarely()
    _OPENED.engine = open_database(url)
    _OPENED.store = Recorder(_OPENED.engine, node=node)


def _compare(names: Sequence[str], some: Range) -> list[Piece]:
    assert _OPENED.engine is not None, "a process begins by opening the database"
    assert _OPENED.store is not None, "a process begins by opening the database"
    engine, store = _OPENED.engine, _OPENED.store
    return compare(engine, store, names, some.after, until=some.last, known=some)


def _compare_part(part: Part) -> list[Piece]:
    assert _OPENED.engine is not None, "a process begins by opening the database"
    assert _OPENED.store is not None, "a process begins by opening the database"
    return compare_part(_OPENED.engine, _OPENED.store, part)


def compare(
    engine: Engine,
    store: EntryStore,
    names: Sequence[str],
    after: bytes,
    limit: int = RANGE,
    until: bytes | None = None,
    look: int | None = None,
    known: Range | None = None,
) -> list[Piece]:
    """Compare the streams after one; read models that are not filled yet are left out.

    Left out as well are streams of which something was blanked that the read model has yet to
    follow. until: the last stream that is compared; None: as many as `limit` says. look: how many
    streams of any kind are looked at for them at most; None: until there are as many or no more.
    known: the streams up to `until`, as far as they are known.
    """
    models = [PROJECTIONS[name] for name in names]
    with snapshot(engine) as connection:
        standing = {
            one.name: one.position
            for one in positions.standings(connection)
            if one.name in names and one.state == ACTIVE
        }
        query = beginnings(names, after)
        end = until if until is not None or look is None else further(connection, after, look)
        if end is not None:
            query = query.where(entries.c.stream <= end)
        if known is not None:
            query = query.where(entries.c.position > known.position)
        keys = [bytes(key) for (key,) in connection.execute(query.limit(None if until else limit))]
        last = keys[-1] if until is None and len(keys) == limit else end or END
        if known is not None:
            keys = sorted({*known.keys, *keys})
        streams = store.rows_of(keys)
        models = [one for one in models if one.name in standing]
        batches = {
            position: [one for told in streams.values() for one in told if one.position <= position]
            for position in {standing[one.name] for one in models}
        }
        stored = {
            one.name: stored_rows(connection, one, batches[standing[one.name]], after, last)
            for one in models
        }
    expected: dict[str, list[Values]] = {}
    for position, batch in batches.items():
        together = [one for one in models if standing[one.name] == position]
        expected.update(expected_rows(together, batch, store))
    return [
        judged(
            engine, one, last, standing[one.name], len(keys), stored[one.name], expected[one.name]
        )
        for one in models
    ]


def compare_positions(
    engine: Engine, store: EntryStore, name: str, where: Positions
) -> list[Piece]:
    """Compare the rows of a read model of steps that stand at some positions."""
    model = PROJECTIONS[name]
    with snapshot(engine) as connection:
        standing = positions.standings(connection)
        if not (found := [one for one in standing if (one.name, one.state) == (name, ACTIVE)]):
            return []
        position = found[0].position
        stored = _rows(connection, as_stored(model.table).where(within(model.table, where)))
        codes = {word.code for word in VOCABULARY.values() if word.kind in model.kinds}
        query = select(entries.c.stream).distinct()
        query = query.where(within(entries, where), entries.c.code.in_(codes))
        keys = sorted(bytes(key) for (key,) in connection.execute(query))
        streams = store.rows_of(keys)
    batch = [one for told in streams.values() for one in told if one.position <= position]
    first, until = where.first or -1, where.until or position + 1
    place = model.columns.index("position")
    expected = [
        row for row in expected_rows([model], batch, store)[name] if first <= row[place] < until
    ]
    return [judged(engine, model, END, position, len(keys), stored, expected)]


def within(table: Any, where: Positions) -> ColumnElement[bool]:
    """Whether rows stand at some positions; those at none are told with the last."""
    column = table.c.position
    if where.until is None:
        none = or_(column < 0, column.is_(None))
        return true() if where.first is None else or_(column >= where.first, none)
    first = 0 if where.first is None else where.first
    return and_(column >= first, column < where.until)


def judged(
    engine: Engine,
    model: Projection,
    last: bytes,
    position: int,
    streams: int,
    stored: Sequence[Values],
    expected: Sequence[Values],
) -> Piece:
    """Compare rows, save those of streams of which something is blanked that is to be followed."""
    found = piece(model, last, position, streams, stored, expected)
    if not found.equal and (waiting := waiting_for(engine, position)):
        place = model.columns.index(owner(model))
        rest = ([row for row in its if row[place] not in waiting] for its in (stored, expected))
        found = piece(model, last, position, streams, *rest)
    return found


def waiting_for(engine: Engine, position: int) -> set[bytes]:
    """The streams, by their bytes, of which something was blanked after a position.

    In the store it is gone already; in a read model that stands there it is not yet.
    """
    with engine.connect() as connection:
        return blanked_after(connection, position)


def further(connection: Connection, after: bytes, count: int) -> bytes | None:
    """The stream so many further on, of whatever kind; None where there are fewer."""
    query = select(entries.c.stream).where(entries.c.stream > after, entries.c.version == 1)
    query = query.order_by(entries.c.stream).limit(1).offset(count - 1)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)


class Garbled(NamedTuple):
    """Bytes that SQLite holds for a text and that are none; like nothing that a column may hold."""

    bytes: bytes


def text_of(stored: bytes) -> str | Garbled:
    """A text as SQLite stores it, whatever a disk has made of it."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return Garbled(stored)


class snapshot:
    """A connection whose every statement sees the same rows, and which writes nothing.

    What SQLite holds for a text and is none is told as Garbled.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Connection:
        self._connection = self._engine.connect()
        if self._engine.dialect.name == "postgresql":
            self._connection = self._connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._reads_as(text_of)
        return self._connection

    def __exit__(self, *error: object) -> None:
        self._connection.rollback()
        self._reads_as(str)
        self._connection.close()

    def _reads_as(self, text: Callable[[bytes], Any]) -> None:
        driver = self._connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.text_factory = text


@cache
def codec() -> Codec:
    """The codec of the vocabulary; making one takes longer than a range."""
    return Codec()


def expected_rows(
    models: Collection[Projection], batch: Sequence[Stored], store: EntryStore
) -> dict[str, list[Values]]:
    """The rows of read models that follow from whole streams."""
    found = Folding(models, codec(), store.rows_of, 1).fold(batch, whole=True)
    for changes in found.values():
        assert not changes.closed, "whole streams close nothing that was there before"
    return {name: changes.rows() for name, changes in found.items()}


def stored_rows(
    connection: Connection,
    model: Projection,
    batch: Sequence[Stored],
    after: bytes,
    last: bytes,
) -> list[Values]:
    """The rows that are stored of the streams after one, up to and with another."""
    if isinstance(model, Steps):
        return list(_steps(connection, model, batch, last == END))
    stream = model.table.c[owner(model)]
    query = as_stored(model.table)
    if after != FIRST:
        query = query.where(stream > after)
    if last != END:
        first = after == FIRST  # with which goes what is no stream
        query = query.where(or_(stream <= last, stream.is_(None)) if first else stream <= last)
    return _rows(connection, query)


def _steps(
    connection: Connection, model: Steps, batch: Sequence[Stored], rest: bool
) -> Iterator[Values]:
    """Steps have their place by position: those of the entries, and in the end those of none."""
    table = model.table
    about = {word.code for word in VOCABULARY.values() if word.kind in model.kinds}
    places = sorted(one.position for one in batch if one.code in about)
    for first in range(0, len(places), ASKED):
        asked = places[first : first + ASKED]
        yield from _rows(connection, as_stored(table).where(table.c.position.in_(asked)))
    if rest:
        yield from _rows(connection, _strays(table, about))


def _strays(table: Table, about: Collection[int]) -> Select[Any]:
    """Steps at positions where nothing was recorded, or nothing of their kinds."""
    return (
        as_stored(table)
        .outerjoin(entries, entries.c.position == table.c.position)
        .where(or_(entries.c.position.is_(None), entries.c.code.not_in(about)))
    )


def as_stored(table: Any) -> Select[Any]:
    """All rows of a table, with whatever stands in a column: SQLite lets values of any type."""
    columns: Any = [type_coerce(column, NullType()) for column in table.columns]
    query: Select[Any] = select(*columns).select_from(table)
    return query


def _rows(connection: Connection, query: Select[Any]) -> list[Values]:
    return [
        tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)
        for row in connection.execute(query)
    ]
