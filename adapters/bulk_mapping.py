"""How an older system's files become the tables of an extract: a description in TOML.

    [persons]
    file = "RKXX.csv"            # or a Parquet file; a path within the extract's folder
    encoding = "gb18030"         # of a CSV file, else UTF-8
    delimiter = "|"              # of a CSV file, else a comma
    trim = true                  # take the padding of fixed widths away

    [persons.columns]            # ours = theirs; several of theirs are joined by a slash
    key = "RYBH"
    household_key = ["PCSDM", "HH"]
    number = "GMSFHM"

    [persons.fixed]              # what the older system does not say of each row
    nationality = "01"

    [persons.codes.sex]          # theirs = ours; what is not listed stays as it is
    "男" = "1"

    [persons.tables]             # the same from a CSV file with the columns theirs and ours
    unit = "stations.csv"        # beside the description

The tables are streets, doorplates, households, persons and declared; what is not described is read
under its own name, as it is without a description.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from adapters.bulk_csv import TEXT, read_csv
from registry.errors import Fault, Malformed

KEYS = {"file", "encoding", "delimiter", "trim", "columns", "fixed", "codes", "tables"}


@dataclass(frozen=True)
class Described:
    """How one table is read."""

    file: str
    columns: Mapping[str, tuple[str, ...]]  # ours: theirs
    encoding: str = "utf8"
    delimiter: str = ","
    trim: bool = False
    fixed: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # ours: theirs to ours

    def read(self, folder: Path) -> pa.Table:
        """The table under our names, every value a text.

        Raises Unreadable or ArrowInvalid where the file cannot be read, Malformed where it lacks a
        column.
        """
        path = folder / self.file
        raw = pa.parquet.read_table(path) if path.suffix == ".parquet" else self.read_csv(path)
        missing = sorted(
            {name for theirs in self.columns.values() for name in theirs} - set(raw.column_names)
        )
        if missing:
            raise Malformed(
                [
                    Fault(f"/{self.file}/{name}", "missing-column", "the description names it")
                    for name in missing
                ]
            )
        made = {
            ours: self.told(ours, [raw[name] for name in theirs])
            for ours, theirs in self.columns.items()
        }
        for ours, value in self.fixed.items():
            made[ours] = pa.array([value] * len(raw), TEXT)
        return pa.table(made)

    def read_csv(self, path: Path) -> pa.Table:
        """The columns of a CSV file that are asked for, as texts."""
        names = sorted({name for theirs in self.columns.values() for name in theirs})
        return read_csv(path, names, self.encoding, self.delimiter)

    def told(self, ours: str, columns: list[Any]) -> Any:
        """One of our columns from theirs."""
        texts = [pc.fill_null(one.cast(TEXT), "").combine_chunks() for one in columns]
        if self.trim:
            texts = [pc.utf8_trim_whitespace(one) for one in texts]
        made = texts[0]
        if len(texts) > 1:
            made = pc.binary_join_element_wise(*texts, pa.scalar("/", TEXT))
        codes = self.codes.get(ours)
        if not codes:
            return made
        places = pc.index_in(made, pa.array(list(codes), TEXT))
        return pc.coalesce(pa.array(list(codes.values()), TEXT).take(places), made)


@dataclass(frozen=True)
class Description:
    """How the tables of an older system's extract are read."""

    tables: Mapping[str, Described]
    digest: str  # SHA-256 of the description and of the tables of codes it names

    @classmethod
    def read(cls, path: Path, known: Mapping[str, tuple[str, ...]]) -> Description:
        """Read a description; known: our columns of each table that can be described.

        Raises Malformed with everything that is wrong with it.
        """
        body = path.read_bytes()
        try:
            told = tomllib.loads(body.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Malformed([Fault(f"/{path.name}", "unreadable", str(error))]) from error
        reader = Reader(path.parent, hashlib.sha256(body))
        tables = {}
        for name, section in told.items():
            if name not in known or not isinstance(section, dict):
                reader.fault(f"/{name}", "unknown-table", f"known are {', '.join(known)}")
            else:
                tables[name] = reader.described(name, section, known[name])
        if reader.faults:
            raise Malformed(reader.faults)
        return cls(tables, reader.hashed.hexdigest())


class Reader:
    """Reads the sections of a description and gathers what is wrong with them."""

    def __init__(self, home: Path, hashed: Any) -> None:
        self.home, self.hashed = home, hashed
        self.faults: list[Fault] = []

    def fault(self, at: str, code: str, message: str) -> None:
        """Note something that is wrong."""
        self.faults.append(Fault(at, code, message))

    def described(self, name: str, section: Mapping[str, Any], known: tuple[str, ...]) -> Described:
        """One table's description."""
        for key in sorted(section.keys() - KEYS):
            self.fault(f"/{name}/{key}", "unknown-key", f"known are {', '.join(sorted(KEYS))}")
        columns, fixed = section.get("columns", {}), section.get("fixed", {})
        codes = {ours: dict(told) for ours, told in section.get("codes", {}).items()}
        for ours, file in section.get("tables", {}).items():
            codes[ours] = {**self.codes(f"/{name}/tables/{ours}", file), **codes.get(ours, {})}
        for ours in (*columns, *fixed, *codes):
            if ours not in known:
                at = f"/{name}/columns/{ours}"
                self.fault(at, "unknown-column", f"known are {', '.join(known)}")
        for ours in sorted(codes.keys() - columns.keys()):
            self.fault(f"/{name}/codes/{ours}", "unused", "no column of theirs is read into it")
        file = str(section.get("file", ""))
        if not file or Path(file).is_absolute() or ".." in Path(file).parts:
            self.fault(f"/{name}/file", "missing", "name a file of the extract's folder")
        return Described(
            file,
            {
                ours: (theirs,) if isinstance(theirs, str) else tuple(map(str, theirs))
                for ours, theirs in columns.items()
            },
            str(section.get("encoding", "utf8")),
            str(section.get("delimiter", ",")),
            bool(section.get("trim", False)),
            {ours: str(value) for ours, value in fixed.items()},
            codes,
        )

    def codes(self, at: str, file: str) -> dict[str, str]:
        """Codes from a CSV file beside the description: theirs, ours."""
        try:
            body = (self.home / file).read_bytes()
            rows = list(csv.DictReader(body.decode().splitlines(), strict=True))
            found = {row["theirs"]: row["ours"] for row in rows}
        except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
            self.fault(at, "unreadable", f"{file}: a CSV file with theirs and ours ({error})")
            return {}
        self.hashed.update(body)
        return found
