"""Rows of one kind of stream, found in stored halves, made columns."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from typing import Any

import numpy as np

from replay.columns.exact import CODE, ORIGIN_AT, PRIVATE, RAW, SALT, STATE, plain_side
from replay.columns.forms import NONE, Column, Form, Heap, Heaps, ListForm, Spaces
from replay.columns.layout import COLD, FIXED
from replay.columns.runs import Side, Texts
from replay.intake.finding import find, first_wrong
from replay.intake.lots import Lot, Unreadable
from replay.intake.plans import Plan, Slot, element_keys, element_kinds
from replay.intake.scanning import Found, Halved, elements, locate
from replay.intake.tokens import NULL, gather, identify, intern, lay, read_days
from replay.numbers import check, unpack


class Columns:
    """The rows of one kind of stream on their way into columns."""

    def __init__(self, lot: Lot, looked: Plan, spaces: Spaces, rows: Column) -> None:
        self.lot, self.plan, self.spaces, self.rows = lot, looked, spaces, rows
        self.code = lot.codes[rows].astype(FIXED["code"])
        self.found = self._find()
        self.texts = Interned(lot, *self._tokens_of_texts())
        self.heap = Heap()  # what does not lie in the buffer as a text
        self.heaps = Heaps(self.heap, spaces)

    def _find(self) -> Found:
        found = find(self.lot, self.plan, self.rows, self.code)
        if found is None:  # some rows were written anew
            self.code = self.lot.codes[self.rows].astype(FIXED["code"])
            found = find(self.lot, self.plan, self.rows, self.code)
        assert found is not None, "the codec does not write what it reads"
        return found

    def tokens(self, slot: int) -> tuple[Column, Column, Column]:
        """Where the tokens of a slot begin and end, and the row of each."""
        first = int(self.found.base[slot])
        there = slice(first, first + int(self.found.cursor[slot]))
        return self.found.first[there], self.found.end[there], self.found.row[there]

    def columns(self) -> dict[str, Any]:
        """Everything that a run holds beside its entities."""
        lot, looked = self.lot, self.plan
        self._check_days()
        full: dict[str, Column] = {}
        some: dict[str, Side] = {}
        for place, slot in enumerate(looked.slots):
            first, end, row = self.tokens(place)
            if slot.dense:
                assert isinstance(slot.form, Form)
                full[slot.home] = self.convert(slot.kind, slot.form, first, end, place)
            elif isinstance(slot.form, ListForm):
                some[slot.home] = self._lists(slot, first, end, row)
            else:
                column = self.convert(slot.kind, slot.form, first, end, place)
                some[slot.home] = Side(row.copy(), None, {"value": column})
        return {
            "layout": looked.layout,
            "code": self.code,
            "effective_on": lot.numbers["effective_on"][self.rows].astype("u2"),
            "position": narrow(lot.numbers["position"][self.rows], FIXED["position"]),
            "dense": {name: full[name] for name in looked.layout.dense},
            "sparse": {name: some[name] for name in looked.layout.sparse},
            "cold": self._envelope(),
            "stored": self._stored(),
            "texts": self._heap(),  # last: the others put texts there
        }

    def convert(self, kind: Any, form: Form, first: Column, end: Column, slot: int = -1) -> Column:
        """The column of tokens; `slot` where they are one of the plan's."""
        if form.space is not None:
            return self._identifiers(form.space, first, end)
        if form.texts and form.dtype == "i8":
            return self._numbers(first, end)
        if kind is date:
            return self._days(first, end)
        if form.texts and slot >= 0:
            return self.texts.handles(int(self.found.base[slot]), len(first))
        kept = Interned(self.lot, first, end)
        values = [None if raw is None else value_of(kind, raw) for raw in kept.values()]
        if form.texts:
            column = np.array(
                [self._text(str(value)) if value is not None else NONE for value in values], "u4"
            )
        else:
            column = form.array(values, self.heaps)
        return np.append(column, np.array(form.null, form.dtype))[kept.places()]

    def _text(self, value: str) -> int:
        """The handle of a text that does not lie in the buffer."""
        return self.texts.count + self.heap.handle(value)

    def _identifiers(self, space: str, first: Column, end: Column) -> Column:
        high, low, null = self._identified(first, end, salts=False)
        if not null.any():
            return self.spaces.packed(space, high, low)
        column = np.full(len(first), NONE, "u4")
        there = np.flatnonzero(null == 0)
        column[there] = self.spaces.packed(space, high[there], low[there])
        return column

    def _identified(
        self, first: Column, end: Column, *, salts: bool
    ) -> tuple[Column, Column, Column]:
        """Identifiers in halves u8, and which of them are null, u1."""
        data, words = self.lot.data, self.lot.buffer.words
        high, low, null = (np.empty(len(first), kind) for kind in ("u8", "u8", "u1"))

        def one(cut: slice) -> int:
            halves = high[cut], low[cut], null[cut]
            return identify(data, words, first[cut], end[cut], salts, *halves)

        wrong = first_wrong(one, len(first))
        if wrong >= 0:
            raise self.lot.unreadable(int(first[wrong]), int(end[wrong]), "is no identifier")
        return high, low, null

    def _days(self, first: Column, end: Column) -> Column:
        days = np.empty(len(first), "i4")
        data = self.lot.data

        def one(cut: slice) -> int:
            return read_days(data, first[cut], end[cut], days[cut])

        wrong = first_wrong(one, len(first))
        if wrong >= 0:
            raise self.lot.unreadable(int(first[wrong]), int(end[wrong]), "is no day")
        return days

    def _numbers(self, first: Column, end: Column) -> Column:
        text = np.empty((len(first), 18), "u1")
        lay(self.lot.data, first, end, text)
        packed = check(text).packed
        null = end - first == len("null")  # no number is as short, with its quotes
        unlike = ((unpack(packed) != text).any(axis=1) | (packed == 0)) & ~null
        for place in np.flatnonzero(unlike).tolist():
            packed[place] = -1 - self._text(json.loads(self._token(first, end, place)))
        return packed

    def _token(self, first: Column, end: Column, place: int) -> str:
        return self.lot.data[first[place] : end[place]].tobytes().decode()

    def _lists(self, slot: Slot, first: Column, end: Column, row: Column) -> Side:
        form = slot.form
        assert isinstance(form, ListForm)
        buffer, offsets = self.lot.buffer, np.empty(len(first) + 1, "u4")
        nothing = np.empty(0, "u4")
        count = elements(buffer.data, first, end, offsets, nothing, nothing)
        if count < 0:
            wrong = -1 - count
            raise self.lot.unreadable(int(first[wrong]), int(end[wrong]), "is no list")
        begin, until = np.empty(count, "u4"), np.empty(count, "u4")
        elements(buffer.data, first, end, offsets, begin, until)
        found = Found(np.zeros(1, "i8"), np.zeros(1, "i8"), begin, until, nothing)
        if form.element is not None:
            found = self._objects(form, begin, until)
        columns = {}
        for (name, part), base in zip(form.parts.items(), found.base.tolist(), strict=True):
            there = slice(base, base + count)
            kind = element_kinds(slot)[name]
            columns[name] = self.convert(kind, part, found.first[there], found.end[there])
        return Side(row.copy(), offsets, columns)

    def _objects(self, form: ListForm, begin: Column, until: Column) -> Found:
        """The values of objects, a slot for each key."""
        parts, count, buffer = len(form.parts), len(begin), self.lot.buffer
        tokens = (np.zeros(parts * count, "u4") for _ in range(3))
        found = Found(np.arange(parts) * count, np.zeros(parts, "i8"), *tokens)
        unusual, code = np.zeros(count, "u1"), np.zeros(count, FIXED["code"])
        wrong = locate(
            *(buffer.data, buffer.words, Halved(begin, until, begin, begin), code, True),
            *(*element_keys(form), found, unusual),
        )
        if wrong:
            place = int(np.argmax(unusual))
            why = "is not as it is written in a list"
            raise self.lot.unreadable(int(begin[place]), int(until[place]), why)
        return found

    def _tokens_of_texts(self) -> tuple[Column, Column]:
        last = int(self.found.base[self.plan.texts])
        return self.found.first[:last], self.found.end[:last]

    def _check_days(self) -> None:
        first, end, _ = self.tokens(self.plan.effective)
        wrong = np.flatnonzero(
            self._days(first, end) != self.lot.numbers["effective_on"][self.rows]
        )
        if len(wrong):
            position = self.lot.numbers["position"][self.rows[wrong[0]]]
            raise Unreadable(f"entry {position} states another effective day than its row has")

    def _envelope(self) -> dict[str, Column]:
        lot, rows = self.lot, self.rows
        submissions = lot.ids["submission"][rows]
        told = {name: lot.numbers[name][rows] for name in ("recorded_at", "origin", "origin_seq")}
        told["submission_high"], told["submission_low"] = submissions.T
        for name, (place, texts) in lot.names.items():
            used = np.flatnonzero(np.bincount(place[rows], minlength=len(texts)))
            table = np.zeros(len(texts), "u4")
            table[used] = [self._text(texts[one]) for one in used.tolist()]
            told[name] = table[place[rows]]
        return {name: narrow(told[name], dtype) for name, dtype in COLD.items()}

    def _stored(self) -> dict[str, Side]:
        """What brings the stored bytes of rows back."""
        lot, rows = self.lot, self.rows
        first, end, row = self.tokens(self.plan.salts)
        origin_at = lot.numbers["origin_at"][rows]
        other = np.flatnonzero(origin_at != lot.numbers["recorded_at"][rows])
        raw = (
            [place for place, one in enumerate(rows.tolist()) if one in lot.raw] if lot.raw else []
        )
        if raw:
            ours = ~np.isin(row, raw)
            first, end, row = first[ours], end[ours], row[ours]
        high, low, _ = self._identified(first, end, salts=True)
        salted, starts = np.unique(row, return_index=True)
        told = [lot.raw[int(rows[place])] for place in raw]
        kept: dict[str, list[int]] = {
            CODE: [code for code, _, _ in told],
            STATE: [self._text(state) for _, state, _ in told],
            PRIVATE: [self._text(private) for _, _, private in told],
        }
        return {
            SALT: Side(
                salted.astype("u4"),
                np.append(starts, len(row)).astype("u4"),
                {"high": high, "low": low},
            ),
            ORIGIN_AT: plain_side(other.tolist(), origin_at[other].tolist(), "i8"),
            **{name: plain_side(raw, kept[name], dtype) for name, dtype in RAW.items()},
        }

    def _heap(self) -> Texts:
        """All texts of the run: those in the buffer first, then the others."""
        inside = self.texts.texts()
        if not self.heap.values:
            return inside
        others = Texts.of(self.heap.values)
        size = int(inside.offsets[-1])
        assert size + len(others.data) < 2**32, "too many texts for one run"
        return Texts(
            np.concatenate([inside.offsets, others.offsets[1:] + np.uint32(size)]),
            np.concatenate([inside.data, others.data]),
        )


