"""An import is accounted for: its ledger, its counts, its findings; the order of rows is nothing.

The counts are counted again here by plain Python from the rows of the extract.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.bulk_report import Report
from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.aggregates import Batches, Findings
from registry.codec import Codec
from registry.commands.extract import Batch, Remark
from registry.commands.import_findings import Found, batch_id, enter_findings, told_by
from registry.commands.places import AssignStation
from registry.entry import Entry
from registry.errors import Malformed
from registry.events.batches import BatchOpened, BatchReconciled, UnitReconciled
from registry.register import Submission
from registry.values import CommunityId, Severity
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.questions.comparing import RegisterDigest, register_digest
from replay.states.history import At
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
#: What is written into a row, and what is told of it.
FAULTS: list[tuple[dict[str, str], str]] = [
    ({"sex": "9"}, "sex-unusable"),
    ({"name": ""}, "name-missing"),
    ({"number": ""}, "number-missing"),
    ({"number": "51060319700101001"}, "number-length"),
    ({"birth_date": "1960"}, "birth-date-in-part"),
    ({"nationality": "汉族"}, "nationality-unusable"),
    ({"education": "?"}, "education-unusable"),
    ({"mother_key": "nobody"}, "mother-unknown"),
]


@pytest.fixture
def store(sqlite_url: str) -> Iterable[Recorder]:
    engine = open_database(sqlite_url, durability="off")
    yield Recorder(engine, node=1, clock=clock)
    engine.dispose()


@pytest.fixture
def county(store: Recorder) -> County:
    return County.found(store)


def load(county: County, source: Source | Path, folder: Path, **options: Any) -> Report:
    batch = options.pop("batch", "b1")
    mapping = options.pop("mapping", None)
    extract = source if isinstance(source, Path) else source.write(folder / f"extract-{batch}")
    with county.importer(**options) as importer:
        return importer.load(extract, "old", batch, BASELINE, OFFICER, mapping=mapping)


def history(store: Recorder, stream: Any) -> list[Entry]:
    return [CODEC.entry(one) for one in store.streams([stream])[stream]]


def ledger(store: Recorder, table: str, key: str) -> Findings | None:
    subject = BATCH.stream(table, key)
    return Findings.fold(history(store, BATCH.named(Kind.FINDING, str(subject))))


def flawed(county: County, persons: int = 200) -> Source:
    """An extract with a fault of every kind, each in a household of its own."""
    source = make_source(county, persons)
    heads = [row for row in source.persons if row["relation"] == "02"]
    for (values, _), row in zip(FAULTS, heads, strict=False):
        row.update(values)
    source.persons[-1]["number"] = source.persons[-9]["number"]  # two persons, one number
    return source


# --- findings ---------------------------------------------------------------------------------


def test_what_is_found_in_a_row_stands_in_the_ledger_of_whom_it_is_about(
    store: Recorder, county: County, tmp_path: Path
):
    source = flawed(county)
    heads = [row for row in source.persons if row["relation"] == "02"]
    report = load(county, source, tmp_path)
    told = {(key, what) for _, _, key, what in report.findings}
    for (values, what), row in zip(FAULTS, heads, strict=False):
        assert (row["key"], what) in told
        known = ledger(store, "persons", row["key"])
        if what not in told_by():
            assert known is None, "a later piece may bring the mother"
            continue
        assert known is not None
        assert known.subject == BATCH.stream("persons", row["key"])
        mine = [key for key in known.open if key.item == told_by()[what].item]
        assert [key.rule for key in mine] == [told_by()[what].rule]
        (entry,) = [
            one for one in history(store, known.id) if one.event.rule == told_by()[what].rule
        ]
        assert entry.event.as_found == (next(iter(values.values())) or None)
        assert entry.event.batch == batch_id(BATCH)
        assert str(entry.event.community) in {row["community_id"] for row in source.doorplates}
    fine = {row["key"] for row in source.persons} - {key for _, _, key, _ in report.findings}
    assert all(ledger(store, "persons", key) is None for key in fine)


def test_two_faults_of_one_number_are_one_finding_and_the_worse_counts(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 20)
    source.persons[0]["number"] = "51060319700230001x"  # no such day, a small x, a wrong check
    report = load(county, source, tmp_path)
    assert len(report.findings) > 1
    known = ledger(store, "persons", source.persons[0]["key"])
    assert known is not None
    assert [key.rule for key in known.open] == ["0408"]
    assert [one.severity for one in known.findings.values()] == [Severity.ERROR]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_weights_the_heavier_counts_whichever_comes_first(order: int):
    community = CommunityId(UUID(int=1))
    found = [
        Found(Remark("persons", 1, "P", f"number-{what}"), community, "51")
        for what in ("address-code-newer", "check-character")
    ]
    (entry,) = enter_findings(BATCH, found[::order])
    assert entry.event.severity is Severity.ERROR
    assert (entry.event.rule, entry.event.as_found) == ("0408", "51")


def test_a_household_that_nobody_lives_in_is_a_finding_of_the_household(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 20)
    plate = source.doorplates[0]["key"]
    source.households.append({"key": "EMPTY", "number": "777", "doorplate_key": plate})
    load(county, source, tmp_path)
    known = ledger(store, "households", "EMPTY")
    assert known is not None
    assert [key.rule for key in known.open] == ["import/without-members"]


def test_a_row_that_is_refused_has_no_ledger(store: Recorder, county: County, tmp_path: Path):
    source = make_source(county, 20)
    stray = {**source.persons[0], "key": "STRAY", "household_key": "nowhere", "sex": "9"}
    source.persons.append(stray)
    report = load(county, source, tmp_path)
    assert report.reasons == {"household-unknown": 1}
    assert ledger(store, "persons", "STRAY") is None


# --- counts -----------------------------------------------------------------------------------


def declare(source: Source, folder: Path, change: Callable[[Counter[Any]], None]) -> Path:
    """Write the extract with the counts that its source declares, changed a little."""
    extract = source.write(folder / "declared")
    counts = pencil(source)
    change(counts)
    with (extract / "declared.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("unit", "sex", "birth_year", "persons"))
        writer.writerows((*group, persons) for group, persons in counts.items())
    return extract


def pencil(source: Source) -> Counter[Any]:
    """The persons of an extract by community, sex and year of birth, counted by hand."""
    plates = {row["key"]: row["community_id"] for row in source.doorplates}
    houses = {row["key"]: plates.get(row["doorplate_key"], "") for row in source.households}
    return Counter(
        (
            houses.get(row["household_key"], ""),
            int(row["sex"]) if row["sex"] in {"1", "2"} else 0,
            int(row["birth_date"][:4] or 0),
        )
        for row in source.persons
    )


def test_counts_that_agree_are_recorded_unit_by_unit(
    store: Recorder, county: County, tmp_path: Path
):
    source = flawed(county)
    report = load(county, declare(source, tmp_path, lambda counts: None), tmp_path)
    assert report.counts.agrees
    opened, *units, whole = [one.event for one in history(store, batch_id(BATCH))]
    assert isinstance(opened, BatchOpened)
    assert isinstance(whole, BatchReconciled)
    assert opened.persons == whole.delivered == whole.declared == len(source.persons)
    assert whole.persons == report.accepted["persons"] == len(source.persons)
    assert whole.agrees
    assert whole.with_findings == len({key for _, _, key, _ in report.findings})
    by_hand = Counter(community for community, _, _ in pencil(source).elements())
    assert {one.unit: one.accepted for one in units} == by_hand
    assert all(isinstance(one, UnitReconciled) and not one.differences for one in units)
    table = (tmp_path / "declared.b1.counts.csv").read_bytes()
    assert whole.table == hashlib.sha256(table).hexdigest()
    rows = list(csv.DictReader(table.decode().splitlines()))
    lines = {
        (row["unit"], int(row["sex"]), int(row["birth_year"])): int(row["delivered"])
        for row in rows
    }
    assert lines == pencil(source)
    known = Batches.fold(history(store, batch_id(BATCH)))
    assert known is not None
    assert (known.reconciled, known.agrees, known.accepted) == (True, True, len(source.persons))


def test_a_count_that_differs_is_named(store: Recorder, county: County, tmp_path: Path):
    source = make_source(county, 60)
    group = next(iter(pencil(source)))

    def one_more(counts: Counter[Any]) -> None:
        counts[group] += 1
        counts["ghost", 1, 1900] = 3

    report = load(county, declare(source, tmp_path, one_more), tmp_path)
    assert not report.counts.agrees
    assert set(report.counts.differences) == {group, ("ghost", 1, 1900)}
    *_, whole = [one.event for one in history(store, batch_id(BATCH))]
    assert (whole.agrees, whole.differences) == (False, 2)
    assert whole.declared == len(source.persons) + 4
    ghost = next(
        one.event for one in history(store, batch_id(BATCH))
        if isinstance(one.event, UnitReconciled) and one.event.unit == "ghost"
    )  # fmt: skip
    (difference,) = ghost.differences
    assert (difference.declared, difference.delivered, difference.accepted) == (3, 0, 0)
    told = json.loads((tmp_path / "declared.b1.report.json").read_bytes())["reconciliation"]
    assert told["agrees"] is False
    assert "2 counts do not agree" in (tmp_path / "declared.b1.report.txt").read_text()


def test_counts_declared_anew_are_compared_anew_and_the_rows_are_not_recorded_twice(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 40)
    group = next(iter(pencil(source)))
    load(county, declare(source, tmp_path, lambda counts: counts.update([group])), tmp_path)
    before = store.head()
    again = load(county, tmp_path / "declared", tmp_path)
    assert store.head() == before, "twice the same is once"
    assert again.entries == 0
    load(county, declare(source, tmp_path, lambda counts: None), tmp_path)
    events = [one.event for one in history(store, batch_id(BATCH))]
    told = [one.agrees for one in events if isinstance(one, BatchReconciled)]
    assert told == [False, True]
    assert sum(isinstance(one, BatchOpened) for one in events) == 1


def test_every_row_is_accepted_refused_or_said_before(
    store: Recorder, county: County, tmp_path: Path
):
    source = flawed(county)
    source.persons.append(dict(source.persons[5]))
    source.persons.append({**source.persons[6], "key": "STRAY", "household_key": "nowhere"})
    report = load(county, declare(source, tmp_path, lambda counts: None), tmp_path)
    counts = report.counts
    size = len(source.persons)
    assert (counts.total("accepted"), counts.total("refused"), counts.total("repeated")) == (
        size - 2, 1, 1,
    )  # fmt: skip
    assert counts.total("delivered") == size
    assert sum(one.declared - one.accepted for one in counts.differences.values()) == 2


def test_a_source_names_its_own_units(store: Recorder, county: County, tmp_path: Path):
    source = make_source(county, 30)
    for place, row in enumerate(source.persons):
        row["unit"] = ("东站派出所", "西站派出所")[place % 2]
    report = load(county, source, tmp_path)
    units = {one.unit for one in report.counts.counts}
    assert units == {"东站派出所", "西站派出所"}
    assert not report.counts.declared
    assert "declared no counts" in report.text()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("unit,sex,persons\nx,1,2\n", "missing-column"),
        ("unit,sex,birth_year,persons\nx,1,1990,many\n", "value"),
        ("unit,sex,birth_year,persons\nx,1,1990,2\nx,1,1990,2\n", "repeated"),
    ],
)
def test_counts_that_cannot_be_read_are_told_before_anything_is_recorded(
    store: Recorder, county: County, tmp_path: Path, body: str, code: str
):
    extract = make_source(county, 5).write(tmp_path / "extract")
    (extract / "declared.csv").write_text(body)
    head = store.head()
    with pytest.raises(Malformed) as raised:
        load(county, extract, tmp_path)
    assert {fault.code for fault in raised.value.faults} == {code}
    assert store.head() == head


# --- order, pieces, twice ---------------------------------------------------------------------


def digest(store: Recorder) -> RegisterDigest:
    entries = [CODEC.entry(one) for one in store.page(0, store.head()[0])]
    return register_digest(KeptLog(entries), At(TODAY, store.head()[0]))


def digest_of(folder: Path, template: Path, loads: Callable[[County], None]) -> RegisterDigest:
    """The digest of a register of its own after some loads."""
    path = folder / f"{len(list(folder.iterdir()))}.db"
    path.write_bytes(template.read_bytes())
    engine = open_database(f"sqlite:///{path}", durability="off")
    store = Recorder(engine, node=1, clock=clock)
    loads(County.found(store))
    found = digest(store)
    engine.dispose()
    return found


def pieces_of(source: Source, seed: int) -> list[Source]:
    """The extract in pieces of whole streets, in whatever order, the rows shuffled."""
    dice = Random(seed)
    pieces = []
    for street in source.streets:
        plates = [row for row in source.doorplates if row["street_key"] == street["key"]]
        at = {row["key"] for row in plates}
        houses = [row for row in source.households if row["doorplate_key"] in at]
        inside = {row["key"] for row in houses}
        persons = [row for row in source.persons if row["household_key"] in inside]
        for rows in (plates, houses, persons):
            dice.shuffle(rows)
        pieces.append(Source([street], plates, houses, persons))
    dice.shuffle(pieces)
    return pieces


def test_rows_in_another_order_in_pieces_or_twice_make_the_same_register(
    county: County, tmp_path: Path, sqlite_template: Path
):
    source = flawed(county, 600)
    assert len(source.streets) > 1
    dice = Random(5)
    rows = source.persons
    # Two persons of different pieces hold one number, and one has a mother in another piece.
    rows[3]["number"] = rows[-4]["number"]
    rows[-2]["mother_key"] = rows[1]["key"]
    rows.append(dict(rows[7]))
    rows.append({**rows[8], "name": "𪚥人"})

    def whole(here: County) -> None:
        load(here, source, tmp_path / "whole")

    def shuffled(here: County) -> None:
        tables = [list(rows) for rows in vars(source).values()]
        for table in tables:
            dice.shuffle(table)
        load(here, Source(*tables), tmp_path / "shuffled", chunk_rows=70)

    def pieces(here: County) -> None:
        for place, piece in enumerate(pieces_of(source, 6)):
            load(here, piece, tmp_path / "pieces", batch=f"piece-{place}")

    def twice(here: County) -> None:
        load(here, source, tmp_path / "twice")
        load(here, source, tmp_path / "twice")
        load(here, source, tmp_path / "twice", batch="b2")

    home = tmp_path / "stores"
    home.mkdir()
    expected = digest_of(home, sqlite_template, whole)
    assert expected.counts[Kind.PERSON] == len(rows) - 2
    for loads in (shuffled, pieces, twice):
        found = digest_of(home, sqlite_template, loads)
        assert found.counts == expected.counts, loads.__name__
        assert found.kinds == expected.kinds, loads.__name__
    source.persons[11]["name"] = "改名"
    assert digest_of(home, sqlite_template, whole) != expected


def test_an_officer_of_another_area_still_leaves_a_ledger(
    store: Recorder, county: County, tmp_path: Path
):
    elsewhere = replace(OFFICER, area=("220102",))
    extract = make_source(county, 5).write(tmp_path / "extract")
    with county.importer() as importer:
        importer.load(extract, "old", "b1", BASELINE, elsewhere)
    known = Batches.fold(history(store, batch_id(BATCH)))
    assert known is not None
    assert (known.accepted, known.refused) == (0, known.persons)


def test_of_households_with_one_key_the_members_follow_the_one_that_stands(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 60)
    house = source.households[4]
    source.households.append({**house, "number": "0"})  # says less, and so comes first
    report = load(county, source, tmp_path, chunk_rows=20)
    size = len(source.persons)
    assert report.accepted["persons"] == size
    assert [(table, key, what) for table, _, key, what in report.refused] == [
        ("households", house["key"], "key-repeated")
    ]
    (imported, *_) = history(store, BATCH.stream("households", house["key"]))
    mine = [row["key"] for row in source.persons if row["household_key"] == house["key"]]
    assert imported.event.household_number == "0"
    assert {one.person for one in imported.event.members} == {
        BATCH.stream("persons", key) for key in mine
    }


def test_numbers_and_names_that_an_extract_bears_twice_are_told_with_every_row(
    store: Recorder, county: County, tmp_path: Path
):
    """Two communities are of one station; the third has none and counts by itself."""
    one, other, alone = county.communities
    for place in (one, other):
        county.register.do(
            Submission(
                uuid4(),
                OFFICER,
                AssignStation(
                    community=CommunityId(place), station=OFFICER.office, on=date(2000, 1, 1)
                ),
            )
        )
    source = make_source(county, 60)
    plates, homes = source.doorplates[:4], source.households
    for plate, place in zip(plates, (one, other, alone, alone), strict=True):
        plate["community_id"] = str(place)
    told = dict(zip((0, 3, 6, 9), ("A", "A", "A", "A"), strict=True))  # one at each plate
    told |= {1: "B", 7: "B"}  # in a station's care, and in a community without one
    for row, number in told.items():
        homes[row]["number"] = number
    for plate, detail in zip(plates[:3], ("", "", "1幢"), strict=True):
        plate |= {"number": "1号", "detail": detail}
    source.streets.append({**source.streets[0], "key": "AGAIN"})
    report = load(county, source, tmp_path, chunk_rows=9, first_rows=9)
    names = {"streets": "street-name", "doorplates": "plate-number", "households": "household-n"}
    assert {(table, row - 1) for table, row, _, what in report.findings} == {
        *(("streets", row) for row in (0, len(source.streets) - 1)),
        *(("doorplates", row) for row in (0, 1)),
        *(("households", row) for row in (0, 3, 6, 9)),
    }
    assert all(what.startswith(names[table]) for table, _, _, what in report.findings)
    assert "household-number-repeated, 4" in report.text()
    assert report.refused == []
    known = ledger(store, "households", "H9")
    assert known is not None
    assert [key.rule for key in known.open] == ["household/number-repeated"]
    assert ledger(store, "households", "H7") is None
    again = load(county, source, tmp_path, chunk_rows=9, first_rows=9)
    assert (again.entries, again.totals()) == (0, report.totals())
