"""Recording without a look: right whoever else enters, and whatever fails."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from adapters import drivers
from adapters.appending import Wish
from adapters.committing import TRUST, Standing
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.libpq import Lane
from registry.store import Append, Failed, Outcome, Raced, Receipt, Repeated, StoreUnavailable
from tests.adapters.recording import NODE, A, B, C, Clock, entry, kinds, wish

STREAMS = (A, B, C)


@pytest.fixture
def store(engine: Engine) -> Recorder:
    return Recorder(engine, node=NODE, clock=Clock(1_000))


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A place a look under the lock, for either database."""
    looks: list[int] = []
    for kind in (drivers.SqliteTransaction, drivers.PostgresTransaction):

        def counted(self, streams, submissions, plain=kind.look):
            looks.append(len(streams))
            return plain(self, streams, submissions)

        monkeypatch.setattr(kind, "look", counted)
    return looks


def trusted(store: Recorder) -> int:
    """Let a recorder find that nobody else enters; how many entries there are then."""
    for _ in range(TRUST + 1):
        store.append([wish(entry(uuid4(), 1))])
    return store.head()[0]


def test_who_is_alone_records_without_a_look(store: Recorder, looked: list[int]):
    last = trusted(store)
    assert len(looked) == TRUST + 1
    batches = [
        [wish(entry(A, 1), entry(A, 2)), wish(entry(B, 1), guards={A: 2, B: 0})],
        [wish(), wish(entry(A, 3), guards={A: 2, B: 1})],
        [wish(entry(C, 1, b"longer" * 9_000), guards={A: 3, C: 0})],
    ]
    told = [one for batch in batches for one in store.append(batch)]
    assert [(one.first, one.count) for one in told if isinstance(one, Receipt)] == [
        *((last + 1, 2), (last + 3, 1), (last + 4, 0), (last + 4, 1), (last + 5, 1))
    ]
    assert len(looked) == TRUST + 1
    assert [one.originator_version for one in store.streams([A])[A]] == [1, 2, 3]
    sent = [one.submission for batch in batches for one in batch if one.submission]
    assert len(store.submissions(sent)) == 5


def test_a_stream_that_was_only_read_is_known_from_its_reading(store: Recorder, looked: list[int]):
    other = Recorder(store.engine, node=NODE, clock=Clock(1_000))
    other.append([wish(entry(A, 1))])
    trusted(store)
    del looked[:]
    assert kinds(store.append([wish(entry(B, 1), guards={A: 1})])) == [Receipt]
    assert looked, "nobody has read it"
    other.append([wish(entry(C, 1))])
    trusted(store)
    store.streams([C, A])
    del looked[:]
    assert kinds(store.append([wish(entry(uuid4(), 1), guards={A: 1, C: 1})])) == [Receipt]
    assert not looked


def test_what_was_read_before_others_entered_is_not_known():
    standing = Standing()
    for _ in range(TRUST + 1):
        standing.saw((7, 1_000))
    for position, known in ((6, False), (7, True)):
        standing.fetched(position, {A.bytes: 3})
        found = standing.known([Wish(wish(entry(B, 1), guards={A: 3}))])
        assert (found is not None) is known
    standing.went_on((8, 1_000), {A.bytes: 4})
    standing.fetched(7, {A.bytes: 3})  # read before we went on
    found = standing.known([Wish(wish(entry(B, 1), guards={A: 4}))])
    assert found is not None
    assert found.heads == {A.bytes: 4}
    for _ in range(TRUST + 1):
        standing.saw((9, 1_000))
    assert standing.known([Wish(wish(entry(B, 1)))]) is not None
    assert standing.known([Wish(wish(entry(B, 1), guards={A: 4}))]) is None, "others have entered"


def test_who_is_alone_no_longer_is_found_out_by_the_database(store: Recorder, looked: list[int]):
    last = trusted(store)
    store.append([wish(entry(A, 1)), wish(entry(B, 1))])
    other = Recorder(store.engine, node=NODE, clock=Clock(1_000))
    other.append([wish(entry(A, 2))])
    del looked[:]
    outcomes = store.append([wish(entry(B, 2), guards={A: 1}), wish(entry(C, 1), guards={B: 1})])
    assert kinds(outcomes) == [Raced, Receipt]
    assert looked
    trusted(store)
    store.append([wish(entry(A, 3), guards={A: 2})])
    other.append([wish(entry(A, 4))])
    assert kinds(store.append([wish(guards={A: 3})])) == [Raced], "there is an answer alone"
    assert [one.position for one in store.page(last, 99)] == [*range(last + 1, last + 11)]


