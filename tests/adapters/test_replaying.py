"""Filled from the sealed log, the residents read model holds the rows that the log gives it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

import adapters.replaying
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.projector import Projector
from adapters.rebuilding import begin, fill, rebuild
from adapters.replaying import Stays, rebuild_sealed
from adapters.sealing import Job, seal
from registry.entry import Entry
from registry.errors import Unavailable
from registry.projections import PROJECTIONS
from replay.sealed.reading import SealedLog
from tests.adapters.followed import record
from tests.adapters.terminal import Terminal
from tests.replay.histories import town
from tests.strategies import story

SEEN = PROJECTIONS["residences"].table


@pytest.fixture
def log() -> list[Entry]:
    """A register that has lived a while, and a town where anything can happen to anybody."""
    lived = town(5, 6).entries
    other = story(12, 900, salt=7, people=9).entries
    late = max(entry.recorded_at for entry in lived)
    return lived + [
        entry._replace(position=len(lived) + entry.position, recorded_at=late + entry.position)
        for entry in other
    ]


@pytest.fixture
def filled(database_url: str, log: list[Entry]) -> str:
    """A database that holds it, in which nobody has a connection."""
    engine = open_database(database_url, durability="off")
    record(Recorder(engine, node=1), log)
    engine.dispose()
    return database_url


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """The rows that readers see."""
    with engine.connect() as connection:
        return sorted((tuple(row) for row in connection.execute(select(SEEN))), key=repr)


def sealed(url: str, folder: Any, until: int | None = None) -> SealedLog:
    """The log sealed up to a position."""
    seal(Job(url, folder, until=until, lot=200))
    return SealedLog(folder)


@pytest.mark.parametrize("until", [None, 500])
def test_rows_are_those_of_the_ordinary_rebuild(filled, log, tmp_path, monkeypatch, until):
    monkeypatch.setattr(adapters.replaying, "CHUNK", 7)
    columns = sealed(filled, tmp_path / "sealed", until)
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    assert projector.catch_up() == len(log)
    rebuild(projector, "residences")
    before = rows(engine)
    assert len(before) > 50
    seen: list[int] = []
    rebuild_sealed(projector, columns, "residences", seen.append)
    assert rows(engine) == before
    assert projector.positions()["residences"] == len(log)
    assert seen[-1] >= columns.spaces.count("person")
    engine.dispose()


def test_either_rebuild_goes_on_where_the_other_was_interrupted(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(adapters.replaying, "CHUNK", 7)
    monkeypatch.setattr(adapters.rebuilding, "CHUNK", 5)
    columns = sealed(filled, tmp_path / "sealed")
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    projector.catch_up()
    before = rows(engine)
    standing = begin(projector, "residences", columns.head)
    told, _ = fill(projector, {"residences": standing}, columns.head)
    standing = told["residences"]
    fresh = Stays(columns, columns.head, projector.folding(["residences"]))
    standing, _ = adapters.replaying.fill(projector, standing, fresh)
    assert standing.position == 0
    rebuild_sealed(projector, columns, "residences")
    assert rows(engine) == before
    standing = begin(projector, "residences", columns.head)
    adapters.replaying.fill(projector, standing, fresh)
    rebuild(projector, "residences")
    assert rows(engine) == before
    engine.dispose()


def test_a_rebuild_as_of_a_later_position_is_not_gone_on_with(filled, tmp_path):
    columns = sealed(filled, tmp_path / "sealed", 300)
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    begin(projector, "residences")
    with pytest.raises(Unavailable, match="sealed up to 300; run `registry seal`"):
        rebuild_sealed(projector, columns, "residences")
    engine.dispose()


def test_the_verb_rebuilds_from_the_sealed_log(filled, log, tmp_path):
    terminal = Terminal(tmp_path, filled)
    terminal.env["REGISTRY_SEALED"] = str(tmp_path / "sealed")
    terminal("migrate")
    terminal("follow", "--once")
    said = terminal("rebuild", "residences", "--from-sealed", exits=6).stderr
    assert "nothing is sealed yet" in said
    sealed(filled, tmp_path / "sealed")
    done = terminal.json("rebuild", "residences", "--from-sealed")
    assert done == {"positions": {"residences": len(log)}}
    said = terminal("rebuild", "persons", "--from-sealed", exits=2).stderr
    assert "residences" in said
