"""Divisions and communities (区划), business 400.

Whole communities pass to another division by one entry that may lie ahead, whoever lives there; a
line drawn through a community is an entry for every resident, sent door plate by door plate, so
that a run that was interrupted goes on where it stopped. Numbers never change.
Source: GB/T 2260; 行政区划管理条例; GA 214 business 400.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from registry.aggregates import Places
from registry.commands.migration import MoveOut
from registry.commands.places import (
    AbolishDivision,
    AdjustDivision,
    CutCommunity,
    EstablishCommunity,
    EstablishDivision,
    RenameCommunity,
    RenameDivision,
)
from registry.commands.relocation import ChangeAddress, Mover
from registry.commands.undoing import ReverseRegistration
from registry.events.places import DivisionAdjusted, DivisionEstablished, Moved
from registry.values import CommunityKind, DivisionCode, DivisionId, Level, PaperNumber, Text
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    OF_JINGYANG,
    OF_SHIFANG,
    OTHER,
    PLACES,
    TODAY,
    Town,
    birth,
)

LATER = date(2008, 1, 1)
PAPER = "川府函[2007]1号"
COMMITTEE = CommunityKind("31")


def adjust(on, **moved) -> AdjustDivision:
    pairs = tuple(Moved(place=place, parent=parent) for place, parent in moved.values())
    return AdjustDivision(moved=pairs, document=PAPER, on=on)


def tree(town: Town):
    return town.see(Places, PLACES)


def county(town: Town, community, on):
    return tree(town).code_of(community, Level.COUNTY, on)


def test_a_community_passes_with_all_its_residents_by_one_entry(town: Town):
    head = town.register.store.head()[0]
    number = town.person(town.wang).number
    town.do(adjust(LATER, east=(town.east, town.shifang)))
    assert town.register.store.head()[0] == head + 1
    assert county(town, town.east, date(2007, 12, 31)) == "510603"
    assert county(town, town.east, LATER) == "510682"
    assert town.person(town.wang).community == town.east
    assert town.person(town.wang).number == number


def test_the_officer_s_area_follows_on_the_day_and_not_before(town: Town):
    town.do(adjust(LATER, east=(town.east, town.shifang)))
    assert "outside-area" in town.refused(birth(town), OF_SHIFANG)
    town.today = LATER
    born = birth(town, birth_date=LATER)
    assert "outside-area" in town.refused(born, OF_JINGYANG)
    assert town.do(born, OF_SHIFANG)["number"][:6] == "510682"


def test_an_earlier_adjustment_is_carried_on_by_later_renamings(town: Town):
    town.do(
        RenameDivision(
            division=town.shifang, division_name=Text("什邡区"), document=PAPER, on=LATER
        )
    )
    town.do(adjust(TODAY, east=(town.east, town.shifang)))
    assert county(town, town.east, LATER) == "510682"
    facts = tree(town).fact(town.shifang, LATER)
    assert (facts.name, facts.code) == ("什邡区", "510682")


def test_a_division_ends_when_nothing_is_left_under_it(town: Town):
    end = AbolishDivision(division=town.shifang, document=PAPER, on=LATER)
    assert town.refused(end) == ["division-not-empty"]
    town.do(adjust(LATER, town=(town.town, town.jingyang)))
    town.do(end)
    late = EstablishCommunity(
        community_name=Text("新村"), community_kind=COMMITTEE, parent=town.shifang, on=LATER
    )
    assert town.refused(late) == ["division-unknown"]


def test_a_community_bears_its_new_name_from_its_day_on(town: Town):
    town.do(RenameCommunity(community=town.east, community_name=Text("东街"), on=LATER))
    assert tree(town).fact(town.east, LATER - timedelta(1)).name == "east"
    assert tree(town).fact(town.east, LATER).name == "东街"


def county_of(parent, code: str, on=TODAY, level=Level.COUNTY) -> EstablishDivision:
    name = Text("中江县")
    return EstablishDivision(
        level=level, division_code=DivisionCode(code), division_name=name, parent=parent, on=on
    )


def recoded(division, code: str, on) -> RenameDivision:
    code = DivisionCode(code)
    name = Text("中江")
    return RenameDivision(
        division=division, division_code=code, division_name=name, document=PAPER, on=on
    )


def test_a_code_that_is_given_ahead_is_not_given_to_another_meanwhile(town: Town):
    ahead = town.do(county_of(town.deyang, "510623", LATER))["division"]
    assert town.refused(county_of(town.deyang, "510623")) == ["division-code-taken"]
    town.do(recoded(town.jingyang, "510604", LATER))
    assert town.refused(recoded(town.shifang, "510604", TODAY)) == ["division-code-taken"]
    # Who has another code by then may bear it until then.
    town.do(recoded(town.shifang, "510624", date(2007, 12, 1)))
    town.do(recoded(town.shifang, "510604", date(2007, 7, 1)))
    town.do(recoded(ahead, "510682", date(2009, 1, 1)))
    assert town.refused(recoded(ahead, "510604", LATER)) == ["division-code-taken"]


def test_a_city_without_counties_has_one_code_with_the_county_in_it(town: Town):
    """As 东莞 has, where people are registered under the city's own code."""
    city = town.do(county_of(town.sichuan, "519900", level=Level.CITY))["division"]
    county = town.do(county_of(city, "519900"))["division"]
    assert tree(town).fact(county, TODAY).code == "519900"
    assert town.refused(county_of(city, "519900")) == ["division-code-taken"]
    unfit = ["division-code-taken", "division-code-unfit"]
    assert town.refused(county_of(town.deyang, "519900")) == unfit
    town.do(recoded(city, "519900", LATER))


