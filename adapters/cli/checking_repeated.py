"""The verb that lists household numbers, plate numbers and street names borne more than once."""

from __future__ import annotations

from typing import Any

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import WRONG, as_json, progress, show_table
from adapters.cli.looking import TIMELINES


@click.command("repeated")
@click.option("--raise", "raised", is_flag=True, help="Raise a finding for each household.")
@asking()
@as_json
def check_repeated(desk: Desk, raised: bool) -> None:
    """List household numbers, plate numbers and street names that several bear (户号重号).

    A household number is unique inside a police station, a plate number on its street, the name of
    a street in its division. Commands give none that is taken; imports bring what an older system
    holds. With --raise each household gets a finding (差错), which an officer settles once the
    number is changed (ChangeHousehold). Exit code 1 if anything is borne more than once.

    \b
    registry check repeated --purpose supervision
    registry check repeated --raise --roles county --purpose supervision --json
    """
    from adapters.repeated import raise_all, repeated

    desk.need(*TIMELINES)
    found = [one for one in repeated(desk.reader, desk.at) if desk.sight.sees_place(one.community)]
    told: dict[str, Any] = {
        "repeated": [
            {"what": one.what, "subject": one.subject, "within": one.within, "borne": one.borne}
            for one in found
        ]
    }
    if raised:
        with progress() as bar:
            task = bar.add_task("raising findings", total=len(found))
            told["raised"] = raise_all(
                desk.parts, desk.by, found, lambda done: bar.advance(task, done)
            )

    def text() -> None:
        heads = ["what", "subject", "within", "number or name"]
        rows = [[one.what, one.subject, one.within, one.borne] for one in found]
        show_table("borne more than once", heads, rows)
        if raised:
            click.echo(f"{told['raised']} findings raised")

    fields = ("household_number", "plate_number", "street_name")
    subjects = [one.subject for one in found]
    desk.tell("repeated", told, text, subjects=subjects, fields=fields, rows=len(found))
    if found:
        raise click.exceptions.Exit(WRONG)
