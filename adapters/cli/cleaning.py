"""Verbs of the clean-up: findings and their work lists, how far it is, what was imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking, labelled
from adapters.cli.frame import (
    ID,
    WRONG,
    answer,
    as_json,
    malformed,
    opened,
    progress,
    show_fields,
    show_table,
)
from adapters.cli.issuing import CARDS
from adapters.cli.submitting import acting, authority
from registry.errors import NotFound
from registry.values import (
    Code,
    EvidenceSource,
    OfficeCode,
    RegisterItem,
    RuleCode,
    Settlement,
    Severity,
)

if TYPE_CHECKING:
    from adapters.cleaning import Batch, Finding, Kind
    from registry.projections.findings import Wanted


@click.command()
@click.argument("subject", type=ID, required=False)
@click.option("--division", type=ID, help="The work list of this division or community.")
@click.option("--station", metavar="CODE", help="Only of communities in this station's care.")
@click.option("--rule", metavar="CODE", help="Only by this rule.")
@click.option("--item", metavar="CODE", help="Only about this item, such as name.")
@click.option("--source", metavar="CODE", help="Only of this source, such as form.")
@click.option("--severity", type=click.Choice([one.value for one in Severity]))
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@asking()
@as_json
def findings(
    desk: Desk, subject: UUID | None, division: UUID | None, limit: int, **only: Any
) -> None:
    """Show what was found wrong with SUBJECT, or the open findings of a division (差错台账).

    SUBJECT is a person or a household. Those that have waited longest stand at the top.

    \b
    registry findings --division $TOWN --severity error --purpose registration
    """
    from adapters import cleaning

    desk.need(*CARDS)
    if (subject is None) == (division is None):
        raise malformed(
            "SUBJECT", "name a person or household, or a place with --division, one of both"
        )
    if division is not None:
        desk.guard_place("findings", division, division)
        found = cleaning.work_list(desk.reader, _wanted(division, only), desk.at, None, limit)
    else:
        assert subject is not None, "asked above"
        person = desk.reader.person(subject, desk.at)
        house = None if person else desk.reader.household(subject, desk.at)
        if house is not None:
            desk.guard_place("findings", house.community, subject)
        elif person is None:
            raise desk.missing("findings", "person or household", subject)
        else:
            desk.guard_person("findings", person, subject)
        found = cleaning.of_subject(desk.reader, subject, desk.at)
    heads = ["subject", "rule", "item", "source", "severity", "found", "days", "settled"]
    desk.tell(
        "findings",
        [desk.shown(one) for one in found],
        lambda: show_table("findings", heads, [_row(one) for one in found]),
        subjects=cleaning.subjects(found),
        fields=["findings"],
        rows=len(found),
    )


def _row(one: Finding) -> list[Any]:
    settled = "" if one.settlement is None else _named(Settlement, one.settlement)
    return [
        one.subject,
        one.rule,
        _named(RegisterItem, one.item),
        _named(EvidenceSource, one.source),
        one.severity,
        one.found_on,
        one.age_days,
        settled,
    ]


def _named(kind: type[Code], code: str) -> str:
    """A code with its meaning."""
    return labelled(kind(code))


KINDS = {"station": OfficeCode, "rule": RuleCode, "item": RegisterItem, "source": EvidenceSource}


def _wanted(division: UUID, only: dict[str, Any]) -> Wanted:
    """Which findings are asked for; a code that no table lists is malformed."""
    from registry.projections.findings import Wanted

    told: dict[str, Any] = {}
    for name, value in only.items():
        try:
            told[name] = KINDS[name](value) if value and name in KINDS else value
        except ValueError as error:
            raise malformed(f"--{name}", str(error)) from error
    severity = told.pop("severity", None)
    return Wanted(division, **told, severity=Severity(severity) if severity else None)


@click.command("clean-up")
@click.option("--division", type=ID, required=True, help="Of this division or community.")
@click.option("--station", metavar="CODE", help="Only of communities in this station's care.")
@click.option("--weeks", type=click.IntRange(1, 260), default=8, show_default=True)
@asking(personal=False)
@as_json
def clean_up(desk: Desk, division: UUID, station: str | None, weeks: int) -> None:
    """Show how far the clean-up has come (核对进度): persons, kinds of findings, week by week.

    \b
    registry clean-up --division $COUNTY --weeks 12
    """
    from adapters import cleaning

    place = desk.reader.place(division, desk.at)
    if place is None:
        raise NotFound("place", division)
    wanted = _wanted(division, {"station": station})
    whole, parts = cleaning.progress(desk.reader, division, desk.at, station)
    kinds = cleaning.kinds(desk.reader, wanted, desk.at)
    over_time = cleaning.weeks(desk.reader, wanted, desk.at, weeks)
    told = {
        "progress": {**vars(whole), "percent": whole.percent},
        "communities": [{**vars(one), "percent": one.percent} for one in parts],
        "kinds": [vars(one) for one in kinds],
        "weeks": [vars(one) for one in over_time],
    }

    def text() -> None:
        show_fields({"place": place.name, **vars(whole), "verified %": whole.percent})
        heads = ["rule", "item", "source", "severity", "found", "open", "oldest"]
        show_table("findings", heads, [_kind(one) for one in kinds])
        rows = [[*vars(one).values()] for one in over_time]
        show_table("by week", ["day", "found", "open", "verified"], rows)

    answer(told, text)


def _kind(one: Kind) -> list[Any]:
    item, source = _named(RegisterItem, one.item), _named(EvidenceSource, one.source)
    return [one.rule, item, source, one.severity, one.found, one.open, one.oldest]


@click.command()
@click.argument("person", type=ID)
@asking()
@as_json
def verification(desk: Desk, person: UUID) -> None:
    """Show how far the checking of a person has come (核对状态): desk, visit, faults, verified."""
    from adapters import cleaning

    desk.need(*CARDS)
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("verification", "person", person)
    desk.guard_person("verification", known, person)
    found = cleaning.checking(desk.reader, person, desk.at)
    told = {"state": found.state, **vars(found)}
    desk.tell(
        "verification",
        told,
        lambda: show_fields(told),
        subjects=[person],
        fields=["verification"],
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, metavar="CODE", help="form, booklet, card or sequence.")
@click.option("--system", required=True, help="The older system whose keys the rows have.")
@click.option("--list", "name", required=True, help="Name of this list; the same one goes on.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A description in TOML of columns that have other names, under [papers].",
)
@click.option("--check", is_flag=True, help="Hold the persons' papers against the register, too.")
@acting
@as_json
def sources(
    file: Path,
    source: str,
    system: str,
    name: str,
    mapping: Path | None,
    check: bool,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Note what papers say of many persons (核对来源登记), from a CSV or Parquet FILE, a row each.

    Rows name their person by `key` or `number`; the items are columns such as name and birth_date.
    The same list again is not recorded twice. If rows were refused or unknown the exit code is 1.

    \b
    registry sources cards.csv --source card --system old --list cards-2004 --check
    """
    from adapters.reading import reading, resolve
    from adapters.sources import Taking, read

    by = authority(officer, office, roles, area)
    try:
        paper = EvidenceSource(source)
    except ValueError as error:
        raise malformed("--source", str(error)) from error
    rows = read(file, mapping)
    with opened() as parts, reading(parts.engine) as reader, progress() as bar:
        at = resolve(reader.connection, parts.store, parts.register.clock())
        taking = Taking(parts.register, reader, at, by, paper, system, name)
        task = bar.add_task("rows", total=len(rows))
        noted = taking.take(rows, check, lambda done, of: bar.update(task, completed=done))
    told = {**vars(noted), "refused": dict(noted.refused), "unknown": len(noted.unknown)}
    answer({**told, "unknown_rows": noted.unknown}, lambda: show_fields(told))
    if noted.unknown or noted.refused:
        raise click.exceptions.Exit(WRONG)


