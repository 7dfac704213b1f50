"""How a chunk gets into the store: what each database takes fastest, under the store's one lock.

A chunk's streams are nearly all new. So nobody asks the database about each of them: the chunk is
written, and if a version is taken the database says so; only then is it looked up which.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Engine, make_url

from adapters.appending import COLUMNS, EntryRow, Found, SubmissionRow, Wish
from adapters.bulk_encoding import Lines
from adapters.database import Durability, open_database
from adapters.drivers import (
    Postgres,
    PostgresTransaction,
    Sqlite,
    SqliteTransaction,
    sized,
)
from adapters.libpq import BYTES_LIST
from registry.store import Append, Receipt

#: Rows that are made ready while those before them are taken in.
ROWS_AT_ONCE = 512


class Taken(Exception):
    """Somebody has recorded one of the versions already."""


@dataclass(frozen=True)
class Envelope:
    """What all entries of a chunk have in common."""

    node: int
    officer: str
    office: str
    submission: bytes
    digest: bytes


class Desk(Protocol):
    """Where chunks are recorded, one at a time.

    `begin` takes the lock; until `commit` or `rollback` nobody else records anything.
    """

    def prepare(self, lines: Lines, envelope: Envelope) -> Any:
        """Make lines ready outside the lock."""
        ...

    def begin(self, streams: Collection[bytes], submission: bytes) -> Found:
        """Take the lock and see how things stand under it."""
        ...

    def streams(self, keys: Collection[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        ...

    def heads(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """The versions of streams; only those there are."""
        ...

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        ...

    def write(self, ready: Any, position: int, instant: int) -> None:
        """Write lines from a position on; raises Taken."""
        ...

    def commit(self, envelope: Envelope, receipt: Receipt) -> None:
        """Add the submission and let it all be seen."""
        ...

    def rollback(self) -> None:
        """Give up what was not committed, and the lock."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class DriverDesk:
    """A desk on the store's own drivers."""

    transaction: Any = None

    def __init__(self, driver: Sqlite | Postgres) -> None:
        self.driver = driver

    def begin(self, streams: Collection[bytes], submission: bytes) -> Found:
        """Take the lock and see how things stand under it."""
        self.transaction = self.driver.begin()
        found: Found = self.transaction.look(streams, [submission])
        return found

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        row: SubmissionRow = self.transaction.submission(submission)
        return row

    def commit(self, envelope: Envelope, receipt: Receipt) -> None:
        """Add the submission and let it all be seen."""
        append = Append(
            receipt.submission, envelope.officer, envelope.office, envelope.digest, receipt.answer,
            (), {},
        )  # fmt: skip
        self.transaction.write([(Wish(append), receipt)], envelope.node)
        self.rollback()

    def rollback(self) -> None:
        """Give up what was not committed, and the lock."""
        if self.transaction is not None:
            self.transaction.close()
            self.transaction = None

    def close(self) -> None:
        """Give everything back."""
        self.rollback()


