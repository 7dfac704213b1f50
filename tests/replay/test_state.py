"""The state that kernels find is the state that the register's own folds find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.aggregates import AGGREGATES
from registry.aggregates.card import BodyState
from registry.entry import Entry
from registry.events import person
from registry.history import effective
from registry.values import CommunityId, Digest, HouseholdId, PersonId, Text, day_number
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import NONE, Form, Heaps
from replay.columns.log import KeptLog
from replay.columns.runs import Block
from replay.states import households, persons
from replay.states.applications import application_states
from replay.states.bodies import body_states
from replay.states.history import At
from replay.states.holders import number_states
from replay.states.households import doorplate_states, household_states
from replay.states.persons import person_states
from replay.states.standing import fallen_marks
from replay.states.steps import NO_STATE, STATES
from tests.everything import one_of, whole
from tests.replay.histories import points, town
from tests.replay.pencil import Pencil
from tests.replay.test_columns import EVENTS
from tests.strategies import CATEGORY, NAMES

BITS = 3
LIVES = {0: persons.LIVING, 1: persons.DEAD, 7: persons.DELETED}


def blocks(log: KeptLog, kind: Kind) -> list[Block]:
    """The partitions of a kind."""
    return [log.block(kind, partition) for partition in log.partitions(kind)]


def rows_of(log: KeptLog, block: Block) -> Iterator[tuple[int, UUID]]:
    """The entities of a block by their place in it."""
    kind = block.layout.kind.value
    yield from enumerate(log.spaces.ids(kind, range(block.first, block.first + block.size)))


def handle(log: KeptLog, space: str, one: UUID | None) -> int:
    """The handle of an identifier, NONE of nothing."""
    if one is None:
        return NONE
    found = log.spaces.find(space, one)
    assert found is not None
    return found


def read(log: KeptLog, block: Block, column: str, value: Any) -> Any:
    """A value of a dense column as the register writes it."""
    form = block.layout.dense[column]
    assert isinstance(form, Form)
    (found,) = form.values(value.reshape(1).astype(form.dtype), Heaps(block.texts, log.spaces))
    return found


def short(block: Block, column: str, value: Any) -> int:
    """A code or a member of an enumeration as a record holds it, in one byte."""
    form = block.layout.dense[column]
    (found,) = form.array([value], Heaps(block.texts, None)).tolist()  # type: ignore[arg-type]
    return int(found) & 255


class Seen(NamedTuple):
    """A history, by the pencil and in columns, and a point on both clocks to look at it from."""

    pencil: Pencil
    log: KeptLog
    at: At

    def __repr__(self) -> str:
        return f"{len(self.pencil.log)} entries at {self.at}"


@st.composite
def sights(draw: st.DrawFn) -> Seen:
    """Histories of a small town, each looked at from some point."""
    entries = town(draw(st.integers(0, 2**32), label="seed"), draw(st.integers(1, 2))).entries
    return Seen(Pencil(entries), KeptLog(entries, BITS), At(*draw(points(entries))))


@given(sights())
@settings(deadline=None, max_examples=30)
def test_a_person_is_as_a_clerk_with_a_pencil_finds(told):
    pencil, log, at = told
    for block in blocks(log, Kind.PERSON):
        states = person_states(block, at)
        for row, who in rows_of(log, block):
            record, items = states.table[row], pencil.person(who, at)
            if not items:
                assert record["life"] == persons.UNKNOWN
                assert (record["number"], states.names[row]) == (0, NONE)
                continue
            said = {item: one.value for item, one in items.items()}
            assert record["life"] == LIVES[said["life"]]
            for space in ("household", "community"):
                assert handle(log, space, said[space]) == record[space]
            assert read(log, block, "number", record["number"]) == said["number"]
            assert read(log, block, "birth_date", record["birth"]) == said["birth_date"]
            assert read(log, block, "name", states.names[row]) == said["name"]
            for item in ("sex", "nationality"):
                assert short(block, item, said[item]) == record[item]
            gone = said["out_kind"] if said["community"] is None else None
            assert short(block, "out_kind", gone) == record["out"]
            assert record["named"] == items["name"].entry.version
            assert record["since"] == day_number(items["community"].entry.effective_on)
            history = pencil.history(who, at)
            assert record["entries"] == len(history)
            assert record["last"] == max(one.version for one in history)


def test_whoever_takes_the_last_row_for_the_state_is_wrong():
    entries = town(20041122, 6).entries
    log, at = KeptLog(entries, BITS), At(date(2059, 1, 1), entries[-1].position)
    fold = AGGREGATES[Kind.PERSON].fold
    wrong = 0
    for block in blocks(log, Kind.PERSON):
        table = person_states(block, at).table
        for row, who in rows_of(log, block):
            mine = [one for one in entries if one.stream == who]
            last: Any = fold([one for one in mine if not VOCABULARY[type(one.event)].voids])
            state: Any = fold(effective(mine))
            wrong += last != state
            home = None if state is None else state.community
            assert table["community"][row] == handle(log, "community", home)
    assert wrong > 5


@given(sights())
@settings(deadline=None, max_examples=30)
def test_a_household_and_a_door_plate_are_as_the_register_folds_them(told):
    pencil, log, at = told
    for block in blocks(log, Kind.HOUSEHOLD):
        table = household_states(block, at).table
        for row, one in rows_of(log, block):
            state, record = pencil.state(one, at) if one in pencil.streams else None, table[row]
            if state is None:
                assert record["life"] == households.UNKNOWN
                assert record["community"] == record["doorplate"] == record["head"] == NONE
                continue
            assert record["life"] == (households.ENDED if state.closed_on else households.OPEN)
            assert record["until"] == (day_number(state.closed_on) if state.closed_on else 0)
            assert record["doorplate"] == handle(log, "doorplate", state.doorplate)
            assert record["community"] == handle(log, "community", state.community)
            assert record["head"] == handle(log, "person", state.head)
            assert record["form"] == short(block, "household_type", state.household_type)
    for block in blocks(log, Kind.DOORPLATE):
        table = doorplate_states(block, at).table
        for row, one in rows_of(log, block):
            state, record = pencil.state(one, at) if one in pencil.streams else None, table[row]
            if state is None:
                assert record["life"] == households.UNKNOWN
                continue
            assert record["life"] == (households.ENDED if state.closed_on else households.OPEN)
            assert record["frozen"] == state.frozen
            assert record["street"] == handle(log, "street", state.street)
            assert record["community"] == handle(log, "community", state.community)


def faults(kind: Kind, history: list[Entry]) -> tuple[int, int]:
    """How many entries of a ledger break a rule, and the version of the first."""
    wrong = {entry.version for entry, _ in AGGREGATES[kind].faults(history)}
    return len(wrong), min(wrong, default=0)


@given(sights())
@settings(deadline=None, max_examples=30)
def test_a_number_has_the_holders_that_its_ledger_says(told):
    pencil, log, at = told
    for block in blocks(log, Kind.NUMBER):
        table = number_states(block, at).table
        for row, one in rows_of(log, block):
            state, record = pencil.state(one, at), table[row]
            if state is None:
                assert record["number"] == record["ever"] == 0
                continue
            assert read(log, block, "number", record["number"]) == state.number
            assert record["holders"] == len(state.held_by)
            assert record["ever"] == len(state.holders)
            found = (int(record["faults"]), int(record["fault"]))
            assert found == faults(Kind.NUMBER, pencil.history(one, at))


@cache
def steps(kind: Kind) -> list[Any]:
    """Events of every type of a kind, in several variants of what steps are checked for."""
    found = []
    for word in VOCABULARY.values():
        if word.kind is not kind:
            continue
        names = {field.name for field in word.fields}
        for event in (one_of(word), whole(word)):
            told: dict[str, Iterable[Any]] = {
                "attempt": (*range(1, 4), None),
                "slot": range(1, 6),
                "replaced_by": (None, UUID(int=77)),
                "image": [Digest(digit * 64) for digit in "12"],
            }
            if kind is Kind.NUMBER:
                told["person"] = [PersonId(UUID(int=number)) for number in (71, 72, 73)]
            shared = [name for name in told if name in names]
            for said in product(*(told[name] for name in shared)):
                found.append(replace(event, **dict(zip(shared, said, strict=True))))
    return found


@pytest.fixture(scope="module", autouse=True)
def _made_beforehand():
    """Fill the cache of steps: hypothesis finds no example while it looks for one."""
    for kind in (Kind.APPLICATION, Kind.CARD, Kind.NUMBER):
        steps(kind)


#: How far applications come without being sent back: somewhere on it random steps begin.
PATH = (
    *("00", "01", "03", "04", "11", "13", "14", "15", "16", "18", "21", "22", "24", "31"),
    *("60", "64", "63", "80", "84", "83", "89", "90", "93"),
)


@st.composite
def ledgers(draw: st.DrawFn, kind: Kind) -> list[Entry]:
    """Ledgers of a kind: most of their steps may follow the one before, some may not."""
    aggregate, every = AGGREGATES[kind], steps(kind)
    log: list[Entry] = []
    streams = [UUID(int=number) for number in range(1, 4)]
    state: dict[UUID, Any] = dict.fromkeys(streams)
    versions = dict.fromkeys(streams, 0)
    path = PATH[: draw(st.integers(0, len(PATH)))] if kind is Kind.APPLICATION else ()
    for position in range(1, draw(st.integers(1, 40)) + len(path) + 1):
        stream = streams[0] if position <= len(path) else draw(st.sampled_from(streams))
        day = date(2004, 1, 1) + timedelta(position // 2)
        dated = [replace(one, effective_on=day) for one in every]
        right = [one for one in dated if lawful(aggregate, state[stream], one)]
        if position <= len(path):
            reached = path[position - 1]
            right = [one for one in right if VOCABULARY[type(one)].reaches == reached]
        event = draw(
            st.sampled_from(right if right and (position <= len(path) or position % 5) else dated)
        )
        state[stream] = aggregate.after(state[stream], event, stream)
        versions[stream] += 1
        log.append(Entry(stream, versions[stream], event, event.effective_on, position))
    return log


def lawful(aggregate: Any, state: Any, event: Any) -> bool:
    """Whether nothing stands in the way of an event."""
    return next(aggregate.check(state, event), None) is None


def test_a_correction_falls_with_what_it_corrects_and_comes_back_with_it():
    people = person.PersonImported(
        **told_of(date(2004, 1, 1)), source="old", batch="1", name=NAMES[0], birth_date=None
    )
    change: dict[str, Any] = {
        "effective_on": date(2004, 2, 1),
        "category": CATEGORY,
        "declarant": NAMES[0],
    }
    void: dict[str, Any] = {"effective_on": date(2004, 2, 1), "grounds": Text("误录")}
    events: list[Any] = [
        people,
        person.NameChanged(**change, name=NAMES[1]),
        person.NameCorrected(**change, corrects=2, name=NAMES[2]),
        person.EntriesVoided(**void, voids=(2,)),
        person.EntriesVoided(**void, voids=(4,)),
    ]
    one = UUID(int=1)
    entries = [
        Entry(one, version, event, event.effective_on, version)
        for version, event in enumerate(events, 1)
    ]
    block = KeptLog(entries).block(Kind.PERSON, 0)
    names = []
    for known in range(1, 6):
        states = person_states(block, At(date(2004, 3, 1), known))
        names.append(block.texts.take([int(states.names[0])])[0])
    assert names == [NAMES[0], NAMES[1], NAMES[2], NAMES[0], NAMES[2]]


def told_of(day: date) -> dict[str, Any]:
    """What an entry says of somebody new, as little as may be."""
    return {
        "effective_on": day,
        "household": HouseholdId(UUID(int=5)),
        "community": CommunityId(UUID(int=6)),
        "sex": None,
        "nationality": None,
        "number": None,
    }


@st.composite
def wild(draw: st.DrawFn, kind: Kind) -> list[Entry]:
    """Histories without sense: many entries on few days, which void and correct at random."""
    log: list[Entry] = []
    versions = {UUID(int=number): 0 for number in (1, 2)}
    for position in range(1, draw(st.integers(1, 14)) + 1):
        stream = draw(st.sampled_from([*versions]))
        version = versions[stream] = versions[stream] + 1
        event = draw(EVENTS[kind])
        told: dict[str, Any] = {"effective_on": date(2004, 1, draw(st.integers(1, 5)))}
        earlier = st.integers(1, max(version - 1, 1))
        if hasattr(event, "voids"):
            told["voids"] = tuple(draw(st.sets(earlier, max_size=3))) if version > 1 else ()
        if hasattr(event, "corrects"):
            if version == 1:
                event = draw(EVENTS[kind].filter(lambda one: VOCABULARY[type(one)].opens))
            else:
                told["corrects"] = draw(earlier)
        event = replace(event, **told)
        log.append(Entry(stream, version, event, event.effective_on, position))
    return log


@given(st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_histories_without_sense_are_folded_as_the_register_folds_them(data):
    kind = data.draw(st.sampled_from([Kind.PERSON, Kind.HOUSEHOLD]))
    entries = data.draw(wild(kind))
    at = At(date(2004, 1, data.draw(st.integers(1, 6))), data.draw(st.integers(0, 15)))
    log = KeptLog(entries, BITS)
    for block in blocks(log, kind):
        states = person_states(block, at) if kind is Kind.PERSON else household_states(block, at)
        for row, one in rows_of(log, block):
            mine = [entry for entry in entries if entry.stream == one]
            state: Any = AGGREGATES[kind].fold(effective(mine, *at))
            record = states.table[row]
            if state is None:
                assert record["life"] == 0
            elif kind is Kind.PERSON:
                assert record["life"] == LIVES[state.life]
                assert record["community"] == handle(log, "community", state.community)
                assert record["household"] == handle(log, "household", state.household)
                assert read(log, block, "number", record["number"]) == state.number
                assert read(log, block, "birth_date", record["birth"]) == state.birth_date
            else:
                assert record["head"] == handle(log, "person", state.head)
                assert record["community"] == handle(log, "community", state.community)
                assert record["form"] == short(block, "household_type", state.household_type)
                # an opening one after the end begins anew
                ended = households.ENDED if state.closed_on else households.OPEN
                assert record["life"] == ended


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_a_number_is_held_by_those_whom_its_ledger_names(data):
    entries = data.draw(ledgers(Kind.NUMBER))
    at = at_some_day(data.draw)
    pencil, log = Pencil(entries), KeptLog(entries, BITS)
    for block in blocks(log, Kind.NUMBER):
        table = number_states(block, at).table
        for row, one in rows_of(log, block):
            history = pencil.history(one, at)
            state: Any = AGGREGATES[Kind.NUMBER].fold(history)
            found = (int(table["faults"][row]), int(table["fault"][row]))
            assert found == faults(Kind.NUMBER, history)
            if state is not None:
                assert table["holders"][row] == len(state.held_by)
                assert table["ever"][row] == len(state.holders)


def at_some_day(draw: st.DrawFn) -> At:
    """A point on both clocks of `ledgers`."""
    day = date(2004, 1, 1) + timedelta(draw(st.integers(0, 30) | st.just(30)))
    return At(day, draw(st.integers(0, 60) | st.just(60)))


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_an_application_is_in_the_state_that_its_ledger_reached(data):
    entries = data.draw(ledgers(Kind.APPLICATION))
    at = at_some_day(data.draw)
    pencil, log = Pencil(entries), KeptLog(entries, BITS)
    for block in blocks(log, Kind.APPLICATION):
        table = application_states(block, at).table
        for row, one in rows_of(log, block):
            if one not in pencil.streams:
                continue  # only named
            history, record = pencil.history(one, at), table[row]
            state: Any = AGGREGATES[Kind.APPLICATION].fold(history)
            found = (int(record["faults"]), int(record["fault"]))
            assert found == faults(Kind.APPLICATION, history)
            assert record["entries"] == len(history)
            if state is None:
                assert record["state"] == NO_STATE
                continue
            assert STATES[record["state"]] == (state.temporary or state.state)
            assert record["person"] == handle(log, "person", state.person)
            assert record["county"] == int(state.county)
            assert record["accepted"] == day_number(state.accepted_on)
            assert record["since"] == (day_number(state.since) if state.since else 0)
            assert record["attempt"] == state.attempt % 256


@pytest.mark.parametrize("reached", ["00", "24", "31", "93", "97"])
def test_every_step_is_judged_as_the_register_judges_it(reached):
    way: list[Any] = []
    state: Any = None
    path = (*PATH, "94", "97")  # lost in the end, and replaced by another application
    for one in path[: path.index(reached) + 1]:
        dated = [replace(step, effective_on=date(2004, 1, 1)) for step in steps(Kind.APPLICATION)]
        step = next(
            step
            for step in dated
            if VOCABULARY[type(step)].reaches == one
            and lawful(AGGREGATES[Kind.APPLICATION], state, step)
        )
        state = AGGREGATES[Kind.APPLICATION].after(state, step, UUID(int=1))
        way.append(step)
    entries: list[Entry] = []
    for number, last in enumerate(steps(Kind.APPLICATION), 1):
        for version, event in enumerate([*way, replace(last, effective_on=date(2004, 1, 1))], 1):
            told = (version, event, event.effective_on, len(entries) + 1)
            entries.append(Entry(UUID(int=number), *told))
    pencil, log = Pencil(entries), KeptLog(entries)
    at = At(date(2004, 1, 1), log.head)
    table = application_states(log.block(Kind.APPLICATION, 0), at).table
    wrong = 0
    ids = log.spaces.ids("application", range(len(table)))
    for stream, record in zip(ids, table, strict=True):
        if stream in pencil.streams:
            found = (int(record["faults"]), int(record["fault"]))
            assert found == faults(Kind.APPLICATION, pencil.streams[stream])
            wrong += found[0]
    assert 0 < wrong < len(table)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_card_body_is_in_the_state_that_its_ledger_reached(data):
    entries = data.draw(ledgers(Kind.CARD))
    at = at_some_day(data.draw)
    pencil, log = Pencil(entries), KeptLog(entries, BITS)
    for block in blocks(log, Kind.CARD):
        table = body_states(block, at).table
        for row, one in rows_of(log, block):
            if one not in pencil.streams:
                continue
            history, record = pencil.history(one, at), table[row]
            state: Any = AGGREGATES[Kind.CARD].fold(history)
            found = (int(record["faults"]), int(record["fault"]))
            assert found == faults(Kind.CARD, history)
            if state is None:
                assert record["state"] == NO_STATE
                continue
            assert BodyState(record["state"]) == state.state
            assert int(record["site"]) == int(state.site)
            assert record["application"] == handle(log, "application", state.application)
            assert record["attempt"] == (state.attempt or 0) % 256
            assert record["addresses"] == state.addresses % 256
            assert record["appending"] == (state.appending or 0) % 256


@given(sights())
@settings(deadline=None, max_examples=30)
def test_the_rows_that_stand_are_those_that_the_pencil_leaves(told):
    pencil, log, at = told
    for block in blocks(log, Kind.PERSON):
        marks = fallen_marks(block, at.known)
        for row, who in rows_of(log, block):
            first = int(block.starts[row])
            for version, entry in enumerate(pencil.streams[who], 1):
                if entry.position <= at.known:
                    assert (marks[first + version - 1] == 0) == pencil.stands(entry, at.known)
