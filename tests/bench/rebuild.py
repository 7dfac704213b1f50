"""How fast the residents read model is filled from the sealed log, against copying finished rows.

Ours replays columns into rows and writes them with their positions, a chunk a transaction; the peer
copies the same rows, already in the database's form and in the same order, into the same table. The
same indexes are made at the end of both.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from adapters.database import writing
from adapters.drivers import COPY_END, COPY_HEAD
from adapters.eventstore import Recorder
from adapters.projector import Projector
from adapters.province import province_at
from adapters.rebuilding import begin
from adapters.replaying import Stays, fill, packed, rebuild_sealed, values
from adapters.tables import Copy
from registry.projections import PROJECTIONS
from replay.sealed.reading import SealedLog
from tests.bench.figures import Pair, Times, report
from tests.bench.projections import databases

ENTRIES = int(os.environ.get("REGISTRY_BENCH_ENTRIES", 2_000_000))
ROUNDS = 3
TARGET = 0.5
RESIDENCES = PROJECTIONS["residences"]


def finished(log: SealedLog, projector: Projector) -> tuple[list[Any], int]:
    """Rows in the form in which a database takes them, and how many; save the few folded ones."""
    rows = Stays(log, log.head, projector.folding(["residences"]))
    table, _ = rows.chunk(0, len(rows.order))
    if projector.engine.dialect.name == "sqlite":
        return [*values(table, rows.halves)], len(table)
    return [*packed(table, rows.halves)], len(table)


def bare(engine: Engine, ready: list[Any]) -> None:
    """Only copy rows, and index them."""
    copy = Copy(RESIDENCES, "z")
    with writing(engine, durable=False) as connection:
        copy.drop(connection)
        copy.create(connection, indexed=False)
        driver = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.executemany(copy.insert, ready)
        else:
            assert isinstance(driver, psycopg.Connection)
            with driver.cursor() as cursor, cursor.copy(copy.copy) as into:
                into.write(COPY_HEAD)
                for piece in ready:
                    into.write(piece)
                into.write(COPY_END)
        copy.index(connection)


def filled(projector: Projector, log: SealedLog) -> float:
    """Fill a copy and index it; seconds."""
    with writing(projector.engine) as connection:
        connection.execute(text("delete from projections where state = 'filling'"))
        for letter in "ab":
            if projector.copy("residences", letter).name != active(projector):
                projector.copy("residences", letter).drop(connection)
    standing = begin(projector, "residences", log.head)
    start = perf_counter()
    rows = Stays(log, standing.target, projector.folding(["residences"], cached=1))
    while standing.position == 0:
        standing, _ = fill(projector, standing, rows)
    return perf_counter() - start


def active(projector: Projector) -> str:
    """The name of the table that answers."""
    with projector.engine.connect() as connection:
        query = "select copy from projections where name = 'residences' and state = 'active'"
        letter = connection.execute(text(query)).scalar_one()
    return projector.copy("residences", letter).name


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def main() -> None:
    """Print how fast the residents read model is filled, on both databases."""
    log = SealedLog(province_at(ENTRIES))
    persons = log.spaces.count("person")
    with databases() as kinds:
        for kind, create in kinds.items():
            engine = create()
            projector = Projector(engine, Recorder(engine, node=1))
            projector.prepare()
            ready, count = finished(log, projector)
            rebuild = partial(rebuild_sealed, projector, log, "residences")
            rebuild()
            ours, theirs = [], []
            for _ in range(ROUNDS):
                theirs.append(seconds(partial(bare, engine, ready)))
                ours.append(filled(projector, log))
            pair = Pair(Times(tuple(ours)), Times(tuple(theirs)))
            rate = count / pair.ours.median / 1000
            report(f"residents-{kind}", persons, rate, "k-rows/s", "bare-copy", pair.ratio, TARGET)
            engine.dispose()


if __name__ == "__main__":
    main()
