"""Appending an address to the chip of a card that its holder has (追加住址).

What is to be written is recorded before the first byte, so that a writer that stopped can be
followed by another one; what the chip took is recorded when it was read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from registry.aggregates import (
    Aggregate,
    Application,
    CardBody,
    Doorplate,
    Household,
    Person,
    Street,
    appending_rules,
    rules,
)
from registry.card_face import printed_address
from registry.chip.appended import encode, slot_digest
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import body_id, in_hand
from registry.events.applications import CardSigned
from registry.events.cards import (
    AddressAppendAbandoned,
    AddressAppended,
    AddressAppendIntended,
    AddressPreWritten,
)
from registry.history import effective
from registry.registrar import Registrar
from registry.values import (
    AppendFailure,
    ApplicationId,
    ChipSerial,
    Digest,
    PaperNumber,
    Text,
)
from registry.vocabulary import VOCABULARY, Group

A = TypeVar("A", bound=Aggregate)

#: The state of a card that its holder has.
WITH_HOLDER = "93"
#: An address that was to be appended was given up (取消追加操作).
CANCELLED = AppendFailure("3")


@command(STATION, COUNTY)
class IntendAddress:
    """Have the holder's present address appended to the chip of the holder's card (申请追加住址).

    The card must be in hand and say another address. device: the writer's number; key_version: of
    the key that may append, and nothing else.
    Source: 居民身份证法 art. 11; GA/T 1222-2015, 4.16.
    """

    application: ApplicationId
    device: PaperNumber
    key_version: int

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the address that is to be written, and into which slot."""
        (one,) = in_hand(registrar, (self.application,))
        held = one.state == WITH_HOLDER and one.body is not None
        registrar.refuse_if((not held, appending_rules.CardNotWithHolder(one.acceptance_number)))
        registrar.stop_if_refused()
        assert one.body is not None, "refused above"
        body = registrar.load(CardBody, one.body)
        address = address_of(registrar, one)
        stands = says(registrar, one, body, address)
        registrar.refuse_if((stands, appending_rules.AddressStands(one.acceptance_number)))
        slot = intend(registrar, one, body, address, self.device, self.key_version)
        return {"body": body.id, "slot": slot}


@command(STATION, COUNTY)
class ReconsiderAddress:
    """Look once more at an address that is being appended: its holder may have moved (重核追加).

    To be sent where a writer had stopped and the chip does not say the address yet. One that is no
    longer the holder's is given up, and the present one takes its slot; the answer names no slot
    where the card says the present one already.
    Source: 居民身份证法 art. 11; 住址追加操作结果 3.
    """

    serial: ChipSerial
    device: PaperNumber
    key_version: int

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end of the one and the beginning of the other, if they differ."""
        body = being_written(registrar, self.serial)
        assert body.application is not None, "it is a card"
        assert body.appending is not None, "refused otherwise"
        one = registrar.load(Application, body.application)
        address = address_of(registrar, one)
        if slot_of(address) == body.appended:
            return {"body": body.id, "slot": body.appending}
        given_up = AddressAppendAbandoned(
            effective_on=registrar.today,
            slot=body.appending,
            result=CANCELLED,
            burnt=False,
            device=self.device,
        )
        registrar.enter(body.id, given_up)
        if says(registrar, one, body, address):
            return {"body": body.id, "slot": None}
        held = one.state == WITH_HOLDER and one.body == body.id
        registrar.refuse_if((not held, appending_rules.CardNotWithHolder(one.acceptance_number)))
        slot = intend(registrar, one, body, address, self.device, self.key_version)
        return {"body": body.id, "slot": slot}


@command(STATION, COUNTY)
class NotePreWritten:
    """Record that the chip took an address and does not keep it yet (追加预写入成功).

    Source: GA/T 490; 住址追加操作结果 0.
    """

    serial: ChipSerial
    device: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it for the slot that is being written."""
        body = being_written(registrar, self.serial)
        assert body.appending is not None, "refused otherwise"
        noted = AddressPreWritten(
            effective_on=registrar.today, slot=body.appending, device=self.device
        )
        registrar.enter(body.id, noted)
        return {"slot": noted.slot}


