"""Birth registration (出生登记), business 101.

Within a month, at the infant's place, on a birth certificate or a substitute proof, with a parent
named; the station gives the number. Who died before the birth was declared is entered with both.
Source: Household Registration Regulations (户口登记条例), art. 7 and 9; GB 11643-1999.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Life, Number, Person, Proof
from registry.errors import NotFound
from registry.values import BirthKind, Name, PaperNumber, Sex, Text
from registry.vocabulary import Kind
from tests.scenarios.town import (
    DAUGHTER,
    HEAD,
    JINGYANG,
    OTHER,
    SETTLED,
    SON,
    TODAY,
    Town,
    birth,
    new,
)

BORN = date(2007, 5, 15)
ADOPTED, IN_ARREARS = BirthKind("0108"), BirthKind("0109")


def test_a_child_joins_the_household_and_gets_a_number_from_the_station(town: Town):
    told = town.do(birth(town))
    child = town.person(told["person"])
    assert (child.household, child.community, child.father) == (town.home, town.east, town.wang)
    assert town.household(town.home).members[told["person"]] == DAUGHTER
    assert told["number"] == child.number
    assert (child.number.address_code, child.number.birth_date) == (JINGYANG, BORN)
    assert town.see(Number, town.named(Kind.NUMBER, child.number)).held_by == (child.id,)
    assert town.look(Person, child.id, date(2007, 5, 14)) is None
    assert "notices" not in told


@pytest.mark.parametrize(
    ("born", "late"),
    [
        (date(2007, 5, 1), False),  # the last day of the month
        (date(2007, 4, 30), True),  # due on 30 May
        (date(2006, 1, 31), True),
    ],
)
def test_a_birth_is_declared_within_a_month_or_the_officer_is_told(town: Town, born, late):
    told = town.do(birth(town, birth_date=born))
    assert [notice["code"] for notice in told.get("notices", ())] == ["declared-late"] * late
    assert town.person(told["person"], born).resident


@pytest.mark.parametrize("kind", [ADOPTED, IN_ARREARS])
def test_who_is_adopted_or_in_arrears_is_a_resident_from_the_registration_on(town: Town, kind):
    told = town.do(birth(town, birth_kind=kind, birth_date=date(2001, 9, 9)))
    assert town.look(Person, told["person"], date(2007, 5, 31)) is None
    assert town.person(told["person"], TODAY).birth_date == date(2001, 9, 9)
    assert "notices" not in told


def test_a_foundling_of_unknown_parents_is_registered_on_a_substitute_proof(town: Town):
    proof = Text("在车站拾到, 派出所证明")
    told = town.do(
        birth(
            town,
            father=None,
            birth_certificate=None,
            substitute_proof=proof,
            household=town.dormitory,
            relation=OTHER,
        )
    )
    assert town.person(told["person"]).household == town.dormitory
    assert town.household(town.dormitory).members == {}


def test_who_died_before_the_birth_was_declared_is_entered_with_both(town: Town):
    told = town.do(birth(town, died_on=date(2007, 5, 20)))
    child = told["person"]
    assert town.events(child) == ["BirthRegistered", "DeathRegistered"]
    assert town.person(child, date(2007, 5, 19)).resident
    assert town.person(child).life is Life.DEAD
    assert child in town.household(town.home, date(2007, 5, 19)).members
    assert child not in town.household(town.home).members
    assert told["number"]  # given, and used for ever


def test_birth_and_death_of_an_earlier_year_are_entered_from_the_birth_on(town: Town):
    told = town.do(
        birth(
            town,
            birth_kind=IN_ARREARS,
            birth_date=date(2006, 3, 1),
            died_on=date(2006, 3, 1),
        )
    )
    assert town.person(told["person"], date(2006, 3, 1)).died_on == date(2006, 3, 1)


def test_a_guarded_infant_may_have_a_household_of_its_own(town: Town):
    told = town.do(
        birth(town, relation=HEAD, new_household=new(town.yard), guardian_name=Name("王奶奶"))
    )
    assert town.household(told["household"]).head == told["person"]


@pytest.mark.parametrize(
    ("told", "doubts"),
    [
        ({"mother": "li"}, []),
        ({"mother": "zhao", "father": "boy"}, ["the mother is registered as male"]),
        ({"father": "li"}, ["the father is registered as female"]),
        (
            {"father": "boy", "birth_date": date(1998, 2, 3)},
            ["the father is not older than the child"],
        ),
    ],
)
def test_the_officer_is_told_of_who_can_hardly_be_a_parent(town: Town, told, doubts):
    named = {name: town.ids.get(value, value) for name, value in told.items()}
    answer = town.do(birth(town, birth_kind=BirthKind("0109"), **named))
    found = [one for one in answer.get("notices", ()) if one["code"] == "parent-doubtful"]
    assert [one["message"] for one in found] == doubts


def test_a_birth_certificate_serves_one_child(town: Town):
    town.do(birth(town))
    twin = birth(town, name=Name("王小雪"))
    assert town.refused(twin) == ["proof-used"]
    town.do(replace(twin, birth_certificate=PaperNumber("F510002")))
    proof = town.see(Proof, town.named(Kind.PROOF, "F510001"))
    assert proof.used_by is not None


def test_a_child_born_on_29_february_is_numbered_and_found_like_any_other(town: Town):
    told = town.do(birth(town, birth_date=date(2004, 2, 29), on=SETTLED))
    assert told["number"][6:14] == "20040229"
    town.refused(birth(town, birth_date=date(2008, 2, 29), on=date(2008, 2, 29)))


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"birth_certificate": None}, ["proof-needed"]),
        ({"father": None}, ["parent-unknown"]),
        (
            {"father": None, "birth_certificate": None},
            ["parent-unknown", "proof-needed"],
        ),
        ({"on": date(2007, 5, 14)}, ["birth-after-registration"]),
        ({"on": date(2007, 6, 2)}, ["not-yet"]),
        ({"died_on": date(2007, 5, 14)}, ["death-before-birth", "not-known-yet"]),
        ({"died_on": date(2007, 6, 2)}, ["not-yet"]),
        ({"relation": HEAD}, ["head-relation"]),
        ({"household": None}, ["target-needed"]),
        ({"birth_date": date(2004, 12, 31)}, ["not-known-yet"]),  # the household is of 2005
    ],
)
def test_a_birth_is_refused(town: Town, told, codes):
    assert town.refused(birth(town, **told)) == codes


def test_a_household_of_an_infant_alone_is_refused(town: Town):
    alone = birth(town, relation=HEAD, new_household=new(town.yard))
    assert town.refused(alone) == ["minors-alone"]


def test_one_refusal_names_every_rule_in_the_way(town: Town):
    wrong = birth(
        town,
        father=None,
        birth_certificate=None,
        relation=HEAD,
        on=date(2007, 6, 30),
        birth_date=date(2007, 7, 1),
    )
    assert town.refused(wrong) == [
        "birth-after-registration",
        "head-relation",
        "not-yet",
        "parent-unknown",
        "proof-needed",
    ]
    for rule in town.rules(wrong):
        assert rule.law
        assert rule.remedy.endswith(".")


def test_a_household_that_nobody_knows_is_not_found(town: Town):
    for nobody in (UUID(int=77), town.wang, town.gate):
        with pytest.raises(NotFound):
            town.submit(birth(town, household=nobody))


def test_a_boy_gets_an_odd_and_a_girl_an_even_sequence_code(town: Town):
    boy = town.do(birth(town, sex=Sex.MALE, relation=SON))["number"]
    girl = town.do(birth(town, birth_certificate=PaperNumber("F2")))["number"]
    assert (boy[14:17], girl[14:17]) == ("001", "002")
