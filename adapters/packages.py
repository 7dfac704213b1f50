"""What the read models tell of packages between offices: one, an office's, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from adapters.reading import Reader
from registry.aggregates.package import PackageState
from registry.projections import At
from registry.projections import packages as model
from registry.projections.base import unpacked, visible
from registry.projections.issuance import issuance
from registry.values import OfficeCode, PackageNumber, day_of

#: How many identifiers one statement names.
NAMED_AT_ONCE = 500


@dataclass(frozen=True)
class Parcel:
    """A package, and what is wrong with it.

    wrong: duplicate, damaged, incomplete, lost, late, or nothing. anomaly: as the receiver found
    it, by the table package_anomaly. missing: how many of its members have not come.
    """

    id: UUID
    package_number: str
    content: str
    sender: str
    receiver: str
    sent_on: date
    due_on: date
    state: str
    since: date
    received_on: date | None
    anomaly: str | None
    members: int
    missing: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """Numbers of a day that a sender skipped, or whose packages never came to be known."""

    sender: str
    numbered_on: date
    first: int
    last: int

    @property
    def numbers(self) -> tuple[PackageNumber, ...]:
        """The numbers of the packages that nobody knows."""
        sender, day = OfficeCode(self.sender), self.numbered_on
        return tuple(
            PackageNumber.compose(sender, day, each) for each in range(self.first, self.last + 1)
        )


@dataclass(frozen=True)
class Member:
    """Whose data, or whose card, has not come with its package."""

    application: UUID
    acceptance_number: str
    person: UUID


def numbered(reader: Reader, number: PackageNumber, at: At) -> Parcel | None:
    """The package with a number; None where none is known."""
    row = reader.connection.execute(model.numbered(str(number), at)).first()
    return None if row is None else _parcel(row, at)


def missing(reader: Reader, number: PackageNumber, at: At) -> list[Member]:
    """Whose data or cards have not come with a package, in the order of their numbers."""
    row = reader.connection.execute(model.numbered(str(number), at)).first()
    ids = () if row is None else unpacked(row.missing)
    found: list[Member] = []
    for first in range(0, len(ids), NAMED_AT_ONCE):
        some = [one.bytes for one in ids[first : first + NAMED_AT_ONCE]]
        query = select(issuance.c.application, issuance.c.number, issuance.c.person).where(
            issuance.c.application.in_(some), visible(issuance, at)
        )
        found += [
            Member(UUID(bytes=one.application), one.number, UUID(bytes=one.person))
            for one in reader.connection.execute(query)
        ]
    return sorted(found, key=lambda one: one.acceptance_number)


def of_office(
    reader: Reader,
    office: OfficeCode,
    at: At,
    *,
    wrong: bool,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Parcel]:
    """Packages that an office sent or is to receive, the newest first."""
    query = model.of_office(office, at, wrong=wrong, after=after, limit=limit)
    return [_parcel(row, at) for row in reader.connection.execute(query)]


def gaps(reader: Reader, office: OfficeCode, at: At) -> list[Gap]:
    """Gaps in the numbers of the packages that an office sent."""
    return [
        Gap(row.sender, day_of(row.numbered_on), row.before + 1, row.sequence - 1)
        for row in reader.connection.execute(model.gaps(office, at))
    ]


def _parcel(row: Any, at: At) -> Parcel:
    awaited = row.state in model.AWAITED
    late = awaited and row.due_on < at.day
    came_late = row.received_on is not None and row.received_on > row.due_on
    found = {
        "duplicate": row.again > 0,
        "damaged": row.state == PackageState.REJECTED,
        "incomplete": row.state == PackageState.PARTLY,
        "lost": row.state == PackageState.LOST,
        "late": late or came_late,
    }
    return Parcel(
        id=UUID(bytes=row.package),
        package_number=row.number,
        content=row.content,
        sender=row.sender,
        receiver=row.receiver,
        sent_on=day_of(row.sent_on),
        due_on=day_of(row.due_on),
        state=row.state,
        since=day_of(row.since),
        received_on=None if row.received_on is None else day_of(row.received_on),
        anomaly=row.anomaly,
        members=row.members,
        missing=len(row.missing) // 16,
        wrong=tuple(name for name, holds in found.items() if holds),
    )
