"""States that hold what tables hold, folded from stored halves without making any object.

What an event type does to the fields of a state is not said again: its aggregate's `evolve` is let
happen once to marks in the place of values, and what became of the marks is noted.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from registry.aggregates import Aggregate
from registry.codec import REDACTED
from registry.projections.packing import Convert, plain, told_as
from registry.values import day_number
from registry.vocabulary import VOCABULARY, EventType, Field

#: The attribute of an event without fields: its halves as stored.
HALVES = "halves"
#: The attribute of it where what was read of them is kept, since histories are folded again.
READ = "read"
#: Values that are remembered at most: the same communities, households and days come again.
REMEMBERED = 1 << 16

NO_PARTS = msgspec.Raw(b"{}")

_named: Any = msgspec.defstruct("Named", [("corrects", int, 0), ("voids", tuple[int, ...], ())])
_read_named = msgspec.json.Decoder(_named).decode
_read = msgspec.json.Decoder().decode


class Mark:
    """Stands for a value while an event happens to marks."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Remembered(dict[Any, Any]):
    """What stored values become in columns, found out once for each."""

    def __init__(self, convert: Convert) -> None:
        super().__init__({None: None})
        self._convert = convert

    def __missing__(self, told: Any) -> Any:
        """Find out about one more."""
        if len(self) > REMEMBERED:
            self.clear()
            self[None] = None
        found = self[told] = self._convert(told)
        return found


_IDS = Remembered(lambda text: bytes.fromhex(text.replace("-", "")))
_DAYS = Remembered(lambda text: day_number(date.fromisoformat(text)))
_TRUTHS = Remembered(int)


@dataclass(frozen=True)
class Move:
    """A field of the state becomes what a field of the event says.

    if_told: only where the event says anything.
    """

    name: str
    field: Field
    if_told: bool

    @property
    def optional(self) -> bool:
        """Whether the event may say nothing."""
        return plain(self.field.type)[1]

    @property
    def from_json(self) -> Remembered | None:
        """How what is stored becomes a column's value; None: as it is."""
        kind, _ = plain(self.field.type)
        return {UUID: _IDS, date: _DAYS, bool: _TRUTHS}.get(kind)

    @property
    def from_value(self) -> Convert | None:
        """How a value becomes a column's value; None: as it is."""
        return told_as(plain(self.field.type)[0])[1]


class Part:
    """What is read of one part of a private half: texts.

    blank: the values of its fields where it was redacted; silent: where there is none.
    """

    def __init__(self, name: str, moves: Sequence[Move]) -> None:
        assert all(move.from_json is None for move in moves), "private halves hold texts"
        self.name = name
        self.shape = reader(name, [move.field.name for move in moves])
        self.blank = tuple(None if move.optional else REDACTED for move in moves)
        self.silent = (None,) * len(moves)


def reader(name: str, names: Collection[str], *more: tuple[str, Any, Any]) -> type[Any]:
    """The shape of a JSON object of which some fields are read, as they are."""
    return msgspec.defstruct(name, [(one, Any, None) for one in names] + [*more], gc=False)


def reading(names: Collection[str]) -> Callable[[bytes], tuple[Any, ...]]:
    """A function that reads some fields of a public half, as they are; None for those not told."""
    read = msgspec.json.Decoder(reader("Some", names)).decode
    return lambda state: astuple(read(state))


class Effect:
    """What an event type does to a state, fields as table values.

    begun: the state that is written into; None: the one before. constants: what fields become by
    any such event.
    """

    def __init__(
        self,
        state: Any,
        begun: Any,
        moves: Sequence[Move],
        constants: Mapping[str, Any],
    ) -> None:
        self._state = state
        self._begun = begun
        names: tuple[str, ...] = state._fields
        self._constants = [(names.index(name), value) for name, value in constants.items()]
        public = [move for move in moves if move.field.part is None]
        by_part: dict[str, list[Move]] = {}
        for move in moves:
            if move.field.part is not None:
                by_part.setdefault(move.field.part, []).append(move)
        self._parts = [Part(name, some) for name, some in by_part.items()]
        # The digests of parts are read where a part is not there, which is seldom.
        digests: list[Any] = [("parts", msgspec.Raw, NO_PARTS)] if by_part else []
        told = reader("Told", [move.field.name for move in public], *digests)
        self._read = msgspec.json.Decoder(told).decode if moves else None
        shapes: list[Any] = [(part.name, part.shape | None, None) for part in self._parts]
        private = msgspec.defstruct("Private", shapes, gc=False)
        self._read_private = msgspec.json.Decoder(private).decode
        #: The moves, and where they lead, in the order in which values are told.
        self._order = public + [move for some in by_part.values() for move in some]
        self._places = [names.index(move.name) for move in self._order]
        self._convert = [
            (place, move.from_json)
            for place, move in enumerate(public)
            if move.from_json is not None
        ]
        #: Places that keep what they have where nothing is told.
        self._keep = frozenset(names.index(move.name) for move in moves if move.if_told)

    def told(self, state: bytes, private: bytes) -> list[Any]:
        """What an event tells, of the halves in which it is stored."""
        if self._read is None:
            return []
        told = list(astuple(self._read(state)))
        if self._parts:
            digests = told.pop()
            half = self._read_private(private) if private else None
            for part in self._parts:
                found = None if half is None else getattr(half, part.name)
                if found is not None:
                    told += astuple(found)
                else:
                    told += part.blank if part.name in _read(digests) else part.silent
        for place, become in self._convert:
            told[place] = become[told[place]]
        return told

    def told_by(self, event: Any) -> list[Any]:
        """The same, of an event that was read."""
        told: list[Any] = []
        for move in self._order:
            value, convert = getattr(event, move.field.name), move.from_value
            told.append(value if value is None or convert is None else convert(value))
        return told

    def after(self, before: Any, told: Sequence[Any]) -> Any:
        """The state after an event that tells so much."""
        values = [*(before if self._begun is None else self._begun)]
        for place, value in self._constants:
            values[place] = value
        if self._keep:
            for place, value in zip(self._places, told, strict=True):
                if value is not None or place not in self._keep:
                    values[place] = value
        else:
            for place, value in zip(self._places, told, strict=True):
                values[place] = value
        return _new(self._state, values)


