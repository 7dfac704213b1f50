"""Moving inside a city, without papers: of persons and of whole households (住址变动)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.aggregates import Doorplate, Household, Person, rules
from registry.commands.base import STATION, command
from registry.commands.findings import bears, settle_renumbered
from registry.commands.membership import (
    Heir,
    Home,
    NewHousehold,
    leave,
    open_doorplate,
    refuse_later_members,
    settle,
)
from registry.commands.numbering import refuse_open_case
from registry.events.household import HouseholdChanged, HouseholdMoved, Member
from registry.events.person import AddressChanged
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    ChangeScope,
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    Level,
    MigrationReason,
    Name,
    PersonId,
    Relationship,
)

UPPER = (Level.CITY, Level.PROVINCE)


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Somebody who moves, and the relation to the head of the new household."""

    person: PersonId
    relation: Relationship


def members(movers: Sequence[Mover]) -> tuple[Member, ...]:
    """Movers as members of the household they come to."""
    return tuple(Member(person=one.person, relation=one.relation) for one in movers)


def refuse_nobody(registrar: Registrar, persons: Sequence[PersonId]) -> None:
    """A move without anybody is a slip."""
    registrar.refuse_if((not persons, rules.NobodyNamed()))
    registrar.stop_if_refused()


def one_household(
    registrar: Registrar, persons: Sequence[PersonId], on: date
) -> tuple[list[Person], HouseholdId, CommunityId]:
    """The persons who leave together; all must be registered in one household."""
    refuse_nobody(registrar, persons)
    registrar.prefetch(persons)
    people = [registrar.load(Person, person, on) for person in persons]
    for one in people:
        if not one.resident:
            dead = one.life == 1
            registrar.refuse_if(
                (dead, rules.AlreadyDeceased(one.id)), (not dead, rules.NotRegistered(one.id))
            )
    homes = {(one.household, one.community) for one in people if one.resident}
    registrar.refuse_if((len(homes) > 1, rules.DifferentHouseholds()))
    registrar.stop_if_refused()
    household, community = homes.pop()
    assert household is not None
    assert community is not None
    return people, household, community


def refuse_bystanders(
    registrar: Registrar,
    persons: Sequence[PersonId],
    household: HouseholdId | None,
    new_household: NewHousehold | None,
) -> None:
    """Turn away who answers neither for where persons are nor for where they are to go.

    Before anything is said of whether they live, and with whom.
    """
    target: Household | Doorplate | None = None
    if household is not None:
        target = registrar.load(Household, household)
    elif new_household is not None:
        target = registrar.load(Doorplate, new_household.doorplate)
    if target is None or not registrar.in_area(target.community):
        registrar.prefetch(persons)
        for person in persons:
            registrar.refuse_elsewhere(registrar.find(Person, person))


def move_within(
    registrar: Registrar,
    movers: Sequence[Mover],
    household: HouseholdId | None,
    new_household: NewHousehold | None,
    on: date,
    scope: ChangeScope,
    reason: MigrationReason | None,
    declarant: Name,
    heir: Heir | None,
    merged: bool = False,
) -> Home:
    """Let persons pass from one household to another without papers."""
    persons = [one.person for one in movers]
    refuse_bystanders(registrar, persons, household, new_household)
    people, origin, from_community = one_household(registrar, persons, on)
    for one in people:
        refuse_open_case(registrar, one.id, one.number)
    registrar.refuse_if((household == origin, rules.SamePlace(origin)))
    if merged:
        house = registrar.load(Household, origin, on)
        left = house.members.keys() - set(persons)
        registrar.refuse_if((bool(left), rules.HouseholdNotEmpty(origin)))
    registrar.stop_if_refused()
    home = settle(registrar, household, new_household, members(movers), on, 103, split_from=origin)
    target = home.household if merged else None
    leave(registrar, origin, persons, on, 103, heir, merged_into=target)
    refuse_leaving_city(registrar, from_community, home.community, scope, on)
    for person in persons:
        registrar.enter(
            person,
            AddressChanged(
                effective_on=on,
                from_household=origin,
                from_community=from_community,
                household=home.household,
                community=home.community,
                scope=scope,
                reason=reason,
                declarant=declarant,
            ),
        )
    return home


