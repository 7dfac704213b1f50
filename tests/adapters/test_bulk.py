"""Bulk load: nothing twice, nothing lost, every row's fate told, on both databases."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from multiprocessing import active_children
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from adapters.bulk import Importer
from adapters.bulk_csv import Unreadable, read_csv
from adapters.bulk_encoding import Halves, Salts
from adapters.bulk_report import Report
from adapters.database import open_database
from adapters.eventstore import Recorder, submissions
from registry.aggregates import Household, Number, NumberCase, Person, SequenceBook
from registry.codec import Codec, check_parts
from registry.commands.addresses import FreezeDoorplate
from registry.commands.extract import Batch
from registry.commands.import_findings import batch_id
from registry.commands.importing import holder_streams
from registry.commands.numbering import case_name
from registry.commands.vital import RegisterBirth
from registry.entry import Entry
from registry.errors import Forbidden, Malformed, SubmissionReused
from registry.history import effective
from registry.register import Register, Submission
from registry.store import StoredEntry
from registry.values import (
    HouseholdId,
    Name,
    Nationality,
    NumberFaultKind,
    PaperNumber,
    Relationship,
    Sex,
)
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order, word_of
from tests.adapters.extracts import (
    BASELINE,
    NAMESPACE,
    NOW,
    OFFICER,
    SETTING,
    TODAY,
    County,
    Source,
    clock,
    constant,
    load_apart,
    make_source,
)
from tests.apart import APART
from tests.everything import events

BATCH = Batch("old", "b1", BASELINE, TODAY, NAMESPACE)
CODEC = Codec()
FOUNDING = 7  # entries that it takes to found the county
OPENED, RECONCILED = 1, 1  # entries of a batch's own ledger, and one for each unit that it counts
WORDS = sorted(VOCABULARY.values(), key=lambda word: word.code)


@pytest.fixture
def store(engine: Engine) -> Recorder:
    return Recorder(engine, node=1, clock=clock)


@pytest.fixture
def county(store: Recorder) -> County:
    return County.found(store)


def load(county: County, source: Source | Path, folder: Path, **options: Any) -> Report:
    batch = options.pop("batch", "b1")
    extract = source if isinstance(source, Path) else source.write(folder / f"extract-{batch}")
    by = options.pop("by", OFFICER)
    with county.importer(**options) as importer:
        return importer.load(extract, "old", batch, BASELINE, by)


def history(store: Recorder, stream: UUID) -> list[Entry]:
    return [CODEC.entry(one) for one in store.streams([stream])[stream]]


def log(store: Recorder) -> list[StoredEntry]:
    return store.page(0, store.head()[0])


def person(store: Recorder, key: str) -> Person:
    found = Person.fold(effective(history(store, BATCH.stream("persons", key))))
    assert found is not None, f"{key} is lost"
    return found


@settings(max_examples=15, deadline=None)
@given(st.data())
@pytest.mark.parametrize("word", WORDS, ids=[word.name for word in WORDS])
def test_an_event_is_encoded_byte_for_byte_as_the_codec_does(word, data):
    said = data.draw(events(word))
    quick, slow = Salts(b"seed"), Salts(b"seed")
    expected = CODEC.halves(said, lambda: bytes.fromhex(slow()))
    assert Halves(word).of(said, quick) == expected


def test_salts_are_sixteen_bytes_each_and_never_the_same():
    salt, other = Salts(b"a"), Salts(b"b")
    drawn = [salt() for _ in range(3000)] + [other() for _ in range(10)]
    drawn += salt.many(50).to_pylist()
    assert len(set(drawn)) == len(drawn)
    assert {len(bytes.fromhex(one)) for one in drawn} == {16}


def test_an_extract_becomes_residents_households_numbers_and_books(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 200)
    report = load(county, source, tmp_path)
    size = len(source.persons)
    assert report.accepted == {
        "streets": len(source.streets),
        "doorplates": len(source.doorplates),
        "households": len(source.households),
        "persons": size,
        "numbers": size,
        "books": report.accepted["books"],
    }
    assert (report.findings, report.refused) == ([], [])
    for row in source.persons:
        one = person(store, row["key"])
        assert (one.name, one.number, one.household) == (
            row["name"],
            row["number"],
            BATCH.stream("households", row["household_key"]),
        )
        assert one.resident
        holders = Number.fold(history(store, BATCH.named(Kind.NUMBER, row["number"])))
        assert holders is not None
        assert holders.held_by == (one.id,)
        book = f"{row['number'][:6]}/{row['number'][6:14]}/001-999"
        kept = SequenceBook.fold(history(store, BATCH.named(Kind.BOOK, book)))
        assert kept is not None
        assert int(row["number"][14:17]) in kept.used
    for row in source.households:
        stream = BATCH.stream("households", row["key"])
        house = Household.fold(effective(history(store, stream)))
        assert house is not None
        assert len(house.members) == sum(
            one["household_key"] == row["key"] for one in source.persons
        )


def test_the_log_is_as_the_store_itself_would_have_written_it(
    store: Recorder, county: County, tmp_path: Path
):
    before = store.head()[0]
    report = load(county, make_source(county, 100), tmp_path)
    entries = log(store)
    assert [entry.position for entry in entries] == list(range(1, before + report.entries + 1))
    for entry in entries[before:]:
        assert (entry.origin, entry.origin_seq) == (1, entry.position)
        assert (entry.recorded_at, entry.origin_at) == (NOW, NOW)
        assert (entry.officer, entry.office) == (OFFICER.officer, OFFICER.office)
        assert entry.topic == ""
        assert check_parts(entry.state, entry.private) == []
    found = store.submissions([entry.submission for entry in entries[before:] if entry.submission])
    for known in found.values():
        told = known.receipt
        inside = entries[told.first - 1 : told.first - 1 + told.count]
        assert {entry.submission for entry in inside} == {told.submission}


def written(store: Recorder) -> set[tuple[Any, ...]]:
    """What the log holds beyond the county's founding, in whatever order.

    Numbers with two holders and their cases apart: who of two processes came second opened the
    case.
    """
    return {
        (
            *(one.originator_id, one.originator_version, one.code, one.effective_on),
            *(one.state, one.private, one.officer, one.office, one.submission),
            *(one.recorded_at, one.origin),
        )
        for one in log(store)[FOUNDING:]
        if one.originator_id not in TWICE
    }


def test_worker_processes_write_what_this_process_writes_to_sqlite(
    store: Recorder, county: County, tmp_path: Path, sqlite_template: Path
):
    extract = spoilt(make_source(county, 300)).write(tmp_path / "extract")
    other = Recorder(open_database(f"sqlite:///{copied(sqlite_template, tmp_path)}"), node=1)
    other.clock = clock
    alone = load(County.found(other), extract, tmp_path, chunk_rows=120, salt=constant)
    with county.importer(chunk_rows=120, many_persons=1, salt=constant) as many:
        told = many.load(extract, "old", "b1", BASELINE, OFFICER)
        # Of another batch nothing is new, whoever finds out.
        again = many.load(extract, "old", "b2", BASELINE, OFFICER)
    assert told.totals() == alone.totals()
    assert told.accepted["cases"] == 2
    assert told.entries == alone.entries
    units = len(county.communities) + 1  # a stray has none
    assert again.entries == OPENED + units + RECONCILED
    assert [entry.position for entry in log(store)] == list(range(1, store.head()[0] + 1))
    ledger = batch_id(replace(BATCH, name="b2")).bytes
    assert {row for row in written(store) if row[0].bytes != ledger} == written(other)
    other.engine.dispose()


def copied(template: Path, folder: Path) -> Path:
    return Path(shutil.copy(template, folder / "other.db"))


#: Streams of the numbers that `spoilt` gives to two persons, and of their cases.
TWICE = set[UUID]()


def spoilt(source: Source) -> Source:
    """The same with planted faults: two numbers held twice, a wrong and a missing one, and more."""
    persons = source.persons
    persons[7]["number"] = persons[3]["number"]
    persons[250]["number"] = persons[20]["number"]
    TWICE.update(holder_streams(BATCH, [persons[row]["number"] for row in (3, 20)]))
    last = persons[30]["number"][-1]
    persons[30]["number"] = persons[30]["number"][:17] + ("0" if last != "0" else "1")
    persons[40]["number"] = ""
    persons[50]["name"] = ""
    persons[60]["birth_date"] = "1960"
    persons[70]["nationality"] = "汉族"
    persons.append({**persons[80], "key": "stray", "household_key": "nowhere", "number": ""})
    persons.append({**persons[90], "name": "𪚥人"})
    persons.append(dict(persons[100]))
    return source


def test_planted_faults_are_reported_exactly(store: Recorder, county: County, tmp_path: Path):
    source = make_source(county, 300)
    sound = {row: dict(one) for row, one in enumerate(source.persons)}
    source = spoilt(source)
    size = len(source.persons)
    report = load(county, source, tmp_path, chunk_rows=100)
    planted = [
        (41, "number-missing"),
        (31, "number-check-character"),
        (51, "name-missing"),
        (61, "birth-date-in-part"),
        (71, "nationality-unusable"),
        (size, "row-repeated"),
    ]
    for row, of in ((7, 3), (250, 20)):
        number = sound[of]["number"]
        if number[6:14] != sound[row]["birth_date"].replace("-", ""):
            planted.append((row + 1, "number-differs-from-birth-date"))
        if int(number[16]) % 2 != int(sound[row]["sex"]) % 2:
            planted.append((row + 1, "number-differs-from-sex"))
    assert sorted((row, what) for _, row, _, what in report.findings) == sorted(planted)
    assert [(row, key, what) for _, row, key, what in report.refused] == [
        (size - 2, "stray", "household-unknown"),
        (size - 1, source.persons[90]["key"], "key-repeated"),
    ]
    assert report.accepted["persons"] == size - 3
    assert report.accepted["cases"] == 2
    assert person(store, "P60").birth_date_as_found == "19600000"
    for row, of in ((7, 3), (250, 20)):
        number = source.persons[of]["number"]
        stream = BATCH.named(Kind.CASE, case_name(NumberFaultKind.DUPLICATE, number))
        case = NumberCase.fold(history(store, stream))
        assert case is not None
        assert case.parties == {BATCH.stream("persons", f"P{one}") for one in (row, of)}


def test_the_same_extract_again_changes_nothing_as_csv_or_parquet(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 120)
    first = load(county, source.write(tmp_path / "csv"), tmp_path, chunk_rows=50)
    head = store.head()
    other = source.write(tmp_path / "parquet", "parquet")
    again = load(county, other, tmp_path, chunk_rows=70)  # the first decides about chunks
    assert store.head() == head
    assert again.totals() == first.totals()
    assert (again.repeated, again.entries) == (again.chunks, 0)


def test_other_content_under_the_name_of_a_batch_is_a_conflict(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 60)
    load(county, source, tmp_path)
    head = store.head()
    source.persons[5]["name"] = "别人"
    with pytest.raises(SubmissionReused, match="a batch name of its own"):
        load(county, source.write(tmp_path / "other"), tmp_path)
    assert store.head() == head


@pytest.mark.parametrize("workers", [0, 2])
def test_a_load_killed_again_and_again_loses_nothing_and_enters_nothing_twice(
    store: Recorder,
    county: County,
    database_url: str,
    tmp_path: Path,
    sqlite_template: Path,
    workers: int,
):
    extract = spoilt(make_source(county, 400)).write(tmp_path / "extract")
    options: dict[str, Any] = {"chunk_rows": 25, "many_persons": 1, "workers": workers}
    other = Recorder(open_database(f"sqlite:///{copied(sqlite_template, tmp_path)}"), node=1)
    other.clock = clock
    whole = load(County.found(other), extract, tmp_path, chunk_rows=25, salt=constant)
    chance, kills, cut_short = Random(workers), 0, 0
    while cut_short < (2 if workers else 5) and kills < 40:
        kills += 1
        before = store.head()[0]
        process = APART.Process(target=load_apart, args=(database_url, extract), kwargs=options)
        process.start()
        wait_until(lambda: store.head()[0] > before or not process.is_alive())  # noqa: B023
        process.join(chance.uniform(0, 0.05))
        process.kill()
        process.join()
        cut_short += process.exitcode != 0
        if process.exitcode == 0:
            break
    assert cut_short > 1
    with county.importer(**{**options, "workers": 0}, salt=constant) as importer:
        report = importer.load(extract, "old", "b1", BASELINE, OFFICER)
    assert report.totals() == whole.totals()
    assert report.repeated > 0
    assert written(store) == written(other)
    assert [entry.position for entry in log(store)] == list(range(1, store.head()[0] + 1))
    other.engine.dispose()


def wait_until(come: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not come():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.002)


def test_a_later_batch_meets_what_the_register_has(store: Recorder, county: County, tmp_path: Path):
    first, second = make_source(county, 60), make_source(county, 60, seed=2)
    load(county, first, tmp_path)
    for rows, name in ((second.households, "key"), (second.persons, "key")):
        for row in rows:
            row[name] = "N" + row[name]
    for row in second.persons:
        row["household_key"] = "N" + row["household_key"]
        for name in ("father_key", "mother_key", "spouse_key"):
            row.pop(name)
    second.persons[0]["father_key"] = "P0"  # of the first batch
    second.persons[1]["number"] = first.persons[2]["number"]
    second.persons[2] |= {"key": "P3"}  # known already
    report = load(county, second, tmp_path, batch="b2")
    assert report.accepted["doorplates"] == len(second.doorplates) - len(first.doorplates) or (
        report.reasons["already-known"] >= len(first.doorplates)
    )
    assert person(store, "NP0").father == BATCH.stream("persons", "P0")
    assert ("persons", 3, "P3", "already-known") in report.refused
    held = Number.fold(history(store, BATCH.named(Kind.NUMBER, first.persons[2]["number"])))
    assert held is not None
    assert set(held.held_by) >= {BATCH.stream("persons", key) for key in ("P2", "NP1")}
    assert report.cases >= 1


def test_an_import_is_not_dated_before_what_is_recorded(
    store: Recorder, county: County, tmp_path: Path
):
    before, newest = store.head()
    load(county, make_source(county, 3), tmp_path, clock=lambda: newest - 20 * 86_400_000_000)
    entered = map(CODEC.entry, store.page(before, 10_000))
    ledgers = [one for one in entered if ORDERS[word_of(one.event).kind] is Order.LEDGER]
    assert {one.effective_on for one in ledgers} == {TODAY}


def test_a_number_given_here_is_never_given_again_after_an_import(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 40)
    load(county, source, tmp_path)
    row = source.persons[0]
    birth = TODAY.replace(day=1)
    imported = {one["number"] for one in source.persons}
    father = BATCH.stream("persons", row["key"])
    house = HouseholdId(BATCH.stream("households", row["household_key"]))
    for number in range(3):
        command = RegisterBirth(
            household=house,
            relation=Relationship("20"),
            name=Name("王新"),
            sex=Sex.MALE,
            birth_date=birth,
            nationality=Nationality("01"),
            father=father,  # type: ignore[arg-type]  # a person's
            birth_certificate=PaperNumber(f"C{number}"),
            declarant=Name("王一"),
        )
        told = json.loads(county.register.do(Submission(uuid4(), OFFICER, command)).answer)
        assert told["number"] not in imported
        imported.add(told["number"])


def test_a_door_plate_closed_to_newcomers_meanwhile_refuses_its_households(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 60)
    extract = source.write(tmp_path / "extract")
    frozen = BATCH.stream("doorplates", "D0")
    done = count()

    class Slow(Importer):
        """Somebody freezes a door plate after the door plates were recorded."""

        def here(self, task: Any) -> Any:
            if next(done) == 2:
                freeze = FreezeDoorplate(doorplate=frozen)  # type: ignore[arg-type]
                county.register.do(Submission(uuid4(), OFFICER, freeze))
            return super().here(task)

    with Slow(store, SETTING, clock=clock, salt=lambda: b"s" * 16, workers=0) as importer:
        report = importer.load(extract, "old", "b1", BASELINE, OFFICER)
    homes = [one["key"] for one in source.households if one["doorplate_key"] == "D0"]
    assert [key for _, _, key, what in report.refused if what == "doorplate-closed"] == homes
    lost = report.reasons["household-refused"]
    assert lost == sum(one["household_key"] in homes for one in source.persons)
    assert report.accepted["persons"] == len(source.persons) - lost


def test_commands_go_on_while_an_extract_is_loaded(store: Recorder, county: County, tmp_path: Path):
    first = make_source(county, 30)
    load(county, first, tmp_path)
    second = make_source(county, 200, seed=3)
    for rows in vars(second).values():
        for row in rows:
            row |= {name: f"N{row[name]}" for name in row if name.endswith("key") and row[name]}
    houses = [BATCH.stream("households", row["key"]) for row in first.households]
    register = Register(store, SETTING, clock=clock, ids=uuid4, salt=lambda: b"s" * 16)
    born = count()

    def birth(done: int, of: int) -> None:
        number = next(born)
        command = RegisterBirth(
            household=HouseholdId(houses[number % len(houses)]),
            relation=Relationship("20"),
            name=Name("王新"),
            sex=Sex.MALE,
            birth_date=TODAY,
            nationality=Nationality("01"),
            father_name=Name("王一"),
            birth_certificate=PaperNumber(f"C{number}"),
            declarant=Name("王一"),
        )
        register.do(Submission(uuid4(), OFFICER, command))

    with county.importer(chunk_rows=40) as importer:
        extract = second.write(tmp_path / "second")
        report = importer.load(extract, "old", "b2", BASELINE, OFFICER, progress=birth)
    assert next(born) > 5
    assert report.accepted["persons"] == len(second.persons)
    positions = [entry.position for entry in log(store)]
    assert positions == list(range(1, len(positions) + 1))


def test_the_report_stands_beside_the_extract_for_programs_and_for_people(
    store: Recorder, county: County, tmp_path: Path
):
    report = load(county, spoilt(make_source(county, 300)), tmp_path)
    told = json.loads((tmp_path / "extract-b1.b1.report.json").read_bytes())
    assert told["accepted"] == dict(report.accepted)
    assert told["refused_by_reason"] == {"household-unknown": 1, "key-repeated": 1}
    assert told["run"]["persons_recorded"] == report.accepted["persons"]
    text = (tmp_path / "extract-b1.b1.report.txt").read_text()
    assert "persons row 301 (stray)" in text
    assert "the extract has no such household" in text
    assert "persons/s" in text
    assert not list(tmp_path.glob("*.new"))


def test_progress_ends_with_everybody(store: Recorder, county: County, tmp_path: Path):
    seen: list[tuple[int, int]] = []
    source = make_source(county, 100)
    with county.importer(chunk_rows=40) as importer:
        importer.load(
            source.write(tmp_path / "extract"), "old", "b1", BASELINE, OFFICER,
            progress=lambda done, of: seen.append((done, of)),
        )  # fmt: skip
    assert seen[-1] == (len(source.persons),) * 2
    assert seen == sorted(seen)


KEYS = pa.table({"key": ["a"]})


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (lambda folder: (folder / "persons.csv").unlink(), ["missing"]),
        (
            lambda folder: pa.parquet.write_table(
                pa.table({"key": ["a"]}), folder / "persons.parquet"
            ),
            ["ambiguous"],
        ),
        (
            lambda folder: (folder / "households.csv").write_text("key,number\n1,2\n"),
            ["missing-column"],
        ),
        (
            lambda folder: (folder / "streets.csv").write_text("key,division_id,name,colour\n"),
            ["unknown-column"],
        ),
        (
            lambda folder: (folder / "streets.csv").write_text("key,key,division_id,name\n"),
            ["repeated-column"],
        ),
        (lambda folder: (folder / "persons.csv").write_bytes(b"key\n\xff\xfe\n"), ["unreadable"]),
        (lambda folder: (folder / "persons.csv").write_text("a,b\n1\n"), ["unreadable"]),
        (lambda folder: (folder / "persons.csv").write_text("key;name\n1;x\n"), ["unreadable"]),
    ],
)
def test_files_that_are_no_extract_are_malformed(sqlite_url, tmp_path, spoil, codes):
    engine = open_database(sqlite_url, durability="off")
    store = Recorder(engine, node=1, clock=clock)
    county = County.found(store)
    folder = make_source(county, 5).write(tmp_path / "extract")
    head = store.head()
    spoil(folder)
    with pytest.raises(Malformed) as raised:
        load(county, folder, tmp_path)
    assert [fault.code for fault in raised.value.faults] == codes
    assert store.head() == head
    engine.dispose()


def test_a_row_that_cannot_be_read_is_told_by_its_line_and_not_by_what_it_says(tmp_path: Path):
    rows = ["1,a,b", "2,510603197001010019", "3,a,b", "4,a,b,510603197001010019"]
    file = tmp_path / "persons.csv"
    file.write_text("\n".join(["key,name,number", *rows]) + "\n")
    with pytest.raises(Unreadable) as raised:
        read_csv(file, ["key", "name", "number"])
    assert "line 3 has 2; line 5 has 4" in str(raised.value)
    assert "5106" not in str(raised.value)


def test_an_import_that_is_stopped_leaves_no_process_behind_and_goes_on_where_it_was(
    store: Recorder, county: County, tmp_path: Path
):
    extract = make_source(county, 120).write(tmp_path / "extract")
    options: dict[str, Any] = {"chunk_rows": 25, "first_rows": 10, "many_persons": 1}
    stages: list[str] = []

    def stop(done: int, of: int) -> None:
        if done > 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), county.importer(**options) as importer:
        importer.load(extract, "old", "b1", BASELINE, OFFICER, stop, stage=stages.append)
    assert stages == ["reading files", "checking rows", "persons"]
    assert not active_children()
    again = load(county, extract, tmp_path)
    assert 0 < again.persons < again.accepted["persons"] == again.rows["persons"]
    assert again.repeated > 1


def test_a_batch_begun_when_all_chunks_were_equal_goes_on_with_the_same_chunks(
    store: Recorder, county: County, tmp_path: Path
):
    extract = make_source(county, 120).write(tmp_path / "extract")
    first = load(county, extract, tmp_path, chunk_rows=30, first_rows=30)
    with store.engine.begin() as connection:
        before = b'{"chunk_rows":30}'
        told = b'{"chunk_rows":30,"first_rows":30}'
        changed = update(submissions).where(submissions.c.answer == told).values(answer=before)
        assert connection.execute(changed).rowcount == 1
    again = load(county, extract, tmp_path, chunk_rows=30, first_rows=5)
    assert (again.repeated, again.entries) == (first.chunks, 0)


def test_only_an_administrator_imports_and_names_are_plain(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 5)
    clerk = replace(OFFICER, roles=frozenset({"station"}))
    with pytest.raises(Forbidden):
        load(county, source, tmp_path, by=clerk)
    with county.importer() as importer:
        for batch in ("", "../x", "a/b", "x" * 65):
            with pytest.raises(Malformed):
                importer.load(tmp_path, "old", batch, BASELINE, OFFICER)
        with pytest.raises(Malformed, match="lies after today"):
            importer.load(tmp_path, "old", "b", TODAY.replace(year=2008), OFFICER)


def test_an_officer_of_another_county_imports_nobody(
    store: Recorder, county: County, tmp_path: Path
):
    source = make_source(county, 5)
    elsewhere = replace(OFFICER, area=("220102",))
    report = load(county, source, tmp_path, by=elsewhere)
    assert report.persons == 0
    assert report.entries == OPENED + 1 + RECONCILED
    assert report.reasons["outside-area"] == len(source.streets)
    here = replace(OFFICER, area=("510603",))
    assert load(county, source, tmp_path, by=here, batch="b2").persons == len(source.persons)
