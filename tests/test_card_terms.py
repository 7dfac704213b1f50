"""Terms, generations and deadlines of cards, against the examples of the standards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from registry.card_terms import (
    LEVELS,
    CardSetting,
    SamplePlan,
    has_fingerprints,
    holds_on,
    is_made,
    issuing_authority,
    valid_until,
)
from registry.codes import table
from registry.deadlines import after_working_days, card_due, is_working, stage_due, stages
from registry.values import CardKind, CardState, DivisionCode, OfficeCode

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


def anniversary(day: date, year: int) -> date:
    """A day in another year; 29 February is 1 March where there is none (GA 214.8-2004)."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return date(year, 3, 1) if (day.month, day.day) == (2, 29) and not leap else day.replace(year)


@given(born=DAYS, signed=DAYS)
@example(born=date(1992, 2, 29), signed=date(2018, 2, 28))
@example(born=date(1980, 5, 5), signed=date(2004, 2, 29))
def test_every_age_has_one_term(born, signed):
    """Birthdays are counted one by one, and the last day is the same day so many years on."""
    assume(born <= signed)
    birthdays = (anniversary(born, year) for year in range(born.year + 1, signed.year + 1))
    age = sum(birthday <= signed for birthday in birthdays)
    years = 5 if age < 16 else 10 if age < 26 else 20 if age < 46 else None
    last = None if years is None else anniversary(signed, signed.year + years)
    assert valid_until(born, signed) == last


@pytest.mark.parametrize(
    ("kind", "day", "made"),
    [
        ("1", "2004-12-31", True),
        ("1", "2005-01-01", False),
        ("2", "2003-12-31", False),
        ("2", "2004-01-01", True),
        ("2", "2030-01-01", True),
        ("3", "1989-09-14", False),  # temporary cards: the rules of 1989, then those of 2005
        ("3", "2005-09-30", True),
        ("3", "2005-10-01", False),
        ("4", "2004-01-01", True),
        ("4", "2030-01-01", True),
    ],
)
def test_each_kind_is_made_in_its_time(kind, day, made):
    assert is_made(CardKind(kind), date.fromisoformat(day)) is made


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
    ("station", "code", "county", "city", "office", "name"),
    [
        ("510603001", "510603", "旌阳区", "德阳市", "510603000000", "德阳市公安局旌阳区分局"),
        ("510603512", "510603", "旌阳区", "德阳市", "510603500000", "德阳市公安局旌东分局"),
        ("510603600", "510603", "旌阳区", "德阳市", "510603600000", "德阳市公安局绵远分局"),
        ("510683001", "510683", "绵竹市", "德阳市", "510683000000", "绵竹市公安局"),
        ("220104003", "220104", "朝阳区", "长春市", "220104000000", "长春市公安局朝阳区分局"),
        ("222426001", "222426", "安图县", None, "222426000000", "安图县公安局"),
        ("110101001", "110101", "东城区", None, "110101000000", "东城区公安局"),
        # a station of 罗江县 whose county became a district under another code
        ("510626001", "510604", "罗江区", "德阳市", "510604000000", "德阳市公安局罗江区分局"),
    ],
)
def test_the_police_of_the_station_issues_the_card(station, code, county, city, office, name):
    """居民身份证法 art. 8; a bureau is no division, and one division may have several."""
    place = DivisionCode(code), county, city, date(2007, 6, 1)
    assert issuing_authority(OfficeCode(f"{station}000"), *place) == (office, name)


@pytest.mark.parametrize(
    ("text", "package", "size"),
    [
        ("50,20,0,文", 1000, 50),
        ("50,20,0,文", 1001, 51),
        ("50,20,0,文", 30, 20),
        ("50,20,0,文", 7, 7),
        ("1000,1,0,文", 900, 900),
        ("0,1,0,文", 900, 1),
    ],
)
def test_the_city_looks_at_a_share_and_never_at_fewer_than_the_least(text, package, size):
    assert SamplePlan.of(text).size_of(package) == size


