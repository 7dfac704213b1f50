"""What a card says of where its holder lives, and where that is (卡载住址)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from registry.aggregates import (
    Aggregate,
    Application,
    CardBody,
    Doorplate,
    Household,
    Person,
    Street,
    rules,
)
from registry.card_face import printed_address
from registry.chip.appended import encode, slot_digest
from registry.commands.cards_common import person_of
from registry.commands.cards_fitness import is_soldier
from registry.entry import Entry
from registry.events.applications import CardSigned
from registry.events.cards import AddressAppended
from registry.history import effective
from registry.registrar import Registrar
from registry.values import Digest
from registry.vocabulary import VOCABULARY, Group, Kind

A = TypeVar("A", bound=Aggregate)


def slot_of(address: str) -> Digest:
    """Digest of what a slot holds that says an address."""
    return Digest(slot_digest(encode(address)).hex())


def says(registrar: Registrar, one: Application, body: CardBody, address: str) -> bool:
    """Whether a card says an address, by what was appended last or what it was made with."""
    return slot_of(address) == (said_last(registrar, body) or said_first(registrar, one))


def address_of(registrar: Registrar, one: Application) -> str:
    """Where the holder of a card is registered today, as a card says it."""
    person = person_of(registrar, one.person)
    registrar.refuse_if((not person.resident, rules.NotRegistered(one.person)))
    registrar.stop_if_refused()
    assert person.household is not None, "somebody registered has a household"
    home = registrar.load(Household, person.household)
    plate = registrar.load(Doorplate, home.doorplate)
    street = registrar.load(Street, plate.street)
    return printed_address(registrar.places(), street, plate, registrar.today)


def said_last(registrar: Registrar, body: CardBody) -> Digest | None:
    """Digest of the address that was appended last."""
    told = [one.event for one in registrar.entries(body.id)]
    appended = [one.digest for one in told if isinstance(one, AddressAppended)]
    return appended[-1] if appended else None


def said_first(registrar: Registrar, one: Application) -> Digest | None:
    """Digest of the address that the card was made with: what was known when it was signed.

    Of a soldier it is the one before the service.
    """
    signed = [entry for entry in registrar.entries(one.id) if isinstance(entry.event, CardSigned)][
        -1
    ]

    def known(kind: type[A], stream: UUID, on: date = signed.effective_on) -> A | None:
        before = [entry for entry in registrar.entries(stream) if entry.position <= signed.position]
        return kind.fold(effective(before, on))

    person = known(Person, one.person)
    if person is not None and is_soldier(person) and person.left_on is not None:
        person = known(Person, one.person, person.left_on - timedelta(1))
    home = known(Household, person.household) if person and person.household else None
    plate = known(Doorplate, home.doorplate) if home else None
    street = known(Street, plate.street) if plate else None
    if plate is None or street is None:
        return None
    return slot_of(printed_address(registrar.places(), street, plate, signed.effective_on))


def opened_by(registrar: Registrar, one: Application) -> int | None:
    """The version of the entry by which the holder came to the present address.

    None where that stands on the household's stream alone, which moved within its community.
    """
    home = person_of(registrar, one.person).household
    own = moves(registrar, one.person)
    carried = [] if home is None else moves(registrar, home)
    if not own:
        return None
    came = own[-1]
    alone = (last for last in carried if last.position > came.position)
    return None if any(last.submission != came.submission for last in alone) else came.version


def moves(registrar: Registrar, stream: UUID) -> list[Entry]:
    """The standing entries by which a person, or a household that was there, changed address."""
    told = [
        (entry, VOCABULARY[type(entry.event)])
        for entry in effective(registrar.entries(stream), registrar.today)
    ]
    return [
        entry
        for entry, word in told
        if word.writes & {Group.PLACE, Group.ADDRESS}
        and not (word.opens and word.kind is Kind.HOUSEHOLD)
    ]
