"""Numbers and names that one thing bears at a time: of households, door plates and streets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from adapters import positions
from adapters.founded import asks, consult
from adapters.projector import Projector
from adapters.reading import Behind
from adapters.repeated import settle_all
from adapters.uniqueness import doubled
from registry.commands.addresses import (
    ChangeDoorplate,
    CloseDoorplate,
    CloseStreet,
    FreezeDoorplate,
    NameStreet,
    RegisterDoorplate,
    RenameStreet,
)
from registry.commands.findings import NUMBER_REPEATED, RaiseFinding
from registry.commands.households import (
    ChangeHousehold,
    CloseHousehold,
    FoundHousehold,
    SplitHousehold,
)
from registry.commands.places import AssignStation
from registry.commands.relocation import MoveHousehold, Mover
from registry.commands.voiding import VoidHouseholdEntry
from registry.errors import Conflict, Refused
from registry.register import Submission
from registry.store import Receipt
from registry.values import (
    HouseholdId,
    HouseholdNumber,
    OfficeCode,
    PlateNumber,
    Severity,
    Text,
)
from tests.scenarios.moulds import Mould
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    GROUNDS,
    HEAD,
    OF_SHIFANG,
    TODAY,
    Town,
    birth,
    new,
)
from tests.scenarios.town import answer as told

STATION, OTHER_STATION = OfficeCode("510603001000"), OfficeCode("510603002000")
LONG_AGO = date(1995, 1, 1)


@pytest.fixture
def projector(town: Town) -> Projector:
    return follower(town)


def follower(town: Town) -> Projector:
    store = town.register.store
    following = Projector(store.engine, store)  # type: ignore[attr-defined]  # it is a Recorder
    following.prepare()
    following.catch_up()
    return following


def looked_up(town: Town, projector: Projector, command: Any) -> tuple[Any, Any]:
    """What read models that have come as far as the log tell of a command."""
    projector.catch_up()
    return doubled(command, projector.engine, projector, town.clock())


def send(town: Town, projector: Projector, command: Any, by=CHIEF) -> dict[str, Any]:
    """Record a command as a desk does, read models asked first."""
    about = looked_up(town, projector, command)
    return told(town.register.do(Submission(uuid4(), by, command, *about)))


def refused(town: Town, projector: Projector, command: Any, by=CHIEF) -> list[str]:
    with pytest.raises(Refused) as raised:
        send(town, projector, command, by)
    return [rule.code for rule in raised.value.rules]


def dormitory(plate: Any, number: str, on: date | None = None) -> FoundHousehold:
    return FoundHousehold(doorplate=plate, household_number=HouseholdNumber(number), on=on)


def test_a_household_number_is_one_household_s_in_the_station(town: Town, projector: Projector):
    """The number of 王's household at the gate is 1, of 赵's at the mill 2, of 钱's in 什邡 3."""
    taken = ["household-number-taken"]
    assert refused(town, projector, dormitory(town.yard, "1")) == taken
    split = SplitHousehold(
        movers=(Mover(person=town.li, relation=HEAD),),
        new_household=new(town.gate, "1"),
        declarant=DECLARANT,
    )
    assert refused(town, projector, split) == taken
    send(town, projector, replace(split, new_household=new(town.gate, "10")))
    renumber = ChangeHousehold(household=town.home, household_number=HouseholdNumber("10"))
    assert refused(town, projector, renumber) == taken
    send(town, projector, replace(renumber, household_number=HouseholdNumber("11")))
    send(town, projector, dormitory(town.yard, "1"))  # nobody has it today
    assert refused(town, projector, dormitory(town.gate, "1", TODAY - timedelta(1))) == taken
    # A station keeps several communities; where none is assigned, a community is one.
    send(town, projector, dormitory(town.mill, "1"))
    for community in (town.east, town.west):
        town.do(AssignStation(community=community, station=STATION, on=LONG_AGO))
    assert refused(town, projector, dormitory(town.gate, "2")) == taken
    send(town, projector, dormitory(town.gate, "3"))
    assert refused(town, projector, dormitory(town.gate, "2"), OF_SHIFANG) == ["outside-area"]


