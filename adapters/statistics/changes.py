"""The reports on what changed a population: by business, of the towns, between divisions.

Like all flows they are published by the day of recording, and each account closes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.answers import Place
from adapters.counting import stretches
from adapters.statistics.asking import Asked
from adapters.statistics.figures import Cell, Column, Figures, Sheet
from registry.codes import table
from registry.errors import Fault, Malformed
from registry.projections import At, flows, structure
from registry.projections.flows import ENTERED_TOWN, LEFT_TOWN
from registry.reporting import heading, headings
from registry.values import DivisionCode, Level
from registry.vocabulary import VOCABULARY, Cause

UNIT = (Column("code", "代码"), Column("unit", "单位"))
START, END = Column("start", "期初人口"), Column("end", "期末人口")
#: The business under which whole communities pass from one division to another.
ADJUSTED = 400


@dataclass(frozen=True)
class Change:
    """Changes of one kind: how many people were inside before, and how many are after."""

    code: int
    cause: str
    kind: str | None
    reason: str | None
    away: str | None
    town: int
    left: UUID | None
    entered: UUID | None
    was: bool
    will: bool
    count: int


def by_business(asked: Asked) -> Sheet:
    """人口变动情况: each business, how many it brought into a unit, took out, moved inside it."""
    columns = (
        *UNIT,
        Column("business", "业务代码"),
        Column("what", "业务"),
        Column("entered", "增加"),
        Column("left", "减少"),
        Column("within", "区内"),
        START,
        END,
    )
    names = {row["code"]: row["name_zh"] for row in table("registration_business")}
    rows: list[tuple[Cell, ...]] = []
    for unit in asked.units(asked.closing):
        found: Counter[tuple[int, str]] = Counter()
        for one in changes(asked, unit.id):
            side = "within" if one.was and one.will else "entered" if one.will else "left"
            found[_business(one), side] += one.count
        for moment in moved(asked, unit.id, asked.reader.counts):
            found[ADJUSTED, "entered"] += moment[0]
            found[ADJUSTED, "left"] += moment[1]
        sides = ("entered", "left", "within")
        start, end = (
            asked.reader.count(unit.id, asked.opening),
            asked.reader.count(unit.id, asked.closing),
        )
        total = [sum(count for (_, side), count in found.items() if side == one) for one in sides]
        rows.append((unit.code, unit.name, None, "合计", *total, start, end))
        for business in sorted({number for number, _ in found}):
            counts = [found[business, side] for side in sides]
            if any(counts):
                name = names.get(str(business), "其他冲销")
                told = str(business) if business else None
                rows.append((unit.code, unit.name, told, name, *counts, None, None))
    return Sheet(columns, rows)


def _business(one: Change) -> int:
    """The official code; of a change of address the unit that was left counts the other side."""
    if one.cause == Cause.ADDRESS.value and one.was and not one.will:
        return 104
    return BUSINESS[one.code]


BUSINESS = {word.code: word.business or 0 for word in VOCABULARY.values()}


def town(asked: Asked) -> Sheet:
    """城镇人口增减情况: what made the towns' population (非农业人口) of a unit larger, and smaller.

    Who counts among it tells the table hukou_nature.
    """
    columns = (*UNIT, START, *(Column(one.code, one.name_zh) for one in headings()), END)

    def here(at: At, communities: Collection[UUID]) -> Counter[UUID]:
        return townsmen(asked.rows(structure.natures_of(at, communities)))

    rows: list[tuple[Cell, ...]] = []
    for unit in asked.units(asked.closing):
        found: Counter[str] = Counter()
        for one in changes(asked, unit.id):
            was = one.was and bool(one.town & LEFT_TOWN)
            will = one.will and bool(one.town & ENTERED_TOWN)
            if was != will:
                under = heading(one.cause, one.kind, one.reason, will)
                found[under.code] += one.count if will == under.adds else -one.count
        for came, went in moved(asked, unit.id, here):
            found["boundary_in"] += came
            found["boundary_out"] += went
        start, end = (
            townsmen(asked.rows(structure.natures(at, unit.id))).total()
            for at in (asked.opening, asked.closing)
        )
        counts = (found[one.code] for one in headings())
        rows.append((unit.code, unit.name, start, *counts, end))
    return Sheet(columns, rows)


def townsmen(rows: Any) -> Counter[UUID]:
    """How many of each community count among the population of the towns."""
    found: Counter[UUID] = Counter()
    for community, nature, persons in rows:
        if structure.counted(nature) == flows.TOWN:
            found[UUID(bytes=community)] += persons
    return found


def migration(asked: Asked) -> Sheet:
    """省内迁移情况: who settled in a county, by the county of the province that was left.

    papers: with a certificate, by the division that it names; without: from one county of the
    register to another. What was undone later stands as such in the report on changes.
    """
    columns = (
        Column("origin", "迁出地代码"),
        Column("from", "迁出地"),
        Column("destination", "迁入地代码"),
        Column("to", "迁入地"),
        Column("papers", "凭证迁入"),
        Column("without", "住址变动"),
        Column("persons", "合计"),
    )
    inside = province(asked)
    here: tuple[Cell, Cell]
    found: dict[tuple[Cell, ...], Counter[str]] = {}
    for one in changes(asked, asked.division.id):
        if not one.will or one.entered is None:
            continue
        there = county(asked, one.entered)
        if one.cause == Cause.IN.value and one.away and one.away[:2] == inside:
            here = one.away, DivisionCode(one.away).name_on(asked.last)
            how = "papers"
        elif one.cause == Cause.ADDRESS.value and one.left is not None:
            here, how = county(asked, one.left), "without"
            if here == there:
                continue
        else:
            continue
        found.setdefault((*here, *there), Counter())[how] += one.count
    rows = [
        (*pair, counts["papers"], counts["without"], counts.total())
        for pair, counts in sorted(found.items(), key=repr)
    ]
    return Sheet(columns, rows)


def county(asked: Asked, community: UUID) -> tuple[Cell, Cell]:
    """Code and name of the county that a community lies in; its own where it lies in none."""
    step = here = asked.place(community)
    while step is not None and step.level != Level.COUNTY:
        step = None if step.parent is None else asked.place(step.parent)
    told = step or here
    return (None, None) if told is None else (told.code, told.name)


def province(asked: Asked) -> str:
    """The first digits of the division's province. Raises Malformed where no code tells it."""
    step: Place | None = asked.division
    while step is not None and step.code is None:
        step = None if step.parent is None else asked.place(step.parent)
    if step is None or step.code is None:
        raise Malformed([Fault("division", "unfit", "no division above it has a code")])
    return step.code[:2]


