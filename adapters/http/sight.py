"""Who sees what: area times role times field.

An area is a list of division codes; somebody belongs to it by where he is registered at the day and
the knowledge asked for. Who is on the move belongs to the place left and, once a paper says where
he goes, to that place too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

from adapters.http.auth import AUDITOR, READER, STATISTICS
from adapters.prepared import EDITION
from adapters.reading import Reader
from registry.aggregates import Household, Person
from registry.commands.base import ADMINISTRATOR, CIVIL_AFFAIRS, COUNTY, STATION
from registry.errors import Forbidden
from registry.projections import At
from registry.projections.persons import PACKING
from registry.register import Authority
from registry.values import MigrationReason

K = TypeVar("K")
V = TypeVar("V")

PEOPLE = frozenset({STATION, COUNTY, READER, AUDITOR})
TIMELINES = frozenset({STATION, COUNTY, AUDITOR})
ADDRESSES = PEOPLE | {CIVIL_AFFAIRS}
COUNTS = PEOPLE | {STATISTICS}
PLACES = ADDRESSES | {ADMINISTRATOR, STATISTICS}
CASES = frozenset({STATION, COUNTY, AUDITOR})

#: What everybody sees of a person who may see persons at all.
IDENTITY = (
    *("id", "life", "resident", "in_transit", "name", "sex", "birth_date", "number"),
    *("nationality", "household", "community"),
)
WHOLE = tuple(dict.fromkeys((*IDENTITY, *PACKING.names)))
#: The fields of a person by role.
FIELDS: Mapping[str, tuple[str, ...]] = {
    STATION: WHOLE,
    COUNTY: WHOLE,
    AUDITOR: WHOLE,
    READER: (*IDENTITY, "died_on"),
}
#: What a list shows of each person.
BRIEF = ("id", "name", "sex", "birth_date", "number", "household", "community")
REMEMBERED = 50_000


def fields_seen(authority: Authority, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The fields of a person to be shown; asking for one that is not for this role is refused."""
    seen = _seen_by(authority.roles)
    if wanted is None:
        return seen
    if hidden := [name for name in wanted if name not in seen]:
        raise Forbidden(
            f"{', '.join(hidden)}: not for the role {', '.join(sorted(authority.roles))}"
        )
    return tuple(wanted)


@lru_cache
def _seen_by(roles: frozenset[str]) -> tuple[str, ...]:
    seen = {name for role in roles for name in FIELDS.get(role, ())}
    return tuple(name for name in WHOLE if name in seen)


def shown(person: Person, names: Iterable[str]) -> dict[str, Any]:
    """Some fields of a person as JSON."""
    told = {name: getattr(person, name) for name in names}
    if "life" in told:
        told["life"] = person.life.name.lower()
    return told


class Atlas:
    """Which divisions a place lay in on a day, as known at a position; what is found is kept."""

    def __init__(self, tree: UUID) -> None:
        self._tree = tree
        self._above: OrderedDict[tuple[UUID, date, int], frozenset[str]] = OrderedDict()
        self._editions: OrderedDict[int, int] = OrderedDict()
        self._lock = Lock()

    def codes_above(self, reader: Reader, place: UUID, at: At) -> frozenset[str]:
        """The codes of every division that a place lay in, its own included."""
        key = (place, at.valid_on, self._edition(reader, at.known))
        found = self._above.get(key)
        if found is None:
            found = frozenset(self._walk(reader, place, at))
            self._keep(self._above, key, found)
        return found

    def _edition(self, reader: Reader, known: int) -> int:
        """The last entry of the tree that is known: as long as it is the same, so is the tree."""
        found = self._editions.get(known)
        if found is None:
            rows = EDITION.rows(reader.connection, stream=self._tree.bytes, known=known)
            found = next((int(row.position) for row in rows), 0)
            self._keep(self._editions, known, found)
        return found

    def _keep(self, where: OrderedDict[K, V], key: K, value: V) -> None:
        with self._lock:
            where[key] = value
            if len(where) > REMEMBERED:
                where.popitem(last=False)

    @staticmethod
    def _walk(reader: Reader, place: UUID, at: At) -> Iterable[str]:
        step: UUID | None = place
        while step is not None:
            fact = reader.place(step, at)
            if fact is None:
                return
            if fact.code is not None:
                yield fact.code
            step = fact.parent


class Sight:
    """What one officer may see at one point on both clocks."""

    def __init__(self, authority: Authority, reader: Reader, at: At, atlas: Atlas) -> None:
        self.authority = authority
        self.reader = reader
        self.at = at
        self._atlas = atlas

    def place(self, place: UUID) -> None:
        """Refuse a division or community outside the area."""
        if not self.sees_place(place):
            raise Forbidden("the place lies outside your area; ask the office that it belongs to")

    def person(self, person: Person) -> None:
        """Refuse a person who belongs to another area."""
        if not self.sees_person(person):
            raise Forbidden("the person belongs to another area; ask the office there")

    def household(self, household: Household) -> None:
        """Refuse a household of another area."""
        if not self.sees_place(household.community):
            raise Forbidden("the household belongs to another area; ask the office there")

    def sees_place(self, place: UUID | None) -> bool:
        """Whether a place belongs to the area."""
        area = self.authority.area
        if area is None:
            return True
        if place is None:
            return False
        return not self._atlas.codes_above(self.reader, place, self.at).isdisjoint(area)

    def sees_office(self, office: str) -> bool:
        """Whether an office lies in the area; its code begins with its division's."""
        return self.authority.area is None or self._covers(office)

    def sees_person(self, person: Person) -> bool:
        """Whether a person belongs to the area."""
        if self.authority.area is None:
            return True
        if self.sees_place(person.community or person.left_community):
            return True
        return person.in_transit and self._expected(person)

    def sees_reason(self, event: Any, office: str) -> bool:
        """Whether a sensitive reason may be shown: to the station that handled it, alone."""
        reason = getattr(event, "reason", None)
        if not reason or not MigrationReason(reason).sensitive:
            return True
        return STATION in self.authority.roles and office == self.authority.office

    def _expected(self, person: Person) -> bool:
        """Whether a paper sends somebody on the move into the area."""
        if person.destination is not None and self._covers(person.destination):
            return True
        for line in reversed(self.reader.timeline(person.id, self.at.known)):
            permit = getattr(line.event, "permit", None)
            if permit is not None and line.voided_from is None:
                paper = self.reader.paper(permit, self.at)
                if paper is None or not self.sees_place(paper.community):
                    return False
                # Of those who are not known where it is issued it tells the number alone.
                return paper.newcomers > 0 or person.id in (paper.persons or ())
        return False

    def _covers(self, code: str) -> bool:
        return any(code.startswith(_stem(one)) for one in self.authority.area or ())


def _stem(code: str) -> str:
    """What the codes inside a division begin with: 51 of 510000, 5106 of 510600."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
