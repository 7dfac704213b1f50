"""Streets and door plates, named and numbered by civil affairs (街路巷, 门楼牌)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Doorplate, Street, rules
from registry.commands.base import CIVIL_AFFAIRS, COUNTY, STATION, command
from registry.events.address import (
    DoorplateChanged,
    DoorplateClosed,
    DoorplateFrozen,
    DoorplateRegistered,
    StreetClosed,
    StreetNamed,
    StreetRenamed,
)
from registry.registrar import Registrar
from registry.values import CommunityId, DivisionId, DoorplateId, PlateNumber, StreetId, Text


@command(CIVIL_AFFAIRS)
class NameStreet:
    """Give a street a name (街路巷命名). Source: 地名管理条例."""

    division: DivisionId
    street_name: Text
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the street."""
        on = self.on or registrar.today
        fact = registrar.places().fact(self.division, on)
        known = fact is not None and fact.level is not None and not fact.closed
        registrar.refuse_if(
            (not known, rules.DivisionUnknown(self.division)),
            (not registrar.in_area(self.division), rules.OutsideArea(self.division)),
        )
        street = StreetId(registrar.new_id())
        registrar.enter(
            street,
            StreetNamed(effective_on=on, division=self.division, street_name=self.street_name),
        )
        return {"street": street}


@command(CIVIL_AFFAIRS)
class RenameStreet:
    """Give a street another name (街路巷更名). Source: 地名管理条例."""

    street: StreetId
    street_name: Text
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the new name."""
        on = self.on or registrar.today
        known = registrar.load(Street, self.street, on)
        registrar.refuse_if(
            (known.street_name == self.street_name, rules.NothingChanges()),
            (not registrar.in_area(known.division), rules.OutsideArea(known.division)),
        )
        registrar.enter(self.street, StreetRenamed(effective_on=on, street_name=self.street_name))
        return {"street": self.street}


@command(CIVIL_AFFAIRS)
class CloseStreet:
    """End a street (街路巷撤销). Source: 地名管理条例."""

    street: StreetId
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        on = self.on or registrar.today
        known = registrar.load(Street, self.street, on)
        registrar.refuse_if(
            (not registrar.in_area(known.division), rules.OutsideArea(known.division))
        )
        registrar.enter(self.street, StreetClosed(effective_on=on))
        return {"street": self.street}


def open_street(registrar: Registrar, street: StreetId, on: date) -> None:
    """A street that takes door plates on a day."""
    known = registrar.load(Street, street, on)
    registrar.refuse_if((known.closed_on is not None, rules.StreetIsClosed(street)))


@command(CIVIL_AFFAIRS, STATION)
class RegisterDoorplate:
    """Register a door plate in a community (地登记). Source: GA 214 business 301."""

    street: StreetId
    plate_number: PlateNumber
    plate_detail: Text | None = None
    community: CommunityId
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the door plate."""
        on = self.on or registrar.today
        open_street(registrar, self.street, on)
        community = registrar.places().community(self.community, on)
        registrar.refuse_if((community is None, rules.CommunityUnknown(self.community)))
        doorplate = DoorplateId(registrar.new_id())
        registrar.enter(
            doorplate,
            DoorplateRegistered(
                effective_on=on,
                street=self.street,
                plate_number=self.plate_number,
                plate_detail=self.plate_detail,
                community=self.community,
            ),
        )
        return {"doorplate": doorplate}


@command(CIVIL_AFFAIRS, STATION)
class ChangeDoorplate:
    """Renumber a door plate (地项目变更). Source: GA 214 business 302."""

    doorplate: DoorplateId
    street: StreetId | None = None
    plate_number: PlateNumber
    plate_detail: Text | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the new number."""
        on = self.on or registrar.today
        plate = registrar.load(Doorplate, self.doorplate, on)
        street = self.street or plate.street
        open_street(registrar, street, on)
        new = (street, self.plate_number, self.plate_detail)
        old = (plate.street, plate.plate_number, plate.plate_detail)
        registrar.refuse_if((new == old, rules.NothingChanges()))
        registrar.enter(
            self.doorplate,
            DoorplateChanged(
                effective_on=on,
                street=street,
                plate_number=self.plate_number,
                plate_detail=self.plate_detail,
            ),
        )
        return {"doorplate": self.doorplate}


@command(COUNTY)
class FreezeDoorplate:
    """Close a door plate to newcomers, also on earlier days, or open it again (冻结, 解冻).

    Source: GA 214 address records.
    """

    doorplate: DoorplateId
    frozen: bool = True
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the freeze."""
        on = self.on or registrar.today
        plate = registrar.load(Doorplate, self.doorplate, on)
        registrar.refuse_if((plate.frozen == self.frozen, rules.NothingChanges("frozen")))
        registrar.enter(self.doorplate, DoorplateFrozen(effective_on=on, frozen=self.frozen))
        return {"doorplate": self.doorplate}


@command(CIVIL_AFFAIRS)
class CloseDoorplate:
    """Withdraw a door plate that takes no newcomers any more (地撤消).

    It must have been frozen, so that no household settles while it is emptied.
    Source: GA 214 business 303.
    """

    doorplate: DoorplateId
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the withdrawal."""
        on = self.on or registrar.today
        plate = registrar.load(Doorplate, self.doorplate, on)
        registrar.refuse_if((not plate.frozen, rules.DoorplateOccupied(self.doorplate)))
        registrar.enter(self.doorplate, DoorplateClosed(effective_on=on))
        return {"doorplate": self.doorplate}
