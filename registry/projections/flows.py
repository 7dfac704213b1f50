"""Flows (人口变动): what each entry does to the population of the communities it touches.

A flow is the difference that an entry makes to its person's place at (day of recording, before
and after it), under the cause that its type declares. So flows close at every level.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, MetaData, Select, Table, func, or_, select

from registry.aggregates import Person
from registry.days import day_at
from registry.projections.base import Day, Id, Lookup, Position, Steps, Values, Words, evolve_of
from registry.store import StoredEntry
from registry.values import day_number
from registry.vocabulary import VOCABULARY, Cause, Group, Kind

EDITION = 1

flows = Table(
    f"flows_{EDITION}",
    MetaData(),
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("person", Id, nullable=False),
    Column("day", Day, nullable=False),
    Column("month", Integer, nullable=False),  # yyyymm
    Column("cause", Words, nullable=False),
    Column("left", Id),
    Column("entered", Id),
)

#: The heading under which an event type is counted; what has none of its own only undoes.
CAUSES: dict[int | None, str] = {
    word.code: str((word.cause or Cause.VOIDED).value) for word in VOCABULARY.values()
}


def place_of(person: Person | None) -> bytes | None:
    """The community in whose population a person counts."""
    if person is None or person.life or person.community is None:
        return None
    return person.community.bytes


def row(stored: StoredEntry, before: Person | None, after: Person | None) -> Values | None:
    """An entry's row; none where nobody's place changes."""
    left, entered = place_of(before), place_of(after)
    if left == entered:
        return None
    day = day_at(stored.recorded_at)
    return (
        stored.position,
        stored.originator_id.bytes,  # type: ignore[union-attr]  # ours are always UUIDs
        day_number(day),
        day.year * 100 + day.month,
        CAUSES[stored.code],
        left,
        entered,
    )


FLOWS = Steps(
    name="flows",
    edition=EDITION,
    kinds=frozenset({Kind.PERSON}),
    table=flows,
    ident=("position",),
    stream="person",
    lookups=(Lookup(("month", "cause", "left", "entered", "position")),),
    groups=frozenset({Group.LIFE, Group.PLACE}),
    fold=evolve_of(Kind.PERSON),
    row=row,
)


def summed(first: int, until: int, month: tuple[int, int]) -> Select[Any]:
    """How many entries from a position until before another moved people, by cause and places."""
    return (
        select(flows.c.month, flows.c.cause, flows.c.left, flows.c.entered, func.count())
        .where(
            flows.c.month.between(*month),
            flows.c.position >= first,
            flows.c.position < until,
        )
        .group_by(flows.c.month, flows.c.cause, flows.c.left, flows.c.entered)
    )


def of_community(community: bytes, month: tuple[int, int], position: int) -> Select[Any]:
    """The single flows of a community, in order."""
    return (
        select(flows)
        .where(
            or_(flows.c.left == community, flows.c.entered == community),
            flows.c.month.between(*month),
            flows.c.position <= position,
        )
        .order_by(flows.c.position)
    )
