"""The clean-up week by week: one pass tells what a count on each day tells."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from adapters import cleaning
from adapters.cleaning_weeks import Spans, Week
from adapters.reading import Reader, reading
from registry.projections import At
from registry.projections.findings import Wanted
from tests.adapters.followed import followed
from tests.happenings.checking import change_finding, check_person
from tests.happenings.log import Move, pass_days
from tests.happenings.persons import change_person, enter_person, void_person
from tests.happenings.places import move_boundary
from tests.strategies import story

CLEANING: list[Move] = [
    *(pass_days, pass_days, enter_person, enter_person, enter_person, void_person, change_person),
    *(change_finding, move_boundary, *[check_person] * 6),
]
WEEKS = 150


def one_by_one(reader: Reader, wanted: Wanted, at: At) -> list[Week]:
    """How things stood at the end of each week, all of it counted anew each time."""
    told = []
    for back in reversed(range(WEEKS)):
        day = At(at.valid_on - timedelta(7 * back), at.known)
        kinds = cleaning.kinds(reader, wanted, day)
        whole, _ = cleaning.progress(reader, wanted.division, day, wanted.station)
        found, waiting = sum(one.found for one in kinds), sum(one.open for one in kinds)
        told.append(Week(day.valid_on, found, waiting, whole.verified))
    return told


def test_weeks_are_those_that_a_count_of_each_day_tells(engine: Engine):
    log = story(7, 900, CLEANING, people=2)
    followed(engine, log.entries)
    seen: set[tuple[int, int, int]] = set()
    with reading(engine) as reader:
        for place, known in (
            (("division", 1), len(log.entries)),
            (("division", 2), len(log.entries) // 2),
        ):
            at, wanted = At(log.today, known), Wanted(log.id(*place))
            told = cleaning.weeks(reader, wanted, at, WEEKS)
            assert told == one_by_one(reader, wanted, at)
            seen |= {(one.found, one.open, one.verified) for one in told}
    assert len({found for found, _, _ in seen}) > 3
    assert len({waiting for _, waiting, _ in seen}) > 3
    assert {verified for _, _, verified in seen} > {0}


def test_a_span_holds_from_its_first_day_until_before_its_end():
    spans = Spans()
    spans.add(3, 5, 2)
    spans.add(4, 9, 1)
    assert spans.on([1, 3, 4, 5, 8, 9]) == [0, 2, 3, 1, 1, 0]
