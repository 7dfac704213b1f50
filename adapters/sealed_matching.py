"""The sealed log held against the store: every entry comes back from it byte for byte.

A partition is read a stretch of entities at a time, so that few entries are in memory as objects;
of a long log by several processes. What is not sealed yet is no difference, nor what was blanked in
the store and waits to be sealed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import numpy as np
from sqlalchemy import Engine

from adapters.collecting import collect_rarely
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.matching import waiting_for
from registry.codec import Codec
from registry.store import StoredEntry
from registry.vocabulary import Kind
from replay.columns.choosing import chosen
from replay.columns.exact import stored_rows
from replay.sealed.archive import Archive
from replay.sealed.reading import Folder, Outdated, SealedLog

#: Entities that are read and fetched together.
STREAMS = 2_000
#: Faults that are listed of one partition.
LISTED = 20


@dataclass(frozen=True)
class Compared:
    """A partition held against the store: its entries, how many faults, and the first of them."""

    entries: int
    found: int
    faults: tuple[str, ...]


def differences(log: SealedLog, engine: Engine, store: Recorder) -> Iterator[Compared]:
    """Every partition as it is sealed now, held against the store; it may grow meanwhile."""
    sealed, work = partitions_now(log)
    head, entries = sealed.manifest.head, 0
    for kind, partition in work:
        told = compared(sealed, engine, store, kind, partition, head)
        entries += told.entries
        yield told
    yield counted(entries, head)


def differences_at_once(
    log: SealedLog, url: str, node: int, processes: int = 2
) -> Iterator[Compared]:
    """The same, partitions shared out among processes that open the database by its url."""
    sealed, work = partitions_now(log)
    head, entries = sealed.manifest.head, 0
    assert isinstance(log.files, Folder | Archive), "files that others can open"
    waiting: deque[Future[Compared]] = deque()

    def next_one() -> Compared:
        nonlocal entries
        told = waiting.popleft().result()
        entries += told.entries
        return told

    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(log.files.path, url, node)
    ) as pool:
        for kind, partition in work:
            waiting.append(pool.submit(_compared, kind, partition, head))
            if len(waiting) > 2 * processes:
                yield next_one()
        while waiting:
            yield next_one()
    yield counted(entries, head)


def partitions_now(log: SealedLog) -> tuple[SealedLog, list[tuple[Kind, int]]]:
    """The log as it is now, and its partitions: to count them reads files that may go."""
    while True:
        sealed = log.again()
        try:
            return sealed, [(kind, one) for kind in Kind for one in sealed.partitions(kind)]
        except Outdated:
            continue


def counted(entries: int, head: int) -> Compared:
    """What is to be said of all partitions together."""
    if entries == head:
        return Compared(0, 0, ())
    return Compared(0, 1, (f"{entries} entries are sealed up to position {head}",))


_OPENED: list[tuple[SealedLog, Engine, Recorder]] = []


def _open(path: Path, url: str, node: int) -> None:
    collect_rarely()
    engine = open_database(url)
    log = SealedLog(Folder(path) if path.is_dir() else Archive(path), guarded=True)
    _OPENED.append((log, engine, Recorder(engine, node=node)))


def _compared(kind: Kind, partition: int, head: int) -> Compared:
    ((log, engine, store),) = _OPENED
    return compared(log, engine, store, kind, partition, head)


def compared(
    log: SealedLog,
    engine: Engine,
    store: Recorder,
    kind: Kind,
    partition: int,
    head: int,
) -> Compared:
    """Hold a partition against the store, its entries up to a position that is sealed.

    They are the same ones however far the sealer goes on meanwhile, so that partitions add up.
    """
    while True:
        entries, faults = 0, []
        try:
            for sealed in stretches(log, kind, partition):
                entries += sum(one.position <= head for its in sealed.values() for one in its)
                held = store.streams([*sealed])
                wrong = {name: [*apart(its, held[name], head)] for name, its in sealed.items()}
                if any(wrong.values()):
                    blanked = waiting_for(engine, head)
                    faults += [
                        f"{kind.value} {name}: {fault}"
                        for name, told in wrong.items()
                        for fault in told
                        if name.bytes not in blanked
                    ]
        except Outdated:  # the sealer has written it anew, and the file is gone
            log = log.again()
            continue
        return Compared(entries, len(faults), tuple(faults[:LISTED]))


def stretches(
    log: SealedLog, kind: Kind, partition: int
) -> Iterator[dict[UUID, list[StoredEntry]]]:
    """The sealed entries of a partition by stream, some streams at a time."""
    block, codec = log.block(kind, partition), Codec()
    for first in range(0, block.size, STREAMS):
        last = min(first + STREAMS, block.size)
        run = chosen(block, np.arange(block.first + first, block.first + last, dtype="u4"))
        found = stored_rows(run, log.spaces, codec)
        yield {UUID(bytes=key): list(its) for key, its in groupby(found, lambda one: one.key)}


def apart(sealed: Sequence[StoredEntry], held: Sequence[StoredEntry], head: int) -> Iterator[str]:
    """What differs between a stream as it is sealed and as the store has it, up to a position."""
    mine = {one.originator_version: one for one in sealed if one.position <= head}
    theirs = {one.originator_version: one for one in held if one.position <= head}
    for version in sorted(mine.keys() | theirs.keys()):
        if mine.get(version) != theirs.get(version):
            where = "the store" if version not in mine else "the sealed log"
            alone = (version in mine) != (version in theirs)
            words = f"stands in {where} alone" if alone else "is another in the store"
            yield f"version {version} {words}"
