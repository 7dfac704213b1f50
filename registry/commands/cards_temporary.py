"""Temporary cards, on urgent need: applied for, made, refused, handed back (临时居民身份证)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from registry.aggregates import Application, TemporaryForm, card_rules, rules
from registry.aggregates.application import Temporary
from registry.card_terms import is_made
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_acceptance import acceptance_number, file_application, form_day
from registry.commands.cards_audit import issuer
from registry.commands.cards_common import application_id, applications_of, in_hand
from registry.commands.cards_fitness import county_of
from registry.commands.cards_gates import applicant, guardian_of, is_open, refuse_form_day
from registry.events.temporary import (
    TemporaryCardApplied,
    TemporaryCardIssued,
    TemporaryCardLost,
    TemporaryCardRefused,
    TemporaryCardSurrendered,
    TemporaryFormUsed,
)
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardKind,
    Digest,
    Level,
    MediaType,
    Name,
    PaperNumber,
    PersonId,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind

OF_SECOND = CardKind("4")


@command(STATION)
class ApplyForTemporaryCard:
    """Apply for a temporary card, until the card itself can be had (申领临时居民身份证).

    No gate stands before it: where a county is not ready for cards, its citizens have these.
    applied_on: the day on which the form was signed. photo, photo_size, photo_type: the picture
    that it shows; none where that of the application for the card itself is taken.
    Source: 居民身份证法 art. 12; 临时居民身份证管理办法.
    """

    person: PersonId
    card_kind: CardKind = OF_SECOND
    applied_on: date | None = None
    acceptance_number: AcceptanceNumber | None = None
    photo: Digest | None = None
    photo_size: int | None = None
    photo_type: MediaType = MediaType.JPEG
    guardian: PersonId | None = None
    guardian_name: Name | None = None
    declarant: Name | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the application, and file it under the person."""
        today, kind = registrar.today, self.card_kind
        registrar.refuse_if((not kind.temporary, card_rules.TemporaryKind(kind)))
        registrar.stop_if_refused()
        person, community = applicant(registrar, self.person, military=False)
        applied_on, latest = form_day(self.applied_on, self.acceptance_number, today)
        refuse_form_day(registrar, self.person, kind, applied_on, latest)
        guardian, guardian_name = guardian_of(
            registrar, person, applied_on, self.guardian, self.guardian_name
        )
        before = applications_of(registrar, self.person)
        awaited = next((one for one in before if is_open(one)), None)
        photo, size, media = self._photo(awaited)
        pending = [one for one in before if one.temporary is Temporary.APPLIED]
        registrar.refuse_if(
            (not is_made(kind, today), card_rules.GenerationNotMade(f"kind {kind} on {today}")),
            (photo is None or size is None, card_rules.PhotoMissing(self.person)),
            *((True, card_rules.ApplicationOpen(one.acceptance_number)) for one in pending),
            *((True, rule) for rule in holding(before, today)),
        )
        number = acceptance_number(registrar, self.acceptance_number)
        registrar.stop_if_refused()
        county = registrar.places().code_of(community, Level.COUNTY, today)
        assert number is not None, "refused above"
        assert county is not None, "a community lies in a county"
        assert photo is not None, "refused above"
        assert size is not None, "refused above"
        stream = application_id(registrar, number)
        registrar.enter(
            stream,
            TemporaryCardApplied(
                effective_on=today,
                applied_on=applied_on,
                person=self.person,
                acceptance_number=number,
                card_kind=kind,
                station=registrar.authority.office,
                county=county,
                community=community,
                photo=photo,
                photo_size=size,
                photo_type=media,
                application=None if awaited is None else awaited.id,
                guardian=guardian,
                guardian_name=guardian_name,
                declarant=self.declarant,
            ),
        )
        file_application(registrar, self.person, stream, kind)
        due_on = limit("card_temporary_issue", applied_on).after(applied_on)
        return {"application": stream, "acceptance_number": number, "due_on": due_on}

    def _photo(self, awaited: Application | None) -> tuple[Digest | None, int | None, MediaType]:
        if self.photo is None and awaited is not None:
            return awaited.photo, awaited.photo_size, awaited.photo_type or self.photo_type
        return self.photo, self.photo_size, self.photo_type


