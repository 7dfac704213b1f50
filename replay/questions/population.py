"""The population at any point: by division, sex and age (人口金字塔), and what is odd about it.

One pass over the records of persons counts all of it, while they are still in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import numpy as np

from registry.values import Level, OutKind, Sex, day_number
from registry.vocabulary import Kind
from replay.columns.forms import NONE, Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.questions.residents import TIERS, Paths
from replay.states.history import At
from replay.states.households import OPEN, household_states
from replay.states.persons import DEAD, LIVING, PERSON, UNBORN, UNKNOWN, person_states
from replay.states.standing import States, plain
from replay.threads import PerThread, over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log

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
    homes = np.zeros(log.count(Kind.HOUSEHOLD), "u1")

    def open_now(block: Block) -> None:
        part = slice(block.first, block.first + block.size)
        homes[part] = household_states(block, at).table["life"] == OPEN

    over_partitions(log, Kind.HOUSEHOLD, open_now)
    return setting_of(paths, at, level, homes)


def setting_of(
    paths: Paths, at: At, level: Level, homes: Column
) -> tuple[Setting, tuple[UUID | None, ...]]:
    """The same where it is known, or will be, which households are open: homes u1[households]."""
    lines, inverse = np.unique(np.append(0, paths.above[TIERS.index(level)]), return_inverse=True)
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
    tallies = PerThread(lambda: Tally.empty(len(places), log.count(Kind.HOUSEHOLD)))

    def one(block: Block) -> None:
        states = States(block.first, scratch("persons", block.size, PERSON))
        tallies.own().add(told, block.first, person_states(block, at, states).table)

    over_partitions(log, Kind.PERSON, one)
    return added(tallies.all, places, log.count(Kind.HOUSEHOLD))


@dataclass(frozen=True)
class Tally:
    """What was counted so far: as in Census, odd with a list of handles by bit."""

    table: Column
    counts: Column
    occupants: Column
    odd: dict[int, list[Column]]

    @classmethod
    def empty(cls, lines: int, households: int) -> Tally:
        """Nothing counted yet."""
        return cls(
            np.zeros((lines, len(SEXES), AGES), "i8"),
            np.zeros(len(COUNTED), "i8"),
            np.zeros(households, "u4"),
            {WRONG_NUMBER: [], NO_HOME: []},
        )

    def __reduce__(self) -> Any:
        """What is sent to another process: of the occupants those of the few households counted."""
        some = np.flatnonzero(self.occupants)
        size, occupants = len(self.occupants), self.occupants[some]
        return _thawed, (self.table, self.counts, size, some, occupants, self.odd)

    def arrays(self) -> tuple[Column, Column, Column]:
        """What is added up."""
        return self.table, self.counts, self.occupants

    def add(self, told: Setting, first: int, persons: Column) -> None:
        """Count some persons more; persons PERSON[...], by handle from `first`."""
        flags = scratch("flags", len(persons), "u1")
        if tally(*told, persons, self.table, self.counts, self.occupants, flags):
            for bit, found in self.odd.items():
                found.append((np.flatnonzero(flags & bit) + first).astype("u4"))


def _thawed(
    table: Column, counts: Column, size: int, some: Column, counted: Column, odd: Any
) -> Tally:
    occupants = np.zeros(size, "u4")
    occupants[some] = counted
    return Tally(table, counts, occupants, odd)


def added(tallies: Iterable[Tally], places: tuple[UUID | None, ...], households: int) -> Census:
    """The census of all tallies together."""
    whole = Tally.empty(len(places), households)
    for one in tallies:
        for sum_of, part in zip(whole.arrays(), one.arrays(), strict=True):
            sum_of += part
        for bit, found in one.odd.items():
            whole.odd[bit].extend(found)
    return Census(
        places,
        whole.table,
        dict(zip(COUNTED, whole.counts.tolist(), strict=True)),
        whole.occupants,
        {
            bit: np.sort(np.concatenate([np.empty(0, "u4"), *found]))
            for bit, found in whole.odd.items()
        },
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
    occupants: Column,
    flags: Column,
) -> int:
    """Count persons, and return about how many something is odd.

    As in Setting; persons PERSON[n]; table i8[lines, sexes, ages], counts i8[COUNTED], occupants
    u4[households]: added to; flags u1[n], written: what is odd about each.
    """
    nowhere, odd = divisions.size - 1, 0
    known = residents = living = moving = dead = unnumbered = redacted = 0
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
                odd += 1
        elif number == 0:
            unnumbered += 1
        else:
            redacted += 1
        if one["community"] == NONE:
            moving += one["out"] == transit
            continue
        home = integer(one["household"])
        residents += 1
        if home < occupants.size:
            occupants[home] += 1
        if home >= homes.size or not homes[home]:
            flags[person] |= NO_HOME
            odd += 1
        line = divisions[min(integer(one["community"]), nowhere)]
        age, born = OLDEST + 1, integer(one["birth"])
        if born != UNBORN and born <= today:
            age = integer(ages[min(today - born, ages.size - 1)])
        table[line, min(integer(one["sex"]), table.shape[1] - 1), age] += 1
    counts[0] += known
    counts[1] += living
    counts[2] += residents
    counts[3] += moving
    counts[4] += dead
    counts[5] += known - living - dead
    counts[6] += unnumbered
    counts[7] += redacted
    return odd
