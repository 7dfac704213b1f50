"""From the store into the sealed log: columns in a folder, up to which the log is read at once.

Sealing is done in a process of its own, which reads by ADBC and gives its memory back when it ends.
The position up to which a folder is sealed stands in its manifest, which changes in one step: so
whoever crashes, or runs twice, every entry is sealed once. What is not sealed yet is read from the
store, on top of the folder.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from adapters.assembly import Settings
from adapters.columnar import Columnar
from adapters.eventstore import Recorder
from adapters.redactions import redactions
from adapters.signing import open_signer
from registry.codec import Codec
from registry.entry import Entry
from registry.errors import Conflict, RegistryError, Unavailable
from registry.events.redaction import PART_REDACTED
from registry.store import EntryStore
from replay.columns.log import KeptLog, Log
from replay.intake.rows import Intake
from replay.sealed.manifest import MANIFEST
from replay.sealed.reading import Folder, SealedLog, read_manifest
from replay.sealed.writing import LogWriter

#: Entries of one lot at most; a lot ends where their number divides a position, so that the same
#: log becomes the same files however often its sealing was interrupted.
LOT = 1 << 18
#: Entries that may wait before the follower seals them; they are read from the store meanwhile.
WAITING = 20_000
#: How often the follower looks.
LOOK_S = 1.0
AWAY_S = 5.0
LEASE = "sealer"
#: Entries read at once from the store, of what is not sealed.
PAGE = 5_000

LOGGER = logging.getLogger(__name__)

#: Told after each lot: the position sealed, and the last one there is. Or after each partition that
#: is written anew because of what came on top: how many are done, and of how many.
Progress = Callable[[int, int], None]


def nothing(done: int, of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Job:
    """What is sealed: a database's log, into a folder, signed with a key of a file if there is one.

    until: the last position; None for all there are.
    """

    database: str
    folder: Path
    signing_key: Path | None = None
    until: int | None = None
    lot: int = LOT

    def key(self) -> Ed25519PrivateKey | None:
        """The newest key of the file."""
        if self.signing_key is None or not self.signing_key.exists():
            return None
        return Ed25519PrivateKey.from_private_bytes(open_signer(self.signing_key).keys[-1].seed)


def seal(job: Job, progress: Progress = nothing, anew: Progress = nothing) -> int:
    """Seal what a folder lacks; returns the position sealed.

    progress: is told of entries, anew: of partitions that are written anew in the end.

    On SQLite only in a process that opens the database in no other way.
    """
    with Columnar(job.database) as source, LogWriter(job.folder, job.key()) as writer:
        if writer.head:
            of_this_log(job.folder, writer.head, writer.instant, source.recorded_at(writer.head))
        head = source.head() if job.until is None else min(job.until, source.head())
        codec = Codec()
        redact_sealed(source, writer, head, anew)
        intakes = [Intake(writer.spaces, codec) for _ in range(2)]
        many = head - writer.head > job.lot
        for filled, last in lots(source, intakes, writer.head, head, job.lot):
            writer.append(filled.runs(), last, tidy=not many)
            progress(last, head)
        if many:
            writer.compact(anew)
        return writer.head


class OfAnother(Conflict):
    """What is sealed is not of this database."""

    code = "sealed-log-of-another"


def of_this_log(folder: Path, head: int, instant: int, recorded_at: int | None) -> None:
    """Raise OfAnother where a database has not the entry that was sealed last.

    instant: when that was recorded. recorded_at: when the database's at that position was.
    """
    if recorded_at != instant:
        has = "ends before it" if recorded_at is None else "has another entry there"
        raise OfAnother(
            f"the log in {folder} is sealed up to position {head}, and the database {has}: it is"
            " another one, or was restored from a backup; move the folder away, run"
            " `registry seal`, and destroy it once what was lost is entered again"
        )


def redact_sealed(source: Columnar, writer: LogWriter, head: int, anew: Progress = nothing) -> None:
    """Take out of what is sealed what redactions after it have blanked in the store.

    Before they are sealed themselves: a crash in between leaves them to be looked at again.
    """
    found = source.redactions(writer.head, head)
    named = [Codec().event(PART_REDACTED, state, b"") for _, state in found]
    rows = [source.entry(one.entry_of, one.entry_version) for one in named]
    if rows := [one for one in rows if one.position <= writer.head]:
        writer.redact(rows, [position for position, _ in found], anew)


def lots(
    source: Columnar, intakes: list[Intake], after: int, head: int, size: int
) -> Iterator[tuple[Intake, int]]:
    """Full intakes with the last position of each; the next is read while one is worked on."""

    def fill(intake: Intake, first: int, last: int) -> tuple[Intake, int]:
        for batch in source.batches(first, last):
            intake.add(batch)
        if len(intake) != last - first:
            raise Unavailable(f"the store gave {len(intake)} of {last - first} entries")
        return intake, last

    ends = [*range((after // size + 1) * size, head, size), head] if after < head else []
    with ThreadPoolExecutor(1, "reader") as reader:
        running = None
        for number, end in enumerate(ends):
            waiting = reader.submit(fill, intakes[number % 2], after, end)
            after = end
            if running is not None:
                yield running.result()
            running = waiting
        if running is not None:
            yield running.result()


def seal_apart(
    job: Job,
    progress: Progress = nothing,
    stop: Event | None = None,
    anew: Progress = nothing,
) -> int:
    """Seal in a process of its own, until told to stop; returns the position sealed.

    What was sealed before it stopped stays. Raises what went wrong there.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_work, args=(job, theirs, os.getpid()), daemon=True)
    child.start()
    theirs.close()
    done = 0
    try:
        while True:
            if stop is not None and stop.is_set():
                return done
            if not ours.poll(LOOK_S):
                continue
            match ours.recv():
                case (int(done), int(of)):
                    progress(done, of)
                case ("anew", int(some), int(of)):
                    anew(some, of)
                case int(done):
                    child.join()
                    return done
                case RegistryError() | OSError() | ValueError() as error:
                    raise error
    except EOFError:
        child.join()
        raise Unavailable(f"the process that seals ended with {child.exitcode}") from None
    finally:
        child.kill()
        child.join()
        ours.close()


