"""Whose card does not say where its holder lives, so that an address is to be appended (追加住址).

Source: 居民身份证法 art. 11: on a move the police record the new address in the card and tell the
holder, who brings the card along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from adapters import issuing
from adapters.answers import Cursor
from adapters.calling import IN_HAND, SECOND
from adapters.reading import Reader
from registry.limits import limit as legal_limit
from registry.projections import At
from registry.projections import card_addresses as model
from registry.values import day_of


@dataclass(frozen=True)
class Due:
    """A holder who has moved since the card was signed, or an address was last appended to it.

    moved_on: the last move. appended: addresses that the chip has; exchange: whether it has no room
    for a further one, so that the card is to be exchanged.
    """

    person: UUID
    household: UUID | None
    community: UUID
    application: UUID
    acceptance_number: str
    moved_on: date
    appended: int
    exchange: bool


@dataclass(frozen=True)
class List:
    """A page of the list, out of so many residents, and where it goes on."""

    at: At
    looked_at: int
    due: tuple[Due, ...]
    after: Cursor | None


def addresses_due(
    reader: Reader, place: UUID, at: At, after: Cursor | None = None, limit: int = 100
) -> List:
    """Residents of a community or division whose cards say another address, out of a page of them.

    By what was recorded when: who moved back meanwhile is named too, and the desk then sees that
    the card says the address.
    """
    residents = reader.residents(place, at, after, limit)
    at = residents.at
    cards = issuing.of_persons(reader, [one.person for one in residents.residents], at)
    held = {
        person: next((one for one in all_of if _has_chip(one)), None)
        for person, all_of in cards.items()
    }
    chips = {person: one for person, one in held.items() if one is not None}
    moved = _last(reader, chips, model.MOVES, at)
    signed = _last(reader, (one.id for one in chips.values()), model.SIGNED, at)
    bodies = [one.body for one in chips.values() if one.body is not None]
    appended = _last(reader, bodies, model.APPENDED, at)
    most = legal_limit("card_address_slots", at.valid_on).amount
    due = []
    for one in residents.residents:
        card, move = chips.get(one.person), moved.get(one.person)
        if card is None or move is None or card.id not in signed:
            continue
        added = appended.get(card.body) if card.body is not None else None
        said = max(signed[card.id].position, added.position if added else 0)
        if move.position > said:
            slots = added.entries if added else 0
            due.append(
                Due(
                    person=one.person,
                    household=one.household,
                    community=one.community,
                    application=card.id,
                    acceptance_number=card.acceptance_number,
                    moved_on=day_of(move.day),
                    appended=slots,
                    exchange=slots >= most,
                )
            )
    return List(at, len(residents.residents), tuple(due), residents.after)


def _has_chip(one: issuing.Standing) -> bool:
    return one.state == IN_HAND and one.card_kind == SECOND and one.body is not None


def _last(
    reader: Reader, streams: Iterable[UUID], codes: frozenset[int], at: At
) -> dict[UUID, Any]:
    """The last entry of some kinds of each stream that has one."""
    query = model.last([one.bytes for one in streams], codes, at)
    rows = reader.connection.execute(query).all()
    return {UUID(bytes=bytes(row.stream)): row for row in rows}
