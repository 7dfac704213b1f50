"""What a read model is: a table on both clocks, and the pure function that gives its rows.

Every row belongs to one stream. It holds on the valid clock from `valid_from` until before
`valid_until`, in days since 1880-01-01, and is known from position `known_from` until before
`known_until`. Rows are never deleted; what no longer holds is closed on the known clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    and_,
    text,
)

from registry.aggregates import AGGREGATES
from registry.entry import EVERYTHING
from registry.store import Stored
from registry.values import day_number
from registry.vocabulary import Group, Kind

#: The day that no day reaches: "still".
STILL = 2**31 - 1

Id = LargeBinary(16)
Day = Integer
# SQLite gives rows their place by an INTEGER primary key and by no other spelling of it.
Position = BigInteger().with_variant(Integer(), "sqlite")
# By code point on both databases, whatever the locale of the server.
Words = Text().with_variant(Text(collation="C"), "postgresql")

Key = tuple[Any, ...]
Values = tuple[Any, ...]
Rows = Mapping[Key, Values]


@dataclass(frozen=True)
class At:
    """A point on both clocks: a day in the world, and a position of the log."""

    valid_on: date
    known: int

    @property
    def day(self) -> int:
        """The day as columns hold it."""
        return day_number(self.valid_on)


@dataclass(frozen=True)
class Lookup:
    """An index: its columns, and the rows it is limited to, as SQL."""

    columns: tuple[str, ...]
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Projection:
    """A read model: one table, folded from the streams of some kinds.

    table: as readers see it; its name carries the edition. ident: the columns that name a row
    while it is known. lookups: indexes beside the primary key.
    """

    name: str
    edition: int
    kinds: frozenset[Kind]
    table: Table
    ident: tuple[str, ...]
    lookups: tuple[Lookup, ...] = ()
    known: bool = True  # rows have a known clock and are closed on it
    groups: frozenset[Group] | None = None  # the attribute groups it tells of; None: all
    private: bool = False  # rows show something of private halves

    @property
    def columns(self) -> tuple[str, ...]:
        """The table's columns in the order in which rows give their values."""
        return tuple(column.name for column in self.table.columns)

    def physical(self, copy: str, metadata: MetaData) -> Table:
        """The table that is written: one of the two copies behind the name that readers use."""
        name = f"{self.table.name}{copy}"
        columns = [
            Column(column.name, column.type, nullable=column.nullable, autoincrement=False)
            for column in self.table.columns
        ]
        primary = [column.name for column in self.table.primary_key.columns]
        return Table(name, metadata, *columns, PrimaryKeyConstraint(*primary))

    def indexes(self, table: Table) -> list[Index]:
        """The indexes of a written table; made apart, since a table is filled faster without."""
        return [
            Index(
                f"{table.name}_{number}",
                *(table.c[name] for name in lookup.columns),
                postgresql_where=None if lookup.where is None else text(lookup.where),
                sqlite_where=None if lookup.where is None else text(lookup.where),
            )
            for number, lookup in enumerate(self.lookups, 1)
        ]


@dataclass(frozen=True, kw_only=True)
class Dated(Projection):
    """Rows of a state, each as long as the state gives it.

    fold: (state, event, stream) -> state; rows: state -> rows by key. spans: rows have a
    `valid_until`, so that lists can be read; else a row means "until the stream's next one", which
    makes an ordinary entry one insert, and the key is empty.
    """

    fold: Callable[[Any, Any, UUID], Any]
    rows: Callable[[Any], Rows]
    spans: bool

    @property
    def alone(self) -> bool:
        """Whether a stream has at most one row at a time."""
        return len(self.ident) == len(("stream", "valid_from"))


@dataclass(frozen=True, kw_only=True)
class SelfDated(Projection):
    """Rows of a state that holds dated facts itself, as the tree of places does.

    touched: the keys that an event may change. facts: the rows of a key by the day they hold from,
    each with the day it holds until.
    """

    fold: Callable[[Any, Any, UUID], Any]
    touched: Callable[[Any], Collection[Key]]
    facts: Callable[[Any, Key], Mapping[int, tuple[int, Values]]]


