"""The rows of a chunk, by what they are rows of, and how they become entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adapters.bulk_columns import enter_plain, enter_plain_codes, enter_plain_plates
from adapters.bulk_encoding import Lines, Salts
from adapters.bulk_homes import Houses
from adapters.bulk_numbers import right_numbers
from registry.aggregates import SegmentPlan
from registry.commands.extract import (
    PERSONS,
    Batch,
    Homes,
    Plate,
    Remark,
    StreetRow,
    uuid_of,
)
from registry.commands.import_findings import Found, enter_findings, told_by
from registry.commands.importing import (
    Decision,
    enter_codes,
    enter_holders,
    enter_homes,
    enter_plates,
    enter_streets,
    holder_streams,
)
from registry.entry import Entry
from registry.register import Registrar
from registry.values import CommunityId

Histories = Mapping[UUID, list[Entry]]
MakeRegistrar = Callable[[Histories], Registrar]


class Part(Protocol):
    """The rows of a chunk, and how they become entries."""

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter the rows; `known` are streams among theirs that the register has already."""
        ...

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """Streams to be read under the lock."""
        ...

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Enter what hangs on streams that the register has already."""
        ...


class Plain:
    """Rows that hang on nothing else."""

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """Nothing."""
        return set()

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Nothing."""
        return (), Counter()


@dataclass(frozen=True)
class StreetsPart(Plain):
    """Streets."""

    streets: Sequence[StreetRow]

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter them."""
        made = enter_streets(batch, self.streets, known)
        return made, Lines.of(made.entries, salts)


@dataclass(frozen=True)
class PlatesPart(Plain):
    """Door plates."""

    plates: Sequence[Plate]

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter them, in columns if all of them are new."""
        if known or not self.plates:
            made = enter_plates(batch, self.plates, known)
            return made, Lines.of(made.entries, salts)
        lines = enter_plain_plates(batch, self.plates, salts)
        return Decision(accepted=Counter(doorplates=len(lines))), lines


