"""The check of all read models: by columns where the sealed log is the store's, else by entries.

Columns tell twelve of them at a third to a sixth of the cost. What they find is compared by
entries, so that a fault is named the same way, and is one only where the entries say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import cpu_count
from secrets import token_bytes
from typing import TYPE_CHECKING

from adapters.matching import pieces, pieces_at_once, pieces_of
from adapters.rebuilding import passes
from adapters.verdicts import Found
from registry.projections import PROJECTIONS

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from registry.store import EntryStore
    from replay.columns.log import Log
    from replay.sealed.reading import SealedLog

#: Entries from which on several processes, and columns, are worth their start.
SHARED_FROM = 50_000
#: How many share the work of a check: all cores, since each takes half a gigabyte, up to eight.
PROCESSES = max(2, min(8, cpu_count() or 2))


def compared(
    parts: Parts,
    log: Log,
    names: Sequence[str],
    sound: SealedLog | None,
    progress: Callable[[float], None],
) -> Found:
    """Compare every row of some read models.

    sound: the sealed log, if it was found to be the store's. progress: told the share done.
    """
    found = Found(0, "rows")
    filled: set[str] = set()
    columns, why = by_columns(parts.store, names, sound)
    rest = [name for name in names if name not in columns]
    if columns:
        assert sound is not None, "asked for above"
        filled |= held(parts, sound, columns, found, lambda share: progress(share / 2))
    if rest:
        filled |= folded(parts, log, rest, found, progress)
    if parts.store.head()[0]:
        absent = sorted({*names} - filled)
        found.note(f"{name} is not filled; `registry follow` fills it" for name in absent)
    told = [("by columns", columns), ("by entries", rest)]
    found.ways = "; ".join(f"{how}: {', '.join(its)}" for how, its in told if its) + why
    return found


def by_columns(
    store: EntryStore, names: Sequence[str], sound: SealedLog | None
) -> tuple[list[str], str]:
    """Which read models columns tell, and why it is none where it could be some."""
    if store.head()[0] < SHARED_FROM:
        return [], ""
    if sound is None:
        return [], " (columns are believed if `sealed` was checked too, and holds)"
    from adapters.replaying import REPLAYED
    from adapters.replaying.holding import TAIL, waiting

    if (many := waiting(sound, store)) > TAIL:
        return [], f" (for columns {many:,} entries too many wait for `registry seal`)"
    return [name for name in names if name in REPLAYED], ""


def held(
    parts: Parts,
    log: SealedLog,
    names: Sequence[str],
    found: Found,
    progress: Callable[[float], None],
) -> set[str]:
    """Hold read models against columns; gives those that are filled."""
    from adapters.replaying import holding

    engine, store, url = parts.engine, parts.store, parts.settings.database
    told = [*holding.held(engine, store.node, log, names, token_bytes(32), PROCESSES, progress)]
    found.checked += sum(one.rows for one in told)
    odd = [part for one in told for part in one.parts]
    wrong = {part for one in told for part in one.wrong}
    for part, its in zip(
        odd, pieces_of(url, store.node, engine, store, odd, PROCESSES), strict=True
    ):
        faults = [fault for piece in its for fault in piece.faults]
        if part in wrong and not faults:
            faults = [f"{part[0]}: rows are others than columns say; entries do not say which"]
        found.note(faults)
    return {one.name for one in told}


def folded(
    parts: Parts,
    log: Log,
    names: Sequence[str],
    found: Found,
    progress: Callable[[float], None],
) -> set[str]:
    """Compare read models with what the store's entries say; gives those that are filled."""
    engine, store, url = parts.engine, parts.store, parts.settings.database
    told = (
        pieces(engine, store, names)
        if store.head()[0] < SHARED_FROM
        else pieces_at_once(url, store.node, engine, passes(names), PROCESSES)
    )
    kinds = {kind for name in names for kind in PROJECTIONS[name].kinds}
    streams, done, last, filled = sum(map(log.count, kinds)), 0, b"", set()
    for piece in told:
        if piece.last != last:
            done, last = done + piece.streams, piece.last
            progress(min(1.0, done / max(1, streams)))
        filled.add(piece.model)
        found.checked += piece.rows
        found.note(piece.faults)
    return filled
