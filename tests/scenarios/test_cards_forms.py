"""The form and its day, who applies for a child, who comes for a card (申领, 监护人, 领证).

Source: 居民身份证法 art. 7, 11, 12; 民法通则 art. 11, 16; GA 214.7-2004; 临时居民身份证管理办法.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Application
from registry.card_terms import CardSetting
from registry.commands.cards_acceptance import AcceptApplication, ExtendDeadline
from registry.commands.cards_common import Tier
from registry.commands.cards_held import ReportFound, ReportLoss
from registry.commands.cards_temporary import (
    ApplyForTemporaryCard,
    IssueTemporaryCard,
    ReportTemporaryLoss,
)
from registry.commands.cards_transport import DispatchCards, PassInspection, ReceiveCards
from registry.values import AcceptanceNumber, CardKind, HandoverCheck, PaperNumber, Sex
from tests.scenarios.cards import (
    AUDITOR,
    BELOW,
    CHILD,
    DOWN,
    EXPIRED,
    OFFICERS,
    PHOTO,
    STATION,
    TWELVE,
    accepted,
    applied_for_temporary,
    arrived,
    handing,
    issued,
    produced,
    ready,
    serial,
)
from tests.scenarios.test_cards_fitness import moves
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    OF_SHIFANG,
    QINGYANG,
    SON,
    Town,
    death,
    supplement,
)

# --- the clock, and whose day it is -------------------------------------------------------------


def test_the_time_counts_from_the_form_and_not_from_its_recording(town: Town):
    """居民身份证法 art. 12: within sixty days of the form."""
    ready(town)
    number = AcceptanceNumber("5106030012007040100001")
    one = accepted(town, acceptance_number=number)
    assert town.told["due_on"] == "2007-05-31"
    assert town.see(Application, one).applied_on == date(2007, 4, 1)
    other = accepted(town, "li", applied_on=date(2007, 3, 1))
    assert town.told["due_on"] == "2007-04-30"
    assert town.timeline(other)[0].event.effective_on == town.today


@pytest.mark.parametrize(
    "told",
    [
        {"applied_on": date(2007, 6, 2)},  # ahead
        {"applied_on": date(2004, 12, 31)},  # before the register knew anybody
        {"acceptance_number": AcceptanceNumber("5106030012003040100001")},
        {
            "acceptance_number": AcceptanceNumber("5106030012007040100001"),
            "applied_on": date(2007, 4, 2),  # after the day of its number
        },
    ],
)
def test_a_form_was_signed_on_a_day_on_which_it_could_be(town: Town, told):
    ready(town)
    apply = AcceptApplication(person=town.wang, apply_reason=EXPIRED, **told)
    assert town.refused(apply, STATION) == ["form-day-unfit"]


def test_the_age_is_that_of_the_form_s_day(town: Town):
    """Sixteen on 2007-05-31: a form of the day before is a child's."""
    kid = supplement("王大军", Sex.MALE, date(1991, 5, 31), SON, household=town.home)
    town.ids["kid"] = town.do(kid)["person"]
    ready(town, "kid")
    told = {"person": town.kid, "applied_on": date(2007, 5, 30)}
    grown = AcceptApplication(apply_reason=TWELVE, guardian=town.wang, **told)
    assert town.refused(grown, STATION) == ["reason-unfit"]
    alone = AcceptApplication(apply_reason=CHILD, **told)
    assert town.refused(alone, STATION) == ["guardian-needed"]
    town.do(AcceptApplication(apply_reason=CHILD, guardian=town.wang, **told), STATION)


def test_an_overrun_is_not_prolonged_away(town: Town):
    ready(town)
    one = accepted(town)
    extend = ExtendDeadline(application=one, days=30, grounds=GROUNDS)
    town.today = date(2007, 8, 1)
    assert town.refused(extend, AUDITOR) == ["deadline-passed"]
    town.today = date(2007, 7, 31)
    town.do(extend, AUDITOR)


# --- guardians ----------------------------------------------------------------------------------


def test_a_guardian_is_a_living_grown_up_somebody_else(town: Town):
    """居民身份证法 art. 7; 民法通则 art. 11, 16."""
    ready(town)
    for unfit in (town.boy, town.zhao):
        if unfit == town.zhao:
            town.do(death(town.zhao))
        apply = AcceptApplication(person=town.boy, apply_reason=CHILD, guardian=unfit)
        assert town.refused(apply, STATION) == ["guardian-unfit"]
        temporary = ApplyForTemporaryCard(
            person=town.boy, guardian=unfit, photo=PHOTO, photo_size=9_000
        )
        assert town.refused(temporary, STATION) == ["guardian-unfit"]
    one = accepted(town, "boy", CHILD, guardian=town.wang)
    assert town.timeline(one)[0].event.guardian == town.wang


def test_a_child_s_card_is_handed_to_a_grown_up(town: Town):
    ready(town)
    one = accepted(town, "boy", CHILD, guardian=town.wang)
    arrived(town, one)
    assert town.refused(handing(town, one), STATION) == ["collector-unnamed"]
    himself = handing(town, one, collector=town.boy)
    assert town.refused(himself, STATION) == ["collector-unfit"]
    town.do(handing(town, one, collector=town.wang), STATION)
    assert town.timeline(one)[-1].event.collector_name == "王建国"


