"""Columns of the envelope in as few bytes as they need; they are read rarely and kept for ever.

A value is base + what the row's bytes say + what stands elsewhere: its position, or the instant of
its position. So who recorded the rows of a partition takes a byte or two for each, and when they
were recorded takes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from replay.columns.forms import Column

#: Which rows: a stretch of them, or any by their numbers.
Rows = slice | Column
#: The instants of positions: i8 in microseconds of u4.
Instants = Callable[[Column], Column]
#: What a value may be told from, besides its base.
NOTHING, POSITION, INSTANT = "", "position", "instant"
#: What columns of the envelope are told from; the others from nothing.
FROM = {"recorded_at": INSTANT, "origin_seq": POSITION}
#: The most bytes that a row has.
WORD = 8


class Narrow(NamedTuple):
    """How a column was made narrow.

    base: in 64 bits, what is added to every row; width: bytes a row has; told: from what else.
    """

    base: int
    width: int
    told: str


def narrowed(column: Column, told: str, position: Column) -> tuple[Narrow, Column]:
    """A column made narrow, and its bytes u1[rows * width]; position u4[rows]."""
    if told == INSTANT or len(column) == 0:
        return Narrow(0, 0, told), np.empty(0, "u1")
    if told == POSITION:
        column = np.subtract(column, position, dtype="i8")
    base = int(column.min())
    width = ((int(column.max()) - base).bit_length() + 7) // 8
    if not width:
        return Narrow(base % 2**64, 0, told), np.empty(0, "u1")
    apart = column.astype("<i8" if column.dtype.kind == "i" else "<u8").view("<u8")
    apart -= np.uint64(base % 2**64)
    raw = apart.view("u1").reshape(-1, WORD)[:, :width]
    return Narrow(base % 2**64, width, told), np.ascontiguousarray(raw).ravel()


class Widened(Mapping[str, Column]):
    """The columns of an envelope, widened each time that they are asked for.

    columns: by name how each was made narrow, its bytes u1[rows * width] and what it is to be.
    position u4[rows]; instants: those of positions; rows: of which rows.
    """

    def __init__(
        self,
        columns: Mapping[str, tuple[Narrow, Column, str]],
        position: Column,
        instants: Instants,
        rows: slice | None = None,
    ) -> None:
        self._columns, self._position, self._instants = columns, position, instants
        self._rows = slice(0, len(position)) if rows is None else rows

    def __getitem__(self, name: str) -> Column:
        return self.read(name, slice(0, self._rows.stop - self._rows.start))

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def stretch(self, first: int, last: int) -> Widened:
        """The rows `first` to `last` of these."""
        begin = self._rows.start
        rows = slice(begin + first, begin + last)
        return Widened(self._columns, self._position, self._instants, rows)

    def read(self, name: str, rows: Rows) -> Column:
        """A column in some rows of these."""
        narrow, raw, dtype = self._columns[name]
        begin = self._rows.start
        if isinstance(rows, slice):
            here: Any = slice(begin + rows.start, begin + rows.stop)
            count = rows.stop - rows.start
        else:
            here, count = rows.astype("i8") + begin, len(rows)
        values = np.zeros(count, "<u8")
        if narrow.width:
            values.view("u1").reshape(-1, WORD)[:, : narrow.width] = raw.reshape(-1, narrow.width)[
                here
            ]
        values += np.uint64(narrow.base)
        if narrow.told:
            position = self._position[here]
            told = position if narrow.told == POSITION else self._instants(position)
            values += told.astype("i8").view("u8")
        found = values.astype(dtype)  # modulo its size: a negative one comes back as it was
        found.flags.writeable = False
        return found


def taken(columns: Mapping[str, Column], name: str, rows: Rows) -> Column:
    """A column in some rows, however it lies."""
    return columns.read(name, rows) if isinstance(columns, Widened) else columns[name][rows]
