"""What happens to households and door plates."""

from __future__ import annotations

from random import Random
from typing import Any

from registry.aggregates import Household
from registry.events import address, household
from registry.history import standing
from registry.values import (
    CommunityId,
    DoorplateId,
    HouseholdNumber,
    HouseholdType,
    PersonId,
    PlateNumber,
    Relationship,
    StreetId,
    Text,
)
from tests.happenings.log import Log, lately, some

HEAD, OTHER = Relationship("02"), Relationship("97")
FAMILY, COLLECTIVE = HouseholdType("1"), HouseholdType("2")


def change_household(chance: Random, log: Log) -> None:
    """Something happens to a household."""
    stream = some(chance, log, "household", 3)
    day = lately(chance, log)
    history = log.streams.get(stream, [])
    state: Any = Household.fold([one for one in standing(history) if one.effective_on <= day])
    at: dict[str, Any] = {
        "effective_on": day,
        "doorplate": DoorplateId(some(chance, log, "doorplate", 2)),
        "community": CommunityId(some(chance, log, "community", 3)),
    }
    if not history:
        first = PersonId(some(chance, log, "person", log.people))
        collective = chance.random() < 0.5
        members = () if collective else (household.Member(person=first, relation=HEAD),)
        log.add(
            stream,
            household.HouseholdEstablished(
                **at,
                household_number=HouseholdNumber("000000001"),
                household_type=COLLECTIVE if collective else FAMILY,
                members=members,
                head=None if collective else first,
            ),
        )
        return
    if state is None:
        return
    someone = PersonId(some(chance, log, "person", log.people))
    match chance.choice(["join", "leave", "move", "form", "close", "void"]):
        case "join":
            joined = (household.Member(person=someone, relation=OTHER),)
            log.add(
                stream,
                household.MembersChanged(
                    effective_on=day, business=105, joined=joined, head=state.head
                ),
            )
        case "leave":
            rest = [one for one in state.members if one != someone]
            following: Any = rest[0] if rest else None
            head = state.head if state.head != someone else following
            relations = (
                (household.Member(person=head, relation=HEAD),)
                if head is not None and head != state.head
                else ()
            )
            log.add(
                stream,
                household.MembersChanged(
                    effective_on=day, business=106, left=(someone,), relations=relations, head=head
                ),
            )
        case "move":
            log.add(stream, household.HouseholdMoved(**at))
        case "form":
            digits = HouseholdNumber(f"{chance.randint(1, 9):09}")
            log.add(
                stream,
                household.HouseholdChanged(
                    effective_on=day, household_number=digits, household_type=state.household_type
                ),
            )
        case "close":
            log.add(stream, household.HouseholdClosed(effective_on=day))
        case "void":
            wrong = chance.choice(history)
            log.add(
                stream,
                household.HouseholdEntriesVoided(
                    effective_on=wrong.effective_on, voids=(wrong.version,), grounds=Text("误录")
                ),
            )


def change_doorplate(chance: Random, log: Log) -> None:
    """Something happens to a door plate."""
    stream = some(chance, log, "doorplate", 2)
    day = lately(chance, log)
    plate: dict[str, Any] = {
        "effective_on": day,
        "street": StreetId(log.id("street", 1)),
        "plate_number": PlateNumber(f"{chance.randint(1, 3)}号"),
    }
    community = CommunityId(some(chance, log, "community", 3))
    if stream not in log.streams:
        log.add(stream, address.DoorplateRegistered(**plate, community=community))
        return
    match chance.choice(["renumber", "freeze", "adjust", "close", "void"]):
        case "renumber":
            log.add(stream, address.DoorplateChanged(**plate))
        case "freeze":
            frozen = chance.random() < 0.5
            log.add(stream, address.DoorplateFrozen(effective_on=day, frozen=frozen))
        case "adjust":
            log.add(
                stream,
                address.DoorplateAdjusted(effective_on=day, document="文", community=community),
            )
        case "close":
            log.add(stream, address.DoorplateClosed(effective_on=day))
        case "void":
            wrong = chance.choice(log.streams[stream])
            log.add(
                stream,
                address.DoorplateEntriesVoided(
                    effective_on=wrong.effective_on, voids=(wrong.version,), grounds=Text("误录")
                ),
            )
