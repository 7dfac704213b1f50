"""Which private parts were blanked: as the log has it, and in a file that no backup brings back.

A backup that is older than a redaction has the text still, and not the entry that blanked it. So
each redaction is noted outside of the database too, by what it blanked and never by the text, in a
line that the province's secret seals. A file that cannot be read or written is told of, wherever
somebody looks, and stops nobody: it guards the register, which has to stay open without it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from adapters.appending import noticed
from adapters.eventstore import entries
from registry.codec import Codec
from registry.errors import Unavailable
from registry.events.redaction import PART_REDACTED, PartRedacted, RedactionProposed
from registry.store import Append, EntryStore, Outcome, Stored
from registry.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from adapters.assembly import Parts

LOGGER = logging.getLogger(__name__)
CODEC = Codec()
REDACTION_PROPOSED = VOCABULARY[RedactionProposed].code
#: Streams that are fetched together.
STREAMS = 500
#: What a line that is damaged, however it is, raises when it is read.
UNREADABLE = msgspec.DecodeError, UnicodeDecodeError, RecursionError
#: How often a process looks for what others have blanked.
FORGET_S = 1.0


@dataclass(frozen=True)
class Blanking:
    """A redaction in the log.

    person: on whose stream it stands. by: officer and office that confirmed it.
    """

    position: int
    recorded_at: int
    person: UUID
    by: tuple[str, str]
    event: PartRedacted

    @property
    def blanks(self) -> tuple[UUID, int, str]:
        """What it blanked: stream, version and part."""
        return self.event.entry_of, self.event.entry_version, self.event.part


def redactions(
    connection: Connection, after: int = 0, until: int | None = None
) -> Iterator[Blanking]:
    """The redactions after a position, up to and with another, by an index that holds no others."""
    told = entries.c
    # Of a sum the primary key knows nothing, so that nobody takes it in place of that index.
    query = (
        select(told.position, told.recorded_at, told.stream, told.officer, told.office, told.state)
        .where(told.code == literal_column(str(PART_REDACTED)), told.position + 0 > after)
        .order_by(told.position)
    )
    if until is not None:
        query = query.where(told.position + 0 <= until)
    for row in connection.execute(query):
        event = CODEC.event(PART_REDACTED, bytes(row.state), b"")
        by = row.officer, row.office
        yield Blanking(row.position, row.recorded_at, UUID(bytes=bytes(row.stream)), by, event)


def blanked_after(connection: Connection, after: int, until: int | None = None) -> set[bytes]:
    """The streams, by their bytes, of which entries after a position blank something."""
    return {one.event.entry_of.bytes for one in redactions(connection, after, until)}


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A redaction as it is noted outside of the database, a line of JSON.

    person: on whose stream it stands. entry: SHA-256 of the half of the blanked entry that stays,
    in hexadecimal digits, so that another entry in its place is not taken for it. recorded_at: the
    instant of the redaction, microseconds UTC. proposed_by, confirmed_by: officer and office.
    seal: HMAC-SHA256 of the line without it, in hexadecimal digits.
    """

    person: UUID
    entry_of: UUID
    version: int
    part: str
    entry: str
    recorded_at: int
    ground: str
    document: str
    proposed_by: tuple[str, str]
    confirmed_by: tuple[str, str]
    seal: str = ""

    @property
    def blanks(self) -> tuple[UUID, int, str]:
        """What it blanked: stream, version and part."""
        return self.entry_of, self.version, self.part

    def sealed(self, secret: bytes) -> Noted:
        """The same line with the seal that it must have."""
        line = msgspec.json.encode(msgspec.structs.replace(self, seal=""))
        told = hmac.digest(secret, line, hashlib.sha256).hex()
        return msgspec.structs.replace(self, seal=told)


class Notes(NamedTuple):
    """What a file notes: its lines that hold, and the number of those that do not."""

    lines: Sequence[Noted] = ()
    damaged: int = 0


def secret_of(namespace: UUID) -> bytes:
    """The secret that seals the lines, from the node's namespace, which every backup has."""
    return hmac.digest(namespace.bytes, b"redactions", hashlib.sha256)


