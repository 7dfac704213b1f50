"""What the read models tell of the exchange of cards: programmes, preparations, letters, progress.

Counts of people only; whoever asks is told nothing about a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from adapters.reading import Reader
from registry.aggregates import Programme
from registry.errors import NotFound
from registry.programmes import MilestoneCode, ProgrammeCode, Term, milestones, terms
from registry.projections import At, card_steps, letters, preparations, programmes
from registry.values import Level, ReadinessStream, day_number, day_of


@dataclass(frozen=True)
class PhaseStanding:
    """A phase as the plan dates it, and as it went."""

    phase: str
    name_zh: str
    planned_from: date
    planned_until: date | None
    started_on: date | None
    closed_on: date | None


@dataclass(frozen=True)
class ProgrammeStanding:
    """How far a programme is (换证工作进度)."""

    programme: str
    name_zh: str
    division: UUID
    target: int
    opened_on: date
    closed_on: date | None
    phases: tuple[PhaseStanding, ...]
    pilot_places: tuple[UUID, ...]
    pilot_from: date | None
    pilot_until: date | None
    pilot_accepted_on: date | None


@dataclass(frozen=True)
class Due:
    """A milestone of a county, set to it or to a division above it; late: not reached in time."""

    milestone: str
    name_zh: str
    stream: str
    gates: bool
    division: UUID
    due_on: date
    reached_on: date | None
    late: bool


@dataclass(frozen=True)
class CountyReadiness:
    """A county's row of the readiness matrix (准备工作进度).

    streams: by stream of preparations `done`, `open`, `late`, or `done late`; a stream that the
    plan does not ask of the county is left out.
    """

    division: UUID
    code: str | None
    name: str
    baseline_on: date | None
    persons: int | None
    errors: int | None
    cleaning_since: date | None
    cleaned_on: date | None
    exchange_on: date | None
    streams: Mapping[str, str]
    milestones: tuple[Due, ...]

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The milestones that still stand before the exchange."""
        return tuple(one.milestone for one in self.milestones if one.gates and not one.reached_on)


@dataclass(frozen=True)
class LetterStanding:
    """A task letter, and what has been done of it (任务完成情况).

    undivided: what was not handed down to units below; None where nothing was. issued: people who
    came to their first card of the second generation in the year; months: of each month, yyyymm.
    """

    letter: UUID
    programme: str
    year: int
    division: UUID
    unit: str
    station: str | None
    upper: UUID | None
    persons: int
    acknowledged: bool
    undivided: int | None
    issued: int
    months: Mapping[int, int]

    @property
    def share(self) -> float | None:
        """How much of the task is done, in percent."""
        return None if not self.persons else 100 * self.issued / self.persons


def programme(reader: Reader, code: ProgrammeCode, at: At) -> ProgrammeStanding:
    """How far a programme is; raises NotFound where it was not opened."""
    state = _programme(reader, code, at)
    pilot = state.pilot
    return ProgrammeStanding(
        programme=str(code),
        name_zh=code.name_zh,
        division=state.division,
        target=int(code.row["target"]),
        opened_on=state.opened_on,
        closed_on=state.closed_on,
        phases=tuple(_phase(term, state) for term in terms(code)),
        pilot_places=tuple(sorted(pilot.places)) if pilot else (),
        pilot_from=pilot.begins_on if pilot else None,
        pilot_until=pilot.ends_on if pilot else None,
        pilot_accepted_on=state.pilot_accepted_on,
    )


def opened(reader: Reader, code: ProgrammeCode, at: At) -> Programme | None:
    """A programme as decisions know it; None where it was not opened."""
    found = reader.connection.execute(programmes.ledger(code, at)).scalar()
    if found is None:
        return None
    stream = UUID(bytes=found)
    state: Programme | None = None
    for line in reader.timeline(stream, at.known):
        if line.effective_on <= at.valid_on:
            state = Programme.after(state, line.event, stream)
    return state


def _programme(reader: Reader, code: ProgrammeCode, at: At) -> Programme:
    state = opened(reader, code, at)
    if state is None:
        raise NotFound("programme", code)
    return state


def _phase(term: Term, state: Programme) -> PhaseStanding:
    known = state.phases.get(term.phase)
    return PhaseStanding(
        str(term.phase),
        term.phase.name_zh,
        term.begins_on,
        term.ends_on,
        known.started_on if known else None,
        known.closed_on if known else None,
    )


