"""The tables of read models: made, filled, closed on the known clock, and shown under one name.

Readers use a view whose name carries the edition; behind it stands one of two copies, so that a
copy can be filled anew while the other answers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import psycopg
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    text,
)

from adapters.database import writing
from adapters.positions import Standing
from registry.entry import EVERYTHING
from registry.projections import Projection
from registry.projections.base import Values
from registry.projections.changes import Changes


def kind_of(column: Any) -> str:
    """PostgreSQL's name of a column's type."""
    match column.type:
        case LargeBinary():
            return "bytea"
        case BigInteger():
            return "int8"
        case Integer():
            return "int4"
    return "text"


class Copy:
    """One of the two tables behind a read model, and how it is written."""

    def __init__(self, projection: Projection, letter: str) -> None:
        self.projection = projection
        self.letter = letter
        table = projection.physical(letter, MetaData())
        self.name = table.name
        columns, ident = projection.columns, projection.ident
        key = [columns.index(column.name) for column in table.primary_key]
        #: What rows are sorted by; None: by themselves, where they begin with their key.
        self._order = None if key == [*range(len(key))] else itemgetter(*key)
        quoted = [f'"{column}"' for column in columns]
        self.kinds = [kind_of(column) for column in table.columns]
        self.copy = f"copy {self.name} ({', '.join(quoted)}) from stdin (format binary)"
        self.insert = (
            f"insert into {self.name} ({', '.join(quoted)})"
            f" values ({', '.join('?' * len(columns))})"
        )
        kinds = [kind_of(table.c[column]) for column in ident]
        told = ", ".join(f'"{column}"' for column in (*ident, "closed"))
        named = " and ".join(f'held."{column}" = told."{column}"' for column in ident)
        arrays = ", ".join(f"%s::{kind}[]" for kind in (*kinds, "int8"))
        # Row by row, by the index: of open rows the planner expects a few, there are most.
        self.close_all = (
            f"update {self.name} set known_until = found.closed from"
            f" (select row, told.closed from unnest({arrays}) as told ({told}) cross join lateral"
            f" (select held.ctid as row from {self.name} as held"
            f" where {named} and held.known_until = {EVERYTHING} limit 1) as held) as found"
            f" where {self.name}.ctid = found.row"
        )
        self.close_one = (
            f"update {self.name} set known_until = ?{len(ident) + 1} where "
            + " and ".join(f'"{column}" = ?{number}' for number, column in enumerate(ident, 1))
            + f" and known_until = {EVERYTHING}"
        )

    def write(self, connection: Connection, changes: Changes) -> None:
        """Write what a batch changes, in the transaction at hand: one statement of each kind."""
        rows, closed = changes.rows(), changes.closed
        if not rows and not closed:
            return
        rows.sort(key=self._order)  # neighbours in the index are written together
        closed.sort()
        driver = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            count = driver.executemany(self.close_one, closed).rowcount if closed else 0
            if rows:
                driver.executemany(self.insert, rows)
        else:
            assert isinstance(driver, psycopg.Connection)
            count = self._write_postgres(driver, rows, closed)
        assert count == len(closed), f"{self.name}: closed {count} rows of {len(closed)}"

    def _write_postgres(
        self, driver: psycopg.Connection[Any], rows: Sequence[Values], closed: Sequence[Values]
    ) -> int:
        count = 0
        with driver.cursor() as cursor:
            if closed:
                cursor.execute(self.close_all, [list(told) for told in zip(*closed, strict=True)])
                count = cursor.rowcount
            if rows:
                with cursor.copy(self.copy) as copy:
                    copy.set_types(self.kinds)
                    put = copy.write_row
                    for row in rows:
                        put(row)
        return count

    def create(self, connection: Connection, *, indexed: bool, keyed: bool = True) -> None:
        """Create the table, empty; keyed: with its primary key."""
        table = self._table()
        if not keyed:
            columns = (Column(one.name, one.type, nullable=one.nullable) for one in table.columns)
            table = Table(table.name, MetaData(), *columns)
        table.create(connection)
        if indexed:
            self.index(connection)

    def key(self, connection: Connection) -> None:
        """Make the primary key of a table that was filled without, which took half the time."""
        columns = ", ".join(f'"{column.name}"' for column in self._table().primary_key)
        if connection.dialect.name == "sqlite":  # where a key comes later it is an index
            made = f"create unique index {self.name}_key on {self.name} ({columns})"
        else:
            made = f"alter table {self.name} add primary key ({columns})"
        connection.execute(text(made))

    def index(self, connection: Connection) -> None:
        """Create the indexes beside the primary key, and let the database count its rows."""
        for index in self.projection.indexes(self._table()):
            index.create(connection)
        connection.execute(text(f"analyze {self.name}"))

    def _table(self) -> Table:
        # A new one each time: an index that was made for a table is created with it ever after.
        return self.projection.physical(self.letter, MetaData())

    def show(self, connection: Connection) -> None:
        """Let readers see this copy from now on."""
        view = self.projection.table.name
        shown = ", ".join(f'"{column}"' for column in self.projection.columns)
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"drop view if exists {view}"))
            connection.execute(text(f"create view {view} as select {shown} from {self.name}"))
        else:
            connection.execute(
                text(f"create or replace view {view} as select {shown} from {self.name}")
            )

    def drop(self, connection: Connection) -> None:
        """Drop the table."""
        connection.execute(text(f"drop table if exists {self.name}"))


def drop_edition(connection: Connection, copies: Iterable[Standing]) -> None:
    """Drop all copies of an edition that this program does not know, and what showed one."""
    for one in copies:
        connection.execute(text(f"drop view if exists {one.name}_{one.edition}"))
        connection.execute(text(f"drop table if exists {one.name}_{one.edition}{one.copy}"))


@contextmanager
def hurried(engine: Engine) -> Iterator[Connection]:
    """A transaction of read models, which nobody lets wait for the disk.

    Their rows follow from the log and their position stands in the same transaction: what a power
    cut takes away is folded again. Rows are closed by the primary key, however young a table is.
    """
    with writing(engine, durable=False) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text(
                    "select set_config('enable_seqscan', 'off', true),"
                    " set_config('enable_hashjoin', 'off', true),"
                    " set_config('enable_mergejoin', 'off', true)"
                )
            )
        yield connection
