"""What was done on cards day by day: accepted, signed, made, handed out, found wrong (办证数量)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Select, Table, and_, case, func, select

from registry.aggregates import Application
from registry.days import day_at
from registry.projections.base import (
    At,
    Day,
    Id,
    Lookup,
    Position,
    Steps,
    Values,
    Words,
    evolve_of,
)
from registry.projections.places import under
from registry.store import Stored
from registry.values import day_number
from registry.vocabulary import VOCABULARY, EventType, Kind

EDITION = 2

#: The steps that are counted, by the state that they reach.
STEPS: Mapping[str, str] = {"00": "accepted", "13": "signed", "31": "produced", "93": "handed-out"}
HANDED_OUT = "handed-out"
PRODUCED = "produced"
#: Steps backwards: data that an office or the centre sent back, a card that was not fit.
RETURNED, REJECTED = "returned", "rejected"
#: A lost card that was found is not handed out again.
FOUND = "CardFound"


def step_of(word: EventType) -> str | None:
    """The step that an event type is counted as; its fields tell whether it is one backwards."""
    names = {field.name for field in word.fields}
    if word.reaches is None or word.name == FOUND:
        return None
    if "error" in names:
        return RETURNED
    return REJECTED if "quality" in names else STEPS.get(word.reaches)


#: The code of every event type that is counted, and its step.
COUNTED: Mapping[int | None, str] = {
    word.code: step for word in VOCABULARY.values() if (step := step_of(word)) is not None
}

card_steps = Table(
    f"card_steps_{EDITION}",
    MetaData(),
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("application", Id, nullable=False),
    Column("person", Id, nullable=False),
    Column("step", Words, nullable=False),
    Column("day", Day, nullable=False),
    Column("month", Integer, nullable=False),  # yyyymm
    Column("county", Words, nullable=False),
    Column("station", Words, nullable=False),
    Column("community", Id, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("reason", Words),
    Column("attempt", Integer, nullable=False),
    Column("state", Words),  # in which a step backwards left it
    Column("fault", Words),  # by card_production_error, of a card by card_received_quality
)


def row(stored: Stored, before: Application | None, after: Application) -> Values | None:
    """An entry's row; none where it takes no step that is counted."""
    step = COUNTED.get(stored.code)
    if step is None:
        return None
    day = day_at(stored.recorded_at)
    wrong = json.loads(stored.state) if step in (RETURNED, REJECTED) else None
    return (
        stored.position,
        stored.key,
        after.person.bytes,
        step,
        day_number(day),
        day.year * 100 + day.month,
        str(after.county),
        str(after.station),
        after.community.bytes,
        after.card_kind.generation,
        None if after.apply_reason is None else str(after.apply_reason),
        after.attempt,
        None if wrong is None else str(after.state),
        None if wrong is None else wrong.get("error") or wrong["quality"],
    )


CARD_STEPS = Steps(
    name="card_steps",
    edition=EDITION,
    kinds=frozenset({Kind.APPLICATION}),
    table=card_steps,
    ident=("position",),
    stream="application",
    lookups=(
        Lookup(("month", "community", "step")),
        Lookup(("application", "step")),
        Lookup(("person", "position"), f"step = '{HANDED_OUT}' and generation = 2"),
    ),
    fold=evolve_of(Kind.APPLICATION),
    row=row,
)


def summed(division: UUID, at: At, first: int, last: int) -> Select[Any]:
    """How many steps were taken from one day to another, by month, unit, generation and reason."""
    here = under(division, at)
    unit = (
        card_steps.c.month,
        card_steps.c.county,
        card_steps.c.station,
        card_steps.c.step,
        card_steps.c.generation,
        card_steps.c.reason,
    )
    return (
        select(*unit, func.count().label("count"))
        .join(here, here.c.place == card_steps.c.community)
        .where(
            card_steps.c.day.between(first, last),
            card_steps.c.position <= at.known,
            card_steps.c.step.in_(STEPS.values()),
        )
        .group_by(*unit)
        .order_by(*unit)
    )


