"""The query log (查询日志): who asked what about whom, why, and what was shown.

It is a store of its own. The service only appends; updating and deleting is refused by the
database, and every line carries the SHA-256 of the line before it, so that whoever gets round that
is found out. A line is durable before the answer that it tells of goes out.

Identity numbers stand in it as HMAC-SHA256 under a key that derives from the province's secret: a
plain hash of eighteen digits is undone by trying them all, salted or not, while the same number
must still be found again by whoever watches the watchers.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
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
    bindparam,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import SQLAlchemyError

from adapters.database import Durability, open_database, writing
from adapters.lines import Line
from adapters.prepared import Prepared, drop, lasting
from adapters.tables import kind_of
from registry.days import day_at
from registry.errors import Unavailable
from registry.projections.base import Day, Id, Position, Words, packed, unpacked
from registry.values import day_number

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
APPEND = Prepared(lambda: select(func.query_log_append(bindparam("told", type_=ARRAY(Words)))))
#: On PostgreSQL a group is appended by one statement where the log is, so that nobody else waits
#: for a trip while the lock is held. A line comes as its canonical text without its number.
_APPEND = """
create or replace function query_log_append(told text[]) returns void language plpgsql as $$
declare
    number bigint;
    before bytea;
    line_text text;
    fact jsonb;
begin
    perform pg_advisory_xact_lock({lock});
    select line, digest into number, before from query_log order by line desc limit 1;
    number := coalesce(number, 0);
    before := coalesce(before, decode('{first}', 'hex'));
    foreach line_text in array told loop
        number := number + 1;
        line_text := '[' || number || ',' || line_text;
        before := sha256(before || convert_to(line_text, 'UTF8'));
        fact := line_text;
        insert into query_log ({columns}) values ({values}, before);
        insert into query_log_subjects (subject, line)
            select decode(substr(fact ->> {subjects}, 1 + 32 * place, 32), 'hex'), number
            from generate_series(0, length(fact ->> {subjects}) / 32 - 1) as place;
    end loop;
end $$
"""


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
    return hashlib.sha256(before + canonical(row)).digest()


def canonical(row: dict[str, Any]) -> bytes:
    """A line as its digest sees it: its values in order as a JSON list, bytes as hexadecimal."""
    return orjson.dumps(
        [
            value.hex() if isinstance(value, bytes) else value
            for name, value in row.items()
            if name != "digest"
        ]
    )


def secret_of(namespace: UUID) -> bytes:
    """The secret under which the log keeps digests of numbers, from the node's namespace."""
    return hmac.digest(namespace.bytes, b"query-log", hashlib.sha256)


class QueryLog:
    """Appends to the log, for all threads that wait at once, and reads it back."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        clock: Callable[[], int],
        *,
        durability: Durability = "full",
    ) -> None:
        self.engine = open_database(url, durability=durability, connections=4)
        self._writer: Connection | None = None  # of whoever is at the front of the line
        self._secret = secret
        self._clock = clock
        self._line: Line[Sequence[Question], None] = Line(self._append)
        self._closed = False
        create(self.engine.begin, self.engine.dialect.name)

    def number_digest(self, number: str) -> bytes:
        """What stands in the log for an identity number."""
        return hmac.digest(self._secret, number.encode(), hashlib.sha256)

    def note(self, *questions: Question) -> None:
        """Write lines and wait until they are durable; raises Unavailable where they are not."""
        if self._closed:
            raise Unavailable("the query log is closed; ask again later")
        try:
            self._line.take(questions)
        except SQLAlchemyError as error:
            raise Unavailable("the query log cannot be written, so nothing is shown") from error

    @property
    def depth(self) -> int:
        """How many groups of lines wait."""
        return len(self._line)

    def reach(self) -> None:
        """Raise if the log cannot be reached."""
        if self._closed:
            raise Unavailable("the query log is closed")
        with self.engine.connect() as connection:
            connection.execute(select(lines.c.line).limit(1))

    def close(self) -> None:
        """Take no more."""
        self._closed = True
        with self._line.leading:
            drop(self._writer)
            self._writer = None
        self.engine.dispose()

    def _append(self, groups: Sequence[Sequence[Question]]) -> list[None]:
        now = self._clock()
        rows = [row_of(0, question, now) for group in groups for question in group]
        if self.engine.dialect.name == "postgresql":
            # It begins with `[0,`; the number is given where the lines are.
            told = [canonical(row)[3:].decode() for row in rows]
            try:
                if self._writer is None:
                    alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
                    self._writer = lasting(alone)
                APPEND.rows(self._writer, told=told)
            except SQLAlchemyError:
                drop(self._writer)
                self._writer = None
                raise
        else:
            with writing(self.engine) as connection:
                self._chain(connection, rows)
        return [None] * len(groups)

    @staticmethod
    def _chain(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        number, digest = 0, FIRST_DIGEST
        for last in LAST.rows(connection):
            number, digest = last.line, last.digest
        for row in rows:
            row["line"] = number = number + 1
            row["digest"] = digest = digest_of(digest, row)
        connection.execute(insert(lines), rows)
        named = [
            {"subject": one.bytes, "line": row["line"]}
            for row in rows
            for one in unpacked(row["subjects"])
        ]
        if named:
            connection.execute(insert(subjects), named)

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
        yield _append_function()
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


def _append_function() -> str:
    values = []
    for place, column in enumerate(lines.columns):
        match kind_of(column):
            case "bytea":
                values.append(f"decode(fact ->> {place}, 'hex')")
            case kind:
                values.append(f"(fact ->> {place})::{kind}")
    return _APPEND.format(
        lock=LOCK,
        first=FIRST_DIGEST.hex(),
        columns=", ".join(column.name for column in lines.columns),
        values=", ".join(values[:-1]),
        subjects=[column.name for column in lines.columns].index("subjects"),
    )