def test_a_county_that_leaves_a_city_of_its_own_code_takes_another_one_first(town: Town):
    city = town.do(county_of(town.sichuan, "519900", level=Level.CITY))["division"]
    county = town.do(county_of(city, "519900"))["division"]
    leaves = adjust(LATER, county=(county, town.deyang))
    assert town.refused(leaves) == ["division-code-taken"]
    assert town.refused(adjust(LATER, city=(city, town.deyang))) == ["division-out-of-tier"]
    town.do(recoded(county, "519901", LATER))
    town.do(leaves)
    # It has left by then, so that a code which they share until then has to end before.
    again = recoded(county, "519900", date(2008, 6, 1))
    assert town.refused(again) == ["division-code-taken", "division-code-unfit"]


def test_a_code_shared_within_a_city_ends_before_the_county_leaves_it(town: Town):
    city = town.do(county_of(town.sichuan, "519900", level=Level.CITY))["division"]
    county = town.do(county_of(city, "519901"))["division"]
    town.do(adjust(LATER, county=(county, town.deyang)))
    assert town.refused(recoded(county, "519900", TODAY)) == ["division-code-taken"]
    town.do(recoded(county, "519902", date(2007, 12, 1)))
    town.do(recoded(county, "519900", TODAY))
    assert tree(town).fact(county, TODAY).code == "519900"
    assert tree(town).fact(county, LATER).code == "519902"


def test_codes_that_were_double_before_keep_nobody_from_being_moved():
    """As a register may hold them that was begun with an earlier program."""
    state = None
    for number, (level, parent) in enumerate(
        [(Level.PROVINCE, None), (Level.CITY, 1), (Level.COUNTY, 2), (Level.COUNTY, 2)], 1
    ):
        event = DivisionEstablished(
            effective_on=TODAY,
            division=DivisionId(UUID(int=number)),
            level=level,
            division_code=DivisionCode("510623" if level is Level.COUNTY else "510000"),
            division_name=Text("中江县"),
            parent=DivisionId(UUID(int=parent)) if parent else None,
        )
        state = Places.evolve(state, event, PLACES)
    moved = (Moved(place=UUID(int=3), parent=DivisionId(UUID(int=1))),)
    adjusted = DivisionAdjusted(effective_on=LATER, moved=moved, document=PAPER)
    assert list(Places.check(state, adjusted)) == []


@pytest.mark.parametrize(
    ("level", "parent", "code"),
    [
        (Level.COUNTY, "deyang", "510700"),
        (Level.COUNTY, "deyang", "520000"),
        (Level.CITY, "sichuan", "510784"),
        (Level.PROVINCE, None, "520100"),
        (Level.TOWNSHIP, "jingyang", "510610"),
    ],
)
def test_a_code_is_one_of_its_division_s_level(town: Town, level, parent, code):
    command = county_of(town.ids[parent] if parent else None, code, LATER, level)
    assert town.refused(command) == ["division-code-unfit"]
    town.do(county_of(town.sichuan, "519004"))  # a county that its province administers itself


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (lambda t: recoded(t.jingyang, "510700", LATER), ["division-code-unfit"]),
        (lambda t: adjust(LATER, a=(t.east, t.west)), ["division-unknown"]),
        (lambda t: adjust(LATER, a=(t.road, t.shifang)), ["division-unknown"]),
        (lambda t: adjust(date(1989, 1, 1), a=(t.east, t.shifang)), ["division-unknown"]),
        (lambda t: adjust(LATER, a=(t.deyang, t.jingyang)), ["division-out-of-tier"]),
        (lambda t: adjust(LATER, a=(t.jingyang, t.shifang)), ["division-out-of-tier"]),
        (lambda t: adjust(LATER, a=(t.jingyang, t.jingyang)), ["division-out-of-tier"]),
        (
            lambda t: EstablishDivision(
                level=Level.COUNTY,
                division_name=Text("新区"),
                parent=t.jingyang,
                on=LATER,
            ),
            ["division-out-of-tier"],
        ),
        (
            lambda t: EstablishDivision(
                level=Level.COUNTY,
                division_code=DivisionCode("510604"),
                division_name=Text("新区"),
                parent=t.deyang,
                division=t.shifang,
                on=LATER,
            ),
            ["already-known"],
        ),
        (
            lambda t: EstablishDivision(
                level=Level.COUNTY,
                division_code=DivisionCode("510682"),
                division_name=Text("什邡市"),
                parent=t.deyang,
                on=LATER,
            ),
            ["division-code-taken"],
        ),
        (
            lambda t: RenameDivision(
                division=t.jingyang,
                division_code=DivisionCode("510682"),
                division_name=Text("什邡市"),
                document=PAPER,
                on=LATER,
            ),
            ["division-code-taken"],
        ),
        (
            lambda t: EstablishCommunity(
                community_name=Text("新村"),
                community_kind=COMMITTEE,
                parent=t.jingyang,
                community=t.east,
                on=LATER,
            ),
            ["already-known"],
        ),
        (
            lambda t: RenameCommunity(community=t.shifang, community_name=Text("东"), on=LATER),
            ["community-unknown"],
        ),
        (
            lambda t: RenameDivision(
                division=t.east, division_name=Text("东"), document=PAPER, on=LATER
            ),
            ["division-unknown"],
        ),
    ],
)
def test_a_change_of_the_tree_is_refused(town: Town, command, codes):
    assert town.refused(command(town)) == codes


