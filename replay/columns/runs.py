"""Entries as columns: a run is a piece of the log, a block is a range of entities, whole.

Both hold rows of one kind of stream by entity and version, laid out as `replay.columns.layout`
says. Runs are what is sealed, blocks are what kernels read.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from registry.entry import Entry
from registry.values import day_number, day_of
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column, Form, Heap, Heaps, ListForm, Spaces
from replay.columns.layout import COLD, COLD_TEXTS, FIXED, TEXT, Layout, absent, dense, layout

if TYPE_CHECKING:
    import pyarrow as pa


class Texts:
    """Texts one after the other, named by handles: offsets u4[texts + 1], data u1, UTF-8."""

    def __init__(self, offsets: Column, data: Column) -> None:
        self.offsets, self.data = offsets, data

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Lay out texts."""
        raw = [text.encode() for text in texts]
        ends = np.cumsum([0, *map(len, raw)], dtype=np.int64)
        assert ends[-1] < 2**32, "too many texts for one run"
        return cls(ends.astype("u4"), np.frombuffer(b"".join(raw), "u1"))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, handles: Sequence[int]) -> list[str]:
        """The texts of handles."""
        offsets, data = self.offsets, self.data
        return [
            data[int(offsets[handle]) : int(offsets[handle + 1])].tobytes().decode()
            for handle in handles
        ]


@dataclass(frozen=True)
class Side:
    """A sparse field: a value each or a list each for the rows that have it.

    rows u4, rising; offsets u4[rows + 1] where the field holds lists; parts: columns by name.
    """

    rows: Column
    offsets: Column | None
    parts: Mapping[str, Column]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of one kind of stream, by entity and version.

    code u2, effective_on u2 in days since 1880, position u4; dense, sparse, cold: by name. stored:
    laid out like sparse, what the stored bytes of a row say besides; empty where nobody asked.
    """

    layout: Layout
    code: Column
    effective_on: Column
    position: Column
    dense: Mapping[str, Column]
    sparse: Mapping[str, Side]
    cold: Mapping[str, Column]
    texts: Texts
    stored: Mapping[str, Side] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.code)

    def fixed(self) -> dict[str, Column]:
        """The columns that every row has, the envelope apart."""
        return {
            "code": self.code,
            "effective_on": self.effective_on,
            "position": self.position,
        }

    def arrow(self) -> pa.Table:
        """Every row's columns as a table of Arrow, on the same memory."""
        import pyarrow as pa  # which takes a tenth of a second, and few need it

        return pa.table({**self.fixed(), **self.cold})


@dataclass(frozen=True, kw_only=True)
class Run(Rows):
    """A piece of the log, sorted: its entities and where the rows of each begin.

    entities u4, handles, rising; starts u4[entities + 1]; first_version u4[entities], the version
    of each entity's first row here, so that a gap between runs is seen.
    """

    entities: Column
    starts: Column
    first_version: Column


