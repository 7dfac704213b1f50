"""Cases of numbers and registrations as clerks work on them: lists, and how far each has come.

Of a shared number the case names what brought each later holder: the entry, when it was recorded,
and the delivery that it came with. It was the earliest at which the number could be refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from adapters.answers import Case, Line
from adapters.reading import Reader
from registry.aggregates import NumberCase
from registry.aggregates.registration_case import RegistrationFault
from registry.events.numbers import KeeperProposed, NumberCaseOpened, PartyAdded
from registry.projections import At, registrations
from registry.projections.base import unpacked
from registry.values import NumberFaultKind, day_of
from registry.vocabulary import word_of

#: Every fault that there are cases about, those of numbers first.
FAULTS = (*(one.value for one in NumberFaultKind), *(one.value for one in RegistrationFault))


@dataclass(frozen=True)
class Registration:
    """A case about a registration; community: where somebody was found, if it was told."""

    id: UUID
    fault: str
    persons: tuple[UUID, ...]
    community: UUID | None
    open: bool
    outcome: str | None
    since: date


@dataclass(frozen=True)
class Party:
    """Somebody whose number a case is about.

    told: of the case. speaks: the reasons for leaving the number with this party, by code. paper:
    that proves the change of the number. entry, recorded_at, source, batch: what made this party
    a holder of a number that somebody held; None of whoever held it first.
    """

    person: UUID
    told: bool
    speaks: tuple[str, ...]
    paper: str | None
    entry: str | None = None
    recorded_at: int | None = None
    source: str | None = None
    batch: str | None = None


@dataclass(frozen=True)
class Course:
    """How far a case about a number has come; wrong: the faults of the number."""

    wrong: tuple[str, ...]
    proposed: UUID | None
    reason: str | None
    decided: bool
    resolution: str | None
    parties: tuple[Party, ...]


def registration_cases(
    reader: Reader, at: At, fault: str | None = None, station: str | None = None
) -> list[Registration]:
    """Open cases about registrations, the oldest first."""
    query = registrations.open_cases(at, fault, station)
    return [_registration(row) for row in reader.connection.execute(query)]


def registration_case(reader: Reader, case: UUID, at: At) -> Registration | None:
    """A case about a registration."""
    row = reader.connection.execute(registrations.case(case, at)).one_or_none()
    return None if row is None else _registration(row)


def _registration(row: Any) -> Registration:
    return Registration(
        UUID(bytes=row.case),
        row.fault,
        unpacked(row.persons),
        None if row.community is None else UUID(bytes=row.community),
        bool(row.open),
        row.outcome,
        day_of(row.valid_from),
    )


def course(reader: Reader, case: Case, at: At) -> Course:
    """How far a case about a number has come, and what brought its parties."""
    lines = [one for one in reader.timeline(case.id, at.known) if one.effective_on <= at.valid_on]
    state: NumberCase | None = None
    speaks: dict[UUID, tuple[str, ...]] = {}
    for line in lines:
        state = NumberCase.after(state, line.event, case.id)
        if isinstance(line.event, KeeperProposed) and state is not None:
            told = zip(sorted(state.parties), line.event.evidence, strict=False)
            speaks = {one: tuple(codes.split()) for one, codes in told}
    assert state is not None, f"{case.id} has a row and no entry"
    brought = dict(_arrivals(reader, case, lines, at))
    parties = []
    for one in sorted(state.parties):
        came = brought.get(one)
        paper = state.papers.get(one)
        parties.append(
            Party(
                one,
                one in state.notified,
                speaks.get(one, ()),
                None if paper is None else str(paper),
                *(() if came is None else _told(came)),
            )
        )
    return Course(
        tuple(map(str, state.wrong)),
        state.proposed,
        None if state.reason is None else str(state.reason),
        state.decided,
        None if state.resolution is None else str(state.resolution),
        tuple(parties),
    )


def _arrivals(
    reader: Reader, case: Case, lines: Sequence[Line], at: At
) -> Iterator[tuple[UUID, Line]]:
    """The entries that made later holders of a shared number.

    The second holder and the case come in one submission, each further one with its own. Where all
    came in one, as with an import, whoever was entered first held the number before the others.
    """
    if case.fault != NumberFaultKind.DUPLICATE:
        return
    for line in lines:
        named: Collection[UUID] = ()
        if isinstance(line.event, NumberCaseOpened):
            named = line.event.parties
        elif isinstance(line.event, PartyAdded):
            named = (line.event.person,)
        came: dict[UUID, Line] = {}
        for one in named:
            for entry in reader.timeline(one, at.known):
                if entry.submission == line.submission and _makes_holder(entry.event):
                    came.setdefault(one, entry)
        whole = isinstance(line.event, NumberCaseOpened) and len(came) == len(named)
        in_turn = sorted(came.items(), key=lambda pair: pair[1].position)
        yield from in_turn[1:] if whole else in_turn


def _makes_holder(event: Any) -> bool:
    """Whether an entry brings a number, or brings somebody back who had one."""
    word = word_of(event)
    return bool(getattr(event, "number", None) or word.enters or word.voids)


def _told(line: Line) -> tuple[str, int, str | None, str | None]:
    event = line.event
    source, batch = getattr(event, "source", None), getattr(event, "batch", None)
    return word_of(event).name, line.recorded_at, source, batch
