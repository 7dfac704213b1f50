"""Records of persons and households as columns: what `registry.checks.records` makes of one.

i4[fields, rows], a line for each field in the order of its declaration, ABSENT for what is not
there. Memory is of the thread that asks and is used again for the next partition.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np

from registry.card_terms import valid_until
from registry.checks.records import generations
from registry.codes import divisions
from registry.days import age_on
from registry.values import (
    Code,
    Education,
    HouseholdType,
    HukouNature,
    MaritalStatus,
    MilitaryService,
    Nationality,
    Relationship,
    day_number,
)
from replay.checks.program import places
from replay.checks.setting import ADDRESSED, COUNTED, Setting
from replay.civil import civil, day_since, years_old
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.numbers import is_day
from replay.states.details import ABSENT, latest
from replay.states.persons import PersonStates
from replay.states.standing import plain
from replay.threads import scratch

#: By how much a line is longer than there are persons: lines that begin a power of two apart would
#: push each other out of the cache where a kernel writes many of them at once.
APART = 80
#: Ages are looked up for births up to so many days ago.
_OLDEST = 366 * 300
#: Lesser items that a row tells by the place of a code in its table.
CODED: dict[str, type[Code]] = {
    "nature": HukouNature,
    "education": Education,
    "marital_status": MaritalStatus,
    "military_service": MilitaryService,
}
#: Texts of which the characters are counted, and the fields that hold how many.
TEXTS = {"former_name_length": "former_name", "guardian_name_length": "guardian_name"}
#: Who may guard a child, each by record or by name.
GUARDS = (("guardian", "guardian_name"), ("mother", "mother_name"), ("father", "father_name"))
PLACES = {"birth_place_listed": "birth_place", "native_place_listed": "native_place"}


def person_columns(setting: Setting, block: Block, states: PersonStates, fallen: Column) -> Column:
    """The records of the persons of a block, i4[fields, persons and more]; of who lives, that is.

    states: at the setting's point; fallen u1[rows]. What follows the persons in a line is nobody's.
    """
    where, size = places("person"), block.size
    whole = scratch("person records", len(where) * (size + APART), "i4").reshape(len(where), -1)
    out = whole[:, :size]
    first, at = block.first, setting.at

    def told(name: str) -> Column:
        return latest(block, at, name, fallen)

    part = slice(first, first + size)
    columns: tuple[Any, ...] = (
        states.table,
        plain(_lengths(block)),
        plain(states.names),
        ages(at.valid_on),
        _codes(Nationality),
        plain(setting.relation[part]),
        _relations(),
        setting.head,
        setting.form,
        _codes(HouseholdType),
        setting.birth,
        day_number(at.valid_on),
        tuple(where[name] for name in FUSED),
        whole,
    )
    fuse(*columns)
    for name, kind in CODED.items():
        out[where[name]] = _looked_up(told(name), _codes(kind))
    for field, name in TEXTS.items():
        out[where[field]] = _looked_up(told(name), _lengths(block))
    for field, name in PLACES.items():
        out[where[field]] = _looked_up(told(name), _listed(divisions().edition))
    out[where["height_cm"]] = told("height_cm")
    out[where["guardians"]] = sum(
        (told(record) != ABSENT) | (told(name) != ABSENT) for record, name in GUARDS
    )
    unreadable = (states.table["number"] == 0) & (told("number_as_found") != ABSENT)
    out[where["number_right"]][unreadable] = 0
    guarding = _looked_up(told("guardian"), setting.numbered)
    out[where["guardian_one_number"]] = np.array([ABSENT, 1, 0], "i4")[np.maximum(guarding, 0)]
    for name in ("number_twin", "person_twin"):
        twins = getattr(setting, name)[part]
        out[where[name]] = np.where(twins == 0, ABSENT, twins)
    for name in ("blood_type", "information_level", "guardian_relation", "guardian_two_number"):
        out[where[name]] = ABSENT
    out[where["photo"]] = np.where(setting.photo[part] == 0, ABSENT, 1)
    _write_cards(setting, part, whole)
    return whole


#: Fields that one kernel writes, in the order in which it knows them.
FUSED = (
    *("today", "age", "name_length", "sex", "nationality", "birth", "number_right"),
    *("number_sex", "number_birth", "household_type", "relation", "relation_sex", "generation"),
    "older_than_head",
)


@kernel
def fuse(
    table: Column,
    lengths: Column,
    names: Column,
    ages: Column,
    nationalities: Column,
    relation: Column,
    relations: Column,
    head: Column,
    form: Column,
    forms: Column,
    births: Column,
    today: int,
    at: tuple[int, ...],
    out: Column,
) -> None:
    """Write the fields of FUSED.

    table PERSON[n]; lengths i4 by text, names u4[n]; ages i4 by days since birth; nationalities,
    forms i4 by place; relation u1[n]; relations i4[3, 256]: code, sex, generation by place; head
    u4, form u1 by household; births i4 by person; at: the lines of FUSED in out i4[fields, n].
    """
    for person in range(table.size):
        one = table[person]
        number, born, home = integer(one["number"]), integer(one["birth"]), one["household"]
        out[at[0], person] = today
        age = ABSENT
        if born != ABSENT:
            age = -1 if born > today else integer(ages[min(today - born, ages.size - 1)])
        out[at[1], person] = age
        named = names[person]
        out[at[2], person] = lengths[named] if named < lengths.size else ABSENT
        out[at[3], person] = one["sex"] + 1 if one["sex"] != 255 else ABSENT
        place = one["nationality"]
        out[at[4], person] = nationalities[place] if place < nationalities.size else ABSENT
        out[at[5], person] = born
        out[at[6], person] = number >> 62 if number > 0 else ABSENT
        out[at[7], person] = 2 - (number >> 4 & 1) if number > 0 else ABSENT
        out[at[8], person] = stated_birth(number) if number > 0 else ABSENT
        kind = form[home] if home < form.size else 255
        out[at[9], person] = forms[kind] if kind < forms.size else ABSENT
        for line in range(3):
            out[at[10 + line], person] = relations[line, relation[person]]
        older = ABSENT
        if born != ABSENT and home < head.size and head[home] < births.size:
            first = integer(births[head[home]])
            if first != ABSENT:
                older = (first - born) * 4 // 1461
        out[at[13], person] = older


@kernel
def stated_birth(number: int) -> int:
    """The day of birth that a packed number states, ABSENT where there is no such day."""
    year, month, day = number >> 28 & 16383, number >> 21 & 127, number >> 14 & 127
    if year < 1 or not is_day(year, month, day):
        return ABSENT
    return day_since(year, month, day)


def household_columns(setting: Setting, block: Block, table: Column) -> Column:
    """The records of the households of a block, i4[fields, households]; table HOUSEHOLD[n]."""
    where, size = places("household"), block.size
    out = scratch("household records", len(where) * size, "i4").reshape(-1, size)
    part = slice(block.first, block.first + size)
    codes = _codes(HouseholdType)
    forms = np.append(codes, ABSENT)[np.minimum(setting.form[part], len(codes))]
    out[where["household_type"]] = forms
    for column, name in enumerate(COUNTED):
        out[where[name]] = setting.members[part, column]
    community = np.minimum(table["community"], setting.address.shape[1] - 1)
    for line, name in enumerate(ADDRESSED):
        out[where[name]] = setting.address[line][community]
    street = np.append(setting.street, 0)[np.minimum(table["doorplate"], len(setting.street))]
    out[where["street"]] = np.where(street, 1, ABSENT)
    return out


def _write_cards(setting: Setting, part: slice, out: Column) -> None:
    where = places("person")
    lines = tuple(where[name] for name in ("card_from", "card_years", "card_years_due"))
    columns = (setting.since[part], setting.until[part], setting.birth[part])
    given: tuple[Any, ...] = (*map(plain, columns), _terms(), lines, out)
    write_cards(*given)


@kernel
def write_cards(
    since: Column, until: Column, birth: Column, terms: Column, at: tuple[int, ...], out: Column
) -> None:
    """Write from when a card holds, for how many years, and for how many it should.

    since, until, birth i4 by person; terms i4 by age; at: three lines of out i4[fields, n].
    """
    for person in range(since.size):
        begins, ends, born = integer(since[person]), integer(until[person]), integer(birth[person])
        years = due = ABSENT
        if begins != ABSENT:
            years = 0 if ends == ABSENT else civil(ends)[0] - civil(begins)[0]
            if born != ABSENT and born <= begins:
                due = integer(terms[min(years_old(born, begins), terms.size - 1)])
        out[at[0], person], out[at[1], person], out[at[2], person] = begins, years, due


def ages_on(birth: Column, day: Column) -> Column:
    """Full years on days, i8; whoever was born on 29 February turns a year older on 1 March."""

    def parts(days: Column) -> tuple[Column, Column]:
        dates = (days.astype("i8") + _UNIX).astype("M8[D]")
        months = dates.astype("M8[M]")
        return months.astype("i8"), (dates - months.astype("M8[D]")).astype("i8")

    (born, born_day), (now, now_day) = parts(birth), parts(day)
    found: Column = (now - born - (now_day < born_day)) // 12
    return found


#: Day 0 of the columns of days, in days since 1970.
_UNIX = date(1880, 1, 1).toordinal() - date(1970, 1, 1).toordinal()


@cache
def ages(on: date) -> Column:
    """Full years of who was born so many days before a day, i4."""
    back = np.arange(_OLDEST, dtype="i8")
    today = np.full(_OLDEST, day_number(on))
    return plain(ages_on(today - back, today).astype("i4"))


@cache
def _terms() -> Column:
    """For how many years a card holds that is signed at an age, 0 for life; i4."""
    born, found = date(1900, 1, 1), []
    for age in range(130):
        signed = born.replace(year=1900 + age)
        assert age_on(born, signed) == age
        until = valid_until(born, signed)
        found.append(0 if until is None else until.year - signed.year)
    return plain(np.array(found, "i4"))


@cache
def _codes(kind: type[Code]) -> Column:
    """The codes of a table as integers by place, i4."""
    return plain(np.array([int(code) for code in kind.all()], "i4"))


@cache
def _relations() -> Column:
    """Code, implied sex and generation of each relation by place, i4[3, 256]."""
    found = np.full((3, 256), ABSENT, "i4")
    for place, one in enumerate(Relationship.all()):
        told = (int(one), one.implied_sex, generations().get(one))
        for line, value in enumerate(told):
            if value is not None:
                found[line, place] = value
    return plain(found)


@cache
def _listed(edition: int) -> Column:
    """Whether six digits ever were a division's code, u1; edition: of the table of divisions."""
    found = np.zeros(1_000_000, "u1")
    found[[int(code) for code in divisions().listings]] = 1
    return found


def _looked_up(values: Column, table: Column) -> Column:
    """What a table says of places or handles, i4; ABSENT where there is none."""
    found = np.full(len(values), ABSENT, "i4")
    there = np.flatnonzero(values != ABSENT)
    found[there] = table[values[there]]
    return found


def _lengths(block: Block) -> Column:
    """How many characters each text of a block has, i4."""
    found = np.empty(len(block.texts), "i4")
    count_characters(plain(block.texts.offsets), plain(block.texts.data), found)
    return found


@kernel
def count_characters(offsets: Column, data: Column, found: Column) -> None:
    """Count characters of texts: offsets u4[n + 1], data u1, UTF-8; found i4[n], written."""
    for text in range(found.size):
        count = 0
        for place in range(integer(offsets[text]), integer(offsets[text + 1])):
            count += data[place] & 0xC0 != 0x80
        found[text] = count
