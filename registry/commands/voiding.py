"""Undoing entries that stand on a household, a door plate or a street alone (冲销).

What also stands on persons' streams is undone from there, all streams of the business together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from registry.aggregates import Aggregate, Doorplate, Household, Street, rules
from registry.commands.base import CIVIL_AFFAIRS, COUNTY, STATION, command
from registry.entry import Entry
from registry.events.address import (
    DoorplateAdjusted,
    DoorplateEntriesVoided,
    DoorplateImported,
    DoorplateRegistered,
    StreetEntriesVoided,
    StreetNamed,
)
from registry.events.household import (
    HouseholdChanged,
    HouseholdClosed,
    HouseholdEntriesVoided,
    HouseholdEstablished,
    MembersChanged,
)
from registry.history import voided_versions
from registry.registrar import Registrar
from registry.values import DoorplateId, HouseholdId, StreetId, Text


def together(
    registrar: Registrar, kind: type[Aggregate], stream: UUID, version: int
) -> list[Entry]:
    """The standing entries of a stream that were entered by one submission."""
    registrar.refuse_elsewhere(registrar.load(kind, stream))
    entries = registrar.entries(stream)
    fallen = voided_versions(entries)
    if not 1 <= version <= len(entries) or version in fallen:
        registrar.refuse_if((True, rules.NothingToVoid(version)))
        registrar.stop_if_refused()
    submission = entries[version - 1].submission
    return [one for one in entries if one.submission == submission and one.version not in fallen]


def void(
    registrar: Registrar, stream: UUID, entries: list[Entry], kind: type[Any], grounds: Text
) -> None:
    """Enter the void of entries of one stream."""
    registrar.enter(
        stream,
        kind(
            effective_on=entries[0].effective_on,
            voids=tuple(one.version for one in entries),
            grounds=grounds,
        ),
    )


def refuse_unfit(registrar: Registrar, entries: list[Entry], fits: list[bool]) -> None:
    """An entry that other streams or the law rest on is not undone alone."""
    registrar.refuse_if(
        *(
            (not fit, rules.NotReversible(f"version {entry.version}"))
            for entry, fit in zip(entries, fits, strict=True)
        )
    )
    registrar.stop_if_refused()


@command(STATION, COUNTY)
class VoidHouseholdEntry:
    """Undo a change of head, relations, number or type, or a closing without moves (冲销).

    Source: GA 214 reversal codes.
    """

    household: HouseholdId
    version: int
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the void."""
        entries = together(registrar, Household, self.household, self.version)
        refuse_unfit(registrar, entries, [self._alone(one.event) for one in entries])
        if any(isinstance(one.event, HouseholdClosed) for one in entries):
            house = registrar.load(Household, self.household)
            plate = registrar.find(Doorplate, house.doorplate)
            gone = plate is not None and plate.closed_on is not None
            registrar.refuse_if((gone, rules.DoorplateIsClosed(house.doorplate)))
        void(registrar, self.household, entries, HouseholdEntriesVoided, self.grounds)
        return {"household": self.household}

    @staticmethod
    def _alone(event: Any) -> bool:
        if isinstance(event, MembersChanged):
            return not event.joined and not event.left
        if isinstance(event, HouseholdEstablished):
            return not event.members
        return isinstance(event, (HouseholdChanged, HouseholdClosed))


@command(CIVIL_AFFAIRS, STATION, COUNTY)
class VoidDoorplateEntry:
    """Undo a renumbering, a freeze or a withdrawal of a door plate (冲销).

    Source: GA 214 reversal codes.
    """

    doorplate: DoorplateId
    version: int
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the void."""
        entries = together(registrar, Doorplate, self.doorplate, self.version)
        rested_on = (DoorplateRegistered, DoorplateImported, DoorplateAdjusted)
        refuse_unfit(registrar, entries, [not isinstance(one.event, rested_on) for one in entries])
        void(registrar, self.doorplate, entries, DoorplateEntriesVoided, self.grounds)
        return {"doorplate": self.doorplate}


@command(CIVIL_AFFAIRS)
class VoidStreetEntry:
    """Undo a renaming or the end of a street (冲销). Source: GA 214 reversal codes."""

    street: StreetId
    version: int
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the void."""
        entries = together(registrar, Street, self.street, self.version)
        refuse_unfit(
            registrar, entries, [not isinstance(one.event, StreetNamed) for one in entries]
        )
        void(registrar, self.street, entries, StreetEntriesVoided, self.grounds)
        return {"street": self.street}
