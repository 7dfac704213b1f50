"""Whose card does not say where its holder lives, so that an address is to be appended (追加住址).

Looked at is whoever moved since the card was signed, alone or with the household, or whose move was
undone since. Due is who then lives elsewhere than the card says: the address appended last, or that
of the signature, held against the present one as the desk will do (`IntendAddress`).
Source: 居民身份证法 art. 11: on a move the police record the new address in the card and tell the
holder, who brings the card along.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from adapters import issuing, papers
from adapters.answers import Cursor, Resident
from adapters.calling import IN_HAND, SECOND
from adapters.issuing import Standing, by_stream
from adapters.reading import Reader
from registry.aggregates import CardBody
from registry.commands.cards_addresses import slot_of
from registry.commands.cards_fitness import is_soldier
from registry.errors import Malformed
from registry.events.cards import AddressAppended
from registry.limits import limit as legal_limit
from registry.projections import At
from registry.projections import outdated_cards as model
from registry.values import Digest, day_of


@dataclass(frozen=True)
class Due:
    """A holder whose card says another address than the present one.

    moved_on: since when the holder lives there. appended: slots of the chip that are used up;
    exchange: whether it has no room for a further one, so that the card is to be exchanged.
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

    A street that was given another name is no move: who lives there is not named for it.
    """
    residents = reader.residents(place, at, after, limit)
    due = _Look(reader, residents.at).among(residents.residents)
    return List(residents.at, len(residents.residents), tuple(due), residents.after)


@dataclass
class _Look:
    """One look at some residents, at a point on both clocks."""

    reader: Reader
    point: At
    addresses: dict[UUID, str | None] = field(default_factory=dict)  # of households, today

    def among(self, residents: Collection[Resident]) -> list[Due]:
        """Those whose cards say another address."""
        moved = self._moved(residents)
        streams = {stream for one, _, _ in moved for stream in (one.person, one.household)}
        since = by_stream(self.reader, streams, model.last, model.MOVES, self.point)
        most = legal_limit("card_address_slots", self.point.valid_on).amount
        due = []
        for one, chip, signature in moved:
            body, appended = self._chip(chip.body)
            if body is None or self._says(one, signature, appended):
                continue
            days = [since[each].day for each in (one.person, one.household) if each in since]
            due.append(
                Due(
                    person=one.person,
                    household=one.household,
                    community=one.community,
                    application=chip.id,
                    acceptance_number=chip.acceptance_number,
                    moved_on=day_of(max(days)),
                    appended=body.addresses,
                    exchange=body.addresses >= most,
                )
            )
        return due

    def _moved(self, residents: Collection[Resident]) -> list[tuple[Resident, Standing, Any]]:
        """Who may have moved since the card was signed, with the card and its signature."""
        chips = self._chips(residents)
        there = [one for one in residents if one.person in chips]
        streams = {*chips, *(one.household for one in there)}
        told = by_stream(self.reader, streams, model.touched, model.MOVES, self.point)
        applications = [chip.id for chip in chips.values()]
        signed = by_stream(self.reader, applications, model.last, model.SIGNED, self.point)
        found = []
        for one in there:
            chip = chips[one.person]
            last = [told[each].position for each in (one.person, one.household) if each in told]
            signature = signed.get(chip.id)
            if signature is not None and max(last, default=0) > signature.position:
                found.append((one, chip, signature))
        return found

    def _chips(self, residents: Collection[Resident]) -> dict[UUID, Standing]:
        """The cards with a chip that residents have in hand."""
        cards = issuing.of_persons(self.reader, [one.person for one in residents], self.point)
        held = {
            person: next((one for one in all_of if _has_chip(one)), None)
            for person, all_of in cards.items()
        }
        return {person: one for person, one in held.items() if one is not None}

    def _chip(self, body: UUID | None) -> tuple[CardBody | None, Digest | None]:
        """A body as it was on the day, and the digest of the address that was appended last."""
        assert body is not None, "it has a chip"
        state, appended = None, None
        for line in self.reader.timeline(body, self.point.known):
            if line.effective_on > self.point.valid_on:
                continue
            state = CardBody.after(state, line.event, line.stream)
            if isinstance(line.event, AddressAppended):
                appended = line.event.digest
        return state, appended

    def _says(self, one: Resident, signature: Any, appended: Digest | None) -> bool:
        """Whether a card says where its holder lives."""
        if one.household not in self.addresses:
            self.addresses[one.household] = self._address(one.household, self.point)
        present = self.addresses[one.household]
        if present is None:
            return True  # there is none that could be appended
        if appended is None:
            signed = At(day_of(signature.day), signature.position)
            return present == self._signed(one.person, signed)
        try:
            return slot_of(present) == appended
        except Malformed:  # it has no room in a slot, so that no slot says it
            return False

    def _signed(self, person: UUID, at: At) -> str | None:
        """The address that a card was signed with; of a soldier, the one before the service."""
        one = self.reader.person(person, at)
        if one is not None and is_soldier(one) and one.left_on is not None:
            one = self.reader.person(person, At(one.left_on - timedelta(1), at.known))
        return self._address(one.household, at) if one is not None and one.household else None

    def _address(self, household: UUID, at: At) -> str | None:
        home = self.reader.household(household, at)
        return None if home is None else papers.address(self.reader, home.doorplate, at)


def _has_chip(one: Standing) -> bool:
    return one.state == IN_HAND and one.card_kind == SECOND and one.body is not None
