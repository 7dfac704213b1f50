"""The entries of households in which nothing is odd, made and encoded a column at a time.

Most rows have nothing that anybody would have to look at. Their entries are written as text, one
field of all rows after another; every other household goes through `registry.commands.importing`,
entry by entry. Which way a row went cannot be told from what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.bulk_encoding import Lines, Salts
from adapters.bulk_forms import (
    Days,
    Keys,
    Texts,
    day_texts,
    keys_of,
    quoted,
    raw,
    text,
    together,
    uuid_texts,
    written,
)
from adapters.bulk_homes import Houses, ids_of
from adapters.bulk_numbers import characters, ordinals
from registry.aggregates import SegmentPlan
from registry.commands.extract import (
    COLLECTIVE,
    DAWN,
    HEADS,
    HOUSEHOLDS,
    PERSONS,
    RELATIVES,
    Batch,
    Plate,
)
from registry.commands.numbering import book_name
from registry.commands.people import (
    EXPECTED,
    FIRST_BIRTH_YEAR,
    KINDS,
    UNUSABLE,
    read_birth,
    read_date,
    reader,
)
from registry.events.address import DoorplateImported
from registry.events.household import HouseholdImported
from registry.events.numbers import CodesRecorded, NumberRecorded
from registry.events.person import PersonImported
from registry.values import Line, Name
from registry.vocabulary import Kind

Mask = NDArray[np.bool_]

#: A line that needs no second look: its ends no white space, nothing unseen, nothing to escape.
PLAIN = r'^[^\p{Z}\p{C}"\\]([^\p{Zl}\p{Zp}\p{C}"\\]*[^\p{Z}\p{C}"\\])?$'
#: A day as it is usually written, and where its digits stand.
USUAL, DIGITS = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", [0, 1, 2, 3, 5, 6, 8, 9]
#: Nobody was born before.
FIRST = date(FIRST_BIRTH_YEAR, 1, 1)


@dataclass
class Members:
    """The persons of some households, their columns read; `odd` are those to be looked at."""

    batch: Batch
    persons: pa.RecordBatch
    odd: Mask

    def texts(self, name: str) -> Texts:
        """A column of the extract."""
        return self.persons[name].cast(pa.string())

    def read(self, name: str, kind: Callable[[str], Any]) -> tuple[list[Any], Any]:
        """The values of a column, each once, and which of them every row has."""
        coded = self.persons[name].dictionary_encode()
        known = reader(kind)
        values = [known[text] for text in coded.dictionary.to_pylist()]
        return values, coded.indices

    def field(self, name: str, kind: Callable[[str], Any]) -> Texts:
        """A field's JSON; what is unusable, or missing and expected, is odd."""
        if isinstance(kind, type) and issubclass(kind, Line):
            return self.lines(name, kind)
        values, rows = self.read(name, kind)
        wrong = [value is UNUSABLE or (value is None and name in EXPECTED) for value in values]
        if any(wrong):
            self.odd |= np.array(wrong)[np.asarray(rows)]
        told = [
            None if value is None or value is UNUSABLE else orjson.dumps(value).decode()
            for value in values
        ]
        return pa.array(told, pa.string()).take(rows)

    def lines(self, name: str, kind: type[Line]) -> Texts:
        """A column of names or texts."""
        texts = self.texts(name)
        empty = pc.equal(texts, "")
        short = pc.less_equal(pc.utf8_length(texts), kind.LIMIT)
        self.odd |= ~mask(pc.or_(pc.and_(plain(texts), short), empty))
        return quoted(pc.if_else(empty, pa.scalar(None, pa.string()), texts))

    def days(self, name: str, kind: Callable[[str], date], least: date) -> tuple[Days, Texts]:
        """A column of days as ordinals and as JSON; one before `least` or to come is odd."""
        texts = self.texts(name)
        usual = mask(pc.match_substring_regex(texts, USUAL))
        found = np.zeros(len(texts), np.int64)
        found[usual] = ordinals(characters(texts.filter(pa.array(usual)), 10)[:, DIGITS])
        others = texts.filter(pa.array(~usual)).to_pylist()
        found[~usual] = [ordinal(kind, text) for text in others]
        fits = (found >= least.toordinal()) & (found <= self.batch.today.toordinal())
        self.odd |= ~fits & mask(pc.not_equal(texts, ""))
        found[~fits] = 0
        told = pc.if_else(pa.array(fits & usual), quoted(texts), pa.scalar(None, pa.string()))
        if others:
            told = pc.replace_with_mask(told, pa.array(~usual), day_texts(found[~usual]))
        return found, told

    def relatives(self, name: str, keys: Texts, texts: Texts, absent: frozenset[str]) -> Texts:
        """The ids of relatives: those of this chunk are at hand."""
        named = self.texts(name)
        if absent:
            self.odd |= mask(pc.is_in(named, pa.array(sorted(absent))))
        found = texts.take(pc.index_in(named, keys))
        missing = pc.and_(pc.is_null(found), pc.not_equal(named, ""))
        others = named.filter(missing)
        if len(others):
            made = uuid_texts(keys_of(head_of(self.batch, PERSONS), raw(others)))
            found = pc.replace_with_mask(found, missing, made)
        return found