@command(STATION, COUNTY)
class ConfirmAddress:
    """Record that an address stands in the chip and was read back (追加确认成功).

    digest: of the bytes that were read. recovered: the writer had stopped before it recorded this.
    Source: 居民身份证法 art. 11; 住址追加操作结果 9.
    """

    serial: ChipSerial
    digest: Digest
    device: PaperNumber
    recovered: bool = False

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it for the slot that is being written."""
        body = being_written(registrar, self.serial)
        assert body.appending is not None, "refused otherwise"
        appended = AddressAppended(
            effective_on=registrar.today,
            slot=body.appending,
            digest=self.digest,
            device=self.device,
            recovered=self.recovered,
        )
        registrar.enter(body.id, appended)
        return {"slot": appended.slot}


@command(STATION, COUNTY)
class AbandonAddress:
    """Record that an address was not written into a chip after all (取消追加).

    burnt: something else stands in the slot, so that the next address takes the next one.
    Source: 住址追加操作结果 1, 2, 3.
    """

    serial: ChipSerial
    result: AppendFailure
    device: PaperNumber
    burnt: bool = False

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it for the slot that was being written."""
        body = being_written(registrar, self.serial)
        assert body.appending is not None, "refused otherwise"
        abandoned = AddressAppendAbandoned(
            effective_on=registrar.today,
            slot=body.appending,
            result=self.result,
            burnt=self.burnt,
            device=self.device,
        )
        registrar.enter(body.id, abandoned)
        return {"slot": abandoned.slot}


def slot_of(address: str) -> Digest:
    """Digest of what a slot holds that says an address."""
    return Digest(slot_digest(encode(address)).hex())


def says(registrar: Registrar, one: Application, body: CardBody, address: str) -> bool:
    """Whether a card says an address, by what was appended last or what it was made with."""
    return slot_of(address) == (said_last(registrar, body) or said_first(registrar, one))


def intend(
    registrar: Registrar,
    one: Application,
    body: CardBody,
    address: str,
    device: PaperNumber,
    key_version: int,
) -> int:
    """Enter that an address is to be written into the next slot of a card, and return the slot."""
    intended = AddressAppendIntended(
        effective_on=registrar.today,
        slot=body.addresses + 1,
        digest=slot_of(address),
        key_version=key_version,
        device=device,
        opened_by=opened_by(registrar, one),
        address=Text(address),
    )
    registrar.enter(body.id, intended)
    return intended.slot


def being_written(registrar: Registrar, serial: ChipSerial) -> CardBody:
    """A body into which an address is being written, of a card of the officer's area."""
    body = registrar.load(CardBody, body_id(registrar, serial))
    registrar.refuse_if((body.appending is None, appending_rules.NothingBeingAppended(body.id)))
    registrar.stop_if_refused()
    assert body.application is not None, "it is a card"
    in_hand(registrar, (body.application,))
    return body


def address_of(registrar: Registrar, one: Application) -> str:
    """Where the holder of a card is registered today, as a card says it."""
    person = registrar.load(Person, one.person)
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
    """Digest of the address that the card was made with: what was known when it was signed."""
    signed = [entry for entry in registrar.entries(one.id) if isinstance(entry.event, CardSigned)][
        -1
    ]

    def known(kind: type[A], stream: UUID) -> A | None:
        before = [entry for entry in registrar.entries(stream) if entry.position <= signed.position]
        return kind.fold(effective(before, signed.effective_on))

    person = known(Person, one.person)
    home = known(Household, person.household) if person and person.household else None
    plate = known(Doorplate, home.doorplate) if home else None
    street = known(Street, plate.street) if plate else None
    if plate is None or street is None:
        return None  # such as a soldier, who is registered nowhere
    return slot_of(printed_address(registrar.places(), street, plate, signed.effective_on))


def opened_by(registrar: Registrar, one: Application) -> int | None:
    """The version of the entry by which the holder came to the present address."""
    history = effective(registrar.entries(one.person), registrar.today)
    moved = [
        entry.version
        for entry in history
        if VOCABULARY[type(entry.event)].writes & {Group.PLACE, Group.ADDRESS}
    ]
    return moved[-1] if moved else None
