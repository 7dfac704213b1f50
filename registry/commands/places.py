"""The tree of places and the sequence codes that counties allot to stations (区划, 顺序码段)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Doorplate, Household, Person, SegmentPlan, rules
from registry.commands.base import ADMINISTRATOR, COUNTY, command
from registry.commands.membership import refuse_later_members
from registry.events.address import DoorplateAdjusted
from registry.events.household import HouseholdAdjusted
from registry.events.numbers import SegmentAllotted
from registry.events.person import ResidenceAdjusted
from registry.events.places import (
    CommunityEstablished,
    CommunityRenamed,
    DivisionAbolished,
    DivisionAdjusted,
    DivisionEstablished,
    DivisionRenamed,
    Moved,
    StationAssigned,
)
from registry.registrar import Registrar
from registry.values import (
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    DoorplateId,
    HouseholdId,
    Level,
    OfficeCode,
    PersonId,
    Text,
)
from registry.vocabulary import Kind


@command(ADMINISTRATOR)
class EstablishDivision:
    """Set up a division under another one, from a day on, which may lie ahead (设立行政区划).

    Source: GB/T 2260.
    """

    level: Level
    division_code: DivisionCode | None = None
    division_name: Text
    parent: DivisionId | None = None
    division: DivisionId | None = None
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the division."""
        division = self.division or DivisionId(registrar.new_id())
        registrar.places()
        registrar.enter(
            registrar.setting.places,
            DivisionEstablished(
                effective_on=self.on,
                division=division,
                level=self.level,
                division_code=self.division_code,
                division_name=self.division_name,
                parent=self.parent,
            ),
        )
        return {"division": division}


@command(ADMINISTRATOR)
class RenameDivision:
    """Give a division another code or name; it stays itself (更名, 换码). Source: GB/T 2260."""

    division: DivisionId
    division_code: DivisionCode | None = None
    division_name: Text
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter code and name; the code stays where none is given."""
        fact = registrar.places().fact(self.division, self.on)
        registrar.enter(
            registrar.setting.places,
            DivisionRenamed(
                effective_on=self.on,
                division=self.division,
                division_code=self.division_code or (fact.code if fact else None),
                division_name=self.division_name,
                document=self.document,
            ),
        )
        return {"division": self.division}


@command(ADMINISTRATOR, COUNTY)
class AssignStation:
    """Put a community into the care of a police station, from a day on (派出所辖区).

    Source: 公安派出所组织条例.
    """

    community: CommunityId
    station: OfficeCode
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the station."""
        registrar.places()
        registrar.enter(
            registrar.setting.places,
            StationAssigned(effective_on=self.on, community=self.community, station=self.station),
        )
        return {"community": self.community, "station": self.station}


@command(ADMINISTRATOR)
class AbolishDivision:
    """End a division under which nothing is left (撤销). Source: GB/T 2260."""

    division: DivisionId
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        registrar.places()
        registrar.enter(
            registrar.setting.places,
            DivisionAbolished(effective_on=self.on, division=self.division, document=self.document),
        )
        return {"division": self.division}


@command(ADMINISTRATOR)
class EstablishCommunity:
    """Set up a residents' or villagers' committee (社区, 居委会, 村).

    Source: GA 214 community types.
    """

    community_name: Text
    community_kind: CommunityKind
    parent: DivisionId
    community: CommunityId | None = None
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the community."""
        community = self.community or CommunityId(registrar.new_id())
        registrar.places()
        registrar.enter(
            registrar.setting.places,
            CommunityEstablished(
                effective_on=self.on,
                community=community,
                community_name=self.community_name,
                community_kind=self.community_kind,
                parent=self.parent,
            ),
        )
        return {"community": community}


@command(ADMINISTRATOR)
class RenameCommunity:
    """Give a community another name (社区更名). Source: GA 214 community types."""

    community: CommunityId
    community_name: Text
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the name."""
        registrar.places()
        registrar.enter(
            registrar.setting.places,
            CommunityRenamed(
                effective_on=self.on,
                community=self.community,
                community_name=self.community_name,
            ),
        )
        return {"community": self.community}


