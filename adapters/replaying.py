"""Fills the residents read model from the sealed log: rows by a kernel, into tables by the million.

What is done is kept as `adapters.rebuilding` keeps it, person by person in the order of their
identifiers: whichever of the two was interrupted, either can go on.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from sqlalchemy import Connection

from adapters import positions
from adapters.collecting import uncollected
from adapters.drivers import COPY_END, COPY_HEAD
from adapters.positions import Standing
from adapters.rebuilding import Progress, begin, finish
from adapters.tables import Copy, hurried
from registry.codec import Codec
from registry.entry import EVERYTHING
from registry.errors import Unavailable
from registry.projections.base import Values
from registry.projections.changes import Changes
from registry.projections.folding import Folding
from registry.vocabulary import Kind
from replay.columns.choosing import chosen
from replay.columns.forms import NONE, Column
from replay.columns.runs import entries
from replay.questions.stays import NO_DAY, STAY, STILL_KNOWN, stays
from replay.sealed.reading import SealedLog

if TYPE_CHECKING:
    from adapters.projector import Projector

#: The read models that columns can fill.
REPLAYED = ("residences",)
#: Persons whose rows are written together.
CHUNK = 1 << 17
COPY_BYTES = 1 << 20
CODEC, NO_SALT = Codec(), bytes(16)


def rebuild_sealed(
    projector: Projector, log: SealedLog, name: str, progress: Progress = lambda done: None
) -> None:
    """Fill a read model anew from the sealed log, follow the store from there, and let it answer.

    log: without a tail. Goes on where an interrupted rebuild stopped.
    """
    assert name in REPLAYED, name
    standing = begin(projector, name, log.head)
    if standing.target > log.head:
        raise Unavailable(
            f"an interrupted rebuild of {name} is as of position {standing.target}, and the log is"
            f" sealed up to {log.head}; run `registry seal`, or `registry rebuild {name}`"
        )
    done = 0
    if standing.position == 0:
        rows = Stays(log, standing.target, projector.folding([name], cached=1))
        with uncollected() as collect:
            while standing.position == 0 != standing.target:
                standing, count = fill(projector, standing, rows)
                done += count
                progress(done)
                collect()
    finish(projector, [standing], lambda more: progress(done + more))


def fill(projector: Projector, standing: Standing, rows: Stays) -> tuple[Standing, int]:
    """Write the rows of the next persons; returns where the copy stands then, and how many."""
    first = rows.after(standing.reached)
    count = min(CHUNK, len(rows.order) - first)
    last = first + count == len(rows.order)
    copy = projector.copy(standing.name, standing.copy)
    table, others = rows.chunk(first, count)
    changes = Changes()
    changes.written.extend(others)
    moved = replace(
        standing,
        position=standing.target if last else 0,
        reached=rows.key(first + count - 1) if count else standing.reached,
    )
    with hurried(projector.engine) as connection:
        positions.move(connection, [standing], position=moved.position, reached=moved.reached)
        write(connection, copy, table, rows)
        copy.write(connection, changes)
        if last:
            copy.index(connection)
    return moved, count


class Stays:
    """Every row as of a position, the persons in the order of their identifiers.

    folding: folds those whom the kernel leaves out.
    """

    def __init__(self, log: SealedLog, known: int, folding: Folding) -> None:
        self.halves = {
            space: with_none(*log.spaces.all_halves(space))
            for space in ("person", "community", "household", "certificate")
        }
        high, low = (half[:-1] for half in self.halves["person"])
        self.order = np.lexsort((low, high)).astype("u4")
        rank = np.empty(len(self.order), "u4")
        rank[self.order] = np.arange(len(self.order), dtype="u4")
        tables, others = [np.empty(0, STAY)], []
        for partition in log.partitions(Kind.PERSON):
            block = log.block(Kind.PERSON, partition)
            made = stays(block, known)
            tables.append(made.table)
            told = [
                CODEC.stored(entry, lambda: NO_SALT)  # rows show nothing private
                for entry in entries(chosen(block, made.others), log.spaces)
                if entry.position <= known
            ]
            for changes in folding.fold(told, whole=True).values():
                others += changes.rows()
        table = np.concatenate(tables)
        ranks = rank[table["person"]]
        by_rank = np.argsort(ranks, kind="stable")
        self._table, self._ranks = table[by_rank], ranks[by_rank]
        self._others = sorted(others, key=lambda row: bytes(row[0]))

    def key(self, place: int) -> bytes:
        """The identifier of the person at a place in the order."""
        high, low = (int(half[self.order[place]]) for half in self.halves["person"])
        return (high << 64 | low).to_bytes(16, "big")

    def after(self, key: bytes) -> int:
        """The place of the first person after an identifier, b"" for the beginning."""
        low, high = 0, len(self.order)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.key(middle) <= key else (low, middle)
        return low

    def chunk(self, first: int, count: int) -> tuple[Column, list[Values]]:
        """The rows of persons from a place on: of the kernel, and of those folded one by one."""
        begins, ends = np.searchsorted(self._ranks, [first, first + count])
        if not count:
            return self._table[begins:ends], []
        low = bisect_left(self._others, self.key(first), key=lambda row: row[0])
        high = bisect_right(self._others, self.key(first + count - 1), key=lambda row: row[0])
        return self._table[begins:ends], self._others[low:high]


def with_none(high: Column, low: Column) -> tuple[Column, Column]:
    """Halves of identifiers, and behind them one that stands for none."""
    return np.append(high, np.uint64(0)), np.append(low, np.uint64(0))


def write(connection: Connection, copy: Copy, table: Column, rows: Stays) -> None:
    """Write rows in the transaction at hand."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.executemany(copy.insert, values(table, rows.halves))
        return
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(copy.copy) as into:
        into.write(COPY_HEAD)
        for piece in packed(table, rows.halves):
            into.write(piece)
        into.write(COPY_END)