def _work(job: Job, told: Connection, parent: int) -> None:
    """Seal, and tell the parent; without one there is nobody to seal for."""

    def tell(*what: Any) -> None:
        if os.getppid() != parent:
            raise SystemExit(1)
        told.send(what)

    try:
        told.send(seal(job, tell, partial(tell, "anew")))
    except (RegistryError, OSError, ValueError) as error:
        told.send(error if travels(error) else Unavailable(str(error)))


def travels(error: Exception) -> bool:
    """Whether an error comes out of a process as it is; else its words must do."""
    try:
        return str(pickle.loads(pickle.dumps(error))) == str(error)
    except Exception:
        return False


def follow_sealing(
    job: Job,
    store: Recorder,
    stop: Event,
    held: Callable[[], bool] = lambda: True,
    progress: Progress = nothing,
    waiting: int = WAITING,
) -> None:
    """Seal whenever enough entries wait, or one that blanks what is sealed, until told to stop.

    Only a folder that has been sealed once. held: whether this process is the one that seals.
    """
    while not stop.wait(LOOK_S):
        try:
            sealed, (head, _) = sealed_head(job.folder), store.head()
            if not sealed or not held():
                continue
            if head - sealed >= waiting or redacts(store.engine, sealed, head):
                seal_apart(job, progress, stop)
        except (RegistryError, ValueError, OSError, OperationalError) as error:
            # Away, or somebody else is at it, or an entry is of a newer program; what stands is
            # whole, answers read the rest from the store, and the next look goes on.
            LOGGER.warning("sealing waits: %s", error)
            stop.wait(AWAY_S)


def redacts(engine: Engine, after: int, until: int) -> bool:
    """Whether one of the entries after a position, up to and with another, blanks a part."""
    with engine.connect() as connection:
        return any(redactions(connection, after, until))


def job_of(settings: Settings, folder: Path | None = None) -> Job:
    """What the settings say is sealed, and where."""
    chosen = folder or Path(settings.sealed)
    return Job(settings.database, chosen, Path(settings.signing_key))


def sealed_head(folder: Path) -> int:
    """The position up to which a folder is sealed, 0 if it is not there."""
    return read_manifest(Folder(folder)).head if (folder / MANIFEST).exists() else 0


def belongs(folder: Path, store: EntryStore) -> None:
    """Raise OfAnother where what is sealed in a folder is not of a store."""
    link = read_manifest(Folder(folder)).link
    last = store.page(link.head - 1, 1, link.head)
    of_this_log(folder, link.head, link.instant, last[0].recorded_at if last else None)


def open_log(folder: Path, store: EntryStore, codec: Codec | None = None) -> Log:
    """The log as it is now: what the folder holds, and on top what the store has besides."""
    codec = codec or Codec()

    def tail(after: int) -> Iterator[Entry]:
        while page := store.page(after, PAGE):
            yield from map(codec.entry, page)
            after = page[-1].position

    sealed = sealed_head(folder)
    if not sealed:
        return KeptLog(tail(0))
    belongs(folder, store)
    return SealedLog(folder, tail(sealed), guarded=True)
