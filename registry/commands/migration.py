"""Moving: address changes, departures, arrivals and the papers between them (迁移)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.aggregates import Certificate, Household, Permit, Person, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.membership import (
    Heir,
    Home,
    NewHousehold,
    leave,
    open_doorplate,
    refuse_later_members,
    settle,
)
from registry.commands.numbering import record_number, refuse_open_case
from registry.commands.vital import Entrant, refuse_mismatch
from registry.events.household import HouseholdMoved, Member
from registry.events.papers import (
    CertificateConsumed,
    CertificateIssued,
    CertificateVoided,
    PermitConsumed,
    PermitIssued,
    PermitVoided,
)
from registry.events.person import AddressChanged, MovedIn, MovedOut, NewcomerRegistered
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    CertificateId,
    ChangeScope,
    CitizenNumber,
    CommunityId,
    DivisionCode,
    DoorplateId,
    HouseholdId,
    Level,
    MigrationReason,
    Name,
    OutKind,
    PaperNumber,
    PermitId,
    PersonId,
    Relationship,
    Text,
)
from registry.vocabulary import Kind

MOVED = OutKind("2")
UPPER = (Level.CITY, Level.PROVINCE)


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Somebody who moves, and the relation to the head of the new household."""

    person: PersonId
    relation: Relationship


def members(movers: Sequence[Mover]) -> tuple[Member, ...]:
    """Movers as members of the household they come to."""
    return tuple(Member(person=one.person, relation=one.relation) for one in movers)


def permit_id(registrar: Registrar, number: PaperNumber) -> PermitId:
    """The stream of a permit."""
    return PermitId(registrar.named(Kind.PERMIT, number))


def certificate_id(registrar: Registrar, number: PaperNumber) -> CertificateId:
    """The stream of a certificate; its number is consumed once in the whole register."""
    return CertificateId(registrar.named(Kind.CERTIFICATE, number))


def refuse_nobody(registrar: Registrar, persons: Sequence[PersonId]) -> None:
    """A move without anybody is a slip."""
    registrar.refuse_if((not persons, rules.NobodyNamed()))
    registrar.stop_if_refused()


def one_household(
    registrar: Registrar, persons: Sequence[PersonId], on: date
) -> tuple[list[Person], HouseholdId, CommunityId]:
    """The persons who leave together; all must be registered in one household."""
    refuse_nobody(registrar, persons)
    registrar.prefetch(persons)
    people = [registrar.load(Person, person, on) for person in persons]
    for one in people:
        if not one.resident:
            dead = one.life == 1
            registrar.refuse_if(
                (dead, rules.AlreadyDeceased(one.id)), (not dead, rules.NotRegistered(one.id))
            )
    homes = {(one.household, one.community) for one in people if one.resident}
    registrar.refuse_if((len(homes) > 1, rules.DifferentHouseholds()))
    registrar.stop_if_refused()
    household, community = homes.pop()
    assert household is not None
    assert community is not None
    return people, household, community


def move_within(
    registrar: Registrar,
    movers: Sequence[Mover],
    household: HouseholdId | None,
    new_household: NewHousehold | None,
    on: date,
    scope: ChangeScope,
    reason: MigrationReason | None,
    declarant: Name,
    heir: Heir | None,
    merged: bool = False,
) -> Home:
    """Let persons pass from one household to another without papers."""
    persons = [one.person for one in movers]
    people, origin, from_community = one_household(registrar, persons, on)
    for one in people:
        refuse_open_case(registrar, one.id, one.number)
    registrar.refuse_if((household == origin, rules.SamePlace(origin)))
    if merged:
        house = registrar.load(Household, origin, on)
        left = house.members.keys() - set(persons)
        registrar.refuse_if((bool(left), rules.HouseholdNotEmpty(origin)))
    registrar.stop_if_refused()
    home = settle(registrar, household, new_household, members(movers), on, 103, split_from=origin)
    target = home.household if merged else None
    leave(registrar, origin, persons, on, 103, heir, merged_into=target)
    refuse_leaving_city(registrar, from_community, home.community, scope, on)
    for person in persons:
        registrar.enter(
            person,
            AddressChanged(
                effective_on=on,
                from_household=origin,
                from_community=from_community,
                household=home.household,
                community=home.community,
                scope=scope,
                reason=reason,
                declarant=declarant,
            ),
        )
    return home


