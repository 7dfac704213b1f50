"""Read models held against the log: what is stored is what follows from the entries, row by row.

A range of streams is folded anew and compared by digest; where digests differ the rows do, and the
position from which a row should have been another names the first entry that was not followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import msgspec
from blake3 import blake3
from sqlalchemy import Connection, Engine, Select, Table, or_, select

from adapters import positions
from adapters.collecting import collect_rarely
from adapters.database import open_database
from adapters.eventstore import Recorder, entries
from adapters.positions import ACTIVE
from adapters.redactions import blanked_after
from registry.codec import Codec, encode_value
from registry.projections import PROJECTIONS, Projection
from registry.projections.base import Steps, Values
from registry.projections.folding import Folding
from registry.store import EntryStore, Stored
from registry.vocabulary import VOCABULARY

#: Streams that are folded together.
RANGE = 1_000
#: Positions asked for in one statement.
ASKED = 5_000
#: Divergences that are listed of one range; a table that was lost has millions.
LISTED = 20
FIRST, END = b"", b"\xff" * 17

_pack = msgspec.msgpack.Encoder(enc_hook=encode_value).encode


@dataclass(frozen=True)
class Divergence:
    """A row that does not follow from the log.

    stream: whose row it is. position: the first entry after which table and log part. columns: in
    which they do; empty where a row is missing or should not be there.
    """

    model: str
    stream: UUID
    position: int
    what: str  # missing, surplus or different
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words, without any value."""
        where = f"{self.model}: stream {self.stream}, since position {self.position}"
        return f"{where}: row is {self.what} {', '.join(self.columns)}".rstrip()


@dataclass(frozen=True)
class Piece:
    """A range of streams of one read model, compared.

    last: the last stream of the range, END if there is none after it. position: where the read
    model stood. stored, expected: digests of the rows in order.
    """

    model: str
    last: bytes
    position: int
    streams: int
    rows: int
    stored: bytes
    expected: bytes
    divergences: tuple[Divergence, ...]

    @property
    def equal(self) -> bool:
        """Whether every row follows from the log."""
        return self.stored == self.expected and not self.divergences


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
    url: str, node: int, engine: Engine, names: Iterable[str], processes: int = 2
) -> Iterator[Piece]:
    """The same of all streams, ranges shared out among processes that open the database by url.

    node: the register's, as its store has it.
    """
    names = tuple(names)
    waiting: deque[Future[list[Piece]]] = deque()
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(url, node)
    ) as pool:
        for after, until in ranges(engine, names):
            waiting.append(pool.submit(_compare, names, after, until))
            if len(waiting) > 2 * processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def ranges(engine: Engine, names: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
    """Ranges of streams that together are all: the stream before each, and its last or END."""
    after = FIRST
    while after != END:
        with snapshot(engine) as connection:
            query = beginnings(names, after).limit(1).offset(RANGE - 1)
            found = connection.execute(query).scalar_one_or_none()
        until = END if found is None else bytes(found)
        yield after, until
        after = until


def beginnings(names: Sequence[str], after: bytes) -> Select[Any]:
    """The streams after one that read models tell of, in order."""
    models = [PROJECTIONS[name] for name in names]
    codes = {word.code for word in VOCABULARY.values() for one in models if word.kind in one.kinds}
    return (
        select(entries.c.stream)
        .where(entries.c.stream > after, entries.c.version == 1, entries.c.code.in_(codes))
        .order_by(entries.c.stream)
    )


@dataclass
class _Opened:
    """What a process that compares has open."""

    engine: Engine | None = None
    store: EntryStore | None = None


_OPENED = _Opened()


def _open(url: str, node: int) -> None:
    collect_rarely()
    _OPENED.engine = open_database(url)
    _OPENED.store = Recorder(_OPENED.engine, node=node)


def _compare(names: Sequence[str], after: bytes, until: bytes) -> list[Piece]:
    assert _OPENED.engine is not None, "a process begins by opening the database"
    assert _OPENED.store is not None, "a process begins by opening the database"
    return compare(_OPENED.engine, _OPENED.store, names, after, until=until)


def compare(
    engine: Engine,
    store: EntryStore,
    names: Sequence[str],
    after: bytes,
    limit: int = RANGE,
    until: bytes | None = None,
    look: int | None = None,
) -> list[Piece]:
    """Compare the streams after one; read models that are not filled yet are left out.

    Left out as well are streams of which something was blanked that the read model has yet to
    follow. until: the last stream that is compared; None: as many as `limit` says. look: how many
    streams of any kind are looked at for them at most; None: until there are as many or no more.
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
        keys = [bytes(key) for (key,) in connection.execute(query.limit(None if until else limit))]
        last = keys[-1] if until is None and len(keys) == limit else end or END
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
    told = []
    for one in models:
        position, rows = standing[one.name], (stored[one.name], expected[one.name])
        found = piece(one, last, position, len(keys), *rows)
        if not found.equal and (waiting := waiting_for(engine, position)):
            place = one.columns.index(owner(one))
            rest = ([row for row in its if bytes(row[place]) not in waiting] for its in rows)
            found = piece(one, last, position, len(keys), *rest)
        told.append(found)
    return told


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


class snapshot:
    """A connection whose every statement sees the same rows, and which writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Connection:
        self._connection = self._engine.connect()
        if self._engine.dialect.name == "postgresql":
            self._connection = self._connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        return self._connection

    def __exit__(self, *error: object) -> None:
        self._connection.rollback()
        self._connection.close()


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
    query = select(model.table).where(stream > after)
    if last != END:
        query = query.where(stream <= last)
    return _rows(connection, query)


def owner(model: Projection) -> str:
    """The column that names the stream of a row."""
    return model.stream if isinstance(model, Steps) else model.columns[0]


def _steps(
    connection: Connection, model: Steps, batch: Sequence[Stored], rest: bool
) -> Iterator[Values]:
    """Steps have their place by position: those of the entries, and in the end those of none."""
    table = model.table
    about = {word.code for word in VOCABULARY.values() if word.kind in model.kinds}
    places = sorted(one.position for one in batch if one.code in about)
    for first in range(0, len(places), ASKED):
        asked = places[first : first + ASKED]
        yield from _rows(connection, select(table).where(table.c.position.in_(asked)))
    if rest:
        yield from _rows(connection, _strays(table, about))


def _strays(table: Table, about: Collection[int]) -> Select[Any]:
    """Steps at positions where nothing was recorded, or nothing of their kinds."""
    return (
        select(table)
        .outerjoin(entries, entries.c.position == table.c.position)
        .where(or_(entries.c.position.is_(None), entries.c.code.not_in(about)))
    )


def _rows(connection: Connection, query: Select[Any]) -> list[Values]:
    return [
        tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)
        for row in connection.execute(query)
    ]


