"""Persons at a point on both clocks: a record of 32 bytes for each, by one pass over the rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from registry.vocabulary import Cause, EventType, Group, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel, nth
from replay.states.history import At
from replay.states.standing import States, dense, fallen_marks, point, rows

#: What is known of somebody's life.
UNKNOWN, LIVING, DEAD, DELETED = range(4)
#: A number that was redacted; a birth date that is not known; no code.
REDACTED, UNBORN, NO_CODE = -1, -(2**31), 255

#: A person. number: packed as `replay.numbers` says, 0 for none; household, community: handles;
#: birth, since: days since 1880, since for the entry that wrote the place; entries: how many
#: stand; last: version of the last of them; named: version of the entry that wrote the name;
#: nationality, out: place in the table's codes; out tells how somebody left who has no place now.
PERSON = np.dtype(
    [
        ("number", "i8"),
        ("household", "u4"),
        ("community", "u4"),
        ("birth", "i4"),
        ("since", "u2"),
        ("entries", "u2"),
        ("last", "u2"),
        ("named", "u2"),
        ("sex", "u1"),
        ("nationality", "u1"),
        ("out", "u1"),
        ("life", "u1"),
    ]
)
assert PERSON.itemsize == 32, "a record has no padding, since it is hashed"

#: Dense columns that the kernel reads, in the order of their bits.
COLUMNS = ("enters", "household", "out_kind", "name", "sex", "birth_date", "number", "nationality")
#: Groups that it settles, in the order of their bits.
WRITTEN = (
    Group.PLACE,
    Group.LIFE,
    Group.NAME,
    Group.SEX,
    Group.BIRTH,
    Group.NUMBER,
    Group.NATIONALITY,
)
PLACE, LIFE, NAME, SEX, BIRTH, NUMBER, NATIONALITY = (1 << bit for bit in range(7))
_REST = NAME | SEX | BIRTH | NUMBER | NATIONALITY
_HAS = 8  # the columns' bits begin here
ENTERS, HOUSEHOLD, OUT = 1 << 8, 1 << 9, 1 << 10
HAS_NUMBER = _HAS + COLUMNS.index("number")
LIVES = 16  # two bits: the life that it leads to
OPENS, VOIDS = 1 << 18, 1 << 19
#: What opens a record holds every column but the kind of leaving.
_WHOLE = OPENS | 0xFF00 & ~OUT
#: What has none of these counts as an entry, and decides nothing here.
_CONCERNS = 0xFFFF | OPENS


def effect(word: EventType) -> int:
    """What an event does to a person, as bits: groups written, columns held, life afterwards."""
    if word.kind is not Kind.PERSON:
        return 0
    laid = layout(Kind.PERSON)
    bits = sum(1 << bit for bit, group in enumerate(WRITTEN) if word.opens or group in word.writes)
    bits |= sum(
        1 << _HAS + bit for bit, name in enumerate(COLUMNS) if laid.declares(name)[word.code]
    )
    if word.opens:
        bits |= LIVING << LIVES | OPENS
    elif Group.LIFE in word.writes:
        bits |= (DELETED if word.cause is Cause.DELETION else DEAD) << LIVES
    return bits | (VOIDS if word.voids else 0)


EFFECT = by_code(effect)


@dataclass(frozen=True)
class PersonStates(States):
    """Persons at a point: table is PERSON[persons].

    names u4[persons]: handles of texts of the block that each is in; empty where nobody wants them.
    """

    names: Column

    @cached_property
    def living(self) -> Column:
        """Who lives, bool[persons]."""
        found: Column = self.table["life"] == LIVING
        return found

    @cached_property
    def residents(self) -> Column:
        """Who lives and has a place, bool[persons]."""
        found: Column = self.living & (self.table["community"] != NONE)
        return found


def person_states(block: Block, at: At, into: States | None = None) -> PersonStates:
    """The persons of a block at a point; into: where to write them, to spare the memory.

    Into `States` no names are written, which spares reading them.
    """
    into = into or PersonStates(block.first, np.empty(block.size, PERSON), _names(block.size))
    names = into.names if isinstance(into, PersonStates) else _names(0)
    day, known = point(block, at)
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, *COLUMNS),
        fallen_marks(block, known),
        EFFECT,
        day,
        known,
        into.table,
        names,
    )
    people(*columns)
    return PersonStates(block.first, into.table, names)


def _names(size: int) -> Column:
    return np.empty(size, "u4")


@kernel
def people(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    enters: Column,
    household: Column,
    out_kind: Column,
    name: Column,
    sex: Column,
    birth: Column,
    number: Column,
    nationality: Column,
    fallen: Column,
    effects: Column,
    last: int,
    known: int,
    out: Column,
    names: Column,
) -> None:
    """Settle every group of every person by the standing row latest in (effective day, version).

    starts u4[persons + 1]; code, day u2[n]; position u4[n]; enters, household, name u4, out_kind,
    nationality u2, sex u1, birth i4, number i8: a value for each row whose code declares it;
    fallen u1[n]; effects u4[codes]; out PERSON[persons], names u4[persons] or none, written.
    """
    named_too = names.size > 0
    whole = 0  # rows so far that opened and held all
    e = h = o = n = s = b = i = t = 0  # where the next value of each column lies, beyond those
    for person in range(starts.size - 1):
        first, end = integer(starts[person]), integer(starts[person + 1])
        row, told = first, out[person]
        begun = False
        entries = version = named = life = since = 0
        if first < end and effects[code[first]] & _WHOLE == _WHOLE:
            # As a rule the first row opens and holds all: it decides until another one does.
            when = integer(day[first])
            if position[first] <= known and when <= last and not fallen[first]:
                begun = True
                entries = version = named = 1
                life, since = LIVING, when
                told["number"] = max(number[nth(whole + i)], REDACTED)
                told["household"] = household[nth(whole + h)]
                told["community"] = enters[nth(whole + e)]
                told["birth"] = birth[nth(whole + b)]
                told["sex"] = sex[nth(whole + s)]
                told["nationality"] = nationality[nth(whole + t)] & NO_CODE
                told["out"] = NO_CODE
                if named_too:
                    names[person] = name[nth(whole + n)]
            whole += 1
            row += 1
        placed = lived = renamed = sexed = born = numbered = tied = since
        while row < end:
            does, when = integer(effects[code[row]]), integer(day[row])
            stands = not (position[row] > known or when > last or fallen[row] or does & VOIDS)
            row += 1
            if stands:
                entries += 1
                version = row - first
            if does & _CONCERNS == 0:
                continue
            if stands:
                begun |= does & OPENS != 0
                if does & PLACE and when >= placed:
                    placed = when
                    lives, where = does & ENTERS, whole + h
                    told["community"] = enters[nth(whole + e)] if lives else NONE
                    told["household"] = (
                        household[nth(where)] if lives and does & HOUSEHOLD else NONE
                    )
                    told["out"] = out_kind[nth(o)] & NO_CODE if does & OUT else NO_CODE
                if does & LIFE and when >= lived:
                    lived, life = when, does >> LIVES & 3
                if does & _REST:
                    if does & NAME and when >= renamed:
                        renamed, named = when, version
                        if named_too:
                            names[person] = name[nth(whole + n)]
                    if does & SEX and when >= sexed:
                        sexed = when
                        told["sex"] = sex[nth(whole + s)]
                    if does & BIRTH and when >= born:
                        born = when
                        told["birth"] = birth[nth(whole + b)]
                    if does & NUMBER and when >= numbered:
                        numbered = when
                        told["number"] = max(number[nth(whole + i)], REDACTED)
                    if does & NATIONALITY and when >= tied:
                        tied = when
                        told["nationality"] = nationality[nth(whole + t)] & NO_CODE
            e += does >> 8 & 1
            h += does >> 9 & 1
            o += does >> 10 & 1
            n += does >> 11 & 1
            s += does >> 12 & 1
            b += does >> 13 & 1
            i += does >> 14 & 1
            t += does >> 15 & 1
        if begun:
            told["since"] = placed
            told["entries"] = entries
            told["last"] = version
            told["named"] = named
            told["life"] = life
        else:
            told["number"] = 0
            told["household"] = told["community"] = NONE
            told["birth"] = UNBORN
            told["since"] = told["entries"] = told["last"] = told["named"] = 0
            told["sex"] = told["nationality"] = told["out"] = NO_CODE
            told["life"] = UNKNOWN
            if named_too:
                names[person] = NONE
