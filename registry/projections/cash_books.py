"""What offices took for cards by day, what became of it, and lists of reliefs (工本费台账)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Integer, Select, and_, func, select

from registry.events.fees import (
    CashCounted,
    FeeBooked,
    ReliefListReceived,
    RemittedToTreasury,
)
from registry.numbers import OFFICE_WIDTHS
from registry.projections.base import (
    At,
    Day,
    Lookup,
    Position,
    Rows,
    Sheet,
    Words,
    dated,
    visible,
)
from registry.values import OfficeCode, day_number
from registry.vocabulary import Kind

EDITION = 1


@dataclass(frozen=True)
class Sums:
    """What was booked under one class of fees on a day."""

    fees: int = 0  # taken whole or in part
    reduced: int = 0  # of those, taken in part
    waived: int = 0
    refunded: int = 0
    tariff_fen: int = 0  # what all of them would cost without relief
    collected_fen: int = 0
    returned_fen: int = 0

    def plus(self, event: FeeBooked) -> Sums:
        """The sums with one more line of the book."""
        amount = event.amount_fen
        return Sums(
            fees=self.fees + (amount > 0),
            reduced=self.reduced + (0 < amount < event.tariff_fen),
            waived=self.waived + (amount == 0),
            refunded=self.refunded + (amount < 0),
            tariff_fen=self.tariff_fen + event.tariff_fen,
            collected_fen=self.collected_fen + max(amount, 0),
            returned_fen=self.returned_fen + max(-amount, 0),
        )


@dataclass(frozen=True)
class Book:
    """A cash-book as read models know it."""

    office: str
    day: int
    sums: dict[str, Sums] = field(default_factory=dict)
    counted_fen: int | None = None
    remitted_fen: int = 0

    @property
    def booked_fen(self) -> int:
        """What should be in the till."""
        return sum(one.collected_fen - one.returned_fen for one in self.sums.values())


def book(state: Book | None, event: Any, stream: UUID) -> Book:
    """The book after an entry."""
    if isinstance(event, FeeBooked):
        here = state or Book(str(event.office), day_number(event.effective_on))
        before = here.sums.get(event.fee_class, Sums())
        return replace(here, sums={**here.sums, str(event.fee_class): before.plus(event)})
    assert state is not None, f"{type(event).__name__} on an unknown cash-book {stream}"
    match event:
        case CashCounted():
            return replace(state, counted_fen=event.counted_fen)
        case RemittedToTreasury():
            return replace(state, remitted_fen=state.remitted_fen + event.amount_fen)
        case _:
            return state


def day_rows(state: Book) -> Rows:
    """One row: the day as a whole."""
    told = (state.office, state.day, state.booked_fen, state.counted_fen, state.remitted_fen)
    return {(): told}


def class_rows(state: Book) -> Rows:
    """A row for each class of fees."""
    return {
        (fee_class,): (state.office, state.day, *vars(sums).values())
        for fee_class, sums in state.sums.items()
    }


CASH_BOOKS = dated(
    "cash_books",
    EDITION,
    Kind.CASH_BOOK,
    Sheet(
        "book",
        values=(
            Column("office", Words, nullable=False),
            Column("day", Day, nullable=False),
            Column("booked_fen", Position, nullable=False),
            Column("counted_fen", Position),  # absent while the book is open
            Column("remitted_fen", Position, nullable=False),
        ),
        lookups=(Lookup(("office", "day")),),
    ),
    day_rows,
    fold=book,
)
cash_books = CASH_BOOKS.table

CASH_BOOK_CLASSES = dated(
    "cash_book_classes",
    EDITION,
    Kind.CASH_BOOK,
    Sheet(
        "book",
        key=(Column("fee_class", Words, nullable=False),),
        values=(
            Column("office", Words, nullable=False),
            Column("day", Day, nullable=False),
            Column("fees", Integer, nullable=False),
            Column("reduced", Integer, nullable=False),
            Column("waived", Integer, nullable=False),
            Column("refunded", Integer, nullable=False),
            Column("tariff_fen", Position, nullable=False),
            Column("collected_fen", Position, nullable=False),
            Column("returned_fen", Position, nullable=False),
        ),
        lookups=(Lookup(("office", "day")),),
    ),
    class_rows,
    fold=book,
)
cash_book_classes = CASH_BOOK_CLASSES.table


def relief_list(state: ReliefListReceived | None, event: Any, stream: UUID) -> ReliefListReceived:
    """What was said of a list when it came in; rows that fit nobody change nothing of it."""
    if isinstance(event, ReliefListReceived):
        return event
    assert state is not None, f"a row of an unknown list {stream}"
    return state


def relief_rows(state: ReliefListReceived) -> Rows:
    """One row a list."""
    return {
        (): (
            str(state.county),
            str(state.relief),
            state.document,
            day_number(state.effective_on),
            state.declared,
            state.matched,
            state.unmatched,
            state.granted,
            day_number(state.valid_from),
            day_number(state.valid_until),
        )
    }


RELIEF_LISTS = dated(
    "relief_lists",
    EDITION,
    Kind.RELIEF_LIST,
    Sheet(
        "list",
        values=(
            Column("county", Words, nullable=False),
            Column("relief", Words, nullable=False),
            Column("document", Words, nullable=False),
            Column("received_on", Day, nullable=False),
            Column("declared", Integer, nullable=False),
            Column("matched", Integer, nullable=False),
            Column("unmatched", Integer, nullable=False),
            Column("granted", Integer, nullable=False),
            Column("holds_from", Day, nullable=False),
            Column("holds_until", Day, nullable=False),
        ),
        lookups=(Lookup(("county", "received_on")),),
    ),
    relief_rows,
    fold=relief_list,
)
relief_lists = RELIEF_LISTS.table


def days(office: OfficeCode, first: date, until: date, at: At) -> Select[Any]:
    """The cash-books of an office and its parts, from one day until before another."""
    return (
        select(cash_books)
        .where(_within(cash_books, office, first, until, at))
        .order_by(cash_books.c.office, cash_books.c.day)
    )


def classes(office: OfficeCode, first: date, until: date, at: At) -> Select[Any]:
    """What an office and its parts took from one day until before another, by class of fees."""
    table = cash_book_classes
    names = ("fees", "reduced", "waived", "refunded", "tariff_fen", "collected_fen", "returned_fen")
    return (
        select(table.c.fee_class, *(func.sum(table.c[name]).label(name) for name in names))
        .where(_within(table, office, first, until, at))
        .group_by(table.c.fee_class)
        .order_by(table.c.fee_class)
    )


def lists(county: str, at: At) -> Select[Any]:
    """The lists of a county, the newest first."""
    return (
        select(relief_lists)
        .where(relief_lists.c.county == county, visible(relief_lists, at))
        .order_by(relief_lists.c.received_on.desc(), relief_lists.c.document)
    )


def _within(
    table: Any, office: OfficeCode, first: date, until: date, at: At
) -> ColumnElement[bool]:
    width = next(one for one in OFFICE_WIDTHS if not office[one:].strip("0"))
    codes = table.c.office.between(office[:width].ljust(12, "0"), office[:width].ljust(12, "9"))
    from_, before = table.c.day >= day_number(first), table.c.day < day_number(until)
    return and_(codes, from_, before, visible(table, at))
