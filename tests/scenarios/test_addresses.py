"""Streets and door plates (街路巷, 门楼牌), businesses 301 to 303.

Civil affairs names and numbers; a station registers plates; the county freezes them before they
are withdrawn. Source: 地名管理条例; GA 214 address records.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Doorplate, Street
from registry.commands.addresses import (
    ChangeDoorplate,
    CloseDoorplate,
    CloseStreet,
    FreezeDoorplate,
    NameStreet,
    RegisterDoorplate,
    RenameStreet,
)
from registry.values import PlateNumber, Text
from tests.scenarios.town import OF_JINGYANG, OF_SHIFANG, Town

NEW = Text("人民路")
DAY = date(2007, 5, 1)


def plate(town: Town, **told) -> RegisterDoorplate:
    said = {"street": town.road, "plate_number": PlateNumber("88号"), "community": town.east}
    return RegisterDoorplate(**{**said, **told})


def test_a_street_is_named_renamed_and_ended(town: Town):
    street = town.do(NameStreet(division=town.jingyang, street_name=Text("长江路"), on=DAY))[
        "street"
    ]
    town.do(RenameStreet(street=street, street_name=NEW, on=date(2007, 5, 2)))
    town.do(CloseStreet(street=street, on=date(2007, 5, 3)))
    assert town.see(Street, street, DAY).street_name == "长江路"
    assert town.see(Street, street).closed_on == date(2007, 5, 3)
    assert town.refused(plate(town, street=street)) == ["street-closed"]
    assert town.refused(RenameStreet(street=street, street_name=Text("黄河路"))) == [
        "street-closed"
    ]
    early = RenameStreet(street=street, street_name=Text("黄河路"), on=date(2007, 5, 1))
    town.do(early)  # before it was given the name that it bore at its end


def test_a_door_plate_is_registered_renumbered_frozen_and_withdrawn(town: Town):
    doorplate = town.do(plate(town, on=DAY))["doorplate"]
    town.do(ChangeDoorplate(doorplate=doorplate, plate_number=PlateNumber("90号")))
    assert town.see(Doorplate, doorplate).plate_number == "90号"
    assert town.see(Doorplate, doorplate, DAY).plate_number == "88号"
    assert town.refused(CloseDoorplate(doorplate=doorplate)) == ["doorplate-occupied"]
    town.do(FreezeDoorplate(doorplate=doorplate))
    town.do(FreezeDoorplate(doorplate=doorplate, frozen=False))
    town.do(FreezeDoorplate(doorplate=doorplate))
    town.do(CloseDoorplate(doorplate=doorplate))
    assert town.refused(FreezeDoorplate(doorplate=doorplate, frozen=False)) == ["doorplate-closed"]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (lambda t: NameStreet(division=t.east, street_name=NEW), ["division-unknown"]),
        (
            lambda t: NameStreet(division=t.jingyang, street_name=NEW, on=date(1989, 1, 1)),
            ["division-unknown"],
        ),
        (
            lambda t: NameStreet(division=t.jingyang, street_name=NEW, on=date(2007, 6, 2)),
            ["not-yet"],
        ),
        (lambda t: RenameStreet(street=t.road, street_name=Text("road")), ["nothing-changes"]),
        (lambda t: plate(t, community=t.jingyang), ["community-unknown"]),
        (lambda t: plate(t, community=t.road), ["community-unknown"]),
        (lambda t: plate(t, on=date(1999, 1, 1)), ["not-known-yet"]),
        (lambda t: plate(t, on=date(2007, 6, 2)), ["not-yet"]),
        (
            lambda t: FreezeDoorplate(doorplate=t.gate, frozen=False),
            ["nothing-changes"],
        ),
        (
            lambda t: ChangeDoorplate(
                doorplate=t.gate, plate_number=PlateNumber("1号"), on=date(1999, 1, 1)
            ),
            ["not-known-yet"],
        ),
    ],
)
def test_an_address_business_is_refused(town: Town, command, codes):
    assert town.refused(command(town)) == codes


def test_a_door_plate_that_bears_its_number_already_is_left_alone(town: Town):
    stands = town.see(Doorplate, town.gate)
    same = ChangeDoorplate(doorplate=town.gate, plate_number=stands.plate_number)
    assert town.refused(same) == ["nothing-changes"]


@pytest.mark.parametrize(
    "command",
    [
        lambda t: NameStreet(division=t.jingyang, street_name=NEW),
        lambda t: RenameStreet(street=t.road, street_name=NEW),
        lambda t: CloseStreet(street=t.road),
        lambda t: plate(t),
        lambda t: ChangeDoorplate(doorplate=t.gate, plate_number=PlateNumber("7号")),
        lambda t: FreezeDoorplate(doorplate=t.gate),
    ],
)
def test_another_county_s_streets_and_plates_are_left_alone(town: Town, command):
    assert town.refused(command(town), OF_SHIFANG) == ["outside-area"]
    town.do(command(town), replace(OF_JINGYANG))
