"""The exchange of cards at the command line."""

from __future__ import annotations

import pytest

from tests.adapters.terminal import Terminal, settle

PLAN = {"programme": "deyang-2004", "document": "德办发(2004)39号"}


@pytest.fixture
def begun(terminal: Terminal) -> Terminal:
    """The programme of the city is open, and its task of 2005 was told."""
    town = settle(terminal)
    terminal("follow", "--once")
    (city,) = (one["id"] for one in terminal.json("places", "--code", "510600"))
    terminal.do("OpenProgramme", division=city, **PLAN)
    terminal.do("StartPhase", programme="deyang-2004", phase="preparation", on="2005-01-01")
    terminal.do("IssueTarget", year=2005, persons=390_000, **PLAN)
    terminal.do(
        "ReachMilestone",
        division=town.county,
        milestone="DY-17",
        reached_on="2004-12-01",
        document="文",
    )
    terminal("follow", "--once")
    return terminal


def test_a_programme_is_shown_with_its_phases(begun: Terminal):
    told = begun.json("programme", "deyang-2004")
    assert told["phases"][0]["started_on"] == "2005-01-01"
    assert "准备阶段" in begun("programme", "deyang-2004").stdout
    begun("programme", "jilin-2004", exits=4)
    assert "deyang-2004" in begun("programme", "deyang", exits=2).stderr


def test_the_preparations_are_shown_county_by_county(begun: Terminal):
    (county,) = begun.json("preparations", "deyang-2004")
    assert county["streams"]["training"] == "done"
    assert county["waits_for"] == ["DY-06", "DY-11"]
    shown = begun("preparations", "deyang-2004").stdout
    assert "业务培训" in shown
    assert "DY-06, DY-11" in shown


def test_the_task_letters_are_listed(begun: Terminal):
    (letter,) = begun.json("tasks", "deyang-2004", "--year", "2005")
    assert (letter["persons"], letter["acknowledged"], letter["issued"]) == (390_000, False, 0)
    assert "390000" in begun("tasks", "deyang-2004").stdout
    assert begun.json("tasks", "deyang-2004", "--year", "2006") == []
