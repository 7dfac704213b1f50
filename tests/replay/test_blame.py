"""Who set a value, what it replaced and what fell is what the pencil remembers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import Malformed, NotFound
from registry.events import person
from registry.history import effective
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.questions.blame import blame, fields_of
from replay.states.entities import state_at, states_at
from replay.states.history import At, history_of
from tests.replay.histories import histories, points, town
from tests.replay.pencil import ITEMS, Pencil

DEEP = settings(deadline=None, max_examples=12)
FIELDS = (*ITEMS, "life", "household", "community", "left_on")


@given(data=st.data())
@DEEP
def test_the_entry_to_blame_is_the_one_that_the_pencil_noted(data):
    entries = data.draw(histories())
    log, pencil, at = KeptLog(entries, bits=3), Pencil(entries), At(*data.draw(points(entries)))
    for one in pencil.of(Kind.PERSON):
        items, history = pencil.person(one, at), pencil.history(one, at)
        if not any(entry.position <= at.known for entry in pencil.streams[one]):
            with pytest.raises(NotFound):
                blame(log, Kind.PERSON, one, "name", at)
            continue
        for field in FIELDS:
            found = blame(log, Kind.PERSON, one, field, at)
            if not items:
                assert found.set_by is None
                continue
            assert found.set_by is not None
            assert (found.value, found.set_by.entry) == items[field]
            before = pencil.said(history[: history.index(found.set_by.entry)]).get(field)
            replaced = found.replaced and (found.replaced.value, found.replaced.entry)
            assert replaced == before


@given(data=st.data())
@DEEP
def test_the_state_of_everything_is_the_registers_own(data):
    entries = data.draw(histories(rounds=1))
    log, pencil, at = KeptLog(entries, bits=3), Pencil(entries), At(*data.draw(points(entries)))
    for kind in Kind:
        told = dict(states_at(log, kind, at))
        for stream in pencil.of(kind):
            expected = pencil.state(stream, at)
            assert told.get(stream) == expected
            assert state_at(log, kind, stream, at) == expected


@given(data=st.data())
@DEEP
def test_history_tells_what_stood_when(data):
    entries = data.draw(histories(rounds=1))
    log, pencil, at = KeptLog(entries), Pencil(entries), At(*data.draw(points(entries)))
    for one in pencil.of(Kind.PERSON):
        lines = history_of(log, Kind.PERSON, one, at)
        assert [line.entry for line in lines] == [
            entry for entry in pencil.streams[one] if entry.position <= at.known
        ]
        for line in lines:
            assert line.stands == pencil.stands(line.entry, at.known)
            if line.voided_by is not None:
                assert pencil.stands(line.voided_by, at.known)
            for correction in line.corrected_by:
                assert correction.event.corrects == line.entry.version
        counted = [line.entry for line in lines if line.counts]
        counted = [entry for entry in counted if not hasattr(entry.event, "voids")]
        assert set(counted) == set(effective(pencil.streams[one], *at))


def corrected_town():
    """A person of a town whose imported sex was corrected, and who was renamed by mistake."""
    for seed in range(200):
        built = town(seed, 1)
        for stream in built.persons:
            events = [type(entry.event) for entry in built.streams[stream]]
            if person.SexCorrected in events:
                return built, stream
    raise AssertionError("nobody was corrected")


def test_a_correction_names_what_it_put_right():
    built, stream = corrected_town()
    at = At(built.today, built.entries[-1].position)
    correction = next(
        entry for entry in built.streams[stream] if isinstance(entry.event, person.SexCorrected)
    )
    found = blame(
        KeptLog(built.entries), Kind.PERSON, stream, "sex", at._replace(known=correction.position)
    )
    assert found.set_by is not None
    assert found.set_by.entry == correction
    (wrong,) = found.corrected
    assert wrong.entry.version == correction.event.corrects
    assert wrong.value == wrong.entry.event.sex
    assert found.set_by.grounds["category"] == correction.event.category


def test_a_value_that_was_undone_is_remembered_with_what_undid_it():
    undone = 0
    for seed in range(20):
        built = town(seed)
        log, at = KeptLog(built.entries), At(built.today, built.entries[-1].position)
        for stream in built.persons:
            for fallen in blame(log, Kind.PERSON, stream, "community", at).undone:
                undone += 1
                assert not Pencil(built.entries).stands(fallen.entry, at.known)
                assert fallen.by.version > fallen.entry.version
    assert undone > 20


def test_who_holds_a_number_twice_is_told_with_the_case():
    told = 0
    for seed in range(10):
        built = town(seed)
        log, at = KeptLog(built.entries, bits=1), At(built.today, built.entries[-1].position)
        parties: dict[UUID, set[UUID]] = {}
        for entry in built.entries:
            if type(entry.event).__name__ == "NumberCaseOpened":
                for party in entry.event.parties:
                    parties.setdefault(party, set()).add(entry.stream)
            if type(entry.event).__name__ == "PartyAdded":
                parties.setdefault(entry.event.person, set()).add(entry.stream)
        for stream in built.persons:
            found = blame(log, Kind.PERSON, stream, "number", at)
            assert set(found.cases) == parties.get(stream, set())
            told += len(found.cases)
            early = (
                blame(log, Kind.PERSON, stream, "number", At(at.valid_on, at.known // 2))
                if built.streams[stream][0].position <= at.known // 2
                else found
            )
            assert set(early.cases) <= set(found.cases)
    assert told


def test_a_field_that_nobody_has_is_named():
    built = town(1, 1)
    log = KeptLog(built.entries)
    with pytest.raises(Malformed, match="it has"):
        blame(log, Kind.PERSON, built.persons[0], "shoe_size", At(date(2020, 1, 1), log.head))
    assert {"name", "number", "household"} <= fields_of(Kind.PERSON)
    assert "KIND" not in fields_of(Kind.PERSON)
