"""The verb that tells what was blanked and how far that has come, in a restored backup too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.frame import WRONG, answer, as_json, malformed, opened, show_fields, show_table
from registry.days import moment_of

if TYPE_CHECKING:
    from adapters.assembly import Parts


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
    not opened by any other verb, until --replay has recorded it again. Exit code 1 if one is
    missing, or the text is not gone everywhere yet.

    \\b
    registry redactions
    registry redactions --replay      # after a backup was restored, before it is served
    """
    from adapters.ids import ids, salts
    from adapters.redactions import missing, note, noted, record_again
    from registry.days import day_at

    with opened(restored=True) as parts:
        if not parts.settings.redactions:
            raise malformed("REGISTRY_REDACTIONS", "name the file in which they are noted", "unset")
        path = Path(parts.settings.redactions)
        note(path, parts.engine, parts.store)
        lost = missing(noted(path), parts.engine, parts.store)
        if replay and lost:
            clock = parts.register.clock
            today = day_at(max(clock(), parts.store.head()[1]))
            record_again(lost, parts.store, today, ids(clock), salts)
        told = {"replayed": len(lost) if replay else 0, **standing(parts, path)}
    rows = [[*one.values()] for one in told["redactions"]]
    names = ("file", "written", "head", "digest")
    archives = [[one[name] for name in names] for one in told["archives"]]

    def text() -> None:
        heads = ["position", "recorded", "part", "gone from read models", "gone from sealed log"]
        show_table("redactions", heads, rows)
        if archives:
            heads = ["archive from before", "written", "head", "digest"]
            show_table("archives from before", heads, archives)
        show_fields({name: told[name] for name in ("file", "replayed", "missing")})

    answer(told, text)
    if told["missing"] or not all(
        one["read_models"] and one["sealed"] for one in told["redactions"]
    ):
        raise click.exceptions.Exit(WRONG)


def standing(parts: Parts, path: Path) -> dict[str, Any]:
    """Every redaction and how far it has come; no stream is named, which would tell of whom."""
    from adapters import positions
    from adapters.archives import written
    from adapters.redactions import missing, noted
    from adapters.redactions import redactions as found
    from adapters.sealing import sealed_head

    folder = Path(parts.settings.sealed) if parts.settings.sealed else None
    sealed = sealed_head(folder) if folder is not None else 0
    with parts.engine.connect() as connection:
        held = [*found(connection)]
        reached = positions.position(connection)
        former = positions.former(connection)
    archives = written(folder) if folder is not None else []
    last = held[-1].position if held else 0
    return {
        "file": path,
        "missing": len(missing(noted(path), parts.engine, parts.store)),
        "redactions": [
            {
                "position": one.position,
                "recorded_at": moment_of(one.recorded_at).isoformat(timespec="seconds"),
                "part": one.event.part,
                "read_models": one.position <= reached and not former,
                "sealed": not sealed or one.position <= sealed,
            }
            for one in held
        ],
        "archives": [one for one in archives if one["head"] < last],
    }
