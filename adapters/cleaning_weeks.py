"""How the clean-up stood on each of many days, counted in one pass over what was recorded.

The rows of the read models are spans of days; a day's count is what began by then less what had
ended. So a year of weeks costs no more than one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from adapters.reading import Reader
from registry.projections import At, clean_ups, places
from registry.projections.base import visible
from registry.values import day_number


@dataclass(frozen=True)
class Week:
    """How things stood at the end of a day: findings up to then, those open, persons verified."""

    day: date
    found: int
    open: int
    verified: int


class Spans:
    """How many of some things hold on a day."""

    def __init__(self) -> None:
        self._steps: Counter[int] = Counter()

    def add(self, begin: int, end: int, count: int) -> None:
        """Let some things hold from a day until before another."""
        self._steps[begin] += count
        self._steps[end] -= count

    def on(self, days: Sequence[int]) -> list[int]:
        """How many hold on each of some days, which are in order."""
        steps = sorted(self._steps.items())
        told, held, place = [], 0, 0
        for day in days:
            while place < len(steps) and steps[place][0] <= day:
                held += steps[place][1]
                place += 1
            told.append(held)
        return told


def standings(
    reader: Reader, division: UUID, station: str | None, days: Sequence[date], known: int
) -> list[Week]:
    """How a place stood at the end of each of some days, which are in order, by what is known."""
    told: list[Week] = []
    there = {day: _places(reader, division, station, At(day, known)) for day in days}
    for _, some in groupby(days, there.__getitem__):
        told.extend(_standings(reader, division, station, list(some), known))
    return told


def _places(reader: Reader, division: UUID, station: str | None, at: At) -> frozenset[bytes]:
    return frozenset(reader.connection.execute(inside(division, station, at)).scalars())


def inside(division: UUID, station: str | None, at: At) -> Select[Any]:
    """The division and all below it, or of those the communities in a station's care."""
    here = select(places.under(division, at).c.place)
    if station is None:
        return here
    cared = places.places.c.station == station
    return select(places.places.c.place).where(
        places.places.c.place.in_(here), cared, visible(places.places, at)
    )


def _standings(
    reader: Reader, division: UUID, station: str | None, days: Sequence[date], known: int
) -> Iterator[Week]:
    """The same, of days on which the place has the same communities."""
    numbers = [day_number(day) for day in days]
    asked = (inside(division, station, At(days[0], known)), known, numbers[0], numbers[-1])

    def rows(query: Any) -> Iterable[Any]:
        return reader.connection.execute(query)

    found, waiting, verified = Spans(), Spans(), Spans()
    # Whoever is registered is where the residence is; for all others it counts where it was found.
    for row in rows(clean_ups.of_residents(*asked, by_home=True)):
        found.add(row.begin, row.end, row.count)
        waiting.add(row.begin, row.end, row.count * row.open)
    for row in rows(clean_ups.of_residents(*asked, by_home=False)):
        found.add(row.begin, row.end, -row.count)
    for row in rows(clean_ups.of_places(*asked)):
        found.add(row.begin, row.end, row.count)
        # Of persons only those wait who are registered; a household waits where it is.
        waiting.add(row.begin, row.end, row.count * row.open * (1 - row.is_person))
    for row in rows(clean_ups.verified(*asked)):
        verified.add(row.begin, row.end, row.count)
    in_error = _in_error(rows(clean_ups.verified_in_error(*asked)), numbers)
    counts = (one.on(numbers) for one in (found, waiting, verified))
    for day, number, *told in zip(days, numbers, *counts, strict=True):
        all_found, still_open, done = told
        yield Week(day, all_found, still_open, done - in_error[number])


def _in_error(rows: Iterable[Any], days: Sequence[int]) -> Counter[int]:
    """How many who are verified have an error on each day, each person once."""
    told: set[tuple[int, bytes, int]] = set()
    for row in rows:
        begin, end = max(row.begin, row.wrong_from), min(row.end, row.wrong_until)
        told.update((day, row.person, row.begin) for day in days if begin <= day < end)
    return Counter(day for day, _, _ in told)
