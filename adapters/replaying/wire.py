"""Columns in the form in which databases take rows: PostgreSQL's binary COPY, values for SQLite."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, IntEnum
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from registry.values import CitizenNumber, Code, DivisionCode, OfficeCode
from replay.columns.forms import Column, plain_form
from replay.columns.runs import Texts
from replay.numbers import unpack
from replay.states.laying import place
from replay.states.standing import plain

#: What stands in a column for no value.
NULL = -(2**63)
#: Rows that are packed together: their bytes stay in the processor's caches.
AT_ONCE = 4096


class Bytes(NamedTuple):
    """Where the bytes of fields lie: begin, size i8[n] in data u1."""

    begin: Column
    size: Column
    data: Column


class Wire(ABC):
    """What the integers of a column stand for; NULL is not its business."""

    @abstractmethod
    def bytes(self, codes: Column) -> Bytes:
        """The fields as PostgreSQL takes them."""

    @abstractmethod
    def values(self, codes: Column) -> list[Any]:
        """The fields as Python's driver of SQLite takes them."""


def fixed(rows: Column) -> Bytes:
    """Fields of one size, u1[n, size]."""
    count, size = rows.shape
    begin = np.arange(count, dtype="i8") * size
    return Bytes(begin, np.full(count, size, "i8"), np.ascontiguousarray(rows).reshape(-1))


class Whole(Wire):
    """Integers of four or eight bytes."""

    def __init__(self, size: int) -> None:
        self._form = f">i{size}"

    def bytes(self, codes: Column) -> Bytes:
        """The fields as PostgreSQL takes them."""
        told = codes.astype(self._form)
        return fixed(told.view("u1").reshape(len(told), told.itemsize))

    def values(self, codes: Column) -> list[Any]:
        """The fields as Python's driver of SQLite takes them."""
        found: list[Any] = codes.tolist()
        return found


class Identifiers(Wire):
    """Handles of a space, by the halves of its identifiers."""

    def __init__(self, high: Column, low: Column) -> None:
        self._halves = high, low

    def _rows(self, codes: Column) -> Column:
        high, low = (half[codes] for half in self._halves)
        return np.stack([high, low], axis=1).astype(">u8").view("u1").reshape(len(codes), 16)

    def bytes(self, codes: Column) -> Bytes:
        """The fields as PostgreSQL takes them."""
        return fixed(self._rows(codes))

    def values(self, codes: Column) -> list[Any]:
        """The fields as Python's driver of SQLite takes them."""
        found: list[Any] = self._rows(codes).view("V16").reshape(-1).tolist()
        return found


