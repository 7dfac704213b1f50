"""Kinds of value and the columns that hold them: what a new kind of value adds is one line here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import Enum, IntEnum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from registry.values import (
    CitizenNumber,
    Code,
    DivisionCode,
    OfficeCode,
    day_number,
    day_of,
)
from replay.numbers import characters, check, unpack

Column = NDArray[Any]

#: The handle of nothing.
NONE = 2**32 - 1


class Heap:
    """Values kept once each, named by handles that rise from 0."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._handles: dict[Hashable, int] = {}

    def handle(self, value: Any) -> int:
        """The handle of a value, a new one where it comes for the first time."""
        handle = self._handles.setdefault(value, len(self.values))
        if handle == len(self.values):
            self.values.append(value)
        return handle


@dataclass
class Heaps:
    """What handles stand for: texts, and identifiers by the kind of thing that they name.

    The handle of a person is also the person's number among the entities of its columns.
    """

    texts: Heap = field(default_factory=Heap)
    ids: dict[str, Heap] = field(default_factory=dict)

    def space(self, name: str) -> Heap:
        """The identifiers of one kind of thing."""
        return self.ids.setdefault(name, Heap())


@dataclass(frozen=True)
class Form:
    """How values of one kind lie in a column.

    pack: values -> array of `dtype`; unpack: array -> values, the inverse. Both may use the heaps.
    space: of identifiers, what they name.
    """

    dtype: str
    pack: Callable[[Sequence[Any], Heaps], Sequence[Any] | Column]
    unpack: Callable[[Column, Heaps], list[Any]]
    space: str | None = None

    def array(self, values: Sequence[Any], heaps: Heaps) -> Column:
        """The column of values; a value that does not fit raises OverflowError."""
        return np.array(self.pack(values, heaps), self.dtype)


@dataclass(frozen=True)
class ListForm:
    """How lists lie: offsets, and under them one column for each part of an element."""

    element: type[Any] | None  # the composed type of an element, None if it is a plain value
    parts: dict[str, Form]


def form_of(kind: Any) -> Form | ListForm:
    """The form of a field's type; absence is not its business."""
    kind = present(kind)
    if get_origin(kind) is tuple:
        inner = present(get_args(kind)[0])
        if is_dataclass(inner):
            assert isinstance(inner, type)
            hints = get_type_hints(inner)
            return ListForm(inner, {one.name: plain_form(hints[one.name]) for one in fields(inner)})
        return ListForm(None, {"value": plain_form(inner)})
    return plain_form(kind)


def present(kind: Any) -> Any:
    """A type without `or none`."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    return kind


@cache
def plain_form(kind: Any) -> Form:
    """The form of a plain kind of value."""
    if getattr(kind, "__supertype__", kind) is UUID:
        space = getattr(kind, "__name__", "uuid").removesuffix("Id").lower()
        return identifiers(space)
    for base, make in FORMS:
        if isinstance(kind, type) and issubclass(kind, base):
            return make(kind)
    raise TypeError(f"no column holds values of {kind}; add a line to FORMS")


def identifiers(space: str) -> Form:
    """Identifiers, by handle."""
    return Form(
        "u4",
        lambda values, heaps: [
            NONE if value is None else heaps.space(space).handle(value) for value in values
        ],
        lambda column, heaps: [
            None if handle == NONE else heaps.space(space).values[handle]
            for handle in column.tolist()
        ],
        space,
    )


def texts(kind: type[str]) -> Form:
    """Texts, by handle."""
    return Form(
        "u4",
        lambda values, heaps: [heaps.texts.handle(str(value)) for value in values],
        lambda column, heaps: [
            str.__new__(kind, heaps.texts.values[handle]) for handle in column.tolist()
        ],
    )


def coded(kind: type[Code]) -> Form:
    """Coded values, by their place in the table's list of codes."""
    return Form(
        "u2",
        lambda values, heaps: [_places(kind)[value] for value in values],
        lambda column, heaps: [kind.all()[place] for place in column.tolist()],
    )


@cache
def _places(kind: type[Code]) -> dict[str, int]:
    return {code: place for place, code in enumerate(kind.all())}


def digits(width: int, dtype: str) -> Callable[[type[str]], Form]:
    """Texts of so many digits, as integers."""

    def make(kind: type[str]) -> Form:
        return Form(
            dtype,
            lambda values, heaps: [int(value) for value in values],
            lambda column, heaps: [kind(f"{value:0{width}}") for value in column.tolist()],
        )

    return make


def enumerated(kind: type[Enum]) -> Form:
    """Members of an enumeration, by their place in it."""
    members = tuple(kind.__members__.values())
    return Form(
        "u1",
        lambda values, heaps: [members.index(value) for value in values],
        lambda column, heaps: [members[place] for place in column.tolist()],
    )


def integers(dtype: str) -> Callable[[type[Any]], Form]:
    """Integers as they are."""

    def make(kind: type[Any]) -> Form:
        return Form(
            dtype,
            lambda values, heaps: values,
            lambda column, heaps: [kind(value) for value in column.tolist()],
        )

    return make


def days(kind: type[Any]) -> Form:
    """Civil dates, in days since 1880-01-01; births may lie before it."""
    return Form(
        "i4",
        lambda values, heaps: [day_number(value) for value in values],
        lambda column, heaps: [day_of(number) for number in column.tolist()],
    )


def numbers(kind: type[Any]) -> Form:
    """Identity numbers in 63 bits; what has not their form (a redacted one) is a text, negative."""

    def pack(values: Sequence[str], heaps: Heaps) -> Column:
        text = characters(value.encode() for value in values)
        packed = check(text).packed
        for row in np.flatnonzero((unpack(packed) != text).any(axis=1) | (packed == 0)).tolist():
            packed[row] = -1 - heaps.texts.handle(str(values[row]))
        return packed

    def read(column: Column, heaps: Heaps) -> list[Any]:
        written = unpack(np.maximum(column, 0)).tobytes()
        return [
            CitizenNumber.recorded(written[18 * row : 18 * row + 18].decode())
            if value > 0
            else str(heaps.texts.values[-1 - value])
            for row, value in enumerate(column.tolist())
        ]

    return Form("i8", pack, read)


#: The form of each kind of value; the first line that fits holds.
FORMS: tuple[tuple[type[Any], Callable[[type[Any]], Form]], ...] = (
    (CitizenNumber, numbers),
    (DivisionCode, digits(6, "u4")),
    (OfficeCode, digits(12, "u8")),
    (Code, coded),
    (IntEnum, enumerated),
    (StrEnum, enumerated),
    (str, texts),
    (bool, integers("u1")),
    (int, integers("i4")),
    (date, days),
)
