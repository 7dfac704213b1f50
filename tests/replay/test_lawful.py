"""A history is against the law where the register itself would have refused an entry."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import AGGREGATES, Household, rules
from registry.entry import Entry
from registry.events import person
from registry.events.redaction import PartRedacted
from registry.history import effective
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.questions.lawful import lawful
from replay.states.history import At
from tests.replay.histories import points, town
from tests.replay.pencil import Pencil

#: Rules about what lies beyond the life of a household or door plate, which `lawful` judges.
OF_LIFE = (
    rules.AlreadyKnown,
    rules.NotKnownYet,
    rules.HouseholdIsClosed,
    rules.DoorplateIsClosed,
    rules.StreetIsClosed,
)


def expected(kind: Kind, history: list[Entry]) -> tuple[int, int]:
    """How many entries break a rule, and the version of the first."""
    wrong = [
        entry.version
        for entry, rule in AGGREGATES[kind].faults(history)
        if kind is Kind.PERSON or isinstance(rule, OF_LIFE)
    ]
    return len(dict.fromkeys(wrong)), wrong[0] if wrong else 0


def disturbed(entries: list[Entry], chance: Any) -> list[Entry]:
    """The same entries, some of them dropped or dated otherwise, versions and positions anew."""
    streams: dict[UUID, int] = {}
    found: list[Entry] = []
    for entry in entries:
        event, word = entry.event, VOCABULARY[type(entry.event)]
        if word.voids or word.corrects or chance.random() < 0.1:
            continue
        if chance.random() < 0.2:
            day = entry.effective_on + timedelta(chance.choice([-400, -30, 1, 90]))
            event = type(event)(**{**event.__dict__, "effective_on": day})
        streams[entry.stream] = streams.get(entry.stream, 0) + 1
        found.append(
            Entry(entry.stream, streams[entry.stream], event, event.effective_on, len(found) + 1)
        )
    return found


KINDS = (Kind.PERSON, Kind.HOUSEHOLD, Kind.DOORPLATE, Kind.STREET)


@given(st.integers(0, 2**32), st.randoms(use_true_random=False), st.data())
@settings(deadline=None, max_examples=40)
def test_entries_against_the_law_are_those_that_the_register_names(seed, chance, data):
    entries = town(seed, data.draw(st.integers(1, 2))).entries
    if data.draw(st.booleans(), label="disturbed"):
        entries = disturbed(entries, chance)
    pencil, log = Pencil(entries), KeptLog(entries, 3)
    at = At(*data.draw(points(entries)))
    for kind in KINDS:
        table = lawful(log, kind, at)
        for one, record in zip(log.spaces.ids(kind.value, range(len(table))), table, strict=True):
            history = pencil.history(one, at) if one in pencil.streams else []
            told = (int(record["faults"]), int(record["fault"]))
            assert told == expected(kind, history), (kind, one)


def test_a_town_is_lawful_until_it_is_disturbed():
    entries = town(20041122, 3).entries
    at = At(date(2059, 1, 1), entries[-1].position)
    log = KeptLog(entries, 3)
    assert not lawful(log, Kind.PERSON, at)["faults"].any()
    dead = next(
        one
        for one in entries
        if isinstance(one.event, person.DeathRegistered)
        and one in effective([other for other in entries if other.stream == one.stream])
    )
    versions = sum(one.stream == dead.stream for one in entries)
    again = dead._replace(version=versions + 1, position=at.known + 1)
    worse = KeptLog([*entries, again], 3)
    table = lawful(worse, Kind.PERSON, At(at.valid_on, worse.head))
    assert table["faults"].nonzero()[0].tolist() == [worse.spaces.find("person", dead.stream)]
    assert table["fault"].max() == again.version


def test_a_redaction_is_lawful_whatever_became_of_the_person():
    entries = town(20041122, 3).entries
    at = At(date(2059, 1, 1), entries[-1].position + 1)
    gone = next(
        one
        for one in entries
        if isinstance(one.event, person.RecordDeleted)
        and one in effective([other for other in entries if other.stream == one.stream])
    )
    versions = sum(one.stream == gone.stream for one in entries)
    redaction = PartRedacted(
        effective_on=gone.effective_on,
        entry_of=gone.stream,
        entry_version=1,
        part="subject",
        proposal=1,
    )
    more = gone._replace(version=versions + 1, event=redaction, position=at.known)
    history = [one for one in [*entries, more] if one.stream == gone.stream]
    assert expected(Kind.PERSON, effective(history)) == (0, 0)
    assert not lawful(KeptLog([*entries, more], 3), Kind.PERSON, at)["faults"].any()


def test_members_are_judged_elsewhere():
    assert Household.KIND in KINDS
    with pytest.raises(AssertionError, match="ledgers"):
        lawful(KeptLog(town(1, 1).entries), Kind.NUMBER, At(date(2059, 1, 1), 10))