@pytest.mark.parametrize("text", ["50,20,0", "50,20,0,", "1001,20,0,文", "5%,20,0,文", "50,0,0,文"])
def test_a_sample_plan_is_whole_and_names_its_document(text):
    with pytest.raises(ValueError, match="sample plan"):
        SamplePlan.of(text)


def test_the_sample_plan_of_the_table_holds_where_a_province_sets_none():
    plan = SamplePlan.on(date(2007, 6, 1))
    assert (plan.permille, plan.least, plan.accepts) == (50, 20, 0)
    assert "德办发" in plan.document
    assert CardSetting.of("number", "1").sample is None
    assert CardSetting.of("number", "1", "1000,1,0,川换证办[2004]4号").sample is not None


def test_every_inspecting_tier_has_its_level():
    names = {row["code"]: row["name_zh"] for row in table("card_acceptance_level")}
    assert {names[LEVELS[tier]] for tier in LEVELS} == set(names.values())
    assert names[LEVELS["province"]] == "省厅验收"


def test_every_state_in_which_an_office_is_waited_for_has_a_deadline():
    """The clock of the offices stops with the notice to the holder (92), and where all ends."""
    without = set(CardState.all()) - stages().keys()
    assert without == {"02", "92", "93", "94", "95", "96", "98"}
    owners = {CardState(state).tier for state in stages()}
    assert {stage.owner for stage in stages().values()} <= owners


#: What the notice for 2007 says, typed from it: days off, and weekends that are worked instead.
OFF_2007 = {"1-1 1-2 1-3", "2-18 2-19 2-20 2-21 2-22 2-23 2-24", "5-1 5-2 5-3 5-4 5-5 5-6 5-7"}
OFF_2007 |= {"10-1 10-2 10-3 10-4 10-5 10-6 10-7", "12-30 12-31"}
WORKED_2007 = "2-17 2-25 4-28 4-29 9-29 9-30 12-29"


def test_offices_work_in_2007_as_its_notice_says():
    """国务院办公厅关于2007年部分节假日安排的通知, and for its last days that of 2008."""
    off, worked = " ".join(OFF_2007).split(), WORKED_2007.split()
    for number in range(365):
        day = date(2007, 1, 1) + timedelta(number)
        name = f"{day.month}-{day.day}"
        expected = name in worked or (day.weekday() < 5 and name not in off)
        assert is_working(day) == expected, day


@given(day=DAYS, amount=st.integers(0, 60))
def test_working_days_are_counted_one_by_one(day, amount):
    last = after_working_days(day, amount)
    between = [day + timedelta(n) for n in range(1, (last - day).days + 1)]
    assert sum(map(is_working, between)) == amount
    assert amount == 0 or is_working(last)


def test_where_no_notice_is_at_hand_weekends_alone_are_off():
    assert is_working(date(1999, 10, 1))
    assert not is_working(date(1999, 10, 2))


def test_the_days_of_the_notices_follow_each_other_and_none_is_told_twice():
    told: set[date] = set()
    for row in table("public_holidays"):
        first, last = (date.fromisoformat(row[name]) for name in ("first_day", "last_day"))
        days = {first + timedelta(n) for n in range((last - first).days + 1)}
        assert days, row
        assert not days & told, row
        assert row["works"] == "0" or all(day.weekday() >= 5 for day in days), row
        told |= days


@pytest.mark.parametrize(
    ("state", "since", "due"),
    [
        ("04", "2007-06-01", "2007-06-06"),  # three working days from a Friday
        ("21", "2007-06-01", "2007-06-03"),  # two calendar days
        ("23", "2007-06-01", "2007-06-01"),  # the same day
        ("24", "2007-06-01", "2007-06-22"),  # fifteen working days
        ("24", "2007-09-24", "2007-10-18"),  # over the National Day, two weekends worked for it
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
