"""Cases about registrations that do not fit people, on both clocks (户口登记差错)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, LargeBinary, Select, literal_column, select

from registry.aggregates.registration_case import RegistrationCase
from registry.projections.base import At, Id, Lookup, Rows, Sheet, Words, dated, packed, visible
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


def open_cases(at: At) -> Select[Any]:
    """Cases that are open, the oldest first."""
    return (
        select(registrations)
        .where(registrations.c.open == literal_column("1"), visible(registrations, at))
        .order_by(registrations.c.valid_from, registrations.c.case)
    )


def case(stream: UUID, at: At) -> Select[Any]:
    """A case."""
    return select(registrations).where(
        registrations.c.case == stream.bytes, visible(registrations, at)
    )
