"""Some hundred thousand entries: kernels and SQL give one answer."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID, uuid5

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from registry.entry import Entry
from registry.values import day_number, day_of
from registry.vocabulary import VOCABULARY, Group, Kind
from replay.columns.forms import NONE
from replay.columns.log import KeptLog
from replay.states.history import At
from replay.states.persons import DEAD, DELETED, LIVING, UNKNOWN
from replay.states.state import persons
from tests.replay.histories import town

VOIDS = """
create or replace table void as select person, version as voiding, unnest(voids) as version
from told where voids is not null and position <= $known
"""
#: A void stands unless a standing void names it: decided from the newest to the oldest.
DECIDE = """
insert into verdict
select mine.person, mine.voiding, not coalesce(bool_or(verdict.stands), false)
from (select distinct person, voiding from void) as mine
left join void as other on other.person = mine.person and other.version = mine.voiding
left join verdict on verdict.person = other.person and verdict.voiding = other.voiding
anti join verdict as done on done.person = mine.person and done.voiding = mine.voiding
group by mine.person, mine.voiding
having count(other.voiding) = count(verdict.voiding)
"""
#: Which rows stand: what a standing void names falls, and what corrects a row that fell.
STANDING = """
create or replace table standing as
with fallen as (select distinct void.person, void.version from void join verdict
                using (person, voiding) where verdict.stands)
select told.* from told
anti join fallen on told.person = fallen.person and told.version = fallen.version
where position <= $known and day <= $day and voids is null
  and not exists (select 1 from fallen where fallen.person = told.person
                  and fallen.version = told.corrects)
"""
#: The state: in each group what was told latest by day, then by version.
STATE = """
with settled as (
  select person,
    bool_or(opens) as begun,
    arg_max(life, rank) filter (life is not null) as life,
    arg_max(coalesce(community, $none), rank) filter (places) as community,
    arg_max(case when community is null then $none else household end, rank)
      filter (places) as household,
    arg_max(coalesce(number, 0), rank) filter (numbers) as number,
    arg_max(coalesce(birth, -2147483648), rank) filter (births) as birth,
    count(*) as entries,
    max(version) as last
  from (select *, day::bigint * 1048576 + version as rank from standing)
  group by person)
select * from settled where begun order by person
"""


#: Copies of each town, fewer where kernels are plain Python.
COPIES = 2 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 25
TOWNS = 20


@pytest.fixture(scope="module")
def log():
    """What happened to the people of many towns, recorded in turns."""
    found: list[list[Entry]] = []
    for seed in range(TOWNS):
        entries = town(seed, 6, salt=seed).entries
        entries = [one for one in entries if VOCABULARY[type(one.event)].kind is Kind.PERSON]
        for copy in range(COPIES):
            found.append([one._replace(stream=renamed(one.stream, copy)) for one in entries])
    turns = [one for turn in zip_longest(*found) for one in turn if one is not None]
    return KeptLog(
        [one._replace(position=position) for position, one in enumerate(turns, 1)], bits=10
    )


def renamed(stream: UUID, copy: int) -> UUID:
    """The identifier of somebody in a copy of a town."""
    return uuid5(stream, str(copy))


def told(log: KeptLog) -> pa.Table:
    """Every row of every person, a column for whatever it says."""
    parts = []
    for partition in log.partitions(Kind.PERSON):
        block = log.block(Kind.PERSON, partition)
        size = np.diff(block.starts)
        person = np.repeat(np.arange(block.size), size)
        columns: dict[str, Any] = {
            "person": person + block.first,
            "version": np.arange(len(block)) - block.starts[person] + 1,
            "code": block.code,
            "day": block.effective_on,
            "position": block.position,
        }
        for column, name in (
            ("enters", "community"),
            ("household", "household"),
            ("number", "number"),
            ("birth_date", "birth"),
            ("corrects", "corrects"),
        ):
            form = block.layout.dense[column]
            has = block.layout.declares(column)[block.code]
            values = np.full(len(block), form.null, form.dtype)
            values[has] = block.dense[column]
            columns[name] = pa.array(values, mask=values == form.null)
        voids = block.sparse["voids"]
        lists: list[list[int] | None] = [None] * len(block)
        assert voids.offsets is not None
        for place, row in enumerate(voids.rows.tolist()):
            first, end = voids.offsets[place : place + 2].tolist()
            lists[row] = voids.parts["value"][first:end].tolist()
        columns["voids"] = pa.array(lists, pa.list_(pa.int32()))
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def words() -> pa.Table:
    """What each event type does to a person."""
    rows = []
    for word in VOCABULARY.values():
        life = None
        if word.opens:
            life = LIVING
        elif Group.LIFE in word.writes:
            life = DELETED if word.name == "RecordDeleted" else DEAD
        rows.append(
            {
                "code": word.code,
                "opens": word.opens,
                "life": life,
                "places": Group.PLACE in word.writes,
                "numbers": Group.NUMBER in word.writes,
                "births": Group.BIRTH in word.writes,
            }
        )
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def database(log):
    """The rows in a database."""
    with duckdb.connect() as connection:
        connection.register("rows", told(log))
        connection.register("words", words())
        connection.execute("create table told as select * from rows join words using (code)")
        yield connection


@pytest.mark.parametrize(("share", "back"), [(1, 0), (0.9, 30), (0.7, 900), (0.4, 0), (0.2, 400)])
def test_persons_are_as_sql_settles_them(log, database, share, back):
    known = int(log.head * share)
    (last,) = database.execute(
        "select max(day) from told where position <= $known", {"known": known}
    ).fetchone()
    day = day_of(last) - timedelta(back)
    database.execute(VOIDS, {"known": known})
    database.execute("create or replace table verdict (person bigint, voiding int, stands bool)")
    while database.execute(DECIDE).fetchone() != (0,):
        pass
    database.execute(STANDING, {"known": known, "day": day_number(day)})
    expected = database.execute(STATE, {"none": NONE}).fetchnumpy()
    table = persons(log, At(day, known)).table
    begun = np.flatnonzero(table["life"] != UNKNOWN)
    assert len(begun) > 3 * TOWNS * COPIES
    assert np.array_equal(expected["person"], begun)
    for name in ("life", "community", "household", "number", "birth", "entries", "last"):
        assert np.array_equal(expected[name], table[name][begun]), name


def test_there_is_enough_of_what_is_hard(log, database):
    rows = database.execute("select count(*), count(voids), count(corrects) from told").fetchone()
    assert min(rows) >= 10 * TOWNS * COPIES
    assert log.head > 200 * TOWNS * COPIES