def test_a_number_is_free_again_from_the_day_of_the_closing(town: Town, projector: Projector):
    hall = send(town, projector, dormitory(town.yard, "9", date(2007, 1, 1)))["household"]
    send(town, projector, CloseHousehold(household=hall, on=date(2007, 5, 1)))
    before = dormitory(town.gate, "9", date(2007, 4, 30))
    assert refused(town, projector, before) == ["household-number-taken"]
    send(town, projector, replace(before, on=date(2007, 5, 1)))


def test_a_household_that_comes_into_another_station_s_care_needs_a_number_there(
    town: Town, projector: Projector
):
    for community, station in ((town.east, STATION), (town.west, OTHER_STATION)):
        town.do(AssignStation(community=community, station=station, on=LONG_AGO))
    twin = send(town, projector, dormitory(town.gate, "2"))["household"]
    move = MoveHousehold(household=town.hut, doorplate=town.yard, declarant=DECLARANT)
    assert refused(town, projector, move) == ["household-number-taken"]
    send(town, projector, replace(move, household_number=HouseholdNumber("20")))
    assert town.household(town.hut).household_number == "20"
    assert town.household(town.hut, TODAY - timedelta(1)).household_number == "2"
    # Doubles of long ago do not keep a household from moving inside the station.
    town.do(ChangeHousehold(household=town.hut, household_number=HouseholdNumber("2")))
    within = MoveHousehold(household=twin, doorplate=town.yard, declarant=DECLARANT)
    send(town, projector, within)
    assert town.events(twin)[-1] == "HouseholdMoved"


def test_who_claims_a_number_between_answer_and_decision_is_seen(town: Town, projector: Projector):
    """In one batch, in another process, and by a move that keeps its number."""
    for community, station in ((town.east, STATION), (town.west, OTHER_STATION)):
        town.do(AssignStation(community=community, station=station, on=LONG_AGO))
    move = MoveHousehold(household=town.hut, doorplate=town.yard, declarant=DECLARANT)
    commands: list[Any] = [
        dormitory(town.gate, "2"),
        move,
        birth(town, new_household=new(town.yard, "2", "2"), relation=HEAD),
    ]
    submissions = []
    for command in commands:
        about = looked_up(town, projector, command)
        assert not about[1]
        submissions.append(Submission(uuid4(), CHIEF, command, *about))
    first, *late = town.register.do_all(submissions[1:])
    assert isinstance(first, Receipt)
    assert [type(one) for one in late] == [Conflict]
    assert isinstance(town.another().do_all(submissions[:1])[0], Conflict)
    assert refused(town, projector, commands[0]) == ["household-number-taken"]
    plate = RegisterDoorplate(street=town.road, plate_number=PlateNumber("9"), community=town.east)
    elsewhere = replace(plate, street=town.lane, community=town.town)
    plates = [
        Submission(uuid4(), CHIEF, one, *looked_up(town, projector, one))
        for one in (plate, plate, elsewhere)
    ]
    results = town.register.do_all(plates)
    assert [type(one) for one in results] == [Receipt, Conflict, Receipt]


def test_an_undone_closing_is_seen_by_whoever_found_the_number_free(
    town: Town, projector: Projector
):
    hall = send(town, projector, dormitory(town.yard, "9"))["household"]
    send(town, projector, CloseHousehold(household=hall))
    again = dormitory(town.gate, "9")
    about = looked_up(town, projector, again)
    version = len(town.timeline(hall))
    town.do(VoidHouseholdEntry(household=hall, version=version, grounds=GROUNDS))
    with pytest.raises(Conflict):
        town.register.do(Submission(uuid4(), CHIEF, again, *about))
    assert refused(town, projector, again) == ["household-number-taken"]


def test_a_door_plate_s_number_is_one_plate_s_on_its_street(town: Town, projector: Projector):
    plate = RegisterDoorplate(
        street=town.road, plate_number=PlateNumber("71号"), community=town.east
    )
    made = send(town, projector, plate)["doorplate"]
    assert refused(town, projector, plate) == ["plate-number-taken"]
    detail = send(town, projector, replace(plate, plate_detail=Text("2幢301")))["doorplate"]
    send(town, projector, replace(plate, street=town.lane, community=town.town))
    renumber = ChangeDoorplate(doorplate=detail, plate_number=PlateNumber("71号"))
    assert refused(town, projector, renumber) == ["plate-number-taken"]
    send(town, projector, replace(renumber, plate_number=PlateNumber("73号")))
    send(town, projector, FreezeDoorplate(doorplate=made))
    send(town, projector, CloseDoorplate(doorplate=made))
    send(town, projector, replace(renumber, plate_number=PlateNumber("71号")))


