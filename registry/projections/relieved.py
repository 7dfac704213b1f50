"""Cards for which somebody on a list of reliefs paid less or nothing (减免办证)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Select, Table, case, func, select

from registry.aggregates import Fee
from registry.days import day_at
from registry.projections.base import At, Day, Id, Lookup, Position, Steps, Values, evolve_of
from registry.store import Stored
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 1

relieved = Table(
    f"relieved_{EDITION}",
    MetaData(),
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("fee", Id, nullable=False),
    Column("day", Day, nullable=False),
    Column("list", Id, nullable=False),
    Column("amount_fen", Integer, nullable=False),
)


def row(stored: Stored, before: Fee | None, after: Fee) -> Values | None:
    """A row for each fee that a list made less; giving one back has none."""
    named = json.loads(stored.state).get("relief_list")
    if named is None:
        return None
    return (
        stored.position,
        stored.key,
        day_number(day_at(stored.recorded_at)),
        UUID(named).bytes,
        after.amount_fen,
    )


RELIEVED = Steps(
    name="relieved",
    edition=EDITION,
    kinds=frozenset({Kind.FEE}),
    table=relieved,
    ident=("position",),
    stream="fee",
    lookups=(Lookup(("list", "day")),),
    fold=evolve_of(Kind.FEE),
    row=row,
)


def by_list(at: At) -> Select[Any]:
    """How many cards each list made free, and how many cheaper, up to a day."""
    free = func.sum(case((relieved.c.amount_fen == 0, 1), else_=0)).label("free")
    return (
        select(relieved.c.list, func.count().label("cards"), free)
        .where(relieved.c.day <= at.day, relieved.c.position <= at.known)
        .group_by(relieved.c.list)
    )
