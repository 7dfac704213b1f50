"""Streets and door plates as decisions and read models know them (街路巷, 门楼牌)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import address as events
from registry.values import CommunityId, DivisionId, DoorplateId, PlateNumber, StreetId, Text
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Street(Aggregate):
    """A street, road or lane with a name (街路巷)."""

    KIND = Kind.STREET

    id: StreetId
    division: DivisionId
    street_name: Text
    closed_on: date | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.StreetNamed):
            if state is not None:
                yield rules.AlreadyKnown(state.id)
        elif state is None:
            yield rules.NotKnownYet()
        elif state.closed_on is not None:
            yield rules.StreetIsClosed(state.id)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the street after an event."""
        if isinstance(event, events.StreetNamed):
            return cls(id=StreetId(stream), division=event.division, street_name=event.street_name)
        assert state is not None, f"{type(event).__name__} on an unknown street {stream}"
        match event:
            case events.StreetRenamed():
                return state.but(street_name=event.street_name)
            case events.StreetClosed():
                return state.but(closed_on=event.effective_on)
            case _:
                return state


@dataclass(frozen=True, kw_only=True)
class Doorplate(Aggregate):
    """An address at which households can be registered (门楼牌)."""

    KIND = Kind.DOORPLATE

    id: DoorplateId
    street: StreetId
    plate_number: PlateNumber
    plate_detail: Text | None
    community: CommunityId
    frozen: bool = False
    closed_on: date | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, OPENING):
            if state is not None:
                yield rules.AlreadyKnown(state.id)
        elif state is None:
            yield rules.NotKnownYet()
        elif state.closed_on is not None:
            yield rules.DoorplateIsClosed(state.id)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the door plate after an event."""
        if isinstance(event, OPENING):
            return cls(
                id=DoorplateId(stream),
                street=event.street,
                plate_number=event.plate_number,
                plate_detail=event.plate_detail,
                community=event.community,
            )
        assert state is not None, f"{type(event).__name__} on an unknown door plate {stream}"
        match event:
            case events.DoorplateChanged():
                return state.but(
                    street=event.street,
                    plate_number=event.plate_number,
                    plate_detail=event.plate_detail,
                )
            case events.DoorplateAdjusted():
                return state.but(community=event.community)
            case events.DoorplateFrozen():
                return state.but(frozen=event.frozen)
            case events.DoorplateClosed():
                return state.but(closed_on=event.effective_on)
            case _:
                return state


OPENING = (events.DoorplateRegistered, events.DoorplateImported)
