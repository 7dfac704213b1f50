"""Read models in a database: exactly once, over crashes, in company and anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from multiprocessing import active_children
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, func, select, text
from sqlalchemy.exc import OperationalError

from adapters import positions
from adapters.database import open_database, writing
from adapters.eventstore import Recorder
from adapters.leases import Lease
from adapters.projector import Projector
from adapters.rebuilding import (
    begin,
    fill,
    fill_in_turn,
    finish_all,
    fold,
    put,
    ranges,
    reach,
    rebuild,
)
from adapters.rebuilding_at_once import Lost
from adapters.tables import Copy, hurried
from registry.events.redaction import PART_REDACTED
from registry.projections import PROJECTIONS
from tests.adapters.followed import everything, followed, record
from tests.projections.pencil import folded
from tests.strategies import Log, story


@pytest.fixture(scope="module")
def log() -> Log:
    """A log in which everything happens that can."""
    return story(7, 600, people=20)


def rows_of(log: Log) -> dict[str, list[tuple[Any, ...]]]:
    """What read models must hold, folded in memory."""
    return folded(log.entries, [50] * 100).everything()


@pytest.mark.parametrize("batch", [7, 2000])
def test_tables_hold_what_was_folded(engine, log, batch):
    followed(engine, log.entries, batch=batch)
    assert everything(engine) == rows_of(log)


def test_a_crash_between_two_statements_leaves_nothing_half_done(engine, log):
    store = Recorder(engine, node=1)
    projector = Projector(engine, store, batch=12, cached=20)
    projector.prepare()
    record(store, log.entries)
    write = Copy.write
    written = 0

    def broken(copy: Copy, connection: Any, changes: Any) -> None:
        nonlocal written
        written += 1
        write(copy, connection, changes)
        if written % 37 == 0:
            raise RuntimeError("the power went out")

    with patch.object(Copy, "write", broken):
        crashes = 0
        while projector.position() < len(log.entries):
            before = projector.positions()
            try:
                projector.step()
            except RuntimeError:
                crashes += 1
                assert projector.positions() == before
                if crashes % 2:  # the process is started anew
                    projector = Projector(engine, store, batch=12, cached=20)
        assert crashes > 3, crashes
    assert everything(engine) == rows_of(log)


def test_a_crash_while_the_next_batch_is_folded_leaves_nothing_half_done(engine, log):
    store = Recorder(engine, node=1)
    projector = Projector(engine, store, batch=12)
    projector.prepare()
    record(store, log.entries)
    write = Copy.write
    written = crashes = 0

    def broken(copy: Copy, connection: Any, changes: Any) -> None:
        nonlocal written
        written += 1
        write(copy, connection, changes)
        if written % 171 == 0:
            raise RuntimeError("the power went out")

    with patch.object(Copy, "write", broken):
        while projector.position() < len(log.entries):
            try:
                projector.catch_up()
            except RuntimeError:
                crashes += 1
    assert crashes > 3, crashes
    assert everything(engine) == rows_of(log)


def test_two_followers_at_once_fold_every_entry_once(engine, log):
    store = Recorder(engine, node=1)
    followers = [Projector(engine, store, batch=11) for _ in range(2)]
    for projector in followers:
        projector.prepare()
    record(store, log.entries)
    threads = [Thread(target=projector.catch_up) for projector in followers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    followers[0].catch_up()
    assert followers[0].position() == len(log.entries)
    assert everything(engine) == rows_of(log)


def test_a_read_model_that_stayed_behind_catches_up_with_the_others(unprepared, log):
    store = Recorder(unprepared, node=1)
    some = [PROJECTIONS["residences"], PROJECTIONS["flows"]]
    early = Projector(unprepared, store, projections=some, batch=30)
    early.prepare()
    record(store, log.entries)
    early.catch_up(until=200)
    projector = Projector(unprepared, store, batch=30)
    projector.prepare()
    assert projector.catch_up() == len(log.entries)
    assert everything(unprepared) == rows_of(log)


@pytest.mark.parametrize("name", ["persons", "residences", "flows"])
def test_a_read_model_alone_reads_what_it_folds_and_has_every_row(unprepared, log, name):
    store = Recorder(unprepared, node=1)
    Projector(unprepared, store).prepare()
    record(store, log.entries)
    alone = Projector(unprepared, store, projections=[PROJECTIONS[name]], batch=7)
    steps = []
    with patch.object(store, "rows", wraps=store.rows) as read:
        while step := alone.step():
            steps.append(step)
    asked = [call.args[3] for call in read.call_args_list if len(call.args) > 3]
    assert asked
    assert all(PART_REDACTED in codes for codes in asked)  # whatever a read model folds
    assert steps[:2] == [7, 14]  # far behind, twice as many
    assert sum(steps) == len(log.entries) == alone.positions()[name]
    assert everything(unprepared)[name] == rows_of(log)[name]


def test_a_read_model_is_rebuilt_while_the_old_one_answers(engine, log):
    half = len(log.entries) // 2
    projector = followed(engine, log.entries[:half], batch=50)
    seen = everything(engine)
    told: list[int] = []

    def look(done: int) -> None:
        told.append(done)
        assert everything(engine)[name] == seen[name]

    with patch("adapters.rebuilding.CHUNK", 20):
        for name in PROJECTIONS:
            rebuild(projector, name, progress=look)
        assert everything(engine) == seen
        assert len(told) > len(PROJECTIONS)
        record(projector.store, log.entries[half:])  # type: ignore[arg-type]
        rebuild(projector, *PROJECTIONS, progress=told.append)
        assert told[-1] == len({one.stream for one in log.entries}), "one pass fills them all"
        assert min(projector.positions().values()) >= half
    projector.catch_up()
    assert everything(engine) == rows_of(log)


@pytest.fixture
def impatient(postgres_url: str) -> Iterator[Engine]:
    """PostgreSQL, where nobody waits for a lock."""
    engine = open_database(postgres_url, durability="off")

    @event.listens_for(engine, "begin")
    def hurry(connection: Connection) -> None:
        connection.exec_driver_sql("set local lock_timeout = '50ms'")

    yield engine
    engine.dispose()


def copies(engine: Engine, *names: str) -> list[str]:
    """Which copies of read models answer."""
    with engine.connect() as connection:
        found = {one.name: one for one in positions.standings(connection) if one.state == "active"}
    return [found[name].copy for name in names]


def test_a_question_that_reads_two_read_models_holds_up_only_one_that_is_rebuilt(impatient, log):
    projector = followed(impatient, log.entries[:100])
    names = ("persons", "residences")
    count = {name: select(func.count()).select_from(PROJECTIONS[name].table) for name in names}
    with impatient.connect() as question:
        question.scalar(count["residences"])
        waits = patch("adapters.rebuilding.sleep", side_effect=InterruptedError)
        with waits, pytest.raises(InterruptedError):
            rebuild(projector, *names)
        assert copies(impatient, *names) == ["b", "a"]
        assert question.scalar(count["persons"])
    finish_all(projector)
    assert copies(impatient, *names) == ["b", "b"]


def test_no_copy_is_moved_while_another_one_takes_its_place(impatient, log):
    projector = followed(impatient, log.entries[:100])
    other = Projector(impatient, Recorder(impatient, node=1))
    record(projector.store, log.entries[100:120])  # type: ignore[arg-type]
    refused = []

    def meanwhile(connection: Any, told: Any, **changes: Any) -> None:
        if "state" in changes:
            with pytest.raises(OperationalError, match="lock timeout"):
                other.step()
            refused.append(told)
        move(connection, told, **changes)

    move = positions.move
    with patch.object(positions, "move", meanwhile):
        rebuild(projector, "persons")
    assert refused


def test_a_rebuild_goes_on_where_it_was_interrupted(engine, log):
    projector = followed(engine, log.entries)
    with patch("adapters.rebuilding.CHUNK", 3):
        standing = begin(projector, "residences")
        _, count = next(fill_in_turn(projector, {"residences": standing}, standing.target))
        assert count == 3
        again = begin(projector, "residences")
        assert again.reached > standing.reached
        finish_all(projector)
    with engine.connect() as connection:
        states = {(one.name, one.state) for one in positions.standings(connection)}
    assert states == {(name, "active") for name in PROJECTIONS}
    assert everything(engine) == rows_of(log)


def test_processes_fill_at_once_what_one_does_and_go_on_when_they_were_killed(engine, log):
    projector = followed(engine, log.entries)
    seen = everything(engine)

    def kill(done: int) -> None:
        for one in active_children():
            one.kill()

    with patch("adapters.rebuilding.CHUNK", 7):
        with pytest.raises(Lost, match="run the rebuild again"):
            rebuild(projector, *PROJECTIONS, progress=kill, processes=2)
        assert not active_children()
        assert everything(engine) == seen, "the old copies answer"
        (reached,) = {begin(projector, name).reached for name in PROJECTIONS}
        assert reached != b"", "what was done before is kept"
        told: list[int] = []
        rebuild(projector, *PROJECTIONS, progress=told.append, processes=2)
    assert 0 < told[-1] < len({one.stream for one in log.entries}), "and is not done again"
    assert everything(engine) == seen


def test_who_fills_what_another_one_has_filled_hears_of_it(engine, log):
    projector = followed(engine, log.entries)
    told = {"persons": begin(projector, "persons")}
    range_ = next(ranges(engine, told))
    moved, _ = fill(projector, told, range_)
    with pytest.raises(positions.Superseded, match="persons"):
        fill(projector, told, range_)
    with pytest.raises((psycopg.errors.UniqueViolation, sqlite3.IntegrityError)):
        fill(projector, moved, range_)  # nobody else was there: the rows are wrong


def test_of_two_who_fill_the_same_streams_neither_waits_for_the_other_for_ever(postgres_url, log):
    """One writes for a process that shares out, which moves the place when it is its turn."""
    engine = open_database(postgres_url, durability="off")
    projector = followed(engine, log.entries)
    told = {"persons": begin(projector, "persons")}
    range_ = next(ranges(engine, told))
    refused: list[Exception] = []

    def fill_too() -> None:
        with pytest.raises(positions.Superseded) as caught:
            fill(Projector(engine, projector.store), told, range_)
        refused.append(caught.value)

    waits = text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    other = Thread(target=fill_too)
    changes, _ = fold(projector, told, range_)
    with hurried(engine) as connection:
        put(connection, projector, told, changes)
        other.start()
        waiting = 0
        while other.is_alive() and not waiting:
            with engine.connect() as looking:
                waiting = looking.scalar(waits)
        reach(connection, told, range_)
    other.join()
    assert len(refused) == 1
    engine.dispose()


@pytest.mark.parametrize("fault", [psycopg.errors.DeadlockDetected, psycopg.InterfaceError])
def test_a_follower_outlives_what_the_driver_says_while_rows_are_copied(engine, log, fault, caplog):
    store = Recorder(engine, node=1)
    projector = Projector(engine, store)
    projector.prepare()
    record(store, log.entries)
    faults = [fault("a name that stands in a row")]
    write = Copy.write

    def failing(copy: Copy, connection: Connection, changes: Any) -> None:
        write(copy, connection, changes)
        if faults:
            raise faults.pop()

    stop = Event()
    thread = Thread(target=projector.follow, args=(stop,))
    with patch.object(Copy, "write", failing), patch("adapters.projector.AWAY_S", 0.01):
        thread.start()
        seen = projector.wait_for(len(log.entries), timeout=30)
        stop.set()
        thread.join()
    assert seen
    assert everything(engine) == rows_of(log)
    assert fault.__name__ in caplog.text
    assert "a name" not in caplog.text


def test_new_read_models_of_a_long_log_are_filled_stream_by_stream(unprepared, log):
    store = Recorder(unprepared, node=1)
    record(store, log.entries)
    projector = Projector(unprepared, store)
    with patch("adapters.projector.FILL_FROM", 10):
        projector.prepare()
    assert projector.catch_up() == 0
    finish_all(projector)
    assert projector.catch_up() == len(log.entries)
    assert everything(unprepared) == rows_of(log)


def test_a_follower_fills_new_read_models_while_it_keeps_up_the_others(unprepared, log):
    store = Recorder(unprepared, node=1)
    old = [PROJECTIONS["residences"], PROJECTIONS["voidings"]]
    Projector(unprepared, store, projections=old).prepare()
    half = len(log.entries) // 2
    record(store, log.entries[:half])
    projector = Projector(unprepared, store)
    stop = Event()
    thread = Thread(target=projector.follow, args=(stop,))
    with patch("adapters.projector.FILL_FROM", 10), patch("adapters.rebuilding.CHUNK", 10):
        projector.prepare()
        assert projector.position() == 0, "what is not yet filled does not answer"
        thread.start()
        assert projector.wait_for(half, timeout=30)
        record(store, log.entries[half:])
        assert projector.wait_for(len(log.entries), timeout=30)
    stop.set()
    thread.join()
    assert everything(unprepared) == rows_of(log)


def test_a_follower_sees_what_is_recorded_and_wakes_who_waits(engine, log):
    store = Recorder(engine, node=1)
    projector = Projector(engine, store)
    projector.prepare()
    stop = Event()
    thread = Thread(target=projector.follow, args=(stop,))
    thread.start()
    record(store, log.entries[:20])
    projector.wake.set()
    assert projector.wait_for(20, timeout=20)
    assert not projector.wait_for(21, timeout=0.05)
    assert projector.lag() == 0
    stop.set()
    projector.wake.set()
    thread.join()


def test_positions_move_together_and_only_from_where_they_stand(engine, log):
    followed(engine, log.entries[:50])
    with engine.connect() as connection:
        before = positions.standings(connection)
    with writing(engine) as connection:
        positions.move(connection, before[1:2], position=7)
    with pytest.raises(positions.Superseded), writing(engine) as connection:
        positions.move(connection, before, position=51)
    with writing(engine) as connection:
        stand = positions.standings(connection)
        assert [one.position for one in stand] == [50, 7] + [50] * (len(stand) - 2)
        positions.move(connection, stand, position=51)  # each from its own place
        assert {one.position for one in positions.standings(connection)} == {51}


def test_one_holder_has_a_lease_until_it_runs_out_or_is_given_up(engine):
    with writing(engine) as connection:
        positions.create(connection)
    now = 1_000_000
    first = Lease(engine, "follower", "a", lambda: now, seconds=10)
    second = Lease(engine, "follower", "b", lambda: now, seconds=10)
    assert first.held()
    assert not second.held()
    now += 9_000_000
    assert first.held()
    now += 9_000_000
    assert not second.held()
    assert first.held()
    now += 11_000_000
    assert second.held()
    assert not first.held()
    second.give_up()
    now += 3_000_000
    assert first.held()


def test_a_row_that_is_not_there_to_be_closed_stops_the_work(engine, log):
    projector = followed(engine, log.entries[:100])
    with writing(engine) as connection:
        connection.execute(text("update residences_1a set known_until = known_until - 1"))
    record(projector.store, log.entries[100:])  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="residences_1a: closed"):
        projector.catch_up()
