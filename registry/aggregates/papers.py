"""Migration permits and certificates as decisions know them (准迁证, 迁移证)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import papers as events
from registry.limits import limit
from registry.values import CertificateId, CommunityId, PaperNumber, PermitId, PersonId
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Permit(Aggregate):
    """The target's consent to a move (准予迁入证明)."""

    KIND = Kind.PERMIT

    id: PermitId
    permit_number: PaperNumber
    persons: tuple[PersonId, ...]
    newcomers: int  # movers whom the register does not know yet
    community: CommunityId
    issued_on: date
    valid_days: int
    used_by: frozenset[PersonId] = frozenset()
    void: bool = False

    def expires_on(self) -> date:
        """The last day on which it may be used; computed, never recorded."""
        return self.issued_on + timedelta(self.valid_days)

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        match event:
            case events.PermitIssued():
                if state is not None:
                    yield rules.PaperExists(event.permit_number)
            case _ if state is None:
                yield rules.NotKnownYet()
            case events.PermitConsumed():
                if state.void or event.person in state.used_by:
                    yield rules.PermitUsed(state.permit_number)
                known = event.person in state.persons
                strangers = len(state.used_by - set(state.persons))
                if not known and strangers >= state.newcomers:
                    yield rules.PermitForOthers(state.permit_number)
            case events.PermitVoided():
                if state.void or len(state.used_by) >= len(state.persons) + state.newcomers:
                    yield rules.PermitUsed(state.permit_number)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the permit after an entry."""
        if isinstance(event, events.PermitIssued):
            return cls(
                id=PermitId(stream),
                permit_number=event.permit_number,
                persons=event.persons,
                newcomers=len(event.movers),
                community=event.community,
                issued_on=event.issued_on,
                valid_days=event.valid_days,
            )
        assert state is not None, f"{type(event).__name__} on an unknown permit {stream}"
        if isinstance(event, events.PermitConsumed):
            return state.but(used_by=state.used_by | {event.person})
        if isinstance(event, REINSTATED):
            return state.but(used_by=state.used_by - {event.person})
        return state.but(void=True)


@dataclass(frozen=True, kw_only=True)
class Certificate(Aggregate):
    """The origin's release of persons, the only evidence while they are in transit (迁移证)."""

    KIND = Kind.CERTIFICATE

    id: CertificateId
    certificate_number: PaperNumber | None
    persons: tuple[PersonId, ...] | None  # None: issued by another register
    issued_on: date | None
    valid_days: int | None
    replaces: CertificateId | None = None
    used_by: frozenset[PersonId] = frozenset()
    void: bool = False
    replaced_by: CertificateId | None = None

    def expires_on(self) -> date | None:
        """The last day on which it may be used; computed, never recorded."""
        if self.issued_on is None or self.valid_days is None:
            return None
        return self.issued_on + timedelta(self.valid_days)

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        match event:
            case events.CertificateIssued():
                if state is not None:
                    yield rules.PaperExists(event.certificate_number)
            case events.CertificateConsumed():
                if state is None:
                    return
                most = limit("certificate_movers", event.effective_on).amount
                full = state.persons is None and len(state.used_by) >= most
                if state.void or full or event.person in state.used_by:
                    yield rules.CertificateUsed(state.certificate_number)
                elif state.persons is not None and event.person not in state.persons:
                    yield rules.CertificateForOthers(state.certificate_number)
            case events.CertificateVoided():
                if state is None:
                    yield rules.NotKnownYet()
                elif state.void:
                    yield rules.CertificateUsed(state.certificate_number)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the certificate after an entry."""
        if isinstance(event, events.CertificateIssued):
            return cls(
                id=CertificateId(stream),
                certificate_number=event.certificate_number,
                persons=event.persons,
                issued_on=event.issued_on,
                valid_days=event.valid_days,
                replaces=event.replaces,
            )
        if state is None:
            state = cls(
                id=CertificateId(stream),
                certificate_number=None,
                persons=None,
                issued_on=None,
                valid_days=None,
            )
        if isinstance(event, events.CertificateConsumed):
            return state.but(used_by=state.used_by | {event.person})
        if isinstance(event, REINSTATED):
            return state.but(used_by=state.used_by - {event.person})
        return state.but(void=True, replaced_by=event.replaced_by)


REINSTATED = (events.PermitReinstated, events.CertificateReinstated)


@dataclass(frozen=True, kw_only=True)
class Proof(Aggregate):
    """A birth certificate, which serves one registration (出生医学证明)."""

    KIND = Kind.PROOF

    used_by: PersonId | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.ProofUsed) and state and state.used_by:
            yield rules.ProofIsUsed()

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the proof after an entry."""
        return cls(id=stream, used_by=event.person if isinstance(event, events.ProofUsed) else None)
