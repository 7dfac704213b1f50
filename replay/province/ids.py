"""Identifiers of a make-believe province: counted, so that none has to be kept.

An identifier is a UUID of version 8 (RFC 9562): its upper half looks random, so that identifiers
are in no order; its lower half can be turned back into the handle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID
from zlib import crc32

import numpy as np

from replay.columns.forms import Column
from replay.jit import kernel

#: Odd, so that it can be undone, below 2^30, so that products of handles fit.
_TIMES = 0x2545F491
_BACK = pow(_TIMES, -1, 1 << 32)

#: A place that passes to another division may be of any kind; here it is a division.
SAME = {"uuid": "division"}


class CountedSpaces:
    """Spaces whose identifiers are functions of seed, space and handle.

    counts: how many handles each space has.
    """

    def __init__(self, seed: int, counts: Mapping[str, int]) -> None:
        self.seed, self.counts = seed, dict(counts)

    def _key(self, space: str) -> int:
        return crc32(f"{self.seed}/{SAME.get(space, space)}".encode())

    def halves(self, space: str, first: int, end: int) -> tuple[Column, Column]:
        """Identifiers of the handles from `first` to before `end`, in two halves of u8 each."""
        words = np.empty((end - first, 4), np.int64)
        count(self._key(space), first, words)
        halves = words.astype("u8")
        return halves[:, 0] << 32 | halves[:, 1], halves[:, 2] << 32 | halves[:, 3]

    def ids(self, space: str, handles: Sequence[int]) -> list[UUID]:
        """Identifiers of handles."""
        found = []
        for handle in handles:
            high, low = self.halves(space, handle, handle + 1)
            found.append(UUID(int=int(high[0]) << 64 | int(low[0])))
        return found

    def find(self, space: str, one: UUID) -> int | None:
        """The handle of an identifier, none where there is none."""
        handle = (one.int & 0xFFFFFFFF) * _BACK & 0xFFFFFFFF ^ self._key(space)
        known = handle < self.count(space) and self.ids(space, [handle]) == [one]
        return handle if known else None

    def handles(self, space: str, ids: Sequence[UUID]) -> list[int]:
        """Handles of identifiers, all of which must be of the province."""
        found = []
        for one in ids:
            handle = self.find(space, one)
            assert handle is not None, f"{one} names nothing of the space {space}"
            found.append(handle)
        return found

    def packed(self, space: str, high: Column, low: Column) -> Column:
        """Handles u4[n], as `handles` gives them, of identifiers in halves of u8[n] each."""
        ids = [
            UUID(int=upper << 64 | lower)
            for upper, lower in zip(high.tolist(), low.tolist(), strict=True)
        ]
        return np.array(self.handles(space, ids), "u4")

    def count(self, space: str) -> int:
        """How many handles a space has."""
        return self.counts.get(space, 0)


@kernel
def count(key: int, first: int, words: Column) -> None:
    """Make identifiers of consecutive handles: words i8[n, 4], 32 bits each, written.

    key: of the space, 32 bits. All products stay below 2^63.
    """
    for row in range(words.shape[0]):
        handle = first + row
        mixed = handle ^ key
        for place in range(3):
            mixed = (mixed & 0xFFFFFFFF) * 0x45D9F3B & 0xFFFFFFFF
            mixed ^= mixed >> 15
            mixed = mixed * 0x2C1B3C6D & 0xFFFFFFFF
            mixed ^= mixed >> 13
            words[row, place] = mixed
        words[row, 1] = words[row, 1] & 0xFFFF0FFF | 0x8000
        words[row, 2] = words[row, 2] & 0x3FFFFFFF | 0x80000000
        words[row, 3] = (handle ^ key) * _TIMES & 0xFFFFFFFF
