"""A function over lots of partitions: in threads, in processes, or on a cluster of machines.

The three are one function to whoever calls them. A worker that is lost costs only the lots that it
had in hand: another one does them again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from registry.vocabulary import Kind

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")

#: A partition of a kind.
Part = tuple[Kind, int]
Lot = Sequence[Part]
#: How often a pool of processes is made anew after one of them died.
TRIES = 3


class Machines(Protocol):
    """Whatever can do a function over lots; answers come in any order."""

    def __call__(self, function: Callable[[Lot], T], lots: Sequence[Lot]) -> Iterator[T]:
        """What the function says of each lot."""
        ...


class Threads:
    """The threads of this process."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1

    def __call__(self, function: Callable[[Lot], T], lots: Sequence[Lot]) -> Iterator[T]:
        """What the function says of each lot."""
        with ThreadPoolExecutor(self.workers) as pool:
            yield from pool.map(function, lots)


class Processes:
    """Processes of this machine."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1

    def __call__(self, function: Callable[[Lot], T], lots: Sequence[Lot]) -> Iterator[T]:
        """What the function says of each lot; raises BrokenProcessPool if it kills them again."""
        waiting = list(lots)
        for left in reversed(range(TRIES)):
            lost = []
            with ProcessPoolExecutor(self.workers, get_context("spawn")) as pool:
                for lot, future in [(lot, pool.submit(function, lot)) for lot in waiting]:
                    try:
                        found = future.result()
                    except BrokenProcessPool:
                        if not left:
                            raise
                        lost.append(lot)
                    else:
                        yield found
            if not lost:
                return
            waiting = lost


class Cluster:
    """The workers of a Dask scheduler, on this machine or on others."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, function: Callable[[Lot], T], lots: Sequence[Lot]) -> Iterator[T]:
        """What the function says of each lot; lots of a lost worker go to another one."""
        import distributed

        library: Any = distributed
        futures = self.client.map(function, lots, pure=False)
        for future, found in library.as_completed(futures, with_results=True):
            yield found
            future.release()
