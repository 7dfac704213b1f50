"""Audit and signing at the county, the city's sample, the province's check (审核签发)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from registry.aggregates import Application, Number, Person, card_rules, rules
from registry.aggregates.person import Life
from registry.card_terms import CardSetting, authority_name, valid_until
from registry.commands.base import CITY, COUNTY, PROVINCE, command
from registry.commands.cards_common import (
    dispute,
    enter_all,
    in_hand,
    refuse_same_officer,
    told,
)
from registry.commands.cards_gates import county_names, refuse_gates
from registry.commands.numbering import number_id
from registry.events.applications import (
    CardSigned,
    CitySampleOrAuditFailed,
    CitySampleOrAuditPassed,
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
    PersonId,
    ProductionError,
    Text,
)

#: Characters of the issuing authority that a card has room for, in UTF-16 units (GA 490-2004).
AUTHORITY_UNITS = 15
GOOD, LOGIC = ProductionError("00"), ProductionError("60")
TWO_HOLDERS, WRONG_NUMBER = ProductionError("30"), ProductionError("40")


def people_of(registrar: Registrar, applications: Sequence[Application]) -> dict[PersonId, Person]:
    """The applicants as they are registered today."""
    registrar.prefetch([one.person for one in applications])
    return {one.person: registrar.load(Person, one.person) for one in applications}


def refuse_gone(registrar: Registrar, person: Person, one: Application) -> None:
    """Refuse a card for somebody who died, whose record was deleted, or who has moved away."""
    home = person.community or person.left_community
    places, today = registrar.places(), registrar.today
    county = places.code_of(home, Level.COUNTY, today) if home is not None else None
    moved = person.in_transit or county != one.county
    registrar.refuse_if(
        (person.life is Life.DEAD, rules.AlreadyDeceased(one.acceptance_number)),
        (person.life is Life.DELETED, rules.RecordIsDeleted(one.acceptance_number)),
        (person.life is Life.LIVING and moved, card_rules.MovedAway(one.acceptance_number)),
    )


@command(COUNTY)
class PassCountyAudit:
    """Find the data of applications good, by an officer who did not accept them (区县审核通过).

    Source: Deyang plan of 2004 (德办发(2004)39号): audit and signing at the county.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the audit of each, once its gates are still open."""
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        for one in found:
            refuse_same_officer(registrar, one, "00", "01")
            refuse_gone(registrar, people[one.person], one)
            if one.card_kind.generation == 2:
                subject = one.acceptance_number
                refuse_gates(registrar, people[one.person], one.community, subject)
        event = CountyAuditPassed(effective_on=registrar.today)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(COUNTY)
class FailCountyAudit:
    """Send the data back to the station, or take a signature back (区县审核不通过).

    Source: 二代证受理状态 12; GA 214.10-2004.
    """

    application: ApplicationId
    error: ProductionError
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the error and its grounds."""
        (one,) = in_hand(registrar, (self.application,))
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
    Source: 居民身份证法 art. 5, 8; GA 214.8-2004.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter each signature."""
        today = registrar.today
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        for one in found:
            refuse_same_officer(registrar, one, "00", "01", "11")
            refuse_gone(registrar, people[one.person], one)
            birth = people[one.person].birth_date
            name = issuer(registrar, one)
            units = len(name.encode("utf-16-le")) // 2
            registrar.refuse_if(
                (birth is None, card_rules.BirthDateUnknown(one.acceptance_number)),
                (units > AUTHORITY_UNITS, card_rules.AuthorityTooLong(name)),
            )
            if birth is None:
                continue
            registrar.enter(
                one.id,
                CardSigned(
                    effective_on=today,
                    valid_from=today,
                    valid_until=valid_until(birth, today),
                    authority=OfficeCode(f"{one.county}000000"),
                    authority_name=name,
                ),
            )
        return told(found)


def issuer(registrar: Registrar, one: Application) -> Text:
    """The issuing authority as the card prints it: the county-level police of the registration.

    Source: 居民身份证法 art. 8.
    """
    county, city = county_names(registrar.places(), one.community, registrar.today)
    return Text(authority_name(one.county, county, city))


def drawn(ids: Sequence[UUID], seed: int, setting: CardSetting) -> frozenset[UUID]:
    """Which applications of a package the city looks at (抽检), the same ones for a seed.

    A share of the package, rounded up, and never fewer than the least number.
    Source: Deyang plan of 2004 (德办发(2004)39号): full check or sample.
    """
    ordered = sorted(set(ids))
    share = -(-len(ordered) * setting.sample_permille // 1000)
    size = min(len(ordered), max(share, setting.sample_least))
    return frozenset(Random(seed).sample(ordered, size))


@dataclass(frozen=True, kw_only=True)
class Faulty:
    """An application whose data the city found wrong."""

    application: ApplicationId
    error: ProductionError
    grounds: Text | None = None


@command(CITY)
class JudgePackage:
    """Pass the data of a package, or send them back (地市审核).

    A fault in the sample returns the whole package; one that was found outside it, or where all
    were looked at, returns its own application alone.
    Source: Deyang plan of 2004 (德办发(2004)39号): a failed sample returns the package.
    """

    applications: tuple[ApplicationId, ...]
    faulty: tuple[Faulty, ...] = ()

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what the city found of each."""
        today = registrar.today
        found = in_hand(registrar, self.applications)
        faults = {fault.application: fault for fault in self.faulty}
        foreign = [one for one in faults if one not in self.applications]
        registrar.refuse_if(*((True, card_rules.NotInPackage(one)) for one in foreign))
        whole = all(one.sampled for one in found)
        returned = not whole and any(one.sampled for one in found if one.id in faults)
        for one in found:
            fault = faults.get(one.id)
            if fault is None and not returned:
                registrar.enter(one.id, CitySampleOrAuditPassed(effective_on=today))
                continue
            registrar.enter(
                one.id,
                CitySampleOrAuditFailed(
                    effective_on=today,
                    error=fault.error if fault else GOOD,
                    grounds=fault.grounds if fault else None,
                ),
            )
        failed = len(found) if returned else len(faults)
        return {"passed": len(found) - failed, "failed": failed}


