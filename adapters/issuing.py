"""What the read models tell of applications for cards: one, a person's, those that wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from adapters.answers import id_or_none
from adapters.reading import ASKED_AT_ONCE, FIRST, Reader
from registry.card_terms import is_made
from registry.deadlines import stages
from registry.projections import At, issuance, preparations
from registry.values import CardKind, day_of


@dataclass(frozen=True)
class Standing:
    """Where an application for a card stands.

    state: one of card_application_status, None for a temporary card, whose `temporary` tells.
    stage, owner: what is being done, and who has it in hand. term_until: None on a signed card for
    life. late: over the limit of its stage; overdue: over the time in which the card is due.
    """

    id: UUID
    acceptance_number: str
    person: UUID
    card_kind: str
    apply_reason: str | None
    production_type: str | None
    priority: str | None
    station: str
    county: str
    community: UUID
    accepted_on: date
    state: str | None
    temporary: str | None
    since: date
    stage: str | None
    owner: str | None
    stage_due: date | None
    due_on: date
    late: bool
    overdue: bool
    attempt: int
    site: str | None
    body: UUID | None
    package: UUID | None
    replaces: UUID | None
    replaced_by: UUID | None
    term_from: date | None
    term_until: date | None
    authority_name: str | None


@dataclass(frozen=True)
class Backlog:
    """Applications that wait at a unit in a state."""

    county: str
    station: str
    state: str | None  # None: for a temporary card
    owner: str
    applications: int
    oldest: date
    late: int
    overdue: int


@dataclass(frozen=True)
class County:
    """A county, and since when its data are accepted, so that cards are made there.

    alarm: no card at all can be had there, since the first generation is made no more either;
    its citizens get temporary ones.
    """

    division: UUID
    code: str | None
    name: str
    baseline_on: date | None
    alarm: bool


#: Who has an application for a temporary card in hand.
TEMPORARY_OWNER = "county"


def application(reader: Reader, stream: UUID, at: At) -> Standing | None:
    """Where an application stands; None where nothing is known of it."""
    return next(iter(_standings(reader, issuance.application(stream, at), at)), None)


def numbered(reader: Reader, number: str, at: At) -> Standing | None:
    """The application with an acceptance number."""
    return next(iter(_standings(reader, issuance.numbered(number, at), at)), None)


def of_person(reader: Reader, person: UUID, at: At) -> list[Standing]:
    """Every application of a person, the newest first."""
    return _standings(reader, issuance.of_person(person, at), at)


def of_persons(reader: Reader, persons: Collection[UUID], at: At) -> dict[UUID, list[Standing]]:
    """Every application of several persons, the newest first; who has none is left out."""
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for one in _standings(reader, issuance.of_persons(persons, at), at):
        found[one.person].append(one)
    return dict(found)


def overruns(
    reader: Reader, division: UUID, at: At, after: tuple[int, bytes] | None, limit: int
) -> list[Standing]:
    """Applications of a division that are late or overdue, those due first at the top."""
    return _standings(reader, issuance.overruns(division, at, after, limit), at)


def of_nobody(
    reader: Reader, division: UUID, at: At, after: UUID | None, limit: int
) -> list[Standing]:
    """Cards of a division that are out, and whose holders are neither registered nor moving."""
    last = FIRST if after is None else after.bytes
    keys = [one.bytes for one in reader.communities(division, at)]
    found: dict[UUID, Standing] = {}  # what is of two communities comes twice
    for start in range(0, len(keys), ASKED_AT_ONCE):
        query = issuance.of_nobody(keys[start : start + ASKED_AT_ONCE], at, last, limit)
        found.update((one.id, one) for one in _standings(reader, query, at))
    return sorted(found.values(), key=lambda one: one.id)[:limit]


def backlog(reader: Reader, division: UUID, at: At) -> list[Backlog]:
    """How many applications of a division wait, by unit and state."""
    return [
        Backlog(
            row.county,
            row.station,
            row.state,
            TEMPORARY_OWNER if row.state is None else stages()[row.state].owner,
            row.applications,
            day_of(row.oldest),
            row.late,
            row.overdue,
        )
        for row in _rows(reader, issuance.backlog(division, at))
    ]


def readiness(reader: Reader, division: UUID, at: At) -> list[County]:
    """The counties of a division, and which of them may make cards."""
    first = is_made(CardKind("1"), at.valid_on)
    return [
        County(
            UUID(bytes=row.place),
            row.code,
            row.name,
            _day(row.baseline_on),
            row.baseline_on is None and not first,
        )
        for row in _rows(reader, preparations.counties(division, at))
    ]


def by_stream(
    reader: Reader,
    streams: Collection[UUID],
    query: Callable[[list[bytes], Collection[int], At], Any],
    codes: Collection[int],
    at: At,
) -> dict[UUID, Any]:
    """What a query about kinds of entries tells of each of some streams, asked some at a time."""
    keys, found = [one.bytes for one in streams], {}
    for start in range(0, len(keys), ASKED_AT_ONCE):
        rows = _rows(reader, query(keys[start : start + ASKED_AT_ONCE], codes, at))
        found.update({UUID(bytes=bytes(row.stream)): row for row in rows})
    return found


def _standings(reader: Reader, query: Any, at: At) -> list[Standing]:
    return [_standing(row, at) for row in _rows(reader, query)]


def _rows(reader: Reader, query: Any) -> Sequence[Any]:
    return reader.connection.execute(query).all()


def _standing(row: Any, at: At) -> Standing:
    stage = stages().get(row.state)
    waits = stage is not None or row.stage_due is not None
    return Standing(
        id=UUID(bytes=row.application),
        acceptance_number=row.number,
        person=UUID(bytes=row.person),
        card_kind=row.card_kind,
        apply_reason=row.apply_reason,
        production_type=row.production_type,
        priority=row.priority,
        station=row.station,
        county=row.county,
        community=UUID(bytes=row.community),
        accepted_on=day_of(row.accepted_on),
        state=row.state,
        temporary=row.temporary,
        since=day_of(row.since),
        stage=None if stage is None else stage.name,
        owner=stage.owner if stage else TEMPORARY_OWNER if waits else None,
        stage_due=_day(row.stage_due),
        due_on=day_of(row.due_on),
        late=waits and row.stage_due is not None and row.stage_due < at.day,
        overdue=waits and row.due_on < at.day,
        attempt=row.attempt,
        site=row.site,
        body=id_or_none(row.body),
        package=id_or_none(row.package),
        replaces=id_or_none(row.replaces),
        replaced_by=id_or_none(row.replaced_by),
        term_from=_day(row.term_from),
        term_until=_day(row.term_until),
        authority_name=row.authority_name,
    )


def _day(value: int | None) -> date | None:
    return None if value is None else day_of(value)
