"""Births and deaths of the make-believe town, most of them in time."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from adapters.demo.entering import approval
from adapters.demo.kin import heir_of, relations_to, stands_to
from adapters.demo.life import Answer, Life, Plan, Step
from adapters.demo.mirror import House, Resident, adults
from adapters.demo.names import surname_of
from registry.commands.details import NameGuardian
from registry.commands.membership import Heir
from registry.commands.undoing import RestoreRegistration, ReverseRegistration
from registry.commands.vital import RegisterBirth, RegisterDeath, SupplementRecord
from registry.events.household import Member
from registry.values import (
    BirthKind,
    CitizenNumber,
    DeathCause,
    DivisionCode,
    HukouNature,
    MaritalStatus,
    Name,
    PersonId,
    Relationship,
    Sex,
    Text,
)

DIVORCED, WIDOWED = MaritalStatus("40"), MaritalStatus("30")
#: Chances, relative, of dying in a year, from each age on.
MORTALITY = ((0, 0.012), (1, 0.001), (40, 0.003), (60, 0.013), (70, 0.04), (80, 0.11), (90, 0.25))
#: Chances, relative, of a married woman to have a child, from each age on.
FERTILITY = ((20, 0.6), (25, 1.0), (30, 0.5), (35, 0.15), (42, 0.0))
WRONG = 0.004  # share of businesses entered for the wrong person and undone
MISSED = 0.03  # share of children whom nobody declared for years


def at_age(table: tuple[tuple[int, float], ...], age: int) -> float:
    """The entry of a table that an age has."""
    return next((value for since, value in reversed(table) if since <= age), 0.0)


def birth(life: Life) -> Plan:
    """A child of a married woman, declared by the father within a month as a rule."""
    mother = life.resident()
    if mother.sex is not Sex.FEMALE or mother.spouse is None or mother.marital == WIDOWED:
        return []
    children = [one for one in mother.home.members if one.mother is mother]
    chance = at_age(FERTILITY, mother.age(life.today)) * (0.3 if children else 1.0)
    if not life.dice.chance(chance) or not life.mirror.idle(mother) or mother.home.collective:
        return []
    house, dice = mother.home, life.dice
    newest = max((one.born for one in children), default=date.min)
    kind, on = BirthKind("0101"), None
    if dice.chance(MISSED):
        born = life.ago(400, 2200, newest + timedelta(300), mother.born + timedelta(7300))
        if born > life.today - timedelta(366):
            return []
        kind, on = BirthKind("0109"), life.today
    else:
        late = dice.chance(0.12)
        born = life.ago(31 if late else 1, 120 if late else 29, house.last, mother.last)
    if (born - newest).days < 300:
        return []
    return [declare(life, mother, born, kind, on)]


def declare(life: Life, mother: Resident, born: date, kind: BirthKind, on: date | None) -> Step:
    """The registration of a birth."""
    house, township, dice = mother.home, mother.township, life.dice
    father = mother.spouse
    assert father is not None
    assert house.head is not None
    sex = Sex.MALE if dice.chance(0.535) else Sex.FEMALE
    child = Resident(
        f"B{life.done['births']:06}-{mother.key}",
        life.namer.name(sex, born.year, father.nationality, surname_of(father.name)),
        sex,
        born,
        father.nationality,
        mother.nature if mother.nature in ("1", "2") else HukouNature("1"),
        mother=mother,
        father=father,
    )
    relation = stands_to(child, house.head)
    died = None
    if kind == "0101" and dice.chance(0.004):
        died = min(life.today, born + timedelta(dice.between(0, 6)))
    command = RegisterBirth(
        household=house.id,
        relation=relation,
        name=child.name,
        sex=sex,
        birth_date=born,
        nationality=child.nationality,
        nature=child.nature,
        birth_place=DivisionCode(township.code),
        mother=mother.id,
        father=father.id,
        birth_kind=kind,
        birth_certificate=life.paper("BC", township),
        declarant=father.name,
        on=on,
        died_on=died,
    )
    life.mirror.touch(mother, house)
    wrong = died is None and on is None and dice.chance(WRONG)

    def born_here(answer: Answer) -> None:
        enter(life, child, house, relation, on or born, answer)
        if died is not None:
            child.version += 1
            depart(life, child, died)
            child.alive = False
        elif wrong:
            house.held += 1
            life.later(dice.between(2, 25), lambda life: undo_birth(life, child))

    return Step(command, township.officer("station", dice), "births", born_here)


def enter(
    life: Life, one: Resident, house: House, relation: Relationship, on: date, answer: Answer
) -> None:
    """Somebody has come into the register and into a household."""
    one.id = PersonId(UUID(answer["person"]))
    if answer.get("number"):
        one.number = CitizenNumber(answer["number"])
    one.since = one.last = on
    house.last = max(house.last, on)
    life.mirror.settle(one, house, relation)


def depart(life: Life, one: Resident, on: date) -> House:
    """Somebody has left a household for good or for a time."""
    house = life.mirror.leave(one)
    one.last = max(one.last, on)
    house.last = max(house.last, on)
    return house


def undo_birth(life: Life, child: Resident) -> Plan:
    """The child was another family's: the registration is reversed."""
    house = child.home
    house.held -= 1
    life.mirror.touch(child, house)
    command = ReverseRegistration(
        person=child.id, version=1, grounds=Text("登记错误，应登记于他户")
    )

    def undone(_: Answer) -> None:
        child.version += 1
        depart(life, child, child.last)
        child.alive = False

    return [Step(command, child.township.officer("station", life.dice), "reversals", undone)]


