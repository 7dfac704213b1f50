"""What an event type does to the fields of an aggregate, found out by letting it happen to marks.

`evolve` says it once, for one state; columns need it for a million. So it is let happen to marks in
the place of values: what becomes of the marks is an effect. Where a field is compared with one of
the state before, there are two effects, for either answer; whatever else looks into a value has
none that can be told here, and who was touched by it is folded one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any, NoReturn
from uuid import UUID

from registry.aggregates import Aggregate
from registry.projections.packing import plain
from registry.vocabulary import EventType, Field

#: Where a field of the state stays as it is.
KEPT = object()
#: What a name beginning so stands for is a field of the state before.
STATE = "state."


class Looked(Exception):
    """A value was looked into, and marks have none."""


@dataclass
class Answer:
    """What marks say when they are compared, and of what they were asked it."""

    equal: bool = True
    asked: set[tuple[str, str]] = field(default_factory=set)


class Mark:
    """Stands for a value; without a name, for one that nobody knows."""

    def __init__(self, name: str | None, answer: Answer) -> None:
        self.name = name
        self._answer = answer

    def __eq__(self, other: object) -> bool:
        """Whether a field of the event is the same as one of the state: as it was agreed."""
        if not isinstance(other, Mark) or self.name is None or other.name is None:
            raise Looked
        one, two = sorted((self.name, other.name), key=lambda name: name.startswith(STATE))
        if one.startswith(STATE) or not two.startswith(STATE):
            raise Looked
        self._answer.asked.add((one, two.removeprefix(STATE)))
        return self._answer.equal

    __hash__ = None  # type: ignore[assignment]  # to look it up is to look into it

    def __add__(self, other: object) -> Mark:
        """Something that nobody knows."""
        return Mark(None, self._answer)

    def __iter__(self) -> Iterator[Any]:
        """Nothing: what is in a list does nothing to fields that hold none."""
        return iter(())

    def __bool__(self) -> NoReturn:
        """Look whether it is nothing, or zero."""
        raise Looked


@dataclass(frozen=True)
class Told:
    """A field of the state becomes a field of the event; otherwise: what, where that is absent."""

    field: Field
    otherwise: Any


#: What becomes of fields of the state: what is told, or a constant; others are kept.
Effect = Mapping[str, Told | Any]


@dataclass(frozen=True)
class Effects:
    """What an event type does: to a state that has a field equal to one of the event, and else.

    compared: the field of the event and that of the state; None where both effects are the same.
    """

    equal: Effect
    unequal: Effect
    compared: tuple[str, str] | None


@cache
def effects(shape: type[Aggregate], names: frozenset[str], word: EventType) -> Effects | None:
    """What an event type does to some fields; None if that cannot be told from it alone.

    One with which streams begin is told of only as the first of a stream, another as a later one.
    """
    if word.voids or word.corrects or hasattr(word.shape, "upcast"):
        return None
    if not names:
        return Effects({}, {}, None)
    try:
        asked: set[tuple[str, str]] = set()
        equal = _effect(shape, names, word, Answer(True, asked))
        unequal = _effect(shape, names, word, Answer(False, asked)) if asked else equal
    except (Looked, TypeError, AttributeError, KeyError):
        return None
    if len(asked) > 1:
        return None
    if equal == unequal:
        return Effects(equal, equal, None)
    (compared,) = asked
    if compared[1] not in names or equal.get(compared[1]) != unequal.get(compared[1]):
        return None  # what is compared has to be known, whatever came of comparing before
    return Effects(equal, unequal, compared)


def _effect(
    shape: type[Aggregate], names: Collection[str], word: EventType, answer: Answer
) -> Effect:
    after = happen(shape, word, answer)
    by_field = {field.name: field for field in word.fields}
    becomes: dict[str, Any] = {}
    for name in names:
        value = getattr(after, name)
        if not isinstance(value, Mark):
            becomes[name] = value
        elif value.name in by_field:
            becomes[name] = Told(by_field[value.name], None)
        elif value.name != f"{STATE}{name}":
            raise Looked
    for one in word.fields:
        if one.default is None or plain(one.type)[1]:
            silent = happen(shape, word, answer, absent=one.name)
            for name in names:
                was, now = becomes.get(name, KEPT), getattr(silent, name)
                if isinstance(was, Told) and was.field is one:
                    becomes[name] = Told(one, constant_or_kept(now, name))
                elif not same(was, now, name):
                    raise Looked
    return MappingProxyType(becomes)


def constant_or_kept(value: Any, name: str) -> Any:
    """What a field became that the event tells nothing of: KEPT, or a constant."""
    if not isinstance(value, Mark):
        return value
    if value.name != f"{STATE}{name}":
        raise Looked
    return KEPT


def same(was: Any, now: Any, name: str) -> bool:
    """Whether a field became the same where the event tells nothing of another."""
    if isinstance(was, Told):
        return isinstance(now, Mark) and now.name == was.field.name
    if was is KEPT:
        return isinstance(now, Mark) and now.name == f"{STATE}{name}"
    return not isinstance(now, Mark) and bool(now == was)


def happen(
    shape: type[Aggregate], word: EventType, answer: Answer, absent: str | None = None
) -> Any:
    """Let an event of marks happen: to nothing if streams begin with it, else to a marked state."""
    event = object.__new__(word.shape)
    event.__dict__.update((one.name, Mark(one.name, answer)) for one in word.fields)
    if absent is not None:
        event.__dict__[absent] = None
    before: Any = None
    if not word.opens:
        before = object.__new__(shape)
        before.__dict__.update(
            (one.name, Mark(f"{STATE}{one.name}", answer)) for one in fields(shape)
        )
    return shape.evolve(before, event, UUID(int=0))
