"""The station: applications for cards are accepted, prolonged, given up, put away (受理)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import card_rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import (
    application_id,
    applications_of,
    holder_id,
    in_hand,
)
from registry.commands.cards_fitness import gates
from registry.commands.cards_gates import (
    applicant,
    guardian_of,
    held_before,
    note_late,
    refuse_form_day,
    refuse_reason,
)
from registry.commands.preparing import exchange_gate
from registry.deadlines import card_due
from registry.events.applications import (
    ApplicationAccepted,
    ApplicationVoided,
    DeadlineExtended,
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

    applied_on: the day on which the form was signed, from which the time counts; else that of the
    number, or today. acceptance_number: where the station has given it already; else the next one
    of the station and day is given. urgent: made before all others, on urgent need. guardian: for
    somebody under sixteen, unless the register knows one. unit_package: of a soldier's unit.
    Source: 居民身份证法 art. 2, 7-11; GA 214.4-2004, GA 214.5-2004.
    """

    person: PersonId
    apply_reason: CardReason
    card_kind: CardKind = SECOND
    production_type: ProductionType = ORDINARY
    applied_on: date | None = None
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
        military = self.production_type.military
        registrar.refuse_if(
            (kind.temporary, card_rules.TemporaryKind(kind)),
            (military != (self.unit_package is not None), card_rules.MilitaryChannel(reason)),
            (reason.military and not military, card_rules.MilitaryChannel(reason)),
        )
        person, community = applicant(registrar, self.person, military)
        closed = gates(registrar, person, community, kind.generation, self.person)
        registrar.refuse_if(*((True, rule) for rule in closed))
        if kind.generation == 2 and not military:
            registrar.refuse_if(*exchange_gate(registrar, community))
        applied_on, latest = form_day(self.applied_on, self.acceptance_number, today)
        refuse_form_day(registrar, self.person, kind, applied_on, latest)
        before = applications_of(registrar, self.person)
        refuse_reason(registrar, person, kind, reason, applied_on, before)
        guardian, guardian_name = guardian_of(
            registrar, person, applied_on, self.guardian, self.guardian_name
        )
        assert person.birth_date is not None, "an applicant has one"
        note_late(registrar, person.birth_date, reason, applied_on)
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
                applied_on=applied_on,
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
                guardian=guardian,
                guardian_name=guardian_name,
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
            "due_on": card_due(applied_on),
        }


def form_day(
    applied_on: date | None, number: AcceptanceNumber | None, today: date
) -> tuple[date, date]:
    """The day of the form, and the latest that it may be: that of the number, or today."""
    latest = today if number is None else min(number.day, today)
    return applied_on or latest, latest


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


@command(STATION, COUNTY)
class VoidApplication:
    """Give an application up, of which no card is left to be handed out (受理作废).

    Source: 二代证受理状态 02.
    """

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

    Source: 居民身份证法 art. 12: by thirty days at most, and before the time is over.
    """

    application: ApplicationId
    days: int
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the new days."""
        (one,) = in_hand(registrar, (self.application,))
        most = limit("card_issue_remote", one.applied_on).amount
        fits = self.days > 0 and one.extension + self.days <= most
        due = card_due(one.applied_on, one.extension)
        registrar.refuse_if(
            (not fits, card_rules.ExtensionTooLong(f"{self.days} of {most}")),
            (registrar.today > due, card_rules.DeadlinePassed(f"was due on {due}")),
        )
        registrar.enter(
            one.id,
            DeadlineExtended(effective_on=registrar.today, days=self.days, grounds=self.grounds),
        )
        due_on = card_due(one.applied_on, one.extension + self.days)
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
