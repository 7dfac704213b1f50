"""One of everything: a value of every type, an event of every type that the vocabulary declares."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache, reduce
from operator import or_
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from registry.entry import Entry
from registry.events import __all__ as modules
from registry.values import (
    AcceptanceNumber,
    ChipSerial,
    CitizenNumber,
    Code,
    Digest,
    DivisionCode,
    Line,
    OfficeCode,
    PackageNumber,
    PaperNumber,
)
from registry.vocabulary import VOCABULARY, EventType

assert modules  # importing the events fills the vocabulary

STREAM = UUID(int=1)
#: The first example will do, nobody looks for a smaller one.
ONCE = settings(
    database=None, derandomize=True, deadline=None, max_examples=1, phases=[Phase.generate]
)
DAYS = st.dates(date(1900, 1, 1), date(2050, 12, 31))
CHARACTERS = st.one_of(
    st.sampled_from("王李赵·安𠮷𣗋\ue000\U000f0000"),
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")),
)
COUNTIES = [DivisionCode(code) for code in ("510603", "510682", "220102")]
NUMBERS = st.builds(CitizenNumber.compose, st.sampled_from(COUNTIES), DAYS, st.integers(1, 999))
ACCEPTANCE_NUMBERS = st.builds(
    AcceptanceNumber.compose, st.just(OfficeCode("510683001000")), DAYS, st.integers(1, 99_999)
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a declared type, edges included."""
    if hasattr(kind, "__supertype__"):  # a NewType
        kind = kind.__supertype__
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if arguments:
        return st.one_of(*(values(argument) for argument in arguments))
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: values(hint) for name, hint in hints.items()})
    return plain_values(kind)


def plain_values(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a type that has no parts."""
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if issubclass(kind, Code):
        return st.sampled_from(kind.all())
    if issubclass(kind, Line):
        return st.text(CHARACTERS, min_size=1, max_size=kind.LIMIT).map(kind)
    known: Mapping[type[Any], st.SearchStrategy[Any]] = {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.integers(0, 2**40),
        str: st.text(max_size=20),
        date: DAYS,
        UUID: st.uuids(),
        CitizenNumber: NUMBERS,
        DivisionCode: st.from_regex(r"[0-9]{6}", fullmatch=True).map(DivisionCode),
        OfficeCode: st.from_regex(r"[0-9]{12}", fullmatch=True).map(OfficeCode),
        AcceptanceNumber: ACCEPTANCE_NUMBERS,
        ChipSerial: st.from_regex(r"[0-9A-F]{16}", fullmatch=True).map(ChipSerial),
        PackageNumber: st.builds(
            PackageNumber.compose, st.just(OfficeCode("510603000000")), DAYS, st.integers(1, 99_999)
        ),
        Digest: st.from_regex(r"[0-9a-f]{64}", fullmatch=True).map(Digest),
        PaperNumber: st.from_regex(r"[0-9A-Za-z-]{1,40}", fullmatch=True).map(PaperNumber),
    }
    return known[kind]


def events(word: EventType) -> st.SearchStrategy[Any]:
    """Events of a type; a field with a default is often left out."""
    return st.builds(
        word.shape,
        **{
            field.name: values(field.type)
            if field.default is dataclasses.MISSING
            else st.one_of(st.just(field.default), values(field.type))
            for field in word.fields
        },
    )


any_event = st.sampled_from(sorted(VOCABULARY.values(), key=lambda word: word.code)).flatmap(events)


@cache
def one_of(word: EventType) -> Any:
    """The simplest event of a type, always the same one."""
    return find(events(word), lambda said: True, settings=ONCE)


def whole(word: EventType) -> Any:
    """An event of a type that tells everything it can."""
    told = {field.name: values(told_of(field.type)) for field in word.fields}
    return find(st.builds(word.shape, **told), lambda said: True, settings=ONCE)


def told_of(kind: Any) -> Any:
    """A type without the choice of saying nothing."""
    if NoneType in get_args(kind):
        return reduce(or_, (one for one in get_args(kind) if one is not NoneType))
    return kind


def entry(event: Any, version: int = 1, stream: UUID = STREAM, position: int = 1) -> Entry:
    """An entry of an event, as an officer of 旌阳 recorded it."""
    return Entry(
        stream,
        version,
        event,
        event.effective_on,
        position,
        1_180_656_000_000_000 + position,
        "李所长",
        "510603001001",
        UUID(int=position),
        1,
        position,
    )
