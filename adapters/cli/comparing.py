"""The verb that tells what changed between two points on both clocks, by counts and causes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.auditing import TABLE, Both, Clocks, loaded, point, write_tables
from adapters.cli.frame import ID, WRONG, answer, as_json, malformed, progress, show_table
from registry.vocabulary import Kind

if TYPE_CHECKING:
    from replay.columns.log import Log
    from replay.questions.diff import Balance, Diff
    from replay.states.history import At


@click.command("diff")
@click.argument("before", metavar="A", type=Both())
@click.argument("after", metavar="B", type=Both(), default="now")
@click.option("--place", type=ID, help="Only the account of a division or community.")
@click.option("--csv", type=TABLE, help="Write the accounts of all places as CSV.")
@click.option("--parquet", type=TABLE, help="Write the accounts of all places as Parquet.")
@as_json
def compare(
    before: Clocks,
    after: Clocks,
    place: UUID | None,
    csv: Path | None,
    parquet: Path | None,
) -> None:
    """Tell what changed between two points on both clocks, by cause (变动对比).

    A point is a day, as known at its end, or a day as known at another time: DAY@INSTANT. At every
    place start + came - went = end. Only counts are shown; `registry explain` names entries.

    \b
    registry diff 2007-01-01 2008-01-01
    registry diff 2007-01-01@2007-01-01 2007-01-01@2009-12-31   # what was learnt about one day
    """
    from replay.questions.diff import diff

    with loaded() as (parts, log), progress() as bar:
        (a, _), (b, _) = (
            point(parts, log, *one, name) for one, name in ((before, "A"), (after, "B"))
        )
        task = bar.add_task("comparing", total=len(log.partitions(Kind.PERSON)))
        found = diff(log, a, b, lambda: bar.advance(task))
        names = names_of(log, b)
    accounts = [account(one, names) for one in found.balances if place in (None, one.place)]
    if place is not None and not accounts:
        raise malformed("--place", "nobody was registered there at either point", "unknown")
    write_tables([flat(one) for one in accounts], csv, parquet)
    told = {**difference(found), "places": accounts}
    answer(told, lambda: show_difference(found, told))
    if not found.closes:
        raise click.exceptions.Exit(WRONG)


def names_of(log: Log, at: At) -> dict[UUID, str]:
    """The names of places on a day."""
    from replay.states.entities import tree_of

    tree = tree_of(log, at.known)
    if tree is None:
        return {}
    facts = {place: tree.fact(place, at.valid_on) for place in tree.facts}
    return {place: str(fact.name) for place, fact in facts.items() if fact is not None}


def account(one: Balance, names: dict[UUID, str]) -> dict[str, Any]:
    """A place's account for programs."""
    return {
        "place": str(one.place),
        "name": names.get(one.place),
        "start": one.start,
        "came": {cause.value: count for cause, count in one.came.items()},
        "went": {cause.value: count for cause, count in one.went.items()},
        "end": one.end,
    }


def flat(one: dict[str, Any]) -> dict[str, Any]:
    """An account as a row: a column for each cause and side."""
    from registry.vocabulary import Cause

    sides = {
        f"{side}_{cause.value}": one[side].get(cause.value, 0)
        for side in ("came", "went")
        for cause in Cause
    }
    return {name: one[name] for name in ("place", "name", "start", "end")} | sides


def difference(found: Diff) -> dict[str, Any]:
    """What changed, counted, for programs."""
    counted = {
        name: {cause.value: count for cause, count in getattr(found, name).items()}
        for name in ("appeared", "left", "moved")
    }
    rewritten = {
        how: {group.value: count for group, count in found.rewritten(how).items()}
        for how in ("changed", "corrected", "undone")
    }
    return {
        "a": {"valid_on": found.a.valid_on, "position": found.a.known},
        "b": {"valid_on": found.b.valid_on, "position": found.b.known},
        "differ": len(found.changes),
        **counted,
        **rewritten,
        "cards": len(found.cards),
        "closes": found.closes,
    }


def show_difference(found: Diff, told: dict[str, Any]) -> None:
    """Print what changed for a person."""
    rows = [
        [what, cause, f"{count:,}"]
        for what in ("appeared", "left", "moved", "changed", "corrected", "undone")
        for cause, count in told[what].items()
    ]
    if told["cards"]:
        rows.append(["got a card", "", f"{told['cards']:,}"])
    show_table(f"{found.a.valid_on} to {found.b.valid_on}", ["what", "by", "persons"], rows)
    heads = ["place", "name", "start", "came", "went", "end"]
    accounts = [
        [
            one["place"],
            one["name"],
            one["start"],
            "  ".join(f"{cause} {count}" for cause, count in one["came"].items()),
            "  ".join(f"{cause} {count}" for cause, count in one["went"].items()),
            one["end"],
        ]
        for one in told["places"]
    ]
    show_table("places", heads, accounts)
    click.echo("every account closes" if found.closes else "an account does NOT close")
