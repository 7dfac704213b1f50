"""What people and officers do: deeds picked at random, with an expectation where the law is plain.

A deed is plain when it is dated today and nothing stands after it; then the auditor knows whether
it is lawful. Of the others he only says what must be so if the register accepted them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from registry.aggregates import NumberCase
from registry.commands.addresses import FreezeDoorplate
from registry.commands.cases import (
    DecideNumberCase,
    ListNumberChange,
    NotifyParty,
    NumberChange,
    ProposeKeeper,
)
from registry.commands.details import ChangeDetails
from registry.commands.households import (
    ChangeHead,
    ChangeRelations,
    MergeHouseholds,
    SplitHousehold,
)
from registry.commands.membership import Heir
from registry.commands.migration import MoveIn, MoveOut, RegisterNewcomer
from registry.commands.particulars import (
    ChangeName,
    ChangeSex,
    CorrectBirthDate,
    CorrectName,
    CorrectSex,
)
from registry.commands.places import AdjustDivision, CutCommunity
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.undoing import RestoreRegistration, ReverseRegistration, VoidEntry
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.errors import RegistryError
from registry.events.household import Member
from registry.events.places import Moved
from registry.register import Command
from registry.store import Receipt
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    Digest,
    DivisionCode,
    KeeperReason,
    MaritalStatus,
    Name,
    Nationality,
    OutKind,
    PaperNumber,
    Relationship,
    Sex,
    Text,
)
from registry.vocabulary import Kind
from tests.simulation.county import CODES_PER_BOOK, Chance, County, rules_of
from tests.simulation.oracle import HEAD, LIVING

Sexes = (Sex.MALE, Sex.FEMALE)
WHO = Name("王大")
REVERSED = {"BirthRegistered", "NewcomerRegistered", "MovedIn", "RecordSupplemented"} | {
    *("AddressChanged", "RegistrationRestored")
}
RESTORED = {"DeathRegistered", "MovedOut", "RecordDeleted", "RegistrationReversed"}
ROWS = ("王", "李", "张", "刘", "陈")


class Life:
    """Decides what is done next in a county."""

    def __init__(self, county: County, chance: Chance) -> None:
        self.county = county
        self.chance = chance
        self.oracle = county.oracle

    # Who and where.

    def day(self) -> date:
        """Today, mostly; else a day of the past months, or tomorrow, which is refused."""
        if not self.chance.often(3):
            return self.county.today
        return self.county.today - timedelta(self.chance.number(-1, 400))

    def people(self, *, home: bool | None = None) -> list[UUID]:
        """Persons known by now, in the order of entering; those at home, or those who are not."""
        now = self.oracle.state(self.county.today)
        return [
            subject
            for subject, items in now.items()
            if "life" in items and (home is None or self.oracle.resident(now, subject) == home)
        ]

    def households(self) -> list[UUID]:
        """Families' households that are open today."""
        now = self.oracle.state(self.county.today)
        return [
            subject
            for subject, items in now.items()
            if "head" in items and items["closed"] is None and items["kind"] != "2"
        ]

    def quiet(self, day: date, *subjects: UUID | None) -> bool:
        """Whether nothing that stands is dated after a day for any of these."""
        facts = self.oracle.facts(self.oracle.now)
        concerned = {*subjects, *(one.subject for one in facts if one.value in subjects)}
        return day <= self.county.today and not any(
            fact.day > day for fact in facts if fact.subject in concerned
        )

    def in_case(self, person: UUID) -> bool:
        """Whether somebody else may hold the person's number."""
        number = self.oracle.state(self.county.today)[person].get("number")
        return number is not None and self.oracle.given().count(number) > 1

    def heir(self, household: UUID, leaving: set[UUID], day: date) -> tuple[Heir | None, bool]:
        """Who heads a household that some leave, and whether that is plainly lawful."""
        state = self.oracle.state(day)
        if household not in state:
            return None, False
        staying = {
            person: relation
            for person, relation in self.oracle.members(state, household).items()
            if person not in leaving
        }
        adults = [one for one in staying if grown(state[one]["birth_date"], day)]
        if not staying:
            return None, True
        head = state[household]["head"]
        if head in staying:
            return None, bool(adults)
        if not adults:
            return None, False
        chosen = self.chance.pick(adults)
        return Heir(head=chosen), True  # type: ignore[arg-type]

    # Entering.

    def settle_adult(self) -> None:
        """Somebody whom the register had missed."""
        day = self.day()
        born = date(1970, 1, 1) + timedelta(self.chance.number(0, 5000))
        command = self.county.adult(born, self.chance.pick(Sexes), day)
        plate = command.new_household.doorplate  # type: ignore[attr-defined]
        frozen = self.oracle.state(self.county.today)[plate]["frozen"]
        plain = self.quiet(day, plate) and not frozen
        self.county.send(command, True if plain else None)

    def join_adult(self) -> None:
        """Somebody whom the register had missed, in a household that there is."""
        homes = self.households()
        if homes:
            born = date(1980, 1, 1) + timedelta(self.chance.number(0, 9))
            home: Any = self.chance.pick(homes)
            self.county.send(self.county.adult(born, self.chance.pick(Sexes), self.day(), home))

    def birth(self) -> None:
        """A child, on few birthdays, so that books run out."""
        homes = self.households()
        if not homes:
            return
        home: Any = self.chance.pick(homes)
        today = self.county.today
        born = date(today.year, 1, 1) if self.chance.often() else self.day()
        sex = self.chance.pick(Sexes)
        state = self.oracle.state(born)
        more: dict[str, Any] = {}
        if self.chance.often(10):
            more["died_on"] = born
        plain = (
            born <= today
            and home in state
            and self.quiet(born, home, state[home]["plate"])
            and state[home]["closed"] is None
            and state[home]["head"] is not None
            and not state[state[home]["plate"]]["frozen"]
        )
        result = self.county.send(self.county.birth(born, sex, home, **more))
        if plain:
            self._check_codes(home, born, sex, result)

    def _check_codes(self, home: UUID, born: date, sex: Sex, result: object) -> None:
        """A plain birth is refused when, and only when, every code of the book was used."""
        now = self.oracle.state(self.county.today)
        county = now[now[home]["community"]]["parent"]
        stem = f"{now[county]['code']}{born:%Y%m%d}"
        used = {number for number in self.oracle.given() if number.startswith(stem)}
        taken = sum(int(number[16]) % 2 == sex % 2 for number in used)
        if isinstance(result, Receipt):
            assert taken <= CODES_PER_BOOK // 2
        else:
            assert rules_of(result) == {"book-exhausted"}, result  # type: ignore[arg-type]
            assert taken == CODES_PER_BOOK // 2

    def birth_twice(self) -> None:
        """A birth certificate serves once."""
        homes = self.households()
        if homes:
            home: Any = self.chance.pick(homes)
            born = self.county.today
            proof = f"T{self.county.made}"
            first = self.county.send(self.county.birth(born, Sex.MALE, home, proof))
            second = self.county.send(self.county.birth(born, Sex.MALE, home, proof))
            if isinstance(first, Receipt):
                assert not isinstance(second, Receipt)
                assert "proof-used" in rules_of(second)

    def newcomer(self) -> None:
        """Somebody from elsewhere, at times with a number that somebody holds already."""
        homes = self.households()
        if homes:
            born = date(1985, 5, 5)
            number = CitizenNumber.compose(
                DivisionCode("220102"), born, 2 * self.chance.number(1, 4) + 1
            )
            home: Any = self.chance.pick(homes)
            self.county.send(
                RegisterNewcomer(
                    household=home,
                    relation=Relationship("99"),
                    name=Name(self.chance.pick(ROWS)),
                    sex=Sex.MALE,
                    birth_date=born,
                    nationality=Nationality("01"),
                    number=number,
                    certificate_number=PaperNumber(f"J{self.county.made}"),
                    declarant=WHO,
                    on=self.day(),
                )
            )

    # Leaving.

    def death(self) -> None:
        """A death, at times told late."""
        people = self.people()
        if not people:
            return
        person: Any = self.chance.pick(people)
        day = self.day()
        items = self.oracle.state(day).get(person, {})
        expected = None
        heir = None
        if items.get("home") is not None and items["life"] == LIVING:
            heir, lawful = self.heir(items["home"], {person}, day)
            if lawful and self.quiet(day, person, items["home"], items.get("spouse")):
                expected = True
        if day > self.county.today or not items or items["life"] != LIVING:
            expected = False
        self.county.send(
            RegisterDeath(person=person, died_on=day, declarant=WHO, heir=heir), expected
        )

    def deletion(self) -> None:
        """A record that should not be."""
        people = self.people(home=True)
        if len(people) > 1:
            person: Any = self.chance.pick(people)
            kept: Any = self.chance.pick(people)
            day = self.day()
            home = self.oracle.state(day).get(person, {}).get("home")
            heir = self.heir(home, {person}, day)[0] if home else None
            self.county.send(
                DeleteRecord(
                    person=person,
                    kept=kept,
                    grounds=Text("重"),
                    approval=PaperNumber("A5"),
                    heir=heir,
                    on=day,
                ),
                False if person == kept else None,
            )

    def move_out(self) -> None:
        """A departure, with a certificate or for another cause."""
        people = self.people()
        if not people:
            return
        person: Any = self.chance.pick(people)
        day = self.day()
        state = self.oracle.state(day)
        kind = OutKind(self.chance.pick(("2", "2", "2", "4")))
        home = state.get(person, {}).get("home")
        heir, lawful = self.heir(home, {person}, day) if home else (None, False)
        expected = None
        if not self.oracle.resident(state, person):
            expected = False
        elif lawful and self.quiet(day, person, home) and not self.in_case(person):
            expected = True
        self.county.send(
            MoveOut(
                persons=(person,),
                out_kind=kind,
                destination=DivisionCode("220102") if kind == "2" else None,
                certificate_number=PaperNumber(f"Q{person}") if kind == "2" else None,
                declarant=WHO,
                heir=heir,
                on=day,
            ),
            None if kind == "2" and expected else expected,  # a paper's number serves once
        )

    def move_in(self) -> None:
        """A return of somebody who had left, mostly."""
        away = self.people(home=self.chance.often(6))
        if away:
            person: Any = self.chance.pick(away)
            day = self.day()
            known = self.oracle.state(day).get(person, {})
            transit = known.get("out") == "2"
            gone = known.get("life") != LIVING or known.get("home") is not None
            homes = self.households()
            new = self.chance.often() or not homes
            home: Any = None if new else self.chance.pick(homes)
            plate = self.chance.pick(self.county.plates)
            self.county.send(
                MoveIn(
                    movers=(Mover(person=person, relation=Relationship("02" if new else "99")),),
                    household=home,
                    new_household=self.county.new_household(plate) if new else None,
                    certificate_number=PaperNumber(f"Q{person}") if transit else None,
                    declarant=WHO,
                    on=day,
                ),
                False if gone else None,
            )

    # Moving about.

    def change_address(self) -> None:
        """One or more of a household move to another one or to one of their own."""
        homes = self.households()
        if not homes:
            return
        origin = self.chance.pick(homes)
        day = self.day()
        state = self.oracle.state(day)
        members = list(self.oracle.members(state, origin))
        if not members:
            return
        movers: list[Any] = [self.chance.pick(members)]
        movers += [one for one in members if one not in movers and self.chance.often(3)]
        heir, lawful = self.heir(origin, set(movers), day)
        adult = grown(state[movers[0]]["birth_date"], day)
        plate: Any = self.chance.pick(self.county.plates)
        plain = (
            lawful
            and adult
            and self.quiet(day, origin, plate, *movers)
            and not state[plate]["frozen"]
            and not any(self.in_case(one) for one in movers)
        )
        kind = self.chance.pick((ChangeAddress, SplitHousehold, ChangeAddress, MergeHouseholds))
        told: dict[str, Any] = {"declarant": WHO, "on": day}
        first = Mover(person=movers[0], relation=Relationship("02"))
        others = tuple(Mover(person=one, relation=Relationship("99")) for one in movers[1:])
        command: Command
        if kind is MergeHouseholds or (kind is ChangeAddress and self.chance.often()):
            target: Any = self.chance.pick(homes)
            told["movers"] = (Mover(person=movers[0], relation=Relationship("99")), *others)
            if kind is MergeHouseholds:
                command = MergeHouseholds(into=target, **told)
            else:
                command = ChangeAddress(household=target, heir=heir, **told)
            self.county.send(command, False if target == origin else None)
            return
        new = self.county.new_household(plate)
        told["movers"] = (first, *others)
        command = (
            SplitHousehold(new_household=new, heir=heir, **told)
            if kind is SplitHousehold
            else ChangeAddress(new_household=new, heir=heir, **told)
        )
        self.county.send(command, True if plain else None)

    def move_household(self) -> None:
        """A whole household moves to another door plate."""
        homes = self.households()
        if homes:
            home: Any = self.chance.pick(homes)
            plate = self.chance.pick(self.county.plates)
            self.county.send(
                MoveHousehold(household=home, doorplate=plate, declarant=WHO, on=self.day())
            )

    def change_head(self) -> None:
        """Another head; the old one becomes a relative."""
        homes = self.households()
        if homes:
            home: Any = self.chance.pick(homes)
            day = self.day()
            state = self.oracle.state(day)
            members: Any = list(self.oracle.members(state, home)) if home in state else []
            if len(members) > 1:
                head = self.chance.pick(members)
                old = state[home]["head"]
                others = (Member(person=old, relation=Relationship("99")),) if old != head else ()
                expected = True if self.quiet(day, home, *members) else None
                self.county.send(
                    ChangeHead(household=home, head=head, relations=others, on=day),
                    False if old == head else expected,
                )

    def change_relation(self) -> None:
        """A member stands in another relation; only the head may be the head."""
        people = self.people(home=True)
        if people:
            person: Any = self.chance.pick(people)
            now = self.oracle.state(self.county.today)
            home = now[person]["home"]
            relation = self.chance.pick(("02", "97", "30", "99"))
            lawful = (relation == HEAD) == (now[home]["head"] == person)
            self.county.send(
                ChangeRelations(
                    household=home,
                    relations=(Member(person=person, relation=Relationship(relation)),),
                ),
                lawful if self.quiet(self.county.today, home, person) else None,
            )

    # Particulars.

    def change_name(self) -> None:
        """Another name from a day on."""
        people = self.people()
        if people:
            person: Any = self.chance.pick(people)
            day = self.day()
            items = self.oracle.state(day).get(person)
            name = Name(self.chance.pick(ROWS) + str(self.oracle.now))
            expected = bool(items) and items["life"] == LIVING and day <= self.county.today  # type: ignore[index]
            later = self.quiet(day, person)
            self.county.send(
                ChangeName(
                    person=person,
                    category=ChangeCategory("21"),
                    approval=PaperNumber("A1"),
                    name=name,
                    declarant=WHO,
                    on=day,
                ),
                expected if later or not expected else None,
            )

    def change_details(self) -> None:
        """Lesser items, marriages among them."""
        people = self.people()
        if people:
            person: Any = self.chance.pick(people)
            other: Any = self.chance.pick(people)
            day = self.day()
            married = self.chance.often() and person != other
            for one, spouse in ((person, other), (other, person))[: 2 if married else 1]:
                self.county.send(
                    ChangeDetails(
                        person=one,
                        spouse=spouse if married else None,
                        marital_status=MaritalStatus("20") if married else None,
                        height_cm=150 + self.chance.number(0, 40),
                        declarant=WHO,
                        on=day,
                    )
                )

    def correct(self) -> None:
        """Something had been written wrongly: at the beginning, or in a correction of that."""
        people = self.people()
        if not people:
            return
        person: Any = self.chance.pick(people)
        kind = self.chance.pick((CorrectName, CorrectName, CorrectSex, CorrectBirthDate))
        item = {CorrectName: "name", CorrectSex: "sex", CorrectBirthDate: "birth_date"}[kind]
        category = {CorrectName: "22", CorrectSex: "32", CorrectBirthDate: "41"}[kind]
        versions = [
            version
            for (stream, version), business in self.county.written.items()
            if stream == person and self.oracle.fact_of(business, person, item)
        ]
        version = self.chance.pick(versions)
        word = next(
            name
            for told in self.county.words[self.county.written[person, version]]
            for stream, number, name in [told]
            if (stream, number) == (person, version)
        )
        if word == "NumberReassigned":
            return
        value: Any = {
            "name": Name(self.chance.pick(ROWS) + str(self.oracle.now)),
            "sex": self.chance.pick(Sexes),
            "birth_date": date(1988, 8, self.chance.number(1, 28)),
        }[item]
        approval = PaperNumber("A2")
        about = {"person": person, "corrects": version, "approval": approval, "declarant": WHO}
        self.county.send(kind(category=ChangeCategory(category), **about, **{item: value}))

    def change_sex(self) -> None:
        """A person's sex changes, and the number follows."""
        people = self.people()
        if people:
            person: Any = self.chance.pick(people)
            self.county.send(
                ChangeSex(
                    person=person,
                    category=ChangeCategory("31"),
                    approval=PaperNumber("A3"),
                    sex=self.chance.pick(Sexes),
                    declarant=WHO,
                )
            )

    def decide_number(self) -> None:
        """A number that is shared, now and then one that is not, is to be decided about."""
        people = self.people()
        if not people:
            return
        person: Any = self.chance.pick([one for one in people if self.in_case(one)] or people)
        number = self.oracle.state(self.county.today)[person].get("number")
        case: Any = uuid5(self.county.namespace, f"{Kind.CASE}/duplicate/{number}")
        known = NumberCase.fold(self.county.register.history(case))
        parties = sorted(known.parties) if known is not None else [person]
        for party in parties:
            self.county.send(NotifyParty(case=case, person=party, document=PaperNumber("A4")))
        keeper = self.chance.pick(parties)
        reason = KeeperReason("50")
        self.county.send(ProposeKeeper(case=case, keeper=keeper, reason=reason))
        now = self.oracle.state(self.county.today)
        holders = [one for one in parties if now.get(one, {}).get("number") == number]
        changed = tuple(one for one in holders if one != keeper)
        try:
            looked = self.county.look(ListNumberChange(case=case, changed=changed))
        except RegistryError:
            return
        decision = DecideNumberCase(
            case=case,
            keeper=keeper,
            changes=tuple(
                NumberChange(person=one, proof=PaperNumber("A5"), declarant=WHO) for one in changed
            ),
            touched=Digest(looked["digest"]),
            document=PaperNumber("A4"),
            grounds=Text("查实"),
        )
        self.county.send(decision, by=self.county.second)

    # Places.

    def adjust_division(self) -> None:
        """A whole community passes to another county, at times from a coming day on."""
        community = self.chance.pick(self.county.communities)
        county = self.chance.pick(self.county.counties)
        day = self.county.today + timedelta(self.chance.number(-300, 100))
        moved = (Moved(place=community, parent=county),)
        self.county.send(AdjustDivision(moved=moved, document="区划1号", on=day), True)

    def cut_community(self) -> None:
        """A door plate, and all who live there, pass to another community."""
        plate = self.chance.pick(self.county.plates)
        day = self.day()
        state = self.oracle.state(day)
        homes: Any = tuple(one for one, items in state.items() if items.get("plate") == plate)
        community: Any = self.chance.pick(self.county.communities)
        self.county.send(
            CutCommunity(
                doorplates=(plate,),
                households=homes,
                community=community,
                document="区划2号",
                on=day,
            )
        )

    def freeze(self) -> None:
        """A door plate is closed to newcomers, or opened again."""
        plate = self.chance.pick(self.county.plates)
        frozen = self.chance.often(3)
        self.county.send(FreezeDoorplate(doorplate=plate, frozen=frozen))

    # Undoing.

    def undo_last(self) -> None:
        """What was done last is undone, and what was undone is undone: that is always lawful."""
        business = self.oracle.now
        if self.county.words[business]:
            self._undo(business, expected=True)

    def undo_any(self) -> None:
        """Something is undone, if nothing stands in the way."""
        candidates = [number for number, words in self.county.words.items() if words]
        if candidates:
            self._undo(self.chance.pick(candidates[-30:]), expected=None)

    def _undo(self, business: int, expected: bool | None) -> None:
        told = self.oracle.businesses[business - 1]
        words = self.county.words[business]
        if told.kind == "RegisterDeath":  # a widowhood entered with it can be undone alone
            words = [word for word in words if word[2] == "DeathRegistered"]
        # A death entered together with a birth can be undone alone; here both are.
        together = told.kind == "RegisterBirth" and len(words) > 1
        person, version, name = words[0] if together else self.chance.pick(words)
        kind: Any = VoidEntry
        if name in REVERSED:
            kind = ReverseRegistration
        elif name in RESTORED:
            kind = RestoreRegistration
        if business not in self.oracle.standing(self.oracle.now) or name == "ResidenceAdjusted":
            expected = False
        self.county.send(kind(person=person, version=version, grounds=Text("误")), expected)

    DEEDS: tuple[Callable[[Life], None], ...] = ()


Life.DEEDS = (
    Life.settle_adult,
    Life.join_adult,
    Life.birth,
    Life.birth_twice,
    Life.newcomer,
    Life.death,
    Life.deletion,
    Life.move_out,
    Life.move_in,
    Life.change_address,
    Life.move_household,
    Life.change_head,
    Life.change_relation,
    Life.change_name,
    Life.change_details,
    Life.correct,
    Life.change_sex,
    Life.decide_number,
    Life.adjust_division,
    Life.cut_community,
    Life.freeze,
    Life.undo_last,
    Life.undo_any,
)


def grown(born: date, day: date) -> bool:
    """Whether somebody is plainly of age: nineteen, to leave birthdays alone."""
    return day - born > timedelta(19 * 366)
