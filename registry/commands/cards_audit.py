"""Audit and signing at the county, the province's check of the number (审核签发)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.aggregates import Application, Number, card_rules
from registry.card_terms import issuing_authority, valid_until
from registry.chip.text import faults
from registry.commands.base import COUNTY, PROVINCE, command
from registry.commands.cards_common import (
    enter_all,
    in_hand,
    refuse_same_officer,
    refuse_sound,
    told,
)
from registry.commands.cards_fitness import (
    addresses_of,
    dispute,
    people_of,
    refuse_unfit,
    unfit,
)
from registry.commands.numbering import number_id
from registry.errors import Rule
from registry.events.applications import (
    CardSigned,
    CountyAuditFailed,
    CountyAuditPassed,
    HeldForDuplicateNumber,
    ProvinceCheckFailed,
    ProvinceCheckPassed,
)
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    Level,
    OfficeCode,
    ProductionError,
    Text,
)

TWO_HOLDERS, WRONG_NUMBER = ProductionError("30"), ProductionError("40")
TEXT_WRONG, LOGIC, OTHER = (ProductionError(code) for code in ("10", "60", "90"))
#: Gates that may be closed without anything being wrong with the data themselves.
CLOSED_GATES = frozenset({card_rules.BaselineNotAccepted, card_rules.PersonNotVerified})


@command(COUNTY)
class PassCountyAudit:
    """Find the data of applications good, by an officer who did not accept them (区县审核通过).

    Source: Deyang plan of 2004 (德办发(2004)39号): audit and signing at the county.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the audit of each, if its card may still be made."""
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        for one in found:
            refuse_same_officer(registrar, one, "00", "01", "06")
            refuse_unfit(registrar, people[one.person], one)
        event = CountyAuditPassed(effective_on=registrar.today)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(COUNTY)
class FailCountyAudit:
    """Send the data back to the station, or take an audit or a signature back (区县审核不通过).

    Source: 二代证受理状态 12; GA 214.10-2004.
    """

    application: ApplicationId
    error: ProductionError
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the error and its grounds."""
        (one,) = in_hand(registrar, (self.application,))
        refuse_sound(registrar, self.error)
        registrar.enter(
            one.id,
            CountyAuditFailed(effective_on=registrar.today, error=self.error, grounds=self.grounds),
        )
        return {"application": one.id}


@command(COUNTY)
class HoldApplication:
    """Hold an application while its person's number is in an open case (重号).

    Source: 二代证受理状态 10; 公通字[2004]6号.
    """

    application: ApplicationId

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the case for which it is held."""
        (one,) = in_hand(registrar, (self.application,))
        person = people_of(registrar, [one])[one.person]
        case = dispute(registrar, person)
        registrar.refuse_if((case is None, card_rules.NothingInDispute(one.acceptance_number)))
        registrar.stop_if_refused()
        assert case is not None, "refused above"
        registrar.enter(one.id, HeldForDuplicateNumber(effective_on=registrar.today, case=case))
        return {"application": one.id, "case": case}


@command(COUNTY)
class SignCards:
    """Sign cards: their terms and the issuing authority are fixed with this day (签发).

    The term follows from the age on the day of signing. Who signs did neither accept nor audit.
    What has no room on the card is refused here, with its field named.
    Source: 居民身份证法 art. 5, 8; GA 214.8-2004; GA 490-2004.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter each signature."""
        today = registrar.today
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        addresses = addresses_of(registrar, people.values())
        for one in found:
            person, subject = people[one.person], one.acceptance_number
            refuse_same_officer(registrar, one, "00", "01", "06", "11")
            wrong = list(unfit(registrar, person, one))
            registrar.refuse_if(*((True, rule) for rule in wrong))
            if wrong:
                continue
            birth, address = person.birth_date, addresses[one.person]
            office, name = issuer(registrar, one)
            registrar.refuse_if(
                (birth is None, card_rules.BirthDateUnknown(subject)),
                (address is None, card_rules.AddressUnknown(subject)),
            )
            if birth is None or address is None:
                continue
            for fault in faults(name=person.name or "", address=address, authority=name):
                what = f"{subject}: {fault.at} {fault.message}"
                registrar.refuse_if((True, card_rules.DoesNotFitCard(what)))
            registrar.enter(
                one.id,
                CardSigned(
                    effective_on=today,
                    valid_from=today,
                    valid_until=valid_until(birth, today),
                    authority=office,
                    authority_name=name,
                ),
            )
        return told(found)


def issuer(registrar: Registrar, one: Application) -> tuple[OfficeCode, Text]:
    """The bureau that issues a card, and what the card prints of it: the police of the station.

    Source: 居民身份证法 art. 8.
    """
    today = registrar.today
    names = {fact.level: fact for _, fact in registrar.places().above(one.community, today)}
    county, city = names[Level.COUNTY], names.get(Level.CITY)
    office, name = issuing_authority(
        one.station, county.code or one.county, county.name, city.name if city else None, today
    )
    return office, Text(name)


@command(PROVINCE)
class CheckNumbers:
    """Check that each number is one person's alone in the whole province (省厅审核).

    Whose is not goes back with error 30 (two holders) or 40 (not the number of the person); whose
    name or other item was changed since with 10 (text), who has died or moved away with 60 (logic),
    and where a gate was closed again with 90 (other).
    Source: 二代证受理状态 22, 23; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what was found of each."""
        today = registrar.today
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        failed = []
        for one in found:
            person = people[one.person]
            number = None if person.number is None else number_id(registrar, person.number)
            holders = registrar.find(Number, number) if number is not None else None
            own = holders is not None and one.person in holders.held_by
            shared = dispute(registrar, person) is not None
            error = _error(list(unfit(registrar, person, one)), own, shared)
            if error is None:
                registrar.enter(one.id, ProvinceCheckPassed(effective_on=today))
                continue
            failed.append(one.id)
            registrar.enter(one.id, ProvinceCheckFailed(effective_on=today, error=error))
        return {"passed": len(found) - len(failed), "failed": failed}


def _error(wrong: Sequence[Rule], own: bool, shared: bool) -> ProductionError | None:
    """With which error data go back, the gravest first; None where they are good."""
    kinds = {type(rule) for rule in wrong} - {card_rules.NumberInDispute}
    if kinds - CLOSED_GATES - {card_rules.NumberChanged, card_rules.ItemsChanged}:
        return LOGIC
    if not own or card_rules.NumberChanged in kinds:
        return WRONG_NUMBER
    if shared:
        return TWO_HOLDERS
    if card_rules.ItemsChanged in kinds:
        return TEXT_WRONG
    return OTHER if kinds else None


@command(PROVINCE)
class FailProvinceCheck:
    """Send the data back from the province for another error, or take a check back (省厅退回).

    Source: 二代证受理状态 23; GA 214.10-2004.
    """

    application: ApplicationId
    error: ProductionError
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the error and its grounds."""
        (one,) = in_hand(registrar, (self.application,))
        refuse_sound(registrar, self.error)
        registrar.enter(
            one.id,
            ProvinceCheckFailed(
                effective_on=registrar.today, error=self.error, grounds=self.grounds
            ),
        )
        return {"application": one.id}
