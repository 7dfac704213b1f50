"""The residents read model made from columns holds the rows that the projector writes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.codec import Codec
from registry.entry import EVERYTHING, Entry
from registry.events import person as shapes
from registry.projections import residences
from registry.projections.folding import Folding
from registry.values import DivisionCode, OutKind, Sex
from registry.vocabulary import VOCABULARY, Group, Kind
from replay.columns.forms import NONE
from replay.columns.log import KeptLog
from replay.questions.stays import NO_DAY, STILL_KNOWN, stays
from tests.replay.histories import histories, town
from tests.strategies import CATEGORY, DEATH_CAUSE, NATIONALITY, PERSON_MOVES, SCOPE, logs

CODEC = Codec()
events: Any = shapes


def folded(log: list[Entry], known: int) -> list[tuple[Any, ...]]:
    """The rows as the projector folds them, whole streams at once."""
    stored = [CODEC.stored(entry, lambda: bytes(16)) for entry in log if entry.position <= known]
    folding = Folding([residences.RESIDENCES], CODEC, lambda ids: {}, cached=1)
    rows: list[tuple[Any, ...]] = []
    for stream in dict.fromkeys(entry.stream for entry in log):
        mine = [one for one in stored if one.originator_id == stream]
        rows += folding.fold(mine, whole=True)["residences"].rows()
    return sorted(rows)


def told(log: list[Entry], known: int, bits: int = 2) -> tuple[list[tuple[Any, ...]], set[UUID]]:
    """The rows as the kernel makes them, and the persons whom it leaves out."""
    kept = KeptLog(log, bits=bits)
    rows, others = [], set()
    for partition in kept.partitions(Kind.PERSON):
        made = stays(kept.block(Kind.PERSON, partition), known)
        others |= set(kept.spaces.ids("person", made.others.tolist()))
        rows += [row_of(one, kept.spaces) for one in made.table]
    return sorted(rows), others


def row_of(one: Any, spaces: Any) -> tuple[Any, ...]:
    """A row as the table has it."""

    def key(space: str, name: str) -> bytes | None:
        handle = int(one[name])
        return None if handle == NONE else spaces.ids(space, [handle])[0].bytes

    known = int(one["known_until"])
    return (
        key("person", "person"),
        int(one["valid_from"]),
        int(one["known_from"]),
        EVERYTHING if known == STILL_KNOWN else known,
        int(one["valid_until"]),
        key("community", "community"),
        int(one["status"]),
        key("household", "household"),
        key("certificate", "certificate"),
        None if one["destination"] == NONE else f"{one['destination']:06}",
        None if one["left_on"] == NO_DAY else int(one["left_on"]),
    )


def odd(log: list[Entry]) -> set[UUID]:
    """Persons of whom something was undone, or whose places and lives came out of order."""
    found = set()
    newest: dict[UUID, Any] = {}
    for entry in log:
        word = VOCABULARY[type(entry.event)]
        if word.kind is not Kind.PERSON:
            continue
        if word.voids:
            found.add(entry.stream)
        if word.writes & {Group.PLACE, Group.LIFE}:
            if entry.effective_on < newest.get(entry.stream, entry.effective_on):
                found.add(entry.stream)
            newest[entry.stream] = entry.effective_on
    return found


def check(log: list[Entry]) -> None:
    """Hold the kernel against the projector, as of all entries and of a part of them."""
    for known in (len(log), len(log) * 2 // 3):
        rows, others = told(log, known)
        assert others == odd([entry for entry in log if entry.position <= known])
        keys = {one.bytes for one in others}
        assert rows == [row for row in folded(log, known) if row[0] not in keys]


@given(log=logs(moves=PERSON_MOVES))
@settings(deadline=None, max_examples=25)
def test_rows_of_plain_streams_are_those_of_the_projector(log):
    check(log.entries)


@given(log=histories(rounds=2))
@settings(deadline=None, max_examples=20)
def test_rows_of_a_register_that_lives_are_those_of_the_projector(log):
    check(log)


@st.composite
def lives(draw: st.DrawFn) -> list[Entry]:
    """Persons to whom much happens on one day: whatever can, lawful or not."""
    log: list[Entry] = []
    versions: dict[UUID, int] = {}
    day = date(2005, 1, 1)
    for position in range(1, draw(st.integers(1, 24)) + 1):
        stream = UUID(int=draw(st.integers(1, 2)))
        version = versions[stream] = versions.get(stream, 0) + 1
        day += timedelta(draw(st.sampled_from([0, 0, 0, 1, 9])))
        home: dict[str, Any] = {
            "household": UUID(int=draw(st.integers(10, 11))),
            "community": UUID(int=draw(st.integers(20, 21))),
        }
        what = 0 if version == 1 else draw(st.integers(0, 6))
        log.append(entry_of(stream, version, position, event_of(what, day, home)))
    return log


def entry_of(stream: UUID, version: int, position: int, event: Any) -> Entry:
    return Entry(stream, version, event, event.effective_on, position, position)


def event_of(what: int, day: date, home: dict[str, Any]) -> Any:
    """One of the things that can happen to a person."""
    told: dict[str, Any] = {"effective_on": day, "declarant": "王大"}
    at = {**told, **home}
    papers: dict[str, Any] = {"certificate": None, "permit": None}
    match what:
        case 0:
            main = {"sex": Sex.MALE, "birth_date": day, "nationality": NATIONALITY}
            extra = {"origin": None, "name": "王一", "number": None, **main, **papers}
            return events.NewcomerRegistered(**at, **extra)
        case 1:
            return events.MovedIn(**at, origin=None, **papers)
        case 2:
            before = {"from_household": UUID(int=10), "from_community": UUID(int=20)}
            return events.AddressChanged(**at, **before, scope=SCOPE)
        case 3 | 4:
            kind = OutKind("2") if what == 3 else OutKind.all()[-1]
            papers["certificate"] = UUID(int=30) if home["household"].int == 10 else None
            place = DivisionCode("010104") if home["community"].int == 20 else None
            return events.MovedOut(**at, out_kind=kind, destination=place, **papers)
        case 5:
            return events.DeathRegistered(**at, death_cause=DEATH_CAUSE)
    return events.NameChanged(**told, category=CATEGORY, name="王二")


@given(log=lives())
@settings(deadline=None, max_examples=300)
def test_what_happens_on_one_day_is_told_as_the_projector_tells_it(log):
    assert odd(log) == set()
    check(log)


def test_most_streams_are_plain():
    log = town(7, 6).entries
    people = {one.stream for one in log if VOCABULARY[type(one.event)].kind is Kind.PERSON}
    assert len(odd(log)) < len(people) / 2
