"""Task letters from tier to tier, whose sums agree (任务书).

Source: 德办发(2004)39号 二(三): 39, 65, 78 and 78 万 from 2005 to 2008.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import pytest

from registry.aggregates import Letter
from registry.commands.letters import AcknowledgeTask, AmendTarget, DivideTask, IssueTarget, Share
from registry.commands.programme import ClosePhase, CloseProgramme
from registry.errors import NotFound, Refused
from registry.programmes import PREPARATION, quotas
from registry.register import Authority
from registry.values import DivisionCode, LetterId, OfficeCode, ProgrammeCode
from registry.vocabulary import Kind
from tests.scenarios.test_programme import OFFICE, PLAN, opened
from tests.scenarios.town import Town

DEYANG, JILIN = ProgrammeCode("deyang-2004"), ProgrammeCode("jilin-2004")
NORTH, SOUTH = OfficeCode("510603001001"), OfficeCode("510603002001")
TASK = IssueTarget(programme=DEYANG, year=2005, persons=390_000, document=PLAN)


#: The city's counties and stations, each for itself.
JINGYANG, SHIFANG = (
    replace(OFFICE, office=OfficeCode(code)) for code in ("510603000000", "510682000000")
)
AT_NORTH = replace(OFFICE, office=NORTH)


def share(unit: Any, persons: int) -> Share:
    """What a county or a station is to do."""
    if isinstance(unit, OfficeCode):
        return Share(station=unit, persons=persons)
    return Share(division=unit, persons=persons)


def divided(letter: Any, *shares: tuple[Any, int]) -> DivideTask:
    """A task handed down."""
    told = tuple(share(unit, persons) for unit, persons in shares)
    return DivideTask(letter=letter, shares=told, document=PLAN)


def handed(town: Town, command: DivideTask, by: Authority = OFFICE) -> list[LetterId]:
    """The letters of the units to which a task is handed down."""
    return [LetterId(UUID(one)) for one in town.do(command, by)["letters"]]


def issued(town: Town, year: int = 2005) -> Any:
    """The city has acknowledged its task of a year."""
    opened(town)
    (persons,) = (one.persons for one in quotas(DEYANG) if one.year == year)
    letter = town.do(replace(TASK, year=year, persons=persons), OFFICE)["letter"]
    town.do(AcknowledgeTask(letter=letter), OFFICE)
    return letter


def test_the_tasks_of_the_plans_are_those_that_they_name():
    assert [one.persons for one in quotas(DEYANG)] == [390_000, 650_000, 780_000, 780_000]
    assert sum(one.persons for one in quotas(DEYANG)) == int(DEYANG.row["target"])
    assert [one.persons for one in quotas(JILIN)] == [200_000] + [4_500_000] * 4


def test_a_year_has_the_task_that_the_plan_sets(town: Town):
    opened(town)
    for wrong in (replace(TASK, persons=400_000), replace(TASK, year=2004)):
        assert town.refused(wrong, OFFICE) == ["target-differs"]
    town.do(TASK, OFFICE)
    assert town.refused(TASK, OFFICE) == ["letter-exists"]


def test_a_task_is_acknowledged_before_it_is_handed_down(town: Town):
    opened(town)
    letter = town.do(TASK, OFFICE)["letter"]
    shares = divided(letter, (town.jingyang, 390_000))
    assert town.refused(shares, OFFICE) == ["letter-not-acknowledged"]
    assert town.do(AcknowledgeTask(letter=letter), OFFICE)["persons"] == 390_000
    assert town.refused(AcknowledgeTask(letter=letter), OFFICE) == ["letter-acknowledged"]
    town.do(shares, OFFICE)


def test_the_shares_of_the_counties_add_up_to_the_task_of_the_city(town: Town):
    letter = issued(town)
    short = divided(letter, (town.jingyang, 200_000), (town.shifang, 189_999))
    (rule,) = town.rules(short, OFFICE)
    assert rule.code == "sums-disagree"
    assert "389999 of 390000" in rule.message
    whole = divided(letter, (town.jingyang, 200_000), (town.shifang, 190_000))
    letters = handed(town, whole)
    found = [town.see(Letter, one) for one in letters]
    assert [(one.division, one.persons, one.upper) for one in found] == [
        (town.jingyang, 200_000, letter),
        (town.shifang, 190_000, letter),
    ]


def test_a_county_hands_its_task_down_to_its_stations(town: Town):
    letter = issued(town)
    (county,) = handed(town, divided(letter, (town.jingyang, 390_000)))
    town.do(AcknowledgeTask(letter=county), JINGYANG)
    stations = divided(county, (NORTH, 300_000), (SOUTH, 90_000))
    one, _ = handed(town, stations, JINGYANG)
    assert town.see(Letter, one).station == NORTH
    town.do(AcknowledgeTask(letter=one), AT_NORTH)
    assert town.refused(divided(one, (SOUTH, 300_000)), AT_NORTH) == ["share-outside"]


def test_a_letter_is_acknowledged_and_divided_by_the_unit_that_it_names(town: Town):
    """Neither the tier above nor one below answers for a unit, whatever its area is."""
    opened(town)
    letter = town.do(TASK, OFFICE)["letter"]
    for wrong in (JINGYANG, AT_NORTH, replace(OFFICE, office=OfficeCode("510000000000"))):
        assert town.refused(AcknowledgeTask(letter=letter), wrong) == ["letter-elsewhere"]
    town.do(AcknowledgeTask(letter=letter), OFFICE)
    (county,) = handed(town, divided(letter, (town.jingyang, 390_000)))
    for wrong in (OFFICE, SHIFANG, AT_NORTH):
        assert town.refused(AcknowledgeTask(letter=county), wrong) == ["letter-elsewhere"]
    inside = replace(OFFICE, office=OfficeCode("510603000012"))  # an office inside the county's
    town.do(AcknowledgeTask(letter=county), inside)
    stations = divided(county, (NORTH, 390_000))
    assert town.refused(stations, OFFICE) == ["letter-elsewhere"]
    (station,) = handed(town, stations, JINGYANG)
    for wrong in (JINGYANG, replace(OFFICE, office=SOUTH)):
        assert town.refused(AcknowledgeTask(letter=station), wrong) == ["letter-elsewhere"]
    desk = replace(OFFICE, office=OfficeCode("510603001007"))  # a desk of the station
    town.do(AcknowledgeTask(letter=station), desk)


def test_a_unit_takes_the_number_that_it_read(town: Town):
    opened(town)
    letter = town.do(TASK, OFFICE)["letter"]
    town.do(AmendTarget(letter=letter, persons=400_000, document="德换证[2005]9号"), OFFICE)
    (rule,) = town.rules(AcknowledgeTask(letter=letter, persons=390_000), OFFICE)
    assert rule.code == "sums-disagree"
    assert "390000 read, 400000 in the letter" in rule.message
    town.do(AcknowledgeTask(letter=letter, persons=400_000), OFFICE)
    again = AmendTarget(letter=letter, persons=400_000, document="德换证[2005]10号")
    assert town.refused(again, OFFICE) == ["letter-unchanged"]


def test_shares_are_for_the_units_directly_below_each_once(town: Town):
    letter = issued(town)
    for wrong in (
        [(town.qingyang, 390_000)],  # a county of another city
        [(town.deyang, 390_000)],
        [(NORTH, 390_000)],  # a station is told by its county
        [(town.jingyang, 390_000), (town.jingyang, 0)],
        [(town.jingyang, 400_000), (town.shifang, -10_000)],
        [],
    ):
        assert "share-outside" in town.refused(divided(letter, *wrong), OFFICE), wrong
    nobody = DivideTask(letter=letter, shares=(Share(persons=390_000),), document=PLAN)
    assert "share-outside" in town.refused(nobody, OFFICE)
    (county,) = handed(town, divided(letter, (town.jingyang, 390_000)))
    town.do(AcknowledgeTask(letter=county), JINGYANG)
    for wrong_unit in ("510682001001", "510603000000"):  # of another county; no station at all
        elsewhere = divided(county, (OfficeCode(wrong_unit), 390_000))
        assert town.refused(elsewhere, JINGYANG) == ["share-outside"]


def test_a_task_that_changes_is_acknowledged_and_handed_down_anew(town: Town):
    letter = issued(town)
    first = divided(letter, (town.jingyang, 200_000), (town.shifang, 190_000))
    jingyang, shifang = handed(town, first)
    town.do(AmendTarget(letter=letter, persons=400_000, document="德换证[2005]9号"), OFFICE)
    now = town.see(Letter, letter)
    assert (now.persons, now.divided, now.taken) == (400_000, 390_000, False)
    more = divided(letter, (town.jingyang, 400_000))
    assert town.refused(more, OFFICE) == ["letter-not-acknowledged"]
    town.do(AcknowledgeTask(letter=letter), OFFICE)
    town.do(more, OFFICE)
    assert [town.see(Letter, one).persons for one in (jingyang, shifang)] == [400_000, 0]
    assert town.events(shifang) == ["TaskLetterIssued", "TaskLetterAmended"]


def test_a_share_is_amended_with_the_task_it_is_part_of(town: Town):
    letter = issued(town)
    (county,) = handed(town, divided(letter, (town.jingyang, 390_000)))
    amend = AmendTarget(letter=county, persons=1, document=PLAN)
    assert town.refused(amend, OFFICE) == ["amend-from-above"]
    below = replace(amend, letter=letter, persons=-1)
    assert town.refused(below, OFFICE) == ["sums-disagree"]


@pytest.mark.parametrize("area", ["510682", "510100"])
def test_an_office_acts_for_its_own_area(town: Town, area: str):
    letter = issued(town)
    elsewhere = replace(OFFICE, area=(DivisionCode(area),))
    assert "outside-area" in town.refused(divided(letter, (town.jingyang, 390_000)), elsewhere)
    town.do(AmendTarget(letter=letter, persons=1, document=PLAN), OFFICE)
    assert town.refused(AcknowledgeTask(letter=letter), elsewhere) == ["outside-area"]


def test_a_county_hands_its_own_task_down_and_the_city_its_own(town: Town):
    letter = issued(town)
    (county,) = handed(town, divided(letter, (town.jingyang, 390_000)))
    of_county = replace(JINGYANG, area=(DivisionCode("510603"),))
    town.do(AcknowledgeTask(letter=county), of_county)
    town.do(divided(county, (NORTH, 390_000)), of_county)
    assert "outside-area" in town.refused(divided(letter, (town.jingyang, 390_000)), of_county)
    amend = AmendTarget(letter=letter, persons=1, document=PLAN)
    assert town.refused(amend, of_county) == ["outside-area"]


def test_nothing_is_handed_down_when_the_programme_is_over(town: Town):
    letter = issued(town)
    town.do(ClosePhase(programme=DEYANG, phase=PREPARATION, on=town.today), OFFICE)
    town.do(CloseProgramme(programme=DEYANG, document=PLAN), OFFICE)
    late = divided(letter, (town.jingyang, 390_000))
    assert town.refused(late, OFFICE) == ["programme-not-open"]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_handed_down_adds_up_at_every_tier(town: Town, seed: int):
    """The letters below add up to what was divided, whatever was amended and tried in between."""
    chance = Random(seed)
    issued(town)
    top = town.named(Kind.LETTER, f"{DEYANG}/2005/{town.deyang}")
    units = {
        top: [town.jingyang, town.shifang],
        town.named(Kind.LETTER, f"{DEYANG}/2005/{town.jingyang}"): [NORTH, SOUTH],
    }
    divisions = 0
    for _ in range(80):
        letter = chance.choice([*units])
        known = town.look(Letter, letter)
        first, other = chance.randrange(9), chance.randrange(9)
        if known is not None and chance.random() < 0.7:
            other = max(known.persons - first, 0)
        here = units[letter] if chance.random() < 0.7 else units[letter][:1]
        commands: list[Any] = [
            AcknowledgeTask(letter=letter),
            AmendTarget(letter=letter, persons=other, document=PLAN),
            divided(letter, *zip(here, (first, other)[-len(here) :], strict=True)),
        ]
        with suppress(Refused, NotFound):
            town.do(chance.choice(commands), OFFICE if letter == top else JINGYANG)
        for one in units:
            state = town.look(Letter, one)
            if state is not None and state.divided is not None:
                below = [town.see(Letter, share) for share in state.shares]
                assert sum(each.persons for each in below) == state.divided
                assert {each.upper for each in below} == {one}
                divisions += 1
    assert divisions
