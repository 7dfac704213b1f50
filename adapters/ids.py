"""Fresh identifiers and salts from the machine's randomness: UUIDv7, ordered by time of making."""

from __future__ import annotations

import os
from collections.abc import Callable
from uuid import UUID


def salts() -> bytes:
    """Sixteen random bytes for one private part."""
    return os.urandom(16)


def ids(clock: Callable[[], int]) -> Callable[[], UUID]:
    """A maker of UUIDv7 (RFC 9562): milliseconds first, so that new rows stand side by side.

    clock: microseconds UTC.
    """

    def make() -> UUID:
        value = (clock() // 1000 & (1 << 48) - 1) << 80
        random = int.from_bytes(os.urandom(10), "big")
        value |= 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & (1 << 62) - 1
        return UUID(int=value)

    return make
