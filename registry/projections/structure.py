"""What a population is made of on a day: by community, sex and age (人口构成)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
)

from registry.entry import EVERYTHING
from registry.projections.base import At, known, visible
from registry.projections.flows import flows
from registry.projections.households import households
from registry.projections.persons import persons
from registry.projections.places import under
from registry.projections.residences import residences, resident
from registry.values import HukouNature, day_number
from registry.vocabulary import Cause


def born_by(age: int, on: date) -> int:
    """The last birth date of somebody who has completed so many years, as columns hold days.

    Who was born on 29 February turns a year older on 1 March: GA 214.8-2004.

    >>> born_by(18, date(2008, 2, 29)) == day_number(date(1990, 2, 28))
    True
    """
    try:
        return day_number(on.replace(year=on.year - age))
    except ValueError:
        return day_number(date(on.year - age, 2, 28))


def band(ages: Sequence[int], on: date) -> ColumnElement[int | None]:
    """Which of some bands of age a person is in, numbered from 0; none without a birth date.

    ages: where each band after the first begins.
    """
    born = persons.c.birth_date
    # The oldest first: who was born by the first of their days is in the last band.
    whens = [(born <= born_by(age, on), number) for number, age in enumerate(ages, 1)][::-1]
    return cast(case((born.is_(None), null()), *whens, else_=literal(0)), Integer)


def _particulars(of: Table, at: At) -> ColumnElement[bool]:
    """Whether a row of persons is the one that holds on the day for somebody in a table."""
    later = persons.alias("later")
    position = min(at.known, EVERYTHING - 1)
    last = (
        select(func.max(later.c.valid_from))
        .where(
            later.c.person == of.c.person,
            later.c.valid_from <= at.day,
            later.c.known_from <= position,
            later.c.known_until > position,
        )
        .correlate(of)
        .scalar_subquery()
    )
    return and_(
        persons.c.person == of.c.person,
        persons.c.valid_from == last,
        known(persons, at.known),
    )


def by_age_and_sex(division: UUID, at: At, ages: Sequence[int]) -> Select[Any]:
    """How many residents each community has, by sex and band of age."""
    here = under(division, at)
    which = band(ages, at.valid_on).label("band")
    return (
        select(residences.c.community, persons.c.sex, which, func.count().label("persons"))
        .select_from(
            residences.join(here, here.c.place == residences.c.community).join(
                persons, _particulars(residences, at)
            )
        )
        .where(resident(), visible(residences, at))
        .group_by(residences.c.community, persons.c.sex, which)
    )


def natures(at: At, division: UUID) -> Select[Any]:
    """How many residents each community of a division has, by nature (户别)."""
    here = under(division, at)
    return _by_nature(at, residences.c.community.in_(select(here.c.place)))


def natures_of(at: At, communities: Collection[UUID]) -> Select[Any]:
    """How many residents some communities have, by nature, wherever they lie."""
    wanted = [one.bytes for one in communities]
    return _by_nature(at, residences.c.community.in_(wanted))


def _by_nature(at: At, where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(residences.c.community, persons.c.nature, func.count().label("persons"))
        .select_from(residences.join(persons, _particulars(residences, at)))
        .where(resident(), visible(residences, at), where)
        .group_by(residences.c.community, persons.c.nature)
    )


def counted(nature: str | None) -> str | None:
    """`town` or `country`, as a nature is counted; None where it does not tell."""
    return None if nature is None else HukouNature(nature).counted


def by_household(division: UUID, at: At) -> Select[Any]:
    """How many households that are not closed each community has."""
    here = under(division, at)
    return (
        select(households.c.community, func.count().label("households"))
        .join(here, here.c.place == households.c.community)
        .where(households.c.closed_on.is_(None), visible(households, at))
        .group_by(households.c.community)
    )


def vital(first: int, until: int, at: At) -> Select[Any]:
    """How many were born or died by entries from a position until before another, by sex.

    at: where the sex is read; unknown of those of whom nothing stands.
    """
    what = (flows.c.cause, persons.c.sex, flows.c.left, flows.c.entered)
    return (
        select(*what, func.count().label("count"))
        .select_from(flows.outerjoin(persons, _particulars(flows, at)))
        .where(
            flows.c.cause.in_([Cause.BIRTH.value, Cause.DEATH.value]),
            flows.c.position >= first,
            flows.c.position < until,
        )
        .group_by(*what)
    )
