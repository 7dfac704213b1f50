"""The ledger of a batch: opened with what came, closed with what became of it, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from adapters.bulk_counts import Reconciliation, unit_events
from adapters.bulk_extract import Extract
from adapters.bulk_report import Report
from registry.aggregates import Batches
from registry.codec import Codec
from registry.commands.extract import DOORPLATES, HOUSEHOLDS, PERSONS, STREETS, Batch
from registry.commands.import_findings import batch_id
from registry.entry import Entry
from registry.events.batches import BatchOpened, BatchReconciled
from registry.register import Authority
from registry.store import Append, EntryStore, Failed, Receipt
from registry.values import Digest

Salt = Callable[[], bytes]


def opening(batch: Batch, extract: Extract, checksum: bytes) -> Entry:
    """What came."""
    event = BatchOpened(
        effective_on=batch.today,
        source=batch.source,
        batch=batch.name,
        baseline=batch.baseline,
        checksum=Digest(checksum.hex()),
        mapping=None if extract.mapping is None else Digest(extract.mapping),
        streets=extract.size(STREETS),
        doorplates=extract.size(DOORPLATES),
        households=extract.size(HOUSEHOLDS),
        persons=extract.size(PERSONS),
    )
    return Entry(batch_id(batch), 1, event, batch.today)


def reconciled(batch: Batch, report: Report, made: Reconciliation) -> list[Any]:
    """What became of it: an event for each unit, and one for all of it."""
    units = unit_events(made, effective_on=batch.today)
    whole = BatchReconciled(
        effective_on=batch.today,
        agrees=made.agrees,
        units=len(units),
        differences=len(made.differences),
        table=Digest(made.digest()),
        declared=made.total("declared") if made.declared else None,
        delivered=made.total("delivered"),
        persons=made.total("accepted"),
        with_findings=report.with_findings,
        refused=made.total("refused"),
        repeated=made.total("repeated"),
        households=report.accepted[HOUSEHOLDS],
        cases=report.cases,
    )
    return [*units, whole]


def close(
    store: EntryStore,
    codec: Codec,
    salt: Salt,
    by: Authority,
    submission: Callable[[str], UUID],
    batch: Batch,
    events: Sequence[Any],
) -> int:
    """Record the reconciliation, unless the last one said the same; how many entries it took."""
    stream = batch_id(batch)
    whole = events[-1]
    for _ in range(ATTEMPTS):
        held = [codec.entry(one) for one in store.streams([stream]).get(stream, ())]
        known = Batches.fold(held)
        if known is not None and known.table == whole.table:
            return 0
        entries = [
            codec.stored(Entry(stream, version, event, batch.today), salt)
            for version, event in enumerate(events, len(held) + 1)
        ]
        name = f"close/{len(held)}/{whole.table}"
        digest = bytes.fromhex(whole.table)
        wish = Append(
            submission(name), by.officer, by.office, digest, b"{}", entries, {stream: len(held)}
        )
        (outcome,) = store.append([wish])
        if isinstance(outcome, Receipt):
            return outcome.count
        if isinstance(outcome, Failed):
            raise outcome.error
    raise AssertionError(f"batch {batch.name} does not race for ever")


ATTEMPTS = 10
