"""Two generations side by side, and the day on which the first one ends (一代证, 二代证).

Source: Deyang plan of 2004 (德办发(2004)39号): no first-generation card is made after 2004-12-31;
居民身份证法 art. 22: what was issued before holds until it is exchanged.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from registry.aggregates import Application
from registry.commands.cards_acceptance import AcceptApplication, VoidApplication
from registry.commands.cards_audit import (
    CheckNumbers,
    FailProvinceCheck,
    PassCountyAudit,
    SignCards,
)
from registry.commands.cards_bins import OpenBin
from registry.commands.cards_bodies import BindBlank
from registry.commands.cards_capture import CompleteCapture
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_making import (
    ConfirmRemake,
    OrderProduction,
    ProposeRemake,
    RecordProduction,
    RedoCards,
    ReturnOrder,
)
from registry.commands.cards_temporary import IssueTemporaryCard
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    RejectCard,
    SendData,
)
from registry.values import (
    ApplicationId,
    CardKind,
    CardReason,
    PaperNumber,
    ProductionError,
    ReceivedQuality,
    SpoilCause,
)
from tests.scenarios import town as towns
from tests.scenarios.cards import (
    AUDITOR,
    BELOW,
    BIN,
    CENTRE,
    CITY,
    DOWN,
    FIRST,
    IMAGE,
    OFFICERS,
    PLANNED,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    TWELVE,
    accepted,
    applied_for_temporary,
    arrived,
    brought,
    handing,
    on_line,
    ordered,
    ready,
    serial,
    state,
)
from tests.scenarios.town import GROUNDS, Town, build

OF_FIRST = CardReason("2")  # 期满


@pytest.fixture
def early(sqlite_template: Path, tmp_path: Path, monkeypatch) -> Iterator[Town]:
    """The town on 2004-06-03, when the programme began."""
    monkeypatch.setattr(towns, "SETTLED", date(2004, 1, 1))
    path = tmp_path / "early.db"
    shutil.copy(sqlite_template, path)
    town = Town(path, today=date(2004, 6, 3))
    build(town)
    yield town
    town.close()


def first_generation(town: Town, person: str = "wang") -> UUID:
    """A card of the first generation in its holder's hand; no gate stands before it."""
    one: UUID = accepted(town, person, OF_FIRST, card_kind=FIRST)
    both = (ApplicationId(one),)
    town.do(CompleteCapture(application=both[0]), STATION)  # it is made from a print
    town.do(SendData(tier=Tier.STATION, applications=both), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=both), AUDITOR)
    town.do(PassCountyAudit(applications=both), AUDITOR)
    town.do(SignCards(applications=both), SIGNER)
    town.do(SendData(tier=Tier.COUNTY, applications=both), SIGNER)
    town.do(ReceiveData(tier=Tier.CITY, applications=both), CITY)
    town.do(JudgePackage(applications=both), CITY)
    town.do(SendData(tier=Tier.CITY, applications=both), CITY)
    town.do(ReceiveData(tier=Tier.PROVINCE, applications=both), PROVINCE)
    town.do(CheckNumbers(applications=both), PROVINCE)
    town.do(OrderProduction(applications=both, site=SITE), PROVINCE)
    town.do(RecordProduction(applications=both), CENTRE)
    for tier in DOWN:
        by = OFFICERS[tier]
        town.do(ReceiveCards(tier=tier, applications=both), by)
        town.do(PassInspection(tier=tier, applications=both), by)
        if tier is not Tier.STATION:
            send = DispatchCards(
                tier=tier, applications=both, destination=OFFICERS[BELOW[tier]].office
            )
            town.do(send, by)
    town.do(OpenBin(bin_number=BIN), STATION)
    old = {"took_in": (FIRST,), "taken_into": BIN}  # the one that ran out
    town.do(handing(town, both[0], **old), STATION)
    return one


def test_a_card_of_the_first_generation_is_held_until_the_second_is_handed_out(early: Town):
    town = early
    old = first_generation(town)
    assert state(town, old) == "93"
    assert town.see(Application, old).body is None
    ready(town)
    town.today = date(2004, 9, 1)
    one = accepted(town, "wang", PLANNED)
    assert state(town, old) == "93", "both run side by side"
    arrived(town, one)
    town.do(handing(town, one, surrendered=(old,)), STATION)
    assert (state(town, one), state(town, old)) == ("93", "95")


