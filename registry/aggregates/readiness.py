"""Whether cards may be made in a division, as decisions know it (发证条件)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import card_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import readiness as events
from registry.values import ApplicationId, DivisionCode, DivisionId, PersonId
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Readiness(Aggregate):
    """What was decided about a division before cards may be made there (发证条件)."""

    KIND = Kind.DIVISION

    id: DivisionId
    county: DivisionCode
    baseline_on: date | None = None  # since when its data are accepted

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.CountyBaselineWithdrawn) and (
            state is None or state.baseline_on is None
        ):
            yield card_rules.BaselineOpen(state.county if state else None)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return what holds after an event."""
        if isinstance(event, events.CountyBaselineAccepted):
            return cls(id=DivisionId(stream), county=event.county, baseline_on=event.effective_on)
        assert state is not None, f"{type(event).__name__} of an unknown division {stream}"
        return state.but(baseline_on=None)


@dataclass(frozen=True, kw_only=True)
class Holder(Aggregate):
    """Who applied for cards, and under which applications (持证人)."""

    KIND = Kind.HOLDER

    person: PersonId
    applications: tuple[ApplicationId, ...] = ()

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if state is not None and event.application in state.applications:
            yield rules.AlreadyKnown(event.application)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the file after an entry."""
        before = state.applications if state else ()
        return cls(id=stream, person=event.person, applications=(*before, event.application))
