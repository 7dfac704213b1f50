"""Registrations that do not fit people (双重户口, 空挂户口, 人户分离, 未落户人员).

Two records of one person are merged only by a decision: one is ended and names the other, and both
histories stay. Who lives elsewhere, or is registered nowhere, has a case until the register agrees
with life. Source: 户口登记条例 art. 6; Jilin plan of 2004 (吉政办发〔2004〕53号).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Life, RegistrationCase
from registry.commands.registration_cases import (
    CloseRegistrationCase,
    MergeRecords,
    ReportEmptyRegistration,
    ReportLivingApart,
    ReportUnsettled,
    SuspectDouble,
)
from registry.commands.relocation import ChangeAddress, Mover
from registry.commands.undoing import ReverseRegistration
from registry.values import (
    PaperNumber,
    PresenceClass,
    RegistrationOutcome,
    Sex,
    Text,
    UnsettledReason,
)
from tests.scenarios.test_migration import out, settle
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    OF_SHIFANG,
    OTHER,
    SON,
    Town,
    birth,
    supplement,
)

PAPER = PaperNumber("D1")
ABSENT, AT_HOME = PresenceClass("12"), PresenceClass("11")


def again(town: Town, **told):
    """Wang, registered a second time in 什邡 under the same name and birth date."""
    wang = town.person(town.wang)
    made = {"household": town.farm, **told}
    command = supplement(wang.name, Sex.MALE, wang.birth_date, OTHER, **made)
    return town.do(command, replace(OF_SHIFANG, area=None))["person"]


def same_number(town: Town):
    return again(town, number=town.person(town.wang).number)


def close(case, outcome: str, **told) -> CloseRegistrationCase:
    said = {"document": PAPER, "grounds": GROUNDS, **told}
    return CloseRegistrationCase(case=case, outcome=RegistrationOutcome(outcome), **said)


def test_two_records_that_agree_are_suspected_with_their_reasons(town: Town):
    other = same_number(town)
    told = town.do(SuspectDouble(one=town.wang, other=other))
    assert set(told["reasons"]) >= {"name", "birth", "number"}
    swapped = SuspectDouble(one=other, other=town.wang)
    assert town.refused(swapped) == ["already-known"]  # one case, whoever is named first
    assert town.refused(SuspectDouble(one=other, other=other)) == ["no-pair"]


def test_two_who_only_resemble_each_other_are_suspected_by_an_officer_with_grounds_alone(town):
    assert town.refused(SuspectDouble(one=town.wang, other=town.zhao)) == ["not-registered-twice"]
    told = town.do(SuspectDouble(one=town.wang, other=town.zhao, grounds=Text("群众举报")))
    assert town.see(RegistrationCase, told["case"]).open


def test_records_of_one_person_are_merged_by_a_decision_and_both_histories_stay(town: Town):
    other = same_number(town)
    case = town.do(SuspectDouble(one=town.wang, other=other))["case"]
    merge = MergeRecords(case=case, kept=town.wang, ended=other, document=PAPER, grounds=GROUNDS)
    stranger = replace(merge, ended=town.zhao)
    assert "not-party" in town.refused(stranger)
    town.do(merge)
    ended = town.person(other)
    assert (ended.life, ended.kept) == (Life.DELETED, town.wang)
    assert town.person(town.wang).life is Life.LIVING
    closed = town.see(RegistrationCase, case)
    assert (closed.open, closed.outcome) == (False, "11")
    assert "case-closed" in town.refused(merge)


def test_two_persons_are_kept_apart_by_a_decision(town: Town):
    other = again(town)
    told = town.do(SuspectDouble(one=town.wang, other=other, grounds=GROUNDS))
    assert town.refused(close(told["case"], "11")) == ["outcome-unfit"]
    assert town.refused(close(told["case"], "21")) == ["outcome-unfit"]
    town.do(close(told["case"], "12"))
    assert town.person(other).life is Life.LIVING
    assert "kept-apart" in town.refused(SuspectDouble(one=town.wang, other=other))
    town.do(SuspectDouble(one=town.wang, other=other, grounds=Text("指纹相同")))
    assert town.see(RegistrationCase, told["case"]).open


def test_an_empty_registration_ends_when_the_person_has_left_it(town: Town):
    assert town.refused(ReportEmptyRegistration(person=town.zhao, presence=AT_HOME)) == [
        "outcome-unfit"
    ]
    ahead = ReportEmptyRegistration(person=town.zhao, presence=ABSENT, visited_on=date(2007, 6, 2))
    assert town.refused(ahead) == ["not-yet"]
    case = town.do(ReportEmptyRegistration(person=town.zhao, presence=ABSENT))["case"]
    assert town.refused(close(case, "21")) == ["not-yet-so"]
    town.do(close(case, "23"))


def test_a_registration_follows_a_person_who_lives_apart(town: Town):
    other = again(town)
    home = town.person(town.wang).community
    apart = ReportLivingApart(person=other, lives_in=home, address=Text("东街1号"))
    case = town.do(apart)["case"]
    assert town.refused(close(case, "31")) == ["not-yet-so"]
    away = ChangeAddress(
        movers=(Mover(person=other, relation=OTHER),), household=town.hut, declarant=DECLARANT
    )
    town.do(away)
    town.do(close(case, "31"))
    assert not town.see(RegistrationCase, case).open
    here = ReportLivingApart(person=town.wang, lives_in=home, address=Text("东街1号"))
    assert town.refused(here) == ["already-registered"]


@pytest.mark.parametrize("reason", ["10", "20", "32"])
def test_a_child_registered_nowhere_is_registered_without_more_ado(town: Town, reason):
    report = ReportUnsettled(
        community=town.east,
        reason=UnsettledReason(reason),
        sex=Sex.MALE,
        birth_date=date(2005, 5, 5),
        parent=town.wang,
    )
    case = town.do(report)["case"]
    assert town.refused(close(case, "41")) == ["not-yet-so"]
    told = {"relation": SON, "sex": Sex.MALE, "birth_date": date(2005, 5, 5)}
    child = town.do(birth(town, birth_kind="0109", **told))["person"]
    assert town.refused(close(case, "41", registered=town.wang)) == ["not-yet-so"]
    town.do(close(case, "41", registered=child))
    assert town.see(RegistrationCase, case).outcome == "41"


@pytest.mark.parametrize("reason", ["30", "31"])
def test_whoever_came_with_a_paper_and_never_settled_is_registered_on_the_record_of_before(
    town: Town, reason
):
    town.do(out(town.li))
    report = ReportUnsettled(community=town.town, reason=UnsettledReason(reason))
    case = town.do(report)["case"]
    named = close(case, "41", registered=town.li)
    assert town.refused(named) == ["not-yet-so"]
    town.do(settle(town, town.li, on=date(2007, 5, 31)))
    version = len(town.timeline(town.li))
    town.do(ReverseRegistration(person=town.li, version=version, grounds=GROUNDS))
    assert town.refused(named) == ["not-yet-so"], "she was not registered after all"
    town.do(settle(town, town.li, on=date(2007, 5, 31)))
    within = ChangeAddress(
        movers=(Mover(person=town.boy, relation=OTHER),), household=town.hut, declarant=DECLARANT
    )
    town.do(within)
    assert town.refused(close(case, "41", registered=town.boy)) == ["not-yet-so"]
    town.do(named)
    assert town.see(RegistrationCase, case).outcome == "41"


def test_whoever_was_registered_all_along_is_not_whom_the_case_found(town: Town):
    report = ReportUnsettled(community=town.town, reason=UnsettledReason("10"))
    case = town.do(report)["case"]
    town.do(out(town.li))
    town.do(settle(town, town.li, on=date(2007, 5, 31)))
    assert town.refused(close(case, "41", registered=town.li)) == ["not-yet-so"]


def test_another_area_does_not_decide(town: Town):
    report = ReportUnsettled(community=town.east, reason=UnsettledReason("90"))
    assert town.refused(report, OF_SHIFANG) == ["outside-area"]
    case = town.do(report)["case"]
    assert "outside-area" in town.refused(close(case, "43"), OF_SHIFANG)
    town.do(close(case, "43"))
