"""Change of address inside the city (住址变动), businesses 103 and 104, and whole households.

No papers: the target's station enters both sides. A head who leaves names an heir, an emptied
household closes, a line of the city is not crossed.
Source: GA 214 businesses 103, 104 and 202, change scopes 11 to 32.
"""

from __future__ import annotations

from datetime import date

import pytest

from registry.commands.addresses import FreezeDoorplate
from registry.commands.membership import Heir
from registry.commands.migration import MoveOut
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.vital import RegisterDeath
from registry.events.household import Member
from registry.values import ChangeScope, OutKind
from tests.scenarios.town import DECLARANT, HEAD, OTHER, SON, Town, birth, new

DAY = date(2007, 5, 1)


def move(*persons, relation=OTHER, **told) -> ChangeAddress:
    movers = tuple(Mover(person=person, relation=relation) for person in persons)
    return ChangeAddress(**{"movers": movers, "declarant": DECLARANT, "on": DAY, **told})


def test_a_member_moves_to_another_household_of_the_city(town: Town):
    town.do(move(town.li, household=town.farm))
    assert town.person(town.li).household == town.farm
    assert town.person(town.li).community == town.town
    assert town.person(town.li, date(2007, 4, 30)).community == town.east
    assert town.li not in town.household(town.home).members
    assert town.household(town.farm).members[town.li] == OTHER


def test_a_head_leaves_an_heir_behind(town: Town):
    leaving = move(town.wang, relation=HEAD, new_household=new(town.yard))
    assert town.refused(leaving) == ["head-missing"]
    heir = Heir(head=town.li, relations=(Member(person=town.boy, relation=SON),))
    told = town.do(move(town.wang, relation=HEAD, new_household=new(town.yard), heir=heir))
    assert town.household(told["household"]).head == town.wang
    assert town.household(told["household"]).split_from == town.home
    assert town.household(town.home).head == town.li


def test_a_household_that_everybody_leaves_closes(town: Town):
    town.do(move(town.zhao, household=town.home))
    assert town.household(town.hut).closed_on == DAY


def test_who_lives_in_a_dormitory_is_listed_nowhere_and_moves_all_the_same(town: Town):
    town.do(move(town.lodger, household=town.home))
    assert town.household(town.home).members[town.lodger] == OTHER
    town.do(move(town.lodger, household=town.dormitory, on=date(2007, 5, 2)))
    assert town.lodger not in town.household(town.home).members
    assert town.person(town.lodger).community == town.west


def test_two_moves_on_one_day_are_taken_in_the_order_of_their_entry(town: Town):
    town.do(move(town.li, household=town.hut))
    town.do(move(town.li, household=town.farm))
    assert town.person(town.li, DAY).household == town.farm
    assert town.person(town.li, date(2007, 4, 30)).household == town.home


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"persons": ["li"], "household": "home"}, ["same-place"]),
        ({"persons": ["li", "zhao"], "household": "farm"}, ["different-households"]),
        ({"persons": [], "household": "farm"}, ["nobody-named"]),
        ({"persons": ["li"], "household": "farm", "on": date(2007, 6, 2)}, ["not-yet"]),
        ({"persons": ["li"], "household": "farm", "on": date(2004, 1, 1)}, ["not-known-yet"]),
        ({"persons": ["li", "li"], "household": "farm"}, ["not-registered"]),
        ({"persons": ["li"]}, ["target-needed"]),
        (
            {"persons": ["li"], "household": "farm", "scope": ChangeScope("71")},
            ["move-needs-papers"],
        ),
        ({"persons": ["li"], "new": "tower", "relation": HEAD}, ["move-needs-papers"]),
        ({"persons": ["li"], "new": "yard", "relation": OTHER}, ["head-missing"]),
        ({"persons": ["boy"], "new": "yard", "relation": HEAD}, ["minors-alone"]),
        ({"persons": ["li"], "household": "farm", "relation": HEAD}, ["head-relation"]),
    ],
)
def test_an_address_change_is_refused(town: Town, told, codes):
    persons = [town.ids[name] for name in told.pop("persons")]
    said = dict(told)
    if "household" in said:
        said["household"] = town.ids[said["household"]]
    if "new" in said:
        said["new_household"] = new(town.ids[said.pop("new")])
    assert town.refused(move(*persons, **said)) == codes


