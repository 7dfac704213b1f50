"""Timelines (历史): every entry of a stream as it was recorded, and which ones do not stand."""

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
    Lines,
    Position,
    Values,
    Voidings,
    Words,
    known,
)
from registry.store import Stored
from registry.vocabulary import ORDERS, Kind, Order

EDITION = 1
VOIDINGS_EDITION = 1

timelines = Table(
    f"timelines_{EDITION}",
    MetaData(),
    Column("stream", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", Position, nullable=False),
    Column("effective_on", Day, nullable=False),
    Column("recorded_at", Position, nullable=False),
    Column("code", Integer, nullable=False),
    Column("origin", Integer, nullable=False),
    Column("origin_seq", Position, nullable=False),
    Column("officer", Words, nullable=False),
    Column("office", Words, nullable=False),
    Column("submission", Id),
    Column("state", LargeBinary, nullable=False),
    Column("private", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream", "version"),
)
voidings = Table(
    f"voidings_{VOIDINGS_EDITION}",
    MetaData(),
    Column("stream", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("known_from", Position, nullable=False),
    Column("known_until", Position, nullable=False),
    PrimaryKeyConstraint("stream", "version", "known_from"),
)


def line(entry: Stored) -> Values:
    """An entry's row."""
    return (
        entry.key,
        entry.version,
        entry.position,
        entry.effective_on,
        entry.recorded_at,
        entry.code,
        entry.origin,
        entry.origin_seq,
        entry.officer,
        entry.office,
        entry.submission_key,
        entry.state,
        entry.private,
    )


TIMELINES = Lines(
    name="timelines",
    edition=EDITION,
    kinds=frozenset(Kind),
    table=timelines,
    ident=("stream", "version"),
    row=line,
)
VOIDINGS = Voidings(
    name="voidings",
    edition=VOIDINGS_EDITION,
    kinds=frozenset(kind for kind in Kind if ORDERS[kind] is Order.EFFECTIVE),
    table=voidings,
    ident=("stream", "version"),
)


def last_position(stream: UUID, position: int) -> Select[Any]:
    """The position of the last entry of a stream up to a position."""
    return (
        select(timelines.c.position)
        .where(timelines.c.stream == stream.bytes, timelines.c.position <= position)
        .order_by(timelines.c.version.desc())
        .limit(1)
    )


def timeline(stream: UUID, position: int) -> Select[Any]:
    """The entries of a stream up to a position, each with the position that took it away."""
    return (
        select(timelines, voidings.c.known_from.label("voided_from"))
        .outerjoin(
            voidings,
            and_(
                voidings.c.stream == timelines.c.stream,
                voidings.c.version == timelines.c.version,
                known(voidings, position),
            ),
        )
        .where(timelines.c.stream == stream.bytes, timelines.c.position <= position)
        .order_by(timelines.c.version)
    )
