"""Departures, arrivals and address changes of the make-believe town, with their papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from adapters.demo.kin import HEAD, UNRELATED, heir_of, relations_to, stands_to
from adapters.demo.life import ELSEWHERE, Answer, Life, Plan, Step
from adapters.demo.mirror import ADULT, Community, House, Plate, Resident, adults
from adapters.demo.vital import depart, heir_command
from registry.commands.membership import Heir, NewHousehold
from registry.commands.migration import MoveIn, MoveOut
from registry.commands.papers import IssuePermit, ReissueCertificate
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.undoing import ReverseRegistration
from registry.values import (
    ChangeScope,
    DivisionCode,
    HouseholdId,
    OutKind,
    PaperNumber,
    Relationship,
    Sex,
    Text,
)

#: Of those who leave: to the other town, away and back again, for good, and without certificate.
TO_OTHER, AND_BACK, SOLDIER, ABROAD, MISSING = 0.10, 0.10, 0.03, 0.03, 0.005
LATE = 0.06  # of those who come back, with a certificate that has run out
WRONG = 0.004
LIMIT = 34  # days after which a certificate has run out for certain


def movable(life: Life, one: Resident) -> bool:
    """Whether a person's household may be moved from: nobody's business, and no open case."""
    return life.mirror.idle(one) and not any(other.in_case for other in one.home.members)


def leavers(life: Life, whole: float) -> list[Resident]:
    """Somebody grown up, or a whole household, that may leave without leaving children alone."""
    one = life.resident()
    if not movable(life, one):
        return []
    house = one.home
    if house.collective:
        return [one]
    if life.dice.chance(whole):
        return list(house.members) if len(house.members) <= 4 else []
    age = one.age(life.today)
    staying = [other for other in house.members if other is not one]
    fit = ADULT <= age < 35 or (35 <= age < 60 and life.dice.chance(0.2))
    if not fit or not adults(staying, life.since):
        return []
    return [one]


def take_over(house: House, gone: Sequence[Resident]) -> tuple[Heir | None, Callable[[Life], None]]:
    """Who heads a household after some have left, for the command and for the mirror."""
    heir = None if house.collective else heir_of(house, gone)
    if heir is None:
        return None, lambda life: None
    others = [one for one in house.members if one not in gone and one is not heir]
    relations = relations_to(heir, others)
    return heir_command(heir, relations), lambda life: life.mirror.stand_as(
        house, [*relations, (heir, HEAD)]
    )


def departure(life: Life) -> Plan:
    """Somebody leaves for another county, most of them for good."""
    movers = leavers(life, 0.35)
    if not movers:
        return []
    life.spend("out", len(movers) - 1)
    fate = life.dice.roll()
    young = len(movers) == 1 and movers[0].age(life.today) < 24 and movers[0].sex is Sex.MALE
    if fate < TO_OTHER:
        return permit(life, movers)
    if len(movers) == 1 and fate < TO_OTHER + SOLDIER and young:
        return [go(life, movers, OutKind("3"), "46", "181", life.dice.between(700, 760))]
    if fate > 1 - ABROAD:
        return [go(life, movers, OutKind("4"), "74", "184", 0)]
    if len(movers) == 1 and fate > 1 - ABROAD - MISSING:
        return [go(life, movers, OutKind("6"), "31", "187", 0)]
    days = life.dice.between(3, 17) if fate > 1 - ABROAD - MISSING - AND_BACK else 0
    if days and life.dice.chance(LATE):
        days = life.dice.between(34, 80)
    base, newer = life.dice.pick((("26", "124"), ("02", "204"), ("33", "133"), ("62", "202")))
    return [go(life, movers, OutKind("2"), base, newer, days)]


def go(
    life: Life,
    movers: Sequence[Resident],
    kind: OutKind,
    base: str,
    newer: str,
    back: int,
    permitted: PaperNumber | None = None,
    then: Callable[[PaperNumber], None] | None = None,
    destination: DivisionCode | None = None,
) -> Step:
    """The departure itself; back: days until they settle here again, 0 for never."""
    house, township, plate = movers[0].home, movers[0].township, movers[0].home.plate
    on = life.day()
    heir, succeed = take_over(house, movers)
    number = life.paper("QY", township) if kind == "2" else None
    command = MoveOut(
        persons=tuple(one.id for one in movers),
        out_kind=kind,
        destination=destination or life.dice.weigh(ELSEWHERE) if kind == "2" else None,
        permit_number=permitted,
        certificate_number=number,
        reason=None if kind == "6" else life.reason("04", base, newer),
        declarant=life.declarant(movers[0]),
        heir=heir,
        on=on,
    )
    life.mirror.touch(house, *movers)

    def gone(_: Answer) -> None:
        for one in movers:
            depart(life, one, on)
            one.version += 1
        succeed(life)
        if then is not None:
            assert number is not None
            then(number)
        elif back:
            expired = back if kind == "2" and back >= LIMIT else 0
            place = plate.community
            life.later(back, lambda life: come_back(life, movers, house, number, expired, place))

    return Step(command, township.officer("station", life.dice), "departures", gone)


def come_back(
    life: Life,
    movers: Sequence[Resident],
    old: House,
    number: PaperNumber | None,
    expired: int,
    left: Community,
) -> Plan:
    """They settle where they were before, or found a household beside it."""
    township, plan = left.township, list[Step]()
    by = township.officer("station", life.dice)
    if number is not None and expired:
        new = life.paper("QY", township)
        again = ReissueCertificate(
            certificate_number=number, new_number=new, grounds=Text("迁移证过期")
        )
        plan, number = [Step(again, by, "certificates anew", lambda _: None)], new
    target = old if life.mirror.free(old) and old.members else None
    life.spend("in", len(movers))
    step = arrive(life, movers, target, old.plate, number, None)
    return [*plan, step]


def arrive(
    life: Life,
    movers: Sequence[Resident],
    house: House | None,
    plate: Plate,
    number: PaperNumber | None,
    permitted: PaperNumber | None,
) -> Step:
    """Persons whom the register knows settle in a household, or found one at a door plate."""
    target, command, relations = seat(life, movers, house, plate)
    on = max(life.day(), *(one.last for one in movers))
    township = plate.community.township
    step = MoveIn(
        movers=tuple(
            Mover(person=one.id, relation=relation)
            for one, relation in zip(movers, relations, strict=True)
        ),
        **command,
        certificate_number=number,
        permit_number=permitted,
        reason=life.reason("03", "32", "132"),
        declarant=life.declarant(movers[0]),
        on=on,
    )

    def settled(answer: Answer) -> None:
        settle(life, movers, target, relations, on, answer)

    return Step(step, township.officer("station", life.dice), "arrivals", settled)


def seat(
    life: Life, movers: Sequence[Resident], house: House | None, plate: Plate
) -> tuple[House, dict[str, Any], list[Relationship]]:
    """A household for movers: as the mirror has it, as a command names it, and their relations."""
    if house is not None:
        life.mirror.touch(house, *movers)
        if house.collective:
            return house, {"household": house.id}, [UNRELATED] * len(movers)
        assert house.head is not None
        relations = [stands_to(one, house.head) for one in movers]
        return house, {"household": house.id}, relations
    number = life.household_number()
    house = House(f"N{number}", number, plate)
    life.mirror.touch(house, *movers)
    grown = adults(movers, life.since) or movers
    head = max(grown, key=lambda one: (one.relation == HEAD, -one.born.toordinal()))
    relations = [stands_to(one, head) for one in movers]
    return (
        house,
        {"new_household": NewHousehold(doorplate=plate.id, household_number=number)},
        relations,
    )


def settle(
    life: Life,
    movers: Sequence[Resident],
    house: House,
    relations: Sequence[Relationship],
    on: date,
    answer: Answer,
) -> None:
    """They live there now."""
    if house.id.int == 0:
        house.id = HouseholdId(UUID(answer["household"]))
        house.community.houses.append(house)
    for one, relation in zip(movers, relations, strict=True):
        life.mirror.settle(one, house, relation)
        one.version += 1
        one.last = on
    house.last = max(house.last, on)


def permit(life: Life, movers: Sequence[Resident]) -> Plan:
    """A move to the other town: its permit first, then departure, then arrival."""
    origin = movers[0].township
    there = [one for one in life.mirror.communities if one.township.northern != origin.northern]
    if not there or len(movers) > 4:
        return []
    plate, house = life.dice.pick(life.dice.pick(there).plates), movers[0].home
    township = plate.community.township
    number = life.paper("ZQ", township)
    command = IssuePermit(
        permit_number=number,
        persons=tuple(one.id for one in movers),
        doorplate=plate.id,
        origin=DivisionCode(origin.code),
        reason=life.reason("03", "33", "133"),
        declarant=life.declarant(movers[0]),
        on=life.today,
    )
    life.mirror.touch(house, *movers)
    house.held += 1
    plate.held += 1

    def permitted(_: Answer) -> None:
        life.later(life.dice.between(4, 10), leave)

    def leave(life: Life) -> Plan:
        house.held -= 1
        if any(one.house is not house for one in movers):
            plate.held -= 1
            return []
        code = DivisionCode(township.code)
        return [go(life, movers, OutKind("2"), "33", "133", 0, number, left, code)]

    def left(certificate: PaperNumber) -> None:
        life.later(life.dice.between(3, 15), lambda life: come(life, certificate))

    def come(life: Life, certificate: PaperNumber) -> Plan:
        plate.held -= 1
        life.spend("in", len(movers))
        return [arrive(life, movers, None, plate, certificate, number)]

    return [Step(command, township.officer("county", life.dice), "permits", permitted)]


def address(life: Life) -> Plan:
    """A household moves to another door plate, or somebody into a household of their own."""
    one = life.resident()
    if one.home.collective or not movable(life, one):
        return []
    house, township = one.home, one.township
    near = [one.home.community] * 3 + [
        other for other in life.mirror.communities if other.township.northern == township.northern
    ]
    community = life.dice.pick(near)
    plate = life.dice.pick(community.plates)
    if plate is house.plate:
        return []
    if life.dice.chance(0.6):
        life.spend("address", len(house.members) - 1)
        return [relocate(life, house, plate)]
    movers = leavers(life, 0.0)
    if not movers or movers[0].home.community.township.northern != community.township.northern:
        return []
    houses = [other for other in life.mirror.households(community) if other is not movers[0].home]
    targets = [h for h in houses if h.members and not h.collective and life.mirror.free(h)]
    if not targets or movers[0].home.collective:
        return []
    target = None if life.dice.chance(0.25) else life.dice.pick(targets)
    return change(life, movers, target, target.plate if target else plate)


def scope(life: Life, house: House, plate: Plate) -> ChangeScope:
    """How far a move goes."""
    if house.community is plate.community:
        return ChangeScope("14")
    near = house.community.township.code == plate.community.township.code
    return ChangeScope("15" if near else "30")


def relocate(life: Life, house: House, plate: Plate) -> Step:
    """A whole household moves."""
    assert house.head is not None
    on, far = life.day(), house.community is not plate.community
    command = MoveHousehold(
        household=house.id,
        doorplate=plate.id,
        scope=scope(life, house, plate),
        reason=life.reason("05", "62", "202"),
        declarant=house.head.name,
        on=on,
    )
    life.mirror.touch(house, *house.members)
    # The officer of the place where they were, if nobody's community changes; else the new one.
    by = plate.community.township.officer("station", life.dice)

    def moved(_: Answer) -> None:
        if far:
            plate.community.houses.append(house)
            for one in house.members:
                one.version += 1
                one.last = on
        house.plate, house.last = plate, on

    return Step(command, by, "address changes", moved)


def change(life: Life, movers: Sequence[Resident], target: House | None, plate: Plate) -> Plan:
    """Some of a household move to another one of the city, or found one."""
    house, on = movers[0].home, life.day()
    wrong = target is not None and len(movers) == 1 and life.dice.chance(WRONG * 5)
    heir, succeed = take_over(house, movers)
    declarant = life.declarant(movers[0])
    where = scope(life, house, plate)
    new, named, relations = seat(life, movers, target, plate)
    life.mirror.touch(house)
    command = ChangeAddress(
        movers=tuple(
            Mover(person=one.id, relation=relation)
            for one, relation in zip(movers, relations, strict=True)
        ),
        **named,
        scope=where,
        reason=life.reason("05", "32", "131"),
        declarant=declarant,
        heir=heir,
        on=on,
    )

    def moved(answer: Answer) -> None:
        before = [one.relation for one in movers]
        for one in movers:
            depart(life, one, on)
        succeed(life)
        settle(life, movers, new, relations, on, answer)
        if wrong and heir is None and not house.closed:
            house.held, new.held = house.held + 1, new.held + 1
            life.later(
                life.dice.between(2, 20),
                lambda life: undo_move(life, movers[0], house, new, before[0]),
            )

    by = plate.community.township.officer("station", life.dice)
    return [Step(command, by, "address changes", moved)]


def undo_move(life: Life, one: Resident, old: House, new: House, relation: Relationship) -> Plan:
    """Another of the same name had moved: the change of address is reversed."""
    old.held, new.held = old.held - 1, new.held - 1
    life.mirror.touch(one, old, new)
    command = ReverseRegistration(person=one.id, version=one.version, grounds=Text("同名误登"))
    by = new.community.township.officer("station", life.dice)  # where the person is now

    def back(_: Answer) -> None:
        life.mirror.leave(one)
        life.mirror.settle(one, old, relation)
        one.version += 1

    return [Step(command, by, "reversals", back)]
