"""Where applications for cards stand, at any point on both clocks, against a clerk's own list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from adapters import issuing
from adapters.reading import Reader, reading
from registry.aggregates import Places
from registry.projections import At
from registry.vocabulary import VOCABULARY
from tests.adapters.followed import followed
from tests.projections.pencil import points
from tests.strategies import CARD_MOVES, Log, story

#: Days that each stage may take, from the limits as they were published; w: working days.
LIMITS = {
    **dict.fromkeys(("00", "01", "06", "03", "04", "10", "11", "13", "12", "17"), "3w"),
    **dict.fromkeys(("14", "15", "16", "20"), "3w"),
    **dict.fromkeys(("18", "21", "22"), "2"),
    **dict.fromkeys(("23", "25", "30"), "0"),
    **dict.fromkeys(("24", "31"), "15w"),
    "32": "1",
    **dict.fromkeys(("62", "72", "82", "91", "97"), "5"),
    **dict.fromkeys(("60", "61", "64"), "5w"),
    **dict.fromkeys(("63", "70", "71", "74", "73", "80", "81", "84"), "3w"),
    **dict.fromkeys(("83", "89", "90"), "2w"),
}


#: Holidays and exchanged weekends of 2020, as the State Council announced them: first, last, works.
YEAR_2020 = (
    *(("01-01", "01-01", 0), ("01-19", "01-19", 1), ("01-24", "02-02", 0), ("04-04", "04-06", 0)),
    *(("04-26", "04-26", 1), ("05-01", "05-05", 0), ("05-09", "05-09", 1), ("06-25", "06-27", 0)),
    *(("06-28", "06-28", 1), ("09-27", "09-27", 1), ("10-01", "10-08", 0), ("10-10", "10-10", 1)),
)


def works(day: date) -> bool:
    """Whether a day is a working day; of other years than 2020 only weekends are known here."""
    for first, last, open_then in YEAR_2020:
        if f"2020-{first}" <= str(day) <= f"2020-{last}":
            return bool(open_then)
    return day.isoweekday() <= 5


@pytest.fixture(params=[0, 2, 3])
def log(request: pytest.FixtureRequest) -> Log:
    """A log with many applications."""
    return story(request.param, 500, CARD_MOVES)


@pytest.fixture
def reader(engine: Engine, log: Log) -> Iterator[Reader]:
    """A reader of the log."""
    followed(engine, log.entries, batch=70)
    with reading(engine) as opened:
        yield opened


def some(log: Log) -> list[At]:
    """A few points on both clocks, the newest and later days among them."""
    found = {At(log.today + timedelta(99), len(log.entries))}
    for at in Random(1).sample(points(log), 8):
        told = [one for stream in streams(log) if (one := clerk(log, stream, at)) and one["waits"]]
        due = {one["due_on"] for one in told} | {
            last_day(one["state"], one["since"]) for one in told
        }
        # On the last day in time, and a day too late.
        days = {at.valid_on, *due, *(day + timedelta(1) for day in due)}
        found |= {At(day, at.known) for day in days}
    return sorted(found, key=lambda at: (at.known, at.valid_on))


def last_day(state: str, since: date) -> date:
    """The last day in time, counted on the fingers."""
    limit = LIMITS[state]
    left, day = int(limit.rstrip("w")), since
    while left:
        day += timedelta(1)
        if not limit.endswith("w") or works(day):
            left -= 1
    return day


def clerk(log: Log, stream: UUID, at: At) -> dict[str, Any] | None:
    """What a clerk reads from the entries of an application."""
    told: dict[str, Any] | None = None
    for entry in log.streams.get(stream, ()):
        if entry.position > at.known or entry.effective_on > at.valid_on:
            continue
        event = entry.event
        if told is None:
            told = {"person": event.person, "community": event.community, "attempt": 0}
            told |= {"accepted_on": event.effective_on, "number": event.acceptance_number}
            told["applied_on"] = event.applied_on
        reached = VOCABULARY[type(event)].reaches
        if reached is not None:
            told |= {"state": str(reached), "since": event.effective_on}
        if getattr(event, "attempt", None):
            told["attempt"] = event.attempt
    if told is not None:
        waits = told["state"] in LIMITS
        due = told["applied_on"] + timedelta(60)
        told["due_on"] = due
        told["overdue"] = waits and due < at.valid_on
        told["late"] = waits and last_day(told["state"], told["since"]) < at.valid_on
        told["waits"] = waits
    return told


def streams(log: Log) -> list[UUID]:
    """Every application there may be."""
    return [log.id("application", each) for each in range(1, 5)]


def test_an_application_stands_where_the_clerk_has_it(reader: Reader, log: Log):
    seen = 0
    for at in some(log):
        for stream in streams(log):
            expected, found = clerk(log, stream, at), issuing.application(reader, stream, at)
            if expected is None:
                assert found is None
                continue
            assert found is not None
            seen += 1
            for name in ("person", "community", "attempt", "accepted_on", "state", "since"):
                assert getattr(found, name) == expected[name], name
            assert (found.due_on, found.late, found.overdue) == (
                *(expected["due_on"], expected["late"], expected["overdue"]),
            )
            assert issuing.numbered(reader, expected["number"], at) == found
    assert seen


def test_a_person_s_applications_are_all_there(reader: Reader, log: Log):
    for at in some(log):
        told = {stream: clerk(log, stream, at) for stream in streams(log)}
        for person in {one["person"] for one in told.values() if one}:
            mine = {s for s, one in told.items() if one and one["person"] == person}
            assert {one.id for one in issuing.of_person(reader, person, at)} == mine


def test_the_backlog_is_what_waits_under_a_place_on_that_day(reader: Reader, log: Log):
    for at in some(log):
        tree = [one for one in log.streams[log.id("places", 0)] if one.position <= at.known]
        places = Places.fold(tree)
        assert places is not None
        for number in (1, 2, 3):
            division = log.id("division", number)
            mine = []
            for stream in streams(log):
                one = clerk(log, stream, at)
                if one is None or not one["waits"]:
                    continue
                above = {place for place, _ in places.above(one["community"], at.valid_on)}
                if division in above:
                    mine.append((stream, one))
            found = issuing.backlog(reader, division, at)
            counted = {one.state: (one.applications, one.late, one.overdue) for one in found}
            states = Counter(one["state"] for _, one in mine)
            assert counted == {
                state: (
                    count,
                    sum(one["late"] for _, one in mine if one["state"] == state),
                    sum(one["overdue"] for _, one in mine if one["state"] == state),
                )
                for state, count in states.items()
            }
            assert all(
                line.oldest == min(one["since"] for _, one in mine if one["state"] == line.state)
                for line in found
            )
            over = sorted(
                (
                    (one["due_on"], stream.bytes)
                    for stream, one in mine
                    if one["late"] or one["overdue"]
                )
            )
            listed = issuing.overruns(reader, division, at, None, 100)
            assert [(one.due_on, one.id.bytes) for one in listed] == over


def test_pages_of_overruns_follow_each_other(reader: Reader, log: Log):
    division = log.id("division", 1)
    lists = [(at, issuing.overruns(reader, division, at, None, 100)) for at in some(log)]
    at, whole = max(lists, key=lambda told: len(told[1]))
    assert len(whole) > 1
    pages, after = [], None
    while page := issuing.overruns(reader, division, at, after, 1):
        pages += page
        after = ((page[-1].due_on - date(1880, 1, 1)).days, page[-1].id.bytes)
    assert pages == whole