def test_the_dead_and_the_departed_do_not_move(town: Town):
    town.do(RegisterDeath(person=town.li, died_on=DAY, declarant=DECLARANT))
    town.do(MoveOut(persons=(town.lodger,), out_kind=OutKind("4"), declarant=DECLARANT, on=DAY))
    assert town.refused(move(town.li, household=town.farm)) == ["already-deceased"]
    assert town.refused(move(town.lodger, household=town.farm)) == ["not-registered"]


def test_a_frozen_door_plate_takes_nobody_in(town: Town):
    town.do(FreezeDoorplate(doorplate=town.barn, on=date(2007, 4, 1)))
    assert town.refused(move(town.li, household=town.farm)) == ["doorplate-frozen"]
    # Nor on a day before, or a door plate that is being emptied would fill behind the clerk's back.
    earlier = move(town.li, household=town.farm, on=date(2007, 3, 31))
    assert town.refused(earlier) == ["doorplate-frozen"]
    town.do(FreezeDoorplate(doorplate=town.barn, frozen=False))
    town.do(earlier)


def moved(town: Town, **told) -> MoveHousehold:
    said = {"household": town.home, "doorplate": town.mill, "declarant": DECLARANT, "on": DAY}
    return MoveHousehold(**{**said, **told})


def test_a_whole_household_moves_and_everybody_is_entered(town: Town):
    town.do(moved(town))
    for person in (town.wang, town.li, town.boy):
        assert town.person(person).community == town.west
        assert town.person(person, date(2007, 4, 30)).community == town.east
    assert town.household(town.home).doorplate == town.mill


def test_within_a_community_only_the_household_is_entered(town: Town):
    town.do(moved(town, doorplate=town.yard))
    assert town.events(town.boy) == ["RecordSupplemented"]
    town.do(birth(town))  # the new door plate lies in the community of the old one


def test_a_dormitory_moves_with_the_residents_named(town: Town):
    town.do(moved(town, household=town.dormitory, doorplate=town.yard, persons=(town.lodger,)))
    assert town.person(town.lodger).community == town.east


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"doorplate": "gate"}, ["same-place"]),
        ({"doorplate": "tower"}, ["move-needs-papers"]),
        ({"on": date(2007, 6, 2)}, ["not-yet"]),
    ],
)
def test_a_household_s_move_is_refused(town: Town, told, codes):
    if "doorplate" in told:
        told = {**told, "doorplate": town.ids[told["doorplate"]]}
    assert town.refused(moved(town, **told)) == codes


def test_a_move_before_somebody_joined_would_leave_the_joiner_behind(town: Town):
    town.do(birth(town))
    (rule,) = town.rules(moved(town))
    assert rule.code == "entry-in-the-way"
    assert "MembersChanged of 2007-05-15" in rule.message
    town.do(moved(town, on=date(2007, 5, 15)))


def test_who_joins_before_the_household_moved_is_not_left_behind(town: Town):
    town.do(moved(town, on=date(2007, 5, 20)))
    assert town.refused(birth(town)) == ["entry-in-the-way"]
    town.do(birth(town, on=date(2007, 5, 20)))


def test_a_move_dated_back_behind_another_one_names_it(town: Town):
    town.do(move(town.li, household=town.farm))
    rules = town.rules(move(town.li, household=town.hut, on=date(2007, 4, 1)))
    assert {rule.code for rule in rules} == {"entry-in-the-way"}
    assert any("AddressChanged of 2007-05-01" in rule.message for rule in rules)
