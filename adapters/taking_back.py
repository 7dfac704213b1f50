"""Cards that are out and whose holders are no more: to be taken back and destroyed (应收缴证件).

Who died or settled abroad hands the card back, or somebody does who has it; so it is with the card
of a record that was deleted, one of two of a person, or whose registration was undone. Listed where
the card was applied for, and where the holder was registered last: what became of the holder is
told there alone. Who serves keeps the card, and who is missing has it along.
Source: 居民身份证法 art. 11; 居民身份证条例实施细则: cards of the dead and of emigrants; table
card_surrender_reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from adapters import issuing
from adapters.reading import Reader
from registry.aggregates import Person
from registry.aggregates.person import Life
from registry.projections import At
from registry.values import OutKind, SurrenderReason

ABROAD: Final = OutKind("4")
#: What the list tells of holders, as the query log names it.
FIELDS: Final = ("cards", "life", "died_on", "out_kind", "kept")


class Why(StrEnum):
    """Why a card is to be taken back."""

    DIED = "died"
    DELETED = "deleted"  # the record was one of two of a person, or should not have been
    REVERSED = "reversed"  # the registration was undone
    ABROAD = "abroad"

    @property
    def reason(self) -> SurrenderReason:
        """What is recorded when the card is handed back (收缴原因)."""
        return SurrenderReason({Why.DIED: "4", Why.ABROAD: "6"}.get(self, "1"))


@dataclass(frozen=True)
class Out:
    """A card, or a temporary one, that is to be taken back.

    since: the day of death or departure, where there is one. kept: the record that was kept, whose
    person has the card. reason: for SurrenderCard. All of them, and why, are None where the holder
    is a matter of another area.
    """

    application: UUID
    acceptance_number: str
    card_kind: str
    person: UUID
    why: Why | None
    since: date | None
    kept: UUID | None
    reason: SurrenderReason | None


@dataclass(frozen=True)
class List:
    """A page of the list, and the card after which it goes on."""

    cards: tuple[Out, ...]
    after: UUID | None

    @property
    def subjects(self) -> list[UUID]:
        """Whom the page shows, for the query log."""
        told = [one for card in self.cards for one in (card.person, card.kept)]
        return [one for one in dict.fromkeys(told) if one is not None]


def to_take_back(
    reader: Reader,
    division: UUID,
    at: At,
    sees: Callable[[Person], bool],
    after: UUID | None = None,
    limit: int = 100,
) -> List:
    """Cards of a division that are out and whose holders are registered nowhere, a page of them.

    sees: whether who asks may learn what became of a holder. Of a record that is none any more,
    nothing but that is told.
    """
    found = issuing.of_nobody(reader, division, at, after, limit + 1)
    page = found[:limit]
    people = reader.persons([one.person for one in page], at)
    cards = []
    for one in page:
        holder = people.get(one.person)
        why = _why(holder)
        if why is not None:
            seen = holder is None or sees(holder)
            told = holder if seen else None
            cards.append(
                Out(
                    application=one.id,
                    acceptance_number=one.acceptance_number,
                    card_kind=one.card_kind,
                    person=one.person,
                    why=why if seen else None,
                    since=None if told is None else (told.died_on or told.left_on),
                    kept=None if told is None else told.kept,
                    reason=why.reason if seen else None,
                )
            )
    return List(tuple(cards), page[-1].id if len(found) > limit else None)


def _why(holder: Person | None) -> Why | None:
    if holder is None:
        return Why.REVERSED
    if holder.life is Life.DEAD:
        return Why.DIED
    if holder.life is Life.DELETED:
        return Why.DELETED
    return Why.ABROAD if holder.out_kind == ABROAD else None