class Noting:
    """The file in which redactions are noted outside of the database.

    secret: what seals its lines; None where nobody has it, as in an archive, and seals are not
    looked at. failed: why the file could not be written when it last had to be, else empty.
    """

    def __init__(self, path: Path, secret: bytes | None, engine: Engine, store: EntryStore) -> None:
        self.path = path
        self.failed = ""
        self._secret = secret
        self._engine = engine
        self._store = store

    def __call__(self, held: Sequence[Blanking] | None = None) -> str:
        """Note, durably, what the log has and the file lacks; returns why that failed, or nothing.

        held: the redactions in the log, where they are known already. Whatever goes wrong stops
        nobody: what is recorded stays so.
        """
        try:
            self._note(self.held() if held is None else held)
            self.failed = ""
        except Exception as error:
            if not isinstance(error, (Unavailable, SQLAlchemyError)):
                LOGGER.exception("redactions cannot be noted in %s", self.path)
            self.failed = f"redactions are recorded, and not noted outside of the database: {error}"
        return self.failed

    def told(self, batch: Sequence[Append], outcomes: list[Outcome]) -> list[Outcome]:
        """Note what a batch blanked; its answers say so where that fails."""
        if failed := self():
            LOGGER.warning("%s", failed)
            return noticed(batch, outcomes)
        return outcomes

    def held(self) -> list[Blanking]:
        """The redactions in the log."""
        with self._engine.connect() as connection:
            return [*redactions(connection)]

    def read(self) -> Notes:
        """What the file notes, nothing if it is not there. Raises Unavailable if it cannot be."""
        with reaching(self.path):
            try:
                return self._read(self.path.read_bytes())
            except FileNotFoundError:
                return Notes()

    def _read(self, raw: bytes) -> Notes:
        lines: list[Noted] = []
        damaged = 0
        for line in whole_lines(raw):
            try:
                told = msgspec.json.decode(line, type=Noted)
            except UNREADABLE:
                damaged += 1
                continue
            if self._secret is None or hmac.compare_digest(
                told.sealed(self._secret).seal.encode(), told.seal.encode()
            ):
                lines.append(told)
            else:
                damaged += 1
        return Notes(lines, damaged)

    def _note(self, held: Sequence[Blanking]) -> None:
        assert self._secret is not None, "nothing is recorded in an archive"
        if not _lacking(held, self.read()):
            return
        with alone(self.path) as file:
            raw = file.read()
            new = _told(_lacking(held, self._read(raw)), self._store)
            lines = [msgspec.json.encode(one.sealed(self._secret)) for one in new]
            add(self.path, file, raw, lines)


def _lacking(held: Sequence[Blanking], notes: Notes) -> list[Blanking]:
    """The redactions that are not noted; one that was recorded again counts as another."""
    known = {(one.blanks, one.recorded_at) for one in notes.lines}
    return [one for one in held if (one.blanks, one.recorded_at) not in known]


def whole_lines(raw: bytes) -> list[bytes]:
    """The lines of a file; one without its end was being written when its writer fell."""
    return raw[: raw.rfind(b"\n") + 1].splitlines()


@contextmanager
def reaching(path: Path) -> Iterator[None]:
    """A block in which a file that cannot be read or written is told as Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be read or written ({error.strerror or error}); set it right, or name"
            " another file with REGISTRY_REDACTIONS"
        ) from error


@contextmanager
def alone(path: Path) -> Iterator[Any]:
    """A file, readable by its owner alone, that nobody else writes meanwhile.

    Raises Unavailable where it cannot be reached.
    """
    with reaching(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def add(path: Path, file: Any, raw: bytes, lines: Sequence[bytes]) -> None:
    """Add lines, durably, behind the whole lines of an open file that holds `raw`."""
    file.truncate(raw.rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)
    file.write(b"".join(line + b"\n" for line in lines))
    file.flush()
    os.fsync(file.fileno())
    if not raw:  # it may be new, and its name has to last as well
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _told(held: Sequence[Blanking], store: EntryStore) -> Iterator[Noted]:
    """Redactions with what their proposals say, as they are noted."""
    rows = _rows(store, [one.person for one in held] + [one.event.entry_of for one in held])
    for one in held:
        proposal = rows[one.person, one.event.proposal]
        said = CODEC.event(REDACTION_PROPOSED, proposal.state, proposal.private)
        entry = rows[one.event.entry_of, one.event.entry_version]
        yield Noted(
            person=one.person,
            entry_of=one.event.entry_of,
            version=one.event.entry_version,
            part=one.event.part,
            entry=digest_of(entry.state),
            recorded_at=one.recorded_at,
            ground=str(said.ground),
            document=said.document,
            proposed_by=(proposal.officer, proposal.office),
            confirmed_by=one.by,
        )


def digest_of(state: bytes) -> str:
    """What is noted of a blanked entry, from the half of it that stays."""
    return hashlib.sha256(state).hexdigest()


def _rows(store: EntryStore, streams: Collection[UUID]) -> Mapping[tuple[UUID, int], Stored]:
    """The entries of streams by stream and version."""
    keys = sorted({one.bytes for one in streams})
    return {
        (UUID(bytes=key), row.version): row
        for first in range(0, len(keys), STREAMS)
        for key, its in store.rows_of(keys[first : first + STREAMS]).items()
        for row in its
    }


def forget_blanked(parts: Parts, stop: Event, after: int) -> None:
    """Let a register's memory go of what other processes blank, until told to stop.

    What could not be noted outside of the database is tried again as often.
    after: a position before which the register had nothing in memory.
    """
    reached = True
    while not stop.wait(FORGET_S):
        if parts.noting.failed:
            parts.noting()
        try:
            with parts.engine.connect() as connection:
                found = [*redactions(connection, after)]
        except SQLAlchemyError as error:
            # Away, or overburdened; what was blanked meanwhile is seen when it is back.
            if reached:
                LOGGER.warning("what others blank is not seen until this is over: %s", error)
            reached = False
            continue
        reached = True
        if found:
            parts.register.forget({one.event.entry_of for one in found})
            after = found[-1].position
