"""A package of data or of cards between two offices as decisions know it (数据包)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from registry.aggregates import making_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import packages as events
from registry.values import (
    ApplicationId,
    Digest,
    OfficeCode,
    PackageAnomaly,
    PackageContent,
    PackageId,
    PackageNumber,
)
from registry.vocabulary import Kind


class PackageState(StrEnum):
    """How far a package has come."""

    SENT = "sent"
    PARTLY = "partly"  # some of it was received
    RECEIVED = "received"
    REJECTED = "rejected"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Package(Aggregate):
    """A package: what is in it, for whom, and what of it has come (数据包)."""

    KIND = Kind.PACKAGE

    id: PackageId
    package_number: PackageNumber
    content: PackageContent
    sender: OfficeCode
    receiver: OfficeCode
    sent_on: date
    digest: Digest
    members: tuple[ApplicationId, ...]
    missing: tuple[ApplicationId, ...]  # what has not come
    state: PackageState = PackageState.SENT
    since: date
    received_on: date | None = None  # the first of it
    anomaly: PackageAnomaly | None = None  # the last that was found
    again: int = 0  # how often it came again

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.PackageSent):
            if state is not None:
                yield making_rules.PackageNumberUsed(state.package_number)
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        whole = state.state in {PackageState.RECEIVED, PackageState.REJECTED}
        match event:
            case events.PackageReceived():
                if whole:
                    yield making_rules.PackageSettled(state.package_number)
                awaited = set(state.missing)
                if set(event.members) - awaited or set(event.missing) != awaited - set(
                    event.members
                ):
                    yield making_rules.NotInThePackage(state.package_number)
            case events.PackageCameAgain():
                if state.received_on is None:
                    yield making_rules.PackageUnknown(state.package_number)
            case events.PackageRejected():
                if state.state is not PackageState.SENT:
                    yield making_rules.PackageSettled(state.package_number)
            case events.PackageReportedLost():
                if whole or state.state is PackageState.LOST:
                    yield making_rules.PackageSettled(state.package_number)
                elif event.missing != state.missing:
                    yield making_rules.NotInThePackage(state.package_number)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the package after an entry."""
        day = event.effective_on
        if isinstance(event, events.PackageSent):
            return cls(
                id=PackageId(stream),
                package_number=event.package_number,
                content=event.content,
                sender=event.sender,
                receiver=event.receiver,
                sent_on=day,
                digest=event.digest,
                members=event.members,
                missing=event.members,
                since=day,
            )
        assert state is not None, f"{type(event).__name__} on an unknown package {stream}"
        match event:
            case events.PackageReceived():
                return state.but(
                    missing=event.missing,
                    state=PackageState.PARTLY if event.missing else PackageState.RECEIVED,
                    since=day,
                    received_on=state.received_on or day,
                    anomaly=event.anomaly,
                )
            case events.PackageRejected():
                return state.but(state=PackageState.REJECTED, since=day, anomaly=event.anomaly)
            case events.PackageReportedLost():
                return state.but(state=PackageState.LOST, since=day)
            case _:
                return state.but(again=state.again + 1)