#: Columns of a row that may be absent, each with what stands for that.
OPTIONAL: Mapping[str, int] = {
    "household": NONE,
    "certificate": NONE,
    "destination": NONE,
    "left_on": NO_DAY,
}
#: The columns in the order of the table, with their form in PostgreSQL's binary rows.
WIRE = {
    "person": "V16",
    "valid_from": ">i4",
    "known_from": ">i8",
    "known_until": ">i8",
    "valid_until": ">i4",
    "community": "V16",
    "status": ">i4",
    "household": "V16",
    "certificate": "V16",
    "destination": "V6",
    "left_on": ">i4",
}
Halves = Mapping[str, tuple[Column, Column]]


def column(table: Column, name: str, halves: Halves) -> Column:
    """A column as the table has it: identifiers as sixteen bytes, codes as six characters."""
    told = table[name]
    if name in halves:
        high, low = halves[name]
        told = np.where(told == NONE, len(high) - 1, told)
        return np.stack([high[told], low[told]], axis=1).astype(">u8").view("V16").reshape(-1)
    if name == "destination":
        digits = told[:, None] // 10 ** np.arange(5, -1, -1, dtype="u4") % 10 + ord("0")
        return np.ascontiguousarray(digits.astype("u1")).view("V6").reshape(-1)
    if name == "known_until":
        return np.where(told == STILL_KNOWN, EVERYTHING, told.astype("i8"))
    whole: Column = told
    return whole


def packed(table: Column, halves: Halves) -> Iterator[bytes]:
    """Rows in PostgreSQL's binary form; those that lack the same columns together."""
    lacks = np.zeros(len(table), "u1")
    for bit, (name, nothing) in enumerate(OPTIONAL.items()):
        lacks |= (table[name] == nothing).astype("u1") << bit
    for lack in np.unique(lacks).tolist():
        absent = {name for bit, name in enumerate(OPTIONAL) if lack >> bit & 1}
        fields = [("count", ">i2")]
        for name, form in WIRE.items():
            fields.append((f"{name} size", ">i4"))
            if name not in absent:
                fields.append((name, form))
        some = table[lacks == lack]
        rows = np.empty(len(some), np.dtype(fields))
        rows["count"] = len(WIRE)
        for name, form in WIRE.items():
            rows[f"{name} size"] = -1 if name in absent else np.dtype(form).itemsize
            if name not in absent:
                rows[name] = column(some, name, halves)
        at_once = max(1, COPY_BYTES // rows.itemsize)
        for start in range(0, len(rows), at_once):
            yield rows[start : start + at_once].tobytes()


def values(table: Column, halves: Halves) -> Iterator[tuple[Any, ...]]:
    """Rows as SQLite takes them."""
    told = []
    for name in WIRE:
        found: list[Any] = column(table, name, halves).tolist()
        if name == "destination":
            found = [one.decode() for one in found]
        if name in OPTIONAL:
            nothing = (table[name] == OPTIONAL[name]).tolist()
            found = [None if no else one for one, no in zip(found, nothing, strict=True)]
        told.append(found)
    return zip(*told, strict=True)
