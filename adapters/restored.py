"""A database against the redactions that are noted outside of it: a backup may lack some.

What a restored backup brought back is told of, and blanked again by the decision that was taken
then. What is in force in it is not: it was blanked as something of the past, which it is again once
the change that followed is entered again. Until then it stands, and is told of.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from adapters.redactions import CODEC, STREAMS, Blanking, Noted, Notes, digest_of
from registry.codec import blanked
from registry.commands.redaction import blanked_entry, in_force
from registry.entry import Entry
from registry.errors import Conflict, Unavailable
from registry.events.redaction import PartRedacted, RedactionProposed
from registry.store import Append, EntryStore, Failed, Receipt, StoredEntry
from registry.values import RedactionGround
from registry.vocabulary import Kind

if TYPE_CHECKING:
    from adapters.assembly import Parts

LOGGER = logging.getLogger(__name__)
IN_FORCE = "it is in force in this database; enter the later change again first"
NO_PERSON = "the person of whom it was is not in this database; restore a later backup"


class Restored(Unavailable):
    """The database is from before a redaction: what was blanked stands in it again."""

    code = "redactions-missing"


@dataclass(frozen=True)
class Looked:
    """How a database stands against what is noted.

    missing: what stands in it and can be blanked again. waiting: what cannot yet, and why.
    """

    notes: Notes
    held: Sequence[Blanking]
    missing: Sequence[Noted]
    waiting: Sequence[tuple[Noted, str]]
    warnings: Sequence[str]


def look(parts: Parts) -> Looked:
    """Hold a database against what is noted, and note what it has itself."""
    noting = parts.noting
    held = noting.held()
    failed = "" if parts.settings.read_only else noting(held)
    try:
        notes = noting.read()
    except Unavailable as error:
        notes, failed = Notes(), failed or str(error)
    missing, waiting = lacking(notes.lines, held, parts.store)
    warnings = [failed] if failed else []
    if notes.damaged:
        warnings.append(
            f"{notes.damaged} lines of {noting.path} are damaged, or not sealed by this province,"
            " and are not heeded; bring the file back from its own copy, or move it away: what"
            " this database holds is noted anew"
        )
    if waiting:
        warnings.append(
            f"{len(waiting)} redactions that {noting.path} names cannot be recorded again yet;"
            " `registry redactions` says why"
        )
    return Looked(notes, held, missing, waiting, warnings)


def lacking(
    told: Sequence[Noted], held: Sequence[Blanking], store: EntryStore
) -> tuple[list[Noted], list[tuple[Noted, str]]]:
    """Whose text stands in the database: what can be blanked again, and what cannot, and why."""
    have = {one.blanks for one in held}
    lost = {(one.blanks, one.entry): one for one in told if one.blanks not in have}
    found, waiting = [], []
    asked = [*lost.values()]
    for first in range(0, len(asked), STREAMS):
        some = asked[first : first + STREAMS]
        streams = store.streams({key for one in some for key in (one.person, one.entry_of)})
        for one in some:
            if not stands(one, streams[one.entry_of]):
                continue
            if why := obstacle(one, streams):
                waiting.append((one, why))
            else:
                found.append(one)
    return found, waiting


def stands(one: Noted, entries: Sequence[StoredEntry]) -> bool:
    """Whether an entry has still, or again, what a redaction blanked."""
    row = next((row for row in entries if row.originator_version == one.version), None)
    if row is None or digest_of(row.state) != one.entry:
        return False
    return bool(blanked(row.private, one.part)[1])


def obstacle(one: Noted, streams: Mapping[UUID, Sequence[StoredEntry]]) -> str:
    """Why a redaction cannot be recorded in a database; empty if it can."""
    person = streams[one.person]
    if not person or CODEC.kind(person[0]) is not Kind.PERSON:
        return NO_PERSON
    entries = [CODEC.entry(row) for row in streams[one.entry_of]]
    without = blanked_entry(entries[one.version - 1], one.part)
    return IN_FORCE if without is not None and in_force(entries, without) else ""


def stop_if_restored(parts: Parts, warn: Callable[[str], object] = LOGGER.warning) -> None:
    """Raise Restored where a database lacks redactions that are noted, and note those it has.

    An archive that was made before a redaction is such a database too. warn: is told what is wrong
    and stops nobody.
    """
    looked = look(parts)
    path, archive = parts.noting.path, parts.settings.archive
    lost = len(looked.missing)
    if archive and (lost := lost + len(looked.waiting)):
        raise Restored(
            f"{archive} was made before {lost} redactions that {path} names, and"
            " holds what was blanked; have it made again with `registry seal --to`, and destroy"
            " this one with the folder into which it was opened"
        )
    for line in looked.warnings:
        warn(line)
    if lost:
        raise Restored(
            f"{lost} redactions that {path} names are not in this database, which is from"
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

    told: as `lacking` finds them. Nothing is asked anew: it was decided, and the text has to go.
    Raises Conflict where something else is recorded meanwhile, Unavailable where the database
    refuses.
    """
    for one in told:
        guards = {
            stream: len(entries)
            for stream, entries in store.streams({one.person, one.entry_of}).items()
        }
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
            proposal=guards[one.person] + 1,
        )
        for event, (officer, office) in (
            (proposal, one.proposed_by),
            (confirmed, one.confirmed_by),
        ):
            entry = CODEC.stored(Entry(one.person, guards[one.person] + 1, event, today), salt)
            digest = hashlib.sha256(b"a redaction that a backup lacked\n" + entry.state).digest()
            append = Append(ids(), officer, office, digest, b"{}", [entry], dict(guards))
            (outcome,) = store.append([append])
            if isinstance(outcome, Failed):
                raise Unavailable(f"the database refused the redaction: {outcome.error}")
            if not isinstance(outcome, Receipt):
                raise Conflict("others are recording; let only this program use the database")
            guards[one.person] += 1
