"""The exchange of cards as the read models tell it: preparations, task letters, progress."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters import campaigns
from adapters.projector import Projector
from adapters.reading import Reader, reading
from registry.commands.letters import AcknowledgeTask
from registry.commands.programme import AcceptPilot
from registry.errors import NotFound
from registry.projections import At
from registry.values import MilestoneCode, ProgrammeCode
from tests.scenarios.cards import EXPIRED, STATION, accepted, arrived, handing, ready
from tests.scenarios.test_letters import JINGYANG, divided, handed, issued
from tests.scenarios.test_programme import (
    OFFICE,
    PLAN,
    on_trial,
    opened,
    opening,
    prepared,
    reach,
)
from tests.scenarios.town import TODAY, Town

DEYANG = ProgrammeCode("deyang-2004")


@pytest.fixture
def projector(town: Town) -> Projector:
    """What follows the town's log."""
    store = town.register.store
    following = Projector(store.engine, store)  # type: ignore[attr-defined]  # it is a Recorder
    following.prepare()
    return following


@pytest.fixture
def reader(projector: Projector) -> Iterator[Reader]:
    """A reader of what the follower wrote."""
    with reading(projector.engine) as opened_reader:
        yield opened_reader


def now(town: Town, projector: Projector, reader: Reader) -> At:
    """Today, as known now; the reader looks anew."""
    reader.connection.rollback()
    return At(town.today, projector.catch_up())


def row_of(reader: Reader, town: Town, county: str, at: At) -> campaigns.CountyReadiness:
    """A county's row of the readiness matrix."""
    found = campaigns.matrix(reader, DEYANG, at)
    (row,) = (one for one in found if one.division == town.ids[county])
    return row


def test_a_programme_tells_its_phases_as_planned_and_as_they_went(
    town: Town, projector: Projector, reader: Reader
):
    before = now(town, projector, reader)
    with pytest.raises(NotFound):
        campaigns.programme(reader, DEYANG, before)
    opened(town)
    on_trial(town, town.jingyang, days=3)
    at = now(town, projector, reader)
    found = campaigns.programme(reader, DEYANG, at)
    told = [(one.phase, one.planned_from, one.started_on) for one in found.phases]
    assert told == [
        ("preparation", date(2004, 6, 1), TODAY),
        ("pilot", date(2004, 10, 1), TODAY),
        ("exchange", date(2005, 1, 1), None),
        ("closing", date(2009, 1, 1), None),
    ]
    assert (found.pilot_places, found.pilot_until) == ((town.jingyang,), TODAY + timedelta(3))
    assert found.pilot_accepted_on is None
    town.do(AcceptPilot(programme=DEYANG, document=PLAN), OFFICE)
    later = campaigns.programme(reader, DEYANG, now(town, projector, reader))
    assert later.pilot_accepted_on == TODAY
    assert campaigns.programme(reader, DEYANG, at) == found  # as it was known then


def test_a_county_is_held_against_what_is_asked_of_it_and_of_the_city(
    town: Town, projector: Projector, reader: Reader
):
    opened(town)
    row = row_of(reader, town, "jingyang", now(town, projector, reader))
    assert row.waits_for == ("DY-06", "DY-11", "DY-17")
    asked = {one.milestone: one.division for one in row.milestones}
    assert asked == {
        **dict.fromkeys(("DY-01", "DY-02", "DY-04", "DY-05", "DY-11", "DY-12"), town.jingyang),
        "DY-06": town.deyang,
        "DY-17": town.jingyang,
    }
    assert set(row.streams.values()) == {"late"}  # it is 2007
    reach(town, town.deyang, "DY-06")
    row = row_of(reader, town, "jingyang", now(town, projector, reader))
    assert row.streams["system"] == "done late"
    assert row.waits_for == ("DY-11", "DY-17")
    other = row_of(reader, town, "shifang", now(town, projector, reader))
    assert other.streams == row.streams  # the city's milestone is everybody's


