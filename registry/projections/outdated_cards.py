"""Whose card may say what is so no longer: what was told of holders since it was signed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, and_, func, select

from registry.events.applications import CardSigned
from registry.projections.base import At, known
from registry.projections.timelines import entries, voidings
from registry.vocabulary import VOCABULARY, Group, Kind

ON_CARDS = frozenset({Group.NAME, Group.SEX, Group.BIRTH, Group.NUMBER, Group.NATIONALITY})
#: By which somebody, or a household, comes to live at another address.
MOVES = frozenset(
    word.code
    for word in VOCABULARY.values()
    if word.kind in {Kind.PERSON, Kind.HOUSEHOLD} and word.writes & {Group.PLACE, Group.ADDRESS}
)
#: By which something else that a card says of its holder changes, or is put right.
ITEMS = frozenset(
    word.code
    for word in VOCABULARY.values()
    if word.kind is Kind.PERSON and word.writes & ON_CARDS and not word.opens
)
#: By which an entry may turn out not to stand, or to stand after all.
UNDOES = frozenset(
    word.code
    for word in VOCABULARY.values()
    if word.kind in {Kind.PERSON, Kind.HOUSEHOLD} and word.voids
)
SIGNED = frozenset({VOCABULARY[CardSigned].code})


def last(streams: Iterable[bytes], codes: Collection[int], at: At) -> Select[Any]:
    """The last standing entry of some kinds of each stream: its position, the latest day."""
    fallen = and_(
        voidings.c.stream == entries.c.stream,
        voidings.c.version == entries.c.version,
        known(voidings, at.known),
    )
    return (
        select(
            entries.c.stream,
            func.max(entries.c.position).label("position"),
            func.max(entries.c.effective_on).label("day"),
        )
        .outerjoin(voidings, fallen)
        .where(
            entries.c.stream.in_(list(streams)),
            entries.c.code.in_(sorted(codes)),
            entries.c.position <= at.known,
            entries.c.effective_on <= at.day,
            voidings.c.stream.is_(None),
        )
        .group_by(entries.c.stream)
    )


def touched(streams: Iterable[bytes], codes: Collection[int], at: At) -> Select[Any]:
    """When each stream was last told of some kinds of entry, or that one does not stand."""
    return (
        select(entries.c.stream, func.max(entries.c.position).label("position"))
        .where(
            entries.c.stream.in_(list(streams)),
            entries.c.code.in_(sorted(UNDOES.union(codes))),
            entries.c.position <= at.known,
        )
        .group_by(entries.c.stream)
    )
