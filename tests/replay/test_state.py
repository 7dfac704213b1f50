"""The state that kernels find is the state that the register's own folds find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import AGGREGATES
from registry.aggregates.card import BodyState
from registry.entry import Entry
from registry.history import effective
from registry.values import Digest, day_number
from registry.vocabulary import VOCABULARY, Kind
from replay import households, persons
from replay.applications import NO_STATE, STATES, application_states
from replay.bodies import body_states
from replay.forms import NONE, Form, Heaps
from replay.history import At
from replay.holders import number_states
from replay.households import doorplate_states, household_states
from replay.log import KeptLog
from replay.persons import person_states
from replay.runs import Block
from replay.standing import fallen_marks, groups_of, settle, values
from tests.everything import one_of, whole
from tests.replay.histories import points, town
from tests.replay.pencil import Pencil

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
            assert short(block, "out_kind", said["out_kind"]) == record["out"]
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
            told = {
                "attempt": (*range(1, 4), None),
                "slot": range(1, 6),
                "replaced_by": (None, UUID(int=77)),
                "image": [Digest(digit * 64) for digit in "12"],
            }
            shared = [name for name in told if name in names]
            for said in product(*(told[name] for name in shared)):
                found.append(replace(event, **dict(zip(shared, said, strict=True))))
    return found


@pytest.fixture(scope="module", autouse=True)
def _made_beforehand():
    """Fill the cache of steps: hypothesis finds no example while it looks for one."""
    steps(Kind.APPLICATION)
    steps(Kind.CARD)


@st.composite
def ledgers(draw: st.DrawFn, kind: Kind) -> list[Entry]:
    """Ledgers of a kind: most of their steps may follow the one before, some may not."""
    aggregate, every = AGGREGATES[kind], steps(kind)
    log: list[Entry] = []
    streams = [UUID(int=number) for number in range(1, 4)]
    state: dict[UUID, Any] = dict.fromkeys(streams)
    versions = dict.fromkeys(streams, 0)
    for position in range(1, draw(st.integers(1, 60)) + 1):
        stream: UUID = draw(st.sampled_from(streams))
        day = date(2004, 1, 1) + timedelta(position // 2)
        dated = [replace(one, effective_on=day) for one in every]
        right = [one for one in dated if lawful(aggregate, state[stream], one)]
        event = draw(st.sampled_from(right if right and position % 7 else dated))
        state[stream] = aggregate.after(state[stream], event, stream)
        versions[stream] += 1
        log.append(Entry(stream, versions[stream], event, event.effective_on, position))
    return log


def lawful(aggregate: Any, state: Any, event: Any) -> bool:
    """Whether nothing stands in the way of an event."""
    return next(aggregate.check(state, event), None) is None


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
def test_the_rows_that_decide_are_those_that_the_pencil_names(told):
    pencil, log, at = told
    items = {"life": "life", "place": "community", "name": "name", "number": "number"}
    items |= {"nature": "nature", "guardian": "guardian", "parents": "mother", "sex": "sex"}
    for block in blocks(log, Kind.PERSON):
        winners = settle(block, at)
        marks = fallen_marks(block, at.known)
        for row, who in rows_of(log, block):
            said, first = pencil.person(who, at), int(block.starts[row])
            for bit, group in enumerate(groups_of(Kind.PERSON)):
                won = int(winners[row, bit])
                if not said:
                    assert won == NONE
                elif group.value in items:
                    assert won - first + 1 == said[items[group.value]].entry.version
            for version, entry in enumerate(pencil.streams[who], 1):
                known = entry.position <= at.known
                if known:
                    assert (marks[first + version - 1] == 0) == pencil.stands(entry, at.known)
        kept = values(block, "nature", winners[:, groups_of(Kind.PERSON).index("nature")])
        assert len(kept) == block.size
