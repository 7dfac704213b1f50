"""A task letter as decisions know it (任务书)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from registry.aggregates import programme_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import letters as events
from registry.values import DivisionId, LetterId, OfficeCode, ProgrammeCode
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Letter(Aggregate):
    """How many people a unit gives a card to in a year, and what it handed down (任务书)."""

    KIND = Kind.LETTER

    programme: ProgrammeCode
    year: int
    division: DivisionId
    station: OfficeCode | None
    persons: int
    upper: LetterId | None
    acknowledged: int | None = None  # the number that the unit took last
    divided: int | None = None  # the sum that it handed down last
    shares: tuple[LetterId, ...] = ()

    @property
    def taken(self) -> bool:
        """Whether the number that stands was acknowledged."""
        return self.acknowledged == self.persons

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.TaskLetterIssued):
            if state is not None:
                yield programme_rules.LetterExists(f"{event.programme} {event.year}")
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        match event:
            case events.TaskLetterAmended():
                if event.persons == state.persons:
                    yield programme_rules.LetterUnchanged(state.persons)
            case events.TaskLetterAcknowledged():
                if state.taken or event.persons != state.persons:
                    yield programme_rules.LetterIsAcknowledged(state.persons)
            case events.TaskDivided():
                if not state.taken:
                    yield programme_rules.LetterNotAcknowledged(state.persons)
                if event.persons != state.persons:
                    yield programme_rules.SumsDisagree(f"{event.persons} of {state.persons}")

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the letter after an entry."""
        if isinstance(event, events.TaskLetterIssued):
            return cls(
                id=stream,
                programme=event.programme,
                year=event.year,
                division=event.division,
                station=event.station,
                persons=event.persons,
                upper=event.upper,
            )
        assert state is not None, f"{type(event).__name__} of an unknown letter {stream}"
        match event:
            case events.TaskLetterAmended():
                return state.but(persons=event.persons)
            case events.TaskLetterAcknowledged():
                return state.but(acknowledged=event.persons)
        return state.but(divided=event.persons, shares=event.letters)
