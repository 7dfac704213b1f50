"""What changed between two points is what the pencil says, and the counts close."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.entry import Entry
from registry.events.applications import ApplicationAccepted, CardSigned
from registry.events.issuance import CardHandedOut
from registry.events.person import EntriesVoided
from registry.values import CollectionMethod, HandoverCategory, Text
from registry.vocabulary import Cause, Group, Kind
from replay.columns.forms import NONE
from replay.columns.log import KeptLog
from replay.questions.diff import diff, explained
from replay.questions.differing import CAUSES, GROUPS
from replay.questions.residents import residents_on
from replay.states.history import At
from tests.replay.histories import histories, points, town
from tests.replay.pencil import Pencil
from tests.replay.test_changed import with_cards

DEEP = settings(deadline=None, max_examples=25)


@given(data=st.data())
@DEEP
def test_residents_are_those_whom_the_pencil_counts(data):
    entries = data.draw(histories())
    log, at = KeptLog(entries, bits=3), At(*data.draw(points(entries)))
    assert residents_on(log, at) == Pencil(entries).residents(at)


def agree(entries, a: At, b: At) -> None:
    """Hold a comparison against the pencil's."""
    log, pencil = KeptLog(entries, bits=3), Pencil(entries)
    told = diff(log, a, b).changes

    def community(handle: int):
        return None if handle == NONE else log.spaces.ids("community", [handle])[0]

    moved = {
        person: (community(before), community(after), CAUSES[came], CAUSES[went])
        for person, before, after, came, went in zip(
            log.spaces.ids("person", told.person.tolist()),
            told.before.tolist(),
            told.after.tolist(),
            told.came_by.tolist(),
            told.went_by.tolist(),
            strict=True,
        )
        if before != after
    }
    assert moved == {one.person: one[1:] for one in pencil.changes(a, b)}
    for how in ("changed", "corrected", "undone"):
        masks = dict(zip(told.person.tolist(), getattr(told, how).tolist(), strict=True))
        for person in pencil.of(Kind.PERSON):
            (handle,) = log.spaces.handles("person", [person])
            mine = {group for bit, group in enumerate(GROUPS) if masks.get(handle, 0) >> bit & 1}
            rewritten = pencil.rewritten(person, a, b)
            assert mine == {group for group, what in rewritten.items() if what == how}


@given(data=st.data())
@DEEP
def test_everybody_who_differs_is_found_with_the_cause(data):
    entries = data.draw(histories())
    agree(entries, *(At(*data.draw(points(entries))) for _ in "ab"))