@pytest.mark.parametrize("size", [1, 9])
def test_what_the_database_refuses_fails_alone_without_a_look_too(store: Recorder, size: int):
    trusted(store)
    known = wish(entry(A, 1))
    store.append([known])
    batch = [wish(entry(uuid4(), 1)) for _ in range(size)]
    wrong = wish(entry(B, 1, effective_on=2**70))
    outcomes = store.append([*batch, wrong, known, wish(entry(C, 1))])
    assert kinds(outcomes) == [Receipt] * size + [Failed, Repeated, Receipt]
    assert kinds(store.append([wish(entry(C, 2))])) == [Receipt]


def test_a_connection_that_is_cut_on_the_way_is_told_and_settled_by_sending_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    engine = open_database(postgres_url, durability="off")
    store = Recorder(engine, node=NODE, clock=Clock(1_000))
    trusted(store)
    engine.dispose()  # so that it has the one connection that is cut
    batch = [wish(entry(A, 1)), wish(entry(B, 1))]
    other = open_database(postgres_url, durability="off")
    with other.connect() as holding:  # so that it waits for the lock when it is cut
        holding.execute(text(f"select pg_advisory_xact_lock({drivers.LOCK})"))
        receive = Lane.receive

        def cut(lane: Lane, statements: int) -> list[list[Any]]:
            holding.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            )
            return receive(lane, statements)

        monkeypatch.setattr(Lane, "receive", cut)
        with pytest.raises(StoreUnavailable):
            store.append(batch)
        monkeypatch.undo()
    assert kinds(store.append(batch)) == [Receipt, Receipt]
    engine.dispose()
    other.dispose()


@st.composite
def deeds(draw: st.DrawFn) -> list[tuple[bool, bool, list[tuple[int, int, dict[int, int]]]]]:
    """What two recorders do: who, whether it reads first, and what it appends.

    An append is a stream, by how much its version is off, and streams that it has read, by how much
    theirs are.
    """
    off = st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])
    append = st.tuples(st.integers(0, 2), off, st.dictionaries(st.integers(0, 2), off, max_size=2))
    other = st.sampled_from([False] * 6 + [True])
    deed = st.tuples(other, st.booleans(), st.lists(append, min_size=1, max_size=3))
    return draw(st.lists(deed, min_size=8, max_size=24))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one log for all, as in life
)
@given(story=deeds())
def test_two_who_enter_in_turn_are_judged_as_by_one_with_a_pencil(engine: Engine, story):
    """The pencil knows how many entries each stream has, and nothing else."""
    streams = [uuid4() for _ in STREAMS]
    both = [Recorder(engine, node=NODE, clock=Clock(1_000)) for _ in range(2)]
    versions = dict.fromkeys(streams, 0)
    last = both[0].head()[0]
    for other, reads, appends in story:
        store = both[other]
        if reads:
            assert {one: len(its) for one, its in store.streams(streams).items()} == versions
        batch: list[Append] = []
        wanted: list[int | None] = []
        now = dict(versions)
        for to, off, read in appends:
            guards = {streams[one]: max(0, now[streams[one]] + by) for one, by in read.items()}
            version = max(1, now[streams[to]] + 1 + off)
            batch.append(wish(entry(streams[to], version), guards=guards))
            right = version == now[streams[to]] + 1
            if right and all(now[one] == said for one, said in guards.items()):
                now[streams[to]] += 1
                last += 1
                wanted.append(last)
            else:
                wanted.append(None)
        assert [said(one) for one in store.append(batch)] == wanted
        versions = now


def said(outcome: Outcome) -> int | None:
    """The position of what was recorded, None where it lost."""
    assert isinstance(outcome, (Receipt, Raced)), outcome
    return outcome.first if isinstance(outcome, Receipt) else None
