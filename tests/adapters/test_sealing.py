"""From the store into the sealed log: once, in order, whoever falls; and the tail on top."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.sealed_matching import differences
from adapters.sealing import (
    Job,
    follow_sealing,
    open_log,
    seal,
    seal_apart,
    sealed_head,
    travels,
)
from adapters.signing import new_key
from registry.codec import Codec
from registry.entry import Entry
from registry.errors import Unavailable
from registry.vocabulary import Kind
from replay.columns.exact import stored_rows
from replay.columns.faults import Damaged, Flaw, Missing
from replay.columns.log import Log
from replay.intake.lots import Unreadable
from replay.sealed.reading import Folder, Outdated, SealedLog, read_manifest, verify
from replay.sealed.writing import LogWriter
from tests.adapters.followed import record
from tests.adapters.terminal import Terminal
from tests.strategies import story

CODEC = Codec()


@pytest.fixture
def log() -> list[Entry]:
    """A log of a small town."""
    return story(11, 400).entries


@pytest.fixture
def filled(database_url: str, log: list[Entry]) -> str:
    """A database that holds it, in which nobody has a connection."""
    engine = open_database(database_url, durability="off")
    record(Recorder(engine, node=1), log)
    engine.dispose()
    return database_url


def told(log: Log) -> list[Entry]:
    """Every entry of a log, by position."""
    found = []
    for kind in Kind:
        for stream in log.spaces.ids(kind.value, range(log.count(kind))):
            found += log.history(kind, stream)
    return sorted(found, key=lambda entry: entry.position)


def recorded(url: str) -> list[Any]:
    """Every stored entry of a database, by position."""
    engine = open_database(url)
    store = Recorder(engine, node=1)
    rows = store.page(0, store.head()[0])
    engine.dispose()
    return rows


@pytest.mark.parametrize("lot", [64, 1000])
def test_a_sealed_log_holds_every_entry_byte_for_byte(filled, log, tmp_path, lot):
    seen: list[tuple[int, int]] = []
    job = Job(filled, tmp_path / "sealed", lot=lot)
    assert seal(job, lambda done, of: seen.append((done, of))) == len(log)
    assert seen[-1] == (len(log), len(log))
    assert [done for done, _ in seen[:-1]] == list(range(lot, len(log), lot))
    sealed = SealedLog(job.folder)
    assert [*verify(Folder(job.folder))] == []
    rows = recorded(filled)
    assert told(sealed) == [CODEC.entry(row) for row in rows]
    found = []
    for kind in Kind:
        for partition in sealed.partitions(kind):
            found += stored_rows(sealed.block(kind, partition), sealed.spaces, CODEC)
    assert sorted(found, key=lambda row: row.position) == rows


def test_what_is_written_anew_while_it_is_held_against_the_store_is_read_again(filled, tmp_path):
    job = Job(filled, tmp_path / "sealed", lot=64, until=100)
    seal(job)
    engine = open_database(filled)
    store = Recorder(engine, node=1)
    log, stale = (SealedLog(job.folder, guarded=True) for _ in range(2))
    told = differences(log, engine, store)
    first = next(told)
    seal(dataclasses.replace(job, until=None))
    with LogWriter(job.folder) as writer:
        writer.compact()
        writer._clean()  # as whoever writes next does
    with pytest.raises(Outdated):
        [stale.block(Kind.PERSON, one).texts.data for one in stale.partitions(Kind.PERSON)]
    found = [first, *told]
    assert [one.faults for one in found if one.faults] == []
    assert sum(one.entries for one in found) == 100, "what was sealed when it began"
    found = [*differences(log, engine, store)]
    assert [one.faults for one in found if one.faults] == []
    assert sum(one.entries for one in found) == read_manifest(Folder(job.folder)).head
    engine.dispose()


def test_sealing_goes_on_where_it_stopped(filled, log, tmp_path):
    folder = tmp_path / "sealed"
    for until in (100, 100, 137, None):
        seal(Job(filled, folder, until=until, lot=64))
        assert sealed_head(folder) == (until or len(log))
    assert [entry.position for entry in told(SealedLog(folder))] == [*range(1, len(log) + 1)]


def test_what_is_not_sealed_yet_is_read_from_the_store_on_top(filled, log, tmp_path):
    folder = tmp_path / "sealed"
    entries = [CODEC.entry(row) for row in recorded(filled)]
    seal(Job(filled, folder, until=150, lot=64))
    engine = open_database(filled)
    store = Recorder(engine, node=1)
    assert told(open_log(tmp_path / "nothing", store)) == entries
    found = open_log(folder, store)
    assert found.head == len(log)
    assert told(found) == entries
    engine.dispose()


def test_the_follower_seals_once_enough_is_waiting(filled, log, tmp_path):
    job = Job(filled, tmp_path / "sealed", until=100, lot=64)
    seal(job)
    engine = open_database(filled)
    stop = threading.Event()

    def done(sealed: int, of: int) -> None:
        if sealed == of:
            stop.set()

    job = dataclasses.replace(job, until=None)
    follow_sealing(job, Recorder(engine, node=1), stop, progress=done, waiting=50)
    engine.dispose()
    seal(job)  # the follower lets go when it is told to stop, even before the end
    assert sealed_head(job.folder) == len(log)


def test_manifests_are_signed_with_the_newest_key_of_the_file(filled, tmp_path):
    path = tmp_path / "signing.key"
    new_key(path, "register")
    public = new_key(path, "register")
    job = Job(filled, tmp_path / "sealed", signing_key=path)
    seal(job)
    assert SealedLog(job.folder).manifest.signed.key == public.raw.hex()


def test_an_entry_of_a_newer_program_stops_the_process_that_seals_and_is_named(filled, tmp_path):
    engine = open_database(filled)
    with engine.begin() as connection:
        connection.execute(text("update entries set code = 999 where position = 120"))
    engine.dispose()
    job = Job(filled, tmp_path / "sealed", lot=50)
    with pytest.raises(Unreadable, match="entry 120 has event code 999"):
        seal_apart(job)
    assert sealed_head(job.folder) == 100


class Odd(Exception):
    """An error of a library that is made of other things than it says."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


