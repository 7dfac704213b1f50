"""The pencil agrees with the register, and with it everything that is hard does happen."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Life, Person
from registry.events import person
from registry.history import effective
from registry.vocabulary import Kind
from tests.replay.histories import DECK, histories, points, town
from tests.replay.pencil import ITEMS, Pencil, place_of

SEEDS = range(12)


@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_the_pencil_says_of_a_person_what_the_register_says(data):
    log = data.draw(histories())
    pencil, at = Pencil(log), data.draw(points(log))
    for one in pencil.of(Kind.PERSON):
        assert pencil.history(one, at) == effective(pencil.streams[one], *at)
        told, items = Person.fold(effective(pencil.streams[one], *at)), pencil.person(one, at)
        if told is None:
            assert not items
            continue
        for item in (*ITEMS, "household", "community", "died_on", "kept", "out_kind", "left_on"):
            assert items[item].value == getattr(told, item), item
        assert Life(items["life"].value) is told.life
        assert place_of(items) == (told.community if told.resident else None)


@given(data=st.data())
@settings(deadline=None, max_examples=10)
def test_flows_of_the_pencil_close_at_every_place(data):
    log = data.draw(histories(rounds=1))
    pencil = Pencil(log)
    a, b = data.draw(points(log)), data.draw(points(log))
    start, end = pencil.residents(a), pencil.residents(b)
    came, went = pencil.flows(a, b)
    for place in start.keys() | end.keys():
        entered = sum(count for (where, _), count in came.items() if where == place)
        left = sum(count for (where, _), count in went.items() if where == place)
        assert end[place] == start[place] + entered - left


def test_every_history_has_what_is_hard():
    played = Counter(name for seed in SEEDS for name in town(seed).played)
    assert all(played[business.__name__] >= len(SEEDS) - 2 for business in DECK)
    for seed in SEEDS:
        streams = town(seed).streams.values()
        dated_back = [one for one in streams if any(a[3] > b[3] for a, b in pairwise(one))]
        assert dated_back, "nothing is dated back"
        voids = [entry for one in streams for entry in one if hasattr(entry.event, "voids")]
        assert any(isinstance(one.event, person.RegistrationRestored) for one in voids)


def test_the_last_row_does_not_win():
    """Whoever takes each stream's last row for its state is wrong about many people."""
    wrong = 0
    for seed in SEEDS:
        pencil = Pencil(town(seed).entries)
        now = (max(one.effective_on for one in pencil.log), pencil.log[-1].position)
        for one in pencil.of(Kind.PERSON):
            rows = [row for row in pencil.streams[one] if not hasattr(row.event, "voids")]
            naive = Person.carried(None, rows)
            wrong += place_of(pencil.person(one, now)) != (
                naive.community if naive is not None and naive.resident else None
            )
    assert wrong > len(SEEDS)


def test_numbers_are_held_twice():
    found = 0
    for seed in SEEDS:
        pencil = Pencil(town(seed).entries)
        now = (max(one.effective_on for one in pencil.log), pencil.log[-1].position)
        for number, holders in pencil.duplicates(now).items():
            found += 1
            assert pencil.duplicate_since(number, now) <= sorted(holders.values())[1]
    assert found