def worked(division: UUID, at: At, first: int, last: int) -> Select[Any]:
    """How many applications for the second generation took each step, by community and station."""
    here = under(division, at)
    unit = (card_steps.c.community, card_steps.c.station, card_steps.c.step)
    return (
        select(*unit, func.count(card_steps.c.application.distinct()).label("count"))
        .join(here, here.c.place == card_steps.c.community)
        .where(
            card_steps.c.generation == 2,
            card_steps.c.step.in_(STEPS.values()),
            card_steps.c.day.between(first, last),
            card_steps.c.position <= at.known,
        )
        .group_by(*unit)
    )


def faults(division: UUID, at: At, first: int, last: int) -> Select[Any]:
    """How often something was wrong from one day to another, by month, unit, state and fault."""
    here = under(division, at)
    unit = (
        *(card_steps.c.month, card_steps.c.county, card_steps.c.station),
        *(card_steps.c.step, card_steps.c.state, card_steps.c.fault),
    )
    return (
        select(*unit, func.count().label("count"))
        .join(here, here.c.place == card_steps.c.community)
        .where(
            card_steps.c.step.in_((RETURNED, REJECTED)),
            card_steps.c.day.between(first, last),
            card_steps.c.position <= at.known,
        )
        .group_by(*unit)
        .order_by(*unit)
    )


def first_passes(division: UUID, at: At, first: int, last: int) -> Select[Any]:
    """How many applications came to their first card, by month and unit, how many unreturned.

    unreturned: nobody had sent their data back before (一次合格).
    """
    here = under(division, at)
    earlier = card_steps.alias("earlier")

    def before(*steps: str) -> Any:
        return (
            select(earlier.c.position)
            .where(
                earlier.c.application == card_steps.c.application,
                earlier.c.step.in_(steps),
                earlier.c.position < card_steps.c.position,
            )
            .exists()
        )

    unit = (card_steps.c.month, card_steps.c.county, card_steps.c.station)
    return (
        select(
            *unit,
            func.count().label("count"),
            func.sum(case((before(RETURNED), 0), else_=1)).label("unreturned"),
        )
        .join(here, here.c.place == card_steps.c.community)
        .where(
            card_steps.c.step == PRODUCED,
            card_steps.c.day.between(first, last),
            card_steps.c.position <= at.known,
            ~before(PRODUCED),
        )
        .group_by(*unit)
        .order_by(*unit)
    )


def served(division: UUID, at: At, first: int, last: int) -> Select[Any]:
    """How many people came to their first card of the second generation, by unit and month.

    A task counts people: whoever has had such a card before is not counted again.
    """
    here = under(division, at)
    handed = and_(
        card_steps.c.step == HANDED_OUT,
        card_steps.c.generation == 2,
        card_steps.c.position <= at.known,
        card_steps.c.day <= at.day,
    )
    earlier = card_steps.alias("earlier")
    before = (
        select(earlier.c.position)
        .where(
            earlier.c.person == card_steps.c.person,
            earlier.c.step == HANDED_OUT,
            earlier.c.generation == 2,
            earlier.c.position < card_steps.c.position,
        )
        .exists()
    )
    unit = (card_steps.c.community, card_steps.c.station, card_steps.c.month)
    return (
        select(*unit, func.count().label("persons"))
        .join(here, here.c.place == card_steps.c.community)
        .where(handed, card_steps.c.day.between(first, last), ~before)
        .group_by(*unit)
        .order_by(*unit)
    )


def waits(division: UUID, at: At, first: int, last: int) -> Select[Any]:
    """How many days each step was taken after the acceptance, by station, generation and step.

    Of the applications that were accepted from one day to another.
    """
    here = under(division, at)
    begun = card_steps.alias("begun")
    days = card_steps.c.day - begun.c.day
    unit = (begun.c.county, begun.c.station, begun.c.generation, card_steps.c.step)
    return (
        select(
            *unit,
            func.count().label("count"),
            func.sum(days).label("days"),
            func.max(days).label("longest"),
        )
        .join(begun, begun.c.application == card_steps.c.application)
        .join(here, here.c.place == begun.c.community)
        .where(
            begun.c.step == "accepted",
            card_steps.c.step.in_(STEPS.values()),
            begun.c.day.between(first, last),
            card_steps.c.day <= at.day,
            card_steps.c.position <= at.known,
        )
        .group_by(*unit)
        .order_by(*unit)
    )