@pytest.mark.parametrize(
    ("day", "codes"), [(date(2004, 12, 31), []), (date(2005, 1, 1), ["generation-not-made"])]
)
def test_the_first_generation_ends_with_2004(early: Town, day, codes):
    town = early
    town.today = day
    apply = AcceptApplication(person=town.wang, apply_reason=OF_FIRST, card_kind=FIRST)
    if codes:
        assert town.refused(apply, STATION) == codes
    else:
        town.do(apply, STATION)


def test_the_first_generation_is_for_those_of_sixteen(early: Town):
    child = AcceptApplication(person=early.boy, apply_reason=CardReason("1"), card_kind=FIRST)
    assert early.refused(child, STATION) == ["guardian-needed", "reason-unfit"]


def test_where_the_gates_are_closed_after_2004_there_are_temporary_cards(early: Town):
    town = early
    town.today = date(2005, 1, 1)
    second = AcceptApplication(person=town.wang, apply_reason=TWELVE)
    assert "baseline-not-accepted" in town.refused(second, STATION)
    one = applied_for_temporary(town)
    number = PaperNumber("LS0001")
    town.do(IssueTemporaryCard(application=one, temporary_number=number), AUDITOR)
    assert town.told["valid_until"] == "2006-01-01", "by the rules before 2005-10-01"


def test_a_temporary_card_may_be_of_the_first_generation(early: Town):
    kind = CardKind("3")
    one = applied_for_temporary(early, card_kind=kind)
    assert early.see(Application, one).card_kind == kind


def test_a_card_without_a_chip_is_made_again_only_by_two_or_where_it_was_found_faulty(early: Town):
    """Nothing proves that it is out of the way: there is no body to look at."""
    town = early
    one = accepted(town, "wang", OF_FIRST, card_kind=FIRST)
    ordered(town, one)
    on_line(town, 1)
    chip = BindBlank(application=one, serial=serial(1), image=IMAGE, key_version=1)
    assert town.refused(chip, CENTRE) == ["no-chip"]
    town.do(RecordProduction(applications=(one,)), CENTRE)
    redo = RedoCards(applications=(one,), cause=SpoilCause.TRANSPORT)
    assert town.refused(redo, STATION) == ["two-needed"]
    propose = ProposeRemake(application=one, cause=SpoilCause.TRANSPORT, grounds=GROUNDS)
    version = town.do(propose, STATION)["version"]
    confirm = ConfirmRemake(application=one, version=version)
    assert town.refused(confirm, STATION) == ["same-officer"]
    town.do(confirm, PROVINCE)
    redone = town.timeline(one)[-1].event
    assert (redone.attempt, redone.cause, redone.confirms) == (2, SpoilCause.TRANSPORT, version)
    town.do(OrderProduction(applications=(one,), site=SITE), PROVINCE)
    town.do(RecordProduction(applications=(one,)), CENTRE)
    town.do(ReceiveCards(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    reject = RejectCard(
        tier=Tier.PROVINCE,
        application=one,
        quality=ReceivedQuality("10"),
        cause=SpoilCause.PROCESS,
        reject_bin=BIN,
    )
    town.do(reject, PROVINCE)
    faulty = town.timeline(one)[-1].event
    assert (faulty.cause, faulty.reject_bin) == (SpoilCause.PROCESS, BIN)
    town.do(redo, STATION)


LAST = date(2004, 12, 31)


def test_no_card_of_the_first_generation_is_ordered_after_its_last_day(early: Town):
    """What the last day catches on its way is voided, and there are temporary cards."""
    town = early
    town.today = LAST
    one = accepted(town, "wang", OF_FIRST, card_kind=FIRST)
    brought(town, "22", one)
    town.today = date(2005, 1, 1)
    order = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(order, PROVINCE) == ["generation-not-made"]
    back = FailProvinceCheck(application=one, error=ProductionError("90"))
    town.do(back, PROVINCE)
    town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
    applied_for_temporary(town)


def test_no_card_of_the_first_generation_is_made_after_its_last_day(early: Town):
    town = early
    town.today = LAST
    one = accepted(town, "wang", OF_FIRST, card_kind=FIRST)
    brought(town, "24", one)
    made = RecordProduction(applications=(one,))
    town.today = date(2005, 1, 1)
    assert town.refused(made, CENTRE) == ["generation-not-made"]
    town.do(ReturnOrder(application=one, error=ProductionError("90")), PROVINCE)
    town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
