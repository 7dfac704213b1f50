"""Writing a sealed log: files first, then the manifest that names them, so that a crash at any
instant leaves the log as it was or as it was to become.

What is added lies in runs on top of each other; small ones are merged as they come, and once they
hold a quarter of what lies below, every partition that they touch is written anew as one base.
"""

from __future__ import annotations

import fcntl
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.codec import Codec
from registry.errors import Conflict
from registry.store import StoredEntry
from registry.vocabulary import Kind
from replay.columns.choosing import chosen
from replay.columns.exact import stored_rows, stored_runs
from replay.columns.forms import Column
from replay.columns.heaps import trimmed
from replay.columns.layout import PARTITION_BITS
from replay.columns.merging import merge, merge_runs, run_of
from replay.columns.runs import Block, Run
from replay.columns.sorting import Batch, sorted_run
from replay.sealed.files import sync
from replay.sealed.handles import ColumnarSpaces
from replay.sealed.indexes import instants_of, with_ids, with_instants
from replay.sealed.manifest import (
    CHAIN,
    LOCK,
    MANIFEST,
    NOTHING,
    Link,
    Manifest,
    Part,
    Signed,
    cut_chain,
    digest,
    publish,
    signed,
)
from replay.sealed.reading import SealedLog, put_edition
from replay.sealed.segments import write_run

#: How the names of files of columns end.
SUFFIX = ".columns"
#: Two runs on top of each other become one while together they have no more rows than this.
MERGED_ROWS = 1 << 21
#: Partitions are written anew once the runs above have this share of the rows of the bases.
SHARE = 0.25
THREADS = 2
#: So many files are made durable at a time; a disk has more to do than a processor.
SYNCING = 8


class BeingWritten(Conflict):
    """Another program writes this sealed log."""

    code = "sealed-log-locked"


