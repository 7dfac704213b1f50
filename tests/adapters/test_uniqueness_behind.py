"""Numbers and names that are given while the read models are a few entries behind the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from adapters.founded import consulted
from adapters.projector import Projector
from adapters.reading import Behind
from adapters.uniqueness import doubled
from registry.commands.addresses import ChangeDoorplate, RegisterDoorplate
from registry.commands.households import ChangeHousehold
from registry.commands.places import AssignStation, CutCommunity
from registry.commands.relocation import MoveHousehold
from registry.errors import Conflict, Refused
from registry.register import Submission
from registry.store import Receipt
from registry.values import HouseholdNumber, PlateNumber, Text
from tests.adapters.test_uniqueness import (
    LONG_AGO,
    OTHER_STATION,
    STATION,
    dormitory,
    follower,
    send,
)
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    HEAD,
    Town,
    birth,
    new,
)


@pytest.fixture
def lagging(town: Town, monkeypatch: pytest.MonkeyPatch) -> Projector:
    """Read models that come up to the log only for who waits for them."""
    projector = follower(town)

    def caught_up(position: int, timeout: float) -> bool:
        projector.catch_up()
        return projector.position() >= position

    monkeypatch.setattr(projector, "wait_for", caught_up)
    return projector


def sent_late(town: Town, lagging: Projector, *commands: Any, by=CHIEF) -> list[Any]:
    """What comes of a batch of which each was asked about, though the read models lag."""
    about = [doubled(one, lagging.engine, lagging, town.clock()) for one in commands]
    batch = zip(commands, about, strict=True)
    return town.register.do_all([Submission(uuid4(), by, one, *told) for one, told in batch])


def rules_of(result: Any) -> list[str]:
    assert isinstance(result, Refused)
    return [rule.code for rule in result.rules]


@pytest.mark.parametrize("apart", [True, False], ids=["one by one", "in one batch"])
def test_a_number_is_asked_for_where_the_household_is_by_now(
    town: Town, lagging: Projector, apart: bool
):
    for community, station in ((town.east, STATION), (town.west, OTHER_STATION)):
        town.do(AssignStation(community=community, station=station, on=LONG_AGO))
    for plate, number in ((town.yard, "6"), (town.mill, "7")):
        send(town, lagging, dormitory(plate, number))
    lagging.catch_up()
    moves = MoveHousehold(
        household=town.hut,
        doorplate=town.yard,
        declarant=DECLARANT,
        household_number=HouseholdNumber("20"),
    )
    renumbered = ChangeHousehold(household=town.hut, household_number=HouseholdNumber("6"))
    if apart:
        (moved,) = sent_late(town, lagging, moves)
        (late,) = sent_late(town, lagging, renumbered)
        assert rules_of(late) == ["household-number-taken"]
        # And the number that the read models show still is one that it gave up.
        sent_late(town, lagging, replace(renumbered, household_number=HouseholdNumber("21")))
        (gave,) = sent_late(town, lagging, dormitory(town.gate, "20"))
        assert isinstance(gave, Receipt)
        back = sent_late(town, lagging, replace(renumbered, household_number=HouseholdNumber("20")))
        assert rules_of(back[0]) == ["household-number-taken"]
    else:
        joins = birth(town)  # on a household's stream too, and no matter of where it is
        moved, late, born = sent_late(town, lagging, moves, renumbered, joins)
        assert isinstance(late, Conflict)
        assert isinstance(born, Receipt)
    assert isinstance(moved, Receipt)


def test_a_number_given_back_in_one_batch_is_seen(town: Town, lagging: Projector):
    """The first gives it up, the second takes it, the third would have it back."""
    old, new_ = HouseholdNumber("2"), HouseholdNumber("22")
    change = ChangeHousehold(household=town.hut, household_number=new_)
    back = replace(change, household_number=old)
    lagging.catch_up()
    gave, again = sent_late(town, lagging, change, back)
    assert isinstance(gave, Receipt)
    assert isinstance(again, Conflict)
    freed, last = dormitory(town.mill, "2"), dormitory(town.mill, "2")
    (taken,) = sent_late(town, lagging, freed)
    assert isinstance(taken, Receipt), "read models a few entries behind are waited for"
    assert rules_of(sent_late(town, lagging, last)[0]) == ["household-number-taken"]
    # Before a batch is recorded nothing of it is free.
    third = ChangeHousehold(household=town.hut, household_number=HouseholdNumber("23"))
    gave, early = sent_late(town, lagging, third, dormitory(town.mill, "22"))
    assert isinstance(gave, Receipt)
    assert rules_of(early) == ["household-number-taken"]


@pytest.mark.parametrize("apart", [True, False], ids=["one by one", "in one batch"])
def test_a_plate_s_number_is_asked_for_on_the_street_where_it_is_by_now(
    town: Town, lagging: Projector, apart: bool
):
    plate = RegisterDoorplate(
        street=town.road, plate_number=PlateNumber("71号"), community=town.east
    )
    send(town, lagging, plate)
    other = send(town, lagging, replace(plate, street=town.lane))["doorplate"]
    lagging.catch_up()
    passes = ChangeDoorplate(doorplate=other, street=town.road, plate_number=PlateNumber("72号"))
    renumbered = ChangeDoorplate(doorplate=other, plate_number=PlateNumber("71号"))
    if apart:
        sent_late(town, lagging, passes)
        (late,) = sent_late(town, lagging, renumbered)
        assert rules_of(late) == ["plate-number-taken"]
    else:
        passed, late = sent_late(town, lagging, passes, renumbered)
        assert isinstance(passed, Receipt)
        assert isinstance(late, Conflict)


def test_what_passes_to_another_community_is_numbered_there(town: Town, lagging: Projector):
    """A cut takes plates and households along, and gives no number."""
    send(town, lagging, dormitory(town.yard, "6"))
    lagging.catch_up()
    passes = CutCommunity(
        doorplates=(town.mill,),
        households=(town.hut,),
        persons=(town.zhao,),
        community=town.east,
        document=Text("德府〔2007〕1号"),
        on=date(2007, 5, 1),
    )
    renumbered = ChangeHousehold(household=town.hut, household_number=HouseholdNumber("6"))
    founded = dormitory(town.mill, "6")
    born = birth(town, new_household=new(town.mill, "6", "2"), relation=HEAD)
    passed, *late = sent_late(town, lagging, passes, renumbered, founded, born)
    assert isinstance(passed, Receipt)
    assert [type(one) for one in late] == [Conflict] * 3


def test_a_community_that_came_into_a_station_s_care_a_moment_ago_is_seen(
    town: Town, lagging: Projector
):
    town.do(AssignStation(community=town.east, station=STATION, on=LONG_AGO))
    lagging.catch_up()
    town.do(AssignStation(community=town.west, station=STATION, on=LONG_AGO))
    (late,) = sent_late(town, lagging, dormitory(town.gate, "2"))
    assert rules_of(late) == ["household-number-taken"]
    # In one batch, too; another community's station is nothing to a founding here.
    other = AssignStation(community=town.east, station=OTHER_STATION, on=LONG_AGO)
    again = AssignStation(community=town.west, station=OTHER_STATION, on=LONG_AGO)
    here, there = dormitory(town.gate, "2"), dormitory(town.mill, "81")
    lagging.catch_up()
    town.do(other)
    lagging.catch_up()
    assert [type(one) for one in sent_late(town, lagging, again, here)] == [Receipt, Receipt]
    lagging.catch_up()
    moved, late = sent_late(town, lagging, replace(again, station=STATION), there)
    assert [type(moved), type(late)] == [Receipt, Conflict]


def test_what_is_recorded_is_answered_again_however_far_behind_read_models_are(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("adapters.uniqueness.NEAR", 0)
    monkeypatch.setattr("adapters.occupancy.PATIENCE_S", 0.01)
    projector = follower(town)  # which nobody brings up to the log
    store = town.register.store
    parts: Any = SimpleNamespace(store=store, engine=projector.engine)
    sent = Submission(uuid4(), CHIEF, dormitory(town.gate, "77"))
    first = town.register.do(consulted(sent, parts, projector, town.clock()))
    town.do(birth(town))
    again = consulted(sent, parts, projector, town.clock())
    assert town.another().do(again) == first
    with pytest.raises(Behind):
        consulted(replace(sent, id=uuid4()), parts, projector, town.clock())
