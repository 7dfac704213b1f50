"""What is looked up in a sealed log: handles of identifiers, and positions of instants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from replay.columns.faults import Damaged, Flaw
from replay.columns.forms import Column
from replay.columns.runs import Run
from replay.sealed.files import ColumnFile, Written, write
from replay.sealed.handles import Chunk, ColumnarSpaces
from replay.sealed.manifest import Part, counts

#: Gives a new file its name.
Name = Callable[[str], str]
IDS, INSTANTS = "ids", "instants"
#: An instant that nothing was recorded at.
NEVER = -(2**63)


def read_ids(columns: ColumnFile, first: int) -> Chunk:
    """Identifiers, where they lie."""
    high, low = columns.column("high", "u8"), columns.column("low", "u8")
    return Chunk(first, high, low, columns.column("order", "u4"))


def with_ids(
    folder: Path, parts: Sequence[Part], spaces: ColumnarSpaces, head: int, name: Name
) -> list[Part]:
    """Write the identifiers that no part has yet; small files of a space become one.

    Returns the parts that then hold.
    """
    held = list(parts)
    for space, chunk in spaces.since(counts(held)).items():
        older = [part for part in held if (part.what, part.of) == (IDS, space)]
        older.sort(key=lambda part: part.first)
        while older and older[-1].rows <= 2 * len(chunk):
            last = older.pop()
            held.remove(last)
            before = read_ids(_opened(folder, last), last.first)
            high = np.concatenate([before.high, chunk.high])
            chunk = Chunk.of(before.first, high, np.concatenate([before.low, chunk.low]))
        file = name(f"{IDS}-{space}")
        about = {"what": IDS, "space": space, "first": chunk.first}
        columns = {"high": chunk.high, "low": chunk.low, "order": chunk.order}
        done = write(folder / file, about, columns)
        held.append(_part(file, IDS, space, done, len(chunk), 0, head, chunk.first))
    return held


def instants_of(runs: Iterable[Run], before: int, head: int) -> tuple[Column, Column]:
    """The first position of each instant among runs, whose positions lie in (before, head]."""
    at = np.full(head - before, NEVER, "i8")
    for run in runs:
        at[run.position.astype("i8") - before - 1] = run.cold["recorded_at"]
    held = np.flatnonzero(at != NEVER)
    at = at[held]
    assert (at[1:] >= at[:-1]).all(), "an entry was recorded before one of an earlier position"
    change = np.flatnonzero(np.append([True], at[1:] != at[:-1])) if len(at) else held
    return (held[change] + before + 1).astype("u4"), at[change]


def with_instants(
    folder: Path, parts: Sequence[Part], position: Column, at: Column, head: int, name: Name
) -> list[Part]:
    """Write at which positions instants begin; small files become one.

    position u4, at i8 in microseconds. Returns the parts that then hold.
    """
    held = list(parts)
    older = sorted((part for part in held if part.what == INSTANTS), key=lambda part: part.since)
    since = older[-1].until if older else 0
    while older and older[-1].rows <= 2 * len(at):
        last = older.pop()
        held.remove(last)
        before = _opened(folder, last)
        position = np.concatenate([before.column("position", "u4"), position])
        at = np.concatenate([before.column("at", "i8"), at])
        since = last.since
    file = name(INSTANTS)
    about = {"what": INSTANTS, "since": since, "until": head}
    done = write(folder / file, about, {"position": position, "at": at})
    return [*held, _part(file, INSTANTS, "", done, len(at), since, head, 0)]


def _part(
    file: str, what: str, of: str, done: Written, rows: int, since: int, until: int, first: int
) -> Part:
    return Part(
        file=file,
        what=what,
        of=of,
        root=done.root,
        size=done.size,
        rows=rows,
        since=since,
        until=until,
        first=first,
    )


def _opened(folder: Path, part: Part) -> ColumnFile:
    """A file that is about to be written on: no flaw in it may get a new root."""
    opened = ColumnFile(part.file, memoryview((folder / part.file).read_bytes()), guarded=True)
    if opened.root != part.root:
        raise Damaged([Flaw(part.file, f"its root is {opened.root}, not {part.root}")])
    return opened


class Instants:
    """When positions were recorded: the first position of each instant, in a few files."""

    def __init__(self, parts: Sequence[Part], open_part: Callable[[Part], ColumnFile]) -> None:
        self.parts, self._open = parts, open_part
        self._columns: dict[str, tuple[Column, Column]] = {}

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant in microseconds, 0 if none."""
        for part in reversed(self.parts):
            position, at = self._read(part)
            place = int(np.searchsorted(at, instant, "right"))
            if place == len(at):
                return part.until
            if place:
                return int(position[place]) - 1
        return 0

    def instants_at(self, positions: Column) -> Column:
        """When positions were recorded: i8 in microseconds, of u4."""
        found = np.full(len(positions), NEVER, "i8")
        for part in self.parts:
            mine = np.flatnonzero((positions > part.since) & (positions <= part.until))
            if len(mine):
                position, at = self._read(part)
                place = np.searchsorted(position, positions[mine], "right") - 1
                found[mine] = at[place]
        return found

    def _read(self, part: Part) -> tuple[Column, Column]:
        if part.file not in self._columns:
            opened = self._open(part)
            self._columns[part.file] = opened.column("position", "u4"), opened.column("at", "i8")
        return self._columns[part.file]
