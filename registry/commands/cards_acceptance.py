"""The station: applications for cards are accepted, captured, prolonged, given up (受理采集)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import card_rules
from registry.card_terms import has_fingerprints
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import (
    application_id,
    applications_of,
    holder_id,
    in_hand,
)
from registry.commands.cards_gates import (
    BY_THE_UNIT,
    MILITARY,
    applicant,
    held_before,
    is_child,
    note_late,
    refuse_gates,
    refuse_reason,
)
from registry.deadlines import card_due
from registry.events.applications import (
    ApplicationAccepted,
    ApplicationVoided,
    CaptureCompleted,
    DeadlineExtended,
    FingerPrint,
    FingerprintCaptured,
)
from registry.events.issuance import VoidedAndArchived
from registry.events.readiness import ApplicationFiled
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardKind,
    CardPriority,
    CardReason,
    CollectionMethod,
    Digest,
    IdentityDocument,
    Level,
    Name,
    OfficeCode,
    PaperNumber,
    PersonId,
    ProductionType,
    Text,
)

SECOND = CardKind("2")
ORDINARY = ProductionType("1")
URGENT = CardPriority("1")
#: Applications of a station and day, at most.
MOST = 99_999


@command(STATION)
class AcceptApplication:
    """Accept an application for a card (受理居民身份证申领).

    acceptance_number: where the station has given it already; else the next one of the station and
    day is given. urgent: made before all others, on urgent need. guardian: for somebody under
    sixteen, unless the register knows one. unit_package: of a soldier's unit.
    Source: 居民身份证法 art. 2, 7-11; GA 214.4-2004, GA 214.5-2004.
    """

    person: PersonId
    apply_reason: CardReason
    card_kind: CardKind = SECOND
    production_type: ProductionType = ORDINARY
    urgent: bool = False
    acceptance_number: AcceptanceNumber | None = None
    guardian: PersonId | None = None
    guardian_name: Name | None = None
    documents: tuple[IdentityDocument, ...] = ()
    collection: CollectionMethod | None = None
    mail_to: Text | None = None
    unit_package: PaperNumber | None = None
    declarant: Name | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the application, and file it under the person."""
        today, kind, reason = registrar.today, self.card_kind, self.apply_reason
        military = self.production_type == MILITARY
        registrar.refuse_if(
            (kind.temporary, card_rules.TemporaryKind(kind)),
            (military != (self.unit_package is not None), card_rules.MilitaryChannel(reason)),
            (reason == BY_THE_UNIT and not military, card_rules.MilitaryChannel(reason)),
        )
        person, community = applicant(registrar, self.person, military)
        if kind.generation == 2:
            refuse_gates(registrar, person, community, self.person)
        before = applications_of(registrar, self.person)
        refuse_reason(registrar, person, kind, reason, before)
        guardian = self.guardian or person.guardian
        guardian_name = self.guardian_name or (None if guardian else person.guardian_name)
        assert person.birth_date is not None, "an applicant has one"
        child = is_child(person.birth_date, today)
        unguarded = child and guardian is None and guardian_name is None
        registrar.refuse_if((unguarded, card_rules.GuardianNeeded(self.person)))
        note_late(registrar, person.birth_date, reason)
        number = acceptance_number(registrar, self.acceptance_number)
        registrar.stop_if_refused()
        county = registrar.places().code_of(community, Level.COUNTY, today)
        held = held_before(before)
        assert number is not None, "refused above"
        assert county is not None, "a community lies in a county"
        stream = application_id(registrar, number)
        registrar.enter(
            stream,
            ApplicationAccepted(
                effective_on=today,
                person=self.person,
                acceptance_number=number,
                apply_reason=reason,
                card_kind=kind,
                production_type=self.production_type,
                priority=URGENT if self.urgent else reason.priority,
                station=registrar.authority.office,
                county=county,
                community=community,
                replaces=held.id if held else None,
                guardian=guardian if child else None,
                guardian_name=guardian_name if child else None,
                documents=self.documents,
                collection=self.collection,
                mail_to=self.mail_to,
                unit_package=self.unit_package,
                declarant=self.declarant,
            ),
        )
        file_application(registrar, self.person, stream, kind)
        return {
            "application": stream,
            "acceptance_number": number,
            "due_on": card_due(today),
        }


def file_application(
    registrar: Registrar, person: PersonId, application: ApplicationId, kind: CardKind
) -> None:
    """Put an application into the person's file."""
    registrar.enter(
        holder_id(registrar, person),
        ApplicationFiled(
            effective_on=registrar.today,
            person=person,
            application=application,
            card_kind=kind,
        ),
    )


