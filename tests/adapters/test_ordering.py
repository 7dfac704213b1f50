"""Work orders are drawn from the replayed log, and refused where the read model says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.ordering import differences, draw, read
from registry.commands.cards_making import RerouteProduction
from registry.commands.work_orders import OpenWorkOrder
from registry.errors import Refused
from registry.projections import At
from registry.values import CardState, OfficeCode, PaperNumber
from replay.columns.log import KeptLog
from replay.questions.orders import Waiting, Wanted, waiting
from replay.states import history
from tests.adapters.followed import followed
from tests.scenarios.cards import PROVINCE, SITE, accepted, brought, ready
from tests.scenarios.test_sites import following
from tests.scenarios.town import Town
from tests.strategies import CARD_MOVES, Log, story

ORDER = PaperNumber("W-1")
#: Every state in which anybody ever is: random logs have few that wait for an order.
ALL = Wanted(1, states=frozenset(CardState.all()))
#: Those that were ordered and are on no work order.
PASSED_ON = Wanted(1, states=frozenset(), site=OfficeCode("510000900000"))


@pytest.fixture(params=range(2))
def log(request: pytest.FixtureRequest) -> Log:
    """A log with many applications."""
    return story(request.param, 400, CARD_MOVES)


def drawn(engine: Engine, log: Log, wanted: Wanted = ALL, cards: int = 99) -> Any:
    """What is drawn on the last day."""
    with engine.connect() as connection:
        return draw(connection, KeptLog(log.entries), log.today, wanted, cards, ORDER)


def test_replay_and_read_model_agree_and_the_most_urgent_are_drawn(engine: Engine, log: Log):
    followed(engine, log.entries, batch=70)
    every = drawn(engine, log)
    assert every.waiting == len(every.chosen) > 0
    assert list(every.chosen) == sorted(
        every.chosen, key=lambda one: (one.priority, one.accepted_on)
    )
    some = drawn(engine, log, cards=2)
    assert (some.chosen, some.waiting) == (every.chosen[:2], every.waiting)
    assert (some.behind, every.behind) == (every.chosen[2:], [])


def test_they_agree_at_every_point_of_both_clocks(engine: Engine, log: Log):
    followed(engine, log.entries, batch=70)
    replayed = KeptLog(log.entries)
    with engine.connect() as connection:
        for known in range(0, len(log.entries) + 1, 23):
            day = log.today - timedelta(known % 30)
            for wanted in (ALL, PASSED_ON):
                live = read(connection, At(day, known), wanted)
                assert set(live) == set(waiting(replayed, history.At(day, known), wanted))


def test_where_the_read_model_is_ahead_of_the_log_nothing_is_ordered(engine: Engine, log: Log):
    followed(engine, log.entries, batch=70)
    victim = drawn(engine, log).chosen[0].application
    shortened = [one for one in log.entries if one.stream != victim]
    log.entries = [one._replace(position=place) for place, one in enumerate(shortened, 1)]
    with pytest.raises(Refused) as refused:
        drawn(engine, log)
    assert {rule.code for rule in refused.value.rules} == {"replay-differs"}
    assert any(str(victim) in rule.message for rule in refused.value.rules)


def test_what_passed_to_a_site_waits_there_until_it_is_on_an_order_of_that_site(town: Town):
    ready(town)
    wang, li = accepted(town, "wang"), accepted(town, "li")
    brought(town, "22", wang, li)
    order = OpenWorkOrder(work_order=ORDER, applications=(wang, li), site=SITE)
    town.do(order, PROVINCE)
    other_site = OfficeCode("510700900000")

    def awaited(site: OfficeCode) -> list[Any]:
        projector = following(town)
        projector.catch_up()
        store = town.register.store
        entries = [town.register.codec.entry(stored) for stored in store.page(0, 10_000)]
        with projector.engine.connect() as connection:
            wanted = Wanted(2, site=site)
            try:
                drawing = draw(connection, KeptLog(entries), town.today, wanted, 9, ORDER)
            except Refused as refused:
                return [rule.code for rule in refused.rules]
        return [one.application for one in drawing.chosen]

    assert awaited(SITE) == awaited(other_site) == ["nobody-waits"]
    town.do(RerouteProduction(applications=(li,), site=other_site), PROVINCE)
    assert (awaited(SITE), awaited(other_site)) == (["nobody-waits"], [li])
    there = OpenWorkOrder(work_order=PaperNumber("W-2"), applications=(li,), site=other_site)
    town.do(there, PROVINCE)
    assert awaited(other_site) == ["nobody-waits"]


ONE = Waiting("1", date(2007, 6, 1), UUID(int=1), "510603", "2", "22", 0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "31"},
        {"attempt": 7},
        {"priority": "3"},
        {"accepted_on": date(2007, 6, 2)},
        {"county": "510604"},
    ],
)
def test_every_difference_is_named(changed: Any):
    other = replace(ONE, **changed)
    (rule,) = differences([ONE], {ONE.application: other})
    assert rule.code == "replay-differs"
    assert str(ONE.application) in rule.message
    assert differences([ONE], {ONE.application: ONE}) == []
    assert [rule.code for rule in differences([ONE], {})] == ["replay-differs"]
    assert [rule.code for rule in differences([], {ONE.application: ONE})] == ["replay-differs"]


def test_an_application_that_came_about_unlawfully_is_not_ordered():
    wrong = replace(ONE, fault=5)
    (rule,) = differences([wrong], {ONE.application: ONE})
    assert (rule.code, "version 5" in rule.message) == ("history-at-fault", True)


def test_where_nobody_waits_there_is_no_order(engine: Engine, log: Log):
    followed(engine, log.entries, batch=70)
    with pytest.raises(Refused) as refused:
        drawn(engine, log, Wanted(1, within="99"))
    assert [rule.code for rule in refused.value.rules] == ["nobody-waits"]


@given(st.integers(0, 6), st.text("0123456789", max_size=6))
@settings(max_examples=30)
def test_counties_within_are_those_whose_codes_begin_so(width, digits):
    lowest, highest = Wanted(2, digits[:width]).counties
    for county in ("510603", "510000", "220104", "519999"):
        assert county.startswith(digits[:width]) == (lowest <= int(county) <= highest)
