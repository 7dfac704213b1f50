"""Joining and leaving households: the half of every move that stands on household streams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from registry.aggregates import Doorplate, Household, Person, rules
from registry.days import age_on
from registry.entry import Entry
from registry.events.address import DoorplateAdjusted
from registry.events.household import (
    HouseholdAdjusted,
    HouseholdClosed,
    HouseholdEstablished,
    HouseholdMoved,
    Member,
    MembersChanged,
)
from registry.history import standing
from registry.limits import limit
from registry.registrar import Registrar, told_of
from registry.values import (
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    PersonId,
    Relationship,
)

HEAD = Relationship("02")
BIRTH = 101
FAMILY = HouseholdType("1")


@dataclass(frozen=True, kw_only=True)
class NewHousehold:
    """A household to be founded (立户): its number, its type, its door plate and its head."""

    doorplate: DoorplateId
    household_number: HouseholdNumber
    household_type: HouseholdType = FAMILY
    head: PersonId | None = None


@dataclass(frozen=True, kw_only=True)
class Heir:
    """Who heads a household after its head has left, and how the others stand to the new head."""

    head: PersonId
    relations: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Home:
    """Where somebody is put: a household and the community that it belongs to."""

    household: HouseholdId
    community: CommunityId


def open_doorplate(
    registrar: Registrar, doorplate: DoorplateId, on: date, *, newborn: bool = False
) -> Doorplate:
    """A door plate that takes newcomers on a day, and has not been closed to them since.

    newborn: a child is registered where its parents are, be the door plate frozen or not.
    Source: 户口登记条例 art. 7.
    """
    plate = registrar.load(Doorplate, doorplate, on)
    today = registrar.load(Doorplate, doorplate)
    registrar.refuse_if(
        (today.closed_on is not None, rules.DoorplateIsClosed(doorplate)),
        (not newborn and (plate.frozen or today.frozen), rules.DoorplateIsFrozen(doorplate)),
    )
    for entry in standing(registrar.entries(doorplate)):
        if entry.effective_on > on and isinstance(entry.event, DoorplateAdjusted):
            _in_the_way(registrar, entry)
    return plate


def _in_the_way(registrar: Registrar, entry: Entry) -> None:
    registrar.refuse_if((True, rules.EntryInTheWay(told_of(entry))))


def refuse_later_members(
    registrar: Registrar, household: HouseholdId, on: date, *, within: bool = False
) -> None:
    """A household passes to another community with all its members, those to come included.

    Who joined after the day, or moved with the household since, was entered in the community that
    it would have left. within: it stays in its community; then only a later adjustment, which
    names the old door plate, stands in the way.
    """
    for entry in standing(registrar.entries(household)):
        adjusted = isinstance(entry.event, HouseholdAdjusted)
        moved = isinstance(entry.event, HouseholdMoved)
        joined = isinstance(entry.event, MembersChanged) and entry.event.joined
        if entry.effective_on > on and (adjusted or (not within and (moved or joined))):
            _in_the_way(registrar, entry)


def join(
    registrar: Registrar,
    household: HouseholdId,
    movers: Sequence[Member],
    on: date,
    business: int,
) -> Home:
    """Let persons into a household that exists; says where it is."""
    house = registrar.load(Household, household, on)
    open_doorplate(registrar, house.doorplate, on, newborn=business == BIRTH)
    if house.closed_on is not None:
        registrar.refuse_if((True, rules.HouseholdIsClosed(household)))
    for entry in standing(registrar.entries(household)):
        moved = isinstance(entry.event, (HouseholdMoved, HouseholdAdjusted))
        if entry.effective_on > on and moved and entry.event.community != house.community:
            _in_the_way(registrar, entry)
    if not house.collective:
        head = house.head
        if head is None:
            head = next((one.person for one in movers if one.relation == HEAD), None)
        registrar.enter(
            household,
            MembersChanged(effective_on=on, business=business, joined=tuple(movers), head=head),
        )
    return Home(household, house.community)


def found(
    registrar: Registrar,
    new: NewHousehold,
    movers: Sequence[Member],
    on: date,
    business: int,
    split_from: HouseholdId | None = None,
) -> Home:
    """Found a household (立户) with its first members. Source: 户口登记条例 art. 5."""
    plate = open_doorplate(registrar, new.doorplate, on)
    household = HouseholdId(registrar.new_id())
    collective = new.household_type == "2"
    head = new.head or next((one.person for one in movers if one.relation == HEAD), None)
    registrar.enter(
        household,
        HouseholdEstablished(
            effective_on=on,
            household_number=new.household_number,
            household_type=new.household_type,
            doorplate=new.doorplate,
            community=plate.community,
            members=() if collective else tuple(movers),
            head=None if collective else head,
            split_from=split_from,
            business=business,
        ),
    )
    if not collective:
        refuse_minors_alone(registrar, [one.person for one in movers], on)
    return Home(household, plate.community)


def settle(
    registrar: Registrar,
    household: HouseholdId | None,
    new_household: NewHousehold | None,
    movers: Sequence[Member],
    on: date,
    business: int,
    split_from: HouseholdId | None = None,
) -> Home:
    """Put persons into the household named, or found the one described."""
    if household is not None and new_household is None:
        return join(registrar, household, movers, on, business)
    if new_household is not None and household is None:
        return found(registrar, new_household, movers, on, business, split_from)
    registrar.refuse_if((True, rules.TargetNeeded()))
    registrar.stop_if_refused()
    raise AssertionError("refused above")


def leave(
    registrar: Registrar,
    household: HouseholdId,
    leavers: Sequence[PersonId],
    on: date,
    business: int,
    heir: Heir | None = None,
    merged_into: HouseholdId | None = None,
) -> None:
    """Let persons out of a household; the last one closes it, and a head needs an heir.

    Source: 户口登记条例 art. 5 and 19.
    """
    house = registrar.load(Household, household, on)
    if house.collective:
        return
    staying = [person for person in house.members if person not in leavers]
    head, relations = house.head, heir.relations if heir else ()
    if not staying:
        head = None
    elif heir is not None:
        head = heir.head
        told = {member.person for member in relations}
        if head not in told and house.members.get(head) != HEAD:
            relations = (*relations, Member(person=head, relation=HEAD))
        if house.head in staying and house.head not in told and house.head != head:
            registrar.refuse_if((True, rules.HeadRelation(household)))
    elif head in leavers:
        registrar.refuse_if((True, rules.HeadMissing(household)))
        return
    registrar.enter(
        household,
        MembersChanged(
            effective_on=on,
            business=business,
            left=tuple(person for person in leavers if person in house.members),
            relations=relations,
            head=head,
        ),
    )
    if not staying:
        registrar.enter(household, HouseholdClosed(effective_on=on, merged_into=merged_into))
    else:
        refuse_minors_alone(registrar, staying, on)


def refuse_minors_alone(registrar: Registrar, persons: Iterable[PersonId], on: date) -> None:
    """A household of minors alone needs a guardian. Source: 民法通则 art. 16."""
    majority = limit("majority", on).amount
    minors = []
    for person in persons:
        one = registrar.find(Person, person, on)
        if one is None or one.birth_date is None or age_on(one.birth_date, on) >= majority:
            return
        minors.append(one)
    guarded = any(one.guardian or one.guardian_name for one in minors)
    registrar.refuse_if(
        (bool(minors) and not guarded, rules.MinorsAlone(minors[0].id if minors else None))
    )
