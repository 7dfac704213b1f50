"""Newcomers to the make-believe town: spouses, families, parents who join a child, students."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from adapters.demo.kin import UNRELATED
from adapters.demo.life import ELSEWHERE, Answer, Life, Plan, Step
from adapters.demo.mirror import Community, House, Plate, Resident
from adapters.demo.moves import movable, seat
from adapters.demo.names import surname_of
from adapters.demo.number_cases import settle_case
from adapters.demo.vital import enter
from adapters.demo.weddings import wedding
from registry.commands.migration import RegisterNewcomer
from registry.commands.papers import IssuePermit
from registry.values import (
    CitizenNumber,
    HouseholdId,
    HukouNature,
    PaperNumber,
    Sex,
)

PERMITTED = 0.3  # of newcomers who bring a permit of the target
TWICE_NUMBERED = 0.002  # of newcomers whose number somebody here holds already


@dataclass
class Coming:
    """Somebody on the way: who, into which household, or to which door plate."""

    one: Resident
    house: House | None
    plate: Plate
    permitted: PaperNumber | None = None
    double: Resident | None = None  # a resident who holds the same number
    spouse: Resident | None = None  # to be married soon after

    @property
    def community(self) -> Community:
        """Where to."""
        return self.plate.community


def arrival(life: Life) -> Plan:
    """Somebody comes from elsewhere for the first time."""
    kind = life.dice.weigh(
        (("spouse", 40.0), ("family", 26.0), ("single", 16.0), ("parent", 12.0), ("student", 6.0))
    )
    match kind:
        case "spouse":
            return _spouse(life)
        case "parent":
            return _parent(life)
        case "student":
            return _student(life)
    community = life.dice.pick(life.mirror.communities)
    plate = life.dice.pick(community.plates)
    sex = Sex.MALE if life.dice.chance(0.6) else Sex.FEMALE
    head = stranger(life, sex, life.ago(8000, 14000), community)
    return bring(life, Coming(head, None, plate), kind == "family")


def stranger(life: Life, sex: Sex, born: date, community: Community) -> Resident:
    """Somebody whom nobody here knows, with a number of elsewhere."""
    northern = community.township.northern
    nationality = life.namer.nationality(northern)
    homes = frozenset(one.code for one in life.town.townships)
    return Resident(
        f"A{life.serial():07}",
        life.namer.name(sex, born.year, nationality),
        sex,
        born,
        nationality,
        HukouNature("2" if community.rural else "1"),
        number=life.numbers.foreign(homes, born, sex),
    )


def _spouse(life: Life) -> Plan:
    """Somebody marries into a household; the marriage is registered afterwards."""
    one = life.resident()
    age = one.age(life.today)
    if one.spouse is not None or not 20 <= age <= 40 or not movable(life, one):
        return []
    house = one.home
    if house.collective or house.head is None:
        return []
    born = one.born + timedelta(life.dice.between(-1200, 1500))
    if born > life.today - timedelta(7400):
        return []
    other = stranger(life, Sex(3 - one.sex), born, house.community)
    coming = Coming(other, house, house.plate, spouse=one)
    return bring(life, coming)


def _wedded(life: Life, one: Resident, other: Resident, house: House) -> Plan:
    house.held -= 1
    if one.house is not house or other.house is not house:
        return []
    return wedding(life, one, other)


def _parent(life: Life) -> Plan:
    """A mother joins her child."""
    child = life.resident()
    if child.mother is not None or not 28 <= child.age(life.today) <= 50:
        return []
    house = child.home
    if house.collective or house.head is None or not movable(life, child):
        return []
    born = child.born - timedelta(life.dice.between(7700, 10500))
    mother = stranger(life, Sex.FEMALE, born, house.community)
    plan = bring(life, Coming(mother, house, house.plate))
    if plan:
        child.mother = mother
    return plan


def _student(life: Life) -> Plan:
    """A student comes to live in a dormitory."""
    dormitories = [
        house
        for community in life.mirror.communities
        for house in community.houses
        if house.collective and life.mirror.free(house)
    ]
    if not dormitories:
        return []
    house = life.dice.pick(dormitories)
    sex = Sex(life.dice.between(1, 2))
    one = stranger(life, sex, life.ago(6600, 7400), house.community)
    return bring(life, Coming(one, house, house.plate))


def bring(life: Life, coming: Coming, with_family: bool = False) -> Plan:
    """The registration of a newcomer, with a permit issued before it or without one."""
    one, dice = coming.one, life.dice
    if coming.house is not None:
        life.mirror.touch(coming.house)
    if one.number is not None and dice.chance(TWICE_NUMBERED):
        coming.double = share_number(life, one)
    if not dice.chance(PERMITTED):
        return [register(life, coming, with_family)]
    township = coming.community.township
    number = life.paper("ZQ", township)
    command = IssuePermit(
        permit_number=number,
        movers=(one.name,),
        doorplate=coming.plate.id,
        origin=dice.weigh(ELSEWHERE),
        reason=life.reason("03", "31", "131"),
        declarant=one.name,
        on=life.today,
    )
    coming.permitted = number
    coming.plate.held += 1
    house = coming.house
    if house is not None:
        house.held += 1

    def permitted(_: Answer) -> None:
        life.later(dice.between(3, 25), come)

    def come(life: Life) -> Plan:
        coming.plate.held -= 1
        if house is not None:
            house.held -= 1
        return [register(life, coming, with_family)]

    return [Step(command, township.officer("county", dice), "permits", permitted)]


def share_number(life: Life, one: Resident) -> Resident | None:
    """Give a newcomer the birth date, sex and number of a resident: a duplicate to be found."""
    for _ in range(20):
        other = life.resident()
        if other.number is None or other.in_case or not life.mirror.idle(other):
            continue
        if (other.number.birth_date, other.number.sex) != (other.born, other.sex):
            continue
        if other.sex is one.sex and abs((other.born - one.born).days) < 2000:
            one.born, one.number = other.born, CitizenNumber(other.number)
            other.in_case = one.in_case = True
            life.mirror.touch(other, other.house)
            return other
    return None


def register(life: Life, coming: Coming, with_family: bool) -> Step:
    """The arrival itself."""
    one, dice = coming.one, life.dice
    on = life.day()
    target: House
    if coming.house is not None and coming.house.collective:
        life.mirror.touch(coming.house)
        target, named, relation = coming.house, {"household": coming.house.id}, UNRELATED
    else:
        target, named, (relation,) = seat(life, [one], coming.house, coming.plate)
    township = coming.community.township
    fields: dict[str, Any] = named
    assert one.number is not None
    command = RegisterNewcomer(
        **fields,
        relation=relation,
        name=one.name,
        sex=one.sex,
        birth_date=one.born,
        nationality=one.nationality,
        nature=HukouNature("3") if target.collective else one.nature,
        mother=one.mother.id if one.mother is not None else None,
        father=one.father.id if one.father is not None else None,
        number=one.number,
        origin=one.number.address_code,
        certificate_number=life.paper("WQ", township),
        permit_number=coming.permitted,
        reason=life.reason("03", "33", "133"),
        declarant=one.name,
        arrived_on=on - timedelta(dice.between(0, 14)),
        on=on,
    )

    def here(answer: Answer) -> None:
        if target.id.int == 0:
            target.id = HouseholdId(UUID(answer["household"]))
            target.community.houses.append(target)
        enter(life, one, target, relation, on, answer)
        if (double := coming.double) is not None:
            life.later(dice.between(20, 300), lambda life: settle_case(life, double, one))
        if (spouse := coming.spouse) is not None:
            target.held += 1
            life.later(dice.between(3, 15), lambda life: _wedded(life, spouse, one, target))
        if with_family:
            target.held += 1
            life.later(1, lambda life: _family(life, one, target))

    return Step(command, township.officer("station", dice), "newcomers", here)


def _family(life: Life, head: Resident, house: House) -> Plan:
    """The family of somebody who came the day before: a spouse, and mostly a child."""
    house.held -= 1
    if head.house is not house:
        return []
    born = head.born + timedelta(life.dice.between(-900, 1500))
    other = stranger(
        life, Sex(3 - head.sex), min(born, life.today - timedelta(7400)), house.community
    )
    life.spend("in", 1)
    step = register(life, Coming(other, house, house.plate), False)

    def together(answer: Answer, then: Any = step.then) -> None:
        then(answer)
        house.held += 1
        life.later(1, lambda life: _child(life, head, other, house))

    step.then = together
    return [step]


def _child(life: Life, head: Resident, other: Resident, house: House) -> Plan:
    house.held -= 1
    younger = max(head.born, other.born)
    if head.house is not house or other.house is not house:
        return []
    plan = _wedded_later(life, head, other, house)
    born = life.ago(300, 6000, younger + timedelta(7400))
    if not life.dice.chance(0.75) or born > life.today - timedelta(200):
        return plan
    sex = Sex.MALE if life.dice.chance(0.53) else Sex.FEMALE
    child = stranger(life, sex, born, house.community)
    male = head if head.sex is Sex.MALE else other
    child.father, child.mother = male, other if male is head else head
    child.nationality = male.nationality
    child.name = life.namer.name(sex, born.year, child.nationality, surname_of(male.name))
    life.spend("in", 1)
    return [*plan, register(life, Coming(child, house, house.plate), False)]


def _wedded_later(life: Life, one: Resident, other: Resident, house: House) -> Plan:
    house.held += 1
    life.later(2, lambda life: _wedded(life, one, other, house))
    return []
