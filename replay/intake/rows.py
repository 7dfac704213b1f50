"""Stored rows in bulk, as a database gives them, into runs: what is sealed, without objects.

Halves are scanned where they lie and their values converted a column at a time. The result is what
`replay.columns.exact.stored_runs` makes of the same rows one by one.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from registry import events
from registry.codec import Codec
from registry.values import day_number
from registry.vocabulary import Kind, word_of
from replay.columns.forms import Column, KeptSpaces, Spaces
from replay.columns.runs import Run
from replay.intake.digests import doubtful
from replay.intake.halves import Columns
from replay.intake.lots import HALVES, KEYS, KINDS, NUMBERS, TEXTS, Buffer, Lot, Unreadable, binary
from replay.intake.plans import plan
from replay.intake.tokens import lay

__all__ = ["HALVES", "KEYS", "NUMBERS", "TEXTS", "Intake", "Unreadable"]


def rehearse() -> None:
    """Take one row in, so that every kernel of intake is compiled."""
    shapes: Any = events.household
    member = shapes.Member(person=_SOMEBODY, relation="02")
    told = shapes.HouseholdImported(
        effective_on=date(2004, 6, 1),
        household_number="1",
        household_type="1",
        doorplate=_SOMEBODY,
        community=_SOMEBODY,
        members=(member,),
        head=None,
        source="",
        batch="",
    )
    state, private = Codec().halves(told, lambda: bytes(16))
    numbers = {name: pa.array([1]) for name in NUMBERS}
    numbers["code"] = pa.array([word_of(told).code])
    numbers["effective_on"] = pa.array([day_number(told.effective_on)])
    ids = {name: pa.array([_SOMEBODY.bytes]) for name in KEYS}
    names = {name: pa.array([""]) for name in TEXTS}
    halves = {"state": pa.array([state]), "private": pa.array([private])}
    intake = Intake(KeptSpaces())
    row = pa.RecordBatch.from_pydict({**numbers, **ids, **names, **halves})
    intake.add(row)
    intake.runs()
    doubtful(row)
    nobody = np.empty(0, "u4")
    lay(np.empty(0, "u1"), nobody, nobody, np.empty((0, 18), "u1"))


_SOMEBODY = UUID(int=1)


class Intake:
    """Takes rows in, batch by batch and by position, and gives runs of all it has taken.

    Raises Unreadable for a row that this program cannot read.
    """

    def __init__(self, spaces: Spaces, codec: Codec | None = None) -> None:
        self.spaces = spaces
        self.codec = codec or Codec()
        self._buffer = Buffer()
        self._clear()

    def _clear(self) -> None:
        self._buffer.used = 0
        self._rows = 0
        self._batches: list[pa.RecordBatch] = []
        self._ends: dict[str, list[Column]] = {name: [] for name in HALVES}

    def __len__(self) -> int:
        return self._rows

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of rows in; they follow those before by position."""
        for name in HALVES:
            ends, data = binary(batch.column(name))
            first = self._buffer.put(data[ends[0] : ends[-1]])
            self._ends[name].append(ends - ends[0] + first)
        self._batches.append(batch.select([*NUMBERS, *TEXTS, *KEYS]))
        self._rows += batch.num_rows

    def runs(self) -> dict[Kind, Run]:
        """What was taken in, one run for each kind of stream; then nothing is left."""
        try:
            return self._runs() if self._rows else {}
        finally:
            self._clear()

    def _runs(self) -> dict[Kind, Run]:
        halved = []
        for name in HALVES:
            halved.append(np.concatenate([ends[:-1] for ends in self._ends[name]]))
            halved.append(np.concatenate([ends[1:] for ends in self._ends[name]]))
        lot = Lot(self.codec, self._buffer, self._batches, np.array(halved).astype("u4"))
        if (np.diff(lot.numbers["position"]) != 1).any():
            raise Unreadable("positions are not dense; `registry check store` says where")
        kinds = lot.kinds
        _, firsts = np.unique(kinds, return_index=True)
        in_order = kinds[np.sort(firsts)].tolist()
        return {
            KINDS[kind]: self._run(lot, KINDS[kind], np.flatnonzero(kinds == kind))
            for kind in in_order
        }

    def _run(self, lot: Lot, kind: Kind, rows: Column) -> Run:
        """The run of one kind of stream; rows: those of it, by position."""
        streams = lot.ids["stream"][rows]
        entity = self.spaces.packed(kind.value, streams[:, 0].copy(), streams[:, 1].copy())
        # The row within the key: sorting keys is several times faster than sorting by them.
        keys = np.sort(entity.astype("u8") << np.uint64(32) | np.arange(len(rows), dtype="u8"))
        rows = rows[(keys & np.uint64(2**32 - 1)).astype("i8")]
        entity = (keys >> np.uint64(32)).astype("u4")
        begins = np.flatnonzero(np.append(True, entity[1:] != entity[:-1]))
        versions = lot.numbers["version"][rows]
        gaps = np.diff(versions) != 1
        gaps[begins[1:] - 1] = False
        if gaps.any():
            row = rows[np.argmax(gaps)]
            high, low = (int(one) for one in lot.ids["stream"][row])
            stream, version = UUID(int=high << 64 | low), lot.numbers["version"][row]
            raise Unreadable(f"{stream} has no version {version + 1}")
        made = Columns(lot, plan(kind), self.spaces, rows).columns()
        return Run(
            entities=entity[begins],
            starts=np.append(begins, len(rows)).astype("u4"),
            first_version=versions[begins].astype("u4"),
            **made,
        )
