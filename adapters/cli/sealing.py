"""Verbs around the sealed log: it is made and kept up, written into one file, opened elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.frame import (
    answer,
    as_json,
    malformed,
    opened,
    progress,
    settings,
    show_fields,
    wants_json,
)
from adapters.cli.outputs import OUTPUT
from adapters.cli.running import until_told
from registry.days import moment_of
from registry.errors import Unavailable

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from adapters.sealing import Job
    from replay.sealed.manifest import Manifest


#: Said where there was no key yet.
UNSIGNED = (
    "warning: what is sealed is not signed, so that nobody can tell who sealed it; a key that"
    " `registry key new` makes signs what is sealed next, and with it all that was before"
)


@click.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Another folder.")
@click.option("--follow", is_flag=True, help="Go on whenever enough is waiting, until Ctrl-C.")
@click.option("--status", is_flag=True, help="Only say how far it is.")
@click.option("--to", "file", type=OUTPUT, help="One file.")
@as_json
def seal(folder: Path | None, follow: bool, status: bool, file: Path | None) -> None:
    """Seal the log (封存): columns by entity, checksummed and signed, in the folder `sealed` names.

    From there replay and audit read it; what was recorded since is read from the store on top, so
    that answers hold the newest entry. Only what the folder lacks is added. Started again after a
    crash, it goes on where it stopped. `registry serve` and `registry follow` keep a folder up that
    has been sealed once. It holds names and numbers: keep it as the database is kept.

    With --to all of it is written into one file besides, which another machine opens and asks with
    `registry open FILE`, without a database server. What is blanked later stays in such a file, and
    in the folder into which it was opened: `registry redactions` lists those that have to go.

    \b
    registry seal                     # once; then `registry audit` reads columns
    registry seal --status
    registry seal --to province.registry
    """
    from adapters.publishing import node_names
    from adapters.sealing import follow_sealing, job_of

    if follow and (status or file):
        raise malformed("--follow", "it goes on for ever; leave the other switch away")
    if status and file:
        raise malformed("--status", "it seals nothing; what goes into a file is sealed first")
    with opened() as parts, until_told() as stop:
        job = job_of(parts.settings, folder)
        if not status:
            _seal(job, stop)
        if follow and not stop.is_set():
            click.echo("sealing whatever comes; Ctrl-C ends it", err=True)
            follow_sealing(job, parts.store, stop)
        told = standing(job, parts)
        now = parts.register.clock()
        nodes = node_names(parts.engine)
    if file is not None and not stop.is_set():  # else it could hold what was blanked since
        at = moment_of(now).isoformat(timespec="seconds")
        _write(job.folder, file, told, at, parts.noting.path, nodes)
    if told["sealed"] and told["signed_by"] is None:
        click.echo(UNSIGNED, err=True)
    answer(told, lambda: show_fields(told))


def _seal(job: Job, stop: Event) -> None:
    from adapters.sealing import seal_apart

    with progress() as bar:
        task = bar.add_task("entries", total=None)
        later: list[Any] = []

        def anew(done: int, of: int) -> None:
            if not later:
                later.append(bar.add_task("partitions written anew", total=of))
            bar.update(later[0], completed=done)

        seal_apart(job, lambda done, of: bar.update(task, completed=done, total=of), stop, anew)


def _write(
    folder: Path,
    file: Path,
    told: dict[str, Any],
    at: str,
    redactions: Path,
    nodes: Mapping[int, str],
) -> None:
    """Write the sealed log into one file, and note that there is one before there is."""
    from adapters.archives import note_written
    from replay.sealed.archive import write_archive
    from replay.sealed.reading import Folder

    def announce(manifest: Manifest) -> None:
        try:
            note_written(redactions, file, manifest, at)
        except Unavailable as error:
            click.echo(
                f"warning: {file} is not on the list of archives that `registry redactions` shows:"
                f" {error}",
                err=True,
            )

    with progress() as bar:
        task = bar.add_task("bytes", total=told.get("bytes"))
        write_archive(
            Folder(folder), file, lambda count: bar.update(task, advance=count), announce, nodes
        )
    told["file"], told["file_bytes"] = file, file.stat().st_size


def standing(job: Job, parts: Parts) -> dict[str, Any]:
    """How far a folder is sealed."""
    from replay.sealed.manifest import MANIFEST
    from replay.sealed.reading import Folder, read_manifest

    head = parts.store.head()[0]
    if not (job.folder / MANIFEST).exists():
        return {"folder": job.folder, "sealed": 0, "waiting": head}
    manifest = read_manifest(Folder(job.folder))
    return {
        "folder": job.folder,
        "sealed": manifest.head,
        "waiting": max(0, head - manifest.head),
        "files": len(manifest.parts),
        "bytes": sum(part.size for part in manifest.parts),
        "link": manifest.link.number,
        "digest": manifest.link.digest,
        "signed_by": manifest.signed.key or None,
    }


#: What an archive answers: verbs that only ask, and the server, which then only asks too.
ASKS = (
    *("person", "find-number", "timeline", "household", "find-household", "residents", "occupants"),
    *("in-transit", "places", "counts", "clean-up", "findings", "verification", "visit-sheet"),
    *("cases", "batches", "report", "programme", "preparations", "tasks", "card", "cards"),
    *("backlog", "overdue", "call-up", "addresses-due", "take-back", "bins", "packages", "package"),
    *("material", "readiness", "cash-book", "relief-lists", "unsettled-fees", "paper", "acts"),
    *("audit", "state-root", "diff", "blame", "explain", "what-if", "check", "export", "status"),
    "serve",
)


@click.command("open", context_settings={"allow_interspersed_args": False})
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("question", nargs=-1, type=click.UNPROCESSED, metavar="[VERB ...]")
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), help="Where it is unpacked."
)
@click.option("--signed-by", metavar="KEY", help="A public key, or a file of them, that signed it.")
@as_json
@click.pass_context
def open_(
    ctx: click.Context,
    file: Path,
    question: tuple[str, ...],
    cache: Path | None,
    signed_by: str | None,
) -> None:
    """Open a province in a FILE that `registry seal --to` wrote, and ask it; no database server.

    VERB is any verb that asks, or `serve` for the same HTTP interface; nothing can be recorded.
    Purposes are asked for and reads are logged as everywhere. The first time every byte is
    verified and the file unpacked beside it, which can be thrown away. Options of `open` stand
    before FILE.

    \b
    registry open province.registry
    registry open province.registry person 01890a5d-ac96-774b-bcce-b302099a8057 --purpose audit
    registry open --signed-by registry-signing.pub province.registry serve --port 8001
    """
    from adapters.archives import open_archive

    if question and question[0] not in ASKS:
        raise malformed("VERB", f"an archive is only read; ask it with {', '.join(ASKS)}")
    with progress() as bar:
        tasks: dict[str, Any] = {}

        def advance(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of or None)
            bar.update(tasks[what], completed=done)

        found = open_archive(file, cache, public_keys(signed_by), advance)
    if not question:
        told = {"file": file, "entries": found.head, "digest": found.digest, "at": found.folder}
        answer(told, lambda: show_fields(told))
        return
    root = ctx.find_root()
    chosen = settings()  # the register's own, beside which redactions are noted
    found_settings = {**found.settings, "redactions": str(chosen.redactions_file)}
    words = ["--keys", chosen.keys, *question]
    if wants_json(ctx) and "--json" not in question:
        words.append("--json")
    assert isinstance(root.command, click.Group)
    code = root.command.main(words, "registry open", standalone_mode=False, obj=found_settings)
    ctx.exit(code if isinstance(code, int) else 0)  # 1 where a check found something


def public_keys(text: str | None) -> list[Any]:
    """Public keys as they are given, one or those of a file; none where nothing is."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from adapters.signing import read_public

    if text is None:
        return []
    try:
        return [Ed25519PublicKey.from_public_bytes(one.raw) for one in read_public(text)]
    except (ValueError, OSError) as error:
        raise malformed("--signed-by", f"{error}; `registry key list` prints it") from error
