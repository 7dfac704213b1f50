"""The peer of the benchmark of commands: the library's application, used as its manual shows."""

from __future__ import annotations

from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class Person(Aggregate):
    """A person with decorated methods."""

    @event("Registered")
    def __init__(self, name: str, sex: int, birth_date: str, household: str) -> None:
        self.name = name
        self.sex = sex
        self.birth_date = birth_date
        self.household = household
        self.height_cm = 0

    @event("DetailsChanged")
    def change_details(self, height_cm: int, declarant: str) -> None:
        """Change a detail."""
        if height_cm == self.height_cm:
            raise ValueError("nothing changes")
        self.height_cm = height_cm


class StockRegister(Application[UUID]):
    """An application with the library's own recorder."""

    def register(self) -> UUID:
        """Enter a person."""
        person = Person("王大", 1, "1960-01-01", str(uuid4()))
        self.save(person)
        return person.id

    def change(self, person: UUID, height_cm: int) -> None:
        """Load, decide, record."""
        aggregate: Person = self.repository.get(person)
        aggregate.change_details(height_cm, "王大")
        self.save(aggregate)
