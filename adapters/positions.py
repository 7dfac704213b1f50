"""How far each read model has been folded: a row for each copy, moved by compare-and-set."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.errors import DeadlockDetected, UndefinedTable, UniqueViolation
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError

from adapters.prepared import Prepared
from registry.errors import Conflict
from registry.projections import PROJECTIONS, RETIRED
from registry.projections.base import Position, Words

LOCK = 0x7265_6703  # of PostgreSQL's advisory locks: one program makes tables at a time

METADATA = MetaData()

#: state: `active` answers readers and follows the log; `filling` is filled stream by stream from
#: what stood at `target`, of which those up to and with `reached` are done; or from the columns of
#: the sealed log (`adapters.replaying`), where `reached` tells how many of its entities are done.
projections = Table(
    "projections",
    METADATA,
    Column("name", Words, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("copy", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("position", Position, nullable=False),
    Column("target", Position, nullable=False),
    Column("reached", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("name", "edition", "copy"),
)
leases = Table(
    "leases",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("until", Position, nullable=False),  # microseconds UTC
)

#: Since when nothing has changed about a former edition, microseconds UTC, and how far it had come:
#: an older program that answers from it would follow with it.
replaced = Table(
    "replaced_editions",
    METADATA,
    Column("name", Words, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("position", Position, nullable=False),
    Column("since", Position, nullable=False),
    PrimaryKeyConstraint("name", "edition"),
)

ACTIVE, FILLING = "active", "filling"

#: What a database says where two write the same rows, or one into tables the other has dropped.
CLASHES = (DeadlockDetected, UniqueViolation, UndefinedTable, sqlite3.IntegrityError)


class Superseded(Conflict):
    """Somebody else has moved a position meanwhile: look again where everything stands."""

    code = "superseded"


@dataclass(frozen=True)
class Standing:
    """Where a copy of a read model stands."""

    name: str
    edition: int
    copy: str
    state: str
    position: int
    target: int
    reached: bytes


def create(connection: Connection) -> None:
    """Create the tables of this module if they are missing; only one program does so at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    METADATA.create_all(connection)


def standings(connection: Connection) -> list[Standing]:
    """Where every copy of the editions that this program knows stands.

    In order, so that two who move them wait for each other and never both.
    """
    return [
        one
        for one in _all(connection)
        if one.name in PROJECTIONS and PROJECTIONS[one.name].edition == one.edition
    ]


def held(connection: Connection, names: Iterable[str]) -> list[Standing]:
    """Where copies of some read models stand, which nobody moves before this transaction ends."""
    ours = [(name, PROJECTIONS[name].edition) for name in names]
    query = (
        select(projections)
        .where(tuple_(projections.c.name, projections.c.edition).in_(ours))
        .order_by(projections.c.name, projections.c.copy)
        .with_for_update()
    )
    return [Standing(*row) for row in connection.execute(query)]


def former(connection: Connection) -> list[Standing]:
    """Copies of editions that this program has put another in the place of, or nothing.

    They follow no more, so whoever still reads them reads what was: also what was blanked since.
    """
    return [
        one
        for one in _all(connection)
        if one.name in RETIRED
        or (one.name in PROJECTIONS and one.edition < PROJECTIONS[one.name].edition)
    ]


def replaced_since(connection: Connection, now: int) -> dict[tuple[str, int], int]:
    """Since when former editions, by name and number, have been as they are.

    Notes those that are seen for the first time or have moved, and forgets those that are gone.
    """
    create(connection)
    stand: dict[tuple[str, int], int] = {}
    for one in former(connection):
        key = one.name, one.edition
        stand[key] = max(one.position, stand.get(key, 0))
    known = {
        (row.name, row.edition): row.since
        for row in connection.execute(select(replaced))
        if stand.get((row.name, row.edition)) == row.position
    }
    connection.execute(
        delete(replaced).where(tuple_(replaced.c.name, replaced.c.edition).not_in([*known]))
    )
    for (name, edition), position in stand.items():
        if (name, edition) not in known:
            known[name, edition] = now
            told = {"name": name, "edition": edition, "position": position, "since": now}
            connection.execute(insert(replaced).values(**told))
    return known