class SqliteDesk(DriverDesk):
    """A desk on SQLite, by Python's own driver."""

    transaction: SqliteTransaction

    def prepare(self, lines: Lines, envelope: Envelope) -> tuple[Lines, Envelope]:
        """Nothing to make ready."""
        return lines, envelope

    def streams(self, keys: Collection[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        query = f"select {COLUMNS} from entries where stream = ? order by version"
        return [row for key in keys for row in self.transaction.connection.execute(query, (key,))]

    def heads(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """The versions of streams; only those there are."""
        query = "select max(version) from entries where stream = ?"
        found = ((key, self.transaction.connection.execute(query, (key,))) for key in keys)
        told = ((key, cursor.fetchone()[0]) for key, cursor in found)
        return {key: version for key, version in told if version is not None}

    def write(self, ready: tuple[Lines, Envelope], position: int, instant: int) -> None:
        """Write lines from a position on; raises Taken."""
        lines, envelope = ready
        connection = self.transaction.connection
        same = (instant, envelope.node, envelope.officer, envelope.office, envelope.submission)
        # What is the same in every row stands in the statement, quoted by the database itself.
        a, b, c, d, e = connection.execute(f"select {', '.join(['quote(?)'] * 5)}", same).fetchone()
        rows = zip(range(position, position + len(lines)), *lines.lists(), strict=True)
        statement = (
            f"insert into entries ({COLUMNS}) values"
            f" (?1, {a}, ?2, ?3, ?4, {b}, ?1, ?5, null, null, ?6, ?7, {c}, {d}, {e})"
        )
        try:
            connection.executemany(statement, rows)
        except sqlite3.IntegrityError as error:
            raise Taken(str(error)) from error


@dataclass
class Packed:
    """Lines in PostgreSQL's binary form, positions and instant left blank."""

    rows: Any  # u1[], all rows one after another
    starts: Any  # i8[rows + 1], where each begins, and the end

    def placed(self, position: int, instant: int) -> Iterator[memoryview]:
        """The rows with their positions, some at a time: the database takes some in meanwhile."""
        count = len(self.starts) - 1
        body, eight = memoryview(self.rows), np.arange(8)
        for first in range(0, count, ROWS_AT_ONCE):
            starts = self.starts[first : min(first + ROWS_AT_ONCE, count)]
            places = np.arange(position + first, position + first + len(starts)).astype(">i8")
            for offset in (AT_POSITION, AT_SEQUENCE):
                where = (starts + offset)[:, None] + eight
                self.rows[where] = places.view(np.uint8).reshape(-1, 8)
            where = (starts + AT_INSTANT)[:, None] + eight
            self.rows[where] = np.frombuffer(instant.to_bytes(8, "big"), np.uint8)
            yield body[starts[0] : self.starts[first + len(starts)]]


class PostgresDesk(DriverDesk):
    """A desk on PostgreSQL: COPY of rows that were packed outside the lock."""

    transaction: PostgresTransaction

    def prepare(self, lines: Lines, envelope: Envelope) -> Packed:
        """Pack every row but for its position and instant."""
        count = len(lines)
        if not count:
            return Packed(np.empty(0, np.uint8), np.zeros(1, np.int64))
        head = np.zeros(count, HEAD)
        for name, value in (*SIZES, ("origin", envelope.node)):
            head[name] = value
        head["stream"] = np.frombuffer(
            lines.stream.buffers()[2], "V16", count, 16 * lines.stream.offset
        )
        for name in ("version", "effective_on", "code"):
            head[name] = np.asarray(vars(lines)[name])
        head["state_size"] = np.asarray(pc.binary_length(lines.state))
        private = np.asarray(pc.binary_length(lines.private)).astype(">i4")
        tail = sized(envelope.officer.encode()) + sized(envelope.office.encode())
        tail += sized(envelope.submission)
        rows = pc.binary_join_element_wise(
            *(records(head), lines.state, records(private), lines.private, tail, b"")
        )
        _, ends, body = rows.cast(pa.large_binary()).buffers()
        starts = np.frombuffer(ends, np.int64, count + 1)
        # Arrow has just made these bytes and nobody else has them: they are written into.
        return Packed(np.frombuffer(body, np.uint8), starts)

    def streams(self, keys: Collection[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        query = f"select {COLUMNS} from entries where stream = any($1) order by stream, version"
        return self.transaction.lane.rows(query, (BYTES_LIST,), (list(keys),))

    def heads(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """The versions of streams; only those there are."""
        query = "select stream, max(version) from entries where stream = any($1) group by stream"
        return dict(self.transaction.lane.rows(query, (BYTES_LIST,), (list(keys),)))

    def write(self, ready: Packed, position: int, instant: int) -> None:
        """Write lines from a position on; raises Taken."""
        try:
            self.transaction.copy(f"entries ({COLUMNS})", ready.placed(position, instant))
        except psycopg.errors.UniqueViolation as error:
            raise Taken(str(error)) from error


def records(table: NDArray[Any]) -> Any:
    """Records of one size as Arrow's binary values."""
    size = table.dtype.itemsize
    ends = np.arange(0, size * len(table) + 1, size, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(table.tobytes())]
    return pa.BinaryArray.from_buffers(pa.binary(), len(table), buffers)


#: A row of PostgreSQL's binary form up to its state: each value after its size, -1 for none.
HEAD = np.dtype(
    [
        *(("columns", ">i2"), ("position_size", ">i4"), ("position", ">i8")),
        *(("instant_size", ">i4"), ("instant", ">i8"), ("stream_size", ">i4"), ("stream", "V16")),
        *(("version_size", ">i4"), ("version", ">i4"), ("day_size", ">i4")),
        *(("effective_on", ">i4"), ("origin_size", ">i4"), ("origin", ">i4")),
        *(("sequence_size", ">i4"), ("sequence", ">i8"), ("code_size", ">i4"), ("code", ">i4")),
        *(("origin_at", ">i4"), ("topic", ">i4"), ("state_size", ">i4")),
    ]
)
SIZES = (
    *(("columns", 15), ("position_size", 8), ("instant_size", 8), ("stream_size", 16)),
    *(("version_size", 4), ("day_size", 4), ("origin_size", 4), ("sequence_size", 8)),
    *(("code_size", 4), ("origin_at", -1), ("topic", -1)),
)
#: Where in a row those values stand that are known only under the lock.
PLACES = dict(HEAD.fields or {})
AT_POSITION, AT_INSTANT, AT_SEQUENCE = (
    PLACES[name][1] for name in ("position", "instant", "sequence")
)


def desk_of(engine: Engine) -> Desk:
    """A desk in the process that has the engine."""
    sqlite = engine.dialect.name == "sqlite"
    return SqliteDesk(Sqlite(engine)) if sqlite else PostgresDesk(Postgres(engine))


def desk_at(url: str, durability: Durability) -> Desk:
    """A desk in a process of its own."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        # What it brings takes a second to load, for which nobody waits on PostgreSQL.
        from adapters.bulk_adbc import AdbcDesk

        assert address.database is not None
        return AdbcDesk(address.database, durability)
    return PostgresDesk(Postgres(open_database(url, durability=durability, connections=1)))


def durability_of(engine: Engine) -> Durability:
    """What the engine's connections promise to survive."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            level = connection.exec_driver_sql("pragma synchronous").scalar()
            return "off" if level == 0 else "normal" if level == 1 else "full"
        told = connection.exec_driver_sql("show synchronous_commit").scalar()
        return "off" if told == "off" else "full"


def tidy(engine: Engine) -> None:
    """Copy the write-ahead log of SQLite, which worker processes let grow, into the database."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as lent, closing(lent.cursor()) as cursor:
            cursor.execute("pragma wal_checkpoint(truncate)")
