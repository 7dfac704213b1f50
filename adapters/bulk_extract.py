"""Reads an extract, a folder of CSV or Parquet files, and cuts it into whole households."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from numpy.typing import NDArray

from adapters.bulk_csv import TEXT, Unreadable, read_csv
from adapters.bulk_mapping import Described, Description
from registry.commands.extract import (
    DOORPLATES,
    HOUSEHOLDS,
    NEEDED,
    OPTIONAL,
    PERSONS,
    STREETS,
    TABLES,
    Columns,
)
from registry.commands.sorting import standing_rows
from registry.errors import Fault, Malformed

Rows = NDArray[np.int64]

#: The counts that a source declares, and their columns.
DECLARED = "declared"
COUNTED = ("unit", "sex", "birth_year", "persons")
#: Every column of every table.
NAMES = (*COUNTED, *(name for table in TABLES for name in (*NEEDED[table], *OPTIONAL[table])))


class Extract:
    """The tables of an extract, every value a text; held in memory, some 500 bytes a person."""

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        declared: pa.Table | None = None,
        mapping: str | None = None,
    ) -> None:
        self.tables = tables
        self.declared = declared  # counts by unit, sex and year of birth, as the source has them
        self.mapping = mapping  # SHA-256 of the description by which it was read

    @classmethod
    def read(cls, folder: Path, mapping: Path | None = None) -> Extract:
        """Read an extract's files, `persons.csv` or `persons.parquet` and so on.

        mapping: the description of files that have other names and columns.
        """
        known = {table: (*NEEDED[table], *OPTIONAL[table]) for table in TABLES}
        told_by = Description.read(mapping, {**known, DECLARED: COUNTED}) if mapping else None
        described = told_by.tables if told_by else {}
        faults: list[Fault] = []
        tables = {}
        for table in TABLES:
            try:
                tables[table] = read_table(folder, table, described.get(table))
            except Malformed as malformed:
                faults.extend(malformed.faults)
        if faults:
            raise Malformed(faults)
        declared = read_declared(folder, described.get(DECLARED))
        return cls(tables, declared, told_by.digest if told_by else None)

    def size(self, table: str) -> int:
        """How many rows a table has."""
        return len(self.tables[table])

    def columns(self, table: str, names: Sequence[str] | None = None) -> Columns:
        """Columns as lists of text; all by default."""
        taken = self.tables[table]
        return {
            name: taken[name].to_pylist()
            for name in (taken.column_names if names is None else names)
            if name in taken.column_names
        }

    def taken(self, table: str, rows: Rows | slice) -> pa.Table:
        """Some rows of a table."""
        if isinstance(rows, slice):
            return self.tables[table].slice(rows.start, rows.stop - rows.start)
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
            return self.tables[table].slice(int(rows[0]), len(rows))
        return self.tables[table].take(pa.array(rows))

    def digest(self, parts: Sequence[tuple[str, Rows | slice]]) -> bytes:
        """SHA-256 of rows, the same whatever the files' form."""
        told = hashlib.sha256()
        for table, rows in parts:
            taken = self.taken(table, rows)
            told.update(f"{table} {len(taken)}\n".encode())
            for name in taken.column_names:
                told.update(f"{name}\n".encode())
                for part in column_bytes(taken[name]):
                    told.update(part)
        return told.digest()


def column_bytes(column: pa.ChunkedArray) -> Iterator[bytes | memoryview]:
    """The lengths and the bytes of texts, of which none is missing."""
    texts = column.combine_chunks()
    if len(texts):
        _, ends, data = texts.buffers()
        bounds = np.frombuffer(ends, np.int64, len(texts) + 1, 8 * texts.offset)
        yield np.diff(bounds).tobytes()
        if data is not None:
            yield memoryview(data)[bounds[0] : bounds[-1]]


def read_table(folder: Path, table: str, described: Described | None = None) -> pa.Table:
    """Read a table, or make an empty one of streets or door plates if there is no file."""
    read = read_file(folder, table, described)
    if read is not None:
        return canonical(table, read)
    if table in (STREETS, DOORPLATES):
        return pa.table({name: pa.array([], TEXT) for name in NEEDED[table]})
    raise told(table, "missing", f"{folder} has neither {table}.csv nor {table}.parquet")


