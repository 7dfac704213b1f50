"""The verb that lists whose card does not say where its holder lives."""

from __future__ import annotations

from uuid import UUID

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import ID, as_json, show_table
from adapters.cli.issuing import CARDS


@click.command("addresses-due")
@click.option("--division", type=ID, required=True, help="Residents of a division or community.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=500, show_default=True)
@click.option("--after", metavar="CURSOR", help="Go on after a page, on that page's two clocks.")
@asking()
@as_json
def addresses_due(desk: Desk, division: UUID, limit: int, after: str | None) -> None:
    """List holders whose cards say another address (应追加住址), out of LIMIT residents a page.

    Who has moved, alone or with the household, or never moved after all, since the card was signed.
    They are told to bring the card along, and the county appends the address, or exchanges a card
    whose chip has no room left.

    \b
    registry addresses-due --division $COMMUNITY --purpose identity-card
    """
    from adapters import addresses_due as due
    from adapters.answers import Cursor

    desk.need(*CARDS)
    if desk.reader.place(division, desk.at) is None:
        raise desk.missing("addresses-due", "place", division)
    desk.guard_place("addresses-due", division, division)
    cursor = None if after is None else Cursor.read(after)
    found = due.addresses_due(desk.reader, division, desk.at, cursor, limit)
    following = found.after.token() if found.after else None
    told = {
        "valid_on": found.at.valid_on,
        "residents": found.looked_at,
        "due": [vars(one) for one in found.due],
        "after": following,
    }

    def text() -> None:
        heads = ["person", "number", "moved on", "appended", ""]
        rows = [
            [
                one.person,
                one.acceptance_number,
                one.moved_on,
                one.appended,
                "exchange" if one.exchange else "",
            ]
            for one in found.due
        ]
        show_table(f"addresses due, of {found.looked_at} residents", heads, rows)
        if following:
            click.echo(f"more with --after {following}", err=True)

    named = [one.person for one in found.due]
    desk.tell("addresses-due", told, text, subjects=named, fields=["cards"], rows=len(named))
