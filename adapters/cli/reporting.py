"""Verbs for the reports of the statistics: made, filed, listed, shown, printed (统计报表)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import (
    DAY,
    ID,
    WRONG,
    Verbs,
    answer,
    as_json,
    opened,
    show_fields,
    show_table,
)
from adapters.cli.submitting import acting, authority
from registry.days import moment_of
from registry.values import ReportForm

if TYPE_CHECKING:
    from adapters.statistics.figures import Figures
    from adapters.statistics.filing import Made
    from adapters.statistics.printing import Stamp

F = TypeVar("F", bound=Callable[..., Any])


class Form(click.ParamType[ReportForm]):
    """A form by its code."""

    name = "form"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> ReportForm:
        """Take a code that there is."""
        try:
            return ReportForm(value)
        except ValueError:
            known = ", ".join(ReportForm.all())
            self.fail(f"{value!r} is no form; there are {known}", param, ctx)


FORM = Form()


def printed(function: F) -> F:
    """Give a verb the choice of how a report is shown."""
    as_what = click.option(
        "--as",
        "shape",
        type=click.Choice(["text", "csv", "html", "pdf"]),
        default="text",
        show_default=True,
        help="How it is shown.",
    )
    where = click.option(
        "--output", type=click.Path(dir_okay=False, path_type=Path), help="Into this file."
    )
    return where(as_what(function))


def period(function: F) -> F:
    """Give a verb a division and a period."""
    for option in (
        click.option("--last", type=DAY, help="Its last day; default: as the form has it."),
        click.option("--first", type=DAY, required=True, help="The first day of the period."),
        click.option("--division", type=ID, required=True, help="For this division."),
    ):
        function = option(function)
    return function


@click.group(cls=Verbs)
def report() -> None:
    """Make, file, list and print the reports of the statistics (统计报表)."""


@report.command("make")
@click.argument("form", type=FORM)
@period
@printed
@asking(personal=False)
@as_json
def make_(
    desk: Desk,
    form: ReportForm,
    division: UUID,
    first: date,
    last: date | None,
    shape: str,
    output: Path | None,
) -> None:
    """Compute a report from the entries known now, or at --known-at, and show it; nothing is kept.

    Ends with 1 where the accounts of a population report do not close.

    \b
    registry report make population-year --division ID --first 2007-01-01 --as pdf --output p.pdf
    """
    from adapters.statistics.filing import make_report
    from adapters.statistics.printing import Stamp

    parts = desk.parts
    made = make_report(desk.reader, parts.store, form, division, first, last, desk.at)
    _show(made.figures, Stamp(made.known_at), shape, output)
    _tell_wrong(made)


@report.command("file")
@click.argument("form", type=FORM)
@period
@click.option("--submission", type=ID, help="The same id to try again without filing twice.")
@acting
@as_json
def file_(
    form: ReportForm,
    division: UUID,
    first: date,
    last: date | None,
    submission: UUID | None,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Compute a report, keep its figures and file it (上报); a later one stands beside it.

    Refused where its accounts do not close, or where nothing has changed since it was filed.
    """
    from adapters.eventstore import microseconds
    from adapters.ids import ids
    from adapters.reading import reading, resolve
    from adapters.statistics.filing import file_report, make_report

    by = authority(officer, office, roles, area)
    with opened() as parts:
        with reading(parts.engine) as reader:
            at = resolve(reader.connection, parts.store, parts.register.clock())
            made = make_report(reader, parts.store, form, division, first, last, at)
        sent = submission or ids(microseconds)()
        receipt = file_report(parts.engine, parts.register.do, by, made, sent)
    import json

    told = {**json.loads(receipt.answer), "submission": str(sent), "position": made.known}
    answer(told, lambda: show_fields(told))


@report.command("due")
@period
@asking(personal=False)
@as_json
def due(desk: Desk, division: UUID, first: date, last: date | None) -> None:
    """Tell which reports were due by the plan from --first to --last (报表上报情况).

    Ends with 1 where one is missing after its day.

    \b
    registry report due --division $CITY --first 2007-01-01 --last 2007-12-31
    """
    from adapters.statistics.filing import make_report
    from adapters.statistics.printing import Stamp

    parts, form = desk.parts, ReportForm("reports-due")
    made = make_report(desk.reader, parts.store, form, division, first, last, desk.at)
    _show(made.figures, Stamp(made.known_at), "text", None)
    if any(row["missing"] for row in made.figures.records()):
        raise click.exceptions.Exit(WRONG)


@report.command("list")
@click.option("--division", type=ID, required=True, help="Of this division.")
@click.option("--form", type=FORM, help="Of this form.")
@asking(personal=False)
@as_json
def list_(desk: Desk, division: UUID, form: ReportForm | None) -> None:
    """List the reports that were filed for a division, the newest first."""
    from adapters.statistics.filing import filed

    found = filed(desk.reader, division, desk.at.known, form)
    heads = ["report", "version", "form", "first", "last", "filed at", "by"]
    rows = [
        [
            one.report,
            one.version,
            f"{one.form} {ReportForm(one.form).name_zh}",
            one.first,
            one.last,
            moment_of(one.filed_at).isoformat(sep=" ", timespec="seconds"),
            one.officer,
        ]
        for one in found
    ]
    answer(found, lambda: show_table("reports", heads, rows))


@report.command("show")
@click.argument("report", type=ID)
@click.option("--version", type=click.IntRange(1), help="This version; default: the last one.")
@printed
@asking(personal=False)
@as_json
def show(desk: Desk, report: UUID, version: int | None, shape: str, output: Path | None) -> None:
    """Show a report as it was filed, whatever was recorded since."""
    from adapters.statistics.filing import as_filed, filed_version, stamp_of

    one = filed_version(desk.reader, report, desk.at.known, version)
    figures = as_filed(desk.reader, desk.parts.store, one)
    _show(figures, stamp_of(desk.reader, one), shape, output)


def _show(figures: Figures, stamp: Stamp, shape: str, output: Path | None) -> None:
    content: bytes | None = None
    if shape == "pdf":
        from adapters.statistics.printing import pdf

        content = pdf(figures, stamp)
    elif shape == "html":
        from adapters.statistics.printing import html

        content = html(figures, stamp).encode()
    elif shape == "csv":
        content = figures.csv().encode()
    if content is None:
        heads = [one.name for one in figures.columns]
        rows = [list(row) for row in figures.rows]
        told = {
            "form": figures.form,
            "unit": figures.unit,
            "first": figures.first,
            "last": figures.last,
            "figures": figures.digest,
            "rows": [dict(row) for row in figures.records()],
        }
        answer(told, lambda: show_table(f"{figures.unit} {figures.form.name_zh}", heads, rows))
    elif output is not None:
        output.write_bytes(content)
    elif shape == "pdf" and sys.stdout.isatty():
        raise click.UsageError("a PDF is not for a terminal; give --output")
    else:
        click.echo(content, nl=False)


def _tell_wrong(made: Made) -> None:
    for each in made.wrong:
        click.echo(f"does not close: {each}", err=True)
    if made.wrong:
        raise click.exceptions.Exit(WRONG)
