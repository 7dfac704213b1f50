"""The verb that lists household numbers, plate numbers and street names borne more than once."""

from __future__ import annotations

from typing import Any

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import WRONG, as_json, malformed, progress, show_table
from adapters.cli.looking import TIMELINES


@click.command("repeated")
@click.option("--raise", "raised", is_flag=True, help="Raise findings, and settle what is cured.")
@asking()
@as_json
def check_repeated(desk: Desk, raised: bool) -> None:
    """List household numbers, plate numbers and street names that several bear (户号重号).

    A household number is unique inside a police station, a plate number on its street, the name of
    a street in its division. Commands give none that is taken; imports bring what an older system
    holds. With --raise each household gets a finding (差错). It is settled when the household gets
    another number (ChangeHousehold), and of the one that keeps the number by --raise, or by an
    officer (SettleFinding, gone). Exit code 1 if anything is borne more than once.

    \b
    registry check repeated --purpose supervision
    registry check repeated --raise --roles county --purpose supervision --json
    """
    from adapters.repeated import cured, raise_all, repeated, settle_all

    desk.need(*TIMELINES)
    given = click.get_current_context().params
    if raised and (given["valid_on"] or given["known_at"]):
        raise malformed("--raise", "findings are raised about the present; leave the days out")
    found = [one for one in repeated(desk.reader, desk.at) if desk.sight.sees_place(one.community)]
    told: dict[str, Any] = {
        "repeated": [
            {"what": one.what, "subject": one.subject, "within": one.within, "borne": one.borne}
            for one in found
        ]
    }
    if raised:
        before = cured(desk.reader, desk.at, found)
        over = [house for house, place in before.items() if desk.sight.sees_place(place)]
        with progress() as bar:
            task = bar.add_task("raising and settling findings", total=len(found) + len(over))

            def tell(done: int) -> None:
                bar.advance(task, done)

            told["raised"] = raise_all(desk.parts, desk.by, found, tell)
            told["settled"] = settle_all(desk.parts, desk.by, over, tell)

    def text() -> None:
        heads = ["what", "subject", "within", "number or name"]
        rows = [[one.what, one.subject, one.within, one.borne] for one in found]
        show_table("borne more than once", heads, rows)
        if raised:
            click.echo(f"{told['raised']} findings raised, {told['settled']} settled")

    fields = ("household_number", "plate_number", "street_name")
    subjects = [one.subject for one in found]
    desk.tell("repeated", told, text, subjects=subjects, fields=fields, rows=len(found))
    if found:
        raise click.exceptions.Exit(WRONG)
