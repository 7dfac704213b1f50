"""The history of one stream as decisions hold it in memory, and the state that it folds to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from registry.aggregates import Aggregate
from registry.entry import Entry
from registry.history import effective
from registry.vocabulary import VOCABULARY

A = TypeVar("A", bound=Aggregate)


class History:
    """The entries of one stream, in version order, and the state they fold to in that order.

    `plain` tells that version order is also the order of effective days and that nothing is voided
    or corrected, as in most streams: then the state is carried on instead of folded anew. `unread`
    tells why there are no entries though the stream has some: nothing can be decided by them.
    """

    __slots__ = ("_state", "_upto", "entries", "last_day", "plain", "unread")

    def __init__(self, entries: list[Entry], unread: str = "") -> None:
        self.entries = entries
        self.unread = unread
        self.plain = True
        self.last_day = date.min
        self._state: Any = None
        self._upto = 0

    def folded(self, kind: type[A]) -> A | None:
        """The state after all entries in version order, folded once and carried on."""
        if self._upto == len(self.entries):
            return self._state  # type: ignore[no-any-return]  # a stream holds one kind
        more = self.entries[self._upto :]
        self._look_at(more)
        self._state = kind.carried(self._state, more)
        self._upto = len(self.entries)
        return self._state  # type: ignore[no-any-return]  # as above

    def extend(self, noted: Sequence[Entry], state: Any) -> None:
        """Go on by entries.

        state: what they lead to, where they carry on what stands; None where that is not known.
        """
        if state is not None and self._upto == len(self.entries):
            self._look_at(noted)
            self._state = state
            self._upto += len(noted)
        self.entries += noted

    def state_on(self, kind: type[A], on: date | None) -> A | None:
        """The state on a day, by the one order of effective history."""
        state = self.folded(kind)
        if self.plain and (on is None or on >= self.last_day):
            return state
        return kind.fold(effective(self.entries, on))

    def continued_by(self, kind: type[A], noted: Sequence[Entry]) -> bool:
        """Whether entries come after everything that stands, and undo or correct nothing."""
        self.folded(kind)
        last = self.last_day
        for entry in noted:
            word = VOCABULARY[type(entry.event)]
            if word.voids or word.corrects or entry.effective_on < last:
                return False
            last = entry.effective_on
        return self.plain

    def _look_at(self, more: Sequence[Entry]) -> None:
        for entry in more:
            word = VOCABULARY[type(entry.event)]
            day = entry.effective_on
            if word.voids or word.corrects or day < self.last_day:
                self.plain = False
            if day > self.last_day:
                self.last_day = day
