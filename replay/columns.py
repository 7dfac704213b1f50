"""Entries as columns, one set for each kind of stream, laid out by the declaration of the events.

Rows stand by entity and version; `starts` says where each entity's begin (CSR). What every
question reads is in every row, at most 20 bytes of it; other fields stand beside, in the rows that
have them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from registry.entry import Entry
from registry.values import CommunityId, DoorplateId, HouseholdId, day_number, day_of
from registry.vocabulary import VOCABULARY, EventType, Field, Kind
from replay.forms import Column, Form, Heaps, ListForm, form_of, identifiers, plain_form, present

#: Where people are: in every row of the streams whose every beginning says it.
PLACES = (HouseholdId, DoorplateId, CommunityId)
#: What every row of every kind of stream has.
FIXED = {"code": "u2", "effective_on": "u2", "position": "u4"}
_PLACE, _TEXT, _SUBMISSION = plain_form(CommunityId), plain_form(str), identifiers("submission")


@dataclass(frozen=True)
class Layout:
    """Which columns a kind of stream has, and which one holds each field of each event type."""

    kind: Kind
    hot: Mapping[str, Form]
    side: Mapping[str, Form | ListForm]
    homes: Mapping[type[Any], tuple[tuple[Field, str], ...]]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in the columns that every question reads."""
        dtypes = [*FIXED.values(), *(form.dtype for form in self.hot.values())]
        return sum(np.dtype(one).itemsize for one in dtypes)


@cache
def layout(kind: Kind) -> Layout:
    """Derive the layout of a kind of stream from the vocabulary."""
    words = [word for word in VOCABULARY.values() if word.kind is kind]
    hot: dict[str, Form] = {}
    for side in ("enters", "leaves"):
        if any(getattr(word, side) for word in words):
            hot[side] = _PLACE
    for field in _said_by_every_beginning(words):
        hot[field.name] = plain_form(present(field.type))
    beside: dict[str, Form | ListForm] = {}
    homes = {}
    for word in words:
        found = []
        for field in word.fields:
            if field.name == "effective_on":
                continue
            home = _home(word, field.name)
            if home not in hot:
                form = beside.setdefault(home, form_of(field.type))
                assert form == form_of(field.type), f"{word.name}.{home} has two kinds of value"
            found.append((field, home))
        homes[word.shape] = tuple(found)
    return Layout(kind, hot, beside, homes)


def _home(word: EventType, field: str) -> str:
    if field == word.enters:
        return "enters"
    return "leaves" if field == word.leaves else field


def _said_by_every_beginning(words: Iterable[EventType]) -> list[Field]:
    opening = [word for word in words if word.opens]
    return [
        field
        for field in (opening[0].fields if opening else ())
        if present(field.type) in PLACES
        and all(field.name in {one.name for one in word.fields} for word in opening)
        and all(_home(word, field.name) == field.name for word in opening)
    ]


@dataclass(frozen=True)
class Side:
    """A field in the rows that have it: a value each, or a list each.

    rows u4, rising; offsets u4[rows + 1] where the field holds lists; parts: columns by name.
    """

    rows: Column
    offsets: Column | None
    parts: Mapping[str, Column]


@dataclass(frozen=True)
class Columns:
    """The entries of all streams of one kind.

    starts u4[entities + 1], by handle; code u2, effective_on u2 in days since 1880, position u4;
    hot: handles u4, NONE where there is none; side: what only some rows have; cold: the envelope.
    """

    layout: Layout
    heaps: Heaps
    starts: Column
    code: Column
    effective_on: Column
    position: Column
    hot: Mapping[str, Column]
    side: Mapping[str, Side]
    cold: Mapping[str, Column]

    @property
    def entities(self) -> int:
        """How many entities have handles; of some there may be no row."""
        return len(self.starts) - 1

    def take(self, names: str) -> list[Column]:
        """Several columns of every row by their names, `starts` among them."""
        every = {"starts": self.starts, **self.rows()}
        return [every[name] for name in names.split()]

    def rows(self) -> dict[str, Column]:
        """The columns that have a value in every row, the cold ones apart."""
        fixed = {"code": self.code, "effective_on": self.effective_on, "position": self.position}
        return {**fixed, **self.hot}

    def arrow(self) -> pa.Table:
        """Rows as a table of Arrow, on the same memory."""
        return pa.table({**self.rows(), **self.cold})

    def entries(self) -> list[Entry]:
        """Every entry again, by entity and version."""
        return _entries(self)


def columns(entries: Iterable[Entry]) -> dict[Kind, Columns]:
    """Lay out recorded entries, each stream's in version order; the heaps are shared by all."""
    heaps = Heaps()
    rows: dict[Kind, list[tuple[int, Entry]]] = defaultdict(list)
    for entry in entries:
        kind = VOCABULARY[type(entry.event)].kind
        rows[kind].append((heaps.space(kind.value).handle(entry.stream), entry))
    gathered = {kind: _gather(layout(kind), found, heaps) for kind, found in rows.items()}
    # Only now all handles are known: a person may be named by a household before any own entry.
    return {
        kind: Columns(
            layout=layout(kind),
            heaps=heaps,
            starts=_starts(entity, len(heaps.space(kind.value).values)),
            **arrays,
        )
        for kind, (entity, arrays) in gathered.items()
    }


