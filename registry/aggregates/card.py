"""A card body as decisions and read models know it (卡体)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self
from uuid import UUID

from registry.aggregates import card_rules, making_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import cards as events
from registry.limits import limit
from registry.values import (
    ApplicationId,
    CardId,
    ChipSerial,
    Digest,
    OfficeCode,
    PaperNumber,
)
from registry.vocabulary import Kind


class BodyState(IntEnum):
    """Where a card body stands in its life."""

    IN_STOCK = 0
    ON_LINE = 1
    BOUND = 2
    PERSONALISED = 3
    SPOILED = 4  # in the reject bin
    SAMPLED = 5
    VOIDED = 6  # given up, not in hand
    DESTROYED = 7
    IN_TRANSIT = 8  # a blank between two sites


@dataclass(frozen=True, kw_only=True)
class CardBody(Aggregate):
    """A card body: where it is, for whom, and what is in its chip (卡体)."""

    KIND = Kind.CARD

    id: CardId
    chip_serial: ChipSerial
    lot: PaperNumber
    sheet: PaperNumber
    site: OfficeCode
    state: BodyState = BodyState.IN_STOCK
    destination: OfficeCode | None = None  # of a blank between two sites
    line: PaperNumber | None = None
    work_order: PaperNumber | None = None
    application: ApplicationId | None = None
    attempt: int | None = None
    image: Digest | None = None
    bin_at: OfficeCode | None = None  # whose reject bin it lies in; None: the site's, or in none
    addresses: int = 0  # slots that are used up, written or burnt
    appending: int | None = None  # the slot that is being written
    appended: Digest | None = None  # of what is to stand in it

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.BlankReceived):
            if state is not None:
                yield rules.AlreadyKnown(state.chip_serial)
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        before, _ = STEPS[type(event)]
        if state.state not in before:
            what = f"{type(event).__name__} of a body {state.state.name.lower()}"
            yield card_rules.BodyOutOfOrder(what)
            return
        match event:
            case events.CardPersonalised() if event.image != state.image:
                yield card_rules.BodyIsForAnother(state.chip_serial)
            case events.AddressAppendIntended():
                most = limit("card_address_slots", event.effective_on).amount
                if event.slot != state.addresses + 1 or event.slot > most or state.appending:
                    yield card_rules.SlotNotFree(event.slot)
            case events.AddressPreWritten() | events.AddressAppendAbandoned():
                if event.slot != state.appending:
                    yield card_rules.SlotNotFree(event.slot)
            case events.AddressAppended():
                if event.slot != state.appending:
                    yield card_rules.SlotNotFree(event.slot)
                elif event.digest != state.appended:
                    yield card_rules.BodyIsForAnother(state.chip_serial)
            case events.BlankArrived() if event.site not in {state.site, state.destination}:
                yield making_rules.SentElsewhere(state.destination)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the body after an event."""
        if isinstance(event, events.BlankReceived):
            return cls(
                id=CardId(stream),
                chip_serial=event.chip_serial,
                lot=event.lot,
                sheet=event.sheet,
                site=event.site,
            )
        assert state is not None, f"{type(event).__name__} on an unknown body {stream}"
        after = STEPS[type(event)][1]
        if after is not None:
            state = state.but(state=after)
        match event:
            case events.BlankIssued():
                return state.but(line=event.line, work_order=event.work_order)
            case events.BlankReturned():
                return state.but(line=None, work_order=None)
            case events.BlankTransferred():
                return state.but(destination=event.destination)
            case events.BlankArrived():
                return state.but(site=event.site, destination=None)
            case events.BlankBound():
                return state.but(
                    application=event.application, attempt=event.attempt, image=event.image
                )
            case events.BodySpoiled() | events.BodyFound():
                return state.but(bin_at=event.bin_at)
            case events.AddressAppendIntended():
                return state.but(appending=event.slot, appended=event.digest)
            case events.AddressAppended():
                return state.but(appending=None, addresses=event.slot)
            case events.AddressAppendAbandoned():
                used = event.slot if event.burnt else state.addresses
                return state.but(appending=None, addresses=used)
            case _:
                return state


_B = BodyState
_KEPT = frozenset({_B.IN_STOCK, _B.ON_LINE, _B.BOUND, _B.PERSONALISED})
_GONE = _KEPT | {_B.IN_TRANSIT}
_LEFT_OVER = frozenset({_B.SPOILED, _B.SAMPLED, _B.PERSONALISED})
_WRITTEN = frozenset({_B.PERSONALISED})
#: In which states each step may be taken, and the state after it; None: the same.
STEPS: Mapping[type[Any], tuple[frozenset[BodyState], BodyState | None]] = {
    events.BlankReceived: (frozenset(), _B.IN_STOCK),
    events.BlankIssued: (frozenset({_B.IN_STOCK}), _B.ON_LINE),
    events.BlankReturned: (frozenset({_B.ON_LINE}), _B.IN_STOCK),
    events.BlankTransferred: (frozenset({_B.IN_STOCK}), _B.IN_TRANSIT),
    events.BlankArrived: (frozenset({_B.IN_TRANSIT}), _B.IN_STOCK),
    events.BlankSampled: (frozenset({_B.IN_STOCK, _B.ON_LINE}), _B.SAMPLED),
    events.BlankBound: (frozenset({_B.ON_LINE}), _B.BOUND),
    events.CardPersonalised: (frozenset({_B.BOUND}), _B.PERSONALISED),
    events.BodySpoiled: (_KEPT, _B.SPOILED),
    events.BodyVoidProposed: (_GONE, None),
    events.BodyVoided: (_GONE, _B.VOIDED),
    events.BodyFound: (frozenset({_B.VOIDED}), _B.SPOILED),
    events.BodyDestructionProposed: (_LEFT_OVER, None),
    events.BodyDestroyed: (_LEFT_OVER, _B.DESTROYED),
    events.AddressAppendIntended: (_WRITTEN, None),
    events.AddressPreWritten: (_WRITTEN, None),
    events.AddressAppended: (_WRITTEN, None),
    events.AddressAppendAbandoned: (_WRITTEN, None),
}
