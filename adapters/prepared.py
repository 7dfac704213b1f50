"""Statements that are built and compiled once, for questions asked hundreds of times a second.

Building an expression and finding its compiled form takes SQLAlchemy longer than the database
takes to answer; so the text is kept, it goes to the driver directly, and only the values change.
"""

from __future__ import annotations

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import ARRAY, Connection, Engine, Integer, LargeBinary, bindparam
from sqlalchemy.exc import DBAPIError

from adapters.libpq import BYTES, INT, TEXT, TEXT_LIST, Kind, Lane
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

#: What a connection's own notes hold where it is kept for statements that are prepared.
LANE = "lane"


@dataclass(frozen=True)
class _Told:
    """A statement in the words of one database, and how its rows are named."""

    text: str
    fixed: dict[str, Any]
    places: list[str]
    kinds: list[Kind]
    row: Callable[[Any], Any]
    named: str  # the text with names for its places, as cursors of PostgreSQL want it

    def values(self, values: Mapping[str, Any]) -> list[Any]:
        """Values in the order of the places."""
        told = {**self.fixed, **values}
        return [told[place] for place in self.places]


class Prepared:
    """A statement in the words of each database, with its places for values."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._told: dict[str, _Told] = {}

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """The rows of the statement with some values, as named tuples."""
        told = self._told.get(connection.dialect.name) or self._tell(connection)
        lent = connection.connection
        driver = lent.driver_connection
        try:
            lane: Lane | None = lent.info.get(LANE)
            if lane is not None:
                found = lane.rows(told.text, told.kinds, told.values(values))
            elif isinstance(driver, sqlite3.Connection):
                found = driver.execute(told.text, told.values(values)).fetchall()
            else:
                assert isinstance(driver, psycopg.Connection)
                with driver.cursor(binary=True) as cursor:
                    found = cursor.execute(told.named, told.fixed | values).fetchall()
        except (sqlite3.Error, psycopg.Error) as error:
            kind = sqlite3.Error if isinstance(error, sqlite3.Error) else psycopg.Error
            raise DBAPIError.instance(
                told.text, None, error, kind, hide_parameters=True, dialect=connection.dialect
            ) from error
        return list(map(told.row, found))

    def at(self, connection: Connection, at: At, **values: Any) -> Sequence[Any]:
        """The rows at a point on both clocks."""
        known = min(at.known, EVERYTHING - 1)
        return self.rows(connection, day=at.day, known=known, **values)

    def _tell(self, connection: Connection) -> _Told:
        statement = self._build()
        compiled: Any = statement.compile(dialect=connection.dialect)
        names = [column.key for column in statement.selected_columns]
        row: Any = namedtuple("row", names, rename=True)  # type: ignore[misc]  # of this statement
        named = str(compiled)
        places: list[str] = list(compiled.positiontup or ())

        def numbered(found: re.Match[str]) -> str:
            if found[1] not in places:
                places.append(found[1])
            return f"${places.index(found[1]) + 1}"

        text = named
        if compiled.positiontup is None:
            text = re.sub(r"%\((\w+)\)s", numbered, named).replace("%%", "%")
        kinds = [_kind_of(compiled.binds[place].type) for place in places]
        told = _Told(text, dict(compiled.params), places, kinds, row._make, named)
        self._told[connection.dialect.name] = told
        return told


def _kind_of(told: Any) -> Kind:
    match told:
        case ARRAY():
            return TEXT_LIST
        case LargeBinary():
            return BYTES
        case Integer():
            return INT
    return TEXT


def lasting(engine: Engine) -> Connection:
    """A connection that keeps the plans of prepared statements; `drop` it in the end.

    Planning takes PostgreSQL five times as long as a look-up by key.
    """
    connection = engine.connect()
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        lane = connection.connection.info[LANE] = Lane(driver)
        lane.run(b"set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off")
    return connection


def drop(connection: Connection | None) -> None:
    """Let go of a connection for good: nobody else shall plan as it does."""
    if connection is not None:
        connection.invalidate()
        connection.close()


PERSON = Prepared(lambda: persons.person(STREAM, POINT))
NUMBERED = Prepared(lambda: numbers.numbered(NUMBER, POINT))
HOUSEHOLD = Prepared(lambda: households.household_with_members(STREAM, POINT))
PLACE = Prepared(lambda: places.place(STREAM, POINT))
TIMELINE = Prepared(lambda: timelines.timeline(STREAM, POINT.known))
EDITION = Prepared(lambda: timelines.last_position(STREAM, POINT.known))


@cache
def _several(size: int) -> Prepared:
    streams: list[Any] = [_Stream(f"stream_{place}") for place in range(size)]
    return Prepared(lambda: persons.several(streams, POINT))


def several(connection: Connection, ids: Collection[UUID], at: At) -> Sequence[Any]:
    """The rows of several persons, by a statement for the next power of two of them."""
    keys = [one.bytes for one in ids]
    size = 1 << max(len(keys) - 1, 0).bit_length()
    keys += keys[-1:] * (size - len(keys))
    values = {f"stream_{place}": key for place, key in enumerate(keys)}
    return _several(size).at(connection, at, **values)
