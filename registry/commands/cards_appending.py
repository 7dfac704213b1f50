"""Appending an address to the chip of a card that its holder has (追加住址).

What is to be written is recorded before the first byte, so that a writer that stopped can be
followed by another one; what the chip took is recorded when it was read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import Application, CardBody, appending_rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_addresses import address_of, opened_by, says, slot_of
from registry.commands.cards_common import body_id, in_hand
from registry.events.cards import (
    AddressAppendAbandoned,
    AddressAppended,
    AddressAppendIntended,
    AddressPreWritten,
)
from registry.registrar import Registrar
from registry.values import (
    AppendFailure,
    ApplicationId,
    ChipSerial,
    Digest,
    PaperNumber,
    Text,
)

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
    where the card says the present one already. Of a card that the holder has no more, nothing is
    looked at: what was intended for it is given up (AbandonAddress).
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
        held = one.state == WITH_HOLDER and one.body == body.id
        registrar.refuse_if((not held, appending_rules.AppendingToLostCard(one.acceptance_number)))
        registrar.stop_if_refused()
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
    if body.application is not None:
        in_hand(registrar, (body.application,))
    registrar.stop_if_refused()
    return body