def test_a_street_s_name_is_one_street_s_in_its_division(town: Town, projector: Projector):
    street = NameStreet(division=town.jingyang, street_name=Text("长江路"))
    made = send(town, projector, street)["street"]
    assert refused(town, projector, street) == ["street-name-taken"]
    other = send(town, projector, replace(street, street_name=Text("黄河路")))["street"]
    send(town, projector, replace(street, division=town.shifang))
    rename = RenameStreet(street=other, street_name=Text("长江路"))
    assert refused(town, projector, rename) == ["street-name-taken"]
    send(town, projector, CloseStreet(street=made))
    send(town, projector, rename)


def test_what_gives_no_number_asks_no_read_model(town: Town, projector: Projector):
    assert not asks(birth(town))
    assert asks(birth(town, new_household=new(town.gate)))
    town.do(birth(town))  # and the read models lag behind it
    reached = projector.position()
    unknown = UUID(int=7)
    nowhere = dormitory(unknown, "5")
    projector.catch_up()
    assert doubled(nowhere, projector.engine, projector, town.clock()) == ({}, ())
    assert projector.position() > reached
    nobody = replace(CHIEF, roles=frozenset({"reader"}))
    assert consult(nowhere, nobody, None, projector, town.clock()) == (  # type: ignore[arg-type]
        {},
        (),
    )


def test_a_read_model_that_is_being_filled_keeps_nobody_from_founding(
    town: Town, projector: Projector, monkeypatch: pytest.MonkeyPatch
):
    """A new one of a province is filled for hours; it is not one that is asked."""
    monkeypatch.setattr("adapters.uniqueness.NEAR", 0)
    monkeypatch.setattr("adapters.occupancy.PATIENCE_S", 0.01)
    command = dormitory(town.yard, "1")
    for name, answered in (("findings", True), ("streets", False)):
        with projector.engine.begin() as connection:
            named = positions.projections.c.name == name
            connection.execute(update(positions.projections).where(named).values(position=0))
        assert projector.position() == 0
        if answered:
            _, found = doubled(command, projector.engine, projector, town.clock())
            assert [rule.code for rule in found] == ["household-number-taken"]
        else:
            with pytest.raises(Behind):
                doubled(command, projector.engine, projector, town.clock())


DAYS = st.integers(0, 4).map(lambda days: TODAY - timedelta(days))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["found", "found", "renumber", "close", "move"]),
        st.integers(0, 5),
        st.sampled_from(["81", "82"]),
        st.sampled_from(["gate", "yard", "mill", "barn"]),
        DAYS,
    ),
    min_size=3,
    max_size=9,
)


class Ledger:
    """Who bears which number where on which day, kept by hand: a row for each day."""

    def __init__(self, stations: dict[str, str]) -> None:
        self.stations = stations
        self.days: dict[UUID, dict[date, tuple[str, str]]] = {}  # number and station

    def taken(self, number: str, station: str, since: date, own: UUID | None = None) -> bool:
        """Whether anybody else bears a number on a day from one on."""
        return any(
            bears == (number, station)
            for house, days in self.days.items()
            for day, bears in days.items()
            if house != own and day >= since
        )

    def write(self, house: UUID, since: date, bears: tuple[str, str] | None) -> None:
        """What a household bears from a day on; None: it is closed."""
        days = self.days.setdefault(house, {})
        for back in range((TODAY - since).days + 1):
            day = TODAY - timedelta(back)
            if bears is None:
                days.pop(day, None)
            else:
                days[day] = bears


