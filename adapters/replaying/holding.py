"""Read models held against the columns of the sealed log: what both add up to, stretch by stretch.

One side reads each table once, with the position that it stands at, in one transaction. The other
lays out what columns say as of that position; what was recorded since they were sealed is read from
the store. Where two sums differ, rows are compared one by one by `adapters.matching`, which folds
the store's entries: nothing is found wrong by columns alone.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, select

from adapters import positions
from adapters.collecting import collect_rarely
from adapters.database import open_database
from adapters.eventstore import Recorder, entries
from adapters.matching import Part, snapshot
from adapters.positions import ACTIVE
from adapters.redactions import blanked_after
from adapters.replaying import CODEC, Source
from adapters.replaying.adding import Stretches, Sums
from adapters.replaying.models import MODELS
from adapters.replaying.stored import kinds_of, of_values, stored
from adapters.replaying.wire import packed
from registry.entry import Entry
from registry.projections import PROJECTIONS
from registry.projections.base import Steps
from registry.projections.folding import Folding
from registry.store import EntryStore
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column
from replay.sealed.archive import Archive
from replay.sealed.reading import Folder, Outdated, SealedLog

#: Entries that may wait to be sealed: each process keeps them, some kilobytes an entry.
TAIL = 50_000
#: Entries of the tail that are read at once.
PAGE = 5_000
#: Entities that are laid out together: of applications they take a quarter of a gigabyte.
TOGETHER = 1 << 12
#: Pieces into which the entities of a kind are dealt.
DEALT = 16


class Table(NamedTuple):
    """A read model as it is stored: where it stood, its rows, and what each stretch adds up to."""

    position: int
    rows: int
    sums: Column


@dataclass(frozen=True)
class Held:
    """A read model held against columns: where it stood, its rows, and what has to be compared.

    wrong: those of the parts in which something is wrong, whatever a comparison finds there; in the
    others something was blanked, which columns or the read model may not have followed yet.
    """

    name: str
    position: int
    rows: int
    parts: Sequence[Part]
    wrong: Collection[Part]


@dataclass(frozen=True)
class Task:
    """What all processes of one comparison know.

    url, node: the database and the register's node. log: where the sealed log lies. head: what of
    it everybody has. counts: the entities of a kind that have handles in it, which stay. stretches:
    by read model. key: drawn for this comparison.
    """

    url: str
    node: int
    log: Path
    head: int
    bits: int
    counts: Mapping[Kind, int]
    stretches: Mapping[str, Stretches]
    key: bytes


class Work(NamedTuple):
    """Read models of a kind as of a position: of which entities; None: of those that came later."""

    names: tuple[str, ...]
    known: int
    entities: range | None


@dataclass
class Opened:
    """What a process has open: the database, and the log as far as a read model has come."""

    task: Task
    engine: Engine
    store: EntryStore
    known: int = 0
    tail: list[Entry] = field(default_factory=list)
    log: SealedLog | None = None

    def at(self, known: int) -> SealedLog:
        """The log with all entries up to a position."""
        if self.log is None or self.known != known:
            self.known, self.tail = known, [*recorded(self.store, self.task.head, known)]
            path = self.task.log
            files = Folder(path) if path.is_dir() else Archive(path)
            self.log = SealedLog(files, self.tail, guarded=True)
        return self.log

    def again(self) -> SealedLog:
        """The log as it is now; what was sealed has the handles that it had."""
        assert self.log is not None, "it was read already"
        self.log = self.log.again(self.tail)
        return self.log


def recorded(store: EntryStore, after: int, until: int) -> Iterator[Entry]:
    """The entries after one position, up to and with another."""
    while after < until and (page := store.page(after, PAGE, until)):
        yield from map(CODEC.entry, page)
        after = page[-1].position


def waiting(log: SealedLog, store: EntryStore) -> int:
    """How many entries wait to be sealed."""
    return max(0, store.head()[0] - log.again().manifest.head)


def held(
    engine: Engine,
    node: int,
    log: SealedLog,
    names: Sequence[str],
    key: bytes,
    processes: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Held]:
    """Hold read models against a sealed log; those that are not filled are left out.

    names: of those that columns can fill. key: what sums hang on. progress: told the share done.
    """
    assert isinstance(log.files, Folder | Archive), "files that others can open"
    task = task_of(engine, node, log, log.files.path, names, key)
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(task,)
    ) as workers:
        tables: dict[str, Table] = {}
        for name, table in zip(names, workers.map(_table, names), strict=True):
            progress((len(tables) + 1) / len(names) / 2)
            if table is not None:
                tables[name] = table
        works = works_of(task, tables)
        told = []
        for sums in workers.map(_columns, works):
            told.append(sums)
            progress((1 + len(told) / len(works)) / 2)
    yield from apart(engine, task, tables, told)


def task_of(
    engine: Engine, node: int, log: SealedLog, path: Path, names: Iterable[str], key: bytes
) -> Task:
    """What a comparison begins with: the log as it is now."""
    kinds = {name: MODELS[name].kind for name in names}
    while True:
        log = log.again()
        try:
            counts = {kind: log.count(kind) for kind in {*kinds.values()}}
            high = {kind: log.spaces.all_halves(kind.value)[0] for kind in counts}
            of_kind = {kind: Stretches.of_streams(half) for kind, half in high.items()}
            break
        except Outdated:  # the sealer has written on meanwhile
            continue
    by_position = Stretches.of_positions(log.manifest.head)
    stretches = {
        name: by_position if isinstance(PROJECTIONS[name], Steps) else of_kind[kind]
        for name, kind in kinds.items()
    }
    url = engine.url.render_as_string(hide_password=False)
    return Task(url, node, path, log.manifest.head, log.bits, counts, stretches, key)


def works_of(task: Task, tables: Mapping[str, Table]) -> list[Work]:
    """The entities of each kind in pieces, for all read models of it that stand at one position."""
    together: dict[tuple[int, Kind], list[str]] = {}
    for name, table in tables.items():
        together.setdefault((table.position, MODELS[name].kind), []).append(name)
    found = []
    for (position, kind), names in sorted(together.items(), key=lambda one: one[0][0]):
        count = task.counts[kind]
        partitions = -(-count >> task.bits)
        size = max(1, -(-partitions // DEALT)) << task.bits
        pieces = [range(at, min(at + size, count)) for at in range(0, count, size)]
        found += [Work(tuple(names), position, one) for one in pieces]
        if position > task.head:
            found.append(Work(tuple(names), position, None))
    return found


def apart(
    engine: Engine, task: Task, tables: Mapping[str, Table], told: Iterable[Mapping[str, Column]]
) -> Iterator[Held]:
    """What is to be said of each table; told: what its rows add up to by columns, in pieces."""
    sums = {name: np.zeros(len(task.stretches[name]), "u8") for name in tables}
    for some in told:
        for name, column in some.items():
            sums[name] += column
    for name, table in tables.items():
        with engine.connect() as connection:  # columns, or the read model, may show it still
            blanked = blanked_after(connection, min(task.head, table.position))
        halves = np.array([int.from_bytes(one[:8], "big") for one in blanked], "u8")
        stretches = task.stretches[name]
        odd = sums[name] != table.sums
        doubtful = np.zeros(len(stretches), np.bool_)
        if not isinstance(PROJECTIONS[name], Steps):  # which say nothing that can be blanked
            doubtful[stretches.holding(halves)] = True
        parts, wrong = (
            [(name, stretches.range(one)) for one in np.flatnonzero(chosen).tolist()]
            for chosen in (odd | doubtful, odd & ~doubtful)
        )
        yield Held(name, table.position, table.rows, parts, wrong)


def table_of(engine: Engine, task: Task, name: str) -> Table | None:
    """Add up a read model as it is stored; None if it is not filled."""
    sums = Sums(task.stretches[name], task.key)
    with snapshot(engine) as connection:
        standing = positions.standings(connection)
        found = [one.position for one in standing if (one.name, one.state) == (name, ACTIVE)]
        if not found:
            return None
        for rows in stored(connection, PROJECTIONS[name]):
            sums.add(rows)
    return Table(found[0], sums.rows, sums.sums)


def columns_of(opened: Opened, work: Work) -> dict[str, Column]:
    """Add up what columns say of some entities, or entries of those that came after sealing."""
    log = opened.at(work.known)
    while True:
        sums = {name: Sums(opened.task.stretches[name], opened.task.key) for name in work.names}
        models = [PROJECTIONS[name] for name in work.names]
        folding = Folding(models, CODEC, opened.store.rows_of, 1)
        try:
            if work.entities is None:
                add_later(opened, log, work, folding, sums)
            else:
                add_sealed(log, work.entities, work, folding, sums)
        except Outdated:  # the sealer has written it anew, and a file is gone
            log = opened.again()
            continue
        return {name: one.sums for name, one in sums.items()}


def add_sealed(
    log: SealedLog, entities: range, work: Work, folding: Folding, sums: Mapping[str, Sums]
) -> None:
    """Add the rows of entities, by their handles."""
    source = Source(log, [MODELS[name] for name in work.names], folding, work.known)
    first = entities.start
    while first < entities.stop:
        until = min(first + TOGETHER, ((first >> log.bits) + 1) << log.bits, entities.stop)
        for name, (table, others) in source.rows_now(first, until - first).items():
            for rows in packed(table):
                sums[name].add(rows)
            for rows in of_values(others.rows(), kinds_of(PROJECTIONS[name])):
                sums[name].add(rows)
        first = until


def add_later(
    opened: Opened, log: SealedLog, work: Work, folding: Folding, sums: Mapping[str, Sums]
) -> None:
    """Add the rows of streams that have no handle in what everybody has of the log."""
    kind, head = MODELS[work.names[0]].kind, opened.task.head
    codes = [word.code for word in VOCABULARY.values() if word.kind is kind]
    query = select(entries.c.stream).where(
        entries.c.position.between(head + 1, work.known),
        entries.c.version == 1,
        entries.c.code.in_(codes),
    )
    with opened.engine.connect() as connection:
        begun = [bytes(key) for (key,) in connection.execute(query)]
    count = opened.task.counts[kind]
    handles = {key: log.spaces.find(kind.value, UUID(bytes=key)) for key in begun}
    later = [key for key, handle in handles.items() if handle is None or handle >= count]
    told = opened.store.rows_of(later)
    batch = [one for its in told.values() for one in its if one.position <= work.known]
    for name, changes in folding.fold(batch, whole=True).items():
        for rows in of_values(changes.rows(), kinds_of(PROJECTIONS[name])):
            sums[name].add(rows)


_OPENED: list[Opened] = []


def _open(task: Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nobody waits for what may take minutes
    collect_rarely()
    engine = open_database(task.url)
    _OPENED[:] = [Opened(task, engine, Recorder(engine, node=task.node))]


def _table(name: str) -> Table | None:
    (opened,) = _OPENED
    return table_of(opened.engine, opened.task, name)


def _columns(work: Work) -> dict[str, Column]:
    (opened,) = _OPENED
    return columns_of(opened, work)
