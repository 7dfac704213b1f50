"""What the read models tell of fees: the cash-books of offices, and lists of reliefs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from adapters.reading import Reader
from registry.projections import At, cash_books
from registry.values import OfficeCode, day_of


@dataclass(frozen=True)
class BookDay:
    """What an office took on a day, in fen, and what became of it.

    counted_fen: None while the book is open. counting_difference_fen: what is too much or, below
    nought, too little in the till. outstanding_fen: what has not reached the treasury.
    """

    office: str
    day: date
    booked_fen: int
    counted_fen: int | None
    counting_difference_fen: int | None
    remitted_fen: int
    outstanding_fen: int


@dataclass(frozen=True)
class BookClass:
    """What was taken under a class of fees.

    fees: taken, `reduced` of them in part. tariff_fen: what all would cost without relief.
    """

    fee_class: str
    fees: int
    reduced: int
    waived: int
    refunded: int
    tariff_fen: int
    collected_fen: int
    returned_fen: int


@dataclass(frozen=True)
class CashBooks:
    """The books of an office and its parts over a period, by day and by class of fees."""

    office: str
    days: tuple[BookDay, ...]
    classes: tuple[BookClass, ...]

    @property
    def booked_fen(self) -> int:
        """What was taken and not given back."""
        return sum(one.booked_fen for one in self.days)

    @property
    def outstanding_fen(self) -> int:
        """What has not reached the treasury; below nought, what reached it too much."""
        return sum(one.outstanding_fen for one in self.days)

    @property
    def open_days(self) -> int:
        """Books whose money was not counted."""
        return sum(one.counted_fen is None for one in self.days)


@dataclass(frozen=True)
class ReliefListing:
    """A list of people who pay less, and how it fitted the register."""

    id: UUID
    relief: str
    document: str
    received_on: date
    declared: int
    matched: int
    unmatched: int
    granted: int
    holds_from: date
    holds_until: date


def books(reader: Reader, office: OfficeCode, first: date, until: date, at: At) -> CashBooks:
    """The cash-books of an office and its parts, from one day until before another."""
    days = tuple(
        BookDay(
            row.office,
            day_of(row.day),
            row.booked_fen,
            row.counted_fen,
            None if row.counted_fen is None else row.counted_fen - row.booked_fen,
            row.remitted_fen,
            row.booked_fen - row.remitted_fen,
        )
        for row in reader.connection.execute(cash_books.days(office, first, until, at))
    )
    classes = tuple(
        BookClass(row.fee_class, *(int(value) for value in row[1:]))
        for row in reader.connection.execute(cash_books.classes(office, first, until, at))
    )
    return CashBooks(office, days, classes)


def lists(reader: Reader, county: str, at: At) -> list[ReliefListing]:
    """The lists of a county, the newest first."""
    return [
        ReliefListing(
            UUID(bytes=row.list),
            row.relief,
            row.document,
            day_of(row.received_on),
            row.declared,
            row.matched,
            row.unmatched,
            row.granted,
            day_of(row.holds_from),
            day_of(row.holds_until),
        )
        for row in reader.connection.execute(cash_books.lists(county, at))
    ]
