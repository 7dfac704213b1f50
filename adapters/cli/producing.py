"""The verb that makes cards: one work order on one line, with a view of every reader."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.frame import (
    WRONG,
    answer,
    as_json,
    malformed,
    opened,
    show_fields,
    show_table,
    wants_json,
)
from adapters.cli.submitting import acting, authority
from registry.values import PaperNumber, RunEnd

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.card.line import Line, Report

#: What is to be done after a run that did not end as one would wish.
ADVICE = {
    RunEnd.SUPPLY: "no blanks were left: issue more (IssueBlanks), and start it again",
    RunEnd.HELD: "what is held waits for a supervisor: see why, then ReturnOrder or RedoCards",
    RunEnd.SPOILS: "too many were spoiled in a row: look at the lot and at the reader",
    RunEnd.ALARM: (
        "stop and look: a card that was begun is missing, or a chip holds what nobody recorded;"
        " present the missing card, or have it given up by two (ProposeBodyVoid, ConfirmBodyVoid)"
    ),
}
HEADS = ["reader", "made", "rejected", "cards/s", "now"]


@click.command()
@click.argument("work_order", metavar="WORK_ORDER")
@click.option("--line", required=True, metavar="NUMBER", help="Number of the production line.")
@click.option("--reject-bin", required=True, metavar="NUMBER", help="Number of its reject bin.")
@click.option("--reader", "readers", multiple=True, metavar="NAME", help="Default: all there are.")
@click.option(
    "--machine",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of an emulated machine that feeds the readers; default: by hand.",
)
@click.option(
    "--spoils", type=click.IntRange(1), help="A reader stops after so many spoiled in a row."
)
@acting
@as_json
def produce(
    work_order: str,
    line: str,
    reject_bin: str,
    readers: tuple[str, ...],
    machine: Path | None,
    spoils: int | None,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Make the cards of a work order (制证), in all readers of a line at once.

    Whatever was begun before is finished first, whenever and however it was stopped. Ctrl-C lets
    the cards in hand be finished. Ends with 1 where not every card was made.

    \b
    registry produce W-2007-0611 --line L1 --reject-bin B17 --roles production-centre
    """
    from adapters.producing import Task, station

    task = Task(
        work_order=_number("WORK_ORDER", work_order),
        line=_number("--line", line),
        reject_bin=_number("--reject-bin", reject_bin),
        by=authority(officer, office, roles, area),
        readers=readers,
        machine=machine,
        spoils=spoils,
    )
    with opened() as parts, station(parts, task, _tell) as made, asked_to_stop(made.stop):
        start = perf_counter()
        with watching(made, start) as watch:
            report = made.run(watch)
        seconds = perf_counter() - start
        answer(told(made, report, seconds), lambda: _show(made, report, seconds))
    if report.end not in {RunEnd.COMPLETE, RunEnd.ASKED}:
        raise click.exceptions.Exit(WRONG)


@contextmanager
def asked_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, or the system, ask for an end; asked a second time, end at once."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.getsignal(one) for one in signals}

    def asked(number: int, frame: FrameType | None) -> None:
        for one in signals:
            signal.signal(one, before[one])
        stop()
        click.echo("finishing the cards in hand; Ctrl-C again ends at once", err=True)

    for one in signals:
        signal.signal(one, asked)
    try:
        yield
    finally:
        for one in signals:
            signal.signal(one, before[one])


@contextmanager
def watching(line: Line, start: float) -> Iterator[Callable[[], None]]:
    """A view of every reader on a terminal; in a pipe nothing is drawn."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    if wants_json() or not console.is_terminal:
        yield lambda: None
        return
    with Live(console=console, refresh_per_second=5) as live:
        yield lambda: live.update(view(line, perf_counter() - start))


def view(line: Line, seconds: float) -> Table:
    """What the readers of a line are doing, and how long it will take."""
    from rich.box import SIMPLE
    from rich.table import Table

    journal, made = line.journal, sum(tally.cards for tally in line.tallies)
    left = journal.left * seconds / made if made else None
    title = f"{journal.work_order}: {journal.made} of {journal.total} made"
    if left is not None:
        title += f", {made / seconds:.1f} cards/s, {left:.0f} s left"
    table = Table(*HEADS, title=title, title_justify="left", box=SIMPLE)
    for row in rows(line):
        table.add_row(*map(str, row))
    return table


def rows(line: Line) -> list[list[Any]]:
    """A row for each reader."""
    return [
        [tally.name, tally.cards, tally.rejected, f"{tally.rate:.1f}", tally.state]
        for tally in line.tallies
    ]


def told(line: Line, report: Report, seconds: float) -> dict[str, Any]:
    """The answer for programs."""
    return {
        "work_order": line.journal.work_order,
        "run": line.journal.run,
        "end": report.end,
        "total": report.total,
        "made": report.made,
        "left": report.left,
        "held": [{"application": one.job.id, "why": one.why} for one in line.journal.held],
        "missing": list(report.missing),
        "seconds": round(seconds, 3),
        "readers": [
            {
                "name": tally.name,
                "made": tally.cards,
                "rejected": tally.rejected,
                "seconds": round(tally.seconds, 3),
                "state": tally.state,
            }
            for tally in line.tallies
        ],
    }


def _show(line: Line, report: Report, seconds: float) -> None:
    show_table(str(line.journal.work_order), HEADS, rows(line))
    show_fields(
        {
            "made": f"{report.made} of {report.total}",
            "left": report.left,
            "end": report.end,
            "seconds": f"{seconds:.1f}",
            "missing": ", ".join(map(str, report.missing)),
        }
    )
    for one in line.journal.held:
        click.echo(f"held: application {one.job.id}: {one.why}", err=True)
    if report.end in ADVICE:
        click.echo(ADVICE[report.end], err=True)


def _tell(message: str) -> None:
    click.echo(message, err=True)


def _number(at: str, text: str) -> PaperNumber:
    try:
        return PaperNumber(text)
    except ValueError as error:
        raise malformed(at, str(error)) from error
