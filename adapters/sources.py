"""Papers by the thousand: an electronic list of forms, cards or sequence lines noted as sources.

One row is one person's paper. The person is found by the key of an older system, or by the number
that the paper states. Each row is one submission, whose id derives from list and row: a list that
comes twice is answered and not recorded again. What a row says is judged by CheckAtDesk, not here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pyarrow as pa
import pyarrow.parquet

from adapters.bulk_csv import TEXT, Unreadable, read_csv
from adapters.bulk_mapping import Description
from adapters.reading import Reader
from registry import five_sources
from registry.commands.extract import PERSONS, SOURCES
from registry.commands.verification import CheckAtDesk, RecordSource
from registry.errors import Fault, Malformed, Refused, RegistryError
from registry.events.verification import StatedItem
from registry.projections import At
from registry.register import Authority, Register, Submission
from registry.values import EvidenceSource, PersonId, RegisterItem

PAPERS = "papers"
#: Columns of a list beside the items, which are named as in the table of items.
OWN = ("key", "number", "document", "taken_on", "present")
ITEMS = {str(item).replace("-", "_"): item for item in RegisterItem.all()}
TOGETHER = 500  # submissions of one batch
ABSENT = frozenset({"0", "no", "无"})
Progress = Callable[[int, int], None]


@dataclass
class Noted:
    """What became of a list; refused: rows by rule, unknown: rows of whom nobody knows."""

    rows: int = 0
    recorded: int = 0
    unknown: list[int] = field(default_factory=list)  # rows, from 1
    refused: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    differing: int = 0  # persons
    findings: int = 0


def read(path: Path, mapping: Path | None = None) -> list[dict[str, str]]:
    """The rows of a list, every value a text.

    Raises Malformed where it cannot be read, or has columns that are no items.
    """
    known = (*OWN, *ITEMS)
    try:
        if mapping is not None:
            described = Description.read(mapping, {PAPERS: known}).tables
            if PAPERS not in described:
                raise Malformed([Fault(f"/{PAPERS}", "missing", "the description has no papers")])
            table = described[PAPERS].read(path.parent)
        elif path.suffix == ".parquet":
            table = pa.parquet.read_table(path)
        else:
            table = read_csv(path, known)
    except (Unreadable, pa.ArrowInvalid, OSError) as error:
        raise Malformed([Fault(f"/{path.name}", "unreadable", str(error))]) from error
    unknown = sorted(set(table.column_names) - set(known))
    if unknown:
        words = f"known are {', '.join(known)}"
        raise Malformed([Fault(f"/{name}", "unknown-column", words) for name in unknown])
    if not {"key", "number"} & set(table.column_names):
        raise Malformed([Fault("/key", "missing-column", "a row names its person: key or number")])
    rows: list[dict[str, str]] = table.cast(
        pa.schema([(name, TEXT) for name in table.column_names])
    ).to_pylist()
    return rows


@dataclass(frozen=True)
class Taking:
    """Takes a list in.

    system: the older system whose keys the rows have. name: of this list; a row sent again under
    the same name is the same submission.
    """

    register: Register
    reader: Reader
    at: At
    by: Authority
    source: EvidenceSource
    system: str
    name: str

    def take(
        self,
        rows: list[dict[str, str]],
        check: bool = False,
        progress: Progress = lambda done, of: None,
    ) -> Noted:
        """Note every row, and hold the persons' papers against the register if that is asked."""
        made = Noted(rows=len(rows))
        persons: list[PersonId] = []
        submissions = self.submissions(rows, persons, made)
        done = 0
        while some := list(islice(submissions, TOGETHER)):
            for told in self.register.do_all(some):
                made.recorded += not self.refused(told, made)
            done += len(some)
            progress(done, len(rows))
        if check:
            self.check(list(dict.fromkeys(persons)), made)
        return made

    def submissions(
        self, rows: list[dict[str, str]], persons: list[PersonId], made: Noted
    ) -> Iterator[Submission]:
        """A submission for each row whose person is known."""
        for place, row in enumerate(rows, 1):
            person = self.person(row)
            if person is None:
                made.unknown.append(place)
                continue
            try:
                command = self.command(person, row)
            except ValueError:
                made.refused["day-unusable"] += 1
                continue
            persons.append(person)
            yield Submission(self.id(f"{place}/{person}"), self.by, command)

    def person(self, row: Mapping[str, str]) -> PersonId | None:
        """Who is meant: by the key, else by the number, if one person alone holds it."""
        if row.get("key"):
            return PersonId(uuid5(uuid5(SOURCES, self.system), f"{PERSONS}/{row['key']}"))
        number = five_sources.number(row.get("number") or "")
        holders = [one for one in self.reader.persons_by_number(number, self.at) if one.holding]
        return PersonId(holders[0].person) if len(holders) == 1 else None

    def command(self, person: PersonId, row: Mapping[str, str]) -> RecordSource:
        """What a row says, as an officer would type it; items that the paper has not are left."""
        has = set(five_sources.items_of(self.source))
        return RecordSource(
            person=person,
            source=self.source,
            present=row.get("present") not in ABSENT,
            document=row.get("document") or "",
            taken_on=date.fromisoformat(row["taken_on"]) if row.get("taken_on") else None,
            items=tuple(
                StatedItem(item=item, text=row[name])
                for name, item in ITEMS.items()
                if item in has and row.get(name)
            ),
        )

    def check(self, persons: list[PersonId], made: Noted) -> None:
        """Hold the papers of persons against the register (内部核对)."""
        for start in range(0, len(persons), TOGETHER):
            some = persons[start : start + TOGETHER]
            sent = [
                Submission(self.id(f"check/{one}"), self.by, CheckAtDesk(person=one))
                for one in some
            ]
            for told in self.register.do_all(sent):
                if self.refused(told, made):
                    continue
                answer = told_of(told)
                made.checked += 1
                made.differing += answer["differing"] > 0
                made.findings += answer["raised"]

    def refused(self, told: Any, made: Noted) -> bool:
        """Whether a submission was refused, and why; a failure of the store is raised."""
        if isinstance(told, Refused):
            made.refused.update({rule.code for rule in told.rules})
        elif isinstance(told, RegistryError):
            made.refused[told.code] += 1
        elif isinstance(told, Exception):
            raise told
        return isinstance(told, Exception)

    def id(self, what: str) -> UUID:
        """The submission of a row."""
        name = f"sources/{self.system}/{self.name}/{self.source}/{what}"
        return uuid5(self.register.setting.namespace, name)


def told_of(receipt: Any) -> dict[str, Any]:
    """What a command answered."""
    told: dict[str, Any] = msgspec.json.decode(receipt.answer)
    return told
