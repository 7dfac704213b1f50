"""Who may register whom (管辖): roles and areas.

A role sends the commands of its office; an area limits whose people: who brings somebody in answers
for the target, who takes somebody out for the origin.
Source: Household Registration Regulations (户口登记条例), art. 3.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.commands import COMMANDS
from registry.commands.base import (
    ADMINISTRATOR,
    CENTRE,
    CITY,
    CIVIL_AFFAIRS,
    COUNTY,
    EXCHANGE_OFFICE,
    PROVINCE,
    STATION,
)
from registry.commands.cases import CloseNumberCase
from registry.commands.details import ChangeDetails
from registry.commands.households import ChangeHead
from registry.commands.migration import MoveOut
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.errors import Forbidden
from registry.events.household import Member
from registry.register import Submission
from registry.values import DeletionKind, DivisionCode, PaperNumber, Sex
from registry.vocabulary import Kind
from tests.scenarios.town import (
    APPROVAL,
    CHIEF,
    DECLARANT,
    GROUNDS,
    OF_JINGYANG,
    OF_SHIFANG,
    OTHER,
    SPOUSE,
    TODAY,
    Town,
    birth,
    supplement,
)


def test_every_command_is_for_somebody():
    known = {STATION, COUNTY, CITY, PROVINCE, CENTRE, CIVIL_AFFAIRS, ADMINISTRATOR, EXCHANGE_OFFICE}
    for command in COMMANDS.values():
        assert command.ROLES
        assert known >= command.ROLES


@pytest.mark.parametrize("role", [COUNTY, CIVIL_AFFAIRS, ADMINISTRATOR, "reader"])
def test_a_command_of_another_role_is_forbidden(town: Town, role):
    head = town.register.store.head()
    with pytest.raises(Forbidden, match="station"):
        town.submit(birth(town), replace(CHIEF, roles=frozenset({role})))
    assert town.register.store.head() == head


def test_who_has_the_role_but_no_area_registers_nobody(town: Town):
    assert town.refused(birth(town), replace(CHIEF, area=())) == ["outside-area"]


@pytest.mark.parametrize("area", ["510603", "510600", "510000"])
def test_an_area_holds_everything_under_it(town: Town, area):
    town.do(birth(town), replace(CHIEF, area=(DivisionCode(area),)))


OF_OTHERS = [
    lambda t: birth(t),
    lambda t: RegisterDeath(person=t.li, died_on=TODAY, declarant=DECLARANT),
    lambda t: ChangeDetails(person=t.li, height_cm=150, declarant=DECLARANT),
    lambda t: DeleteRecord(
        person=t.li, deletion_kind=DeletionKind("0899"), grounds=GROUNDS, approval=APPROVAL
    ),
    lambda t: ChangeHead(
        household=t.home,
        head=t.li,
        relations=(Member(person=t.wang, relation=SPOUSE),),
    ),
    lambda t: MoveHousehold(household=t.home, doorplate=t.yard, declarant=DECLARANT),
    lambda t: MoveHousehold(household=t.home, doorplate=t.mill, declarant=DECLARANT),
]


@pytest.mark.parametrize("command", OF_OTHERS)
def test_the_people_of_another_county_are_left_alone(town: Town, command):
    assert "outside-area" in town.refused(command(town), OF_SHIFANG)
    # A number is given by the station that holds the segment, whoever may register the people.
    town.do(command(town), replace(OF_JINGYANG, office=CHIEF.office))


def test_nobody_is_pushed_into_another_county(town: Town):
    push = ChangeAddress(
        movers=(Mover(person=town.li, relation=OTHER),), household=town.farm, declarant=DECLARANT
    )
    assert town.refused(push, OF_JINGYANG) == ["outside-area"]
    town.do(push, OF_SHIFANG)  # the target's station enters both sides


def test_a_household_is_not_pushed_into_another_county_either(town: Town):
    push = MoveHousehold(household=town.home, doorplate=town.barn, declarant=DECLARANT)
    assert town.refused(push, OF_JINGYANG) == ["outside-area"]
    town.do(push, OF_SHIFANG)


def test_who_has_left_belongs_to_the_origin(town: Town):
    town.do(
        MoveOut(persons=(town.li,), certificate_number=PaperNumber("Q1"), declarant=DECLARANT),
        OF_JINGYANG,
    )
    death = RegisterDeath(person=town.li, died_on=TODAY, declarant=DECLARANT)
    assert town.refused(death, OF_SHIFANG) == ["outside-area"]
    town.do(death, OF_JINGYANG)


def test_a_case_is_closed_where_a_party_lives(town: Town):
    number = town.person(town.wang).number
    double = town.do(
        supplement("王建国", Sex.MALE, number.birth_date, OTHER, household=town.hut, number=number)
    )["person"]
    town.do(DeleteRecord(person=double, kept=town.wang, grounds=GROUNDS, approval=APPROVAL))
    case = town.named(Kind.CASE, f"duplicate/{number}")
    close = CloseNumberCase(case=case, keeper=town.wang, grounds=GROUNDS)
    assert town.refused(close, OF_SHIFANG) == ["outside-area"]
    town.do(close, OF_JINGYANG)


def test_the_entries_say_who_entered_them_and_for_which_office(town: Town):
    submission = Submission(town.wang, CHIEF, birth(town))  # any identifier will do
    town.register.do(submission)
    (entry, *_) = [one for one in town.timeline(town.home) if one.submission == town.wang]
    assert (entry.officer, entry.office) == (CHIEF.officer, CHIEF.office)
