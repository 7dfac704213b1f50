"""The sealed log held against the store: every entry comes back from it byte for byte.

Of a short log each entry is written anew from its columns and compared. Of a long one the rows are
added up, a sum for each stretch of positions, as the store's were when it was gone through; where
two sums differ, the entries of the stretch are compared one by one. What is not sealed yet is no
difference, nor what was blanked in the store and waits to be sealed.
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
from adapters.eventstore import Recorder
from adapters.matching import waiting_for
from adapters.walking import PROCESSES, SPAN, Walked
from registry.codec import Codec
from registry.store import StoredEntry
from registry.vocabulary import VOCABULARY, EventType, Kind
from replay.columns.choosing import chosen
from replay.columns.exact import stored_rows
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.columns.sums import row_sums
from replay.sealed.archive import Archive
from replay.sealed.reading import Folder, Outdated, SealedLog

#: Entities that are read and fetched together.
STREAMS = 2_000
#: Faults that are listed of one partition, or of stretches that are looked at together.
LISTED = 20
#: Stretches whose entries are compared together, and of how many they are compared at most: a log
#: of another database differs everywhere.
TOGETHER, COMPARED = 256, 4_096
#: Pieces of work into which partitions are dealt.
DEALT = 16
CODEC = Codec()
WORDS: dict[int | None, EventType] = {word.code: word for word in VOCABULARY.values()}
Work = list[tuple[Kind, int]]


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


def differences_by_sums(
    log: SealedLog,
    engine: Engine,
    store: Recorder,
    walked: Walked,
    key: bytes,
    processes: int = PROCESSES,
) -> Iterator[Compared]:
    """The same, held against what the rows of the store added up to, by a key.

    Partitions are shared out among processes, which do not open the database.
    """
    sealed, work = partitions_now(log)
    head = min(sealed.manifest.head, walked.head)
    entries, sums = summed(sealed, work, head, key, processes)
    yield Compared(entries, 0, ())
    stretches = -(-head // SPAN)
    # Of the last one the store may have more entries: then it is compared by entries as well.
    odd = np.flatnonzero(walked.sums[:stretches] != sums)
    for first in range(0, min(len(odd), COMPARED), TOGETHER):
        some = odd[first : min(first + TOGETHER, COMPARED)]
        yield compared_stretches(sealed, work, engine, store, some, head)
    if rest := odd[COMPARED:].tolist():
        where = f"the first from position {rest[0] * SPAN + 1} on"
        words = f"{len(rest)} further stretches of {SPAN} entries are others in the store, {where}"
        yield Compared(0, len(rest), (words,))
    yield counted(entries, head)


def summed(log: SealedLog, work: Work, head: int, key: bytes, processes: int) -> tuple[int, Column]:
    """How many rows are sealed up to a position, and what those of each stretch add up to, u8."""
    assert isinstance(log.files, Folder | Archive), "files that others can open"
    sums, entries = np.zeros(-(-head // SPAN), "u8"), 0
    size = -(-len(work) // DEALT) or 1
    waiting: deque[Future[tuple[int, Column]]] = deque()
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(log.files.path,)
    ) as pool:
        for first in range(0, len(work), size):
            waiting.append(pool.submit(_summed, work[first : first + size], head, key))
        while waiting:
            many, told = waiting.popleft().result()
            entries, sums = entries + many, sums + told
    return entries, sums


_OPENED: list[SealedLog] = []


def _open(path: Path) -> None:
    collect_rarely()
    _OPENED[:] = [SealedLog(Folder(path) if path.is_dir() else Archive(path), guarded=True)]


def _summed(work: Work, head: int, key: bytes) -> tuple[int, Column]:
    (log,) = _OPENED
    sums, entries = np.zeros(-(-head // SPAN), "u8"), 0
    for kind, partition in work:
        while True:
            try:
                block = log.block(kind, partition)
                told = row_sums(block, log.spaces, key)
                break
            except Outdated:  # the sealer has written it anew, and the file is gone
                log = _OPENED[0] = log.again()
        inside = np.flatnonzero(block.position <= head)
        np.add.at(sums, (block.position[inside] - np.uint32(1)) // np.uint32(SPAN), told[inside])
        entries += len(inside)
    return entries, sums


def compared_stretches(
    log: SealedLog, work: Work, engine: Engine, store: Recorder, some: Column, head: int
) -> Compared:
    """Compare the entries of stretches of positions, up to a position, one by one."""
    wanted = np.zeros(-(-head // SPAN), np.bool_)
    wanted[some] = True
    faults: list[str] = []
    mine: dict[int, StoredEntry] = {}
    for entry in entries_in(log, work, wanted, head):
        if entry.position in mine:
            faults.append(f"position {entry.position} is sealed twice")
        mine[entry.position] = entry
    theirs: dict[int, StoredEntry] = {}
    for first in (some * SPAN).tolist():
        told = store.page(first, SPAN, min(first + SPAN, head))
        theirs.update((one.position, one) for one in told)
    wrong = [one for one in sorted(mine.keys() | theirs.keys()) if mine.get(one) != theirs.get(one)]
    blanked = waiting_for(engine, head) if wrong else set()
    for position in wrong:
        here, there = mine.get(position), theirs.get(position)
        known = there if here is None else here
        assert known is not None
        stream = known.originator_id
        if isinstance(stream, UUID) and stream.bytes in blanked:
            continue
        word = WORDS.get(known.code)
        what = f"{word.kind.value} {stream}" if word is not None else f"position {position}"
        faults.append(f"{what}: version {known.originator_version} {standing(here, there)}")
    return Compared(0, len(faults), tuple(faults[:LISTED]))


def entries_in(log: SealedLog, work: Work, wanted: Column, head: int) -> Iterator[StoredEntry]:
    """The sealed entries up to a position that lie in wanted stretches, bool[stretches]."""
    for kind, partition in work:
        while True:
            try:
                found = [*_entries_in(log.block(kind, partition), log, wanted, head)]
                break
            except Outdated:
                log = log.again()
        yield from found


def _entries_in(block: Block, log: SealedLog, wanted: Column, head: int) -> Iterator[StoredEntry]:
    rows = np.flatnonzero(block.position <= head)
    rows = rows[wanted[(block.position[rows] - np.uint32(1)) // np.uint32(SPAN)]]
    places = np.unique(np.searchsorted(block.starts, rows, "right") - 1)
    for first in range(0, len(places), STREAMS):
        handles = (places[first : first + STREAMS] + block.first).astype("u4")
        for entry in stored_rows(chosen(block, handles), log.spaces, CODEC):
            if entry.position <= head and wanted[(entry.position - 1) // SPAN]:
                yield entry


def partitions_now(log: SealedLog) -> tuple[SealedLog, Work]:
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
    block = log.block(kind, partition)
    for first in range(0, block.size, STREAMS):
        last = min(first + STREAMS, block.size)
        run = chosen(block, np.arange(block.first + first, block.first + last, dtype="u4"))
        found = stored_rows(run, log.spaces, CODEC)
        yield {UUID(bytes=key): list(its) for key, its in groupby(found, lambda one: one.key)}


def apart(sealed: Sequence[StoredEntry], held: Sequence[StoredEntry], head: int) -> Iterator[str]:
    """What differs between a stream as it is sealed and as the store has it, up to a position."""
    mine = {one.originator_version: one for one in sealed if one.position <= head}
    theirs = {one.originator_version: one for one in held if one.position <= head}
    for version in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(version), theirs.get(version)
        if here != there:
            yield f"version {version} {standing(here, there)}"


def standing(sealed: StoredEntry | None, held: StoredEntry | None) -> str:
    """In which way an entry differs that is another in the store, or in one of both alone."""
    if sealed is None or held is None:
        return f"stands in {'the store' if sealed is None else 'the sealed log'} alone"
    return "is another in the store"
