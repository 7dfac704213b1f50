"""The monthly report closes at every level: what the causes gained is what the residences show."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy import Engine

from adapters.answers import Month
from adapters.counting import following, four_changes
from adapters.database import open_database
from adapters.reading import Reader, reading
from registry.days import end_of
from registry.errors import Malformed
from registry.projections import At
from registry.vocabulary import Kind
from tests.adapters.followed import followed
from tests.projections.pencil import state_of
from tests.strategies import (
    FIRST_DAY,
    PERSON_MOVES,
    Log,
    Move,
    enter_person,
    logs,
    move_boundary,
    story,
)

#: People come, go and are undone, while communities pass from one county to another.
CROSSING: list[Move] = [*PERSON_MOVES, enter_person, move_boundary]


def months(log: Log) -> tuple[int, int]:
    """The first and the last month of a log."""
    first, last = (day.year * 100 + day.month for day in (FIRST_DAY, log.today))
    return first, last


def counted(log: Log, reader: Reader, store: Any, level: tuple[str, int], month: int) -> int:
    """The population at the end of a month, from persons' histories and the tree alone."""
    end = min(following(month) - timedelta(1), log.today)
    at = At(end, store.position_at(end_of(end)))
    inside = set(reader.communities(log.id(*level), at))
    people = [
        state_of(Kind.PERSON, log, log.id("person", each), at) for each in range(1, log.people + 1)
    ]
    return sum(one is not None and one.resident and one.community in inside for one in people)


LEVELS = [("division", 1), ("division", 2), ("division", 3), ("community", 1), ("community", 2)]


def check_reports(engine: Engine, log: Log) -> None:
    """Compare every month's end with a count, at every level."""
    projector = followed(engine, log.entries)
    first, last = months(log)
    with reading(engine) as reader:
        for level in LEVELS:
            ask = partial(four_changes, reader, projector.store, log.id(*level))
            told = ask(first, last, len(log.entries), log.today)
            assert told[0].start == 0
            for one in told:
                found = counted(log, reader, projector.store, level, one.month)
                assert one.end == found, (level, one)
            # A report of one month alone is the one that stands in the report of all.
            middle = told[len(told) // 2]
            (alone,) = ask(middle.month, middle.month, len(log.entries), log.today)
            assert alone == middle


@pytest.mark.parametrize("seed", range(2))
def test_flows_close_at_every_level(engine, seed):
    check_reports(engine, story(seed, 250, CROSSING, people=12))


@settings(max_examples=25, deadline=None)
@given(log=logs(CROSSING))
def test_flows_close_whatever_happens(sqlite_template: Path, tmp_path_factory: Any, log: Log):
    path = tmp_path_factory.mktemp("any") / "registry.db"
    shutil.copy(sqlite_template, path)
    engine = open_database(f"sqlite:///{path}", durability="off")
    try:
        check_reports(engine, log)
    finally:
        engine.dispose()


def test_whoever_moves_inside_a_division_neither_enters_nor_leaves_it(engine):
    log = story(2, 250, CROSSING, people=12)
    projector = followed(engine, log.entries)
    first, last = months(log)
    totals: dict[tuple[str, int], Counter[str]] = {}
    with reading(engine) as reader:
        for level in [*LEVELS, ("community", 3)]:
            told = four_changes(
                reader, projector.store, log.id(*level), first, last, len(log.entries), log.today
            )
            totals[level] = Counter()
            for one in told:
                for cause, crossing in one.causes.items():
                    totals[level][cause] += crossing.entered
                    totals[level][f"-{cause}"] += crossing.left
    city = totals["division", 1]
    assert city["address"] == city["-address"] == 0
    assert city["boundary"] == city["-boundary"] == 0
    communities = [totals["community", each] for each in (1, 2, 3)]
    assert sum(one["address"] for one in communities) > 0
    for cause in ("imported", "in", "-out", "-deaths"):
        assert city[cause] == sum(one[cause] for one in communities)
    counties = totals["division", 2], totals["division", 3]
    assert sum(one["boundary"] for one in counties) > 0


def test_what_is_no_month_or_yet_to_come_is_refused(engine):
    log = story(1, 40)
    projector = followed(engine, log.entries)
    with reading(engine) as reader:
        ask = partial(four_changes, reader, projector.store, log.id("division", 1))
        for first, last in ((201913, 201914), (202002, 202001), (0, 0)):
            with pytest.raises(Malformed):
                ask(first, last, 1, log.today)
        with pytest.raises(Malformed, match="yet to come"):
            ask(209901, 209902, 1, log.today)


def test_a_month_ends_where_its_causes_lead():
    assert Month(202001, 5, {}).end == 5
    assert following(201912) == date(2020, 1, 1)
    assert following(202001) == date(2020, 2, 1)
