"""Residences (户口所在): who is registered where, or on the move, on both clocks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Integer, Select, func, literal_column, select

from registry.aggregates import Person
from registry.projections.base import (
    At,
    Day,
    Id,
    Lookup,
    Rows,
    Sheet,
    Words,
    dated,
    overlapping,
    visible,
)
from registry.projections.packed import PackedFold
from registry.vocabulary import Group, Kind

EDITION = 1

RESIDENT, IN_TRANSIT = 1, 2
ON_THE_WAY = "2"  # the kind of leaving after which somebody settles elsewhere


FOLD = PackedFold(
    Person,
    (
        *("life", "community", "household", "out_kind"),
        *("left_community", "certificate", "destination", "left_on"),
    ),
)


def rows(person: Any) -> Rows:
    """A person's row while resident or in transit (未落户), else none; of a packed state.

    In transit the community is the one left, which still answers for the person.
    """
    if person.life:
        return {}
    if person.community is not None:
        assert person.household is not None
        return {(): (person.community, RESIDENT, person.household, None, None, None)}
    if person.out_kind != ON_THE_WAY or person.left_community is None:
        return {}
    return {
        (): (
            person.left_community,
            IN_TRANSIT,
            None,
            person.certificate,
            person.destination,
            person.left_on,
        )
    }


RESIDENCES = dated(
    "residences",
    EDITION,
    Kind.PERSON,
    Sheet(
        "person",
        values=(
            Column("community", Id, nullable=False),
            Column("status", Integer, nullable=False),
            Column("household", Id),
            Column("certificate", Id),
            Column("destination", Words),
            Column("left_on", Day),
        ),
        lookups=(
            # Counting and turning pages is done on the index alone.
            Lookup(
                (
                    *("community", "status", "person"),
                    *("valid_from", "known_from", "known_until", "valid_until"),
                )
            ),
            Lookup(("household", "valid_from"), "household is not null"),
            Lookup(("left_on",), f"status = {IN_TRANSIT}"),
        ),
    ),
    rows,
    fold=FOLD,
    groups=frozenset({Group.LIFE, Group.PLACE}),
)
residences = RESIDENCES.table


def resident() -> ColumnElement[bool]:
    """Whether a row is of somebody who counts in a population."""
    return residences.c.status == literal_column(str(RESIDENT))


def in_transit() -> ColumnElement[bool]:
    """Whether a row is of somebody on the move; said so that the small index is found."""
    return residences.c.status == literal_column(str(IN_TRANSIT))


def page(community: bytes, at: At, after: bytes, limit: int) -> Select[Any]:
    """Residents of a community after a person."""
    return (
        select(residences.c.person, residences.c.household, residences.c.community)
        .where(
            residences.c.community == community,
            resident(),
            residences.c.person > after,
            visible(residences, at),
        )
        .order_by(residences.c.person)
        .limit(limit)
    )


def of_household(household: UUID, at: At, after: bytes, limit: int) -> Select[Any]:
    """Residents of a household after a person."""
    return (
        select(residences.c.person, residences.c.household, residences.c.community)
        .where(
            residences.c.household == household.bytes,
            residences.c.person > after,
            visible(residences, at),
        )
        .order_by(residences.c.person)
        .limit(limit)
    )


def of_household_over(household: UUID, first: int, until: int, position: int) -> Select[Any]:
    """Who was a resident of a household on some day from one until before another."""
    return (
        select(residences.c.person)
        .distinct()
        .where(
            residences.c.household == household.bytes,
            overlapping(residences, first, until, position),
        )
    )


def of_person(person: UUID, first: int, until: int, position: int) -> Select[Any]:
    """Where a person was registered from a day until before another."""
    return (
        select(residences)
        .where(residences.c.person == person.bytes, overlapping(residences, first, until, position))
        .order_by(residences.c.valid_from)
    )


def on_the_move(at: At) -> Select[Any]:
    """Everybody in transit, those who left first before the others."""
    return (
        select(residences)
        .where(in_transit(), visible(residences, at))
        .order_by(residences.c.left_on, residences.c.person)
    )


def counts(at: At, communities: Collection[bytes] | None = None) -> Select[Any]:
    """How many people are registered in each community (在册人口数)."""
    query = (
        select(residences.c.community, func.count())
        .where(resident(), visible(residences, at))
        .group_by(residences.c.community)
    )
    if communities is not None:
        query = query.where(residences.c.community.in_(communities))
    return query
