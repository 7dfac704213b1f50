"""The self-audit goes round for ever, is not lost by a kill, and knows what is wrong now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import MetaData, delete, func, insert, select, update

from adapters import positions
from adapters.database import open_database, writing
from adapters.eventstore import Recorder
from adapters.http.metrics import audited
from adapters.watching import Watch, findings, known_divergences, rounds, sights
from registry.projections import PROJECTIONS
from tests.adapters.followed import followed
from tests.replay.histories import town

HOUR = 3_600_000_000
HOME = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def entries():
    """The log of a town in which everything happens that is hard."""
    return town(7, 1).entries


class Clock:
    """A clock that somebody winds."""

    now = HOUR

    def __call__(self) -> int:
        return self.now


def watch_of(engine, entries, clock, **how):
    """A self-audit of a register that has caught up."""
    projector = followed(engine, entries)
    return Watch(engine, projector.store, clock, **how)


def look(engine, clock):
    """What is known of each read model."""
    with engine.connect() as connection:
        return {one.model: one for one in sights(connection, clock())}


def damage(engine, name, column, value):
    """Change a value of a row of a read model; returns the stream's bytes and the value before."""
    table = PROJECTIONS[name].physical("a", MetaData())
    with writing(engine) as connection:
        row = connection.execute(select(table).order_by(*table.primary_key.columns)).all()[0]
        key = [part == row._mapping[part.name] for part in table.primary_key.columns]
        connection.execute(update(table).where(*key).values({column: value}))
    return bytes(row[0]), row._mapping[column]


def test_a_whole_round_sees_every_read_model(engine, entries):
    clock = Clock()
    watch = watch_of(engine, entries, clock, limit=5)
    assert look(engine, clock) == {}
    watch.step()
    assert {one.age_s for one in look(engine, clock).values()} <= {-1.0, 0.0}
    watch.round()
    clock.now += HOUR
    seen = look(engine, clock)
    assert seen.keys() == PROJECTIONS.keys()
    for one in seen.values():
        assert (one.divergences, one.position, one.age_s) == (0, len(entries), 3600)
    assert seen["flows"].rows


def test_a_read_model_that_is_not_filled_yet_holds_no_round_up(engine, entries):
    clock = Clock()
    watch = watch_of(engine, entries, clock)
    with writing(engine) as connection:
        mine = positions.projections.c.name == "persons"
        connection.execute(update(positions.projections).where(mine).values(state="filling"))
    for _ in range(2 * len(PROJECTIONS)):
        if watch.step():
            break
    else:
        raise AssertionError("the round does not end")
    seen = look(engine, clock)
    assert {name for name, one in seen.items() if one.age_s < 0} == {"persons"}


def test_a_new_read_model_is_no_round_by_itself(engine, entries):
    clock = Clock()
    watch = watch_of(engine, entries, clock)
    watch.round()
    with writing(engine) as connection:  # as a program leaves it that does not know persons
        connection.execute(delete(rounds).where(rounds.c.model == "persons"))
    damage(engine, "residences", "valid_until", 7)
    Watch(engine, watch.store, clock).round()
    with engine.connect() as connection:
        assert [one.model for one in known_divergences(connection)] == ["residences"]


def test_what_is_wrong_is_known_until_it_is_right_again(engine, entries):
    clock = Clock()
    watch = watch_of(engine, entries, clock)
    stream, before = damage(engine, "persons", "sex", 7)
    watch.round()
    assert look(engine, clock)["persons"].divergences == 1
    with engine.connect() as connection:
        (found,) = known_divergences(connection)
    assert (found.model, found.stream, found.columns) == ("persons", stream, ("sex",))
    watch.round()
    assert look(engine, clock)["persons"].divergences == 1, "counted once, however often it is seen"
    damage(engine, "persons", "sex", before)
    watch.round()
    assert look(engine, clock)["persons"].divergences == 0


