"""Persons sorted into their households in columns are those sorted one by one."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bulk_csv import TEXT
from adapters.bulk_extract import Extract, homes_of
from adapters.bulk_members import all_different, sort_members
from registry.commands.extract import DOORPLATES, HOUSEHOLDS, PERSONS, RELATIVES, STREETS
from registry.commands.sorting import Sorted, sort_out
from tests.commands.rows import BATCH, HEAD, HOUSE, Rows, Source, known

NAMES = ["H0", "H1", "H2", "H3", "H4", ""]
RELATED = ["P0", "P1", "P5", "Q", "", ""]


def extract_of(source: Source) -> Extract:
    tables = source.tables.items()
    return Extract(
        {name: pa.table({k: pa.array(v, TEXT) for k, v in t.items()}) for name, t in tables}
    )


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Households, some of them twice or out of use, and persons who belong to them or to none."""
    chance = Random(draw(st.integers(0, 2**32)))
    houses: Rows = [
        {
            **HOUSE,
            "key": chance.choice(NAMES) if chance.random() < 0.3 else f"H{place}",
            "type": chance.choice(["1", "1", "1", "2", "9"]),
            "doorplate_key": chance.choice(["D", "D", "D", "D", "?"]),
        }
        for place in range(draw(st.integers(1, 5)))
    ]
    persons: Rows = [
        {
            **HEAD,
            "key": f"P{place}",
            "household_key": chance.choice(NAMES),
            "relation": chance.choice(["02", "03", "10", "20", "97", "zz", ""]),
            **{name: chance.choice(RELATED) for name in RELATIVES},
        }
        for place in range(draw(st.integers(1, 9)))
    ]
    return Source(households=houses, persons=persons)


def told(found: Sorted) -> object:
    """What was found, without places where nothing was; a household without a row has no order."""
    remarks = {
        table: {row: what for row, what in rows.items() if what}
        for table, rows in found.found.items()
    }
    refused = {table: rows for table, rows in found.refused.items() if rows}
    stand = [home for row, home in enumerate(found.homes) if row not in found.refused[PERSONS]]
    return found.houses, stand, refused, {k: v for k, v in remarks.items() if v}, found.relatives


@settings(max_examples=300, deadline=None)
@given(sources())
def test_persons_are_sorted_in_columns_as_one_by_one(source: Source):
    extract = extract_of(source)
    tables = {name: source.tables[name] for name in (STREETS, DOORPLATES, HOUSEHOLDS)}
    found = sort_out(BATCH, tables, known())
    sort_members(extract, homes_of(extract), found)
    assert told(found) == told(source.sorted())


def test_of_households_of_one_key_the_one_that_stands_has_the_members():
    houses = [{**HOUSE, "key": "H1", "number": number} for number in "231"]
    persons = [{**HEAD, "household_key": key} for key in ("H1", "H2", "H1")]
    homes = homes_of(extract_of(Source(households=houses, persons=persons)))
    assert homes.tolist() == [2, -1, 2]
    assert homes.dtype == np.int64


def test_keys_are_all_different_unless_one_comes_twice_or_is_missing():
    texts = [(["a", "b"], True), (["a", "a"], False), (["a", ""], False), ([], True)]
    for keys, answer in texts:
        assert all_different(pa.chunked_array([pa.array(keys, TEXT)])) is answer
