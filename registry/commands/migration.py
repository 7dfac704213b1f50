"""Moving between districts: departures, arrivals, newcomers (迁出, 迁入)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Certificate, Permit, Person, rules
from registry.commands.base import STATION, command
from registry.commands.membership import (
    Heir,
    NewHousehold,
    leave,
    settle,
)
from registry.commands.numbering import record_number, resume_if_ended
from registry.commands.papers import (
    ask_for_papers,
    certificate_id,
    consume,
    first_issue,
    permit_id,
)
from registry.commands.relocation import Mover, members, one_household, refuse_nobody
from registry.commands.vital import Entrant, refuse_mismatch
from registry.events.papers import (
    CertificateIssued,
)
from registry.events.person import MovedIn, MovedOut, NewcomerRegistered
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    CertificateId,
    CitizenNumber,
    CommunityId,
    DivisionCode,
    HouseholdId,
    Level,
    MigrationReason,
    Name,
    OutKind,
    PaperNumber,
    PermitId,
    PersonId,
)

MOVED = OutKind("2")
#: The tiers from the county up.
UPWARDS = (Level.COUNTY, Level.CITY, Level.PROVINCE)


@command(STATION)
class MoveOut:
    """Release persons to another district, or cancel soldiers, emigrants and the missing (迁出).

    certificate_number: the certificate that is handed out, for out_kind 2 alone.
    Source: Household Registration Regulations (户口登记条例), art. 10 and 11.
    """

    persons: tuple[PersonId, ...]
    out_kind: OutKind = MOVED
    destination: DivisionCode | None = None
    permit_number: PaperNumber | None = None
    certificate_number: PaperNumber | None = None
    reason: MigrationReason | None = None
    declarant: Name
    heir: Heir | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the departure on the persons', the household's and the papers' streams."""
        on = self.on or registrar.today
        registrar.prefetch(self.persons)
        for person in self.persons:
            registrar.refuse_elsewhere(registrar.find(Person, person))
        people, household, community = one_household(registrar, self.persons, on)
        permit = self._permit(registrar, on)
        certificate = self._certificate(registrar, community, permit, on)
        for one in people:
            registrar.enter(
                one.id,
                MovedOut(
                    effective_on=on,
                    household=household,
                    community=community,
                    out_kind=self.out_kind,
                    destination=self.destination,
                    certificate=certificate,
                    permit=permit,
                    reason=self.reason,
                    declarant=self.declarant,
                ),
            )
        leave(registrar, household, self.persons, on, 106, self.heir)
        return {"certificate": certificate, "household": household}

    def _permit(self, registrar: Registrar, on: date) -> PermitId | None:
        """A permit of this register must be valid and name the persons.

        Another register's is taken down by the identifier that its number has.
        """
        if self.permit_number is None:
            return None
        stream = permit_id(registrar, self.permit_number)
        permit = registrar.find(Permit, stream)
        if permit is None:
            return stream
        unnamed = set(self.persons) - set(permit.persons)
        registrar.refuse_if(
            (
                permit.void or not permit.used_by.isdisjoint(self.persons),
                rules.PermitUsed(self.permit_number),
            ),
            (on > permit.expires_on(), rules.PermitExpired(permit.expires_on())),
            (len(unnamed) > permit.newcomers, rules.PermitForOthers(self.permit_number)),
        )
        return stream

    def _certificate(
        self, registrar: Registrar, community: CommunityId, permit: PermitId | None, on: date
    ) -> CertificateId | None:
        needed = self.out_kind == MOVED
        registrar.refuse_if(
            (needed and self.certificate_number is None, rules.CertificateUntold()),
            (not needed and self.certificate_number is not None, rules.NoCertificateForCause()),
        )
        if self.certificate_number is None or not needed:
            return None
        most = limit("certificate_movers", on).amount
        registrar.refuse_if((len(self.persons) > most, rules.TooManyMovers(f"at most {most}")))
        stream = certificate_id(registrar, self.certificate_number)
        registrar.find(Certificate, stream)
        registrar.enter(
            stream,
            CertificateIssued(
                effective_on=registrar.today,
                issued_on=on,
                certificate_number=self.certificate_number,
                persons=self.persons,
                community=community,
                destination=self.destination,
                valid_days=limit("certificate_validity", on).amount,
                permit=permit,
            ),
        )
        return stream


