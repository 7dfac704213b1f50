"""An import as decisions know it: what it brought and whether its counts agree (数据入库批次)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import batches as events
from registry.values import BatchId, Digest
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Batches(Aggregate):
    """One delivery of an older system (批次)."""

    KIND = Kind.BATCH

    id: BatchId
    source: str
    name: str
    baseline: date
    checksum: Digest
    persons: int  # rows delivered
    reconciled: bool = False
    agrees: bool = False
    table: Digest | None = None  # of the last reconciliation
    accepted: int = 0
    refused: int = 0

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.BatchOpened) and state is not None:
            yield rules.AlreadyKnown(state.id)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the batch after an entry."""
        if isinstance(event, events.BatchOpened):
            return cls(
                id=BatchId(stream),
                source=event.source,
                name=event.batch,
                baseline=event.baseline,
                checksum=event.checksum,
                persons=event.persons,
            )
        assert state is not None, f"{type(event).__name__} of an unknown batch {stream}"
        if isinstance(event, events.BatchReconciled):
            return state.but(
                reconciled=True,
                agrees=event.agrees,
                table=event.table,
                accepted=event.persons,
                refused=event.refused,
            )
        return state
