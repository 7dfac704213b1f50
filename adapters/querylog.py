"""The query log (查询日志): who asked what about whom, why, and what was shown.

It is a store of its own. The service only appends; updating and deleting is refused by the
database, and every line carries the SHA-256 of the line before it, so that whoever gets round that
is found out. A line is durable before the answer that it tells of goes out.

Identity numbers stand in it as HMAC-SHA256 under a key that derives from the province's secret: a
plain hash of eighteen digits is undone by trying them all, salted or not, while the same number
must still be found again by whoever watches the watchers.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, fields
from queue import SimpleQueue
from threading import Thread
from time import sleep
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Table,
    insert,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from adapters.database import Durability, open_database, writing
from adapters.prepared import Prepared
from registry.days import day_at
from registry.errors import Unavailable
from registry.projections.base import Day, Id, Position, Words, packed
from registry.values import day_number

#: How many lines are written together at most.
GROUP = 500
#: How long a line waits for others: a commit costs more than that, and one serves them all.
GATHER_S = 0.001
#: Of PostgreSQL's advisory locks: one process appends at a time, or the chain would fork.
LOCK = 0x7265_6704
FIRST_DIGEST = bytes(32)

METADATA = MetaData()
lines = Table(
    "query_log",
    METADATA,
    Column("line", Position, primary_key=True, autoincrement=False),
    Column("asked_at", Position, nullable=False),  # microseconds UTC
    Column("day", Day, nullable=False),
    Column("officer", Words, nullable=False),
    Column("office", Words, nullable=False),
    Column("terminal", Words, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("case_number", Words),
    Column("question", Words, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("number_digest", LargeBinary, index=True),
    Column("valid_on", Day),
    Column("known", Position),
    Column("fields", Words, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("subjects", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
subjects = Table(
    "query_log_subjects",
    METADATA,
    Column("subject", Id, nullable=False),
    Column("line", Position, nullable=False),
    PrimaryKeyConstraint("subject", "line"),
)

ANSWERED, NOTHING, REFUSED = "answered", "nothing", "refused"


LAST = Prepared(lambda: select(lines.c.line, lines.c.digest).order_by(lines.c.line.desc()).limit(1))
WRITE_LINE = Prepared(lambda: insert(lines))
WRITE_SUBJECT = Prepared(lambda: insert(subjects))


@dataclass(frozen=True, kw_only=True)
class Question:
    """What was asked, by whom and why, and what was shown.

    subjects: persons and households shown. fields: names of what was shown of them.
    """

    officer: str
    office: str
    terminal: str
    purpose: str
    case_number: str | None = None
    question: str
    outcome: str = ANSWERED
    number_digest: bytes | None = None
    valid_on: int | None = None
    known: int | None = None
    fields: str = ""
    rows: int = 0
    subjects: Sequence[UUID] = ()
    asked_at: int = field(default=0)


_PLAIN = tuple(one.name for one in fields(Question) if one.name != "subjects")


def digest_of(before: bytes, row: dict[str, Any]) -> bytes:
    """The digest of a line, which follows the one before it."""
    told = [
        value.hex() if isinstance(value, bytes) else value
        for name, value in row.items()
        if name != "digest"
    ]
    return hashlib.sha256(before + orjson.dumps(told)).digest()


def secret_of(namespace: UUID) -> bytes:
    """The secret under which the log keeps digests of numbers, from the node's namespace."""
    return hmac.digest(namespace.bytes, b"query-log", hashlib.sha256)


