"""When each shared number could first have been refused, and what brought it in (重号溯源)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.vocabulary import Kind, word_of
from replay.questions.duplicates import Duplicate

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