@dataclass(frozen=True)
class HomesPart:
    """Households and their members.

    shared: numbers that come twice in the extract. absent: keys of relatives whom nobody knows.
    found: what was found in these rows before.
    """

    houses: Houses
    persons: pa.RecordBatch
    rows: NDArray[np.int64]  # of the members
    shared: frozenset[str]
    absent: frozenset[str]
    found: tuple[Remark, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # Arrow would send the whole table of which this is a slice.
        schema, rows = self.persons.schema.serialize(), self.persons.serialize()
        rest = (self.rows, self.shared, self.absent, self.found)
        return revive, (self.houses, schema.to_pybytes(), rows.to_pybytes(), *rest)

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter them: those in which nothing is odd in columns, the others one by one."""
        made, lines = self.entered(batch, known, salts)
        refused = {(one.table, one.key) for one in made.refused}
        stand = [one for one in made.findings if (one.table, one.key) not in refused]
        stand += [one for one in self.found if (one.table, one.key) not in refused]
        ledgers = enter_findings(batch, self.located(stand)) if stand else []
        if not ledgers:
            return made, lines
        return made, Lines.joined([lines, Lines.of(ledgers, salts)])

    def entered(
        self, batch: Batch, known: Collection[UUID], salts: Salts
    ) -> tuple[Decision, Lines]:
        """Enter the rows themselves."""
        right = right_numbers(self.persons["number"], batch.today)
        if known:
            made = self.one_by_one(batch, right, known)
            return made, Lines.of(made.entries, salts)
        plain = enter_plain(
            *(batch, self.houses, self.persons, right, self.shared, self.absent, salts)
        )
        if plain.lines is not None and not plain.left.any():
            return Decision(accepted=Counter(plain.accepted)), plain.lines
        left = replace(
            self,
            houses=self.houses.only(plain.left),
            persons=self.persons.filter(pa.array(plain.members_left)),
            rows=self.rows[plain.members_left],
        )
        made = left.one_by_one(batch, right[plain.members_left], known)
        made.accepted.update(plain.accepted)
        lines = Lines.of(made.entries, salts)
        return made, Lines.joined([plain.lines, lines]) if plain.lines else lines

    def located(self, remarks: Iterable[Remark]) -> Iterator[Found]:
        """Remarks with the community of whom they are about, and what the row says."""
        houses = {row: place for place, row in enumerate(self.houses.rows.tolist())}
        members = {row: place for place, row in enumerate(self.rows.tolist())}
        home = np.repeat(np.arange(len(self.houses)), self.houses.sizes)
        for one in remarks:
            text, row = "", one.row - 1
            if one.table == PERSONS:
                place = int(home[members[row]])
                told = told_by().get(one.what)
                if told is not None and told.column in self.persons.schema.names:
                    text = self.persons[told.column][members[row]].as_py()
            else:
                place = houses[row]
            where = int.from_bytes(self.houses.communities[place].tobytes(), "big")
            yield Found(one, CommunityId(uuid_of(where)), text)

    def one_by_one(
        self, batch: Batch, right: NDArray[np.bool_], known: Collection[UUID]
    ) -> Decision:
        """Enter them entry by entry."""
        columns = {name: self.persons[name].to_pylist() for name in self.persons.schema.names}
        homes = Homes(
            list(self.houses.one_by_one()),
            self.houses.sizes.tolist(),
            columns,
            self.rows.tolist(),
            right.tolist(),
            self.shared,
            self.absent,
        )
        return enter_homes(batch, homes, known)

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """The numbers that others hold too, and their cases."""
        return holder_streams(batch, [number for _, number in made.holders])

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Record second holders and open cases."""
        if not made.holders:
            return (), Counter()
        desk = registrar(held)
        counted = enter_holders(desk, made.holders)
        return desk.noted, counted


def revive(houses: Houses, schema: bytes, rows: bytes, *rest: Any) -> HomesPart:
    """Households and their members as they came through a pipe."""
    told = pa.ipc.read_schema(pa.py_buffer(schema))
    return HomesPart(houses, pa.ipc.read_record_batch(pa.py_buffer(rows), told), *rest)


@dataclass(frozen=True)
class CodesPart:
    """Sequence codes of numbers: their first seventeen digits as integers, rising, each once."""

    codes: NDArray[np.int64]
    plans: Mapping[str, SegmentPlan]

    def decide(self, batch: Batch, known: Collection[UUID], salts: Salts) -> tuple[Decision, Lines]:
        """Enter those of new books."""
        made = Decision()
        if known:
            made.entries = enter_codes(batch, self.listed(), self.plans, dict.fromkeys(known))
            lines = Lines.of(made.entries, salts)
        else:
            lines = Lines.joined([Lines.of((), salts), *self.plain(batch, salts)])
        made.accepted["books"] = len(lines)
        return made, lines

    def plain(self, batch: Batch, salts: Salts) -> list[Lines]:
        """Enter them all in columns."""
        return enter_plain_codes(batch, self.codes, self.plans, salts)

    def listed(self) -> list[tuple[str, list[int]]]:
        """Address code and birth date, and the codes seen with both."""
        texts = map(str, self.codes.tolist())
        return [
            (prefix, [int(text[14:]) for text in some])
            for prefix, some in groupby(texts, lambda text: text[:14])
        ]

    def asked(self, batch: Batch, made: Decision, known: Collection[UUID]) -> set[UUID]:
        """The books that there are."""
        return set(known)

    def settle(
        self, batch: Batch, made: Decision, held: Histories, registrar: MakeRegistrar
    ) -> tuple[Sequence[Entry], Counter[str]]:
        """Enter those of the books that there are."""
        if not held:
            return (), Counter()
        every = enter_codes(batch, self.listed(), self.plans, held)
        entries = [entry for entry in every if entry.stream in held]
        return entries, Counter(books=len(entries))
