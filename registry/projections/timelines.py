"""Timelines (历史): every entry of a stream as it was recorded, and which ones do not stand.

What was recorded is read where it was recorded; which entries do not stand any more, and since when
that is known, is a read model.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Table,
    and_,
    select,
)

from registry.projections.base import (
    Day,
    Id,
    Position,
    Voidings,
    Words,
    known,
)
from registry.vocabulary import ORDERS, Kind, Order

EDITION = 1

#: The log as it is stored: a timeline is a stream of it, and the log has the index for that.
entries = Table(
    "entries",
    MetaData(),
    Column("stream", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", Position, primary_key=True),
    Column("effective_on", Day, nullable=False),
    Column("recorded_at", Position, nullable=False),
    Column("code", Integer),
    Column("origin", Integer, nullable=False),
    Column("origin_seq", Position, nullable=False),
    Column("officer", Words, nullable=False),
    Column("office", Words, nullable=False),
    Column("submission", Id),
    Column("state", LargeBinary, nullable=False),
    Column("private", LargeBinary, nullable=False),
)
voidings = Table(
    f"voidings_{EDITION}",
    MetaData(),
    Column("stream", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("known_from", Position, nullable=False),
    Column("known_until", Position, nullable=False),
    PrimaryKeyConstraint("stream", "version", "known_from"),
)

VOIDINGS = Voidings(
    name="voidings",
    edition=EDITION,
    kinds=frozenset(kind for kind in Kind if ORDERS[kind] is Order.EFFECTIVE),
    table=voidings,
    ident=("stream", "version"),
)


def last_position(stream: UUID, position: int) -> Select[Any]:
    """The position of the last entry of a stream up to a position."""
    return (
        select(entries.c.position)
        .where(entries.c.stream == stream.bytes, entries.c.position <= position)
        .order_by(entries.c.version.desc())
        .limit(1)
    )


def timeline(stream: UUID, position: int) -> Select[Any]:
    """The entries of a stream up to a position, each with the position that took it away."""
    return (
        select(entries, voidings.c.known_from.label("voided_from"))
        .outerjoin(
            voidings,
            and_(
                voidings.c.stream == entries.c.stream,
                voidings.c.version == entries.c.version,
                known(voidings, position),
            ),
        )
        .where(entries.c.stream == stream.bytes, entries.c.position <= position)
        .order_by(entries.c.version)
    )
