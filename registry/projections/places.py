"""The tree of places (区划) on both clocks: which community belongs to which division, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Column, Integer, Select, select

from registry.aggregates import Places
from registry.events import places as events
from registry.projections.base import (
    STILL,
    At,
    Id,
    Key,
    Lookup,
    SelfDated,
    Sheet,
    Values,
    Words,
    evolve_of,
    known,
    visible,
)
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 2


def touched(event: Any) -> Collection[Key]:
    """The places that an event tells of."""
    match event:
        case events.DivisionAdjusted(moved=moved):
            return [(one.place.bytes,) for one in moved]
        case events.CommunityEstablished() | events.CommunityRenamed() | events.StationAssigned():
            return [(event.community.bytes,)]
        case _:
            return [(event.division.bytes,)]


def facts(tree: Places, key: Key) -> Mapping[int, tuple[int, Values]]:
    """What is so of a place, by the day it is so from, with the day until."""
    told = tree.facts.get(UUID(bytes=key[0]), ())
    days = [day_number(fact.since) for fact in told]
    return {
        since: (
            until,
            (
                None if fact.level is None else int(fact.level),
                fact.kind,
                fact.name,
                fact.code,
                None if fact.parent is None else fact.parent.bytes,
                int(fact.closed),
                fact.station,
            ),
        )
        for since, until, fact in zip(days, [*days[1:], STILL], told, strict=False)
    }


SHEET = Sheet(
    "tree",
    key=(Column("place", Id, nullable=False),),
    values=(
        Column("level", Integer),
        Column("kind", Words),
        Column("name", Words, nullable=False),
        Column("code", Words),
        Column("parent", Id),
        Column("closed", Integer, nullable=False),
        Column("station", Words),
    ),
    lookups=(
        Lookup(("parent", "place", "valid_from")),
        Lookup(("place", "valid_from")),
        Lookup(("code",), "code is not null"),
    ),
)
PLACES = SelfDated(
    name="places",
    edition=EDITION,
    kinds=frozenset({Kind.PLACES}),
    table=SHEET.table("places", EDITION),
    ident=SHEET.ident,
    lookups=tuple(SHEET.lookups),
    fold=evolve_of(Kind.PLACES),
    touched=touched,
    facts=facts,
)
places = PLACES.table


def under(division: UUID, at: At) -> CTE:
    """A division and every place below it, as (place, level)."""
    top = (
        select(places.c.place, places.c.level)
        .where(places.c.place == division.bytes, visible(places, at))
        .cte("under", recursive=True)
    )
    return top.union(
        select(places.c.place, places.c.level)
        .join(top, places.c.parent == top.c.place)
        .where(visible(places, at))
    )


def communities(division: UUID, at: At) -> Select[Any]:
    """The communities under a division, in order; a community is under itself."""
    found = under(division, at)
    return select(found.c.place).where(found.c.level.is_(None)).order_by(found.c.place)


def place(place: UUID, at: At) -> Select[Any]:
    """What is so of a place at a point on both clocks."""
    return select(places).where(places.c.place == place.bytes, visible(places, at))


def children(division: UUID, at: At) -> Select[Any]:
    """Places directly under a division."""
    return (
        select(places)
        .where(places.c.parent == division.bytes, visible(places, at), places.c.closed == 0)
        .order_by(places.c.code, places.c.name, places.c.place)
    )


def coded(code: str, at: At) -> Select[Any]:
    """The divisions that have a code."""
    return select(places).where(places.c.code == code, visible(places, at), places.c.closed == 0)


def versions(position: int) -> Select[Any]:
    """Every row of the tree that was known at some position up to one."""
    return select(places).where(places.c.known_from <= position).order_by(places.c.known_from)


def standing(position: int) -> Select[Any]:
    """Every row of the tree known at a position, on all days."""
    return select(places).where(known(places, position))
