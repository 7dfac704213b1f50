"""How far the checking of each person and the visits to households have come (核对进度)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, Select, and_, case, func, literal_column, select

from registry.aggregates import Verification
from registry.events import verification as events
from registry.projections.base import (
    At,
    Day,
    Id,
    Lookup,
    Rows,
    Sheet,
    Values,
    Words,
    dated,
    visible,
)
from registry.projections.findings import findings
from registry.projections.places import places, under
from registry.projections.residences import residences, resident
from registry.values import Severity, day_number
from registry.vocabulary import Kind

EDITION = 1
VISITS_EDITION = 1


def persons_row(state: Values | None, event: Any, stream: UUID) -> Values:
    """A person's row after an entry; a household's ledger has none."""
    today = day_number(event.effective_on)
    person, sources, checked, differing, visited, presence, completed = state or (None,) * 7
    match event:
        case events.SourceRecorded():
            person = event.person.bytes
            told = {*(str(sources).split() if sources else ()), str(event.source)}
            sources, checked, completed = " ".join(sorted(told)), None, None
        case events.DeskChecked():
            checked, differing = today, event.differing
        case events.PersonVisited():
            person = event.person.bytes
            visited, presence = day_number(event.visited_on), str(event.presence)
        case events.VerificationCompleted():
            completed = today
    return (person, sources, checked, differing, visited, presence, completed)


def person_rows(state: Values) -> Rows:
    """A person's row."""
    return {} if state[0] is None else {(): state}


def visit_rows(state: Verification) -> Rows:
    """A household's row: who is to visit it until when, and when it was visited last."""
    due, on = state.due_on, state.visited_on
    if state.sources or state.presence is not None:
        return {}
    return {
        (): (
            state.subject.bytes,
            None if state.visitor is None else str(state.visitor),
            None if due is None else day_number(due),
            None if on is None else day_number(on),
        )
    }


VERIFICATIONS = dated(
    "verifications",
    EDITION,
    Kind.VERIFICATION,
    Sheet(
        "ledger",
        values=(
            Column("person", Id, nullable=False),
            Column("sources", Words),
            Column("checked_on", Day),
            Column("differing", Integer),
            Column("visited_on", Day),
            Column("presence", Words),
            Column("completed_on", Day),
        ),
        lookups=(Lookup(("person",)),),
    ),
    person_rows,
    fold=persons_row,
)
VISITS = dated(
    "visits",
    VISITS_EDITION,
    Kind.VERIFICATION,
    Sheet(
        "ledger",
        values=(
            Column("household", Id, nullable=False),
            Column("visitor", Words),
            Column("due_on", Day),
            Column("visited_on", Day),
        ),
        lookups=(Lookup(("household",)), Lookup(("due_on",), "due_on is not null")),
    ),
    visit_rows,
)
verifications = VERIFICATIONS.table
visits = VISITS.table


def of_person(person: UUID, at: At) -> Select[Any]:
    """How far a person's checking has come."""
    return select(verifications).where(
        verifications.c.person == person.bytes, visible(verifications, at)
    )


def of_household(household: UUID, at: At) -> Select[Any]:
    """The visit to a household."""
    return select(visits).where(visits.c.household == household.bytes, visible(visits, at))


def erring(at: At) -> Any:
    """The persons who have open errors."""
    return (
        select(findings.c.subject)
        .where(
            findings.c.open == literal_column("1"),
            findings.c.severity == Severity.ERROR.value,
            visible(findings, at),
        )
        .distinct()
        .subquery("erring")
    )


def progress(division: UUID, at: At, station: str | None = None) -> Select[Any]:
    """Of each community the residents, and how many are checked, visited, verified, in error."""
    wrong = erring(at)
    ledger = and_(verifications.c.person == residences.c.person, visible(verifications, at))
    inside = select(under(division, at).c.place)
    checked = verifications.c.checked_on.is_not(None)
    visited = verifications.c.visited_on.is_not(None)
    in_error = wrong.c.subject.is_not(None)
    verified = and_(verifications.c.completed_on.is_not(None), wrong.c.subject.is_(None))
    query = (
        select(
            residences.c.community,
            func.count().label("persons"),
            counted(checked).label("desk_checked"),
            counted(visited).label("visited"),
            counted(in_error).label("in_error"),
            counted(verified).label("verified"),
        )
        .select_from(
            residences.outerjoin(verifications, ledger).outerjoin(
                wrong, wrong.c.subject == residences.c.person
            )
        )
        .where(resident(), visible(residences, at), residences.c.community.in_(inside))
        .group_by(residences.c.community)
        .order_by(residences.c.community)
    )
    if station is not None:
        cared = select(places.c.place).where(places.c.station == station, visible(places, at))
        query = query.where(residences.c.community.in_(cared))
    return query


def counted(condition: Any) -> Any:
    """How many rows a condition holds for."""
    return func.sum(case((condition, 1), else_=0))
