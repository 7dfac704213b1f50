"""Engines: a database from its address, with the settings that this register relies on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

Durability = Literal["full", "normal", "off"]

PATIENCE_S = 30
NEVER_BY_COUNT = 2**31 - 1
NORMAL = 1  # of SQLite's pragma synchronous

#: Of what is neither text nor a number Python's driver asks whether it is to be adapted, at five
#: times the cost of binding it: a row of forty columns took twice as long to write (measured). So
#: nothing and bytes are told, by the cheapest call there is, that they are themselves.
_NOTHING: dict[None, None] = {}
sqlite3.register_adapter(type(None), _NOTHING.get)
sqlite3.register_adapter(bytes, bytes.__bytes__)


def open_database(
    url: str | URL, *, durability: Durability = "full", connections: int = 10
) -> Engine:
    """Open a database by its address, `sqlite:///path` or `postgresql://host/name`.

    durability: `full` survives a power cut; `normal` may lose the last commits of SQLite, `off`
    those of either, and is for tests. connections: how many are kept open.
    """
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            return open_sqlite(address, durability, connections)
        case "postgresql" | "postgres":
            return open_postgres(address, durability, connections)
        case other:
            raise ValueError(f"unknown database {other!r}; use sqlite:///path or postgresql://…")


@contextmanager
def writing(engine: Engine, *, durable: bool = True) -> Iterator[Connection]:
    """A transaction that writes, committed at the end of the block.

    SQLite turns away a transaction that has read before another wrote and then wants to write
    itself; so one that is going to write says so at once. durable: False if a power cut may undo
    it, whole, since all of it follows from what is durable; then nobody waits for the disk.
    """
    with (
        engine.connect().execution_options(begin="IMMEDIATE") as connection,
        nullcontext() if durable else unsynchronised(connection),
        connection.begin(),
    ):
        if not durable and connection.dialect.name == "postgresql":
            connection.exec_driver_sql("set local synchronous_commit = off")
        yield connection


@contextmanager
def unsynchronised(connection: Connection) -> Iterator[None]:
    """Let SQLite leave its write-ahead log to the system, which the next durable commit syncs."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    ((durability,),) = driver.execute("pragma synchronous")
    driver.execute(f"pragma synchronous = {min(durability, NORMAL)}")
    try:
        yield
    finally:
        driver.execute(f"pragma synchronous = {durability}")


def open_sqlite(address: URL, durability: Durability, connections: int) -> Engine:
    """Open a SQLite file: write-ahead log, transactions begun by us and not by the driver."""
    if address.database in (None, "", ":memory:"):
        raise ValueError("the register needs a file; use sqlite:///path")
    engine = create_engine(
        address,
        pool_size=connections,
        max_overflow=connections,
        connect_args={"timeout": PATIENCE_S},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None
        use_write_ahead_log(connection)
        connection.execute(f"pragma synchronous = {durability}")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma temp_store = memory")
        connection.execute("pragma cache_size = -32768")  # KiB
        connection.execute("pragma trusted_schema = off")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        how = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {how}")

    return engine


def use_write_ahead_log(connection: Any) -> None:
    """Switch a SQLite file to its write-ahead log, which lasts, if it has not been done.

    Two programs that do so at once are told that the file is locked, without waiting.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def open_postgres(address: URL, durability: Durability, connections: int) -> Engine:
    """Open a PostgreSQL database through psycopg 3."""
    commit = " -c synchronous_commit=off" if durability == "off" else ""
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=connections,
        connect_args={
            # Compiling a statement takes longer than any of ours runs.
            "options": f"-c timezone=UTC -c client_encoding=UTF8 -c jit=off{commit}",
            "application_name": "registry",
            "connect_timeout": PATIENCE_S,
            # A plan that is kept was made for the tables as they were: made over a small one, it
            # reads the whole of it when it has grown. Statements that are worth it ask for it.
            "prepare_threshold": NEVER_BY_COUNT,
        },
    )
