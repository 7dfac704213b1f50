"""What is laid out in columns reads back as it was recorded."""

from __future__ import annotations

from dataclasses import MISSING, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.codec import REDACTED
from registry.entry import Entry
from registry.events import household
from registry.values import (
    CitizenNumber,
    Code,
    DivisionCode,
    OfficeCode,
    PersonId,
    day_number,
)
from registry.vocabulary import VOCABULARY, EventType, Kind
from replay.columns.forms import NONE, KeptSpaces, plain_form
from replay.columns.layout import layout
from replay.columns.runs import block, entries, runs

KINDS = [*Kind]
IDS = st.integers(1, 30).map(lambda number: UUID(int=number))
NUMBERS = st.builds(
    lambda sequence, birth: CitizenNumber.compose(DivisionCode("510603"), birth, sequence),
    st.integers(1, 999),
    st.dates(date(1801, 1, 1), date(2026, 1, 1)),
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*(st.none() if one is NoneType else values(one) for one in get_args(kind)))
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), max_size=4).map(tuple)
    if getattr(kind, "__supertype__", kind) is UUID:
        return IDS
    assert isinstance(kind, type)
    if is_dataclass(kind):
        return st.builds(kind, **{n: values(hint) for n, hint in get_type_hints(kind).items()})
    if kind is CitizenNumber:
        return NUMBERS
    if kind in (DivisionCode, OfficeCode):
        width = 6 if kind is DivisionCode else 12
        return st.from_regex(rf"[0-9]{{{width}}}", fullmatch=True).map(kind)
    if issubclass(kind, Code):
        return st.sampled_from(kind.all())
    if issubclass(kind, Enum):
        return st.sampled_from([*kind])
    if issubclass(kind, str):
        texts = st.text("王小明𠮷·Ab1-9", min_size=1, max_size=9) | st.just(REDACTED)
        return texts.map(lambda text: str.__new__(kind, text))
    if kind is int:
        return st.integers(1 - 2**31, 2**31 - 1)
    if kind is bool:
        return st.booleans()
    assert kind is date, kind
    return st.dates(date(1801, 1, 1), date(2059, 1, 1))


def events(word: EventType) -> st.SearchStrategy[Any]:
    """Events of one type; their optional fields are often absent."""
    fields = {}
    for field in word.fields:
        fields[field.name] = values(field.type)
        if field.default is not MISSING:
            fields[field.name] |= st.just(field.default)
    fields["effective_on"] = st.dates(date(1880, 1, 1), date(2059, 6, 1))
    return st.builds(word.shape, **fields)


EVENTS = {
    kind: st.one_of(*(events(word) for word in VOCABULARY.values() if word.kind is kind))
    for kind in KINDS
}


@st.composite
def logs(draw, most=12):
    """Streams of any kind, their entries recorded in turns."""
    kinds = {UUID(int=100 + number): draw(st.sampled_from(KINDS)) for number in range(6)}
    versions = dict.fromkeys(kinds, 0)
    log = []
    for position in range(1, draw(st.integers(0, most)) + 1):
        stream = draw(st.sampled_from([*kinds]))
        event = draw(EVENTS[kinds[stream]])
        versions[stream] += 1
        log.append(
            Entry(
                stream,
                versions[stream],
                event,
                event.effective_on,
                position,
                draw(st.integers(0, 2**52)),
                draw(st.sampled_from(["Li", "Zhang", ""])),
                draw(st.sampled_from(["510603001001", ""])),
                draw(st.none() | IDS),
                draw(st.integers(0, 3)),
                position,
            )
        )
    return log


@given(log=logs())
@settings(deadline=None)
def test_entries_read_back_as_they_were_recorded(log):
    spaces = KeptSpaces()
    laid_out = runs(log, spaces)
    read = [entry for held in laid_out.values() for entry in entries(held, spaces)]
    assert sorted(read, key=lambda entry: entry.position) == log


@given(log=logs())
@settings(deadline=None)
def test_rows_stand_by_entity_and_version(log):
    spaces = KeptSpaces()
    for kind, run in runs(log, spaces).items():
        held = block(run, 0, spaces.count(kind.value))
        assert entries(held, spaces) == entries(run, spaces)
        for handle, stream in enumerate(spaces.ids(kind.value, range(held.size))):
            mine = [entry for entry in log if entry.stream == stream]
            mine = [entry for entry in mine if VOCABULARY[type(entry.event)].kind is kind]
            rows = slice(int(held.starts[handle]), int(held.starts[handle + 1]))
            codes = [VOCABULARY[type(one.event)].code for one in mine]
            assert codes == held.code[rows].tolist()
            days = [day_number(one.effective_on) for one in mine]
            assert days == held.effective_on[rows].tolist()
            assert [one.position for one in mine] == held.position[rows].tolist()


