"""The verb that lists who was found registered nowhere, and searches the register for them."""

from __future__ import annotations

from typing import Any

import click

from adapters.cli.auditing import loaded, point
from adapters.cli.desk import Desk, asking
from adapters.cli.frame import as_json, show_table
from adapters.cli.looking import TIMELINES
from registry.values import OfficeCode


@click.command("unsettled")
@click.option("--station", metavar="CODE", help="Only in this police station's care (派出所).")
@asking()
@as_json
def check_unsettled(desk: Desk, station: str | None) -> None:
    """List who was found registered nowhere (未落户人员), and who in the register that may be.

    Each open case is compared with everybody registered, as `check doubles` compares records: by
    name, sound, birth date and parents. Whoever is likely is told by identifier with the reasons;
    whether it is the same person, officers find out before anybody is entered.

    \b
    registry check unsettled --station 510603001000 --purpose registration
    """
    from registry.aggregates import Places
    from replay.checks.unsettled import unsettled
    from replay.states.entities import tree_of

    desk.need(*TIMELINES)
    wanted = None if station is None else OfficeCode(station)
    with loaded() as (parts, log):
        at, _ = point(parts, log, None, None)
        tree = tree_of(log, at.known) or Places(id=parts.setting.places)
        rows: list[dict[str, Any]] = [
            {
                "case": one.case,
                "community": one.community,
                "station": tree.station_of(one.community, at.valid_on),
                "reason": one.reason,
                "likely": [
                    {
                        "person": log.spaces.ids("person", [like.person])[0],
                        "points": like.points,
                        "reasons": like.reasons,
                    }
                    for like in one.likenesses
                ],
            }
            for one in unsettled(log, at)
        ]
    told = [
        {**row, **_seen(desk, row["likely"])}
        for row in rows
        if (wanted is None or row["station"] == wanted) and desk.sight.sees_place(row["community"])
    ]

    def text() -> None:
        heads = ["case", "community", "reason", "likely", "points", "reasons"]
        lines = [
            [row["case"], row["community"], row["reason"].name_zh, *_best(row["likely"])]
            for row in told
        ]
        show_table("registered nowhere", heads, lines)

    named = [like["person"] for row in told for like in row["likely"]]
    fields = ("name", "birth_date", "parents")
    desk.tell("unsettled", told, text, subjects=named, fields=fields, rows=len(told))


def _seen(desk: Desk, likely: list[dict[str, Any]]) -> dict[str, Any]:
    """Of whom it may be, those of the officer's own area; the others are counted."""
    people = desk.reader.persons([like["person"] for like in likely], desk.at)
    mine = [
        like
        for like in likely
        if desk.by.area is None
        or (like["person"] in people and desk.sight.sees_person(people[like["person"]]))
    ]
    return {"likely": mine, "elsewhere": len(likely) - len(mine)}


def _best(likely: list[dict[str, Any]]) -> list[Any]:
    """The nearest of whom it may be, for a line."""
    if not likely:
        return ["nobody", "", ""]
    best = likely[0]
    return [best["person"], best["points"], " ".join(best["reasons"])]
