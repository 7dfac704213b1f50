"""Card bodies: where each is, and every move of it, so that the books of a site balance (台账)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, MetaData, Select, Table, and_, func, or_, select

from registry.aggregates import CardBody
from registry.aggregates.card import BodyState
from registry.days import day_at
from registry.projections.base import (
    At,
    Day,
    Id,
    Lookup,
    Position,
    Rows,
    Sheet,
    Steps,
    Values,
    Words,
    dated,
    evolve_of,
    visible,
)
from registry.projections.issuance import issuance
from registry.store import Stored
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 2
MOVES_EDITION = 1

#: The account of a blank that has not been received yet.
OUTSIDE = -1
#: What lies at a site, so that it must be gone before the site is closed.
HELD = (
    BodyState.IN_STOCK,
    BodyState.ON_LINE,
    BodyState.BOUND,
    BodyState.IN_TRANSIT,
)


def rows(one: CardBody) -> Rows:
    """A body's row."""
    return {
        (): (
            str(one.site),
            int(one.state),
            str(one.lot),
            str(one.sheet),
            _text(one.line),
            _text(one.work_order),
            _text(one.destination),
            None if one.application is None else one.application.bytes,
            one.attempt,
            _text(one.bin_at),
        )
    }


def _text(value: str | None) -> str | None:
    return None if value is None else str(value)


BODIES = dated(
    "bodies",
    EDITION,
    Kind.CARD,
    Sheet(
        "body",
        values=(
            Column("site", Words, nullable=False),
            Column("state", Integer, nullable=False),
            Column("lot", Words, nullable=False),
            Column("sheet", Words, nullable=False),
            Column("line", Words),
            Column("work_order", Words),
            Column("destination", Words),
            Column("application", Id),
            Column("attempt", Integer),
            Column("bin_at", Words),
        ),
        lookups=(Lookup(("site", "state", "valid_from")), Lookup(("application",))),
    ),
    rows,
)
bodies = BODIES.table

body_moves = Table(
    f"body_moves_{MOVES_EDITION}",
    MetaData(),
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("body", Id, nullable=False),
    Column("day", Day, nullable=False),
    Column("site_from", Words),
    Column("state_from", Integer, nullable=False),
    Column("site_to", Words, nullable=False),
    Column("state_to", Integer, nullable=False),
    Column("work_order", Words),
)


def move(stored: Stored, before: CardBody | None, after: CardBody) -> Values | None:
    """A row for an entry that brought a body into another account, or to another site."""
    was = (None, OUTSIDE) if before is None else (str(before.site), int(before.state))
    now = (str(after.site), int(after.state))
    if was == now:
        return None
    order = after.work_order or (before.work_order if before else None)
    return (
        stored.position,
        stored.key,
        day_number(day_at(stored.recorded_at)),
        *was,
        *now,
        _text(order),
    )


BODY_MOVES = Steps(
    name="body_moves",
    edition=MOVES_EDITION,
    kinds=frozenset({Kind.CARD}),
    table=body_moves,
    ident=("position",),
    stream="body",
    lookups=(Lookup(("site_to", "position")), Lookup(("site_from", "position"))),
    fold=evolve_of(Kind.CARD),
    row=move,
)


def stock(at: At, site: str | None = None) -> Select[Any]:
    """How many bodies are in each account of each site, and on how many sheets those in stock lie.

    A sheet counts as long as one of its blanks is in the account.
    """
    query = (
        select(
            bodies.c.site,
            bodies.c.state,
            func.count().label("bodies"),
            func.count(func.distinct(bodies.c.lot + "/" + bodies.c.sheet)).label("sheets"),
        )
        .where(visible(bodies, at))
        .group_by(bodies.c.site, bodies.c.state)
        .order_by(bodies.c.site, bodies.c.state)
    )
    return query if site is None else query.where(bodies.c.site == site)


def moved(after: int, until: int, site: str | None = None) -> Select[Any]:
    """How many bodies went from one account to another after a position, up to another one."""
    account = (
        body_moves.c.site_from,
        body_moves.c.state_from,
        body_moves.c.site_to,
        body_moves.c.state_to,
    )
    query = (
        select(*account, func.count().label("bodies"))
        .where(body_moves.c.position > after, body_moves.c.position <= until)
        .group_by(*account)
        .order_by(*account)
    )
    if site is None:
        return query
    return query.where(or_(body_moves.c.site_from == site, body_moves.c.site_to == site))


def of_order(work_order: str, until: int) -> Select[Any]:
    """How many bodies of a work order went from one account to another, up to a position."""
    account = (body_moves.c.state_from, body_moves.c.state_to)
    return (
        select(*account, func.count().label("bodies"))
        .where(body_moves.c.work_order == work_order, body_moves.c.position <= until)
        .group_by(*account)
        .order_by(*account)
    )


def held(site: str, at: At) -> Select[Any]:
    """How many blanks, unfinished bodies and binned ones a site still has.

    A card that was found faulty elsewhere lies in a bin there, and is destroyed there.
    """
    binned = and_(bodies.c.state == int(BodyState.SPOILED), bodies.c.bin_at.is_(None))
    return select(func.count()).where(
        bodies.c.site == site,
        or_(bodies.c.state.in_([int(one) for one in HELD]), binned),
        visible(bodies, at),
    )


def open_orders(site: str, at: At) -> Select[Any]:
    """How many cards are ordered from a site, or made there and not sent away yet."""
    return select(func.count()).where(
        and_(issuance.c.site == site, issuance.c.state.in_(["24", "31"]), visible(issuance, at))
    )


def unused_sheets(at: At, site: str | None = None) -> Select[Any]:
    """The sheets of each site on which a blank is unused."""
    states = [int(one) for one in HELD]
    query = (
        select(bodies.c.site, bodies.c.lot, bodies.c.sheet)
        .distinct()
        .where(bodies.c.state.in_(states), visible(bodies, at))
    )
    return query if site is None else query.where(bodies.c.site == site)


def received_sheets(after: int, at: At, site: str | None = None) -> Select[Any]:
    """The sheets that each site received from the maker after a position."""
    query = (
        select(body_moves.c.site_to, bodies.c.lot, bodies.c.sheet)
        .distinct()
        .join(bodies, bodies.c.body == body_moves.c.body)
        .where(
            body_moves.c.state_from == OUTSIDE,
            body_moves.c.position > after,
            body_moves.c.position <= at.known,
            visible(bodies, at),
        )
    )
    return query if site is None else query.where(body_moves.c.site_to == site)


def ordered(site: str, at: At) -> Select[Any]:
    """The applications whose cards are ordered from a site and not made yet."""
    return (
        select(issuance.c.application)
        .where(issuance.c.site == site, issuance.c.state == "24", visible(issuance, at))
        .order_by(issuance.c.application)
    )
