"""Verbs of the clean-up of the books: the check rules, and the whole register held against them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.auditing import point, read_log
from adapters.cli.desk import Instant
from adapters.cli.frame import (
    DAY,
    WRONG,
    answer,
    as_json,
    malformed,
    opened,
    progress,
    show_table,
)
from adapters.cli.submitting import acting, authority
from registry.days import moment_of

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from registry.register import Authority
    from registry.values import RuleCode
    from replay.checks.checking import Broken, Checked
    from replay.columns.log import Log

COLUMNS = ("code", "severity", "county", "county_code", "found", "name_zh", "name_en")


@click.command("rules")
@as_json
def check_rules() -> None:
    """List the check rules (核对规则): code, severity, what a command meets, condition, source.

    \b
    registry check rules --json
    """
    from registry.checks.rules import check_rules as rules
    from registry.codes import table

    written = {row["code"]: row["expression"] for row in table("register_check_rule")}
    rows = [
        {
            "code": rule.code,
            "severity": rule.severity.value,
            "scope": rule.scope,
            "subject": rule.subject,
            "at_entry": rule.at_entry.value,
            "name_zh": rule.name_zh,
            "name_en": rule.name_en,
            "holds_if": written[rule.code],
            "source": rule.source,
        }
        for rule in rules().values()
    ]
    answer(rows, lambda: show_table("check rules", list(rows[0]), [list(r.values()) for r in rows]))


@click.command("register")
@click.option("--valid-on", type=DAY, help="The day in the world; default: today.")
@click.option("--known-at", type=Instant(), help="As the register knew it then; default: now.")
@click.option("--rule", "only", multiple=True, metavar="CODE", help="Only this rule; repeat it.")
@click.option(
    "--csv",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write counts by rule and county as CSV.",
)
@click.option("--raise", "raised", is_flag=True, help="Record what is found as findings.")
@acting
@as_json
def check_register(
    valid_on: date | None,
    known_at: datetime | date | None,
    only: tuple[str, ...],
    csv: Path | None,
    raised: bool,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Hold every person and household against the check rules (户口核对), and count what is wrong.

    Nothing personal is shown. Rules about who is registered twice take a search over everybody, as
    `check doubles` makes it; it is left out where --rule names none of them. With --raise whoever
    breaks another rule, or did when it was found, is checked again, one by one, by the command
    CheckRecords: what is found becomes findings for the stations to work off, what is right by now
    is settled. Exit code 1 if an error is found.

    \b
    registry check register --csv checked.csv
    registry check register --raise --officer 李所长 --office 510603000000 --roles county
    """
    from registry.checks.rules import check_rules as rules
    from replay.checks.checking import NO_PAIRS
    from replay.checks.checking import check_register as check_all
    from replay.checks.doubles import doubles

    if unknown := sorted(set(only) - {str(code) for code in rules()}):
        raise malformed("--rule", f"there is no rule {', '.join(unknown)}; see `check rules`")
    by = authority(officer, office, roles, area) if raised else None
    with opened() as parts:
        log = read_log(parts)
        at, now = point(parts, log, valid_on, known_at)
        if raised and not now:
            raise malformed("--raise", "findings are raised about the present; leave the days out")
        searched = any(rule.searched for rule in rules().values() if not only or rule.code in only)
        with progress() as bar:
            task = bar.add_task("checking", total=None)
            pairs = doubles(log, at).pairs if searched else NO_PAIRS
            found = check_all(log, at, doubles=pairs, tell=lambda: bar.advance(task))
        lines = [one for one in counted(parts, found) if not only or one["code"] in only]
        told: dict[str, Any] = {
            "valid_on": at.valid_on,
            "known": at.known,
            "persons": found.persons.checked,
            "households": found.households.checked,
            "duplicates": len(found.duplicates),
            "unnumbered": len(found.unnumbered),
            "doubles": len(pairs),
            "rules": summed(lines),
            "origins": traced(log, found),
        }
        if csv is not None:
            write(csv, lines)
            told["csv"] = csv
        if by is not None:
            told |= raise_all(parts, log, found, by, only)

    def text() -> None:
        heads = ["code", "severity", "found", "name_zh", "name_en"]
        show_table("broken rules", heads, [[r[h] for h in heads] for r in told["rules"]])
        if origins := told["origins"]:
            heads, rows = list(origins[0]), [list(one.values()) for one in origins]
            show_table("numbers held twice came with", heads, rows)
        click.echo(
            f"{told['persons']} persons, {told['households']} households;"
            f" {told['duplicates']} numbers held twice, {told['unnumbered']} persons without"
            f" number, {told['doubles']} pairs that may be one person"
        )
        if by is not None:
            click.echo(f"{told['raised']} findings raised, {told['settled']} settled")

    answer(told, text)
    if any(one["severity"] == "error" for one in told["rules"]):
        raise click.exceptions.Exit(WRONG)


