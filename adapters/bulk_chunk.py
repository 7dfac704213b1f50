"""One chunk from rows to the store: what a worker process does, or this one where few rows come."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress, groupby
from multiprocessing import parent_process
from threading import Thread
from typing import Any, Protocol
from uuid import UUID

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adapters.bulk_columns import Plainly, enter_plain, enter_plain_codes
from adapters.bulk_encoding import Lines, Salts
from adapters.bulk_writing import Desk, Envelope, Taken, desk_at
from adapters.database import Durability
from adapters.eventstore import available, entries_of
from registry.aggregates import SegmentPlan
from registry.codec import Codec
from registry.commands.extract import Batch, Homes, House, Plate, Remark, StreetRow, uuid_of
from registry.commands.importing import (
    Decision,
    enter_codes,
    enter_holders,
    enter_homes,
    enter_plates,
    enter_streets,
    holder_streams,
)
from registry.entry import Entry
from registry.errors import SubmissionReused
from registry.memory import History
from registry.register import Authority, Registrar, Setting, Submission
from registry.store import Receipt

ATTEMPTS = 10


class Part(Protocol):
    """The rows of a chunk, and how they become entries."""

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter the rows; `known` are streams among theirs that the register has already."""
        ...

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """Streams to be read under the lock."""
        ...

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Enter what hangs on streams that the register has already."""
        ...


Histories = Mapping[UUID, list[Entry]]
MakeRegistrar = Callable[[Histories], Registrar]


class Plain:
    """Rows that hang on nothing else."""

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """Nothing."""
        return set()

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Nothing."""
        return (), Counter()


@dataclass(frozen=True)
class StreetsPart(Plain):
    """Streets."""

    streets: Sequence[StreetRow]

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter them."""
        made = enter_streets(batch, self.streets, known)
        return made, Lines.of(made.entries, salts)


@dataclass(frozen=True)
class PlatesPart(Plain):
    """Door plates."""

    plates: Sequence[Plate]

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter them."""
        made = enter_plates(batch, self.plates, known)
        return made, Lines.of(made.entries, salts)


@dataclass(frozen=True)
class HomesPart:
    """Households and their members."""

    houses: Sequence[House]
    sizes: Sequence[int]
    persons: pa.RecordBatch
    rows: Sequence[int]
    right: Sequence[bool]
    shared: frozenset[str]
    absent: frozenset[str]

    def __reduce__(self) -> tuple[Any, ...]:
        # Arrow would send the whole table of which this is a slice.
        schema, rows = self.persons.schema.serialize(), self.persons.serialize()
        rest = (self.rows, self.right, self.shared, self.absent)
        return revive, (self.houses, self.sizes, schema.to_pybytes(), rows.to_pybytes(), *rest)

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter them: those in which nothing is odd in columns, the others one by one."""
        if known:
            made = self.one_by_one(batch, known)
            return made, Lines.of(made.entries, salts)
        plain = enter_plain(
            *(batch, self.houses, self.sizes, self.persons, np.array(self.right, np.bool_)),
            *(self.shared, self.absent, salts),
        )
        made = self.left(plain).one_by_one(batch, known)
        made.accepted.update(plain.accepted)
        lines = Lines.of(made.entries, salts)
        return made, Lines.joined([plain.lines, lines]) if plain.lines else lines

    def one_by_one(self, batch: Batch, known: Collection[UUID]) -> Decision:
        """Enter them entry by entry."""
        columns = {name: self.persons[name].to_pylist() for name in self.persons.schema.names}
        homes = Homes(
            *(self.houses, self.sizes, columns, self.rows, self.right, self.shared, self.absent)
        )
        return enter_homes(batch, homes, known)

    def left(self, plain: Plainly) -> HomesPart:
        """Those that were not entered in columns."""
        return replace(
            self,
            houses=list(compress(self.houses, plain.left)),
            sizes=list(compress(self.sizes, plain.left)),
            persons=self.persons.filter(pa.array(plain.members_left)),
            rows=list(compress(self.rows, plain.members_left)),
            right=list(compress(self.right, plain.members_left)),
        )

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """The numbers that others hold too, and their cases."""
        return holder_streams(batch, [number for _, number in made.holders])

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Record second holders and open cases."""
        if not made.holders:
            return (), Counter()
        desk = registrar(held)
        counted = enter_holders(desk, made.holders)
        return desk.noted, counted


def revive(
    houses: Sequence[House], sizes: Sequence[int], schema: bytes, rows: bytes, *rest: Any
) -> HomesPart:
    """Households and their members as they came through a pipe."""
    told = pa.ipc.read_schema(pa.py_buffer(schema))
    return HomesPart(houses, sizes, pa.ipc.read_record_batch(pa.py_buffer(rows), told), *rest)


@dataclass(frozen=True)
class CodesPart:
    """Sequence codes of numbers: their first seventeen digits as integers, rising, each once."""

    codes: NDArray[np.int64]
    plans: Mapping[str, SegmentPlan]

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter those of new books."""
        made = Decision()
        if known:
            made.entries = enter_codes(batch, self.listed(), self.plans, dict.fromkeys(known))
            lines = Lines.of(made.entries, salts)
        else:
            lines = Lines.joined([Lines.of((), salts), *self.plain(batch, salts)])
        made.accepted["books"] = len(lines)
        return made, lines

    def plain(self, batch: Batch, salts: Salts) -> list[Lines]:
        """Enter them all in columns."""
        return enter_plain_codes(batch, self.codes, self.plans, salts)

    def listed(self) -> list[tuple[str, list[int]]]:
        """Address code and birth date, and the codes seen with both."""
        texts = map(str, self.codes.tolist())
        return [
            (prefix, [int(text[14:]) for text in some])
            for prefix, some in groupby(texts, lambda text: text[:14])
        ]

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """The books that there are."""
        return set(known)

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Enter those of the books that there are."""
        if not held:
            return (), Counter()
        every = enter_codes(batch, self.listed(), self.plans, held)
        entries = [entry for entry in every if entry.stream in held]
        return entries, Counter(books=len(entries))


