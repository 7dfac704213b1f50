"""What a stream has recorded, on both clocks, and what stood of it when (历史)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from registry.entry import Entry
from registry.history import voided_versions
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order

if TYPE_CHECKING:
    from replay.columns.log import Log


class At(NamedTuple):
    """A point on both clocks: a day in the world, and a position of the log."""

    valid_on: date
    known: int


@dataclass(frozen=True)
class Line:
    """An entry as it stood at a point on both clocks.

    voided_by: the standing entry that undid it, or undid what it corrects. corrected_by: standing
    entries that put right what it says. begun: whether its effective day had come.
    """

    entry: Entry
    begun: bool
    voided_by: Entry | None
    corrected_by: tuple[Entry, ...]

    @property
    def stands(self) -> bool:
        """Whether nothing has undone it."""
        return self.voided_by is None

    @property
    def counts(self) -> bool:
        """Whether it has a say in the state at the point."""
        return self.begun and self.stands


def history_of(log: Log, kind: Kind, stream: UUID, at: At) -> list[Line]:
    """Every entry of a stream up to a position, in the order of recording."""
    return lines([one for one in log.history(kind, stream) if one.position <= at.known], at)


def lines(entries: Sequence[Entry], at: At) -> list[Line]:
    """How entries of a stream stand, given all that are known, in version order."""
    fallen = voided_versions(entries)
    voided_by: dict[int, Entry] = {}
    corrected_by: dict[int, list[Entry]] = {}
    for entry in entries:
        word = VOCABULARY[type(entry.event)]
        if word.corrects and entry.version not in fallen:
            corrected_by.setdefault(entry.event.corrects, []).append(entry)
        if word.voids and entry.version not in fallen:
            voided_by.update(dict.fromkeys(entry.event.voids, entry))
    for entry in entries:  # a correction falls with what it corrects
        if entry.version in fallen and entry.version not in voided_by:
            voided_by[entry.version] = voided_by[entry.event.corrects]
    return [
        Line(
            entry,
            entry.effective_on <= at.valid_on,
            voided_by.get(entry.version),
            tuple(corrected_by.get(entry.version, ())),
        )
        for entry in entries
    ]


def folded(kind: Kind, known: Sequence[Line]) -> list[Entry]:
    """The entries that a state is folded from, in their order."""
    counted = [one.entry for one in known if one.counts]
    if ORDERS[kind] is not Order.EFFECTIVE:
        return counted
    counted = [one for one in counted if not VOCABULARY[type(one.event)].voids]
    return sorted(counted, key=lambda one: (one.effective_on, one.version))
