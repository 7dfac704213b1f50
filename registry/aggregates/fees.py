"""Fees, cash-books and reliefs as decisions know them (工本费)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import fee_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import fees as events
from registry.values import (
    ApplicationId,
    FeeClass,
    FeeId,
    OfficeCode,
    PaperNumber,
    PersonId,
    ReliefKind,
    ReliefListId,
)
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Fee(Aggregate):
    """The fee of one application (工本费); one that was given back can be taken anew."""

    KIND = Kind.FEE

    id: FeeId
    application: ApplicationId
    fee_class: FeeClass
    tariff_fen: int
    amount_fen: int
    settled: bool = True  # taken or waived, and not given back

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        taken = state is not None and state.settled
        if isinstance(event, events.FeeRefunded):
            if state is None or not taken or event.amount_fen != state.amount_fen:
                yield fee_rules.NothingTaken(event.receipt)
        elif taken:
            yield fee_rules.FeeSettled()

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the fee after an event."""
        if isinstance(event, events.FeeRefunded):
            assert state is not None, f"{stream} gave back what it never took"
            return state.but(settled=False, amount_fen=0)
        return cls(
            id=FeeId(stream),
            application=event.application,
            fee_class=event.fee_class,
            tariff_fen=event.tariff_fen,
            amount_fen=event.amount_fen if isinstance(event, events.FeeCharged) else 0,
        )


@dataclass(frozen=True, kw_only=True)
class CashBook(Aggregate):
    """What an office took on a day, and what became of the money (现金日记账).

    counted_fen: None while the book is open.
    """

    KIND = Kind.CASH_BOOK

    office: OfficeCode
    day: date
    booked_fen: int = 0
    counted_fen: int | None = None
    remitted_fen: int = 0
    receipts: frozenset[PaperNumber] = frozenset()

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        closed = state is not None and state.counted_fen is not None
        match event:
            case events.FeeBooked():
                if closed:
                    yield fee_rules.BookIsClosed(event.effective_on)
                if state is not None and event.receipt in state.receipts:
                    yield fee_rules.ReceiptUsed(event.receipt)
            case events.CashCounted():
                if closed:
                    yield fee_rules.BookIsClosed(event.effective_on)
                if state is None:
                    yield rules.NotKnownYet()
            case events.RemittedToTreasury():
                if not closed:
                    yield fee_rules.BookNotClosed(event.paper)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the book after an event."""
        if isinstance(event, events.FeeBooked):
            here = state or cls(id=stream, office=event.office, day=event.effective_on)
            shown = here.receipts | ({event.receipt} if event.receipt else set())
            return here.but(booked_fen=here.booked_fen + event.amount_fen, receipts=shown)
        assert state is not None, f"{type(event).__name__} on an unknown cash-book {stream}"
        match event:
            case events.CashCounted():
                return state.but(counted_fen=event.counted_fen)
            case events.RemittedToTreasury():
                return state.but(remitted_fen=state.remitted_fen + event.amount_fen)
            case _:
                return state


@dataclass(frozen=True, kw_only=True)
class ReliefList(Aggregate):
    """A list of people who pay less, as it came in (减免名单)."""

    KIND = Kind.RELIEF_LIST

    id: ReliefListId
    relief: ReliefKind
    document: str

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.ReliefListReceived):
            if state is not None:
                yield rules.AlreadyKnown(state.document)
        elif state is None:
            yield rules.NotKnownYet()

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the list after an event."""
        if isinstance(event, events.ReliefListReceived):
            return cls(id=ReliefListId(stream), relief=event.relief, document=event.document)
        assert state is not None, f"a row of an unknown list {stream}"
        return state


@dataclass(frozen=True)
class Listed:
    """On a list, between two days, both included."""

    relief: ReliefKind
    valid_from: date
    valid_until: date


@dataclass(frozen=True, kw_only=True)
class Relief(Aggregate):
    """The lists on which somebody stands (减免资格)."""

    KIND = Kind.RELIEF

    person: PersonId
    lists: Mapping[ReliefListId, Listed] = field(default_factory=dict)

    def on(self, relief: ReliefKind, day: date) -> ReliefListId | None:
        """The list that shows a relief on a day, if one does."""
        for one, listed in self.lists.items():
            if listed.relief == relief and listed.valid_from <= day <= listed.valid_until:
                return one
        return None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        known = state is not None and event.relief_list in state.lists
        if isinstance(event, events.ReliefGranted):
            if known:
                yield rules.AlreadyKnown(event.relief_list)
        elif not known:
            yield fee_rules.NotOnTheList(event.relief_list)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the lists after an event."""
        if isinstance(event, events.ReliefGranted):
            listed = Listed(event.relief, event.valid_from, event.valid_until)
            before = {} if state is None else state.lists
            return cls(id=stream, person=event.person, lists={**before, event.relief_list: listed})
        assert state is not None, f"{stream} was never on a list"
        left = {one: on for one, on in state.lists.items() if one != event.relief_list}
        return state.but(lists=left)
