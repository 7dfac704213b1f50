"""Citizen numbers and who holds them, open cases, and the books they are drawn from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    Select,
    and_,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from registry.aggregates import NumberCase, SequenceBook
from registry.events import numbers as events
from registry.projections.base import (
    At,
    Day,
    Id,
    Key,
    Lookup,
    Rows,
    Sheet,
    Values,
    Words,
    dated,
    known,
    packed,
    visible,
)
from registry.projections.persons import PARTICULARS, persons
from registry.values import day_number
from registry.vocabulary import Kind

NUMBERS_EDITION = 1
CASES_EDITION = 2
BOOKS_EDITION = 1

GIVEN, RECORDED = "given", "recorded"


def holdings(state: dict[Key, Values] | None, event: Any, stream: UUID) -> dict[Key, Values]:
    """The rows of a number's holders after an entry."""
    held = dict(state or {})
    key = (event.person.bytes,)
    match event:
        case events.NumberGiven():
            held[key] = (str(event.number), GIVEN, 1)
        case events.NumberRecorded():
            # Whoever was given the number stays who was given it, however it is found again.
            how = held[key][1] if key in held else RECORDED
            held[key] = (str(event.number), how, 1)
        case events.HoldingEnded() | events.HoldingResumed():
            if key in held:
                number, how, _ = held[key]
                held[key] = (number, how, int(isinstance(event, events.HoldingResumed)))
    return held


def holding_rows(state: dict[Key, Values]) -> Rows:
    """A row for everybody who holds or held the number."""
    return state


def case_rows(case: NumberCase) -> Rows:
    """A number case's row."""
    return {
        (): (
            str(case.fault.value),
            None if case.number is None else case.number.bytes,
            packed(case.parties),
            int(case.open),
            None if case.keeper is None else case.keeper.bytes,
        )
    }


def book_rows(book: SequenceBook) -> Rows:
    """A sequence register's row (顺序码登记表)."""
    return {
        (): (
            book.address_code,
            day_number(book.birth_date),
            book.first,
            book.last,
            len(book.used),
        )
    }


NUMBERS = dated(
    "numbers",
    NUMBERS_EDITION,
    Kind.NUMBER,
    Sheet(
        "number",
        key=(Column("person", Id, nullable=False),),
        values=(
            Column("text", Words, nullable=False),
            Column("how", Words, nullable=False),
            Column("holding", Integer, nullable=False),
        ),
        lookups=(Lookup(("text",)), Lookup(("person",))),
    ),
    holding_rows,
    fold=holdings,
    private=True,
)
CASES = dated(
    "cases",
    CASES_EDITION,
    Kind.CASE,
    Sheet(
        "case",
        values=(
            Column("fault", Words, nullable=False),
            Column("number", Id),
            Column("parties", LargeBinary, nullable=False),
            Column("open", Integer, nullable=False),
            Column("keeper", Id),
        ),
        lookups=(Lookup(("valid_from",), "open = 1"), Lookup(("number",))),
    ),
    case_rows,
)
BOOKS = dated(
    "books",
    BOOKS_EDITION,
    Kind.BOOK,
    Sheet(
        "book",
        values=(
            Column("address_code", Words, nullable=False),
            Column("birth_date", Day, nullable=False),
            Column("first", Integer, nullable=False),
            Column("last", Integer, nullable=False),
            Column("used", Integer, nullable=False),
        ),
        lookups=(Lookup(("address_code", "birth_date")),),
    ),
    book_rows,
)
numbers = NUMBERS.table
cases = CASES.table
books = BOOKS.table


def holders(number: str, at: At) -> Select[Any]:
    """Everybody who holds or held a number."""
    return (
        select(numbers)
        .where(numbers.c.text == number, visible(numbers, at))
        .order_by(numbers.c.person)
    )


def numbered(number: str, at: At) -> Select[Any]:
    """Everybody who holds, held or claimed a number, with every particular; the last row counts."""
    named = union_all(
        select(numbers.c.person, numbers.c.how, numbers.c.holding).where(
            numbers.c.text == number, visible(numbers, at)
        ),
        select(persons.c.person, null(), null()).where(
            persons.c.number == number,
            persons.c.valid_from <= at.day,
            known(persons, at.known),
        ),
    ).subquery()
    ever = (
        select(
            named.c.person,
            func.max(named.c.how).label("how"),
            func.max(named.c.holding).label("holding"),
        )
        .group_by(named.c.person)
        .subquery()
    )
    particulars = and_(
        persons.c.person == ever.c.person,
        persons.c.valid_from <= at.day,
        known(persons, at.known),
    )
    return (
        select(ever, persons.c.valid_from, *PARTICULARS)
        .select_from(ever.outerjoin(persons, particulars))
        .order_by(ever.c.person, persons.c.valid_from)
    )


def history(number: str, position: int) -> Select[Any]:
    """Who held a number from when until when, as known at a position."""
    return (
        select(numbers)
        .where(numbers.c.text == number, known(numbers, position))
        .order_by(numbers.c.valid_from, numbers.c.person)
    )


def of_person(person: UUID, at: At) -> Select[Any]:
    """The numbers that a person holds or held."""
    return (
        select(numbers)
        .where(numbers.c.person == person.bytes, visible(numbers, at))
        .order_by(numbers.c.text)
    )


def open_cases(at: At) -> Select[Any]:
    """Number cases that are open."""
    return (
        select(cases)
        .where(cases.c.open == literal_column("1"), visible(cases, at))
        .order_by(cases.c.valid_from, cases.c.case)
    )


def case(stream: UUID, at: At) -> Select[Any]:
    """A number case."""
    return select(cases).where(cases.c.case == stream.bytes, visible(cases, at))


def cases_of_number(number: UUID, at: At) -> Select[Any]:
    """The cases of a number."""
    return select(cases).where(cases.c.number == number.bytes, visible(cases, at))


def books_of(address_code: str, first: int, last: int, at: At) -> Select[Any]:
    """The sequence registers of an address code and the birth dates from one to another."""
    return (
        select(books)
        .where(
            books.c.address_code == address_code,
            books.c.birth_date >= first,
            books.c.birth_date <= last,
            visible(books, at),
        )
        .order_by(books.c.birth_date, books.c.first)
    )
