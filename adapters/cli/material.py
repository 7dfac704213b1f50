"""The verb that balances the books of the production sites."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.desk import Desk, Instant, asking, microseconds_of
from adapters.cli.frame import WRONG, answer, as_json, malformed, show_fields, show_table
from registry.values import EPOCH, OfficeCode

if TYPE_CHECKING:
    from registry.projections import At
    from replay.questions.material import Material


@click.command()
@click.option("--site", metavar="CODE", help="Of this production site; default: all of them.")
@click.option("--since", type=Instant(), help="From here on, a shift's begin; default: from ever.")
@click.option("--work-order", metavar="NUMBER", help="Also what became of the blanks of an order.")
@click.option("--replay", is_flag=True, help="Also from the log itself, and held against it.")
@asking(personal=False)
@as_json
def material(
    desk: Desk,
    site: str | None,
    since: datetime | date | None,
    work_order: str | None,
    replay: bool,
) -> None:
    """Balance blanks, cards, waste and sheets of the sites (物料平衡); ends with 1 if they do not.

    The period ends at --known-at; so a shift is --since and --known-at. With --replay nothing of
    the read models is believed, and an application with two good cards is a finding too.

    \b
    registry material --site 510000900000 --since 2007-06-01T08:00 --known-at 2007-06-01T20:00
    """
    from adapters import material as reading
    from adapters.reading import resolve
    from registry.projections import At

    try:
        office = None if site is None else OfficeCode(site)
    except ValueError as error:
        raise malformed("--site", str(error)) from error
    before = At(desk.at.valid_on, 0)
    if since is not None:
        now = desk.parts.register.clock()
        begun = since if isinstance(since, datetime) else max(since, EPOCH) - timedelta(1)
        known = microseconds_of(begun, now)
        before = resolve(desk.reader.connection, desk.parts.store, now, None, known)
    books = reading.books(desk.reader, before, desk.at, office)
    lines = [*books.lines()]
    wrong = books.differences()
    told: dict[str, Any] = {
        "ledgers": [{**vars(line), "difference": line.difference} for line in lines],
        "sheets": {site: vars(sheets) for site, sheets in books.sheets.items()},
        "balanced": not wrong,
    }
    if work_order is not None:
        moves = reading.order_moves(desk.reader, work_order, desk.at.known)
        told["work_order"] = [
            {"from": before, "to": after, "bodies": count}
            for (before, after), count in sorted(moves.items())
        ]
    if replay:
        found = _replayed(desk, before)
        theirs = {line for line in map(repr, found.books.lines())}
        told["replay_agrees"] = {repr(line) for line in lines} <= theirs
        told["made_twice"] = [str(one) for one in found.twice]
        wrong = wrong or found.books.differences()
    heads = ["site", "ledger", "opening", "came", "went", "closing", "difference"]
    rows: list[list[Any]] = [
        [
            line.site,
            line.ledger,
            line.opening,
            _words(line.came),
            _words(line.went),
            line.closing,
            line.difference,
        ]
        for line in lines
    ]

    def text() -> None:
        show_table("material", heads, rows)
        sheets = [[site, *vars(one).values()] for site, one in books.sheets.items()]
        columns = ["site", "opening", "received", "came", "gone", "closing"]
        show_table("sheets with an unused blank", columns, sheets)
        if "work_order" in told:
            moved = [[*move.values()] for move in told["work_order"]]
            show_table(f"blanks of {work_order}", ["from", "to", "bodies"], moved)
        if replay:
            names = ("balanced", "replay_agrees", "made_twice")
            show_fields({name: told[name] for name in names})

    answer(told, text)
    if wrong or not told.get("replay_agrees", True) or told.get("made_twice"):
        raise click.exceptions.Exit(WRONG)


def _replayed(desk: Desk, before: At) -> Material:
    """The books as the log tells them, between the same two points."""
    from adapters.cli.auditing import read_log
    from replay.questions.material import material as balance
    from replay.states.history import At as Point

    log = read_log(desk.parts)
    return balance(
        log, Point(before.valid_on, before.known), Point(desk.at.valid_on, desk.at.known)
    )


def _words(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