@dataclass(frozen=True, kw_only=True)
class Block(Rows):
    """All rows of the entities `first` to `first + size`, whether they have any or not.

    starts u4[size + 1]. worked: what was worked out of its rows already, by whoever did.
    """

    first: int
    starts: Column
    worked: dict[Any, Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @property
    def size(self) -> int:
        """How many entities."""
        return len(self.starts) - 1


#: Tells, for the entries of a run in its order, what brings their stored bytes back.
Keep = Callable[[Sequence[Entry], Heap], Mapping[str, Side]]


def runs(entries: Iterable[Entry], spaces: Spaces, keep: Keep | None = None) -> dict[Kind, Run]:
    """Lay out recorded entries, each stream's in version order: one run for each kind of stream."""
    rows: dict[Kind, list[Entry]] = defaultdict(list)
    for entry in entries:
        rows[VOCABULARY[type(entry.event)].kind].append(entry)
    return {kind: _run(layout(kind), found, spaces, keep) for kind, found in rows.items()}


def _run(laid: Layout, entries: list[Entry], spaces: Spaces, keep: Keep | None) -> Run:
    entity = spaces.handles(laid.kind.value, [entry.stream for entry in entries])
    order = sorted(range(len(entries)), key=lambda row: (entity[row], entries[row].version))
    entries, entity = [entries[row] for row in order], [entity[row] for row in order]
    before = (-1, 0)
    for handle, entry in zip(entity, entries, strict=True):
        assert handle != before[0] or entry.version == before[1] + 1, (
            f"{entry.stream} has no version {before[1] + 1}"
        )
        before = (handle, entry.version)
    handles, starts = np.unique(np.array(entity, "u4"), return_index=True)
    texts = Heap()
    columns = _columns(laid, entries, Heaps(texts, spaces))
    stored = {} if keep is None else keep(entries, texts)
    return Run(
        layout=laid,
        entities=handles,
        starts=np.append(starts, len(entries)).astype("u4"),
        first_version=np.array([entries[row].version for row in starts], "u4"),
        texts=Texts.of(texts.values),
        stored=stored,
        **columns,
    )


def _columns(laid: Layout, entries: list[Entry], heaps: Heaps) -> dict[str, Any]:
    full: dict[str, list[Any]] = {name: [] for name in laid.dense}
    rows: dict[str, list[int]] = {name: [] for name in laid.sparse}
    some: dict[str, list[Any]] = {name: [] for name in laid.sparse}
    for row, entry in enumerate(entries):
        event = entry.event
        assert event.effective_on == entry.effective_on
        for field, home in laid.homes[type(event)]:
            value = getattr(event, field.name)
            if dense(field):
                full[home].append(value)
            elif value != absent(field):
                rows[home].append(row)
                some[home].append(value)
    return {
        "code": np.array([VOCABULARY[type(one.event)].code for one in entries], FIXED["code"]),
        "effective_on": np.array([day_number(one.effective_on) for one in entries], "u2"),
        "position": np.array([one.position for one in entries], FIXED["position"]),
        "dense": {name: laid.dense[name].array(column, heaps) for name, column in full.items()},
        "sparse": {
            name: _side(laid.sparse[name], rows[name], some[name], heaps) for name in laid.sparse
        },
        "cold": _envelope(entries, heaps),
    }


def _envelope(entries: list[Entry], heaps: Heaps) -> dict[str, Column]:
    submissions = [0 if one.submission is None else one.submission.int for one in entries]
    told = {
        "recorded_at": [one.recorded_at for one in entries],
        "officer": TEXT.pack([one.officer for one in entries], heaps),
        "office": TEXT.pack([one.office for one in entries], heaps),
        "submission_high": [one >> 64 for one in submissions],
        "submission_low": [one & 2**64 - 1 for one in submissions],
        "origin": [one.origin for one in entries],
        "origin_seq": [one.origin_seq for one in entries],
    }
    return {name: np.array(told[name], dtype) for name, dtype in COLD.items()}


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


def entries(rows: Run | Block, spaces: Spaces) -> list[Entry]:
    """Every entry again, by entity and version."""
    laid, heaps = rows.layout, Heaps(rows.texts, spaces)
    shapes = {word.code: word.shape for word in VOCABULARY.values()}
    used = {home for code in set(rows.code.tolist()) for _, home in laid.homes[shapes[code]]}
    full = {
        name: iter(form.values(rows.dense[name], heaps))
        for name, form in laid.dense.items()
        if name in used
    }
    some = {
        name: _read(form, rows.sparse[name], heaps)
        for name, form in laid.sparse.items()
        if name in used
    }
    if isinstance(rows, Run):
        streams, versions = rows.entities, rows.first_version
    else:
        streams = np.arange(rows.first, rows.first + rows.size, dtype="u4")
        versions = np.ones(rows.size, "u4")
    cold = {name: column.tolist() for name, column in rows.cold.items()}
    for name in COLD_TEXTS:
        cold[name] = rows.texts.take(cold[name])
    found = []
    for place, (first, end) in enumerate(pairwise(rows.starts.tolist())):
        if first == end:
            continue
        (stream,) = spaces.ids(laid.kind.value, [int(streams[place])])
        for row in range(first, end):
            shape = shapes[int(rows.code[row])]
            day = day_of(int(rows.effective_on[row]))
            said = {
                field.name: next(full[home]) if dense(field) else some[home].get(row, absent(field))
                for field, home in laid.homes[shape]
            }
            submission = cold["submission_high"][row] << 64 | cold["submission_low"][row]
            found.append(
                Entry(
                    stream,
                    int(versions[place]) + row - first,
                    shape(effective_on=day, **said),
                    day,
                    int(rows.position[row]),
                    cold["recorded_at"][row],
                    cold["officer"][row],
                    cold["office"][row],
                    UUID(int=submission) if submission else None,
                    cold["origin"][row],
                    cold["origin_seq"][row],
                )
            )
    return found


def _read(form: Form | ListForm, side: Side, heaps: Heaps) -> dict[int, Any]:
    """The values of a sparse field by row."""
    if len(side.rows) == 0:
        return {}
    values: Sequence[Any]
    if isinstance(form, Form):
        values = form.values(side.parts["value"], heaps)
    else:
        assert side.offsets is not None
        read = {name: part.values(side.parts[name], heaps) for name, part in form.parts.items()}
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


def block(run: Run, first: int, size: int) -> Block:
    """A whole log of one run as a block: the entities from `first` on."""
    assert (run.first_version == 1).all(), "earlier rows of these entities lie in another run"
    ends = np.searchsorted(run.entities, np.arange(first, first + size + 1))
    assert len(run.entities) == 0 or (ends[0] == 0 and ends[-1] == len(run.entities)), (
        "the run has entities outside the block"
    )
    return Block(
        first=first,
        starts=run.starts[ends].astype("u4"),
        **{name: getattr(run, name) for name in Rows.__dataclass_fields__},
    )
