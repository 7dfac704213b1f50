"""What the disk does by itself while something is measured that waits for it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event, Thread
from time import perf_counter
from types import TracebackType
from typing import Self

PAGE = bytes(8192)
PAUSE_S = 0.02


class DiskWatch:
    """Makes a page durable every 20 ms beside a measurement, and tells how long that took.

    The page is written over and over in a file of its own, which costs next to nothing; where it
    waits for long, so does everything else that is made durable, whoever it belongs to.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._waits: list[float] = []
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="disk-watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def told(self) -> str:
        """How long a page took at the median, for the slowest 5 % and 1 %, and at most."""
        waits = sorted(self._waits) or [0.0]
        shown = (0.5, 0.95, 0.99, 1)
        values = [waits[min(len(waits) - 1, int(len(waits) * one))] * 1_000 for one in shown]
        return "p50 {:.1f}, p95 {:.1f}, p99 {:.1f}, worst {:.0f} ms".format(*values)

    def _watch(self) -> None:
        with NamedTemporaryFile(dir=self._folder) as file:
            descriptor = file.fileno()
            os.pwrite(descriptor, PAGE, 0)
            os.fsync(descriptor)
            while not self._stop.wait(PAUSE_S):
                start = perf_counter()
                os.pwrite(descriptor, PAGE, 0)
                os.fdatasync(descriptor)
                self._waits.append(perf_counter() - start)
