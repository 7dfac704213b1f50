"""Persons (人): every particular, from the day it holds, on both clocks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from registry.aggregates import Person
from registry.projections.base import At, Lookup, Rows, Sheet, dated, known
from registry.projections.packed import PackedFold
from registry.projections.packing import Packing
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 2

PACKING = Packing(Person)
FOLD = PackedFold(Person, PACKING.names)
assert FOLD.names == PACKING.names, "a packed state is a row"


def rows(person: Any) -> Rows:
    """A person's row, of a packed state."""
    return {(): person}


PERSONS = dated(
    "persons",
    EDITION,
    Kind.PERSON,
    Sheet(
        "person",
        values=PACKING.columns(),
        spans=False,
        lookups=(
            Lookup(("number",), "number is not null"),
            Lookup(("name",), "name is not null"),
            Lookup(("number_as_found",), "number_as_found is not null"),
        ),
    ),
    rows,
    fold=FOLD,
    private=True,
)
persons = PERSONS.table
PARTICULARS = tuple(persons.c[name] for name in PACKING.names)


def person(stream: UUID, at: At) -> Select[Any]:
    """A person's particulars at a point on both clocks."""
    return (
        select(*PARTICULARS)
        .where(
            persons.c.person == stream.bytes,
            persons.c.valid_from <= at.day,
            known(persons, at.known),
        )
        .order_by(persons.c.valid_from.desc())
        .limit(1)
    )


def several(streams: Collection[UUID], at: At) -> Select[Any]:
    """The particulars of several persons; of each the last row counts."""
    return (
        select(persons.c.person, *PARTICULARS)
        .where(
            persons.c.person.in_([stream.bytes for stream in streams]),
            persons.c.valid_from <= at.day,
            known(persons, at.known),
        )
        .order_by(persons.c.person, persons.c.valid_from)
    )


def ever_numbered(number: str, at: At) -> Select[Any]:
    """Who had a number among their particulars on some day up to the one asked for."""
    return (
        select(persons.c.person)
        .distinct()
        .where(persons.c.number == number, persons.c.valid_from <= at.day, known(persons, at.known))
    )


def ever_found(text: str, at: At) -> Select[Any]:
    """In whose records a text stood in the place of a number up to the day asked for (错号)."""
    return (
        select(persons.c.person)
        .distinct()
        .where(
            persons.c.number_as_found == text,
            persons.c.valid_from <= at.day,
            known(persons, at.known),
        )
    )


def ever_named(name: str, birth_date: date | None, at: At) -> Select[Any]:
    """Who had a name, as written, on some day up to the one asked for."""
    query = (
        select(persons.c.person)
        .distinct()
        .where(persons.c.name == name, persons.c.valid_from <= at.day, known(persons, at.known))
    )
    if birth_date is not None:
        query = query.where(persons.c.birth_date == day_number(birth_date))
    return query
