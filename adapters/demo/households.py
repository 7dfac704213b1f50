"""Splits, mergers and heads of households; streets and door plates; a line drawn anew."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from adapters.demo.kin import HEAD, relations_to, stands_to
from adapters.demo.life import Answer, Life, Plan, Step
from adapters.demo.mirror import ADULT, Community, House, Plate, Township, adults
from adapters.demo.moves import movable, seat, settle, take_over
from adapters.demo.town import STREETS
from adapters.demo.vital import depart
from registry.commands.addresses import (
    ChangeDoorplate,
    CloseDoorplate,
    FreezeDoorplate,
    NameStreet,
    RegisterDoorplate,
    RenameStreet,
)
from registry.commands.households import (
    ChangeHead,
    ChangeHousehold,
    ChangeRelations,
    FoundHousehold,
    MergeHouseholds,
    SplitHousehold,
)
from registry.commands.places import AdjustDivision, CutCommunity
from registry.commands.relocation import Mover
from registry.events.household import Member
from registry.events.places import Moved
from registry.values import (
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    PlateNumber,
    StreetId,
    Text,
)

USUAL_SIZE = 3.06  # persons per household; more mergers below it, more splits above


def some_household(life: Life) -> Plan:
    """A business on households, so that they stay about as large as they are."""
    split = min(0.95, max(0.05, 0.5 + (life.mirror.size - USUAL_SIZE) * 4))
    kind = life.dice.roll()
    if kind < 0.68:
        return divide(life) if life.dice.chance(split) else merge(life)
    if kind < 0.86:
        return head(life)
    return relations(life) if kind < 0.94 else number(life)


def divide(life: Life) -> Plan:
    """A grown child, with wife and children if any, founds a household at the same door plate."""
    one = life.resident()
    house = one.home
    if house.collective or one is house.head or not movable(life, one):
        return []
    if one.age(life.since) < ADULT or one is (house.head and house.head.spouse):
        return []
    movers = [
        other
        for other in house.members
        if other is one or other is one.spouse or one in (other.mother, other.father)
    ]
    staying = [other for other in house.members if other not in movers]
    if house.head in movers or not adults(staying, life.since):
        return []
    movers.sort(key=lambda other: other is not one)
    on = life.day()
    heir, succeed = take_over(house, movers)
    declarant = life.declarant(one)
    new, named, seats = seat(life, movers, None, house.plate)
    life.mirror.touch(house)
    command = SplitHousehold(
        movers=tuple(
            Mover(person=other.id, relation=relation)
            for other, relation in zip(movers, seats, strict=True)
        ),
        **named,
        declarant=declarant,
        heir=heir,
        on=on,
    )

    def apart(answer: Answer) -> None:
        for other in movers:
            depart(life, other, on)
        succeed(life)
        settle(life, movers, new, seats, on, answer)

    return [Step(command, new.community.township.officer("station", life.dice), "splits", apart)]


def merge(life: Life) -> Plan:
    """A small household passes into that of relatives, or of neighbours."""
    one = life.resident()
    house = one.home
    if house.collective or len(house.members) > 2 or not movable(life, one):
        return []
    parents = [one.mother, one.father]
    homes = [other.home for other in parents if other is not None and other.slot >= 0]
    homes += [other for other in house.community.houses if other.plate is house.plate]
    homes.append(life.dice.pick(house.community.houses))
    target = next(
        (
            other
            for other in homes
            if other is not house
            and other.members
            and not other.collective
            and life.mirror.free(other)
            and other.community is house.community
        ),
        None,
    )
    if target is None:
        return []
    movers, on = list(house.members), life.day()
    declarant = life.declarant(one)
    _, _, seats = seat(life, movers, target, target.plate)
    life.mirror.touch(house)
    command = MergeHouseholds(
        movers=tuple(
            Mover(person=other.id, relation=relation)
            for other, relation in zip(movers, seats, strict=True)
        ),
        into=target.id,
        declarant=declarant,
        on=on,
    )

    def merged(answer: Answer) -> None:
        for other in movers:
            depart(life, other, on)
        settle(life, movers, target, seats, on, answer)

    by = target.community.township.officer("station", life.dice)
    return [Step(command, by, "mergers", merged)]


def head(life: Life) -> Plan:
    """A household chooses another head."""
    one = life.resident()
    house = one.home
    if house.collective or one is house.head or not life.mirror.idle(one):
        return []
    if one.age(life.since) < ADULT:
        return []
    on = life.day()
    others = relations_to(one, [other for other in house.members if other is not one])
    command = ChangeHead(
        household=house.id,
        head=one.id,
        relations=tuple(Member(person=m.id, relation=relation) for m, relation in others),
        on=on,
    )
    life.mirror.touch(house)

    def chosen(_: Answer) -> None:
        life.mirror.stand_as(house, [*others, (one, HEAD)])
        house.last = on

    by = house.community.township.officer("station", life.dice)
    return [Step(command, by, "heads changed", chosen)]


def relations(life: Life) -> Plan:
    """A relation to the head is written more exactly."""
    one = life.resident()
    house = one.home
    if house.collective or house.head is None or one is house.head or not life.mirror.idle(one):
        return []
    on, exact = life.day(), stands_to(one, house.head)
    command = ChangeRelations(
        household=house.id, relations=(Member(person=one.id, relation=exact),), on=on
    )
    life.mirror.touch(house)

    def written(_: Answer) -> None:
        one.relation, house.last = exact, on

    by = house.community.township.officer("station", life.dice)
    return [Step(command, by, "relations changed", written)]


def number(life: Life) -> Plan:
    """A household gets another number."""
    one = life.resident()
    house = one.home
    if house.collective or not life.mirror.idle(one):
        return []
    on, new = life.day(), life.household_number()
    command = ChangeHousehold(household=house.id, household_number=new, on=on)
    life.mirror.touch(house)

    def renumbered(_: Answer) -> None:
        house.number, house.last = new, on

    by = house.community.township.officer("station", life.dice)
    return [Step(command, by, "households renumbered", renumbered)]


def dormitory(life: Life, community: Community) -> Plan:
    """A school founds a collective household (集体户)."""
    plate, serial = community.plates[-1], life.household_number()
    house = House(f"N{serial}", serial, plate, collective=True)
    command = FoundHousehold(
        doorplate=plate.id,
        household_number=HouseholdNumber(serial),
        household_type=HouseholdType("2"),
        on=life.today,
    )

    def founded(answer: Answer) -> None:
        house.id = HouseholdId(UUID(answer["household"]))
        house.last = life.today
        community.houses.append(house)

    by = community.township.officer("station", life.dice)
    return [Step(command, by, "households founded", founded)]


def civil_affairs(life: Life) -> Plan:
    """What civil affairs do in a year: a street, its first door plates, a name, a number."""
    plan: Plan = []
    for community in life.mirror.communities:
        if life.dice.chance(0.5):
            plan += _new_street(life, community)
        plan += _renumber(life, community)
    life.later(life.dice.between(330, 400), civil_affairs)
    return plan


def _new_street(life: Life, community: Community) -> Plan:
    township = community.township
    name = f"{life.dice.pick(STREETS)}新{'村道' if community.rural else '路'}{life.serial()}"
    command = NameStreet(division=township.division, street_name=Text(name), on=life.today)
    by = township.officer("civil-affairs", life.dice)

    def named(answer: Answer) -> None:
        street = StreetId(UUID(answer["street"]))
        life.later(1, lambda life: _new_plates(life, community, street))
        life.later(life.dice.between(500, 3000), lambda life: _rename(life, township, street, name))

    return [Step(command, by, "streets named", named)]


def _new_plates(life: Life, community: Community, street: StreetId) -> Plan:
    plan: Plan = []
    by = community.township.officer("civil-affairs", life.dice)
    for index in range(1, 5):
        plate = Plate(f"N{life.serial()}", str(street), f"{index}号", community)
        plate.street_id = street
        command = RegisterDoorplate(
            street=street,
            plate_number=PlateNumber(plate.number),
            community=community.id,
            on=life.today,
        )

        def registered(answer: Answer, plate: Plate = plate) -> None:
            plate.id = DoorplateId(UUID(answer["doorplate"]))
            plate.community.plates.append(plate)

        plan.append(Step(command, by, "door plates", registered))
    return plan


def _rename(life: Life, township: Township, street: StreetId, name: str) -> Plan:
    command = RenameStreet(street=street, street_name=Text(name.replace("新", "东")), on=life.today)
    by = township.officer("civil-affairs", life.dice)
    return [Step(command, by, "streets renamed", lambda _: None)]


def _renumber(life: Life, community: Community) -> Plan:
    """A door plate gets another number; one without people is frozen, and withdrawn."""
    plate = life.dice.pick(community.plates)
    by = community.township.officer("civil-affairs", life.dice)
    new = f"附{life.serial()}号"
    command = ChangeDoorplate(doorplate=plate.id, plate_number=PlateNumber(new), on=life.today)

    def numbered(_: Answer) -> None:
        plate.number = new

    plan = [Step(command, by, "door plates changed", numbered)]
    empty = life.dice.pick(community.plates)
    used = {
        house.plate
        for other in life.mirror.communities
        for house in other.houses
        if not house.closed
    }
    if empty in used or empty.held or empty is plate or len(community.plates) < 5:
        return plan
    community.plates.remove(empty)
    bureau = community.township.officer("county", life.dice)
    freeze = FreezeDoorplate(doorplate=empty.id, on=life.today)
    close = CloseDoorplate(doorplate=empty.id, on=life.today)
    return [
        *plan,
        Step(freeze, bureau, "door plates frozen", lambda _: None),
        Step(close, by, "door plates withdrawn", lambda _: None),
    ]


def adjust(life: Life, community: Community, to: Township) -> Plan:
    """A community passes to a township of another county, as announced a month before."""
    on = life.today + timedelta(30)
    command = AdjustDivision(
        moved=(Moved(place=community.id, parent=to.division),),
        document="synthetic-民政批复〔1〕号",
        on=on,
    )

    def announced(_: Answer) -> None:
        life.passing.append((on, community, to))

    return [Step(command, life.town.administrator, "boundaries", announced)]


def cut(life: Life, community: Community, to: Community) -> Plan:
    """A line is drawn through a community: some door plates and their people pass to another."""
    homes: dict[int, list[House]] = {}
    for house in life.mirror.households(community):
        homes.setdefault(id(house.plate), []).append(house)
    plates = [
        plate
        for plate in community.plates[: max(2, len(community.plates) // 8)]
        if not plate.held
        and plate.community is community
        and all(life.mirror.free(h) and not h.collective for h in homes.get(id(plate), []))
    ]
    houses = [house for plate in plates for house in homes.get(id(plate), [])]
    people = [one for house in houses for one in house.members]
    life.mirror.touch(*houses, *people)
    for plate in plates:  # nobody else comes to them today
        community.plates.remove(plate)
    on = life.today
    command = CutCommunity(
        doorplates=tuple(plate.id for plate in plates),
        households=tuple(house.id for house in houses),
        community=to.id,
        document="synthetic-民政批复〔2〕号",
        on=on,
    )

    def passed(_: Answer) -> None:
        for plate in plates:
            to.plates.append(plate)
            plate.community = to
        for house in houses:
            to.houses.append(house)
            house.last = on
        for one in people:
            one.version += 1
            one.last = on

    return [Step(command, life.town.administrator, "boundaries", passed)]