@pytest.mark.parametrize(
    ("on", "reached", "status"),
    [
        (date(2004, 12, 31), None, "open"),
        (date(2005, 1, 1), None, "late"),
        (date(2005, 1, 1), date(2004, 12, 31), "done"),
        (date(2005, 1, 1), date(2005, 1, 1), "done late"),
    ],
)
def test_a_stream_is_late_from_the_day_after_it_was_due(
    on: date, reached: date | None, status: str
):
    training = campaigns._due(MilestoneCode("DY-17"), UUID(int=1), reached, on)
    assert campaigns._streams([training]) == {"training": status}


def test_a_county_that_opened_shows_its_data_and_its_day(
    town: Town, projector: Projector, reader: Reader
):
    prepared(town)
    town.do(opening(town, TODAY + timedelta(9)), OFFICE)
    row = row_of(reader, town, "jingyang", now(town, projector, reader))
    assert (row.baseline_on, row.exchange_on) == (TODAY, TODAY + timedelta(9))
    assert row.waits_for == ()


def test_a_letter_shows_what_was_handed_down_and_what_was_done(
    town: Town, projector: Projector, reader: Reader
):
    """The year counts by the day on which a card is handed out; a second card counts nobody."""
    letter = issued(town, 2007)
    on_trial(town, town.jingyang, days=600)
    shares = divided(letter, (town.jingyang, 600_000), (town.shifang, 180_000))
    jingyang, shifang = handed(town, shares)
    town.do(AcknowledgeTask(letter=jingyang), JINGYANG)
    (station,) = handed(town, divided(jingyang, (STATION.office, 600_000)), JINGYANG)
    ready(town, "wang", "zhao")
    first, second = accepted(town, "wang"), accepted(town, "zhao")
    arrived(town, first, second)
    town.do(handing(town, first), STATION)
    town.today = date(2007, 7, 1)
    town.do(handing(town, second), STATION)
    town.today = date(2007, 8, 1)
    again = accepted(town, "wang", EXPIRED)
    arrived(town, again, first=7)
    town.do(handing(town, again, surrendered=(first,)), STATION)

    at = now(town, projector, reader)
    told = {one.letter: one for one in campaigns.tasks(reader, DEYANG, at, 2007)}
    assert told.keys() == {letter, jingyang, shifang, station}
    assert told[letter].months == {200706: 1, 200707: 1}
    assert (told[letter].issued, told[letter].undivided) == (2, 0)
    assert told[letter].share == pytest.approx(200 / 780_000)
    assert (told[jingyang].issued, told[shifang].issued, told[station].issued) == (2, 0, 2)
    assert (told[jingyang].undivided, told[shifang].undivided) == (0, None)
    assert (told[jingyang].acknowledged, told[station].acknowledged) == (True, False)
    assert campaigns.tasks(reader, DEYANG, at, 2008) == []
    june = At(date(2007, 6, 30), at.known)
    told = {one.letter: one for one in campaigns.tasks(reader, DEYANG, june)}
    assert told[letter].issued == 1


def pencil(town: Town, year: int) -> dict[str, int]:
    """People served by station in a year, counted entry by entry."""
    seen: set[Any] = set()
    counted: dict[str, int] = {}
    opened_by: dict[Any, Any] = {}
    for stored in town.register.store.page(0, 10_000):
        entry = town.register.codec.entry(stored)
        name = type(entry.event).__name__
        if name == "ApplicationAccepted":
            opened_by[entry.stream] = entry.event
        if name == "CardHandedOut":
            told = opened_by[entry.stream]
            if told.card_kind == "2" and told.person not in seen:
                seen.add(told.person)
                if entry.effective_on.year == year:
                    counted[told.station] = counted.get(told.station, 0) + 1
    return counted


def test_a_clerk_counts_the_same_people(town: Town, projector: Projector, reader: Reader):
    issued(town, 2007)
    on_trial(town, town.jingyang, days=600)
    ready(town, "wang", "zhao", "li")
    for number, (who, day) in enumerate(
        [("wang", date(2007, 6, 2)), ("zhao", date(2007, 12, 31)), ("li", date(2008, 1, 1))]
    ):
        town.today = day
        one = accepted(town, who)
        arrived(town, one, first=10 * number + 1)
        town.do(handing(town, one), STATION)
    (letter,) = campaigns.tasks(reader, DEYANG, now(town, projector, reader))
    assert letter.issued == sum(pencil(town, 2007).values()) == 2
