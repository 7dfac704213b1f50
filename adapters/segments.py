"""Sequence segments (顺序码段): which codes of a county a station holds, and how far they go.

A county's 999 codes serve each birth date anew, so a segment does not run out for good: on some day
more are born than it has codes for. What tells that it is small is the fullest day of a period.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid5

from adapters.answers import Book
from adapters.reading import Reader
from registry.aggregates import SegmentPlan, SequenceBook
from registry.aggregates.numbers import Segment
from registry.commands.numbering import book_name
from registry.errors import Fault, Malformed, Unavailable
from registry.projections.base import At
from registry.values import DivisionCode, OfficeCode, Sex
from registry.vocabulary import Kind

#: Birth dates that are looked at; each may have a book of every segment.
LONGEST = timedelta(3_653)


@dataclass(frozen=True)
class Day:
    """The codes of a birth date in a segment: how many are used, and are left for each sex."""

    birth_date: date
    used: int
    left_male: int
    left_female: int


@dataclass(frozen=True)
class Held:
    """A segment in force, its codes for each sex, and what was used of it over a period.

    days: birth dates of which a code is used; used: codes of all of them; fullest: the date of
    which most are, the latest of several.
    """

    station: OfficeCode
    first: int
    last: int
    valid_from: date
    male: int
    female: int
    days: int
    used: int
    fullest: Day | None


def stop_in_archive(archive: str) -> None:
    """Raise Unavailable in an archive: without the province's secret no plan of codes is found.

    archive: the setting; empty in a register.
    """
    if archive:
        raise Unavailable(
            "plans of sequence codes are named by the province's secret, which an archive has not;"
            " ask the register itself"
        )


def segments(
    reader: Reader,
    namespace: UUID,
    county: DivisionCode,
    station: OfficeCode | None,
    births: tuple[date, date],
    at: At,
) -> list[Held]:
    """The segments in force for who is born at the end of a period, of one station or of all.

    namespace: the register's, by which streams are named. births: first and last birth date.
    """
    plan: SegmentPlan | None = None
    stream = _named(namespace, Kind.SEGMENTS, county)
    for line in reader.timeline(stream, at.known):  # each says from which birth date on
        plan = SegmentPlan.evolve(plan, line.event, stream)
    if plan is None:
        return []
    stations = {one.station for one in plan.segments} if station is None else {station}
    held = [one for name in sorted(stations) for one in plan.of(name, births[1])]
    books = reader.books_over(county, *births, at)
    return [_used(reader, namespace, county, one, books, at) for one in held]


def period(since: date | None, until: date | None, day: date) -> tuple[date, date]:
    """The birth dates asked about: by default the year that ends with the day.

    Raises Malformed where it ends before it begins, or after the day.
    """
    last = until or day
    first = since or last - timedelta(365)
    faults = []
    if last > day:
        faults.append(Fault("until", "future-instant", f"{last} lies after {day}"))
    if first > last:
        faults.append(Fault("since", "out-of-range", f"{first} lies after {last}, where it ends"))
    elif last - first > LONGEST:
        faults.append(Fault("since", "out-of-range", "ask about ten years at most"))
    if faults:
        raise Malformed(faults)
    return first, last


def _used(
    reader: Reader,
    namespace: UUID,
    county: DivisionCode,
    one: Segment,
    books: Iterable[Book],
    at: At,
) -> Held:
    """What is used of a segment."""

    def ours(book: Book) -> bool:
        if book.last:
            return (book.first, book.last) == (one.first, one.last)
        # Of one that was not opened yet the row tells no codes, but its name does.
        name = book_name(county, book.birth_date, one.first, one.last)
        return book.id == _named(namespace, Kind.BOOK, name)

    own = [book for book in books if book.birth_date >= one.valid_from and ours(book)]
    fullest = max(own, key=lambda book: (book.used, book.birth_date), default=None)
    return Held(
        one.station,
        one.first,
        one.last,
        one.valid_from,
        male=_left(one, frozenset(), Sex.MALE),
        female=_left(one, frozenset(), Sex.FEMALE),
        days=len(own),
        used=sum(book.used for book in own),
        fullest=None if fullest is None else _day(reader, one, fullest, at),
    )


def _day(reader: Reader, one: Segment, of: Book, at: At) -> Day:
    """What is left of a segment for a birth date."""
    book: SequenceBook | None = None
    for line in reader.timeline(of.id, at.known):
        if line.effective_on <= at.valid_on:
            book = SequenceBook.evolve(book, line.event, of.id)
    used = book.used if book is not None else frozenset()
    male, female = _left(one, used, Sex.MALE), _left(one, used, Sex.FEMALE)
    return Day(of.birth_date, of.used, male, female)


def _left(one: Segment, used: frozenset[int], sex: Sex) -> int:
    return len(SequenceBook.candidates(one.first, one.last, used, sex))


def _named(namespace: UUID, kind: Kind, name: str) -> UUID:
    return uuid5(namespace, f"{kind}/{name}")
