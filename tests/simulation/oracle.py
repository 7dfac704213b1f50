"""An auditor with a pencil: naive facts and two clocks, sharing no code with the register.

Every accepted business is written down as facts, "of this subject, this item is so from this day
on". What was so on a day, as known after a business, is read off by going through all of them in
the order of days. Nothing is cached, nothing is folded by stream, and where somebody lives is told
by the household alone, while the register says it twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

LIVING, DEAD, DELETED = "living", "dead", "deleted"
HEAD = "02"

#: What a form says of a person, by the name that both sides call it.
PARTICULARS = ("name", "sex", "birth_date", "nationality", "nature", "mother", "father", "guardian")
DETAILS = ("height_cm", "education", "occupation", "marital_status", "spouse", "former_name")


@dataclass(frozen=True)
class Fact:
    """Of a subject, an item is so from a day on."""

    business: int
    day: date
    subject: UUID
    item: str
    value: Any
    corrects: int | None = None  # the business whose fact about the same item was wrong


@dataclass
class Business:
    """One accepted command: who it speaks of, and which business it undoes."""

    number: int
    kind: str
    on: date
    undoes: int | None = None
    facts: list[Fact] = field(default_factory=list)

    @property
    def subjects(self) -> set[UUID]:
        """Everybody and everything that it says something of."""
        return {fact.subject for fact in self.facts}


State = Mapping[UUID, Mapping[str, Any]]


class Oracle:
    """All accepted business, in the order of recording."""

    def __init__(self) -> None:
        self.businesses: list[Business] = []

    @property
    def now(self) -> int:
        """The number of the last business."""
        return len(self.businesses)

    def standing(self, known: int) -> set[int]:
        """Numbers of the businesses that nobody has undone, as known after a business."""
        undone: set[int] = set()
        for business in reversed(self.businesses[:known]):
            if business.undoes is not None and business.number not in undone:
                undone.add(business.undoes)
        return set(range(1, known + 1)) - undone

    def facts(self, known: int) -> list[Fact]:
        """Facts that stand, in the order in which they come to be true."""
        standing = self.standing(known)
        facts = [
            fact
            for business in self.businesses[:known]
            if business.number in standing
            for fact in business.facts
            if fact.corrects is None or self._rooted(fact, standing)
        ]
        return sorted(facts, key=lambda fact: (fact.day, fact.business))

    def _rooted(self, fact: Fact, standing: set[int]) -> bool:
        """Whether what a correction corrects stands, and what that corrects, and so on."""
        while fact.corrects is not None:
            if fact.corrects not in standing:
                return False
            found = self.fact_of(fact.corrects, fact.subject, fact.item)
            assert found is not None, fact
            fact = found
        return True

    def fact_of(self, business: int, subject: UUID, item: str) -> Fact | None:
        """What a business said of an item."""
        for fact in self.businesses[business - 1].facts:
            if (fact.subject, fact.item) == (subject, item):
                return fact
        return None

    def state(self, valid: date, known: int | None = None) -> State:
        """Everything that was so on a day, as known after a business."""
        state: dict[UUID, dict[str, Any]] = {}
        for fact in self.facts(self.now if known is None else known):
            if fact.day <= valid:
                state.setdefault(fact.subject, {})[fact.item] = fact.value
        return state

    # What the state says, in the words of a registrar.

    @staticmethod
    def resident(state: State, person: UUID) -> bool:
        """Whether a person lives and has a home."""
        items = state.get(person, {})
        return items.get("life") == LIVING and items.get("home") is not None

    @staticmethod
    def members(state: State, household: UUID) -> dict[UUID, str]:
        """Who lives in a household, and how they stand to its head."""
        return {
            subject: items["relation"]
            for subject, items in state.items()
            if items.get("life") == LIVING and items.get("home") == household
        }

    @staticmethod
    def community(state: State, person: UUID) -> UUID | None:
        """Where a resident is registered: where the household is."""
        home = state[person].get("home")
        return None if home is None else state[home]["community"]

    def population(self, state: State) -> Counter[UUID]:
        """Residents by community."""
        return Counter(
            where
            for subject in state
            if self.resident(state, subject)
            and (where := self.community(state, subject)) is not None
        )

    def population_under(self, state: State, division: UUID) -> int:
        """Residents of all communities that belong to a division."""
        total = 0
        for community, number in self.population(state).items():
            at: UUID | None = community
            while at is not None and at != division:
                at = state[at].get("parent")
            total += number if at == division else 0
        return total

    @staticmethod
    def holders(state: State) -> dict[str, set[UUID]]:
        """Who holds which number; the dead keep theirs, the deleted do not."""
        found: dict[str, set[UUID]] = {}
        for subject, items in state.items():
            number = items.get("number")
            if number is not None and items["life"] != DELETED:
                found.setdefault(number, set()).add(subject)
        return found

    def given(self) -> list[str]:
        """Every number that was ever given or recorded, undone or not."""
        return [
            fact.value
            for business in self.businesses
            for fact in business.facts
            if fact.item == "number" and fact.value is not None
        ]

    # Writing down what was accepted.

    def accept(self, command: Any, answer: Mapping[str, Any], today: date, undoes: int = 0) -> int:
        """Write down an accepted command; returns the number of the business."""
        name = type(command).__name__
        on = getattr(command, "on", None) or today
        pen = Pen(self, Business(self.now + 1, name, on, undoes or None), command, answer, today)
        write = getattr(pen, name, None)
        if write is not None:
            write()
        else:
            assert undoes, f"the pencil does not know {name}"
        self.businesses.append(pen.business)
        return pen.business.number


@dataclass
class Pen:
    """Writes the facts of one business; a method for each command, called like it."""

    oracle: Oracle
    business: Business
    command: Any
    answer: Mapping[str, Any]
    today: date

    def note(self, subject: Any, day: date, corrects: int | None = None, /, **items: Any) -> None:
        """Write down facts about a subject."""
        for item, value in items.items():
            self.business.facts.append(
                Fact(self.business.number, day, UUID(str(subject)), item, value, corrects)
            )

    def before(self, day: date) -> State:
        """What was so on a day before this business was known."""
        return self.oracle.state(day)

    @property
    def on(self) -> date:
        """The day of the business."""
        return self.business.on

    # Entering the register.

    def _enter(self, day: date) -> None:
        command, person = self.command, UUID(self.answer["person"])
        household = UUID(self.answer["household"])
        state = self.before(day)
        number = getattr(command, "number", None) or self.answer["number"]
        self.note(person, day, life=LIVING, home=household, number=number, out=None)
        self.note(person, day, **{item: getattr(command, item) for item in PARTICULARS})
        self.note(person, day, relation=str(command.relation))
        if command.household is None:
            self._found(command.new_household, household, day, state, [(person, command.relation)])
        elif state[household]["head"] is None and command.relation == HEAD:
            self.note(household, day, head=person)

    def _found(
        self, new: Any, household: UUID, day: date, state: State, movers: Iterable[tuple[UUID, Any]]
    ) -> None:
        head = new.head or next((one for one, relation in movers if relation == HEAD), None)
        self.note(
            household,
            day,
            booklet=str(new.household_number),
            kind=str(new.household_type),
            plate=new.doorplate,
            community=state[new.doorplate]["community"],
            head=None if new.household_type == "2" else head,
            closed=None,
        )

    def RegisterBirth(self) -> None:
        day = self.command.on or (
            self.command.birth_date if self.command.birth_kind == "0101" else self.today
        )
        self.business.on = day
        self._enter(day)
        if self.command.died_on:
            person, home = UUID(self.answer["person"]), UUID(self.answer["household"])
            self.note(person, self.command.died_on, life=DEAD)
            self._left(home, {person}, self.command.died_on, None, born=(person,))

    def SupplementRecord(self) -> None:
        self._enter(self.on)

    def RegisterNewcomer(self) -> None:
        self._enter(self.on)

    # Leaving it.

    def _left(
        self,
        household: UUID,
        leavers: set[UUID],
        day: date,
        heir: Any,
        born: tuple[UUID, ...] = (),
    ) -> None:
        state = self.before(day)
        if state[household]["kind"] == "2":
            return
        members = {*self.oracle.members(state, household), *born}
        staying = members - leavers
        if not staying:
            self.note(household, day, closed=day, head=None)
        elif heir is not None:
            self.note(household, day, head=heir.head)
            told = {one.person: str(one.relation) for one in heir.relations}
            for person, relation in {heir.head: HEAD, **told}.items():
                self.note(person, day, relation=relation)

    def RegisterDeath(self) -> None:
        command = self.command
        day = self.business.on = command.died_on
        state = self.before(day)
        one = state[command.person]
        self.note(command.person, day, life=DEAD)
        if one["home"] is not None:
            self._left(one["home"], {command.person}, day, command.heir)
        spouse = one.get("spouse")
        if (
            spouse is not None
            and self.oracle.resident(state, spouse)
            and state[spouse].get("spouse") == command.person
        ):
            self.note(spouse, day, marital_status="30")

    def DeleteRecord(self) -> None:
        one = self.before(self.on)[self.command.person]
        self.note(self.command.person, self.on, life=DELETED)
        if one["home"] is not None and one["life"] == LIVING:
            self._left(one["home"], {self.command.person}, self.on, self.command.heir)

    def MoveOut(self) -> None:
        state = self.before(self.on)
        home = state[self.command.persons[0]]["home"]
        self._left(home, set(self.command.persons), self.on, self.command.heir)
        for person in self.command.persons:
            self.note(person, self.on, home=None, out=str(self.command.out_kind))

    # Moving inside it.

    def _settle(self, household: UUID, day: date, state: State) -> None:
        movers = [(one.person, one.relation) for one in self.command.movers]
        new = getattr(self.command, "new_household", None)
        if new is not None:
            self._found(new, household, day, state, movers)
        for person, relation in movers:
            self.note(person, day, home=household, relation=str(relation), out=None)

    def _within(self, household: UUID) -> None:
        state = self.before(self.on)
        movers = {one.person for one in self.command.movers}
        origin = state[self.command.movers[0].person]["home"]
        self._left(origin, movers, self.on, getattr(self.command, "heir", None))
        self._settle(household, self.on, state)

    def ChangeAddress(self) -> None:
        self._within(UUID(self.answer["household"]))

    def SplitHousehold(self) -> None:
        self._within(UUID(self.answer["household"]))

    def MergeHouseholds(self) -> None:
        self._within(self.command.into)

    def MoveIn(self) -> None:
        self._settle(UUID(self.answer["household"]), self.on, self.before(self.on))

    def MoveHousehold(self) -> None:
        plate = self.command.doorplate
        community = self.before(self.on)[plate]["community"]
        self.note(self.command.household, self.on, plate=plate, community=community)
        for person in self.oracle.members(self.before(self.on), self.command.household):
            self.note(person, self.on, moved_with=self.command.household)

    # Households.

    def FoundHousehold(self) -> None:
        household = UUID(self.answer["household"])
        self.note(
            household,
            self.on,
            booklet=str(self.command.household_number),
            kind=str(self.command.household_type),
            plate=self.command.doorplate,
            community=self.before(self.on)[self.command.doorplate]["community"],
            head=None,
            closed=None,
        )

    def ChangeHousehold(self) -> None:
        self.note(self.command.household, self.on, booklet=str(self.command.household_number))

    def CloseHousehold(self) -> None:
        self.note(self.command.household, self.on, closed=self.on)

    def ChangeHead(self) -> None:
        self.note(self.command.household, self.on, head=self.command.head)
        told = {one.person: str(one.relation) for one in self.command.relations}
        for person, relation in {self.command.head: HEAD, **told}.items():
            self.note(person, self.on, relation=relation)

    def ChangeRelations(self) -> None:
        for one in self.command.relations:
            self.note(one.person, self.on, relation=str(one.relation))
        self.note(self.command.household, self.on, told=self.business.number)

    # Particulars.

    def ChangeName(self) -> None:
        self.note(self.command.person, self.on, name=self.command.name)

    def ChangeNature(self) -> None:
        self.note(self.command.person, self.on, nature=self.command.nature)

    def ChangeNationality(self) -> None:
        self.note(self.command.person, self.on, nationality=self.command.nationality)

    def CorrectNationality(self) -> None:
        self._correct("nationality", self.answer["corrected"])

    def ReissueCertificate(self) -> None:
        """Where people are stays as it is."""

    def ChangeDetails(self) -> None:
        told = {item: getattr(self.command, item) for item in DETAILS}
        items = {item: value for item, value in told.items() if value is not None}
        self.note(self.command.person, self.on, **items)

    def _correct(self, item: str, corrected: int) -> None:
        wrong = self.oracle.fact_of(corrected, self.command.person, item)
        assert wrong is not None, f"{item} was not what business {corrected} said"
        value = getattr(self.command, item)
        self.note(self.command.person, wrong.day, corrected, **{item: value})

    def CorrectName(self) -> None:
        self._correct("name", self.answer["corrected"])

    def CorrectSex(self) -> None:
        self._correct("sex", self.answer["corrected"])
        self._renumber()

    def CorrectBirthDate(self) -> None:
        self._correct("birth_date", self.answer["corrected"])
        self._renumber()

    def ChangeSex(self) -> None:
        self.note(self.command.person, self.on, sex=self.command.sex)
        self._renumber()

    def _renumber(self) -> None:
        old = self.before(self.today)[self.command.person]["number"]
        if self.answer["number"] != old:
            self.note(self.command.person, self.today, number=self.answer["number"])

    def NotifyParty(self) -> None:
        """Nothing of what people are changes."""

    def ProposeKeeper(self) -> None:
        """Likewise."""

    def DecideNumberCase(self) -> None:
        for person, number in self.answer["numbers"].items():
            self.note(person, self.today, number=number)

    # Places.

    def EstablishDivision(self) -> None:
        division = UUID(self.answer["division"])
        self.note(division, self.on, parent=self.command.parent, code=self.command.division_code)

    def EstablishCommunity(self) -> None:
        self.note(UUID(self.answer["community"]), self.on, parent=self.command.parent)

    def AdjustDivision(self) -> None:
        for one in self.command.moved:
            self.note(one.place, self.on, parent=one.parent)

    def RegisterDoorplate(self) -> None:
        plate = UUID(self.answer["doorplate"])
        self.note(plate, self.on, community=self.command.community, frozen=False)

    def FreezeDoorplate(self) -> None:
        self.note(self.command.doorplate, self.on, frozen=self.command.frozen)

    def CutCommunity(self) -> None:
        state = self.before(self.on)
        for plate in self.command.doorplates:
            if state[plate]["community"] == self.command.community:
                continue  # what has passed already is left alone
            self.note(plate, self.on, community=self.command.community)
        for household in self.command.households:
            there = state[household]["community"] == self.command.community
            if state[household]["closed"] is None and not there:
                self.note(household, self.on, community=self.command.community)
                for person in self.oracle.members(state, household):
                    self.note(person, self.on, moved_with=household)

    def AllotSegment(self) -> None:
        self.note(UUID(self.answer["segments"]), self.today, allotted=True)

    def NameStreet(self) -> None:
        self.note(UUID(self.answer["street"]), self.on, street_name=self.command.street_name)
