"""Households: founding, splitting, merging, heads, closing (立户, 分户, 并户, 户主, 销户).

One head, who is a member; everybody else stands in another relation; a household that nobody is
left in closes; a collective household lists nobody.
Source: Household Registration Regulations (户口登记条例), art. 5 and 19; GA 214 businesses 201-203.
"""

from __future__ import annotations

from datetime import date

import pytest

from registry.aggregates import Household
from registry.commands.addresses import CloseDoorplate, FreezeDoorplate
from registry.commands.households import (
    ChangeHead,
    ChangeHousehold,
    ChangeRelations,
    CloseHousehold,
    FoundHousehold,
    MergeHouseholds,
    SplitHousehold,
)
from registry.commands.membership import Heir
from registry.commands.relocation import Mover
from registry.events.household import Member, MembersChanged
from registry.values import HouseholdNumber, HouseholdType
from tests.scenarios.town import (
    DECLARANT,
    HEAD,
    OTHER,
    SON,
    SPOUSE,
    TODAY,
    Town,
    birth,
    new,
)

FAMILY, COLLECTIVE = HouseholdType("1"), HouseholdType("2")
NINE = HouseholdNumber("9")


def test_members_split_off_and_the_two_households_know_of_each_other(town: Town):
    told = town.do(
        SplitHousehold(
            movers=(Mover(person=town.li, relation=HEAD), Mover(person=town.boy, relation=SON)),
            new_household=new(town.gate),
            declarant=DECLARANT,
        )
    )
    house = town.household(told["household"])
    assert (house.head, house.members) == (town.li, {town.li: HEAD, town.boy: SON})
    assert house.split_from == town.home
    assert town.household(town.home).members == {town.wang: HEAD}


@pytest.mark.parametrize(
    ("who", "relation", "heir", "codes"),
    [
        ("li", OTHER, None, ["head-missing"]),
        ("boy", HEAD, None, ["minors-alone"]),
        ("wang", HEAD, None, ["head-missing"]),
        ("wang", HEAD, "wang", ["head-missing"]),
        ("li", HEAD, "boy", ["head-relation"]),  # the head stays and gets no new relation
    ],
)
def test_a_split_is_refused(town: Town, who, relation, heir, codes):
    split = SplitHousehold(
        movers=(Mover(person=town.ids[who], relation=relation),),
        new_household=new(town.gate),
        declarant=DECLARANT,
        heir=Heir(head=town.ids[heir]) if heir else None,
    )
    assert town.refused(split) == codes


def test_a_household_merges_into_another_one_and_closes(town: Town):
    town.do(
        MergeHouseholds(
            movers=(Mover(person=town.zhao, relation=OTHER),), into=town.home, declarant=DECLARANT
        )
    )
    hut = town.household(town.hut)
    assert (hut.closed_on, hut.merged_into) == (TODAY, town.home)
    assert town.household(town.home).members[town.zhao] == OTHER


def test_a_merge_takes_everybody(town: Town):
    part = MergeHouseholds(
        movers=(Mover(person=town.boy, relation=OTHER),), into=town.hut, declarant=DECLARANT
    )
    assert town.refused(part) == ["household-not-empty"]


def heads(town: Town, head, *relations) -> ChangeHead:
    members = tuple(Member(person=person, relation=relation) for person, relation in relations)
    return ChangeHead(household=town.home, head=head, relations=members)


def test_another_head_is_chosen_and_everybody_stands_anew(town: Town):
    town.do(heads(town, town.li, (town.wang, SPOUSE), (town.boy, SON)))
    house = town.household(town.home)
    assert house.head == town.li
    assert house.members == {town.wang: SPOUSE, town.li: HEAD, town.boy: SON}


@pytest.mark.parametrize(
    ("head", "relations", "codes"),
    [
        ("wang", [], ["nothing-changes"]),
        ("li", [], ["head-relation"]),
        ("zhao", [("wang", OTHER)], ["head-missing", "not-member"]),
        ("li", [("wang", OTHER), ("zhao", OTHER)], ["head-relation", "not-member"]),
    ],
)
def test_a_change_of_head_is_refused(town: Town, head, relations, codes):
    named = [(town.ids[name], relation) for name, relation in relations]
    refused = town.refused(heads(town, town.ids[head], *named))
    assert set(codes) - {"head-relation", "head-missing"} <= set(refused)
    assert set(refused) <= {*codes, "head-relation", "head-missing"}


