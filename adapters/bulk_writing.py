"""How a chunk gets into the store: what each database takes fastest, under the store's one lock.

A chunk's streams are nearly all new. So nobody asks the database about each of them: the chunk is
written, and if a version is taken the database says so; only then is it looked up which.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Engine, make_url

from adapters.appending import COLUMNS, SUBMISSION_COLUMNS, EntryRow, Found, SubmissionRow, Wish
from adapters.bulk_encoding import Lines
from adapters.database import PATIENCE_S, Durability, open_database
from adapters.drivers import (
    COPY_BYTES,
    Keys,
    Postgres,
    PostgresTransaction,
    Sqlite,
    SqliteTransaction,
    sized,
)
from registry.store import Append, Receipt


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
    starts: Any  # i8[], where each begins


class PostgresDesk(DriverDesk):
    """A desk on PostgreSQL: COPY of rows that were packed outside the lock."""

    transaction: PostgresTransaction

    def prepare(self, lines: Lines, envelope: Envelope) -> Packed:
        """Pack every row but for its position and instant."""
        count = len(lines)
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
        starts = np.frombuffer(ends, np.int64, count)
        return Packed(np.frombuffer(body, np.uint8).copy(), starts)

    def streams(self, keys: Collection[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        cursor = self.transaction.cursor
        query = f"select {COLUMNS} from entries where stream = any(%b) order by stream, version"
        cursor.execute(query, (Keys(keys),))
        return cursor.fetchall()

    def heads(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """The versions of streams; only those there are."""
        cursor = self.transaction.cursor
        query = "select stream, max(version) from entries where stream = any(%b) group by stream"
        cursor.execute(query, (Keys(keys),))
        return dict(cursor.fetchall())

    def write(self, ready: Packed, position: int, instant: int) -> None:
        """Write lines from a position on; raises Taken."""
        count = len(ready.starts)
        places = np.arange(position, position + count).astype(">i8").view(np.uint8)
        for offset in (AT_POSITION, AT_SEQUENCE):
            where = (ready.starts + offset)[:, None] + np.arange(8)
            ready.rows[where] = places.reshape(count, 8)
        where = (ready.starts + AT_INSTANT)[:, None] + np.arange(8)
        ready.rows[where] = np.frombuffer(instant.to_bytes(8, "big"), np.uint8)
        body = memoryview(ready.rows)
        pieces = (bytes(body[at : at + COPY_BYTES]) for at in range(0, len(body), COPY_BYTES))
        try:
            self.transaction.copy(f"entries ({COLUMNS})", pieces)
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


class AdbcDesk:
    """A desk on SQLite by ADBC, twice as fast as Python's own driver.

    It brings a SQLite of its own, and two of them in one process do not see each other's locks: so
    it is used only in processes that open the database in no other way.
    """

    LOCK = "update entries set position = position where position = -1"  # touches no row

    def __init__(self, path: str, durability: Durability) -> None:
        self.connection = adbc_driver_sqlite.dbapi.connect(path, autocommit=True)
        self.cursor = self.connection.cursor()
        for setting in (
            f"busy_timeout = {PATIENCE_S * 1000}",
            f"synchronous = {durability}",
            "temp_store = memory",
            "cache_size = -131072",  # KiB: the index is written all over
            "wal_autocheckpoint = 16384",  # pages: it is copied into the database less often
            "trusted_schema = off",
        ):
            self.ask(f"pragma {setting}")
        self.connection.adbc_connection.set_autocommit(False)

    def ask(self, query: str, values: Sequence[object] | None = None) -> list[Any]:
        """Run a statement to its end."""
        self.cursor.execute(query, values)
        return self.cursor.fetchall()

    def prepare(self, lines: Lines, envelope: Envelope) -> pa.Table:
        """Make Arrow columns of what is known outside the lock."""
        count = len(lines)
        columns: dict[str, Any] = {
            **vars(lines),
            "origin": pa.repeat(pa.scalar(envelope.node, pa.int32()), count),
            "officer": pa.repeat(pa.scalar(str(envelope.officer)), count),
            "office": pa.repeat(pa.scalar(str(envelope.office)), count),
            "submission": pa.repeat(pa.scalar(envelope.submission), count),
        }
        return pa.table(columns)

    def begin(self, streams: Collection[bytes], submission: bytes) -> Found:
        """Take the lock and see how things stand under it."""
        self.cursor.adbc_statement.set_sql_query(self.LOCK)
        self.cursor.adbc_statement.execute_update()
        found = Found()
        query = "select position, recorded_at from entries order by position desc limit 1"
        for found.position, found.recorded_at in self.ask(query):
            pass
        if self.ask("select 1 from submissions where id = ?", (submission,)):
            found.submissions.add(submission)
        found.heads = self.heads(streams)
        return found

    def streams(self, keys: Collection[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        query = f"select {COLUMNS} from entries where stream in ({{}}) order by stream, version"
        return list(self.among(query, keys))

    def heads(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """The versions of streams; only those there are."""
        query = "select stream, max(version) from entries where stream in ({}) group by stream"
        return dict(self.among(query, keys))

    def among(self, query: str, keys: Collection[bytes]) -> Iterator[Any]:
        """Ask about streams, some at a time."""
        asked = list(keys)
        for start in range(0, len(asked), ASKED):
            some = ", ".join(f"x'{key.hex()}'" for key in asked[start : start + ASKED])
            yield from self.ask(query.format(some))

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        query = f"select {SUBMISSION_COLUMNS} from submissions where id = ?"
        row: SubmissionRow = self.ask(query, (submission,))[0]
        return row

    def write(self, ready: pa.Table, position: int, instant: int) -> None:
        """Write lines from a position on; raises Taken."""
        places = pa.array(np.arange(position, position + len(ready)))
        whole = ready.append_column("position", places).append_column("origin_seq", places)
        whole = whole.append_column("recorded_at", pa.repeat(pa.scalar(instant), len(ready)))
        try:
            self.cursor.adbc_ingest("entries", whole, mode="append")
        except adbc_driver_manager.Error as error:
            if "UNIQUE" in str(error):
                raise Taken(str(error)) from error
            raise

    def commit(self, envelope: Envelope, receipt: Receipt) -> None:
        """Add the submission and let it all be seen."""
        columns = dict(
            zip(
                SUBMISSION_COLUMNS.split(", "),
                (
                    *(envelope.submission, str(envelope.officer), str(envelope.office)),
                    *(envelope.digest, receipt.first, receipt.count, receipt.recorded_at),
                    receipt.answer,
                ),
                strict=True,
            )
        )
        row = pa.table({name: [value] for name, value in columns.items()})
        self.cursor.adbc_ingest("submissions", row, mode="append")
        self.connection.adbc_connection.commit()

    def rollback(self) -> None:
        """Give up what was not committed, and the lock."""
        self.connection.adbc_connection.rollback()

    def close(self) -> None:
        """Give everything back."""
        self.rollback()
        self.cursor.close()
        self.connection.close()


ASKED = 5_000  # streams in one select


def desk_of(engine: Engine) -> Desk:
    """A desk in the process that has the engine."""
    sqlite = engine.dialect.name == "sqlite"
    return SqliteDesk(Sqlite(engine)) if sqlite else PostgresDesk(Postgres(engine))


def desk_at(url: str, durability: Durability) -> Desk:
    """A desk in a process of its own."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
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
