"""Whoever has a question of his own asks the sealed log with what he knows."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pytest

from adapters.province import write
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.layout import layout
from replay.columns.runs import entries
from replay.columns.tables import batches, called, table
from replay.province import columns as c
from replay.province.days import RATES
from replay.province.making import Province
from replay.sealed.reading import SealedLog


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sealed") / "log"
    often = {**RATES, c.B_BIRTH: 300_000}
    write(Province(2, 7, households=30, days=300, often=often), folder, bits=5)
    return SealedLog(folder)


def told(log, kind):
    return [
        one
        for partition in log.partitions(kind)
        for one in entries(log.block(kind, partition), log.spaces)
    ]


def test_duckdb_counts_what_was_recorded(log):
    persons = table(log, Kind.PERSON)
    asked = duckdb.sql("SELECT code, count(*) FROM persons GROUP BY code")
    assert asked is not None
    found = asked.fetchall()
    counted = Counter(VOCABULARY[type(one.event)].code for one in told(log, Kind.PERSON))
    assert dict(found) == counted
    assert persons.num_rows == sum(counted.values())


def test_the_questions_in_the_readme_are_answered(log, tmp_path, monkeypatch, capsys):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", readme, re.S | re.M)
    (tmp_path / "registry-sealed").symlink_to(log.files.path)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    shown = capsys.readouterr().out
    most, _ = Counter(entry.event.__class__ for entry in told(log, Kind.PERSON)).most_common(1)[0]
    assert f" {VOCABULARY[most].code} " in shown
    assert "enters" in shown


def test_polars_finds_the_births_of_every_community(log):
    frame = pl.from_arrow(table(log, Kind.PERSON, ["enters", "birth_kind"]))
    assert isinstance(frame, pl.DataFrame)
    born = frame.filter(pl.col("birth_kind").is_not_null())
    found = Counter(born["enters"].to_list())
    events = [one.event for one in told(log, Kind.PERSON)]
    births = [one for one in events if hasattr(one, "birth_kind")]
    assert births
    communities = log.spaces.handles("community", [one.community for one in births])
    assert found == Counter(communities)


@pytest.mark.parametrize("kind", [Kind.PERSON, Kind.HOUSEHOLD, Kind.NUMBER])
def test_a_row_says_what_its_entry_says(log, kind):
    everything = table(log, kind, [*layout(kind).dense])
    history = told(log, kind)
    assert everything.column("version").to_pylist() == [one.version for one in history]
    assert everything.column("position").to_pylist() == [one.position for one in history]
    for name in layout(kind).dense:
        homes = {
            shape: field.name
            for shape, fields in layout(kind).homes.items()
            for field, home in fields
            if home == name and layout(kind).declares(name)[VOCABULARY[shape].code]
        }
        said = [
            type(one.event) in homes and getattr(one.event, homes[type(one.event)]) is not None
            for one in history
        ]
        assert everything.column(called(name)).is_valid().to_pylist() == said, name


@pytest.mark.parametrize("kind", list(Kind))
def test_no_field_of_an_event_hides_a_column_of_every_row(kind):
    names = [called(name) for name in layout(kind).dense]
    assert len(set(names)) == len(names)
    assert not set(names) & {"entity", "version", "code", "effective_on", "position"}


def test_a_partition_comes_at_a_time_and_shares_the_memory_of_the_log(log):
    first = next(batches(log, Kind.PERSON))
    assert first.num_rows < table(log, Kind.PERSON).num_rows
    position = first.column("position").chunk(0).buffers()[1].address
    assert position == log.block(Kind.PERSON, 0).position.ctypes.data


def test_a_column_that_does_not_exist_is_named(log):
    with pytest.raises(ValueError, match="person has no dense column adress; there are household"):
        table(log, Kind.PERSON, ["adress"])
