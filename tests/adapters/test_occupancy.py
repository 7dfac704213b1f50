"""What lived in houses need: withdrawn plates, dormitories, cuts through communities."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.founded import consult
from adapters.occupancy import cut, occupied
from adapters.projector import Projector
from adapters.reading import Behind, reading
from registry.commands.addresses import CloseDoorplate, FreezeDoorplate, RegisterDoorplate
from registry.commands.households import ChangeHousehold, CloseHousehold, FoundHousehold
from registry.commands.places import CutCommunity
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.undoing import ReverseRegistration
from registry.commands.voiding import VoidHouseholdEntry
from registry.errors import Conflict, Forbidden, Refused
from registry.projections.base import At
from registry.register import Submission
from registry.store import Receipt
from registry.values import HouseholdNumber, HouseholdType, PlateNumber, Sex
from tests.scenarios.test_migration import out, settle
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    GROUNDS,
    OF_JINGYANG,
    OF_SHIFANG,
    OTHER,
    TODAY,
    Town,
    birth,
    new,
    supplement,
)

DAY = date(2007, 5, 1)
BORN = date(1986, 4, 4)


@pytest.fixture
def projector(town: Town) -> Projector:
    store = town.register.store
    following = Projector(store.engine, store)  # type: ignore[attr-defined]  # it is a Recorder
    following.prepare()
    following.catch_up()
    return following


def asked(town: Town, projector: Projector, command: object) -> list[str]:
    """The rules that the read models tell."""
    projector.catch_up()
    _, found = occupied(command, projector.engine, projector, town.clock())
    return [rule.code for rule in found]


def test_a_door_plate_with_households_is_not_withdrawn(town: Town, projector: Projector):
    close = CloseDoorplate(doorplate=town.mill)
    town.do(FreezeDoorplate(doorplate=town.mill))
    assert asked(town, projector, close) == ["doorplate-occupied"]
    town.do(MoveHousehold(household=town.hut, doorplate=town.yard, declarant=DECLARANT))
    assert asked(town, projector, close) == []
    town.do(close)


def test_a_dormitory_closes_without_residents_and_moves_with_all(town: Town, projector: Projector):
    close = CloseHousehold(household=town.dormitory)
    move = {"household": town.dormitory, "doorplate": town.yard, "declarant": DECLARANT}
    assert asked(town, projector, close) == ["residents-unnamed"]
    assert asked(town, projector, MoveHousehold(**move)) == ["residents-unnamed"]
    assert asked(town, projector, MoveHousehold(**move, persons=(town.lodger,))) == []
    assert asked(town, projector, CloseHousehold(household=town.home)) == []  # streams tell that


def test_the_founding_of_a_dormitory_is_not_undone_under_who_lives_or_lived_there(
    town: Town, projector: Projector
):
    undo = VoidHouseholdEntry(household=town.dormitory, version=1, grounds=GROUNDS)
    assert asked(town, projector, undo) == ["residents-unnamed"]
    town.do(out(town.lodger, on=DAY))
    assert asked(town, projector, undo) == ["residents-unnamed"], "it says where he was before"
    empty = FoundHousehold(doorplate=town.yard, household_number=HouseholdNumber("9"))
    made = town.do(empty)["household"]
    again = replace(undo, household=made)
    projector.catch_up()
    told = occupied(again, projector.engine, projector, town.clock())
    assert told[1] == ()
    town.do(supplement("新人", Sex.MALE, BORN, OTHER, household=made, on=town.today))
    with pytest.raises(Conflict):
        town.register.do(Submission(UUID(int=5), CHIEF, again, *told))
    number = ChangeHousehold(household=made, household_number=HouseholdNumber("10"))
    town.do(number)
    assert asked(town, projector, replace(again, version=2)) == [], "it was collective before"


def test_a_family_s_household_made_a_dormitory_stays_one_while_somebody_lived_there(
    town: Town, projector: Projector
):
    family = FoundHousehold(
        doorplate=town.yard,
        household_number=HouseholdNumber("9"),
        household_type=HouseholdType("1"),
    )
    house = town.do(family)["household"]
    town.do(ChangeHousehold(household=house, household_type=HouseholdType("2")))
    undo = VoidHouseholdEntry(household=house, version=2, grounds=GROUNDS)
    assert asked(town, projector, undo) == []
    town.do(supplement("新人", Sex.MALE, BORN, OTHER, household=house, on=town.today))
    assert asked(town, projector, undo) == ["residents-unnamed"]


def test_a_move_by_which_a_dormitory_was_founded_is_not_undone(town: Town):
    """Who else has moved in since, its stream does not list."""
    hall = new(town.yard, "9", "2")
    mover = Mover(person=town.boy, relation=OTHER)
    told = town.do(ChangeAddress(movers=(mover,), new_household=hall, declarant=DECLARANT, on=DAY))
    town.do(supplement("新人", Sex.MALE, BORN, OTHER, household=told["household"], on=DAY))
    version = len(town.timeline(town.boy))
    undo = ReverseRegistration(person=town.boy, version=version, grounds=GROUNDS)
    assert town.refused(undo) == ["not-reversible"]


def test_who_settles_while_a_dormitory_is_closed_or_moved_is_not_left_behind(
    town: Town, projector: Projector
):
    """Between the answer of the read models and the decision somebody moves in."""
    town.do(out(town.lodger, on=None))
    close = CloseHousehold(household=town.dormitory)
    move = MoveHousehold(household=town.dormitory, doorplate=town.yard, declarant=DECLARANT)
    projector.catch_up()
    asked, _ = told = occupied(close, projector.engine, projector, town.clock())
    assert told == occupied(move, projector.engine, projector, town.clock())
    arrival = settle(town, town.lodger, household=town.dormitory, on=town.today)
    late: list[Any] = [close, move]
    late = [Submission(UUID(int=n), CHIEF, one, asked) for n, one in enumerate(late)]
    in_one_batch = town.register.do_all([Submission(UUID(int=9), CHIEF, arrival), *late])
    assert [type(one) for one in in_one_batch] == [Receipt, Conflict, Conflict]
    assert [type(one) for one in town.another().do_all(late)] == [Conflict, Conflict]
    town.do(out(town.lodger, certificate_number="Q2", on=None))
    projector.catch_up()
    again, _ = occupied(close, projector.engine, projector, town.clock())
    town.do(birth(town))  # what does not name the dormitory is not in its way
    town.register.do(Submission(UUID(int=0), CHIEF, close, again))
    assert town.household(town.dormitory).closed_on == town.today


def test_what_the_read_models_found_is_told_to_whoever_is_in_charge_and_to_nobody_else(
    town: Town, projector: Projector
):
    close = CloseHousehold(household=town.dormitory)
    told = occupied(close, projector.engine, projector, town.clock())
    head = town.register.store.head()
    codes = {}
    for number, by in enumerate((OF_JINGYANG, OF_SHIFANG)):
        with pytest.raises(Refused) as refused:
            town.register.do(Submission(UUID(int=number), by, close, *told))
        codes[by] = [rule.code for rule in refused.value.rules]
    assert codes == {OF_JINGYANG: ["residents-unnamed"], OF_SHIFANG: ["outside-area"]}
    nobody = replace(CHIEF, roles=frozenset({"reader"}))
    with pytest.raises(Forbidden):
        town.register.do(Submission(UUID(int=9), nobody, close, *told))
    looked = consult(close, nobody, None, projector, town.clock())  # type: ignore[arg-type]
    assert looked == ({}, ()), "for who may not send it nothing is looked up"
    assert town.register.store.head() == head


def test_a_recorded_move_is_answered_again_though_somebody_came_since(
    town: Town, projector: Projector
):
    move = MoveHousehold(
        household=town.dormitory,
        doorplate=town.yard,
        persons=(town.lodger,),
        declarant=DECLARANT,
    )

    def send() -> Receipt:
        projector.catch_up()
        told = occupied(move, projector.engine, projector, town.clock())
        return town.register.do(Submission(UUID(int=4), CHIEF, move, *told))

    first = send()
    town.do(supplement("新人", Sex.MALE, BORN, OTHER, household=town.dormitory, on=town.today))
    assert send() == first


def test_what_closes_on_an_earlier_day_was_empty_since(town: Town, projector: Projector):
    earlier = date(2006, 1, 1)
    town.do(FreezeDoorplate(doorplate=town.mill, on=earlier))
    town.do(MoveHousehold(household=town.hut, doorplate=town.yard, declarant=DECLARANT))
    town.do(out(town.lodger, on=DAY))
    plate, house = town.mill, town.dormitory
    closing = CloseDoorplate(doorplate=plate, on=earlier)
    assert asked(town, projector, closing) == ["doorplate-occupied"]
    assert asked(town, projector, replace(closing, on=None)) == []
    ending = CloseHousehold(household=house, on=date(2007, 4, 30))
    assert asked(town, projector, ending) == ["residents-unnamed"]
    assert asked(town, projector, replace(ending, on=DAY)) == []


def test_a_dormitory_moved_on_an_earlier_day_takes_along_who_lived_there_then(
    town: Town, projector: Projector
):
    """The lodger has been there since 2005; another one came in April, and left in May."""
    came, left = date(2007, 4, 10), date(2007, 5, 10)
    told = town.do(supplement("新人", Sex.MALE, BORN, OTHER, household=town.dormitory, on=came))
    guest = told["person"]
    town.do(out(guest, on=left))
    move = MoveHousehold(
        household=town.dormitory,
        doorplate=town.yard,
        persons=(town.lodger,),
        declarant=DECLARANT,
        on=date(2007, 5, 1),
    )
    assert asked(town, projector, move) == ["residents-unnamed"]
    both = replace(move, persons=(town.lodger, guest))
    assert asked(town, projector, both) == []
    assert asked(town, projector, replace(both, on=None)) == ["residents-unnamed"]
    assert asked(town, projector, replace(move, on=None)) == []
    # Who came after the day was entered in the community that the dormitory would have left.
    early = replace(move, on=date(2007, 4, 1))
    assert asked(town, projector, early) == ["entry-in-the-way"]
    near = town.do(
        RegisterDoorplate(
            street=town.road,
            plate_number=PlateNumber("70号"),
            community=town.west,
            on=date(2000, 1, 1),
        )
    )
    assert asked(town, projector, replace(early, doorplate=near["doorplate"])) == []


def test_a_door_plate_passes_with_all_who_are_there(town: Town, projector: Projector):
    """王's household is at the gate, a dormitory with one lodger comes to the yard in April."""
    came = date(2007, 4, 1)
    moves = MoveHousehold(
        household=town.dormitory,
        doorplate=town.yard,
        persons=(town.lodger,),
        declarant=DECLARANT,
        on=came,
    )
    town.do(moves)
    whole = CutCommunity(
        doorplates=(town.gate, town.yard),
        households=(town.home, town.dormitory),
        persons=(town.lodger,),
        community=town.west,
        document="德府发[2007]12号",
        on=DAY,
    )
    assert asked(town, projector, whole) == []
    assert asked(town, projector, replace(whole, households=(town.dormitory,))) == [
        "households-unnamed"
    ]
    assert asked(town, projector, replace(whole, persons=())) == ["residents-unnamed"]
    early = replace(whole, on=came - timedelta(1))
    assert asked(town, projector, early) == ["entry-in-the-way"]
    guest = town.do(birth(town, household=town.dormitory, on=TODAY))["person"]
    assert asked(town, projector, whole) == ["entry-in-the-way"]
    today = replace(whole, on=TODAY)
    assert asked(town, projector, today) == ["residents-unnamed"]
    town.do(replace(today, persons=(town.lodger, guest)))
    assert asked(town, projector, replace(today, households=())) == []  # it has passed already


