"""The read models of one kind of stream, folded together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from registry.codec import Codec
from registry.entry import Entry
from registry.history import voided_versions
from registry.projections.base import Dated, Projection, Rows, SelfDated, Steps, Voidings
from registry.projections.changes import Changes
from registry.projections.packed import PackedFold, Remembered
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
    step_alone,
)
from registry.store import Stored
from registry.values import day_of
from registry.vocabulary import ORDERS, VOCABULARY, EventType, Group, Kind, Order

T = TypeVar("T")

#: The days that columns hold.
DATES = Remembered(day_of)
NO_ROWS: Rows = {}
#: Entries by the bytes of their streams, those of each in version order.
Streams = Mapping[bytes, Sequence[Stored]]


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
        self._packed = together(projections)
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
        #: What tells of an event type: its number and its fold's, how its rows follow from a state
        #: and how they are carried on.
        self._told: dict[int | None, list[tuple[int, int, Any, Any, bool]]] = {
            word.code: [
                (index, number, dated.rows, step_alone if dated.alone else step, dated.spans)
                for index, (dated, number, told) in enumerate(self.dated)
                if word.code in told
            ]
            for word in words
        }
        #: Event types that never void or correct; what they tell is one step if it is the last.
        self.plain = frozenset(word.code for word in words if not (word.voids or word.corrects))
        self.private = any(one.private for one in projections)
        self.tails: Recent[Tail] = Recent(cached)
        self._read = codec.event
        #: The only fold, if it needs no event to be read.
        self._lean: PackedFold | None = None
        if len(self.folds) == 1 and isinstance(self.folds[0], PackedFold):
            self._lean = self.folds[0]

    def _fold(self, fold: Fold) -> int:
        if isinstance(fold, PackedFold):
            fold = self._packed[fold.shape]
        if fold not in self.folds:
            self.folds.append(fold)
        return self.folds.index(fold)

    def _tells(self, projections: Sequence[Projection], word: EventType) -> bool:
        """Whether an event type can change rows: groups that nobody shows need not be read."""
        if word.voids or (word.corrects and self.voidings):
            return True
        return any(shown(one.groups, word) for one in projections if not isinstance(one, Voidings))

    def event(self, stored: Stored) -> Any:
        """The event of an entry; without its private half where no row shows any of it."""
        assert stored.code is not None
        private = stored.private if self.private else b""
        if self._lean is not None:
            event = self._lean.unread(stored.code, stored.state, private)
            if event is not None:
                return event
        return self._read(stored.code, stored.state, private)

    def entries(self, stream: UUID, stored: Iterable[Stored]) -> list[Entry]:
        """Entries of a stream, as far as they are needed to fold a history."""
        return [
            Entry(stream, one.version, self.event(one), DATES[one.effective_on], one.position)
            for one in stored
        ]

    def usual(self, stored: Stored, newest: int) -> bool:
        """Whether an entry carries its stream on by one step."""
        if self.order is Order.REFERENCE:
            return True  # the tree's facts are dated by themselves, ahead too
        return stored.code in self.plain and stored.effective_on >= newest

    def _all_usual(self, entries: Sequence[Stored], newest: int) -> bool:
        if len(entries) == 1:
            return self.usual(entries[0], newest)
        for stored in entries:
            if not self.usual(stored, newest):
                return False
            newest = max(newest, stored.effective_on)
        return True

    def carry_on(
        self, streams: Streams, changes: Mapping[str, Changes], *, whole: bool
    ) -> dict[bytes, Sequence[Stored]]:
        """Carry on the streams whose entries are a step each from the state in memory.

        whole: all begin here. Returns the others, which are folded with what was before.
        """
        get, keep = self.tails.get, self.tails.put
        puts = [changes[dated.name] for dated, _, _ in self.dated]
        left: dict[bytes, Sequence[Stored]] = {}
        for stream, entries in streams.items():
            tail = self._nothing() if whole or entries[0].version == 1 else get(stream)
            if tail is None or not self._all_usual(entries, tail.newest):
                left[stream] = entries
                continue
            for stored in entries:
                self._step(tail, stream, stored, changes, puts)
            keep(stream, tail)
        return left

    def fold_with(
        self,
        streams: Streams,
        pasts: Mapping[bytes, list[Entry]],
        changes: Mapping[str, Changes],
    ) -> None:
        """Fold entries of streams; pasts: those before, of streams that do not begin here."""
        puts = [changes[dated.name] for dated, _, _ in self.dated]
        for stream, entries in streams.items():
            past = pasts.get(stream, [])
            layouts: list[Layout] | None = None
            if past:
                layouts, tail = self._folded(past)
            else:
                tail = self._nothing()
            stepped: list[Stored] = []
            for stored in entries:
                if self.usual(stored, tail.newest):
                    self._step(tail, stream, stored, changes, puts)
                    layouts = None
                    stepped.append(stored)
                    continue
                before = tail.states
                named = past[0].stream if past else UUID(bytes=stream)
                *now_past, entry = self.entries(named, [*stepped, stored])
                past.extend(now_past)
                stepped.clear()
                if layouts is None:
                    layouts, _ = self._folded(past)
                self._void(past, entry, changes)
                past.append(entry)
                after, tail = self._folded(past)
                for put, old, new in zip(puts, layouts, after, strict=True):
                    difference(old, new, put, stream, stored.position)
                layouts = after
                self._note(stored, before, tail.states, changes)
            self.tails.put(stream, tail)

    def _nothing(self) -> Tail:
        return Tail(NEVER, [None] * len(self.folds), [NOTHING] * len(self.dated))

    def _step(
        self,
        tail: Tail,
        stream: bytes,
        stored: Stored,
        changes: Mapping[str, Changes],
        puts: Sequence[Changes],
    ) -> None:
        day, position, code = stored.effective_on, stored.position, stored.code
        before = tail.states
        event = None
        lean = self._lean
        if lean is not None and code in lean.codes:
            (state,) = before
            effect = (lean.begin if state is None else lean.go_on)[code]
            if effect is None:  # nor does any row follow from it, save of a step
                after = before
            else:
                after = [effect.after(state, effect.told(stored.state, stored.private))]
        else:
            event = self.event(stored)
            named: UUID = stored.originator_id  # type: ignore[assignment]  # ours always are
            after = [
                carried(fold, state, event, named)
                for fold, state in zip(self.folds, before, strict=True)
            ]
        if after is not before:
            tail.states = after
            edges = tail.edges
            for index, number, rows_of, carry, spans in self._told[code]:
                state = after[number]
                rows = NO_ROWS if state is None else rows_of(state)
                edges[index] = carry(spans, edges[index], day, rows, puts[index], stream, position)
        if self.self_dated:
            self._touch(event, before, after, changes, stream, position)
        if self.steps:
            self._note(stored, before, after, changes)
        if day > tail.newest:
            tail.newest = day

    def _touch(
        self,
        event: Any,
        before: Sequence[Any],
        after: Sequence[Any],
        changes: Mapping[str, Changes],
        stream: bytes,
        position: int,
    ) -> None:
        """Write what an event changes among facts that are dated by themselves."""
        for self_dated, number in self.self_dated:
            for place in self_dated.touched(event):
                old, new = (
                    {}
                    if state is None
                    else {
                        (place, since): (until, *rest)
                        for since, (until, rest) in self_dated.facts(state, place).items()
                    }
                    for state in (before[number], after[number])
                )
                difference(old, new, changes[self_dated.name], stream, position)

    def _note(
        self,
        stored: Stored,
        before: Sequence[Any],
        after: Sequence[Any],
        changes: Mapping[str, Changes],
    ) -> None:
        """Write the rows of steps."""
        for steps, number in self.steps:
            row = steps.row(stored, before[number], after[number])
            if row is not None:
                changes[steps.name].add(row)

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


def together(projections: Sequence[Projection]) -> dict[type[Any], PackedFold]:
    """One packed fold for each aggregate, to all fields that any of some projections asks for."""
    names: dict[type[Any], set[str]] = {}
    for one in projections:
        fold = getattr(one, "fold", None)
        if isinstance(fold, PackedFold):
            names.setdefault(fold.shape, set()).update(fold.names)
    return {shape: PackedFold(shape, told) for shape, told in names.items()}


def shown(groups: frozenset[Group] | None, word: EventType) -> bool:
    """Whether an event type writes what a read model shows."""
    return groups is None or bool(groups & word.writes)


class Recent(Generic[T]):
    """Things used lately: at least as many as asked for, and at most twice as many."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}

    def get(self, key: bytes) -> T | None:
        """The thing kept under a key, if any."""
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def put(self, key: bytes, thing: T) -> None:
        """Keep a thing."""
        self._young[key] = thing

    def settle(self) -> None:
        """Let go of what was not used lately; between batches, so that none misses what it saw."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
