"""Verbs around the published tree: its keys, its tiles, proofs of what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.checking import check
from adapters.cli.frame import (
    ID,
    WRONG,
    Verbs,
    answer,
    as_json,
    malformed,
    opened,
    progress,
    settings,
    show_fields,
)
from adapters.cli.submitting import acting, authority
from registry.errors import Forbidden, NotFound, Unavailable

if TYPE_CHECKING:
    from adapters.agreement import Agreement
    from adapters.assembly import Parts
    from registry.store import StoredEntry
    from replay.notes import PublicKey

#: Roles that may have the history of somebody proven.
TIMELINES = ("station", "county", "auditor")


@click.group(cls=Verbs)
def key() -> None:
    """Make and list the keys that the published log is signed with."""


@key.command("new")
@click.option("--name", help="Name of the log; default: the setting node_name.")
@as_json
def new_key(name: str | None) -> None:
    """Make an Ed25519 key and add it to the file that the setting signing_key names.

    Checkpoints are signed with every key of the file, so that readers have time to take over the
    new public key; then the line of the old one is taken out. Give the public key to everybody who
    will check proofs, on a way that he trusts.
    """
    from adapters.signing import new_key as make
    from adapters.signing import public_path

    chosen = settings()
    path = Path(chosen.signing_key)
    made = make(path, name or chosen.node_name)
    _tell({"public_key": str(made), "private": str(path), "public": str(public_path(path))})


@key.command("list")
@as_json
def list_keys() -> None:
    """Print the public halves of the keys that checkpoints are signed with now, oldest first."""
    from adapters.signing import open_signer

    keys = [str(one) for one in open_signer(Path(settings().signing_key)).public]
    answer(keys, lambda: click.echo("\n".join(keys)))


@click.command()
@click.option("--anew", is_flag=True, help="Write every tile again, as after a damage.")
@click.option(
    "--every", type=click.FloatRange(1), metavar="SECONDS", help="Go on until Ctrl-C, this often."
)
@as_json
def publish(anew: bool, every: float | None) -> None:
    """Publish the log as a Merkle tree (RFC 9162): new tiles, and a signed checkpoint over all.

    Goes on where it stopped, into the folder that the setting tiles names. What is there tells
    nothing of any person: hashes only, as C2SP tlog-tiles. Any web server can give the folder out.

    \b
    registry key new      # once
    registry publish
    """
    from adapters.cli.running import until_told

    with opened() as parts, until_told() as stop:
        _tell(_publish(parts, anew))
        while every is not None and not stop.wait(every):
            if (told := _publish(parts, anew=False))["added"]:
                _tell(told)


def _tell(done: dict[str, Any]) -> None:
    answer(done, lambda: show_fields(done))


def _publish(parts: Parts, anew: bool) -> dict[str, Any]:
    from adapters.publishing import LogLeaves
    from adapters.publishing import publish as bring_up
    from adapters.signing import open_signer
    from adapters.tiles import TileFolder
    from replay.notes import base64

    log = LogLeaves(parts.engine)
    folder = TileFolder(Path(parts.settings.tiles))
    with progress() as bar:
        task = bar.add_task("entries", total=parts.store.head()[0])
        told = bring_up(
            log,
            log.names[parts.store.node],
            folder,
            open_signer(Path(parts.settings.signing_key)),
            anew=anew,
            progress=lambda size: bar.update(task, completed=size),
        )
    return {
        "origin": told.checkpoint.origin,
        "size": told.checkpoint.size,
        "root": base64(told.checkpoint.root),
        "added": told.added,
        "folder": str(folder.folder),
    }


@click.command()
@click.argument("person", type=ID)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file for it.")
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
        entries = parts.store.streams([person])[person]
        _guard(desk, person, entries)
        text, left = _proven(parts, entries, private)
        fields = "state,private" if private else "state"
        rows = len(entries) - left
        desk.log("prove", "answered", subjects=[person], fields=fields, rows=rows)
        if left:
            click.echo(
                f"{left} of {len(entries)} entries are newer than the checkpoint and not in the"
                " proof; `registry publish` makes a new one.",
                err=True,
            )
    if output is None:
        click.echo(text, nl=False)
        return
    _write_own(output, text)
    _tell({"file": str(output), "entries": rows})


def _guard(desk: Any, person: UUID, entries: Sequence[StoredEntry]) -> None:
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


def _proven(parts: Parts, entries: Sequence[StoredEntry], private: bool) -> tuple[str, int]:
    """The proof file of those entries that are published, and how many are not yet."""
    from adapters.proving import prove as make
    from adapters.publishing import node_names
    from adapters.tiles import TileFolder
    from replay.merkle import BrokenProof
    from replay.notes import open_checkpoint

    folder = TileFolder(Path(parts.settings.tiles))
    if (note := folder.checkpoint()) is None:
        raise Unavailable(f"nothing is published in {folder.folder}; `registry publish` does it")
    keys = _keys(parts)
    try:
        checkpoint, _ = open_checkpoint(note, keys)
        covered = [one for one in entries if one.position <= checkpoint.size]
        if not covered:
            raise NotFound("entry of the person in the published log", entries[0].originator_id)
        read = folder.reader(checkpoint.size)
        made = make(covered, node_names(parts.engine), note, keys, read, private=private)
    except BrokenProof as error:
        raise Unavailable(
            f"what is published in {folder.folder} does not prove it: {error};"
            " `registry check tiles` tells what differs"
        ) from error
    return made.render(), len(entries) - len(covered)


def _write_own(path: Path, text: str) -> None:
    """Write a file that its owner alone reads."""
    import os

    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _keys(parts: Parts) -> list[PublicKey]:
    from adapters.signing import open_signer

    return open_signer(Path(parts.settings.signing_key)).public


@check.command("tiles")
@as_json
def check_tiles() -> None:
    """Hold every published tile against the log, and the log against what was signed.

    What differs is told by file, byte and leaf; the signature tells whether file or log is wrong.
    Exit code 1 if anything differs.
    """
    from adapters.agreement import compare_tiles
    from adapters.publishing import LogLeaves
    from adapters.tiles import TileFolder

    with opened() as parts, progress() as bar:
        task = bar.add_task("entries", total=parts.store.head()[0])
        found = compare_tiles(
            LogLeaves(parts.engine),
            TileFolder(Path(parts.settings.tiles)),
            _keys(parts),
            lambda size: bar.update(task, completed=size),
        )
    _agree(found)


@check.command("checkpoint")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def check_checkpoint(file: Path) -> None:
    """Hold the log against a checkpoint that was kept: one string says whether a backup is whole.

    Exit code 1 if the log does not begin with what was signed.

    
    registry check checkpoint kept/checkpoint
    """
    from adapters.agreement import compare_checkpoint
    from adapters.publishing import LogLeaves
    from replay.merkle import BrokenProof

    with opened() as parts, progress() as bar:
        task = bar.add_task("entries", total=parts.store.head()[0])
        try:
            found = compare_checkpoint(
                LogLeaves(parts.engine),
                file.read_bytes(),
                _keys(parts),
                lambda size: bar.update(task, completed=size),
            )
        except BrokenProof as error:
            raise malformed("FILE", f"{file}: {error}") from error
    _agree(found)


def _agree(found: Agreement) -> None:
    """Tell what a comparison found."""
    from replay.notes import base64

    differences = [
        {"file": one.file, "leaf": one.leaf, "message": one.message} for one in found.differences
    ]
    told = {"size": found.size, "root": base64(found.root), "differences": differences}

    def text() -> None:
        for one in found.differences:
            click.echo(f"{one.file}: {one.message}")
        show_fields({"size": found.size, "root": base64(found.root)})
        click.echo(f"{len(differences)} differences" if differences else "everything agrees")

    answer(told, text)
    if differences:
        raise click.exceptions.Exit(WRONG)
