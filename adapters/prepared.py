"""Statements that are built and compiled once, for questions asked hundreds of times a second.

Building an expression and finding its compiled form takes SQLAlchemy longer than the database
takes to answer; here the text is kept and only the values change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam

from registry.entry import EVERYTHING
from registry.projections import At, households, numbers, persons, places, timelines
from registry.projections.base import Day, Id, Position, Words


class _Stream:
    """Stands for an identifier while a statement is built."""

    def __init__(self, name: str) -> None:
        self.bytes = bindparam(name, type_=Id)


class _Point:
    """Stands for a point on both clocks while a statement is built."""

    day = bindparam("day", type_=Day())
    known = bindparam("known", type_=Position)


STREAM: Any = _Stream("stream")
POINT: Any = _Point()
NUMBER: Any = bindparam("number", type_=Words)


class Prepared:
    """A statement in the words of each database, with its places for values."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._told: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {}

    def rows(self, connection: Connection, **values: Any) -> Sequence[Row[Any]]:
        """The rows of the statement with some values."""
        text, fixed, places = self._text(connection)
        told = fixed | values
        given: Any = told if places is None else tuple(told[place] for place in places)
        return connection.exec_driver_sql(text, given).all()

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement for each of several rows."""
        text, _, places = self._text(connection)
        given: Any = [
            row if places is None else tuple(row[place] for place in places) for row in rows
        ]
        connection.exec_driver_sql(text, given)

    def _text(self, connection: Connection) -> tuple[str, dict[str, Any], list[str] | None]:
        name = connection.dialect.name
        if name not in self._told:
            compiled: Any = self._build().compile(dialect=connection.dialect)
            self._told[name] = str(compiled), dict(compiled.params), compiled.positiontup
        return self._told[name]

    def at(self, connection: Connection, at: At, **values: Any) -> Sequence[Row[Any]]:
        """The rows at a point on both clocks."""
        known = min(at.known, EVERYTHING - 1)
        return self.rows(connection, day=at.day, known=known, **values)


PERSON = Prepared(lambda: persons.person(STREAM, POINT))
EVER_NUMBERED = Prepared(lambda: persons.ever_numbered(NUMBER, POINT))
HOLDERS = Prepared(lambda: numbers.holders(NUMBER, POINT))
HOUSEHOLD = Prepared(lambda: households.household(STREAM, POINT))
MEMBERS = Prepared(lambda: households.members_of(STREAM, POINT))
PLACE = Prepared(lambda: places.place(STREAM, POINT))
TIMELINE = Prepared(lambda: timelines.timeline(STREAM, POINT.known))
EDITION = Prepared(lambda: timelines.last_position(STREAM, POINT.known))


@cache
def _several(size: int) -> Prepared:
    streams: list[Any] = [_Stream(f"stream_{place}") for place in range(size)]
    return Prepared(lambda: persons.several(streams, POINT))


def several(connection: Connection, ids: Collection[UUID], at: At) -> Sequence[Row[Any]]:
    """The rows of several persons, by a statement for the next power of two of them."""
    keys = [one.bytes for one in ids]
    size = 1 << max(len(keys) - 1, 0).bit_length()
    keys += keys[-1:] * (size - len(keys))
    values = {f"stream_{place}": key for place, key in enumerate(keys)}
    return _several(size).at(connection, at, **values)
