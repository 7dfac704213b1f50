"""What the read models tell of fees: cash-books, lists of reliefs, and whose fee is unsettled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from adapters.reading import Reader
from registry.card_fees import fee
from registry.commands.fees import FEN
from registry.projections import At, card_fees, cash_books
from registry.values import CardKind, CardReason, OfficeCode, day_of


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


@dataclass(frozen=True)
class Unsettled:
    """An application whose fee was neither taken nor waived.

    amount_fen: what the schedule asks, a relief not counted; absent where it has no row.
    given_back: whether a fee was taken, and given back whole.
    """

    application: UUID
    acceptance_number: str
    person: UUID
    card_kind: str
    apply_reason: str | None
    station: str
    accepted_on: date
    applied_on: date
    state: str | None
    temporary: str | None
    amount_fen: int | None
    given_back: bool


def unsettled(
    reader: Reader, division: UUID, at: At, after: tuple[int, bytes] | None, limit: int
) -> list[Unsettled]:
    """Applications of a division whose fee is unsettled (未收工本费), the oldest first."""
    query = card_fees.unsettled(division, at, after, limit)
    return [_unsettled(row) for row in reader.connection.execute(query)]


def _unsettled(row: Any) -> Unsettled:
    kind, applied_on = CardKind(row.card_kind), day_of(row.applied_on)
    reason = None if row.apply_reason is None else CardReason(row.apply_reason)
    yuan = fee(reason, kind, applied_on)
    return Unsettled(
        application=UUID(bytes=row.application),
        acceptance_number=row.number,
        person=UUID(bytes=row.person),
        card_kind=row.card_kind,
        apply_reason=row.apply_reason,
        station=row.station,
        accepted_on=day_of(row.accepted_on),
        applied_on=applied_on,
        state=row.state,
        temporary=row.temporary,
        amount_fen=None if yuan is None else yuan * FEN,
        given_back=row.given_back is not None,
    )


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
