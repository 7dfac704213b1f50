"""A case about a registration, as decisions know it (户口登记差错)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from registry.aggregates import case_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import registration_cases as events
from registry.values import CommunityId, PersonId, RegistrationOutcome, Sex
from registry.vocabulary import Kind


class RegistrationFault(StrEnum):
    """What does not fit between a person and a registration (差错类别)."""

    DOUBLE = "double"
    EMPTY = "empty"
    APART = "apart"
    UNSETTLED = "unsettled"


FAULTS: dict[type[Any], RegistrationFault] = {
    events.DoubleSuspected: RegistrationFault.DOUBLE,
    events.EmptyRegistrationFound: RegistrationFault.EMPTY,
    events.LivingApartFound: RegistrationFault.APART,
    events.UnsettledPersonFound: RegistrationFault.UNSETTLED,
}


@dataclass(frozen=True, kw_only=True)
class RegistrationCase(Aggregate):
    """Somebody's registration that does not fit (户口登记差错)."""

    KIND = Kind.REGISTRATION

    fault: RegistrationFault
    persons: tuple[PersonId, ...] = ()
    community: CommunityId | None = None
    sex: Sex | None = None
    open: bool = True
    outcome: RegistrationOutcome | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if type(event) in FAULTS:
            if state is not None and state.open:
                yield rules.AlreadyKnown(state.id)
            if isinstance(event, events.DoubleSuspected):
                pair = event.persons
                if len(pair) != 2 or pair[0] >= pair[1]:
                    yield case_rules.NoPair(" ".join(map(str, pair)))
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        if not state.open:
            yield rules.CaseIsClosed(state.id)
        if event.outcome.row["fault"] != state.fault:
            yield case_rules.OutcomeUnfit(event.outcome)
        if not {event.kept, event.ended} - {None} <= set(state.persons):
            yield rules.NotParty(event.kept)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the case after an entry; one that is closed opens again with a new finding."""
        if type(event) in FAULTS:
            person = getattr(event, "person", None)
            return cls(
                id=stream,
                fault=FAULTS[type(event)],
                persons=getattr(event, "persons", () if person is None else (person,)),
                community=getattr(event, "community", None),
                sex=getattr(event, "sex", None),
            )
        assert state is not None, f"{type(event).__name__} on an unknown case {stream}"
        return state.but(open=False, outcome=event.outcome)