def traced(log: Log, found: Checked) -> list[dict[str, Any]]:
    """What brought the shared numbers in, and when the first and the last could be refused."""
    from collections import defaultdict

    from replay.checks.origins import origins

    instants: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for one in origins(log, found.duplicates):
        instants[one.event, one.source, one.batch].append(one.recorded_at)
    return [
        {
            "entry": entry,
            "source": source,
            "batch": batch,
            "numbers": len(told),
            "first": moment_of(min(told)),
            "last": moment_of(max(told)),
        }
        for (entry, source, batch), told in sorted(instants.items())
    ]


def counted(parts: Parts, found: Checked) -> Iterator[dict[str, Any]]:
    """How often each rule is broken in each county, in the order of the rules."""
    counties = _counties(parts, found)
    for broken in (found.persons, found.households):
        for place, rule in enumerate(broken.rules):
            for line, number in enumerate(broken.counts[place].tolist()):
                if number:
                    name, code = counties[line]
                    yield {
                        "code": rule.code,
                        "severity": rule.severity.value,
                        "county": name,
                        "county_code": code,
                        "found": number,
                        "name_zh": rule.name_zh,
                        "name_en": rule.name_en,
                    }


def _counties(parts: Parts, found: Checked) -> list[tuple[str | None, str | None]]:
    """Name and code of the county of each line of the counts."""
    from adapters.raising import places_at

    tree = places_at(parts, found)
    named: list[tuple[str | None, str | None]] = []
    for number in found.counties:
        place = found.setting.paths.places[number]
        fact = None if place is None else tree.fact(place, found.setting.at.valid_on)
        named.append((None, None) if fact is None else (fact.name, fact.code))
    return named


def summed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same without counties, in the order of the codes."""
    found: dict[RuleCode, dict[str, Any]] = {}
    for one in sorted(lines, key=lambda line: str(line["code"])):
        told = {key: value for key, value in one.items() if not key.startswith("county")}
        kept = found.setdefault(one["code"], {**told, "found": 0})
        kept["found"] += one["found"]
    return list(found.values())


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write counts as CSV."""
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(lines)


def raise_all(
    parts: Parts, log: Log, found: Checked, by: Authority, only: tuple[str, ...]
) -> dict[str, int]:
    """Have everybody in an officer's area who breaks a rule, or did, checked again by a command."""
    from adapters.raising import check_again, faulty, found_before, inside
    from registry.vocabulary import Kind

    def wanted(code: str) -> bool:
        return not only or code in only

    def chosen(one: Broken, kind: Kind) -> list[int]:
        before = found_before(parts, log, kind, wanted)
        handles = sorted({*faulty(one, lambda rule: wanted(rule.code)), *before})
        return inside(parts, log, found, one, handles, by, before)

    people = chosen(found.persons, Kind.PERSON)
    houses = chosen(found.households, Kind.HOUSEHOLD)
    with progress() as bar:
        task = bar.add_task("raising", total=len(people) + len(houses))

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done)

        return check_again(parts, log, by, people, houses, tell=tell)