def ordinal(kind: Callable[[str], date], text: str) -> int:
    """A day as an ordinal, 0 where there is none."""
    day = reader(kind)[text]
    return day.toordinal() if isinstance(day, date) else 0


def plain(texts: Texts) -> Any:
    """Which texts need no second look."""
    return pc.match_substring_regex(texts, PLAIN)


def mask(condition: Any) -> Mask:
    """A condition as numpy has it."""
    found: Mask = np.asarray(condition)
    return found


def head_of(batch: Batch, table: str) -> bytes:
    """What the names of a table's streams begin with."""
    return batch.origin.bytes + f"{table}/".encode()


@dataclass(frozen=True)
class Plainly:
    """What was entered in columns, and the households and members that were not."""

    lines: Lines | None
    accepted: dict[str, int]
    left: Mask  # of households
    members_left: Mask


def enter_plain(
    batch: Batch,
    houses: Houses,
    persons: pa.RecordBatch,
    right: Mask,
    shared: frozenset[str],
    absent: frozenset[str],
    salts: Salts,
) -> Plainly:
    """Enter households in which nothing is odd, with their members and their numbers."""
    members = Members(batch, persons, ~right)
    home = np.repeat(np.arange(len(houses)), houses.sizes)
    keys = keys_of(head_of(batch, PERSONS), raw(persons["key"]))
    texts = uuid_texts(keys)
    told: dict[str, Any] = {"name": members.field("name", Name)}
    members.odd |= mask(pc.is_null(told["name"]))
    for name, kind in KINDS.items():
        if name in persons.schema.names:
            told[name] = members.field(name, kind)
        elif name in EXPECTED:
            members.odd[:] = True
    for name, field_name in RELATIVES.items():
        if name in persons.schema.names:
            own = members.texts("key")
            told[field_name] = members.relatives(name, own, texts, absent)
    number = members.texts("number")
    if shared:
        members.odd |= mask(pc.is_in(number, pa.array(sorted(shared))))
    births, told["birth_date"] = members.days("birth_date", read_birth, FIRST)
    members.odd |= births == 0
    contradicting(members, number)
    heads = mask(pc.is_in(members.texts("relation"), pa.array(sorted(HEADS))))
    days = settle_days(members, houses, home, births, heads)
    fits = plain_houses(houses, home, members.odd)
    kept = fits[home]
    if not fits.any():
        return Plainly(None, {}, ~fits, ~kept)
    chosen = pa.array(kept)
    some = Kept(
        batch,
        houses.only(fits),
        days[fits],
        (np.cumsum(fits) - 1)[home[kept]],
        keys[kept],
        texts.filter(chosen),
        quoted(members.texts("relation").filter(chosen)),
        heads[kept],
        number.filter(chosen),
        {name: column.filter(chosen) for name, column in told.items()},
    )
    size = len(some.keys)
    accepted = {"households": len(some.houses), "persons": size, "numbers": size}
    return Plainly(some.lines(salts), accepted, ~fits, ~kept)


def contradicting(members: Members, number: Texts) -> None:
    """A number that states another birth date or sex than the row is odd."""
    born = pc.replace_substring(members.texts("birth_date"), "-", "")
    same_birth = pc.equal(pc.utf8_slice_codeunits(number, 6, 14), born)
    male = pc.is_in(pc.utf8_slice_codeunits(number, 16, 17), pa.array(list("13579")))
    same_sex = pc.equal(male, pc.equal(members.texts("sex"), "1"))
    members.odd |= ~mask(pc.and_(same_birth, same_sex))


def settle_days(members: Members, houses: Houses, home: Any, births: Days, heads: Mask) -> Days:
    """The day of each household; odd is who comes later than it, or was said to come earlier."""
    day = np.full(len(births), members.batch.baseline.toordinal(), np.int64)
    told = np.zeros(len(births), np.bool_)
    if "since" in members.persons.schema.names:
        since, _ = members.days("since", read_date, DAWN)
        told = since > 0
        day = np.where(told, since, day)
    members.odd |= told & (births > day)
    day = np.maximum(day, births)
    of_house = houses.days.copy()
    np.maximum.at(of_house, home[heads], day[heads])
    members.odd |= (day > of_house[home]) | (told & (day < of_house[home]))
    return of_house


def plain_houses(houses: Houses, home: Any, odd: Mask) -> Mask:
    """Families, none of whose members is odd."""
    plain = np.array([kind != COLLECTIVE for kind in houses.types], np.bool_)
    plain &= houses.sizes > 0
    plain[home[odd]] = False
    return plain