@click.command("visit-sheet")
@click.argument("household", type=ID)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help=".html or .pdf.")
@asking()
@as_json
def visit_sheet(desk: Desk, household: UUID, output: Path | None) -> None:
    """Make the sheet with which HOUSEHOLD is visited (入户核对表), to be printed and signed.

    \b
    registry visit-sheet $HOUSEHOLD --output sheet.pdf --in-clear --purpose registration
    """
    from adapters import visits

    desk.need(*CARDS)
    if output is not None and output.suffix not in SHEETS:
        raise malformed("--output", f"a sheet is {' or '.join(SHEETS)}")
    known = desk.reader.household(household, desk.at)
    if known is None:
        raise desk.missing("visit-sheet", "household", household)
    desk.guard_place("visit-sheet", known.community, household)
    found = visits.sheet(desk.reader, household, desk.at)
    assert found is not None, "it was there a moment ago"
    if not desk.clear:
        found = visits.hidden(found)
    told = {**vars(found), "members": [vars(one) for one in found.members]}

    def text() -> None:
        for one in found.members:
            show_fields({"person": one.person, "relation": one.relation, **one.items})
            click.echo()

    desk.log(
        "visit-sheet",
        "answered",
        subjects=visits.subjects(found),
        fields="items",
        rows=len(found.members),
    )
    if output is None:
        answer(told, text)
        return
    from adapters.report import visit

    made = visit.pdf(found) if output.suffix == ".pdf" else visit.html(found).encode()
    output.write_bytes(made)
    answer({"written": output, "members": len(found.members)})


#: What a sheet can be written as.
SHEETS = (".html", ".pdf")


@click.command()
@click.argument("batch", type=ID, required=False)
@asking(personal=False)
@as_json
def batches(desk: Desk, batch: UUID | None) -> None:
    """List what was imported, or count one BATCH unit by unit against its source (入库核对)."""
    from adapters import cleaning

    if batch is None:
        every = cleaning.every_batch(desk.reader, desk.at)
        heads = ["id", "system", "name", "rows", "accepted", "with findings", "refused", "agrees"]
        rows = [
            [
                *(one.id, one.system, one.name, one.rows, one.persons),
                *(one.with_findings, one.refused, _agrees(one)),
            ]
            for one in every
        ]
        answer([vars(one) for one in every], lambda: show_table("batches", heads, rows))
        return
    found = cleaning.batch(desk.reader, batch, desk.at)
    if found is None:
        raise NotFound("batch", batch)
    units = cleaning.units(desk.reader, batch, desk.at)

    def text() -> None:
        show_fields({**vars(found), "agrees": _agrees(found)})
        heads = ["unit", "declared", "delivered", "accepted", "refused", "repeated", "differences"]
        show_table("units", heads, [[*vars(one).values()] for one in units])

    answer({**vars(found), "units": [vars(one) for one in units]}, text)


def _agrees(batch: Batch) -> str:
    """Whether a delivery's counts are those that its source declared, in words."""
    if batch.agrees is None:
        return "not reconciled"
    if batch.declared is None:
        return "none declared"
    return "yes" if batch.agrees else "no"
