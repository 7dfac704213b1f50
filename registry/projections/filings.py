"""Reports that were filed (已报统计报表), each version beside the one before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Integer, MetaData, Select, Table, select

from registry.aggregates import Reports
from registry.projections.base import Day, Id, Lookup, Position, Steps, Values, Words, evolve_of
from registry.store import Stored
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 1

filings = Table(
    f"filings_{EDITION}",
    MetaData(),
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("report", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("form", Words, nullable=False),
    Column("division", Id, nullable=False),
    Column("first", Day, nullable=False),
    Column("last", Day, nullable=False),
    Column("figures", Words, nullable=False),
    Column("filed_at", BigInteger, nullable=False),
    Column("officer", Words, nullable=False),
    Column("office", Words, nullable=False),
)


def row(stored: Stored, before: Reports | None, after: Reports) -> Values:
    """A filed report's row."""
    return (
        stored.position,
        stored.key,
        len(after.filed),
        str(after.form),
        after.division.bytes,
        day_number(after.first),
        day_number(after.last),
        str(after.filed[-1]),
        stored.recorded_at,
        stored.officer,
        stored.office,
    )


FILINGS = Steps(
    name="filings",
    edition=EDITION,
    kinds=frozenset({Kind.REPORT}),
    table=filings,
    ident=("position",),
    stream="report",
    lookups=(Lookup(("division", "form", "first")), Lookup(("report", "version"))),
    fold=evolve_of(Kind.REPORT),
    row=row,
)


def of_division(division: UUID, known: int, form: str | None = None) -> Select[Any]:
    """What was filed for a division up to a position, the newest first."""
    query = (
        select(filings)
        .where(filings.c.division == division.bytes, filings.c.position <= known)
        .order_by(filings.c.position.desc())
    )
    return query if form is None else query.where(filings.c.form == form)


def of_report(report: UUID, known: int) -> Select[Any]:
    """The versions of a report up to a position, the newest first."""
    return (
        select(filings)
        .where(filings.c.report == report.bytes, filings.c.position <= known)
        .order_by(filings.c.version.desc())
    )
