"""A batch of the log in, changed rows out; nothing here reads or writes a database.

An entry that is last in its stream's order, and neither voids nor corrects, is one step from the
state kept in memory. Any other makes its stream be folded anew, of which only the difference is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from registry.codec import Codec
from registry.entry import Entry
from registry.history import voided_versions
from registry.projections.base import Dated, Lines, Projection, SelfDated, Steps, Voidings
from registry.projections.changes import Changes
from registry.projections.streams import (
    Edge,
    Fold,
    Layout,
    Putter,
    carried,
    days,
    lay_out,
    step,
)
from registry.store import StoredEntry
from registry.values import day_number
from registry.vocabulary import ORDERS, VOCABULARY, EventType, Kind, Order

#: Streams of a kind whose states are kept in memory between batches.
CACHED_STREAMS = 50_000
NEVER = -(2**31)  # before any day

Histories = Callable[[Collection[UUID]], Mapping[UUID, Sequence[StoredEntry]]]
T = TypeVar("T")


class Folding:
    """Folds the log into some projections, all of them at the same position.

    histories: the entries of streams, in version order.
    """

    def __init__(
        self,
        projections: Collection[Projection],
        codec: Codec,
        histories: Histories,
        cached: int = CACHED_STREAMS,
    ) -> None:
        self.projections = tuple(projections)
        self._codec = codec
        self._histories = histories
        self._lines = [one for one in self.projections if isinstance(one, Lines)]
        self._strands: dict[int, Strand] = {}  # by code of an event that they fold
        for kind in Kind:
            told = [
                one for one in self.projections if kind in one.kinds and not isinstance(one, Lines)
            ]
            if told:
                strand = Strand(kind, told, cached)
                self._strands.update(dict.fromkeys(strand.codes, strand))

    def fold(self, batch: Sequence[StoredEntry], *, whole: bool = False) -> dict[str, Changes]:
        """What a batch changes, by projection.

        whole: it holds streams from their beginning, and not the log by position.
        """
        changes = {projection.name: Changes() for projection in self.projections}
        for lines in self._lines:
            put = changes[lines.name].written
            put.extend(lines.row(stored) for stored in batch if stored.code is not None)
        told: dict[Strand, dict[UUID, list[Entry]]] = {}
        read, strands = self._codec.entry, self._strands
        for stored in batch:
            strand = strands.get(stored.code or 0)
            if strand is not None:
                entry = read(stored)
                told.setdefault(strand, {}).setdefault(entry.stream, []).append(entry)
        pasts = {} if whole or not batch else self._pasts(told, batch[0].position)
        for strand, streams in told.items():
            for stream, entries in streams.items():
                past = [] if whole or entries[0].version == 1 else pasts.get(stream)
                strand.take(stream, entries, past, changes)
            strand.tails.settle()
        return changes

    def _pasts(
        self, told: Mapping[Strand, Mapping[UUID, list[Entry]]], first: int
    ) -> dict[UUID, list[Entry]]:
        """The entries before a position of the streams for which they are wanted."""
        wanted = {
            stream: strand
            for strand, streams in told.items()
            for stream, entries in streams.items()
            if strand.wants_past(stream, entries)
        }
        if not wanted:
            return {}
        return {
            stream: [
                self._codec.entry(one)
                for one in stored
                if one.position < first and one.code in wanted[stream].codes
            ]
            for stream, stored in self._histories(wanted.keys()).items()
        }


class Tail:
    """How far a stream has been folded: its newest day, its states and the edges of its rows."""

    __slots__ = ("edges", "newest", "states")

    def __init__(self, newest: int, states: list[Any], edges: list[Edge]) -> None:
        self.newest = newest
        self.states = states  # one a fold
        self.edges = edges  # one a dated projection


class Strand:
    """The projections of one kind of stream, folded together."""

    def __init__(self, kind: Kind, projections: Sequence[Projection], cached: int) -> None:
        self.order = ORDERS[kind]
        self.folds: list[Fold] = []
        self.dated: list[tuple[Dated, int]] = []  # with the number of the fold
        self.self_dated: list[tuple[SelfDated, int]] = []
        self.steps: list[tuple[Steps, int]] = []
        self.voidings: list[Voidings] = []
        for one in projections:
            match one:
                case Dated():
                    self.dated.append((one, self._fold(one.fold)))
                case SelfDated():
                    self.self_dated.append((one, self._fold(one.fold)))
                case Steps():
                    self.steps.append((one, self._fold(one.fold)))
                case Voidings():
                    self.voidings.append(one)
        self.codes = frozenset(
            word.code for word in VOCABULARY.values() if word.kind is kind and self._tells(word)
        )
        self.tails: Recent[Tail] = Recent(cached)

    def _fold(self, fold: Fold) -> int:
        if fold not in self.folds:
            self.folds.append(fold)
        return self.folds.index(fold)

    def _tells(self, word: EventType) -> bool:
        """Whether an event type can change rows: groups that nobody shows need not be read."""
        if word.voids or (word.corrects and self.voidings):
            return True
        shown: list[Projection] = [one for one, _ in (*self.dated, *self.self_dated, *self.steps)]
        return any(one.groups is None or one.groups & word.writes for one in shown)

    def usual(self, entry: Entry, newest: int) -> bool:
        """Whether an entry carries its stream on by one step."""
        if self.order is Order.REFERENCE:
            return True  # the tree's facts are dated by themselves, ahead too
        word = VOCABULARY[type(entry.event)]
        return not (word.voids or word.corrects) and day_number(entry.effective_on) >= newest

    def wants_past(self, stream: UUID, entries: Sequence[Entry]) -> bool:
        """Whether a stream's entries before the batch are needed to fold those of the batch."""
        if entries[0].version == 1:
            return False
        tail = self.tails.get(stream)
        if tail is None:
            return True
        newest = tail.newest
        for entry in entries:
            if not self.usual(entry, newest):
                return True
            newest = max(newest, day_number(entry.effective_on))
        return False

    def take(
        self,
        stream: UUID,
        entries: Sequence[Entry],
        past: list[Entry] | None,
        changes: Mapping[str, Changes],
    ) -> None:
        """Fold entries of a stream; past: those before, None where the state in memory will do."""
        layouts: list[Layout] | None = None
        if past is None:
            tail = self.tails.get(stream)
            assert tail is not None, "whoever has no state in memory wants the past"
        elif past:
            layouts, tail = self._folded(past)
        else:
            tail = Tail(NEVER, [None] * len(self.folds), [Edge({}, {})] * len(self.dated))
        for entry in entries:
            before = tail.states
            if self.usual(entry, tail.newest):
                tail, layouts = self._step(tail, entry, changes), None
            else:
                assert past is not None
                if layouts is None:
                    layouts, _ = self._folded(past)
                self._void(past, entry, changes)
                after, tail = self._folded([*past, entry])
                for (dated, _), old, new in zip(self.dated, layouts, after, strict=True):
                    Putter(changes[dated.name], stream.bytes, entry.position).difference(old, new)
                layouts = after
            for steps, number in self.steps:
                row = steps.row(entry, before[number], tail.states[number])
                if row is not None:
                    changes[steps.name].add(row)
            if past is not None:
                past.append(entry)
        self.tails.put(stream, tail)

    def _step(self, tail: Tail, entry: Entry, changes: Mapping[str, Changes]) -> Tail:
        day, stream = day_number(entry.effective_on), entry.stream
        states = [
            carried(fold, state, entry) for fold, state in zip(self.folds, tail.states, strict=True)
        ]
        key = stream.bytes
        edges = []
        for (dated, number), edge in zip(self.dated, tail.edges, strict=True):
            put = Putter(changes[dated.name], key, entry.position)
            state = states[number]
            rows = {} if state is None else dated.rows(state)
            edges.append(step(dated, edge, tail.newest, day, rows, put))
        for told, number in self.self_dated:
            put = Putter(changes[told.name], key, entry.position)
            for place in told.touched(entry.event):
                old, new = (
                    {} if state is None else told.facts(state, place)
                    for state in (tail.states[number], states[number])
                )
                put.difference(
                    {(place, since): (until, *rest) for since, (until, rest) in old.items()},
                    {(place, since): (until, *rest) for since, (until, rest) in new.items()},
                )
        return Tail(max(day, tail.newest), states, edges)

    def _folded(self, entries: Sequence[Entry]) -> tuple[list[Layout], Tail]:
        """Every row of a stream, and how to go on from there."""
        if self.order is Order.REFERENCE:
            tail = Tail(NEVER, [None] * len(self.folds), [])
            for entry in entries:
                for number, fold in enumerate(self.folds):
                    tail.states[number] = carried(fold, tail.states[number], entry)
            return [], tail
        states = [list(days(self.order, entries, fold)) for fold in self.folds]
        laid_out = [lay_out(dated, states[number]) for dated, number in self.dated]
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


class Recent(Generic[T]):
    """Things used lately: at least as many as asked for, and at most twice as many."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[UUID, T] = {}
        self._old: dict[UUID, T] = {}

    def get(self, key: UUID) -> T | None:
        """The thing kept under a key, if any."""
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def put(self, key: UUID, thing: T) -> None:
        """Keep a thing."""
        self._young[key] = thing

    def settle(self) -> None:
        """Let go of what was not used lately; between batches, so that none misses what it saw."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
