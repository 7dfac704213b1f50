"""Findings and verifications as spans of days, so that many days cost one look (核对进度).

Each statement groups what holds over the same span, from a day until before another; how many hold
on any day follows from the groups. All of it is as known at one position.

places: the communities that count. first, last: the days that are of interest.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, select

from registry.projections.base import known
from registry.projections.findings import findings
from registry.projections.residences import residences, resident
from registry.projections.verifications import verifications
from registry.values import Severity


def _both(one: Table, other: Table) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The span in which a row of either table holds: the later begin, the earlier end."""
    later = one.c.valid_from >= other.c.valid_from
    begin = case((later, one.c.valid_from), else_=other.c.valid_from)
    earlier = one.c.valid_until <= other.c.valid_until
    end = case((earlier, one.c.valid_until), else_=other.c.valid_until)
    return begin.label("begin"), end.label("end")


def _meet(one: Table, other: Table) -> ColumnElement[bool]:
    return and_(one.c.valid_from < other.c.valid_until, other.c.valid_from < one.c.valid_until)


def _in(table: Table, first: int, last: int) -> ColumnElement[bool]:
    """Whether a row holds on some day of a window; those outside are of no interest."""
    return and_(table.c.valid_from <= last, table.c.valid_until > first)


def of_residents(
    places: Select[Any], position: int, first: int, last: int, *, by_home: bool
) -> Select[Any]:
    """Findings about somebody, as long as that person is registered or on the move.

    by_home: of the places where the person is; else of those where it was found.
    """
    begin, end = _both(findings, residences)
    table = residences if by_home else findings
    return (
        select(begin, end, findings.c.open, func.count().label("count"))
        .select_from(
            findings.join(
                residences,
                and_(residences.c.person == findings.c.subject, _meet(findings, residences)),
            )
        )
        .where(
            *(known(findings, position), known(residences, position)),
            _in(findings, first, last),
            table.c.community.in_(places),
        )
        .group_by("begin", "end", findings.c.open)
    )


def of_places(places: Select[Any], position: int, first: int, last: int) -> Select[Any]:
    """Findings by the place where they were found, whoever they are about."""
    return (
        select(
            findings.c.valid_from.label("begin"),
            findings.c.valid_until.label("end"),
            findings.c.open,
            findings.c.is_person,
            func.count().label("count"),
        )
        .where(
            known(findings, position),
            _in(findings, first, last),
            findings.c.community.in_(places),
        )
        .group_by(
            *(findings.c.valid_from, findings.c.valid_until),
            *(findings.c.open, findings.c.is_person),
        )
    )


def verified(places: Select[Any], position: int, first: int, last: int) -> Select[Any]:
    """Residents whose checking is completed, whatever was found of them since."""
    begin, end = _both(verifications, residences)
    return (
        select(begin, end, func.count().label("count"))
        .select_from(verifications.join(residences, _of_resident()))
        .where(*_completed(places, position, first, last))
        .group_by("begin", "end")
    )


def verified_in_error(places: Select[Any], position: int, first: int, last: int) -> Select[Any]:
    """Of those residents the ones who have an open error meanwhile, each with both spans."""
    begin, end = _both(verifications, residences)
    return (
        select(
            *(residences.c.person, begin, end),
            findings.c.valid_from.label("wrong_from"),
            findings.c.valid_until.label("wrong_until"),
        )
        .select_from(
            verifications.join(residences, _of_resident()).join(
                findings,
                and_(
                    findings.c.subject == residences.c.person,
                    findings.c.open == 1,
                    findings.c.severity == Severity.ERROR.value,
                    known(findings, position),
                    _in(findings, first, last),
                ),
            )
        )
        .where(*_completed(places, position, first, last))
    )


def _of_resident() -> ColumnElement[bool]:
    return and_(residences.c.person == verifications.c.person, _meet(verifications, residences))


def _completed(
    places: Select[Any], position: int, first: int, last: int
) -> list[ColumnElement[bool]]:
    return [
        known(verifications, position),
        known(residences, position),
        resident(),
        verifications.c.completed_on.is_not(None),
        _in(verifications, first, last),
        residences.c.community.in_(places),
    ]