def test_read_models_that_are_behind_answer_nothing(
    town: Town, projector: Projector, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("adapters.occupancy.PATIENCE_S", 0.01)
    town.do(FreezeDoorplate(doorplate=town.mill))
    with pytest.raises(Behind):
        occupied(CloseDoorplate(doorplate=town.mill), projector.engine, projector, town.clock())


def test_a_cut_looks_again_where_a_household_left_meanwhile(town: Town, projector: Projector):
    plate = town.household(town.home).doorplate
    rounds = 0

    def do(submission):
        nonlocal rounds
        rounds += 1
        if rounds == 1:  # between the look and the decision
            town.do(
                MoveHousehold(
                    household=town.home,
                    doorplate=town.yard,
                    persons=(town.wang, town.li, town.boy),
                    declarant=DECLARANT,
                    on=date(2007, 4, 1),
                )
            )
        return town.register.do(submission)

    told = (projector.engine, projector, CHIEF, [plate], town.west, DAY, "德府发[2007]12号")
    done = cut(do, *told, follow=projector.catch_up)
    assert (rounds, done.submissions, done.persons) == (2, 1, 0)
    assert town.person(town.wang).community == town.east
    projector.catch_up()
    with reading(projector.engine) as reader:
        passed = reader.doorplate(plate, At(DAY, projector.position()))
    assert passed is not None
    assert passed.community == town.west


def test_a_cut_passes_everybody_and_goes_on_where_it_stopped(town: Town, projector: Projector):
    town.do(
        MoveHousehold(
            household=town.dormitory,
            doorplate=town.yard,
            persons=(town.lodger,),
            declarant=DECLARANT,
            on=date(2007, 4, 1),
        )
    )
    plates = [town.household(house).doorplate for house in (town.home, town.dormitory)]
    sent: list[object] = []

    def do(submission):
        if len(sent) == 1:
            raise ConnectionError("pulled out")
        sent.append(submission)
        return town.register.do(submission)

    arguments = (projector.engine, projector, CHIEF, plates, town.west, DAY, "德府发[2007]12号")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.occupancy.PLATES", 1)
        with pytest.raises(ConnectionError):
            cut(do, *arguments, follow=projector.catch_up)
        again = cut(town.register.do, *arguments, follow=projector.catch_up)
    assert again.submissions == 1
    assert cut(town.register.do, *arguments, follow=projector.catch_up).submissions == 0
    for person in (town.wang, town.li, town.boy, town.lodger):
        assert town.person(person).community == town.west
        assert town.person(person, date(2007, 4, 30)).community == town.east
    with reading(projector.engine) as reader:
        at = At(DAY, projector.position())
        assert {one.community for one in reader.occupants(plates[0], at)} == {town.west}