@pytest.mark.parametrize("seed", range(10))
def test_long_lives_are_compared_as_the_pencil_compares_them(seed):
    """Several deeds of one person lie between the points, of which one decides."""
    entries = town(seed, 5).entries
    b = At(max(entry.effective_on for entry in entries), entries[-1].position)
    for count in (len(entries) // 4, len(entries) // 2, len(entries) * 3 // 4):
        a = At(max(entry.effective_on for entry in entries[:count]), count)
        agree(entries, a, b)
        agree(entries, b, a)
    assert residents_on(KeptLog(entries), b) == Pencil(entries).residents(b)


@given(data=st.data())
@DEEP
def test_at_every_place_start_and_flows_give_the_end(data):
    entries = data.draw(histories())
    a, b = (At(*data.draw(points(entries))) for _ in "ab")
    found, pencil = diff(KeptLog(entries, bits=3), a, b), Pencil(entries)
    assert found.closes
    start, end = pencil.residents(a), pencil.residents(b)
    came, went = pencil.flows(a, b)
    balances = {one.place: one for one in found.balances}
    for place in start.keys() | end.keys() | {place for place, _ in [*came, *went]}:
        one = balances[place]
        assert (one.start, one.end) == (start[place], end[place])
        assert one.came == {cause: came[place, cause] for cause in Cause if came[place, cause]}
        assert one.went == {cause: went[place, cause] for cause in Cause if went[place, cause]}


def test_a_void_counts_from_its_recording_on_whatever_its_day():
    """Who asks about an early day is told so too, though the void itself is dated later."""
    entries = [entry for entry in town(1).entries if entry.version == 1]
    first = next(entry for entry in entries if type(entry.event).__name__ == "PersonImported")
    log = entries[: first.position]
    day = first.effective_on + timedelta(5)
    void = EntriesVoided(effective_on=day, voids=(1,), grounds=Text("误录"))
    last = log[-1].position + 1
    log.append(Entry(first.stream, 2, void, day, last))
    a, b = (At(first.effective_on, known) for known in (last - 1, last))
    found = diff(KeptLog(log), a, b)
    assert found.left == {Cause.VOIDED: 1}
    assert found.closes


@given(data=st.data())
@DEEP
def test_there_and_back_is_the_same_difference(data):
    entries = data.draw(histories(rounds=1))
    log = KeptLog(entries)
    a, b = (At(*data.draw(points(entries))) for _ in "ab")
    there, back = diff(log, a, b).changes, diff(log, b, a).changes
    assert there.person.tolist() == back.person.tolist()
    assert there.before.tolist() == back.after.tolist()
    assert not len(diff(log, a, a).changes)


@pytest.mark.parametrize("seed", range(8))
def test_every_difference_is_explained_by_entries(seed):
    entries = town(seed).entries
    log = KeptLog(entries)
    middle, last = entries[len(entries) // 2], max(entry.effective_on for entry in entries)
    a, b = At(middle.effective_on, middle.position), At(last, entries[-1].position)
    found = diff(log, a, b)
    assert len(found.changes)
    for person in log.spaces.ids("person", found.changes.person.tolist()):
        lines = explained(log, Kind.PERSON, person, a, b)
        assert lines, "a difference without an entry"
        assert any(
            one.entry.position > a.known
            or one.entry.effective_on > a.valid_on
            or one.voided_by is not None
            for one in lines
        )


def test_tables_are_whole_in_a_process_that_imports_nothing_else():
    """Whoever imports replay first, and the events later, must not get empty tables."""
    script = (
        "from replay.questions.differing import EFFECT, WRITES; print(EFFECT.any(), WRITES.any())"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True", "True"]


def test_whoever_got_a_card_is_told():
    entries = with_cards(3)
    handed = [
        CardHandedOut(
            effective_on=entry.effective_on + timedelta(30),
            handover=HandoverCategory(HandoverCategory.all()[0]),
            collection=CollectionMethod(CollectionMethod.all()[0]),
        )
        for entry in entries
        if isinstance(entry.event, CardSigned)
    ]
    streams = [entry.stream for entry in entries if isinstance(entry.event, CardSigned)]
    owners = {
        entry.stream: entry.event.person
        for entry in entries
        if isinstance(entry.event, ApplicationAccepted)
    }
    first = len(entries) + 1
    later = [
        Entry(stream, 3, event, event.effective_on, position)
        for position, (stream, event) in enumerate(zip(streams, handed, strict=True), first)
    ]
    log, day = KeptLog([*entries, *later], bits=2), date(2030, 1, 1)
    half = first + len(later) // 2
    found = diff(log, At(day, half), At(day, later[-1].position))
    assert Counter(log.spaces.ids("person", found.cards.tolist())) == Counter(
        owners[entry.stream] for entry in later if entry.position > half
    )
    assert not len(diff(log, At(day, half), At(day, half)).cards)


def test_causes_of_all_kinds_are_met():
    met: Counter[Cause] = Counter()
    groups: Counter[Group] = Counter()
    for seed in range(24):
        entries = town(seed).entries
        log, last = KeptLog(entries), entries[-1]
        found = diff(log, At(entries[0].effective_on, 0), At(last.effective_on, last.position))
        half = At(last.effective_on, last.position // 2)
        other = diff(log, half, At(last.effective_on, last.position))
        for one in (found, other):
            for told in (one.appeared, one.left, one.moved):
                met.update(told)
            groups.update(one.rewritten("corrected"))
    assert met.keys() >= set(Cause) - {Cause.BOUNDARY, Cause.SUPPLEMENT}
    assert groups.keys() >= {Group.NAME, Group.SEX, Group.BIRTH}, groups
