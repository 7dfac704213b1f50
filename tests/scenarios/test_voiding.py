"""Undoing what stands on a household, a door plate or a street alone (冲销).

A wrong entry stays visible; a further one says that it does not stand. What moved persons is undone
from their own timelines. Source: GA 214 reversal codes.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Doorplate, Street
from registry.commands.addresses import ChangeDoorplate, FreezeDoorplate, RenameStreet
from registry.commands.details import ChangeDetails
from registry.commands.households import ChangeHousehold
from registry.commands.voiding import VoidDoorplateEntry, VoidHouseholdEntry, VoidStreetEntry
from registry.values import HouseholdNumber, PersonId, PlateNumber, Text
from tests.scenarios.town import DECLARANT, Town, birth

WRONG = Text("entered by mistake")
NOBODY = PersonId(UUID(int=77))


def test_a_wrong_household_number_is_undone(town: Town):
    before = town.household(town.home).household_number
    town.do(ChangeHousehold(household=town.home, household_number=HouseholdNumber("999")))
    version = len(town.timeline(town.home))
    town.do(VoidHouseholdEntry(household=town.home, version=version, grounds=WRONG))
    assert town.household(town.home).household_number == before
    again = VoidHouseholdEntry(household=town.home, version=version, grounds=WRONG)
    assert town.refused(again) == ["nothing-to-void"]


def test_the_founding_of_a_household_with_members_is_not_undone_alone(town: Town):
    undo = VoidHouseholdEntry(household=town.home, version=1, grounds=WRONG)
    assert town.refused(undo) == ["not-reversible"]


def test_a_freeze_and_a_renumbering_are_undone(town: Town):
    was = town.see(Doorplate, town.barn).plate_number
    town.do(ChangeDoorplate(doorplate=town.barn, plate_number=PlateNumber("77号")))
    town.do(FreezeDoorplate(doorplate=town.barn))
    town.do(VoidDoorplateEntry(doorplate=town.barn, version=3, grounds=WRONG))
    town.do(VoidDoorplateEntry(doorplate=town.barn, version=2, grounds=WRONG))
    plate = town.see(Doorplate, town.barn)
    assert (plate.frozen, plate.plate_number) == (False, was)
    first = VoidDoorplateEntry(doorplate=town.barn, version=1, grounds=WRONG)
    assert town.refused(first) == ["not-reversible"]


def test_a_renaming_of_a_street_is_undone(town: Town):
    was = town.see(Street, town.road).street_name
    town.do(RenameStreet(street=town.road, street_name=Text("人民路")))
    town.do(VoidStreetEntry(street=town.road, version=2, grounds=WRONG))
    assert town.see(Street, town.road).street_name == was


def test_a_child_is_born_at_a_frozen_door_plate(town: Town):
    town.do(FreezeDoorplate(doorplate=town.household(town.home).doorplate))
    town.do(birth(town))  # 户口登记条例 art. 7: where the parents are


def test_kin_named_by_identifier_are_known_and_are_somebody_else(town: Town):
    def wed(spouse: PersonId) -> ChangeDetails:
        return ChangeDetails(person=town.wang, spouse=spouse, declarant=DECLARANT)

    assert town.refused(wed(NOBODY)) == ["person-unknown"]
    assert town.refused(wed(town.wang)) == ["own-kin"]
    assert town.refused(birth(town, mother=NOBODY)) == ["person-unknown"]


@pytest.mark.parametrize("day", [date(2007, 4, 1), date(2007, 5, 31)])
def test_what_is_voided_is_undone_on_every_day(town: Town, day: date):
    was = town.household(town.home, day).household_number
    town.do(
        ChangeHousehold(
            household=town.home, household_number=HouseholdNumber("998"), on=date(2007, 3, 1)
        )
    )
    assert town.household(town.home, day).household_number == "998"
    version = len(town.timeline(town.home))
    town.do(VoidHouseholdEntry(household=town.home, version=version, grounds=WRONG))
    assert town.household(town.home, day).household_number == was
