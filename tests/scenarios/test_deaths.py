"""Death registration (死亡注销), business 102.

The person leaves the population and the household, a head's death names a new head, the last
member's closes the household, the spouse becomes widowed; the number stays used.
Source: Household Registration Regulations (户口登记条例), art. 5 and 8.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Life, Number
from registry.commands.membership import Heir
from registry.commands.migration import MoveIn, MoveOut
from registry.commands.particulars import ChangeName
from registry.commands.relocation import Mover
from registry.commands.vital import RegisterDeath
from registry.events.household import Member
from registry.values import ChangeCategory, Name, PaperNumber
from registry.vocabulary import Kind
from tests.scenarios.town import (
    CHANGCHUN,
    CHIEF,
    DECLARANT,
    HEAD,
    JINGYANG,
    MARRIED,
    OTHER,
    SHIFANG,
    SON,
    WIDOWED,
    Town,
    birth,
)

DAY = date(2007, 5, 20)


def death(person, **told) -> RegisterDeath:
    return RegisterDeath(**{"person": person, "died_on": DAY, "declarant": DECLARANT, **told})


def test_a_member_dies_and_the_spouse_is_widowed(town: Town):
    town.do(death(town.li))
    assert town.person(town.li).life is Life.DEAD
    assert town.person(town.li).died_on == DAY
    assert town.person(town.li, date(2007, 5, 19)).resident
    assert list(town.household(town.home).members) == [town.wang, town.boy]
    assert town.person(town.wang).marital_status == WIDOWED
    assert town.person(town.wang, date(2007, 5, 19)).marital_status == MARRIED
    number = town.person(town.li).number
    assert town.see(Number, town.named(Kind.NUMBER, number)).held_by == (town.li,)


def test_a_head_who_dies_is_followed_by_an_heir(town: Town):
    assert town.refused(death(town.wang)) == ["head-missing"]
    town.do(
        death(
            town.wang,
            heir=Heir(head=town.li, relations=(Member(person=town.boy, relation=SON),)),
        )
    )
    house = town.household(town.home)
    assert house.head == town.li
    assert house.members == {town.li: HEAD, town.boy: SON}


@pytest.mark.parametrize("heir", ["wang", "zhao"])
def test_the_heir_is_a_member_who_stays(town: Town, heir):
    head = town.ids[heir]
    refused = town.refused(death(town.wang, heir=Heir(head=head)))
    assert "head-missing" in refused or "not-member" in refused


def test_children_are_not_left_alone_without_a_guardian(town: Town):
    town.do(death(town.li))
    assert town.refused(death(town.wang, heir=Heir(head=town.boy))) == ["minors-alone"]


def test_the_last_member_s_death_closes_the_household(town: Town):
    town.do(death(town.zhao))
    house = town.household(town.hut)
    assert (house.members, house.closed_on) == ({}, DAY)
    assert town.household(town.hut, date(2007, 5, 19)).closed_on is None
    afterwards = birth(town, household=town.hut, relation=HEAD, on=date(2007, 5, 21))
    assert town.refused(afterwards) == ["household-closed"]


def test_nobody_dies_twice(town: Town):
    town.do(death(town.li))
    assert town.refused(death(town.li)) == ["already-deceased"]
    assert "entry-in-the-way" in town.refused(death(town.li, died_on=date(2007, 5, 1)))


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"died_on": date(2007, 6, 2)}, ["not-yet"]),
        ({"died_on": date(2004, 12, 31)}, ["not-known-yet"]),
    ],
)
def test_a_death_is_refused(town: Town, told, codes):
    assert town.refused(death(town.li, **told)) == codes


def test_a_death_declared_late_is_entered_and_the_officer_told(town: Town):
    told = town.do(death(town.li, died_on=date(2007, 3, 1)))
    assert [notice["code"] for notice in told["notices"]] == ["declared-late"]


def test_who_dies_in_transit_is_registered_nowhere_and_dies_all_the_same(town: Town):
    town.do(
        MoveOut(
            persons=(town.li,),
            destination=CHANGCHUN,
            certificate_number=PaperNumber("Q1"),
            declarant=DECLARANT,
            on=date(2007, 5, 10),
        )
    )
    town.do(death(town.li))
    assert town.person(town.li).life is Life.DEAD
    assert town.person(town.wang).marital_status == WIDOWED
    arrival = MoveIn(
        movers=(Mover(person=town.li, relation=OTHER),),
        household=town.home,
        certificate_number=PaperNumber("Q1"),
        declarant=DECLARANT,
    )
    assert town.refused(arrival) == ["already-deceased"]


def test_a_death_in_a_dormitory_leaves_its_household_open(town: Town):
    town.do(death(town.lodger))
    assert town.household(town.dormitory).closed_on is None


def test_a_widow_of_another_county_is_left_to_her_own_office(town: Town):
    town.do(
        MoveOut(
            persons=(town.li,),
            certificate_number=PaperNumber("Q1"),
            declarant=DECLARANT,
            on=date(2007, 5, 1),
        )
    )
    town.do(
        MoveIn(
            movers=(Mover(person=town.li, relation=OTHER),),
            household=town.farm,
            certificate_number=PaperNumber("Q1"),
            declarant=DECLARANT,
            on=date(2007, 5, 2),
        )
    )
    heir = Heir(head=town.boy)
    town.do(death(town.li), replace(CHIEF, area=(SHIFANG,)))
    assert town.person(town.wang).marital_status == MARRIED
    assert [notice["code"] for notice in town.told["notices"]] == ["spouse-elsewhere"]
    assert "minors-alone" in town.refused(
        death(town.wang, heir=heir), replace(CHIEF, area=(JINGYANG,))
    )


def test_a_death_that_later_entries_forbid_names_them(town: Town):
    town.do(
        ChangeName(
            person=town.li,
            category=ChangeCategory("21"),
            approval=PaperNumber("A1"),
            name=Name("李雪梅"),
            declarant=DECLARANT,
            on=date(2007, 5, 25),
        )
    )
    (rule,) = [rule for rule in town.rules(death(town.li)) if rule.code == "entry-in-the-way"]
    assert "NameChanged of 2007-05-25" in rule.message
    town.do(death(town.li, died_on=date(2007, 5, 25)))  # later on the same day
