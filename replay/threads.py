"""A function over every partition of a kind, on all cores: kernels let the others run meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from registry.vocabulary import Kind
from replay.columns.forms import Column

if TYPE_CHECKING:
    from replay.columns.log import Log
    from replay.columns.runs import Block

T = TypeVar("T")

#: About so many stretches of a kind are worth their while, none of fewer entities than 2^12.
STRETCHES, SHORTEST = 16, 12

_own = threading.local()


def over_partitions(
    log: Log,
    kind: Kind,
    function: Callable[[Block], T],
    tell: Callable[[], None] = lambda: None,
    check: Callable[[Kind, int], None] = lambda kind, partition: None,
) -> list[T]:
    """What a function says of each partition of a kind, in order.

    check: before each, tell: after each of them.
    """

    def one(partition: int) -> T:
        check(kind, partition)
        found = function(log.block(kind, partition))
        tell()
        return found

    return in_threads(one, log.partitions(kind))


def over_stretches(log: Log, kind: Kind, function: Callable[[Block], object]) -> None:
    """Do a function over every entity of a kind, in stretches of about the same size.

    A partition of few entities with many rows each would keep one core busy alone.
    """
    count, partitions = log.count(kind), len(log.partitions(kind))
    halved = (STRETCHES // (partitions + 1)).bit_length()
    size = 1 << min(log.bits, max(log.bits - halved, SHORTEST))

    def one(number: int) -> None:
        first = number * size
        function(log.stretch(kind, first, min(size, count - first)))

    in_threads(one, range(-(-count // size)))


def pieces(count: int, least: int = 1 << SHORTEST) -> list[slice]:
    """So many things cut for all threads into pieces of about `least` or more; one, if few."""
    number = max(1, min(count // least, 2 * (os.cpu_count() or 1)))
    return [slice(count * one // number, count * (one + 1) // number) for one in range(number)]


def in_threads(function: Callable[[int], T], numbers: range) -> list[T]:
    """What a function says of each number, in order."""
    if len(numbers) < 2:
        return [function(number) for number in numbers]
    return list(_pool().map(function, numbers))


@cache
def _pool() -> ThreadPoolExecutor:
    """The threads, which stay, and with them the memory that `scratch` gave them."""
    return ThreadPoolExecutor(os.cpu_count(), "replay")


os.register_at_fork(after_in_child=_pool.cache_clear)


class PerThread(Generic[T]):
    """Something that each thread has one of, such as a sum that is added up afterwards."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._held = make, threading.local()
        self.all: list[T] = []

    def own(self) -> T:
        """This thread's."""
        if not hasattr(self._held, "one"):
            self._held.one = self._make()
            self.all.append(self._held.one)
        found: T = self._held.one
        return found


def scratch(name: str, size: int, dtype: Any) -> Column:
    """Memory of this thread to write to; what an earlier call was given under the name is lost.

    The first touch of fresh memory costs more than all that a kernel does with it.
    """
    kept: dict[str, Column] = _own.__dict__
    held = kept.get(name)
    if held is None or len(held) < size or held.dtype != dtype:
        held = kept[name] = np.empty(size, dtype)
    return held[:size]