@dataclass(frozen=True)
class Task:
    """A chunk on its way to the store.

    told: what was found out about its rows before. guards: streams it stands on and their versions.
    """

    batch: Batch
    submission: UUID
    digest: bytes
    by: Authority
    node: int
    setting: Setting
    now: int
    seed: bytes
    part: Part
    findings: Sequence[Remark] = ()
    refused: Sequence[Remark] = ()
    guards: Mapping[UUID, int] | None = None


@dataclass(frozen=True)
class Done:
    """What became of a chunk; `moved` are streams that have other versions than it stands on."""

    answer: bytes = b""
    count: int = 0
    repeated: bool = False
    moved: frozenset[UUID] = frozenset()


def record(task: Task, desk: Desk, codec: Codec) -> Done:
    """Record a chunk, whatever of it the register has already."""
    by = task.by
    envelope = Envelope(task.node, by.officer, by.office, task.submission.bytes, task.digest)
    guards = {stream.bytes: version for stream, version in (task.guards or {}).items()}
    known: set[UUID] = set()
    for _ in range(ATTEMPTS):
        salts = Salts(task.seed)
        made, lines = task.part.decide(task.batch, known, salts)
        ready = desk.prepare(lines, envelope)
        asked = {stream.bytes for stream in task.part.asked(task.batch, made, known)}
        try:
            found = desk.begin(guards.keys(), envelope.submission)
            if envelope.submission in found.submissions:
                return repetition(task, desk)
            moved = [key for key, version in guards.items() if found.heads.get(key, 0) != version]
            if moved:
                return Done(moved=frozenset(uuid_of(int.from_bytes(key, "big")) for key in moved))
            held = histories(desk, asked, codec)
            more, counted = task.part.settle(task.batch, made, held, registrar_for(task))
            answer = told(task, made, counted)
            instant = max(task.now, found.recorded_at)
            first = found.position + 1
            if len(lines):
                desk.write(ready, first, instant)
            late = Lines.of(more, salts)
            if len(late):
                desk.write(desk.prepare(late, envelope), first + len(lines), instant)
            count = len(lines) + len(late)
            receipt = Receipt(task.submission, first, count, instant, answer)
            desk.commit(envelope, receipt)
            return Done(answer, count)
        except Taken:
            desk.rollback()
            desk.begin((), envelope.submission)
            taken = desk.heads(lines.first_versions())
            known |= {uuid_of(int.from_bytes(key, "big")) for key in taken}
            if not taken:
                raise
        finally:
            desk.rollback()
    raise AssertionError(f"chunk {task.submission} does not race for ever")


def repetition(task: Task, desk: Desk) -> Done:
    """What was answered when the chunk was recorded."""
    row = desk.submission(task.submission.bytes)
    refuse_other(task.batch, row[3], task.digest)
    return Done(row[7], repeated=True)


def refuse_other(batch: Batch, recorded: bytes, digest: bytes) -> None:
    """The same batch with other content is a conflict."""
    if recorded != digest:
        raise SubmissionReused(
            f"batch {batch.name} of {batch.source} was begun with other content;"
            " give a corrected extract a batch name of its own"
        )


def histories(desk: Desk, keys: Collection[bytes], codec: Codec) -> dict[UUID, list[Entry]]:
    """The entries of streams under the lock; every stream asked for is there."""
    found: dict[UUID, list[Entry]] = {uuid_of(int.from_bytes(key, "big")): [] for key in keys}
    for stored in entries_of(desk.streams(keys) if keys else (), {}):
        entry = codec.entry(stored)
        found[entry.stream].append(entry)
    return found


def registrar_for(task: Task) -> MakeRegistrar:
    """A registrar for what commands would decide in the same way."""

    def make(held: Histories) -> Registrar:
        command: Any = None  # nobody asks for it
        return Registrar(
            {stream: History(entries) for stream, entries in held.items()},
            Submission(task.submission, task.by, command),
            task.now,
            task.setting,
            lambda nth: UUID(int=nth),
        )

    return make


def told(task: Task, made: Decision, counted: Counter[str]) -> bytes:
    """What is answered about a chunk, whenever it is asked for."""
    accepted = made.accepted + counted
    return msgspec.json.encode(
        {
            "accepted": dict(sorted(accepted.items())),
            "findings": [*task.findings, *made.findings],
            "refused": [*task.refused, *made.refused],
        }
    )


@contextmanager
def without_collector() -> Iterator[None]:
    """Entries by the ten thousand hold no cycles; looking for some takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Worker:
    """What a worker process has."""

    desk: Desk
    codec: Codec


def start(url: str, durability: Durability) -> None:
    """Begin a worker process: open the database, and end when the parent does, however it ends."""
    gc.disable()
    Worker.desk, Worker.codec = desk_at(url, durability), Codec()
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def work(task: Task) -> Done:
    """Record a chunk in a worker process."""
    with available():
        return record(task, Worker.desk, Worker.codec)
