"""Cases about registrations that do not fit people, on both clocks (户口登记差错)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, LargeBinary, Select, literal_column, select

from registry.aggregates.registration_case import RegistrationCase
from registry.projections.base import At, Id, Lookup, Rows, Sheet, Words, dated, packed, visible
from registry.projections.places import places
from registry.vocabulary import Kind

EDITION = 1


def rows(case: RegistrationCase) -> Rows:
    """A case's row."""
    return {
        (): (
            case.fault.value,
            packed(case.persons),
            None if case.community is None else case.community.bytes,
            int(case.open),
            case.outcome,
        )
    }


REGISTRATIONS = dated(
    "registration_cases",
    EDITION,
    Kind.REGISTRATION,
    Sheet(
        "case",
        values=(
            Column("fault", Words, nullable=False),
            Column("persons", LargeBinary, nullable=False),
            Column("community", Id),
            Column("open", Integer, nullable=False),
            Column("outcome", Words),
        ),
        lookups=(Lookup(("valid_from",), "open = 1"),),
    ),
    rows,
)
registrations = REGISTRATIONS.table


def open_cases(at: At, fault: str | None = None, station: str | None = None) -> Select[Any]:
    """Cases that are open, the oldest first; of one fault, or in a station's care, if asked for.

    A double registration is in nobody's care alone.
    """
    query = (
        select(registrations)
        .where(registrations.c.open == literal_column("1"), visible(registrations, at))
        .order_by(registrations.c.valid_from, registrations.c.case)
    )
    if fault is not None:
        query = query.where(registrations.c.fault == fault)
    if station is not None:
        cared = select(places.c.place).where(places.c.station == station, visible(places, at))
        query = query.where(registrations.c.community.in_(cared))
    return query


def case(stream: UUID, at: At) -> Select[Any]:
    """A case."""
    return select(registrations).where(
        registrations.c.case == stream.bytes, visible(registrations, at)
    )