def read_file(folder: Path, table: str, described: Described | None) -> pa.Table | None:
    """The file of a table, read as its description says; none where there is no file."""
    found = [path for form in ("csv", "parquet") if (path := folder / f"{table}.{form}").is_file()]
    if described is not None:
        found = [folder / described.file]
    if len(found) > 1:
        raise told(table, "ambiguous", f"{folder} has {table} as CSV and as Parquet; keep one")
    if not found:
        return None
    path = found[0]
    try:
        if described is not None:
            return described.read(folder)
        return read_csv(path, NAMES) if path.suffix == ".csv" else pa.parquet.read_table(path)
    except Unreadable as error:
        raise told(table, "unreadable", str(error)) from error
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, LookupError, OSError) as error:
        raise told(table, "unreadable", f"{path.name}: {error}") from error


def read_declared(folder: Path, described: Described | None = None) -> pa.Table | None:
    """The counts that the source declares, if it does."""
    read = read_file(folder, DECLARED, described)
    if read is None:
        return None
    missing = [name for name in COUNTED if name not in read.column_names]
    if missing:
        raise Malformed(
            [
                Fault(f"/{DECLARED}/{name}", "missing-column", "declared counts must have it")
                for name in missing
            ]
        )
    return read.select(COUNTED)


def canonical(table: str, read: pa.Table) -> pa.Table:
    """A table's columns in one order, every value a text, an empty one where there is none."""
    allowed = (*NEEDED[table], *OPTIONAL[table])
    names = read.column_names
    faults = [
        Fault(f"/{table}/{name}", "unknown-column", f"known are {', '.join(allowed)}")
        for name in names
        if name not in allowed
    ]
    faults += [
        Fault(f"/{table}/{name}", "missing-column", f"{table} must have this column")
        for name in NEEDED[table]
        if name not in names
    ]
    faults += [
        Fault(f"/{table}/{name}", "repeated-column", f"{table} has this column twice")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise Malformed(faults)
    columns = {}
    for name in allowed:
        if name in names:
            text = pc.fill_null(read[name].cast(TEXT), "").combine_chunks()
            if name in NEEDED[table] or pc.any(pc.not_equal(text, "")).as_py():
                columns[name] = text
    return pa.table(columns)


def told(table: str, code: str, message: str) -> Malformed:
    """One fault of a table as an error."""
    return Malformed([Fault(f"/{table}", code, message)])


def homes_of(extract: Extract) -> Rows:
    """Of each person the row of its household, or -1; of rows of one key it is the one that stands.

    A household that stands nowhere still has a row.
    """
    persons = extract.tables[PERSONS]["household_key"].combine_chunks()
    keys = extract.tables[HOUSEHOLDS]["key"].combine_chunks()
    homes = np.array(pc.fill_null(pc.index_in(persons, keys), -1)).astype(np.int64)
    if pc.count_distinct(keys).as_py() < len(keys):
        often = standing_rows(extract.columns(HOUSEHOLDS))
        places = np.array(pc.fill_null(pc.index_in(persons, pa.array(often, TEXT)), -1))
        rows = np.array([*often.values(), -1], np.int64)
        homes = np.where(places < 0, homes, rows[places])
    return homes


@dataclass(frozen=True)
class Cut:
    """Some rows that are imported together."""

    number: int
    table: str  # whose rows lead: streets, door plates, or households with their members
    rows: slice
    persons: Rows


def cut(extract: Extract, size: int, first: int) -> list[Cut]:
    """Cut an extract into chunks of about `size` rows; a household and its members stay together.

    first: about how many rows the first chunk of households has; each has twice as many as the one
    before until that is `size`, for the database waits while the first one is made. Persons
    without a household come last.
    """
    cuts: list[Cut] = []
    none = np.empty(0, np.int64)
    for table in (STREETS, DOORPLATES):
        for start in range(0, extract.size(table), size):
            rows = slice(start, min(start + size, extract.size(table)))
            cuts.append(Cut(len(cuts), table, rows, none))
    houses = extract.size(HOUSEHOLDS)
    homes = homes_of(extract)
    homes[homes < 0] = houses
    order = np.argsort(homes, kind="stable").astype(np.int64)
    # Persons up to and with each household, and how many rows there are up to it.
    ends = np.searchsorted(homes[order], np.arange(houses), side="right")
    weight = ends + np.arange(1, houses + 1)
    start, done, now = 0, 0, min(first, size)
    while start < houses:
        before = int(weight[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(weight, before + now, side="right")))
        last = int(ends[end - 1])
        cuts.append(Cut(len(cuts), HOUSEHOLDS, slice(start, end), order[done:last]))
        start, done, now = end, last, min(2 * now, size)
    for stray in range(done, len(order), size):
        strays = order[stray : stray + size]
        cuts.append(Cut(len(cuts), HOUSEHOLDS, slice(houses, houses), strays))
    return cuts
