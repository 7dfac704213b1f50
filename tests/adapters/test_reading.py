"""Every answer, at any point on both clocks, is the one a clerk with a pencil would give."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from sqlalchemy import Engine

from adapters.answers import Cursor, Occupancy
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.projector import Projector
from adapters.reading import Behind, Reader, reading, resolve
from registry.aggregates import Doorplate, NumberCase, Permit, Person, Places
from registry.days import end_of
from registry.errors import Malformed
from registry.events import numbers as number_events
from registry.history import voided_versions
from registry.projections import At
from registry.vocabulary import Kind
from tests.adapters.followed import followed, record
from tests.projections.pencil import points, state_of
from tests.strategies import Log, logs, number, story

PEOPLE = 6


@pytest.fixture(params=range(2))
def log(request: pytest.FixtureRequest) -> Log:
    """A log of a small town."""
    return story(request.param, 300, people=PEOPLE)


@pytest.fixture
def reader(engine: Engine, log: Log) -> Iterator[Reader]:
    """A reader of the log."""
    followed(engine, log.entries, batch=70)
    with reading(engine) as opened:
        yield opened


def people(log: Log) -> list[UUID]:
    """Everybody there may be."""
    return [log.id("person", each) for each in range(1, log.people + 1)]


def persons(log: Log, at: At) -> list[Person]:
    """Everybody known at a point on both clocks."""
    found = [state_of(Kind.PERSON, log, one, at) for one in people(log)]
    return [one for one in found if one is not None]


def some(log: Log) -> list[At]:
    """A few points on both clocks, the newest among them."""
    found = points(log)
    return [*Random(1).sample(found, min(12, len(found))), At(log.today, len(log.entries))]


def under(log: Log, division: int, at: At) -> set[UUID]:
    """The communities under a division, by the tree's own fold."""
    tree = log.id("places", 0)
    known = [one for one in log.streams[tree] if one.position <= at.known]
    places = Places.fold(known)
    found = set()
    for each in (1, 2, 3):
        community = log.id("community", each)
        if places and log.id("division", division) in {
            place for place, _ in places.above(community, at.valid_on)
        }:
            found.add(community)
    return found


def check_everything(reader: Reader, log: Log, at: At) -> None:
    """Compare every answer at one point on both clocks."""
    known = persons(log, at)
    for one in people(log):
        state = state_of(Kind.PERSON, log, one, at)
        assert reader.person(one, at) == state
        found = reader.residence(one, at)
        if state is None or state.life or not (state.community or state.in_transit):
            assert found is None
        else:
            assert found is not None
            assert found.status == ("resident" if state.resident else "transit")
            assert found.community == (state.community or state.left_community)
            assert (found.household, found.certificate) == (state.household, state.certificate)
    assert reader.persons(people(log), at) == {one.id: one for one in known}
    for each in (1, 2, 3):
        check_household(reader, log, log.id("household", each), known, at)
        community = log.id("community", each)
        there = {one.id for one in known if one.resident and one.community == community}
        assert reader.counts(at, [community]).get(community, 0) == len(there)
    for each in (1, 2):
        check_doorplate(reader, log, log.id("doorplate", each), known, at)
    for division in (1, 2, 3):
        inside = under(log, division, at)
        top = log.id("division", division)
        assert set(reader.communities(top, at)) == inside
        there = {one.id for one in known if one.resident and one.community in inside}
        assert reader.count(top, at) == len(there)
        assert {one.person for one in pages(reader, top, at, 2)} == there
        moving = {one.id for one in known if one.in_transit and one.left_community in inside}
        assert {one.person for one in reader.in_transit(at, top)} == moving
    counts = Counter(one.community for one in known if one.resident)
    assert reader.counts(at) == counts
    for sequence in (11, 12):
        check_number(reader, log, sequence, known, at)


def check_household(reader: Reader, log: Log, household: UUID, known: list[Person], at: At) -> None:
    """Compare a household and its residents."""
    assert reader.household(household, at) == state_of(Kind.HOUSEHOLD, log, household, at)
    there = sorted(one.id.bytes for one in known if one.resident and one.household == household)
    page = reader.residents_of_household(household, at, limit=2)
    found = list(page.residents)
    while page.after is not None:
        page = reader.residents_of_household(household, at, page.after, limit=2)
        found.extend(page.residents)
    assert [one.person.bytes for one in found] == there


