"""The read models of one kind of stream, folded together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from registry.codec import Codec
from registry.entry import Entry
from registry.history import voided_versions
from registry.projections.base import Dated, Projection, SelfDated, Steps, Voidings
from registry.projections.changes import Changes
from registry.projections.streams import (
    NEVER,
    NOTHING,
    Edge,
    Fold,
    Layout,
    carried,
    days,
    difference,
    lay_out,
    step,
)
from registry.store import StoredEntry
from registry.values import day_of
from registry.vocabulary import ORDERS, VOCABULARY, EventType, Group, Kind, Order

T = TypeVar("T")


class Tail:
    """How far a stream has been folded: its newest day, its states and the edges of its rows."""

    __slots__ = ("edges", "newest", "states")

    def __init__(self, newest: int, states: list[Any], edges: list[Edge]) -> None:
        self.newest = newest
        self.states = states  # one a fold
        self.edges = edges  # one a dated projection


class Strand:
    """The projections of one kind of stream, folded together."""

    def __init__(
        self, kind: Kind, projections: Sequence[Projection], codec: Codec, cached: int
    ) -> None:
        self.order = ORDERS[kind]
        self.folds: list[Fold] = []
        self.dated: list[tuple[Dated, int, frozenset[int]]] = []  # number of the fold, codes told
        self.self_dated: list[tuple[SelfDated, int]] = []
        self.steps: list[tuple[Steps, int]] = []
        self.voidings: list[Voidings] = []
        words = [word for word in VOCABULARY.values() if word.kind is kind]
        for one in projections:
            match one:
                case Dated():
                    told = frozenset(word.code for word in words if shown(one.groups, word))
                    self.dated.append((one, self._fold(one.fold), told))
                case SelfDated():
                    self.self_dated.append((one, self._fold(one.fold)))
                case Steps():
                    self.steps.append((one, self._fold(one.fold)))
                case Voidings():
                    self.voidings.append(one)
        self.codes = frozenset(word.code for word in words if self._tells(projections, word))
        #: Event types that never void or correct; what they tell is one step if it is the last.
        self.plain = frozenset(word.code for word in words if not (word.voids or word.corrects))
        self.private = any(one.private for one in projections)
        self.tails: Recent[Tail] = Recent(cached)
        self._read = codec.event

    def _fold(self, fold: Fold) -> int:
        if fold not in self.folds:
            self.folds.append(fold)
        return self.folds.index(fold)

    def _tells(self, projections: Sequence[Projection], word: EventType) -> bool:
        """Whether an event type can change rows: groups that nobody shows need not be read."""
        if word.voids or (word.corrects and self.voidings):
            return True
        return any(shown(one.groups, word) for one in projections if not isinstance(one, Voidings))

    def event(self, stored: StoredEntry) -> Any:
        """The event of an entry; without its private half where no row shows any of it."""
        assert stored.code is not None
        return self._read(stored.code, stored.state, stored.private if self.private else b"")

    def entry(self, stored: StoredEntry) -> Entry:
        """An entry, as far as it is needed to fold a history."""
        return Entry(
            stored.originator_id,  # type: ignore[arg-type]  # ours are always UUIDs
            stored.originator_version,
            self.event(stored),
            day_of(stored.effective_on),
            stored.position,
        )

    def usual(self, stored: StoredEntry, newest: int) -> bool:
        """Whether an entry carries its stream on by one step."""
        if self.order is Order.REFERENCE:
            return True  # the tree's facts are dated by themselves, ahead too
        return stored.code in self.plain and stored.effective_on >= newest

    def wants_past(self, stream: int, entries: Sequence[StoredEntry]) -> bool:
        """Whether a stream's entries before the batch are needed to fold those of the batch."""
        if entries[0].originator_version == 1:
            return False
        tail = self.tails.get(stream)
        if tail is None:
            return True
        newest = tail.newest
        for stored in entries:
            if not self.usual(stored, newest):
                return True
            newest = max(newest, stored.effective_on)
        return False

    def take(
        self,
        stream: int,
        entries: Sequence[StoredEntry],
        past: list[Entry] | None,
        changes: Mapping[str, Changes],
    ) -> None:
        """Fold entries of a stream; past: those before, None where the state in memory will do."""
        layouts: list[Layout] | None = None
        if past is None:
            found = self.tails.get(stream)
            assert found is not None, "whoever has no state in memory wants the past"
            tail = found
        elif past:
            layouts, tail = self._folded(past)
        else:
            tail = Tail(NEVER, [None] * len(self.folds), [NOTHING] * len(self.dated))
        stepped: list[StoredEntry] = []
        for stored in entries:
            before = tail.states
            if self.usual(stored, tail.newest):
                self._step(tail, stored, changes)
                layouts = None
                stepped.append(stored)
            else:
                assert past is not None
                past.extend(self.entry(one) for one in stepped)
                stepped.clear()
                entry = self.entry(stored)
                if layouts is None:
                    layouts, _ = self._folded(past)
                self._void(past, entry, changes)
                past.append(entry)
                after, tail = self._folded(past)
                key = entry.stream.bytes
                for (dated, _, _), old, new in zip(self.dated, layouts, after, strict=True):
                    difference(old, new, changes[dated.name], key, stored.position)
                layouts = after
            for steps, number in self.steps:
                row = steps.row(stored, before[number], tail.states[number])
                if row is not None:
                    changes[steps.name].add(row)
        self.tails.put(stream, tail)

    def _step(self, tail: Tail, stored: StoredEntry, changes: Mapping[str, Changes]) -> None:
        event = self.event(stored)
        stream: UUID = stored.originator_id  # type: ignore[assignment]  # ours always are
        key = stream.bytes
        day, position, code = stored.effective_on, stored.position, stored.code
        old_states = tail.states
        tail.states = states = [
            carried(fold, state, event, stream)
            for fold, state in zip(self.folds, old_states, strict=True)
        ]
        edges = tail.edges
        for index, (dated, number, codes) in enumerate(self.dated):
            if code in codes:
                state = states[number]
                rows = {} if state is None else dated.rows(state)
                put = changes[dated.name]
                edges[index] = step(dated.spans, edges[index], day, rows, put, key, position)
        for told, number in self.self_dated:
            for place in told.touched(event):
                old, new = (
                    {}
                    if state is None
                    else {
                        (place, since): (until, *rest)
                        for since, (until, rest) in told.facts(state, place).items()
                    }
                    for state in (old_states[number], states[number])
                )
                difference(old, new, changes[told.name], key, position)
        if day > tail.newest:
            tail.newest = day

    def _folded(self, entries: Sequence[Entry]) -> tuple[list[Layout], Tail]:
        """Every row of a stream, and how to go on from there."""
        if self.order is Order.REFERENCE:
            reached: list[Any] = [None] * len(self.folds)
            for entry in entries:
                for number, fold in enumerate(self.folds):
                    reached[number] = carried(fold, reached[number], entry.event, entry.stream)
            return [], Tail(NEVER, reached, [])
        states = [list(days(self.order, entries, fold)) for fold in self.folds]
        laid_out = [lay_out(dated, states[number]) for dated, number, _ in self.dated]
        newest = states[0][-1][0] if states and states[0] else NEVER
        last = [told[-1][1] if told else None for told in states]
        return [rows for rows, _ in laid_out], Tail(newest, last, [edge for _, edge in laid_out])

    def _void(self, past: Sequence[Entry], entry: Entry, changes: Mapping[str, Changes]) -> None:
        if not self.voidings:
            return
        old, new = voided_versions(past), voided_versions([*past, entry])
        for projection in self.voidings:
            told = changes[projection.name]
            for version in sorted(old - new):
                told.close((entry.stream.bytes, version), entry.position)
            for version in sorted(new - old):
                told.open((entry.stream.bytes, version), entry.position, ())


def shown(groups: frozenset[Group] | None, word: EventType) -> bool:
    """Whether an event type writes what a read model shows."""
    return groups is None or bool(groups & word.writes)


class Recent(Generic[T]):
    """Things used lately: at least as many as asked for, and at most twice as many."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[int, T] = {}
        self._old: dict[int, T] = {}

    def get(self, key: int) -> T | None:
        """The thing kept under a key, if any."""
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def put(self, key: int, thing: T) -> None:
        """Keep a thing."""
        self._young[key] = thing

    def settle(self) -> None:
        """Let go of what was not used lately; between batches, so that none misses what it saw."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
