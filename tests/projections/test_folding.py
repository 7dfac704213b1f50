"""A read model's rows are the same by whichever way they were made, and they are right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.history import voided_versions
from registry.projections import PROJECTIONS, At
from registry.projections.base import Dated
from registry.projections.folding import Folding
from registry.projections.places import PLACES
from registry.projections.strands import Strand
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order
from tests.projections.pencil import CODEC, Tables, folded, naive_rows, points, state_of, stored
from tests.strategies import PERSON_MOVES, Log, logs

DATED = [one for one in PROJECTIONS.values() if isinstance(one, Dated)]
SIZES = st.lists(st.integers(1, 30), max_size=20)


@settings(max_examples=60, deadline=None)
@given(log=logs(), sizes=SIZES, cached=st.sampled_from([1, 2, 1000]))
def test_a_row_is_visible_where_a_clerk_would_find_it(log, sizes, cached):
    tables = folded(log.entries, sizes, cached)
    for projection in DATED:
        for stream, entries in log.streams.items():
            if VOCABULARY[type(entries[0].event)].kind not in projection.kinds:
                continue
            for at in points(log):
                found = tables.visible(projection, stream, at)
                assert found == dict(naive_rows(projection, entries, at)), (projection.name, at)


@settings(max_examples=60, deadline=None)
@given(log=logs(PERSON_MOVES), sizes=SIZES)
def test_steps_and_folds_and_whole_streams_give_the_same_rows(log, sizes):
    stepped = folded(log.entries, sizes).everything()
    assert folded(log.entries, [1] * len(log.entries), cached=1).everything() == stepped
    whole = Tables()
    by_stream = [entry for entries in log.streams.values() for entry in entries]
    folding = Folding(list(PROJECTIONS.values()), CODEC, lambda ids: {})
    whole.apply(folding.fold(stored(by_stream), whole=True))
    assert whole.everything() == stepped


@settings(max_examples=30, deadline=None)
@given(log=logs(), sizes=SIZES)
def test_folding_anew_at_every_entry_changes_nothing(log, sizes):
    stepped = folded(log.entries, sizes).everything()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Strand, "usual", lambda strand, *_: strand.order is Order.REFERENCE)
        assert folded(log.entries, sizes).everything() == stepped


@settings(max_examples=40, deadline=None)
@given(log=logs(), sizes=SIZES)
def test_a_read_model_alone_has_the_rows_that_it_has_in_company(log, sizes):
    together = folded(log.entries, sizes).everything()
    for name, projection in PROJECTIONS.items():
        alone = folded(log.entries, sizes, projections=[projection]).everything()
        assert alone[name] == together[name]


@settings(max_examples=40, deadline=None)
@given(log=logs(), sizes=SIZES)
def test_a_voiding_is_known_as_long_as_it_stands(log, sizes):
    rows = folded(log.entries, sizes).rows["voidings"].values()
    for stream, entries in log.streams.items():
        if ORDERS[VOCABULARY[type(entries[0].event)].kind] is not Order.EFFECTIVE:
            continue
        for known in range(len(log.entries) + 1):
            voided = {
                row["version"]
                for row in rows
                if row["stream"] == stream.bytes and row["known_from"] <= known < row["known_until"]
            }
            assert voided == voided_versions([one for one in entries if one.position <= known])


@settings(max_examples=40, deadline=None)
@given(log=logs(), sizes=SIZES)
def test_the_tree_of_places_is_dated_on_both_clocks(log, sizes):
    rows = folded(log.entries, sizes).rows["places"].values()
    tree = log.id("places", 0)
    entries = log.streams[tree]
    for at in points(log):
        state: Any = None
        for one in entries:
            if one.position <= at.known:
                state = PLACES.fold(state, one.event, tree)
        for place in state.facts if state else ():
            fact = state.fact(place, at.valid_on)
            found = [
                (row["name"], row["parent"])
                for row in rows
                if row["place"] == place.bytes
                and row["known_from"] <= at.known < row["known_until"]
                and row["valid_from"] <= at.day < row["valid_until"]
            ]
            told = [(fact.name, fact.parent and fact.parent.bytes)] if fact else []
            assert found == told


@settings(max_examples=60, deadline=None)
@given(log=logs(PERSON_MOVES), sizes=SIZES)
def test_flows_add_up_to_the_population(log, sizes):
    flows = folded(log.entries, sizes).rows["flows"].values()
    communities = [log.id("community", each) for each in (1, 2, 3)]
    for known in range(len(log.entries) + 1):
        for community in communities:
            gained = sum(
                (row["entered"] == community.bytes) - (row["left"] == community.bytes)
                for row in flows
                if row["position"] <= known
            )
            assert gained == population(log, community, At(log.today, known))


def population(log: Log, community: UUID, at: At) -> int:
    """How many a clerk counts in a community."""
    people = [
        state_of(Kind.PERSON, log, log.id("person", each), at) for each in range(1, log.people + 1)
    ]
    return sum(one is not None and one.resident and one.community == community for one in people)
