"""Identifiers by handle, in columns: sealed ones are searched where they lie, new ones are hashed.

A space is the identifiers of one kind of thing. Its sealed part is a few chunks, each the
identifiers of consecutive handles in two halves, and their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from replay.columns.forms import NONE, Column
from replay.columns.pieces import sealed
from replay.jit import kernel

#: Identifiers of so many spaces are sorted at a time.
THREADS = 2
#: More identifiers than this at once are worth a table of all; fewer are searched one by one.
FEW = 1 << 14
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))


@dataclass(frozen=True)
class Chunk:
    """Identifiers of the handles from `first` on: high u8[n], low u8[n] by handle.

    order u4[n]: their places, sorted by identifier.
    """

    first: int
    high: Column
    low: Column
    order: Column

    @classmethod
    def of(cls, first: int, high: Column, low: Column) -> Chunk:
        """Sort identifiers."""
        order = np.argsort(high)
        sorted_high = high[order]
        alike = sorted_high[1:] == sorted_high[:-1]
        if alike.any():
            ties = np.flatnonzero(np.append(alike, False) | np.append([False], alike))
            some = order[ties]
            order[ties] = some[np.lexsort((low[some], high[some]))]
        return cls(first, sealed(high), sealed(low), sealed(order.astype("u4")))

    def __len__(self) -> int:
        return len(self.high)

    def find(self, high: int, low: int) -> int | None:
        """The handle of an identifier, none if it is not here."""
        begin, end = 0, len(self)
        while begin < end:
            middle = (begin + end) // 2
            place = int(self.order[middle])
            here = int(self.high[place]), int(self.low[place])
            if here == (high, low):
                return self.first + place
            if here < (high, low):
                begin = middle + 1
            else:
                end = middle
        return None


@kernel
def search(
    high: Column, low: Column, order: Column, first: int, upper: Column, lower: Column, into: Column
) -> None:
    """Find identifiers in a chunk: upper u8[n], lower u8[n]; into u4[n] where they are there."""
    for one in range(upper.size):
        begin, end = 0, order.size
        while begin < end:
            middle = (begin + end) >> 1
            place = order[middle]
            if high[place] < upper[one] or (high[place] == upper[one] and low[place] < lower[one]):
                begin = middle + 1
            else:
                end = middle
        if begin < order.size:
            place = order[begin]
            if high[place] == upper[one] and low[place] == lower[one]:
                into[one] = first + place


@kernel
def enter(
    table: Column, high: Column, low: Column, count: int, upper: Column, lower: Column,
    mixed: Column, into: Column,
) -> int:  # fmt: skip
    """Find identifiers in a hash table of handles, and enter the ones that are not there.

    table u4[a power of two], handle + 1 or 0; high, low u8, by handle, `count` of them, room for
    all; upper, lower, mixed u8[n], wanted and their hashes; into u4[n]. Returns the new count.
    """
    mask = table.size - 1
    for one in range(upper.size):
        slot = int(mixed[one] >> np.uint64(16)) & mask
        while True:
            held = int(table[slot])
            if held == 0:
                high[count], low[count] = upper[one], lower[one]
                count += 1
                table[slot] = count
                into[one] = count - 1
                break
            if high[held - 1] == upper[one] and low[held - 1] == lower[one]:
                into[one] = held - 1
                break
            slot = (slot + 1) & mask
    return count


@kernel
def refill(table: Column, mixed: Column) -> None:
    """Enter different identifiers into an empty hash table: mixed u8[n], their hashes."""
    mask = table.size - 1
    for one in range(mixed.size):
        slot = int(mixed[one] >> np.uint64(16)) & mask
        while table[slot] != 0:
            slot = (slot + 1) & mask
        table[slot] = one + 1


def mix(high: Column, low: Column) -> Column:
    """Hashes u8[n] of identifiers."""
    mixed: Column = (high * _MIX[0]) ^ (low * _MIX[1])
    mixed ^= mixed >> np.uint64(29)
    return mixed


class _Table:
    """Identifiers of the handles from `first` on, hashed."""

    def __init__(self, first: int, high: Column, low: Column) -> None:
        self.first, self.count = first, len(high)
        self.high, self.low = high, low
        self.table = np.zeros(0, "u4")
        self._grow(0)

    def _grow(self, more: int) -> None:
        """Make room for so many more."""
        wanted = self.count + more
        if wanted * 2 > len(self.table):
            self.table = np.zeros(1 << max(10, (wanted * 3).bit_length()), "u4")
            refill(self.table, mix(self.high[: self.count], self.low[: self.count]))
        if wanted > len(self.high) or not self.high.flags.writeable:
            room = max(wanted, self.count * 3 // 2)
            for name in ("high", "low"):
                column = np.empty(room, "u8")
                column[: self.count] = getattr(self, name)[: self.count]
                setattr(self, name, column)

    def enter(self, high: Column, low: Column) -> Column:
        """Handles of identifiers, new ones where they come for the first time."""
        self._grow(len(high))
        into = np.empty(len(high), "u4")
        count, mixed = self.count, mix(high, low)
        self.count = int(enter(self.table, self.high, self.low, count, high, low, mixed, into))
        return into + np.uint32(self.first)


class _Space:
    """One space: sealed chunks, and a table of what came since, or of everything."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = chunks
        self.sealed = sum(map(len, chunks))
        nothing = np.empty(0, "u8")
        self.table = _Table(self.sealed, nothing, nothing)

    def count(self) -> int:
        return self.table.first + self.table.count

    def handles(self, high: Column, low: Column) -> Column:
        if self.table.first and len(high) > FEW:
            self._hash_all()
        if not self.table.first:
            return self.table.enter(high, low)
        into = np.full(len(high), NONE, "u4")
        for one in self.chunks:
            search(one.high, one.low, one.order, one.first, high, low, into)
        new = np.flatnonzero(into == NONE)
        if len(new):
            into[new] = self.table.enter(high[new], low[new])
        return into

    def _hash_all(self) -> None:
        held = self.halves(0)
        self.table = _Table(0, *held)

    def halves(self, since: int) -> tuple[Column, Column]:
        """The identifiers of the handles from `since` on."""
        table = self.table
        if since >= table.first:
            mine = slice(since - table.first, table.count)
            return table.high[mine], table.low[mine]
        assert since == 0, "sealed identifiers are read where they lie"
        return (
            np.concatenate([*(one.high for one in self.chunks), table.high[: table.count]]),
            np.concatenate([*(one.low for one in self.chunks), table.low[: table.count]]),
        )

    def halves_of(self, handles: Column) -> tuple[Column, Column]:
        """Identifiers of handles."""
        high, low = np.empty(len(handles), "u8"), np.empty(len(handles), "u8")
        table, end = self.table, 0
        held = [(one.first, one.high, one.low) for one in self.chunks if one.first < table.first]
        for first, uppers, lowers in [*held, (table.first, table.high, table.low)]:
            assert first == end, "handles are without a gap"
            end = first + (table.count if uppers is table.high else len(uppers))
            mine = np.flatnonzero((handles >= first) & (handles < end))
            high[mine], low[mine] = uppers[handles[mine] - first], lowers[handles[mine] - first]
        assert not len(handles) or int(handles.max()) < end, "these have no identifier"
        return high, low

    def find(self, high: int, low: int) -> int | None:
        for one in self.chunks:
            found = one.find(high, low)
            if found is not None:
                return found
        table = self.table
        held = np.flatnonzero(table.low[: table.count] == np.uint64(low))
        held = held[table.high[held] == np.uint64(high)]
        return table.first + int(held[0]) if len(held) else None

    def id(self, handle: int) -> UUID:
        high, low = self._at(handle)
        return UUID(int=int(high) << 64 | int(low))

    def _at(self, handle: int) -> tuple[int, int]:
        table = self.table
        if handle >= table.first:
            assert handle < self.count(), handle
            place = handle - table.first
            return table.high[place], table.low[place]
        one = next(one for one in reversed(self.chunks) if handle >= one.first)
        return one.high[handle - one.first], one.low[handle - one.first]