# --- a line through a community ---------------------------------------------------------------


def cut(town: Town, *doorplates, households=(), persons=(), on=TODAY, to=None) -> CutCommunity:
    return CutCommunity(
        doorplates=doorplates,
        households=households,
        persons=persons,
        community=to or town.town,
        document=PAPER,
        on=on,
    )


def test_a_line_through_a_community_passes_the_residents_of_a_door_plate(town: Town):
    number = town.person(town.wang).number
    told = town.do(cut(town, town.gate, households=(town.home,)))
    assert told["persons"] == 3
    for person in (town.wang, town.li, town.boy):
        assert town.person(person).community == town.town
        assert town.person(person, date(2007, 5, 31)).community == town.east
    assert town.person(town.wang).number == number


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(town: Town):
    town.do(cut(town, town.mill, households=(town.hut,)))
    rest = cut(
        town,
        town.mill,
        town.dorm,
        households=(town.hut, town.dormitory),
        persons=(town.lodger,),
    )
    assert town.do(rest)["persons"] == 1
    head = town.register.store.head()
    assert town.do(rest)["persons"] == 0
    assert town.register.store.head() == head  # nothing twice
    assert town.events(town.zhao).count("ResidenceAdjusted") == 1


def test_only_those_pass_who_are_at_the_door_plates_named(town: Town):
    both = cut(town, town.gate, households=(town.home, town.hut))
    assert town.refused(both) == ["not-at-doorplate"]
    assert town.refused(cut(town, town.gate, households=(town.home,), persons=(town.zhao,))) == [
        "not-member"
    ]
    assert town.person(town.zhao).community == town.west


def test_who_was_born_since_the_day_is_not_left_behind(town: Town):
    town.do(birth(town))
    assert town.refused(cut(town, town.gate, households=(town.home,), on=date(2007, 5, 1))) == [
        "entry-in-the-way"
    ]
    town.do(cut(town, town.gate, households=(town.home,)))  # on a later day
    assert town.person(town.boy).community == town.town


def test_who_left_since_the_day_is_named_as_in_the_way(town: Town):
    town.do(
        MoveOut(
            persons=(town.li,),
            certificate_number=PaperNumber("Q1"),
            declarant=DECLARANT,
            on=date(2007, 5, 20),
        )
    )
    rules = town.rules(cut(town, town.gate, households=(town.home,), on=date(2007, 5, 1)))
    assert any("MovedOut of 2007-05-20" in rule.message for rule in rules)
    town.do(cut(town, town.gate, households=(town.home,)))
    assert town.person(town.li).left_community == town.east


def test_nobody_settles_in_the_old_community_by_dating_back(town: Town):
    town.do(cut(town, town.gate, households=(town.home,)))
    back = ChangeAddress(
        movers=(Mover(person=town.zhao, relation=OTHER),),
        household=town.home,
        declarant=DECLARANT,
        on=date(2007, 5, 1),
    )
    assert "entry-in-the-way" in town.refused(back)


@pytest.mark.parametrize(
    ("told", "codes"),
    [({"to": "road"}, ["community-unknown"]), ({"on": date(2007, 6, 2)}, ["not-yet"])],
)
def test_a_line_is_refused(town: Town, told, codes):
    if "to" in told:
        told = {"to": town.ids[told["to"]]}
    assert town.refused(cut(town, town.gate, households=(town.home,), **told)) == codes


def test_a_boundary_is_undone_by_another_boundary_only(town: Town):
    town.do(cut(town, town.gate, households=(town.home,)))
    back = ReverseRegistration(person=town.boy, version=2, grounds=GROUNDS)
    assert town.refused(back) == ["not-reversible"]
    town.do(cut(town, town.gate, households=(town.home,), to=town.east))
    assert town.person(town.boy).community == town.east
