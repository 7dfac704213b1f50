"""Cards for which somebody on a list of reliefs paid less or nothing (减免办证)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Select, Table, and_, case, func, or_, select

from registry.aggregates.application import Temporary
from registry.days import day_at
from registry.events.fees import FeeCharged, FeeRefunded, FeeWaived
from registry.projections.base import At, Day, Id, Lookup, Position, Steps, Values, visible
from registry.projections.card_fees import GIVEN_UP
from registry.projections.issuance import issuance
from registry.store import Stored
from registry.values import day_number
from registry.vocabulary import VOCABULARY, Kind

EDITION = 2

relieved = Table(
    f"relieved_{EDITION}",
    MetaData(),
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("fee", Id, nullable=False),
    Column("application", Id, nullable=False),
    Column("day", Day, nullable=False),
    Column("list", Id, nullable=False),
    Column("amount_fen", Integer, nullable=False),
    Column("cards", Integer, nullable=False),  # 1 made cheaper, -1 where the fee was given back
)


def taken(state: FeeCharged | FeeWaived | None, event: Any, stream: UUID) -> FeeCharged | FeeWaived:
    """What was last taken or waived for an application; giving back names no list of its own."""
    if isinstance(event, FeeRefunded):
        assert state is not None, f"{stream} gave back what it never took"
        return state
    assert isinstance(event, (FeeCharged, FeeWaived)), type(event)
    return event


def row(
    stored: Stored, before: FeeCharged | FeeWaived | None, after: FeeCharged | FeeWaived
) -> Values | None:
    """A row for each fee that a list made less, and for each of them that was given back."""
    if after.relief_list is None:
        return None
    return (
        stored.position,
        stored.key,
        after.application.bytes,
        day_number(day_at(stored.recorded_at)),
        after.relief_list.bytes,
        after.amount_fen if isinstance(after, FeeCharged) else 0,
        -1 if stored.code == GIVEN_BACK else 1,
    )


GIVEN_BACK = VOCABULARY[FeeRefunded].code
RELIEVED = Steps(
    name="relieved",
    edition=EDITION,
    kinds=frozenset({Kind.FEE}),
    table=relieved,
    ident=("position",),
    stream="fee",
    lookups=(Lookup(("list", "day")),),
    fold=taken,
    row=row,
)


def by_list(at: At) -> Select[Any]:
    """How many cards each list made free, and how many less, up to a day.

    A fee that was given back counts no more, nor does an application that was given up, nor a
    temporary card that was refused.
    """
    free = func.sum(case((relieved.c.amount_fen == 0, relieved.c.cards), else_=0)).label("free")
    standing = and_(
        issuance.c.application == relieved.c.application,
        visible(issuance, at),
        or_(issuance.c.state.is_(None), issuance.c.state.not_in(GIVEN_UP)),
        or_(issuance.c.temporary.is_(None), issuance.c.temporary != Temporary.REFUSED.value),
    )
    return (
        select(relieved.c.list, func.sum(relieved.c.cards).label("cards"), free)
        .join(issuance, standing)
        .where(relieved.c.day <= at.day, relieved.c.position <= at.known)
        .group_by(relieved.c.list)
    )
