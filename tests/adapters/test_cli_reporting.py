"""Reports of the statistics at the command line."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace

import pytest
from pypdf import PdfReader

from tests.adapters.terminal import Terminal, settle

BASE = ("population-base", "--first", "2007-06-01")


@pytest.fixture
def town(terminal: Terminal) -> SimpleNamespace:
    """A county behind a terminal, whose read models are up to date."""
    found = settle(terminal)
    terminal("follow", "--once")
    return SimpleNamespace(**vars(found), terminal=terminal)


def test_a_report_is_made_in_each_shape(town, tmp_path):
    line = ("report", "make", *BASE, "--division", town.county)
    told = town.terminal.json(*line)
    assert told["rows"][0]["persons"] == 2
    assert "persons" in town.terminal(*line).stdout
    rows = list(csv.DictReader(io.StringIO(town.terminal(*line, "--as", "csv").stdout)))
    assert [row["persons"] for row in rows] == ["2", "2"]
    assert "人口底数" in town.terminal(*line, "--as", "html").stdout
    file = tmp_path / "base.pdf"
    town.terminal(*line, "--as", "pdf", "--output", file)
    assert "人口底数" in PdfReader(file).pages[0].extract_text()


def test_a_report_is_filed_listed_and_shown(town):
    terminal = town.terminal
    filed = terminal.json("report", "file", *BASE, "--division", town.county)
    assert filed["version"] == 1
    again = terminal("report", "file", *BASE, "--division", town.county, exits=3)
    assert "same figures" in again.stderr
    terminal("follow", "--once")
    (one,) = terminal.json("report", "list", "--division", town.county)
    assert (one["report"], one["version"]) == (filed["report"], 1)
    listed = terminal("report", "list", "--division", town.county, "--form", "ages").stdout
    assert filed["report"] not in listed
    shown = terminal.json("report", "show", filed["report"])
    assert shown["figures"] == filed["figures"]
    assert "第 1 版" in terminal("report", "show", filed["report"], "--as", "html").stdout
    terminal("report", "show", filed["report"], "--version", "2", exits=4)


def test_a_report_that_was_due_and_is_not_there_ends_with_one(town):
    line = ("report", "due", "--division", town.county, "--last", "2004-07-12", "--first")
    told = town.terminal.json(*line, "2004-07-05", exits=1)
    late = [(row["form"].split()[0], row["due"]) for row in told["rows"] if row["missing"]]
    assert ("cleaning", "2004-07-07") in late
    assert not town.terminal.json(*line, "2004-07-12")["rows"]


def test_a_form_that_there_is_not_is_named(town):
    told = town.terminal(
        *("report", "make", "nothing", "--first", "2007-06-01", "--division", town.county), exits=2
    )
    assert "population-year" in told.stderr


def test_accounts_that_do_not_close_end_with_one(town, monkeypatch):
    monkeypatch.setattr("adapters.statistics.filing.faults", lambda figures: ["one is missing"])
    line = (*BASE, "--division", town.county)
    assert "one is missing" in town.terminal("report", "make", *line, exits=1).stderr
    assert "do not close" in town.terminal("report", "file", *line, exits=3).stderr
