"""When each shared number could first have been refused, and what brought it in (重号溯源)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from registry.vocabulary import Kind, word_of
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.questions.duplicates import Duplicate
from replay.threads import over_partitions

if TYPE_CHECKING:
    from replay.columns.log import Log


@dataclass(frozen=True)
class Origin:
    """The entry with which a number came to be held twice.

    Before it there was one holder: this is the earliest at which it could have been refused. event:
    its name; source, batch: of an import, empty for other entries. recorded_at: microseconds UTC.
    """

    number: int
    position: int
    recorded_at: int
    event: str
    source: str
    batch: str


def origins(log: Log, shared: Iterable[Duplicate]) -> Iterator[Origin]:
    """The origin of each shared number, in their order."""
    for one in shared:
        for stream in log.spaces.ids(Kind.PERSON.value, one.holders):
            for entry in log.history(Kind.PERSON, stream):
                if entry.position == one.since:
                    yield Origin(
                        one.number,
                        entry.position,
                        entry.recorded_at,
                        word_of(entry.event).name,
                        getattr(entry.event, "source", ""),
                        getattr(entry.event, "batch", ""),
                    )


def came_with(log: Log, kind: Kind, source: str, batch: str) -> Column:
    """Which entities of a kind, by handle, came with a delivery of an older system; bool."""

    def one(block: Block) -> Column:
        return _named(block, "source", source) & _named(block, "batch", batch)

    parts = over_partitions(log, kind, one)
    return np.concatenate([np.empty(0, np.bool_), *parts])


def _named(block: Block, field: str, text: str) -> Column:
    """Of which entities of a block the first entry says a text in a field."""
    says = block.layout.declares(field)[block.code]
    place = np.cumsum(says) - 1
    begun = np.flatnonzero(np.diff(block.starts.astype("i8")) > 0)
    first = block.starts[begun]
    begun, first = begun[says[first]], first[says[first]]
    handles = block.dense[field][place[first]]
    some = np.unique(handles)
    meant = [told == text for told in block.texts.take(some.tolist())]
    found = np.zeros(block.size, np.bool_)
    found[begun] = np.isin(handles, some[np.array(meant, np.bool_)])
    return found
