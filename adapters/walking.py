"""The store gone through in bulk: is every row as it must be, and what do the rows add up to.

Rows are read as columns, a lot of positions at a time, by several processes. What does not look as
it is always written is looked at as an entry. Of every stretch of positions a sum is kept, by which
the sealed log is held against the store without reading it again.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context

import numpy as np
import pyarrow as pa

from adapters.collecting import collect_rarely
from adapters.columnar import Columnar, entry_of
from adapters.invariants import Broken, Place, Seen, order_faults, own_faults
from registry.codec import Codec
from replay.columns.forms import Column
from replay.columns.sums import row_sums
from replay.intake.digests import doubtful
from replay.intake.lots import integers
from replay.intake.rows import Intake
from replay.sealed.handles import ColumnarSpaces

#: Positions of one stretch, which has one sum: as many are read as entries where two sums differ.
SPAN = 256
#: Rows that a process reads and looks at together.
LOT = 512 * SPAN
PROCESSES = 2
CODEC = Codec()


@dataclass(frozen=True)
class Lot:
    """What a process saw of the rows after one position, up to another.

    first, last: of its rows, None where there is none. sums u8, of each stretch of positions.
    """

    entries: int
    first: Place | None
    last: Place | None
    faults: Sequence[Broken]
    sums: Column


@dataclass
class Walked(Seen):
    """What was seen of all rows up to `head`; sums u8, of each stretch of positions."""

    sums: Column = field(default_factory=lambda: np.zeros(0, "u8"))


def walk(
    url: str,
    head: int,
    key: bytes,
    progress: Callable[[int], None] = lambda position: None,
    processes: int = PROCESSES,
) -> Walked:
    """Look at every row up to a position.

    key: what the sums hang on, drawn for one comparison. progress: told the position reached.
    """
    seen, last, sums = Walked(head), None, []
    for number, lot in enumerate(_lots(url, head, key, processes), 1):
        seen.entries += lot.entries
        if last is not None and lot.first is not None:
            seen.note(order_faults(last, lot.first))
        seen.note(lot.faults)
        last = lot.last or last
        sums.append(lot.sums)
        progress(min(number * LOT, head))
    seen.sums = np.concatenate([np.zeros(0, "u8"), *sums])
    return seen


def _lots(url: str, head: int, key: bytes, processes: int) -> Iterator[Lot]:
    """Every lot, by position."""
    waiting: deque[Future[Lot]] = deque()
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_open, initargs=(url, key)
    ) as pool:
        for after in range(0, head, LOT):
            waiting.append(pool.submit(_lot, after, min(after + LOT, head)))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_OPENED: list[tuple[Columnar, bytes]] = []


def _open(url: str, key: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends who shares out, and so us
    collect_rarely()
    _OPENED.append((Columnar(url), key))


def _lot(after: int, until: int) -> Lot:
    ((source, key),) = _OPENED
    batches = [*source.batches(after, until)]
    lot = looked_at(batches, after, until, key, cache(lambda: source.foreign(after, until)))
    for position in source.untold(after, until):  # no column says it, so no sum would
        lot.sums[(position - 1 - after) // SPAN] += np.uint64(1)
    return lot


def looked_at(
    batches: Sequence[pa.RecordBatch],
    after: int,
    until: int,
    key: bytes,
    foreign: Callable[[], set[int]] = set,
) -> Lot:
    """Look at the rows after one position, up to another, as a database gave them.

    foreign: tells the positions of events that are none of ours, asked where there seem to be some.
    """
    positions, instants = (
        np.concatenate([np.zeros(0, "i8"), *(integers(one.column(name)) for one in batches)])
        for name in ("position", "recorded_at")
    )

    def place(row: int) -> Place:
        return Place(int(positions[row]), int(instants[row]))

    faults: list[Broken] = []
    for row in np.flatnonzero((np.diff(positions) != 1) | (np.diff(instants) < 0)).tolist():
        faults += order_faults(place(row), place(row + 1))
    sums, odd = np.zeros(until - after, "u8"), np.zeros(until - after, np.bool_)
    _add_up(batches, after, key, sums, odd)
    for batch in batches:
        places = integers(batch.column("position")) - 1 - after
        odd[places[doubtful(batch)]] = True
        for row in np.flatnonzero(odd[places]).tolist():
            (told,) = batch.slice(row, 1).to_pylist()
            if told["code"] != 0 or told["position"] not in foreign():
                faults += own_faults(entry_of(told))
    many = len(positions)
    spans = np.arange(0, len(sums), SPAN)
    return Lot(
        many,
        place(0) if many else None,
        place(many - 1) if many else None,
        faults,
        np.add.reduceat(sums, spans),
    )


def _add_up(
    batches: Sequence[pa.RecordBatch], after: int, key: bytes, sums: Column, odd: Column
) -> None:
    """Write what each row adds to the sum of its stretch, and which have to be read as entries.

    Where rows cannot be taken in together, half of them are, and in the end none: those that are
    left are odd, and add nothing.
    """
    spaces = ColumnarSpaces()
    intake = Intake(spaces, CODEC)
    try:
        for batch in batches:
            intake.add(batch)
        for run in intake.runs().values():
            places = run.position.astype("i8") - 1 - after
            sums[places] = row_sums(run, spaces, key)
    except Exception:  # what it was is told by whoever reads the row as an entry
        rows = sum(batch.num_rows for batch in batches)
        if rows > SPAN:
            for half in _halves(batches, rows):
                _add_up(half, after, key, sums, odd)
            return
        for batch in batches:
            places = integers(batch.column("position")) - 1 - after
            sums[places], odd[places] = 0, True


def _halves(batches: Sequence[pa.RecordBatch], rows: int) -> Iterator[list[pa.RecordBatch]]:
    """Rows in two halves, on the same memory."""
    table = pa.Table.from_batches(batches)
    yield table.slice(0, rows // 2).to_batches()
    yield table.slice(rows // 2).to_batches()
