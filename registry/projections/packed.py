"""States that hold what tables hold, folded from stored halves without making any object.

What an event type does to the fields of a state is not said again: its aggregate's `evolve` is let
happen once to marks in the place of values, and what became of the marks is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from functools import cached_property
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from registry.aggregates import Aggregate
from registry.codec import REDACTED
from registry.projections.packing import Convert, plain, told_as
from registry.values import day_number
from registry.vocabulary import VOCABULARY, EventType, Field

#: The attribute of an event without fields: its first half as JSON has it, the other as stored.
HALVES = "halves"

_read = msgspec.json.Decoder().decode


class Mark:
    """Stands for a value while an event happens to marks."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True)
class Move:
    """A field of the state becomes what a field of the event says.

    if_told: only where the event says anything.
    """

    name: str
    field: Field
    if_told: bool

    @cached_property
    def optional(self) -> bool:
        """Whether the event may say nothing."""
        return plain(self.field.type)[1]

    @cached_property
    def from_json(self) -> Convert | None:
        """How what is stored becomes a column's value; None: as it is."""
        kind, _ = plain(self.field.type)
        if kind is UUID:
            return lambda text: bytes.fromhex(text.replace("-", ""))
        if kind is date:
            return lambda text: day_number(date.fromisoformat(text))
        return int if kind is bool else None

    @cached_property
    def from_value(self) -> Convert | None:
        """How a value becomes a column's value; None: as it is."""
        return told_as(plain(self.field.type)[0])[1]


class Part:
    """What the fields of one part of a private half do."""

    def __init__(self, name: str, moves: Sequence[Move]) -> None:
        self.name = name
        self.always = [(move.name, move.field.name) for move in moves if not move.if_told]
        self.if_told = {move.field.name: move.name for move in moves if move.if_told}
        #: What becomes of a state if nothing is told, and by a part that was redacted.
        self.silent = [(name, None) for name, _ in self.always]
        self.blank = [
            (move.name, None if move.optional else REDACTED)
            for move in moves
            if not (move.optional and move.if_told)
        ]
        assert all(move.from_json is None for move in moves), "private halves hold texts"

    def put(self, state: Any, told: dict[str, Any]) -> None:
        """Write what is told into a state."""
        for name, source in self.always:
            setattr(state, name, told.get(source))
        if self.if_told:
            for source, value in told.items():
                if value is not None and source in self.if_told:
                    setattr(state, self.if_told[source], value)


class Effect:
    """What an event type does to a state, fields as table values.

    begun: the state that is written into; None: a copy of the one before.
    """

    def __init__(self, begun: Any, moves: Sequence[Move], constants: dict[str, Any]) -> None:
        self.begun = begun
        self.moves = moves
        self._constants = tuple(constants.items())
        public = [move for move in moves if move.field.part is None]
        self._plain = [
            (move.name, move.field.name)
            for move in public
            if move.from_json is None and not move.if_told
        ]
        self._converted = [
            (move.name, move.field.name, move.from_json)
            for move in public
            if move.from_json is not None and not move.if_told
        ]
        self._if_told = {
            move.field.name: (move.name, move.from_json) for move in public if move.if_told
        }
        told = [move.field.name for move in moves if move.if_told]
        assert len(told) == len(set(told)), "a field that may be absent goes to one place"
        names = dict.fromkeys(move.field.part for move in moves if move.field.part)
        self._parts = [
            Part(name, [move for move in moves if move.field.part == name]) for name in names
        ]

    def copy(self, before: Any) -> Any:
        """The state that is written into."""
        state = (before if self.begun is None else self.begun).__copy__()
        for name, value in self._constants:
            setattr(state, name, value)
        return state

    def of_halves(self, before: Any, told: dict[str, Any], private: bytes) -> Any:
        """The state after an event of which its first half is told."""
        state = self.copy(before)
        for name, source in self._plain:
            setattr(state, name, told.get(source))
        for name, source, convert in self._converted:
            value = told.get(source)
            setattr(state, name, None if value is None else convert(value))
        if self._if_told:
            for source, value in told.items():
                if value is not None and source in self._if_told:
                    name, pack = self._if_told[source]
                    setattr(state, name, value if pack is None else pack(value))
        if self._parts:
            self._private(state, told.get("parts", ()), private)
        return state

    def _private(self, state: Any, digests: Collection[str], private: bytes) -> None:
        half: dict[str, Any] | None = None
        for part in self._parts:
            fixed: Sequence[tuple[str, Any]] = part.silent
            if part.name in digests:
                if half is None:
                    half = _read(private) if private else {}
                told = half.get(part.name)
                if told is not None:
                    part.put(state, told)
                    continue
                fixed = part.blank
            for name, value in fixed:
                setattr(state, name, value)

    def of_event(self, before: Any, event: Any) -> Any:
        """The state after an event that was read."""
        state = self.copy(before)
        for move in self.moves:
            value = getattr(event, move.field.name)
            if value is not None:
                convert = move.from_value
                setattr(state, move.name, value if convert is None else convert(value))
            elif not move.if_told:
                setattr(state, move.name, None)
        return state


