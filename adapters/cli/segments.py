"""The verb that tells which sequence codes a station holds, and how far they go."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import DAY, answer, as_json, malformed, show_table
from registry.values import DivisionCode, OfficeCode


def code(kind: Any) -> Any:
    """Read a code of a kind from an option."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> Any:
        try:
            return None if text is None else kind(text)
        except ValueError as error:
            raise malformed(param.human_readable_name, str(error)) from error

    return read


@click.command("segments")
@click.argument("county", callback=code(DivisionCode))
@click.option("--station", metavar="CODE", callback=code(OfficeCode), help="Only of this station.")
@click.option("--since", type=DAY, help="First birth date; default: a year before the last.")
@click.option("--until", type=DAY, help="Last birth date; default: the day asked about.")
@asking(personal=False)
@as_json
def segments(
    desk: Desk,
    county: DivisionCode,
    station: OfficeCode | None,
    since: date | None,
    until: date | None,
) -> None:
    """List the sequence codes that stations of COUNTY hold (顺序码段), and how far they go.

    Codes serve every birth date anew, odd ones men, even ones women. Told are the codes of each
    segment, how many are used over the period, and what was left of the fullest birth date: where
    that comes near to nothing the county gives the station more (AllotSegment).

    \b
    registry segments 510603 --station 510603001001
    registry segments 510603 --since 2007-01-01 --until 2007-06-30
    """
    from adapters import segments as asked

    asked.stop_in_archive(desk.parts.settings.archive)
    births = asked.period(since, until, desk.at.valid_on)
    namespace = desk.parts.setting.namespace
    found = asked.segments(desk.reader, namespace, county, station, births, desk.at)
    told = {"since": births[0], "until": births[1], "segments": found}

    def text() -> None:
        heads = ["station", "codes", "births from", "men", "women", "days", "used"]
        heads += ["fullest birth date", "used", "men left", "women left"]
        rows = [
            [
                *(one.station, f"{one.first:03d}-{one.last:03d}", one.valid_from),
                *(one.male, one.female, one.days, one.used),
                *(vars(one.fullest).values() if one.fullest else ("", "", "", "")),
            ]
            for one in found
        ]
        show_table(f"sequence codes of {county}, births {births[0]} to {births[1]}", heads, rows)

    answer(told, text)
