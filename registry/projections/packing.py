"""The fields of an aggregate as columns of a table, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date
from enum import Enum, IntEnum
from operator import attrgetter
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import Column, Integer

from registry.aggregates import Aggregate
from registry.projections.base import Day, Id, Values, Words
from registry.values import day_number, day_of

A = TypeVar("A", bound=Aggregate)
Convert = Callable[[Any], Any]


class Packing(Generic[A]):
    """Columns for some fields of an aggregate: days as numbers, identifiers as bytes."""

    def __init__(self, shape: type[A], names: Sequence[str] | None = None) -> None:
        hints = get_type_hints(shape)
        told = [field.name for field in fields(shape)]
        self.shape = shape
        self.names = tuple(name for name in names or told if name != "id")
        self._take = attrgetter(*self.names)
        self._pack: list[tuple[int, Convert]] = []
        self._unpack: list[tuple[str, Convert]] = []
        self._columns: list[tuple[str, Any, bool]] = []
        for index, name in enumerate(self.names):
            kind, optional = plain(hints[name])
            column, pack, unpack = told_as(kind)
            self._columns.append((name, column, optional))
            if unpack is not None:
                self._unpack.append((name, unpack))
            if pack is not None:
                self._pack.append((index, pack))

    def columns(self) -> list[Column[Any]]:
        """New columns, one a field."""
        return [Column(name, kind, nullable=optional) for name, kind, optional in self._columns]

    def pack(self, state: A) -> Values:
        """The values of a state's columns."""
        values = list(self._take(state))
        for index, convert in self._pack:
            value = values[index]
            if value is not None:
                values[index] = convert(value)
        return tuple(values)

    def unpack(self, values: Sequence[Any]) -> dict[str, Any]:
        """The fields of columns' values; they were checked when they were recorded."""
        told = dict(zip(self.names, values, strict=True))
        for name, convert in self._unpack:
            value = told[name]
            if value is not None:
                told[name] = convert(value)
        return told

    def state(self, stream: UUID, values: Sequence[Any], **more: Any) -> A:
        """The state of columns' values."""
        return self.shape(id=stream, **self.unpack(values), **more)


def plain(hint: Any) -> tuple[Any, bool]:
    """A type without None and without the name it was given, and whether None was in it."""
    optional = get_origin(hint) in {UnionType, Union}
    if optional:
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    return getattr(hint, "__supertype__", hint), optional


def told_as(kind: Any) -> tuple[Any, Convert | None, Convert | None]:
    """The column of a type, how its values are written and how they are read."""
    if kind is UUID:
        return Id, attrgetter("bytes"), lambda value: UUID(bytes=value)
    if kind is date:
        return Day(), day_number, day_of
    if kind is bool:
        return Integer(), int, bool
    if kind is int:
        return Integer(), None, None
    if issubclass(kind, IntEnum):
        return Integer(), int, kind
    if issubclass(kind, Enum):
        return Words, str, kind
    assert issubclass(kind, str), kind
    if kind is str:
        return Words, None, None
    return Words, None, lambda value: str.__new__(kind, value)