class Interned:
    """Tokens, those alike known by one handle."""

    def __init__(self, lot: Lot, first: Column, end: Column) -> None:
        self.data, self.first, self.end = lot.data, first, end
        words = lot.buffer.words
        self.handle = np.empty(len(first), "u4")
        size = 256
        while True:
            table, unique = np.zeros(size, "u4"), np.empty(size // 2, "u4")
            self.count = intern(self.data, words, first, end, table, unique, self.handle)
            if self.count >= 0:
                break
            size *= 16
        self.unique = unique[: self.count].copy()

    def values(self) -> list[Any]:
        """What the tokens say, by handle, as JSON."""
        first, end = self.first[self.unique].tolist(), self.end[self.unique].tolist()
        data = self.data.data
        tokens = (data[begin:stop] for begin, stop in zip(first, end, strict=True))
        found: list[Any] = json.loads(b"[%s]" % b",".join(tokens))
        return found

    def places(self) -> Column:
        """The handle of each token; that of null is -1."""
        return np.where(self.handle == NULL, -1, self.handle.astype("i8"))

    def handles(self, first: int, count: int) -> Column:
        """The handles of some tokens, which are texts."""
        return self.handle[first : first + count].copy()

    def texts(self) -> Texts:
        """The texts that the tokens are, by handle."""
        ends = np.empty(self.count, "u4")
        sizes = self.end[self.unique].astype("i8") - self.first[self.unique] - 2
        into = np.empty(int(sizes.sum()), "u1")
        gather(self.data, self.first, self.end, self.unique, ends, into)
        if (into == _BACKSLASH).any():
            return Texts.of(self.values())
        return Texts(np.append(np.zeros(1, "u4"), ends), into)


_BACKSLASH = ord("\\")


def value_of(kind: Any, raw: Any) -> Any:
    """A value of a kind from what JSON says; it was checked when it was recorded."""
    if issubclass(kind, Enum):
        return kind(raw)
    return str.__new__(kind, raw) if isinstance(raw, str) else raw


def narrow(column: Column, dtype: str) -> Column:
    """A column in a narrower type, which must hold its values."""
    narrowed: Column = column.astype(dtype)
    if not np.array_equal(narrowed, column):
        raise OverflowError(f"a value does not fit {np.dtype(dtype).name}")
    return narrowed
