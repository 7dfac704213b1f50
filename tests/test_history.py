"""What a stream's history is at (valid, known): the one definition, held against a slow clerk.

Source: the register's own law of history: entries up to a position that no standing entry voids,
dated up to a day, in the order of day and version.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.entry import Entry
from registry.events.person import (
    BirthRegistered,
    EntriesVoided,
    NameChanged,
    NameCorrected,
)
from registry.history import effective, standing, voided_versions
from registry.values import ChangeCategory, Name, Text
from registry.vocabulary import VOCABULARY
from tests.everything import STREAM, one_of

FIRST = date(2007, 1, 1)
BIRTH = one_of(VOCABULARY[BirthRegistered])


def day(number: int) -> date:
    return FIRST + timedelta(number)


def born(on: int = 0) -> BirthRegistered:
    told = {**BIRTH.__dict__, "effective_on": day(on)}
    return BirthRegistered(**told)


def named(on: int) -> NameChanged:
    category = ChangeCategory("21")
    return NameChanged(
        effective_on=day(on), category=category, name=Name("安"), declarant=Name("王")
    )


def corrected(on: int, version: int) -> NameCorrected:
    return NameCorrected(
        effective_on=day(on),
        corrects=version,
        category=ChangeCategory("22"),
        name=Name("平"),
        declarant=Name("王"),
    )


def voided(on: int, *versions: int) -> EntriesVoided:
    return EntriesVoided(effective_on=day(on), voids=versions, grounds=Text("误"))


def stream(*events) -> list[Entry]:
    """Entries of one stream; every other position belongs to somebody else."""
    return [
        Entry(STREAM, number, event, event.effective_on, position=2 * number)
        for number, event in enumerate(events, 1)
    ]


def versions(entries) -> list[int]:
    return [entry.version for entry in entries]


@pytest.mark.parametrize(
    ("events", "stands"),
    [
        ([born(), named(5), named(3)], [1, 3, 2]),  # by day, then by version
        ([born(), named(3), named(3)], [1, 2, 3]),
        ([born(), named(5), corrected(0, 1)], [1, 3, 2]),
        ([born(), named(5), voided(5, 2)], [1]),
        ([born(), named(5), voided(5, 2), voided(5, 3)], [1, 2]),
        ([born(), named(5), voided(5, 2), voided(5, 3), voided(5, 4)], [1]),
        ([born(), named(5), corrected(5, 2), voided(5, 2)], [1]),  # its correction falls too
        ([born(), named(5), corrected(5, 2), voided(5, 3)], [1, 2]),
        ([born(), named(5), corrected(5, 2), corrected(5, 3), voided(5, 2)], [1]),
        ([born(), named(5), corrected(5, 2), corrected(5, 3), voided(5, 3)], [1, 2]),
        ([born(), named(5), corrected(5, 2), voided(5, 2), voided(5, 4)], [1, 2, 3]),
        ([born(), named(5), named(6), voided(5, 2, 3)], [1]),
        ([born(), voided(0, 1)], []),
    ],
)
def test_what_stands(events, stands):
    assert versions(standing(stream(*events))) == stands


@pytest.mark.parametrize(
    ("known", "stands"),
    [(0, []), (1, []), (2, [1]), (4, [1, 2]), (5, [1, 2]), (6, [1]), (7, [1]), (8, [1, 2])],
)
def test_what_stood_as_known_then(known, stands):
    entries = stream(born(), named(5), voided(5, 2), voided(5, 3))
    assert versions(standing(entries, known)) == stands


@pytest.mark.parametrize(("on", "seen"), [(-1, []), (0, [1, 4]), (3, [1, 4, 3]), (5, [1, 4, 3, 2])])
def test_what_was_so_on_a_day(on, seen):
    entries = stream(born(), named(5), named(3), corrected(0, 1))
    assert versions(effective(entries, day(on))) == seen


@st.composite
def histories(draw) -> list[Entry]:
    """Streams with changes, corrections and voids of anything, lawful or not."""
    events: list[Any] = [born()]
    for number in range(2, draw(st.integers(1, 12)) + 1):
        target = draw(st.integers(1, number - 1))
        void = isinstance(events[target - 1], EntriesVoided)  # has nothing to be corrected
        on = (events[target - 1].effective_on - FIRST).days
        kind = draw(st.sampled_from(["change", "void"] if void else ["change", "correct", "void"]))
        if kind == "change":
            events.append(named(draw(st.integers(0, 6))))
        elif kind == "correct":
            events.append(corrected(on, target))
        else:
            events.append(voided(on, target))
    return stream(*events)


def stands(entry: Entry, entries: list[Entry]) -> bool:
    """The clerk's way: it stands unless a later void that stands names it or what it corrects."""
    later = [one for one in entries if one.version > entry.version]
    for one in later:
        named = isinstance(one.event, EntriesVoided) and entry.version in one.event.voids
        if named and stands(one, entries):
            return False
    if isinstance(entry.event, NameCorrected):
        return stands(next(one for one in entries if one.version == entry.event.corrects), entries)
    return True


@settings(deadline=None, max_examples=300)
@given(entries=histories(), known=st.integers(0, 30), on=st.integers(-1, 8))
def test_the_history_is_the_one_that_a_clerk_finds(entries, known, on):
    seen = [entry for entry in entries if entry.position <= known]
    right = [
        entry
        for entry in sorted(seen, key=lambda entry: (entry.effective_on, entry.version))
        if not isinstance(entry.event, EntriesVoided)
        and entry.effective_on <= day(on)
        and stands(entry, seen)
    ]
    assert effective(entries, day(on), known) == right


@settings(deadline=None)
@given(entries=histories(), known=st.integers(0, 30))
def test_what_was_known_is_not_touched_by_what_came_after(entries, known):
    before = [entry for entry in entries if entry.position <= known]
    assert standing(entries, known) == standing(before)
    fallen = voided_versions(before)
    assert fallen <= {entry.version for entry in before}
