"""The verb that draws a boundary through a community."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import click

from adapters.cli.frame import DAY, ID, answer, as_json, opened, progress, show_fields
from adapters.cli.submitting import acting, authority

if TYPE_CHECKING:
    from registry.register import Submission
    from registry.store import Receipt


@click.command()
@click.argument("community", type=ID)
@click.argument("doorplates", type=ID, nargs=-1, required=True)
@click.option("--on", "on", type=DAY, required=True, help="The day from which it holds.")
@click.option("--document", required=True, help="The decision it rests on, by its number.")
@acting
@as_json
def cut(
    community: UUID,
    doorplates: tuple[UUID, ...],
    on: date,
    document: str,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Pass DOORPLATES and everybody registered there to COMMUNITY (区划调整).

    Started again after an interruption it goes on where it stopped. Whole communities pass by one
    entry instead: registry do AdjustDivision.

    \b
    registry cut 0190… 0191… 0192… --on 2007-05-01 --document 德府发[2007]12号
    """
    from adapters import occupancy
    from adapters.founded import consulted
    from adapters.projector import Projector

    by = authority(officer, office, roles, area)
    with opened() as parts, progress() as bar:
        projector = Projector(parts.engine, parts.store)
        task = bar.add_task("door plates", total=len(doorplates))
        projector.catch_up()

        def do(sent: Submission) -> Receipt:
            projector.catch_up()  # nobody else may be there to do it
            now = parts.register.clock()
            return parts.register.do(consulted(sent, parts, projector, now))

        told = occupancy.cut(
            do,
            parts.engine,
            projector,
            by,
            doorplates,
            community,
            on,
            document,
            lambda done: bar.advance(task, done),
            projector.catch_up,
        )
    fields = {"submissions": told.submissions, "persons": told.persons}
    answer(fields, lambda: show_fields(fields))
