"""Fills read models from the columns of the sealed log: rows by the million, as tables take them.

A stretch of entities is read at a time; what it says in all read models of its kind is written in
one transaction, with how far they have come. Whoever something happened to that columns cannot tell
is folded one by one, as the follower does it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from threading import Event, Lock
from typing import TYPE_CHECKING

import numpy as np
import psycopg
from blake3 import blake3
from sqlalchemy import Connection

from adapters import positions
from adapters.collecting import uncollected
from adapters.drivers import COPY_END, COPY_HEAD
from adapters.positions import Standing, contended
from adapters.rebuilding import COLUMNS, Progress, begin, finish, indexed
from adapters.replaying.model import Model
from adapters.replaying.models import MODELS
from adapters.replaying.stating import States
from adapters.replaying.wire import Cells, packed, values
from adapters.tables import Copy, hurried
from registry.aggregates import AGGREGATES
from registry.codec import Codec
from registry.errors import Unavailable
from registry.projections.changes import Changes
from registry.projections.folding import Folding
from registry.vocabulary import Kind
from replay.columns.choosing import chosen
from replay.columns.runs import Block, entries
from replay.sealed.reading import Outdated, SealedLog

if TYPE_CHECKING:
    from adapters.projector import Projector

#: The read models that columns can fill.
REPLAYED = tuple(MODELS)
#: Entities whose rows are written together.
CHUNK = 1 << 14
#: Bytes of the digest of which entities are done.
KEPT = 16
CODEC, NO_SALT = Codec(), bytes(16)


def rebuild_sealed(
    projector: Projector,
    log: SealedLog,
    *names: str,
    progress: Progress = lambda done: None,
    at_once: int = 1,
) -> None:
    """Fill read models anew from the sealed log, follow the store from there, and let them answer.

    log: without a tail. at_once: how many kinds of stream are read, and how many indexes made,
    beside one another on PostgreSQL; SQLite has one writer. Goes on where an interrupted rebuild
    from the log stopped; begins anew where that log had its entities in another order, as one has
    that was sealed anew.
    """
    standings = [begun(projector, log, name) for name in names]
    for one in standings:
        if one.target > log.head:
            raise Unavailable(
                f"an interrupted rebuild of {one.name} is as of position {one.target}, and the log"
                f" is sealed up to {log.head}; run `registry seal`, or rebuild it from the database"
            )
    filled = [one for one in standings if one.position or not one.target]
    done, telling, stop = 0, Lock(), Event()
    if projector.engine.dialect.name == "sqlite":
        at_once = 1

    def fill(told: Mapping[str, Standing]) -> Collection[Standing]:
        nonlocal done
        for moved, count in filling(projector, log.again(), told):
            told = moved
            with telling:
                done += count
                progress(done)
                collect()
            if stop.is_set():
                return ()
        return indexed(projector, told, at_once).values()

    with uncollected() as collect, ThreadPoolExecutor(at_once, "rebuild") as threads:
        try:
            for some in threads.map(fill, together(one for one in standings if one not in filled)):
                filled += some
        finally:
            stop.set()  # whoever is at it ends with its stretch
    finish(projector, filled, lambda more: progress(done + more))


def begun(projector: Projector, log: SealedLog, name: str) -> Standing:
    """A copy to be filled from a log, or to be gone on with if it was begun from the same one."""
    one = begin(projector, name, log.head, columns=True)
    done, kept = place(one.reached)
    if one.position or one.target > log.head or not done:
        return one
    kind = MODELS[name].kind
    if done <= log.count(kind) and identity(log, kind, done).digest(length=KEPT) == kept:
        return one
    return begin(projector, name, log.head, columns=True, anew=True)


def together(standings: Iterable[Standing]) -> list[Mapping[str, Standing]]:
    """Copies that are filled together: of one kind, and that stand at the same place."""
    found: dict[tuple[Kind, int, bytes], dict[str, Standing]] = {}
    for one in standings:
        found.setdefault((MODELS[one.name].kind, one.target, one.reached), {})[one.name] = one
    return list(found.values())


def filling(
    projector: Projector, log: SealedLog, told: Mapping[str, Standing]
) -> Iterator[tuple[dict[str, Standing], int]]:
    """Fill copies of one kind stretch by stretch; gives where they stand, and how many entities."""
    models = [MODELS[name] for name in told]
    ((target, kind),) = {(one.target, MODELS[one.name].kind) for one in told.values()}
    ((first, _),) = {place(one.reached) for one in told.values()}
    done = identity(log, kind, first)
    source = Source(log, models, projector.folding(told, cached=1), target)
    while first < log.count(kind):
        until = min(first + CHUNK, ((first >> log.bits) + 1) << log.bits, log.count(kind))
        made = source.rows(first, until - first)
        identify(done, log, kind, first, until)
        reached = COLUMNS + until.to_bytes(8, "big") + done.digest(length=KEPT)
        moved = {name: replace(one, reached=reached) for name, one in told.items()}
        with contended(projector.engine, told.values()), hurried(projector.engine) as connection:
            for one in told.values():
                table, others = made[one.name]
                copy = projector.copy(one.name, one.copy)
                write(connection, copy, table)
                copy.write(connection, others)
            positions.move(connection, told.values(), reached=reached)
        yield moved, until - first
        told, first = moved, until


def place(reached: bytes) -> tuple[int, bytes]:
    """How many entities of the sealed log are done, and the digest of which they are."""
    kept = reached.removeprefix(COLUMNS)
    return int.from_bytes(kept[:8], "big"), kept[8:]


def identity(log: SealedLog, kind: Kind, entities: int) -> blake3:
    """A hash of which entities are the first of a kind: another log may have others there."""
    hashed = blake3()
    identify(hashed, log, kind, 0, entities)
    return hashed


def identify(hashed: blake3, log: SealedLog, kind: Kind, first: int, until: int) -> None:
    """Add entities to such a hash."""
    high, low = log.spaces.halves_of(kind.value, np.arange(first, until, dtype="u4"))
    hashed.update(np.column_stack((high, low)).tobytes())


class Source:
    """The rows of read models of one kind as of a position, from the sealed log.

    folding: folds those whom columns cannot tell.
    """

    def __init__(
        self, log: SealedLog, models: Sequence[Model], folding: Folding, known: int
    ) -> None:
        self._log, self._models, self._folding, self._known = log, models, folding, known
        self._kind = models[0].kind
        self._names = frozenset(name for model in models for name in model.fields)
        self.halves = cache(lambda space: log.spaces.all_halves(space))

    def rows(self, first: int, size: int) -> dict[str, tuple[list[Cells], Changes]]:
        """Of each read model the rows of some entities: columns, and those folded one by one."""
        while True:
            try:
                return self.rows_now(first, size)
            except Outdated:  # the sealer has written it anew, and the file is gone
                self._log = self._log.again()

    def rows_now(self, first: int, size: int) -> dict[str, tuple[list[Cells], Changes]]:
        """The same of the log as it was opened; raises Outdated if it was written on."""
        return self._rows(self._log.stretch(self._kind, first, size))

    def _rows(self, block: Block) -> dict[str, tuple[list[Cells], Changes]]:
        states = States(block, AGGREGATES[self._kind], self._names, self.halves)
        tables = {model.name: model.rows(states, self._known) for model in self._models}
        others = (np.flatnonzero(states.odd) + block.first).astype("u4")
        told = [
            CODEC.stored(entry, lambda: NO_SALT)  # rows show no salt
            for entry in entries(chosen(block, others), self._log.spaces)
            if entry.position <= self._known
        ]
        changes = self._folding.fold(told, whole=True)
        return {name: (table, changes[name]) for name, table in tables.items()}


def write(connection: Connection, copy: Copy, table: Sequence[Cells]) -> None:
    """Write rows in the transaction at hand."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.executemany(copy.insert, values(table))
        return
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(copy.copy) as into:
        into.write(COPY_HEAD)
        for piece in packed(table):
            into.write(piece.data.tobytes())
        into.write(COPY_END)