def test_a_row_of_no_stream_is_known_until_it_is_gone(engine, entries):
    watch = watch_of(engine, entries, clock := Clock(), limit=3)
    table = PROJECTIONS["persons"].physical("a", MetaData())
    with writing(engine) as connection:
        row = connection.execute(select(table).limit(1)).one()
        for name in (b"", row.person + b"\0"):
            connection.execute(insert(table).values(**{**row._mapping, "person": name}))
    watch.round()
    watch.round()
    with engine.connect() as connection:
        told = [(one.stream, one.what) for one in known_divergences(connection)]
    assert sorted(told) == [(b"", "surplus"), (row.person + b"\0", "surplus")]
    with writing(engine) as connection:
        connection.execute(delete(table).where(func.length(table.c.person) != 16))
    watch.round()
    assert look(engine, clock)["persons"].divergences == 0


def test_the_meters_tell_drift_position_and_age(engine, entries):
    clock = Clock()
    watch = watch_of(engine, entries, clock)
    damage(engine, "residences", "status", 9)
    watch.round()
    clock.now += HOUR
    with engine.connect() as connection:
        told = audited(sights(connection, clock())).decode()
    assert 'registry_self_audit_divergences{projection="residences"} 1.0' in told
    assert 'registry_self_audit_divergences{projection="persons"} 0.0' in told
    assert f'registry_self_audit_position{{projection="persons"}} {len(entries)}.0' in told
    assert 'registry_self_audit_age_seconds{projection="persons"} 3600.0' in told


def test_two_who_watch_at_once_do_no_harm(engine, entries):
    clock = Clock()
    one = watch_of(engine, entries, clock, limit=4)
    two = Watch(engine, one.store, clock, limit=6)
    for _ in range(40):
        one.step()
        two.step()
    assert {sight.divergences for sight in look(engine, clock).values()} == {0}
    with engine.connect() as connection:
        assert connection.execute(select(findings)).first() is None


def test_it_rests_between_ranges_and_stops_when_told(engine, entries):
    watch = watch_of(engine, entries, Clock(), share=0.5)
    stop = Event()
    rests = []

    class Waited(Event):
        """Notes how long one would have rested, and rests not at all."""

        def wait(self, timeout=None):
            rests.append(timeout)
            return self.is_set()

    stop = Waited()
    seen = []

    def told(piece):
        seen.append(piece)
        if len(seen) == 5:
            stop.set()

    watch.run(stop, told=told)
    assert len(seen) == 5
    assert len(rests) == 5
    assert all(rest > 0 for rest in rests)


CHILD = """
import sys
from adapters.database import open_database
from adapters.eventstore import Recorder, microseconds
from adapters.watching import Watch
engine = open_database(sys.argv[1], durability="off")
watch = Watch(engine, Recorder(engine, node=1), microseconds, limit=2)
print("ready", flush=True)
while True:
    watch.step(lambda piece: print(piece.model, flush=True))
"""


def test_a_killed_one_goes_on_where_it_was(sqlite_url, entries):
    engine = open_database(sqlite_url, durability="off")
    projector = followed(engine, entries)
    damage(engine, "persons", "sex", 7)
    reached = []
    for kill in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, sqlite_url], cwd=HOME, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(3 + 9 * kill):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        child.stdout.close()
        child.wait()
        with engine.connect() as connection:
            done = select(rounds.c.model, rounds.c.round, rounds.c.reached, rounds.c.rows)
            reached.append(sorted(map(tuple, connection.execute(done))))
    assert all(one != two for one, two in pairwise(reached)), "each one went on"
    watch = Watch(engine, Recorder(engine, node=1), Clock(), limit=50)
    assert projector.position() == len(entries)
    for _ in range(len(PROJECTIONS) + 1):
        watch.round()
    with engine.connect() as connection:
        assert [one.columns for one in known_divergences(connection)] == [("sex",)]
    engine.dispose()
