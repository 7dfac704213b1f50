"""What every aggregate is: state, a check, and `evolve`, which never refuses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from registry.entry import Entry
from registry.errors import Rule
from registry.vocabulary import VOCABULARY, Kind


@dataclass(frozen=True, kw_only=True)
class Aggregate(ABC):
    """State folded from a stream's effective history.

    `check` names what stands in the way of an event in a state; a decision asks it for the event
    it makes, and the register asks it again for every later entry when one is dated back.
    """

    KIND: ClassVar[Kind]

    id: UUID

    @classmethod
    @abstractmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break in a state."""

    @classmethod
    @abstractmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the state after an event; what is recorded has happened."""

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Self | None:
        """Return the state after entries that are in order and stand."""
        return cls.carried(None, entries)

    @classmethod
    def carried(cls, state: Self | None, entries: Iterable[Entry]) -> Self | None:
        """Return the state after more entries that are in order and stand."""
        for entry in entries:
            state = cls.after(state, entry.event, entry.stream)
        return state

    @classmethod
    def after(cls, state: Self | None, event: Any, stream: UUID) -> Self | None:
        """Return the state after an event; nothing follows what has not begun.

        Entries before the first that stands are there only while a decision is being checked,
        which then refuses it.
        """
        if state is None and not VOCABULARY[type(event)].opens:
            return None
        return cls.evolve(state, event, stream)

    @classmethod
    def faults(cls, history: Sequence[Entry]) -> list[tuple[Entry, Rule]]:
        """Return every entry of an ordered history that breaks a rule, with the rule."""
        found: list[tuple[Entry, Rule]] = []
        state: Any = None
        for entry in history:
            found.extend((entry, rule) for rule in cls.check(state, entry.event))
            state = cls.after(state, entry.event, entry.stream)
        return found

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed; faster than `dataclasses.replace`."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(changes)
        return copy
