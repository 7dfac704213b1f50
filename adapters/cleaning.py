"""What the read models tell of the clean-up: findings, work lists, progress, what was imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from adapters.answers import id_or_none
from adapters.cleaning_weeks import Week, standings
from adapters.reading import Reader
from registry.projections import At, batches, findings, verifications
from registry.projections.findings import Wanted
from registry.values import day_number, day_of


@dataclass(frozen=True)
class Finding:
    """Something that was found wrong with a person or a household.

    community: where the subject is registered now, else where it was found. settlement: None while
    it is open. age_days: since it was found, while it is open.
    """

    ledger: UUID
    subject: UUID
    is_person: bool
    rule: str
    item: str
    source: str
    severity: str
    community: UUID | None
    found_on: date
    raised_on: date
    settlement: str | None
    settled_on: date | None
    batch: UUID | None
    age_days: int | None

    @property
    def place_in_list(self) -> list[Any]:
        """Where it stands in a work list, for the page that follows."""
        day = day_number(self.found_on)
        return [day, self.ledger.bytes, self.rule, self.item, self.source]


@dataclass(frozen=True)
class Kind:
    """How many findings of one rule, item and source there are, and since when the oldest waits."""

    rule: str
    severity: str
    item: str
    source: str
    found: int
    open: int
    oldest: date | None


@dataclass(frozen=True)
class Progress:
    """How far the checking has come in a community, or, without one, in all of them."""

    community: UUID | None
    persons: int
    desk_checked: int
    visited: int
    in_error: int
    verified: int

    @property
    def percent(self) -> float:
        """How many of a hundred are verified."""
        return round(100 * self.verified / self.persons, 2) if self.persons else 0.0


@dataclass(frozen=True)
class Checking:
    """How far the checking of one person has come (核对状态)."""

    person: UUID
    sources: tuple[str, ...]
    checked_on: date | None
    differing: int | None
    visited_on: date | None
    presence: str | None
    verified_on: date | None
    open: int  # findings
    errors: int  # of those that stand in the way of a card

    @property
    def state(self) -> str:
        """未核对, 内部核对, 入户核对, 有差错待处理, 已核准, in this order."""
        if self.errors:
            return "faults-open"
        if self.verified_on is not None:
            return "verified"
        if self.visited_on is not None:
            return "visited"
        return "desk-checked" if self.checked_on is not None else "unchecked"


@dataclass(frozen=True)
class Batch:
    """A delivery of an older system, and whether its counts agree; None: not reconciled yet."""

    id: UUID
    system: str
    name: str
    baseline: date
    checksum: str
    rows: int
    agrees: bool | None
    digest: str | None
    differences: int | None
    declared: int | None
    delivered: int | None
    persons: int | None
    with_findings: int | None
    refused: int | None
    repeated: int | None
    households: int | None
    cases: int | None


@dataclass(frozen=True)
class Unit:
    """How the persons of one unit of a batch were counted."""

    unit: str
    declared: int | None
    delivered: int
    accepted: int
    refused: int
    repeated: int
    differences: int


def of_subject(reader: Reader, subject: UUID, at: At) -> list[Finding]:
    """The findings of a person or household, open ones first."""
    return [_finding(row, at) for row in _rows(reader, findings.of_subject(subject, at))]


def work_list(
    reader: Reader, wanted: Wanted, at: At, after: Sequence[Any] | None, limit: int
) -> list[Finding]:
    """Open findings of a place, those that have waited longest at the top."""
    rows = _rows(reader, findings.work_list(wanted, at, after, limit))
    return [_finding(row, at, row.place) for row in rows]


def kinds(reader: Reader, wanted: Wanted, at: At) -> list[Kind]:
    """How many findings of each kind a place has, the most frequent open ones first."""
    found: dict[tuple[str, str, str, str], list[Any]] = {}
    for row in _rows(reader, findings.counted(wanted, at)):
        told = found.setdefault((row.rule, row.severity, row.item, row.source), [0, 0, None])
        told[0] += row.found
        told[1] += row.open
        told[2] = min(filter(None, (told[2], row.oldest)), default=None)
    made = [
        Kind(*key, count, is_open, None if oldest is None else day_of(oldest))
        for key, (count, is_open, oldest) in found.items()
    ]
    return sorted(made, key=lambda one: (-one.open, -one.found, one.rule, one.item, one.source))


def progress(
    reader: Reader, division: UUID, at: At, station: str | None = None
) -> tuple[Progress, list[Progress]]:
    """How far the checking has come in a place: all of it, and each community."""
    rows = _rows(reader, verifications.progress(division, at, station))
    parts = [Progress(UUID(bytes=row[0]), *map(int, row[1:])) for row in rows]
    total = [sum(values) for values in zip(*(_counts(one) for one in parts), strict=True)]
    return Progress(None, *(total or [0] * 5)), parts


def _counts(one: Progress) -> tuple[int, ...]:
    return (one.persons, one.desk_checked, one.visited, one.in_error, one.verified)


def weeks(reader: Reader, wanted: Wanted, at: At, count: int) -> list[Week]:
    """How things stood at the end of each of the last weeks, by what is known now; oldest first."""
    days = [at.valid_on - timedelta(7 * back) for back in reversed(range(count))]
    return standings(reader, wanted.division, wanted.station, days, at.known)


def checking(reader: Reader, person: UUID, at: At) -> Checking:
    """How far the checking of a person has come."""
    row = next(iter(_rows(reader, verifications.of_person(person, at))), None)
    waiting = [one for one in of_subject(reader, person, at) if one.settlement is None]
    return Checking(
        person,
        tuple(row.sources.split()) if row and row.sources else (),
        _day(row.checked_on) if row else None,
        row.differing if row else None,
        _day(row.visited_on) if row else None,
        row.presence if row else None,
        _day(row.completed_on) if row else None,
        len(waiting),
        sum(one.severity == "error" for one in waiting),
    )


def every_batch(reader: Reader, at: At) -> list[Batch]:
    """All deliveries, by system and name."""
    return [_batch(row) for row in _rows(reader, batches.every(at))]


def batch(reader: Reader, stream: UUID, at: At) -> Batch | None:
    """One delivery."""
    return next((_batch(row) for row in _rows(reader, batches.one(stream, at))), None)


def units(reader: Reader, stream: UUID, at: At) -> list[Unit]:
    """The units of a delivery."""
    return [
        Unit(
            row.unit,
            *(row.declared, row.delivered, row.accepted, row.refused, row.repeated),
            row.differences,
        )
        for row in _rows(reader, batches.units_of(stream, at))
    ]


def subjects(found: Iterable[Finding]) -> list[UUID]:
    """Whom findings are about, each once."""
    return list(dict.fromkeys(one.subject for one in found))


def _rows(reader: Reader, query: Any) -> Sequence[Any]:
    return reader.connection.execute(query).all()


def _finding(row: Any, at: At, place: bytes | None = None) -> Finding:
    is_open = bool(row.open)
    return Finding(
        UUID(bytes=row.ledger),
        UUID(bytes=row.subject),
        bool(row.is_person),
        row.rule,
        row.item,
        row.source,
        row.severity,
        id_or_none(place or row.community),
        day_of(row.found_on),
        day_of(row.raised_on),
        row.settlement,
        _day(row.settled_on),
        id_or_none(row.batch),
        at.day - row.found_on if is_open else None,
    )


def _batch(row: Any) -> Batch:
    return Batch(
        UUID(bytes=row.batch),
        row.system,
        row.name,
        day_of(row.baseline),
        row.checksum,
        row.rows,
        None if row.agrees is None else bool(row.agrees),
        row.digest,
        *(getattr(row, name) for name in batches.COUNTS),
    )


def _day(value: int | None) -> date | None:
    return None if value is None else day_of(value)