def check_doorplate(reader: Reader, log: Log, doorplate: UUID, known: list[Person], at: At) -> None:
    """Compare a door plate and who lives there."""
    state: Doorplate | None = state_of(Kind.DOORPLATE, log, doorplate, at)
    assert reader.doorplate(doorplate, at) == state
    if state is not None:
        assert state in reader.find_doorplates(state.street, at, state.plate_number)
    there = set()
    for one in known:
        household = one.household and state_of(Kind.HOUSEHOLD, log, one.household, at)
        if one.resident and household and household.doorplate == doorplate:
            there.add(one.id)
    assert {one.person for one in reader.occupants(doorplate, at)} == there
    page = reader.residents_of_doorplate(doorplate, at, limit=1)
    found = set()
    while True:
        found |= {one.person for one in page.residents}
        if page.after is None:
            break
        page = reader.residents_of_doorplate(doorplate, at, page.after, limit=1)
    assert found == there


def check_number(reader: Reader, log: Log, sequence: int, known: list[Person], at: At) -> None:
    """Compare who holds and held a number, by its own stream and by persons' particulars."""
    held: dict[UUID, tuple[str, bool]] = {}
    for entry in log.streams.get(log.id("number", sequence), []):
        if entry.position > at.known or entry.effective_on > at.valid_on:
            continue
        match entry.event:
            case number_events.NumberGiven(person=person):
                held[person] = ("given", True)
            case number_events.NumberRecorded(person=person):
                held[person] = (held.get(person, ("recorded",))[0], True)
            case number_events.HoldingEnded(person=person):
                held[person] = (held[person][0], False)
            case number_events.HoldingResumed(person=person):
                held[person] = (held[person][0], True)
    found = reader.persons_by_number(number(sequence), at)
    by_stream = {one.person: (one.how, one.holding) for one in found if one.how != "claimed"}
    assert by_stream == held
    claimed = {one.person for one in found if one.how == "claimed" and one.holding}
    assert claimed == {one.id for one in known if one.number == number(sequence)} - held.keys()


def pages(reader: Reader, division: UUID, at: At, limit: int) -> list[Any]:
    """All residents of a division, page by page."""
    page = reader.residents(division, at, limit=limit)
    found = list(page.residents)
    while page.after is not None:
        assert len(page.residents) == limit
        page = reader.residents(division, at, Cursor.read(page.after.token()), limit)
        found.extend(page.residents)
    assert len(found) == len(set(found))
    return found


def test_answers_are_those_of_the_pencil(reader, log):
    for at in some(log):
        check_everything(reader, log, at)


@settings(max_examples=25, deadline=None)
@given(log=logs())
def test_any_history_is_answered(sqlite_template: Path, tmp_path_factory: Any, log: Log):
    path = tmp_path_factory.mktemp("any") / "registry.db"
    shutil.copy(sqlite_template, path)
    engine = open_database(f"sqlite:///{path}", durability="off")
    try:
        followed(engine, log.entries, batch=17)
        with reading(engine) as opened:
            for at in some(log)[-6:]:
                check_everything(opened, log, at)
    finally:
        engine.dispose()


