"""How long a province is searched for people who are registered twice, and in how much memory.

Each size is searched in a process of its own, so that its peak is its own. Sizes beyond the
make-believe province are that province again and again, every time with other births and numbers:
its names meet as often as so many people's would. DOUBLES_PERSONS names the sizes in millions.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

from adapters.province import province_at
from registry.values import day_of
from registry.vocabulary import Kind
from replay.checks.doubles import doubles
from replay.columns.forms import Column
from replay.columns.log import Layer, LayeredLog
from replay.columns.runs import Block
from replay.sealed.reading import SealedLog
from replay.states.history import At
from replay.states.standing import plain
from tests.bench.figures import report

#: A province of so many entries has about a million persons.
ENTRIES = 10_000_000
PROVINCE = 27_000_000
SIZES = "2 4 8"
LIMIT_S, LIMIT_GIB = 600, 8


class Search(NamedTuple):
    """A search: how many persons, pairs and crowds, seconds, and the peak in GiB.

    files: how much of the peak are pages of the sealed log, which the system takes back if it must;
    those of repetitions are reckoned, since they lie in the same files.
    """

    persons: int
    pairs: int
    crowded: int
    cpu: float
    seconds: float
    peak: float
    files: float


class Repeated(LayeredLog):
    """The whole partitions of a sealed log, so many times over."""

    def __init__(self, log: SealedLog, persons: int) -> None:
        self.log, self.spaces, self.bits = log, log.spaces, log.bits
        self.whole = log.count(Kind.PERSON) >> log.bits
        self.times = -(-persons // (self.whole << log.bits))

    @property
    def head(self) -> int:
        """The last position it holds."""
        return self.log.head

    def count(self, kind: Kind) -> int:
        """How many entities of a kind have a handle."""
        if kind is Kind.PERSON:
            return self.times * self.whole << self.bits
        return self.log.count(kind)

    def layers(self, kind: Kind, partition: int) -> Sequence[Layer]:
        """The runs that hold rows of a partition."""
        return self.log.layers(kind, partition)

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant."""
        return self.log.position_at(instant)

    def block(self, kind: Kind, partition: int) -> Block:
        """A partition, in a repetition with other births and numbers."""
        if kind is not Kind.PERSON:
            return self.log.block(kind, partition)
        time, place = divmod(partition, self.whole)
        block = self.log.block(kind, place)
        dense: Mapping[str, Column] = block.dense
        if time:
            births, numbers = dense["birth_date"], dense["number"]
            others = {
                "birth_date": plain(np.roll(births, 7919 * time)),
                "number": plain(np.where(numbers > 0, numbers ^ (time << 43), numbers)),
            }
            dense = {**dense, **others}
        return replace(block, first=partition << self.bits, dense=dense, worked={})


def main() -> None:
    """Print the figures, and what they come to for a province."""
    folder = province_at(ENTRIES)
    found = []
    for size in os.environ.get("DOUBLES_PERSONS", SIZES).split():
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            one = apart.submit(search, folder, int(size) * 1_000_000).result()
        found.append(one)
        print(
            f"doubles: persons={one.persons} pairs={one.pairs} crowded={one.crowded}"
            f" cpu={one.cpu:.1f} s peak={one.peak:.2f} GiB, {one.files:.2f} of them files",
            flush=True,
        )
    last = found[-1]
    room = last.peak
    if last.persons < PROVINCE and len(found) > 1:
        persons = [one.persons for one in found]
        slope, base = np.polyfit(persons, [one.peak for one in found], 1)
        room = float(base + slope * PROVINCE)
        print(f"doubles: peak of {PROVINCE} persons by the line through these: {room:.2f} GiB")
    report("doubles-time", last.persons, last.seconds, "s", "limit", LIMIT_S / last.seconds, 1)
    report("doubles-room", max(last.persons, PROVINCE), room, "GiB", "limit", LIMIT_GIB / room, 1)


def search(folder: Path, persons: int) -> Search:
    """Search so many persons, once the kernels are there."""
    log = SealedLog(folder)
    at = At(day_of(int(log.block(Kind.PERSON, 0).effective_on.max())), log.head)
    before = resident("RssFile")
    doubles(log, at)
    files = resident("RssFile") - before
    mapped = files * persons / log.count(Kind.PERSON)
    start, cpu = perf_counter(), process_time()
    found = doubles(Repeated(log, persons), at)
    seconds, cpu = perf_counter() - start, process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Search(
        Repeated(log, persons).count(Kind.PERSON),
        len(found),
        found.crowded,
        cpu,
        seconds,
        peak - files + mapped,
        mapped,
    )


def resident(what: str) -> float:
    """How much of this process lies in memory, GiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 2**20
    raise AssertionError(f"the system does not tell {what}")


if __name__ == "__main__":
    main()
