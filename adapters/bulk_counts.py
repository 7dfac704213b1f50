"""Counts an extract's persons and holds the counts against those that its source declared.

(人口底数核对) The source declares by unit, sex and year of birth, in a file `declared.csv` or
`declared.parquet` beside the others, with the columns unit, sex, birth_year and persons. A unit is
what the column `unit` of persons says, the source's own name of its station; without that column it
is the community of the door plate.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adapters.bulk_csv import TEXT
from adapters.bulk_extract import DECLARED, Extract, told
from registry.commands.extract import DOORPLATES, HOUSEHOLDS, PERSONS
from registry.events.batches import CountDifference, UnitReconciled

REPEATED = "row-repeated"
ACCEPTED, REFUSED, AGAIN = 0, 1, 2  # what became of a row


class Group(NamedTuple):
    """Persons that are counted together; sex and year of birth are 0 where the row has none."""

    unit: str
    sex: int
    birth_year: int


@dataclass
class Count:
    """How many persons of a group there are; declared is absent where the source declared none."""

    declared: int = 0
    accepted: int = 0
    refused: int = 0
    repeated: int = 0

    @property
    def delivered(self) -> int:
        """How many came."""
        return self.accepted + self.refused + self.repeated

    @property
    def agrees(self) -> bool:
        """Whether as many were accepted as were declared."""
        return self.declared == self.accepted


@dataclass
class Reconciliation:
    """The counts of an extract by group; declared: whether the source declared any."""

    declared: bool
    counts: dict[Group, Count] = field(default_factory=dict)

    @property
    def differences(self) -> dict[Group, Count]:
        """Where something else was accepted than was declared."""
        if not self.declared:
            return {}
        return {group: count for group, count in self.counts.items() if not count.agrees}

    @property
    def agrees(self) -> bool:
        """Whether the source declared its counts and they are those of what was accepted."""
        return self.declared and not self.differences

    def total(self, name: str) -> int:
        """One of the counts over all groups."""
        return sum(getattr(count, name) for count in self.counts.values())

    def table(self) -> bytes:
        """All counts as CSV, in order."""
        told = io.StringIO()
        writer = csv.writer(told, lineterminator="\n")
        writer.writerow((*Group._fields, "declared", "delivered", *FATES))
        for group, one in sorted(self.counts.items()):
            declared = one.declared if self.declared else ""
            fates = (getattr(one, fate) for fate in FATES)
            writer.writerow((*group, declared, one.delivered, *fates))
        return told.getvalue().encode()

    def digest(self) -> str:
        """SHA-256 of the table."""
        return hashlib.sha256(self.table()).hexdigest()

    def units(self) -> Iterator[tuple[str, list[tuple[Group, Count]]]]:
        """The counts of each unit, in order."""
        for unit, its in groupby(sorted(self.counts.items()), key=lambda item: item[0].unit):
            yield unit, list(its)


FATES = ("accepted", "refused", "repeated")
Told = tuple[str, int, str, str]  # table, row, key, what


def reconcile(extract: Extract, refused: Iterable[Told], found: Iterable[Told]) -> Reconciliation:
    """Count what became of the persons of an extract.

    refused and found: what was said of rows, as the report has it.
    """
    declared = declared_of(extract)
    fates = np.full(extract.size(PERSONS), ACCEPTED, np.int8)
    fates[[row - 1 for table, row, _, _ in refused if table == PERSONS]] = REFUSED
    fates[[row - 1 for table, row, _, what in found if table == PERSONS and what == REPEATED]] = (
        AGAIN
    )
    rows = pa.table(
        {
            "unit": units_of(extract),
            "sex": sexes_of(extract.tables[PERSONS]["sex"]),
            "year": years_of(extract.tables[PERSONS]["birth_date"]),
            "fate": fates,
        }
    )
    made = Reconciliation(declared is not None)
    grouped = rows.group_by(["unit", "sex", "year", "fate"]).aggregate([([], "count_all")])
    for one in grouped.to_pylist():
        group = Group(one["unit"], one["sex"], one["year"])
        count = made.counts.setdefault(group, Count())
        setattr(count, FATES[one["fate"]], one["count_all"])
    for group, persons in (declared or {}).items():
        made.counts.setdefault(group, Count()).declared = persons
    return made


def sexes_of(texts: Any) -> Any:
    """The sex of each row as a number, 0 where it has none."""
    code = pc.index_in(texts, pa.array(["1", "2"], TEXT))
    return pc.add(pc.fill_null(code, -1), 1).cast(pa.int64())


def years_of(texts: Any) -> Any:
    """The year of birth of each row, 0 where it has none."""
    year = pc.utf8_slice_codeunits(texts, 0, 4)
    sound = pc.match_substring_regex(year, "^(1[89]|20)[0-9]{2}$")
    return pc.if_else(sound, year, "0").cast(pa.int64())


def units_of(extract: Extract) -> Any:
    """The unit of each person, an empty text where it cannot be told."""
    persons = extract.tables[PERSONS]
    if "unit" in persons.column_names:
        return persons["unit"]
    plates, houses = extract.tables[DOORPLATES], extract.tables[HOUSEHOLDS]
    of_house = looked_up(houses["doorplate_key"], plates["key"], plates["community_id"])
    return looked_up(persons["household_key"], houses["key"], of_house)


def looked_up(keys: Any, among: Any, values: Any) -> Any:
    """The value of the row that has a key, an empty text where none has."""
    places = pc.index_in(keys, among.combine_chunks())
    return pc.fill_null(values.take(places), "")


def declared_of(extract: Extract) -> dict[Group, int] | None:
    """What the source declared, if it did."""
    if extract.declared is None:
        return None
    found: dict[Group, int] = {}
    for place, row in enumerate(extract.declared.to_pylist(), 1):
        try:
            sex, year = int(row["sex"] or 0), int(row["birth_year"] or 0)
            group = Group(str(row["unit"] or ""), sex, year)
            persons = int(row["persons"])
        except (TypeError, ValueError) as error:
            raise told(
                DECLARED, "value", f"row {place}: sex, birth_year and persons must be whole numbers"
            ) from error
        if group in found:
            raise told(DECLARED, "repeated", f"row {place} counts unit, sex and year again")
        found[group] = persons
    return found


def unit_events(made: Reconciliation, **told: Any) -> list[UnitReconciled]:
    """An event for each unit."""
    events = []
    for unit, counts in made.units():
        events.append(
            UnitReconciled(
                **told,
                unit=unit,
                declared=sum(one.declared for _, one in counts) if made.declared else None,
                delivered=sum(one.delivered for _, one in counts),
                **{fate: sum(getattr(one, fate) for _, one in counts) for fate in FATES},
                differences=tuple(
                    CountDifference(
                        sex=group.sex,
                        birth_year=group.birth_year,
                        declared=one.declared,
                        delivered=one.delivered,
                        accepted=one.accepted,
                    )
                    for group, one in counts
                    if made.declared and not one.agrees
                ),
            )
        )
    return events
