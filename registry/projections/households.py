"""Households (户) and their members, on both clocks."""

from __future__ import annotations

from itertools import combinations
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)

from registry.aggregates import Household
from registry.projections.base import (
    At,
    Id,
    Lookup,
    Rows,
    Sheet,
    Words,
    dated,
    overlapping,
    visible,
)
from registry.projections.packing import Packing
from registry.projections.places import places
from registry.projections.residences import residences, resident
from registry.values import HouseholdNumber
from registry.vocabulary import Group, Kind

EDITION = 1
MEMBERS_EDITION = 1

PACKING = Packing(
    Household,
    (
        *("household_number", "household_type", "doorplate", "community"),
        *("head", "closed_on", "merged_into", "split_from"),
    ),
)


def rows(household: Household) -> Rows:
    """A household's row; a household that was closed keeps it, with the day."""
    return {(): PACKING.pack(household)}


def member_rows(household: Household) -> Rows:
    """A row for each member of a household."""
    return {(person.bytes,): (str(relation),) for person, relation in household.members.items()}


HOUSEHOLDS = dated(
    "households",
    EDITION,
    Kind.HOUSEHOLD,
    Sheet(
        "household",
        values=PACKING.columns(),
        lookups=(
            Lookup(("doorplate", "valid_from")),
            Lookup(("community", "household", "valid_from")),
            Lookup(("household_number",)),
        ),
    ),
    rows,
)
HOUSEHOLD_MEMBERS = dated(
    "household_members",
    MEMBERS_EDITION,
    Kind.HOUSEHOLD,
    Sheet(
        "household",
        key=(Column("person", Id, nullable=False),),
        values=(Column("relation", Words, nullable=False),),
        lookups=(Lookup(("person", "valid_from")),),
    ),
    member_rows,
    groups=frozenset({Group.LIFE, Group.MEMBERS}),
)
households = HOUSEHOLDS.table
members = HOUSEHOLD_MEMBERS.table
FORM = tuple(households.c[name] for name in PACKING.names)


def household(stream: UUID, at: At) -> Select[Any]:
    """A household at a point on both clocks."""
    return select(*FORM).where(households.c.household == stream.bytes, visible(households, at))


def household_with_members(stream: UUID, at: At) -> Select[Any]:
    """A household once for each member, with the relation to its head; once where it has none."""
    theirs = and_(members.c.household == stream.bytes, visible(members, at))
    return (
        select(members.c.person, members.c.relation, *FORM)
        .select_from(households.outerjoin(members, theirs))
        .where(households.c.household == stream.bytes, visible(households, at))
        .order_by(members.c.person)
    )


def members_of(stream: UUID, at: At) -> Select[Any]:
    """The members of a household and their relation to its head."""
    return (
        select(members.c.person, members.c.relation)
        .where(members.c.household == stream.bytes, visible(members, at))
        .order_by(members.c.person)
    )


def at_doorplate(doorplate: UUID, at: At) -> Select[Any]:
    """The households at a door plate."""
    return (
        select(households.c.household, *FORM)
        .where(households.c.doorplate == doorplate.bytes, visible(households, at))
        .order_by(households.c.household)
    )


def open_over(doorplate: UUID, first: int, until: int, position: int) -> Select[Any]:
    """The households that were open at a door plate on some day from one until before another."""
    return (
        select(households.c.household)
        .distinct()
        .where(
            households.c.doorplate == doorplate.bytes,
            households.c.closed_on.is_(None),
            overlapping(households, first, until, position),
        )
    )


def numbered_over(number: HouseholdNumber, community: UUID, first: int, at: At) -> Select[Any]:
    """The households that were open with a number on some day from one until that of `at`.

    In the communities that are in the care of one station with a community on such a day; where
    none is assigned, in that community.
    """
    until, here = at.day + 1, households.c.community
    mine, near = places.alias("mine"), places.alias("near")
    # Looked for with each who bears the number: there are few, and many communities. Of intervals
    # each two of which share a day, all share one.
    theirs = exists().where(
        near.c.place == here,
        mine.c.place == community.bytes,
        near.c.station == mine.c.station,
        *(overlapping(one, first, until, at.known) for one in (mine, near)),
        *(_meeting(*pair) for pair in combinations((households, mine, near), 2)),
    )
    return select(households.c.household).where(
        households.c.household_number == number,
        households.c.closed_on.is_(None),
        or_(here == community.bytes, theirs),
        overlapping(households, first, until, at.known),
    )


def _meeting(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether rows of two tables hold on some day together."""
    return and_(
        one.c.valid_from < other.c.valid_until,
        other.c.valid_from < one.c.valid_until,
    )


def numbered(number: HouseholdNumber, at: At) -> Select[Any]:
    """The open households with a number, of all stations."""
    return (
        select(households.c.household, *FORM)
        .where(
            households.c.household_number == number,
            households.c.closed_on.is_(None),
            visible(households, at),
        )
        .order_by(households.c.community, households.c.household)
    )


def repeated(at: At) -> Select[Any]:
    """Open households that bear a number with others, by station, or by community without one."""
    alone = case((places.c.station.is_(None), households.c.community))
    station, number = places.c.station, households.c.household_number
    others = func.count().over(partition_by=(station, alone, number))
    borne = (
        select(households.c.household, households.c.community, station, number, others.label("n"))
        .join(places, and_(places.c.place == households.c.community, visible(places, at)))
        .where(households.c.closed_on.is_(None), visible(households, at))
        .subquery()
    )
    order = (borne.c.station, borne.c.community, borne.c.household_number, borne.c.household)
    shown = (borne.c.household, borne.c.community, borne.c.station, borne.c.household_number)
    return select(*shown).where(borne.c.n > 1).order_by(*order)


def occupants(
    doorplate: UUID, at: At, after: bytes | None = None, limit: int | None = None
) -> Select[Any]:
    """Who is registered at a door plate, through the households there."""
    query = (
        select(residences.c.person, residences.c.household, residences.c.community)
        .join(households, households.c.household == residences.c.household)
        .where(
            households.c.doorplate == doorplate.bytes,
            resident(),
            visible(households, at),
            visible(residences, at),
        )
        .order_by(residences.c.person)
        .limit(limit)
    )
    return query if after is None else query.where(residences.c.person > after)


def occupants_over(doorplate: UUID, first: int, until: int, position: int) -> Select[Any]:
    """Who was registered at a door plate, with the days of household and person there."""
    return (
        select(
            residences.c.person,
            residences.c.household,
            residences.c.valid_from,
            residences.c.valid_until,
            households.c.valid_from,
            households.c.valid_until,
        )
        .join(
            households,
            and_(
                households.c.household == residences.c.household,
                households.c.valid_from < residences.c.valid_until,
                residences.c.valid_from < households.c.valid_until,
            ),
        )
        .where(
            households.c.doorplate == doorplate.bytes,
            resident(),
            overlapping(households, first, until, position),
            overlapping(residences, first, until, position),
        )
    )


def doorplates_over(stream: UUID, first: int, until: int, position: int) -> Select[Any]:
    """The door plates at which a household was, with the days."""
    return (
        select(households.c.doorplate, households.c.valid_from, households.c.valid_until)
        .where(
            households.c.household == stream.bytes,
            overlapping(households, first, until, position),
        )
        .order_by(households.c.valid_from)
    )
