"""The figures of a report: columns, rows, canonical bytes that are frozen, and CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Self
from uuid import UUID

from registry.values import Digest, ReportForm

Cell = int | str | None


@dataclass(frozen=True)
class Column:
    """A column: its name in CSV and JSON, and the words that stand above it on paper."""

    name: str
    name_zh: str


class Sheet(NamedTuple):
    """The columns and rows that a form comes to."""

    columns: Sequence[Column]
    rows: Sequence[tuple[Cell, ...]]


@dataclass(frozen=True)
class Figures:
    """What a report tells: counts, never persons.

    code, unit: of the division it is for. first, last: the period. The same facts give the same
    bytes, whenever they are computed.
    """

    form: ReportForm
    division: UUID
    code: str | None
    unit: str
    first: date
    last: date
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def canonical(self) -> bytes:
        """The bytes that are kept and whose digest is filed."""
        told = {
            "form": str(self.form),
            "division": str(self.division),
            "code": self.code,
            "unit": self.unit,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "columns": [[one.name, one.name_zh] for one in self.columns],
            "rows": [list(row) for row in self.rows],
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The figures of canonical bytes."""
        told: dict[str, Any] = json.loads(content)
        return cls(
            form=ReportForm(told["form"]),
            division=UUID(told["division"]),
            code=told["code"],
            unit=told["unit"],
            first=date.fromisoformat(told["first"]),
            last=date.fromisoformat(told["last"]),
            columns=tuple(Column(name, name_zh) for name, name_zh in told["columns"]),
            rows=tuple(tuple(row) for row in told["rows"]),
        )

    @property
    def digest(self) -> Digest:
        """SHA-256 of the canonical bytes."""
        return Digest(hashlib.sha256(self.canonical()).hexdigest())

    def records(self) -> Iterator[Mapping[str, Cell]]:
        """Each row by the names of its columns."""
        names = [one.name for one in self.columns]
        for row in self.rows:
            yield dict(zip(names, row, strict=True))

    def csv(self) -> str:
        """The rows as CSV with a head line of names; what is unknown is empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([one.name for one in self.columns])
        writer.writerows(self.rows)
        return out.getvalue()
