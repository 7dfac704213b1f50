"""Cards in the hand: exchanged, lost, found, handed back, destroyed (换领, 补领, 收交, 销毁).

Source: 居民身份证法 art. 11; Deyang plan of 2004.
"""

from __future__ import annotations

from datetime import date

import pytest

from registry.aggregates import Application, CardBody
from registry.aggregates.card import BodyState
from registry.commands.cards_acceptance import AcceptApplication, ArchiveApplication
from registry.commands.cards_handover import RemindHolders
from registry.commands.cards_held import (
    ConfirmDestruction,
    ProposeDestruction,
    ReportFound,
    ReportLoss,
    SurrenderCard,
)
from registry.commands.cards_temporary import IssueTemporaryCard
from registry.values import Name, PaperNumber, SurrenderReason
from tests.scenarios.cards import (
    AUDITOR,
    EXPIRED,
    LOST,
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
from tests.scenarios.town import DECLARANT, GROUNDS, Town, death

LATER = date(2007, 7, 2)
AT_DEATH = SurrenderReason("4")


def test_new_card_and_old_card_change_hands_in_one_act(town: Town):
    """居民身份证法 art. 11: the new one is handed out, the old one handed back."""
    ready(town)
    old = issued(town)
    town.today = LATER
    one = accepted(town, "wang", EXPIRED)
    assert town.see(Application, one).replaces == old
    arrived(town, one, first=2)
    assert town.refused(handing(town, one), STATION) == ["old-card-kept"]
    assert town.refused(handing(town, one, surrendered=(town.home,)), STATION) == [
        "not-held",
        "old-card-kept",
    ]
    town.do(handing(town, one, surrendered=(old,)), STATION)
    assert (state(town, one), state(town, old)) == ("93", "95")
    assert town.see(Application, old).replaced_by == one
    assert town.timeline(one)[-1].event.surrendered == (old,)


@pytest.mark.parametrize("by", [{"collector": "li"}, {"name": "李梅"}])
def test_a_card_is_collected_once_and_by_whom_is_known(town: Town, by):
    ready(town)
    one = accepted(town)
    arrived(town, one)
    number = town.person(town.li).number
    for half in ({"collector_number": number}, {"collector_name": Name("李梅")}):
        assert town.refused(handing(town, one, **half), STATION) == ["collector-unnamed"]
    told = {"collector_name": Name("李梅"), "collector_number": number}
    hand = handing(town, one, **({"collector": town.li} if "collector" in by else told))
    town.do(hand, STATION)
    event = town.timeline(one)[-1].event
    assert (event.collector_name, event.collector_number) == ("李梅", number)
    assert town.refused(hand, STATION) == ["step-out-of-order"]
    stored = town.register.store.streams([one])[one][-1]
    assert "李梅" not in stored.state.decode()
    assert number not in stored.state.decode()


def test_a_new_card_within_fifteen_days_is_for_a_lost_one_alone(town: Town):
    ready(town)
    old = issued(town)
    town.today = date(2007, 6, 16)
    again = AcceptApplication(person=town.wang, apply_reason=EXPIRED)
    assert town.refused(again, STATION) == ["too-soon"]
    replace = AcceptApplication(person=town.wang, apply_reason=LOST)
    assert town.refused(replace, STATION) == ["report-loss-first"]
    town.do(ReportLoss(application=old, declarant=DECLARANT), STATION)
    town.do(replace, STATION)


def test_a_lost_card_is_replaced_by_another_application(town: Town):
    ready(town)
    old = issued(town)
    ahead = ReportLoss(application=old, declarant=DECLARANT, lost_on=date(2007, 6, 2))
    assert town.refused(ahead, STATION) == ["not-yet"]
    town.do(ReportLoss(application=old, declarant=DECLARANT, lost_on=date(2007, 5, 31)), STATION)
    one = accepted(town, "wang", LOST)
    found = ReportFound(application=old, declarant=DECLARANT)
    assert town.refused(found, STATION) == ["replacement-under-way"]
    arrived(town, one, first=2)
    town.do(handing(town, one), STATION)
    assert (state(town, one), state(town, old)) == ("93", "97")
    archive = ArchiveApplication(application=old)
    assert town.refused(archive, STATION) == ["step-out-of-order"], "it may turn up any day"
    assert town.refused(found, STATION) == ["step-out-of-order"]
    town.do(SurrenderCard(application=old, surrender_reason=SurrenderReason("2")), STATION)
    assert state(town, old) == "95", "it was found after all"


def test_a_card_that_was_found_in_time_is_its_holder_s_again(town: Town):
    ready(town)
    one = issued(town)
    town.do(ReportLoss(application=one, declarant=DECLARANT), STATION)
    town.do(ReportFound(application=one, declarant=DECLARANT), STATION)
    assert state(town, one) == "93"
    assert town.refused(ReportFound(application=one, declarant=DECLARANT), STATION) == [
        "step-out-of-order"
    ]


def test_a_card_is_destroyed_by_two_officers_and_its_body_with_it(town: Town):
    ready(town)
    one = issued(town, "zhao")
    town.do(death(town.zhao))
    town.do(SurrenderCard(application=one, surrender_reason=AT_DEATH), STATION)
    version = town.do(ProposeDestruction(application=one, grounds=GROUNDS), STATION)["version"]
    confirm = ConfirmDestruction(application=one, version=version, protocol=PaperNumber("X-1"))
    assert town.refused(confirm, STATION) == ["same-officer"]
    for wrong in (version - 1, version + 1):
        other = ConfirmDestruction(application=one, version=wrong, protocol=PaperNumber("X-1"))
        assert town.refused(other, AUDITOR) == ["nothing-proposed"]
    town.do(confirm, AUDITOR)
    card = town.see(Application, one)
    told = [(type(each.event).__name__, each.officer) for each in town.timeline(card.body)[-2:]]
    assert told == [
        ("BodyDestructionProposed", STATION.officer),
        ("BodyDestroyed", AUDITOR.officer),
    ], "two persons on the body's own stream too"
    assert card.state == "96"
    assert town.see(CardBody, card.body).state is BodyState.DESTROYED
    town.do(ArchiveApplication(application=one), STATION)
    assert state(town, one) == "98"


def test_a_proposal_holds_until_something_else_happens(town: Town):
    ready(town)
    one = accepted(town)
    arrived(town, one)
    version = town.do(ProposeDestruction(application=one, grounds=GROUNDS), STATION)["version"]
    town.do(RemindHolders(applications=(one,)), STATION)
    confirm = ConfirmDestruction(application=one, version=version, protocol=PaperNumber("X-1"))
    assert town.refused(confirm, AUDITOR) == ["nothing-proposed"]


def test_nothing_is_destroyed_that_nobody_took_in(town: Town):
    ready(town)
    one = issued(town)
    propose = ProposeDestruction(application=one, grounds=GROUNDS)
    assert town.refused(propose, STATION) == ["step-out-of-order"]


def test_a_card_that_nobody_collects_is_destroyed(town: Town):
    ready(town)
    one = accepted(town, "zhao")
    arrived(town, one)
    town.do(death(town.zhao))
    version = town.do(ProposeDestruction(application=one, grounds=GROUNDS), STATION)["version"]
    town.do(
        ConfirmDestruction(application=one, version=version, protocol=PaperNumber("X-2")), AUDITOR
    )
    assert state(town, one) == "96"


def test_a_temporary_card_is_handed_back_when_the_card_is_collected(town: Town):
    ready(town)
    one = accepted(town)
    temporary = applied_for_temporary(town)
    number = PaperNumber("LS0001")
    town.do(IssueTemporaryCard(application=temporary, temporary_number=number), SIGNER)
    arrived(town, one)
    assert town.refused(handing(town, one), STATION) == ["old-card-kept"]
    town.do(handing(town, one, surrendered=(temporary,)), STATION)
    assert town.see(Application, temporary).temporary == "surrendered"


@pytest.mark.parametrize("reason", [TWELVE, EXPIRED])
def test_who_has_a_card_does_not_apply_for_a_first_one(town: Town, reason):
    ready(town)
    issued(town)
    town.today = LATER
    again = AcceptApplication(person=town.wang, apply_reason=reason)
    if reason == TWELVE:
        assert town.refused(again, STATION) == ["reason-unfit"]
    else:
        town.do(again, STATION)


@pytest.mark.parametrize(("day", "late"), [(date(2007, 7, 31), False), (date(2007, 8, 1), True)])
def test_a_card_that_comes_after_its_time_is_handed_out_and_the_delay_told(town: Town, day, late):
    ready(town)
    one = accepted(town)
    arrived(town, one)
    town.today = day
    town.do(handing(town, one), STATION)
    codes = [notice["code"] for notice in town.told.get("notices", ())]
    assert codes == (["card-handed-out-late"] if late else [])