def _starts(entity: Column, entities: int) -> Column:
    found: Column = np.searchsorted(entity, np.arange(entities + 1)).astype("u4")
    return found


def _gather(
    layout: Layout, found: list[tuple[int, Entry]], heaps: Heaps
) -> tuple[Column, dict[str, Any]]:
    found.sort(key=lambda row: (row[0], row[1].version))
    entries = [entry for _, entry in found]
    hot: dict[str, list[Any]] = {name: [None] * len(entries) for name in layout.hot}
    present_in: dict[str, list[int]] = {name: [] for name in layout.side}
    values: dict[str, list[Any]] = {name: [] for name in layout.side}
    before = (-1, 0)
    for row, (entity, entry) in enumerate(found):
        expected = before[1] + 1 if entity == before[0] else 1
        assert entry.version == expected, f"{entry.stream} has no version {expected}"
        before = (entity, entry.version)
        event = entry.event
        assert event.effective_on == entry.effective_on
        for field, home in layout.homes[type(event)]:
            value = getattr(event, field.name)
            if home in hot:
                hot[home][row] = value
            elif value != _absent(field):
                present_in[home].append(row)
                values[home].append(value)
    arrays = {
        "code": np.array([VOCABULARY[type(one.event)].code for one in entries], FIXED["code"]),
        "effective_on": np.array([day_number(one.effective_on) for one in entries], "u2"),
        "position": np.array([one.position for one in entries], "u4"),
        "hot": {name: layout.hot[name].array(column, heaps) for name, column in hot.items()},
        "side": {
            name: _side(layout.side[name], rows, values[name], heaps)
            for name, rows in present_in.items()
        },
        "cold": {
            "recorded_at": np.array([one.recorded_at for one in entries], "i8"),
            "officer": _TEXT.array([one.officer for one in entries], heaps),
            "office": _TEXT.array([one.office for one in entries], heaps),
            "submission": _SUBMISSION.array([one.submission for one in entries], heaps),
            "origin": np.array([one.origin for one in entries], "u2"),
            "origin_seq": np.array([one.origin_seq for one in entries], "i8"),
        },
    }
    return np.array([entity for entity, _ in found], "u4"), arrays


def _absent(field: Field) -> Any:
    """What a field holds in the rows that do not have it."""
    return None if field.default is MISSING else field.default


def _side(form: Form | ListForm, rows: list[int], values: list[Any], heaps: Heaps) -> Side:
    where = np.array(rows, "u4")
    if isinstance(form, Form):
        return Side(where, None, {"value": form.array(values, heaps)})
    ends = np.cumsum([0, *map(len, values)], dtype="u4")
    flat = [one for value in values for one in value]
    return Side(
        where,
        ends,
        {
            name: part.array(
                flat if form.element is None else [getattr(one, name) for one in flat], heaps
            )
            for name, part in form.parts.items()
        },
    )


def _read(form: Form | ListForm, side: Side, heaps: Heaps) -> dict[int, Any]:
    """The values of a side stream by row."""
    values: Sequence[Any]
    if isinstance(form, Form):
        values = form.unpack(side.parts["value"], heaps)
    else:
        assert side.offsets is not None
        read = {name: part.unpack(side.parts[name], heaps) for name, part in form.parts.items()}
        element = form.element
        flat = (
            read["value"]
            if element is None
            else [
                element(**dict(zip(read, one, strict=True)))
                for one in zip(*read.values(), strict=True)
            ]
        )
        values = [tuple(flat[first:end]) for first, end in pairwise(side.offsets.tolist())]
    return dict(zip(side.rows.tolist(), values, strict=True))


def _entries(held: Columns) -> list[Entry]:
    heaps, laid = held.heaps, held.layout
    shapes = {word.code: word.shape for word in VOCABULARY.values()}
    hot = {name: form.unpack(held.hot[name], heaps) for name, form in laid.hot.items()}
    side = {name: _read(form, held.side[name], heaps) for name, form in laid.side.items()}
    streams = heaps.space(laid.kind.value).values
    cold = {name: column.tolist() for name, column in held.cold.items()}
    for name, form in (("officer", _TEXT), ("office", _TEXT), ("submission", _SUBMISSION)):
        cold[name] = form.unpack(held.cold[name], heaps)
    found = []
    for entity, first in enumerate(held.starts[:-1].tolist()):
        for row in range(first, int(held.starts[entity + 1])):
            day = day_of(int(held.effective_on[row]))
            shape = shapes[int(held.code[row])]
            said = {
                field.name: hot[home][row] if home in hot else side[home].get(row, _absent(field))
                for field, home in laid.homes[shape]
            }
            found.append(
                Entry(
                    streams[entity],
                    row - first + 1,
                    shape(effective_on=day, **said),
                    day,
                    int(held.position[row]),
                    **{name: column[row] for name, column in cold.items()},
                )
            )
    return found
