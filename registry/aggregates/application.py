"""An application for a card as decisions and read models know it (居民身份证受理)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from registry.aggregates import card_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import applications, issuance, temporary
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardId,
    CardKind,
    CardPriority,
    CardReason,
    CardState,
    CollectionMethod,
    CommunityId,
    Digest,
    DivisionCode,
    DrawId,
    MediaType,
    OfficeCode,
    PackageId,
    PaperNumber,
    PersonId,
    ProductionType,
    Text,
)
from registry.vocabulary import VOCABULARY, Kind

#: Which states may follow a state, after the table card_application_status.
FOLLOWS: Mapping[str, frozenset[str]] = {state: frozenset(state.next) for state in CardState.all()}


class Temporary(StrEnum):
    """How far an application for a temporary card has come (临时居民身份证)."""

    APPLIED = "applied"
    ISSUED = "issued"
    SURRENDERED = "surrendered"
    REFUSED = "refused"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Application(Aggregate):
    """An application for a card, or for a temporary one, and what became of it (受理)."""

    KIND = Kind.APPLICATION

    id: ApplicationId
    person: PersonId
    acceptance_number: AcceptanceNumber
    card_kind: CardKind
    station: OfficeCode
    county: DivisionCode
    community: CommunityId
    accepted_on: date
    applied_on: date  # from which its time counts
    apply_reason: CardReason | None = None
    production_type: ProductionType | None = None
    priority: CardPriority | None = None
    replaces: ApplicationId | None = None
    state: CardState | None = None  # None: an application for a temporary card
    since: date | None = None  # the day on which it came into its state
    temporary: Temporary | None = None
    valid_from: date | None = None
    valid_until: date | None = None  # None on a signed one: for life
    authority: OfficeCode | None = None
    authority_name: Text | None = None
    collection: CollectionMethod | None = None  # as it was asked for
    package: PackageId | None = None
    attempt: int = 0  # of making a card; 0: none was ordered yet
    ordered: bool = False  # whether the attempt has its order; CardRedone opens one without
    site: OfficeCode | None = None
    work_order: PaperNumber | None = None
    destination: OfficeCode | None = None  # to which the card is on its way
    body: CardId | None = None  # that is, or is being made into, the card of the attempt
    bodies: int = 0  # taken for the attempt
    photo: Digest | None = None
    photo_size: int | None = None
    photo_type: MediaType | None = None
    sampled: bool | None = None  # whether the city looks at it
    draw: DrawId | None = None  # of which the city's sample was drawn, and out of how many
    size: int | None = None
    accepts: int | None = None  # faults that the sample may have
    produced_on: date | None = None
    handed_on: date | None = None  # first came into its holder's hand
    extension: int = 0  # days by which the card may come later
    replaced_by: ApplicationId | None = None
    given_up: bool = False  # voided, and no card of it is left to be handed out

    @property
    def next_attempt(self) -> int:
        """The attempt that the next order for production names: one that has no order yet."""
        return self.attempt + 1 if self.ordered or self.attempt == 0 else self.attempt

    @property
    def with_holder(self) -> bool:
        """Whether its card is, or was when it was lost, in the holder's hand."""
        replaced = self.state == "97" and self.replaced_by is not None
        return replaced or self.state in {"93", "94"} or self.temporary is Temporary.ISSUED

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        word = VOCABULARY[type(event)]
        if word.opens:
            if state is not None:
                yield rules.AlreadyKnown(state.acceptance_number)
        elif state is None:
            yield rules.NotKnownYet()
        elif (type(event) in TEMPORARY) != (state.temporary is not None):
            yield card_rules.NotForTemporary(f"{state.acceptance_number}: {word.name}")
        elif not state.may(event):
            now = state.temporary or state.state
            yield card_rules.StepOutOfOrder(f"{state.acceptance_number}: {word.name} after {now}")
        else:
            yield from state.check_attempt(event)

    def may(self, event: Any) -> bool:
        """Whether a step may follow the present state."""
        kind = type(event)
        if kind in TEMPORARY:
            return self.temporary is TEMPORARY[kind][0]
        assert self.state is not None, "only a temporary card's application has no state"
        if kind in BESIDE:
            return self.state in BESIDE[kind]
        if (kind is issuance.CardFound) != (
            self.state == "94" and VOCABULARY[kind].reaches == "93"
        ):
            return False
        if self.state == "97" and (VOCABULARY[kind].reaches == "95") != bool(self.replaced_by):
            return False
        return VOCABULARY[kind].reaches in FOLLOWS[self.state]

    def check_attempt(self, event: Any) -> Iterator[Rule]:
        """Give what is wrong with the attempt that an event names, if it names one."""
        match event:
            case applications.ProductionPackageBuilt():
                if event.attempt != self.next_attempt:
                    yield card_rules.WrongAttempt(event.attempt)
            case (
                issuance.CardProduced() | issuance.CardRejectedAtProduction() | issuance.BodyBound()
            ):
                if event.attempt != self.attempt:
                    yield card_rules.WrongAttempt(event.attempt)
            case issuance.CardRedone():
                lost = self.state == "94"
                if (event.replaced_by is not None, event.attempt is None) != (lost, lost):
                    yield card_rules.NotReplaced()
                elif not lost and event.attempt != self.attempt + 1:
                    yield card_rules.WrongAttempt(event.attempt)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the application after an event."""
        kind = type(event)
        told = {
            name: value
            for name in TOLD[kind]
            if (value := event.__dict__[name]) is not None or name in CLEARED
        }
        if kind in TEMPORARY:
            told |= {"temporary": TEMPORARY[kind][1], "since": event.effective_on}
        reached = VOCABULARY[kind].reaches
        if reached is not None:
            told |= {"state": reached, "since": event.effective_on}
            told.setdefault("destination", None)
        if state is None:
            told["accepted_on"] = event.effective_on
            return cls(id=ApplicationId(stream), **told)
        match event:
            case applications.DeadlineExtended():
                told["extension"] = state.extension + event.days
            case applications.ProductionPackageBuilt():
                told["ordered"] = True
                if event.attempt != state.attempt:
                    told |= NO_BODY
            case issuance.CardRedone() if event.attempt is not None:
                told |= {**NO_BODY, "ordered": False}
            case issuance.BodyBound():
                told["bodies"] = state.bodies + 1
            case applications.ApplicationVoided():
                told["given_up"] = True
            case issuance.CardProduced():
                told["produced_on"] = event.effective_on
            case issuance.CardHandedOut():
                told["handed_on"] = event.effective_on
        return state.but(**told)


#: Steps of a temporary card: the state before and after.
TEMPORARY: Mapping[type[Any], tuple[Temporary | None, Temporary]] = {
    temporary.TemporaryCardApplied: (None, Temporary.APPLIED),
    temporary.TemporaryCardIssued: (Temporary.APPLIED, Temporary.ISSUED),
    temporary.TemporaryCardRefused: (Temporary.APPLIED, Temporary.REFUSED),
    temporary.TemporaryCardSurrendered: (Temporary.ISSUED, Temporary.SURRENDERED),
    temporary.TemporaryCardLost: (Temporary.ISSUED, Temporary.LOST),
}
#: Where nothing is under way any more: voided, in the holder's hand or beyond it.
ENDED = frozenset({"02", "93", "94", "95", "96", "98"})
#: Steps that leave an application in its state, and in which states they may be taken.
BESIDE: Mapping[type[Any], frozenset[str]] = {
    applications.DeadlineExtended: frozenset(FOLLOWS) - ENDED,
    applications.ProductionRerouted: frozenset({"24"}),
    applications.OrderSentAgain: frozenset({"24"}),
    issuance.BodyBound: frozenset({"24"}),
    issuance.CardDispatchedFromSite: frozenset({"31"}),
    issuance.RemakeProposed: frozenset(
        state for state, following in FOLLOWS.items() if "97" in following and state != "94"
    ),
    issuance.DestructionProposed: frozenset(
        state for state, following in FOLLOWS.items() if "96" in following
    ),
}
#: Which fields of the state each event type writes: those of the same name.
TOLD: Mapping[type[Any], tuple[str, ...]] = {
    word.shape: tuple(
        field.name
        for field in word.fields
        if field.name in {one.name for one in fields(Application)}
    )
    for word in VOCABULARY.values()
    if word.kind is Kind.APPLICATION
}
#: A further attempt begins without a body.
NO_BODY: Mapping[str, Any] = {"body": None, "bodies": 0}
#: Fields that an event writes even where it holds nothing.
CLEARED = frozenset({"valid_until", "package", "body", "work_order"})
