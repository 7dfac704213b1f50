"""The verb that lists whom a station calls up for a card."""

from __future__ import annotations

from uuid import UUID

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import ID, as_json, malformed, show_table
from adapters.cli.looking import PEOPLE


@click.command("call-up")
@click.option("--community", type=ID, help="Residents of a community.")
@click.option("--division", type=ID, help="Residents of a division, with all that lies below it.")
@click.option(
    "--within",
    type=click.IntRange(0, 366),
    default=0,
    help="Days ahead: also who comes of age, or whose card expires, in them.",
)
@click.option("--from-age", type=click.IntRange(0, 150), default=0, help="In completed years.")
@click.option("--to-age", type=click.IntRange(0, 150), default=150, help="In completed years.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=500, show_default=True)
@click.option("--after", metavar="CURSOR", help="Go on after a page, on that page's two clocks.")
@asking()
@as_json
def call_up(
    desk: Desk,
    community: UUID | None,
    division: UUID | None,
    within: int,
    from_age: int,
    to_age: int,
    limit: int,
    after: str | None,
) -> None:
    """List residents who are to be called up for a card (集中换领通知), out of LIMIT a page.

    Who is of age and has none, has one of the first generation only, lost it, or whose card has
    expired, or says a name, number or other item of before; not who has applied.

    \b
    registry call-up --community $COMMUNITY --within 90 --purpose identity-card
    """
    from adapters import calling
    from adapters.answers import Cursor

    desk.need(*PEOPLE)
    place = community or division
    if place is None or (community and division):
        raise malformed("--community, --division", "name one of them; see `registry places`")
    if desk.reader.place(place, desk.at) is None:
        raise desk.missing("call-up", "place", place)
    desk.guard_place("call-up", place, place)
    cursor = None if after is None else Cursor.read(after)
    ages = (from_age, to_age)
    found = calling.call_up(desk.reader, place, desk.at, cursor, limit, within, ages)
    following = found.after.token() if found.after else None
    rows = [vars(one) for one in found.called]
    told = {
        "valid_on": found.at.valid_on,
        "residents": found.looked_at,
        "called_up": rows,
        "after": following,
    }

    def text() -> None:
        heads = ["person", "name", "born", "of age on", "lacks", "card until"]
        shown = [
            [one.person, one.name, one.birth_date, one.of_age_on, one.lacks, one.term_until]
            for one in found.called
        ]
        show_table(f"called up, of {found.looked_at} residents", heads, shown)
        if following:
            click.echo(f"more with --after {following}", err=True)

    named = [one.person for one in found.called]
    fields = ("name", "birth_date", "cards")
    desk.tell("call-up", told, text, subjects=named, fields=fields, rows=len(rows))
