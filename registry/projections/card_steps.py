"""What was done on cards day by day: accepted, signed, made, handed out (办证数量)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Select, Table, and_, func, select

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
from registry.store import StoredEntry
from registry.values import day_number
from registry.vocabulary import VOCABULARY, Kind

EDITION = 1

#: The steps that are counted, by the state that they reach.
STEPS: Mapping[str, str] = {"00": "accepted", "13": "signed", "31": "produced", "93": "handed-out"}
HANDED_OUT = "handed-out"
#: A lost card that was found is not handed out again.
FOUND = "CardFound"
#: The code of every event type that is counted, and its step.
COUNTED: Mapping[int | None, str] = {
    word.code: STEPS[word.reaches]
    for word in VOCABULARY.values()
    if word.reaches is not None and word.reaches in STEPS and word.name != FOUND
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
)


def row(stored: StoredEntry, before: Application | None, after: Application) -> Values | None:
    """An entry's row; none where it takes no step that is counted."""
    step = COUNTED.get(stored.code)
    if step is None:
        return None
    day = day_at(stored.recorded_at)
    return (
        stored.position,
        stored.originator_id.bytes,  # type: ignore[union-attr]  # ours are always UUIDs
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
        .where(card_steps.c.day.between(first, last), card_steps.c.position <= at.known)
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
            begun.c.day.between(first, last),
            card_steps.c.day <= at.day,
            card_steps.c.position <= at.known,
        )
        .group_by(*unit)
        .order_by(*unit)
    )