# --- who hands out, and what is looked at -------------------------------------------------------


def test_whoever_has_moved_reports_a_loss_where_the_new_registration_is(town: Town):
    ready(town)
    one = issued(town, "zhao")
    moves(town)
    town.do(ReportLoss(application=one, declarant=DECLARANT), OF_SHIFANG)
    town.do(ReportFound(application=one, declarant=DECLARANT), OF_SHIFANG)
    elsewhere = replace(OF_SHIFANG, area=(QINGYANG,))
    loss = ReportLoss(application=one, declarant=DECLARANT)
    assert town.refused(loss, elsewhere) == ["outside-area"]


def test_a_temporary_card_is_out_of_the_way_before_the_next_one(town: Town):
    ready(town)
    one = applied_for_temporary(town)
    issue = IssueTemporaryCard(application=one, temporary_number=PaperNumber("LS0001"))
    town.do(issue, AUDITOR)
    event = town.timeline(one)[-1].event
    assert event.term_basis == "临时居民身份证管理办法 art. 7"
    again = ApplyForTemporaryCard(person=town.wang, photo=PHOTO, photo_size=9_000)
    assert town.refused(again, STATION) == ["temporary-holds"]
    town.do(ReportTemporaryLoss(application=one, declarant=DECLARANT), STATION)
    other = town.do(again, STATION)["application"]
    same = IssueTemporaryCard(application=other, temporary_number=PaperNumber("LS0001"))
    assert town.refused(same, AUDITOR) == ["form-is-used"]
    town.do(IssueTemporaryCard(application=other, temporary_number=PaperNumber("LS0002")), AUDITOR)
    town.today = date(2007, 9, 2)
    applied_for_temporary(town)  # the one before has run out


@pytest.mark.parametrize("befallen", ["death", "move"])
def test_a_temporary_card_is_not_made_for_who_died_or_moved_meanwhile(town: Town, befallen):
    one = applied_for_temporary(town, "zhao")
    issue = IssueTemporaryCard(application=one, temporary_number=PaperNumber("LS0001"))
    if befallen == "death":
        town.do(death(town.zhao))
        assert town.refused(issue, AUDITOR) == ["already-deceased"]
    else:
        moves(town)
        assert town.refused(issue, AUDITOR) == ["moved-away"]


def test_a_pending_temporary_card_is_not_made_once_the_card_itself_is_there(town: Town):
    ready(town)
    one = accepted(town)
    pending = applied_for_temporary(town)
    arrived(town, one)
    town.do(handing(town, one), STATION)
    assert town.see(Application, pending).temporary == "refused"
    assert town.timeline(pending)[-1].event.collected == one


def test_a_temporary_card_of_the_first_generation_ends_with_its_rules(town: Town):
    first = ApplyForTemporaryCard(
        person=town.wang, card_kind=CardKind("3"), photo=PHOTO, photo_size=9_000
    )
    assert town.refused(first, STATION) == ["generation-not-made"]


def test_a_card_is_looked_at_and_read_before_it_changes_hands(town: Town):
    """R061: who came, what is printed, what the chip says; the body is named."""
    ready(town)
    one, other = accepted(town), accepted(town, "li")
    arrived(town, one, other)
    unread = handing(town, one, serial=None)
    unseen = handing(town, one, checks=(HandoverCheck.IDENTITY,))
    for hasty in (unread, unseen):
        assert town.refused(hasty, STATION) == ["checks-missing"]
    swapped = handing(town, one, serial=serial(2))
    assert town.refused(swapped, STATION) == ["body-for-another"]
    town.do(handing(town, one), STATION)
    event = town.timeline(one)[-1].event
    assert event.chip_read == town.see(Application, one).body
    assert event.checks == tuple(HandoverCheck)
    without = CardSetting(checks=frozenset({HandoverCheck.IDENTITY}))
    town.register.setting = replace(town.register.setting, cards=without)
    town.do(handing(town, other, serial=None), STATION)
    assert town.timeline(other)[-1].event.chip_read is None


def test_a_card_is_handed_out_where_it_lies(town: Town):
    ready(town)
    one, other = accepted(town), accepted(town, "li")
    arrived(town, one)
    at_the_county = replace(AUDITOR, roles=frozenset({"county"}))
    assert town.refused(handing(town, one), at_the_county) == ["card-elsewhere"]
    produced(town, other, first=2)
    for tier in DOWN[:-1]:
        by = OFFICERS[tier]
        town.do(ReceiveCards(tier=tier, applications=(other,)), by)
        town.do(PassInspection(tier=tier, applications=(other,)), by)
        if tier is not Tier.COUNTY:
            to = OFFICERS[BELOW[tier]].office
            town.do(DispatchCards(tier=tier, applications=(other,), destination=to), by)
    assert town.refused(handing(town, other), STATION) == ["card-elsewhere"]
    town.do(handing(town, other), AUDITOR)
    assert town.timeline(other)[-1].event.handover == "2"
