"""An address is appended at the county once, wherever the desk stopped."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from adapters.card.appended import SlotLost
from adapters.card.channel import CardRefused, OutcomeUnknown, WrongCard
from adapters.card.county import Desk
from adapters.card.emulator.chip import Chip
from adapters.card.keys import APPENDING
from adapters.card.session import open_session
from registry.aggregates import CardBody, Doorplate
from registry.chip.appended import ADDRESS_SIZE, SEAL_SIZE, decode, encode
from registry.chip.files import APPENDED
from registry.commands.relocation import MoveHousehold
from registry.errors import Refused
from registry.values import PaperNumber
from registry.vocabulary import Kind
from tests.card.blanks import image_for
from tests.card.rig import KEYS, SIGNER, Rack, Tray, Wire, written
from tests.card.test_personalise import tear_after
from tests.scenarios.cards import AUDITOR, issued, ready, serial
from tests.scenarios.town import DECLARANT, Town

DEVICE = PaperNumber("W-17")


@pytest.fixture
def card(town: Town) -> Any:
    """Zhao's card, in his hand, and then he moves."""
    ready(town)
    one = issued(town, "zhao")
    move(town, "gate")
    return one


def move(town: Town, plate: str) -> None:
    """Zhao moves with his household."""
    where = town.ids[plate]
    town.do(MoveHousehold(household=town.hut, doorplate=where, declarant=DECLARANT))


def desk(town: Town) -> Desk:
    """The county's desk, begun anew."""
    town.open()
    return Desk(town.register, AUDITOR, DEVICE, KEYS, SIGNER, uuid4)


def reader(number: int = 1) -> Rack:
    """A reader with a card that was made."""
    chip = Chip.blank(bytes.fromhex(serial(number)), KEYS)
    written_as_made(chip)
    return Rack(Tray(), chip=chip)


def wire(rack: Rack) -> Wire:
    """A connection to the card that is there."""
    found = rack.connect(0)
    assert found is not None
    return found


def written_as_made(chip: Chip) -> None:
    """Close a chip; its base files do not matter here."""
    written(chip, image_for(chip.memory.serial))


def body(town: Town) -> Any:
    """What the register knows of the card."""
    return town.see(CardBody, town.named(Kind.CARD, serial(1)))


def said(rack: Rack) -> tuple[str, ...]:
    """The addresses that the chip says."""
    assert rack.chip is not None
    return decode(rack.chip.memory.file(APPENDED))


def test_an_address_is_appended_and_read_back(town: Town, card: Any):
    rack = reader()
    told = desk(town).append(card, wire(rack))
    assert (told.slot, told.recovered) == (1, False)
    (address,) = said(rack)
    assert address.startswith("sichuan")
    names = town.events(body(town).id)[-3:]
    assert names == ["AddressAppendIntended", "AddressPreWritten", "AddressAppended"]
    with pytest.raises(Refused):
        desk(town).append(card, wire(rack))


@pytest.mark.parametrize("late", [False, True], ids=["undone", "done"])
def test_it_is_appended_once_wherever_the_power_failed(town: Town, card: Any, late: bool):
    rack, told, commands = reader(), None, 0
    while told is None:
        rack.fault = tear_after(commands, rack if late else None)
        commands += 1
        with suppress(OutcomeUnknown):
            told = desk(town).append(card, wire(rack))
    assert commands > 5
    assert len(said(rack)) == 1
    assert (body(town).addresses, body(town).appending) == (1, None)
    assert town.events(body(town).id).count("AddressAppendIntended") == 1


@pytest.mark.parametrize(
    ("commands", "late", "slot"),
    [(4, False, 1), (5, True, 1), (6, False, 1), (6, True, 2), (8, False, 2)],
    ids=["nothing was done", "prepared", "not kept", "kept", "not read back"],
)
def test_who_moved_on_while_the_desk_stood_still_gets_the_address_of_today(
    town: Town, card: Any, commands: int, late: bool, slot: int
):
    rack = reader()
    rack.fault = tear_after(commands, rack if late else None)
    with pytest.raises(OutcomeUnknown):
        desk(town).append(card, wire(rack))
    assert len(said(rack)) == slot - 1
    move(town, "yard")
    rack.fault = lambda apdu: None
    assert desk(town).append(card, wire(rack)).slot == slot == len(said(rack))
    assert said(rack)[-1].endswith(town.see(Doorplate, town.yard).plate_number)
    assert (body(town).addresses, body(town).appending) == (slot, None)


def test_who_moved_back_meanwhile_needs_no_further_address(town: Town, card: Any):
    rack = reader()
    rack.fault = tear_after(5)
    with pytest.raises(OutcomeUnknown):
        desk(town).append(card, wire(rack))
    move(town, "mill")
    rack.fault = lambda apdu: None
    with pytest.raises(Refused) as refused:
        desk(town).append(card, wire(rack))
    assert [rule.code for rule in refused.value.rules] == ["address-stands"]
    assert (said(rack), body(town).appending) == ((), None)


def test_another_card_is_not_written_to(town: Town, card: Any):
    rack = reader(2)
    with pytest.raises(WrongCard):
        desk(town).append(card, wire(rack))
    assert said(rack) == ()
    assert body(town).appending is None


def test_a_slot_that_somebody_else_used_is_given_up_and_the_next_one_taken(town: Town, card: Any):
    rack = reader()
    assert rack.chip is not None
    session = open_session(rack.chip, KEYS, rack.chip.memory.serial, use=APPENDING)
    session.prepare(1, encode("别处"), bytes(SEAL_SIZE))
    session.confirm(1)
    with pytest.raises(SlotLost):
        desk(town).append(card, wire(rack))
    told = desk(town).append(card, wire(rack))
    assert told.slot == 2
    assert said(rack)[0] == "别处"
    assert ADDRESS_SIZE == 70


def test_the_county_s_key_writes_nothing_else(town: Town, card: Any):
    rack = reader()
    assert rack.chip is not None
    session = open_session(rack.chip, KEYS, rack.chip.memory.serial, use=APPENDING)
    with pytest.raises(CardRefused):
        session.write(0x6012, 0, bytes(10))


def test_a_fifth_address_finds_no_slot(town: Town, card: Any):
    rack = reader()
    for plate in ("mill", "yard", "mill", "gate"):
        desk(town).append(card, wire(rack))
        move(town, plate)
    with pytest.raises(Refused) as refused:
        desk(town).append(card, wire(rack))
    assert [rule.code for rule in refused.value.rules] == ["slot-not-free"]
    assert len(said(rack)) == 4
