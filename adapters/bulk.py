"""Bulk load: an older system's extract into the register, chunk by chunk, nothing twice.

A chunk of whole households is one submission, whose id derives from batch and chunk: a load that
was cut short is begun again, and what is recorded is answered and not recorded anew. The first
submission fixes what the batch holds; the same batch with other content is a conflict.
"""

from __future__ import annotations

import hashlib
import re
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import perf_counter
from typing import Self
from uuid import UUID, uuid5

import msgspec

from adapters.bulk_chunk import (
    Done,
    Task,
    record,
    refuse_other,
    start,
    warm,
    without_collector,
    work,
)
from adapters.bulk_closing import close, opening, reconciled
from adapters.bulk_counts import declared_of, reconcile
from adapters.bulk_extract import Cut, Extract, cut
from adapters.bulk_parts import CodesPart
from adapters.bulk_plan import Plan
from adapters.bulk_report import Report
from adapters.bulk_writing import desk_of, durability_of, tidy
from adapters.eventstore import Recorder, available
from registry.codec import Codec
from registry.commands.base import ADMINISTRATOR
from registry.commands.extract import PERSONS, TABLES, Batch
from registry.commands.import_findings import batch_id
from registry.days import day_at
from registry.errors import Fault, Forbidden, Malformed, Unavailable
from registry.register import Authority, Setting
from registry.store import Append, Failed, Repeated

CHUNK_ROWS = 10_000  # of households and persons; others wait while so many are written
#: Of the first chunk of households: while it is made the database has nothing to do.
FIRST_ROWS = 5_000
#: From here on worker processes are worth the second that they take to start.
MANY_PERSONS = 80_000
WORKERS = 2
Chunk = Cut | CodesPart
Send = Callable[[Task], Future[Done]]
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)

Progress = Callable[[int, int], None]  # persons done, persons in all
Stage = Callable[[str], None]  # what is being done


