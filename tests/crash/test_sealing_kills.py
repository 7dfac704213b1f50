"""`kill -9` during sealing and rebuild: nothing lost, nothing twice, the same in the end."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.projector import Projector
from adapters.replaying import rebuild_sealed
from adapters.sealing import Job, seal, sealed_head
from registry.projections.households import HOUSEHOLD_MEMBERS
from registry.projections.residences import RESIDENCES
from registry.vocabulary import Kind
from replay.columns.exact import stored_rows
from replay.sealed.reading import Folder, SealedLog, verify
from replay.sealed.writing import LogWriter
from tests.adapters.followed import record
from tests.crash.killing import told_until_killed
from tests.replay.histories import town
from tests.strategies import story

LOT = 25


def kill_loop(url: str, folder: Path, kills: int, seed: int, moves: int) -> None:
    """Seal, kill, look; again and again."""
    from tests.crash.sealing import seal_until_killed  # it fetches kernels, which takes a while

    chance = random.Random(seed)
    engine = open_database(url, durability="off")
    record(Recorder(engine, node=1), story(seed, moves).entries)
    rows = Recorder(engine, node=1).page(0, 2**31)
    engine.dispose()
    job = Job(url, folder, lot=LOT)
    died, before = 0, 0
    for _ in range(kills):
        *_, told = told_until_killed(seal_until_killed, job, chance=chance, most=len(rows) // LOT)
        sealed = sealed_head(folder)
        assert sealed == len(rows) or sealed % LOT == 0
        assert sealed >= max(told, before), "what was told to be sealed is"
        died += told >= 0
        before = sealed
        check(folder, rows[:sealed])
        if sealed == len(rows):
            folder = folder.with_name(f"{folder.name}+")
            job, before = Job(url, folder, lot=LOT), 0
    assert died > kills / 4, "they were killed in the middle"
    seal(job)
    undisturbed = Job(url, folder.with_name("undisturbed"), lot=LOT)
    seal(undisturbed)
    check(folder, rows)
    assert roots(folder) == roots(undisturbed.folder)


def rebuild_loop(url: str, folder: Path, kills: int, seed: int) -> None:
    """Rebuild from the sealed log, kill, look; again and again."""
    from tests.crash.sealing import REBUILT, rebuild_until_killed

    chance = random.Random(seed)
    engine = open_database(url, durability="off")
    record(Recorder(engine, node=1), town(seed, 8).entries)
    engine.dispose()
    job = Job(url, folder)
    seal(job)
    before = homes(url)
    finished = 0
    for _ in range(kills):
        *_, told = told_until_killed(rebuild_until_killed, job, chance=chance, most=40)
        finished += told < 0
        assert homes(url) == before, "the old edition answers until the new one is whole"
    assert finished < kills, "they were killed in the middle"
    engine = open_database(url, durability="off")
    rebuild_sealed(Projector(engine, Recorder(engine, node=1)), SealedLog(folder), *REBUILT)
    engine.dispose()
    assert homes(url) == before


def homes(url: str) -> list[Any]:
    """What readers see of who lives where and with whom, the follower being up to the log."""
    engine = open_database(url, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    projector.catch_up()
    with engine.connect() as connection:
        found = [
            sorted(map(tuple, connection.execute(select(one.table))), key=repr)
            for one in (RESIDENCES, HOUSEHOLD_MEMBERS)
        ]
    engine.dispose()
    return found


def check(folder: Path, rows: list[Any]) -> None:
    """Hold a folder against the store, byte for byte, and against itself."""
    if not rows:
        return
    assert [*verify(Folder(folder))] == []
    log = SealedLog(folder)
    found = []
    for kind in Kind:
        for partition in log.partitions(kind):
            found += stored_rows(log.block(kind, partition), log.spaces)
    assert sorted(found, key=lambda row: row.position) == rows
    assert log.position_at(rows[-1].recorded_at) == len(rows)


def roots(folder: Path) -> dict[tuple[str, int], str]:
    """The roots of all partitions, each in one piece."""
    with LogWriter(folder) as writer:
        writer.compact()
        return {(one.of, one.base): one.root for one in writer.parts if one.what == "run"}


def test_a_rebuild_from_the_sealed_log_survives_being_killed(sqlite_url, tmp_path):
    kills = int(os.environ.get("REGISTRY_KILLS", "10"))
    rebuild_loop(sqlite_url, tmp_path / "sealed", kills, seed=5)


def test_what_was_sealed_survives_being_killed(sqlite_url, tmp_path):
    kills = int(os.environ.get("REGISTRY_KILLS", "10"))
    kill_loop(sqlite_url, tmp_path / "sealed", kills, seed=3, moves=600)


@pytest.mark.long
def test_what_was_sealed_survives_being_killed_hundreds_of_times(database_url, tmp_path):
    kill_loop(database_url, tmp_path / "sealed", 200, seed=4, moves=2000)


@pytest.mark.long
def test_a_rebuild_from_the_sealed_log_survives_being_killed_often(postgres_url, tmp_path):
    rebuild_loop(postgres_url, tmp_path / "sealed", 100, seed=6)
