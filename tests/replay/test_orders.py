"""Applications that wait for an order are found as a clerk finds them, the most urgent first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Application
from registry.values import CardState
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.questions.orders import WAITING, Waiting, Wanted, waiting
from replay.states.history import At
from tests.replay.pencil import Pencil
from tests.replay.test_state import ledgers, steps


@pytest.fixture(scope="module", autouse=True)
def every_step() -> None:
    """Fill the cache of steps: hypothesis finds no example while it looks for one."""
    steps(Kind.APPLICATION)


def by_pencil(pencil: Pencil, at: At, wanted: Wanted) -> set[Waiting]:
    """Who waits, application by application; faults apart."""
    found = set()
    for one in pencil.of(Kind.APPLICATION):
        state: Any = Application.fold(pencil.history(one, at))
        if state is None or state.temporary:
            continue
        passed_on = state.state == "24" and state.work_order is None
        if state.state not in wanted.states and not (passed_on and state.site == wanted.site):
            continue
        other = state.card_kind.generation != wanted.generation or state.card_kind.temporary
        if other or state.replaced_by or state.priority is None:
            continue
        if state.county.startswith(wanted.within):
            found.add(
                Waiting(
                    str(state.priority),
                    state.accepted_on,
                    one,
                    str(state.county),
                    str(state.card_kind),
                    str(state.state),
                    state.attempt,
                    0,
                )
            )
    return found


def faultless(one: Waiting) -> Waiting:
    """The same, whether it was lawful or not."""
    return replace(one, fault=0)


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_who_waits_is_who_a_clerk_finds(data):
    entries = data.draw(ledgers(Kind.APPLICATION))
    pencil, log = Pencil(entries), KeptLog(entries, 1)
    known = data.draw(st.integers(0, int(log.head)))
    at = At(date(2004, 1, 1) + timedelta(data.draw(st.integers(0, 200))), known)
    states = data.draw(st.sampled_from([WAITING, frozenset(CardState.all())]))
    within = data.draw(st.sampled_from(["", "51", "5106", "510603", "220104"]))
    sites = {event.site for one in entries if hasattr(event := one.event, "site")}
    site = data.draw(st.sampled_from([None, *sorted(sites)]))
    wanted = Wanted(data.draw(st.sampled_from([1, 2])), within, states, site)
    found = waiting(log, at, wanted)
    assert {faultless(one) for one in found} == by_pencil(pencil, at, wanted)
    assert [(one.priority, one.accepted_on) for one in found] == sorted(
        (one.priority, one.accepted_on) for one in found
    )


def test_an_application_waits_where_an_order_may_follow():
    assert {"22", "32", "97"} == WAITING
