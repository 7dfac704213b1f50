"""A function over every partition of a kind, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from registry.vocabulary import Kind

if TYPE_CHECKING:
    from replay.log import Log
    from replay.runs import Block

T = TypeVar("T")


def over_partitions(
    log: Log, kind: Kind, function: Callable[[Block], T], tell: Callable[[], None] = lambda: None
) -> list[T]:
    """What a function says of each partition, in order; kernels let the others run meanwhile."""

    def one(partition: int) -> T:
        found = function(log.block(kind, partition))
        tell()
        return found

    partitions = log.partitions(kind)
    if len(partitions) < 2:
        return [one(partition) for partition in partitions]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, partitions))
