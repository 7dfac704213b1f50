"""Verbs that ask about the exchange of cards: programmes, preparations, task letters."""

from __future__ import annotations

from typing import Any

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import answer, as_json, show_fields, show_table
from registry.values import ProgrammeCode, ReadinessStream


class Programme(click.ParamType[ProgrammeCode]):
    """A programme by its code."""

    name = "programme"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> ProgrammeCode:
        """Take a code that there is."""
        try:
            return ProgrammeCode(value)
        except ValueError:
            known = ", ".join(ProgrammeCode.all())
            self.fail(f"{value!r} is no programme; there are {known}", param, ctx)


PROGRAMME = Programme()


@click.command()
@click.argument("programme", type=PROGRAMME)
@asking(personal=False)
@as_json
def programme(desk: Desk, programme: ProgrammeCode) -> None:
    """Show how far a programme of the exchange is (换证工作进度): phases, trial.

    \b
    registry programme deyang-2004
    """
    from adapters import campaigns

    found = campaigns.programme(desk.reader, programme, desk.at)
    heads = ["phase", "planned from", "until", "began", "ended"]
    rows = [
        [one.name_zh, one.planned_from, one.planned_until, one.started_on, one.closed_on]
        for one in found.phases
    ]

    def text() -> None:
        told = dict(vars(found), pilot_places=", ".join(map(str, found.pilot_places)))
        show_fields({name: value for name, value in told.items() if name != "phases"})
        show_table("phases", heads, rows)

    answer(found, text)


@click.command()
@click.argument("programme", type=PROGRAMME)
@asking(personal=False)
@as_json
def preparations(desk: Desk, programme: ProgrammeCode) -> None:
    """Show how far each county is in each stream of preparations (准备工作进度).

    A stream is done, open, late or done late; the last column names what the exchange waits for.
    """
    from adapters import campaigns

    found = campaigns.matrix(desk.reader, programme, desk.at)
    asked = [one for one in ReadinessStream.all() if any(one in each.streams for each in found)]
    heads = ["county", "name", "data", *(one.name_zh for one in asked), "exchange", "waits for"]
    rows = [
        [
            one.code,
            one.name,
            one.baseline_on or "not accepted",
            *(one.streams.get(stream, "") for stream in asked),
            one.exchange_on or "closed",
            ", ".join(one.waits_for),
        ]
        for one in found
    ]
    told = [{**vars(one), "waits_for": one.waits_for} for one in found]
    answer(told, lambda: show_table("preparations", heads, rows))


@click.command()
@click.argument("programme", type=PROGRAMME)
@click.option("--year", type=click.IntRange(2000, 2100), help="Of this year; otherwise of all.")
@asking(personal=False)
@as_json
def tasks(desk: Desk, programme: ProgrammeCode, year: int | None) -> None:
    """List the task letters of a programme (任务书), and what was done of each so far."""
    from adapters import campaigns

    found = campaigns.tasks(desk.reader, programme, desk.at, year)
    heads = ["year", "unit", "persons", "acknowledged", "undivided", "issued", "percent"]
    rows = [
        [
            one.year,
            one.unit,
            one.persons,
            "yes" if one.acknowledged else "no",
            one.undivided,
            one.issued,
            None if one.share is None else f"{one.share:.1f}",
        ]
        for one in found
    ]
    answer(found, lambda: show_table("tasks", heads, rows))
