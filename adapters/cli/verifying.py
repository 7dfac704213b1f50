"""The verb that checks proofs and checkpoints: it needs files and a public key, no register."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from adapters.cli.frame import (
    WRONG,
    answer,
    as_json,
    malformed,
    show_fields,
    show_table,
    wants_json,
)

if TYPE_CHECKING:
    from adapters.proving import Proven, Verdict
    from replay.proof.notes import Checkpoint, PublicKey


@click.command()
@click.argument("files", metavar="FILE [NEWER]", nargs=-1, required=True, type=click.Path())
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="KEY",
    help="Public key of the log, or a file of them; repeatable.",
)
@click.option(
    "--tiles",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The published folder, or a copy of it, to compare two checkpoints.",
)
@as_json
def verify(files: tuple[str, ...], keys: tuple[str, ...], tiles: Path | None) -> None:
    """Check a proof file, a checkpoint, or that one checkpoint grew out of another.

    Nothing but the files and the public key is needed: no database, no settings. Exit code 1 if
    anything is broken; then it says what and why.

    \b
    registry verify proof.json --key register+5b1c…+AY…
    registry verify checkpoint.2025 checkpoint --tiles published/ --key register.pub
    """
    public = _public_keys(keys)
    try:
        contents = [Path(file).read_bytes() for file in files]
    except OSError as error:
        raise malformed("FILE", f"{error.filename}: {error.strerror}") from error
    if len(contents) > 2 or (len(contents) == 2) != (tiles is not None):
        raise malformed("FILE", "give one file; or an older checkpoint, a newer one, and --tiles")
    if len(contents) == 2:
        assert tiles is not None, "asked for above"
        _verify_growth(files, contents, tiles, public)
    elif contents[0].lstrip()[:1] == b"{":
        _verify_proof(files[0], contents[0], public)
    else:
        _verify_checkpoint(files[0], contents[0], public)


def _public_keys(texts: Sequence[str]) -> list[PublicKey]:
    from adapters.signing import read_public

    try:
        return [key for text in texts for key in read_public(text)]
    except (ValueError, OSError) as error:
        raise malformed("--key", f"{error}; `registry key list` prints it") from error


def _verify_proof(file: str, content: bytes, keys: Sequence[PublicKey]) -> None:
    from adapters.proving import verify as judge
    from replay.proof.merkle import BrokenProof

    try:
        verdict = judge(content, keys)
    except BrokenProof as error:
        _broken([{"where": file, "message": str(error)}])
    if verdict.flaws:
        _broken([{"where": one.where, "message": one.message} for one in verdict.flaws])
    rows = [_line(one) for one in verdict.proof.entries]
    told = {
        "holds": True,
        **_head(verdict.checkpoint, verdict.signers),
        "stream": verdict.proof.stream,
        "entries": rows,
    }
    answer(told, lambda: _show_proof(verdict, rows))


def _line(one: Proven) -> dict[str, Any]:
    """What a proven entry says, for people."""
    import json

    import registry.events  # noqa: F401  # fills the vocabulary
    from registry.days import moment_of
    from registry.vocabulary import VOCABULARY

    names = {word.code: word.name for word in VOCABULARY.values()}
    stated = json.loads(one.state)
    return {
        "version": one.version,
        "leaf": one.index,
        "event": names.get(one.code, f"code {one.code}"),
        "effective_on": stated.get("effective_on"),
        "recorded_at": moment_of(one.recorded_at).isoformat(timespec="seconds"),
        "private": sorted(one.private),
    }


def _show_proof(verdict: Verdict, rows: list[dict[str, Any]]) -> None:
    show_fields({**_head(verdict.checkpoint, verdict.signers), "stream": verdict.proof.stream})
    heads = ["version", "leaf", "event", "effective", "recorded", "private"]
    show_table("entries", heads, [[*list(row.values())[:-1], *row["private"]] for row in rows])
    click.echo(
        f"Proven: these are versions 1 to {len(rows)} of the stream, as they were signed."
        " Whether there is a later one, no proof can show."
    )


def _verify_checkpoint(file: str, content: bytes, keys: Sequence[PublicKey]) -> None:
    told = {"holds": True, **_head(*_opened(file, content, keys))}
    answer(told, lambda: show_fields(told | {"holds": "signature"}))


def _verify_growth(
    files: Sequence[str], contents: Sequence[bytes], tiles: Path, keys: Sequence[PublicKey]
) -> None:
    from adapters.tiles import TileFolder
    from replay.proof.merkle import BrokenProof, check_consistency, consistency_proof

    older, _ = _opened(files[0], contents[0], keys)
    newer, signers = _opened(files[1], contents[1], keys)
    where = f"{files[0]} and {files[1]}"
    if older.origin != newer.origin:
        _broken([{"where": where, "message": f"of two logs, {older.origin} and {newer.origin}"}])
    proof: list[bytes] = []
    try:
        if older.size < newer.size:
            reader = TileFolder(tiles).reader(newer.size)
            proof = consistency_proof(older.size, newer.size, reader)
        check_consistency(older.size, newer.size, older.root, newer.root, proof)
    except BrokenProof as error:
        _broken([{"where": where, "message": str(error)}])
    told = {"holds": True, "grew_by": newer.size - older.size, **_head(newer, signers)}
    answer(
        told,
        lambda: click.echo(
            f"{files[1]} ({newer.size} leaves) grew out of {files[0]} ({older.size} leaves);"
            " nothing in it was changed or taken away"
        ),
    )


def _opened(
    file: str, content: bytes, keys: Sequence[PublicKey]
) -> tuple[Checkpoint, Sequence[PublicKey]]:
    from replay.proof.merkle import BrokenProof
    from replay.proof.notes import open_checkpoint

    try:
        return open_checkpoint(content, keys)
    except BrokenProof as error:
        _broken([{"where": file, "message": str(error)}])


def _head(checkpoint: Checkpoint, signers: Sequence[PublicKey]) -> dict[str, Any]:
    from replay.proof.notes import base64

    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": base64(checkpoint.root),
        "signed_by": ", ".join(key.label for key in signers),
    }


def _broken(flaws: list[dict[str, str]]) -> NoReturn:
    """Tell what is broken, and end with the exit code of a finding."""
    if wants_json():
        answer({"holds": False, "flaws": flaws})
    else:
        for one in flaws:
            click.echo(f"BROKEN {one['where']}: {one['message']}", err=True)
    raise click.exceptions.Exit(WRONG)
