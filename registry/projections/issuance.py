"""Where each application for a card stands, on both clocks (办证进度)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    tuple_,
    union,
)

from registry.aggregates import Application
from registry.aggregates.application import Temporary
from registry.deadlines import card_due, stage_due, stages
from registry.limits import limit
from registry.projections.base import (
    At,
    Day,
    Id,
    Lookup,
    Rows,
    Sheet,
    Words,
    dated,
    known,
    visible,
)
from registry.projections.places import under
from registry.projections.residences import residences
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 3

#: States in which somebody in an office has the application or the card in hand.
WAITING = tuple(sorted(stages()))
#: The state of a card that its holder has.
IN_HAND = "93"


def rows(one: Application) -> Rows:
    """An application's row; the days on which it is due are computed with it."""
    assert one.since is not None, "every application has come into some state"
    if one.state is not None:
        due = card_due(one.applied_on, one.extension)
        stage = stage_due(one.state, one.since)
    else:
        due = limit("card_temporary_issue", one.applied_on).after(one.applied_on)
        stage = due if one.temporary is Temporary.APPLIED else None
    return {
        (): (
            one.person.bytes,
            str(one.acceptance_number),
            str(one.card_kind),
            _text(one.apply_reason),
            _text(one.production_type),
            _text(one.priority),
            str(one.station),
            str(one.county),
            one.community.bytes,
            day_number(one.accepted_on),
            _text(one.state),
            _text(one.temporary),
            day_number(one.since),
            day_number(due),
            None if stage is None else day_number(stage),
            one.attempt,
            _text(one.site),
            _bytes(one.body),
            _bytes(one.package),
            _bytes(one.replaces),
            _bytes(one.replaced_by),
            None if one.valid_from is None else day_number(one.valid_from),
            None if one.valid_until is None else day_number(one.valid_until),
            _text(one.authority_name),
            _text(one.work_order),
            day_number(one.applied_on),
        )
    }


def _text(value: str | None) -> str | None:
    return None if value is None else str(value)


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


ISSUANCE = dated(
    "issuance",
    EDITION,
    Kind.APPLICATION,
    Sheet(
        "application",
        values=(
            Column("person", Id, nullable=False),
            Column("number", Words, nullable=False),
            Column("card_kind", Words, nullable=False),
            Column("apply_reason", Words),
            Column("production_type", Words),
            Column("priority", Words),
            Column("station", Words, nullable=False),
            Column("county", Words, nullable=False),
            Column("community", Id, nullable=False),
            Column("accepted_on", Day, nullable=False),
            Column("state", Words),
            Column("temporary", Words),
            Column("since", Day, nullable=False),
            Column("due_on", Day, nullable=False),
            Column("stage_due", Day),
            Column("attempt", Integer, nullable=False),
            Column("site", Words),
            Column("body", Id),
            Column("package", Id),
            Column("replaces", Id),
            Column("replaced_by", Id),
            Column("term_from", Day),
            Column("term_until", Day),
            Column("authority_name", Words),
            Column("work_order", Words),
            Column("applied_on", Day, nullable=False),
        ),
        lookups=(
            Lookup(("person", "valid_from")),
            Lookup(("community", "state", "valid_from")),
            Lookup(("number",)),
        ),
    ),
    rows,
)
issuance = ISSUANCE.table


def application(stream: UUID, at: At) -> Select[Any]:
    """Where an application stands."""
    return select(issuance).where(issuance.c.application == stream.bytes, visible(issuance, at))


def numbered(number: str, at: At) -> Select[Any]:
    """The application with an acceptance number."""
    return select(issuance).where(issuance.c.number == number, visible(issuance, at))


def of_person(person: UUID, at: At) -> Select[Any]:
    """Every application of a person, the newest first."""
    return (
        select(issuance)
        .where(issuance.c.person == person.bytes, visible(issuance, at))
        .order_by(issuance.c.accepted_on.desc(), issuance.c.number.desc())
    )


def of_persons(persons: Collection[UUID], at: At) -> Select[Any]:
    """Every application of several persons, the newest first."""
    keys = [one.bytes for one in persons]
    return (
        select(issuance)
        .where(issuance.c.person.in_(keys), visible(issuance, at))
        .order_by(issuance.c.accepted_on.desc(), issuance.c.number.desc())
    )


def backlog(division: UUID, at: At) -> Select[Any]:
    """How many wait at each unit in each state: count, the oldest, how many are late.

    late: over the limit of the stage; overdue: over the time in which the card is due.
    """
    here = under(division, at)
    late = func.sum(case((issuance.c.stage_due < at.day, 1), else_=0))
    overdue = func.sum(case((issuance.c.due_on < at.day, 1), else_=0))
    unit = (issuance.c.county, issuance.c.station, issuance.c.state)
    return (
        select(
            *unit,
            func.count().label("applications"),
            func.min(issuance.c.since).label("oldest"),
            late.label("late"),
            overdue.label("overdue"),
        )
        .join(here, here.c.place == issuance.c.community)
        .where(_waiting(at))
        .group_by(*unit)
        .order_by(*unit)
    )


def overruns(division: UUID, at: At, after: tuple[int, bytes] | None, limit: int) -> Select[Any]:
    """Applications whose stage or whole is over its time, those that are due first at the top."""
    here = under(division, at)
    query = (
        select(issuance)
        .join(here, here.c.place == issuance.c.community)
        .where(
            _waiting(at),
            or_(issuance.c.stage_due < at.day, issuance.c.due_on < at.day),
        )
        .order_by(issuance.c.due_on, issuance.c.application)
        .limit(limit)
    )
    if after is None:
        return query
    return query.where(tuple_(issuance.c.due_on, issuance.c.application) > tuple_(*after))


def of_nobody(communities: Collection[bytes], at: At, after: bytes, limit: int) -> Select[Any]:
    """Cards that are out, and whose holders are neither registered nor on the move.

    Of those who applied for them in some communities, or were registered in them last. The
    communities are named: of a division's tree PostgreSQL takes so many to be there that it reads
    every card of the register.
    """
    now, later = residences.alias("now"), residences.alias("later")
    out = or_(issuance.c.state == IN_HAND, issuance.c.temporary == Temporary.ISSUED.value)
    registered = (
        select(now.c.person).where(now.c.person == issuance.c.person, visible(now, at)).exists()
    )
    moved_on = (
        select(later.c.person)
        .where(
            later.c.person == residences.c.person,
            later.c.valid_from > residences.c.valid_from,
            later.c.valid_from <= at.day,
            known(later, at.known),
        )
        .exists()
    )
    applied = select(issuance.c.application).where(
        issuance.c.community.in_(communities), out, visible(issuance, at), ~registered
    )
    lived = (
        select(issuance.c.application)
        .select_from(residences)
        .join(issuance, issuance.c.person == residences.c.person)
        .where(
            residences.c.community.in_(communities),
            residences.c.valid_until <= at.day,
            known(residences, at.known),
            ~moved_on,
            *(out, visible(issuance, at), ~registered),
        )
    )
    # The key is hidden: walked in its order, every application of the register would be read.
    application = func.coalesce(issuance.c.application, issuance.c.application)
    return (
        select(issuance)
        .where(
            issuance.c.application.in_(union(applied, lived)),
            visible(issuance, at),
            application > after,
        )
        .order_by(application)
        .limit(limit)
    )


def _waiting(at: At) -> ColumnElement[bool]:
    pending = issuance.c.temporary == Temporary.APPLIED.value
    return and_(or_(issuance.c.state.in_(WAITING), pending), visible(issuance, at))