@dataclass(frozen=True)
class Kept:
    """Households that are entered in columns and their members; all texts are JSON."""

    batch: Batch
    houses: Houses
    days: Days  # of each household
    home: Any  # of each member, its household
    keys: Keys
    ids: Texts
    relations: Texts
    heads: Mask
    numbers: Texts
    told: Mapping[str, Texts]

    def lines(self, salts: Salts) -> Lines:
        """Every household, then each member with the number it holds."""
        count = len(self.keys)
        houses = self.houses
        places = uuid_texts(houses.communities)
        own = keys_of(head_of(self.batch, HOUSEHOLDS), [key.encode() for key in houses.keys])
        own_texts = uuid_texts(own)
        days = day_texts(self.days)
        where = pa.array(self.home)
        common = {"source": text(self.batch.source), "batch": text(self.batch.name)}
        households = {
            "effective_on": days,
            "household_number": pa.array([text(number) for number in houses.numbers]),
            "household_type": quoted(pa.array(houses.types)),
            "doorplate": uuid_texts(houses.doorplates),
            "community": places,
            "members": self.members(),
            "head": self.ids.filter(pa.array(self.heads)),
            **common,
        }
        persons = {
            **self.told,
            "effective_on": days.take(where),
            "household": own_texts.take(where),
            "community": places.take(where),
            "number": quoted(self.numbers),
            **common,
        }
        today = self.batch.today
        held = {
            "effective_on": text(today.isoformat()),
            "person": self.ids,
            "number": quoted(self.numbers),
        }
        head = self.batch.namespace.bytes + f"{Kind.NUMBER}/".encode()
        holders = keys_of(head, raw(self.numbers))
        since = self.days[self.home]
        made = Lines.joined(
            [
                written(HouseholdImported, own, households, self.days, salts),
                written(PersonImported, self.keys, persons, since, salts),
                written(NumberRecorded, holders, held, np.full(count, today.toordinal()), salts),
            ]
        )
        return made.taken(self.order())

    def members(self) -> Texts:
        """The members of each household, as its entry lists them."""
        each = together(['{"person":', self.ids, ',"relation":', self.relations, "}"])
        ends = np.searchsorted(self.home, np.arange(len(self.houses) + 1)).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(ends), each)
        return together(["[", pc.binary_join(lists, ","), "]"])

    def order(self) -> Any:
        """Household by household, member by member, out of three columns of lines."""
        houses, count = len(self.houses), len(self.keys)
        first = np.searchsorted(self.home, np.arange(houses))
        order = np.empty(houses + 2 * count, np.int64)
        order[np.arange(houses) + 2 * first] = np.arange(houses)
        place = self.home + 1 + 2 * np.arange(count)
        order[place] = houses + np.arange(count)
        order[place + 1] = houses + count + np.arange(count)
        return pa.array(order)


def enter_plain_plates(batch: Batch, plates: Sequence[Plate], salts: Salts) -> Lines:
    """Enter door plates that are all new."""
    days = np.array([plate.day.toordinal() for plate in plates], np.int64)
    details = [plate.detail and text(plate.detail) for plate in plates]
    told = {
        "effective_on": day_texts(days),
        "street": uuid_texts(ids_of([plate.street for plate in plates])),
        "plate_number": pa.array([text(plate.number) for plate in plates]),
        "plate_detail": pa.array(details, pa.string()),
        "community": uuid_texts(ids_of([plate.community for plate in plates])),
        "source": text(batch.source),
        "batch": text(batch.name),
    }
    keys = ids_of([plate.id for plate in plates])
    return written(DoorplateImported, keys, told, days, salts)


def enter_plain_codes(
    batch: Batch, codes: NDArray[np.int64], plans: Mapping[str, SegmentPlan], salts: Salts
) -> list[Lines]:
    """Note codes as used in books that are all new.

    codes: the first seventeen digits of numbers as integers, rising, each once.
    """
    lines = []
    prefixes = codes // 1000
    for county, plan in plans.items():
        for segment in plan.segments:
            sequences = codes % 1000
            least = int(f"{county}{segment.valid_from:%Y%m%d}")
            inside = (prefixes // 10**8 == int(county)) & (prefixes >= least)
            inside &= (sequences >= segment.first) & (sequences <= segment.last)
            if not inside.any():
                continue
            books, starts = np.unique(prefixes[inside], return_index=True)
            ends = np.append(starts, inside.sum()).astype(np.int32)
            each = pa.array(sequences[inside]).cast(pa.string())
            used = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), each), ",")
            births = [str(book)[6:] for book in books.tolist()]
            names = [
                book_name(county, date.fromisoformat(birth), segment.first, segment.last).encode()
                for birth in births
            ]
            told = {
                "effective_on": text(batch.today.isoformat()),
                "address_code": text(county),
                "birth_date": pa.array([f'"{b[:4]}-{b[4:6]}-{b[6:]}"' for b in births]),
                "sequences": together(["[", used, "]"]),
                "batch": text(batch.name),
            }
            head = batch.namespace.bytes + f"{Kind.BOOK}/".encode()
            days = np.full(len(books), batch.today.toordinal())
            lines.append(written(CodesRecorded, keys_of(head, names), told, days, salts))
    return lines
