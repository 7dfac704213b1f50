"""Which rows of an extract can stand, and where: judged before the first chunk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import compress, repeat
from operator import and_
from typing import TypeVar
from uuid import UUID

from registry.aggregates import Doorplate, Places, Street
from registry.aggregates.places import Fact
from registry.commands.extract import (
    COLLECTIVE,
    DAWN,
    DOORPLATES,
    HEADS,
    HOUSEHOLDS,
    PERSONS,
    RELATIONS,
    RELATIVES,
    STREETS,
    Batch,
    Columns,
    House,
    Plate,
    StreetRow,
    Tables,
)
from registry.values import (
    CommunityId,
    DivisionId,
    DoorplateId,
    HouseholdNumber,
    HouseholdType,
    PlateNumber,
    StreetId,
    Text,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What the register holds of that which an extract refers to."""

    places: Places
    streets: Mapping[UUID, Street] = field(default_factory=dict)
    plates: Mapping[UUID, tuple[Doorplate, date, int]] = field(default_factory=dict)
    in_area: Callable[[UUID], bool] = lambda place: True


@dataclass
class Sorted:
    """An extract's rows: those that stand, where, and what is to be said of the others."""

    streets: dict[str, StreetRow] = field(default_factory=dict)
    plates: dict[str, Plate] = field(default_factory=dict)
    houses: dict[int, House] = field(default_factory=dict)  # by row, from 0
    homes: list[int] = field(default_factory=list)  # of each person: row of the household, or -1
    refused: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    found: dict[str, dict[int, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    relatives: frozenset[str] = frozenset()  # keys of relatives whose rows do not stand here


def wanted(batch: Batch, tables: Tables) -> set[UUID]:
    """Streets and door plates that an extract refers to without bringing them."""
    return {
        batch.elsewhere(table, key)
        for table, keys in (
            (STREETS, set(tables[DOORPLATES]["street_key"]) - set(tables[STREETS]["key"])),
            (DOORPLATES, set(tables[HOUSEHOLDS]["doorplate_key"]) - set(tables[DOORPLATES]["key"])),
        )
        for key in keys
        if key
    }


def sort_out(batch: Batch, tables: Tables, known: Known) -> Sorted:
    """Find out which rows can stand and where.

    Without a table of persons these are left to whoever has them in another form.
    """
    found = Sorted()
    for table in tables:
        refuse_repeated(tables[table], found.refused[table], found.found[table])
    sort_streets(batch, tables[STREETS], tables[DOORPLATES], known, found)
    sort_plates(batch, tables[DOORPLATES], known, found)
    sort_houses(batch, tables[HOUSEHOLDS], known, found)
    if PERSONS in tables:
        sort_persons(tables[PERSONS], tables[HOUSEHOLDS], found)
    return found


def refuse_repeated(columns: Columns, refused: dict[int, str], found: dict[int, list[str]]) -> None:
    """Refuse rows without a key, and those whose key another row has.

    A row that says the same again is passed over and told as a finding. Of rows that say different
    things the one whose values come first stands, so that the order of the rows decides nothing.
    """
    keys = columns["key"]
    if len(set(keys)) == len(keys) and "" not in set(keys):
        return
    standing = standing_rows(columns)
    names = sorted(columns)
    for row, key in enumerate(keys):
        stands = standing.get(key)
        if not key:
            refused[row] = "key-missing"
        elif stands is None or row == stands:
            continue
        elif all(columns[name][row] == columns[name][stands] for name in names):
            refused[row] = ""
            found[row].append("row-repeated")
        else:
            refused[row] = "key-repeated"


def standing_rows(columns: Columns) -> dict[str, int]:
    """Of each key that several rows have, the row that stands."""
    keys = columns["key"]
    if len(set(keys)) == len(keys):
        return {}
    often = {key for key, count in Counter(keys).items() if count > 1 and key}
    names = sorted(columns)
    found: dict[str, tuple[tuple[str, ...], int]] = {}
    for row, key in enumerate(keys):
        if key in often:
            said = tuple(columns[name][row] for name in names), row
            found[key] = min(said, found.get(key, said))
    return {key: row for key, (_, row) in found.items()}


@lru_cache(maxsize=4096)
def usable(kind: Callable[[str], T], text: str) -> T | None:
    """A value, or None where the text is none; neighbours often have the same."""
    try:
        return kind(text)
    except ValueError:
        return None


def day_of_row(batch: Batch, text: str, remarks: Callable[[str], None]) -> date:
    """The day for which the source vouches in a row, else the baseline."""
    if not text:
        return batch.baseline
    day: date | None = usable(date.fromisoformat, text)
    if day is None or not DAWN <= day <= batch.today:
        remarks("since-unusable")
        return batch.baseline
    return day


def column(columns: Columns, name: str) -> Sequence[str]:
    """A column that may be missing."""
    return columns.get(name) or [""] * len(columns["key"])


def sort_streets(
    batch: Batch, streets: Columns, plates: Columns, known: Known, found: Sorted
) -> None:
    """Find the streets that stand; one is there from the first day of its door plates on."""
    refused = found.refused[STREETS]
    earliest: dict[str, date] = {}
    for key, text in zip(plates["street_key"], column(plates, "since"), strict=True):
        day = day_of_row(batch, text, lambda _: None)
        earliest[key] = min(day, earliest.get(key, day))
    rows = zip(streets["key"], streets["division_id"], streets["name"], strict=True)
    for row, (key, division, name) in enumerate(rows):
        if row in refused:
            continue
        told = column(streets, "since")[row]
        day = day_of_row(batch, told, found.found[STREETS][row].append)
        day = min(day, earliest.get(key, day))
        place, line = usable(UUID, division), usable(Text, name)
        fact = known.places.fact(place, day) if place else None
        if place is None or fact is None or fact.level is None or fact.closed:
            refused[row] = "division-unknown"
        elif not known.in_area(place):
            refused[row] = "outside-area"
        elif line is None:
            refused[row] = "name-unusable"
        else:
            street = StreetId(batch.stream(STREETS, key))
            found.streets[key] = StreetRow(row, key, street, DivisionId(place), line, day)


def sort_plates(batch: Batch, plates: Columns, known: Known, found: Sorted) -> None:
    """Find the door plates that stand."""
    refused = found.refused[DOORPLATES]
    names = ("key", "street_key", "number", "community_id", "detail", "since")
    rows = zip(*(column(plates, name) for name in names), strict=True)
    stream = batch.streams(DOORPLATES)
    for row, (key, street_key, number, community, detail, since) in enumerate(rows):
        if row in refused:
            continue
        remark = found.found[DOORPLATES][row].append
        day = day_of_row(batch, since, remark)
        street = street_of(batch, street_key, known, found)
        place, plate_number = usable(UUID, community), usable(PlateNumber, number)
        facts = known.places.facts.get(place, ()) if place else ()
        if street is None:
            refused[row] = "street-unknown"
        elif place is None or not facts or not community_by(batch.today, facts[0]):
            refused[row] = "community-unknown"
        elif not known.in_area(place):
            refused[row] = "outside-area"
        elif plate_number is None:
            refused[row] = "number-unusable"
        else:
            line = usable(Text, detail) if detail else None
            if detail and line is None:
                remark("detail-unusable")
            since_street, street_id = street
            if max(facts[0].since, since_street) > day:
                day = max(facts[0].since, since_street)
                remark("since-before-place")
            plate = DoorplateId(stream(key))
            found.plates[key] = Plate(
                row, key, plate, street_id, plate_number, line, CommunityId(place), day, 1
            )


def community_by(day: date, first: Fact) -> bool:
    """Whether a place is a community, established on a day or before; none has ever ceased."""
    return first.level is None and first.since <= day


def street_of(batch: Batch, key: str, known: Known, found: Sorted) -> tuple[date, StreetId] | None:
    """A street that a door plate can stand in, and since when it does."""
    row = found.streets.get(key)
    if row is not None:
        return row.day, row.id
    street = known.streets.get(batch.elsewhere(STREETS, key)) if key else None
    if street is None or street.closed_on is not None:
        return None
    return date.min, street.id


def sort_houses(batch: Batch, houses: Columns, known: Known, found: Sorted) -> None:
    """Find the households that stand, their heads apart."""
    refused = found.refused[HOUSEHOLDS]
    names = ("key", "number", "doorplate_key", "type", "since")
    rows = zip(*(column(houses, name) for name in names), strict=True)
    plates: dict[str, Plate | str] = dict(found.plates)
    for row, (key, number, plate_key, kind, since) in enumerate(rows):
        if row in refused:
            continue
        plate = plates.get(plate_key)
        if plate is None:
            plate = plates[plate_key] = plate_of(batch, plate_key, known)
        if isinstance(plate, str):
            refused[row] = plate
            continue
        house_number = usable(HouseholdNumber, number)
        house_type = usable(HouseholdType, kind or "1")
        if house_number is None:
            refused[row] = "number-unusable"
        elif house_type is None:
            refused[row] = "type-unusable"
        else:
            day = batch.baseline
            if since:
                remark = found.found[HOUSEHOLDS][row].append
                day = day_of_row(batch, since, remark)
                if plate.day > day:
                    remark("since-before-place")
            found.houses[row] = House(
                row,
                key,
                house_number,
                house_type,
                plate,
                max(day, plate.day),
            )


def plate_of(batch: Batch, key: str, known: Known) -> Plate | str:
    """A door plate that the register has and the extract does not bring, or why not."""
    held = known.plates.get(batch.elsewhere(DOORPLATES, key)) if key else None
    if held is None:
        return "doorplate-unknown"
    plate, day, version = held
    if plate.closed_on is not None or plate.frozen:
        return "doorplate-closed"
    if not known.in_area(plate.community):
        return "outside-area"
    place = (plate.street, plate.plate_number, plate.plate_detail, plate.community)
    return Plate(-1, key, plate.id, *place, day, version)


def sort_persons(persons: Columns, houses: Columns, found: Sorted) -> None:
    """Put persons into their households; a family has exactly one head.

    Who heads a household is for an officer to decide, so one without a head, or with two, is
    refused with all who live in it, and can be delivered again once it is put right.
    """
    refused = found.refused[PERSONS]
    rows = dict(zip(houses["key"], range(len(houses["key"])), strict=True)) | standing_rows(houses)
    homes = [*map(rows.get, persons["household_key"], repeat(-1))]
    relations = persons["relation"]
    family = {row for row, house in found.houses.items() if house.type != COLLECTIVE}
    if not RELATIONS.issuperset(relations):
        for row, relation in enumerate(relations):
            if relation not in RELATIONS and row not in refused and homes[row] in family:
                refused[row] = "relation-unusable"
    stands = [row not in refused for row in range(len(homes))] if refused else repeat(True)
    inhabited = set(compress(homes, stands))
    heading = map(and_, map(HEADS.__contains__, relations), stands)
    heads = Counter(compress(homes, heading))
    for home in family:
        count = heads.get(home, 0)
        if count != 1 and home in inhabited:
            found.refused[HOUSEHOLDS][home] = "two-heads" if count else "head-missing"
            del found.houses[home]
        elif home not in inhabited:
            found.found[HOUSEHOLDS][home].append("without-members")
    if not found.houses.keys() >= inhabited:
        for row, home in enumerate(homes):
            if home not in found.houses and row not in refused:
                refused[row] = "household-refused" if home >= 0 else "household-unknown"
    found.homes = homes
    found.relatives = relatives_outside(persons, refused)


def relatives_outside(persons: Columns, refused: Collection[int]) -> frozenset[str]:
    """Keys of relatives whose own rows do not stand in the extract."""
    named = frozenset[str]().union(*(persons.get(name, ()) for name in RELATIVES))
    keys = persons["key"]
    outside = named.difference(keys, [""])
    fallen = {keys[row] for row in refused} & named
    if fallen:  # though another row of that key may stand
        standing = {key for row, key in enumerate(keys) if key in fallen and row not in refused}
        outside |= fallen - standing - {""}
    return outside
