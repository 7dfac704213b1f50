"""A batch is decided while another is being recorded: what is told is as if it were not."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.errors import Refused, RegistryError, SubmissionReused, Unavailable
from registry.register import Register, Setting
from registry.store import Append, Outcome, Receipt, Recording, StoredEntry, StoreUnavailable
from tests.scenarios.town import NAMESPACE, PLACES, Town, birth
from tests.test_register import sent, taller

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))


class Later:
    """A batch that is recorded when its outcomes are asked for, whatever happens before."""

    def __init__(self, store: Slow, batch: Sequence[Append]) -> None:
        self.store, self.batch = store, batch

    def outcomes(self) -> list[Outcome]:
        """Let happen what happens, then record."""
        before, self.store.before = self.store.before, None
        after, self.store.after = self.store.after, None
        self.store.asked.append("outcomes")
        self.store.open = False
        if before is not None:
            before()
        told = self.store.append(self.batch)
        if after is not None:
            after()
        return told


class Slow(Recorder):
    """A store that records when it is asked for outcomes.

    before, after: what happens on the way, once. asked: what was asked for, in order.
    """

    overlaps = True
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    open = False  # between the beginning of a batch and its outcomes

    def __init__(self, *args: Any, **told: Any) -> None:
        super().__init__(*args, **told)
        self.asked: list[str] = []

    def begin(self, batch: Sequence[Append]) -> Recording:  # type: ignore[override]  # a double
        """Do nothing yet."""
        assert not self.open, "one at a time"
        self.asked.append("begin")
        self.open = True
        return Later(self, batch)

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Record at once."""
        assert not self.open, "one at a time"
        return Recorder.begin(self, batch).outcomes()

    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[StoredEntry]]:
        """Note that something was read."""
        self.asked.append("streams")
        return super().streams(ids)


@pytest.fixture
def slow(town: Town) -> Iterator[Register]:
    engine = open_database(f"sqlite:///{town.path}", durability="off")
    yield Register(
        Slow(engine, node=1, clock=town.clock),
        Setting(NAMESPACE, PLACES),
        clock=town.clock,
        ids=uuid4,
        salt=lambda: os.urandom(16),
    )
    engine.dispose()


def away() -> None:
    """What a database does that is gone."""
    raise StoreUnavailable("the connection was closed")


def agrees(slow: Register) -> None:
    """Nothing is in memory that is not stored; what others entered may not have been seen yet."""
    for stream, history in slow._cache.items():
        assert history.entries == slow.history(stream)[: len(history.entries)]


def results(slow: Register, *batches: Sequence[Any]) -> list[list[Any]]:
    """Begin each batch while the one before it is under way."""
    begun = [slow.begin(batch) for batch in batches]
    told = []
    for one in begun:
        try:
            told.append(slow.end(one))
        except StoreUnavailable as error:
            told.append([error])
    return told


def types(told: list[list[Any]]) -> list[list[type]]:
    return [[type(one) for one in batch] for batch in told]


def test_a_batch_is_decided_on_what_the_one_under_way_enters(town: Town, slow: Register):
    slow.do(sent(taller(town.li, 150), FOUR))
    store: Any = slow.store
    del store.asked[:]
    told = results(
        slow,
        [sent(taller(town.li, 160), ONE), sent(birth(town), TWO)],
        [sent(taller(town.li, 161), THREE)],
    )
    assert types(told) == [[Receipt, Receipt], [Receipt]]
    assert store.asked[-3:] == ["outcomes", "begin", "outcomes"]
    assert told[1][0].first == told[0][1].first + told[0][1].count
    assert town.person(town.li).height_cm == 161
    agrees(slow)


def test_a_refusal_waits_for_the_entries_that_it_rests_on(town: Town, slow: Register):
    first = slow.begin([sent(taller(town.li, 160), ONE)])
    second = slow.begin([sent(taller(town.li, 160), TWO)])
    (refused,) = slow.end(second)
    assert isinstance(refused, Refused)
    assert town.person(town.li).height_cm == 160
    assert [type(one) for one in slow.end(first)] == [Receipt]


@pytest.mark.parametrize("when", ["before", "after"])
def test_nobody_is_refused_for_what_was_lost(town: Town, slow: Register, when: str):
    setattr(slow.store, when, away)
    told = results(slow, [sent(taller(town.li, 160), ONE)], [sent(taller(town.li, 160), TWO)])
    assert types(told) == [[StoreUnavailable], [Receipt if when == "before" else Refused]]
    assert town.person(town.li).height_cm == 160
    agrees(slow)


@pytest.mark.parametrize("where", ["end", "next", "alone"])
def test_what_was_interrupted_leaves_nothing_in_memory_that_is_not_recorded(
    town: Town, slow: Register, monkeypatch: pytest.MonkeyPatch, where: str
):
    slow.do(sent(taller(town.li, 150), uuid4()))

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    batch = [sent(taller(town.li, 160), uuid4())]
    if where == "alone":
        with monkeypatch.context() as patch:
            patch.setattr(slow.store, "append", interrupt)
            with pytest.raises(KeyboardInterrupt):
                slow.do_all(batch)
    else:
        first = slow.begin(batch)
        slow.store.before = interrupt  # type: ignore[attr-defined]  # of the double
        after = [sent(taller(town.li, 170), uuid4())]
        with pytest.raises(KeyboardInterrupt):
            slow.end(first) if where == "end" else slow.begin(after)
        with pytest.raises(Unavailable, match="send it again"):
            slow.end(first)
    agrees(slow)
    (told,) = slow.do_all(batch)
    assert isinstance(told, Receipt), "it is decided on what is recorded"


