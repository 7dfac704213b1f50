"""Whatever happens on the way, each answer is true and memory holds nothing that is not stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.errors import Refused, Unavailable
from registry.register import Register, Setting
from registry.store import Append, Outcome, Receipt, StoreUnavailable
from tests.scenarios.town import NAMESPACE, PLACES, Town
from tests.test_register import sent, taller

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))


class Eventful(Recorder):
    """A store on whose way something happens, once: before it records, or after."""

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Let happen what happens, and record between."""
        before, self.before = self.before, None
        after, self.after = self.after, None
        if before is not None:
            before()
        told = super().append(batch)
        if after is not None:
            after()
        return told


@pytest.fixture
def store(town: Town) -> Iterator[Eventful]:
    engine = open_database(f"sqlite:///{town.path}", durability="off")
    yield Eventful(engine, node=1, clock=town.clock)
    engine.dispose()


@pytest.fixture
def register(town: Town, store: Eventful) -> Register:
    setting = Setting(NAMESPACE, PLACES)
    salt = lambda: os.urandom(16)  # noqa: E731
    return Register(store, setting, clock=town.clock, ids=uuid4, salt=salt)


def away() -> None:
    """What a database does that is gone."""
    raise StoreUnavailable("the connection was closed")


def interrupt() -> None:
    """What somebody does at the keyboard."""
    raise KeyboardInterrupt


def agrees(register: Register) -> None:
    """Nothing is in memory that is not stored; what others entered may not have been seen yet."""
    for stream, history in register._cache.items():
        assert history.entries == register.history(stream)[: len(history.entries)]


def types(told: Sequence[Any]) -> list[type]:
    return [type(one) for one in told]


@pytest.mark.parametrize("what", [away, interrupt], ids=["lost", "interrupted"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_does_not_come_to_its_end_is_settled_by_sending_it_again(
    town: Town, store: Eventful, register: Register, when: str, what: Callable[[], None]
):
    register.do(sent(taller(town.li, 150), FOUR))
    batch = [sent(taller(town.li, 160), ONE)]
    setattr(store, when, what)
    with pytest.raises((StoreUnavailable, KeyboardInterrupt)):
        register.do_all(batch)
    agrees(register)
    (other,) = register.do_all([sent(taller(town.li, 160), TWO)])
    assert type(other) is (Receipt if when == "before" else Refused), "nothing is recorded, or all"
    (again,) = register.do_all(batch)
    assert type(again) is (Refused if when == "before" else Receipt)
    agrees(register)


def test_who_was_decided_upon_a_loser_is_decided_anew(
    town: Town, store: Eventful, register: Register
):
    other = town.another()
    register.do(sent(taller(town.li, 150), FOUR))
    store.before = lambda: other.do(sent(taller(town.li, 160), THREE))
    told = register.do_all([sent(taller(town.li, 160), ONE), sent(taller(town.li, 161), TWO)])
    assert types(told) == [Refused, Receipt], "somebody else had entered the same"
    assert town.person(town.li).height_cm == 161
    agrees(register)


def test_a_row_that_the_database_refuses_fails_alone_and_takes_nobody_along(
    town: Town, store: Eventful, register: Register
):
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "create trigger refuse before insert on entries"
                """ when instr(new.state || new.private, '"height_cm"' || char(58) || '166')"""
                " begin select raise(abort, 'refused'); end"
            )
        )
    told = register.do_all(
        [
            sent(taller(town.li, 166), ONE),
            sent(taller(town.boy, 120), TWO),
            sent(taller(town.li, 166), THREE),
            sent(taller(town.li, 167), FOUR),
        ]
    )
    assert types(told) == [Unavailable, Receipt, Unavailable, Receipt]
    assert town.person(town.li).height_cm == 167
    agrees(register)


stories = st.lists(
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
@given(story=stories)
def test_whatever_happens_each_answer_is_true(
    town: Town, store: Eventful, register: Register, story
):
    """Who has a receipt is recorded once; who was refused changed nothing that he found."""
    other = town.another()
    people = (town.li, town.boy)

    def race() -> None:  # with a height that is never the one before
        other.do(sent(taller(town.li, 171 + town.person(town.li).height_cm % 7), uuid4()))

    for wanted, fate in story:
        batch = [sent(taller(people[who], height), uuid4()) for who, height in wanted]
        store.before = {"away": away, "race": race}.get(fate)
        store.after = away if fate == "lost" else None
        try:
            told = register.do_all(batch)
        except StoreUnavailable:
            continue
        kept = store.submissions([each.id for each in batch])
        for each, result in zip(batch, told, strict=True):
            assert isinstance(result, (Receipt, Refused)), result
            assert (each.id in kept) == isinstance(result, Receipt)
            if isinstance(result, Receipt):
                assert kept[each.id].receipt == result
        agrees(register)
    for person in people:
        entries = town.timeline(person)
        assert [entry.version for entry in entries] == [*range(1, len(entries) + 1)]
        told_heights = [getattr(entry.event, "height_cm", None) for entry in entries]
        said = [height for height in told_heights if height is not None]
        assert all(one != two for one, two in pairwise(said))
