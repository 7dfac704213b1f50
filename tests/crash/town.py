"""A small town for tests that start processes: where people can be registered, and who is there."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Engine

from adapters.assembly import Settings, assemble, namespace_of
from adapters.eventstore import Recorder
from registry.codec import Codec
from registry.commands.addresses import NameStreet, RegisterDoorplate
from registry.commands.membership import NewHousehold
from registry.commands.places import AllotSegment, EstablishCommunity, EstablishDivision
from registry.commands.vital import SupplementRecord
from registry.register import Authority, Command, Submission
from registry.values import (
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    Level,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    PaperNumber,
    PersonId,
    PlateNumber,
    Relationship,
    Sex,
    StreetId,
    Text,
)

ROLES = frozenset({"station", "county", "civil-affairs", "administrator"})
OFFICE = OfficeCode("510603001001")
NAMESPACE = UUID("6f1d3c57-2a0b-4d39-9d57-0b1b1d1f3a77")
BEGINNING = date(1990, 1, 1)
PROVINCE, CITY, COUNTY, COMMUNITY = (
    uuid5(NAMESPACE, name) for name in ("province", "city", "county", "community")
)


def found(url: str, last: int = 999) -> DoorplateId:
    """Make a database a register with one county, one community and a door plate, its answer.

    last: the last sequence code that the station holds.
    """
    parts = assemble(
        Settings(database=url, durability="off", namespace=str(NAMESPACE)), create=True
    )
    by = Authority(Officer("Li"), OFFICE, ROLES)

    def do(command: Command) -> dict[str, str]:
        answer: dict[str, str] = json.loads(
            parts.register.do(Submission(uuid4(), by, command)).answer
        )
        return answer

    above = None
    for level, code, division in (
        (Level.PROVINCE, "510000", PROVINCE),
        (Level.CITY, "510600", CITY),
        (Level.COUNTY, "510603", COUNTY),
    ):
        do(
            EstablishDivision(
                level=level,
                division_code=DivisionCode(code),
                division_name=Text(code),
                parent=above,
                division=DivisionId(division),
                on=BEGINNING,
            )
        )
        above = DivisionId(division)
    do(
        EstablishCommunity(
            community_name=Text("甲"),
            community_kind=CommunityKind("31"),
            parent=DivisionId(COUNTY),
            community=CommunityId(COMMUNITY),
            on=BEGINNING,
        )
    )
    do(
        AllotSegment(
            address_code=DivisionCode("510603"),
            station=OFFICE,
            first=1,
            last=last,
            valid_from=date(1900, 1, 1),
        )
    )
    street = do(NameStreet(division=DivisionId(COUNTY), street_name=Text("长江路"), on=BEGINNING))
    plate = do(
        RegisterDoorplate(
            street=StreetId(UUID(street["street"])),
            plate_number=PlateNumber("1号"),
            community=CommunityId(COMMUNITY),
            on=BEGINNING,
        )
    )
    parts.engine.dispose()
    return DoorplateId(UUID(plate["doorplate"]))


_PLATES: list[DoorplateId] = []


def people(engine: Engine) -> list[tuple[PersonId, HouseholdId]]:
    """Everybody who has entered, with their first household; notes the town's door plate, too."""
    store = Recorder(engine, node=1)
    codec = Codec()
    found: list[tuple[PersonId, HouseholdId]] = []
    head, _ = store.head()
    assert namespace_of(engine, 1) == NAMESPACE
    for stored in store.page(0, head):
        event = codec.entry(stored).event
        stream = UUID(str(stored.originator_id))
        if type(event).__name__ == "DoorplateRegistered":
            _PLATES[:] = [DoorplateId(stream)]
        elif type(event).__name__ == "RecordSupplemented":
            found.append((PersonId(stream), event.household))
    return found


def supplement(number: int, sex: Sex, born: date, plate: DoorplateId | None = None) -> Command:
    """An adult who founds a household."""
    return SupplementRecord(
        new_household=NewHousehold(
            doorplate=plate or _PLATES[0], household_number=HouseholdNumber(str(number))
        ),
        relation=Relationship("02"),
        name=Name("王大"),
        sex=sex,
        birth_date=born,
        nationality=Nationality("01"),
        grounds=Text("漏登"),
        approval=PaperNumber("A1"),
        declarant=Name("王大"),
        on=date(2020, 1, 1),
    )
