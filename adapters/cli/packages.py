"""Verbs that ask about packages between offices: what is under way, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import answer, as_json, malformed, show_fields, show_table
from adapters.cli.issuing import CARDS
from registry.errors import Forbidden, NotFound
from registry.values import OfficeCode, PackageNumber


@click.command()
@click.option("--unit", required=True, help="An office's twelve digits; its parts count as it.")
@click.option("--wrong", is_flag=True, help="Only packages with which something is wrong.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@asking(personal=False)
@as_json
def packages(desk: Desk, unit: str, wrong: bool, limit: int) -> None:
    """List packages of data and cards (数据包), the newest first, and numbers that were skipped.

    \b
    registry packages --unit 510603000000 --wrong
    """
    from adapters import packages as reading

    try:
        office = OfficeCode(unit)
    except ValueError as error:
        raise malformed("--unit", str(error)) from error
    found = reading.of_office(desk.reader, office, desk.at, wrong=wrong, after=None, limit=limit)
    gaps = reading.gaps(desk.reader, office, desk.at)
    told: dict[str, Any] = {
        "packages": [asdict(one) for one in found],
        "gaps": [{**asdict(one), "numbers": list(one.numbers)} for one in gaps],
    }
    heads = ["number", "what", "to", "sent", "due", "state", "members", "missing", "wrong"]
    rows: list[list[Any]] = [
        [
            one.package_number,
            one.content,
            one.receiver,
            one.sent_on,
            one.due_on,
            one.state,
            one.members,
            one.missing,
            ", ".join(one.wrong),
        ]
        for one in found
    ]

    def text() -> None:
        show_table("packages", heads, rows)
        if gaps:
            skipped = [[one.numbers[0], one.numbers[-1], len(one.numbers)] for one in gaps]
            show_table("numbers that nobody knows", ["from", "to", "how many"], skipped)

    answer(told, text)


@click.command()
@click.argument("number")
@asking()
@as_json
def package(desk: Desk, number: str) -> None:
    """Show a package by its number, and whose data or cards have not come with it.

    \b
    registry package 5106030010012007060100001 --purpose identity-card
    """
    from adapters import packages as reading

    desk.need(*CARDS)
    try:
        known = PackageNumber(number)
    except ValueError as error:
        raise malformed("NUMBER", str(error)) from error
    found = reading.numbered(desk.reader, known, desk.at)
    if found is None:
        desk.log("package", "nothing")
        raise NotFound("package", number)
    if not (desk.sight.sees_office(found.sender) or desk.sight.sees_office(found.receiver)):
        desk.log("package", "refused", subjects=[found.id])
        raise Forbidden("the package goes between offices of another area; ask there")
    missing = reading.missing(desk.reader, known, desk.at)
    told = {**desk.shown(found), "members_missing": desk.shown([asdict(one) for one in missing])}

    def text() -> None:
        show_fields({name: value for name, value in desk.shown(found).items() if value != ()})
        if missing:
            rows = [[one.acceptance_number, one.application] for one in missing]
            show_table("has not come", ["number", "application"], rows)

    subjects = [one.person for one in missing] or [found.id]
    desk.tell("package", told, text, subjects=subjects, fields=["cards"], rows=1 + len(missing))