def acceptance_number(
    registrar: Registrar, given: AcceptanceNumber | None
) -> AcceptanceNumber | None:
    """The number of a new application: the one given, if it fits, else the station's next one.

    The numbers of a day are looked for by doubling and halving, so that a station with thousands
    costs a few look-ups; a number that was given out of turn leaves a gap, and none is given twice.
    Source: GA 214.4-2004.
    """
    station, today = registrar.authority.office, registrar.today
    if given is not None:
        fits = given[:9] == station[:9] and given.day <= today
        taken = bool(registrar.entries(application_id(registrar, given)))
        registrar.refuse_if((not fits or taken, card_rules.AcceptanceNumberUnfit(given)))
        return given
    low, high = 0, 1
    while high < MOST and _taken(registrar, station, today, high):
        low, high = high, min(high * 2, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        if _taken(registrar, station, today, middle):
            low = middle
        else:
            high = middle
    if _taken(registrar, station, today, high):
        registrar.refuse_if((True, card_rules.AcceptanceNumberUnfit(f"{station}: the day is full")))
        return None
    return AcceptanceNumber.compose(station, today, high)


def _taken(registrar: Registrar, station: OfficeCode, day: date, sequence: int) -> bool:
    number = AcceptanceNumber.compose(station, day, sequence)
    return bool(registrar.entries(application_id(registrar, number)))


@command(STATION)
class CompleteCapture:
    """Record that all a card needs was captured, or captured again (采集完成).

    photo, photo_size: SHA-256 and bytes of the JPEG; chip_photo: SHA-256 of its 1,024 bytes for the
    chip. Source: GA 461-2004; 居民身份证法 art. 3, 4.
    """

    application: ApplicationId
    photo: Digest | None = None
    photo_size: int | None = None
    chip_photo: Digest | None = None
    script_name: Text | None = None
    script_address: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what was captured."""
        (one,) = in_hand(registrar, (self.application,))
        whole = None not in (self.photo, self.photo_size, self.chip_photo)
        lacking = one.card_kind.generation == 2 and not whole
        registrar.refuse_if((lacking, card_rules.PhotoMissing(one.acceptance_number)))
        registrar.enter(
            one.id,
            CaptureCompleted(
                effective_on=registrar.today,
                photo=self.photo,
                photo_size=self.photo_size,
                chip_photo=self.chip_photo,
                script_name=self.script_name,
                script_address=self.script_address,
            ),
        )
        return {"application": one.id}


@command(STATION)
class TakeFingerprints:
    """Record the digests of the features of fingers (采集指纹).

    Source: 居民身份证法 art. 3 as amended on 2011-10-29, in force 2012-01-01.
    """

    application: ApplicationId
    prints: tuple[FingerPrint, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the prints."""
        (one,) = in_hand(registrar, (self.application,))
        may = has_fingerprints(one.card_kind.generation, registrar.today)
        registrar.refuse_if((not may, card_rules.FingerprintsNotYet(registrar.today)))
        registrar.enter(
            one.id, FingerprintCaptured(effective_on=registrar.today, prints=self.prints)
        )
        return {"application": one.id}


@command(STATION, COUNTY)
class VoidApplication:
    """Give an application up before a card is made (受理作废). Source: 二代证受理状态 02."""

    application: ApplicationId
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        (one,) = in_hand(registrar, (self.application,))
        registrar.enter(
            one.id, ApplicationVoided(effective_on=registrar.today, grounds=self.grounds)
        )
        return {"application": one.id}


@command(COUNTY)
class ExtendDeadline:
    """Prolong the time in which a card is due, where the place is hard to reach (延长期限).

    Source: 居民身份证法 art. 12: by thirty days at most.
    """

    application: ApplicationId
    days: int
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the new days."""
        (one,) = in_hand(registrar, (self.application,))
        most = limit("card_issue_remote", one.accepted_on).amount
        fits = self.days > 0 and one.extension + self.days <= most
        registrar.refuse_if((not fits, card_rules.ExtensionTooLong(f"{self.days} of {most}")))
        registrar.enter(
            one.id,
            DeadlineExtended(effective_on=registrar.today, days=self.days, grounds=self.grounds),
        )
        due_on = card_due(one.accepted_on, one.extension + self.days)
        return {"application": one.id, "due_on": due_on}


@command(STATION)
class ArchiveApplication:
    """Put an application that has ended away (作废归档). Source: 二代证受理状态 98."""

    application: ApplicationId

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the archiving."""
        (one,) = in_hand(registrar, (self.application,))
        registrar.enter(one.id, VoidedAndArchived(effective_on=registrar.today))
        return {"application": one.id}