@command(STATION)
class MoveIn:
    """Settle persons whom the register knows and who are in transit or were cancelled (迁入).

    Source: Household Registration Regulations (户口登记条例), art. 13.
    """

    movers: tuple[Mover, ...]
    household: HouseholdId | None = None
    new_household: NewHousehold | None = None
    certificate_number: PaperNumber | None = None
    permit_number: PaperNumber | None = None
    origin: DivisionCode | None = None
    reason: MigrationReason | None = None
    declarant: Name
    arrived_on: date | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the arrival on the persons', the household's and the papers' streams."""
        on = self.on or registrar.today
        persons = [one.person for one in self.movers]
        refuse_nobody(registrar, persons)
        registrar.prefetch(persons)
        people = [registrar.load(Person, person, on) for person in persons]
        number = self.certificate_number
        certificate = certificate_id(registrar, number) if number else None
        first = first_issue(registrar, certificate)
        for one in people:
            registrar.refuse_if(
                (one.life == 1, rules.AlreadyDeceased(one.id)),
                (one.resident, rules.AlreadyRegistered(one.id)),
                (
                    one.in_transit and (certificate is None or first != one.certificate),
                    rules.CertificateNeeded(one.id),
                ),
            )
        home = settle(registrar, self.household, self.new_household, members(self.movers), on, 105)
        permit = consume(registrar, persons, certificate, self.permit_number, home, on)
        for one in people:
            resume_if_ended(registrar, one.id, one.number, 105)
        for person in persons:
            registrar.enter(
                person,
                MovedIn(
                    effective_on=on,
                    household=home.household,
                    community=home.community,
                    origin=self.origin,
                    certificate=certificate,
                    permit=permit,
                    reason=self.reason,
                    declarant=self.declarant,
                ),
            )
        left = {one.left_community for one in people if one.in_transit}
        if any(self._moves_far(registrar, place, home.community) for place in left if place):
            ask_for_papers(registrar, self.reason, permit=self.permit_number)
        notice_late_arrival(registrar, self.arrived_on, home.community)
        return {"household": home.household, "community": home.community}

    @staticmethod
    def _moves_far(registrar: Registrar, left: CommunityId, community: CommunityId) -> bool:
        """Whether somebody comes from another county, which takes a permit of this one."""
        places, today = registrar.places(), registrar.today
        # Under a city without counties, or a province without cities, these stand for one.
        there, here = (
            next((above for above, fact in places.above(one, today) if fact.level in UPWARDS), None)
            for one in (left, community)
        )
        return there != here


@command(STATION)
class RegisterNewcomer(Entrant):
    """Settle a person from outside this register, who brings a number and papers (迁入).

    Source: Household Registration Regulations (户口登记条例), art. 13.
    """

    number: CitizenNumber
    origin: DivisionCode | None = None
    certificate_number: PaperNumber | None = None
    permit_number: PaperNumber | None = None
    reason: MigrationReason | None = None
    declarant: Name
    arrived_on: date | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the newcomer, the household's gain, the number and the papers."""
        person = PersonId(registrar.new_id())
        registrar.places()
        on = self.on or registrar.today
        registrar.refuse_if((self.birth_date > on, rules.BirthAfterRegistration(self.birth_date)))
        refuse_mismatch(registrar, self.number, self.birth_date, self.sex)
        home = self.housed(registrar, person, on, 105)
        number = self.certificate_number
        certificate = certificate_id(registrar, number) if number else None
        if certificate is not None:
            registrar.find(Certificate, certificate)
        permit = consume(registrar, [person], certificate, self.permit_number, home, on)
        record_number(registrar, person, self.number)
        registrar.enter(
            person,
            NewcomerRegistered(
                effective_on=on,
                **self.items(home),
                number=self.number,
                origin=self.origin,
                certificate=certificate,
                permit=permit,
                certificate_number=self.certificate_number,
                reason=self.reason,
                declarant=self.declarant,
            ),
        )
        self.refuse_alone(registrar, person, on)
        ask_for_papers(
            registrar,
            self.reason,
            certificate=self.certificate_number,
            permit=self.permit_number,
        )
        notice_late_arrival(registrar, self.arrived_on, home.community)
        return {"person": person, "household": home.household}


def notice_late_arrival(
    registrar: Registrar, arrived_on: date | None, community: CommunityId
) -> None:
    """Tell the officer that an arrival was declared late; in a city three days are given.

    Source: 户口登记条例 art. 13; table community_type.
    """
    if arrived_on is None:
        return
    fact = registrar.places().community(community, arrived_on)
    kind = fact.kind if fact is not None else None
    period = limit(kind.arrival_limit if kind is not None else "arrival_country", arrived_on)
    if registrar.today > period.after(arrived_on):
        registrar.notice(
            "declared-late",
            period.document,
            f"the arrival of {arrived_on} was to be declared by {period.after(arrived_on)}",
        )
