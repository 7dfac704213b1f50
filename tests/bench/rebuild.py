"""How fast read models are filled from the sealed log, against copying finished rows.

Ours makes rows out of columns and writes them with how far it has come, a stretch a transaction;
the peer copies the same rows, already in the database's form and in the same order, into tables
alike. The same keys and indexes are made at the end of both. Read models of one kind of stream are
filled together; the residents alone once more.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import Engine

from adapters import positions
from adapters.database import writing
from adapters.drivers import COPY_END, COPY_HEAD
from adapters.eventstore import Recorder
from adapters.positions import FILLING
from adapters.projector import Projector
from adapters.province import province_at
from adapters.rebuilding import begin, indexed
from adapters.replaying import CHUNK, REPLAYED, Source, filling
from adapters.replaying.models import MODELS
from adapters.replaying.wire import packed, values
from adapters.tables import Copy
from replay.sealed.reading import SealedLog
from tests.bench.figures import Pair, Times, report
from tests.bench.projections import databases

ENTRIES = int(os.environ.get("REGISTRY_BENCH_ENTRIES", 2_000_000))
ROUNDS = 3
TARGET = 0.5
#: What a province of 27 million persons holds once all of them have a new card.
PROVINCE = 220_000_000
Ready = Mapping[str, list[Any]]


def groups() -> dict[str, list[str]]:
    """The read models that are filled together, by their kind of stream."""
    found: dict[str, list[str]] = {}
    for name in REPLAYED:
        found.setdefault(MODELS[name].kind.value, []).append(name)
    return found


def finished(log: SealedLog, projector: Projector, names: list[str]) -> tuple[Ready, int]:
    """Rows in the form in which a database takes them, and how many; save the few folded ones."""
    models = [MODELS[name] for name in names]
    source = Source(log, models, projector.folding(names, cached=1), log.head)
    sqlite = projector.engine.dialect.name == "sqlite"
    ready: dict[str, list[Any]] = {name: [] for name in names}
    count = 0
    for first in range(0, log.count(models[0].kind), CHUNK):
        size = min(CHUNK, log.count(models[0].kind) - first)
        for name, (table, _) in source.rows(first, size).items():
            ready[name] += (
                values(table) if sqlite else [one.data.tobytes() for one in packed(table)]
            )
            count += len(table[0].codes)
    return ready, count


def bare(engine: Engine, ready: Ready) -> None:
    """Only copy rows, and index them."""
    for name, rows in ready.items():
        copy = Copy(MODELS[name].projection, "z")
        with writing(engine, durable=False) as connection:
            copy.drop(connection)
            copy.create(connection, indexed=False, keyed=False)
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                driver.executemany(copy.insert, rows)
            else:
                assert isinstance(driver, psycopg.Connection)
                with driver.cursor() as cursor, cursor.copy(copy.copy) as into:
                    into.write(COPY_HEAD)
                    for piece in rows:
                        into.write(piece)
                    into.write(COPY_END)
            copy.key(connection)
            copy.index(connection)


def filled(projector: Projector, log: SealedLog, names: list[str]) -> float:
    """Fill copies and index them; seconds."""
    with writing(projector.engine) as connection:
        for one in positions.standings(connection):
            if one.state == FILLING:
                positions.remove(connection, one)
                projector.copy(one.name, one.copy).drop(connection)
    told = {name: begin(projector, name, log.head, columns=True) for name in names}
    start = perf_counter()
    for moved, _ in filling(projector, log, told):
        told = moved
    indexed(projector, told, os.cpu_count() or 1)
    return perf_counter() - start


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def main() -> None:
    """Print how fast read models are filled, on both databases, and what a province would take."""
    log = SealedLog(province_at(ENTRIES))
    with databases() as kinds:
        for database, (create, _) in kinds.items():
            engine = create()
            projector = Projector(engine, Recorder(engine, node=1))
            projector.prepare()
            took, alone = 0.0, 0.0
            for what, names in {**groups(), "residents": ["residences"]}.items():
                ready, count = finished(log, projector, names)
                filled(projector, log, names)
                ours, theirs = [], []
                for _ in range(ROUNDS):
                    theirs.append(seconds(partial(bare, engine, ready)))
                    ours.append(filled(projector, log, names))
                pair = Pair(Times(tuple(ours)), Times(tuple(theirs)))
                rate = count / pair.ours.median / 1000
                name = f"rebuilt-{what}-{database}"
                report(name, count, rate, "k-rows/s", "bare-copy", pair.ratio, TARGET)
                if what in groups():
                    took, alone = took + pair.ours.median, alone + pair.peer.median
            rate = log.head / took / 1000
            name = f"rebuilt-{database}"
            report(name, log.head, rate, "k-entries/s", "bare-copy", alone / took, TARGET)
            minutes = PROVINCE / rate / 1000 / 60
            print(f"{database}: {PROVINCE:,} entries at this rate: {minutes:.0f} minutes")
            engine.dispose()


if __name__ == "__main__":
    main()
