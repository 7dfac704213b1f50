"""The population reports: how many, of what age and sex, and how that came about (人口统计).

Flows are published by the day of recording, states by the day itself; each report closes, and
`faults` says where one does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from adapters.answers import Crossing, Month, Place
from adapters.counting import four_changes, stretches
from adapters.statistics.asking import Asked
from adapters.statistics.changes import by_province, province
from adapters.statistics.figures import Cell, Column, Figures, Sheet
from registry.projections import At, structure
from registry.values import Sex
from registry.vocabulary import Cause

UNIT = (Column("code", "代码"), Column("unit", "单位"))
#: The accounts of a population: where it began, what was added and taken, where it ended.
FLOWS = (
    Column("start", "期初人口"),
    Column("births", "出生"),
    Column("in", "迁入"),
    Column("imported", "建库录入"),
    Column("supplements", "补录"),
    Column("restored", "恢复"),
    Column("address_in", "住址变动迁入"),
    Column("boundary_in", "区划调入"),
    Column("deaths", "死亡"),
    Column("out", "迁出"),
    Column("deletions", "删除"),
    Column("voided", "冲销"),
    Column("address_out", "住址变动迁出"),
    Column("boundary_out", "区划调出"),
    Column("end", "期末人口"),
)
ADDED = ("births", "in", "imported", "supplements", "restored", "address_in", "boundary_in")
TAKEN = ("deaths", "out", "deletions", "voided", "address_out", "boundary_out")
#: Where the bands of age of the yearly report begin.
BANDS = (18, 35, 60)
STATE = (
    Column("households", "户数"),
    Column("persons", "人口"),
    Column("male", "男"),
    Column("female", "女"),
    Column("sex_unknown", "性别不详"),
    Column("age_0_17", "0-17岁"),
    Column("age_18_34", "18-34岁"),
    Column("age_35_59", "35-59岁"),
    Column("age_60", "60岁以上"),
    Column("age_unknown", "年龄不详"),
    Column("town", "城镇人口"),
    Column("country", "乡村人口"),
    Column("nature_unknown", "户别不详"),
)
#: Moves with papers, by where the other end lies.
ENDS = (
    Column("in_province", "省内迁入"),
    Column("in_outside", "省外迁入"),
    Column("in_unknown", "迁入地不详"),
    Column("out_province", "迁往省内"),
    Column("out_outside", "迁往省外"),
    Column("out_unknown", "去向不详"),
)
#: Those of whom the sex is known; voided ones may be known no more.
VITAL = (
    Column("births_male", "出生男"),
    Column("births_female", "出生女"),
    Column("deaths_male", "死亡男"),
    Column("deaths_female", "死亡女"),
)
SEXES = ("male", "female", "sex_unknown")
NATURES = ("town", "country", "nature_unknown")
AGES = ("age_0_17", "age_18_34", "age_35_59", "age_60", "age_unknown")
OLDEST = 100


def yearly(asked: Asked) -> Sheet:
    """人口及其变动情况统计报表: the population of a period's end, and what led to it."""
    at = asked.closing
    made_of = composition(asked, at)
    inside = province(asked)
    rows = []
    for unit in asked.units(at):
        months = _months(asked, unit.id)
        here = _sum(made_of, asked.reader.communities(unit.id, at))
        changes = _changes(months, here["persons"])
        born = _listed(VITAL, _vital(asked, unit.id))
        ends = _listed(ENDS, by_province(asked, unit.id, inside))
        rows.append((*_named(unit), *changes, *born, *ends, *_listed(STATE, here)))
    return Sheet((*UNIT, *FLOWS, *VITAL, *ENDS, *STATE), rows)


def monthly(asked: Asked) -> Sheet:
    """人口四项变动月报: month by month, each beginning where the one before ended."""
    at = asked.closing
    columns = (*UNIT, Column("month", "月份"), *FLOWS)
    rows: list[tuple[Cell, ...]] = []
    for unit in asked.units(at):
        months = _months(asked, unit.id)
        for one in months:
            end = one.end
            if one is months[-1]:
                end = asked.reader.count(unit.id, at)  # counted, not added up
            told = f"{one.month // 100}-{one.month % 100:02}"
            rows.append((*_named(unit), told, *_changes([one], end)))
    return Sheet(columns, rows)


def base(asked: Asked) -> Sheet:
    """人口底数: persons and households on a day, as known at the position."""
    at = asked.at
    made_of = composition(asked, at)
    rows = [
        (*_named(unit), *_listed(STATE, _sum(made_of, asked.reader.communities(unit.id, at))))
        for unit in asked.units(at)
    ]
    return Sheet((*UNIT, *STATE), rows)


def single_years(asked: Asked) -> Sheet:
    """单岁年龄人口: men and women of each age of completed years, 100 and older in one row."""
    at = asked.at
    found: Counter[tuple[int | None, int | None]] = Counter()
    query = structure.by_age_and_sex(asked.division.id, at, range(1, OLDEST + 1))
    for _, sex, age, persons in asked.rows(query):
        found[age, sex] += persons
    ages: list[int | None] = [*range(OLDEST + 1), None]
    rows: list[tuple[Cell, ...]] = []
    for age in ages:
        men, women = found[age, Sex.MALE], found[age, Sex.FEMALE]
        both = sum(count for (one, _), count in found.items() if one == age)
        rows.append((age, men, women, both - men - women, both))
    columns = (
        Column("age", "年龄"),
        *(Column(name, zh) for name, zh in zip(SEXES, ("男", "女", "性别不详"), strict=True)),
        Column("persons", "人口"),
    )
    return Sheet(columns, rows)