@command(ADMINISTRATOR)
class AdjustDivision:
    """Pass whole communities or divisions, with all who live there, to other divisions (区划调整).

    One entry, however many people; numbers stay. Source: GA 214 business 400.
    """

    moved: tuple[Moved, ...]
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the adjustment."""
        registrar.places()
        registrar.enter(
            registrar.setting.places,
            DivisionAdjusted(effective_on=self.on, moved=self.moved, document=self.document),
        )
        return {"places": len(self.moved)}


@command(ADMINISTRATOR)
class CutCommunity:
    """Pass door plates and those registered there from one community to another (区划调整).

    For a line drawn through a community: an entry for every resident, sent door plate by door
    plate, so that a run that was interrupted goes on where it stopped; what has passed already
    is left alone. persons: those in collective households. Source: GA 214 business 400.
    """

    doorplates: tuple[DoorplateId, ...]
    households: tuple[HouseholdId, ...]
    persons: tuple[PersonId, ...] = ()
    community: CommunityId
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the adjustment on every door plate, household and resident."""
        registrar.prefetch([*self.doorplates, *self.households, *self.persons])
        known = registrar.places().community(self.community, self.on)
        registrar.refuse_if((known is None, rules.CommunityUnknown(self.community)))
        passed = 0
        concerned = {self.community}  # what passes must be the officer's before and after
        for doorplate in self.doorplates:
            plate = registrar.load(Doorplate, doorplate, self.on)
            concerned.add(plate.community)
            if plate.community != self.community:
                registrar.enter(
                    doorplate,
                    DoorplateAdjusted(
                        effective_on=self.on, community=self.community, document=self.document
                    ),
                )
        persons = set(self.persons)
        for household in self.households:
            house = registrar.load(Household, household, self.on)
            persons.update(house.members)
            concerned.add(house.community)
            elsewhere = house.closed_on is None and house.doorplate not in self.doorplates
            registrar.refuse_if((elsewhere, rules.NotAtDoorplate(household)))
            if house.community != self.community and house.closed_on is None:
                refuse_later_members(registrar, household, self.on)
                registrar.enter(
                    household,
                    HouseholdAdjusted(
                        effective_on=self.on,
                        doorplate=house.doorplate,
                        community=self.community,
                        document=self.document,
                    ),
                )
        registrar.prefetch(persons)
        for person in sorted(persons):
            one = registrar.load(Person, person, self.on)
            if not one.resident or one.community == self.community:
                continue
            assert one.household is not None
            assert one.community is not None
            unnamed = one.household not in self.households
            registrar.refuse_if((unnamed, rules.NotMember(person)))
            concerned.add(one.community)
            passed += 1
            registrar.enter(
                person,
                ResidenceAdjusted(
                    effective_on=self.on,
                    household=one.household,
                    from_community=one.community,
                    community=self.community,
                    document=self.document,
                ),
            )
        registrar.refuse_if(
            *((not registrar.in_area(one), rules.OutsideArea(one)) for one in sorted(concerned))
        )
        return {"persons": passed}


@command(COUNTY, ADMINISTRATOR)
class AllotSegment:
    """Give a station a range of sequence codes for births from a day on (顺序码段).

    Source: GB 11643-1999; sequence register practice.
    """

    address_code: DivisionCode
    station: OfficeCode
    first: int
    last: int
    valid_from: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the allotment."""
        fit = self.address_code.may_number
        stream = registrar.named(Kind.SEGMENTS, self.address_code)
        registrar.find(SegmentPlan, stream)
        registrar.refuse_if(
            (not fit, rules.AddressCodeUnfit(self.address_code)),
            (not registrar.code_in_area(self.address_code), rules.OutsideArea(self.address_code)),
        )
        registrar.enter(
            stream,
            SegmentAllotted(
                effective_on=registrar.today,
                address_code=self.address_code,
                station=self.station,
                first=self.first,
                last=self.last,
                valid_from=self.valid_from,
            ),
        )
        return {"segments": stream}
