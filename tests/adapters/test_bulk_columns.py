"""What is written in columns is what is entered one by one; numbers are judged as everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bulk_encoding import Lines, Salts
from adapters.bulk_forms import keys_of, uuid_texts
from adapters.bulk_homes import Houses, ids_of
from adapters.bulk_numbers import characters, ordinals, right_numbers
from adapters.bulk_parts import CodesPart, HomesPart, PlatesPart
from registry.aggregates import SegmentPlan
from registry.codec import Codec, check_parts
from registry.codes import divisions
from registry.commands.extract import Plate, namer
from registry.commands.import_findings import enter_findings
from registry.values import (
    CitizenNumber,
    CommunityId,
    DoorplateId,
    PlateNumber,
    StreetId,
    Text,
    explain_number,
)
from tests.adapters.extracts import COUNTY, number_of
from tests.commands.rows import BATCH, HEAD, WIFE, Rows
from tests.commands.test_import_numbers import PLAN

CODEC = Codec()
SEED = b"seed"

ODD = {
    "name": ["", " 王", "王\x07", 'O"N', "a\\b", "阿卜杜拉·艾合麦提", "\ue000", "王 一", "王" * 51],
    "sex": ["", "2", "9"],
    "birth_date": ["", "1970", "1971-01-01", "19700101", "1970-02-30", "2005-05-05", "2030-01-01"],
    "number": ["", "510603700101001", WIFE["number"], number_of(date(1970, 1, 1), 2), "x" * 18],
    "nationality": ["", "02", "汉"],
    "relation": ["02", "03", "97"],
    "education": ["", "70", "?"],
    "height_cm": ["", "170", "17"],
    "occupation": ["", "农民 工人", " 农民", 'a"b', "tab\there"],
    "mother_name": ["", "李", "\u200b"],
    "spouse_name": ["", "赵"],
    "birth_place": ["", COUNTY, "四川"],
    "mother_key": ["", "Q", "else", "nobody"],
    "spouse_key": ["", "P0"],
    "since": ["", "1999-09-09", "2004-01-01", "1960-01-01", "2006-06-06", "?"],
}


def homes_of(
    sizes: list[int], rows: list[dict[str, str]], types: list[str], shared: Any
) -> HomesPart:
    names = sorted({name for row in rows for name in row})
    persons = pa.RecordBatch.from_pydict(
        {name: pa.array([row.get(name, "") for row in rows], pa.large_string()) for name in names}
    )
    count = len(sizes)
    places = ids_of([UUID(int=place) for place in range(1, count + 1)])
    houses = Houses(
        np.arange(count),
        [f"H{place}" for place in range(count)],
        [f'{place}"\\' for place in range(count)],
        types,
        np.full(count, BATCH.baseline.toordinal()),
        np.array(sizes, np.int64),
        places,
        places[::-1].copy(),
    )
    absent = frozenset({"nobody"})
    return HomesPart(houses, persons, np.arange(len(rows)), frozenset(shared), absent)


@st.composite
def chunks(draw: st.DrawFn) -> HomesPart:
    chance = Random(draw(st.integers(0, 2**32)))
    oddness = draw(st.sampled_from([0.0, 0.2, 0.5]))
    sizes: list[int] = []
    rows: Rows = []
    types: list[str] = []
    for _ in range(draw(st.integers(1, 8))):
        size = chance.choice((0, 1, 2, 3))
        sizes.append(size)
        types.append("2" if chance.random() < oddness else "1")
        for member in range(size):
            row = dict(HEAD if member == 0 else WIFE, key=f"P{len(rows)}")
            year = 2005 if chance.random() < oddness else 1935 + chance.randrange(60)
            birth = date(year, 1 + chance.randrange(12), 1)
            sequence = 2 * len(rows) + (1 if row["sex"] == "1" else 2)
            row |= {"birth_date": birth.isoformat(), "number": number_of(birth, sequence)}
            row |= {name: texts[1] for name, texts in ODD.items() if name.endswith("_name")}
            for name in chance.sample(sorted(ODD), chance.choice((1, 1, 2, 9))):
                if chance.random() < oddness and (name != "relation" or member):
                    row[name] = chance.choice(ODD[name])
            if member and row["relation"] in {"02", "03"}:
                row["relation"] = "10"
            rows.append(row)
    if not rows:
        return homes_of([1], [dict(HEAD, key="P0")], ["1"], ())
    shared = {row["number"] for row in rows if chance.random() < oddness / 2}
    return homes_of(sizes, rows, types, shared)


def entries_of(lines: Lines) -> list[tuple[Any, ...]]:
    """Entries as they read back; their bytes must be those that the codec writes."""
    found = []
    for key, version, day, code, state, private in zip(*lines.lists(), strict=True):
        event = CODEC.event(code, state, private)
        assert check_parts(state, private) == []
        drawn = salts_in(private)
        assert CODEC.halves(event, lambda: next(drawn)) == (state, private)  # noqa: B023
        found.append((key, version, day, event))
    return found


def salts_in(private: bytes) -> Iterator[bytes]:
    pieces = private.split(b'"salt":"')[1:]
    return iter([bytes.fromhex(piece[:32].decode()) for piece in pieces])


def test_a_head_said_to_have_lived_here_before_birth_is_told():
    row = dict(HEAD, since="2004-06-01", birth_date="2005-05-05")
    row["number"] = number_of(date(2005, 5, 5), 1)
    made, _ = homes_of([1], [row], ["1"], ()).decide(BATCH, frozenset(), Salts(SEED))
    assert [one.what for one in made.findings] == ["since-before-birth"]


@settings(deadline=None, max_examples=150)
@given(chunks())
def test_columns_and_single_entries_say_the_same(part: HomesPart):
    made, lines = part.decide(BATCH, frozenset(), Salts(SEED))
    right = right_numbers(part.persons["number"], BATCH.today)
    single = part.one_by_one(BATCH, right, frozenset())
    ledgers = enter_findings(BATCH, part.located(single.findings))
    expected = entries_of(Lines.of([*single.entries, *ledgers], Salts(SEED)))
    found = entries_of(lines)
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert made.accepted == single.accepted
    assert sorted(made.findings) == sorted(single.findings)
    assert sorted(made.holders) == sorted(single.holders)


def test_a_household_stands_before_its_members_and_a_member_before_the_number():
    other = dict(HEAD, key="R", number=number_of(date(1970, 1, 1), 3))
    part = homes_of([2, 1], [HEAD, WIFE, other], ["1", "1"], ())
    made, lines = part.decide(BATCH, frozenset(), Salts(SEED))
    assert made.entries == [], "nothing here is odd"
    kinds = [type(event).__name__ for *_, event in entries_of(lines)]
    member = ["PersonImported", "NumberRecorded"]
    assert kinds == ["HouseholdImported", *member * 2, "HouseholdImported", *member]


def test_door_plates_in_columns_are_those_entered_one_by_one():
    plates = [
        Plate(
            row,
            f"D{row}",
            DoorplateId(UUID(int=row + 1)),
            StreetId(UUID(int=9)),
            PlateNumber(f'{row}"号'),
            Text("后门") if row % 2 else None,
            CommunityId(UUID(int=7)),
            date(2000, 1, 1 + row),
            1,
        )
        for row in range(5)
    ]
    part = PlatesPart(plates)
    _, columns = part.decide(BATCH, frozenset(), Salts(SEED))
    _, single = part.decide(BATCH, {UUID(int=99)}, Salts(SEED))
    assert entries_of(columns) == entries_of(single)


@settings(deadline=None)
@given(st.lists(st.tuples(st.dates(date(1955, 1, 1), date(1965, 1, 1)), st.integers(1, 999))))
def test_codes_in_columns_are_those_entered_one_by_one(drawn):
    assert PLAN is not None
    plans: dict[str, SegmentPlan] = {COUNTY: PLAN}
    codes = sorted({int(number_of(birth, sequence)[:17]) for birth, sequence in drawn})
    part = CodesPart(np.array(codes, np.int64), plans)
    _, columns = part.decide(BATCH, frozenset(), Salts(SEED))
    _, single = part.decide(BATCH, {UUID(int=99)}, Salts(SEED))
    assert sorted(entries_of(columns), key=repr) == sorted(entries_of(single), key=repr)


@settings(deadline=None)
@given(st.uuids(), st.lists(st.text(max_size=8), min_size=1))
def test_ids_in_columns_are_those_of_the_names(namespace, names):
    keys = keys_of(namespace.bytes + b"persons/", [name.encode() for name in names])
    name = namer(namespace, "persons/")
    assert [key.tobytes() for key in keys] == [name(one).bytes for one in names]
    assert uuid_texts(keys).to_pylist() == [f'"{name(one)}"' for one in names]


def is_right(text: str, today: date) -> bool:
    try:
        return CitizenNumber(text).birth_date <= today
    except ValueError:
        return False


SOUND = st.builds(number_of, st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.integers(1, 999))
DIGITS = st.text("0123456789Xx", min_size=17, max_size=19)


@st.composite
def nearly_numbers(draw: st.DrawFn) -> str:
    text = draw(st.one_of(SOUND, SOUND, DIGITS, st.text(max_size=20)))
    if text and draw(st.booleans()):
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.sampled_from("0123456789Xx一")) + text[place + 1 :]
    return text


@settings(deadline=None, max_examples=200)
@given(st.lists(nearly_numbers()), st.sampled_from([date(2007, 6, 1), date(1960, 1, 1)]))
def test_numbers_in_a_column_are_judged_as_one_by_one(texts, today):
    column = pa.array(texts, pa.large_string())
    expected = [is_right(text, today) for text in texts]
    assert right_numbers(column, today).tolist() == expected
    assert right_numbers(column.slice(1), today).tolist() == expected[1:]


def test_eight_digits_are_a_day_where_the_calendar_has_it():
    years, months, days = (0, 1, 1900, 1969, 2000, 2003, 2004, 9999), range(100), range(100)
    told = [f"{y:04}{m:02}{d:02}" for y in years for m in months for d in days]

    def by_hand(text: str) -> int:
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
        except ValueError:
            return 0

    column = characters(pa.array(told), 8)
    assert ordinals(column).tolist() == [by_hand(text) for text in told]


@contextmanager
def tolerant() -> Iterator[None]:
    divisions().tolerate_newer = True
    try:
        yield
    finally:
        divisions().tolerate_newer = False


def test_a_code_newer_than_the_list_is_right_only_where_that_is_tolerated():
    digits = "99999920200101" + "001"
    last = next(
        one
        for one in "0123456789X"
        if "check-character" not in {fault.code for fault in explain_number(digits + one)}
    )
    column = pa.array([digits + last], pa.large_string())
    today = date(2021, 1, 1)
    assert right_numbers(column, today).tolist() == [False]
    with tolerant():
        assert right_numbers(column, today).tolist() == [is_right(digits + last, today)] == [True]


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows_or_none_are_no_special_case(count):
    column = pa.array([HEAD["number"]] * count, pa.large_string())
    assert right_numbers(column, BATCH.today).tolist() == [True] * count
