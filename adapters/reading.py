"""Answers questions about the register at any point on both clocks, from the read models."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import SQLAlchemyError

from adapters import positions, prepared
from adapters.answers import (
    Book,
    Case,
    Cursor,
    Holder,
    Holding,
    Line,
    Occupancy,
    Page,
    Paper,
    Place,
    Residence,
    Resident,
)
from adapters.telling import (
    book,
    case,
    holding,
    line,
    page,
    paper,
    residence,
    residents,
    told,
)
from registry.aggregates import Doorplate, Household, Person, Street
from registry.codec import Codec
from registry.days import day_at
from registry.entry import EVERYTHING
from registry.errors import Fault, Malformed, Unavailable
from registry.projections import (
    addresses,
    households,
    numbers,
    papers,
    persons,
    places,
    residences,
)
from registry.projections.base import At
from registry.store import EntryStore
from registry.values import HouseholdNumber, PersonId, Relationship, day_number, day_of

FIRST = bytes(16)
ASKED_AT_ONCE = 500

__all__ = ["Behind", "Reader", "reading", "resolve", "told"]


class Behind(Unavailable):
    """The read models have not come as far as what is asked for; ask again in a moment."""

    code = "read-models-behind"


@contextmanager
def reading(engine: Engine, codec: Codec | None = None) -> Iterator[Reader]:
    """A reader on a connection of its own."""
    with engine.connect() as connection:
        try:
            yield Reader(connection, codec)
        except SQLAlchemyError as error:
            ours = failure(error)
            if isinstance(ours, Behind):
                raise ours from error
            raise


def failure(error: SQLAlchemyError) -> Unavailable:
    """What a failure of the database means for whoever asked."""
    origin = getattr(error, "orig", None)
    # 42P01: no such table on PostgreSQL.
    if getattr(origin, "sqlstate", None) == "42P01" or "no such table" in str(origin):
        return Behind("the read models are being built; ask again later")
    return Unavailable("the database is away; ask again later")


def resolve(
    connection: Connection,
    store: EntryStore,
    now: int,
    valid_on: date | None = None,
    known_at: int | None = None,
    reached: int | None = None,
) -> At:
    """The point on both clocks that is asked for; by default today, as known by now.

    now, known_at: microseconds UTC. reached: how far the read models are, where that is known.
    Raises Malformed for what lies in the future, Behind where that is not at hand yet.
    """
    today = day_at(now)
    faults = []
    if valid_on is not None and valid_on > today:
        faults.append(Fault("valid_on", "future-instant", f"{valid_on} is yet to come"))
    if known_at is not None and known_at > now:
        faults.append(Fault("known_at", "future-instant", "nobody knows yet what will be known"))
    if faults:
        raise Malformed(faults)
    if reached is None:
        reached = positions.position(connection)
    if not reached and store.head()[0]:
        # Nobody is "not found" because nothing has been looked at.
        raise Behind(
            "the read models are being filled; ask again later, `registry status` tells how far"
            " they are, and `registry follow` fills them"
        )
    if known_at is None:
        return At(valid_on or today, reached)
    known = store.position_at(known_at)
    if known > reached:
        raise Behind(f"the read models are {known - reached} entries behind; ask again in a moment")
    return At(valid_on or today, known)


def past(first: date, until: date, now: int, *, running: bool = False) -> tuple[date, date]:
    """A period from a day until before another, of which something can be known already.

    now: microseconds UTC. running: it may end later, so long as it has begun, such as a month of a
    cash-book. Raises Malformed where it ends before it begins, or after today: nobody knows yet
    who will be registered where.
    """
    faults = []
    if first >= until:
        faults.append(Fault("until", "out-of-range", "a period ends after it begins"))
    today = day_at(now)
    if first > today:
        faults.append(Fault("from", "future-instant", f"{first} is yet to come"))
    elif not running and until > today + timedelta(1):
        told = f"{until - timedelta(1)} is yet to come; the last day is today at the latest"
        faults.append(Fault("until", "future-instant", told))
    if faults:
        raise Malformed(faults)
    return first, until


class Reader:
    """Questions and answers; every answer is of one point on both clocks."""

    def __init__(self, connection: Connection, codec: Codec | None = None) -> None:
        self.connection = connection
        self._codec = codec

    @cached_property
    def reached(self) -> int:
        """The position that all read models have reached, when it was first asked for."""
        return positions.position(self.connection)

    # persons

    def person(self, person: UUID, at: At) -> Person | None:
        """A person with every particular; None where nothing is known of one."""
        row = next(iter(prepared.PERSON.at(self.connection, at, stream=person.bytes)), None)
        return None if row is None else persons.PACKING.state(person, row)

    def persons(self, ids: Collection[UUID], at: At) -> dict[UUID, Person]:
        """Several persons at once; those of whom nothing is known are left out."""
        found: dict[UUID, Person] = {}
        asked = list(ids)
        for start in range(0, len(asked), ASKED_AT_ONCE):
            some = asked[start : start + ASKED_AT_ONCE]
            last: dict[bytes, Row[Any]] = {
                row[0]: row for row in prepared.several(self.connection, some, at)
            }
            for key, row in last.items():
                person = UUID(bytes=key)
                found[person] = persons.PACKING.state(person, row[1:])
        return found

    def persons_by_number(self, number: str, at: At) -> list[Holder]:
        """Everybody who holds a number, and who held it formerly."""
        return [holder for holder, _ in self.numbered(number, at)]

    def numbered(self, number: str, at: At) -> list[tuple[Holder, Person | None]]:
        """Everybody who holds a number, or held it formerly, with what is known of the person."""
        rows = prepared.NUMBERED.at(self.connection, at, number=number)
        found = []
        for row in {row.person: row for row in rows}.values():  # the last of each counts
            person = UUID(bytes=row.person)
            state = None if row.valid_from is None else persons.PACKING.state(person, row[4:])
            if row.how is not None:
                holder = Holder(person, bool(row.holding), row.how)
            else:
                assert state is not None, "who is in no register of the number claims it"
                holder = Holder(person, state.number == number, "claimed")
            found.append((holder, state))
        return found

    def as_found(self, text: str, at: At) -> list[tuple[Holder, Person | None]]:
        """In whose records a wrong number stands as it came, or stood until it was put right."""
        ids = [UUID(bytes=key) for (key,) in self._rows(persons.ever_found(text, at))]
        people = self.persons(ids, at)
        return [
            (Holder(one, state.number is None and state.number_as_found == text, "as-found"), state)
            for one, state in sorted(people.items())
        ]

    def persons_by_name(
        self, name: str, at: At, birth_date: date | None = None
    ) -> dict[UUID, Person]:
        """Persons who bear a name, exactly as written, or bore it formerly."""
        ever = self._rows(persons.ever_named(name, birth_date, at))
        return self.persons([UUID(bytes=key) for (key,) in ever], at)

    def number_history(self, number: str, known: int) -> list[Holding]:
        """Who held a number from when until when."""
        return [holding(row) for row in self._rows(numbers.history(number, known))]

    def residence_over(self, person: UUID, first: date, until: date, known: int) -> list[Residence]:
        """Where a person was registered from a day until before another."""
        low, high = day_number(first), day_number(until)
        return [
            residence(row, low, high)
            for row in self._rows(residences.of_person(person, low, high, known))
        ]

    def residence(self, person: UUID, at: At) -> Residence | None:
        """Where a person is registered, or on the move from; None if nowhere."""
        rows = self._rows(residences.of_person(person, at.day, at.day + 1, at.known))
        return next((residence(row) for row in rows), None)

    def in_transit(self, at: At, division: UUID | None = None) -> list[Residence]:
        """Everybody who has left and not settled (未落户), whom a division answers for."""
        found = [residence(row) for row in self._rows(residences.on_the_move(at))]
        if division is None:
            return found
        inside = set(self.communities(division, at))
        return [one for one in found if one.community in inside]

    # households and addresses

    def household(self, household: UUID, at: At) -> Household | None:
        """A household with its members; a collective one lists none, its residents tell."""
        rows = prepared.HOUSEHOLD.at(self.connection, at, stream=household.bytes)
        if not rows:
            return None
        members = {
            PersonId(UUID(bytes=row.person)): Relationship(row.relation)
            for row in rows
            if row.person is not None
        }
        return households.PACKING.state(household, rows[0][2:], members=members)

    def households_numbered(self, number: HouseholdNumber, at: At) -> list[Household]:
        """The open households with a number (户号), one in each station; without members."""
        return [
            households.PACKING.state(UUID(bytes=row[0]), row[1:])
            for row in self._rows(households.numbered(number, at))
        ]

    def doorplate(self, doorplate: UUID, at: At) -> Doorplate | None:
        """A door plate."""
        row = self.connection.execute(addresses.doorplate(doorplate, at)).first()
        return None if row is None else addresses.DOORPLATE.state(doorplate, row)

    def street(self, street: UUID, at: At) -> Street | None:
        """A street."""
        row = self.connection.execute(addresses.street(street, at)).first()
        return None if row is None else addresses.STREET.state(street, row)

    def find_streets(self, name: str, at: At, division: UUID | None = None) -> list[Street]:
        """Streets whose name begins with a text."""
        return [
            addresses.STREET.state(UUID(bytes=row[0]), row[1:])
            for row in self._rows(addresses.find_streets(name, division, at))
        ]

    def find_doorplates(self, street: UUID, at: At, number: str | None = None) -> list[Doorplate]:
        """The door plates of a street, all or those with a number."""
        return [
            addresses.DOORPLATE.state(UUID(bytes=row[0]), row[1:])
            for row in self._rows(addresses.find_doorplates(street, number, at))
        ]

    def households_at(self, doorplate: UUID, at: At) -> list[UUID]:
        """The households at a door plate that were not closed."""
        rows = self._rows(households.at_doorplate(doorplate, at))
        return [UUID(bytes=row.household) for row in rows if row.closed_on is None]

    def occupants(self, doorplate: UUID, at: At) -> list[Resident]:
        """Who is registered at a door plate."""
        return [
            Resident(UUID(bytes=person), UUID(bytes=household), UUID(bytes=community))
            for person, household, community in self._rows(households.occupants(doorplate, at))
        ]

    def occupants_over(
        self, doorplate: UUID, first: date, until: date, known: int
    ) -> list[Occupancy]:
        """Who was registered at a door plate; every change of the set begins a new interval."""
        low, high = day_number(first), day_number(until)
        stays = [
            (row[0], max(row[2], row[4], low), min(row[3], row[5], high))
            for row in self._rows(households.occupants_over(doorplate, low, high, known))
        ]
        days = sorted({low, high, *(day for _, start, end in stays for day in (start, end))})
        found: list[Occupancy] = []
        for day, following in pairwise(days):
            there = frozenset(
                UUID(bytes=person) for person, start, end in stays if start <= day < end
            )
            if found and found[-1].persons == there:
                found[-1] = Occupancy(found[-1].valid_from, day_of(following), there)
            else:
                found.append(Occupancy(day_of(day), day_of(following), there))
        return found

    # divisions

    def communities(self, division: UUID, at: At) -> list[UUID]:
        """The communities under a division, in the order of lists; a community is its own."""
        return [UUID(bytes=key) for (key,) in self._rows(places.communities(division, at))]

    def place(self, place: UUID, at: At) -> Place | None:
        """A division or community."""
        rows = prepared.PLACE.at(self.connection, at, stream=place.bytes)
        return next((told(row) for row in rows), None)

    def places_under(self, division: UUID, at: At) -> list[Place]:
        """Places directly under a division."""
        return [told(row) for row in self._rows(places.children(division, at))]

    def divisions_coded(self, code: str, at: At) -> list[Place]:
        """The divisions that have a code."""
        return [told(row) for row in self._rows(places.coded(code, at))]

    def residents(
        self, division: UUID, at: At, after: Cursor | None = None, limit: int = 100
    ) -> Page:
        """A page of the residents of a division or community, by community and person.

        A cursor carries its own point on both clocks: what is recorded meanwhile shifts no page.
        """
        at = after.at if after is not None else at
        found: list[Resident] = []
        communities = [one.bytes for one in self.communities(division, at)]
        start = bisect_left(communities, after.community.bytes) if after is not None else 0
        for community in communities[start:]:
            inside = after is not None and after.community.bytes == community
            last = after.person.bytes if inside and after is not None else FIRST
            query = residences.page(community, at, last, limit + 1 - len(found))
            found.extend(residents(self._rows(query)))
            if len(found) > limit:
                break
        return page(at, found, limit)

    def residents_of_household(
        self, household: UUID, at: At, after: Cursor | None = None, limit: int = 100
    ) -> Page:
        """A page of the residents of a household, also of a collective one, by person."""
        at = after.at if after is not None else at
        last = after.person.bytes if after is not None else FIRST
        query = residences.of_household(household, at, last, limit + 1)
        return page(at, residents(self._rows(query)), limit)

    def residents_of_doorplate(
        self, doorplate: UUID, at: At, after: Cursor | None = None, limit: int = 100
    ) -> Page:
        """A page of the residents at a door plate, by person."""
        at = after.at if after is not None else at
        last = after.person.bytes if after is not None else FIRST
        query = households.occupants(doorplate, at, last, limit + 1)
        return page(at, residents(self._rows(query)), limit)

    def counts(self, at: At, communities: Collection[UUID] | None = None) -> dict[UUID, int]:
        """How many people are registered in each community; those with none are left out."""
        if communities is None:
            return {UUID(bytes=key): count for key, count in self._rows(residences.counts(at))}
        found: dict[UUID, int] = {}
        keys = [one.bytes for one in communities]
        for start in range(0, len(keys), ASKED_AT_ONCE):
            some = residences.counts(at, keys[start : start + ASKED_AT_ONCE])
            found.update({UUID(bytes=key): count for key, count in self._rows(some)})
        return found

    def count(self, division: UUID, at: At) -> int:
        """How many people are registered in a division (在册人口数)."""
        return sum(self.counts(at, self.communities(division, at)).values())

    # timelines, papers, numbers

    def timeline(self, stream: UUID, known: int, *, newer: bool = False) -> list[Line]:
        """Every entry of a stream, also those that do not stand any more.

        newer: those of a newer program are told, too, though not what they say; else they are an
        error, since whoever asks makes something of what all say.
        """
        codec = self._codec = self._codec or Codec()
        known = min(known, EVERYTHING - 1)
        rows = prepared.TIMELINE.rows(self.connection, stream=stream.bytes, known=known)
        return [line(row, codec, newer=newer) for row in rows]

    def open_cases(self, at: At) -> list[Case]:
        """Number cases that officers have to decide."""
        return [case(row) for row in self._rows(numbers.open_cases(at))]

    def case(self, stream: UUID, at: At) -> Case | None:
        """A number case."""
        return next((case(row) for row in self._rows(numbers.case(stream, at))), None)

    def paper(self, stream: UUID, at: At) -> Paper | None:
        """A permit or certificate."""
        return next((paper(row) for row in self._rows(papers.paper(stream, at))), None)

    def papers_numbered(self, number: str, at: At) -> list[Paper]:
        """The permits and certificates with a number printed on them."""
        return [paper(row) for row in self._rows(papers.numbered(number, at))]

    def books(self, address_code: str, birth_date: date, at: At) -> list[Book]:
        """The sequence registers of an address code and birth date."""
        return self.books_over(address_code, birth_date, birth_date, at)

    def books_over(self, address_code: str, first: date, last: date, at: At) -> list[Book]:
        """Those of the birth dates from one to another, in their order."""
        query = numbers.books_of(address_code, day_number(first), day_number(last), at)
        return [book(row) for row in self._rows(query)]

    def _rows(self, query: Any) -> Sequence[Any]:
        return self.connection.execute(query).all()
