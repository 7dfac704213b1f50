"""A programme of the exchange as decisions know it: its phases and its trial (换证工作)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Self
from uuid import UUID

from registry.aggregates import programme_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import programme as events
from registry.programmes import CLOSING, EXCHANGE, PILOT, PREPARATION
from registry.values import DivisionId, ProgrammeCode, ProgrammePhase
from registry.vocabulary import Kind


class Phase(NamedTuple):
    """When a phase began, and when it ended."""

    started_on: date
    closed_on: date | None = None


@dataclass(frozen=True)
class Pilot:
    """Where and when cards are exchanged on trial (试点范围)."""

    places: frozenset[UUID]
    begins_on: date
    ends_on: date

    def covers(self, places: frozenset[UUID], on: date) -> bool:
        """Whether somebody who lives in some nested places takes part on a day."""
        return self.begins_on <= on <= self.ends_on and not places.isdisjoint(self.places)


@dataclass(frozen=True, kw_only=True)
class Programme(Aggregate):
    """A programme by which a city or province exchanges cards (换证工作)."""

    KIND = Kind.PROGRAMME

    programme: ProgrammeCode
    division: DivisionId
    opened_on: date
    closed_on: date | None = None
    phases: Mapping[ProgrammePhase, Phase] = field(default_factory=dict)
    pilot: Pilot | None = None
    pilot_accepted_on: date | None = None

    @property
    def open(self) -> bool:
        """Whether its gates bind."""
        return self.closed_on is None

    def runs(self, phase: ProgrammePhase) -> bool:
        """Whether a phase has begun and not ended."""
        known = self.phases.get(phase)
        return known is not None and known.closed_on is None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.ProgrammeOpened):
            if state is not None:
                yield rules.AlreadyKnown(state.programme)
        elif state is None or not state.open:
            yield programme_rules.ProgrammeNotOpen(state.programme if state else None)
        else:
            yield from state._check(event)

    def _check(self, event: Any) -> Iterator[Rule]:
        match event:
            case events.PhaseStarted():
                known = self.phases.get(AFTER.get(event.phase, event.phase))
                first = event.phase not in AFTER
                early = not first and (known is None or event.started_on < known.started_on)
                if event.phase in self.phases or early:
                    yield programme_rules.PhaseOutOfOrder(event.phase)
            case events.PhaseClosed():
                known = self.phases.get(event.phase)
                if not self.runs(event.phase) or (known and event.closed_on < known.started_on):
                    yield programme_rules.PhaseOutOfOrder(event.phase)
            case events.PilotScopeDefined():
                if event.ends_on < event.begins_on or not event.places:
                    yield programme_rules.PilotOutside(f"{event.begins_on} to {event.ends_on}")
            case events.PilotAccepted():
                if self.pilot is None or PILOT not in self.phases:
                    yield programme_rules.PilotUndefined(self.programme)
                elif event.effective_on < self.pilot.begins_on:
                    yield programme_rules.PilotNotBegun(self.pilot.begins_on)
                if self.pilot_accepted_on is not None:
                    yield programme_rules.PilotIsAccepted(self.pilot_accepted_on)
            case events.ProgrammeClosed():
                for phase in self.phases:
                    if self.runs(phase):
                        yield programme_rules.PhasesOpen(phase)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the programme after an entry."""
        if isinstance(event, events.ProgrammeOpened):
            return cls(
                id=stream,
                programme=event.programme,
                division=event.division,
                opened_on=event.effective_on,
            )
        assert state is not None, f"{type(event).__name__} of an unknown programme {stream}"
        match event:
            case events.PhaseStarted():
                return state._with(event.phase, Phase(event.started_on))
            case events.PhaseClosed():
                began = state.phases.get(event.phase, Phase(event.closed_on)).started_on
                return state._with(event.phase, Phase(began, event.closed_on))
            case events.PilotScopeDefined():
                scope = Pilot(frozenset(event.places), event.begins_on, event.ends_on)
                return state.but(pilot=scope)
            case events.PilotAccepted():
                return state.but(pilot_accepted_on=event.effective_on)
        return state.but(closed_on=event.effective_on)

    def _with(self, phase: ProgrammePhase, known: Phase) -> Self:
        return self.but(phases={**self.phases, phase: known})


#: The phase that has to have begun before another one does.
AFTER = {PILOT: PREPARATION, EXCHANGE: PREPARATION, CLOSING: EXCHANGE}
