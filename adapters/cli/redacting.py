"""The verb that tells what was blanked and how far that has come, in a restored backup too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from adapters.cli.frame import WRONG, answer, as_json, opened, show_fields, show_table
from registry.days import moment_of
from registry.errors import Unavailable

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from adapters.restored import Looked


@click.command()
@click.option("--replay", is_flag=True, help="Record again what a restored backup lacks.")
@as_json
def redactions(replay: bool) -> None:
    """Tell which private parts were blanked (个人信息删除), and where their text is not gone yet.

    The store blanks a part at once; read models when they are followed to the redaction, the sealed
    log when it is sealed so far. Archives that `registry seal --to` wrote before that are listed:
    whoever has one has to destroy it, with the folder into which it was opened.

    Redactions are noted in the file that the setting `redactions` names as well: by what was
    blanked, never by its text. Keep it apart from backups. A database from before one of them is
    opened by few other verbs, until --replay has recorded it again; save what is in force in it
    until a later change is entered again, which is listed. Exit code 1 if one is missing, or the
    text is not gone everywhere yet.

    \\b
    registry redactions
    registry redactions --replay      # after a backup was restored, before it is served
    """
    from adapters.ids import ids, salts
    from adapters.restored import look, record_again
    from registry.days import day_at

    with opened(restored=True) as parts:
        looked = look(parts)
        lost = looked.missing if replay else ()
        if lost:
            clock = parts.register.clock
            today = day_at(max(clock(), parts.store.head()[1]))
            record_again(lost, parts.store, today, ids(clock), salts)
            looked = look(parts)
        told = {"replayed": len(lost), **standing(parts, looked)}
    rows = [[*one.values()] for one in told["redactions"]]
    names = ("file", "written", "head", "digest")
    archives = [[one[name] for name in names] for one in told["archives"]]

    def text() -> None:
        heads = ["position", "recorded", "part", "gone from read models", "gone from sealed log"]
        show_table("redactions", heads, rows)
        if archives:
            heads = ["archive from before", "written", "head", "digest"]
            show_table("archives from before", heads, archives)
        if told["waiting"]:
            heads = ["person", "stream", "version", "part", "why not yet"]
            show_table("waiting", heads, [[*one.values()] for one in told["waiting"]])
        show_fields({name: told[name] for name in ("file", "replayed", "missing")})
        for warning in told["warnings"]:
            click.echo(f"warning: {warning}", err=True)

    answer(told, text)
    if any(told[name] for name in ("missing", "waiting", "warnings")) or not all(
        one["read_models"] and one["sealed"] for one in told["redactions"]
    ):
        raise click.exceptions.Exit(WRONG)


def standing(parts: Parts, looked: Looked) -> dict[str, Any]:
    """Every redaction and how far it has come.

    No stream is named, which would tell of whom, save where something has to be entered of it.
    """
    from pathlib import Path

    from adapters import positions
    from adapters.archives import written
    from adapters.sealing import sealed_head

    folder = Path(parts.settings.sealed) if parts.settings.sealed else None
    sealed = sealed_head(folder) if folder is not None else 0
    with parts.engine.connect() as connection:
        reached = positions.position(connection)
        former = positions.former(connection)
    followed = min([reached, *(one.position for one in former)])
    held, warnings = looked.held, [*looked.warnings]
    if holding := [one for one in former if any(one.position < two.position for two in held)]:
        names = ", ".join(f"{one.name}_{one.edition}{one.copy}" for one in holding)
        warnings += [
            f"tables of former editions hold what was blanked since: {names}; where no older"
            " program answers any more, `registry follow --once --drop-former` drops them"
        ]
    try:
        archives = written(parts.noting.path)
    except Unavailable as error:
        archives, warnings = [], [*warnings, str(error)]
    last = held[-1].position if held else 0
    # In a restored database positions are others; when a text was blanked first stays the same.
    first: dict[Any, int] = {}
    for one in looked.notes.lines:
        first.setdefault((one.blanks, one.entry), one.recorded_at)
    latest = moment_of(max(first.values(), default=0)).isoformat(timespec="seconds")
    return {
        "file": parts.noting.path,
        "missing": len(looked.missing),
        "waiting": [
            {
                "person": one.person,
                "entry_of": one.entry_of,
                "version": one.version,
                "part": one.part,
                "why": why,
            }
            for one, why in looked.waiting
        ],
        "warnings": warnings,
        "redactions": [
            {
                "position": one.position,
                "recorded_at": moment_of(one.recorded_at).isoformat(timespec="seconds"),
                "part": one.event.part,
                "read_models": one.position <= followed,
                "sealed": not sealed or one.position <= sealed,
            }
            for one in held
        ],
        "archives": [one for one in archives if one["head"] < last or one["written"] < latest],
    }
