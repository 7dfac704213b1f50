"""Pieces of a run: any stretch of its entities, on the same memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from replay.columns.forms import NONE, Column
from replay.columns.layout import CODES
from replay.columns.narrow import Widened
from replay.columns.runs import Run, Side
from replay.jit import kernel

T = TypeVar("T")
#: Every so many entities of a run it is told where its dense columns stand.
STRIDE = 256


class Lazily(Mapping[str, T]):
    """A mapping whose values are made when they are first asked for."""

    def __init__(self, names: Sequence[str], make: Callable[[str], T]) -> None:
        self._names, self._make = dict.fromkeys(names), make
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def found(column: Column, *values: int, side: Literal["left", "right"] = "left") -> list[int]:
    """Where values would stand in a rising column, which is not copied for it."""
    places: list[int] = np.searchsorted(column, np.array(values, column.dtype), side).tolist()
    return places


def sealed(column: Column) -> Column:
    """A column that is only read: kernels are compiled for these."""
    view = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view


def sealed_run(run: Run) -> Run:
    """A run whose columns are only read."""

    def all_of(columns: Mapping[str, Column]) -> dict[str, Column]:
        return {name: sealed(column) for name, column in columns.items()}

    def side(held: Side) -> Side:
        offsets = None if held.offsets is None else sealed(held.offsets)
        return Side(sealed(held.rows), offsets, all_of(held.parts))

    return replace(
        run,
        entities=sealed(run.entities),
        starts=sealed(run.starts),
        first_version=sealed(run.first_version),
        code=sealed(run.code),
        effective_on=sealed(run.effective_on),
        position=sealed(run.position),
        dense=all_of(run.dense),
        cold=all_of(run.cold),
        sparse={name: side(held) for name, held in run.sparse.items()},
        stored={name: side(held) for name, held in run.stored.items()},
    )


@kernel
def count_codes(code: Column, rows: Column, order: Column, table: Column) -> None:
    """Count how often each code comes between cuts.

    code u2[n]; rows i8[cuts + 1]: where the cuts are; order u2 by code: its line; table
    i8[cuts, lines], zeros, written.
    """
    for cut in range(table.shape[0]):
        for row in range(rows[cut], rows[cut + 1]):
            table[cut, order[code[row]]] += 1


@dataclass(frozen=True)
class Cuts:
    """Where the dense columns of a run stand at some of its entities.

    places u4[cuts + 1]: the places of entities in the run, from 0 to how many there are; where a
    partition begins there is a cut. dense: the first element of each column at each, u4[cuts + 1].
    """

    places: Column
    dense: Mapping[str, Column]

    @classmethod
    def of(cls, run: Run, bits: int) -> Cuts:
        """Walk a run once."""
        count = len(run.entities)
        partition = run.entities >> np.uint32(bits)
        begins = np.flatnonzero(np.diff(partition, prepend=np.uint32(NONE)))
        places = np.unique(np.concatenate([begins, np.arange(0, count, STRIDE), [0, count]]))
        return cls(sealed(places.astype("u4")), cls.at(run, places))

    @staticmethod
    def at(run: Run, places: Column) -> dict[str, Column]:
        """Where the dense columns of a run stand at the entities at some places, the last too."""
        rows = run.starts[places]
        codes = np.flatnonzero(np.bincount(run.code, minlength=CODES))
        # How often each code comes between cuts: the columns are sums of these.
        order = np.zeros(CODES, "u2")
        order[codes] = np.arange(len(codes))
        table = np.zeros((len(rows) - 1, len(codes)), "i8")
        count_codes(sealed(run.code), sealed(rows.astype("i8")), order, table)
        dense = {}
        for name in run.layout.dense:
            taken = table[:, run.layout.declares(name)[codes]].sum(axis=1)
            dense[name] = sealed(np.cumsum([0, *taken], dtype="u4"))
        return dense

    def elements(self, run: Run, place: int) -> Callable[[str], int]:
        """Tells of dense columns the first element of the entity at a place or a later one."""
        cut = int(found(self.places, place, side="right")[0]) - 1
        first = int(self.places[cut])
        if first == place:  # as where partitions and their halves begin
            return lambda name: int(self.dense[name][cut])
        codes = run.code[int(run.starts[first]) : int(run.starts[place])]

        def element(name: str) -> int:
            known = int(self.dense[name][cut])
            return known + int(np.count_nonzero(run.layout.declares(name)[codes]))

        return element


def piece(run: Run, cuts: Cuts, first: int, size: int) -> Run | None:
    """What a run holds of the entities `first` to `first + size`; none if it holds nothing."""
    begin, end = found(run.entities, first, first + size)
    return stretch(run, cuts, begin, end) if begin < end else None


def stretch(run: Run, cuts: Cuts, begin: int, end: int) -> Run:
    """The entities at the places `begin` to `end` of a run, on the same memory."""
    if begin == 0 and end == len(run.entities):
        return run
    row, last = int(run.starts[begin]), int(run.starts[end])

    first = cuts.elements(run, begin)
    until = cuts.elements(run, end)

    def dense(name: str) -> Column:
        column = run.dense[name]
        return column[first(name) : until(name)] if len(column) else column

    def side(sides: Mapping[str, Side]) -> Callable[[str], Side]:
        return lambda name: _sliced(sides[name], row, last)

    return replace(
        run,
        entities=run.entities[begin:end],
        starts=sealed(run.starts[begin : end + 1] - np.uint32(row)),
        first_version=run.first_version[begin:end],
        code=run.code[row:last],
        effective_on=run.effective_on[row:last],
        position=run.position[row:last],
        dense=Lazily([*run.dense], dense),
        sparse=Lazily([*run.sparse], side(run.sparse)),
        cold=_some(run.cold, row, last),
        stored=Lazily([*run.stored], side(run.stored)),
    )


def _some(columns: Mapping[str, Column], row: int, last: int) -> Mapping[str, Column]:
    """The rows `row` to `last` of columns, of which none is made before it is asked for."""
    if isinstance(columns, Widened):
        return columns.stretch(row, last)
    return Lazily([*columns], lambda name: columns[name][row:last])


def _sliced(side: Side, row: int, last: int) -> Side:
    """What a side holds of the rows `row` to `last`, counted from `row`."""
    if len(side.rows) == 0:
        return side
    begin, end = found(side.rows, row, last)
    rows = sealed(side.rows[begin:end] - np.uint32(row))
    if side.offsets is None:
        return Side(rows, None, {name: part[begin:end] for name, part in side.parts.items()})
    first, until = int(side.offsets[begin]), int(side.offsets[end])
    offsets = sealed(side.offsets[begin : end + 1] - np.uint32(first))
    return Side(rows, offsets, {name: part[first:until] for name, part in side.parts.items()})
