"""Streets and door plates (街路巷, 门楼牌), on both clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, func, select

from registry.aggregates import Doorplate, Street
from registry.projections.base import At, Lookup, Rows, Sheet, dated, overlapping, visible
from registry.projections.packing import Packing
from registry.values import PlateNumber, Text
from registry.vocabulary import Kind

STREETS_EDITION = 1
DOORPLATES_EDITION = 1

STREET = Packing(Street)
DOORPLATE = Packing(Doorplate)


def street_rows(street: Street) -> Rows:
    """A street's row."""
    return {(): STREET.pack(street)}


def doorplate_rows(doorplate: Doorplate) -> Rows:
    """A door plate's row; one that was withdrawn keeps it, with the day."""
    return {(): DOORPLATE.pack(doorplate)}


STREETS = dated(
    "streets",
    STREETS_EDITION,
    Kind.STREET,
    Sheet(
        "street",
        values=STREET.columns(),
        lookups=(Lookup(("street_name",)), Lookup(("division",))),
    ),
    street_rows,
)
DOORPLATES = dated(
    "doorplates",
    DOORPLATES_EDITION,
    Kind.DOORPLATE,
    Sheet(
        "doorplate",
        values=DOORPLATE.columns(),
        lookups=(Lookup(("street", "plate_number")), Lookup(("community",))),
    ),
    doorplate_rows,
)
streets = STREETS.table
doorplates = DOORPLATES.table


def doorplate(stream: UUID, at: At) -> Select[Any]:
    """A door plate at a point on both clocks."""
    return select(*(doorplates.c[name] for name in DOORPLATE.names)).where(
        doorplates.c.doorplate == stream.bytes, visible(doorplates, at)
    )


def street(stream: UUID, at: At) -> Select[Any]:
    """A street at a point on both clocks."""
    return select(*(streets.c[name] for name in STREET.names)).where(
        streets.c.street == stream.bytes, visible(streets, at)
    )


def find_streets(name: str, division: UUID | None, at: At) -> Select[Any]:
    """Streets whose name begins with a text."""
    query = (
        select(streets.c.street, *(streets.c[each] for each in STREET.names))
        .where(
            streets.c.street_name >= name,
            streets.c.street_name < name + "\U0010ffff",
            visible(streets, at),
        )
        .order_by(streets.c.street_name, streets.c.street)
    )
    return query if division is None else query.where(streets.c.division == division.bytes)


def find_doorplates(street: UUID, number: str | None, at: At) -> Select[Any]:
    """The door plates of a street, all or those with a number."""
    query = (
        select(doorplates.c.doorplate, *(doorplates.c[name] for name in DOORPLATE.names))
        .where(doorplates.c.street == street.bytes, visible(doorplates, at))
        .order_by(doorplates.c.plate_number, doorplates.c.doorplate)
    )
    return query if number is None else query.where(doorplates.c.plate_number == number)


def streets_over(name: Text, division: UUID, first: int, at: At) -> Select[Any]:
    """The streets of a division that bore a name on some day from one until that of `at`."""
    return select(streets.c.street).where(
        streets.c.street_name == name,
        streets.c.division == division.bytes,
        streets.c.closed_on.is_(None),
        overlapping(streets, first, at.day + 1, at.known),
    )


def doorplates_over(
    street: UUID, number: PlateNumber, detail: Text | None, first: int, at: At
) -> Select[Any]:
    """The door plates of a street that had a number on some day from one until that of `at`.

    detail: what tells apart those of one number, None where nothing does.
    """
    return select(doorplates.c.doorplate).where(
        doorplates.c.street == street.bytes,
        doorplates.c.plate_number == number,
        doorplates.c.plate_detail.is_not_distinct_from(detail),
        doorplates.c.closed_on.is_(None),
        overlapping(doorplates, first, at.day + 1, at.known),
    )


def repeated_doorplates(at: At) -> Select[Any]:
    """Door plates in use that bear a number with others of their street, and no other detail."""
    table = doorplates
    same = (table.c.street, table.c.plate_number, table.c.plate_detail)
    told = (table.c.doorplate, table.c.community, *same)
    return _repeated(doorplates, same, told, at)


def repeated_streets(at: At) -> Select[Any]:
    """Streets that bear a name with others of their division."""
    same = (streets.c.division, streets.c.street_name)
    return _repeated(streets, same, (streets.c.street, *same), at)


def _repeated(table: Table, same: Sequence[Any], told: Sequence[Any], at: At) -> Select[Any]:
    others = func.count().over(partition_by=same).label("others")
    borne = select(*told, others).where(table.c.closed_on.is_(None), visible(table, at)).subquery()
    shown = [borne.c[column.name] for column in told]
    first = [borne.c[column.name] for column in (*same, told[0])]
    return select(*shown).where(borne.c.others > 1).order_by(*first)
