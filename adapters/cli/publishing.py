"""Verbs around the published tree: its keys, its tiles, and whether they agree with the log."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.checking import check
from adapters.cli.frame import (
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

if TYPE_CHECKING:
    from adapters.agreement import Agreement
    from adapters.assembly import Parts
    from replay.proof.notes import PublicKey


@click.group(cls=Verbs)
def key() -> None:
    """Make and list keys: of the published log, of cards, of photographs."""


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
    tell({"public_key": str(made), "private": str(path), "public": str(public_path(path))})


@key.command("list")
@as_json
def list_keys() -> None:
    """Print the public halves of the keys that checkpoints are signed with now, oldest first."""
    from adapters.signing import open_signer

    keys = [str(one) for one in open_signer(Path(settings().signing_key)).public]
    answer(keys, lambda: click.echo("\n".join(keys)))


@key.command("cards")
@as_json
def card_keys() -> None:
    """Make a master key and a signing key for cards, which are in force from now on.

    The files that the settings card_keys and card_signing_key name gain one each. The older ones
    stay, since cards were written under them. The public halves are for whoever checks cards.
    """
    from adapters.card.keys import new_master
    from adapters.card.signatures import new_signer

    chosen = settings()
    version = new_master(Path(chosen.card_keys))
    signing = new_signer(Path(chosen.card_signing_key))
    tell({"key_version": version, "signing_key": signing.hex().upper()})


@key.command("photos")
@click.option("--rotate", is_flag=True, help="Then wrap with it what older keys wrap.")
@click.option("--wrap", is_flag=True, help="Make no key: wrap what older keys wrap still.")
@as_json
def photo_key(rotate: bool, wrap: bool) -> None:
    """Make a key under which photographs and prints are kept from now on.

    The file that the setting media_key names gains one. Keep a copy of it, apart from the copies of
    the database: without it no photograph can be opened again.

    \b
    An old key goes in two steps:
    1. --rotate makes the new key, and wraps with it what the older ones wrap.
       Interrupted, it has lost nothing: both keys are in the file; --wrap goes on.
    2. Start the stations that make cards again, so that they read the new key,
       and say --wrap once more. Then take the lines of the versions told as
       `may_go` out of the file. Backups from before need them still.
    """
    from adapters.media import Media, new_node_key, open_node_keys

    if rotate and wrap:
        raise malformed("--rotate, --wrap", "say --rotate first, and --wrap after the stations")
    path = Path(settings().media_key)
    told: dict[str, Any] = {}
    if not wrap:
        told["key_version"] = new_node_key(path)
    if rotate or wrap:
        with opened() as parts:
            keys = open_node_keys(path)
            media = Media(parts.engine, keys)
            told |= {"key_version": keys.newest, "wrapped_anew": media.wrap_anew()}
            if wrap:  # until the stations have read the new key, they wrap with an older one
                in_use = {keys.newest, *media.wrapped_by()}
                told["may_go"] = [version for version in sorted(keys.keys) if version not in in_use]
    tell(told)


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
    with opened() as parts:
        tell(_publish(parts, anew))
        with suppress(KeyboardInterrupt):  # is how it ends; a crash would do no harm either
            while every is not None:
                time.sleep(every)
                if (told := _publish(parts, anew=False))["added"]:
                    tell(told)


def tell(done: dict[str, Any]) -> None:
    """Give an answer of names and values."""
    answer(done, lambda: show_fields(done))


def _publish(parts: Parts, anew: bool) -> dict[str, Any]:
    from adapters.publishing import LogLeaves
    from adapters.publishing import publish as bring_up
    from adapters.signing import open_signer
    from adapters.tiles import TileFolder
    from replay.proof.notes import base64

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


def known_keys(parts: Parts) -> list[PublicKey]:
    """The public keys that what is published is checked with."""
    from adapters.signing import known_keys as read

    return read(Path(parts.settings.signing_key))


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
            known_keys(parts),
            lambda size: bar.update(task, completed=size),
        )
    _agree(found)


@check.command("checkpoint")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def check_checkpoint(file: Path) -> None:
    """Hold the log against a checkpoint that was kept: one string says whether a backup is whole.

    Exit code 1 if the log does not begin with what was signed.

    \b
    registry check checkpoint kept/checkpoint
    """
    from adapters.agreement import compare_checkpoint
    from adapters.publishing import LogLeaves
    from replay.proof.merkle import BrokenProof

    with opened() as parts, progress() as bar:
        task = bar.add_task("entries", total=parts.store.head()[0])
        try:
            found = compare_checkpoint(
                LogLeaves(parts.engine),
                file.read_bytes(),
                known_keys(parts),
                lambda size: bar.update(task, completed=size),
            )
        except BrokenProof as error:
            raise malformed("FILE", f"{file}: {error}") from error
    _agree(found)


def _agree(found: Agreement) -> None:
    """Tell what a comparison found."""
    from replay.proof.notes import base64

    differences = [
        {"file": one.file, "leaf": one.leaf, "message": one.message} for one in found.differences
    ]
    told = {"size": found.size, "root": base64(found.root), "differences": differences}

    def text() -> None:
        for one in found.differences:
            click.echo(f"{one.file}: {one.message}")
        show_fields({"size": found.size, "root": base64(found.root)})
        listed = f"{len(differences)} differences are listed; there may be more"
        click.echo(listed if differences else "everything agrees")

    answer(told, text)
    if differences:
        raise click.exceptions.Exit(WRONG)