@command(PROVINCE)
class CheckNumbers:
    """Check that each number is one person's alone in the whole province (省厅审核).

    Whose is not goes back with error 30 (two holders) or 40 (not the number of the person), and
    somebody who has died since with 60 (logic).
    Source: 二代证受理状态 22, 23; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what was found of each."""
        today = registrar.today
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        numbers = {one.person: people[one.person].number for one in found}
        registrar.prefetch([number_id(registrar, number) for number in numbers.values() if number])
        failed = []
        for one in found:
            person, number = people[one.person], numbers[one.person]
            holders = registrar.find(Number, number_id(registrar, number)) if number else None
            own = holders is not None and one.person in holders.held_by
            living = person.life is Life.LIVING
            if own and living and dispute(registrar, person) is None:
                registrar.enter(one.id, ProvinceCheckPassed(effective_on=today))
                continue
            failed.append(one.id)
            error = LOGIC if not living else TWO_HOLDERS if own else WRONG_NUMBER
            registrar.enter(one.id, ProvinceCheckFailed(effective_on=today, error=error))
        return {"passed": len(found) - len(failed), "failed": failed}


@command(PROVINCE)
class FailProvinceCheck:
    """Send the data back from the province for another error (省厅审核不通过).

    Source: 二代证受理状态 23; GA 214.10-2004.
    """

    application: ApplicationId
    error: ProductionError
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the error and its grounds."""
        (one,) = in_hand(registrar, (self.application,))
        registrar.enter(
            one.id,
            ProvinceCheckFailed(
                effective_on=registrar.today, error=self.error, grounds=self.grounds
            ),
        )
        return {"application": one.id}