def supplement(life: Life) -> Plan:
    """An adult or child whom the register had missed, entered by the county."""
    relative = life.resident()
    house, dice = relative.home, life.dice
    if not life.mirror.idle(relative) or house.collective or house.head is None:
        return []
    sex = Sex(dice.between(1, 2))
    born = life.ago(2000, 18000, date(1955, 1, 1))
    one = Resident(
        f"S{life.done['supplements']:05}-{relative.key}",
        life.namer.name(sex, born.year, relative.nationality),
        sex,
        born,
        relative.nationality,
        relative.nature,
    )
    on = life.today
    life.mirror.touch(house, relative)
    command = SupplementRecord(
        household=house.id,
        relation=Relationship("97"),
        name=one.name,
        sex=sex,
        birth_date=born,
        nationality=one.nationality,
        nature=one.nature,
        grounds=Text("普查发现未登记"),
        approval=approval(life, relative),
        declarant=house.head.name,
        on=on,
    )

    def found(answer: Answer) -> None:
        enter(life, one, house, Relationship("97"), on, answer)

    return [Step(command, house.community.township.officer("county", dice), "supplements", found)]


def death(life: Life) -> Plan:
    """A death, declared within weeks as a rule; of a head with an heir."""
    one = life.resident()
    if not life.dice.chance(at_age(MORTALITY, one.age(life.today)) / 0.25):
        return []
    spouse = one.spouse if one.spouse is not None and one.spouse.slot >= 0 else None
    if not life.mirror.idle(one) or (spouse and not life.mirror.idle(spouse)):
        return []
    house, dice = one.home, life.dice
    low, high = dice.weigh((((0, 25), 85.0), ((30, 300), 12.0), ((300, 1200), 3.0)))
    bounds = [one.last, house.last, one.born, *([spouse.last] if spouse else [])]
    died = life.ago(low, high, *bounds)
    bury = Burial(life, one, died)
    return bury.steps()