class Importer:
    """Loads extracts into a store; use it as a context, or close it.

    salt: 16 random bytes a call; the salts of a chunk are drawn from a few of them.
    workers: processes that make and record the chunks of an extract of `many_persons` or more.
    """

    def __init__(
        self,
        store: Recorder,
        setting: Setting,
        *,
        clock: Callable[[], int],
        salt: Callable[[], bytes],
        codec: Codec | None = None,
        workers: int = WORKERS,
        chunk_rows: int = CHUNK_ROWS,
        first_rows: int = FIRST_ROWS,
        many_persons: int = MANY_PERSONS,
    ) -> None:
        self.store = store
        self.setting = setting
        self.clock = clock
        self.salt = salt
        self.codec = codec or Codec()
        self.workers = workers
        self.chunk_rows = chunk_rows
        self.first_rows = first_rows
        self.many_persons = many_persons
        self._pool: ProcessPoolExecutor | None = None
        self._ready: list[Future[None]] = []
        self._processes: list[BaseProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self.close(at_once=kind is not None)

    def close(self, at_once: bool = False) -> None:
        """End the worker processes; those that are not ready yet are not waited for.

        at_once: give up chunks under way too. Each is recorded whole or not at all, so that they
        are entered the next time.
        """
        if self._pool is not None:
            if at_once or not all(ready.done() for ready in self._ready):
                for process in self._processes:
                    process.terminate()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    @property
    def ahead(self) -> int:
        """How many chunks are under way while one is waited for."""
        return 2 * self.workers

    def sender(self, persons: int) -> Send:
        """What takes chunks: worker processes, kept between loads, or this one for few persons."""
        if not self.workers or persons < self.many_persons:
            return self.here
        pool = self.pool()
        return lambda task: pool.submit(work, task)

    def pool(self) -> ProcessPoolExecutor:
        """The worker processes, which take a second to get ready and are started at once."""
        if self._pool is None:
            engine = self.store.engine
            url = engine.url.render_as_string(hide_password=False)
            self._pool = ProcessPoolExecutor(
                self.workers,
                get_context("spawn"),
                initializer=start,
                initargs=(url, durability_of(engine)),
            )
            others = set(active_children())
            # The terminal's Ctrl-C is for this process; theirs are born with this mask.
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                self._ready = [self._pool.submit(warm) for _ in range(self.workers)]
                self._processes = [one for one in active_children() if one not in others]
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return self._pool

    def warm(self) -> None:
        """Have the worker processes ready."""
        self.pool()
        for ready in self._ready:
            ready.result()

    def here(self, task: Task) -> Future[Done]:
        """Record a chunk in this process."""
        done: Future[Done] = Future()
        with available(), closing(desk_of(self.store.engine)) as desk:
            done.set_result(record(task, desk, self.codec))
        return done

    def load(
        self,
        extract: Path,
        source: str,
        batch: str,
        baseline: date,
        by: Authority,
        progress: Progress | None = None,
        mapping: Path | None = None,
        stage: Stage | None = None,
    ) -> Report:
        """Load an extract, or what is missing of it, and write the report beside it.

        source: the older system's name, under which its keys are known for ever. batch: the name
        of this delivery. baseline: the day for which the source vouches where a row states none.
        mapping: the description of files and columns that are not named as ours are.
        What is recorded has one day, that on which the load began or was begun again: an extract is
        checked as of a day, and what follows after midnight belongs to the same delivery.
        Raises SubmissionReused if the batch was begun with other content.
        """
        start = perf_counter()
        # Never before what is recorded, wherever the clock stands: ledgers are dated by it.
        today = day_at(max(self.clock(), self.store.head()[1]))
        if ADMINISTRATOR not in by.roles:
            raise Forbidden("an import is for administrator; ask an officer in that role")
        check_names(source, batch, baseline, today)
        stage = stage or (lambda name: None)
        stage("reading files")
        taken = Extract.read(extract, mapping)
        declared_of(taken)  # what cannot be counted is told before anything is recorded
        told = Batch(source, batch, baseline, today, self.setting.namespace)
        report = Report(source, batch, {table: taken.size(table) for table in TABLES})
        with without_collector():
            Load(self, taken, told, by, report, progress or (lambda done, of: None), stage).run()
        report.seconds = perf_counter() - start
        report.write(extract)
        return report


def check_names(source: str, batch: str, baseline: date, today: date) -> None:
    """Refuse names that would not do in ids and file names, and a baseline that is to come."""
    faults = [
        Fault(f"/{at}", "name", "1 to 64 Latin letters, digits, dots, hyphens or underscores")
        for at, name in (("source", source), ("batch", batch))
        if not NAME.fullmatch(name)
    ]
    if baseline > today:
        faults.append(Fault("/baseline", "not-yet", f"{baseline} lies after today, {today}"))
    if faults:
        raise Malformed(faults)


@dataclass
class Load:
    """One run over one extract."""

    importer: Importer
    extract: Extract
    batch: Batch
    by: Authority
    report: Report
    progress: Progress
    stage: Stage
    digest: bytes = b""
    persons_done: int = 0

    def run(self) -> None:
        """Record everything that is not recorded yet."""
        send = self.importer.sender(self.extract.size(PERSONS))
        self.stage("checking rows")
        chunks = {str(one.number): one for one in cut(self.extract, *self.open())}
        plan = Plan.make(self.importer, self.extract, self.batch, self.by)
        self.stage("persons")
        self.go(plan, self.missing(plan, chunks), send)
        if self.report.entries and send != self.importer.here:
            tidy(self.importer.store.engine)
        self.stage("counting")
        self.report.findings.sort(key=order)
        self.report.refused.sort(key=order)
        self.close()

    def id(self, chunk: str) -> UUID:
        """The submission of a chunk."""
        name = f"import/{self.batch.source}/{self.batch.name}/{chunk}"
        return uuid5(self.batch.namespace, name)

    def open(self) -> tuple[int, int]:
        """Fix what the batch holds, or see that it is what was fixed.

        Says the rows of a chunk and of the first one: a batch that was begun goes on as it began.
        """
        parts = [(table, slice(0, self.extract.size(table))) for table in TABLES]
        head = f"{self.batch.source}/{self.batch.name}/{self.batch.baseline}\n".encode()
        self.digest = hashlib.sha256(head + self.extract.digest(parts)).digest()
        rows, first = self.importer.chunk_rows, self.importer.first_rows
        answer = msgspec.json.encode({"chunk_rows": rows, "first_rows": first})
        by = self.by
        stream = batch_id(self.batch)
        came = opening(self.batch, self.extract, self.digest)
        entries = [self.importer.codec.stored(came, self.importer.salt)]
        wish = Append(
            self.id("open"), by.officer, by.office, self.digest, answer, entries, {stream: 0}
        )
        (outcome,) = self.importer.store.append([wish])
        if isinstance(outcome, Repeated):
            refuse_other(self.batch, outcome.digest, self.digest)
            told = msgspec.json.decode(outcome.receipt.answer)
            rows = told["chunk_rows"]
            first = told.get("first_rows", rows)  # before they were told all chunks were equal
        elif isinstance(outcome, Failed):
            raise outcome.error
        else:
            self.report.entries += len(entries)
        return rows, first

    def close(self) -> None:
        """Count what became of it and record that, unless it is recorded already."""
        counts = reconcile(self.extract, self.report.refused, self.report.findings)
        self.report.counts = counts
        importer = self.importer
        self.report.entries += close(
            importer.store,
            importer.codec,
            importer.salt,
            self.by,
            self.id,
            self.batch,
            reconciled(self.batch, self.report, counts),
        )

    def digest_of(self, chunk: str) -> bytes:
        """What a chunk holds: a part of the extract that was fixed at the start."""
        return hashlib.sha256(self.digest + chunk.encode()).digest()

    def task(self, plan: Plan, name: str, one: Chunk) -> Task:
        """A chunk on its way."""
        importer = self.importer
        task = Task(
            self.batch,
            self.id(name),
            self.digest_of(name),
            self.by,
            importer.store.node,
            importer.setting,
            importer.clock(),
            importer.salt() + importer.salt(),
            one if isinstance(one, CodesPart) else plan.part(one),
        )
        if isinstance(one, CodesPart):
            return task
        findings, refused = plan.remarks(one)
        return replace(task, findings=findings, refused=refused, guards=plan.guards(one))

    def missing(self, plan: Plan, chunks: Mapping[str, Cut]) -> Iterator[tuple[str, Chunk]]:
        """The chunks that are not recorded yet; what became of the others is reported.

        The codes come last and are looked for while others are being recorded.
        """
        yield from self.unknown(chunks)
        yield from self.unknown(plan.codes())

    def unknown(self, chunks: Mapping[str, Chunk]) -> Iterator[tuple[str, Chunk]]:
        """Those of some chunks that are not recorded yet."""
        self.report.chunks += len(chunks)
        recorded = self.importer.store.submissions([self.id(name) for name in chunks])
        for name, one in chunks.items():
            held = recorded.get(self.id(name))
            if held is None:
                yield name, one
                continue
            refuse_other(self.batch, held.digest, self.digest_of(name))
            self.report.repeated += 1
            self.tell(one, held.receipt.answer)

    def go(self, plan: Plan, chunks: Iterator[tuple[str, Chunk]], send: Send) -> None:
        """Record chunks in turn, several at once where there are worker processes."""
        under_way: deque[tuple[str, Chunk, Future[Done]]] = deque()
        try:
            while True:
                for name, one in islice(chunks, self.importer.ahead + 1 - len(under_way)):
                    under_way.append((name, one, send(self.task(plan, name, one))))
                if not under_way:
                    return
                name, one, future = under_way.popleft()
                done = future.result()
                if done.moved:
                    plan.reload(done.moved)
                    under_way.appendleft((name, one, send(self.task(plan, name, one))))
                    continue
                self.report.entries += done.count
                self.report.repeated += done.repeated
                self.tell(one, done.answer, new=not done.repeated)
        except BrokenProcessPool as error:
            self.importer.close()
            raise Unavailable(
                "a worker process died, perhaps for want of memory; nothing is lost: start the"
                " same import again, it goes on from here"
            ) from error
        finally:
            for *_, future in under_way:
                future.cancel()

    def tell(self, one: Chunk, answer: bytes, new: bool = False) -> None:
        """Report what became of a chunk."""
        told = msgspec.json.decode(answer)
        self.report.add(told)
        if new:
            self.report.persons += told["accepted"].get(PERSONS, 0)
        if isinstance(one, Cut):
            self.persons_done += len(one.persons)
            persons = self.extract.size(PERSONS)
            self.progress(self.persons_done, persons)
            if self.persons_done == persons:
                self.stage("sequence codes")


def order(told: tuple[str, int, str, str]) -> tuple[int, int, str]:
    """Where a remark stands in the report: by table and row."""
    table, row, _, what = told
    return TABLES.index(table), row, what
