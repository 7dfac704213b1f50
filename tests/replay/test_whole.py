"""One pass says what the questions say one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import AGGREGATES
from registry.entry import Entry
from registry.events import applications
from registry.values import DivisionCode
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.questions.backlog import Queue, backlog
from replay.questions.digest import state_root
from replay.questions.duplicates import duplicates
from replay.questions.findings import faulty
from replay.questions.lawful import FAULTY, lawful
from replay.questions.population import NO_HOME, census
from replay.questions.whole import whole
from replay.states.history import At
from replay.states.state import states
from tests.everything import one_of
from tests.replay.histories import points, town
from tests.replay.pencil import Pencil
from tests.replay.test_state import ledgers, steps

FAR = date(2059, 1, 1)
ACCEPTED = one_of(VOCABULARY[applications.ApplicationAccepted])


def test_who_broke_a_rule_is_listed_with_the_first_entry_and_how_many():
    table = np.zeros(5, FAULTY)
    assert faulty(10, table).shape == (0, 3)
    table[2], table[4] = (3, 1), (1, 2)
    assert faulty(10, table).tolist() == [[12, 3, 1], [14, 1, 2]]


@given(st.integers(0, 2**32), st.data())
@settings(deadline=None, max_examples=15)
def test_one_pass_says_what_the_questions_say_one_by_one(seed, data):
    entries = town(seed, 1).entries
    log, at = KeptLog(entries, 3), At(*data.draw(points(entries)))
    seen: Counter[Any] = Counter()
    found = whole(log, at, check=lambda kind, partition: seen.update([kind]))
    assert found.root == state_root(log, at)
    assert list(found.duplicates) == duplicates(log, at)
    alone = census(log, at)
    assert found.census.counts == alone.counts
    assert np.array_equal(found.census.table, alone.table)
    assert np.array_equal(found.census.occupants, alone.occupants)
    assert np.array_equal(found.census.odd[NO_HOME], alone.odd[NO_HOME])
    for kind in (Kind.PERSON, Kind.HOUSEHOLD, Kind.DOORPLATE):
        assert found.faults[kind].tolist() == faulty(0, lawful(log, kind, at)).tolist()
    assert found.faults[Kind.NUMBER].tolist() == faulty(0, states(log, Kind.NUMBER, at)).tolist()
    assert seen == {
        kind: len(log.partitions(kind)) for kind in found.root.leaves if log.count(kind)
    }
    assert sum(found.entries.values()) <= len(entries)
    assert found.entries[Kind.PERSON] == sum(
        len(log.block(Kind.PERSON, one)) for one in log.partitions(Kind.PERSON)
    )


def test_what_a_check_raises_stops_the_pass():
    log = KeptLog(town(1, 1).entries, 3)

    def refuse(kind: Kind, partition: int) -> None:
        raise ValueError(f"{kind} {partition} is damaged")

    with pytest.raises(ValueError, match="household 0 is damaged"):
        whole(log, At(FAR, log.head), check=refuse)


@pytest.fixture(scope="module", autouse=True)
def _made_beforehand():
    """Fill the cache of steps: hypothesis finds no example while it looks for one."""
    steps(Kind.APPLICATION)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_the_backlog_is_counted_by_county_state_and_days(data):
    entries = data.draw(ledgers(Kind.APPLICATION))
    pencil, log = Pencil(entries), KeptLog(entries, 1)
    at = At(date(2004, 1, 1) + timedelta(data.draw(st.integers(0, 200))), log.head)
    found = backlog(log, at)
    expected: Counter[Any] = Counter()
    for one in pencil.of(Kind.APPLICATION):
        state: Any = AGGREGATES[Kind.APPLICATION].fold(pencil.history(one, at))
        if state is None:
            continue
        days = (at.valid_on - (state.since or state.accepted_on)).days
        step = max(place for place, least in enumerate(found.steps) if least <= days)
        expected[state.county, state.temporary or state.state, step] += 1
    counted: Counter[Any] = Counter()
    for county, state, _ in expected:
        for step, number in enumerate(found.waiting(county, state)):
            counted[county, state, step] = number
    assert +counted == expected
    assert sum(int(table.sum()) for table in found.table.values()) == expected.total()


def test_more_counties_than_there_was_room_for_are_counted():
    counties = [DivisionCode(f"{510000 + number:06}") for number in range(150)]
    entries = []
    for position, county in enumerate(counties, 1):
        event = replace(ACCEPTED, county=county, effective_on=date(2004, 5, 1))
        entries.append(Entry(UUID(int=position), 1, event, event.effective_on, position))
    log = KeptLog(entries, 4)
    found = backlog(log, At(FAR, log.head))
    assert list(found.table) == counties
    assert {int(table.sum()) for table in found.table.values()} == {1}
    assert Queue(At(FAR, 1)).counts.shape[0] < len(counties)
