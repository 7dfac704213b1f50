"""What every form of a report asks with: a division, a period, a stated point of knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from adapters.answers import Place
from adapters.reading import Reader
from registry.days import end_of
from registry.projections import At
from registry.store import EntryStore


@dataclass(frozen=True)
class Asked:
    """A report that is asked for, from the entries up to a position.

    known: that position. namespace: from which the names of streams derive.
    """

    reader: Reader
    store: EntryStore
    namespace: UUID
    division: Place
    first: date
    last: date
    known: int
    today: date

    @property
    def at(self) -> At:
        """The end of the period, as known at the position."""
        return At(min(self.last, self.today), self.known)

    @cached_property
    def closing(self) -> At:
        """The end of the period, as known when it ended: to which flows lead."""
        day = min(self.last, self.today)
        return At(day, min(self.store.position_at(end_of(day)), self.known))

    def units(self, at: At) -> list[Place]:
        """The division itself, then what lies directly below it."""
        return [self.division, *self.reader.places_under(self.division.id, at)]

    def rows(self, query: Any) -> Any:
        """The rows of a question."""
        return self.reader.connection.execute(query).all()
