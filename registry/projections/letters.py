"""Task letters (任务书): what each unit has to do in a year, and what it handed down."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, Select, select

from registry.aggregates import Letter
from registry.projections.base import At, Id, Lookup, Rows, Sheet, Words, dated, visible
from registry.vocabulary import Kind

EDITION = 1


def rows(one: Letter) -> Rows:
    """A letter's row."""
    return {
        (): (
            str(one.programme),
            one.year,
            one.division.bytes,
            None if one.station is None else str(one.station),
            one.persons,
            None if one.upper is None else one.upper.bytes,
            one.acknowledged,
            one.divided,
        )
    }


LETTERS = dated(
    "letters",
    EDITION,
    Kind.LETTER,
    Sheet(
        "letter",
        values=(
            Column("programme", Words, nullable=False),
            Column("year", Integer, nullable=False),
            Column("division", Id, nullable=False),
            Column("station", Words),
            Column("persons", Integer, nullable=False),
            Column("upper", Id),
            Column("acknowledged", Integer),
            Column("divided", Integer),
        ),
        lookups=(Lookup(("programme", "year", "division")),),
    ),
    rows,
)
letters = LETTERS.table


def of_programme(programme: str, at: At, year: int | None = None) -> Select[Any]:
    """The letters of a programme, of one year or all."""
    query = (
        select(letters)
        .where(letters.c.programme == programme, visible(letters, at))
        .order_by(letters.c.year, letters.c.division, letters.c.station)
    )
    return query if year is None else query.where(letters.c.year == year)


def letter(stream: UUID, at: At) -> Select[Any]:
    """A letter."""
    return select(letters).where(letters.c.letter == stream.bytes, visible(letters, at))
