"""What old cards are put into, and what temporary ones are printed on (旧证箱, 临时居民身份证)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import card_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import bins as events
from registry.values import ApplicationId, BinId, OfficeCode, PaperNumber
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Bin(Aggregate):
    """A bin of old cards that the register does not know, counted by its own entries (旧证箱)."""

    KIND = Kind.BIN

    id: BinId
    office: OfficeCode
    bin_number: PaperNumber
    opened_on: date
    cards: int = 0
    destroyed_on: date | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.BinOpened):
            if state is not None:
                yield rules.AlreadyKnown(state.bin_number)
        elif state is None:
            yield rules.NotKnownYet()
        elif state.destroyed_on is not None:
            yield card_rules.BinIsDestroyed(state.bin_number)
        elif not isinstance(event, events.OldCardTakenIn) and event.cards != state.cards:
            what = f"{state.bin_number}: {event.cards} counted, {state.cards} taken in"
            yield card_rules.CountDiffers(what)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the bin after an event."""
        if isinstance(event, events.BinOpened):
            return cls(
                id=BinId(stream),
                office=event.office,
                bin_number=event.bin_number,
                opened_on=event.effective_on,
            )
        assert state is not None, f"{type(event).__name__} on an unknown bin {stream}"
        match event:
            case events.OldCardTakenIn():
                return state.but(cards=state.cards + 1)
            case events.BinDestroyed():
                return state.but(destroyed_on=event.effective_on)
            case _:
                return state


@dataclass(frozen=True, kw_only=True)
class TemporaryForm(Aggregate):
    """A printed form that became a temporary card, under the number on it (临时居民身份证)."""

    KIND = Kind.TEMPORARY

    application: ApplicationId

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if state is not None:
            yield card_rules.FormIsUsed()

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the form after its entry."""
        return cls(id=stream, application=event.application)
