"""The verb that asks what another rule would have done."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from adapters.cli.auditing import loaded, point
from adapters.cli.desk import Instant
from adapters.cli.frame import DAY, answer, as_json, malformed, show_fields, show_table

#: The tables that may be exchanged; the words of each rule's answers.
TABLES = ("card_validity", "card_fee")


@click.command("what-if")
@click.argument("name", metavar="TABLE", type=click.Choice(TABLES))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--valid-on", type=DAY, help="Decisions up to this day; default: today.")
@click.option("--known-at", type=Instant(), help="As the register knew it then; default: now.")
@as_json
def what_if(name: str, file: Path, valid_on: date | None, known_at: datetime | date | None) -> None:
    """Replay under a changed rule (规则变更推演): another TABLE, read from the CSV file FILE.

    Every decision is taken twice, by the register's table and by the other one. Told are the
    number of persons who would be treated differently, since when, and the first such entry; years
    of validity (0: for life) or yuan, -1 where no row says anything.

    \b
    registry what-if card_validity draft.csv
    """
    from registry.codes import rows_of, table
    from replay.questions.changed import RULES, replay_under

    try:
        rows = list(rows_of(file))
    except UnicodeDecodeError:
        raise malformed("FILE", f"{file} is not UTF-8", "encoding") from None
    missing = sorted(set(table(name)[0]) - set(rows[0] if rows else ()))
    if missing:
        raise malformed("FILE", f"{file} lacks the columns {', '.join(missing)}", "missing")
    make, shape = RULES[name]
    try:
        other = make(rows)
        with loaded() as (parts, log):
            at, _ = point(parts, log, valid_on, known_at)
            found = replay_under(log, make(None), other, shape, at)
    except ValueError as error:
        raise malformed("FILE", f"{file} cannot be read as {name}: {error}") from error
    turns = found.turns()
    told: dict[str, Any] = {
        "table": name,
        "asked": found.asked,
        "differ": len(found),
        "persons": found.persons,
        "since": found.since,
        "first_position": found.first,
        "turns": [
            {"was": was, "would": would, "decisions": count}
            for (was, would), count in turns.items()
        ],
    }

    def text() -> None:
        show_fields({key: value for key, value in told.items() if key != "turns"})
        if turns:
            rows = [[was, would, count] for (was, would), count in turns.items()]
            show_table("turns", ["was", "would be", "decisions"], rows)

    answer(told, text)
