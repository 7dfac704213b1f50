"""Sequence registers, numbers and number cases as decisions know them (顺序码登记表, 重错号)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import numbers as events
from registry.values import (
    ApplicationId,
    BookId,
    CaseId,
    CitizenNumber,
    DivisionCode,
    DuplicateResolution,
    KeeperReason,
    NumberFaultKind,
    NumberId,
    OfficeCode,
    PaperNumber,
    PersonId,
    Sex,
)
from registry.vocabulary import Kind


@dataclass(frozen=True)
class Segment:
    """A range of sequence codes that a station holds for births from a day on (顺序码段)."""

    station: OfficeCode
    first: int
    last: int
    valid_from: date


@dataclass(frozen=True, kw_only=True)
class SegmentPlan(Aggregate):
    """How one address code's 999 sequence codes are split among stations."""

    KIND = Kind.SEGMENTS

    segments: tuple[Segment, ...] = ()

    def of(self, station: OfficeCode, birth: date) -> tuple[Segment, ...]:
        """The station's segments for a birth date: the newest allotted not after it."""
        held = [one for one in self.segments if one.station == station and one.valid_from <= birth]
        newest = max((one.valid_from for one in held), default=None)
        return tuple(
            sorted((one for one in held if one.valid_from == newest), key=lambda one: one.first)
        )

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if not 1 <= event.first <= event.last <= 999:
            yield rules.SegmentOutOfRange(f"{event.first:03d}-{event.last:03d}")
        for one in state.segments if state else ():
            if (
                one.valid_from == event.valid_from
                and one.first <= event.last
                and event.first <= one.last
            ):
                yield rules.SegmentOverlap(f"{one.first:03d}-{one.last:03d} {one.station}")

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the plan after an allotment."""
        old = state.segments if state else ()
        new = Segment(event.station, event.first, event.last, event.valid_from)
        return cls(id=stream, segments=(*old, new))


@dataclass(frozen=True, kw_only=True)
class SequenceBook(Aggregate):
    """The codes of one segment for one address code and birth date (顺序码登记表)."""

    KIND = Kind.BOOK

    id: BookId
    address_code: DivisionCode
    birth_date: date
    first: int
    last: int
    used: frozenset[int] = frozenset()

    @staticmethod
    def candidates(first: int, last: int, used: frozenset[int], sex: Sex) -> list[int]:
        """Free codes of a sex, best first: above the highest used of that sex, then the gaps.

        Codes are odd for men and even for women. Source: GB 11643-1999; register practice.
        """
        parity = 1 if sex is Sex.MALE else 0
        codes = range(first + (first % 2 != parity), last + 1, 2)
        highest = max((code for code in used if code % 2 == parity), default=0)
        free = [code for code in codes if code not in used]
        return [code for code in free if code > highest] + [c for c in free if c <= highest]

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.CodeDrawn) and state and event.sequence in state.used:
            yield rules.NumberEverHeld(f"{event.sequence:03d}")

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the book after an entry."""
        match event:
            case events.BookOpened():
                if state is not None:
                    return state.but(first=event.first, last=event.last)
                return cls(
                    id=BookId(stream),
                    address_code=event.address_code,
                    birth_date=event.birth_date,
                    first=event.first,
                    last=event.last,
                )
            case events.CodesRecorded():
                if state is None:
                    state = cls(
                        id=BookId(stream),
                        address_code=event.address_code,
                        birth_date=event.birth_date,
                        first=0,
                        last=0,
                    )
                return state.but(used=state.used | set(event.sequences))
            case _:
                assert state is not None, f"a code drawn from an unopened book {stream}"
                return state.but(used=state.used | {event.sequence})


@dataclass(frozen=True, kw_only=True)
class Number(Aggregate):
    """A citizen number and whoever holds or held it (公民身份号码)."""

    KIND = Kind.NUMBER

    id: NumberId
    number: CitizenNumber
    holders: Mapping[PersonId, bool] = field(default_factory=dict)  # person: holds it now

    @property
    def held_by(self) -> tuple[PersonId, ...]:
        """Who holds it now; more than one means an open case."""
        return tuple(person for person, holds in self.holders.items() if holds)

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        match event:
            case events.NumberGiven() if state is not None:
                yield rules.NumberEverHeld(state.number.masked)
            case events.HoldingEnded():
                if state is None or not state.holders.get(event.person):
                    yield rules.NotHolder(event.person)
            case events.HoldingResumed():
                if state is None or event.person not in state.holders:
                    yield rules.NotHolder(event.person)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the number after an entry."""
        if isinstance(event, (events.NumberGiven, events.NumberRecorded)):
            if state is None:
                state = cls(id=NumberId(stream), number=event.number)
            return state.but(holders={**state.holders, event.person: True})
        assert state is not None, f"{type(event).__name__} on an unknown number {stream}"
        holds = isinstance(event, events.HoldingResumed)
        return state.but(holders={**state.holders, event.person: holds})


@dataclass(frozen=True, kw_only=True)
class NumberCase(Aggregate):
    """A fault of a number that officers have to decide (重号, 错号, 漏编)."""

    KIND = Kind.CASE

    id: CaseId
    fault: NumberFaultKind
    number: NumberId | None
    parties: frozenset[PersonId]
    wrong: tuple[str, ...] = ()  # what is wrong with the number
    open: bool = True
    proposed: PersonId | None = None
    reason: KeeperReason | None = None
    notified: frozenset[PersonId] = frozenset()
    decided: bool = False
    keeper: PersonId | None = None
    papers: Mapping[PersonId, PaperNumber] = field(default_factory=dict)  # that prove a change
    called_in: frozenset[ApplicationId] = frozenset()
    resolution: DuplicateResolution | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.NumberCaseOpened):
            if state is not None and state.open:
                yield rules.AlreadyKnown(state.id)
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        if not state.open and not isinstance(event, events.PartyAdded):
            yield rules.CaseIsClosed(state.id)
        named = [getattr(event, name, None) for name in ("keeper", "person")]
        named += getattr(event, "changed", ())
        if not isinstance(event, events.PartyAdded):
            for person in named:
                if person is not None and person not in state.parties:
                    yield rules.NotParty(person)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the case after an entry; a closed case opens again with a new fault."""
        if isinstance(event, events.NumberCaseOpened):
            parties = frozenset(event.parties) | (state.parties if state else frozenset())
            return cls(
                id=CaseId(stream),
                fault=event.fault,
                number=event.number,
                parties=parties,
                wrong=event.faults,
            )
        assert state is not None, f"{type(event).__name__} on an unknown case {stream}"
        match event:
            case events.PartyAdded():
                # Whoever comes later has a say: what was proposed and decided was without him.
                return state.but(
                    parties=state.parties | {event.person},
                    open=True,
                    proposed=None,
                    reason=None,
                    decided=False,
                )
            case events.KeeperProposed():
                return state.but(proposed=event.keeper, reason=event.reason)
            case events.PartyNotified():
                return state.but(notified=state.notified | {event.person})
            case events.NumberCaseDecided():
                return state.but(decided=True, keeper=event.keeper)
            case events.NumberChangeProven():
                return state.but(papers={**state.papers, event.person: event.paper})
            case events.CardCalledIn():
                return state.but(called_in=state.called_in | {event.application})
        return state.but(open=False, keeper=event.keeper, resolution=event.resolution)