def by_province(asked: Asked, unit: UUID, inside: str) -> Counter[str]:
    """Moves into a unit and out of it, by whether the other end lies in the province."""
    found: Counter[str] = Counter()
    for one in changes(asked, unit):
        if one.cause not in {Cause.IN.value, Cause.OUT.value} or one.was == one.will:
            continue
        end = "unknown" if one.away is None else "province"
        if one.away is not None and one.away[:2] != inside:
            end = "outside"
        gained = one.will == (one.cause == Cause.IN.value)
        found[f"{one.cause}_{end}"] += one.count if gained else -one.count
    return found


def changes(asked: Asked, unit: UUID) -> Iterator[Change]:
    """What entries of the period did to a unit, those alike together."""
    day = asked.closing.valid_on
    months = asked.first.year * 100 + asked.first.month, day.year * 100 + day.month
    for one in stretches(asked.reader, asked.store, unit, asked.first, day, asked.known):
        for row in asked.rows(flows.told(one.first, one.until, months, unit, one.at)):
            left = None if row.left is None else UUID(bytes=row.left)
            entered = None if row.entered is None else UUID(bytes=row.entered)
            yield Change(
                *(row.code, row.cause, row.kind, row.reason, row.away, row.town),
                *(left, entered, left in one.inside, entered in one.inside),
                row.count,
            )


def moved(
    asked: Asked, unit: UUID, counted: Callable[[At, Collection[UUID]], Mapping[UUID, int]]
) -> Iterator[tuple[int, int]]:
    """How many came to a unit and left it with whole communities, boundary by boundary."""
    day = asked.closing.valid_on
    for one in stretches(asked.reader, asked.store, unit, asked.first, day, asked.known):
        if one.moment is not None:
            now = set(asked.reader.communities(unit, one.moment.after))
            came, went = now - one.inside, one.inside - now
            yield tuple(  # type: ignore[misc]  # a pair
                sum(counted(one.moment.before, some).values()) if some else 0
                for some in (came, went)
            )


def faults(figures: Figures) -> Iterator[str]:
    """Where the accounts of a report on changes do not close; nothing where they do."""
    parts: Counter[str] = Counter()
    for row in figures.records():
        unit = str(row["unit"])
        if "entered" in row:
            gained = _number(row["entered"]) - _number(row["left"])
            if row["start"] is None:
                parts[unit] -= gained
                continue
            parts[unit] += gained
        else:
            gained = sum(_number(row[one.code]) * (1 if one.adds else -1) for one in headings())
        start, end = _number(row["start"]), _number(row["end"])
        if start + gained != end:
            yield f"{unit}: {start} + {gained} is not {end}"
    for unit, left in parts.items():
        if left:
            yield f"{unit}: its businesses differ from their sum by {left}"


def _number(cell: Cell) -> int:
    assert isinstance(cell, int), f"{cell!r} is no count"
    return cell
