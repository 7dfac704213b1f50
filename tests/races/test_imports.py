"""Two extracts on their way in at once: each row is entered once, or it is told why not."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

from adapters.bulk import Importer
from adapters.bulk_chunk import Done, Task
from adapters.bulk_parts import HomesPart
from adapters.bulk_report import Report
from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.aggregates import Household, Person
from registry.codec import Codec
from registry.commands.extract import Batch
from registry.entry import Entry
from registry.history import effective
from tests.adapters.extracts import (
    BASELINE,
    NAMESPACE,
    OFFICER,
    SETTING,
    TODAY,
    County,
    Source,
    clock,
    make_source,
    number_of,
    salt,
)

BATCH = Batch("old", "any", BASELINE, TODAY, NAMESPACE)
STUDENTS = 6


class Held(Importer):
    """An importer that meets the other one before it records a chunk of people."""

    def __init__(self, store: Recorder, meeting: Barrier) -> None:
        super().__init__(store, SETTING, clock=clock, salt=salt, workers=0)
        self.meeting = meeting

    def here(self, task: Task) -> Future[Done]:
        """Record a chunk, at the same time as the other importer."""
        if isinstance(task.part, HomesPart):
            self.meeting.wait(60)
        return super().here(task)


def together(url: str, loads: Sequence[tuple[Path, str]]) -> list[Report]:
    """Load two extracts under their batches' names, each on connections of its own."""
    meeting = Barrier(len(loads))

    def load(one: tuple[Path, str]) -> Report:
        engine = open_database(url, durability="off")
        try:
            with Held(Recorder(engine, node=1, clock=clock), meeting) as importer:
                return importer.load(one[0], "old", one[1], BASELINE, OFFICER)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(len(loads)) as pool:
        return list(pool.map(load, loads))


def dormitory(county: County, folder: Path, first: int) -> Path:
    """A dormitory that two extracts bring, each with students of its own."""
    made = make_source(county, 1)
    source = Source(made.streets[:1], made.doorplates[:1])
    house = {"key": "H", "number": "900", "type": "2"}
    source.households.append({**house, "doorplate_key": source.doorplates[0]["key"]})
    for place in range(first, first + STUDENTS):
        born = BASELINE.replace(year=1980, day=place + 1)
        person = {"key": f"S{place}", "household_key": "H", "relation": "97", "name": "王一"}
        told = {"sex": "1", "birth_date": born.isoformat(), "number": number_of(born, 1)}
        source.persons.append({**person, **told, "nationality": "01"})
    return source.write(folder)


def history(store: Recorder, table: str, key: str) -> list[Entry]:
    stream = BATCH.stream(table, key)
    return [Codec().entry(one) for one in store.streams([stream])[stream]]


def test_one_extract_that_is_loaded_twice_at_once_is_entered_once(
    database_url: str, tmp_path: Path
):
    engine = open_database(database_url, durability="off")
    county = County.found(Recorder(engine, node=1, clock=clock))
    extract = dormitory(county, tmp_path / "extract", 0)
    reports = together(database_url, [(extract, "b1"), (extract, "b1")])
    assert [one.accepted["persons"] for one in reports] == [STUDENTS] * 2, "both tell the same"
    assert sum(one.persons for one in reports) == STUDENTS, "and one of them did it"
    for place in range(STUDENTS):
        assert len(history(county.store, "persons", f"S{place}")) == 1
    engine.dispose()


def test_of_two_extracts_that_bring_one_dormitory_at_once_one_is_entered_and_one_is_told(
    database_url: str, tmp_path: Path
):
    engine = open_database(database_url, durability="off")
    county = County.found(Recorder(engine, node=1, clock=clock))
    extracts = [
        (dormitory(county, tmp_path / str(first), first), f"b{first}") for first in (0, STUDENTS)
    ]
    reports = together(database_url, extracts)
    accepted = [one.accepted["persons"] for one in reports]
    assert sorted(accepted) == [0, STUDENTS]
    told: dict[str, Any] = reports[accepted.index(0)].reasons
    assert told["household-refused"] == STUDENTS
    assert told["already-known"] >= 1
    assert len(history(county.store, "households", "H")) == 1
    living = 0
    for place in range(2 * STUDENTS):
        entries = history(county.store, "persons", f"S{place}")
        one = Person.fold(effective(entries))
        living += one is not None
        assert one is None or one.household == BATCH.stream("households", "H")
    house = Household.fold(effective(history(county.store, "households", "H")))
    assert living == STUDENTS
    assert house is not None
    assert house.collective
    engine.dispose()