def refuse_leaving_city(
    registrar: Registrar, origin: CommunityId, target: CommunityId, scope: ChangeScope, on: date
) -> None:
    """An address change stays within the city. Source: GA 214 change scopes 11 to 32."""
    places = registrar.places()
    # A county under no city is told apart by its province.
    origin_city, target_city = (
        [above for above, fact in places.above(place, on) if fact.level in UPPER]
        for place in (origin, target)
    )
    widest = limit("address_change_scope", on).amount
    registrar.refuse_if(
        (origin_city != target_city, rules.MoveNeedsPapers(target)),
        (int(scope) > widest, rules.MoveNeedsPapers(f"scope {scope}")),
    )


@command(STATION)
class ChangeAddress:
    """Let persons move to another household or found one, inside the city (住址变动).

    on: the day of the move, today unless given. Source: GA 214 businesses 103 and 104.
    """

    movers: tuple[Mover, ...]
    household: HouseholdId | None = None
    new_household: NewHousehold | None = None
    scope: ChangeScope = ChangeScope("21")
    reason: MigrationReason | None = None
    declarant: Name
    heir: Heir | None = None
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the move on the persons' and both households' streams."""
        home = move_within(
            registrar,
            self.movers,
            self.household,
            self.new_household,
            self.on or registrar.today,
            self.scope,
            self.reason,
            self.declarant,
            self.heir,
        )
        return {"household": home.household, "community": home.community}


@command(STATION)
class MoveHousehold:
    """Let a whole household move to another door plate inside the city (整户移居).

    persons: those registered in a collective household, which lists none; else left out.
    Source: GA 214 businesses 103 and 202.
    """

    household: HouseholdId
    doorplate: DoorplateId
    persons: tuple[PersonId, ...] = ()
    scope: ChangeScope = ChangeScope("21")
    reason: MigrationReason | None = None
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the move on the household's and every member's stream."""
        on = self.on or registrar.today
        house = registrar.load(Household, self.household, on)
        plate = open_doorplate(registrar, self.doorplate, on)
        registrar.refuse_if((house.doorplate == self.doorplate, rules.SamePlace(self.doorplate)))
        refuse_leaving_city(registrar, house.community, plate.community, self.scope, on)
        within = plate.community == house.community
        refuse_later_members(registrar, self.household, on, within=within)
        registrar.enter(
            self.household,
            HouseholdMoved(effective_on=on, doorplate=self.doorplate, community=plate.community),
        )
        persons = self.persons if house.collective else tuple(house.members)
        registrar.prefetch(persons)
        for person in persons:
            one = registrar.load(Person, person, on)
            refuse_open_case(registrar, person, one.number)
            if not within:
                registrar.enter(
                    person,
                    AddressChanged(
                        effective_on=on,
                        from_household=self.household,
                        from_community=house.community,
                        household=self.household,
                        community=plate.community,
                        scope=self.scope,
                        reason=self.reason,
                        declarant=self.declarant,
                    ),
                )
        return {"household": self.household, "community": plate.community}


@command(COUNTY)
class IssuePermit:
    """Issue the target's consent to a move, valid for 40 days (准予迁入证明).

    persons: movers whom the register knows; movers: names of others.
    Source: Ministry of Public Security notice of 1994-07-11.
    """

    permit_number: PaperNumber
    persons: tuple[PersonId, ...] = ()
    movers: tuple[Name, ...] = ()
    doorplate: DoorplateId
    origin: DivisionCode | None = None
    reason: MigrationReason | None = None
    declarant: Name
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the permit."""
        on = self.on or registrar.today
        permit = permit_id(registrar, self.permit_number)
        plate = open_doorplate(registrar, self.doorplate, on)
        registrar.find(Permit, permit)
        most = limit("permit_movers", on).amount
        number = len(self.persons) + len(self.movers)
        registrar.refuse_if(
            (number == 0, rules.NobodyNamed()),
            (number > most, rules.TooManyMovers(f"at most {most}")),
            (on > registrar.today, rules.NotYet(on)),
        )
        registrar.enter(
            permit,
            PermitIssued(
                effective_on=registrar.today,
                issued_on=on,
                permit_number=self.permit_number,
                persons=self.persons,
                community=plate.community,
                doorplate=self.doorplate,
                origin=self.origin,
                valid_days=limit("permit_validity", on).amount,
                reason=self.reason,
                movers=self.movers,
                declarant=self.declarant,
            ),
        )
        return {"permit": permit}


@command(COUNTY)
class VoidPermit:
    """Withdraw a permit that was not used (准迁证作废). Source: notice of 1994-07-11."""

    permit_number: PaperNumber
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the withdrawal."""
        permit = permit_id(registrar, self.permit_number)
        community = registrar.load(Permit, permit).community
        registrar.refuse_if((not registrar.in_area(community), rules.OutsideArea(community)))
        registrar.enter(permit, PermitVoided(effective_on=registrar.today, grounds=self.grounds))
        return {"permit": permit}


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
        people, household, community = one_household(registrar, self.persons, on)
        permit = self._permit(registrar, on)
        certificate = self._certificate(registrar, community, permit, on)
        for one in people:
            refuse_open_case(registrar, one.id, one.number)
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
        """A permit of this register must be valid and name the persons; another's is taken down."""
        if self.permit_number is None:
            return None
        stream = permit_id(registrar, self.permit_number)
        permit = registrar.find(Permit, stream)
        if permit is None:
            return None
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
            (needed and self.certificate_number is None, rules.CertificateNeeded()),
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


