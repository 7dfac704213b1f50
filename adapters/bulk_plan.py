"""What is found out about an extract before its first chunk, and what each chunk takes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.bulk_extract import Cut, Extract, homes_of
from adapters.bulk_homes import Houses, ids_of
from adapters.bulk_members import all_different, sort_members
from adapters.bulk_numbers import right_numbers
from adapters.bulk_parts import CodesPart, HomesPart, Part, PlatesPart, StreetsPart
from adapters.bulk_repeated import note_repeated
from registry.aggregates import Doorplate, Places, SegmentPlan, Street
from registry.codec import Codec
from registry.commands.extract import (
    DOORPLATES,
    HOUSEHOLDS,
    PERSONS,
    RELATIVES,
    STREETS,
    Batch,
    Plate,
    Remark,
)
from registry.commands.sorting import Known, Sorted, sort_out, wanted
from registry.history import standing
from registry.register import Authority, Setting
from registry.store import EntryStore
from registry.vocabulary import VOCABULARY, Kind

ASKED = 10_000  # streams asked for at once


@dataclass
class Held:
    """What the store has, read through the codec."""

    store: EntryStore
    codec: Codec

    def entries(self, streams: Collection[UUID]) -> dict[UUID, list[Any]]:
        """Streams and their entries; those there are."""
        asked = list(streams)
        found = {}
        for start in range(0, len(asked), ASKED):
            some = self.store.streams(asked[start : start + ASKED])
            for stream, entries in some.items():
                if entries:
                    found[stream] = [self.codec.entry(one) for one in entries]
        return found


@dataclass
class Plan:
    """Which rows stand where, which numbers come twice, which relatives nobody knows."""

    batch: Batch
    extract: Extract
    held: Held
    sorted: Sorted
    setting: Setting
    lives_in: NDArray[np.int64]  # of each person, the row of its household
    stands: NDArray[np.bool_]  # of each person: whether the row does
    houses: Houses  # all that stand, without their members
    plates: list[Plate]  # at which they are
    where: NDArray[np.int64]  # of each household, its door plate
    shared: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    in_area: Callable[[UUID], bool] = lambda place: True
    #: Door plates that were found closed, or in another's area.
    closed: set[UUID] = field(default_factory=set)
    by_row: dict[str, dict[int, Any]] = field(default_factory=dict)  # of streets and door plates

    @classmethod
    def make(cls, importer: Any, extract: Extract, batch: Batch, by: Authority) -> Plan:
        """Look at the whole extract."""
        held = Held(importer.store, importer.codec)
        setting = importer.setting
        tables = {table: extract.columns(table) for table in (STREETS, DOORPLATES, HOUSEHOLDS)}
        in_columns = all_different(extract.tables[PERSONS]["key"])
        if not in_columns:
            tables[PERSONS] = extract.columns(PERSONS)  # rows of one key have to be compared
        references = held.entries({setting.places, *wanted(batch, tables)})
        known = known_of(references, setting, batch, by)
        found = sort_out(batch, tables, known)
        if in_columns:
            sort_members(extract, homes_of(extract), found)
        homes = np.array(found.homes, np.int64)
        stands = np.ones(len(homes), np.bool_)
        stands[list(found.refused[PERSONS])] = False
        living = np.bincount(homes[stands], minlength=extract.size(HOUSEHOLDS))
        columns = columns_of(found, living)
        note_repeated(found, *columns, known.places, batch)
        found.houses.clear()  # nobody asks for them again, and they take as much as the columns do
        plan = cls(batch, extract, held, found, setting, homes, stands, *columns)
        plan.in_area = known.in_area
        plan.shared = twice(extract.tables[PERSONS]["number"])
        plan.absent = plan.nobody(found.relatives)
        plan.reload([plate.id for plate in found.plates.values()])
        return plan

    def nobody(self, keys: frozenset[str]) -> frozenset[str]:
        """Those keys of relatives that the register does not know either."""
        streams = {self.batch.stream(PERSONS, key): key for key in keys}
        known = self.held.entries(streams)
        return frozenset(key for stream, key in streams.items() if stream not in known)

    def part(self, one: Cut) -> Part:
        """The rows of a chunk that stand."""
        if one.table == STREETS:
            return StreetsPart(self.standing(STREETS, self.sorted.streets.values(), one.rows))
        if one.table == DOORPLATES:
            return PlatesPart(self.standing(DOORPLATES, self.sorted.plates.values(), one.rows))
        return self.homes(one)

    def standing(self, table: str, all_of_them: Iterable[Any], rows: slice) -> list[Any]:
        """Rows of a table that stand, out of some."""
        if table not in self.by_row:
            self.by_row[table] = {one.row: one for one in all_of_them}
        found = self.by_row[table]
        return [found[row] for row in range(rows.start, rows.stop) if row in found]

    def chosen(self, one: Cut) -> slice:
        """Which of the households that stand are in a chunk."""
        if one.table != HOUSEHOLDS:
            return slice(0, 0)
        first, last = np.searchsorted(self.houses.rows, [one.rows.start, one.rows.stop])
        return slice(int(first), int(last))

    def homes(self, one: Cut) -> HomesPart:
        """The households and members of a chunk."""
        chosen = self.chosen(one)
        where = self.where[chosen]
        some, place = np.unique(where, return_inverse=True)
        plates = [self.plates[index] for index in some.tolist()]
        opens = np.array([plate.id not in self.closed for plate in plates], np.bool_)[place]
        days = np.array([plate.day.toordinal() for plate in plates], np.int64)[place]
        rows = one.persons[self.stands[one.persons]]
        houses = Houses(
            self.houses.rows[chosen],
            self.houses.keys[chosen],
            self.houses.numbers[chosen],
            self.houses.types[chosen],
            np.maximum(self.houses.days[chosen], days),
            self.houses.sizes[chosen],
            ids_of([plate.id for plate in plates])[place],
            ids_of([plate.community for plate in plates])[place],
        ).only(opens)
        rows = rows[np.isin(self.lives_in[rows], houses.rows)] if not opens.all() else rows
        taken = self.extract.taken(PERSONS, rows)
        unneeded = [name for name in ("household_key", "unit") if name in taken.column_names]
        taken = taken.drop_columns(unneeded).combine_chunks()
        empty = pa.RecordBatch.from_pylist([], taken.schema)
        persons = next(iter(taken.to_batches()), empty)
        shared = self.shared and self.shared.intersection(persons["number"].to_pylist())
        absent = self.absent
        if absent:
            named = (
                persons[name].to_pylist() for name in RELATIVES if name in persons.schema.names
            )
            absent = absent.intersection(*[set().union(*named)])
        return HomesPart(houses, persons, rows, shared, absent, self.found(one, houses, rows))

    def found(self, one: Cut, houses: Houses, rows: NDArray[np.int64]) -> tuple[Remark, ...]:
        """What was found before about households and persons that stand."""
        findings, _ = self.remarks(one)
        if not findings:
            return ()
        standing = {HOUSEHOLDS: set(houses.rows.tolist()), PERSONS: set(rows.tolist())}
        return tuple(told for told in findings if told.row - 1 in standing.get(told.table, ()))

    def guards(self, one: Cut) -> dict[UUID, int]:
        """The door plates at which a chunk's households live, and the version each must have."""
        places = np.unique(self.where[self.chosen(one)]).tolist()
        some = (self.plates[index] for index in places)
        return {plate.id: plate.version for plate in some if plate.id not in self.closed}

    def reload(self, streams: Collection[UUID]) -> None:
        """Take door plates as they are in the register, where they are."""
        found = self.held.entries(streams)
        index = {plate.id: place for place, plate in enumerate(self.plates)} if found else {}
        for stream, entries in found.items():
            state = Doorplate.fold(standing(entries))
            closed = state is None or state.closed_on is not None or state.frozen
            if state is None or closed or not self.in_area(state.community):
                self.closed.add(stream)
            elif state.id in index:
                self.plates[index[state.id]] = self.plates[index[state.id]]._replace(
                    community=state.community,
                    day=max(entry.effective_on for entry in standing(entries)),
                    version=len(entries),
                )

    def remarks(self, one: Cut) -> tuple[list[Remark], list[Remark]]:
        """Findings and refusals that are known before a chunk is recorded."""
        findings: list[Remark] = []
        refused: list[Remark] = []
        self.tell(one.table, range(one.rows.start, one.rows.stop), findings, refused)
        self.tell(PERSONS, one.persons, findings, refused)
        if self.closed:
            self.tell_closed(one, refused)
        return findings, refused

    def tell(
        self, table: str, rows: Iterable[int], findings: list[Remark], refused: list[Remark]
    ) -> None:
        """Say what was found out about rows before the first chunk."""
        why, found = self.sorted.refused[table], self.sorted.found[table]
        if not why and not found:
            return
        keys = self.extract.tables[table]["key"]
        for row in map(int, rows):
            reason = why.get(row)
            if reason:
                refused.append(Remark(table, row + 1, keys[row].as_py(), reason))
                continue
            for what in found.get(row, ()):
                findings.append(Remark(table, row + 1, keys[row].as_py(), what))

    def tell_closed(self, one: Cut, refused: list[Remark]) -> None:
        """Say which households fell because their door plate was closed meanwhile."""
        chosen = self.chosen(one)
        fallen = {
            row: key
            for row, key, place in zip(
                self.houses.rows[chosen].tolist(),
                self.houses.keys[chosen],
                self.where[chosen].tolist(),
                strict=True,
            )
            if self.plates[place].id in self.closed
        }
        for row, key in fallen.items():
            refused.append(Remark(HOUSEHOLDS, row + 1, key, "doorplate-closed"))
        keys = self.extract.tables[PERSONS]["key"]
        for row in one.persons.tolist() if fallen else ():
            if int(self.lives_in[row]) in fallen and self.stands[row]:
                refused.append(Remark(PERSONS, row + 1, keys[row].as_py(), "household-refused"))

    def codes(self) -> dict[str, CodesPart]:
        """The codes of all numbers of counties whose books are kept here.

        In chunks by county and half a century of birth, whatever segments there are.
        """
        numbers = self.extract.tables[PERSONS]["number"].filter(pa.array(self.stands))
        numbers = numbers.combine_chunks()
        counties = pc.unique(pc.utf8_slice_codeunits(numbers, 0, 6)).to_pylist()
        named = {self.batch.named(Kind.SEGMENTS, code): code for code in counties}
        folded = (
            (named[stream], SegmentPlan.fold(entries))
            for stream, entries in self.held.entries(named).items()
        )
        plans = {code: plan for code, plan in folded if plan is not None}
        if not plans:
            return {}
        numbers = numbers.filter(pc.is_in(pc.utf8_slice_codeunits(numbers, 0, 6), pa.array(plans)))
        numbers = numbers.filter(pa.array(right_numbers(numbers, self.batch.today)))
        digits = pc.utf8_slice_codeunits(numbers, 0, 17).cast(pa.int64())
        codes = np.unique(np.asarray(digits))
        halves = codes // 10**7 % 10**4 // 50
        names, starts = np.unique(codes // 10**11 * 100 + halves, return_index=True)
        parts = np.split(codes, starts[1:]) if len(codes) else []
        return {
            f"codes-{name}": CodesPart(part, {str(name)[:6]: plans[str(name)[:6]]})
            for name, part in zip(names.tolist(), parts, strict=True)
        }


def twice(numbers: Any) -> frozenset[str]:
    """The texts that come more than once."""
    counts = pc.value_counts(numbers.combine_chunks())
    often = pc.and_(pc.greater(counts.field("counts"), 1), pc.not_equal(counts.field("values"), ""))
    return frozenset(counts.field("values").filter(often).to_pylist())


def columns_of(
    found: Sorted, living: NDArray[np.int64]
) -> tuple[Houses, list[Plate], NDArray[np.int64]]:
    """The households that stand as columns, and the door plates at which they are.

    living: how many members stand, by the row of the household.
    """
    houses = list(found.houses.values())
    # Neighbours share an object; two keys may mean one door plate all the same.
    objects = {id(house.plate): house.plate for house in houses}
    plates = {plate.id: plate for plate in objects.values()}
    places = {stream: place for place, stream in enumerate(plates)}
    index = {key: places[plate.id] for key, plate in objects.items()}
    where = np.array([index[id(house.plate)] for house in houses], np.int64)
    rows = np.array([house.row for house in houses], np.int64)
    none = np.empty((0, 16), np.uint8)
    columns = Houses(
        rows,
        [house.key for house in houses],
        [house.number for house in houses],
        [house.type for house in houses],
        np.array([house.day.toordinal() for house in houses], np.int64),
        living[rows],
        none,
        none,
    )
    return columns, list(plates.values()), where


def known_of(
    references: Mapping[UUID, list[Any]], setting: Setting, batch: Batch, by: Authority
) -> Known:
    """What the register holds of that which an extract refers to."""
    tree = references.get(setting.places, [])
    places = Places.fold(tree) or Places(id=setting.places)
    streets: dict[UUID, Street] = {}
    plates: dict[UUID, tuple[Doorplate, date, int]] = {}
    for stream, entries in references.items():
        kind = kind_of(entries)
        if kind is Kind.STREET and (street := Street.fold(standing(entries))):
            streets[stream] = street
        if kind is Kind.DOORPLATE and (plate := Doorplate.fold(standing(entries))):
            day = max(entry.effective_on for entry in standing(entries))
            plates[stream] = (plate, day, len(entries))
    areas: dict[UUID, bool] = {}

    def in_area(place: UUID) -> bool:
        if by.area is None:
            return True
        if place not in areas:
            above = places.above(place, batch.today)
            areas[place] = any(fact.code in by.area for _, fact in above)
        return areas[place]

    return Known(places, streets, plates, in_area)


def kind_of(entries: Sequence[Any]) -> Kind:
    """What kind of stream entries stand on."""
    return VOCABULARY[type(entries[0].event)].kind