class Characters(Wire):
    """Texts of one length, made of integers."""

    def __init__(self, width: int, packed: bool = False) -> None:
        self._width, self._packed = width, packed

    def _rows(self, codes: Column) -> Column:
        if self._packed:
            written: Column = unpack(codes)
            return written
        powers = 10 ** np.arange(self._width - 1, -1, -1, dtype="i8")
        digits: Column = (codes[:, None] // powers % 10 + ord("0")).astype("u1")
        return digits

    def bytes(self, codes: Column) -> Bytes:
        """The fields as PostgreSQL takes them."""
        return fixed(self._rows(codes))

    def values(self, codes: Column) -> list[Any]:
        """The fields as Python's driver of SQLite takes them."""
        text = self._rows(codes).tobytes().decode()
        return [text[at : at + self._width] for at in range(0, len(text), self._width)]


class Words(Wire):
    """Texts by handle."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def bytes(self, codes: Column) -> Bytes:
        """The fields as PostgreSQL takes them."""
        offsets = self._texts.offsets
        begin = offsets[codes].astype("i8")
        return Bytes(begin, offsets[codes + 1].astype("i8") - begin, np.asarray(self._texts.data))

    def values(self, codes: Column) -> list[Any]:
        """The fields as Python's driver of SQLite takes them."""
        handles, which = np.unique(codes, return_inverse=True)
        texts = self._texts.take(handles.tolist())
        return [texts[one] for one in which.tolist()]


class Members(Wire):
    """Members of an enumeration of integers, by their place in it."""

    def __init__(self, kind: type[IntEnum]) -> None:
        self._values = np.array([int(one) for one in kind.__members__.values()], "i8")

    def bytes(self, codes: Column) -> Bytes:
        """The fields as PostgreSQL takes them."""
        return INTEGER.bytes(self._values[codes])

    def values(self, codes: Column) -> list[Any]:
        """The fields as Python's driver of SQLite takes them."""
        return INTEGER.values(self._values[codes])


INTEGER, LONG = Whole(4), Whole(8)


def words(texts: Sequence[str]) -> Words:
    """Texts by their place in a list."""
    return Words(Texts.of(texts))


@cache
def listed(kind: type[Any]) -> Wire:
    """Coded values and members of enumerations, by their place in the list of all."""
    if issubclass(kind, IntEnum):
        return Members(kind)
    if issubclass(kind, Enum):
        return words([str(one) for one in kind.__members__.values()])
    return words([str(one) for one in kind.all()])


#: The halves of a space's identifiers by handle.
Halves = Callable[[str], tuple[Column, Column]]


def wire_of(kind: Any, texts: Texts, halves: Halves) -> Wire:
    """What a column of a kind of value stands for, in a block that has its own texts."""
    form = plain_form(kind)
    if form.space is not None:
        return Identifiers(*halves(form.space))
    if issubclass(kind, CitizenNumber):
        return Characters(18, packed=True)
    if issubclass(kind, DivisionCode):
        return Characters(6)
    if issubclass(kind, OfficeCode):
        return Characters(12)
    if issubclass(kind, Code | Enum):
        return listed(kind)
    return Words(texts) if issubclass(kind, str) else INTEGER


class Cells(NamedTuple):
    """A column of a table: codes i8[rows], NULL for no value, and what they stand for."""

    codes: Column
    wire: Wire

    def of(self, rows: Column) -> Cells:
        """The same of some rows."""
        return Cells(self.codes[rows], self.wire)


class Packed(NamedTuple):
    """Rows in PostgreSQL's binary form, one after the other: data u1; ends i8[rows], of each."""

    data: Column
    ends: Column


def packed(columns: Sequence[Cells]) -> Iterator[Packed]:
    """Columns as rows."""
    return laid([_fields(cells) for cells in columns])


def laid(fields: Sequence[Bytes]) -> Iterator[Packed]:
    """Fields as rows, some at a time."""
    count = len(fields[0].size)
    for first in range(0, count, AT_ONCE):
        some = slice(first, min(first + AT_ONCE, count))
        sizes = sum(np.maximum(field.size[some], 0) for field in fields) + 4 * len(fields) + 2
        ends = np.cumsum(sizes)
        out = np.empty(int(ends[-1]), "u1")
        at = ends - sizes
        out[at], out[at + 1] = len(fields) >> 8, len(fields) & 255
        at += 2
        for field in fields:
            place(at, field.begin[some], field.size[some], field.data, out)
        yield Packed(out, ends)


def _fields(cells: Cells) -> Bytes:
    there = cells.codes != NULL
    if there.all():
        told = cells.wire.bytes(cells.codes)
        return Bytes(*map(plain, told))
    begin, size = np.zeros(len(there), "i8"), np.full(len(there), -1, "i8")
    told = cells.wire.bytes(cells.codes[there])
    begin[there], size[there] = told.begin, told.size
    return Bytes(plain(begin), plain(size), plain(told.data))


def values(columns: Sequence[Cells]) -> Iterator[tuple[Any, ...]]:
    """Rows as SQLite takes them."""
    return zip(*map(_values, columns), strict=True)


def _values(cells: Cells) -> list[Any]:
    there = cells.codes != NULL
    if there.all():
        return cells.wire.values(cells.codes)
    found: list[Any] = [None] * len(there)
    told = cells.wire.values(cells.codes[there])
    for row, value in zip(np.flatnonzero(there).tolist(), told, strict=True):
        found[row] = value
    return found
