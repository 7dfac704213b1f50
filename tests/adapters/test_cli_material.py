"""The books of production sites at the command line, over a shift and for ever."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

SITE = "510000900000"
CENTRE = {"REGISTRY_ROLES": "production-centre", "REGISTRY_OFFICE": SITE}


@pytest.fixture
def terminal(terminal):
    """A terminal of a production site before a fresh register."""
    terminal.env |= CENTRE
    sheet = {"sheet": "S1", "serials": [f"{number:016X}" for number in range(1, 9)]}
    terminal.do("ReceiveBlanks", sheets=[sheet], lot="2007-06", site=SITE)
    terminal.do("IssueBlanks", serials=sheet["serials"][:2], line="L1")
    terminal("follow", "--once")
    return terminal


def test_blanks_cards_waste_and_sheets_are_balanced(terminal):
    told = terminal.json("material", "--replay")
    assert (told["balanced"], told["replay_agrees"], told["made_twice"]) == (True, True, [])
    blanks, cards, waste = told["ledgers"]
    assert [line["ledger"] for line in told["ledgers"]] == ["blanks", "cards", "waste"]
    assert (blanks["came"], blanks["closing"], blanks["difference"]) == ({"received": 8}, 8, 0)
    assert cards["closing"] == waste["closing"] == 0
    assert told["sheets"][SITE] == {
        "opening": 0,
        "received": 1,
        "came": 0,
        "gone": 0,
        "closing": 1,
    }
    shown = terminal("material", "--site", SITE, "--work-order", "GD-1").stdout
    assert "8 received" in shown
    assert "--site" in terminal("material", "--site", "12", exits=2).stderr


def test_books_that_do_not_balance_end_with_a_finding(terminal, tmp_path):
    database = terminal.env["REGISTRY_DATABASE"].removeprefix("sqlite:///")
    with sqlite3.connect(database) as store:
        (name,) = store.execute(
            "select name from sqlite_master where type = 'table' and name like 'body_moves_%'"
            " order by name"
        ).fetchone()
        store.execute(f"delete from {name} where state_from = 0")
    store.close()
    told = terminal.json("material", "--replay", exits=1)
    assert (told["balanced"], told["replay_agrees"]) == (False, True)


def test_a_site_is_closed_once_nothing_is_left_in_it(terminal):
    province = {"REGISTRY_ROLES": "province,administrator", "REGISTRY_OFFICE": "510000000000"}
    terminal.env |= province
    other, today = "510700900000", date.today().isoformat()
    for site in (SITE, other):
        terminal.do("OpenSite", site=site, name="制证所", document="文", on=today)
    line = ("--to", SITE, "--on", today, "--document", "文")
    told = terminal.json("close-site", other, *line)
    assert (told["orders_passed"], told["to"]) == (0, SITE)
    terminal("follow", "--once")
    wrong = terminal("close-site", SITE, *line, exits=3)
    assert "site-not-empty" in wrong.stderr or "nothing is left" in wrong.stderr
    assert "--to" in terminal("close-site", SITE, "--to", "1", *line[2:], exits=2).stderr
