"""One chunk from rows to the store: what a worker process does, or this one where few rows come."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from threading import Thread
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa

from adapters.bulk_columns import plain
from adapters.bulk_encoding import Lines, Salts
from adapters.bulk_numbers import listed
from adapters.bulk_parts import Histories, MakeRegistrar, Part
from adapters.bulk_writing import Desk, Envelope, Taken, desk_at
from adapters.database import Durability
from adapters.eventstore import available, entries_of
from registry.codec import Codec
from registry.codes import divisions
from registry.commands.extract import Batch, Remark, uuid_of
from registry.commands.importing import Decision
from registry.commands.people import KINDS, reader
from registry.entry import Entry
from registry.errors import SubmissionReused
from registry.memory import History
from registry.register import Authority, Registrar, Setting, Submission
from registry.store import Receipt

ATTEMPTS = 10


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


def warm() -> None:
    """Load what the first chunk would wait for."""
    listed(divisions().edition)
    for kind in KINDS.values():
        reader(kind)["?"]
    assert plain(pa.array(["王"])).to_pylist() == [True]


def work(task: Task) -> Done:
    """Record a chunk in a worker process."""
    with available():
        return record(task, Worker.desk, Worker.codec)