def refuse_leaving_city(
    registrar: Registrar, origin: CommunityId, target: CommunityId, scope: ChangeScope, on: date
) -> None:
    """An address change stays within the city. Source: GA 214 change scopes 11 to 32."""
    places = registrar.places()
    # A county under no city is told apart by its province.
    origin_city, target_city = (
        [above for above, fact in places.above(place, on) if fact.level in UPPER]
        for place in (origin, target)
    )
    widest = limit("address_change_scope", on).amount
    registrar.refuse_if(
        (origin_city != target_city, rules.MoveNeedsPapers(target)),
        (int(scope) > widest, rules.MoveNeedsPapers(f"scope {scope}")),
    )


@command(STATION)
class ChangeAddress:
    """Let persons move to another household or found one, inside the city (住址变动).

    on: the day of the move, today unless given. Source: GA 214 businesses 103 and 104.
    """

    movers: tuple[Mover, ...]
    household: HouseholdId | None = None
    new_household: NewHousehold | None = None
    scope: ChangeScope = ChangeScope("21")
    reason: MigrationReason | None = None
    declarant: Name
    heir: Heir | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the move on the persons' and both households' streams."""
        home = move_within(
            registrar,
            self.movers,
            self.household,
            self.new_household,
            self.on or registrar.today,
            self.scope,
            self.reason,
            self.declarant,
            self.heir,
        )
        return {"household": home.household, "community": home.community}


@command(STATION, later=("household_number",))
class MoveHousehold:
    """Let a whole household move to another door plate inside the city (整户移居).

    persons: those registered in a collective household, which lists none; else left out.
    household_number: the one that it has from then on, where it keeps not its own; numbers are
    unique inside a station. Source: GA 214 businesses 103 and 202.
    """

    household: HouseholdId
    doorplate: DoorplateId
    persons: tuple[PersonId, ...] = ()
    scope: ChangeScope = ChangeScope("21")
    reason: MigrationReason | None = None
    declarant: Name
    on: date | None = None
    household_number: HouseholdNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the move on the household's and every member's stream."""
        on = self.on or registrar.today
        house, before = (
            registrar.load(Household, self.household, on),
            bears(registrar, self.household),
        )
        plate = open_doorplate(registrar, self.doorplate, on)
        registrar.refuse_if((house.doorplate == self.doorplate, rules.SamePlace(self.doorplate)))
        refuse_leaving_city(registrar, house.community, plate.community, self.scope, on)
        within = plate.community == house.community
        refuse_later_members(registrar, self.household, on, within=within)
        registrar.enter(
            self.household,
            HouseholdMoved(effective_on=on, doorplate=self.doorplate, community=plate.community),
        )
        places, number = registrar.places(), self.household_number or house.household_number
        stations = [places.station_of(one, on) for one in (house.community, plate.community)]
        if number != house.household_number or stations[0] != stations[1]:
            # A station keeps the households of its area by number: also one that stays the same.
            registrar.enter(
                self.household,
                HouseholdChanged(
                    effective_on=on, household_number=number, household_type=house.household_type
                ),
            )
            settle_renumbered(registrar, self.household, before)
        persons = self.persons if house.collective else tuple(house.members)
        registrar.prefetch(persons)
        for person in persons:
            one = registrar.load(Person, person, on)
            refuse_open_case(registrar, person, one.number)
            if not within:
                registrar.enter(
                    person,
                    AddressChanged(
                        effective_on=on,
                        from_household=self.household,
                        from_community=house.community,
                        household=self.household,
                        community=plate.community,
                        scope=self.scope,
                        reason=self.reason,
                        declarant=self.declarant,
                    ),
                )
        return {"household": self.household, "community": plate.community}
