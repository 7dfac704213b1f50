"""The verb that looks for people who are registered twice, and opens the cases of those found."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from adapters.cli.auditing import point, read_log
from adapters.cli.frame import WRONG, answer, as_json, opened, progress, show_table
from adapters.cli.submitting import acting, authority


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
    with --raise each pair becomes a case, which officers decide; --least leaves those of fewer
    points for later. Exit code 1 if a pair is found.

    \b
    registry check doubles
    registry check doubles --least 85 --raise --officer 李所长 --office 510603000000 --roles county
    """
    from adapters.raising import suspect
    from replay.checks.doubles import doubles

    by = authority(officer, office, roles, area) if raised else None
    with opened() as parts:
        log = read_log(parts)
        at, _ = point(parts, log, None, None)
        found = doubles(log, at)
        chosen = [n for n in range(len(found)) if least is None or found.points[n] >= least]
        points = {place: int(found.points[place]) for place in chosen}
        why = Counter((points[place], " ".join(found.told(place))) for place in chosen)
        told: dict[str, Any] = {
            "pairs": len(chosen),
            "points": dict(sorted(Counter(points.values()).items(), reverse=True)),
            "crowded": found.crowded,
            "decided": found.decided,
            "reasons": {reasons: count for (_, reasons), count in why.most_common()},
        }
        if by is not None:
            with progress() as bar:
                task = bar.add_task("opening cases", total=len(chosen))

                def tell(done: int, of: int) -> None:
                    bar.update(task, completed=done)

                told |= suspect(parts, log, found, chosen, by, tell)

    def text() -> None:
        heads = ["points", "reasons", "pairs"]
        rows = sorted(why.items(), key=lambda one: (-one[0][0], -one[1], one[0][1]))
        show_table("why", heads, [[*key, count] for key, count in rows])
        click.echo(
            f"{told['pairs']} pairs may be one person; {told['decided']} were decided to be two;"
            f" {told['crowded']} keys too common"
        )
        if by is not None:
            click.echo(f"{told['opened']} cases opened, {told['left']} left as they are")

    answer(told, text)
    if chosen:
        raise click.exceptions.Exit(WRONG)