def test_a_head_chosen_before_somebody_joined_is_refused_naming_the_entry(town: Town):
    town.do(birth(town))
    early = ChangeHead(
        household=town.home,
        head=town.li,
        relations=(Member(person=town.wang, relation=SPOUSE),),
        on=date(2007, 5, 1),
    )
    (rule,) = town.rules(early)
    assert rule.code == "entry-in-the-way"
    assert "MembersChanged of 2007-05-15" in rule.message


def test_relations_change_without_the_head(town: Town):
    def stand(person, relation):
        member = Member(person=person, relation=relation)
        return ChangeRelations(household=town.home, relations=(member,))

    town.do(stand(town.boy, OTHER))
    assert town.household(town.home).members[town.boy] == OTHER
    assert town.refused(stand(town.boy, HEAD)) == ["head-relation"]
    assert town.refused(stand(town.zhao, OTHER)) == ["not-member"]


def test_a_member_joins_once(town: Town):
    again = MembersChanged(
        effective_on=TODAY,
        business=103,
        joined=(Member(person=town.boy, relation=SON),),
        head=town.wang,
    )
    rules = list(Household.check(town.household(town.home), again))
    assert [rule.code for rule in rules] == ["member-already"]


def test_number_and_type_change_but_a_dormitory_stays_one(town: Town):
    def change(household, **told):
        return ChangeHousehold(household=household, **told)

    town.do(change(town.home, household_number=NINE))
    assert town.household(town.home).household_number == "9"
    assert town.refused(change(town.home, household_number=NINE)) == ["nothing-changes"]
    assert town.refused(change(town.home, household_type=COLLECTIVE)) == [
        "collective-has-no-members"
    ]
    assert town.refused(change(town.dormitory, household_type=FAMILY)) == ["collective-stays"]


def test_an_empty_household_is_founded_and_its_first_member_heads_it(town: Town):
    told = town.do(
        FoundHousehold(doorplate=town.yard, household_number=NINE, household_type=FAMILY)
    )
    empty = told["household"]
    infant = birth(town, household=empty, relation=OTHER, on=TODAY)
    assert town.refused(infant) == ["head-missing"]
    town.do(birth(town, household=empty, relation=HEAD, on=TODAY))
    assert town.household(empty).head is not None


def test_a_household_is_closed_once_nobody_is_left_in_it(town: Town):
    assert town.refused(CloseHousehold(household=town.home)) == ["household-not-empty"]
    told = town.do(
        FoundHousehold(doorplate=town.yard, household_number=NINE, household_type=FAMILY)
    )
    town.do(CloseHousehold(household=told["household"]))
    assert town.refused(CloseHousehold(household=told["household"])) == ["household-closed"]


def test_no_household_is_founded_at_a_frozen_or_withdrawn_door_plate(town: Town):
    found = FoundHousehold(doorplate=town.yard, household_number=NINE)
    town.do(FreezeDoorplate(doorplate=town.yard, on=date(2007, 5, 1)))
    assert town.refused(found) == ["doorplate-frozen"]
    town.do(CloseDoorplate(doorplate=town.yard, on=date(2007, 5, 2)))
    assert town.refused(found) == ["doorplate-closed", "doorplate-frozen"]
    before = FoundHousehold(doorplate=town.yard, household_number=NINE, on=date(2007, 4, 30))
    assert town.refused(before) == ["doorplate-closed", "doorplate-frozen"]


def test_a_household_is_not_founded_before_its_door_plate(town: Town):
    early = FoundHousehold(doorplate=town.yard, household_number=NINE, on=date(1999, 1, 1))
    assert town.refused(early) == ["not-known-yet"]
    assert town.refused(
        FoundHousehold(doorplate=town.yard, household_number=NINE, on=date(2007, 6, 2))
    ) == ["not-yet"]