def piece(
    model: Projection,
    last: bytes,
    position: int,
    streams: int,
    stored: Sequence[Values],
    expected: Sequence[Values],
) -> Piece:
    """Compare the rows of a range: by digest first, then one by one."""
    digests = [digest(rows) for rows in (stored, expected)]
    parted: tuple[Divergence, ...] = ()
    if digests[0] != digests[1]:
        parted = tuple(sorted(divergences(model, stored, expected), key=lambda one: one.position))
    return Piece(
        model.name,
        last,
        position,
        streams,
        len(stored),
        digests[0],
        digests[1],
        parted[:LISTED],
    )


def digest(rows: Collection[Values]) -> bytes:
    """BLAKE3 of rows in the order of their bytes."""
    found = blake3()
    for row in sorted(map(_pack, rows)):
        found.update(row)
    return found.digest()


def divergences(
    model: Projection, stored: Sequence[Values], expected: Sequence[Values]
) -> Iterator[Divergence]:
    """Every row that is missing, should not be there, or says something else."""
    columns = model.columns
    key = [columns.index(name) for name in (*model.ident, *since(model))]
    mine = by_key(stored, key)
    theirs = by_key(expected, key)
    place = columns.index(owner(model))
    for ident in mine.keys() | theirs.keys():
        here, there = mine.get(ident), theirs.get(ident)
        if here == there:
            continue
        row = here if here is not None else there
        assert row is not None
        stream = UUID(bytes=row[place])
        if here is None or there is None:
            what = "surplus" if there is None else "missing"
            yield Divergence(model.name, stream, begun(columns, row), what)
            continue
        apart = tuple(name for name, a, b in zip(columns, here, there, strict=True) if a != b)
        position = begun(columns, row)
        if apart == ("known_until",):  # both were right until the first of them was closed
            until = columns.index("known_until")
            position = min(here[until], there[until])
        yield Divergence(model.name, stream, position, "different", apart)


def since(model: Projection) -> tuple[str, ...]:
    """What names a row beside its ident, where rows are closed and written again."""
    return ("known_from",) if "known_from" in model.columns else ()


def begun(columns: Sequence[str], row: Values) -> int:
    """The position from which a row says something."""
    name = "known_from" if "known_from" in columns else "position"
    return int(row[columns.index(name)])


def by_key(rows: Iterable[Values], key: Sequence[int]) -> Mapping[Values, Values]:
    """Rows by what names them."""
    return {tuple(row[place] for place in key): row for row in rows}