class QueryLog:
    """Appends to the log in groups, from one thread, and reads it back."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        clock: Callable[[], int],
        *,
        durability: Durability = "full",
    ) -> None:
        self.engine = open_database(url, durability=durability, connections=4)
        self._secret = secret
        self._clock = clock
        self._waiting: SimpleQueue[tuple[Question, Future[None]] | None] = SimpleQueue()
        self._closed = False
        create(self.engine.begin, self.engine.dialect.name)
        self._thread = Thread(target=self._serve, name="query-log", daemon=True)
        self._thread.start()

    def number_digest(self, number: str) -> bytes:
        """What stands in the log for an identity number."""
        return hmac.digest(self._secret, number.encode(), hashlib.sha256)

    def submit(self, question: Question) -> Future[None]:
        """Queue a line from a thread; the future is done when the line is durable."""
        future: Future[None] = Future()
        if self._closed:
            raise Unavailable("the query log is closed; ask again later")
        self._waiting.put((question, future))
        return future

    async def write(self, question: Question) -> None:
        """Queue a line from an event loop and wait until it is durable."""
        await asyncio.wrap_future(self.submit(question))

    def note(self, question: Question) -> None:
        """Write a line and wait until it is durable."""
        self.submit(question).result()

    @property
    def depth(self) -> int:
        """How many lines wait."""
        return self._waiting.qsize()

    def reach(self) -> None:
        """Raise if the log cannot be reached."""
        if not self._thread.is_alive():
            raise Unavailable("the query log has stopped")
        with self.engine.connect() as connection:
            connection.execute(select(lines.c.line).limit(1))

    def close(self) -> None:
        """Take no more, write what waits, and stop."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            self._thread.join()
            self.engine.dispose()

    def _serve(self) -> None:
        ended = False
        while not ended:
            group = [self._waiting.get()]
            if group[0] is not None:
                sleep(GATHER_S)
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            ended = None in group
            live = [one for one in group if one is not None]
            if not live:
                continue
            error: Unavailable | None = None
            try:
                with writing(self.engine) as connection:
                    self._append(connection, [question for question, _ in live])
            except SQLAlchemyError as failure:
                error = Unavailable("the query log cannot be written, so nothing is shown")
                error.__cause__ = failure
            for _, future in live:
                if not future.set_running_or_notify_cancel():
                    continue
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)

    def _append(self, connection: Connection, group: Sequence[Question]) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        number, digest = 0, FIRST_DIGEST
        for last in LAST.rows(connection):
            number, digest = int(last.line), bytes(last.digest)
        now = self._clock()
        rows: list[dict[str, Any]] = []
        named: list[dict[str, Any]] = []
        for question in group:
            number += 1
            row = row_of(number, question, now)
            digest = row["digest"] = digest_of(digest, row)
            rows.append(row)
            named.extend({"subject": one.bytes, "line": number} for one in set(question.subjects))
        WRITE_LINE.write(connection, rows)
        if named:
            WRITE_SUBJECT.write(connection, named)

    def read(self, query: Select[Any]) -> list[dict[str, Any]]:
        """Lines of a question about the log itself."""
        with self.engine.connect() as connection:
            return [_line(row) for row in connection.execute(query)]

    def verify(self) -> int | None:
        """The first line that is not as it was written, or is missing; None if all are."""
        before, expected = FIRST_DIGEST, 1
        query = select(lines).order_by(lines.c.line).execution_options(yield_per=5_000)
        with self.engine.connect() as connection, connection.execute(query) as found:
            for row in found:
                told = _line(row)
                if told["line"] != expected or digest_of(before, told) != told["digest"]:
                    return expected
                before, expected = told["digest"], expected + 1
        return None

    def anchor(self, line: int | None = None) -> tuple[int, str] | None:
        """A line, by default the last, and its digest; None if there is none.

        Kept elsewhere, it shows later that the log up to there is the same and nothing was cut off.
        """
        query = select(lines.c.line, lines.c.digest).order_by(lines.c.line.desc()).limit(1)
        if line is not None:
            query = query.where(lines.c.line == line)
        with self.engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else (int(found.line), bytes(found.digest).hex())


def row_of(number: int, question: Question, now: int) -> dict[str, Any]:
    """A line as it is kept, its digest still to come."""
    asked_at = question.asked_at or now
    told = question.__dict__
    return {
        "line": number,
        "asked_at": asked_at,
        "day": day_number(day_at(asked_at)),
        **{name: told[name] for name in _PLAIN if name != "asked_at"},
        "subjects": packed(set(question.subjects)),
        "digest": b"",
    }


def about(
    *,
    subject: UUID | None = None,
    officer: str | None = None,
    number_digest: bytes | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Select[Any]:
    """Lines about somebody or by somebody, the newest first."""
    query = select(lines).order_by(lines.c.line.desc()).limit(limit)
    if subject is not None:
        query = query.where(
            lines.c.line.in_(select(subjects.c.line).where(subjects.c.subject == subject.bytes))
        )
    if officer is not None:
        query = query.where(lines.c.officer == officer)
    if number_digest is not None:
        query = query.where(lines.c.number_digest == number_digest)
    return query if before is None else query.where(lines.c.line < before)


_ORDER = ("line", "asked_at", "day", *(n for n in _PLAIN if n != "asked_at"), "subjects", "digest")


def _line(row: Any) -> dict[str, Any]:
    told = row._mapping
    return {
        name: bytes(value) if isinstance(value := told[name], (bytes, memoryview)) else value
        for name in _ORDER
    }


def create(begin: Callable[[], Any], dialect: str) -> None:
    """Make the tables if they are missing, and let the database refuse to change them."""
    with begin() as connection:
        if dialect == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        METADATA.create_all(connection)
        for statement in _guards(dialect):
            connection.execute(text(statement))


def _guards(dialect: str) -> Iterator[str]:
    if dialect == "postgresql":
        yield (
            "create or replace function query_log_only_grows() returns trigger"
            " language plpgsql as $$ begin"
            " raise exception 'the query log only grows'; end $$"
        )
    for table in METADATA.tables:
        if dialect == "postgresql":
            yield (
                f"create or replace trigger {table}_only_grows before update or delete or truncate"
                f" on {table} for each statement execute function query_log_only_grows()"
            )
        else:
            for verb in ("update", "delete"):
                yield (
                    f"create trigger if not exists {table}_no_{verb} before {verb} on {table}"
                    " begin select raise(abort, 'the query log only grows'); end"
                )
