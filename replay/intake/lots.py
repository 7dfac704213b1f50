"""Stored rows of one lot: their halves in one buffer, the rest in columns.

A row that is not as the codec writes it today (an old event type, a redacted part) is read by the
codec and written anew at the end of the buffer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from registry import events
from registry.codec import Codec
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.exact import exact_salts
from replay.columns.forms import Column
from replay.columns.layout import CODES

#: The columns of a stored entry, in the store's names; each number an integer of any width.
NUMBERS = (
    *("position", "version", "code", "effective_on"),
    *("recorded_at", "origin", "origin_seq", "origin_at"),
)
TEXTS = ("officer", "office")
KEYS = ("stream", "submission")
HALVES = ("state", "private")

KINDS = [*Kind]
assert events.__all__, "importing the events fills the vocabulary"
#: Bytes behind the last one in use; what is looked at together lies within.
ROOM = 64
_ZERO = bytes(16)


class Unreadable(ValueError):
    """A stored row is not of this register, or not of a program as new as this one."""


class Buffer:
    """Bytes one after the other; kept from lot to lot, since fresh memory costs a fault a page.

    Behind those in use there are always some more, which are looked at but never meant.
    """

    def __init__(self) -> None:
        self.data = np.empty(1 << 20, np.uint8)
        self.used = 0

    @property
    def words(self) -> Column:
        """The same bytes, eight in each, the first the lowest."""
        return self.data.view("<u8")

    def put(self, data: Column) -> int:
        """Copy bytes to the end; returns where they begin."""
        first, self.used = self.used, self.used + len(data)
        if self.used + ROOM > len(self.data):
            assert self.used < 2**32, "too many bytes for one lot; take in fewer rows at once"
            larger = np.empty(ROOM * (2 * self.used // ROOM + 1), np.uint8)
            larger[:first] = self.data[:first]
            self.data = larger
        self.data[first : self.used] = data
        return first


class Lot:
    """Rows of one lot, all kinds of stream together.

    numbers: i8 by name; ids: u8[rows, 2] by name, high and low; names: the place of each text in a
    list, by name; halved u4[4, rows]: where both halves begin and end. codes and halved are those
    of what the codec wrote anew; raw: such rows that it cannot write as they were, as they were.
    """

    def __init__(
        self, codec: Codec, buffer: Buffer, batches: Sequence[pa.RecordBatch], halved: Column
    ) -> None:
        def told(name: str, read: Any) -> Column:
            return np.concatenate([read(batch.column(name)) for batch in batches])

        self.codec, self.buffer, self.halved = codec, buffer, halved
        self.numbers = {name: told(name, integers) for name in NUMBERS}
        self.ids = {name: told(name, uuids) for name in KEYS}
        self.names = {name: texts([batch.column(name) for batch in batches]) for name in TEXTS}
        self.codes = self.numbers["code"]
        self.raw: dict[int, tuple[int, str, str]] = {}
        self._check_codes()
        self.rewrite(np.flatnonzero(old_codes()[self.codes]))

    @property
    def data(self) -> Column:
        """The bytes of all halves."""
        return self.buffer.data

    @property
    def kinds(self) -> Column:
        """The place of each row's kind of stream in KINDS."""
        return kind_of_codes()[self.codes]

    def rewrite(self, rows: Iterable[int]) -> None:
        """Let the codec read rows and write them as it would today, at the end of the buffer."""
        for row in rows:
            first, middle, begin, end = (int(one) for one in self.halved[:, row])
            state, private = self.data[first:middle].tobytes(), self.data[begin:end].tobytes()
            code = int(self.codes[row])
            try:
                event = self.codec.event(code, state, private)
                salts = exact_salts(self.codec, event, code, state, private)
            except ValueError as error:
                position = self.numbers["position"][row]
                raise Unreadable(f"entry {position} cannot be read: {error}") from error
            if salts is None:
                self.raw.setdefault(row, (code, state.decode(), private.decode()))
            self.codes[row] = VOCABULARY[type(event)].code
            left = iter(salts or ())
            halves = self.codec.halves(event, lambda left=left: next(left, _ZERO))  # type: ignore[misc]
            places = []
            for half in halves:
                begin = self.buffer.put(np.frombuffer(half, np.uint8))
                places += [begin, begin + len(half)]
            self.halved[:, row] = places

    def unreadable(self, first: int, end: int, why: str) -> Unreadable:
        """That what stands between two places of the buffer is not what it has to be."""
        half = (self.halved[0::2] <= first) & (first < self.halved[1::2])
        position = self.numbers["position"][np.flatnonzero(half.any(axis=0))[0]]
        token = self.data[first : min(end, first + 40)].tobytes().decode(errors="replace")
        return Unreadable(f"entry {position} cannot be read: {token} {why}")

    def _check_codes(self) -> None:
        known = (self.codes > 0) & (self.codes < CODES)
        known[known] = kind_of_codes()[self.codes[known]] >= 0
        if not known.all():
            row = int(np.argmin(known))
            raise Unreadable(
                f"entry {self.numbers['position'][row]} has event code {self.codes[row]}, which is"
                " not in this program's vocabulary; upgrade it"
            )


def kind_of_codes() -> Column:
    """The place of each code's kind of stream, i1[CODES]; -1 where there is no such code."""
    table = np.full(CODES, -1, "i1")
    for word in VOCABULARY.values():
        table[word.code] = KINDS.index(word.kind)
    return table


def old_codes() -> Column:
    """Which codes are of event types that have a newer one, bool[CODES]."""
    table = np.zeros(CODES, np.bool_)
    for shape, word in VOCABULARY.items():
        table[word.code] = hasattr(shape, "upcast")
    return table


def integers(column: pa.Array) -> Column:
    """Integers of any width, 0 where there is none."""
    found: Column = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return found


def binary(column: pa.Array) -> tuple[Column, Column]:
    """Where the values of a binary column begin and end, and the bytes under them."""
    wide = pa.types.is_large_binary(column.type)
    _, ends, data = column.buffers()
    kind, size = (np.int64, 8) if wide else (np.int32, 4)
    offsets = np.frombuffer(ends, kind, len(column) + 1, size * column.offset).astype("i8")
    return offsets, np.frombuffer(data if data is not None else b"", np.uint8)


def uuids(column: pa.Array) -> Column:
    """Identifiers of sixteen bytes as two halves, u8[rows, 2]; zeros where there is none."""
    ends, data = binary(column.fill_null(b""))
    there = np.diff(ends)
    if (there == 16).all():
        halves = np.frombuffer(data, ">u8", 2 * len(column), int(ends[0]) if len(ends) else 0)
        return halves.reshape(-1, 2).astype("u8")
    found = np.zeros((len(column), 2), "u8")
    for row, (first, end) in enumerate(pairwise(ends.tolist())):
        if end > first:
            found[row] = np.frombuffer(data[first:end].tobytes(), ">u8")
    return found


def texts(columns: Sequence[pa.Array]) -> tuple[Column, list[str]]:
    """The place of each text in a list of texts, and the list."""
    told = pa.chunked_array(columns).cast(pa.string()).dictionary_encode()
    one = told.unify_dictionaries().combine_chunks()
    return one.indices.to_numpy().astype("i8"), one.dictionary.to_pylist()
