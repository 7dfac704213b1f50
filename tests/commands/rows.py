"""A county to import into, and one extract of a household with a couple, to be spoilt at will."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import AGGREGATES, Places
from registry.commands.extract import PERSONS, Batch, Homes
from registry.commands.importing import (
    Decision,
    enter_homes,
)
from registry.commands.sorting import Known, Sorted, sort_out
from registry.entry import Entry
from registry.events.places import CommunityEstablished, DivisionEstablished
from registry.values import (
    CitizenNumber,
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    Level,
    OfficeCode,
    Text,
)
from registry.vocabulary import VOCABULARY

TODAY, BASELINE, FOUNDED = date(2007, 6, 1), date(2004, 1, 1), date(1990, 1, 1)
NAMESPACE = UUID(int=7)
BATCH = Batch("old", "b1", BASELINE, TODAY, NAMESPACE)
DIVISION, COMMUNITY = DivisionId(UUID(int=1)), CommunityId(UUID(int=2))
LATER = CommunityId(UUID(int=3))  # established in 2003
COUNTY = DivisionCode("510603")
OFFICE = OfficeCode("510603001001")

Rows = list[dict[str, str]]


def number_of(birth: date, sequence: int) -> str:
    return str(CitizenNumber.compose(COUNTY, birth, sequence))


STREET = {"key": "S", "division_id": str(DIVISION), "name": "长江路"}
PLATE = {"key": "D", "street_key": "S", "number": "1号", "community_id": str(COMMUNITY)}
HOUSE = {"key": "H", "number": "1", "doorplate_key": "D"}
HEAD = {
    **{"key": "P", "household_key": "H", "relation": "02", "name": "王一", "sex": "1"},
    **{
        "birth_date": "1970-01-01",
        "number": str(CitizenNumber.compose(COUNTY, date(1970, 1, 1), 1)),
    },
    "nationality": "01",
}
WIFE = {
    **{"key": "Q", "household_key": "H", "relation": "10", "name": "李二", "sex": "2"},
    **{
        "birth_date": "1972-02-29",
        "number": str(CitizenNumber.compose(COUNTY, date(1972, 2, 29), 2)),
    },
    "nationality": "01",
}


def known(**others: Any) -> Known:
    tree: list[Any] = [
        DivisionEstablished(
            effective_on=FOUNDED,
            division=DIVISION,
            level=Level.COUNTY,
            division_code=COUNTY,
            division_name=Text("旌阳区"),
            parent=None,
        ),
        *(
            CommunityEstablished(
                effective_on=day,
                community=place,
                community_name=Text("第一社区"),
                community_kind=CommunityKind("31"),
                parent=DIVISION,
            )
            for place, day in ((COMMUNITY, FOUNDED), (LATER, date(2003, 1, 1)))
        ),
    ]
    entries = [Entry(UUID(int=9), n, said, said.effective_on) for n, said in enumerate(tree, 1)]
    places = Places.fold(entries)
    assert places is not None
    return Known(places, **others)


def table(rows: Rows, *needed: str) -> dict[str, list[str]]:
    names = list(dict.fromkeys([*needed, *(name for row in rows for name in row)]))
    return {name: [row.get(name, "") for row in rows] for name in names}


class Source:
    """One extract; what is given replaces the tables of a house with a couple."""

    def __init__(self, **tables: Rows) -> None:
        given: dict[str, Rows] = {
            **{"streets": [STREET], "doorplates": [PLATE], "households": [HOUSE]},
            **{"persons": [HEAD, WIFE]},
            **tables,
        }
        self.tables = {
            "streets": table(given["streets"], "key", "division_id", "name"),
            "doorplates": table(given["doorplates"], "key", "street_key", "number", "community_id"),
            "households": table(given["households"], "key", "number", "doorplate_key"),
            "persons": table(given["persons"], *HEAD),
        }

    def sorted(self, of: Known | None = None) -> Sorted:
        return sort_out(BATCH, self.tables, of or known())

    def homes(self, **others: Any) -> Homes:
        found = self.sorted()
        refused = found.refused[PERSONS]
        rows = sorted(
            (row for row in range(len(found.homes)) if row not in refused),
            key=lambda row: found.homes[row],
        )
        persons = {
            name: [column[row] for row in rows] for name, column in self.tables["persons"].items()
        }
        houses = list(found.houses.values())
        sizes = [sum(found.homes[row] == house.row for row in rows) for house in houses]
        right = [len(text) == 18 and is_right(text) for text in persons["number"]]
        given: dict[str, Any] = {"absent": found.relatives, **others}
        return Homes(houses, sizes, persons, rows, right, **given)

    def entered(self, known: set[UUID] | None = None, **others: Any) -> Decision:
        return enter_homes(BATCH, self.homes(**others), known or set())


def is_right(text: str) -> bool:
    try:
        CitizenNumber(text)
    except ValueError:
        return False
    return True


def lawful(entries: list[Entry]) -> None:
    """Every entry may follow the ones before it on its stream."""
    by_stream: dict[UUID, list[Entry]] = {}
    for entry in entries:
        by_stream.setdefault(entry.stream, []).append(entry)
    for history in by_stream.values():
        kind = AGGREGATES[VOCABULARY[type(history[0].event)].kind]
        assert kind.faults(history) == []
        assert [entry.version for entry in history] == list(range(1, len(history) + 1))
        assert VOCABULARY[type(history[0].event)].opens


def stream(table: str, key: str) -> UUID:
    return BATCH.stream(table, key)
