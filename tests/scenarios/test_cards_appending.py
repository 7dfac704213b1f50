"""Addresses that are appended to a chip after its holder has moved (追加住址).

Source: 居民身份证法 art. 11; GA/T 1222-2015, 4.16.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from registry.aggregates import CardBody, Doorplate
from registry.chip.appended import encode, slot_digest
from registry.commands.cards_appending import (
    AbandonAddress,
    ConfirmAddress,
    IntendAddress,
    NotePreWritten,
    ReconsiderAddress,
)
from registry.commands.cards_held import ReportLoss
from registry.commands.migration import MoveIn
from registry.commands.relocation import MoveHousehold, Mover
from registry.values import AppendFailure, Digest, PaperNumber, ProductionType
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    AUDITOR,
    BY_UNIT,
    STATION,
    accepted,
    arrived,
    issued,
    ready,
    serial,
)
from tests.scenarios.test_cards_fitness import enlists
from tests.scenarios.town import DECLARANT, HEAD, OF_SHIFANG, Town, new

DEVICE = PaperNumber("W-17")


def moved(town: Town, plate: str) -> None:
    """Zhao moves to another door plate of the county, with his household."""
    doorplate = town.ids[plate]
    town.do(MoveHousehold(household=town.hut, doorplate=doorplate, declarant=DECLARANT))


def intending(application: Any) -> IntendAddress:
    """The present address is to be appended."""
    return IntendAddress(application=application, device=DEVICE, key_version=1)


def confirming(town: Town, application: Any) -> ConfirmAddress:
    """What the chip holds now is what was intended."""
    return ConfirmAddress(serial=serial(1), digest=intended(town).digest, device=DEVICE)


def body(town: Town) -> Any:
    """The body of Zhao's card."""
    return town.see(CardBody, town.named(Kind.CARD, serial(1)))


def intended(town: Town) -> Any:
    """The last address that was to be written."""
    told = [one.event for one in town.timeline(body(town).id)]
    return [one for one in told if type(one).__name__ == "AddressAppendIntended"][-1]


def test_an_address_is_appended_when_the_holder_has_moved(town: Town):
    ready(town)
    card = issued(town, "zhao")
    assert town.refused(intending(card), AUDITOR) == ["address-stands"]
    moved(town, "gate")
    told = town.do(intending(card), AUDITOR)
    assert told["slot"] == 1
    entry = intended(town)
    assert entry.address.endswith(town.see(Doorplate, town.gate).plate_number)
    assert entry.digest == slot_digest(encode(entry.address)).hex()
    moving = town.timeline(town.zhao)[entry.opened_by - 1]
    assert type(moving.event).__name__ == "AddressChanged"
    town.do(NotePreWritten(serial=serial(1), device=DEVICE), AUDITOR)
    wrong = replace(confirming(town, card), digest=Digest("0" * 64))
    assert town.refused(wrong, AUDITOR) == ["body-for-another"]
    town.do(confirming(town, card), AUDITOR)
    assert (body(town).addresses, body(town).appending) == (1, None)
    assert town.refused(intending(card), AUDITOR) == ["address-stands"]
    moved(town, "yard")
    town.do(intending(card), AUDITOR)
    assert intended(town).opened_by is None, "the household moved within its community"


def test_a_card_on_its_way_takes_no_address(town: Town):
    ready(town)
    card = accepted(town, "zhao")
    arrived(town, card)
    moved(town, "gate")
    assert town.refused(intending(card), AUDITOR) == ["card-not-with-holder"]


def test_one_address_is_written_at_a_time_and_may_be_given_up(town: Town):
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    nothing = NotePreWritten(serial=serial(1), device=DEVICE)
    assert town.refused(nothing, AUDITOR) == ["nothing-being-appended"]
    town.do(intending(card), AUDITOR)
    assert town.refused(intending(card), AUDITOR) == ["slot-not-free"]
    give_up = AbandonAddress(serial=serial(1), result=AppendFailure("1"), device=DEVICE)
    town.do(give_up, AUDITOR)
    assert town.do(intending(card), AUDITOR)["slot"] == 1, "the slot is as it was"
    town.do(replace(give_up, burnt=True), AUDITOR)
    assert town.do(intending(card), AUDITOR)["slot"] == 2, "the slot is used up"


def test_an_address_that_is_no_longer_the_holder_s_gives_its_slot_to_the_present_one(town: Town):
    """Where the writer had stopped and the holder moved on; and where the holder moved back."""
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    again = ReconsiderAddress(serial=serial(1), device=DEVICE, key_version=1)
    assert town.refused(again, AUDITOR) == ["nothing-being-appended"]
    town.do(intending(card), AUDITOR)
    before = len(town.timeline(body(town).id))
    assert town.do(again, AUDITOR)["slot"] == 1
    assert len(town.timeline(body(town).id)) == before, "it is the holder's still"
    moved(town, "yard")
    assert town.do(again, AUDITOR)["slot"] == 1
    assert intended(town).address.endswith(town.see(Doorplate, town.yard).plate_number)
    assert town.events(body(town).id)[-2:] == ["AddressAppendAbandoned", "AddressAppendIntended"]
    moved(town, "mill")
    assert town.do(again, AUDITOR)["slot"] is None, "the card was made with it"
    assert (body(town).addresses, body(town).appending) == (0, None)


def test_no_address_is_looked_at_again_for_a_card_that_was_lost(town: Town):
    """Neither the one that was intended nor another: somebody else may have the card."""
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    town.do(intending(card), AUDITOR)
    town.do(ReportLoss(application=card, declarant=DECLARANT), STATION)
    again = ReconsiderAddress(serial=serial(1), device=DEVICE, key_version=1)
    assert town.refused(again, AUDITOR) == ["appending-to-lost-card"]
    moved(town, "yard")
    assert town.refused(again, AUDITOR) == ["appending-to-lost-card"]
    give_up = AbandonAddress(serial=serial(1), result=AppendFailure("3"), device=DEVICE)
    town.do(give_up, AUDITOR)
    assert (body(town).addresses, body(town).appending) == (0, None)


def test_who_comes_home_from_service_has_a_card_that_says_so(town: Town):
    """A soldier's card bears the address before the service, so that none is to be appended."""
    ready(town)
    enlists(town)
    unit = {"production_type": ProductionType("4"), "unit_package": PaperNumber("BD-1")}
    card = issued(town, "zhao", BY_UNIT, **unit)
    home = MoveIn(
        movers=(Mover(person=town.zhao, relation=HEAD),),
        new_household=new(town.mill, "801"),
        declarant=DECLARANT,
        on=town.today,
    )
    town.do(home)
    assert town.refused(intending(card), AUDITOR) == ["address-stands"]
    household = town.person(town.zhao).household
    town.do(MoveHousehold(household=household, doorplate=town.gate, declarant=DECLARANT))
    assert town.do(intending(card), AUDITOR)["slot"] == 1


def test_a_fifth_address_asks_for_a_new_card(town: Town):
    ready(town)
    card = issued(town, "zhao")
    for slot, plate in enumerate(("gate", "mill", "yard", "mill"), 1):
        moved(town, plate)
        assert town.do(intending(card), AUDITOR)["slot"] == slot
        town.do(confirming(town, card), AUDITOR)
    moved(town, "gate")
    assert town.refused(intending(card), AUDITOR) == ["slot-not-free"]


def test_another_county_does_not_write_to_it(town: Town):
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    far = replace(OF_SHIFANG, roles=STATION.roles)
    assert town.refused(intending(card), far) == ["outside-area"]
