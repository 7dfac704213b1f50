"""Verbs that ask about places and whole populations: lists of residents, counts, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import ID, answer, as_json, malformed, show_table
from adapters.cli.looking import PEOPLE
from registry.errors import NotFound
from registry.values import Level
from registry.vocabulary import Cause

if TYPE_CHECKING:
    from adapters.answers import Place


@click.command()
@click.option("--community", type=ID, help="Those of a community.")
@click.option("--division", type=ID, help="Those of a division, with all that lies below it.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--after", metavar="CURSOR", help="Go on after a page, on that page's two clocks.")
@asking()
@as_json
def residents(
    desk: Desk, community: UUID | None, division: UUID | None, limit: int, after: str | None
) -> None:
    """List the residents of a community or division, a page at a time.

    The cursor of a page carries its point on both clocks, so that what is recorded meanwhile
    shifts no page.

    \b
    registry residents --community 01890a5d-ac96-774b-bcce-b302099a8057 --purpose census
    """
    from adapters.answers import Cursor

    desk.need(*PEOPLE)
    place = community or division
    if place is None or (community and division):
        raise malformed("--community, --division", "name one of them; see `registry places`")
    if desk.reader.place(place, desk.at) is None:
        raise desk.missing("residents", "place", place)
    desk.guard_place("residents", place, place)
    cursor = None if after is None else Cursor.read(after)
    page = desk.reader.residents(place, desk.at, cursor, limit)
    people = desk.reader.persons([one.person for one in page.residents], page.at)
    rows = []
    for one in page.residents:
        known = people[one.person]
        rows.append(
            {
                "person": one.person,
                "household": one.household,
                "community": one.community,
                "name": known.name or known.name_as_found,
                "sex": None if known.sex is None else int(known.sex),
                "birth_date": known.birth_date or known.birth_date_as_found,
            }
        )
    following = page.after.token() if page.after else None
    told = {"valid_on": page.at.valid_on, "residents": rows, "after": following}

    def text() -> None:
        heads = ["person", "household", "community", "name", "sex", "born"]
        show_table("residents", heads, [list(row.values()) for row in rows])
        if following:
            click.echo(f"more with --after {following}", err=True)

    desk.tell(
        "residents", told, text, subjects=people, fields=rows[0] if rows else (), rows=len(rows)
    )


@click.command()
@click.argument("place", type=ID, required=False)
@click.option("--code", help="The divisions that have this code.")
@asking(personal=False)
@as_json
def places(desk: Desk, place: UUID | None, code: str | None) -> None:
    """Show what lies directly under PLACE, or the top of the tree, with the number of residents."""
    reader, at = desk.reader, desk.at
    if code is not None:
        found = reader.divisions_coded(code, at)
    elif place is not None:
        if reader.place(place, at) is None:
            raise NotFound("place", place)
        found = reader.places_under(place, at)
    else:
        found = _top(desk)
    told = [
        {
            "id": one.id,
            "level": level_of(one),
            "code": one.code,
            "name": one.name,
            "station": one.station,
            "residents": reader.count(one.id, at),
        }
        for one in found
    ]
    heads = ["id", "level", "code", "name", "station", "residents"]
    answer(told, lambda: show_table("places", heads, [list(one.values()) for one in told]))


def level_of(place: Place) -> str:
    """The tier of a place in words."""
    return "community" if place.level is None else Level(place.level).name.lower()


def _top(desk: Desk) -> list[Place]:
    from sqlalchemy import select

    from adapters.reading import told
    from registry.projections.base import visible
    from registry.projections.places import places as table

    query = select(table).where(
        table.c.parent.is_(None), table.c.closed == 0, visible(table, desk.at)
    )
    rows = desk.reader.connection.execute(query.order_by(table.c.code, table.c.name)).all()
    return [told(row) for row in rows]


class Month(click.ParamType[int]):
    """A month, 2007-06."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a month as yyyymm."""
        if isinstance(value, int):
            return value
        year, _, month = value.partition("-")
        if len(year) == 4 and year.isdigit() and month.isdigit() and 1 <= int(month) <= 12:
            return int(year) * 100 + int(month)
        self.fail(f"{value!r} is no month; write it as 2007-06", param, ctx)


@click.command()
@click.argument("division", type=ID)
@click.option("--from", "first", type=Month(), required=True, help="First month.")
@click.option("--to", "last", type=Month(), help="Last month; default: the first.")
@asking(personal=False)
@as_json
def counts(desk: Desk, division: UUID, first: int, last: int | None) -> None:
    """Report the four changes (四项变动) of a division or community by month of recording.

    Each month ends where the next begins: end = start + all that came - all that went.

    \b
    registry counts 01890a5d-ac96-774b-bcce-b302099a8057 --from 2007-01 --to 2007-12
    """
    from adapters.counting import day_known, four_changes, past_months
    from registry.days import day_at

    if desk.reader.place(division, desk.at) is None:
        raise NotFound("place", division)
    store = desk.parts.store
    given = click.get_current_context().params["known_at"]
    today = day_known(given, store, day_at(desk.parts.register.clock()))
    first, last = past_months(first, last or first, today)
    months = four_changes(desk.reader, store, division, first, last, desk.at.known, today)
    told = [
        {
            "month": f"{one.month // 100}-{one.month % 100:02}",
            "start": one.start,
            **{
                cause: {"entered": crossing.entered, "left": crossing.left}
                for cause, crossing in one.causes.items()
            },
            "end": one.end,
        }
        for one in months
    ]
    causes = [cause.value for cause in Cause]
    rows = [
        [
            told_month["month"],
            one.start,
            *(f"+{one.causes[c].entered} -{one.causes[c].left}" for c in causes),
            one.end,
        ]
        for told_month, one in zip(told, months, strict=True)
    ]
    answer(told, lambda: show_table("changes", ["month", "start", *causes, "end"], rows))