class LogWriter:
    """Writes the sealed log in a folder; one at a time.

    key: signs the manifests. bits: of a new log, partition = handle >> bits; part of the format.
    Runs that are added must have their handles from `spaces`. What is not committed when the
    writer closes or falls was never there.
    """

    def __init__(
        self, folder: Path, key: Ed25519PrivateKey | None = None, bits: int = PARTITION_BITS
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.key, self.bits = folder, key, bits
        self._lock = _locked(folder / LOCK)
        self._parts: tuple[Part, ...] = ()
        self._signed: Signed | None = None
        self._files = count(1)
        self._added: list[Part] = []
        self._disk = ThreadPoolExecutor(SYNCING, "sealing")
        self._syncing: dict[str, Future[None]] = {}  # files that are on their way to the disk
        self._wrote: set[str] = set()  # roots of files that need not be hashed to be read again
        try:
            if (folder / MANIFEST).exists():
                self._resume()
            else:
                self.spaces = ColumnarSpaces()
                (folder / CHAIN).unlink(missing_ok=True)  # the first link may have been torn
            self._clean()
        except BaseException:
            self.close()
            raise

    def _resume(self) -> None:
        log = self._log()
        self._parts, self._signed, self.bits = log.manifest.parts, log.manifest.signed, log.bits
        self.spaces = log.spaces
        cut_chain(self.folder, self._signed.link.number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write."""
        self._disk.shutdown(cancel_futures=True)
        os.close(self._lock)

    @property
    def head(self) -> int:
        """The last position sealed."""
        return self._signed.link.head if self._signed else 0

    @property
    def instant(self) -> int:
        """When the last position sealed was recorded, microseconds UTC."""
        return self._signed.link.instant if self._signed else 0

    @property
    def parts(self) -> Sequence[Part]:
        """The files that stand."""
        return self._parts

    def append(self, runs: Mapping[Kind, Run | Batch], head: int, *, tidy: bool = True) -> None:
        """Seal all entries after the head up to a new one; when it returns they are durable.

        runs: sorted already, or batches in the order of the log. tidy: merge what has become many;
        without it, call `compact` in the end.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            done = list(pool.map(self._append, runs.keys(), runs.values()))
        self.commit(head, instants_of(done, self.head, head))
        if tidy:
            self._tidy()

    def _append(self, kind: Kind, told: Run | Batch) -> Run:
        run = sorted_run(told) if isinstance(told, Batch) else told
        self.add(kind, run)
        return run

    def add(self, kind: Kind, run: Run) -> None:
        """Write a run, to be seen after `commit`.

        A run of one whole partition, of which nothing is sealed yet, becomes its base.
        """
        if len(run) == 0:
            return
        last = int(run.entities[-1])
        assert last < self.spaces.count(kind.value), f"{kind} {last} has no identifier here"
        bounds = {int(run.entities[place]) >> self.bits for place in (0, -1)}
        fresh = not any(
            part.what == "run" and part.of == kind.value and part.base in (-1, *bounds)
            for part in (*self._parts, *self._added)
        )
        alone = len(bounds) == 1 and fresh and bool((run.first_version == 1).all())
        if alone:
            run = self._based(kind, run)
        self._added.append(self._write(kind, run, self.head, 0, min(bounds) if alone else -1))

    def commit(self, head: int, instants: tuple[Column, Column]) -> None:
        """Make everything added part of the log, durably.

        head: the last position it then holds. instants: the first position u4 of each instant i8
        in microseconds, both rising, for all positions after the head so far.
        """
        assert head >= self.head, f"{head} is sealed already; the head is {self.head}"
        parts = [*self._parts, *(part.ending(head) for part in self._added)]
        self._added = []
        parts = with_ids(self.folder, parts, self.spaces, head, self._name)
        instant = self._signed.link.instant if self._signed else 0
        if head > self.head:
            position, at = instants
            assert len(at), "nothing says when these positions were recorded"
            assert at[0] >= instant, "an instant lies before one that is sealed"
            instant = int(at[-1])
            parts = with_instants(self.folder, parts, position, at, head, self._name)
        self._publish(parts, head, instant)

    def compact(
        self,
        tell: Callable[[int, int], None] = lambda done, of: None,
        kinds: Collection[Kind] = tuple(Kind),
    ) -> None:
        """Write every partition that has runs on top of it anew, of some kinds.

        tell: is told after each how many are done, and of how many.
        """
        log = self._log()
        parts = list(self._parts)
        work = []
        for kind in (one for one in Kind if one in kinds):
            above = [
                one for one in parts if (one.what, one.of, one.base) == ("run", kind.value, -1)
            ]
            if above:
                parts = [one for one in parts if one not in above]
                touched = np.unique(
                    np.concatenate([log.segment(one).run.entities >> self.bits for one in above])
                )
                work += [(kind, partition) for partition in touched.tolist()]
        if not work:
            return

        def rebase(task: tuple[Kind, int]) -> Part:
            kind, partition = task
            run = trimmed(run_of(log.block(kind, partition)))
            return self._write(kind, run, 0, self.head, partition)

        with ThreadPoolExecutor(THREADS) as pool:
            new = []
            for part in pool.map(rebase, work):
                new.append(part)
                tell(len(new), len(work))
        link = self._link()
        self._publish(with_bases(parts, new), link.head, link.instant)

    def redact(
        self,
        rows: Sequence[StoredEntry],
        redactions: Sequence[int],
        tell: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        """Write the partitions of entries anew with what the entries are now, and nothing else.

        rows: entries that are sealed already, parts of them blanked since. redactions: positions of
        the entries that say so, for the manifest to name. tell: as `compact` does, of partitions
        that are compacted first; other kinds than those of the entries are left as they are. No
        file with the former text is left.
        """
        codec = Codec()
        changed: dict[tuple[Kind, int], dict[int, StoredEntry]] = defaultdict(dict)
        for row in rows:
            kind = codec.kind(row)
            (handle,) = self.spaces.handles(kind.value, [UUID(bytes=row.key)])
            changed[kind, int(handle) >> self.bits][row.position] = row
        self.compact(tell, {kind for kind, _ in changed})
        log, new = self._log(), []
        for (kind, partition), its in changed.items():
            run = self._replaced(log.block(kind, partition), its, codec)
            if run is not None:
                new.append(self._write(kind, run, 0, self.head, partition))
        if new:
            link = self._link()
            parts = with_bases(self._parts, new)
            self._publish(parts, link.head, link.instant, redactions)
        self._clean()

    def _replaced(self, block: Block, rows: Mapping[int, StoredEntry], codec: Codec) -> Run | None:
        """A partition as a base in which some rows, by position, are others; None if they are not.

        Only the entities of these rows are read one by one.
        """
        kind = block.layout.kind
        keys = {UUID(bytes=row.key) for row in rows.values()}
        mine = np.unique(np.array(self.spaces.handles(kind.value, sorted(keys)), "u4"))
        held = stored_rows(chosen(block, mine), self.spaces, codec)
        told = [rows.get(one.position, one) for one in held]
        if told == held:
            return None
        everybody = np.arange(block.first, block.first + block.size, dtype="u4")
        others = np.setdiff1d(everybody, mine)
        told.sort(key=lambda one: one.position)
        parts = [stored_runs(told, self.spaces, codec)[kind]]
        if block.starts[-1] > len(told):
            parts.insert(0, chosen(block, others))
        return trimmed(run_of(merge(parts, block.layout, block.first, block.size, str)))

    def _based(self, kind: Kind, run: Run) -> Run:
        """A run of one partition as its base: with a place for every entity of it."""
        first = int(run.entities[0]) >> self.bits << self.bits
        size = min(1 << self.bits, self.spaces.count(kind.value) - first)
        return run_of(merge([run], run.layout, first, size, str))

    def _tidy(self) -> None:
        """Merge small runs as they come, and everything once they are a good share of the whole."""
        mine = [part for part in self._parts if part.what == "run"]
        above = sum(part.rows for part in mine if part.base < 0)
        below = sum(part.rows for part in mine if part.base >= 0)
        if above > max(SHARE * below, 1 << self.bits):
            self.compact()
            return
        parts, log = list(self._parts), self._log()
        for kind in Kind:
            held = [one for one in parts if (one.what, one.of, one.base) == ("run", kind.value, -1)]
            held.sort(key=lambda one: one.until)
            few = len(held)
            while few > 1 and _alike(held[few - 2].rows, sum(one.rows for one in held[few - 1 :])):
                few -= 1
            some = held[few - 1 :]
            if len(some) < 2:
                continue
            run = merge_runs([log.segment(one).run for one in some], log.named(kind))
            one = self._write(kind, trimmed(run), some[0].since, some[-1].until, -1)
            parts = [part for part in parts if part not in some] + [one]
        if parts != list(self._parts):
            link = self._link()
            self._publish(parts, link.head, link.instant)

    def _publish(
        self, parts: Sequence[Part], head: int, instant: int, redacted: Sequence[int] = ()
    ) -> None:
        """Let a new list of parts stand, and forget the files that nobody names any more."""
        before = self._signed
        link = Link(
            number=before.link.number + 1 if before else 1,
            before=before.link.digest if before else NOTHING,
            parts=digest(tuple(parts)),
            head=head,
            instant=instant,
            entries=sum(part.rows for part in parts if part.what == "run"),
            bits=self.bits,
            vocabulary=put_edition(self.folder),
            redacted=tuple(redacted),
        )
        manifest = Manifest(signed=signed(link, self.key), parts=tuple(parts))
        new = [part.file for part in parts if part not in self._parts]
        for file in new:
            self._sync(file)
        for file in new:
            self._syncing.pop(file).result()
        publish(self.folder, manifest)
        # Whoever has just opened the log before this one may still be about to open its files.
        kept = {part.file for part in (*self._parts, *parts)}
        self._parts, self._signed = manifest.parts, manifest.signed
        self._clean(kept)

    def _sync(self, file: str) -> None:
        """Make a file durable beside what goes on; `_publish` waits for it."""
        if file not in self._syncing:
            self._syncing[file] = self._disk.submit(sync, self.folder / file)

    def _clean(self, kept: Collection[str] = ()) -> None:
        """Remove what a writer that fell, or an older manifest, left behind."""
        named = {*kept, *(part.file for part in self._parts)}
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.name not in named:
                path.unlink()

    def _log(self) -> SealedLog:
        """What stands; no flaw in it may be written on under a new root."""
        return SealedLog(self.folder, guarded=True, sound=self._wrote)

    def _link(self) -> Link:
        assert self._signed is not None, "nothing is sealed yet"
        return self._signed.link

    def _name(self, what: str) -> str:
        number = self._signed.link.number + 1 if self._signed else 1
        return f"{what}-{number:06}-{next(self._files):04}{SUFFIX}"

    def _write(self, kind: Kind, run: Run, since: int, until: int, base: int) -> Part:
        name = self._name(kind.value if base < 0 else f"{kind.value}-{base:05}")
        done = write_run(self.folder / name, run, self.bits)
        self._wrote.add(done.root)
        self._sync(name)
        return Part(
            file=name,
            what="run",
            of=kind.value,
            root=done.root,
            size=done.size,
            rows=len(run),
            since=since,
            until=until,
            base=base,
        )


def with_bases(parts: Sequence[Part], new: Sequence[Part]) -> list[Part]:
    """Parts of which some bases are replaced by new ones."""
    replaced = {(part.of, part.base) for part in new}
    kept = [one for one in parts if one.what != "run" or (one.of, one.base) not in replaced]
    return [*kept, *new]


def _alike(older: int, newer: int) -> bool:
    """Whether two runs on top of each other are better one."""
    return older <= 2 * newer and older + newer <= MERGED_ROWS


def _locked(path: Path) -> int:
    """Take the lock of a folder; raises BeingWritten."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BeingWritten(
            f"{path.parent} is being written by another program; let it finish"
        ) from None
    return lock
