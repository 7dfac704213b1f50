"""Rows of read models as the answers that they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from adapters.answers import (
    Book,
    Case,
    Cursor,
    Holding,
    Line,
    OfNewerProgram,
    Page,
    Paper,
    Place,
    Residence,
    Resident,
    day_or_still,
    id_or_none,
)
from registry.codec import Codec
from registry.errors import NewerProgram
from registry.projections import residences
from registry.projections.base import At, unpacked
from registry.values import day_of

STATUS = {residences.RESIDENT: "resident", residences.IN_TRANSIT: "transit"}


def residents(rows: Sequence[Any]) -> list[Resident]:
    """Residents of rows."""
    return [
        Resident(UUID(bytes=row.person), UUID(bytes=row.household), UUID(bytes=row.community))
        for row in rows
    ]


def page(at: At, found: list[Resident], limit: int) -> Page:
    """A page of what was found, which is one more than fits if another page follows."""
    if len(found) <= limit:
        return Page(at, tuple(found), None)
    last = found[limit - 1]
    return Page(at, tuple(found[:limit]), Cursor(at, last.community, last.person))


def residence(row: Row[Any], low: int | None = None, high: int | None = None) -> Residence:
    """A residence of its row, cut to days asked for."""
    since = row.valid_from if low is None else max(row.valid_from, low)
    until = row.valid_until if high is None else min(row.valid_until, high)
    return Residence(
        UUID(bytes=row.person),
        STATUS[row.status],
        UUID(bytes=row.community),
        id_or_none(row.household),
        id_or_none(row.certificate),
        row.destination,
        None if row.left_on is None else day_of(row.left_on),
        day_of(since),
        day_or_still(until),
    )


def told(row: Row[Any]) -> Place:
    """A place of its row."""
    return Place(
        UUID(bytes=row.place),
        row.level,
        row.kind,
        row.name,
        row.code,
        id_or_none(row.parent),
        bool(row.closed),
        row.station,
    )


def case(row: Row[Any]) -> Case:
    """A case of its row."""
    return Case(
        UUID(bytes=row.case),
        row.fault,
        id_or_none(row.number),
        unpacked(row.parties),
        bool(row.open),
        id_or_none(row.keeper),
        day_of(row.valid_from),
    )


def paper(row: Row[Any]) -> Paper:
    """A paper of its row."""
    return Paper(
        UUID(bytes=row.paper),
        row.kind,
        row.number,
        id_or_none(row.community),
        None if row.persons is None else unpacked(row.persons),
        row.newcomers,
        None if row.issued_on is None else day_of(row.issued_on),
        None if row.expires_on is None else day_of(row.expires_on),
        unpacked(row.used_by),
        bool(row.void),
    )


def book(row: Row[Any]) -> Book:
    """A sequence register of its row."""
    return Book(
        UUID(bytes=row.book),
        row.address_code,
        day_of(row.birth_date),
        row.first,
        row.last,
        row.used,
    )


def holding(row: Row[Any]) -> Holding:
    """How somebody stood to a number, of its row."""
    return Holding(
        UUID(bytes=row.person),
        row.how,
        bool(row.holding),
        day_of(row.valid_from),
        day_or_still(row.valid_until),
    )


def line(row: Row[Any], codec: Codec, *, newer: bool = False) -> Line:
    """An entry of a timeline, of its row; newer: also one of a newer program."""
    try:
        event = codec.event(row.code, row.state, row.private)
    except NewerProgram:
        if not newer:
            raise
        event = OfNewerProgram(row.code)
    return Line(
        UUID(bytes=row.stream),
        row.version,
        row.position,
        day_of(row.effective_on),
        row.recorded_at,
        event,
        row.officer,
        row.office,
        id_or_none(row.submission),
        row.origin,
        row.origin_seq,
        row.voided_from,
    )