def _all(connection: Connection) -> Iterator[Standing]:
    query = select(projections).order_by(projections.c.name, projections.c.copy)
    return (Standing(*row) for row in connection.execute(query))


def position(connection: Connection) -> int:
    """The position that all read models have reached; what readers see of the log.

    0 while one of them has never been filled.
    """
    (row,) = _REACHED.rows(connection)
    return int(row.least) if row.models == len(PROJECTIONS) else 0


def _reached() -> Any:
    # Named by one text each: of forty alternatives PostgreSQL looks up every one in the index,
    # which took three times as long as the question that follows.
    ours: list[Any] = [
        literal_column(f"'{one.name} {one.edition}'") for one in PROJECTIONS.values()
    ]
    named = projections.c.name.concat(literal_column("' '"))
    named = named.concat(cast(projections.c.edition, Text))
    return select(
        func.count().label("models"), func.min(projections.c.position).label("least")
    ).where(
        projections.c.state == literal_column(f"'{ACTIVE}'"),
        named.in_(ours),
    )


#: What names a copy.
_KEY = tuple_(projections.c.name, projections.c.edition, projections.c.copy)
#: Asked before every question.
_REACHED = Prepared(_reached)


def add(connection: Connection, standing: Standing) -> None:
    """Note a new copy."""
    connection.execute(insert(projections).values(**standing.__dict__))


def remove(connection: Connection, standing: Standing) -> None:
    """Forget a copy."""
    connection.execute(delete(projections).where(*_row(standing)))


def move(connection: Connection, told: Iterable[Standing], **changes: object) -> None:
    """Change where copies stand; raises Superseded if one of them stands elsewhere by now."""
    alike: dict[tuple[str, int, bytes], list[Standing]] = {}
    for one in told:
        alike.setdefault((one.state, one.position, one.reached), []).append(one)
    for (state, stood, reached), some in alike.items():
        theirs = (
            _KEY.in_([(one.name, one.edition, one.copy) for one in some]),
            projections.c.state == state,
            projections.c.position == stood,
            projections.c.reached == reached,
        )
        if len(some) > 1:
            # One statement locks rows as it comes upon them; two who move them need one order.
            connection.execute(
                select(projections.c.name)
                .where(*theirs)
                .order_by(projections.c.name, projections.c.copy)
                .with_for_update()
            )
        moved = connection.execute(update(projections).where(*theirs).values(**changes))
        if moved.rowcount != len(some):
            raise superseded(some)


def superseded(told: Iterable[Standing]) -> Superseded:
    """What is raised of copies that another process fills or follows."""
    names = ", ".join(one.name for one in told)
    return Superseded(
        f"another process fills or follows one of {names}; what that one has done stays. A server"
        " fills by itself what was never filled: let it (`registry status` tells how far it is), or"
        " stop it and begin again, which goes on from there"
    )


@contextmanager
def contended(engine: Engine, told: Collection[Standing]) -> Iterator[None]:
    """A block that writes rows of copies first and then moves them, as all do who fill them.

    Of two who are at the same rows the second hears of it from the database: it raises Superseded.
    Rows that nobody else has written and that clash all the same are a fault, raised as it is.
    """
    try:
        yield
    except (DBAPIError, psycopg.Error, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, CLASHES):
            raise
        if not isinstance(cause, DeadlockDetected):
            with engine.connect() as connection:
                stand = standings(connection)
            if all(one in stand for one in told):
                raise
        raise superseded(told) from error


def _row(standing: Standing) -> tuple[ColumnElement[bool], ...]:
    return (
        projections.c.name == standing.name,
        projections.c.edition == standing.edition,
        projections.c.copy == standing.copy,
    )
