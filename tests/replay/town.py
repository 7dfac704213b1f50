"""A town whose log grows by whole businesses: all entries of one or none, as in a register."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from registry.aggregates import Household, Person
from registry.events import household, numbers
from registry.history import effective, standing
from registry.values import (
    BirthKind,
    BookId,
    CitizenNumber,
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HukouNature,
    MigrationReason,
    Nationality,
    NumberFaultKind,
    NumberId,
    OutKind,
    PersonId,
    Sex,
    SupplementKind,
)
from tests import strategies
from tests.strategies import (
    COLLECTIVE,
    FAMILY,
    HEAD,
    NAMES,
    OTHER,
    REAL,
)

COMMUNITIES = 5
COUNTIES = (2, 3)
BIRTH_KIND = BirthKind(next(iter(BirthKind.rows()))[0])
SUPPLEMENT_KIND = SupplementKind(next(iter(SupplementKind.rows()))[0])
NATURES = [HukouNature(code) for code, _ in list(HukouNature.rows())[:2]]
REASON = MigrationReason(next(iter(MigrationReason.rows()))[0])
NATIONALITIES = [Nationality("01"), Nationality("10")]
TRANSIT, ABROAD = OutKind("2"), OutKind("3")

Fact = tuple[UUID, Any]


class Town(strategies.Log):
    """A log that grows by whole businesses."""

    def __init__(self, chance: Random, salt: int = 0) -> None:
        super().__init__(salt)
        self.chance = chance
        self.persons: list[UUID] = []
        self.households: list[UUID] = []
        self.made = 0
        self.played: dict[str, int] = {}

    def new(self, kind: str) -> UUID:
        """The identifier of something new."""
        self.made += 1
        return self.id(kind, 100 + self.made)

    def day(self, back: int = 60) -> date:
        """Today, or a day up to so many days ago."""
        return self.today - timedelta(self.chance.choice([0, 0, 1, back // 3, back]))

    def together(self, *facts: Fact) -> bool:
        """Record a business: all of it, or nothing where a rule stands in the way."""
        before = len(self.entries)
        submission = UUID(int=self.chance.getrandbits(128))
        officer = self.chance.choice(["李所长", "王静"])
        for stream, event in facts:
            entry = self.add(stream, event)
            if entry is None:
                for _ in range(len(self.entries) - before):
                    gone = self.entries.pop()
                    self.streams[gone.stream].pop()
                    if not self.streams[gone.stream]:
                        del self.streams[gone.stream]
                return False
            whole = entry._replace(
                officer=officer, submission=submission, origin=1, origin_seq=entry.position
            )
            self.entries[-1] = self.streams[stream][-1] = whole
        return True

    def at_once(self, who: UUID, *events: Any) -> bool:
        """Record what happened to a person, which is lawful only when all of it is there."""
        before, last = len(self.streams[who]), self.entries[-1]
        for event in events:
            position = len(self.entries) + 1
            entry = last._replace(
                stream=who,
                version=len(self.streams[who]) + 1,
                event=event,
                effective_on=event.effective_on,
                position=position,
                recorded_at=last.recorded_at + 1,
                submission=UUID(int=position),
                origin_seq=position,
            )
            self.entries.append(entry)
            self.streams[who].append(entry)
        if Person.faults(standing(self.streams[who])):
            del self.entries[-len(events) :], self.streams[who][before:]
            return False
        self.second += 1
        return True

    def person(self, stream: UUID, day: date | None = None) -> Any:
        """A person on a day, as known now."""
        return Person.fold(effective(self.streams.get(stream, []), day))

    def household(self, stream: UUID, day: date | None = None) -> Any:
        """A household on a day, as known now."""
        return Household.fold(effective(self.streams.get(stream, []), day))

    def residents(self, day: date) -> list[UUID]:
        """Who lives and has a place on a day."""
        known = ((one, self.person(one, day)) for one in self.persons)
        return [one for one, told in known if told is not None and told.resident]

    def someone(self, day: date) -> UUID | None:
        """A resident on a day."""
        found = self.residents(day)
        return self.chance.choice(found) if found else None

    def community(self) -> CommunityId:
        """One of the communities."""
        return CommunityId(self.id("community", self.chance.randint(1, COMMUNITIES)))

    def number(self, birth: date) -> CitizenNumber:
        """A number that nobody has."""
        self.made += 1
        return CitizenNumber.compose(REAL, birth, self.made % 999 + 1)

    def number_id(self, number: CitizenNumber) -> NumberId:
        """The stream of a number."""
        return NumberId(UUID(int=int(str(number)[:17]) << 64 | self.salt))


def particulars(town: Town, household: UUID, community: UUID, day: date) -> dict[str, Any]:
    """The main items of somebody new, without name and number."""
    return {
        "effective_on": day,
        "household": HouseholdId(household),
        "community": CommunityId(community),
        "sex": town.chance.choice(list(Sex)),
        "nationality": NATIONALITIES[0],
        "nature": town.chance.choice([None, *NATURES]),
        "mother_name": town.chance.choice([None, NAMES[1]]),
    }


def founded(
    town: Town, day: date, head: UUID | None, split_from: UUID | None = None
) -> tuple[UUID, UUID, Fact]:
    """A household to be founded: its identifier, its community, and the fact."""
    stream, community = town.new("household"), town.community()
    members = () if head is None else (household.Member(person=PersonId(head), relation=HEAD),)
    event = household.HouseholdEstablished(
        effective_on=day,
        household_number=HouseholdNumber(f"{town.made:09}"),
        household_type=FAMILY if head is not None else COLLECTIVE,
        doorplate=DoorplateId(town.id("doorplate", town.chance.randint(1, 4))),
        community=community,
        members=members,
        head=None if head is None else PersonId(head),
        split_from=None if split_from is None else HouseholdId(split_from),
    )
    return stream, community, (stream, event)


def joining(town: Town, where: UUID, who: UUID, day: date) -> list[Fact]:
    """What a household records of somebody who joins it."""
    there = town.household(where, day)
    if there is not None and there.collective:
        return []
    first = there is None or not there.members  # whom no household takes in is refused
    member = household.Member(person=PersonId(who), relation=HEAD if first else OTHER)
    head = PersonId(who) if first else there.head
    event = household.MembersChanged(effective_on=day, business=105, joined=(member,), head=head)
    return [(where, event)]


def leaving(town: Town, where: UUID, who: UUID, day: date) -> list[Fact]:
    """What a household records of somebody who leaves it, its head perhaps."""
    there = town.household(where, day)
    if there is None or there.collective:
        return []
    rest = [one for one in there.members if one != who]
    heir = there.head if there.head != who else (rest[0] if rest else None)
    relations: tuple[household.Member, ...] = ()
    if heir is not None and heir != there.head:
        relations = (household.Member(person=heir, relation=HEAD),)
    return [
        (
            where,
            household.MembersChanged(
                effective_on=day,
                business=106,
                left=(PersonId(who),),
                relations=relations,
                head=heir,
            ),
        )
    ]


def recorded(town: Town, number: CitizenNumber, who: UUID, others: list[UUID]) -> list[Fact]:
    """A number is found to be somebody's; where others hold it a case is opened or grows."""
    day, stream = town.today, town.number_id(number)
    facts: list[Fact] = [
        (
            stream,
            numbers.NumberRecorded(effective_on=day, person=PersonId(who), number=number),
        )
    ]
    if others:
        case = UUID(int=stream.int + 1)
        if case in town.streams:
            facts.append((case, numbers.PartyAdded(effective_on=day, person=PersonId(who))))
        else:
            parties = tuple(PersonId(one) for one in sorted({who, *others}))
            opened = numbers.NumberCaseOpened(
                effective_on=day, fault=NumberFaultKind.DUPLICATE, number=stream, parties=parties
            )
            facts.append((case, opened))
    return facts


def given(town: Town, number: CitizenNumber, who: UUID, birth: date) -> list[Fact]:
    """A number is drawn from its book and given."""
    book, stream = town.id("book", birth.toordinal()), town.number_id(number)
    told: dict[str, Any] = {"effective_on": town.today, "person": PersonId(who)}
    facts: list[Fact] = []
    if book not in town.streams:
        opened = numbers.BookOpened(
            effective_on=town.today, address_code=REAL, birth_date=birth, first=1, last=999
        )
        facts.append((book, opened))
    sequence = int(str(number)[14:17])
    facts.append((book, numbers.CodeDrawn(**told, sequence=sequence, number=stream)))
    facts.append((stream, numbers.NumberGiven(**told, book=BookId(book), number=number)))
    return facts


def keep(town: Town, who: UUID, done: bool) -> bool:
    """Remember a person who has been entered."""
    if done:
        town.persons.append(who)
    return done
