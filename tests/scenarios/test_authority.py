"""Who may register whom (管辖): roles and areas.

A role sends the commands of its office; an area limits whose people: who brings somebody in answers
for the target, who takes somebody out for the origin.
Source: Household Registration Regulations (户口登记条例), art. 3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Places
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
from registry.commands.cards_bins import OpenBin, TakeInOldCard
from registry.commands.cards_gates import AcceptBaseline, WithdrawBaseline
from registry.commands.cards_sites import CloseSite, OpenSite, RouteProduction
from registry.commands.cases import CloseNumberCase
from registry.commands.details import ChangeDetails
from registry.commands.households import ChangeHead
from registry.commands.migration import MoveOut
from registry.commands.particulars import ChangeName, CorrectName, ReassignNumber
from registry.commands.places import (
    AdjustDivision,
    AssignStation,
    EstablishCommunity,
    EstablishDivision,
    RenameDivision,
)
from registry.commands.redaction import ConfirmRedaction, ProposeRedaction
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.undoing import RestoreRegistration, ReverseRegistration, VoidEntry
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.commands.voiding import VoidDoorplateEntry, VoidHouseholdEntry, VoidStreetEntry
from registry.errors import Forbidden
from registry.events.household import Member
from registry.events.places import Moved
from registry.register import Submission
from registry.values import (
    CardKind,
    ChangeCategory,
    CommunityKind,
    DeletionKind,
    DivisionCode,
    Level,
    Name,
    PaperNumber,
    RedactionGround,
    Sex,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind
from tests.scenarios.test_places import LATER, cut
from tests.scenarios.town import (
    APPROVAL,
    CHIEF,
    DECLARANT,
    GROUNDS,
    JINGYANG,
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


ABOUT_OTHERS = [
    lambda t: ChangeName(  # that is what she is called
        person=t.li,
        category=ChangeCategory("31"),
        name=Name("李梅"),
        declarant=DECLARANT,
    ),
    lambda t: CorrectName(
        person=t.li,
        corrects=9,
        category=ChangeCategory("22"),
        name=Name("李"),
        declarant=DECLARANT,
    ),
    lambda t: MoveOut(
        persons=(t.li, t.zhao), certificate_number=PaperNumber("Q1"), declarant=DECLARANT
    ),
    lambda t: ChangeName(  # nobody knows her yet on that day
        person=t.li,
        category=ChangeCategory("31"),
        name=Name("李红"),
        declarant=DECLARANT,
        on=date(1990, 1, 1),
    ),
    lambda t: ReassignNumber(
        person=t.li, category=ChangeCategory("19"), approval=APPROVAL, declarant=DECLARANT
    ),
    lambda t: ChangeAddress(  # two of two households
        movers=(
            Mover(person=t.li, relation=OTHER),
            Mover(person=t.lodger, relation=OTHER),
        ),
        household=t.hut,
        declarant=DECLARANT,
    ),
    lambda t: ProposeRedaction(
        person=t.li,
        entry_of=t.li,
        version=99,
        part="subject",
        ground=RedactionGround.all()[0],
        document="一号",
    ),
    lambda t: ConfirmRedaction(person=t.li, proposal=9),
    lambda t: VoidEntry(person=t.li, version=1, grounds=GROUNDS),
    lambda t: ReverseRegistration(person=t.li, version=2, grounds=GROUNDS),
    lambda t: RestoreRegistration(person=t.li, version=9, grounds=GROUNDS),
    lambda t: VoidHouseholdEntry(household=t.home, version=1, grounds=GROUNDS),
    lambda t: VoidDoorplateEntry(doorplate=t.gate, version=1, grounds=GROUNDS),
    lambda t: VoidStreetEntry(street=t.road, version=1, grounds=GROUNDS),
]


@pytest.mark.parametrize("command", ABOUT_OTHERS)
def test_who_is_not_in_charge_learns_nothing_from_a_refusal(town: Town, command):
    assert town.refused(command(town), OF_SHIFANG) == ["outside-area"]
    assert "outside-area" not in town.refused(command(town), OF_JINGYANG)


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


OF_OTHERS_TREE = [
    lambda t: EstablishCommunity(
        community_name=Text("新村"), community_kind=CommunityKind("33"), parent=t.shifang, on=LATER
    ),
    lambda t: RenameDivision(
        division=t.shifang, division_name=Text("方亭"), document="一号", on=TODAY
    ),
    lambda t: AssignStation(community=t.town, station=OF_SHIFANG.office, on=TODAY),
    lambda t: passing(t.town, t.jingyang),
    lambda t: passing(t.east, t.shifang),
    lambda t: cut(t, t.barn, to=t.east),
    lambda t: cut(t, t.gate),
    lambda t: cut(t, t.barn, households=(t.farm,), to=t.east),
]


def passing(place, parent) -> AdjustDivision:
    return AdjustDivision(moved=(Moved(place=place, parent=parent),), document="一号", on=LATER)


@pytest.mark.parametrize("command", OF_OTHERS_TREE)
def test_the_tree_of_another_county_is_left_alone(town: Town, command):
    assert town.refused(command(town), OF_JINGYANG) == ["outside-area"]
    town.do(command(town), replace(OF_JINGYANG, area=(DivisionCode("510600"),)))


def test_a_county_is_opened_and_shut_by_its_own_administrators(town: Town):
    for act in (AcceptBaseline, WithdrawBaseline):
        command = act(division=town.shifang, document="一号")
        assert town.refused(command, OF_JINGYANG) == ["outside-area"]
        town.do(command, OF_SHIFANG)


def test_who_has_an_area_founds_no_province(town: Town):
    province = EstablishDivision(level=Level.PROVINCE, division_name=Text("新省"), on=LATER)
    assert town.refused(province, OF_JINGYANG) == ["outside-area"]


def test_who_has_an_area_gives_codes_of_that_area_only(town: Town):
    def recoded(code: str | None, name: str) -> RenameDivision:
        return RenameDivision(
            division=town.jingyang,
            division_code=None if code is None else DivisionCode(code),
            division_name=Text(name),
            document="一号",
            on=LATER,
        )

    assert town.refused(recoded("510783", "旌阳"), OF_JINGYANG) == ["outside-area"]
    town.do(recoded(None, "旌阳"), OF_JINGYANG)
    of_deyang = replace(OF_JINGYANG, area=(DivisionCode("510600"),))
    assert town.refused(recoded("510783", "旌阳"), of_deyang) == ["outside-area"]
    town.do(recoded("510683", "旌阳"), of_deyang)


def test_a_tree_with_something_dated_ahead_is_carried_on_and_not_folded_anew(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    def township(name: str, on: date) -> EstablishDivision:
        return EstablishDivision(
            level=Level.TOWNSHIP, division_name=Text(name), parent=town.jingyang, on=on
        )

    for name, on in (("新镇", LATER), ("老镇", TODAY)):
        town.do(township(name, on), OF_JINGYANG)
    monkeypatch.setattr(Places, "fold", None)
    town.do(township("古镇", TODAY), OF_JINGYANG)


def test_of_a_place_that_is_not_there_nothing_is_learnt(town: Town):
    nowhere = EstablishDivision(
        level=Level.TOWNSHIP, division_name=Text("新镇"), parent=town.gate, on=LATER
    )
    assert town.refused(nowhere, OF_JINGYANG) == ["division-unknown"]
    assert town.refused(nowhere) == ["division-unknown"]


def test_sites_and_routes_are_set_by_whoever_answers_for_them(town: Town):
    site, day, document = CHIEF.office, town.today, "一号"
    acts = (
        OpenSite(site=site, name=Text("制证所"), document=document, on=day),
        RouteProduction(division=JINGYANG, generation=2, site=site, document=document, on=day),
        CloseSite(site=site, document=document, on=LATER),
    )
    for act in acts:
        assert town.refused(act, OF_SHIFANG) == ["outside-area"]
        town.do(act, OF_JINGYANG)


def test_an_old_card_of_who_has_left_is_taken_back_at_the_origin(town: Town):
    town.do(MoveOut(persons=(town.li,), certificate_number=PaperNumber("Q1"), declarant=DECLARANT))
    take = TakeInOldCard(
        person=town.li,
        card_kind=CardKind.all()[0],
        surrender_reason=SurrenderReason.all()[0],
        bin_number=PaperNumber("B1"),
    )
    for by in (OF_SHIFANG, OF_JINGYANG):
        town.do(OpenBin(bin_number=take.bin_number), by)
    assert town.refused(take, OF_SHIFANG) == ["outside-area"]
    town.do(take, OF_JINGYANG)


def test_a_community_dated_ahead_belongs_to_the_county_that_it_will_lie_in(town: Town):
    township = EstablishDivision(
        level=Level.TOWNSHIP, division_name=Text("新镇"), parent=town.jingyang, on=LATER
    )
    parent = town.do(township, OF_JINGYANG)["division"]
    village = EstablishCommunity(
        community_name=Text("新村"), community_kind=CommunityKind("33"), parent=parent, on=LATER
    )
    assert town.refused(village, OF_SHIFANG) == ["outside-area"]
    town.do(village, OF_JINGYANG)


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
