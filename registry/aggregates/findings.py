"""The findings about one person or household, as decisions know them (核对差错)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import findings as events
from registry.values import EvidenceSource, RegisterItem, RuleCode, Settlement, Severity
from registry.vocabulary import Kind


class FindingKey(NamedTuple):
    """What names a finding in its subject's ledger."""

    rule: RuleCode
    item: RegisterItem
    source: EvidenceSource

    def __str__(self) -> str:
        return f"{self.rule}, {self.item}, {self.source}"


def key_of(event: Any) -> FindingKey:
    """The finding that an entry is about."""
    return FindingKey(event.rule, event.item, event.source)


def said_by(event: events.FindingRaised) -> tuple[str | None, str | None]:
    """What the register and the source say."""
    return event.as_registered, event.as_found


#: Examined and found right as it is.
CONFIRMED = Settlement("confirmed")


@dataclass(frozen=True)
class Finding:
    """What a ledger says of one finding; settlement: None while it is open.

    said: what the register and the source say.
    """

    severity: Severity
    settlement: Settlement | None = None
    said: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True, kw_only=True)
class Findings(Aggregate):
    """A person's, or a household's, ledger of findings (差错台账)."""

    KIND = Kind.FINDING

    subject: UUID
    findings: Mapping[FindingKey, Finding] = field(default_factory=dict)

    @property
    def open(self) -> tuple[FindingKey, ...]:
        """What is open."""
        return tuple(key for key, one in self.findings.items() if one.settlement is None)

    @property
    def errors(self) -> tuple[FindingKey, ...]:
        """What is open and stands in the way of a card."""
        return tuple(key for key in self.open if self.findings[key].severity is Severity.ERROR)

    def waits(self, event: events.FindingRaised) -> bool:
        """Whether there is nothing new in a finding.

        It is open, or an officer examined the same and found it right as it is.
        """
        known = self.findings.get(key_of(event))
        if known is None or known.settlement is None:
            return known is not None
        return known.settlement == CONFIRMED and known.said == said_by(event)

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        key = key_of(event)
        here = state.findings.get(key) if state else None
        is_open = here is not None and here.settlement is None
        if isinstance(event, events.FindingSettled):
            if not is_open:
                yield rules.FindingNotOpen(str(key))
            return
        if is_open:
            yield rules.FindingAlreadyOpen(str(key))
        subject = event.person or event.household
        one = (event.person is None) != (event.household is None)
        if not one or (state is not None and state.subject != subject):
            yield rules.FindingOfOne(str(key))

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the ledger after an entry."""
        key = key_of(event)
        if isinstance(event, events.FindingRaised):
            subject = event.person or event.household or UUID(int=0)
            told = {key: Finding(event.severity, said=said_by(event))}
            return cls(
                id=stream,
                subject=state.subject if state else subject,
                findings={**(state.findings if state else {}), **told},
            )
        assert state is not None, f"{type(event).__name__} in an unknown ledger {stream}"
        before = state.findings.get(key)
        assert before is not None, f"{key} was settled and never raised"
        settled = replace(before, settlement=event.settlement)
        return state.but(findings={**state.findings, key: settled})
