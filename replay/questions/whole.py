"""Everything that can be said of the whole register at a point, in one pass over the log.

Partition by partition, and while it lies in the cache: check the bytes, settle the state, judge the
histories, count, hash. Households come first, since persons are held against them. The pass is the
same in the threads of one process and on many machines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from registry.values import Level
from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.machines import Machines, Part
from replay.questions.duplicates import told
from replay.questions.findings import Findings, Whole, numbers_of, summed
from replay.questions.population import Setting, setting_of
from replay.questions.residents import Paths
from replay.sealed.reading import SealedLog
from replay.states.history import At
from replay.states.standing import plain
from replay.states.state import SETTLED
from replay.threads import PerThread, in_threads

if TYPE_CHECKING:
    from replay.columns.log import Log

#: The kind that others are held against comes first.
FIRST = (Kind.HOUSEHOLD,)
#: Parts that a worker is given at once; a worker that is lost loses no more.
AT_ONCE = 8


def nothing(kind: Kind, partition: int) -> None:
    """Check nothing of a partition."""


def whole(
    log: Log,
    at: At,
    *,
    level: Level = Level.COUNTY,
    check: Callable[[Kind, int], None] = nothing,
    tell: Callable[[], None] = lambda: None,
) -> Whole:
    """Say everything of the register at a point.

    check: called for each partition before it is read, as to verify its bytes; raises what is to
    stop everything. tell: called after each partition.
    """
    homes = np.zeros(log.count(Kind.HOUSEHOLD), "u1")
    (paths,) = Paths.of(log, at)
    setting, places = setting_of(paths, at, level, homes)
    found = PerThread(lambda: Findings(at, setting, len(places)))

    for stage in stages(log):

        def one(place: int, stage: Sequence[Part] = stage) -> None:
            kind, partition = stage[place]
            check(kind, partition)
            found.own().see(log, kind, partition)
            tell()

        in_threads(one, range(len(stage)))
        write_homes(found.all, homes)
    return summed(found.all, at, places, len(homes), told(log, at, numbers_of(found.all)))


def stages(log: Log) -> tuple[list[Part], list[Part]]:
    """Partitions that are read before the others, and the others.

    Kinds of few partitions first, whose partitions are long: so no core is left with a long one.
    """
    kinds = sorted(SETTLED, key=lambda kind: len(log.partitions(kind)))
    parts = [(kind, one) for kind in kinds for one in log.partitions(kind)]
    return [part for part in parts if part[0] in FIRST], [
        part for part in parts if part[0] not in FIRST
    ]


def write_homes(found: Sequence[Findings], homes: Column) -> None:
    """Note which households are open, u1[households]."""
    for one in found:
        for first, part in one.homes.items():
            homes[first : first + len(part)] = part


@dataclass(frozen=True)
class Task:
    """What a worker has to know besides its partitions."""

    folder: Path
    at: At
    setting: Setting
    lines: int
    checked: bool


def whole_on(
    machines: Machines,
    folder: Path,
    at: At,
    *,
    level: Level = Level.COUNTY,
    checked: bool = True,
    tell: Callable[[], None] = lambda: None,
) -> Whole:
    """Say the same of a sealed log that every worker can read in a folder.

    checked: whether every byte of the partitions is held against its digest.
    """
    log = SealedLog(folder)
    homes = np.zeros(log.count(Kind.HOUSEHOLD), "u1")
    (paths,) = Paths.of(log, at)
    found: list[Findings] = []
    for stage in stages(log):
        setting, places = setting_of(paths, at, level, homes)
        task = Task(folder, at, setting, len(places), checked)
        lots = [stage[first : first + AT_ONCE] for first in range(0, len(stage), AT_ONCE)]
        for one in machines(partial(see, task), lots):
            found.append(one)
            tell()
        write_homes(found, homes)
    return summed(found, at, places, len(homes), told(log, at, numbers_of(found)))


def see(task: Task, lot: Sequence[Part]) -> Findings:
    """What a worker finds in some partitions."""
    log = opened(task.folder)
    setting = task.setting._replace(
        divisions=plain(task.setting.divisions),
        ages=plain(task.setting.ages),
        homes=plain(task.setting.homes),
    )
    found = Findings(task.at, setting, task.lines)
    for kind, partition in lot:
        if task.checked:
            log.check(kind, partition)
        found.see(log, kind, partition)
    return found


@lru_cache(maxsize=1)
def opened(folder: Path) -> SealedLog:
    """A sealed log, opened once in a process."""
    return SealedLog(folder)
