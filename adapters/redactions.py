"""Which private parts were blanked: as the log has it, and in a file that no backup brings back.

A backup that is older than a redaction has the text still, and not the entry that blanked it. So
each redaction is noted outside of the database too, by what it blanked and never by the text;
whoever opens a database that lacks one is stopped until it is recorded again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, literal_column, select
from sqlalchemy.exc import OperationalError

from adapters.eventstore import entries
from registry.codec import Codec, blanked
from registry.entry import Entry
from registry.errors import Conflict, Unavailable
from registry.events.redaction import PART_REDACTED, PartRedacted, RedactionProposed
from registry.store import Append, EntryStore, Receipt, Stored
from registry.values import RedactionGround
from registry.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from adapters.assembly import Parts

CODEC = Codec()
REDACTION_PROPOSED = VOCABULARY[RedactionProposed].code
#: Streams that are fetched together.
STREAMS = 500
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
    in hexadecimal digits, so that another entry in its place is not taken for it. proposed_by,
    confirmed_by: officer and office.
    """

    person: UUID
    entry_of: UUID
    version: int
    part: str
    entry: str
    ground: str
    document: str
    proposed_by: tuple[str, str]
    confirmed_by: tuple[str, str]

    @property
    def blanks(self) -> tuple[UUID, int, str]:
        """What it blanked: stream, version and part."""
        return self.entry_of, self.version, self.part


class Restored(Unavailable):
    """The database is from before a redaction: what was blanked stands in it again."""

    code = "redactions-missing"


def noted(path: Path) -> list[Noted]:
    """The redactions that a file notes, none if it is not there. Raises Unavailable if damaged."""
    try:
        return _read(path, path.read_bytes())
    except FileNotFoundError:
        return []


def _read(path: Path, raw: bytes) -> list[Noted]:
    """Every whole line; one without its end was being written when its writer fell."""
    lines = raw[: raw.rfind(b"\n") + 1].splitlines()
    try:
        return [msgspec.json.decode(line, type=Noted) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(f"{path} is no list of redactions: {error}; restore it") from error


def note(path: Path, engine: Engine, store: EntryStore) -> int:
    """Note, durably, what the log has and the file lacks; returns how many there were."""
    with engine.connect() as connection:
        held = [*redactions(connection)]
    if {one.blanks for one in held} <= {one.blanks for one in noted(path)}:
        return 0
    with _alone(path) as file:
        raw = file.read()
        known = {(one.blanks, one.entry) for one in _read(path, raw)}
        new = [one for one in _told(held, store) if (one.blanks, one.entry) not in known]
        file.truncate(raw.rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        file.write(b"".join(msgspec.json.encode(one) + b"\n" for one in new))
        file.flush()
        os.fsync(file.fileno())
    return len(new)


@contextmanager
def _alone(path: Path) -> Iterator[Any]:
    """A file of secrets that nobody else writes meanwhile."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


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
            entry=_digest(entry),
            ground=str(said.ground),
            document=said.document,
            proposed_by=(proposal.officer, proposal.office),
            confirmed_by=one.by,
        )


def _digest(entry: Stored) -> str:
    return hashlib.sha256(entry.state).hexdigest()


def _rows(store: EntryStore, streams: Collection[UUID]) -> Mapping[tuple[UUID, int], Stored]:
    """The entries of streams by stream and version."""
    keys = sorted({one.bytes for one in streams})
    return {
        (UUID(bytes=key), row.version): row
        for first in range(0, len(keys), STREAMS)
        for key, its in store.rows_of(keys[first : first + STREAMS]).items()
        for row in its
    }


def missing(told: Sequence[Noted], engine: Engine, store: EntryStore) -> list[Noted]:
    """Those whose text stands in the database again, or still."""
    with engine.connect() as connection:
        held = {one.blanks for one in redactions(connection)}
    lost = [one for one in told if one.blanks not in held]
    rows = _rows(store, [one.entry_of for one in lost])
    found = []
    for one in lost:
        row = rows.get((one.entry_of, one.version))
        if row is not None and _digest(row) == one.entry and blanked(row.private, one.part)[1]:
            found.append(one)
    return found


def forget_blanked(parts: Parts, stop: Event, after: int) -> None:
    """Let a register's memory go of what other processes blank, until told to stop.

    after: a position before which the register had nothing in memory.
    """
    while not stop.wait(FORGET_S):
        try:
            with parts.engine.connect() as connection:
                found = [*redactions(connection, after)]
        except OperationalError:
            continue  # away; what was blanked meanwhile is seen when it is back
        if found:
            parts.register.forget({one.event.entry_of for one in found})
            after = found[-1].position


def stop_if_restored(parts: Parts) -> None:
    """Raise Restored where a database lacks redactions that are noted, and note those it has.

    An archive that was made before a redaction is such a database too.
    """
    settings = parts.settings
    if not settings.redactions:
        return
    path = Path(settings.redactions)
    if not settings.read_only:
        note(path, parts.engine, parts.store)
    lost = missing(noted(path), parts.engine, parts.store)
    if lost and settings.archive:
        raise Restored(
            f"{settings.archive} was made before {len(lost)} redactions that {path} names, and"
            " holds what was blanked; have it made again with `registry seal --to`, and destroy"
            " this one with the folder into which it was opened"
        )
    if lost:
        raise Restored(
            f"{len(lost)} redactions that {path} names are not in this database, which is from"
            " before them: record them again with `registry redactions --replay`"
        )


def record_again(
    told: Sequence[Noted],
    store: EntryStore,
    today: date,
    ids: Callable[[], UUID],
    salt: Callable[[], bytes],
) -> None:
    """Record redactions that a database lacks, by those who proposed and confirmed them.

    Nothing is asked anew: it was decided, and the text has to go.
    Raises Unavailable where somebody is not in the database of whom one speaks, Conflict where
    something else is recorded meanwhile.
    """
    for one in told:
        versions = len(_rows(store, [one.person]))
        if not versions:
            raise Unavailable(
                f"a redaction stands on the stream {one.person}, which is not in this database;"
                " restore a backup that has it"
            )
        proposal = RedactionProposed(
            effective_on=today,
            entry_of=one.entry_of,
            entry_version=one.version,
            part=one.part,
            ground=RedactionGround(one.ground),
            document=one.document,
        )
        confirmed = PartRedacted(
            effective_on=today,
            entry_of=one.entry_of,
            entry_version=one.version,
            part=one.part,
            proposal=versions + 1,
        )
        for event, (officer, office) in (
            (proposal, one.proposed_by),
            (confirmed, one.confirmed_by),
        ):
            entry = CODEC.stored(Entry(one.person, versions + 1, event, today), salt)
            digest = hashlib.sha256(b"a redaction that a backup lacked\n" + entry.state).digest()
            append = Append(ids(), officer, office, digest, b"{}", [entry], {one.person: versions})
            (outcome,) = store.append([append])
            if not isinstance(outcome, Receipt):
                raise Conflict("others are recording; let only this program use the database")
            versions += 1
