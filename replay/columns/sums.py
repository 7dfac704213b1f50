"""A number for each row that tells what it says, so that rows are compared wherever they lie.

Rows of a run and rows of a block have the same number if all that they hold is the same: stream and
version, every column, and what brings their stored bytes back. Handles are looked up, since each
log gives its own. The numbers hang on a key that is drawn for one comparison: whoever makes a row
cannot know which other one would have its number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Protocol

import numpy as np

from replay.columns.exact import ORIGIN_AT, PRIVATE, RAW, SALT, STATE, WITHOUT
from replay.columns.forms import NONE, Column, Form
from replay.columns.layout import COLD, COLD_TEXTS
from replay.columns.runs import Block, Run, Side
from replay.jit import integer, kernel

#: What stands for nothing, and where the parts of stored bytes are texts.
NOTHING = np.uint64(0x5BD1E9955BD1E995)
STORED_TEXTS = (STATE, PRIVATE)
#: Of the finalizer of MurmurHash3, which lets every bit change half of the others.
_FIRST, _SECOND, _HALF = (
    np.uint64(0xFF51AFD7ED558CCD),
    np.uint64(0xC4CEB9FE1A85EC53),
    np.uint64(33),
)
_LOW = 2**31 - 1

_Read = Callable[[Column], Column]


class Identifiers(Protocol):
    """Where identifiers of handles are to be had."""

    def halves_of(self, space: str, handles: Column) -> tuple[Column, Column]:
        """Identifiers of handles u4[n] in halves u8[n] each."""
        ...


def row_sums(rows: Run | Block, spaces: Identifiers, key: bytes) -> Column:
    """A number u8[rows] for each row; with another key every one of them is another."""
    return _Sums(rows, spaces, key).sums()


@kernel
def text_sums(offsets: Column, data: Column, one: int, other: int, told: Column) -> None:
    """A number for each text: two polynomials of its bytes, at the points `one` and `other`.

    offsets i8[texts + 1], data u1; one, other below 2^30, so that nothing overflows; told
    i8[texts], written.
    """
    for text in range(told.size):
        first = second = offsets[text + 1] - offsets[text]
        for place in range(offsets[text], offsets[text + 1]):
            byte = integer(data[place])
            first = first * one + byte
            first = (first & _LOW) + (first >> 31)
            second = second * other + byte
            second = (second & _LOW) + (second >> 31)
        told[text] = (first & _LOW) << 32 | second


def mixed(values: Column) -> Column:
    """Values u8 spread over 64 bits, in place."""
    values ^= values >> _HALF
    values *= _FIRST
    values ^= values >> _HALF
    values *= _SECOND
    values ^= values >> _HALF
    return values


class _Sums:
    """The numbers of the rows of one run or block, as they grow column by column."""

    def __init__(self, rows: Run | Block, spaces: Identifiers, key: bytes) -> None:
        assert SALT in rows.stored or not len(rows), WITHOUT
        self.rows, self.spaces, self.key = rows, spaces, key
        self.told = np.zeros(len(rows), "u8")

    def sums(self) -> Column:
        """All columns, one after the other."""
        rows, laid = self.rows, self.rows.layout
        if not len(rows):
            return self.told
        self.streams()
        for name, column in rows.fixed().items():
            self.add(name, column.astype("u8"))
        for name, form in laid.dense.items():
            where = np.flatnonzero(laid.declares(name)[rows.code])
            if len(where):
                self.add(f"dense {name}", self.values(rows.dense[name], form), where)
        for name, sparse in laid.sparse.items():
            forms = {"value": sparse} if isinstance(sparse, Form) else sparse.parts
            self.side(name, rows.sparse[name], forms)
        for name in COLD:
            cold = rows.cold[name]
            self.add(f"cold {name}", self.texts[cold] if name in COLD_TEXTS else _bits(cold))
        self.side(SALT, rows.stored[SALT], {})
        for name in (ORIGIN_AT, *RAW):
            self.side(name, rows.stored[name], {}, texts=name in STORED_TEXTS)
        return mixed(self.told)

    def streams(self) -> None:
        """Which stream a row is of, and which version it is."""
        rows = self.rows
        if isinstance(rows, Run):
            entities, firsts = rows.entities, rows.first_version.astype("i8")
        else:
            entities = np.arange(rows.first, rows.first + rows.size, dtype="u4")
            firsts = np.ones(rows.size, "i8")
        starts = rows.starts.astype("i8")
        counts = np.diff(starts)
        names = self.identifiers(rows.layout.kind.value, entities)
        self.add("stream", np.repeat(names, counts))
        versions = np.arange(len(rows)) + np.repeat(firsts - starts[:-1], counts)
        self.add("version", versions.view("u8"))

    def side(self, name: str, side: Side, forms: Mapping[str, Form], texts: bool = False) -> None:
        """A field that some rows have; forms: of its parts, none where they are plain numbers."""
        if not len(side.rows):
            return
        offsets = None if side.offsets is None else side.offsets.astype("i8")
        if offsets is not None:
            self.add(f"{name} many", np.diff(offsets).view("u8"), side.rows)
            counts = np.diff(offsets)
            turn = (np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)).view("u8")
        for part, column in side.parts.items():
            if part in forms:
                values = self.values(column, forms[part])
            else:
                values = self.texts[column] if texts else _bits(column)
            if offsets is not None:  # elements in their order: the same value counts otherwise
                values = mixed(values + mixed(turn + self.of(f"{name} {part} turn")))
                total = np.append(np.uint64(0), np.cumsum(values))
                values = total[offsets[1:]] - total[offsets[:-1]]
            self.add(f"{name} {part}", values, side.rows)

    def add(self, name: str, values: Column, where: Column | None = None) -> None:
        """Add what a column says of all rows, or of some."""
        values = mixed(values ^ self.of(name))
        if where is None:
            self.told += values
        else:
            assert len(values) == len(where), name
            self.told[where] += values

    def of(self, name: str) -> np.uint64:
        """The random number of a column."""
        told = blake2b(name.encode(), key=self.key, digest_size=8).digest()
        return np.uint64(int.from_bytes(told, "big"))

    def values(self, column: Column, form: Form) -> Column:
        """What a column says, u8."""
        if form.space is not None:
            return self.identifiers(form.space, column)
        if form.texts and column.dtype.kind == "i":  # numbers; what has not their form is a text
            found, odd = _bits(column).copy(), np.flatnonzero(column < 0)
            found[odd] = self.texts[-1 - column[odd]]
            return found
        if form.texts:
            return self._or_nothing(column, lambda there: self.texts[there])
        return _bits(column)

    def identifiers(self, space: str, handles: Column) -> Column:
        """What handles name."""

        def read(there: Column) -> Column:
            high, low = self.spaces.halves_of(space, there)
            return mixed(high ^ self.of("identifier")) ^ low

        return self._or_nothing(handles, read)

    def _or_nothing(self, handles: Column, read: _Read) -> Column:
        there = handles != NONE
        if there.all():
            return read(handles)
        found = np.full(len(handles), NOTHING)
        found[there] = read(handles[there])
        return found

    @cached_property
    def texts(self) -> Column:
        """A number for each text of the heap."""
        heap = self.rows.texts
        told = np.empty(len(heap), "i8")
        one, other = (int(self.of(name)) >> 34 | 1 << 29 for name in ("one point", "another"))
        data = np.ascontiguousarray(heap.data).view()
        data.flags.writeable = False
        text_sums(heap.offsets.astype("i8"), data, one, other, told)
        return told.view("u8")


def _bits(column: Column) -> Column:
    """A column of integers of any width in 64 bits."""
    return column.astype("i8").view("u8") if column.dtype.kind == "i" else column.astype("u8")
