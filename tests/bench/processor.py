"""What a measurement costs the processor, in this process and in a database server's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import process_time

NANOSECONDS = 1e9


class Processor:
    """Seconds that this process and a server's have spent computing, whoever else computes too.

    server: process id of a PostgreSQL server, whose children are its connections; None: SQLite,
    which computes in this process.
    """

    def __init__(self, server: int | None) -> None:
        self._server = server

    def __call__(self) -> float:
        return process_time() + sum(map(_spent, self._processes()))

    def _processes(self) -> list[Path]:
        if self._server is None:
            return []
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                if self._server in (parent, int(process.name)):
                    found.append(process)
        return found


class Spent:
    """What each run of a side has spent."""

    def __init__(self, side: Callable[[], object], processor: Processor) -> None:
        self._side, self._processor = side, processor
        self.seconds: list[float] = []

    def __call__(self) -> None:
        before = self._processor()
        self._side()
        self.seconds.append(self._processor() - before)

    def median(self) -> float:
        """Seconds of a run; the first one, which opens and fills caches, is not counted."""
        return median(self.seconds[1:])


def _spent(process: Path) -> float:
    with suppress(OSError):
        return int((process / "schedstat").read_text().split()[0]) / NANOSECONDS
    return 0.0
