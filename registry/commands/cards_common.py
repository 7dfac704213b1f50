"""What every command about cards asks: who has the application in hand, and who acted before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from registry.aggregates import (
    Application,
    Holder,
    Number,
    NumberCase,
    Person,
    Readiness,
    card_rules,
    rules,
)
from registry.commands.base import CITY, COUNTY, PROVINCE, STATION
from registry.commands.numbering import case_id, number_id
from registry.errors import Forbidden
from registry.registrar import Registrar
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CaseId,
    CommunityId,
    Level,
    NumberFaultKind,
    PackageId,
    PaperNumber,
    PersonId,
)
from registry.vocabulary import VOCABULARY, Kind


class Tier(StrEnum):
    """A tier of the police through whose hands data and cards pass."""

    STATION = STATION
    COUNTY = COUNTY
    CITY = CITY
    PROVINCE = PROVINCE


def application_id(registrar: Registrar, number: AcceptanceNumber) -> ApplicationId:
    """The stream of an application."""
    return ApplicationId(registrar.named(Kind.APPLICATION, number))


def holder_id(registrar: Registrar, person: PersonId) -> UUID:
    """The stream that lists a person's applications."""
    return registrar.named(Kind.HOLDER, str(person))


def package_id(registrar: Registrar, number: PaperNumber | None) -> PackageId | None:
    """The name of a package by its number; data that came over a line have none."""
    return (
        None
        if number is None
        else PackageId(uuid5(registrar.setting.namespace, f"package/{number}"))
    )


def act_for(registrar: Registrar, tier: Tier) -> None:
    """Turn away who does not act for a tier."""
    if tier.value not in registrar.authority.roles:
        raise Forbidden(f"this step is for the {tier.value}; ask an officer there")


def in_hand(registrar: Registrar, ids: Sequence[ApplicationId]) -> list[Application]:
    """Applications of the officer's area, each named once."""
    registrar.prefetch(ids)
    found = [registrar.load(Application, one) for one in dict.fromkeys(ids)]
    registrar.refuse_if(
        (not ids, card_rules.NothingNamed()),
        *(
            (not registrar.in_area(one.community), rules.OutsideArea(one.acceptance_number))
            for one in found
        ),
    )
    return found


def enter_all(registrar: Registrar, ids: Iterable[ApplicationId], event: Any) -> None:
    """Note the same event on several applications."""
    for one in dict.fromkeys(ids):
        registrar.enter(one, event)


def told(applications: Sequence[Application]) -> Mapping[str, Any]:
    """What a submitter is told of a step with several applications."""
    return {"applications": len(applications)}


def refuse_same_officer(registrar: Registrar, one: Application, *states: str) -> None:
    """Refuse the officer who brought an application into one of some states last, if set so."""
    if not registrar.setting.cards.separate:
        return
    last: dict[str, str] = {}
    for entry in registrar.entries(one.id):
        reached = VOCABULARY[type(entry.event)].reaches
        if reached is not None:
            last[reached] = entry.officer
    same = registrar.authority.officer in {last.get(state) for state in states}
    registrar.refuse_if((same, card_rules.SameOfficer(one.acceptance_number)))


def refuse_unproposed(
    registrar: Registrar, stream: UUID, version: int, proposal: type[Any]
) -> None:
    """Refuse to confirm what another officer has not proposed, or what has moved on since."""
    entries = registrar.entries(stream)
    proposed = entries[version - 1] if 0 < version <= len(entries) else None
    if proposed is None or version < len(entries) or type(proposed.event) is not proposal:
        registrar.refuse_if((True, card_rules.NothingProposed(version)))
    else:
        same = proposed.officer == registrar.authority.officer
        registrar.refuse_if((same, card_rules.SameOfficer(version)))


def dispute(registrar: Registrar, person: Person) -> CaseId | None:
    """The open case about a person's number, which two holders at one time have too."""
    if person.number is None:
        return None
    streams = [case_id(registrar, fault, person.number) for fault in NumberFaultKind]
    number = number_id(registrar, person.number)
    registrar.prefetch([*streams, number])
    for stream in streams:
        case = registrar.find(NumberCase, stream)
        if case is not None and case.open:
            return stream
    holders = registrar.find(Number, number)
    if holders is not None and len(holders.held_by) > 1:
        return case_id(registrar, NumberFaultKind.DUPLICATE, person.number)
    return None


def applications_of(registrar: Registrar, person: PersonId) -> list[Application]:
    """Every application of a person, the oldest first."""
    holder = registrar.find(Holder, holder_id(registrar, person))
    if holder is None:
        return []
    registrar.prefetch(holder.applications)
    return [registrar.load(Application, one) for one in holder.applications]


def readiness_of(registrar: Registrar, community: CommunityId) -> Readiness | None:
    """What was decided about the county of a community."""
    places = registrar.places()
    for place, fact in places.above(community, registrar.today):
        if fact.level is Level.COUNTY:
            return registrar.find(Readiness, place)
    return None
