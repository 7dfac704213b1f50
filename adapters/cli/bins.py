"""The verb that asks about old cards that the register does not know."""

from __future__ import annotations

from dataclasses import asdict

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import answer, as_json, malformed, show_table
from registry.values import OfficeCode


@click.command()
@click.option("--unit", required=True, help="An office's twelve digits; its parts count as it.")
@asking(personal=False)
@as_json
def bins(desk: Desk, unit: str) -> None:
    """List bins of old cards (旧证箱): how many cards went in, and which were destroyed.

    \b
    registry bins --unit 510603000000
    """
    from adapters import bins as reading

    try:
        office = OfficeCode(unit)
    except ValueError as error:
        raise malformed("--unit", str(error)) from error
    found = reading.of_office(desk.reader, office, desk.at)
    kept = sum(one.cards for one in found if one.destroyed_on is None)
    told = {
        "bins": [asdict(one) for one in found],
        "taken_in": sum(one.cards for one in found),
        "kept": kept,
    }
    heads = ["office", "bin", "opened", "cards", "destroyed"]
    rows = [
        [one.office, one.bin_number, one.opened_on, one.cards, one.destroyed_on] for one in found
    ]
    answer(told, lambda: show_table(f"old cards, {kept} of them kept", heads, rows))
