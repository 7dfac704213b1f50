"""What is found out about an extract before its first chunk, and what each chunk takes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.bulk_chunk import CodesPart, HomesPart, Part, PlatesPart, StreetsPart
from adapters.bulk_extract import Cut, Extract
from registry.aggregates import Doorplate, Places, SegmentPlan, Street
from registry.codec import Codec
from registry.commands.extract import (
    DOORPLATES,
    HOUSEHOLDS,
    PERSONS,
    RELATIVES,
    STREETS,
    Batch,
    House,
    Plate,
    Remark,
    StreetRow,
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
    right: NDArray[np.bool_]
    setting: Setting
    stands: NDArray[np.bool_]  # of each person: whether the row does
    shared: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    #: Door plates that are not as the extract has them: as they are, None where closed.
    moved: dict[UUID, Plate | None] = field(default_factory=dict)
    by_row: dict[str, dict[int, Any]] = field(default_factory=dict)  # of streets and door plates

    @classmethod
    def make(cls, importer: Any, extract: Extract, batch: Batch, by: Authority) -> Plan:
        """Look at the whole extract."""
        held = Held(importer.store, importer.codec)
        setting = importer.setting
        tables = {table: extract.columns(table) for table in (STREETS, DOORPLATES, HOUSEHOLDS)}
        tables[PERSONS] = extract.columns(PERSONS, FOR_SORTING)
        if len(set(tables[PERSONS]["key"])) < extract.size(PERSONS):
            tables[PERSONS] = extract.columns(PERSONS)  # rows of one key have to be compared
        references = held.entries({setting.places, *wanted(batch, tables)})
        known = known_of(references, setting, batch, by)
        found = sort_out(batch, tables, known)
        stands = np.ones(extract.size(PERSONS), np.bool_)
        stands[list(found.refused[PERSONS])] = False
        right = extract.right(batch.today)
        plan = cls(batch, extract, held, found, right, setting, stands)
        numbers = extract.tables[PERSONS]["number"].filter(pa.array(right & stands))
        counts = pc.value_counts(numbers.combine_chunks())
        often = pc.greater(counts.field("counts"), 1)
        plan.shared = frozenset(counts.field("values").filter(often).to_pylist())
        plan.absent = plan.nobody(found.relatives)
        return plan

    def nobody(self, keys: frozenset[str]) -> frozenset[str]:
        """Those keys of relatives that the register does not know either."""
        streams = {self.batch.stream(PERSONS, key): key for key in keys}
        known = self.held.entries(streams)
        return frozenset(key for stream, key in streams.items() if stream not in known)

    def part(self, one: Cut) -> Part:
        """The rows of a chunk that stand."""
        if one.table == STREETS:
            return StreetsPart(self.streets(one))
        return PlatesPart(self.plates(one)) if one.table == DOORPLATES else self.homes(one)

    def streets(self, one: Cut) -> list[StreetRow]:
        """The streets of a chunk that stand."""
        return self.standing(STREETS, self.sorted.streets.values(), one.rows)

    def plates(self, one: Cut) -> list[Plate]:
        """The door plates of a chunk that stand."""
        return self.standing(DOORPLATES, self.sorted.plates.values(), one.rows)

    def standing(self, table: str, all_of_them: Iterable[Any], rows: slice) -> list[Any]:
        """Rows of a table that stand, out of some."""
        if table not in self.by_row:
            self.by_row[table] = {one.row: one for one in all_of_them}
        found = self.by_row[table]
        return [found[row] for row in range(rows.start, rows.stop) if row in found]

    def houses(self, one: Cut) -> list[House]:
        """The households of a chunk that stand."""
        found = []
        for row in range(one.rows.start, one.rows.stop) if one.table == HOUSEHOLDS else ():
            house = self.sorted.houses.get(row)
            if house is None:
                continue
            plate = self.moved.get(house.plate.id, house.plate)
            if plate is None:
                continue
            if plate is not house.plate:
                house = house._replace(plate=plate, day=max(house.day, plate.day))
            found.append(house)
        return found

    def homes(self, one: Cut) -> HomesPart:
        """The households and members of a chunk."""
        houses = self.houses(one)
        rows = one.persons[self.stands[one.persons]]
        living = [self.sorted.homes[row] for row in rows.tolist()]
        if self.moved:
            kept = {house.row for house in houses}
            mask = np.array([home in kept for home in living], np.bool_)
            rows = rows[mask]
            living = [home for home in living if home in kept]
        sizes = {home: len(list(group)) for home, group in groupby(living)}
        taken = self.extract.taken(PERSONS, rows).drop_columns("household_key").combine_chunks()
        empty = pa.RecordBatch.from_pylist([], taken.schema)
        persons = next(iter(taken.to_batches()), empty)
        numbers = self.shared and self.shared.intersection(persons["number"].to_pylist())
        absent = self.absent
        if absent:
            named = (
                persons[name].to_pylist() for name in RELATIVES if name in persons.schema.names
            )
            absent = absent.intersection(*[set().union(*named)])
        return HomesPart(
            houses,
            [sizes.get(house.row, 0) for house in houses],
            persons,
            rows.tolist(),
            self.right[rows].tolist(),
            numbers,
            absent,
        )

    def guards(self, one: Cut) -> dict[UUID, int]:
        """The door plates at which a chunk's households live, and the version each must have."""
        return {house.plate.id: house.plate.version for house in self.houses(one)}

    def reload_plates(self, refused: Iterable[tuple[str, int, str, str]]) -> None:
        """Take door plates that the register knew already as they are there."""
        keys = [key for table, _, key, what in refused if (table, what) == (DOORPLATES, KNOWN)]
        self.reload({self.sorted.plates[key].id for key in keys if key in self.sorted.plates})

    def reload(self, streams: Collection[UUID]) -> bool:
        """Take door plates as they are now; tells whether there were any."""
        by_id = {plate.id: plate for plate in self.sorted.plates.values()} if streams else {}
        for stream, entries in self.held.entries(streams).items():
            state = Doorplate.fold(standing(entries))
            if state is None or state.closed_on is not None or state.frozen:
                self.moved[stream] = None
                continue
            old = by_id.get(state.id)
            self.moved[stream] = Plate(
                old.row if old else -1,
                old.key if old else "",
                state.id,
                state.street,
                state.plate_number,
                state.plate_detail,
                state.community,
                max(entry.effective_on for entry in standing(entries)),
                len(entries),
            )
        return bool(streams)

    def remarks(self, one: Cut) -> tuple[list[Remark], list[Remark]]:
        """Findings and refusals that are known before a chunk is recorded."""
        findings: list[Remark] = []
        refused: list[Remark] = []
        self.tell(one.table, range(one.rows.start, one.rows.stop), findings, refused)
        self.tell(PERSONS, one.persons, findings, refused)
        if self.moved and one.table == HOUSEHOLDS:
            self.tell_moved(one, refused)
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

    def tell_moved(self, one: Cut, refused: list[Remark]) -> None:
        """Say which households fell because their door plate was closed meanwhile."""
        kept = {house.row for house in self.houses(one)}
        fallen = {
            row: house
            for row in range(one.rows.start, one.rows.stop)
            if (house := self.sorted.houses.get(row)) and row not in kept
        }
        for row, house in fallen.items():
            refused.append(Remark(HOUSEHOLDS, row + 1, house.key, "doorplate-closed"))
        keys = self.extract.tables[PERSONS]["key"]
        for row in one.persons.tolist():
            if self.sorted.homes[row] in fallen and self.stands[row]:
                refused.append(Remark(PERSONS, row + 1, keys[row].as_py(), "household-refused"))

    def codes(self) -> dict[str, CodesPart]:
        """The codes of all numbers of counties whose books are kept here.

        In chunks by county and decade of birth, whatever segments there are.
        """
        numbers = self.extract.tables[PERSONS]["number"].filter(pa.array(self.right & self.stands))
        counties = pc.unique(pc.utf8_slice_codeunits(numbers, 0, 6)).to_pylist()
        named = {self.batch.named(Kind.SEGMENTS, code): code for code in counties}
        folded = (
            (named[stream], SegmentPlan.fold(entries))
            for stream, entries in self.held.entries(named).items()
        )
        plans = {code: plan for code, plan in folded if plan is not None}
        digits = pc.utf8_slice_codeunits(numbers, 0, 17).cast(pa.int64())
        codes = np.unique(np.asarray(digits.combine_chunks())) if plans else np.empty(0, np.int64)
        names, starts = np.unique(codes // 10**8, return_index=True)
        some = zip(names.tolist(), np.split(codes, starts[1:]), strict=True)
        return {
            f"codes-{name}": CodesPart(part, {code: plans[code]})
            for name, part in (some if len(names) else ())
            if (code := str(name)[:6]) in plans
        }


KNOWN = "already-known"
FOR_SORTING = ("key", "household_key", "relation", *RELATIVES)


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
