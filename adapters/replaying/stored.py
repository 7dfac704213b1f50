"""Rows that are stored, in the form in which columns are laid out: PostgreSQL's binary one.

PostgreSQL gives it. Of SQLite's rows it is made, column by column; a row with a value that has not
the type of its column, which SQLite lets stand, becomes one that no columns lay out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import Connection

from adapters.drivers import COPY_END, COPY_HEAD
from adapters.replaying.wire import AT_ONCE, Bytes, Packed, laid
from adapters.tables import kind_of
from registry.projections import Projection
from registry.projections.base import Values
from replay.columns.forms import Column

#: What values of a column are in Python, by PostgreSQL's name of its type, and bytes of integers.
TYPES: dict[str, type[Any]] = {"int4": int, "int8": int, "bytea": bytes, "text": str}
SIZES = {"int4": 4, "int8": 8}


class Odd(Exception):
    """A value has not the type of its column."""


def stored(connection: Connection, model: Projection) -> Iterator[Packed]:
    """All rows of a read model that readers see, some at a time and in no order."""
    shown = ", ".join(f'"{column}"' for column in model.columns)
    query = f"select {shown} from {model.table.name}"
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        found, kinds = driver.execute(query), kinds_of(model)
        while rows := found.fetchmany(AT_ONCE):
            yield from of_values(rows, kinds)
        return
    assert isinstance(driver, psycopg.Connection)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"copy ({query}) to stdout (format binary)") as copy,
    ):
        held: list[bytes] = []
        for number, row in enumerate(map(bytes, copy)):
            if number == 0:
                assert row.startswith(COPY_HEAD), "the server's form of rows is another"
                row = row[len(COPY_HEAD) :]
            if row and row != COPY_END:
                held.append(row)
            if len(held) == AT_ONCE:
                yield joined(held)
                held = []
        if held:
            yield joined(held)


def joined(rows: Sequence[bytes]) -> Packed:
    """Rows one after the other."""
    ends = np.cumsum(np.fromiter(map(len, rows), "i8", len(rows)))
    return Packed(np.frombuffer(b"".join(rows), "u1"), ends)


def kinds_of(model: Projection) -> list[str]:
    """PostgreSQL's names of the types of a read model's columns."""
    return [kind_of(column) for column in model.table.columns]


def of_values(rows: Sequence[Values], kinds: Sequence[str]) -> Iterator[Packed]:
    """Rows of values; those with an odd one apart."""
    if not rows:
        return
    try:
        yield from laid([field(*one) for one in zip(zip(*rows, strict=True), kinds, strict=True)])
    except Odd:
        if len(rows) == 1:
            yield joined([strange(rows[0], kinds[0])])
            return
        half = len(rows) // 2
        yield from chain(of_values(rows[:half], kinds), of_values(rows[half:], kinds))


def strange(row: Values, kind: str) -> bytes:
    """A row that no columns lay out: of no fields, and behind them what is there.

    kind: of its first column. A row of no stream lies before all others, one of no position behind.
    """
    first = row[0]
    if kind == "bytea":
        key = first if isinstance(first, bytes) else b""
    else:
        key = first.to_bytes(8, "big", signed=True) if isinstance(first, int) else b"\xff" * 8
    return bytes(2) + len(key).to_bytes(4, "big") + key + repr(row).encode()


def field(values: Sequence[Any], kind: str) -> Bytes:
    """The values of a column; raises Odd where one is not of its type."""
    told = [one for one in values if one is not None] if None in values else values
    if not all(issubclass(one, TYPES[kind]) for one in set(map(type, told))):
        raise Odd
    if kind in SIZES:
        data, sizes = integers(told, SIZES[kind])
    else:
        raw = told if kind == "bytea" else [one.encode() for one in told]
        data = np.frombuffer(b"".join(raw), "u1")
        sizes = np.fromiter(map(len, raw), "i8", len(raw))
    begin = np.cumsum(sizes) - sizes
    if told is values:
        return Bytes(begin, sizes, data)
    there = np.fromiter((one is not None for one in values), np.bool_, len(values))
    begins, many = np.zeros(len(values), "i8"), np.full(len(values), -1, "i8")
    begins[there], many[there] = begin, sizes
    return Bytes(begins, many, data)


def integers(told: Sequence[int], size: int) -> tuple[Column, Column]:
    """Integers as bytes u1, the highest first, and their sizes; raises Odd if one is too big."""
    found = np.array(told, "i8")
    written = found.astype(f">i{size}")
    if (written != found).any():
        raise Odd
    return written.view("u1"), np.full(len(found), size, "i8")
