"""What the event store says to each database in its own words, where speed matters.

A batch gets in by one lock, one look, few statements and one commit; streams and pages come out as
they are stored. SQLAlchemy opens the connections, and what happens on them is said to the drivers:
its own share would be a third of the time.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing, suppress
from functools import cached_property
from typing import Any, Protocol

import psycopg
from psycopg import pq
from sqlalchemy import Engine

from adapters.appending import (
    COLUMNS,
    SUBMISSION_COLUMNS,
    Accepted,
    EntryRow,
    Found,
    Last,
    SubmissionRow,
    Transaction,
    rows_of,
    submission_rows,
)
from adapters.kept import Kept, Loan
from adapters.libpq import (
    BYTES,
    BYTES_LIST,
    INT,
    INT_LIST,
    TEXT,
    TEXT_LIST,
    Asked,
    Kind,
    Lane,
)

LOCK = 0x7265_6702  # of PostgreSQL's advisory locks: the one append of a database
LAST = "select position, recorded_at from entries order by position desc limit 1"
FEW_ROWS = 8  # up to here inserts one by one are faster than one of lists (measured)
COPY_BYTES = 1 << 17
LISTS = {INT.oid: INT_LIST, TEXT.oid: TEXT_LIST, BYTES.oid: BYTES_LIST}
#: What a redaction takes away: a private half, and the answer that may have repeated it.
HALVES = (
    "select private, submission, answer from entries left join submissions on id = submission"
    " where stream = {} and version = {}"
)
BLANK = "update entries set private = {} where stream = {} and version = {}"
ANSWER = "update submissions set answer = {} where id = {}"
Halves = tuple[bytes, bytes | None, bytes | None]


class Driver(Protocol):
    """One kind of database."""

    def begin(self) -> Transaction:
        """Begin a write transaction, as yet without the lock."""
        ...

    def streams(self, keys: Sequence[bytes]) -> Iterable[EntryRow]:
        """The rows of streams, those of each in version order."""
        ...

    def fetch(self, keys: Sequence[bytes]) -> tuple[int, Sequence[EntryRow]]:
        """The same, and a position to which the log had come before they were read."""
        ...

    def page(
        self, first: int, last: int, codes: Collection[int] | None = None
    ) -> Iterable[EntryRow]:
        """The rows from one position to another; codes: of these, and the last in any case."""
        ...


def _insert(table: str, columns: str) -> str:
    places = ", ".join(f"${place + 1}" for place, _ in enumerate(columns.split(",")))
    return f"insert into {table} ({columns}) values ({places})"


def _insert_lists(table: str, columns: str) -> str:
    return f"insert into {table} ({columns}) select * from {_lists(columns)}"


def _lists(columns: str, before: int = 0) -> str:
    """Lists as rows, whose places come after so many others."""
    places = (f"${place}" for place, _ in enumerate(columns.split(","), before + 1))
    return f"unnest({', '.join(places)})"


def _page(first: str, last: str, codes: Collection[int] | None) -> str:
    # Codes stand in the text: of a list that is bound PostgreSQL looks at each one for each row.
    told = "" if codes is None else f" and (code in ({_ints(codes)}) or position = {last})"
    return (
        f"select {COLUMNS} from entries where position between {first} and {last}{told}"
        " order by position"
    )


def _ints(codes: Collection[int]) -> str:
    return ", ".join(str(int(code)) for code in sorted(codes)) or "null"


def lists_of(kinds: Sequence[Kind]) -> list[Kind]:
    """The kinds of columns whose values come in lists."""
    return [LISTS[kind.oid] for kind in kinds]


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
        self._kept: Kept[sqlite3.Connection] = Kept(engine, lambda connection: connection)

    def begin(self) -> Transaction:
        """Begin a write transaction, as yet without the lock."""
        return SqliteTransaction(self._kept.take())

    def streams(self, keys: Sequence[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        query = f"select {COLUMNS} from entries where stream = ? order by version"
        with closing(self._kept.take()) as loan:
            execute = loan.used.execute
            return [row for key in keys for row in execute(query, (key,)).fetchall()]

    def fetch(self, keys: Sequence[bytes]) -> tuple[int, list[EntryRow]]:
        """The same, and a position to which the log had come before they were read."""
        with closing(self._kept.take()) as loan:
            last = loan.used.execute(LAST).fetchone()
        return (last[0] if last else 0), self.streams(keys)

    def page(self, first: int, last: int, codes: Collection[int] | None = None) -> list[EntryRow]:
        """The rows from one position to another; codes: of these, and the last in any case."""
        query = _page("?1", "?2", codes)
        with closing(self._kept.take()) as loan:
            return loan.used.execute(query, (first, last)).fetchall()


class SqliteTransaction:
    """A write transaction on SQLite: its one writer is the lock."""

    INSERT = f"insert into entries ({COLUMNS}) values ({', '.join('?' * 15)})"
    INSERT_SUBMISSION = (
        f"insert into submissions ({SUBMISSION_COLUMNS}) values ({', '.join('?' * 8)})"
    )

    def __init__(self, loan: Loan[sqlite3.Connection]) -> None:
        self.loan = loan
        self.connection = loan.used

    def look(self, streams: Collection[bytes], submissions: Collection[bytes]) -> Found:
        """Take the lock and see how things stand under it."""
        found = Found()
        execute = self.connection.execute
        execute("begin immediate")
        for found.position, found.recorded_at in execute(LAST):
            pass
        # One short statement a stream: without a round trip nothing is gained by more.
        for stream in streams:
            (head,) = execute(
                "select max(version) from entries where stream = ?", (stream,)
            ).fetchone()
            if head is not None:
                found.heads[stream] = head
        for submission in submissions:
            if execute("select 1 from submissions where id = ?", (submission,)).fetchone():
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

    def halves(self, stream: bytes, version: int) -> Halves:
        """The private half of an entry, its submission, and what that was answered."""
        row: Halves = self.connection.execute(HALVES.format("?", "?"), (stream, version)).fetchone()
        return row

    def blank(self, stream: bytes, version: int, private: bytes) -> None:
        """Put another private half in the place of an entry's, and zeros where it was longer."""
        self.connection.execute("pragma secure_delete = on")
        self.connection.execute(BLANK.format("?", "?", "?"), (private, stream, version))

    def answer(self, submission: bytes, answer: bytes) -> None:
        """Put another answer in the place of a submission's."""
        self.connection.execute(ANSWER.format("?", "?"), (answer, submission))

    def write(self, accepted: Accepted, node: int) -> None:
        """Insert the rows and commit."""
        self.connection.executemany(self.INSERT, rows_of(accepted, node))
        self.connection.executemany(self.INSERT_SUBMISSION, submission_rows(accepted))
        self.connection.execute("commit")

    def send(self, accepted: Accepted, node: int, last: Last) -> bool:
        """Insert the rows and commit, if an entry is still the last one; tell whether it is."""
        self.connection.execute("begin immediate")
        alone: bool = self.connection.execute(LAST).fetchone() == last
        if alone:
            self.write(accepted, node)
        return alone

    def close(self) -> None:
        """Give everything back, and roll back what was not committed."""
        try:
            if self.connection.in_transaction:
                self.connection.rollback()
        finally:
            self.loan.close()