class Effects(dict[int, Effect | None]):
    """The effect of each event type by its code, found out when it is first asked for."""

    def __init__(self, find: Callable[[int], Effect | None]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, code: int) -> Effect | None:
        """Find out about one more."""
        found = self[code] = self._find(code)
        return found


class PackedFold:
    """The fold of an aggregate's stream to some of its fields, as tables hold them.

    `evolve` may do nothing with values but move them: it may not look at one, save whether it is
    there. The states are attributes by name.
    """

    def __init__(self, shape: type[Aggregate], names: Collection[str]) -> None:
        self.shape = shape
        hints = get_type_hints(shape)
        self.names = tuple(field.name for field in fields(shape) if field.name in names)
        self._pack: dict[str, Convert | None] = {
            name: told_as(plain(hints[name])[0])[1] for name in self.names
        }
        self.state: Any = msgspec.defstruct(
            shape.__name__, [(name, Any, None) for name in self.names], gc=False
        )
        self._words = {word.code: word for word in VOCABULARY.values() if word.kind is shape.KIND}
        #: Event types that need not be read: others name versions, or are raised to newer types.
        self.codes = frozenset(
            code
            for code, word in self._words.items()
            if not (word.voids or word.corrects or hasattr(word.shape, "upcast"))
        )
        self._begin = Effects(lambda code: self._probe(self._words[code], first=True))
        self._go_on = Effects(lambda code: self._probe(self._words[code], first=False))

    def after(self, before: Any, code: int, state: bytes, private: bytes) -> Any:
        """The state after an event, of the halves in which it is stored."""
        effect = (self._begin if before is None else self._go_on)[code]
        return before if effect is None else effect.of_halves(before, _read(state), private)

    def unread(self, code: int, state: bytes, private: bytes) -> Any:
        """An event with its halves in place of its fields; None where it has to be read."""
        if code not in self.codes:
            return None
        event = object.__new__(self._words[code].shape)
        event.__dict__[HALVES] = _read(state), private
        return event

    def __call__(self, before: Any, event: Any, stream: UUID) -> Any:
        """The state after an event, be it read or not."""
        effect = (self._begin if before is None else self._go_on)[VOCABULARY[type(event)].code]
        if effect is None:
            return before
        halves = event.__dict__.get(HALVES)
        if halves is None:
            return effect.of_event(before, event)
        return effect.of_halves(before, *halves)

    def _probe(self, word: EventType, *, first: bool) -> Effect | None:
        """What an event type does; None: nothing that is asked for here."""
        if first and not word.opens:
            return None
        after = self._happen(word, first)
        by_field = {field.name: field for field in word.fields}
        moves, constants, kept = [], {}, set()
        for name in self.names:
            value = getattr(after, name)
            if not isinstance(value, Mark):
                pack = self._pack[name]
                constants[name] = value if value is None or pack is None else pack(value)
            elif value.name in by_field:
                field = by_field[value.name]
                moves.append(Move(name, field, self._if_told(word, first, name, field)))
                if moves[-1].if_told:
                    kept.add(name)
            else:
                assert value.name == f"state.{name}", f"{word.name} moves {value.name}"
                kept.add(name)
        if not kept:
            # What is not told stays as it begins, as None.
            told = [replace(move, if_told=True) for move in moves]
            return Effect(self.state(**constants), told, {})
        return Effect(None, moves, constants) if moves or constants else None

    def _if_told(self, word: EventType, first: bool, name: str, field: Field) -> bool:
        """Whether a field of the state stays as it is where a field of an event is None."""
        assert field.default in (MISSING, None), f"{word.name}.{field.name} has a default"
        told_as(plain(field.type)[0])  # a value that no column holds cannot be packed
        silent = getattr(self._happen(word, first, absent=field.name), name)
        if isinstance(silent, Mark):
            assert silent.name == f"state.{name}", f"{word.name} moves {silent.name}"
            return True
        assert silent is None, f"{word.name} looks at {field.name}"
        return False

    def _happen(self, word: EventType, first: bool, absent: str | None = None) -> Any:
        """Let an event of marks happen to nothing or to a state of marks."""
        event = object.__new__(word.shape)
        event.__dict__.update((field.name, Mark(field.name)) for field in word.fields)
        if absent is not None:
            event.__dict__[absent] = None
        before: Any = None
        if not first:
            before = object.__new__(self.shape)
            before.__dict__.update((f.name, Mark(f"state.{f.name}")) for f in fields(self.shape))
        return self.shape.evolve(before, event, UUID(int=0))