def test_an_error_of_the_process_that_seals_comes_out_or_its_words_do():
    assert travels(Unreadable("entry 1"))
    assert travels(Unavailable("away"))
    assert travels(Damaged([Flaw("file", "wrong")]))
    assert travels(Missing("person", 1, 2))
    assert not travels(Odd("one", "two"))


def test_a_gap_in_the_store_stops_the_sealing(filled, tmp_path):
    engine = open_database(filled)
    with engine.begin() as connection:
        connection.execute(text("delete from entries where position = 120"))
    engine.dispose()
    job = Job(filled, tmp_path / "sealed", lot=50)
    with pytest.raises(Unavailable, match="49 of 50"):
        seal(job)
    assert sealed_head(job.folder) == 100


def test_the_verb_seals_and_says_how_far_it_is(filled, log, tmp_path):
    terminal = Terminal(tmp_path, filled)
    terminal.env["REGISTRY_SEALED"] = str(tmp_path / "sealed")
    terminal("migrate")
    before = terminal.json("seal", "--status")
    assert (before["sealed"], before["waiting"]) == (0, len(log))
    done = terminal.json("seal")
    assert (done["sealed"], done["waiting"]) == (len(log), 0)
    assert done == terminal.json("seal", "--status")
    assert json.loads(Path(tmp_path / "sealed" / "manifest.json").read_text())
    assert done["digest"] == SealedLog(tmp_path / "sealed").manifest.link.digest
    assert "leave the other switch away" in terminal("seal", "--status", "--follow", exits=2).stderr
    file = tmp_path / "one.registry"
    assert "it seals nothing" in terminal("seal", "--status", "--to", file, exits=2).stderr
    assert not file.exists()
