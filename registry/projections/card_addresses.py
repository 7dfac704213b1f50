"""Which cards do not say where their holders live, from what was recorded when (追加住址)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, and_, func, select

from registry.events.applications import CardSigned
from registry.events.cards import AddressAppended
from registry.projections.base import At, known
from registry.projections.timelines import timelines, voidings
from registry.vocabulary import VOCABULARY, Group, Kind

#: By which somebody comes to live at another address.
MOVES = frozenset(
    word.code
    for word in VOCABULARY.values()
    if word.kind is Kind.PERSON and word.writes & {Group.PLACE, Group.ADDRESS}
)
#: By which a card says an address: the one it was signed with, one that was appended.
SIGNED = frozenset({VOCABULARY[CardSigned].code})
APPENDED = frozenset({VOCABULARY[AddressAppended].code})


def last(streams: Iterable[bytes], codes: Collection[int], at: At) -> Select[Any]:
    """The last standing entry of some kinds of each stream: its position, its day, how many."""
    fallen = and_(
        voidings.c.stream == timelines.c.stream,
        voidings.c.version == timelines.c.version,
        known(voidings, at.known),
    )
    return (
        select(
            timelines.c.stream,
            func.max(timelines.c.position).label("position"),
            func.max(timelines.c.effective_on).label("day"),
            func.count().label("entries"),
        )
        .outerjoin(voidings, fallen)
        .where(
            timelines.c.stream.in_(list(streams)),
            timelines.c.code.in_(sorted(codes)),
            timelines.c.position <= at.known,
            timelines.c.effective_on <= at.day,
            voidings.c.stream.is_(None),
        )
        .group_by(timelines.c.stream)
    )
