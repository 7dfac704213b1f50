"""The reports on how complete and how right the books are, unit by unit and tier by tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from adapters.answers import Place
from adapters.statistics.asking import Asked
from adapters.statistics.figures import Cell, Column, Figures, Sheet
from adapters.statistics.population import composition
from registry.days import day_at
from registry.projections import filings, tallies
from registry.reporting import Turn, plans
from registry.values import Level, ReportForm, day_number, day_of

UNIT = (Column("code", "代码"), Column("unit", "单位"))
#: A unit of its own: whoever a case is about is registered nowhere any more.
NOWHERE = "不在册"
FAULTS = {
    "duplicate": "重号",
    "wrong": "错号",
    "missing": "无号",
    "double": "重复登记",
    "empty": "空挂户口",
    "apart": "人户分离",
    "unsettled": "应登未登",
}
CASES = (
    *UNIT,
    Column("fault", "种类"),
    Column("found", "发现"),
    Column("solved", "已解决"),
    Column("open", "未解决"),
)
#: What tiers compare, of the form population-base.
COMPARED = (
    Column("persons", "人口"),
    Column("male", "男"),
    Column("female", "女"),
    Column("households", "户数"),
)
BASE = ReportForm("population-base")


def addresses(asked: Asked) -> Sheet:
    """街路巷门楼牌编制情况: streets that have a name, plates, and households that stand at one."""
    columns = (
        *UNIT,
        Column("streets", "街路巷"),
        Column("plates", "门楼牌"),
        Column("households", "户数"),
        Column("coded", "已编门牌户"),
        Column("permyriad", "编制率(万分)"),
    )
    top = asked.division.id
    named: Counter[UUID] = Counter()
    for division, streets in asked.rows(tallies.streets_by_division(top, asked.at)):
        named[UUID(bytes=division)] += streets
    plates: Counter[UUID] = Counter()
    for community, count in asked.rows(tallies.plates_by_community(top, asked.at)):
        plates[UUID(bytes=community)] += count
    homes: dict[UUID, tuple[int, int]] = {
        UUID(bytes=community): (households, int(coded))
        for community, households, coded in asked.rows(
            tallies.households_by_community(top, asked.at)
        )
    }
    rows: list[tuple[Cell, ...]] = []
    for unit in asked.units(asked.at):
        here = asked.reader.communities(unit.id, asked.at)
        households = sum(homes.get(one, (0, 0))[0] for one in here)
        coded = sum(homes.get(one, (0, 0))[1] for one in here)
        streets = sum(named[one] for one in asked.below(unit.id))
        share = coded * 10_000 // households if households else None
        told = (streets, sum(plates[one] for one in here), households, coded, share)
        rows.append((unit.code, unit.name, *told))
    return Sheet(columns, rows)


def number_faults(asked: Asked) -> Sheet:
    """重错号情况: number cases by unit and kind: found, solved, open.

    A case between people of two units counts in both, and once in the division as a whole.
    """
    size = asked.rows(tallies.most_parties(asked.at))[0][0] or 0
    parties = range(max(size // 16, 1))
    return _cases(asked, (asked.rows(tallies.number_cases(asked.at, one)) for one in parties))


def registration_faults(asked: Asked) -> Sheet:
    """户口登记差错情况: double, empty, apart, missing registrations: found, solved, open."""
    told = (asked.rows(tallies.registration_cases(asked.at, party)) for party in range(2))
    return _cases(asked, told)


def _cases(asked: Asked, told: Iterable[Any]) -> Sheet:
    """Cases by unit; told: rows of case, fault, open, community, a case in as many as it likes."""
    units = asked.units(asked.at)
    inside = {unit.id: set(asked.reader.communities(unit.id, asked.at)) for unit in units}
    where: dict[bytes, set[UUID]] = {}
    what: dict[bytes, tuple[str, int]] = {}
    for rows in told:
        for case, fault, is_open, community in rows:
            what[case] = fault, is_open
            places = where.setdefault(case, set())
            if community is not None:
                places.add(UUID(bytes=community))
    found: list[tuple[Cell, ...]] = []

    def tell(unit: Place | None, fits: Callable[[set[UUID]], bool]) -> None:
        counts: Counter[tuple[str, int]] = Counter(
            what[case] for case, places in where.items() if fits(places)
        )
        name = NOWHERE if unit is None else unit.name
        for fault in sorted({fault for fault, _ in counts}):
            solved, left = counts[fault, 0], counts[fault, 1]
            code = None if unit is None else unit.code
            found.append((code, name, FAULTS.get(fault, fault), solved + left, solved, left))

    whole = asked.division.parent is None
    for unit in units:
        here = inside[unit.id]
        top = whole and unit.id == asked.division.id
        tell(unit, lambda places, here=here, top=top: top or not here.isdisjoint(places))  # type: ignore[misc]  # bound now
    if whole:
        tell(None, lambda places: not places)
    return Sheet(CASES, found)


def reconciliation(asked: Asked) -> Sheet:
    """人口底数核对: what a unit filed of a day, what the tier above filed of it, what is counted.

    By the last reports of the form population-base that were filed for the day; `difference` is
    what is counted now less what the unit filed itself.
    """
    columns = (
        *UNIT,
        Column("level", "级别"),
        *(Column(f"{one.name}_own", f"{one.name_zh}(本级上报)") for one in COMPARED),
        *(Column(f"{one.name}_above", f"{one.name_zh}(上级报表)") for one in COMPARED),
        *(Column(one.name, f"{one.name_zh}(现核)") for one in COMPARED),
        Column("difference", "人口差"),
    )
    made_of = composition(asked, asked.at)
    rows: list[tuple[Cell, ...]] = []
    filed: dict[UUID, Figures | None] = {}

    def figures(division: UUID) -> Figures | None:
        if division not in filed:
            filed[division] = asked.filed(BASE, division)
        return filed[division]

    for unit in asked.divisions(Level.COUNTY):
        here: Counter[str] = Counter()
        for community in asked.reader.communities(unit.id, asked.at):
            here.update(made_of.get(community, Counter()))
        counted = [here[one.name] for one in COMPARED]
        own = _told(figures(unit.id), unit)
        above = _told(None if unit.parent is None else figures(unit.parent), unit)
        difference = None if own[0] is None else counted[0] - int(own[0])
        level = None if unit.level is None else LEVELS[Level(unit.level)]
        rows.append((unit.code, unit.name, level, *own, *above, *counted, difference))
    return Sheet(columns, rows)


LEVELS = {Level.PROVINCE: "省", Level.CITY: "市", Level.COUNTY: "县"}


def _told(figures: Figures | None, unit: Place) -> tuple[Cell, ...]:
    """What a report tells of a unit; nothing where there is none, or it does not name the unit."""
    for row in figures.records() if figures else ():
        if (row["code"], row["unit"]) == (unit.code, unit.name):
            return tuple(row[one.name] for one in COMPARED)
    return (None,) * len(COMPARED)


def reports_due(asked: Asked) -> Sheet:
    """报表上报情况: the reports that were due in the period by the plan, filed, late or missing.

    A report that is missing after its day is late. The plan is the table report_plan.
    """
    columns = (
        *UNIT,
        Column("form", "报表"),
        Column("since", "期间自"),
        Column("until", "至"),
        Column("due", "应报日期"),
        Column("filed", "上报日期"),
        Column("version", "版次"),
        Column("late", "逾期"),
        Column("missing", "未报"),
    )
    rows = [
        (
            *(unit.code, unit.name, f"{form} {form.name_zh}"),
            *(turn.first.isoformat(), turn.last.isoformat(), turn.due_on.isoformat()),
            *(None if first is None else day_of(first).isoformat(), version),
            *_in_time(day_number(turn.due_on), first, asked.at.day),
        )
        for unit, form, turn, first, version in _turns(asked)
    ]
    return Sheet(columns, sorted(rows, key=lambda row: (row[5], str(row[0]), row[2])))


def _in_time(due: int, filed: int | None, today: int) -> tuple[int, int]:
    """Whether a report is late, and whether it is not there although it was due."""
    late = (today if filed is None else filed) > due
    return int(late), int(late and filed is None)


def _turns(asked: Asked) -> Iterator[tuple[Place, ReportForm, Turn, int | None, int | None]]:
    """Every turn of the plan, the day on which it was first filed, and the last version."""
    units = asked.divisions(Level.COUNTY)
    for unit in units:
        told = asked.rows(filings.of_division(unit.id, asked.known))
        for plan in plans():
            if unit.level != plan.level:
                continue
            for turn in plan.turns(asked.first, asked.last):
                mine = [
                    row
                    for row in told
                    if row.form == plan.form
                    and turn.covers(plan.form, day_of(row.first), day_of(row.last))
                ]
                days = [day_number(day_at(row.filed_at)) for row in mine]
                versions = [row.version for row in mine]
                yield unit, plan.form, turn, min(days, default=None), max(versions, default=None)
