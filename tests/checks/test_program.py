"""The program over columns says of every record what the rule says of it alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.fields import FIELDS
from registry.checks.language import Absent, Compare, Joined, Within, compiled
from registry.checks.rules import rules_about
from registry.values import day_number, day_of
from replay.checks.program import STRETCH, assembled, judged, places, program, run
from replay.checks.records import ages_on, stated_birth
from replay.civil import civil, day_since, years_old
from replay.states.details import ABSENT

SMALL = st.integers(-3, 3)
FEW = ("a", "b", "c")


def conditions() -> st.SearchStrategy[Any]:
    """Conditions about three fields."""
    field = st.sampled_from(FEW)
    sign = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    leaf = st.one_of(
        st.builds(Compare, field, sign, st.one_of(SMALL, field)),
        st.builds(Within, field, st.lists(SMALL, min_size=1, max_size=4).map(tuple)),
        st.builds(Absent, field, st.booleans()),
    )
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            Joined, st.booleans(), st.lists(inner, min_size=1, max_size=3).map(tuple)
        ),
        max_leaves=6,
    )


def columns_of(records: list[dict[str, int | None]], names: list[str]) -> Any:
    """Records as columns."""
    rows = [[ABSENT if one[name] is None else one[name] for one in records] for name in names]
    return np.array(rows, "i4").reshape(len(names), len(records))


RECORDS = st.lists(
    st.fixed_dictionaries(dict.fromkeys(FEW, st.one_of(st.none(), SMALL))), max_size=20
)


@given(st.lists(conditions(), min_size=1, max_size=5), RECORDS)
@settings(deadline=None, max_examples=200)
def test_any_condition_holds_in_columns_as_it_does_alone(some, records):
    steps, depth = assembled(some, {name: place for place, name in enumerate(FEW)})
    flags = np.empty(len(records), "u8")
    run(steps, columns_of(records, list(FEW)), np.empty((depth, 7), "u1"), flags)
    for record, flag in zip(records, flags.tolist(), strict=True):
        assert flag == sum(compiled(one)(record) << rule for rule, one in enumerate(some))


def likely(field: str) -> st.SearchStrategy[int | None]:
    """A value about which some rule may have something to say."""
    told = st.sampled_from([-1, 0, 1, 2, 15, 16, 21, 51, 130, 261, day_number(day_of(46_000))])
    return st.one_of(st.none(), told, st.integers(-50, 300))


@pytest.mark.parametrize("subject", FIELDS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_every_rule_finds_the_same_records_in_bulk_and_at_entry(subject, data):
    one = st.fixed_dictionaries({name: likely(name) for name in FIELDS[subject]})
    records = data.draw(st.lists(one, min_size=1, max_size=8))
    which = program(subject)
    flags = judged(which, columns_of(records, list(places(subject))), len(records))
    for record, flag in zip(records, flags.tolist(), strict=True):
        alone = [rule.holds(record) for rule in rules_about(subject)]
        assert [bool(flag >> place & 1) for place in range(len(alone))] == alone


def test_records_beyond_a_stretch_are_judged_like_the_first():
    steps, depth = assembled([Compare("a", ">", 0)], {"a": 0})
    columns = np.arange(-STRETCH, 2 * STRETCH + 5, dtype="i4")[None, :]
    flags = np.empty(columns.shape[1], "u8")
    run(steps, columns, np.empty((depth, STRETCH), "u1"), flags)
    assert flags.tolist() == [int(value > 0) for value in columns[0].tolist()]


@given(st.dates())
@settings(deadline=None)
def test_the_birth_that_a_number_states_is_that_day(day):
    packed = ((1 << 20 | 510603) << 14 | day.year) << 7 | day.month
    packed = ((packed << 7 | day.day) << 10 | 1) << 4
    assert stated_birth(packed) == day_number(day)


@given(st.dates(), st.dates())
@settings(deadline=None)
def test_ages_in_columns_are_those_of_the_law(birth, day):
    from registry.days import age_on

    told = ages_on(np.array([day_number(birth)]), np.array([day_number(day)])).tolist()
    assert told == [age_on(birth, day)]
    assert years_old(day_number(birth), day_number(day)) == age_on(birth, day)


@given(st.dates())
@settings(deadline=None)
def test_a_day_is_its_year_month_and_day_in_loops_too(day):
    assert civil(day_number(day)) == (day.year, day.month, day.day)
    assert day_since(day.year, day.month, day.day) == day_number(day)
    if (day.month, day.day) == (2, 28):
        later = day_since(day.year, 2, 29)
        assert later == day_number(day) + 1
