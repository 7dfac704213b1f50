"""Supplements (户籍补录), business 108, and deletions (户籍删除), business 109.

A resident whom the register had missed is entered; a record that should not be is ended, naming
the one that is kept. Source: GA 214 businesses 108 and 109.
"""

from __future__ import annotations

from datetime import date

import pytest

from registry.aggregates import Life, Number, NumberCase
from registry.commands.cases import CloseNumberCase
from registry.commands.membership import Heir
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.events.numbers import HoldingEnded
from registry.values import CitizenNumber, DeletionKind, Sex
from registry.vocabulary import Kind
from tests.scenarios.town import (
    APPROVAL,
    CHANGCHUN,
    DECLARANT,
    GROUNDS,
    HEAD,
    OTHER,
    SETTLED,
    TODAY,
    Town,
    new,
    supplement,
)

BORN = date(1975, 5, 5)


def missed(town: Town, **told):
    return supplement("吴恩", Sex.MALE, BORN, OTHER, **{"household": town.home, **told})


def delete(person, **told) -> DeleteRecord:
    return DeleteRecord(**{"person": person, "grounds": GROUNDS, "approval": APPROVAL, **told})


def test_a_missed_resident_is_entered_from_the_day_vouched_for(town: Town):
    told = town.do(missed(town))
    one = town.person(told["person"], SETTLED)
    assert one.resident
    assert town.see(Number, town.named(Kind.NUMBER, told["number"])).held_by == (one.id,)


def test_who_has_a_number_keeps_it(town: Town):
    number = CitizenNumber.compose(CHANGCHUN, BORN, 5)
    told = town.do(missed(town, number=number))
    assert told["number"] == number == town.person(told["person"]).number


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"on": date(1975, 5, 4)}, ["not-known-yet"]),
        ({"on": date(2007, 6, 2)}, ["not-yet"]),
        ({"number": CitizenNumber.compose(CHANGCHUN, BORN, 6)}, ["number-mismatch"]),
        ({"household": None}, ["target-needed"]),
        ({"relation": HEAD}, ["head-relation"]),
        ({"approval": None}, ["approval-needed"]),
    ],
)
def test_a_supplement_is_refused(town: Town, told, codes):
    relation = told.pop("relation", OTHER)
    command = supplement("吴恩", Sex.MALE, BORN, relation, **{"household": town.home, **told})
    assert [code for code in town.refused(command) if code != "birth-after-registration"] == codes


def test_a_child_is_not_supplemented_alone(town: Town):
    alone = supplement(
        "吴小", Sex.MALE, date(2000, 1, 1), HEAD, new_household=new(town.yard), on=SETTLED
    )
    assert town.refused(alone) == ["minors-alone"]


def test_of_two_records_of_one_person_one_is_deleted_naming_the_other(town: Town):
    double = town.do(missed(town))["person"]
    town.do(delete(double, kept=town.wang))
    gone = town.person(double)
    assert (gone.life, gone.kept) == (Life.DELETED, town.wang)
    assert double not in town.household(town.home).members
    assert town.person(double, date(2007, 5, 31)).resident
    assert town.refused(delete(double, kept=town.wang)) == ["record-deleted"]
    number = town.see(Number, town.named(Kind.NUMBER, gone.number))
    again = HoldingEnded(effective_on=TODAY, person=double, business=109)
    assert [rule.code for rule in Number.check(number, again)] == ["not-holder"]


def test_one_person_entered_twice_with_one_number_ends_with_one_holder(town: Town):
    number = town.person(town.wang).number
    double = town.do(
        supplement("王建国", Sex.MALE, date(1970, 3, 5), OTHER, household=town.hut, number=number)
    )["person"]
    case = town.named(Kind.CASE, f"duplicate/{number}")
    close = CloseNumberCase(case=case, keeper=town.wang, grounds=GROUNDS)
    assert town.refused(close) == ["still-held"]
    town.do(delete(double, kept=town.wang))
    town.do(close)
    assert not town.see(NumberCase, case).open
    assert town.see(Number, town.named(Kind.NUMBER, number)).held_by == (town.wang,)


def test_nothing_is_deleted_without_an_approval(town: Town):
    command = delete(town.li, deletion_kind=DeletionKind("0899"), approval=None)
    assert town.refused(command) == ["approval-needed"]


@pytest.mark.parametrize("kept", [None, "li", "nobody"])
def test_the_record_that_is_kept_is_another_living_person_s(town: Town, kept):
    town.do(RegisterDeath(person=town.lodger, died_on=TODAY, declarant=DECLARANT))
    for other in (None, town.li, town.lodger):
        assert town.refused(delete(town.li, kept=other)) == ["duplicate-record"]


def test_a_head_s_record_is_deleted_with_an_heir_and_the_last_one_closes(town: Town):
    other = DeletionKind("0899")
    assert town.refused(delete(town.wang, deletion_kind=other)) == ["head-missing"]
    town.do(delete(town.wang, deletion_kind=other, heir=Heir(head=town.li)))
    assert town.household(town.home).head == town.li
    town.do(delete(town.zhao, deletion_kind=other))
    assert town.household(town.hut).closed_on == TODAY


def test_a_dead_person_s_record_is_deleted_without_touching_the_household(town: Town):
    town.do(RegisterDeath(person=town.zhao, died_on=date(2007, 5, 1), declarant=DECLARANT))
    town.do(delete(town.zhao, kept=town.wang))
    assert town.person(town.zhao).life is Life.DELETED
    assert town.household(town.hut).closed_on == date(2007, 5, 1)