@dataclass(frozen=True, kw_only=True)
class Steps(Projection):
    """At most one row an entry, from the states before and after it; nothing is ever closed.

    stream: the column that names the entry's stream.
    """

    stream: str
    fold: Callable[[Any, Any, UUID], Any]
    row: Callable[[Stored, Any, Any], Values | None]
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class Voidings(Projection):
    """A row for every version that does not stand, as long as that is known."""


def evolve_of(kind: Kind) -> Callable[[Any, Any, UUID], Any]:
    """The fold of a kind of stream: its aggregate's."""
    return AGGREGATES[kind].evolve


@dataclass
class Sheet:
    """The columns of a table on both clocks, before it is made."""

    stream: str
    key: Sequence[Column[Any]] = ()
    values: Sequence[Column[Any]] = ()
    spans: bool = True
    lookups: Sequence[Lookup] = field(default_factory=tuple)

    def table(self, name: str, edition: int) -> Table:
        """The table as readers see it."""
        until = [Column("valid_until", Day, nullable=False)] if self.spans else []
        ident = [self.stream, *(column.name for column in self.key), "valid_from"]
        return Table(
            f"{name}_{edition}",
            MetaData(),
            Column(self.stream, Id, nullable=False),
            *self.key,
            Column("valid_from", Day, nullable=False),
            Column("known_from", Position, nullable=False),
            Column("known_until", Position, nullable=False),
            *until,
            *self.values,
            # Whether a row is known is told by the index: a hundred corrections cost nothing.
            PrimaryKeyConstraint(*ident, "known_from", "known_until"),
        )

    @property
    def ident(self) -> tuple[str, ...]:
        """What names a row while it is known."""
        return (self.stream, *(column.name for column in self.key), "valid_from")


def dated(
    name: str,
    edition: int,
    kind: Kind | frozenset[Kind],
    sheet: Sheet,
    rows: Callable[[Any], Rows],
    *,
    fold: Callable[[Any, Any, UUID], Any] | None = None,
    groups: frozenset[Group] | None = None,
    private: bool = False,
) -> Dated:
    """Declare a read model whose rows follow from the state of a stream."""
    kinds = kind if isinstance(kind, frozenset) else frozenset({kind})
    if fold is None:
        (one,) = kinds
        fold = evolve_of(one)
    return Dated(
        name=name,
        edition=edition,
        kinds=kinds,
        table=sheet.table(name, edition),
        ident=sheet.ident,
        lookups=tuple(sheet.lookups),
        groups=groups,
        private=private,
        fold=fold,
        rows=rows,
        spans=sheet.spans,
    )


def known(table: FromClause, position: int) -> ColumnElement[bool]:
    """Whether rows are known at a position."""
    if isinstance(position, int):  # a prepared statement has a place for it here
        position = min(position, EVERYTHING - 1)
    return and_(table.c.known_from <= position, table.c.known_until > position)


def visible(table: FromClause, at: At) -> ColumnElement[bool]:
    """Whether rows hold at a point on both clocks."""
    return and_(table.c.valid_from <= at.day, table.c.valid_until > at.day, known(table, at.known))


def overlapping(table: FromClause, first: int, until: int, position: int) -> ColumnElement[bool]:
    """Whether rows hold on some day from one day until before another, as known at a position."""
    return and_(table.c.valid_from < until, table.c.valid_until > first, known(table, position))


def packed(ids: Collection[UUID]) -> bytes:
    """A set of identifiers as one value: sorted, one after the other."""
    return b"".join(sorted(one.bytes for one in ids))


def unpacked(value: bytes) -> tuple[UUID, ...]:
    """The identifiers of a packed value."""
    return tuple(UUID(bytes=value[start : start + 16]) for start in range(0, len(value), 16))
