"""The monthly population report (人口变动月报): the four changes, and what boundaries moved.

A flow is published in the month of its recording, at every level of the tree: whoever moves within
a division neither enters nor leaves it. When whole communities pass to another division, their
residents of that moment flow with them; nothing is recorded for a person. So every report closes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from adapters.answers import Crossing, Month
from adapters.reading import Reader
from registry.days import day_at, end_of, instant_of
from registry.errors import Fault, Malformed
from registry.projections import flows, places, timelines
from registry.projections.base import At
from registry.store import EntryStore
from registry.values import day_of
from registry.vocabulary import Cause

BOUNDARY = str(Cause.BOUNDARY.value)


@dataclass(frozen=True)
class Moment:
    """A point between two entries at which a boundary may move: the last position before it.

    day: the day that begins with it, or on which the entry after it was recorded.
    """

    position: int
    day: date
    dawn: bool
    before: At
    after: At


def day_known(known_at: datetime | date | int | None, store: EntryStore, today: date) -> date:
    """The day on which a register knew what is asked about: that of `known_at`, else today.

    known_at: as it was given; of a position, the day on which the next entry was recorded.
    """
    if isinstance(known_at, int):
        later = store.rows(known_at, 1)
        return day_at(later[0].recorded_at) if later else today
    if isinstance(known_at, datetime):
        return day_at(instant_of(known_at))
    return today if known_at is None else known_at


def past_months(first: int, last: int, today: date) -> tuple[int, int]:
    """Months (yyyymm) of which the last one had begun at least by a day. Raises Malformed.

    Of what began later nothing was known by then, which is no month without changes.
    """
    if last > today.year * 100 + today.month:
        told = f"{last} is yet to come on {today}, the day of what is known"
        raise Malformed([Fault("last", "future-instant", told)])
    return first, last


def four_changes(
    reader: Reader,
    store: EntryStore,
    division: UUID,
    first: int,
    last: int,
    known: int,
    today: date,
) -> list[Month]:
    """What changed a division's population in each month from one to another (yyyymm).

    known: the last position that counts. The division is one of the tree, or a community.
    """
    if not (1 <= first % 100 <= 12 and 1 <= last % 100 <= 12 and first <= last):
        raise Malformed([Fault("month", "not-a-month", "months are yyyymm, the first one first")])
    begin = date(first // 100, first % 100, 1)
    if begin > today:
        raise Malformed([Fault("month", "future-instant", f"{first} is yet to come")])
    eve, end = begin - timedelta(1), min(following(last) - timedelta(1), today)
    population = reader.count(division, At(eve, min(store.position_at(end_of(eve)), known)))
    entered: Counter[tuple[int, str]] = Counter()
    left: Counter[tuple[int, str]] = Counter()
    for stretch in stretches(reader, store, division, begin, end, known):
        inside, moment = stretch.inside, stretch.moment
        query = flows.summed(stretch.first, stretch.until, (first, last))
        for month, cause, one, other, count in reader.connection.execute(query):
            was = one is not None and UUID(bytes=one) in inside
            will = other is not None and UUID(bytes=other) in inside
            entered[month, cause] += count if will and not was else 0
            left[month, cause] += count if was and not will else 0
        if moment is not None:
            now = set(reader.communities(division, moment.after))
            month = moment.day.year * 100 + moment.day.month
            entered[month, BOUNDARY] += sum(reader.counts(moment.before, now - inside).values())
            left[month, BOUNDARY] += sum(reader.counts(moment.before, inside - now).values())
    return list(reports(population, first, last, entered, left))


@dataclass(frozen=True)
class Stretch:
    """Entries between two moments, during which a division has the same communities.

    first, until: positions. at: when it has them. moment: the boundary that moves after them; None
    after the last ones.
    """

    first: int
    until: int
    at: At
    inside: frozenset[UUID]
    moment: Moment | None


def stretches(
    reader: Reader, store: EntryStore, division: UUID, begin: date, end: date, known: int
) -> Iterator[Stretch]:
    """What was recorded from one day to another, cut where boundaries moved."""
    eve = begin - timedelta(1)
    since = min(store.position_at(end_of(eve)), known)
    end_at = At(end, min(store.position_at(end_of(end)), known))
    moments = [
        one
        for one in boundaries(reader, store, end_at.known)
        if one.position >= since and begin <= one.day <= end
    ]
    for at, moment in [*((one.before, one) for one in moments), (end_at, None)]:
        # Until a moment a division has the communities that it has just before it; those set up
        # meanwhile had no residents before.
        inside = frozenset(reader.communities(division, at))
        yield Stretch(since + 1, at.known + 1, at, inside, moment)
        since = at.known


def reports(
    population: int,
    first: int,
    last: int,
    entered: Counter[tuple[int, str]],
    left: Counter[tuple[int, str]],
) -> Iterator[Month]:
    """A report for each month, each beginning where the one before ended."""
    month = first
    while month <= last:
        causes = {
            cause.value: Crossing(entered[month, cause.value], left[month, cause.value])
            for cause in Cause
        }
        told = Month(month, population, causes)
        yield told
        population = told.end
        after = following(month)
        month = after.year * 100 + after.month


def following(month: int) -> date:
    """The first day of the month after one."""
    years, months = divmod(month // 100 * 12 + month % 100, 12)
    return date(years, months + 1, 1)


def boundaries(reader: Reader, store: EntryStore, known: int) -> list[Moment]:
    """Every moment up to a position at which a place passed from one division to another.

    An entry about the past or the day itself moves a boundary when it is recorded, one that is
    dated ahead when its day begins.
    """
    rows = reader.connection.execute(places.versions(known)).all()
    parents: dict[bytes, set[bytes | None]] = {}
    for row in rows:
        parents.setdefault(row.place, set()).add(row.parent)
    moved = [row for row in rows if len(parents[row.place]) > 1]
    recorded = recording_days(reader, moved)
    found: set[Moment] = set()
    for row in moved:
        for position in (row.known_from, row.known_until):
            if position in recorded and position <= known:
                day = recorded[position]
                before, after = At(day, position - 1), At(day, position)
                found.add(Moment(position - 1, day, False, before, after))
        dawn = day_of(row.valid_from)
        if dawn > recorded[row.known_from]:
            eve = dawn - timedelta(1)
            position = min(store.position_at(end_of(eve)), known)
            if row.known_from <= position < row.known_until:
                before, after = At(eve, position), At(dawn, position)
                found.add(Moment(position, dawn, True, before, after))
    return sorted(found, key=lambda one: (one.position, one.day, not one.dawn))


def recording_days(reader: Reader, rows: Sequence[Any]) -> dict[int, date]:
    """The days on which the entries of the tree were recorded, by position."""
    if not rows:
        return {}
    log = timelines.entries
    query = select(log.c.position, log.c.recorded_at).where(log.c.stream == rows[0].tree)
    return {position: day_at(instant) for position, instant in reader.connection.execute(query)}
