"""Python's search for cycles, put off while a great many things are made."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

COLLECT_EVERY = 200  # batches
THRESHOLDS = (5_000, 3, 300_000)


def collect_rarely() -> None:
    """Let a process that keeps many histories in memory search the old ones hardly ever.

    Commands make hardly a cycle, and a search of everything walks through all that is kept: with
    the defaults 16 to 64 clients got a fifth to a quarter fewer commands through. The young are
    searched often and a few at a time: 5,000 of them lie in the processor's caches and take a
    millisecond, 100,000 took 90, for which every client waited (measured).
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


@contextmanager
def uncollected() -> Iterator[Callable[[], None]]:
    """A block in which Python looks for cycles only now and then: call what it gives each batch.

    A batch makes many things and hardly a cycle; looking for them among all the states in memory
    takes longer than the batch itself (measured).
    """
    was = gc.isenabled()
    batches = 0

    def collect() -> None:
        nonlocal batches
        batches += 1
        if batches % COLLECT_EVERY == 0:
            gc.collect()

    gc.disable()
    try:
        yield collect
    finally:
        if was:
            gc.enable()
