"""A function over every partition of a kind, on all cores: kernels let the others run meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from registry.vocabulary import Kind
from replay.forms import Column

if TYPE_CHECKING:
    from replay.log import Log
    from replay.runs import Block

T = TypeVar("T")

_own = threading.local()


def over_partitions(
    log: Log, kind: Kind, function: Callable[[Block], T], tell: Callable[[], None] = lambda: None
) -> list[T]:
    """What a function says of each partition of a kind, in order; tell: after each of them."""

    def one(partition: int) -> T:
        found = function(log.block(kind, partition))
        tell()
        return found

    return in_threads(one, log.partitions(kind))


def in_threads(function: Callable[[int], T], numbers: range) -> list[T]:
    """What a function says of each number, in order."""
    if len(numbers) < 2:
        return [function(number) for number in numbers]
    with ThreadPoolExecutor(min(len(numbers), os.cpu_count() or 1)) as pool:
        return list(pool.map(function, numbers))


def scratch(name: str, size: int, dtype: Any) -> Column:
    """Memory of this thread to write to; what an earlier call was given under the name is lost.

    The first touch of fresh memory costs more than all that a kernel does with it.
    """
    kept: dict[str, Column] = _own.__dict__
    held = kept.get(name)
    if held is None or len(held) < size or held.dtype != dtype:
        held = kept[name] = np.empty(size, dtype)
    return held[:size]
