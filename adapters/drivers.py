"""What the event store says to each database in its own words, where speed matters.

A batch gets in by one lock, one look, few statements and one commit; streams and pages come out as
they are stored. SQLAlchemy lends the connections, and what happens on them is said to the drivers:
its own share would be a third of the time.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any, Protocol

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.types.numeric import Int8BinaryDumper
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from adapters.appending import (
    COLUMNS,
    SUBMISSION_COLUMNS,
    Accepted,
    EntryRow,
    Found,
    SubmissionRow,
    Transaction,
    rows_of,
    submission_rows,
)

LOCK = 0x7265_6702  # of PostgreSQL's advisory locks: the one append of a database
COPIED_ROWS = 3  # from here on COPY is faster than inserts one by one (measured)
COPY_BYTES = 1 << 17


class Driver(Protocol):
    """One kind of database."""

    def begin(self) -> Transaction:
        """Begin a write transaction, as yet without the lock."""
        ...

    def streams(self, keys: Sequence[bytes]) -> Iterable[EntryRow]:
        """The rows of streams, those of each in version order."""
        ...

    def page(self, first: int, last: int) -> Iterable[EntryRow]:
        """The rows from one position to another."""
        ...


def driver_of(engine: Engine) -> Driver:
    """How to speak to an engine's database."""
    return Sqlite(engine) if engine.dialect.name == "sqlite" else Postgres(engine)


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database is away or overburdened, not that a row is wrong."""
    match error:
        case psycopg.Error(sqlstate=str(state)):
            # 54 is a limit that a row exceeds; the other operational errors come from outside.
            return isinstance(error, psycopg.OperationalError) and not state.startswith("54")
        case psycopg.OperationalError() | psycopg.InterfaceError() | sqlite3.OperationalError():
            return True
    return False


class Sqlite:
    """Speaks to SQLite."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def begin(self) -> Transaction:
        """Begin a write transaction, as yet without the lock."""
        return SqliteTransaction(self.engine.raw_connection())

    def streams(self, keys: Sequence[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        query = f"select {COLUMNS} from entries where stream = ? order by version"
        with closing(self.engine.raw_connection()) as lent, closing(lent.cursor()) as cursor:
            return [row for key in keys for row in cursor.execute(query, (key,))]

    def page(self, first: int, last: int) -> list[EntryRow]:
        """The rows from one position to another."""
        query = f"select {COLUMNS} from entries where position between ? and ? order by position"
        with closing(self.engine.raw_connection()) as lent, closing(lent.cursor()) as cursor:
            cursor.execute(query, (first, last))
            return list(cursor.fetchall())


class SqliteTransaction:
    """A write transaction on SQLite: its one writer is the lock."""

    def __init__(self, lent: PoolProxiedConnection) -> None:
        self.lent = lent
        connection = lent.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        self.connection = connection

    def look(self, streams: Collection[bytes], submissions: Collection[bytes]) -> Found:
        """Take the lock and see how things stand under it."""
        found = Found()
        with closing(self.connection.cursor()) as cursor:
            cursor.execute("begin immediate")
            cursor.execute(
                "select position, recorded_at from entries order by position desc limit 1"
            )
            for found.position, found.recorded_at in cursor:
                pass
            # One short statement a stream: without a round trip nothing is gained by more.
            for stream in streams:
                cursor.execute("select max(version) from entries where stream = ?", (stream,))
                (head,) = cursor.fetchone()
                if head is not None:
                    found.heads[stream] = head
            for submission in submissions:
                cursor.execute("select 1 from submissions where id = ?", (submission,))
                if cursor.fetchone():
                    found.submissions.add(submission)
        return found

    def versions(self, stream: bytes) -> set[int]:
        """Every version of a stream."""
        rows = self.connection.execute("select version from entries where stream = ?", (stream,))
        return {version for (version,) in rows}

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        row: SubmissionRow = self.connection.execute(
            f"select {SUBMISSION_COLUMNS} from submissions where id = ?", (submission,)
        ).fetchone()
        return row

    def write(self, accepted: Accepted, node: int) -> None:
        """Insert the rows and commit."""
        with closing(self.connection.cursor()) as cursor:
            cursor.executemany(
                f"insert into entries ({COLUMNS}) values ({', '.join('?' * 15)})",
                rows_of(accepted, node),
            )
            cursor.executemany(
                f"insert into submissions ({SUBMISSION_COLUMNS}) values ({', '.join('?' * 8)})",
                submission_rows(accepted),
            )
            cursor.execute("commit")

    def close(self) -> None:
        """Give everything back, and roll back what was not committed."""
        try:
            if self.connection.in_transaction:
                self.connection.rollback()
        finally:
            self.lent.close()


class Keys(list[bytes]):
    """Ids on their way to PostgreSQL as one bytea[]."""


class KeysDumper(Dumper):
    """Writes ids of 16 bytes as a binary array, several times faster than element by element."""

    format = pq.Format.BINARY
    oid = 1001  # bytea[]
    HEAD = struct.Struct(">iiiii")  # dimensions, has nulls, type of elements, length, first index
    SIZE = struct.pack(">i", 16)

    def dump(self, obj: Keys) -> Buffer | None:
        """Header, then size and bytes of each."""
        if not obj:
            return struct.pack(">iii", 0, 0, 17)
        return self.HEAD.pack(1, 0, 17, len(obj), 1) + self.SIZE + self.SIZE.join(obj)


class Postgres:
    """Speaks to PostgreSQL through psycopg."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def begin(self) -> Transaction:
        """Begin a write transaction, as yet without the lock."""
        return PostgresTransaction(self.engine)

    def streams(self, keys: Sequence[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        # Stream by stream, by the index: written plainly, a table without statistics is read whole.
        query = f"""
            select {COLUMNS} from unnest(%b) as asked (key) cross join lateral
            (select * from entries where stream = asked.key order by version) as entries
        """
        return self._read(query, (Keys(keys),))

    def page(self, first: int, last: int) -> list[EntryRow]:
        """The rows from one position to another."""
        query = f"select {COLUMNS} from entries where position between %b and %b order by position"
        return self._read(query, (first, last))

    def _read(self, query: str, values: Sequence[object]) -> list[EntryRow]:
        with closing(Session(self.engine)) as session:
            session.cursor.execute(query, values)
            return session.cursor.fetchall()


class Session:
    """A connection to PostgreSQL, lent by the engine, in which only we begin transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lent = engine.raw_connection()
        connection = self.lent.driver_connection
        assert isinstance(connection, psycopg.Connection)
        self.connection: psycopg.Connection[Any] = connection
        self.cursor = connection.cursor(binary=True)
        # By default the width follows the value, and every width is a statement to prepare anew.
        self.cursor.adapters.register_dumper(int, Int8BinaryDumper)
        self.cursor.adapters.register_dumper(Keys, KeysDumper)
        connection.autocommit = True

    def close(self) -> None:
        """Give the connection back, and roll back what was not committed."""
        try:
            with suppress(psycopg.Error):
                if self.connection.info.transaction_status != pq.TransactionStatus.IDLE:
                    self.connection.execute("rollback")
                self.connection.autocommit = False
        finally:
            if self.connection.closed:
                self.lent.invalidate()
                self.engine.dispose()  # what is gone for one connection is gone for its siblings
            self.lent.close()


class PostgresTransaction(Session):
    """A write transaction on PostgreSQL: five round trips, seven when there is much to write.

    psycopg's pipeline would need two, but sends every statement by itself and so costs more than
    it saves on a local socket (0.9 ms against 0.5 ms for one entry), and COPY cannot go through it.
    """

    # A plan made over an empty table is kept; without this it would read all of it ever after.
    BEGIN = f"""
        begin;
        set local enable_seqscan = off;
        select pg_advisory_xact_lock({LOCK})
    """
    # Not together with the lock: what a statement sees is settled before it waits.
    LOOK = """
        (select 0, null::bytea, position, recorded_at from entries order by position desc limit 1)
        union all
        select 1, head.stream, head.version, 0 from unnest(%b) as asked (stream) cross join lateral
        (select stream, version from entries where entries.stream = asked.stream
            order by version desc limit 1) as head
        union all
        select 2, id, 0, 0 from submissions where id = any(%b)
    """
    INSERT = f"insert into entries ({COLUMNS}) values ({', '.join(['%b'] * 12 + ['%t'] * 2)}, %b)"
    INSERT_SUBMISSION = (
        f"insert into submissions ({SUBMISSION_COLUMNS}) values (%b, %t, %t, %b, %b, %b, %b, %b)"
    )

    def look(self, streams: Collection[bytes], submissions: Collection[bytes]) -> Found:
        """Take the lock and see how things stand under it."""
        found = Found()
        self.connection.execute(self.BEGIN)  # several commands go in one message only as text
        self.cursor.execute(self.LOOK, (Keys(streams), Keys(submissions)), prepare=True)
        for kind, key, number, instant in self.cursor:
            if kind == 0:
                found.position, found.recorded_at = number, instant
            elif kind == 1:
                found.heads[key] = number
            else:
                found.submissions.add(key)
        return found

    def versions(self, stream: bytes) -> set[int]:
        """Every version of a stream."""
        self.cursor.execute("select version from entries where stream = %b", (stream,))
        return {version for (version,) in self.cursor}

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        self.cursor.execute(
            f"select {SUBMISSION_COLUMNS} from submissions where id = %b", (submission,)
        )
        row: SubmissionRow | None = self.cursor.fetchone()
        assert row is not None, "a submission is kept for ever"
        return row

    def write(self, accepted: Accepted, node: int) -> None:
        """Insert the rows and commit."""
        count = sum(receipt.count for _, receipt in accepted)
        if count >= COPIED_ROWS:
            self.copy(f"entries ({COLUMNS})", packed_rows(rows_of(accepted, node)))
        else:
            for entry in rows_of(accepted, node):
                self.cursor.execute(self.INSERT, entry, prepare=True)
        submissions = submission_rows(accepted)
        if len(submissions) >= COPIED_ROWS:
            self.copy(f"submissions ({SUBMISSION_COLUMNS})", packed_submissions(submissions))
        else:
            for submission in submissions:
                self.cursor.execute(self.INSERT_SUBMISSION, submission, prepare=True)
        self.cursor.execute("commit")

    def copy(self, target: str, rows: Iterable[bytes]) -> None:
        """Copy rows that are in PostgreSQL's binary form already."""
        chunk = bytearray(COPY_HEAD)
        with self.cursor.copy(f"copy {target} from stdin (format binary)") as copy:
            for row in rows:
                chunk += row
                if len(chunk) > COPY_BYTES:
                    copy.write(chunk)
                    chunk = bytearray()
            copy.write(chunk + COPY_END)


COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
SIZE = struct.Struct(">i")
INT4 = struct.Struct(">ii")
INT8 = struct.Struct(">iq")
#: The columns of an entry that are never null and of one size, each after its size.
FIXED = struct.Struct(">hiqiqi16siiiiiiiq")


def packed_rows(rows: Iterable[EntryRow]) -> Iterator[bytes]:
    """Rows of entries in PostgreSQL's binary form."""
    fixed, int4, int8, size = FIXED.pack, INT4.pack, INT8.pack, SIZE.pack
    last: tuple[str, str, bytes | None] | None = None
    envelope = b""
    for row in rows:
        (position, instant, key, version, effective_on, origin, sequence, code, origin_at) = row[:9]
        (topic, state, private, officer, office, submission) = row[9:]
        if (officer, office, submission) != last:  # the same for a whole submission
            last = (officer, office, submission)
            envelope = sized(officer.encode()) + sized(office.encode()) + sized(submission)
        yield b"".join(
            (
                fixed(
                    *(15, 8, position, 8, instant, 16, key, 4, version),
                    *(4, effective_on, 4, origin, 8, sequence),
                ),
                NULL if code is None else int4(4, code),
                NULL if origin_at is None else int8(8, origin_at),
                NULL if topic is None else sized(topic.encode()),
                size(len(state)),
                state,
                size(len(private)),
                private,
                envelope,
            )
        )


def packed_submissions(rows: Iterable[SubmissionRow]) -> Iterator[bytes]:
    """Rows of submissions in PostgreSQL's binary form."""
    for key, officer, office, digest, first, count, instant, answer in rows:
        yield b"".join(
            (
                b"\0\x08",
                sized(key),
                sized(officer.encode()),
                sized(office.encode()),
                sized(digest),
                INT8.pack(8, first),
                INT4.pack(4, count),
                INT8.pack(8, instant),
                sized(answer),
            )
        )


def sized(value: bytes | None) -> bytes:
    """Bytes after their size."""
    return NULL if value is None else SIZE.pack(len(value)) + value