@settings(deadline=None, max_examples=12)
@given(steps=STEPS)
def test_two_households_of_a_station_never_bear_one_number_on_a_day(
    mould: Mould, tmp_path_factory: Any, steps: Any
):
    town = mould.copy(Path(tmp_path_factory.mktemp("numbers")) / "town.db")
    projector = follower(town)
    for place in (town.east, town.west):
        town.do(AssignStation(community=place, station=STATION, on=LONG_AGO))
    stations = {"gate": "one", "yard": "one", "mill": "one", "barn": "two"}
    ledger = Ledger(stations)
    houses: list[UUID] = []
    last: dict[UUID, date] = {}  # the day of a household's last entry: none is dated before it
    for what, which, number, plate, on in steps:
        station = stations[plate]
        if what == "found":
            free = not ledger.taken(number, station, on)
            command: Any = dormitory(town.ids[plate], number, on)
        elif not houses:
            continue
        else:
            house = houses[which % len(houses)]
            was = ledger.days[house].get(TODAY)
            if was is None or on < last[house]:
                continue
            if what == "renumber":
                bears: Any = (number, was[1])
                command = ChangeHousehold(
                    household=house, household_number=HouseholdNumber(number), on=on
                )
            elif what == "close":
                bears = None
                command = CloseHousehold(household=house, on=on)
            else:
                bears = (was[0], station)
                command = MoveHousehold(
                    household=house, doorplate=town.ids[plate], declarant=DECLARANT, on=on
                )
            if bears == was and what == "renumber":
                continue
            if what == "move" and town.household(house).doorplate == town.ids[plate]:
                continue
            free = bears is None or bears == was or not ledger.taken(bears[0], bears[1], on, house)
        if not free:
            assert refused(town, projector, command) == ["household-number-taken"]
            continue
        made = send(town, projector, command)
        if what == "found":
            house, bears = made["household"], (number, station)
            houses.append(house)
        ledger.write(house, on, bears)
        last[house] = on
    town.close()


@pytest.mark.parametrize(
    ("then", "today", "taken"),
    [(STATION, OTHER_STATION, True), (OTHER_STATION, STATION, False)],
    ids=["together then", "together since"],
)
def test_a_claim_dated_back_asks_about_the_stations_of_those_days(
    town: Town, projector: Projector, then: OfficeCode, today: OfficeCode, taken: bool
):
    for place, station, since in (
        (town.west, STATION, LONG_AGO),
        (town.east, then, LONG_AGO),
        (town.east, today, date(2007, 5, 1)),
    ):
        town.do(AssignStation(community=place, station=station, on=since))
    hall = send(town, projector, dormitory(town.mill, "9", date(2007, 1, 1)))["household"]
    send(town, projector, CloseHousehold(household=hall, on=date(2007, 4, 1)))
    claim = dormitory(town.gate, "9", date(2007, 3, 31))
    if taken:
        assert refused(town, projector, claim) == ["household-number-taken"]
    send(town, projector, replace(claim, on=date(2007, 4, 1)) if taken else claim)


def test_a_number_of_long_ago_settles_no_finding_of_today(town: Town):
    renumber = ChangeHousehold(household=town.home, household_number=HouseholdNumber("77"))
    town.do(replace(renumber, on=date(2006, 1, 1)))
    town.do(replace(renumber, household_number=HouseholdNumber("1"), on=date(2007, 1, 1)))
    told: Any = {"rule": NUMBER_REPEATED.rule, "item": NUMBER_REPEATED.item}
    raised = RaiseFinding(household=town.home, **told)
    assert town.do(raised)["raised"] == 1
    other = replace(renumber, household_number=HouseholdNumber("88"))
    town.do(replace(other, on=date(2006, 6, 1)))
    assert town.household(town.home).household_number == "1"
    assert town.do(raised)["raised"] == 0  # it is open still
    town.do(other)
    assert town.do(raised)["raised"] == 1  # it was settled


def test_findings_are_settled_where_nobody_else_follows_the_log(town: Town, projector: Projector):
    cured = [town.submit(dormitory(town.yard, str(number))) for number in range(900, 906)]
    houses = [told(one)["household"] for one in cured]
    for house in houses:
        town.do(
            RaiseFinding(
                household=HouseholdId(house),
                rule=NUMBER_REPEATED.rule,
                item=NUMBER_REPEATED.item,
                severity=Severity.WARNING,
            )
        )
    store: Any = town.register.store
    parts: Any = SimpleNamespace(engine=store.engine, store=store, register=town.register)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.uniqueness.NEAR", 3)
        patch.setattr("adapters.occupancy.PATIENCE_S", 0.0)
        patch.setattr("adapters.repeated.LOT", 2)
        assert settle_all(parts, CHIEF, houses, lambda done: None) == len(houses)
