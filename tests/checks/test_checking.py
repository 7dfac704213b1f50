"""A check of the whole register finds what a clerk finds who looks at one record after another."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Life, Places
from registry.checks.records import Around, Signed, household_record, person_record
from registry.checks.rules import broken, rules_about
from registry.entry import Entry
from registry.events.applications import ApplicationAccepted, CaptureCompleted, CardSigned
from registry.values import (
    DivisionCode,
    Education,
    HukouNature,
    Level,
    MaritalStatus,
    MilitaryService,
    Name,
    Relationship,
    RuleCode,
    Sex,
)
from registry.vocabulary import VOCABULARY, Kind
from replay.checks.checking import Broken, check_register
from replay.columns.log import KeptLog
from replay.states.history import At
from tests.everything import whole
from tests.replay.histories import town
from tests.replay.pencil import Pencil


def spiced(entries: list[Entry], chance: Random) -> list[Entry]:
    """The same history with items as careless clerks write them."""
    return [one._replace(event=careless(one.event, chance)) for one in entries]


def careless(event: Any, chance: Random) -> Any:
    """An event whose items are anything that an event can hold."""
    told: dict[str, Any] = {}
    for name, values in ANYTHING.items():
        if hasattr(event, name) and chance.random() < 0.4:
            told[name] = chance.choice(values)
    if hasattr(event, "number_as_found") and event.number is None:
        told["number_as_found"] = chance.choice([None, "5106"])
    if hasattr(event, "mother") and hasattr(event, "guardian"):
        told["guardian"] = chance.choice([None, event.mother])
    for name in ("members", "joined", "relations"):
        if getattr(event, name, ()):
            members = getattr(event, name)
            told[name] = tuple(
                replace(one, relation=chance.choice(Relationship.all())) for one in members
            )
    return replace(event, **told)


ANYTHING: dict[str, list[Any]] = {
    "name": [Name("安"), Name("安平"), Name("𠮷" * 15), Name("阿" * 16)],
    "former_name": [None, Name("安"), Name("卞宁"), Name("安" * 16)],
    "guardian_name": [None, Name("安"), Name("卞宁"), Name("安" * 16)],
    "mother_name": [None, Name("卞宁")],
    "nature": [None, HukouNature("1"), HukouNature("9")],
    "education": [None, *Education.all()[::7]],
    "marital_status": [None, *MaritalStatus.all()],
    "military_service": [None, *MilitaryService.all()],
    "height_cm": [None, 3, 49, 172, 300],
    "birth_place": [None, DivisionCode("510104"), DivisionCode("999999")],
    "native_place": [None, DivisionCode("510104"), DivisionCode("999999")],
    "birth_date": [date(1899, 2, 3), date(1955, 1, 1), date(1990, 1, 1), date(2015, 5, 5)],
    "sex": [*Sex],
}


def cards_of(entries: list[Entry], chance: Random) -> list[Entry]:
    """Applications of a few people, with photos and cards of any day and length."""
    born = [one for one in entries if hasattr(one.event, "birth_date") and one.version == 1]
    last, made = entries[-1].effective_on, list[Entry]()

    def add(stream: UUID, shape: type[Any], version: int, **told: Any) -> None:
        event = replace(ONE[shape], effective_on=last, **told)
        made.append(Entry(stream, version, event, last, len(entries) + len(made) + 1))

    for count in range(chance.randint(0, 6)):
        stream, who = UUID(int=2**100 + count), chance.choice(born).stream
        add(stream, ApplicationAccepted, 1, person=who)
        if chance.random() < 0.7:
            digest = chance.choice([None, ONE[CaptureCompleted].photo])
            add(stream, CaptureCompleted, 2, photo=digest)
            since = chance.choice([date(1983, 1, 1), date(2004, 2, 29), date(2019, 5, 5)])
            until = chance.choice([None, since.replace(since.year + 20, 3, 1)])
            add(stream, CardSigned, 3, valid_from=since, valid_until=until)
    return made


ONE = {
    shape: whole(VOCABULARY[shape]) for shape in (ApplicationAccepted, CaptureCompleted, CardSigned)
}


class Clerk:
    """Looks at everybody, one by one, with the register's own folds."""

    def __init__(self, entries: list[Entry], at: At) -> None:
        self.at, self.pencil = at, Pencil(entries)
        self.pairs: list[frozenset[UUID]] = []  # who may be one person
        self.tree = self.pencil.tree(at) or Places(id=UUID(int=0))
        states = {one: self.pencil.state(one, at) for one in self.pencil.of(Kind.PERSON)}
        self.people: dict[UUID, Any] = {one: who for one, who in states.items() if who is not None}
        self.living = {one: who for one, who in self.people.items() if who.life is Life.LIVING}
        self.houses: dict[UUID, Any] = {
            one: self.pencil.state(one, at) for one in self.pencil.of(Kind.HOUSEHOLD)
        }

    def twins(self) -> dict[UUID, int]:
        """How near the nearest other holder of a number is."""
        holders = defaultdict(list)
        for one, who in self.living.items():
            if who.number is not None and who.resident:
                holders[who.number].append(one)
        found = {}
        for group in holders.values():
            for one in group:
                nearness = [self.near(one, other) for other in group if other != one]
                if nearness:
                    found[one] = min(nearness)
        return found

    def doubles(self, one: UUID) -> int | None:
        """How near the nearest other record is that may be of the same person."""
        others = [other for pair in self.pairs if one in pair for other in pair - {one}]
        return min((self.near(one, other) for other in others), default=None)

    def near(self, one: UUID, other: UUID) -> int:
        """1 in one county, 2 in one city, 3 elsewhere."""
        for distance, level in ((1, Level.COUNTY), (2, Level.CITY)):
            places = {self.place(one, level), self.place(other, level)}
            if len(places) == 1 and None not in places:
                return distance
        return 3

    def place(self, one: UUID, level: Level) -> UUID | None:
        community = self.living[one].community
        for place, fact in self.tree.above(community, self.at.valid_on) if community else ():
            if fact.level is level:
                return place
        return None

    def card(self, person: UUID) -> tuple[Signed | None, bool]:
        """The card signed last, and whether there is a photo."""
        entries = [
            entry
            for stream in self.pencil.of(Kind.APPLICATION)
            for history in [self.pencil.history(stream, self.at)]
            if history and history[0].event.person == person
            for entry in history
        ]
        signed = [one for one in entries if isinstance(one.event, CardSigned)]
        photo = any(isinstance(one.event, CaptureCompleted) and one.event.photo for one in entries)
        if not signed:
            return None, photo
        last = max(signed, key=lambda one: one.position).event
        return Signed(last.valid_from, last.valid_until), photo

    def person(self, one: UUID, twins: dict[UUID, int]) -> set[str]:
        """The rules that a person breaks."""
        who = self.living[one]
        house = self.houses.get(who.household)
        card, photo = self.card(one)
        around = Around(
            house=house,
            head=self.people.get(house.head) if house is not None else None,
            guardian=self.people.get(who.guardian),
            card=card,
            photo=photo,
            number_twin=twins.get(one),
            person_twin=self.doubles(one),
        )
        record = person_record(who, self.at.valid_on, around)
        return {rule.code for rule in broken(record, rules_about("person"))}

    def household(self, one: UUID) -> set[str]:
        """The rules that a household breaks."""
        house = self.houses[one]
        at_home = [
            person
            for person in house.members
            if person in self.living and self.living[person].household == one
        ]
        plate = self.pencil.state(house.doorplate, self.at)
        record = household_record(
            house, self.tree, self.at.valid_on, street=plate is not None, at_home=at_home
        )
        return {rule.code for rule in broken(record, rules_about("household"))}


