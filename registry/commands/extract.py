"""The extract of an older system: its tables, and which of their rows can stand.

A row that cannot stand is refused with its reason, and what hangs on it with it; the others are
found a place. Values are judged later, in `registry.commands.importing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha1
from typing import NamedTuple
from uuid import UUID, SafeUUID, uuid5

from registry.values import (
    CommunityId,
    DivisionId,
    DoorplateId,
    HouseholdNumber,
    HouseholdType,
    PlateNumber,
    Relationship,
    StreetId,
    Text,
)
from registry.vocabulary import Kind

Columns = Mapping[str, Sequence[str]]  # by name, all of one length; an empty text is no value
Tables = Mapping[str, Columns]

STREETS, DOORPLATES, HOUSEHOLDS, PERSONS = "streets", "doorplates", "households", "persons"
TABLES = (STREETS, DOORPLATES, HOUSEHOLDS, PERSONS)
#: The columns that an extract must have, and those that it may have.
NEEDED = {
    STREETS: ("key", "division_id", "name"),
    DOORPLATES: ("key", "street_key", "number", "community_id"),
    HOUSEHOLDS: ("key", "number", "doorplate_key"),
    PERSONS: ("key", "household_key", "relation", "name", "sex", "birth_date", "number"),
}
OPTIONAL = {
    STREETS: ("since",),
    DOORPLATES: ("detail", "since"),
    HOUSEHOLDS: ("type", "since"),
    PERSONS: (
        *("nationality", "since", "nature", "education", "marital_status", "military_service"),
        *("height_cm", "birth_place", "native_place", "former_name", "occupation", "workplace"),
        *("other_address", "mother_key", "father_key", "guardian_key", "spouse_key"),
        *("mother_name", "father_name", "guardian_name", "spouse_name", "unit"),
    ),
}
#: Columns that name another row of persons, and the field that each one fills.
RELATIVES = {
    "mother_key": "mother",
    "father_key": "father",
    "guardian_key": "guardian",
    "spouse_key": "spouse",
}

#: A household that lists nobody (集体户).
COLLECTIVE = HouseholdType("2")
RELATIONS = frozenset(Relationship.all())
HEADS = frozenset(code for code in Relationship.all() if code.is_head)
#: No register is older; what is told to be so is a slip.
DAWN = date(1900, 1, 1)

#: Why a row cannot stand.
REASONS = {
    "key-missing": "the row has no key",
    "key-repeated": "another row has this key and other content",
    "already-known": "the register knows the key already, from another batch",
    "division-unknown": "no such division on that day",
    "community-unknown": "no such community",
    "outside-area": "the place is outside the officer's area",
    "street-unknown": "neither extract nor register has this street, or it was refused",
    "doorplate-unknown": "neither extract nor register has this door plate, or it was refused",
    "doorplate-closed": "the door plate is withdrawn or takes no newcomers",
    "name-unusable": "no name that a street could have",
    "number-unusable": "no number that a door plate or household could have",
    "type-unusable": "no type of household has this code",
    "head-missing": "members, but none of them is the head",
    "two-heads": "more than one member is the head; an officer decides who is",
    "household-unknown": "the extract has no such household",
    "household-refused": "the household was refused",
    "relation-unusable": "no relation to the head has this code",
}
#: Names of imported streams derive from the source's and the row's key below this one.
SOURCES = UUID("5b0c1e3a-90d5-5c5e-8a53-3d7f0c6f6f0b")


class Remark(NamedTuple):
    """What is to be said of a row; the first row after the head line is row 1."""

    table: str
    row: int
    key: str
    what: str


def uuid_of(number: int) -> UUID:
    """The UUID of a number of 128 bits; its own constructor first looks what it was given."""
    made = object.__new__(UUID)
    SET_INT(made, number)
    SET_SAFE(made, SafeUUID.unknown)
    return made


#: A UUID lets nobody set its fields; these are the slots that its constructor fills.
SET_INT: Callable[[UUID, int], None] = vars(UUID)["int"].__set__
SET_SAFE: Callable[[UUID, SafeUUID], None] = vars(UUID)["is_safe"].__set__


def namer(namespace: UUID, prefix: str) -> Callable[[str], UUID]:
    """Names after a prefix to their `uuid5`; the library takes four times as long."""
    head = namespace.bytes + prefix.encode()

    def name(text: str) -> UUID:
        number = int.from_bytes(sha1(head + text.encode()).digest()[:16], "big")
        return uuid_of(number & FREE | FIFTH)

    return name


#: The bits of a UUID that its variant and version leave free, and those two for version 5.
FREE = ~(0xC000 << 48 | 0xF000 << 64) & (1 << 128) - 1
FIFTH = 0x8000 << 48 | 5 << 76


@dataclass(frozen=True)
class Batch:
    """What an import says of itself, and the day on which it is recorded.

    baseline: the day for which the source vouches where a row states none.
    namespace: the register's, by which numbers, books and cases are named.
    """

    source: str
    name: str
    baseline: date
    today: date
    namespace: UUID

    def named(self, kind: Kind, name: str) -> UUID:
        """The stream of a number, book or case, as `Registrar.named` says it."""
        return uuid5(self.namespace, f"{kind}/{name}")

    @cached_property
    def origin(self) -> UUID:
        """What the ids of everything from this source derive from."""
        return uuid5(SOURCES, self.source)

    def streams(self, table: str) -> Callable[[str], UUID]:
        """The streams of a table's rows: the same whenever and wherever a row is imported."""
        return namer(self.origin, f"{table}/")

    def stream(self, table: str, key: str) -> UUID:
        """The stream of a row."""
        return uuid5(self.origin, f"{table}/{key}")

    def elsewhere(self, table: str, key: str) -> UUID:
        """The stream that a key means which the extract has not: the register's id, or a row's."""
        try:
            return UUID(key)
        except ValueError:
            return self.stream(table, key)


class StreetRow(NamedTuple):
    """A street that stands."""

    row: int
    key: str
    id: StreetId
    division: DivisionId
    name: Text
    day: date


class Plate(NamedTuple):
    """A door plate that takes households; a row of the extract or one that the register has."""

    row: int  # -1: not of the extract
    key: str
    id: DoorplateId
    street: StreetId
    number: PlateNumber
    detail: Text | None
    community: CommunityId
    day: date
    version: int  # that its stream has when households are put there


class House(NamedTuple):
    """A household that stands."""

    row: int
    key: str
    number: HouseholdNumber
    type: HouseholdType
    plate: Plate
    day: date


@dataclass(frozen=True)
class Homes:
    """Households that stand and their members, in the order of the households.

    rows: of each member, its row in the extract. right: whether its number is. shared: numbers
    that the extract has more than once. absent: keys of relatives whom nobody knows.
    """

    houses: Sequence[House]
    sizes: Sequence[int]
    persons: Columns
    rows: Sequence[int]
    right: Sequence[bool]
    shared: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
