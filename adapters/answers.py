"""What reading the register gives: plain values, without a database behind them."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.errors import Fault, Malformed
from registry.projections import STILL, At
from registry.values import day_of


def day_or_still(number: int) -> date | None:
    """The day of a column, None for "still"."""
    return None if number == STILL else day_of(number)


def id_or_none(value: bytes | None) -> UUID | None:
    """The identifier of a column."""
    return None if value is None else UUID(bytes=value)


@dataclass(frozen=True)
class Resident:
    """Somebody registered somewhere."""

    person: UUID
    household: UUID
    community: UUID


@dataclass(frozen=True)
class Residence:
    """Where somebody is registered, or from where on the move, from a day until before another."""

    person: UUID
    status: str  # resident, transit
    community: UUID  # in transit: the one left
    household: UUID | None
    certificate: UUID | None
    destination: str | None
    left_on: date | None
    valid_from: date
    valid_until: date | None  # None: still


@dataclass(frozen=True)
class Occupancy:
    """A set of people at an address, from a day until before another."""

    valid_from: date
    valid_until: date | None  # None: beyond what was asked for
    persons: frozenset[UUID]


@dataclass(frozen=True)
class Holder:
    """Somebody who holds or held a number.

    how: `given` or `recorded` by the number's own register, `claimed` if only the person's
    particulars say so, `as-found` where it is wrong and only stands as it came.
    """

    person: UUID
    holding: bool
    how: str


@dataclass(frozen=True)
class Holding:
    """How somebody stood to a number from a day until before another."""

    person: UUID
    how: str
    holding: bool
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True)
class Place:
    """A division or, without a level, a community; station: the police station that cares for it.

    Only communities have one.
    """

    id: UUID
    level: int | None
    kind: str | None
    name: str
    code: str | None
    parent: UUID | None
    closed: bool
    station: str | None = None


@dataclass(frozen=True)
class Case:
    """A number case."""

    id: UUID
    fault: str
    number: UUID | None
    parties: tuple[UUID, ...]
    open: bool
    keeper: UUID | None
    since: date


@dataclass(frozen=True)
class Paper:
    """A permit or certificate."""

    id: UUID
    kind: str
    number: str | None
    community: UUID | None
    persons: tuple[UUID, ...] | None  # None: issued by another register
    newcomers: int
    issued_on: date | None
    expires_on: date | None
    used_by: tuple[UUID, ...]
    void: bool


@dataclass(frozen=True)
class Book:
    """A sequence register and how many of its codes are used."""

    id: UUID
    address_code: str
    birth_date: date
    first: int
    last: int
    used: int


@dataclass(frozen=True)
class OfNewerProgram:
    """What stands for an event of a newer program, whose words this one does not know."""

    code: int


@dataclass(frozen=True)
class Line:
    """One entry of a timeline; voided_from: the position from which it does not stand."""

    stream: UUID
    version: int
    position: int
    effective_on: date
    recorded_at: int
    event: Any
    officer: str
    office: str
    submission: UUID | None
    origin: int
    origin_seq: int
    voided_from: int | None


@dataclass(frozen=True)
class Cursor:
    """Where a page ended, and the point on both clocks at which its list is read."""

    at: At
    community: UUID
    person: UUID

    def token(self) -> str:
        """An opaque text to go on with."""
        told = struct.pack(">iq", self.at.day, self.at.known)
        packed = told + self.community.bytes + self.person.bytes
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def read(cls, token: str) -> Self:
        """The cursor of a text; raises Malformed if it is none of ours."""
        try:
            packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            day, known = struct.unpack_from(">iq", packed)
            assert len(packed) == 44
            at = At(day_of(day), known)
        except (ValueError, struct.error, AssertionError, OverflowError, binascii.Error) as error:
            fault = Fault("after", "not-a-cursor", "take the cursor of the page before")
            raise Malformed([fault]) from error
        return cls(at, UUID(bytes=packed[12:28]), UUID(bytes=packed[28:]))


@dataclass(frozen=True)
class Page:
    """Residents in order, and the cursor of the page that follows, if any."""

    at: At
    residents: tuple[Resident, ...]
    after: Cursor | None


@dataclass(frozen=True)
class Crossing:
    """How many people entered a division from outside and left it, under one cause."""

    entered: int = 0
    left: int = 0

    @property
    def net(self) -> int:
        """What the population gained."""
        return self.entered - self.left


@dataclass(frozen=True)
class Month:
    """The population report of one month (人口变动月报): end = start + what the causes gained."""

    month: int  # yyyymm, by the day of recording
    start: int
    causes: Mapping[str, Crossing]

    @property
    def end(self) -> int:
        """The population at the end of the month."""
        return self.start + sum(crossing.net for crossing in self.causes.values())
