"""What every form of a report asks with: a division, a period, a stated point of knowledge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from adapters.answers import Place
from adapters.reading import Reader
from adapters.statistics.figures import Figures
from registry.days import end_of
from registry.errors import Fault, Malformed
from registry.projections import At
from registry.store import EntryStore
from registry.values import Level, OfficeCode, ReportForm


@dataclass(frozen=True)
class Asked:
    """A report that is asked for, from the entries up to a position.

    known: that position. kept: the figures of the last report of a form that was filed for a
    division and day up to a position, if any was.
    """

    reader: Reader
    store: EntryStore
    division: Place
    first: date
    last: date
    known: int
    today: date
    kept: Callable[[ReportForm, UUID, date, int], Figures | None]

    @property
    def at(self) -> At:
        """The end of the period, as known at the position."""
        return At(min(self.last, self.today), self.known)

    @cached_property
    def closing(self) -> At:
        """The end of the period, as known when it ended: to which flows lead."""
        day = min(self.last, self.today)
        return At(day, min(self.store.position_at(end_of(day)), self.known))

    @cached_property
    def opening(self) -> At:
        """The day before the period, as known when it began: from which flows lead."""
        eve = self.first - timedelta(1)
        return At(eve, min(self.store.position_at(end_of(eve)), self.known))

    def place(self, place: UUID) -> Place | None:
        """A place at the end of the period; asked for once."""
        if place not in self._places:
            self._places[place] = self.reader.place(place, self.at)
        return self._places[place]

    @cached_property
    def _places(self) -> dict[UUID, Place | None]:
        return {}

    @property
    def office(self) -> OfficeCode:
        """The office of the division, whose parts are those below. Raises Malformed."""
        code = self.division.code
        if code is None:
            told = "this form is of offices: choose a county, a city or a province"
            raise Malformed([Fault("division", "unfit", told)])
        return OfficeCode(f"{code}000000")

    def below(self, division: UUID) -> set[UUID]:
        """A division and every division below it."""
        found: set[UUID] = set()
        waiting = [division]
        while waiting:
            one = waiting.pop()
            found.add(one)
            under = self.reader.places_under(one, self.at)
            waiting.extend(each.id for each in under if each.level is not None)
        return found

    def divisions(self, lowest: Level) -> list[Place]:
        """The division and those below it, tier by tier down to one."""
        found: list[Place] = []
        waiting = [self.division]
        while waiting:
            one = waiting.pop(0)
            if one.level is not None and one.level <= lowest:
                found.append(one)
                if one.level < lowest:
                    waiting.extend(self.reader.places_under(one.id, self.at))
        return found

    def units(self, at: At) -> list[Place]:
        """The division itself, then what lies directly below it."""
        return [self.division, *self.reader.places_under(self.division.id, at)]

    def filed(self, form: ReportForm, division: UUID) -> Figures | None:
        """The last report of a form about a day that was filed for a division and this one."""
        return self.kept(form, division, self.last, self.known)

    def rows(self, query: Any) -> Any:
        """The rows of a question."""
        return self.reader.connection.execute(query).all()
