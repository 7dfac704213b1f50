"""What every verb shares: how it opens the register, how it answers, how it says no."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from pathlib import Path
from signal import SIGINT
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import UUID

import click

from registry.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    Refused,
    RegistryError,
    Unavailable,
)

if TYPE_CHECKING:
    from rich.progress import Progress

    from adapters.assembly import Parts, Settings

F = TypeVar("F", bound=Callable[..., Any])

#: The exit code of each error; 0 is done, 1 is "checked, and something is wrong".
EXITS: dict[type[RegistryError], int] = {
    Malformed: 2,
    Refused: 3,
    NotFound: 4,
    Conflict: 5,
    Unavailable: 6,
    Forbidden: 7,
}
WRONG = 1
#: The exit code of work that Ctrl-C stopped, as shells have it.
STOPPED = 128 + SIGINT
#: Verbs that go on where they were stopped when the same line is typed again.
GOING_ON = frozenset({"cut", "export", "follow", "publish", "rebuild", "seal", "watch"})
_JSON = "registry.json"
_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]")


def exit_code(error: RegistryError) -> int:
    """The exit code of an error."""
    return next(code for kind, code in EXITS.items() if isinstance(error, kind))


class Stopped(click.ClickException):
    """An error on its way to the terminal: in words, or as JSON for programs."""

    def __init__(self, error: RegistryError, as_json: bool) -> None:
        """Keep what will be shown."""
        super().__init__(str(error))
        self.error, self.as_json = error, as_json
        vars(self)["exit_code"] = exit_code(error)  # click declares it for the class

    def show(self, file: IO[Any] | None = None) -> None:
        """Write to standard error; nothing of an answer stands on standard output then."""
        lines = [json.dumps(problem(self.error), ensure_ascii=False)]
        if not self.as_json:
            lines = list(told(self.error))
        for line in lines:
            click.echo(line, file=file, err=True)


def told(error: RegistryError) -> Iterator[str]:
    """An error in lines for a person to read."""
    match error:
        case Refused(rules=rules):
            yield f"refused ({len(rules)} rule{'s' if len(rules) > 1 else ''} of law):"
            for rule in rules:
                yield f"  {rule.code}: {rule.message} [{rule.law}]"
                if rule.remedy:
                    yield f"    {rule.remedy}"
        case Malformed(faults=faults):
            yield "malformed; correct this and send it again:"
            for fault in faults:
                yield f"  {fault.at or 'body'}: {fault.message}"
        case _:
            yield f"{error.code}: {error}"


def problem(error: RegistryError) -> dict[str, Any]:
    """An error for programs."""
    found: dict[str, Any] = {
        "code": error.code,
        "message": str(error),
        "exit": exit_code(error),
    }
    if isinstance(error, Refused):
        found["rules"] = [
            {"code": r.code, "message": r.message, "law": r.law, "remedy": r.remedy}
            for r in error.rules
        ]
    if isinstance(error, Malformed):
        found["faults"] = [asdict(fault) for fault in error.faults]
    return found


class Verbs(click.Group):
    """A group of verbs; whatever a verb raises leaves here with its words and its exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Turn a citizen number away, wherever it stands, without repeating it."""
        if any(_NUMBER.fullmatch(word) for arg in args for word in arg.split("=")):
            raise click.UsageError(
                "a citizen number never stands on a command line, where other users see it and the"
                " shell remembers it; find the identifier with `registry find-number`, which reads"
                " the number from standard input, and take this line out of the shell's history",
                ctx,
            )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb, turning errors into exit codes."""
        try:
            return super().invoke(ctx)
        except RegistryError as error:
            raise Stopped(error, wants_json(ctx)) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            stopped(ctx, standing(ctx.invoked_subcommand))
        except BrokenPipeError:
            sys.stderr.close()  # whoever read has seen enough
            raise click.exceptions.Exit(0) from None
        except Exception as error:
            if (known := known_failure(error)) is None:
                raise
            raise Stopped(known, wants_json(ctx)) from error


def standing(verb: str | None) -> str:
    """What stands of a verb that Ctrl-C stopped."""
    told = "stopped; what was recorded or written by then stands, and nothing is half done"
    return f"{told}; the same line again goes on from there" if verb in GOING_ON else told


def stopped(ctx: click.Context, message: str) -> NoReturn:
    """End as Ctrl-C ends a program, and say what stands."""
    told = {"code": "stopped", "message": message, "exit": STOPPED}
    click.echo(json.dumps(told) if wants_json(ctx) else message, err=True)
    raise click.exceptions.Exit(STOPPED) from None


