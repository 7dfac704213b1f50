"""Python's search for cycles, put off while a great many things are made."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

COLLECT_EVERY = 200  # batches


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