def test_what_memory_has_no_room_for_is_read_once_it_is_recorded(
    town: Town, slow: Register, monkeypatch: pytest.MonkeyPatch
):
    slow.do(sent(taller(town.li, 150), FOUR))
    monkeypatch.setattr("registry.register.CACHED_STREAMS", 0)
    told = results(slow, [sent(taller(town.li, 160), ONE)], [sent(taller(town.li, 150), TWO)])
    assert types(told) == [[Receipt], [Receipt]], "back to what the store had before"


def test_who_was_decided_upon_a_loser_is_decided_anew(town: Town, slow: Register):
    other = town.another()
    slow.do(sent(taller(town.li, 150), FOUR))
    store: Any = slow.store
    store.before = lambda: other.do(sent(taller(town.li, 160), THREE))
    told = results(slow, [sent(taller(town.li, 160), ONE)], [sent(taller(town.li, 161), TWO)])
    assert types(told) == [[Refused], [Receipt]]  # somebody else had entered the same
    assert town.person(town.li).height_cm == 161
    agrees(slow)


def test_a_row_that_the_database_refuses_fails_alone_and_takes_nobody_along(
    town: Town, slow: Register
):
    with slow.store.engine.begin() as connection:  # type: ignore[attr-defined]  # it is a Recorder
        connection.execute(
            text(
                "create trigger refuse before insert on entries"
                """ when instr(new.state || new.private, '"height_cm"' || char(58) || '166')"""
                " begin select raise(abort, 'refused'); end"
            )
        )
    told = results(
        slow,
        [sent(taller(town.li, 166), ONE), sent(taller(town.boy, 120), TWO)],
        [sent(taller(town.li, 166), THREE), sent(taller(town.li, 167), FOUR)],
    )
    assert types(told) == [[Unavailable, Receipt], [Unavailable, Receipt]]
    assert town.person(town.li).height_cm == 167
    agrees(slow)


def test_what_is_sent_again_while_it_is_under_way_gets_the_same_answer(town: Town, slow: Register):
    body = birth(town)
    told = results(
        slow,
        [sent(body, ONE), sent(taller(town.li, 160), TWO)],
        [sent(body, ONE), sent(taller(town.li, 160), TWO), sent(taller(town.li, 161), TWO)],
    )
    assert types(told) == [[Receipt, Receipt], [Receipt, Receipt, SubmissionReused]]
    assert told[0] == told[1][:2]
    assert len(town.household(town.home).members) == 4
    agrees(slow)


def test_other_threads_come_after_what_is_under_way(town: Town, slow: Register):
    first = slow.begin([sent(taller(town.li, 160), ONE)])
    slow.forget([town.li])
    second = slow.begin([sent(taller(town.li, 161), TWO)])
    assert isinstance(slow.do(sent(taller(town.li, 162), THREE)), Receipt)
    third = slow.begin([sent(taller(town.li, 162), FOUR)])
    slow.warm()
    assert types([slow.end(first), slow.end(second), slow.end(third)]) == [
        *([Receipt], [Receipt], [Refused])
    ]
    agrees(slow)


heights = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 1), st.sampled_from([140, 150, 160])), min_size=1, max_size=4
        ),
        st.sampled_from(["", "", "", "away", "lost", "race"]),
    ),
    min_size=2,
    max_size=5,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one town for all, as in life
)
@given(story=heights)
def test_whatever_happens_each_answer_is_true(town: Town, slow: Register, story):
    """Who has a receipt is recorded once; who was refused changed nothing that he found."""
    store: Any = slow.store
    other = town.another()
    people = (town.li, town.boy)
    begun = []
    for wanted, fate in story:
        batch = [sent(taller(people[who], height), uuid4()) for who, height in wanted]
        begun.append((batch, slow.begin(batch)))

        def race() -> None:  # with a height that is never the one before
            other.do(sent(taller(town.li, 171 + town.person(town.li).height_cm % 7), uuid4()))

        store.before = {"away": away, "race": race}.get(fate)
        store.after = away if fate == "lost" else None
    recorded = 0
    for batch, one in begun:
        try:
            told: list[Receipt | RegistryError] = slow.end(one)
        except StoreUnavailable:
            continue
        kept = slow.store.submissions([each.id for each in batch])
        for each, result in zip(batch, told, strict=True):
            assert isinstance(result, (Receipt, Refused)), result
            assert (each.id in kept) == isinstance(result, Receipt)
            if isinstance(result, Receipt):
                assert kept[each.id].receipt == result
                recorded += 1
    agrees(slow)
    for person in people:
        entries = town.timeline(person)
        assert [entry.version for entry in entries] == [*range(1, len(entries) + 1)]
        told_heights = [getattr(entry.event, "height_cm", None) for entry in entries]
        said = [height for height in told_heights if height is not None]
        assert all(one != two for one, two in pairwise(said))
