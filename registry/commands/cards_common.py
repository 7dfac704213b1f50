"""What every command about cards asks: who has the application in hand, and who acted before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from registry.aggregates import (
    Application,
    Holder,
    Person,
    Sites,
    WorkOrder,
    card_rules,
    making_rules,
    order_rules,
    rules,
)
from registry.aggregates.person import Life
from registry.commands.base import CITY, COUNTY, PROVINCE, STATION
from registry.errors import Forbidden
from registry.registrar import Registrar
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardId,
    ChipSerial,
    OfficeCode,
    PackageId,
    PackageNumber,
    PaperNumber,
    PersonId,
    ProductionError,
    ReceivedQuality,
)
from registry.vocabulary import VOCABULARY, Kind

#: Nothing is wrong (合格), in both tables of faults.
SOUND = "00"


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


def package_id(registrar: Registrar, number: PackageNumber) -> PackageId:
    """The stream of a package."""
    return PackageId(registrar.named(Kind.PACKAGE, number))


def refuse_other_site(registrar: Registrar, *sites: OfficeCode | None) -> None:
    """Refuse what stands at a production site to an officer of another one."""
    office = registrar.authority.office
    registrar.refuse_if(
        *(
            (site is not None and not office.within(site), making_rules.OtherSite(site))
            for site in dict.fromkeys(sites)
        )
    )


def body_id(registrar: Registrar, serial: ChipSerial) -> CardId:
    """The stream of a card body."""
    return CardId(registrar.named(Kind.CARD, serial))


def order_id(registrar: Registrar, number: PaperNumber) -> UUID:
    """The stream of a work order."""
    return registrar.named(Kind.WORK_ORDER, number)


def refuse_other_run(registrar: Registrar, number: PaperNumber | None, run: int | None) -> None:
    """Refuse to set a blank aside for a work order that another run has in hand."""
    if number is None:
        return
    order = registrar.find(WorkOrder, order_id(registrar, number))
    if order is not None:
        registrar.refuse_if(
            (order.closed_on is not None, order_rules.OrderIsClosed(number)),
            (run != order.run, order_rules.RunIsOver(run)),
        )


def sites_id(registrar: Registrar) -> UUID:
    """The stream of the production sites."""
    return registrar.named(Kind.SITES, "sites")


def sites_of(registrar: Registrar) -> Sites:
    """The production sites of the province."""
    stream = sites_id(registrar)
    return registrar.find(Sites, stream) or Sites(id=stream)


def act_for(registrar: Registrar, tier: Tier) -> None:
    """Turn away who does not act for a tier."""
    if tier.value not in registrar.authority.roles:
        raise Forbidden(f"this step is for the {tier.value}; ask an officer there")


def in_hand(registrar: Registrar, ids: Sequence[ApplicationId]) -> list[Application]:
    """Applications of the officer's area, each named once.

    A card that its holder has is a matter of where the holder is registered now, or was last, too.
    """
    registrar.refuse_if((not ids, card_rules.NothingNamed()))
    found = loaded(registrar, ids)
    refuse_outside(registrar, found)
    return found


def loaded(registrar: Registrar, ids: Sequence[ApplicationId]) -> list[Application]:
    """Applications of whatever area, each named once."""
    registrar.prefetch(ids)
    return [registrar.load(Application, one) for one in dict.fromkeys(ids)]


def refuse_outside(registrar: Registrar, found: Sequence[Application]) -> None:
    """Refuse applications of another area; `in_hand` says which are."""
    outside = [one for one in found if not registrar.in_area(one.community)]
    registrar.prefetch([one.person for one in outside if one.with_holder])
    far = [one for one in outside if not (one.with_holder and _lives_here(registrar, one))]
    registrar.refuse_if(*((True, rules.OutsideArea(one.acceptance_number)) for one in far))


def person_of(registrar: Registrar, stream: PersonId) -> Person:
    """A holder as registered today; one whose registration was reversed counts as deleted (冲销).

    Such a record is not there any more, but the application and the card are, and come to an end.
    """
    return registrar.find(Person, stream) or Person(id=stream, life=Life.DELETED)


def _lives_here(registrar: Registrar, one: Application) -> bool:
    holder = person_of(registrar, one.person)
    home = holder.community or holder.left_community
    return home is not None and registrar.in_area(home)


def refuse_sound(registrar: Registrar, fault: ProductionError | ReceivedQuality) -> None:
    """Refuse to send back what is said to be good: code 00 names no fault."""
    registrar.refuse_if((fault == SOUND, card_rules.ErrorNotNamed(fault)))


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


def applications_of(registrar: Registrar, person: PersonId) -> list[Application]:
    """Every application of a person, the oldest first."""
    holder = registrar.find(Holder, holder_id(registrar, person))
    if holder is None:
        return []
    registrar.prefetch(holder.applications)
    return [registrar.load(Application, one) for one in holder.applications]
