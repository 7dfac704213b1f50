"""Kinds of value and the columns that hold them: what a new kind of value adds is one line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum, IntEnum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints
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
    """Texts kept once each while columns are made, named by handles that rise from 0."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._handles: dict[str, int] = {}

    def handle(self, text: str) -> int:
        """The handle of a text, a new one where it comes for the first time."""
        handle = self._handles.setdefault(text, len(self.values))
        if handle == len(self.values):
            self.values.append(text)
        return handle

    def take(self, handles: Sequence[int]) -> list[str]:
        """The texts of handles."""
        return [self.values[handle] for handle in handles]


class Reading(Protocol):
    """Texts of columns that are only read."""

    def take(self, handles: Sequence[int]) -> list[str]:
        """The texts of handles."""
        ...


class Spaces(Protocol):
    """Identifiers, by the kind of thing they name; each has a handle, and handles rise from 0.

    The handle of an entity never changes once it is sealed, and is its row in the state of its
    kind. Whoever is only named has a handle too, and no entries.
    """

    def handles(self, space: str, ids: Sequence[UUID]) -> list[int]:
        """Handles of identifiers, new ones where they come for the first time."""
        ...

    def packed(self, space: str, high: Column, low: Column) -> Column:
        """Handles u4[n], as `handles` gives them, of identifiers in halves of u8[n] each."""
        ...

    def find(self, space: str, one: UUID) -> int | None:
        """The handle of an identifier, none where it has not come yet."""
        ...

    def ids(self, space: str, handles: Sequence[int]) -> list[UUID]:
        """Identifiers of handles."""
        ...

    def count(self, space: str) -> int:
        """How many handles a space has."""
        ...


class KeptSpaces:
    """Spaces in memory."""

    def __init__(self) -> None:
        self._ids: dict[str, list[UUID]] = {}
        self._handles: dict[str, dict[UUID, int]] = {}

    def handles(self, space: str, ids: Sequence[UUID]) -> list[int]:
        """Handles of identifiers, new ones where they come for the first time."""
        kept, known = self._ids.setdefault(space, []), self._handles.setdefault(space, {})
        found = []
        for one in ids:
            handle = known.setdefault(one, len(kept))
            if handle == len(kept):
                kept.append(one)
            found.append(handle)
        return found

    def packed(self, space: str, high: Column, low: Column) -> Column:
        """Handles u4[n], as `handles` gives them, of identifiers in halves of u8[n] each."""
        halves = zip(high.tolist(), low.tolist(), strict=True)
        ids = [UUID(int=upper << 64 | lower) for upper, lower in halves]
        return np.array(self.handles(space, ids), "u4")

    def find(self, space: str, one: UUID) -> int | None:
        """The handle of an identifier, none where it has not come yet."""
        return self._handles.get(space, {}).get(one)

    def ids(self, space: str, handles: Sequence[int]) -> list[UUID]:
        """Identifiers of handles."""
        kept = self._ids[space] if handles else []
        return [kept[handle] for handle in handles]

    def count(self, space: str) -> int:
        """How many handles a space has."""
        return len(self._ids.get(space, ()))


@dataclass(frozen=True)
class Heaps:
    """What handles in columns stand for: texts of a run or block, and identifiers of all."""

    texts: Heap | Reading
    spaces: Spaces


@dataclass(frozen=True)
class Form:
    """How values of one kind lie in a column.

    pack: values -> array of `dtype`; unpack: array -> values, the inverse. Both may use the heaps.
    null: what stands where there is no value. space: of identifiers, what they name. texts: the
    column holds handles of texts.
    """

    dtype: str
    pack: Callable[[Sequence[Any], Heaps], Sequence[Any] | Column]
    unpack: Callable[[Column, Heaps], list[Any]]
    null: int
    space: str | None = None
    texts: bool = False

    def array(self, values: Sequence[Any], heaps: Heaps) -> Column:
        """The column of values or None; a value that does not fit raises OverflowError."""
        rows = [row for row, value in enumerate(values) if value is not None]
        if len(rows) == len(values):
            return np.array(self.pack(values, heaps), self.dtype)
        column = np.full(len(values), self.null, self.dtype)
        column[rows] = np.array(self.pack([values[row] for row in rows], heaps), self.dtype)
        return column

    def values(self, column: Column, heaps: Heaps) -> list[Any]:
        """The values of a column, None where there is none."""
        rows = np.flatnonzero(column != self.null)
        if len(rows) == len(column):
            return self.unpack(column, heaps)
        found: list[Any] = [None] * len(column)
        for row, value in zip(rows.tolist(), self.unpack(column[rows], heaps), strict=True):
            found[row] = value
        return found


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
        lambda values, heaps: heaps.spaces.handles(space, values),
        lambda column, heaps: list(heaps.spaces.ids(space, column.tolist())),
        NONE,
        space=space,
    )


