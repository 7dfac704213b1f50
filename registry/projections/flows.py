"""Flows (人口变动): what each entry does to the population of the communities it touches.

A flow is the difference that an entry makes to its person's place at (day of recording, before
and after it), under the cause that its type declares. So flows close at every level, for the
population as a whole and for that of the towns: who passes from the country's to the towns' has a
flow too, which leaves and enters the same community.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Select, Table, func, or_, select

from registry.aggregates import Person
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
)
from registry.projections.packed import PackedFold, reading
from registry.projections.places import under
from registry.store import Stored
from registry.values import HukouNature, day_number
from registry.vocabulary import VOCABULARY, Cause, Group, Kind

EDITION = 2

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
    Column("code", Integer, nullable=False),  # of the event type
    Column("town", Integer, nullable=False),  # LEFT_TOWN and ENTERED_TOWN together
    Column("kind", Words),  # of a birth, death, supplement or deletion; as what somebody left
    Column("reason", Words),  # of a move
    Column("away", Words),  # the division that a paper names as the other end of a move
)

#: Whether somebody counted among the towns' population (非农业人口) before an entry, and after it.
LEFT_TOWN, ENTERED_TOWN = 1, 2
TOWN = "town"
TOWNS = frozenset(nature for nature in HukouNature.all() if nature.counted == TOWN)
#: The heading of who stays where he is and passes to the other of the two populations (户别变更).
NATURE = "nature"
HOUR = 3600 * 1_000_000  # in microseconds; days begin at full hours

#: The heading under which an event type is counted; what has none of its own only undoes.
CAUSES: dict[int | None, str] = {
    word.code: NATURE if word.writes == {Group.NATURE} else str((word.cause or Cause.VOIDED).value)
    for word in VOCABULARY.values()
}


#: Fields that say what kind a business was, and which division is the other end of a move.
KINDS = ("out_kind", "birth_kind", "death_cause", "supplement_kind", "deletion_kind")
AWAY = ("origin", "destination")
#: Codes of the event types that say any of it.
TELLING = frozenset(
    word.code
    for word in VOCABULARY.values()
    if word.kind is Kind.PERSON
    and word.cause is not None
    and not {field.name for field in word.fields}.isdisjoint({*KINDS, *AWAY, "reason"})
)
_read = reading((*KINDS, "reason", *AWAY))
NOTHING_SAID = (None, None, None)


def said(state: bytes) -> tuple[str | None, ...]:
    """What an event says of its kind, its reason and the other end of a move."""
    told = _read(state)
    kinds, reason, away = told[: len(KINDS)], told[len(KINDS)], told[len(KINDS) + 1 :]
    return next(filter(None, kinds), None), reason, next(filter(None, away), None)


@lru_cache(1)
def of_hour(hour: int) -> tuple[int, int]:
    """The day and the month of an hour of instants, since entries come in their order."""
    day = day_at(hour * HOUR)
    return day_number(day), day.year * 100 + day.month


def place_of(person: Any) -> bytes | None:
    """The community in whose population a person counts."""
    return None if person is None or person.life else person.community


def in_town(person: Any) -> bool:
    """Whether a person counts among the population of the towns, wherever it is."""
    return person is not None and person.nature in TOWNS


def row(stored: Stored, before: Any, after: Any) -> Values | None:
    """An entry's row; none where nobody's place changes, nor what a place's population is.

    before, after: packed states.
    """
    if before is after:
        return None
    left, entered = place_of(before), place_of(after)
    town = LEFT_TOWN * (left is not None and in_town(before))
    town += ENTERED_TOWN * (entered is not None and in_town(after))
    if left == entered and town in (0, LEFT_TOWN + ENTERED_TOWN):
        return None
    day, month = of_hour(stored.recorded_at // HOUR)
    return (
        stored.position,
        stored.key,
        day,
        month,
        CAUSES[stored.code],
        left,
        entered,
        stored.code,
        town,
        *(said(stored.state) if stored.code in TELLING else NOTHING_SAID),
    )


FLOWS = Steps(
    name="flows",
    edition=EDITION,
    kinds=frozenset({Kind.PERSON}),
    table=flows,
    ident=("position",),
    stream="person",
    lookups=(Lookup(("month", "cause", "left", "entered", "position")),),
    groups=frozenset({Group.LIFE, Group.PLACE, Group.NATURE}),
    fold=PackedFold(Person, ("life", "community", "nature")),
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


def told(first: int, until: int, months: tuple[int, int], division: UUID, at: At) -> Select[Any]:
    """Flows over the borders of a division, or inside it, by all that entries say of them.

    first, until: positions. at: when the division has the communities that count.
    """
    here = select(under(division, at).c.place)
    what = (
        *(flows.c.code, flows.c.cause, flows.c.left, flows.c.entered),
        *(flows.c.town, flows.c.kind, flows.c.reason, flows.c.away),
    )
    return (
        select(*what, func.count().label("count"))
        .where(
            flows.c.month.between(*months),
            flows.c.position >= first,
            flows.c.position < until,
            or_(flows.c.left.in_(here), flows.c.entered.in_(here)),
        )
        .group_by(*what)
    )