def matrix(
    reader: Reader, code: ProgrammeCode, at: At, division: UUID | None = None
) -> list[CountyReadiness]:
    """The readiness matrix of a programme's counties, or of those under another division."""
    top = division or _programme(reader, code, at).division
    reached: dict[UUID, dict[str, date]] = {}
    for row in _rows(reader, preparations.reached(at)):
        told = reached.setdefault(UUID(bytes=row.division), {})
        told[row.milestone] = day_of(row.reached_on)
    return [
        _county(reader, row, milestones(code), reached, at)
        for row in _rows(reader, preparations.counties(top, at))
    ]


def _county(
    reader: Reader,
    row: Any,
    plan: Sequence[MilestoneCode],
    reached: Mapping[UUID, Mapping[str, date]],
    at: At,
) -> CountyReadiness:
    found: list[Due] = []
    step: UUID | None = UUID(bytes=row.place)
    while step is not None and (place := reader.place(step, at)) is not None:
        level = None if place.level is None else Level(place.level)
        found.extend(
            _due(one, place.id, reached.get(place.id, {}).get(one), at.valid_on)
            for one in plan
            if one.stream is not None and one.applies(level, place.code)
        )
        step = place.parent
    found.sort(key=lambda one: (one.due_on, one.milestone))
    return CountyReadiness(
        UUID(bytes=row.place),
        row.code,
        row.name,
        _day(row.baseline_on),
        row.persons,
        row.errors,
        _day(row.cleaning_since),
        _day(row.cleaned_on),
        _day(row.exchange_on),
        _streams(found),
        tuple(found),
    )


def _due(code: MilestoneCode, division: UUID, reached_on: date | None, today: date) -> Due:
    assert code.stream is not None, "only what belongs to a stream is asked for"
    late = (reached_on or today) > code.due_on
    return Due(
        str(code),
        code.name_zh,
        code.stream,
        code.gates,
        division,
        code.due_on,
        reached_on,
        late,
    )


def _streams(found: Sequence[Due]) -> dict[str, str]:
    """How a county stands in each stream, in the order of the table."""
    told = {}
    for stream in ReadinessStream.all():
        here = [one for one in found if one.stream == stream]
        missing = [one for one in here if one.reached_on is None]
        if missing:
            told[str(stream)] = "late" if any(one.late for one in missing) else "open"
        elif here:
            told[str(stream)] = "done late" if any(one.late for one in here) else "done"
    return told


def tasks(
    reader: Reader, code: ProgrammeCode, at: At, year: int | None = None
) -> list[LetterStanding]:
    """Every task letter of a programme, of a year or of all, and what was done of it so far."""
    top = _programme(reader, code, at).division
    return _letters(reader, top, _rows(reader, letters.of_programme(str(code), at, year)), at)


def letter(reader: Reader, stream: UUID, at: At) -> LetterStanding | None:
    """One task letter, and what was done of it so far; None where there is none."""
    rows = _rows(reader, letters.letter(stream, at))
    if not rows:
        return None
    top = _programme(reader, ProgrammeCode(rows[0].programme), at).division
    return _letters(reader, top, rows, at)[0]


def _letters(reader: Reader, top: UUID, rows: Sequence[Any], at: At) -> list[LetterStanding]:
    if not rows:
        return []
    first = date(min(row.year for row in rows), 1, 1)
    last = date(max(row.year for row in rows), 12, 31)
    served: dict[bytes, list[Any]] = {}
    for one in _rows(reader, card_steps.served(top, at, day_number(first), day_number(last))):
        served.setdefault(one.community, []).append(one)
    inside = {
        division: [one.bytes for one in reader.communities(UUID(bytes=division), at)]
        for division in {row.division for row in rows}
    }
    return [
        _letter(
            reader,
            row,
            [one for community in inside[row.division] for one in served.get(community, ())],
            at,
        )
        for row in rows
    ]


def _letter(reader: Reader, row: Any, served: Sequence[Any], at: At) -> LetterStanding:
    """A letter; served: whom its division served, by station and month."""
    months: Counter[int] = Counter()
    for one in served:
        if one.month // 100 == row.year and row.station in (None, one.station):
            months[one.month] += one.persons
    place = reader.place(UUID(bytes=row.division), at)
    name = place.name if place else str(UUID(bytes=row.division))
    return LetterStanding(
        letter=UUID(bytes=row.letter),
        programme=row.programme,
        year=row.year,
        division=UUID(bytes=row.division),
        unit=row.station or name,
        station=row.station,
        upper=None if row.upper is None else UUID(bytes=row.upper),
        persons=row.persons,
        acknowledged=row.acknowledged == row.persons,
        undivided=None if row.divided is None else row.persons - row.divided,
        issued=sum(months.values()),
        months=dict(sorted(months.items())),
    )


def _rows(reader: Reader, query: Any) -> Sequence[Any]:
    return reader.connection.execute(query).all()


def _day(value: int | None) -> date | None:
    return None if value is None else day_of(value)