def texts(kind: type[str]) -> Form:
    """Texts, by handle."""

    def pack(values: Sequence[Any], heaps: Heaps) -> list[int]:
        assert isinstance(heaps.texts, Heap), "these columns are only read"
        return [heaps.texts.handle(str(value)) for value in values]

    return Form(
        "u4",
        pack,
        lambda column, heaps: [
            str.__new__(kind, text) for text in heaps.texts.take(column.tolist())
        ],
        NONE,
        texts=True,
    )


def coded(kind: type[Code]) -> Form:
    """Coded values, by their place in the table's list of codes."""
    return Form(
        "u2",
        lambda values, heaps: [_places(kind)[value] for value in values],
        lambda column, heaps: [_codes(kind)[place] for place in column.tolist()],
        2**16 - 1,
    )


@cache
def _codes(kind: type[Code]) -> tuple[Code, ...]:
    return tuple(kind.all())


@cache
def _places(kind: type[Code]) -> dict[str, int]:
    return {code: place for place, code in enumerate(_codes(kind))}


def digits(width: int, dtype: str) -> Callable[[type[str]], Form]:
    """Texts of so many digits, as integers."""

    def number(value: str) -> int:
        if len(value) != width or not (value.isascii() and value.isdigit()):
            raise ValueError(f"{value!r} does not have {width} digits")
        return int(value)  # which would take spaces and signs

    def make(kind: type[str]) -> Form:
        return Form(
            dtype,
            lambda values, heaps: [number(value) for value in values],
            lambda column, heaps: [kind(f"{value:0{width}}") for value in column.tolist()],
            int(np.iinfo(dtype).max),
        )

    return make


def enumerated(kind: type[Enum]) -> Form:
    """Members of an enumeration, by their place in it."""
    members = tuple(kind.__members__.values())
    return Form(
        "u1",
        lambda values, heaps: [members.index(value) for value in values],
        lambda column, heaps: [members[place] for place in column.tolist()],
        255,
    )


def flags(kind: type[Any]) -> Form:
    """True and false."""
    return Form(
        "u1",
        lambda values, heaps: values,
        lambda column, heaps: [bool(value) for value in column.tolist()],
        255,
    )


def integers(kind: type[Any]) -> Form:
    """Integers as they are, save the least of 32 bits, which stands for none."""
    return Form("i4", lambda values, heaps: values, lambda column, heaps: column.tolist(), -(2**31))


def days(kind: type[Any]) -> Form:
    """Civil dates, in days since 1880-01-01; births may lie before it."""
    return Form(
        "i4",
        lambda values, heaps: [day_number(value) for value in values],
        lambda column, heaps: [day_of(number) for number in column.tolist()],
        -(2**31),
    )


def numbers(kind: type[Any]) -> Form:
    """Identity numbers in 63 bits; what has not their form (a redacted one) is a text, negative."""

    def pack(values: Sequence[str], heaps: Heaps) -> Column:
        assert isinstance(heaps.texts, Heap), "these columns are only read"
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
            else heaps.texts.take([-1 - value])[0]
            for row, value in enumerate(column.tolist())
        ]

    return Form("i8", pack, read, 0, texts=True)


#: The form of each kind of value; the first line that fits holds.
FORMS: tuple[tuple[type[Any], Callable[[type[Any]], Form]], ...] = (
    (CitizenNumber, numbers),
    (DivisionCode, digits(6, "u4")),
    (OfficeCode, digits(12, "u8")),
    (Code, coded),
    (IntEnum, enumerated),
    (StrEnum, enumerated),
    (str, texts),
    (bool, flags),
    (int, integers),
    (date, days),
)
