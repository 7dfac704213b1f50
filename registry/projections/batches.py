"""What was imported, and how its counts compare with those declared, on both clocks (入库核对)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, Select, select

from registry.events.batches import BatchOpened, BatchReconciled, UnitReconciled
from registry.projections.base import (
    At,
    Day,
    Key,
    Lookup,
    Rows,
    Sheet,
    Values,
    Words,
    dated,
    visible,
)
from registry.values import day_number
from registry.vocabulary import Kind

EDITION = 1
UNITS_EDITION = 1
#: What is counted of a batch, in the order of the columns after its delivery.
COUNTS = (
    *("differences", "declared", "delivered", "persons", "with_findings", "refused", "repeated"),
    *("households", "cases"),
)
UNIT_COUNTS = ("declared", "delivered", "accepted", "refused", "repeated")


def opened(state: Values | None, event: Any, stream: UUID) -> Values:
    """A batch's row after an entry; of a reconciliation the last one counts."""
    match event:
        case BatchOpened():
            came = (event.source, event.batch, day_number(event.baseline), str(event.checksum))
            return (*came, event.persons, None, None, *(None for _ in COUNTS))
        case BatchReconciled():
            assert state is not None, "a batch is opened first"
            counts = (getattr(event, name) for name in COUNTS[3:])
            told = (event.differences, event.declared, event.delivered, *counts)
            return (*state[:5], int(event.agrees), str(event.table), *told)
        case _:
            assert state is not None, "a batch is opened first"
            return state


def batch_rows(state: Values) -> Rows:
    """A batch's row."""
    return {(): state}


def units(state: dict[Key, Values] | None, event: Any, stream: UUID) -> dict[Key, Values]:
    """The rows of a batch's units after an entry."""
    held = dict(state or {})
    if isinstance(event, UnitReconciled):
        counts = (getattr(event, name) for name in UNIT_COUNTS)
        held[(event.unit,)] = (*counts, len(event.differences))
    return held


def unit_rows(state: dict[Key, Values]) -> Rows:
    """A row for each unit."""
    return state


BATCHES = dated(
    "batches",
    EDITION,
    Kind.BATCH,
    Sheet(
        "batch",
        values=(
            Column("system", Words, nullable=False),
            Column("name", Words, nullable=False),
            Column("baseline", Day, nullable=False),
            Column("checksum", Words, nullable=False),
            Column("rows", Integer, nullable=False),
            Column("agrees", Integer),
            Column("digest", Words),
            *(Column(name, Integer) for name in COUNTS),
        ),
        lookups=(Lookup(("system", "name")),),
    ),
    batch_rows,
    fold=opened,
)
BATCH_UNITS = dated(
    "batch_units",
    UNITS_EDITION,
    Kind.BATCH,
    Sheet(
        "batch",
        key=(Column("unit", Words, nullable=False),),
        values=(
            *(Column(name, Integer, nullable=name == "declared") for name in UNIT_COUNTS),
            Column("differences", Integer, nullable=False),
        ),
    ),
    unit_rows,
    fold=units,
)
batches = BATCHES.table
batch_units = BATCH_UNITS.table


def every(at: At) -> Select[Any]:
    """All batches, by system and name."""
    return select(batches).where(visible(batches, at)).order_by(batches.c.system, batches.c.name)


def one(batch: UUID, at: At) -> Select[Any]:
    """A batch."""
    return select(batches).where(batches.c.batch == batch.bytes, visible(batches, at))


def units_of(batch: UUID, at: At) -> Select[Any]:
    """The units of a batch and how they were reconciled."""
    return (
        select(batch_units)
        .where(batch_units.c.batch == batch.bytes, visible(batch_units, at))
        .order_by(batch_units.c.unit)
    )