_new = tuple.__new__
_named_tuple: Callable[[str, Sequence[str]], Any] = namedtuple


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
    there. A state is the tuple of its fields, which have names too.
    """

    def __init__(self, shape: type[Aggregate], names: Collection[str]) -> None:
        self.shape = shape
        hints = get_type_hints(shape)
        self.names = tuple(field.name for field in fields(shape) if field.name in names)
        self._pack: dict[str, Convert | None] = {
            name: told_as(plain(hints[name])[0])[1] for name in self.names
        }
        #: A state: a tuple, since one is made for every entry, and is a row as it is.
        self.state: Any = _named_tuple(shape.__name__, self.names)
        self._words = {word.code: word for word in VOCABULARY.values() if word.kind is shape.KIND}
        self._old = frozenset(
            code for code, word in self._words.items() if hasattr(word.shape, "upcast")
        )
        #: Event types that are one step if they are last: others name versions, or are raised.
        self.codes = frozenset(
            code
            for code, word in self._words.items()
            if not (word.voids or word.corrects or code in self._old)
        )
        self.begin = Effects(lambda code: self._probe(self._words[code], first=True))
        self.go_on = Effects(lambda code: self._probe(self._words[code], first=False))

    def after(self, before: Any, code: int, state: bytes, private: bytes) -> Any:
        """The state after an event, of the halves in which it is stored."""
        effect = (self.begin if before is None else self.go_on)[code]
        return before if effect is None else effect.after(before, effect.told(state, private))

    def unread(self, code: int, state: bytes, private: bytes) -> Any:
        """An event with its halves in place of its fields, save the versions that it names.

        None where it has to be read, since it is raised to another type.
        """
        if code in self._old:
            return None
        word = self._words[code]
        event = object.__new__(word.shape)
        told = event.__dict__
        told[HALVES] = state, private
        if word.voids or word.corrects:
            named = _read_named(state)
            told.update(voids=named.voids, corrects=named.corrects)
        return event

    def __call__(self, before: Any, event: Any, stream: UUID) -> Any:
        """The state after an event, be it read or not."""
        effect = (self.begin if before is None else self.go_on)[VOCABULARY[type(event)].code]
        if effect is None:
            return before
        kept = event.__dict__
        halves = kept.get(HALVES)
        if halves is None:
            return effect.after(before, effect.told_by(event))
        read = kept.get(READ)
        if read is None or read[0] is not effect:
            read = kept[READ] = effect, effect.told(*halves)
        return effect.after(before, read[1])

    def _probe(self, word: EventType, *, first: bool) -> Effect | None:
        """What an event type does; None: nothing that is asked for here."""
        if first and not word.opens:
            return None
        after = self._happen(word, first)
        by_field = {field.name: field for field in word.fields}
        moves, constants, kept = [], {}, False
        for name in self.names:
            value = getattr(after, name)
            if not isinstance(value, Mark):
                pack = self._pack[name]
                constants[name] = value if value is None or pack is None else pack(value)
            elif value.name in by_field:
                field = by_field[value.name]
                moves.append(Move(name, field, self._if_told(word, first, name, field)))
                kept = kept or moves[-1].if_told
            else:
                assert value.name == f"state.{name}", f"{word.name} moves {value.name}"
                kept = True
        if not kept:
            begun = [constants.get(name) for name in self.names]
            return Effect(self.state, begun, moves, {})
        return Effect(self.state, None, moves, constants) if moves or constants else None

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
