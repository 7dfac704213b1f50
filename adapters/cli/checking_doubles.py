"""The verb that looks for people who are registered twice, and opens the cases of those found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.auditing import point, read_log
from adapters.cli.frame import WRONG, answer, as_json, opened, progress, show_table
from adapters.cli.submitting import acting, authority

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from registry.register import Authority
    from replay.checks.doubles import Candidates
    from replay.columns.log import Log


@click.command("doubles")
@click.option("--least", type=int, help="Only pairs of so many points; default: the threshold.")
@click.option("--raise", "raised", is_flag=True, help="Open a case for each pair.")
@acting
@as_json
def check_doubles(
    least: int | None, raised: bool, officer: str, office: str, roles: str, area: str | None
) -> None:
    """Look for people who may be registered twice (双重户口), and count why.

    Names are compared with variant characters folded and by their sound, birth dates with usual
    slips, numbers digit by digit, parents by name. Nothing personal is shown and nothing is merged:
    with --raise each pair becomes a case, which officers decide. Exit code 1 if a pair is found.

    \b
    registry check doubles
    registry check doubles --least 85 --raise --officer 李所长 --office 510603000000 --roles county
    """
    from replay.checks.doubles import doubles

    by = authority(officer, office, roles, area) if raised else None
    with opened() as parts:
        log = read_log(parts)
        at, _ = point(parts, log, None, None)
        found = doubles(log, at)
        chosen = [n for n in range(len(found)) if least is None or found.points[n] >= least]
        why = Counter(" ".join(found.told(place)) for place in chosen)
        told: dict[str, Any] = {
            "pairs": len(chosen),
            "crowded": found.crowded,
            "reasons": dict(why.most_common()),
        }
        if by is not None:
            told |= suspect_all(parts, log, found, chosen, by)

    def text() -> None:
        show_table("why", ["reasons", "pairs"], [[key, n] for key, n in why.most_common()])
        click.echo(f"{told['pairs']} pairs may be one person; {told['crowded']} keys too common")
        if by is not None:
            click.echo(f"{told['opened']} cases opened, {told['left']} left as they are")

    answer(told, text)
    if chosen:
        raise click.exceptions.Exit(WRONG)


def suspect_all(
    parts: Parts, log: Log, found: Candidates, chosen: list[int], by: Authority
) -> dict[str, int]:
    """Open a case for each pair; one that has a case, or is of another area, is left."""
    from adapters.ids import ids
    from registry.commands.registration_cases import SuspectDouble
    from registry.errors import Refused
    from registry.register import Submission
    from registry.values import PersonId, Text

    new_id = ids(parts.register.clock)
    told = {"opened": 0, "left": 0}
    with progress() as bar:
        task = bar.add_task("opening cases", total=len(chosen))
        for place in chosen:
            one, other = log.spaces.ids("person", found.pairs[place].tolist())
            # A likeness in sound is known to the search alone, and is what it tells the officer.
            grounds = Text(f"{found.points[place]}: {' '.join(found.told(place))}")
            command = SuspectDouble(one=PersonId(one), other=PersonId(other), grounds=grounds)
            try:
                parts.register.do(Submission(new_id(), by, command))
                told["opened"] += 1
            except Refused:
                told["left"] += 1
            bar.advance(task)
    return told
