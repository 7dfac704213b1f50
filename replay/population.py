"""The population at any point: by division, sex and age (人口金字塔), and what is odd about it.

One pass over the records of persons counts all of it, while they are still in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np

from registry.values import Level, OutKind, Sex, day_number
from registry.vocabulary import Kind
from replay.forms import NONE, Column
from replay.history import At
from replay.households import OPEN, household_states
from replay.jit import integer, kernel
from replay.persons import DEAD, LIVING, PERSON, UNBORN, UNKNOWN, person_states
from replay.residents import TIERS, Paths
from replay.runs import Block
from replay.standing import States, plain
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.log import Log

#: The last age is "or older"; after it stands "not known".
OLDEST = 120
AGES = OLDEST + 2
#: Sexes in the order of their members, then "not known".
SEXES = (*Sex, None)

#: What may be odd about somebody, as bits: a number that is wrong, a home that is no open
#: household.
WRONG_NUMBER, NO_HOME = 1, 2

#: What is counted of persons, by place in a line of counts.
COUNTED = (
    "known",
    "living",
    "residents",
    "in_transit",
    "dead",
    "deleted",
    "unnumbered",
    "redacted",
)


class Setting(NamedTuple):
    """What a census needs to know besides the persons.

    divisions u4[communities + 1]: the line of each community in the table, the last one for none;
    ages u1[days]: age of who was born so many days ago; homes u1[households]: whether each is open.
    """

    divisions: Column
    ages: Column
    homes: Column
    today: int
    transit: int


@dataclass(frozen=True)
class Census:
    """What was counted of persons.

    table i8[lines, sexes, ages], residents, line 0 for communities of no division; counts: as
    COUNTED; occupants u4[households]: residents of each; odd: handles of persons, by bit.
    """

    places: tuple[UUID | None, ...]
    table: Column
    counts: Mapping[str, int]
    occupants: Column
    odd: Mapping[int, Column]

    def of(self, place: UUID) -> Column:
        """The pyramid of a division, i8[sexes, ages]."""
        found: Column = self.table[self.places.index(place)]
        return found


def ages(on: date) -> Column:
    """Age in full years of who was born so many days before a day, u1; born on leap days too."""
    days = np.datetime64(on, "D") - np.arange(366 * (OLDEST + 1))
    months = days.astype("M8[M]")
    year = days.astype("M8[Y]").astype(int) + 1970
    month, day = months.astype(int) % 12 + 1, (days - months.astype("M8[D]")).astype(int) + 1
    later = month * 32 + day > on.month * 32 + on.day
    return plain(np.minimum(on.year - year - later, OLDEST).astype("u1"))


def setting(
    log: Log, at: At, level: Level = Level.COUNTY
) -> tuple[Setting, tuple[UUID | None, ...]]:
    """What a census at a point needs to know, and the divisions of a level by line of its table."""
    (paths,) = Paths.of(log, at)
    numbers = paths.above[TIERS.index(level)]
    lines, inverse = np.unique(np.append(0, numbers), return_inverse=True)
    homes = np.zeros(log.count(Kind.HOUSEHOLD), "u1")

    def open_now(block: Block) -> None:
        part = slice(block.first, block.first + block.size)
        homes[part] = household_states(block, at).table["life"] == OPEN

    over_partitions(log, Kind.HOUSEHOLD, open_now)
    told = Setting(
        plain(inverse[1:].astype("u4")),
        ages(at.valid_on),
        plain(homes),
        day_number(at.valid_on),
        _transit(),
    )
    return told, tuple(paths.places[number] for number in lines.tolist())


@cache
def _transit() -> int:
    return OutKind.all().index(OutKind("2"))


def census(log: Log, at: At, level: Level = Level.COUNTY) -> Census:
    """Count the population at a point, by the divisions of a level."""
    told, places = setting(log, at, level)

    def one(block: Block) -> Part:
        states = States(block.first, scratch("persons", block.size, PERSON))
        return part_of(told, len(places), block.first, person_states(block, at, states).table)

    return added(over_partitions(log, Kind.PERSON, one), places, log.count(Kind.HOUSEHOLD))


class Part(NamedTuple):
    """What was counted in one partition; homes u4, counted u4: households and their residents."""

    table: Column
    counts: Column
    homes: Column
    counted: Column
    odd: dict[int, Column]


def part_of(told: Setting, lines: int, first: int, persons: Column) -> Part:
    """Count the persons of one partition; persons PERSON[...], by handle from `first`."""
    table = np.zeros((lines, len(SEXES), AGES), "i8")
    counts = np.zeros(len(COUNTED), "i8")
    flags = scratch("flags", len(persons), "u1")
    settled = scratch("settled", len(persons), "u4")
    size = tally(*told, persons, table, counts, flags, settled)
    homes, counted = np.unique(settled[:size], return_counts=True)
    odd = {
        bit: (np.flatnonzero(flags & bit) + first).astype("u4") for bit in (WRONG_NUMBER, NO_HOME)
    }
    return Part(table, counts, homes, counted, odd)


def added(parts: Iterable[Part], places: tuple[UUID | None, ...], households: int) -> Census:
    """The census of all partitions together."""
    occupants = np.zeros(households, "u4")
    table = np.zeros((len(places), len(SEXES), AGES), "i8")
    counts = np.zeros(len(COUNTED), "i8")
    odd: dict[int, list[Column]] = {WRONG_NUMBER: [], NO_HOME: []}
    for part in parts:
        table += part.table
        counts += part.counts
        occupants[part.homes] += part.counted.astype("u4")
        for bit, found in part.odd.items():
            odd[bit].append(found)
    return Census(
        places,
        table,
        dict(zip(COUNTED, counts.tolist(), strict=True)),
        occupants,
        {bit: np.concatenate([np.empty(0, "u4"), *found]) for bit, found in odd.items()},
    )


@kernel
def tally(
    divisions: Column,
    ages: Column,
    homes: Column,
    today: int,
    transit: int,
    persons: Column,
    table: Column,
    counts: Column,
    flags: Column,
    settled: Column,
) -> int:
    """Count persons, and return how many residents there are.

    As in Setting; persons PERSON[n]; table i8[lines, sexes, ages], counts i8[COUNTED]: added to;
    flags u1[n], settled u4[n], written: what is odd about each, the household of each resident.
    """
    nowhere, size = divisions.size - 1, 0
    known = living = moving = dead = unnumbered = redacted = 0
    for person in range(persons.size):
        one = persons[person]
        flags[person] = 0
        life = one["life"]
        if life == UNKNOWN:
            continue
        known += 1
        if life != LIVING:
            dead += life == DEAD
            continue
        living += 1
        number = one["number"]
        if number > 0:
            if number >> 62 == 0:
                flags[person] = WRONG_NUMBER
        elif number == 0:
            unnumbered += 1
        else:
            redacted += 1
        if one["community"] == NONE:
            moving += one["out"] == transit
            continue
        home = integer(one["household"])
        settled[size] = home
        size += 1
        if home >= homes.size or not homes[home]:
            flags[person] |= NO_HOME
        line = divisions[min(integer(one["community"]), nowhere)]
        age, born = OLDEST + 1, integer(one["birth"])
        if born != UNBORN and born <= today:
            age = integer(ages[min(today - born, ages.size - 1)])
        table[line, min(integer(one["sex"]), 2), age] += 1
    counts[0] += known
    counts[1] += living
    counts[2] += size
    counts[3] += moving
    counts[4] += dead
    counts[5] += known - living - dead
    counts[6] += unnumbered
    counts[7] += redacted
    return size