class Burial:
    """What a death brings about."""

    def __init__(self, life: Life, one: Resident, died: date) -> None:
        self.life, self.one, self.died = life, one, died
        self.house, self.township = one.home, one.township
        self.by = self.township.officer("station", life.dice)
        self.staying = [other for other in self.house.members if other is not one]
        self.heir = None if self.house.collective else heir_of(self.house, [one])
        spouse = one.spouse
        widowed = (
            spouse is not None
            and spouse.slot >= 0
            and spouse.spouse is one
            and spouse.marital != DIVORCED
            and spouse.township.code == self.township.code
        )
        self.widow = spouse if widowed else None

    def steps(self) -> Plan:
        """Guardians for children left alone, then the death."""
        life, one = self.life, self.one
        life.mirror.touch(one, self.house, self.widow)
        plan: Plan = []
        if self.staying and not self.house.collective and not adults(self.staying, self.died):
            plan = [self._guardian(minor) for minor in self.staying]
        heir = None
        if self.heir is not None:
            others = [other for other in self.staying if other is not self.heir]
            self.relations = relations_to(self.heir, others)
            heir = heir_command(self.heir, self.relations)
        quiet = (
            not plan and self.heir is None and len(self.staying) > 1 and one.spouse is None
        ) and not self.house.collective
        wrong = quiet and life.dice.chance(WRONG * 4)
        age = one.age(self.died)
        illness = DeathCause("0298" if age > 75 and life.dice.chance(0.5) else "0240")
        command = RegisterDeath(
            person=one.id,
            died_on=self.died,
            death_cause=DeathCause("0212") if age < 60 and life.dice.chance(0.2) else illness,
            declarant=self.staying[0].name if self.staying else Name("村民委员会"),
            heir=heir,
        )
        version = one.version + 1

        def dead(_: Answer) -> None:
            if wrong:
                self._mistaken(version)
            else:
                self._buried()

        return [*plan, Step(command, self.by, "deaths", dead)]

    def _guardian(self, minor: Resident) -> Step:
        command = NameGuardian(
            person=minor.id,
            guardian_name=life_name(self.life, minor),
            guardian_relation=Relationship("97"),
            declarant=Name("村民委员会"),
            on=self.died,
        )

        def named(_: Answer) -> None:
            minor.version += 1
            minor.last = max(minor.last, self.died)

        return Step(command, self.by, "changes", named)

    def _buried(self) -> None:
        self.one.version += 1
        depart(self.life, self.one, self.died)
        self.one.alive = False
        late = (self.life.today - self.died).days
        if self.life.latest is None or late > self.life.latest[0]:
            self.life.latest = late, self.one.id, self.died, self.life.today
        if self.heir is not None:
            self.life.mirror.stand_as(
                self.house, [*self.relations, (self.heir, Relationship("02"))]
            )
        if self.widow is not None:
            self.widow.marital = WIDOWED
            self.widow.version += 1
            self.widow.last = max(self.widow.last, self.died)

    def _mistaken(self, version: int) -> None:
        """Another of the same name has died: the death will be undone."""
        self.one.version, self.house.held = version, self.house.held + 1
        self.life.later(self.life.dice.between(3, 40), self._restored)

    def _restored(self, life: Life) -> Plan:
        self.house.held -= 1
        life.mirror.touch(self.one, self.house)
        command = RestoreRegistration(
            person=self.one.id, version=self.one.version, grounds=Text("同名误注销")
        )

        def back(_: Answer) -> None:
            self.one.version += 1
            self.house.last = max(self.house.last, self.died)
            self.one.last = max(self.one.last, self.died)

        by = self.house.community.township.officer("station", life.dice)
        return [Step(command, by, "reversals", back)]


def heir_command(heir: Resident, relations: list[tuple[Resident, Relationship]]) -> Heir:
    """The heir as commands name one."""
    return Heir(
        head=heir.id,
        relations=tuple(
            Member(person=other.id, relation=relation) for other, relation in relations
        ),
    )


def life_name(life: Life, minor: Resident) -> Name:
    """A relative who lives elsewhere."""
    return life.namer.name(Sex.FEMALE, 1955, minor.nationality, surname_of(minor.name))
