"""How far divisions are with the exchange of cards: data, preparations, begin (集中换发准备)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, Select, and_, select

from registry.aggregates import Readiness
from registry.projections.base import At, Day, Rows, Sheet, Words, dated, visible
from registry.projections.places import places, under
from registry.values import Level, day_number
from registry.vocabulary import Kind

READINESS_EDITION = 2
MILESTONES_EDITION = 1


def rows(one: Readiness) -> Rows:
    """A division's row: since when its data are accepted, and the exchange open."""
    days = (one.baseline_on, one.cleaning_since, one.cleaned_on, one.exchange_on)
    baseline, cleaning, cleaned, exchange = (
        None if day is None else day_number(day) for day in days
    )
    county = None if one.county is None else str(one.county)
    return {(): (county, baseline, one.persons, one.errors, cleaning, cleaned, exchange)}


def milestone_rows(one: Readiness) -> Rows:
    """A row for each milestone that a division has reached."""
    return {(str(code),): (day_number(on),) for code, on in one.milestones.items()}


READINESS = dated(
    "readiness",
    READINESS_EDITION,
    Kind.DIVISION,
    Sheet(
        "division",
        values=(
            Column("county", Words),
            Column("baseline_on", Day),
            Column("persons", Integer),
            Column("errors", Integer),
            Column("cleaning_since", Day),
            Column("cleaned_on", Day),
            Column("exchange_on", Day),
        ),
    ),
    rows,
)
MILESTONES = dated(
    "milestones",
    MILESTONES_EDITION,
    Kind.DIVISION,
    Sheet(
        "division",
        key=(Column("milestone", Words, nullable=False),),
        values=(Column("reached_on", Day, nullable=False),),
    ),
    milestone_rows,
)
readiness = READINESS.table
milestones = MILESTONES.table


def counties(division: UUID, at: At) -> Select[Any]:
    """The counties under a division, and how far each one is."""
    here = under(division, at)
    decided = and_(readiness.c.division == places.c.place, visible(readiness, at))
    return (
        select(
            places.c.place,
            places.c.code,
            places.c.name,
            readiness.c.baseline_on,
            readiness.c.persons,
            readiness.c.errors,
            readiness.c.cleaning_since,
            readiness.c.cleaned_on,
            readiness.c.exchange_on,
        )
        .join(here, here.c.place == places.c.place)
        .outerjoin(readiness, decided)
        .where(
            places.c.level == int(Level.COUNTY),
            places.c.closed == 0,
            visible(places, at),
        )
        .order_by(places.c.code, places.c.place)
    )


def reached(at: At) -> Select[Any]:
    """Every milestone that any division has reached."""
    return select(milestones.c.division, milestones.c.milestone, milestones.c.reached_on).where(
        visible(milestones, at)
    )
