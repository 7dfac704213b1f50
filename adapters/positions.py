"""How far each read model has been folded: a row for each copy, moved by compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    and_,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from adapters.prepared import Prepared
from registry.projections import PROJECTIONS
from registry.projections.base import Position, Words

LOCK = 0x7265_6703  # of PostgreSQL's advisory locks: one program makes tables at a time

METADATA = MetaData()

#: state: `active` answers readers and follows the log; `filling` is filled stream by stream from
#: what stood at `target`, of which those up to and with `reached` are done.
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

ACTIVE, FILLING = "active", "filling"


class Superseded(Exception):
    """Somebody else has moved a position meanwhile: look again where everything stands."""


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
    query = select(projections).order_by(projections.c.name, projections.c.copy)
    return [
        Standing(*row)
        for row in connection.execute(query)
        if row.name in PROJECTIONS and PROJECTIONS[row.name].edition == row.edition
    ]


def position(connection: Connection) -> int:
    """The position that all read models have reached; what readers see of the log.

    0 while one of them has never been filled.
    """
    (row,) = _REACHED.rows(connection)
    return int(row.least) if row.models == len(PROJECTIONS) else 0


def _reached() -> Any:
    ours = or_(
        *(
            and_(
                projections.c.name == literal_column(f"'{one.name}'"),
                projections.c.edition == literal_column(str(one.edition)),
            )
            for one in PROJECTIONS.values()
        )
    )
    return select(
        func.count().label("models"), func.min(projections.c.position).label("least")
    ).where(projections.c.state == literal_column(f"'{ACTIVE}'"), ours)


#: Asked before every question.
_REACHED = Prepared(_reached)


def add(connection: Connection, standing: Standing) -> None:
    """Note a new copy."""
    connection.execute(insert(projections).values(**standing.__dict__))


def remove(connection: Connection, standing: Standing) -> None:
    """Forget a copy."""
    connection.execute(delete(projections).where(*_row(standing)))


def move(connection: Connection, old: Standing, **changes: object) -> None:
    """Change where a copy stands; raises Superseded if it stands elsewhere by now."""
    moved = connection.execute(
        update(projections)
        .where(
            *_row(old),
            projections.c.state == old.state,
            projections.c.position == old.position,
            projections.c.reached == old.reached,
        )
        .values(**changes)
    )
    if moved.rowcount != 1:
        raise Superseded(f"{old.name} no longer stands at {old.position}")


def _row(standing: Standing) -> tuple[ColumnElement[bool], ...]:
    return (
        projections.c.name == standing.name,
        projections.c.edition == standing.edition,
        projections.c.copy == standing.copy,
    )
