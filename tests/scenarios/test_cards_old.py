"""Old cards are handed back for new ones, counted, and destroyed by two (收交, 销毁).

Source: 居民身份证法 art. 11; Deyang plan of 2004 (德办发(2004)39号).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Bin
from registry.commands.cards_acceptance import AcceptApplication
from registry.commands.cards_bins import (
    ConfirmBinDestruction,
    OpenBin,
    ProposeBinDestruction,
    TakeInOldCard,
)
from registry.commands.cards_handover import HandOutCard
from registry.commands.cards_held import (
    ConfirmDestruction,
    ProposeDestruction,
    ReportLoss,
    SurrenderCard,
)
from registry.commands.cards_temporary import IssueTemporaryCard, ReportTemporaryLoss
from registry.values import CardReason, PaperNumber, SurrenderReason
from tests.scenarios.cards import (
    AUDITOR,
    BIN,
    EXPIRED,
    FIRST,
    PLANNED,
    SECOND,
    SIGNER,
    STATION,
    TWELVE,
    accepted,
    applied_for_temporary,
    arrived,
    handing,
    issued,
    ready,
    state,
)
from tests.scenarios.town import DECLARANT, GROUNDS, OF_SHIFANG, Town, death

LATER = date(2007, 7, 2)
PROTOCOL = PaperNumber("X-9")
BY_DEATH = SurrenderReason("4")
DAMAGED, WRONG_ITEM = CardReason("24"), CardReason("25")


def test_an_old_card_that_the_register_does_not_know_goes_into_a_counted_bin(town: Town):
    ready(town)
    one = accepted(town, "wang", PLANNED)
    arrived(town, one)
    for wrong, code in (
        ({}, "old-card-kept"),
        ({"took_in": (FIRST,)}, "bin-unnamed"),
        ({"taken_into": BIN}, "bin-unnamed"),
    ):
        assert code in town.refused(handing(town, one, **wrong), STATION)
    into = town.do(OpenBin(bin_number=BIN), STATION)["bin"]
    assert town.refused(OpenBin(bin_number=BIN), STATION) == ["already-known"]
    town.do(handing(town, one, took_in=(FIRST,), taken_into=BIN), STATION)
    event = town.timeline(one)[-1].event
    assert (event.took_in, event.taken_into) == ((FIRST,), into)
    taken = town.timeline(into)[-1].event
    assert (taken.person, taken.application, taken.card_kind) == (town.wang, one, FIRST)


def test_a_bin_is_destroyed_by_two_who_count_what_was_taken_in(town: Town):
    into = town.do(OpenBin(bin_number=BIN), STATION)["bin"]
    for person in (town.wang, town.li):
        old = TakeInOldCard(
            person=person, card_kind=FIRST, surrender_reason=BY_DEATH, bin_number=BIN
        )
        town.do(old, STATION)
    assert town.see(Bin, into).cards == 2
    short = ProposeBinDestruction(bin_number=BIN, cards=1, grounds=GROUNDS)
    assert town.refused(short, STATION) == ["count-differs"]
    propose = ProposeBinDestruction(bin_number=BIN, cards=2, grounds=GROUNDS)
    version = town.do(propose, STATION)["version"]
    confirm = ConfirmBinDestruction(bin=into, version=version, cards=2, protocol=PROTOCOL)
    assert town.refused(confirm, STATION) == ["same-officer"]
    assert town.refused(replace(confirm, cards=3), AUDITOR) == ["count-differs"]
    assert town.refused(confirm, OF_SHIFANG) == ["outside-area"]
    town.do(old, STATION)  # one more came in meanwhile
    assert "nothing-proposed" in town.refused(replace(confirm, cards=3), AUDITOR)
    version = town.do(replace(propose, cards=3), STATION)["version"]
    town.do(replace(confirm, version=version, cards=3), AUDITOR)
    assert town.see(Bin, into).destroyed_on == town.today
    assert town.refused(old, STATION) == ["bin-is-destroyed"]


def test_a_bin_belongs_to_an_office(town: Town):
    town.do(OpenBin(bin_number=BIN), STATION)
    other = town.do(OpenBin(bin_number=BIN), OF_SHIFANG)["bin"]
    assert town.see(Bin, other).office == OF_SHIFANG.office
    stranger = TakeInOldCard(
        person=town.wang, card_kind=FIRST, surrender_reason=BY_DEATH, bin_number=BIN
    )
    assert town.refused(stranger, OF_SHIFANG) == ["outside-area"]


def test_nothing_is_recorded_as_taken_in_that_nobody_said_was(town: Town):
    """A card by post: the old one has to be named, and a lost one reported."""
    ready(town)
    old = issued(town)
    town.today = LATER
    one = accepted(town, "wang", EXPIRED)
    temporary = applied_for_temporary(town)
    number = PaperNumber("LS0001")
    town.do(IssueTemporaryCard(application=temporary, temporary_number=number), SIGNER)
    arrived(town, one, first=2)
    assert town.refused(handing(town, one, surrendered=(old,)), STATION) == ["old-card-kept"]
    town.do(ReportTemporaryLoss(application=temporary, declarant=DECLARANT), STATION)
    town.do(handing(town, one, surrendered=(old,)), STATION)
    assert town.timeline(one)[-1].event.surrendered == (old,)
    assert town.events(temporary)[-1] == "TemporaryCardLost", "and is not taken in as well"


def lost(town: Town, old) -> None:
    town.do(ReportLoss(application=old, declarant=DECLARANT), STATION)


def surrendered(town: Town, old) -> None:
    town.do(SurrenderCard(application=old, surrender_reason=SurrenderReason("1")), STATION)


def destroyed(town: Town, old) -> None:
    surrendered(town, old)
    version = town.do(ProposeDestruction(application=old, grounds=GROUNDS), STATION)["version"]
    confirm = ConfirmDestruction(application=old, version=version, protocol=PROTOCOL)
    town.do(confirm, AUDITOR)


@pytest.mark.parametrize("gone", [lost, surrendered, destroyed])
def test_a_new_card_is_handed_out_when_the_old_one_is_gone_already(town: Town, gone):
    """Nothing is left to be handed back, and nothing has to be said that is not so."""
    ready(town)
    old = issued(town)
    town.today = LATER
    one = accepted(town, "wang", DAMAGED)
    arrived(town, one, first=2)
    gone(town, old)
    town.do(handing(town, one), STATION)
    assert state(town, one) == "93"
    assert state(town, old) == {lost: "97", surrendered: "95", destroyed: "96"}[gone]


@pytest.mark.parametrize("reason", [TWELVE, DAMAGED])
def test_whose_first_card_was_destroyed_uncollected_gets_another(town: Town, reason):
    ready(town)
    never = accepted(town)
    arrived(town, never)
    version = town.do(ProposeDestruction(application=never, grounds=GROUNDS), STATION)["version"]
    confirm = ConfirmDestruction(application=never, version=version, protocol=PROTOCOL)
    town.do(confirm, AUDITOR)
    town.today = LATER
    one = accepted(town, "wang", reason)
    arrived(town, one, first=2)
    town.do(handing(town, one), STATION)
    assert state(town, one) == "93"


def test_the_police_s_own_error_is_put_right_without_a_wait(town: Town):
    """居民身份证法 art. 11: corrected and issued anew; fifteen days are practice, not law."""
    ready(town)
    old = issued(town)
    damaged = AcceptApplication(person=town.wang, apply_reason=DAMAGED)
    assert town.refused(damaged, STATION) == ["too-soon"]
    one = accepted(town, "wang", WRONG_ITEM)
    arrived(town, one, first=2)
    town.do(handing(town, one, surrendered=(old,)), STATION)


def test_a_lost_card_that_turns_up_after_its_replacement_is_taken_in_and_destroyed(town: Town):
    ready(town)
    old = issued(town)
    lost(town, old)
    one = accepted(town, "wang", CardReason("41"))
    arrived(town, one, first=2)
    town.do(handing(town, one), STATION)
    destroyed(town, old)
    assert state(town, old) == "96"


def test_no_card_is_handed_back_for_somebody_else(town: Town):
    ready(town)
    others = issued(town, "li", first=9)
    one = accepted(town)
    arrived(town, one)
    foreign: HandOutCard = handing(town, one, surrendered=(others,))
    assert town.refused(foreign, STATION) == ["not-held"]
    town.do(death(town.zhao))
    old = TakeInOldCard(
        person=town.zhao, card_kind=SECOND, surrender_reason=BY_DEATH, bin_number=BIN
    )
    town.do(OpenBin(bin_number=BIN), STATION)
    town.do(old, STATION)
