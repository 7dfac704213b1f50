"""Weddings and divorces of the make-believe town."""

from __future__ import annotations

from datetime import date

from adapters.demo.entering import anybody, enter
from adapters.demo.kin import RELATIVE, SPOUSE
from adapters.demo.life import Answer, Life, Plan, Step
from adapters.demo.mirror import Resident
from adapters.demo.moves import change, movable
from adapters.demo.names import surname_of
from registry.commands.details import ChangeDetails
from registry.commands.households import ChangeRelations
from registry.events.household import Member
from registry.register import Authority
from registry.values import MaritalStatus, Relationship, Sex

DIVORCED = MaritalStatus("40")


def wed(life: Life) -> Plan:
    """Two residents marry; mostly she moves into his household soon after."""
    he = life.resident()
    if he.sex is not Sex.MALE or he.spouse is not None or not movable(life, he):
        return []
    age = he.age(life.today)
    if not 22 <= age <= 45:
        return []
    for _ in range(25):
        she = life.resident()
        fits = (
            she.sex is Sex.FEMALE
            and she.spouse is None
            and 20 <= she.age(life.today) <= 43
            and abs((she.born - he.born).days) < 2600
            and she.house is not he.house
            and she.township.northern == he.township.northern
            and surname_of(she.name) != surname_of(he.name)
        )
        if fits and movable(life, she):
            return [*wedding(life, he, she), *_joins(life, he, she)]
    return []


def _joins(life: Life, he: Resident, she: Resident) -> Plan:
    def join(life: Life) -> Plan:
        if he.slot < 0 or she.slot < 0 or not (movable(life, he) and movable(life, she)):
            return []
        house = she.home
        if he.home.collective or house.collective or he.home is house:
            return []
        alone = [one for one in house.members if one is not she]
        if alone and not any(one.age(life.since) >= 18 for one in alone):
            return []
        return change(life, [she], he.home, he.home.plate)

    if life.dice.chance(0.6):
        life.later(life.dice.between(2, 40), join)
    return []


def wedding(life: Life, one: Resident, other: Resident) -> Plan:
    """The marriage of two residents, entered for each of them."""
    on = life.day()
    plan: Plan = []
    for each, partner in ((one, other), (other, one)):
        status = MaritalStatus("21" if each.marital == "10" else "22")
        command = ChangeDetails(
            person=each.id,
            marital_status=status,
            spouse=partner.id,
            spouse_name=partner.name,
            declarant=each.name,
            on=on,
        )

        def wedded(
            _: Answer,
            each: Resident = each,
            partner: Resident = partner,
            status: MaritalStatus = status,
        ) -> None:
            each.spouse, each.marital = partner, status

        plan += enter(life, each, command, then=wedded, on=on)
        if partner.house is each.house and each.home.head is partner:
            # Who lived in the household before the wedding stands as the head's spouse after it.
            by = each.township.officer("station", life.dice)
            plan.append(_stands(each, SPOUSE[each.sex - 1], on, by))
    life.spend("changes", 1)
    return plan


def _stands(one: Resident, relation: Relationship, on: date, by: Authority) -> Step:
    """A member of a household stands in another relation to its head."""
    house = one.home
    command = ChangeRelations(
        household=house.id, relations=(Member(person=one.id, relation=relation),), on=on
    )

    def stands(_: Answer) -> None:
        one.relation, house.last = relation, max(house.last, on)

    return Step(command, by, "relations changed", stands)


def divorce(life: Life) -> Plan:
    """A marriage ends."""
    one = anybody(life)
    if one is None or one.spouse is None or one.marital not in ("20", "21", "22"):
        return []
    other = one.spouse
    if other.slot < 0 or other.spouse is not one or not life.mirror.idle(other):
        return []
    on, plan = life.day(), list[Step]()
    for each in (one, other):
        command = ChangeDetails(person=each.id, marital_status=DIVORCED, declarant=each.name, on=on)

        def apart(_: Answer, each: Resident = each) -> None:
            each.marital, each.spouse = DIVORCED, None

        plan += enter(life, each, command, then=apart, on=on)
    for each, former in ((one, other), (other, one)):
        if former.house is each.house and each.home.head is former:
            # Who stays stands no longer as the head's spouse: there may soon be another.
            plan.append(_stands(each, RELATIVE, on, plan[0].by))
    life.spend("changes", 1)
    return plan
