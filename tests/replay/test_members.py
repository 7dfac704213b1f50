"""Households list whom persons name as living there; where they do not, it is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Life
from registry.events.household import Form, MembersChanged
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.questions.members import apart, members_of
from replay.states.history import At
from tests.replay.histories import points, town
from tests.replay.pencil import Pencil


def by_pencil(entries, at):
    """Members of each household, and who is apart from the lists, one after the other."""
    pencil = Pencil(entries)
    houses = {one: pencil.state(one, at) for one in pencil.of(Kind.HOUSEHOLD)}
    listed = {(one, who) for one, state in houses.items() if state for who in state.members}
    homes = {}
    for one in pencil.of(Kind.PERSON):
        state = pencil.state(one, at)
        if state and state.life is Life.LIVING and state.community:
            homes[one] = state.household
    strangers = {who for home, who in listed if homes.get(who) != home}
    unlisted = {
        who
        for who, home in homes.items()
        if (state := houses.get(home))
        and state.closed_on is None
        and not state.collective
        and (home, who) not in listed
    }
    return listed, strangers, unlisted


def by_columns(entries, at):
    log = KeptLog(entries, 2)
    ids = lambda space, handles: log.spaces.ids(space, np.asarray(handles).tolist())  # noqa: E731
    listed = set()
    for part in log.partitions(Kind.HOUSEHOLD):
        told = members_of(log.block(Kind.HOUSEHOLD, part), at)
        listed |= set(
            zip(ids("household", told.household), ids("person", told.person), strict=True)
        )
    found = apart(log, at)
    assert found.members == len(listed)
    return listed, set(ids("person", found.listed)), set(ids("person", found.unlisted))


def forgetful(entries, chance):
    """The same log, some households having forgotten to note who joined or left."""
    return [
        one._replace(event=replace(one.event, joined=(), left=()))
        if isinstance(one.event, MembersChanged) and chance.random() < 0.3
        else one._replace(event=replace(one.event, members=one.event.members[1:]))
        if isinstance(one.event, Form) and chance.random() < 0.1
        else one
        for one in entries
    ]


@given(st.integers(0, 2**32), st.booleans(), st.randoms(use_true_random=False), st.data())
@settings(deadline=None, max_examples=40)
def test_members_and_whoever_is_apart_are_those_found_with_a_pencil(seed, sound, chance, data):
    entries = town(seed, data.draw(st.integers(1, 2))).entries
    at = At(*data.draw(points(entries)))
    entries = entries if sound else forgetful(entries, chance)
    told = by_pencil(entries, at)
    assert by_columns(entries, at) == told
