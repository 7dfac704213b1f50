"""Papers that a business needs: approvals; permits and certificates of a move (准迁证, 迁移证)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from registry.aggregates import Certificate, Life, Permit, Person, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.membership import (
    Home,
    open_doorplate,
)
from registry.events.papers import (
    CertificateConsumed,
    CertificateIssued,
    CertificateVoided,
    PermitConsumed,
    PermitIssued,
    PermitVoided,
)
from registry.limits import limit
from registry.registrar import MOVE_PAPERS, Registrar
from registry.values import (
    CertificateId,
    DivisionCode,
    DoorplateId,
    MigrationReason,
    Name,
    PaperNumber,
    PermitId,
    PersonId,
    RegistrationBusiness,
    Text,
)
from registry.vocabulary import Kind


def refuse_unapproved(registrar: Registrar, business: str, approval: PaperNumber | None) -> None:
    """A business that needs an approval states its number. Source: table registration_business."""
    what = RegistrationBusiness(business)
    registrar.refuse_if(
        (
            what.needs_approval and approval is None,
            rules.ApprovalNeeded(f"{what} {what.name_zh}"),
        ),
    )


def permit_id(registrar: Registrar, number: PaperNumber) -> PermitId:
    """The stream of a permit."""
    return PermitId(registrar.named(Kind.PERMIT, number))


def certificate_id(registrar: Registrar, number: PaperNumber) -> CertificateId:
    """The stream of a certificate; its number is consumed once in the whole register."""
    return CertificateId(registrar.named(Kind.CERTIFICATE, number))


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
        persons = tuple(dict.fromkeys(self.persons))
        registrar.prefetch(persons)
        for person in persons:
            one = registrar.find(Person, person)
            registrar.refuse_if(
                (one is None, rules.PersonUnknown(person)),
                (one is not None and one.life is Life.DEAD, rules.AlreadyDeceased(person)),
            )
        most = limit("permit_movers", on).amount
        number = len(persons) + len(self.movers)
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
                persons=persons,
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


def first_issue(registrar: Registrar, certificate: CertificateId | None) -> CertificateId | None:
    """The certificate handed out at departure that this one is, or was issued anew for."""
    while certificate is not None:
        paper = registrar.find(Certificate, certificate)
        if paper is None or paper.replaces is None:
            return certificate
        certificate = paper.replaces
    return None


def ask_for_papers(
    registrar: Registrar, reason: MigrationReason | None, **given: PaperNumber | None
) -> None:
    """Refuse an arrival without a paper that the province insists on; remind of the others.

    given: of certificate and permit those that are asked for, as they were handed in.
    Source: 户口登记条例 art. 13; 公安部 1994-07-11 通知; tables migration_reason.
    """
    needed = MOVE_PAPERS if reason is None else reason.papers
    for paper, number in given.items():
        if number is not None or paper not in needed:
            continue
        if paper in registrar.setting.papers:
            registrar.refuse_if((True, rules.PapersNeeded(paper)))
        else:
            rule = rules.PapersNeeded(paper)
            registrar.notice(f"{paper}-missing", rule.law, rule.message)


def consume(
    registrar: Registrar,
    persons: Sequence[PersonId],
    certificate: CertificateId | None,
    permit_number: PaperNumber | None,
    home: Home,
    on: date,
) -> PermitId | None:
    """Hand in the papers of those who settle; each is used once.

    A permit from before the register began is taken down by the identifier that its number has.
    """
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
    permit = registrar.find(Permit, stream)
    if permit is None:
        registrar.notice(
            "permit-unknown",
            rules.PermitExpired.law,
            f"permit {permit_number} was not issued by this register; look at the paper itself",
        )
        return stream
    registrar.refuse_if(
        (on > permit.expires_on(), rules.PermitExpired(permit.expires_on())),
        (permit.community != home.community, rules.PermitForOthers(permit_number)),
    )
    for person in persons:
        registrar.enter(stream, PermitConsumed(effective_on=registrar.today, person=person))
    return stream


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
