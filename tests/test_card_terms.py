"""Terms, generations and deadlines of cards, against the examples of the standards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.card_terms import (
    LEVELS,
    authority_name,
    has_fingerprints,
    holds_on,
    is_made,
    valid_until,
)
from registry.codes import table
from registry.days import age_on
from registry.deadlines import after_working_days, card_due, stage_due, stages
from registry.values import CardState

DAYS = st.dates(date(1990, 1, 1), date(2049, 12, 31))


@pytest.mark.parametrize(
    ("born", "signed", "until"),
    [
        ("1993-12-12", "2004-03-27", "2009-03-27"),  # GA 214.8-2004 3.1
        ("1981-12-12", "2004-03-27", "2014-03-27"),  # 3.2
        ("1973-12-12", "2004-03-27", "2024-03-27"),  # 3.3
        ("1953-12-12", "2004-03-27", None),  # 3.4
        ("1992-02-29", "2018-02-28", "2028-02-28"),  # 4.1: 26 from 1 March of a common year
        ("1992-02-29", "2018-03-01", "2038-03-01"),
        ("1980-05-05", "2004-02-29", "2014-03-01"),  # 4.2: the last year has no such day
        ("1970-05-05", "2004-02-29", "2024-02-29"),
        ("1995-05-05", "2004-02-29", "2009-03-01"),
        ("1988-12-31", "2004-12-31", "2014-12-31"),  # a birthday itself counts
        ("1989-01-01", "2004-12-31", "2009-12-31"),
        ("1958-12-31", "2004-12-31", None),
        ("1959-01-01", "2004-12-31", "2024-12-31"),
    ],
)
def test_a_card_holds_by_the_age_on_the_day_of_signing(born, signed, until):
    """居民身份证法 art. 5; GA 214.8-2004."""
    last = valid_until(date.fromisoformat(born), date.fromisoformat(signed))
    assert last == (None if until is None else date.fromisoformat(until))


@given(born=DAYS, signed=DAYS)
def test_every_age_has_one_term(born, signed):
    age = age_on(born, signed)
    if age < 0:
        return
    last = valid_until(born, signed)
    years = 5 if age < 16 else 10 if age < 26 else 20 if age < 46 else None
    if years is None or last is None:
        assert (years, last) == (None, None)
    else:
        assert last.year == signed.year + years
        assert last - signed.replace(year=last.year, day=min(signed.day, 28)) <= timedelta(3)


@pytest.mark.parametrize(
    ("generation", "day", "made"),
    [
        (1, "2004-12-31", True),
        (1, "2005-01-01", False),
        (2, "2003-12-31", False),
        (2, "2004-01-01", True),
        (2, "2030-01-01", True),
    ],
)
def test_each_generation_is_made_in_its_time(generation, day, made):
    assert is_made(generation, date.fromisoformat(day)) is made


@pytest.mark.parametrize(
    ("generation", "until", "day", "holds"),
    [
        (1, None, "2012-12-31", True),  # for life, it says
        (1, None, "2013-01-01", False),
        (1, "2010-05-05", "2010-05-05", True),
        (1, "2010-05-05", "2010-05-06", False),
        (2, None, "2040-01-01", True),
        (2, "2027-06-01", "2027-06-02", False),
    ],
)
def test_no_card_of_the_first_generation_holds_from_2013(generation, until, day, holds):
    last = None if until is None else date.fromisoformat(until)
    assert holds_on(generation, last, date.fromisoformat(day)) is holds


def test_fingerprints_are_of_the_second_generation_from_2012():
    assert not has_fingerprints(2, date(2011, 12, 31))
    assert has_fingerprints(2, date(2012, 1, 1))
    assert not has_fingerprints(1, date(2004, 1, 1))


@pytest.mark.parametrize(
    ("code", "county", "city", "name"),
    [
        ("510603", "旌阳区", "德阳市", "德阳市公安局旌阳区分局"),  # of the table
        ("510683", "绵竹市", "德阳市", "绵竹市公安局"),
        ("220104", "朝阳区", "长春市", "长春市公安局朝阳区分局"),  # by the rule
        ("222426", "安图县", None, "安图县公安局"),
        ("110101", "东城区", None, "东城区公安局"),
    ],
)
def test_the_county_s_police_issues_the_card(code, county, city, name):
    """居民身份证法 art. 8."""
    assert authority_name(code, county, city) == name


def test_every_inspecting_tier_has_its_level():
    names = {row["code"]: row["name_zh"] for row in table("card_acceptance_level")}
    assert {names[LEVELS[tier]] for tier in LEVELS} == set(names.values())
    assert names[LEVELS["province"]] == "省厅验收"


def test_every_state_in_which_an_office_is_waited_for_has_a_deadline():
    """The clock stops with the notice to the holder (90 and 92), and where an application ends."""
    without = set(CardState.all()) - stages().keys()
    assert without == {"02", "92", "93", "94", "95", "96", "98"}
    owners = {CardState(state).tier for state in stages()}
    assert {stage.owner for stage in stages().values()} <= owners


@given(day=DAYS, amount=st.integers(0, 60))
def test_working_days_are_counted_one_by_one(day, amount):
    last = after_working_days(day, amount)
    between = [day + timedelta(n) for n in range(1, (last - day).days + 1)]
    assert sum(one.weekday() < 5 for one in between) == amount
    assert amount == 0 or last.weekday() < 5


@pytest.mark.parametrize(
    ("state", "since", "due"),
    [
        ("04", "2007-06-01", "2007-06-06"),  # three working days from a Friday
        ("21", "2007-06-01", "2007-06-03"),  # two calendar days
        ("23", "2007-06-01", "2007-06-01"),  # the same day
        ("24", "2007-06-01", "2007-06-22"),  # fifteen working days
        ("93", "2007-06-01", None),
    ],
)
def test_a_stage_is_due_by_its_own_limit(state, since, due):
    expected = None if due is None else date.fromisoformat(due)
    assert stage_due(state, date.fromisoformat(since)) == expected


def test_the_card_is_due_in_sixty_days_and_thirty_more_where_prolonged():
    """居民身份证法 art. 12."""
    assert card_due(date(2007, 6, 1)) == date(2007, 7, 31)
    assert card_due(date(2007, 6, 1), 30) == date(2007, 8, 30)
