"""How far the checking of a person, or the visit to a household, has come (五源核对)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import verification as events
from registry.events.verification import StatedItem
from registry.values import EvidenceSource, Officer, PresenceClass
from registry.vocabulary import Kind


@dataclass(frozen=True)
class Snapshot:
    """What a source says of a person."""

    present: bool
    taken_on: date
    items: tuple[StatedItem, ...]


@dataclass(frozen=True, kw_only=True)
class Verification(Aggregate):
    """A person's, or a household's, ledger of the campaign (核对台账).

    checked and visited: the version of the person's stream that was compared and confirmed.
    """

    KIND = Kind.VERIFICATION

    subject: UUID
    sources: Mapping[EvidenceSource, Snapshot] = field(default_factory=dict)
    checked: int | None = None
    differing: int = 0
    visited: int | None = None
    visited_on: date | None = None
    presence: PresenceClass | None = None
    visitor: Officer | None = None  # of a household: who is to go, until it is done
    due_on: date | None = None
    completed: bool = False

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        match event:
            case events.VisitMade():
                if state is None or state.visitor is None:
                    yield rules.VisitNotAssigned(event.household)
            case events.DeskChecked():
                if state is None:
                    yield rules.SourceMissing(event.person)
            case events.VerificationCompleted():
                if state is None or state.checked is None:
                    yield rules.NotCheckedAtDesk(event.person)
                if state is None or state.visited is None:
                    yield rules.NotVisited(event.person)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the ledger after an entry."""
        if state is None:
            subject = getattr(event, "person", None) or event.household
            state = cls(id=stream, subject=subject)
        match event:
            case events.SourceRecorded():
                snapshot = Snapshot(event.present, event.taken_on, event.items)
                sources = {**state.sources, event.source: snapshot}
                # What was compared with the paper as it was before is to be compared again.
                return state.but(sources=sources, checked=None, completed=False)
            case events.DeskChecked():
                return state.but(checked=event.version, differing=event.differing)
            case events.VisitAssigned():
                return state.but(visitor=event.visitor, due_on=event.due_on)
            case events.VisitMade():
                return state.but(visitor=None, due_on=None, visited_on=event.visited_on)
            case events.PersonVisited():
                return state.but(
                    visited=event.version, visited_on=event.visited_on, presence=event.presence
                )
            case _:
                return state.but(completed=True)
