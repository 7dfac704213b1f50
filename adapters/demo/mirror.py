"""What the generator itself knows of its town, so that it plans only what the law allows.

Light and mutable, no copy of the register: that decides, and what it refuses is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from adapters.demo.dice import Dice
from registry.days import age_on
from registry.register import Authority
from registry.values import (
    CitizenNumber,
    CommunityId,
    DivisionCode,
    DivisionId,
    DoorplateId,
    HouseholdId,
    HukouNature,
    MaritalStatus,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    PersonId,
    Relationship,
    Sex,
    StreetId,
)

ADULT = 18
#: What stands where nobody has said anything yet.
NOBODY = UUID(int=0)
NOT_YET = (DoorplateId(NOBODY), StreetId(NOBODY), HouseholdId(NOBODY), PersonId(NOBODY))
NO_PLATE, NO_STREET, NO_HOUSE, NO_PERSON = NOT_YET
HEAD, SINGLE = Relationship("02"), MaritalStatus("10")


@dataclass(slots=True, eq=False, repr=False)
class Township:
    """A township with its station (派出所)."""

    name: str
    code: str  # of the county, as it is now
    division: DivisionId
    county: DivisionId
    station: OfficeCode
    bureau: OfficeCode
    northern: bool

    def officer(self, role: str, dice: Dice) -> Authority:
        """One of the officers who act here in a role; none of them exists."""
        office = self.station if role == "station" else self.bureau
        name = Officer(f"synthetic-{office[:9]}-{dice.between(1, 3):02}")
        return Authority(name, office, frozenset({role}), (self.code,))


@dataclass(slots=True, eq=False, repr=False)
class Community:
    """A residents' or villagers' committee."""

    id: CommunityId
    name: str
    township: Township
    rural: bool
    plates: list[Plate] = field(default_factory=list)
    houses: list[House] = field(default_factory=list)  # closed ones too, until found so


@dataclass(slots=True, eq=False, repr=False)
class Plate:
    """A door plate."""

    key: str
    street: str
    number: str
    community: Community
    id: DoorplateId = NO_PLATE
    street_id: StreetId = NO_STREET
    held: int = 0


@dataclass(slots=True, eq=False, repr=False)
class House:
    """A household; `held` while a business on it is not finished."""

    key: str
    number: str
    plate: Plate
    members: list[Resident] = field(default_factory=list)
    head: Resident | None = None
    collective: bool = False
    id: HouseholdId = NO_HOUSE
    last: date = date.min
    held: int = 0
    closed: bool = False

    @property
    def community(self) -> Community:
        """Where it is."""
        return self.plate.community


@dataclass(slots=True, eq=False, repr=False)
class Resident:
    """A person; `version` counts the entries on the person's stream."""

    key: str
    name: Name
    sex: Sex
    born: date
    nationality: Nationality
    nature: HukouNature
    house: House | None = None
    relation: Relationship = HEAD
    marital: MaritalStatus = SINGLE
    mother: Resident | None = None
    father: Resident | None = None
    spouse: Resident | None = None
    number: CitizenNumber | None = None
    id: PersonId = NO_PERSON
    version: int = 1
    last: date = date.min
    since: date = date.min  # the day of the entry with which the register begins
    in_case: bool = False
    renumbered: bool = False
    renamed: bool = False
    education: str | None = None
    alive: bool = True
    slot: int = -1  # place in the list of residents

    def age(self, day: date) -> int:
        """Completed years."""
        return age_on(self.born, day)

    @property
    def home(self) -> House:
        """The household of somebody who has one."""
        assert self.house is not None
        return self.house

    @property
    def township(self) -> Township:
        """Whose officers are asked."""
        return self.home.community.township


class Mirror:
    """Who lives where, and who is busy today."""

    def __init__(self) -> None:
        self.residents: list[Resident] = []
        self.communities: list[Community] = []
        self.houses = 0  # with members, collective ones left out
        self.housed = 0  # people in them
        self.busy: set[int] = set()  # ids of objects touched by what has been planned

    def settle(self, one: Resident, house: House, relation: Relationship) -> None:
        """Put somebody into a household."""
        one.house, one.relation = house, relation
        one.slot = len(self.residents)
        self.residents.append(one)
        if not house.collective:
            self.houses += not house.members
            self.housed += 1
        house.members.append(one)
        if relation.is_head:
            house.head = one

    def leave(self, one: Resident) -> House:
        """Take somebody out of a household, which closes with the last."""
        house = one.home
        house.members.remove(one)
        if not house.collective:
            self.housed -= 1
            if not house.members:
                self.houses -= 1
                house.closed, house.head = True, None
        last = self.residents.pop()
        if last is not one:
            self.residents[one.slot], last.slot = last, one.slot
        one.house, one.slot = None, -1
        return house

    def stand_as(self, house: House, relations: Collection[tuple[Resident, Relationship]]) -> None:
        """Let members stand in new relations."""
        for one, relation in relations:
            one.relation = relation
            if relation.is_head:
                house.head = one

    @property
    def size(self) -> float:
        """Persons per household."""
        return self.housed / self.houses if self.houses else 0.0

    def free(self, house: House | None) -> bool:
        """Whether a household is nobody's business today."""
        return (
            house is not None and not house.held and not house.closed and id(house) not in self.busy
        )

    def idle(self, one: Resident) -> bool:
        """Whether somebody is a resident and nobody's business today."""
        return one.slot >= 0 and id(one) not in self.busy and self.free(one.house)

    def touch(self, *things: Resident | House | None) -> None:
        """Keep others away until what is planned has been answered."""
        self.busy.update(id(thing) for thing in things if thing is not None)

    def households(self, community: Community) -> Iterator[House]:
        """The open households of a community."""
        community.houses = [
            one for one in community.houses if not one.closed and one.community is community
        ]
        yield from community.houses


def adults(people: Collection[Resident], day: date) -> list[Resident]:
    """Those who are of age."""
    return [one for one in people if one.age(day) >= ADULT]


def region(one: Resident) -> DivisionCode:
    """The province, by the first two digits."""
    return DivisionCode(one.township.code[:2] + "0000")
