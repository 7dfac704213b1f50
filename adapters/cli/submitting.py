"""The verb that enters something: a command with its body, sent as one submission."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from uuid import UUID

import click

from adapters.cli.frame import (
    ID,
    answer,
    as_json,
    dumps,
    malformed,
    opened,
    show_fields,
    stopped,
)
from registry.days import moment_of
from registry.errors import Conflict, Fault, Malformed, SubmissionReused, Unavailable
from registry.values import DivisionCode, OfficeCode, Officer

if TYPE_CHECKING:
    from registry.register import Authority

F = TypeVar("F", bound=Callable[..., Any])


def acting(function: F) -> F:
    """Ask who acts: officer, office, roles and area, from options or the environment."""
    for option in (
        click.option(
            "--area",
            envvar="REGISTRY_AREA",
            metavar="CODES",
            help="Codes of the divisions the officer answers for, by commas; default: everywhere.",
        ),
        click.option(
            "--roles",
            envvar="REGISTRY_ROLES",
            default="",
            metavar="ROLES",
            help="Roles of the officer, by commas, such as station,county.",
        ),
        click.option(
            "--office",
            envvar="REGISTRY_OFFICE",
            default="",
            metavar="CODE",
            help="Code of the registration office, twelve digits.",
        ),
        click.option(
            "--officer", envvar="REGISTRY_OFFICER", default="", metavar="NAME", help="Who acts."
        ),
    ):
        function = option(function)
    return function


def authority(officer: str, office: str, roles: str, area: str | None) -> Authority:
    """Who acts, from the words that were typed."""
    from registry.register import Authority

    given = {"officer": officer, "office": office, "roles": roles}
    if missing := [name for name, text in given.items() if not text]:
        raise Malformed(
            [
                Fault(f"--{name}", "missing", f"say it here or set REGISTRY_{name.upper()}")
                for name in missing
            ]
        )
    made: dict[str, Any] = {}
    for name, kind, text in (("officer", Officer, officer), ("office", OfficeCode, office)):
        try:
            made[name] = kind(text)
        except ValueError as error:
            raise malformed(f"--{name}", str(error)) from error
    named = [part.strip() for part in roles.split(",") if part.strip()]
    codes = None
    if area is not None:
        try:
            codes = tuple(DivisionCode(part.strip()) for part in area.split(","))
        except ValueError as error:
            raise malformed("--area", str(error)) from error
    return Authority(roles=frozenset(named), area=codes, **made)


class CommandName(click.ParamType[str]):
    """The name of a command."""

    name = "command"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take a name that there is; else say which ones come near."""
        from difflib import get_close_matches

        from registry.commands import COMMANDS

        if value in COMMANDS:
            return str(value)
        near = get_close_matches(value, COMMANDS, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        self.fail(f"there is no command {value!r}{hint} See `registry catalogue`.", param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Offer the names that begin as typed."""
        from registry.commands import COMMANDS

        return [
            click.shell_completion.CompletionItem(name)
            for name in sorted(COMMANDS)
            if name.startswith(incomplete)
        ]


@click.command()
@click.argument("name", type=CommandName())
@click.argument("file", type=click.File("rb"), default="-")
@acting
@click.option(
    "--submission",
    type=ID,
    help="The id of this submission; send the same one to try again without doing it twice.",
)
@click.option("--example", is_flag=True, help="Print an example of the body and enter nothing.")
@as_json
def do(
    name: str,
    file: BinaryIO,
    example: bool,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
    submission: UUID | None,
) -> None:
    """Execute one command, its body read as JSON from FILE or standard input.

    \b
    registry do RegisterBirth birth.json
    echo '{"person": "…", "version": 3, "grounds": "…"}' | registry do RestoreRegistration
    """
    from adapters.eventstore import microseconds
    from adapters.founded import asks, consulted
    from adapters.ids import ids
    from adapters.projector import Projector
    from adapters.wire import read_command, shape_of
    from registry.commands import COMMANDS
    from registry.register import Submission

    if example:
        click.echo(dumps(shape_of(cast(Hashable, COMMANDS[name])).sample))
        return
    by = authority(officer, office, roles, area)
    command = read_command(COMMANDS[name], file.read())
    with opened() as parts:
        projector = Projector(parts.engine, parts.store)
        if asks(command):  # and nobody else may be there to bring them up to the log
            projector.prepare()
            projector.catch_up()
        sent = Submission(submission or ids(microseconds)(), by, command)
        sent = consulted(sent, parts, projector, microseconds())
        again = f"; send it again with --submission {sent.id}, it will not be entered twice"
        try:
            receipt = parts.register.do(sent)
        except KeyboardInterrupt:  # the database may have it
            stopped(click.get_current_context(), f"stopped, perhaps after it was recorded{again}")
        except (Unavailable, Conflict) as error:
            if isinstance(error, SubmissionReused):
                raise
            raise type(error)(f"{error}{again}") from error
    told = json.loads(receipt.answer)
    notices = told.pop("notices", [])
    fields = {
        "submission": str(receipt.submission),
        "recorded_at": moment_of(receipt.recorded_at).isoformat(),
        "entries": receipt.count,
        **told,
    }

    def text() -> None:
        show_fields(fields)
        for notice in notices:
            click.echo(f"notice: {notice['message']} [{notice['law']}]", err=True)

    answer({**fields, "notices": notices} if notices else fields, text)
