"""Verbs that set a register up and tell about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from adapters.cli.frame import (
    answer,
    as_json,
    dumps,
    opened,
    settings,
    show_fields,
    show_table,
)
from adapters.cli.submitting import acting, authority
from registry.days import moment_of

if TYPE_CHECKING:
    from adapters.assembly import Settings


@click.command()
@as_json
def migrate() -> None:
    """Create the database's schema, or bring it up to date; safe to repeat.

    \b
    registry --database sqlite:///registry.db migrate
    """
    from adapters.projector import Projector
    from adapters.schema import current

    with opened(create=True, restored=True) as parts:
        Projector(parts.engine, parts.store).prepare()
        with parts.engine.connect() as connection:
            revision = current(connection)
    done = {
        "database": shown(parts.settings.database),
        "schema": revision,
        "node": parts.store.node,
    }
    answer(done, lambda: show_fields(done))


def shown(url: str) -> str:
    """An address without its password."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


@click.command()
@as_json
def status() -> None:
    """Tell how the register stands: schema, last position, and how far its read models are."""
    from adapters.positions import former, standings
    from adapters.projector import Projector
    from adapters.restored import look
    from adapters.schema import current
    from registry.projections import PROJECTIONS

    with opened(restored=True) as parts:
        looked = look(parts)
        projector = Projector(parts.engine, parts.store)
        head, recorded_at = parts.store.head()
        with parts.engine.connect() as connection:
            revision = current(connection)
            models, replaced = standings(connection), former(connection)
        lag = projector.lag()
    found: dict[str, Any] = {
        "database": shown(parts.settings.database),
        "node": parts.store.node,
        "schema": revision,
        "position": head,
        "recorded_at": moment_of(recorded_at).isoformat() if head else None,
        "lag": lag,
        "read_models": [
            {
                "name": one.name,
                "edition": one.edition,
                "state": one.state,
                "position": one.position,
                "lag": max(0, head - one.position),
            }
            for one in models
        ],
        "never_filled": sorted(PROJECTIONS.keys() - {one.name for one in models}),
        "former_editions": [f"{one.name} {one.edition}" for one in replaced],
        "redactions": parts.noting.path,
        "redactions_missing": len(looked.missing),
        "warnings": [*looked.warnings, *beside(parts.settings)],
    }

    def text() -> None:
        models = found.pop("read_models")
        warnings = found.pop("warnings")
        for name in ("never_filled", "former_editions"):
            found[name] = ", ".join(found[name])
        show_fields(found)
        click.echo()
        heads = ["read model", "edition", "state", "position", "lag"]
        show_table("read models", heads, [list(one.values()) for one in models])
        if lag:
            click.echo(
                f"The read models lack {lag} of the log's entries; run `registry follow`.",
                err=True,
            )
        if replaced:
            click.echo(
                "Tables of former editions are still there, with what was blanked since;"
                " whoever follows drops them a day after they last moved, `registry follow --once"
                " --drop-former` at once.",
                err=True,
            )
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)

    answer(found, text)


def beside(settings: Settings) -> list[str]:
    """A warning where there are redactions, and they are noted where the database is."""
    path = settings.redactions_file
    database = settings.database.removeprefix("sqlite:///")
    if settings.archive or database == settings.database or not path.exists():
        return []
    if Path(database).absolute().parent != path.parent:
        return []
    return [
        f"redactions are noted in {path}, beside the database: a backup of this folder that is"
        " restored brings back an older list too; name a file elsewhere with REGISTRY_REDACTIONS"
    ]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@as_json
def keys(file: Path | None) -> None:
    """Make a key with which tokens are signed from now on.

    Its public half is added to FILE, by default the setting `keys`, which the server reads; its
    private half to a file beside that one, readable by its owner alone.
    """
    from adapters.http.auth import new_keys, private_path

    path = file or Path(settings().keys)
    done = {"key": new_keys(path), "public": str(path), "private": str(private_path(path))}
    answer(done, lambda: show_fields(done))


@click.command()
@acting
@click.option(
    "--days",
    type=click.FloatRange(0, 366, min_open=True),
    default=1,
    show_default=True,
    help="How long it is good for.",
)
@as_json
def token(officer: str, office: str, roles: str, area: str | None, days: float) -> None:
    """Issue a bearer token to an officer, signed with the newest key of `registry keys`.

    \b
    registry token --officer Li --office 510603001001 --roles station --area 510603
    """
    from adapters.eventstore import microseconds
    from adapters.http.auth import issue

    by = authority(officer, office, roles, area)
    issued = issue(
        settings().keys,
        officer=by.officer,
        office=by.office,
        roles=by.roles,
        area=by.area,
        now=microseconds(),
        days=days,
    )
    answer({"token": issued}, lambda: click.echo(issued))


@click.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file for it.")
@click.option("--columns", is_flag=True, help="Print how entries lie in columns instead.")
@as_json
def catalogue(output: Path | None, columns: bool) -> None:
    """Print the vocabulary of events and the commands with their fields, as Markdown or JSON."""
    from adapters.cli.frame import wants_json
    from registry.catalogue import catalogue as described
    from registry.catalogue import markdown

    if columns:
        laid_out = columns_by_kind()
        heads = ["stream", "column", "type", "in"]
        rows = [[kind, *one.values()] for kind, held in laid_out.items() for one in held]
        answer(laid_out, lambda: show_table("columns", heads, rows))
        return
    text = dumps(described()) + "\n" if wants_json() else markdown()
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def columns_by_kind() -> dict[str, list[dict[str, str]]]:
    """How the entries of each kind of stream lie in columns, as the declaration has it."""
    from registry.vocabulary import Kind
    from replay.columns.forms import Form
    from replay.columns.layout import COLD, FIXED, layout

    found = {}
    for kind in Kind:
        laid = layout(kind)
        columns = [{"column": n, "type": dtype, "in": "every row"} for n, dtype in FIXED.items()]
        columns += [
            {"column": name, "type": form.dtype, "in": "rows whose event declares it"}
            for name, form in laid.dense.items()
        ]
        for name, form in laid.sparse.items():
            plain = {"": form} if isinstance(form, Form) else form.parts
            where = "rows that have it" if isinstance(form, Form) else "lists"
            columns += [
                {"column": f"{name}.{part}".strip("."), "type": one.dtype, "in": where}
                for part, one in plain.items()
            ]
        columns += [{"column": n, "type": dtype, "in": "envelope"} for n, dtype in COLD.items()]
        found[kind.value] = columns
    return found


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script with which a shell completes verbs, options and command names.

    \b
    eval "$(registry completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell
    root = click.get_current_context().find_root().command
    click.echo(kind(root, {}, "registry", "_REGISTRY_COMPLETE").source())


@click.command()
@click.option("--people", type=click.IntRange(100), default=30_000, show_default=True)
@click.option("--years", type=click.FloatRange(0, 40), default=20, show_default=True)
@click.option("--seed", type=int, default=2004, show_default=True, help="The same one, the same.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep it; else it is removed at the end.",
)
def demo(people: int, years: float, seed: int, folder: Path | None) -> None:
    """Show a make-believe county: people are born, move and die, and real questions are asked."""
    from adapters.demo.show import show

    show(people, years, seed, folder)