def holding(before: Sequence[Application], today: date) -> list[card_rules.TemporaryHolds]:
    """Temporary cards of a person that still hold."""
    return [
        card_rules.TemporaryHolds(f"{one.acceptance_number} until {one.valid_until}")
        for one in before
        if one.temporary is Temporary.ISSUED and (one.valid_until or today) >= today
    ]


@command(COUNTY)
class IssueTemporaryCard:
    """Make a temporary card and hand it out (制发临时居民身份证).

    It holds for three months; one issued before 2005-10-01 for a year. temporary_number: printed on
    the form, which serves once.
    Source: 临时居民身份证管理办法 art. 7, 12; before it the rules of 1989.
    """

    application: ApplicationId
    temporary_number: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the card and its term."""
        today = registrar.today
        (one,) = in_hand(registrar, (self.application,))
        _, community = applicant(registrar, one.person, military=False)
        moved = county_of(registrar, community) != county_of(registrar, one.community)
        before = applications_of(registrar, one.person)
        registrar.refuse_if(
            (moved, card_rules.MovedAway(one.acceptance_number)),
            (not is_made(one.card_kind, today), card_rules.GenerationNotMade(one.card_kind)),
            *((True, rule) for rule in holding(before, today)),
        )
        term = limit("card_temporary_validity", today)
        last = term.after(today)
        office, name = issuer(registrar, one)
        form = registrar.named(Kind.TEMPORARY, self.temporary_number)
        registrar.find(TemporaryForm, form)
        registrar.enter(form, TemporaryFormUsed(effective_on=today, application=one.id))
        registrar.enter(
            one.id,
            TemporaryCardIssued(
                effective_on=today,
                temporary_number=self.temporary_number,
                valid_from=today,
                valid_until=last,
                term_basis=term.document,
                authority=office,
                authority_name=name,
            ),
        )
        return {"application": one.id, "valid_until": last}


@command(COUNTY)
class RefuseTemporaryCard:
    """Decide that a temporary card is not made (不予制发临时居民身份证).

    Source: 临时居民身份证管理办法.
    """

    application: ApplicationId
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the refusal."""
        (one,) = in_hand(registrar, (self.application,))
        event = TemporaryCardRefused(effective_on=registrar.today, grounds=self.grounds)
        registrar.enter(one.id, event)
        return {"application": one.id}


@command(STATION, COUNTY)
class SurrenderTemporaryCard:
    """Take a temporary card back (收交临时居民身份证). Source: 临时居民身份证管理办法."""

    application: ApplicationId
    surrender_reason: SurrenderReason

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the surrender."""
        (one,) = in_hand(registrar, (self.application,))
        registrar.enter(
            one.id,
            TemporaryCardSurrendered(
                effective_on=registrar.today, surrender_reason=self.surrender_reason
            ),
        )
        return {"application": one.id}


@command(STATION, COUNTY)
class ReportTemporaryLoss:
    """Record that a temporary card was lost (临时居民身份证挂失).

    Source: 临时居民身份证管理办法.
    """

    application: ApplicationId
    lost_on: date | None = None
    declarant: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the loss."""
        (one,) = in_hand(registrar, (self.application,))
        ahead = self.lost_on is not None and self.lost_on > registrar.today
        registrar.refuse_if((ahead, rules.NotYet(self.lost_on)))
        registrar.enter(
            one.id,
            TemporaryCardLost(
                effective_on=registrar.today, lost_on=self.lost_on, declarant=self.declarant
            ),
        )
        return {"application": one.id}
