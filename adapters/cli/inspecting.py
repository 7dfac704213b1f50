"""The verb with which upper tiers look at what officers recorded."""

from __future__ import annotations

from datetime import date

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import DAY, as_json, malformed, show_table
from registry.days import moment_of
from registry.errors import Forbidden

#: Who inspects.
INSPECTORS = ("auditor", "county", "city", "province")


@click.command()
@click.option("--by", "who", metavar="OFFICER", help="Acts of one officer.")
@click.option("--at", "where", default="", help="Acts of an office and its parts, by its code.")
@click.option("--from", "first", type=DAY, required=True, help="The first day of recording.")
@click.option("--to", "last", type=DAY, required=True, help="The last day of recording.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option(
    "--draw",
    type=click.IntRange(0, 2**63 - 1),
    metavar="SEED",
    help="Draw the acts that are told, for checking anew; the same seed draws the same.",
)
@asking()
@as_json
def acts(
    desk: Desk,
    who: str | None,
    where: str,
    first: date,
    last: date,
    limit: int,
    draw: int | None,
) -> None:
    """Tell what an officer or an office recorded, counted and one by one (责任追查).

    \b
    registry acts --by Li --from 2007-06-01 --to 2007-06-30 --purpose supervision
    registry acts --at 510603 --from 2007-06-01 --to 2007-06-30 --draw 7 --limit 20 …
    """
    from adapters.acts import acts as recorded

    desk.need(*INSPECTORS)
    if first > last:
        raise malformed("--to", "a period ends on or after its first day")
    if who is None and not where:
        raise malformed("--by, --at", "name an officer, an office, or both")
    if not desk.sight.sees_office(where):
        desk.log("acts", "refused")
        raise Forbidden("the office belongs to another area; name one of your own with --at")
    found = recorded(desk.parts.store, who, where, first, last, limit, draw)
    rows = [
        {**vars(one), "recorded_at": moment_of(one.recorded_at).isoformat(timespec="seconds")}
        for one in found.shown
    ]
    told = {**vars(found), "shown": rows}

    def text() -> None:
        heads = ["officer", "office", "event", "entries"]
        show_table(f"{found.entries} entries", heads, [list(one) for one in found.counts])
        click.echo()
        names = ["recorded_at", "officer", "office", "event", "kind", "stream", "version"]
        show_table("acts", names, [[row[name] for name in names] for row in rows])

    people = [one.stream for one in found.shown if one.kind == "person"]
    desk.tell("acts", told, text, subjects=people, fields=["acts"], rows=len(rows))
