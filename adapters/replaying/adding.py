"""Rows of a read model added up, stretch by stretch, in whatever order they come.

Each row has a number made of its bytes under a key that is drawn for one comparison; the numbers of
a stretch are added up. Rows that are missing, surplus, doubled or others change the sum.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from adapters.matching import END, FIRST, Positions, Streams
from adapters.replaying.wire import Packed
from replay.columns.forms import Column
from replay.columns.sums import mixed, text_sums

#: Streams of one stretch, and positions of one: what is folded again where two sums differ.
STREAMS, POSITIONS = 1_000, 4_096
#: Bytes of a row before the size of its first field, before that field, and of the half of it that
#: tells a stretch; and what comes behind all streams with the same half.
COUNT, BEFORE, HALF = 2, 6, 8
AFTER = b"\xff" * 9


class Stretches:
    """Where rows belong, by the first eight bytes of their first field.

    bounds u8, rising: with which each stretch begins but the first. by_stream: that field is a
    stream; else it is a position.
    """

    def __init__(self, bounds: Column, by_stream: bool) -> None:
        self._bounds, self._by_stream = bounds, by_stream

    @classmethod
    def of_streams(cls, high: Column) -> Stretches:
        """So that some streams lie in each; high u8: the first halves of all that are known."""
        bounds = np.unique(np.sort(high)[STREAMS::STREAMS])
        return cls(bounds[bounds > 0], True)

    @classmethod
    def of_positions(cls, head: int) -> Stretches:
        """So that some positions lie in each, up to one."""
        return cls(np.arange(POSITIONS, head + 1, POSITIONS, dtype="u8"), False)

    def __len__(self) -> int:
        return len(self._bounds) + 1

    def of(self, rows: Packed) -> Column:
        """The stretches of rows, i8[rows]."""
        begin = np.concatenate(([0], rows.ends[:-1]))
        there = np.minimum(begin[:, None] + np.arange(COUNT, BEFORE + HALF), len(rows.data) - 1)
        head = rows.data[there]
        size = np.ascontiguousarray(head[:, : BEFORE - COUNT]).view(">i4")[:, 0]
        names = np.ascontiguousarray(head[:, BEFORE - COUNT :])
        for row in np.flatnonzero(size < HALF).tolist():  # no stream is so short
            names[row, max(int(size[row]), 0) :] = 0
        return self.holding(names.view(">u8")[:, 0].astype("u8"))

    def holding(self, names: Column) -> Column:
        """The stretches in which names lie, u8[n]."""
        found: Column = np.searchsorted(self._bounds, names, "right")
        return found

    def range(self, number: int) -> Streams | Positions:
        """What a stretch holds, as it is compared row by row."""
        first = int(self._bounds[number - 1]) if number else None
        until = int(self._bounds[number]) if number < len(self._bounds) else None
        if not self._by_stream:
            return Positions(first, until)
        return Streams(
            FIRST if first is None else before(first), END if until is None else before(until)
        )


def before(half: int) -> bytes:
    """What comes behind all streams with a smaller first half, and before those with this one."""
    return (half - 1).to_bytes(HALF, "big") + AFTER


class Sums:
    """What the rows of each stretch add up to, u8[stretches], and how many rows there are."""

    def __init__(self, stretches: Stretches, key: bytes) -> None:
        self.stretches = stretches
        self.sums, self.rows = np.zeros(len(stretches), "u8"), 0
        told = blake2b(key, digest_size=8).digest()
        self._one, self._other = (
            int.from_bytes(told[at : at + 4], "big") >> 3 | 1 << 29 for at in (0, 4)
        )

    def add(self, rows: Packed) -> None:
        """Add rows."""
        many = len(rows.ends)
        told = np.empty(many, "i8")
        data = np.ascontiguousarray(rows.data).view()
        data.flags.writeable = False
        text_sums(np.concatenate(([0], rows.ends)), data, self._one, self._other, told)
        np.add.at(self.sums, self.stretches.of(rows), mixed(told.view("u8")))
        self.rows += many
