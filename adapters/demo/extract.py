"""The founding population as the extract of an older system: four CSV files, and their counts."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from adapters.demo.people import Population
from adapters.demo.town import Town, street_name
from registry.commands.extract import Batch
from registry.values import DoorplateId, HouseholdId, PersonId, StreetId

STREETS = ("key", "division_id", "name", "since")
DOORPLATES = ("key", "street_key", "number", "detail", "community_id", "since")
HOUSEHOLDS = ("key", "number", "type", "doorplate_key", "since")
PERSONS = (
    *("key", "household_key", "relation", "name", "sex", "birth_date", "number", "nationality"),
    *("since", "nature", "marital_status", "birth_place", "mother_key", "father_key"),
    *("spouse_key", "spouse_name"),
)


def write_extract(folder: Path, town: Town, population: Population, since: str) -> None:
    """Write the files; since: the day for which the older system vouches."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "streets.csv",
        STREETS,
        (
            (key, community.township.division, street_name(key, community), since)
            for key, community in town.streets.items()
        ),
    )
    _write(
        folder / "doorplates.csv",
        DOORPLATES,
        (
            (plate.key, plate.street, plate.number, "", plate.community.id, since)
            for plate in town.plates
        ),
    )
    _write(
        folder / "households.csv",
        HOUSEHOLDS,
        ((house.key, house.number, "1", house.plate.key, since) for house in population.houses),
    )
    _write(
        folder / "persons.csv",
        PERSONS,
        (
            (
                *(one.key, one.home.key, one.relation, one.name, int(one.sex), one.born),
                *(population.stated[one.key], one.nationality, "", one.nature, one.marital),
                *(one.township.code, _key(one.mother), _key(one.father)),
                *(_key(one.spouse), one.spouse.name if one.spouse else ""),
            )
            for one in population.people
        ),
    )
    _write(
        folder / "declared.csv",
        ("unit", "sex", "birth_year", "persons"),
        ((*group, persons) for group, persons in declared(population).items()),
    )


def declared(population: Population) -> Counter[tuple[object, int, int]]:
    """The persons that the older system declares, by community, sex and year of birth."""
    return Counter(
        (one.home.community.id, int(one.sex), one.born.year) for one in population.people
    )


def _key(one: object) -> str:
    return getattr(one, "key", "")


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def name_everything(batch: Batch, town: Town, population: Population) -> None:
    """Give the mirror the identifiers that the import derives from the keys."""

    def named(table: str, key: str) -> UUID:
        return batch.stream(table, key)

    for plate in town.plates:
        plate.id = DoorplateId(named("doorplates", plate.key))
        plate.street_id = StreetId(named("streets", plate.street))
    for house in population.houses:
        house.id = HouseholdId(named("households", house.key))
    for one in population.people:
        one.id = PersonId(named("persons", one.key))
