"""Which rows of an extract can stand, and where; the others are refused with a reason."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Doorplate, Street
from registry.commands.extract import PERSONS, REASONS
from registry.commands.importing import (
    enter_plates,
    enter_streets,
)
from registry.commands.sorting import wanted
from registry.events.address import StreetNamed
from registry.values import (
    DoorplateId,
    PlateNumber,
    StreetId,
    Text,
)
from tests.commands.rows import (
    BASELINE,
    BATCH,
    COMMUNITY,
    DIVISION,
    HEAD,
    HOUSE,
    LATER,
    PLATE,
    STREET,
    WIFE,
    Rows,
    Source,
    known,
    stream,
)

REFUSED: list[tuple[str, dict[str, Rows], dict[tuple[str, int], str]]] = [
    (
        "no key",
        {"persons": [HEAD, WIFE, {**WIFE, "key": ""}]},
        {("persons", 2): "key-missing"},
    ),
    (
        "a key with other content",
        {"persons": [HEAD, WIFE, {**WIFE, "name": "李五"}]},
        {("persons", 2): "key-repeated"},
    ),
    (
        "no such household",
        {"persons": [HEAD, WIFE, {**WIFE, "key": "X", "household_key": "nowhere"}]},
        {("persons", 2): "household-unknown"},
    ),
    (
        "no such relation",
        {"persons": [HEAD, {**WIFE, "relation": "妻"}]},
        {("persons", 1): "relation-unusable"},
    ),
    (
        "no head",
        {"persons": [WIFE]},
        {("households", 0): "head-missing", ("persons", 0): "household-refused"},
    ),
    (
        "two heads",
        {"persons": [HEAD, {**WIFE, "relation": "02"}]},
        {
            ("households", 0): "two-heads",
            ("persons", 0): "household-refused",
            ("persons", 1): "household-refused",
        },
    ),
    (
        "no such door plate",
        {"households": [{**HOUSE, "doorplate_key": "nowhere"}]},
        {
            ("households", 0): "doorplate-unknown",
            ("persons", 0): "household-refused",
            ("persons", 1): "household-refused",
        },
    ),
    (
        "a household's number",
        {"households": [{**HOUSE, "number": "1234567890"}], "persons": []},
        {("households", 0): "number-unusable"},
    ),
    (
        "a household's type",
        {"households": [{**HOUSE, "type": "7"}], "persons": []},
        {("households", 0): "type-unusable"},
    ),
    (
        "no such community",
        {"doorplates": [{**PLATE, "community_id": str(DIVISION)}], "households": [], "persons": []},
        {("doorplates", 0): "community-unknown"},
    ),
    (
        "no such street",
        {"doorplates": [{**PLATE, "street_key": "T"}], "households": [], "persons": []},
        {("doorplates", 0): "street-unknown"},
    ),
    (
        "a plate's number",
        {"doorplates": [{**PLATE, "number": ""}], "households": [], "persons": []},
        {("doorplates", 0): "number-unusable"},
    ),
    (
        "no such division",
        {
            **{"streets": [{**STREET, "division_id": str(COMMUNITY)}], "doorplates": []},
            **{"households": [], "persons": []},
        },
        {("streets", 0): "division-unknown"},
    ),
    (
        "a street's name",
        {
            **{"streets": [{**STREET, "name": " "}], "doorplates": []},
            **{"households": [], "persons": []},
        },
        {("streets", 0): "name-unusable"},
    ),
]


@pytest.mark.parametrize(("what", "tables", "reasons"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_row_that_cannot_stand_is_refused_with_its_reason(what, tables, reasons):
    found = Source(**tables).sorted()
    refused = {
        (table, row): reason
        for table, rows in found.refused.items()
        for row, reason in rows.items()
    }
    assert refused == reasons
    assert set(reasons.values()) <= REASONS.keys()


def test_a_row_that_comes_again_unchanged_is_passed_over_and_told():
    found = Source(persons=[HEAD, WIFE, WIFE]).sorted()
    assert found.refused[PERSONS] == {2: ""}
    assert found.found[PERSONS] == {2: ["row-repeated"]}


def test_an_officer_imports_only_into_the_area():
    found = Source().sorted(known(in_area=lambda place: False))
    assert found.refused["streets"] == {0: "outside-area"}
    assert found.refused["doorplates"] == {0: "street-unknown"}


def test_streets_and_door_plates_may_be_those_that_the_register_has():
    street, plate = StreetId(UUID(int=20)), DoorplateId(UUID(int=21))
    source = Source(
        streets=[],
        doorplates=[{**PLATE, "street_key": str(street)}],
        households=[HOUSE, {**HOUSE, "key": "I", "doorplate_key": str(plate)}],
        persons=[HEAD, {**HEAD, "key": "R", "household_key": "I"}],
    )
    assert wanted(BATCH, source.tables) == {street, plate}
    held = Doorplate(
        id=plate,
        street=street,
        plate_number=PlateNumber("9号"),
        plate_detail=None,
        community=COMMUNITY,
    )
    streets = {street: Street(id=street, division=DIVISION, street_name=Text("黄河路"))}
    found = source.sorted(known(streets=streets, plates={plate: (held, date(2005, 1, 1), 3)}))
    assert not any(found.refused.values())
    other = found.houses[1]
    assert (other.plate.id, other.plate.version, other.day) == (plate, 3, date(2005, 1, 1))
    for closed in ({"closed_on": date(2006, 1, 1)}, {"frozen": True}):
        plates = {plate: (held.but(**closed), date(2005, 1, 1), 3)}
        found = source.sorted(known(streets=streets, plates=plates))
        assert found.refused["households"] == {1: "doorplate-closed"}


def test_a_street_is_there_from_its_first_door_plate_and_a_plate_from_its_community_on():
    found = Source(
        doorplates=[
            {**PLATE, "since": "1999-01-01"},
            {**PLATE, "key": "E", "since": "1999-01-01", "community_id": str(LATER)},
        ],
        households=[{**HOUSE, "doorplate_key": "E", "since": "2000-01-01"}],
    ).sorted()
    assert found.streets["S"].day == date(1999, 1, 1)
    assert [plate.day for plate in found.plates.values()] == [date(1999, 1, 1), date(2003, 1, 1)]
    assert found.houses[0].day == date(2003, 1, 1)
    assert found.found["doorplates"][1] == ["since-before-place"]
    assert found.found["households"][0] == ["since-before-place"]


def test_streets_and_door_plates_become_entries_of_their_own():
    found = Source().sorted()
    streets = enter_streets(BATCH, found.streets.values(), set())
    assert [entry.event for entry in streets.entries] == [
        StreetNamed(effective_on=BASELINE, division=DIVISION, street_name=Text("长江路"))
    ]
    plates = enter_plates(BATCH, found.plates.values(), set())
    assert [(entry.stream, entry.event.street) for entry in plates.entries] == [
        (stream("doorplates", "D"), stream("streets", "S"))
    ]
    for told in (
        enter_streets(BATCH, found.streets.values(), {stream("streets", "S")}),
        enter_plates(BATCH, found.plates.values(), {stream("doorplates", "D")}),
    ):
        assert (told.entries, [one.what for one in told.refused]) == ([], ["already-known"])
