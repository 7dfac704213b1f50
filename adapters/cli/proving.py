"""The verb that makes a proof file of what was recorded about somebody."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from adapters.cli.frame import ID, as_json, opened
from adapters.cli.outputs import OUTPUT
from adapters.cli.publishing import known_keys, tell
from adapters.cli.submitting import acting, authority
from registry.errors import Forbidden, Unavailable

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from adapters.cli.desk import Desk
    from registry.store import StoredEntry

#: Roles that may have the history of somebody proven.
TIMELINES = ("station", "county", "auditor")


@click.command()
@click.argument("person", type=ID)
@click.option("--output", type=OUTPUT, help="A file for it.")
@click.option(
    "--private", is_flag=True, help="With name, numbers and texts of the person, in clear."
)
@click.option("--purpose", envvar="REGISTRY_PURPOSE", default="", help="Why; it is logged.")
@click.option("--case", metavar="NUMBER", help="Number of the case that you work on.")
@acting
@as_json
def prove(
    person: UUID,
    output: Path | None,
    private: bool,
    purpose: str,
    case: str | None,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Make a proof file of everything recorded about PERSON up to the last checkpoint.

    Whoever has the file and the public key of the log checks it with `registry verify`, without
    asking anybody. It holds codes, days and identifiers; names and numbers only with --private.
    That nothing was recorded later, no proof can show.

    \b
    registry prove 01890a5d-ac96-774b-bcce-b302099a8057 --purpose own-request --output proof.json
    """
    from adapters.cli.desk import Desk, reason
    from adapters.reading import reading, resolve

    by = authority(officer, office, roles, area)
    purpose, case = reason(purpose, case)
    with opened() as parts, reading(parts.engine) as reader:
        at = resolve(reader.connection, parts.store, parts.register.clock(), None, None)
        desk = Desk(parts, reader, at, by, purpose, case, private)
        desk.need(*TIMELINES)
        note = _checkpoint(parts)
        entries = parts.store.streams([person])[person]
        _guard(desk, person, entries)
        text, proven = _proven(desk, person, entries, note, private)
        fields = "state,private" if private else "state"
        desk.log("prove", "answered", subjects=[person], fields=fields, rows=proven)
    if left := len(entries) - proven:
        click.echo(
            f"{left} of {len(entries)} entries are newer than the checkpoint and not in the proof;"
            " `registry publish` makes a new one.",
            err=True,
        )
    if output is None:
        click.echo(text, nl=False)
        return
    _write_own(output, text)
    tell({"file": str(output), "entries": proven})


def _checkpoint(parts: Parts) -> bytes:
    """The published checkpoint."""
    from adapters.tiles import TileFolder

    folder = TileFolder(Path(parts.settings.tiles))
    if (note := folder.checkpoint()) is None:
        raise Unavailable(f"nothing is published in {folder.folder}; `registry publish` does it")
    return note


def _guard(desk: Desk, person: UUID, entries: Sequence[StoredEntry]) -> None:
    """Turn away who may not see all of a person's history, which a proof cannot leave parts of."""
    from registry.codec import Codec
    from registry.vocabulary import Kind, word_of

    codec = Codec()
    events = [(one, codec.entry(one).event) for one in entries]
    if not events or word_of(events[0][1]).kind is not Kind.PERSON:
        raise desk.missing("prove", "person", person)
    desk.guard_person("prove", desk.reader.person(person, desk.at), person)
    for one, event in events:
        if not desk.sight.sees_reason(event, one.office):
            desk.log("prove", "refused", subjects=[person])
            raise Forbidden(
                f"version {one.originator_version} gives a reason that only the station sees which"
                " handled it, and a proof leaves nothing out; ask there"
            )


def _proven(
    desk: Desk, person: UUID, entries: Sequence[StoredEntry], note: bytes, private: bool
) -> tuple[str, int]:
    """The proof file of those entries that are published, and how many there are in it."""
    from adapters.proving import prove as make
    from adapters.publishing import node_names
    from adapters.tiles import TileFolder
    from replay.proof.merkle import BrokenProof
    from replay.proof.notes import open_checkpoint

    folder = TileFolder(Path(desk.parts.settings.tiles))
    keys = known_keys(desk.parts)
    try:
        checkpoint, _ = open_checkpoint(note, keys)
        covered = [one for one in entries if one.position <= checkpoint.size]
        if not covered:
            raise desk.missing(
                "prove", "entry in the log as published (`registry publish`)", person
            )
        read = folder.reader(checkpoint.size)
        made = make(covered, node_names(desk.parts.engine), note, keys, read, private=private)
    except BrokenProof as error:
        raise Unavailable(
            f"what is published in {folder.folder} does not prove it: {error};"
            " `registry check tiles` tells what differs"
        ) from error
    return made.render(), len(covered)


def _write_own(path: Path, text: str) -> None:
    """Write a file that its owner alone reads."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