def told(log: KeptLog, kind: Kind, found: Broken) -> dict[UUID, set[str]]:
    """By stream, the rules that find faults there."""
    streams = log.spaces.ids(kind.value, found.handles.tolist())
    return {
        stream: {rule.code for place, rule in enumerate(found.rules) if flag >> place & 1}
        for stream, flag in zip(streams, found.flags.tolist(), strict=True)
    }


def expected(clerk: Clerk) -> tuple[dict[UUID, set[str]], dict[UUID, set[str]]]:
    twins = clerk.twins()
    people = {one: clerk.person(one, twins) - {"9001"} for one in clerk.living}
    houses = {
        one: clerk.household(one)
        for one, house in clerk.houses.items()
        if house is not None and house.closed_on is None
    }
    return (
        {one: rules for one, rules in people.items() if rules},
        {one: rules for one, rules in houses.items() if rules},
    )


@given(st.integers(0, 2**32), st.data())
@settings(deadline=None, max_examples=25)
def test_the_check_finds_what_a_clerk_finds_one_by_one(seed, data):
    chance = Random(seed)
    entries = spiced(town(seed, data.draw(st.integers(1, 3))).entries, chance)
    entries += cards_of(entries, chance)
    day = data.draw(st.sampled_from(sorted({one.effective_on for one in entries})))
    at = At(day + timedelta(1), data.draw(st.integers(0, len(entries))))
    log, clerk = KeptLog(entries, 3), Clerk(entries, at)
    living = sorted(clerk.living)
    pairs = [chance.sample(living, 2) for _ in range(len(living) // 4)]
    clerk.pairs = [frozenset(pair) for pair in pairs]
    handles = [log.spaces.handles("person", pair) for pair in pairs]
    found = check_register(log, at, doubles=np.array(handles, "u4").reshape(-1, 2))
    people, houses = expected(clerk)
    assert told(log, Kind.PERSON, found.persons) == people
    assert told(log, Kind.HOUSEHOLD, found.households) == houses
    assert found.persons.checked == len(clerk.living)
    missing = {*log.spaces.ids("person", found.unnumbered.tolist())}
    assert missing == {
        one
        for one, who in clerk.living.items()
        if who.number is None and who.number_as_found is None
    }
    counted = {code: number for code, number in found.counts().items() if number}
    listed = [rule for rules in (*people.values(), *houses.values()) for rule in rules]
    counted.pop(RuleCode("9001"), None)  # a share, no fault
    assert counted == Counter(listed)


def test_a_register_in_which_nothing_was_recorded_breaks_nothing():
    found = check_register(KeptLog(town(1, 1).entries, 3), At(date(2059, 1, 1), 0))
    assert not any(found.counts().values())
    assert (found.persons.checked, found.households.checked) == (0, 0)