def faults(figures: Figures) -> Iterator[str]:
    """Where the accounts of a population report do not close; nothing where they do.

    end = start + all that was added - all that was taken; a month begins where the one before
    ended; the sexes, and the ages, add up to the population, which is that of the period's end.
    """
    ended: tuple[object, int] | None = None
    for row in figures.records():
        where = f"{row.get('unit') or row.get('age')} {row.get('month', '')}".strip()
        if "start" in row:
            added = sum(_number(row[name]) for name in ADDED)
            taken = sum(_number(row[name]) for name in TAKEN)
            start, end = _number(row["start"]), _number(row["end"])
            if start + added - taken != end:
                yield f"{where}: {start} + {added} - {taken} is not {end}"
            for name in ("births", "deaths") if "births_male" in row else ():
                known = _number(row[f"{name}_male"]) + _number(row[f"{name}_female"])
                if known > _number(row[name]):
                    yield f"{where}: {known} {name} by sex, {row[name]} in all"
            for name in ("in", "out") if "in_province" in row else ():
                ends = sum(
                    _number(row[f"{name}_{end}"]) for end in ("province", "outside", "unknown")
                )
                if ends != _number(row[name]):
                    yield f"{where}: {ends} {name} by the other end, {row[name]} in all"
            if "month" in row:
                unit = row["code"], row["unit"]
                if ended is not None and ended[0] == unit and ended[1] != start:
                    yield f"{where}: begins with {start}, the month before ended with {ended[1]}"
                ended = unit, end
        if "persons" in row:
            persons = _number(row["persons"])
            for names in (SEXES, AGES, NATURES):
                parts = [_number(row[name]) for name in names if name in row]
                if parts and sum(parts) != persons:
                    yield f"{where}: {' + '.join(names)} is {sum(parts)}, not {persons}"
            if "end" in row and row["end"] != persons:
                yield f"{where}: {row['end']} at the end, {persons} counted"
    if {"code", "persons"} <= {column.name for column in figures.columns}:
        yield from _total(figures)


def _total(figures: Figures) -> Iterator[str]:
    """The units below a division make up the whole of it, where there are any."""
    first, *others = [_number(row["persons"]) for row in figures.records()]
    if others and sum(others) != first:
        yield f"{figures.unit}: its units have {sum(others)} of {first} persons"


def _number(cell: Cell) -> int:
    assert isinstance(cell, int), f"{cell!r} is no count"
    return cell


def composition(asked: Asked, at: At) -> dict[UUID, Counter[str]]:
    """What the population of each community is made of."""
    found: dict[UUID, Counter[str]] = {}
    for community, sex, band, persons in asked.rows(
        structure.by_age_and_sex(asked.division.id, at, BANDS)
    ):
        here = found.setdefault(UUID(bytes=community), Counter())
        here["persons"] += persons
        here[{Sex.MALE: "male", Sex.FEMALE: "female"}.get(sex, "sex_unknown")] += persons
        here["age_unknown" if band is None else AGES[band]] += persons
    for community, nature, persons in asked.rows(structure.natures(at, asked.division.id)):
        counted = structure.counted(nature) or "nature_unknown"
        found[UUID(bytes=community)][counted] += persons
    for community, households in asked.rows(structure.by_household(asked.division.id, at)):
        found.setdefault(UUID(bytes=community), Counter())["households"] += households
    return found


def _sum(made_of: Mapping[UUID, Counter[str]], communities: Sequence[UUID]) -> Counter[str]:
    here: Counter[str] = Counter()
    for one in communities:
        here.update(made_of.get(one, Counter()))
    return here


def _months(asked: Asked, unit: UUID) -> list[Month]:
    first = asked.first.year * 100 + asked.first.month
    last = asked.last.year * 100 + asked.last.month
    return four_changes(asked.reader, asked.store, unit, first, last, asked.known, asked.today)


def _vital(asked: Asked, unit: UUID) -> Counter[str]:
    """Births and deaths of a unit in the period, by sex."""
    found: Counter[str] = Counter()
    at = asked.closing
    for one in stretches(asked.reader, asked.store, unit, asked.first, at.valid_on, asked.known):
        for row in asked.rows(structure.vital(one.first, one.until, at)):
            sex = {Sex.MALE: "male", Sex.FEMALE: "female"}.get(row.sex, "unknown")
            was = row.left is not None and UUID(bytes=row.left) in one.inside
            will = row.entered is not None and UUID(bytes=row.entered) in one.inside
            # A birth adds and a death takes; what crosses the other way is taken off again.
            sign = 1 if row.cause == Cause.BIRTH.value else -1
            found[f"{row.cause}_{sex}"] += sign * row.count * (int(will) - int(was))
    return found


def _changes(months: Sequence[Month], end: int) -> tuple[Cell, ...]:
    """The flows of some months together; end: as it was counted."""
    causes: dict[str, Crossing] = {}
    for cause in Cause:
        crossings = [month.causes[cause.value] for month in months]
        causes[cause.value] = Crossing(
            sum(one.entered for one in crossings), sum(one.left for one in crossings)
        )
    told = {
        "start": months[0].start,
        **{name: causes[name].net for name in ADDED if name in causes},
        **{name: -causes[name].net for name in TAKEN if name in causes},
        "address_in": causes[Cause.ADDRESS.value].entered,
        "address_out": causes[Cause.ADDRESS.value].left,
        "boundary_in": causes[Cause.BOUNDARY.value].entered,
        "boundary_out": causes[Cause.BOUNDARY.value].left,
        "end": end,
    }
    return tuple(told[column.name] for column in FLOWS)


def _named(unit: Place) -> tuple[Cell, Cell]:
    return unit.code, unit.name


def _listed(columns: Sequence[Column], told: Counter[str]) -> tuple[Cell, ...]:
    return tuple(told[column.name] for column in columns)