@given(log=logs())
@settings(deadline=None)
def test_a_dense_column_has_a_value_for_each_row_that_declares_it(log):
    for run in runs(log, KeptSpaces()).values():
        for name, column in run.dense.items():
            assert len(column) == np.count_nonzero(run.layout.declares(name)[run.code])


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_column(kind):
    laid = layout(kind)
    for shape, homes in laid.homes.items():
        names = {field.name for field, _ in homes}
        assert names | {"effective_on"} == {field.name for field in VOCABULARY[shape].fields}
        assert {home for _, home in homes} <= laid.dense.keys() | laid.sparse.keys()


def test_where_people_come_and_go_lies_beside_the_rows_that_say_it():
    laid = layout(Kind.PERSON)
    assert {"enters", "leaves", "household"} <= laid.dense.keys()
    births = next(word for word in VOCABULARY.values() if word.name == "BirthRegistered")
    assert laid.declares("enters")[births.code]
    assert not laid.declares("leaves")[births.code]


def test_a_number_is_packed_and_a_redacted_one_is_a_text():
    word = next(word for word in VOCABULARY.values() if word.name == "NumberRecorded")
    number = CitizenNumber("11010519491231002X")
    said = [number, REDACTED]
    log = [
        Entry(UUID(int=v), 1, event, event.effective_on, v)
        for v, event in enumerate(
            (
                word.shape(effective_on=date(2004, 6, 1), person=PersonId(UUID(int=9)), number=one)
                for one in said
            ),
            1,
        )
    ]
    spaces = KeptSpaces()
    held = runs(log, spaces)[Kind.NUMBER]
    packed, redacted = held.dense["number"].tolist()
    assert packed >> 42 & 1048575 == 110105
    assert redacted < 0
    assert [entry.event.number for entry in entries(held, spaces)] == said


def test_who_is_only_named_has_a_handle_and_no_rows():
    word = next(word for word in VOCABULARY.values() if word.name == "HouseholdEstablished")
    assert word.kind is Kind.HOUSEHOLD
    log = [_entry(_split(UUID(int=2), of=UUID(int=1)))]
    spaces = KeptSpaces()
    run = runs(log, spaces)[Kind.HOUSEHOLD]
    assert spaces.count("household") == 2
    assert block(run, 0, 2).starts.tolist() == [0, 1, 1]
    assert run.dense["doorplate"].tolist() == [0]
    assert NONE not in run.dense["community"]


def _split(stream: UUID, of: UUID) -> tuple[UUID, Any]:
    shape: Any = household.HouseholdEstablished
    event = shape(
        effective_on=date(2004, 6, 1),
        household_number="1",
        household_type="1",
        doorplate=UUID(int=3),
        community=UUID(int=4),
        members=(),
        head=None,
        split_from=of,
    )
    return stream, event


def _entry(told: tuple[UUID, Any]) -> Entry:
    stream, event = told
    return Entry(stream, 1, event, event.effective_on, 1)


def test_a_stream_with_a_gap_is_not_laid_out():
    stream, event = _split(UUID(int=2), of=UUID(int=1))
    with pytest.raises(AssertionError, match="earlier rows"):
        block(
            runs([Entry(stream, 2, event, event.effective_on, 1)], KeptSpaces())[Kind.HOUSEHOLD],
            0,
            2,
        )


def test_a_kind_of_value_without_a_form_is_named():
    with pytest.raises(TypeError, match="add a line to FORMS"):
        plain_form(datetime.now(UTC).__class__.__mro__[-1])


def test_arrow_shares_the_memory_of_the_columns():
    (held,) = runs([_entry(_split(UUID(int=2), of=UUID(int=1)))], KeptSpaces()).values()
    table = held.arrow()
    assert table.column("position").chunk(0).buffers()[1].address == held.position.ctypes.data
    assert np.array_equal(table.column("recorded_at").to_numpy(), held.cold["recorded_at"])
