"""What was found wrong with whom, and what became of it, on both clocks (差错台账)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    tuple_,
)

from registry.events.findings import FindingRaised
from registry.projections.base import (
    At,
    Day,
    Id,
    Key,
    Lookup,
    Rows,
    Sheet,
    Values,
    Words,
    dated,
    visible,
)
from registry.projections.places import places, under
from registry.projections.residences import residences
from registry.values import Severity, day_number
from registry.vocabulary import Kind

EDITION = 1
#: The source of what breaks a rule by itself.
REGISTER = "register"


def ledger(state: dict[Key, Values] | None, event: Any, stream: UUID) -> dict[Key, Values]:
    """The rows of a ledger's findings after an entry."""
    held = dict(state or {})
    key = (str(event.rule), str(event.item), str(event.source))
    today = day_number(event.effective_on)
    if isinstance(event, FindingRaised):
        subject = event.person or event.household
        assert subject is not None, "a finding is about somebody"
        held[key] = (
            subject.bytes,
            int(event.person is not None),
            event.severity.value,
            _bytes(event.community),
            day_number(event.found_on),
            today,
            1,
            None,
            None,
            _bytes(event.batch),
        )
    elif key in held:
        *told, _, _, _, batch = held[key]
        settled_on = day_number(event.settled_on)
        held[key] = (*told, 0, str(event.settlement), settled_on, batch)
    return held


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


def rows(state: dict[Key, Values]) -> Rows:
    """A row for each finding, open or settled."""
    return state


FINDINGS = dated(
    "findings",
    EDITION,
    Kind.FINDING,
    Sheet(
        "ledger",
        key=(
            Column("rule", Words, nullable=False),
            Column("item", Words, nullable=False),
            Column("source", Words, nullable=False),
        ),
        values=(
            Column("subject", Id, nullable=False),
            Column("is_person", Integer, nullable=False),
            Column("severity", Words, nullable=False),
            Column("community", Id),
            Column("found_on", Day, nullable=False),
            Column("raised_on", Day, nullable=False),
            Column("open", Integer, nullable=False),
            Column("settlement", Words),
            Column("settled_on", Day),
            Column("batch", Id),
        ),
        lookups=(
            Lookup(("severity", "subject"), "open = 1"),
            Lookup(("subject",)),
            Lookup(("found_on", "ledger")),
        ),
    ),
    rows,
    fold=ledger,
)
findings = FINDINGS.table


@dataclass(frozen=True)
class Wanted:
    """Which findings are asked for: those of a place, and of these only some.

    station: in whose care the subject's community is.
    """

    division: UUID
    station: str | None = None
    rule: str | None = None
    item: str | None = None
    source: str | None = None
    severity: Severity | None = None
    found_until: date | None = None


def located(at: At) -> Any:
    """Findings with where their subjects are registered now, else where they were found.

    waits: it is open, and the person has not died or been cancelled since.
    """
    home = and_(residences.c.person == findings.c.subject, visible(residences, at))
    place = func.coalesce(residences.c.community, findings.c.community).label("place")
    registered = or_(findings.c.is_person == 0, residences.c.person.is_not(None))
    waits = case((and_(findings.c.open == 1, registered), 1), else_=0).label("waits")
    return (
        select(*findings.c, place, waits)
        .select_from(findings.outerjoin(residences, home))
        .where(visible(findings, at))
    )


def chosen(wanted: Wanted, at: At) -> Any:
    """The findings that are asked for, with their places, open and settled."""
    told = located(at).subquery("told")
    inside = select(under(wanted.division, at).c.place)
    query = select(told).where(told.c.place.in_(inside))
    if wanted.station is not None:
        cared = select(places.c.place).where(
            places.c.station == wanted.station, visible(places, at)
        )
        query = query.where(told.c.place.in_(cared))
    for name in ("rule", "item", "source", "severity"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(told.c[name] == str(value))
    if wanted.found_until is not None:
        query = query.where(told.c.found_on <= day_number(wanted.found_until))
    return query


def work_list(wanted: Wanted, at: At, after: Sequence[Any] | None, limit: int) -> Select[Any]:
    """Open findings, the oldest first; after: day, ledger and key of the last one seen."""
    told = chosen(wanted, at).subquery("open_ones")
    query: Select[Any] = select(told).where(told.c.waits == 1)
    order = (told.c.found_on, told.c.ledger, told.c.rule, told.c.item, told.c.source)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return query.order_by(*order).limit(limit)


def counted(wanted: Wanted, at: At) -> Select[Any]:
    """How many findings there are by place, rule, severity, item and source, and how many open."""
    told = chosen(wanted, at).subquery("counted")
    kinds = (told.c.place, told.c.rule, told.c.severity, told.c.item, told.c.source)
    return (
        select(
            *kinds,
            func.count().label("found"),
            func.sum(told.c.waits).label("open"),
            func.min(case((told.c.waits == 1, told.c.found_on))).label("oldest"),
        )
        .group_by(*kinds)
        .order_by(*kinds)
    )


def open_by_check(at: At, *, persons: bool) -> Select[Any]:
    """Of whom a check of the register itself found something that is open, by which rule, where."""
    return select(findings.c.subject, findings.c.rule, findings.c.community).where(
        findings.c.open == 1,
        findings.c.source == REGISTER,
        findings.c.is_person == int(persons),
        visible(findings, at),
    )


def of_subject(subject: UUID, at: At) -> Select[Any]:
    """The findings of a person or household, open ones first."""
    return (
        select(findings)
        .where(findings.c.subject == subject.bytes, visible(findings, at))
        .order_by(findings.c.open.desc(), findings.c.found_on, findings.c.rule, findings.c.item)
    )