class Postgres:
    """Speaks to PostgreSQL through psycopg."""

    # Stream by stream, by the index.
    STREAMS = f"""
        select {COLUMNS} from unnest($1) as asked (key) cross join lateral
        (select * from entries where stream = asked.key order by version) as entries
    """

    def __init__(self, engine: Engine) -> None:
        self._kept: Kept[Lane] = Kept(engine, lane_of)

    def begin(self) -> Transaction:
        """Begin a write transaction, as yet without the lock."""
        return PostgresTransaction(self._kept.take())

    def streams(self, keys: Sequence[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        with closing(Session(self._kept.take())) as session:
            return session.lane.rows(self.STREAMS, (BYTES_LIST,), (keys,))

    def fetch(self, keys: Sequence[bytes]) -> tuple[int, list[EntryRow]]:
        """The same, and a position to which the log had come before they were read."""
        with closing(Session(self._kept.take())) as session:
            # Two statements, so that what the second one sees is no older than the first one says.
            asked = (LAST, (), ()), (self.STREAMS, (BYTES_LIST,), (keys,))
            last, rows = session.lane.trip(*asked)
            return (last[0][0] if last else 0), rows

    def page(self, first: int, last: int, codes: Collection[int] | None = None) -> list[EntryRow]:
        """The rows from one position to another; codes: of these, and the last in any case."""
        query = _page("$1", "$2", codes)
        with closing(Session(self._kept.take())) as session:
            return session.lane.rows(query, (INT, INT), (first, last))


def lane_of(connection: psycopg.Connection[Any]) -> Lane:
    """The lane of a connection, in which only we begin transactions."""
    connection.autocommit = True
    return Lane(connection)


class Session:
    """A connection to PostgreSQL in use."""

    def __init__(self, loan: Loan[Lane]) -> None:
        self.loan = loan
        self.lane = loan.used
        self.connection = self.lane.connection

    def close(self) -> None:
        """Give the connection back, and roll back what was not committed."""
        if self.connection.info.transaction_status != pq.TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                self.lane.run(b"rollback")
        if self.connection.closed:
            self.loan.drop()
        else:
            self.loan.close()


class PostgresTransaction(Session):
    """A write transaction on PostgreSQL, in two trips."""

    BEGIN = "begin", (), ()
    TAKE_LOCK = f"select pg_advisory_xact_lock({LOCK})", (), ()
    # Not together with the lock: what a statement sees is settled before it waits.
    LOOK = """
        (select 0, null::bytea, position, recorded_at from entries order by position desc limit 1)
        union all
        select 1, head.stream, head.version, 0 from unnest($1) as asked (stream) cross join lateral
        (select stream, version from entries where entries.stream = asked.stream
            order by version desc limit 1) as head
        union all
        select 2, id, 0, 0 from submissions where id = any($2)
    """
    INSERT = _insert("entries", COLUMNS)
    INSERT_LISTS = _insert_lists("entries", COLUMNS)
    ENTRY = (INT, INT, BYTES, INT, INT, INT, INT, INT, INT, TEXT, BYTES, BYTES, TEXT, TEXT, BYTES)
    INSERT_SUBMISSION = _insert("submissions", SUBMISSION_COLUMNS)
    INSERT_SUBMISSIONS = _insert_lists("submissions", SUBMISSION_COLUMNS)
    SUBMISSION = (BYTES, TEXT, TEXT, BYTES, INT, INT, INT, BYTES)
    COMMIT = "commit", (), ()
    ALONE = (INT, INT, *lists_of(ENTRY), *lists_of(SUBMISSION))
    # Whether an entry is still the last one is settled once, for both tables.
    INSERT_ALONE = f"""
        with alone as materialized (select 1 from ({LAST}) as last
            where position = $1 and recorded_at = $2),
        entered as (insert into entries ({COLUMNS})
            select told.* from alone cross join {_lists(COLUMNS, 2)} as told),
        known as (insert into submissions ({SUBMISSION_COLUMNS})
            select told.* from alone cross join {_lists(SUBMISSION_COLUMNS, 17)} as told)
        select 1 from alone
    """

    @cached_property
    def cursor(self) -> psycopg.Cursor[Any]:
        """A cursor in the transaction."""
        return self.connection.cursor(binary=True)

    def look(self, streams: Collection[bytes], submissions: Collection[bytes]) -> Found:
        """Take the lock and see how things stand under it."""
        found = Found()
        asked = self.LOOK, (BYTES_LIST, BYTES_LIST), (streams, submissions)
        for kind, key, number, instant in self.lane.trip(self.BEGIN, self.TAKE_LOCK, asked)[2]:
            if kind == 0:
                found.position, found.recorded_at = number, instant
            elif kind == 1:
                found.heads[key] = number
            else:
                found.submissions.add(key)
        return found

    def versions(self, stream: bytes) -> set[int]:
        """Every version of a stream."""
        query = "select version from entries where stream = $1"
        return {version for (version,) in self.lane.rows(query, (BYTES,), (stream,))}

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        query = f"select {SUBMISSION_COLUMNS} from submissions where id = $1"
        row: SubmissionRow
        (row,) = self.lane.rows(query, (BYTES,), (submission,))  # it is kept for ever
        return row

    def halves(self, stream: bytes, version: int) -> Halves:
        """The private half of an entry, its submission, and what that was answered."""
        row: Halves
        (row,) = self.lane.rows(HALVES.format("$1", "$2"), (BYTES, INT), (stream, version))
        return row

    def blank(self, stream: bytes, version: int, private: bytes) -> None:
        """Put another private half in the place of an entry's."""
        told = private, stream, version
        self.lane.trip((BLANK.format("$1", "$2", "$3"), (BYTES, BYTES, INT), told))

    def answer(self, submission: bytes, answer: bytes) -> None:
        """Put another answer in the place of a submission's."""
        self.lane.trip((ANSWER.format("$1", "$2"), (BYTES, BYTES), (answer, submission)))

    def write(self, accepted: Accepted, node: int) -> None:
        """Insert the rows and commit."""
        rows = list(rows_of(accepted, node))
        known = submission_rows(accepted)
        asked: list[Asked] = []
        if len(rows) > FEW_ROWS:
            asked.append((self.INSERT_LISTS, lists_of(self.ENTRY), [*zip(*rows, strict=True)]))
        else:
            asked += [(self.INSERT, self.ENTRY, row) for row in rows]
        if len(known) > FEW_ROWS:
            columns = [*zip(*known, strict=True)]
            asked.append((self.INSERT_SUBMISSIONS, lists_of(self.SUBMISSION), columns))
        else:
            asked += [(self.INSERT_SUBMISSION, self.SUBMISSION, row) for row in known]
        self.lane.trip(*asked, self.COMMIT)

    def send(self, accepted: Accepted, node: int, last: Last) -> bool:
        """Do all that in one trip, if an entry is still the last one."""
        lists: list[Sequence[Any]] = [*zip(*rows_of(accepted, node), strict=True)]
        lists = lists or [()] * len(self.ENTRY)
        lists += zip(*submission_rows(accepted), strict=True)
        asked = self.INSERT_ALONE, self.ALONE, [*last, *lists]
        _, _, alone, _ = self.lane.trip(self.BEGIN, self.TAKE_LOCK, asked, self.COMMIT)
        return bool(alone)

    def copy(self, target: str, rows: Iterable[bytes | memoryview]) -> None:
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


def sized(value: bytes | None) -> bytes:
    """Bytes after their size, as COPY takes them."""
    return NULL if value is None else SIZE.pack(len(value)) + value
