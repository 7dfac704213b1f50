"""Packages between offices, and what is wrong with them (数据包, 证件包)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Integer, LargeBinary, Select, and_, func, or_, select

from registry.aggregates import Package
from registry.aggregates.package import PackageState
from registry.deadlines import package_due
from registry.numbers import OFFICE_WIDTHS
from registry.projections.base import (
    At,
    Day,
    Lookup,
    Rows,
    Sheet,
    Words,
    dated,
    packed,
    visible,
)
from registry.values import OfficeCode, day_number
from registry.vocabulary import Kind

EDITION = 1


def rows(one: Package) -> Rows:
    """A package's row; the day by which it is to have come is computed with it."""
    return {
        (): (
            str(one.package_number),
            one.content.value,
            str(one.sender),
            str(one.receiver),
            day_number(one.package_number.day),
            one.package_number.sequence,
            day_number(one.sent_on),
            day_number(package_due(one.content, one.receiver, one.sent_on)),
            one.state.value,
            day_number(one.since),
            None if one.received_on is None else day_number(one.received_on),
            None if one.anomaly is None else str(one.anomaly),
            one.again,
            len(one.members),
            packed(one.missing),
        )
    }


PACKAGES = dated(
    "packages",
    EDITION,
    Kind.PACKAGE,
    Sheet(
        "package",
        values=(
            Column("number", Words, nullable=False),
            Column("content", Words, nullable=False),
            Column("sender", Words, nullable=False),
            Column("receiver", Words, nullable=False),
            Column("numbered_on", Day, nullable=False),
            Column("sequence", Integer, nullable=False),
            Column("sent_on", Day, nullable=False),
            Column("due_on", Day, nullable=False),
            Column("state", Words, nullable=False),
            Column("since", Day, nullable=False),
            Column("received_on", Day),
            Column("anomaly", Words),
            Column("again", Integer, nullable=False),
            Column("members", Integer, nullable=False),
            Column("missing", LargeBinary, nullable=False),
        ),
        lookups=(
            Lookup(("number",)),
            Lookup(("sender", "numbered_on", "sequence")),
            Lookup(("receiver", "sent_on")),
        ),
    ),
    rows,
)
packages = PACKAGES.table

#: What is under way, so that it may be late.
AWAITED = (PackageState.SENT.value, PackageState.PARTLY.value)
WRONG = (PackageState.PARTLY.value, PackageState.REJECTED.value, PackageState.LOST.value)


def numbered(number: str, at: At) -> Select[Any]:
    """The package with a number."""
    return select(packages).where(packages.c.number == number, visible(packages, at))


def of_office(
    office: OfficeCode, at: At, *, wrong: bool, after: tuple[int, str] | None, limit: int
) -> Select[Any]:
    """Packages that an office, or a part of it, sent or is to receive, the newest first.

    wrong: only those with which something is wrong. after: day and number of the last one seen.
    """
    query = (
        select(packages)
        .where(
            or_(within(packages.c.sender, office), within(packages.c.receiver, office)),
            visible(packages, at),
        )
        .order_by(packages.c.sent_on.desc(), packages.c.number.desc())
        .limit(limit)
    )
    if wrong:
        query = query.where(_wrong(at))
    if after is None:
        return query
    day, number = after
    older = or_(
        packages.c.sent_on < day,
        and_(packages.c.sent_on == day, packages.c.number < number),
    )
    return query.where(older)


def gaps(office: OfficeCode, at: At) -> Select[Any]:
    """Where a sender's numbers of a day have a gap: the numbers before and after it.

    before: 0 where the day's first numbers are missing.
    """
    line = select(
        packages.c.sender,
        packages.c.numbered_on,
        packages.c.sequence,
        func.coalesce(
            func.lag(packages.c.sequence).over(
                partition_by=(packages.c.sender, packages.c.numbered_on),
                order_by=packages.c.sequence,
            ),
            0,
        ).label("before"),
    ).where(within(packages.c.sender, office), visible(packages, at))
    found = line.subquery()
    return (
        select(found.c.sender, found.c.numbered_on, found.c.before, found.c.sequence)
        .where(found.c.sequence > found.c.before + 1)
        .order_by(found.c.sender, found.c.numbered_on, found.c.sequence)
    )


def _wrong(at: At) -> ColumnElement[bool]:
    late = and_(packages.c.state.in_(AWAITED), packages.c.due_on < at.day)
    came_late = packages.c.received_on > packages.c.due_on
    return or_(packages.c.state.in_(WRONG), packages.c.again > 0, late, came_late)


def within(column: Column[Any], office: OfficeCode) -> ColumnElement[bool]:
    """Whether a column's office is one or a part of it: a range of codes, for the index."""
    width = next(one for one in OFFICE_WIDTHS if not office[one:].strip("0"))
    first, last = office[:width].ljust(12, "0"), office[:width].ljust(12, "9")
    return and_(column >= first, column <= last)  # PostgreSQL has no BETWEEN with a collation
