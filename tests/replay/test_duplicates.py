"""Whoever holds a number that somebody else holds too is found, and since when it was so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.entry import Entry
from registry.events import person
from registry.values import CitizenNumber, DivisionCode, Text
from replay.columns.log import KeptLog
from replay.numbers import characters, check, unpack_one
from replay.questions.duplicates import BINS, Dealt, deal, duplicates, repeated
from replay.states.history import At
from replay.states.persons import DEAD, LIVING, PERSON
from tests.replay.histories import town
from tests.replay.pencil import Pencil
from tests.replay.test_state import told_of

BORN = date(1990, 5, 1)


@given(st.integers(0, 2**32), st.data())
@settings(deadline=None, max_examples=30)
def test_duplicates_are_what_a_clerk_with_a_pencil_finds(seed, data):
    entries = town(seed, data.draw(st.integers(1, 3))).entries
    pencil, log = Pencil(entries), KeptLog(entries, 3)
    valid_on = data.draw(st.sampled_from(sorted({one.effective_on for one in entries})))
    at = At(valid_on + timedelta(1), data.draw(st.integers(0, log.head)))
    found = {}
    for one in duplicates(log, at):
        number = unpack_one(one.number)
        assert number is not None
        found[number] = ({*log.spaces.ids("person", one.holders)}, one.since)
    expected = {
        number: ({*holders}, pencil.duplicate_since(number, at))
        for number, holders in pencil.duplicates(at).items()
    }
    assert found == expected


def test_every_town_has_a_number_that_two_people_hold():
    entries = town(20041122, 2).entries
    log = KeptLog(entries, 3)
    assert duplicates(log, At(date(2059, 1, 1), log.head))
    assert not duplicates(log, At(date(2059, 1, 1), 0))


def test_more_that_meet_than_there_was_room_for_are_found():
    persons = np.zeros(6, PERSON)
    persons["life"] = LIVING
    persons["number"] = [1 << 40] * 4 + [(1 << 40) + BINS] * 2  # in one bin
    assert repeated([deal(persons)]).tolist() == [1 << 40, (1 << 40) + BINS]


def test_a_number_that_differs_in_its_last_character_alone_is_another_one():
    persons = np.zeros(4, PERSON)
    persons["life"] = LIVING, LIVING, DEAD, LIVING
    persons["number"] = 1 << 40, (1 << 40) + 1, 1 << 40, -1
    assert repeated([deal(persons)]).tolist() == []
    persons["life"] = LIVING
    assert repeated([deal(persons)]).tolist() == [1 << 40]


@given(st.lists(st.lists(st.integers(1, 300)), max_size=4))
@settings(deadline=None)
def test_what_stands_twice_is_found_whatever_partition_it_is_in(parts):
    dealt = []
    for part in parts:
        persons = np.zeros(len(part), PERSON)
        persons["life"], persons["number"] = LIVING, part
        dealt.append(deal(persons))
    every = [number for part in parts for number in part]
    assert repeated(dealt).tolist() == sorted({one for one in every if every.count(one) > 1})


def test_a_number_given_back_by_a_restoration_is_held_twice_from_then_on():
    day, number = date(2004, 1, 1), CitizenNumber.compose(DivisionCode("510603"), BORN, 1)
    told = {**told_of(day), "number": number, "name": None, "birth_date": BORN}
    imported = person.PersonImported(**told, source="old", batch="1")
    void: dict[str, Any] = {"effective_on": day, "grounds": Text("误录"), "community": None}
    one, other = UUID(int=1), UUID(int=2)
    facts: list[tuple[UUID, int, Any]] = [
        (one, 1, imported),
        (one, 2, person.RegistrationReversed(**void, voids=(1,))),
        (other, 1, imported),
        (one, 3, person.RegistrationRestored(**void, voids=(2,))),
    ]
    entries = [
        Entry(stream, version, event, day, position)
        for position, (stream, version, event) in enumerate(facts, 1)
    ]
    log, at = KeptLog(entries), At(day, 4)
    assert [(one.holders, one.since) for one in duplicates(log, at)] == [((0, 1), 4)]
    assert Pencil(entries).duplicate_since(number, at) == 4
    assert not duplicates(log, At(day, 3))


def test_numbers_of_a_province_fill_all_bins_alike():
    numbers = []
    for county in ("510603", "510682"):
        for days in range(300):
            for sequence in range(1, 12):
                day = date(1950, 1, 1) + timedelta(83 * days)
                numbers.append(CitizenNumber.compose(DivisionCode(county), day, sequence))

    persons = np.zeros(len(numbers), PERSON)
    persons["number"] = check(characters(one.encode() for one in numbers)).packed
    persons["life"] = LIVING
    dealt: Dealt = deal(persons)
    sizes = np.diff(dealt.ends, prepend=0)
    assert len(sizes) == BINS
    assert sizes.max() < 3 * sizes.mean()
