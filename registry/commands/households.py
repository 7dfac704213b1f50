"""Households: founding by a split, merging, heads, relations, closing (分户, 并户, 户主)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Household, rules
from registry.commands.base import STATION, command
from registry.commands.findings import bears, settle_renumbered
from registry.commands.membership import HEAD, Heir, NewHousehold, open_doorplate
from registry.commands.relocation import Mover, move_within
from registry.events.household import (
    HouseholdChanged,
    HouseholdClosed,
    HouseholdEstablished,
    Member,
    MembersChanged,
)
from registry.registrar import Registrar
from registry.values import (
    ChangeScope,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    Name,
    PersonId,
)

SPLIT, MERGED = ChangeScope("12"), ChangeScope("13")


@command(STATION)
class FoundHousehold:
    """Found a household without members, such as a dormitory (立户).

    Source: Household Registration Regulations (户口登记条例), art. 5.
    """

    doorplate: DoorplateId
    household_number: HouseholdNumber
    household_type: HouseholdType = HouseholdType("2")
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the household."""
        on = self.on or registrar.today
        plate = open_doorplate(registrar, self.doorplate, on)
        household = HouseholdId(registrar.new_id())
        registrar.enter(
            household,
            HouseholdEstablished(
                effective_on=on,
                household_number=self.household_number,
                household_type=self.household_type,
                doorplate=self.doorplate,
                community=plate.community,
                members=(),
                head=None,
            ),
        )
        return {"household": household}


@command(STATION)
class SplitHousehold:
    """Let members found a household of their own (分户).

    Source: Household Registration Regulations (户口登记条例), art. 19.
    """

    movers: tuple[Mover, ...]
    new_household: NewHousehold
    declarant: Name
    heir: Heir | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the move into the household that is founded."""
        on = self.on or registrar.today
        home = move_within(
            registrar,
            self.movers,
            None,
            self.new_household,
            on,
            SPLIT,
            None,
            self.declarant,
            self.heir,
        )
        return {"household": home.household}


@command(STATION)
class MergeHouseholds:
    """Let all members of a household pass into another one, and close it (并户).

    movers: every member, with the relation to the other household's head.
    Source: Household Registration Regulations (户口登记条例), art. 19.
    """

    movers: tuple[Mover, ...]
    into: HouseholdId
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the move; the emptied household closes by it."""
        on = self.on or registrar.today
        home = move_within(
            registrar, self.movers, self.into, None, on, MERGED, None, self.declarant, None, True
        )
        return {"household": home.household}


@command(STATION)
class ChangeHead:
    """Choose another head; the old one and others stand in new relations (变更户主).

    Source: Household Registration Regulations (户口登记条例), art. 19.
    """

    household: HouseholdId
    head: PersonId
    relations: tuple[Member, ...]
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter head and relations."""
        on = self.on or registrar.today
        house = registrar.load(Household, self.household, on)
        registrar.refuse_if((house.head == self.head, rules.NothingChanges("head")))
        relations = self.relations
        if self.head not in {one.person for one in relations}:
            relations = (*relations, Member(person=self.head, relation=HEAD))
        registrar.enter(
            self.household,
            MembersChanged(effective_on=on, business=202, relations=relations, head=self.head),
        )
        return {"household": self.household}


@command(STATION)
class ChangeRelations:
    """Put members into another relation to the head (变更与户主关系).

    Source: Household Registration Regulations (户口登记条例), art. 19.
    """

    household: HouseholdId
    relations: tuple[Member, ...]
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the relations."""
        on = self.on or registrar.today
        house = registrar.load(Household, self.household, on)
        registrar.enter(
            self.household,
            MembersChanged(
                effective_on=on, business=202, relations=self.relations, head=house.head
            ),
        )
        return {"household": self.household}


@command(STATION)
class ChangeHousehold:
    """Change number or type of a household (户属性变更).

    Another number settles the finding that others bear the same. Source: GA 214 business 202.
    """

    household: HouseholdId
    household_number: HouseholdNumber | None = None
    household_type: HouseholdType | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change."""
        on = self.on or registrar.today
        house, before = (
            registrar.load(Household, self.household, on),
            bears(registrar, self.household),
        )
        number = self.household_number or house.household_number
        kind = self.household_type or house.household_type
        same = (number, kind) == (house.household_number, house.household_type)
        registrar.refuse_if(
            (same, rules.NothingChanges()),
            (
                kind == "2" and bool(house.members),
                rules.CollectiveHasNoMembers(self.household),
            ),
            (house.collective and kind != "2", rules.CollectiveStays(self.household)),
        )
        registrar.enter(
            self.household,
            HouseholdChanged(effective_on=on, household_number=number, household_type=kind),
        )
        settle_renumbered(registrar, self.household, before)
        return {"household": self.household}


@command(STATION)
class CloseHousehold:
    """Close a household without members (销户). Source: GA 214 business 203."""

    household: HouseholdId
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the closing."""
        on = self.on or registrar.today
        registrar.load(Household, self.household, on)
        registrar.enter(self.household, HouseholdClosed(effective_on=on))
        return {"household": self.household}
