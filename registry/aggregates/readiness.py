"""Whether cards may be made in a division, as decisions know it (发证条件)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import card_rules, making_rules, programme_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import programme as preparation
from registry.events import readiness as events
from registry.values import (
    ApplicationId,
    DivisionCode,
    DivisionId,
    MilestoneCode,
    PersonId,
    ProgrammeCode,
)
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Readiness(Aggregate):
    """What was decided about a division before cards may be made there (发证条件)."""

    KIND = Kind.DIVISION

    id: DivisionId
    county: DivisionCode | None = None  # told with the acceptance of its data
    baseline_on: date | None = None  # since when its data are accepted
    persons: int | None = None  # counted at the acceptance
    errors: int | None = None
    milestones: Mapping[MilestoneCode, date] = field(default_factory=dict)  # when reached
    cleaning_since: date | None = None
    cleaned_on: date | None = None
    exchange: ProgrammeCode | None = None
    exchange_on: date | None = None  # from which day everybody may exchange the card

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        here = state or cls(id=DivisionId(UUID(int=0)))
        match event:
            case events.CountyBaselineAccepted():
                if here.baseline_on is not None:
                    yield making_rules.BaselineStands(here.county)
            case events.CountyBaselineWithdrawn():
                if here.baseline_on is None:
                    yield card_rules.BaselineOpen(here.county)
            case preparation.MilestoneReached(milestone=one):
                if one in here.milestones:
                    yield programme_rules.MilestoneIsReached(one)
                if event.reached_on > event.effective_on:
                    yield rules.NotYet(event.reached_on)
            case preparation.MilestoneWithdrawn(milestone=one):
                if one not in here.milestones:
                    yield programme_rules.MilestoneOpen(one)
            case preparation.CleanUpOpened():
                if here.cleaning:
                    yield programme_rules.CleanUpIsOpen(here.cleaning_since)
            case preparation.CleanUpClosed():
                if not here.cleaning:
                    yield programme_rules.CleanUpNotOpen(here.county)
            case preparation.MassExchangeOpened():
                if here.exchange_on is not None:
                    yield programme_rules.ExchangeIsOpen(here.exchange_on)
            case preparation.MassExchangeStopped():
                if here.exchange_on is None:
                    yield programme_rules.ExchangeNotOpen(here.county)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return what holds after an event."""
        here = state or cls(id=DivisionId(stream))
        match event:
            case events.CountyBaselineAccepted():
                return here.but(
                    county=event.county,
                    baseline_on=event.effective_on,
                    persons=event.persons,
                    errors=event.errors,
                )
            case events.CountyBaselineWithdrawn():
                return here.but(baseline_on=None)
            case preparation.MilestoneReached():
                reached = {**here.milestones, event.milestone: event.reached_on}
                return here.but(milestones=reached)
            case preparation.MilestoneWithdrawn():
                left = {one: on for one, on in here.milestones.items() if one != event.milestone}
                return here.but(milestones=left)
            case preparation.CleanUpOpened():
                return here.but(cleaning_since=event.effective_on, cleaned_on=None)
            case preparation.CleanUpClosed():
                return here.but(cleaned_on=event.effective_on)
            case preparation.MassExchangeOpened():
                return here.but(exchange=event.programme, exchange_on=event.opens_on)
        return here.but(exchange=None, exchange_on=None)

    @property
    def cleaning(self) -> bool:
        """Whether registrations and numbers are being verified (清理核对)."""
        return self.cleaning_since is not None and self.cleaned_on is None


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
