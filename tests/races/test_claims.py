"""Sixteen writers at once who give one household number, plate number or street name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.founded import consult
from adapters.projector import Projector
from adapters.reading import reading
from adapters.repeated import repeated
from registry.aggregates import Doorplate, Street
from registry.commands.addresses import (
    CloseDoorplate,
    FreezeDoorplate,
    NameStreet,
    RegisterDoorplate,
)
from registry.commands.households import FoundHousehold
from registry.days import day_at
from registry.errors import Conflict, Refused
from registry.projections.base import At
from registry.register import Command, Submission
from registry.store import Receipt
from registry.values import DoorplateId, HouseholdNumber, PlateNumber, Text
from tests.crash.town import found
from tests.races.test_races import BY, WRITERS, opened


@pytest.mark.parametrize("what", ["household-number", "plate-number", "street-name"])
def test_of_sixteen_who_give_one_number_or_name_at_once_one_does(database_url, what):
    """Read models told all of them that it is free; the store lets in whoever comes first."""
    plate = found(database_url)
    registers = [opened(database_url) for _ in range(2)]
    first = registers[0]
    stands = Doorplate.fold(first.register.history(plate))
    assert stands is not None
    street = Street.fold(first.register.history(stands.street))
    assert street is not None
    commands: dict[str, Command] = {
        "household-number": FoundHousehold(doorplate=plate, household_number=HouseholdNumber("77")),
        "plate-number": RegisterDoorplate(
            street=stands.street, plate_number=PlateNumber("77号"), community=stands.community
        ),
        "street-name": NameStreet(division=street.division, street_name=Text("黄河路")),
    }
    command = commands[what]
    projector = Projector(first.engine, first.store)
    projector.catch_up()
    start = Barrier(WRITERS)

    def send(number: int) -> Receipt | Conflict:
        parts = registers[number % 2]
        about = consult(command, BY, parts, projector, parts.register.clock())
        start.wait()
        try:
            return parts.register.do(Submission(uuid4(), BY, command, *about))
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(send, range(WRITERS)))
    assert sum(isinstance(one, Receipt) for one in results) == 1
    projector.catch_up()
    about = consult(command, BY, first, projector, first.register.clock())
    with pytest.raises(Refused) as refused:
        registers[1].register.do(Submission(uuid4(), BY, command, *about))
    assert [rule.code for rule in refused.value.rules] == [f"{what}-taken"]
    if isinstance(command, RegisterDoorplate):
        told = replace(command, plate_detail=Text("2幢"))
        about = consult(told, BY, first, projector, first.register.clock())
        assert about[1] == (), "what has another detail is another plate"
    for parts in registers:
        parts.engine.dispose()


def test_what_is_borne_more_than_once_is_listed_on_either_database(database_url):
    """As an import leaves it: nobody asks read models before."""
    plate = found(database_url)
    parts = opened(database_url)
    stands = Doorplate.fold(parts.register.history(plate))
    assert stands is not None
    street = Street.fold(parts.register.history(stands.street))
    assert street is not None
    fields: dict[str, Any] = {"street": stands.street, "community": stands.community}
    commands: list[Command] = [
        *(FoundHousehold(doorplate=plate, household_number=HouseholdNumber(n)) for n in "778"),
        *(RegisterDoorplate(plate_number=PlateNumber(n), **fields) for n in "556"),
        RegisterDoorplate(plate_number=PlateNumber("5"), plate_detail=Text("2幢"), **fields),
        *(NameStreet(division=street.division, street_name=Text(n)) for n in "黄黄河"),
    ]
    made = [
        parts.register.do(Submission(uuid4(), BY, one)).answer.decode()[-38:-2] for one in commands
    ]
    projector = Projector(parts.engine, parts.store)
    projector.catch_up()
    with reading(parts.engine) as reader:
        at = At(day_at(parts.register.clock()), reader.reached)
        listed = repeated(reader, at)
    told = {(one.what, str(one.subject), one.borne) for one in listed}
    assert told == {
        *(("household-number", made[n], "7") for n in (0, 1)),
        *(("plate-number", made[n], "5") for n in (3, 4)),
        *(("street-name", made[n], "黄") for n in (7, 8)),
    }
    gone = DoorplateId(UUID(made[4]))
    for leaves in (FreezeDoorplate(doorplate=gone), CloseDoorplate(doorplate=gone)):
        parts.register.do(Submission(uuid4(), BY, leaves))
    projector.catch_up()
    with reading(parts.engine) as reader:
        listed = repeated(reader, At(at.valid_on, reader.reached))
    assert {one.what for one in listed} == {"household-number", "street-name"}
    parts.engine.dispose()
