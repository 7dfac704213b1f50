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
from registry.commands.cards_acceptance import AcceptApplication, CompleteCapture
from registry.commands.cards_audit import CheckNumbers, JudgePackage, PassCountyAudit, SignCards
from registry.commands.cards_common import Tier
from registry.commands.cards_handover import HandOutCard
from registry.commands.cards_making import OrderProduction, RecordProduction
from registry.commands.cards_temporary import ApplyForTemporaryCard, IssueTemporaryCard
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    SendData,
)
from registry.values import ApplicationId, CardKind, CardReason, PaperNumber
from tests.scenarios import town as towns
from tests.scenarios.cards import (
    AUDITOR,
    CENTRE,
    CITY,
    DOWN,
    FIRST,
    OFFICERS,
    PLANNED,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    TWELVE,
    accepted,
    arrived,
    ready,
    state,
)
from tests.scenarios.town import Town, build

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
            send = DispatchCards(tier=tier, applications=both, destination=STATION.office)
            town.do(send, by)
    town.do(HandOutCard(application=both[0], took_in=FIRST), STATION)  # the one that ran out
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
    town.do(HandOutCard(application=one), STATION)
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
    one = town.do(ApplyForTemporaryCard(person=town.wang), STATION)["application"]
    number = PaperNumber("LS0001")
    town.do(IssueTemporaryCard(application=one, temporary_number=number), AUDITOR)
    assert town.told["valid_until"] == "2006-01-01", "by the rules before 2005-10-01"


def test_a_temporary_card_may_be_of_the_first_generation(early: Town):
    kind = CardKind("3")
    apply = ApplyForTemporaryCard(person=early.wang, card_kind=kind)
    one = early.do(apply, STATION)["application"]
    assert early.see(Application, one).card_kind == kind
