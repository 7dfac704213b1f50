"""The census counts like a clerk with a pencil."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Life
from registry.values import Level, day_number
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.numbers import characters, check
from replay.questions.population import (
    AGES,
    NO_HOME,
    OLDEST,
    SEXES,
    WRONG_NUMBER,
    Tally,
    ages,
    census,
    setting,
)
from replay.states.history import At
from replay.states.persons import LIVING, PERSON
from tests.replay.histories import points, town
from tests.replay.pencil import Pencil


def age(born: date, on: date) -> int:
    """Full years of age."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@given(st.dates(date(1899, 1, 1), date(2050, 1, 1)), st.integers(0, 366 * 121 - 1))
def test_age_is_full_years(on, days):
    born = on - timedelta(days)
    assert ages(on)[days] == min(age(born, on), OLDEST)


@given(st.integers(0, 2**32), st.data())
@settings(deadline=None, max_examples=30)
def test_the_pyramid_of_every_county_is_counted(seed, data):
    entries = town(seed, data.draw(st.integers(1, 2))).entries
    pencil, log = Pencil(entries), KeptLog(entries, 3)
    at = At(*data.draw(points(entries)))
    found = census(log, at)
    tree = pencil.tree(at)
    table: Counter[Any] = Counter()
    counts: Counter[str] = Counter()
    occupants: Counter[Any] = Counter()
    homeless = set()
    for one in pencil.of(Kind.PERSON):
        state = pencil.state(one, at)
        if state is None:
            continue
        counts["known"] += 1
        counts["dead"] += state.life is Life.DEAD
        counts["deleted"] += state.life is Life.DELETED
        counts["in_transit"] += state.in_transit
        if state.life is Life.LIVING:
            counts["living"] += 1
            counts["unnumbered"] += state.number is None
        if not state.resident:
            continue
        counts["residents"] += 1
        occupants[state.household] += 1
        home = pencil.state(state.household, at) if state.household in pencil.streams else None
        if home is None or home.closed_on is not None:
            homeless.add(one)
        county: Any = None
        for place, fact in tree.above(state.community, at.valid_on) if tree else ():
            county = place if fact.level is Level.COUNTY else county
        born = state.birth_date
        years = OLDEST + 1
        if born is not None and born <= at.valid_on:
            years = min(age(born, at.valid_on), OLDEST)
        table[county, state.sex, years] += 1
    assert {name: count for name, count in found.counts.items() if count} == +counts
    for line, county in enumerate(found.places):
        for row, sex in enumerate(SEXES):
            expected = [table[county, sex, years] for years in range(AGES)]
            assert found.table[line, row].tolist() == expected
    assert found.table.sum() == counts["residents"]
    homes = log.spaces.ids("household", range(log.count(Kind.HOUSEHOLD)))
    assert dict(zip(homes, found.occupants.tolist(), strict=True)) == {
        home: occupants[home] for home in homes
    }
    assert {*log.spaces.ids("person", found.odd[NO_HOME].tolist())} == homeless
    assert not found.odd[WRONG_NUMBER].size
    assert np.array_equal(found.odd[NO_HOME], np.sort(found.odd[NO_HOME]))


def test_a_number_whose_check_character_is_wrong_is_found():
    told, places = setting(KeptLog([], 3), At(date(2026, 1, 1), 0))
    people = np.zeros(3, PERSON)
    people["life"], people["community"] = LIVING, 2**32 - 1
    numbers = [b"11010519491231002X", b"110105194912310021", b"110105199913310022"]
    people["number"] = check(characters(numbers)).packed
    tally = Tally.empty(len(places), 0)
    tally.add(told, 100, people)
    assert np.concatenate(tally.odd[WRONG_NUMBER]).tolist() == [101, 102]


def test_somebody_is_a_year_older_on_the_birthday_and_not_before():
    people = np.zeros(1, PERSON)
    people["life"], people["birth"] = LIVING, day_number(date(2000, 5, 1))
    years = []
    for on in (date(2020, 4, 30), date(2020, 5, 1), date(2000, 5, 1), date(2000, 4, 30)):
        told, places = setting(KeptLog([], 3), At(on, 0))
        tally = Tally.empty(len(places), 0)
        tally.add(told, 0, people)
        years.append(int(tally.table[0, 0].argmax()))
    assert years == [19, 20, 0, OLDEST + 1]
