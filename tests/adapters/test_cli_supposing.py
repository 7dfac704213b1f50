"""What another table would have done is told in counts, and a table that is none is turned away."""

from __future__ import annotations

import csv

import pytest

from adapters.database import open_database
from registry.codes import table
from registry.events.applications import CardSigned
from tests.adapters.followed import followed
from tests.replay.test_changed import with_cards


@pytest.fixture
def terminal(terminal, sqlite_url):
    """A terminal before a register that has issued cards."""
    engine = open_database(sqlite_url, durability="off")
    followed(engine, with_cards(1))
    engine.dispose()
    return terminal


def written(path, rows):
    """Rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_another_table_is_replayed(terminal, tmp_path):
    rows = [
        {**row, "years": "5" if row["years"] == "10" else row["years"]}
        for row in table("card_validity")
    ]
    told = terminal.json("what-if", "card_validity", written(tmp_path / "draft.csv", rows))
    assert told["asked"] == sum(isinstance(one.event, CardSigned) for one in with_cards(1))
    assert {(one["was"], one["would"]) for one in told["turns"]} <= {(10, 5)}
    assert told["differ"] == sum(one["decisions"] for one in told["turns"])
    same = written(tmp_path / "same.csv", list(table("card_fee")))
    told = terminal.json("what-if", "card_fee", same)
    assert (told["differ"], told["persons"], told["since"]) == (0, 0, None)
    assert told["asked"]


def test_what_is_no_table_is_turned_away(terminal, tmp_path):
    rows = [{"min_age": "0", "years": "5"}]
    told = terminal("what-if", "card_validity", written(tmp_path / "half.csv", rows), exits=2)
    assert "max_age" in told.stderr
    broken = [{**row, "years": "many"} for row in table("card_validity")]
    told = terminal("what-if", "card_validity", written(tmp_path / "many.csv", broken), exits=2)
    assert "many" in told.stderr
    (tmp_path / "gbk.csv").write_bytes("年".encode("gbk"))
    terminal("what-if", "card_validity", tmp_path / "gbk.csv", exits=2)
    terminal("what-if", "marriages", tmp_path / "half.csv", exits=2)