class ColumnarSpaces:
    """Spaces whose identifiers lie in columns.

    chunks: of a space by its name, in the order of their handles.
    """

    def __init__(self, chunks: Callable[[str], Sequence[Chunk]] = lambda space: ()) -> None:
        self._chunks = chunks
        self._spaces: dict[str, _Space] = {}

    def _space(self, name: str) -> _Space:
        if name not in self._spaces:
            self._spaces[name] = _Space(self._chunks(name))
        return self._spaces[name]

    def handles(self, space: str, ids: Sequence[UUID]) -> list[int]:
        """Handles of identifiers, new ones where they come for the first time."""
        raw = np.frombuffer(b"".join(one.bytes for one in ids), ">u8").reshape(-1, 2)
        halves = raw.astype("u8")
        found: list[int] = self.packed(space, halves[:, 0], halves[:, 1]).tolist()
        return found

    def packed(self, space: str, high: Column, low: Column) -> Column:
        """Handles u4[n], as `handles` gives them, of identifiers in halves of u8[n] each."""
        return self._space(space).handles(_halves(high), _halves(low))

    def find(self, space: str, one: UUID) -> int | None:
        """The handle of an identifier, none where it has not come yet."""
        return self._space(space).find(one.int >> 64, one.int & 2**64 - 1)

    def ids(self, space: str, handles: Sequence[int]) -> list[UUID]:
        """Identifiers of handles."""
        held = self._space(space)
        return [held.id(handle) for handle in handles]

    def all_halves(self, space: str) -> tuple[Column, Column]:
        """Every identifier of a space in halves u8[n] each, by handle; only to be read."""
        return self._space(space).halves(0)

    def halves_of(self, space: str, handles: Column) -> tuple[Column, Column]:
        """Identifiers of handles u4[n] in halves u8[n] each."""
        return self._space(space).halves_of(handles)

    def count(self, space: str) -> int:
        """How many handles a space has."""
        return self._space(space).count()

    def since(self, counts: Mapping[str, int]) -> dict[str, Chunk]:
        """What came to each space after so many handles."""
        firsts = {name: counts.get(name, 0) for name in self._spaces}
        names = [name for name, first in firsts.items() if self._spaces[name].count() > first]

        def made(name: str) -> Chunk:
            high, low = self._spaces[name].halves(firsts[name])
            return Chunk.of(firsts[name], high.copy(), low.copy())

        with ThreadPoolExecutor(THREADS) as pool:
            return dict(zip(names, pool.map(made, names), strict=True))


def _halves(column: Column) -> Column:
    """A column as the kernels of this module want it: their own, so that it may be written."""
    return np.array(column, "u8")