def known_failure(error: Exception) -> RegistryError | None:
    """What a failure of a database, a file or a setting means to who typed the verb."""
    import errno
    import sqlite3
    from concurrent.futures.process import BrokenProcessPool

    from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

    from adapters.schema import SchemaMismatch

    match error:
        case SchemaMismatch():
            return Unavailable(str(error))
        case OperationalError():
            cause = _cause(error.orig)
            return Unavailable(
                f"the database does not answer ({cause}); is --database right, and does it run?"
            )
        case DBAPIError():
            return Unavailable(f"the database refused: {_cause(error.orig)}")
        case sqlite3.OperationalError():  # of a file that is filled without the library between
            return Unavailable(f"the database does not answer ({_cause(error)})")
        case BrokenProcessPool():
            return Unavailable(
                "a process that did part of the work was ended from outside; see whether memory ran"
                " out, then type the line again"
            )
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            where = f" of {error.filename}" if error.filename else ""
            return Unavailable(f"the disk{where} is full; make room, then type the line again")
        case ArgumentError():
            return malformed("--database", "use sqlite:///path or postgresql://host/name")
        case ValueError() | OSError():
            return malformed("input", str(error))
    return None


def _cause(error: BaseException | None) -> str:
    """What a driver says, without the stored values that some put behind it."""
    first, *_ = str(error).strip().splitlines() or [""]
    return first.partition(" with text ")[0]


def malformed(at: str, message: str, code: str = "value") -> Malformed:
    """One fault of what was typed or sent."""
    from registry.errors import Fault

    return Malformed([Fault(at, code, message)])


def as_json(function: F) -> F:
    """Give a verb the switch --json; its answer is then one JSON document."""

    def remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        ctx.meta[_JSON] = ctx.meta.get(_JSON, False) or value

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="Answer in JSON, for programs.",
    )(function)


def wants_json(ctx: click.Context | None = None) -> bool:
    """Whether --json was given."""
    ctx = ctx or click.get_current_context()
    return bool(ctx.meta.get(_JSON, False))


def answer(value: Any, text: Callable[[], None] | None = None) -> None:
    """Give an answer: as JSON where it is asked for, else as `text` prints it."""
    if wants_json() or text is None:
        click.echo(dumps(value))
    else:
        text()


def dumps(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=plain)


def plain(value: Any) -> Any:
    """Say a value that JSON has no word for."""
    match value:
        case UUID() | Path():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case set() | frozenset():
            return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")


def show_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print rows under headings; a terminal gets lines drawn around them, a pipe gets tabs."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [columns, *cells]:
            click.echo("\t".join(row))
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*row)
    Console().print(table)


def show_fields(fields: dict[str, Any]) -> None:
    """Print names and values, one a line, without what is absent."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        if value not in (None, "", (), []):
            click.echo(f"{name.ljust(width)}  {value}")


@contextmanager
def progress(enabled: bool = True) -> Iterator[Progress]:
    """A progress bar on standard error; in a pipe nothing is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    console = Console(stderr=True)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining()]
    shown = enabled and console.is_terminal and not wants_json()
    with Progress(*columns, console=console, disable=not shown) as bar:
        yield bar


class Identifier(click.ParamType[UUID]):
    """An identifier of the register, a UUID."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Read an identifier."""
        if isinstance(value, UUID):
            return value
        try:
            return UUID(value)
        except ValueError:
            self.fail(
                f"{value!r} is no identifier; it looks like 01890a5d-ac96-774b-bcce-b302099a8057",
                param,
                ctx,
            )


class Day(click.ParamType[date]):
    """A civil date, 2007-06-01."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read a date."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2007-06-01", param, ctx)


ID = Identifier()
DAY = Day()


def settings() -> Settings:
    """The settings in force: file, environment, and what stands before the verb."""
    from adapters.assembly import Settings

    root = click.get_current_context().find_root()
    given = root.params
    told = {name: given.get(name) for name in ("database", "query_log", "keys")}
    return Settings.read(**{**told, **(root.obj or {})})  # an archive that is open brings its own


@contextmanager
def opened(create: bool = False, restored: bool = False) -> Iterator[Parts]:
    """The register, wired up for the length of a verb.

    restored: also where a backup was restored that lacks redactions; else Restored is raised.
    """
    from adapters.assembly import assemble
    from adapters.restored import stop_if_restored

    parts = assemble(settings(), create=create)
    try:
        if not restored:
            stop_if_restored(parts, lambda text: click.echo(f"warning: {text}", err=True))
        yield parts
    finally:
        parts.engine.dispose()