def test_an_address_is_told_over_time(reader, log):
    head = len(log.entries)
    for known in (head // 2, head):
        first, until = log.today - timedelta(200), log.today + timedelta(1)
        for each in (1, 2):
            doorplate = log.id("doorplate", each)
            told = reader.occupants_over(doorplate, first, until, known)
            assert told[0].valid_from == first
            assert told[-1].valid_until == until
            for one, two in pairwise(told):
                assert one.valid_until == two.valid_from
                assert one.persons != two.persons
            day = first
            while day < until:
                there = {one.person for one in reader.occupants(doorplate, At(day, known))}
                assert on(told, day).persons == there
                day += timedelta(9)


def on(told: list[Occupancy], day: date) -> Occupancy:
    """The interval that a day belongs to."""
    (found,) = (
        one
        for one in told
        if one.valid_from <= day and (not one.valid_until or day < one.valid_until)
    )
    return found


def test_a_person_is_told_over_time(reader, log):
    head = len(log.entries)
    first, until = log.today - timedelta(200), log.today + timedelta(1)
    for person in people(log):
        for known in (head // 2, head):
            told = reader.residence_over(person, first, until, known)
            day = first
            while day < until:
                (*_, now) = [None, *(one for one in told if one.valid_from <= day)]
                if now is not None and now.valid_until is not None and now.valid_until <= day:
                    now = None
                found = reader.residence(person, At(day, known))
                assert (now and now.community) == (found and found.community)
                day += timedelta(9)


def test_a_timeline_has_every_entry_and_tells_which_ones_stand(reader, log):
    for stream, entries in log.streams.items():
        for known in (len(log.entries) // 2, len(log.entries)):
            told = reader.timeline(stream, known)
            seen = [one for one in entries if one.position <= known]
            assert [line.event for line in told] == [one.event for one in seen]
            assert [line.effective_on for line in told] == [one.effective_on for one in seen]
            assert [line.position for line in told] == [one.position for one in seen]
            voided = {line.version for line in told if line.voided_from is not None}
            assert voided == voided_versions(seen)


def test_cases_and_papers_are_told(reader, log):
    for at in some(log):
        case: NumberCase | None = ledger(log, NumberCase, log.id("case", 1), at)
        found = reader.case(log.id("case", 1), at)
        assert (found is None) == (case is None)
        if case is not None and found is not None:
            assert found.open == case.open
            assert frozenset(found.parties) == case.parties
            assert [one.id for one in reader.open_cases(at)] == [case.id] * case.open
        for each in (1, 2):
            permit: Permit | None = ledger(log, Permit, log.id("permit", each), at)
            paper = reader.paper(log.id("permit", each), at)
            assert (paper is None) == (permit is None)
            if permit is not None and paper is not None:
                assert paper.void == permit.void
                assert frozenset(paper.used_by) == permit.used_by
                assert paper in reader.papers_numbered(permit.permit_number, at)


def ledger(log: Log, kind: Any, stream: UUID, at: At) -> Any:
    """The state of a ledger at a point on both clocks."""
    return kind.fold(
        one
        for one in log.streams.get(stream, [])
        if one.position <= at.known and one.effective_on <= at.valid_on
    )


def test_pages_do_not_shift_while_entries_are_recorded(engine):
    log = story(5, 300, people=20)
    half = len(log.entries) * 2 // 3
    projector = followed(engine, log.entries[:half])
    day = log.entries[half - 1].effective_on
    city = log.id("division", 1)
    with reading(engine) as reader:
        whole = pages(reader, city, At(day, half), 1000)
        page = reader.residents(city, At(day, half), limit=2)
    assert len(whole) > 4
    found = list(page.residents)
    record(projector.store, log.entries[half:])  # type: ignore[arg-type]
    projector.catch_up()
    with reading(engine) as reader:
        while page.after is not None:
            later = At(log.today, len(log.entries))
            page = reader.residents(city, later, page.after, 2)
            found.extend(page.residents)
        assert pages(reader, city, At(log.today, len(log.entries)), 1000) != whole
    assert found == whole


def test_the_future_is_not_answered(engine):
    log = story(1, 60)
    projector = followed(engine, log.entries)
    now = end_of(log.today)
    with reading(engine) as reader:
        ask = reader.connection, projector.store, now
        assert resolve(*ask) == At(log.today, len(log.entries))
        with pytest.raises(Malformed, match="yet to come"):
            resolve(*ask, valid_on=log.today + timedelta(1))
        with pytest.raises(Malformed, match="nobody knows"):
            resolve(*ask, known_at=now + 1)
        first = log.entries[0].recorded_at
        assert resolve(*ask, known_at=first - 1).known == 0
        assert resolve(*ask, known_at=now).known == len(log.entries)


def test_who_asks_for_more_than_has_been_folded_is_told_to_come_again(engine):
    log = story(1, 60)
    projector = followed(engine, log.entries[:10])
    record(projector.store, log.entries[10:])  # type: ignore[arg-type]
    with reading(engine) as reader, pytest.raises(Behind, match="entries behind"):
        resolve(reader.connection, projector.store, end_of(log.today), known_at=end_of(log.today))


def test_who_asks_before_the_read_models_are_built_is_told_to_come_again(unprepared):
    projector = Projector(unprepared, Recorder(unprepared, node=1))
    with pytest.raises(Behind, match="being built"), reading(unprepared) as reader:
        reader.person(UUID(int=5), At(date(2020, 1, 1), 1))
    projector.prepare()
    with reading(unprepared) as reader:
        assert reader.person(UUID(int=5), At(date(2020, 1, 1), 1)) is None


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 58, "A" * 60, "=" * 8])
def test_a_made_up_cursor_is_refused(token):
    with pytest.raises(Malformed, match="cursor"):
        Cursor.read(token)
