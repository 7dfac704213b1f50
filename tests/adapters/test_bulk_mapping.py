"""An older system's files are read by their description, and what is wrong with it is told."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from adapters.bulk_report import Report
from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.codec import Codec
from registry.commands.extract import Batch
from registry.commands.import_findings import batch_id
from registry.errors import Malformed
from registry.vocabulary import Kind
from tests.adapters.extracts import (
    BASELINE,
    NAMESPACE,
    OFFICER,
    TODAY,
    County,
    Source,
    clock,
    make_source,
)

BATCH = Batch("old", "b1", BASELINE, TODAY, NAMESPACE)
CODEC = Codec()


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Recorder]:
    engine = open_database(sqlite_url, durability="off")
    yield Recorder(engine, node=1, clock=clock)
    engine.dispose()


@pytest.fixture
def county(store: Recorder) -> County:
    return County.found(store)


def load(county: County, extract: Path, mapping: Path) -> Report:
    with county.importer() as importer:
        return importer.load(extract, "old", "b1", BASELINE, OFFICER, mapping=mapping)


def events(store: Recorder, stream: Any) -> list[Any]:
    return [CODEC.entry(one).event for one in store.streams([stream])[stream]]


DESCRIPTION = """
[persons]
file = "RK.csv"
encoding = "gb18030"
delimiter = "|"
trim = true

[persons.columns]
key = "RYBH"
household_key = ["PCS", "HH"]
relation = "YHZGX"
name = "XM"
sex = "XB"
birth_date = "CSRQ"
number = "GMSFHM"
unit = "PCS"

[persons.fixed]
nationality = "01"

[persons.codes.sex]
"男" = "1"
"女" = "2"

[persons.tables]
unit = "stations.csv"

[households]
file = "HU.parquet"

[households.columns]
key = ["PCS", "HH"]
number = "HH"
doorplate_key = "MLP"
"""


def legacy(source: Source, folder: Path) -> Path:
    """The same extract as an older system would have written it."""
    folder.mkdir(parents=True)
    plain = source.write(folder)
    (plain / "persons.csv").unlink()
    (plain / "households.csv").unlink()
    with (folder / "RK.csv").open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file, delimiter="|")
        writer.writerow(("RYBH", "PCS", "HH", "YHZGX", "XM", "XB", "CSRQ", "GMSFHM", "ZP"))
        for row in source.persons:
            sex = {"1": "男", "2": "女"}[row["sex"]]
            writer.writerow(
                (
                    *(row["key"], "0101", row["household_key"], row["relation"]),
                    *(f"{row['name']}   ", sex, row["birth_date"].replace("-", "")),
                    *(row["number"], "photo"),
                )
            )
    houses = {
        "PCS": ["0101"] * len(source.households),
        "HH": [row["key"] for row in source.households],
        "MLP": [row["doorplate_key"] for row in source.households],
    }
    pyarrow.parquet.write_table(pa.table(houses), folder / "HU.parquet")
    return folder


def describe(folder: Path, body: str = DESCRIPTION) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "stations.csv").write_text("theirs,ours\n0101,东站派出所\n", encoding="utf-8")
    path = folder / "old-system.toml"
    path.write_text(body, encoding="utf-8")
    return path


def test_the_files_of_an_older_system_are_read_by_their_description(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 40)
    mapping = describe(tmp_path / "descriptions")
    extract = legacy(source, tmp_path / "old")
    report = load(county, extract, mapping)
    assert report.accepted["persons"] == len(source.persons)
    assert report.refused == []
    assert {group.unit for group in report.counts.counts} == {"东站派出所"}
    opened, *_ = events(store, batch_id(BATCH))
    assert opened.mapping is not None
    row = source.persons[0]
    (said,) = events(store, BATCH.stream("persons", row["key"]))
    assert (said.name, said.number, said.nationality) == (row["name"], row["number"], "01")
    assert said.birth_date.isoformat() == row["birth_date"]
    assert said.household == BATCH.stream("households", f"0101/{row['household_key']}")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("[persons.columns]", "[persons.colums]"), "unknown-key"),
        (('sex = "XB"', 'sexes = "XB"'), "unknown-column"),
        (('sex = "XB"', 'sex = "GESCHLECHT"'), "missing-column"),
        (('"stations.csv"', '"stellen.csv"'), "unreadable"),
        (('file = "RK.csv"', 'file = "../RK.csv"'), "missing"),
        (("[households]", "[haushalte]"), "unknown-table"),
        (('encoding = "gb18030"', 'encoding = "klingon"'), "unreadable"),
        (('name = "XM"', "name ="), "unreadable"),
    ],
)
def test_a_description_that_is_wrong_is_told_before_anything_is_recorded(
    store: Recorder, county: County, tmp_path: Path, change: tuple[str, str], code: str
):
    extract = legacy(make_source(county, 5), tmp_path / "old")
    mapping = describe(tmp_path / "descriptions", DESCRIPTION.replace(*change))
    head = store.head()
    with pytest.raises(Malformed) as raised:
        load(county, extract, mapping)
    assert code in {fault.code for fault in raised.value.faults}
    assert store.head() == head


def test_what_a_table_of_codes_does_not_list_stays_as_it_was_found(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 10)
    extract = legacy(source, tmp_path / "old")
    told = (extract / "RK.csv").read_text(encoding="gb18030").replace("|男|", "|M|", 1)
    (extract / "RK.csv").write_text(told, encoding="gb18030")
    report = load(county, extract, describe(tmp_path / "descriptions"))
    assert report.found["sex-unusable"] == 1
    persons = [BATCH.stream("persons", row["key"]) for row in source.persons]
    ledgers = [events(store, BATCH.named(Kind.FINDING, str(one))) for one in persons]
    ((raised,),) = [one for one in ledgers if one]
    assert raised.as_found == "M"