def first_issue(registrar: Registrar, certificate: CertificateId | None) -> CertificateId | None:
    """The certificate handed out at departure that this one is, or was issued anew for."""
    while certificate is not None:
        paper = registrar.find(Certificate, certificate)
        if paper is None or paper.replaces is None:
            return certificate
        certificate = paper.replaces
    return None


def consume(
    registrar: Registrar,
    persons: Sequence[PersonId],
    certificate: CertificateId | None,
    permit_number: PaperNumber | None,
    home: Home,
    on: date,
) -> PermitId | None:
    """Hand in the papers of those who settle; each is used once (trap 6)."""
    if certificate is not None:
        paper = registrar.find(Certificate, certificate)
        last = paper.expires_on() if paper else None
        registrar.refuse_if((last is not None and on > last, rules.CertificateExpired(last)))
        for person in persons:
            registrar.enter(
                certificate, CertificateConsumed(effective_on=registrar.today, person=person)
            )
    if permit_number is None:
        return None
    stream = permit_id(registrar, permit_number)
    permit = registrar.load(Permit, stream)
    registrar.refuse_if(
        (on > permit.expires_on(), rules.PermitExpired(permit.expires_on())),
        (permit.community != home.community, rules.PermitForOthers(permit_number)),
    )
    for person in persons:
        registrar.enter(stream, PermitConsumed(effective_on=registrar.today, person=person))
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
        notice_late_arrival(registrar, self.arrived_on)
        return {"household": home.household, "community": home.community}


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
        notice_late_arrival(registrar, self.arrived_on)
        return {"person": person, "household": home.household}


def notice_late_arrival(registrar: Registrar, arrived_on: date | None) -> None:
    """Tell the officer that an arrival was declared late. Source: 户口登记条例 art. 13."""
    if arrived_on is None:
        return
    period = limit("arrival_country", arrived_on)
    if registrar.today > period.after(arrived_on):
        registrar.notice(
            "declared-late",
            period.document,
            f"the arrival of {arrived_on} was to be declared by {period.after(arrived_on)}",
        )


@command(STATION)
class ReissueCertificate:
    """Issue a certificate anew for one that was lost or ran out, and void the old one (补发迁移证).

    Source: Ministry of Public Security notice of 1994-07-11.
    """

    certificate_number: PaperNumber
    new_number: PaperNumber
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Void the old certificate and issue the new one for those who have not settled."""
        today = registrar.today
        old = certificate_id(registrar, self.certificate_number)
        new = certificate_id(registrar, self.new_number)
        paper = registrar.load(Certificate, old)
        registrar.find(Certificate, new)
        named = tuple(one for one in paper.persons or () if one not in paper.used_by)
        registrar.refuse_if((not named, rules.CertificateUsed(self.certificate_number)))
        registrar.stop_if_refused()
        replacement = registrar.find(Certificate, paper.replaced_by) if paper.replaced_by else None
        replaced = replacement.persons if replacement and replacement.persons else ()
        first = first_issue(registrar, old)
        registrar.prefetch(named)
        people = [registrar.load(Person, person, today) for person in named]
        waiting = [one for one in people if one.in_transit and one.certificate == first]
        waiting = [one for one in waiting if one.id not in replaced]
        registrar.refuse_if(
            *((not waiting, rules.NotInTransit(person)) for person in named),
            *(
                (not registrar.in_area(one.left_community), rules.OutsideArea(one.id))
                for one in waiting
            ),
        )
        registrar.stop_if_refused()
        last = waiting[-1]
        assert last.left_community is not None
        if not paper.void:
            registrar.enter(
                old, CertificateVoided(effective_on=today, replaced_by=new, grounds=self.grounds)
            )
        registrar.enter(
            new,
            CertificateIssued(
                effective_on=today,
                issued_on=today,
                certificate_number=self.new_number,
                persons=tuple(one.id for one in waiting),
                community=last.left_community,
                destination=last.destination,
                valid_days=limit("certificate_validity", today).amount,
                replaces=old,
            ),
        )
        return {"certificate": new}
