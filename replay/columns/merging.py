"""What was sealed, what came later and what is new, as one: blocks, and runs made of runs.

The rows of an entity stand in the order of the runs, which is the order of its versions. What a
block holds besides the three columns of every row is made when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from replay.columns.faults import Missing
from replay.columns.forms import NONE, Column, Form
from replay.columns.layout import COLD, COLD_TEXTS, FIXED, Layout
from replay.columns.pieces import Lazily, sealed
from replay.columns.runs import Block, Rows, Run, Side, Texts
from replay.jit import kernel

#: Sides of stored bytes: the dtypes of their parts, and whether they hold lists.
STORED_PARTS: dict[str, tuple[dict[str, str], bool]] = {
    "salt": ({"high": "u8", "low": "u8"}, True),
    "origin_at": ({"value": "i8"}, False),
    "code": ({"value": "u2"}, False),
    "state": ({"value": "u4"}, False),
    "private": ({"value": "u4"}, False),
}
#: Of these, the ones that hold handles of texts.
STORED_TEXTS = ("state", "private")


class Joined(Texts):
    """The texts of several runs, those of one after those of the other."""

    def __init__(self, heaps: Sequence[Texts]) -> None:
        self._heaps = heaps
        self.shifts = np.cumsum([0, *map(len, heaps)])
        assert self.shifts[-1] < NONE, "too many texts for one block"

    def __len__(self) -> int:
        return int(self.shifts[-1])

    @cached_property
    def data(self) -> Column:  # type: ignore[override]
        """All bytes."""
        return sealed(np.concatenate([heap.data for heap in self._heaps]))

    @cached_property
    def offsets(self) -> Column:  # type: ignore[override]
        """Where each text begins, u4 as long as that is enough."""
        sizes = np.cumsum([0, *(len(heap.data) for heap in self._heaps)])
        begins = [
            heap.offsets[:-1].astype("i8") + size
            for heap, size in zip(self._heaps, sizes, strict=False)
        ]
        told = np.concatenate([*begins, sizes[-1:]])
        return sealed(told.astype("u4" if sizes[-1] < 2**32 else "u8"))

    def take(self, handles: Sequence[int]) -> list[str]:
        """The texts of handles."""
        heaps = np.searchsorted(self.shifts, handles, "right") - 1
        return [
            self._heaps[heap].take([handle - int(self.shifts[heap])])[0]
            for heap, handle in zip(heaps.tolist(), handles, strict=True)
        ]


Name = Callable[[int], object]


def merge(parts: Sequence[Run], laid: Layout, first: int, size: int, name: Name) -> Block:
    """The block of the entities `first` to `first + size` from what several runs hold of them.

    parts: pieces, the oldest run first. name: what an entity is called in an error. Raises Missing
    if versions of an entity do not follow each other, from 1.
    """
    if not parts:
        return _empty(laid, first, size)
    whole = len(parts) == 1 and len(parts[0].entities) == size
    if whole and from_the_first(parts[0].first_version):
        return Block(first=first, starts=parts[0].starts, **_columns(parts[0]))
    places = [part.entities.astype("i8") - first for part in parts]
    starts, targets = _woven(parts, places, np.zeros(size, "i8"), name)
    columns = _columns(parts[0]) if len(parts) == 1 else Weaver(parts, laid, targets).columns()
    return Block(first=first, starts=starts, **columns)


def merge_runs(parts: Sequence[Run], name: Name) -> Run:
    """One run of several, the oldest first. Raises Missing as `merge` does."""
    if len(parts) == 1:
        return parts[0]
    entities, at = np.unique(np.concatenate([part.entities for part in parts]), return_index=True)
    first_version = np.concatenate([part.first_version for part in parts])[at]
    places = [np.searchsorted(entities, part.entities) for part in parts]
    starts, targets = _woven(parts, places, first_version.astype("i8") - 1, name)
    return Run(
        entities=sealed(entities),
        starts=starts,
        first_version=sealed(first_version),
        **Weaver(parts, parts[0].layout, targets).columns(),
    )


def run_of(block: Block) -> Run:
    """A block as a run that names every entity, those without entries too."""
    return Run(
        entities=sealed(np.arange(block.first, block.first + block.size, dtype="u4")),
        starts=block.starts,
        first_version=sealed(np.ones(block.size, "u4")),
        **_columns(block),
    )


def from_the_first(versions: Column) -> bool:
    """Whether all versions are the first; that of a run which says so of all at once is one."""
    told = versions[:1] if versions.strides == (0,) else versions
    return bool((told == 1).all())


def _columns(rows: Rows) -> dict[str, Any]:
    return {name: getattr(rows, name) for name in Rows.__dataclass_fields__}


def _woven(
    parts: Sequence[Run], places: Sequence[Column], before: Column, name: Name
) -> tuple[Column, list[Column]]:
    """Where the rows of parts come to lie: starts u4 of entities, and of each part's rows i8.

    places: of each part's entities. before i8[entities]: the version before the first row of each.
    """
    have = before.copy()
    offsets = []
    for part, place in zip(parts, places, strict=True):
        wrong = np.flatnonzero(part.first_version != have[place] + 1)
        if len(wrong):
            one = wrong[0]
            raise Missing(
                f"{part.layout.kind.value} {name(int(part.entities[one]))}",
                int(have[place[one]]) + 1,
                int(part.first_version[one]),
            )
        offsets.append(have[place] - before[place])
        have[place] += np.diff(part.starts.astype("i8"))
    starts = np.zeros(len(before) + 1, "i8")
    np.cumsum(have - before, out=starts[1:])
    targets = []
    for part, place, offset in zip(parts, places, offsets, strict=True):
        begins = part.starts.astype("i8")
        shift = starts[place] + offset - begins[:-1]
        targets.append(np.repeat(shift, np.diff(begins)) + np.arange(len(part)))
    return sealed(starts.astype("u4")), targets


@kernel
def scatter(target: Column, column: Column, woven: Column) -> None:
    """Lay values where they belong: target i8[values], column the values; woven: written."""
    for row in range(target.size):
        woven[target[row]] = column[row]


@kernel
def weave(
    code: Column, sources: Column, takes: Column, cursors: Column, flat: Column, woven: Column
) -> None:
    """Weave the elements of a dense column of several parts into those of all rows.

    code u2[rows], sources u2[rows] the part of each row; takes u1[codes], whether rows have an
    element; flat: the elements of the parts, one part after the other, where they begin cursors
    i8[parts + 1], moved on; woven: written.
    """
    place = 0
    for row in range(code.size):
        if takes[code[row]]:
            part = sources[row]
            woven[place] = flat[cursors[part]]
            cursors[part] += 1
            place += 1


class Weaver:
    """Columns of a block from those of its parts; targets: for each row of a part, its own here."""

    def __init__(self, parts: Sequence[Rows], laid: Layout, targets: list[Column]) -> None:
        self.parts, self.laid, self.targets = parts, laid, targets
        self.texts = Joined([part.texts for part in parts])
        self.code = self.rows([part.code for part in parts], FIXED["code"])

    def columns(self) -> dict[str, Any]:
        """What a block or run is made of."""
        parts, laid = self.parts, self.laid
        # A part that was laid out without them makes the stored bytes of the others useless.
        stored = [name for name in parts[0].stored if all(name in part.stored for part in parts)]
        return {
            "layout": laid,
            "code": self.code,
            "effective_on": self.rows([one.effective_on for one in parts], FIXED["effective_on"]),
            "position": self.rows([one.position for one in parts], FIXED["position"]),
            "dense": Lazily([*laid.dense], self.dense),
            "sparse": Lazily([*laid.sparse], self.sparse),
            "cold": Lazily([*COLD], self.cold),
            "stored": Lazily(stored, self.stored),
            "texts": self.texts,
        }

    def rows(self, columns: Sequence[Column], dtype: str) -> Column:
        """A column that has a value for each row."""
        plain = f"u{np.dtype(dtype).itemsize}"  # one kernel for all columns of a width
        woven = np.empty(sum(map(len, self.targets)), plain)
        for target, column in zip(self.targets, columns, strict=True):
            scatter(target, sealed(column).view(plain), woven)
        return sealed(woven.view(dtype))

    def cold(self, name: str) -> Column:
        columns = [part.cold[name] for part in self.parts]
        return self.rows(
            self.shifted(columns) if name in COLD_TEXTS else columns, columns[0].dtype.str
        )

    @cached_property
    def sources(self) -> Column:
        """From which part each row comes, u2."""
        sources = np.empty(len(self.code), "u2")
        for number, target in enumerate(self.targets):
            sources[target] = number
        return sources

    def dense(self, name: str) -> Column:
        form, takes = self.laid.dense[name], self.laid.declares(name)
        columns = [part.dense[name] for part in self.parts]
        told = self.shifted(columns) if form.texts else columns
        flat = np.concatenate(told).view(f"u{np.dtype(form.dtype).itemsize}")  # as in `rows`
        if len(flat) == 0:
            return sealed(flat.view(form.dtype))
        cursors = np.cumsum([0, *map(len, columns)])
        woven = np.empty_like(flat)
        weave(self.code, self.sources, takes.view("u1"), cursors, flat, woven)
        return sealed(woven.view(form.dtype))

    def sparse(self, name: str) -> Side:
        form = self.laid.sparse[name]
        parts = {"value": form} if isinstance(form, Form) else form.parts
        texts = {name for name, part in parts.items() if part.texts}
        return self.side([part.sparse[name] for part in self.parts], texts)

    def stored(self, name: str) -> Side:
        texts = {"value"} if name in STORED_TEXTS else set()
        return self.side([part.stored[name] for part in self.parts], texts)

    def side(self, sides: Sequence[Side], texts: set[str]) -> Side:
        rows = np.concatenate(
            [target[side.rows] for side, target in zip(sides, self.targets, strict=True)]
        )
        order = np.argsort(rows, kind="stable")
        offsets, elements = None, order
        if sides[0].offsets is not None:
            ends = [side.offsets.astype("i8") for side in sides if side.offsets is not None]
            lengths = np.concatenate([np.diff(one) for one in ends])
            begins = np.cumsum(lengths) - lengths
            offsets = np.zeros(len(rows) + 1, "i8")
            np.cumsum(lengths[order], out=offsets[1:])
            elements = np.repeat(begins[order] - offsets[:-1], lengths[order])
            elements += np.arange(len(elements))
        columns = {}
        for name in sides[0].parts:
            told = [side.parts[name] for side in sides]
            told = self.shifted(told) if name in texts else told
            columns[name] = sealed(np.concatenate(told)[elements])
        return Side(
            sealed(rows[order].astype("u4")),
            None if offsets is None else sealed(offsets.astype("u4")),
            columns,
        )

    def shifted(self, columns: Sequence[Column]) -> list[Column]:
        """Columns of handles of texts, raised to where the texts of their part stand."""
        return [
            shifted(column, int(shift))
            for column, shift in zip(columns, self.texts.shifts, strict=False)
        ]


def shifted(column: Column, shift: int) -> Column:
    """Handles of texts raised by a shift: u4, or in i8 the negative ones among other values."""
    if shift == 0:
        return column
    if column.dtype.kind == "i":
        return np.where(column < 0, column - shift, column)
    return np.where(column == NONE, column, column + np.uint32(shift))


def _empty(laid: Layout, first: int, size: int) -> Block:
    """A block whose entities are only named."""
    nothing: dict[str, Any] = {name: sealed(np.empty(0, dtype)) for name, dtype in FIXED.items()}

    def side(name: str) -> Side:
        form = laid.sparse[name]
        parts = {"value": form} if isinstance(form, Form) else form.parts
        offsets = None if isinstance(form, Form) else sealed(np.zeros(1, "u4"))
        columns = {part: sealed(np.empty(0, held.dtype)) for part, held in parts.items()}
        return Side(sealed(np.empty(0, "u4")), offsets, columns)

    return Block(
        layout=laid,
        first=first,
        starts=sealed(np.zeros(size + 1, "u4")),
        dense={name: sealed(np.empty(0, form.dtype)) for name, form in laid.dense.items()},
        sparse={name: side(name) for name in laid.sparse},
        cold={name: sealed(np.empty(0, dtype)) for name, dtype in COLD.items()},
        texts=Texts.of([]),
        **nothing,
    )
