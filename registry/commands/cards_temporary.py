"""Temporary cards, on urgent need: applied for, made, refused, handed back (临时居民身份证)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import card_rules
from registry.aggregates.application import Temporary
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_acceptance import acceptance_number, file_application
from registry.commands.cards_audit import issuer
from registry.commands.cards_common import application_id, applications_of, in_hand
from registry.commands.cards_gates import applicant, is_child, is_open
from registry.events.temporary import (
    TemporaryCardApplied,
    TemporaryCardIssued,
    TemporaryCardRefused,
    TemporaryCardSurrendered,
)
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardKind,
    Level,
    Name,
    OfficeCode,
    PaperNumber,
    PersonId,
    SurrenderReason,
    Text,
)

OF_SECOND = CardKind("4")


@command(STATION)
class ApplyForTemporaryCard:
    """Apply for a temporary card, until the card itself can be had (申领临时居民身份证).

    No gate stands before it: where a county is not ready for cards, its citizens have these.
    Source: 居民身份证法 art. 12; 临时居民身份证管理办法.
    """

    person: PersonId
    card_kind: CardKind = OF_SECOND
    acceptance_number: AcceptanceNumber | None = None
    guardian: PersonId | None = None
    guardian_name: Name | None = None
    declarant: Name | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the application, and file it under the person."""
        today = registrar.today
        lasting = not self.card_kind.temporary
        registrar.refuse_if((lasting, card_rules.TemporaryKind(self.card_kind)))
        person, community = applicant(registrar, self.person, military=False)
        assert person.birth_date is not None, "an applicant has one"
        guardian = self.guardian or person.guardian
        guardian_name = self.guardian_name or (None if guardian else person.guardian_name)
        child = is_child(person.birth_date, today)
        unguarded = child and guardian is None and guardian_name is None
        before = applications_of(registrar, self.person)
        pending = [one for one in before if one.temporary is Temporary.APPLIED]
        registrar.refuse_if(
            (unguarded, card_rules.GuardianNeeded(self.person)),
            *((True, card_rules.ApplicationOpen(one.acceptance_number)) for one in pending),
        )
        number = acceptance_number(registrar, self.acceptance_number)
        registrar.stop_if_refused()
        county = registrar.places().code_of(community, Level.COUNTY, today)
        assert number is not None, "refused above"
        assert county is not None, "a community lies in a county"
        awaited = next((one.id for one in before if is_open(one)), None)
        stream = application_id(registrar, number)
        registrar.enter(
            stream,
            TemporaryCardApplied(
                effective_on=today,
                person=self.person,
                acceptance_number=number,
                card_kind=self.card_kind,
                station=registrar.authority.office,
                county=county,
                community=community,
                application=awaited,
                guardian=guardian if child else None,
                guardian_name=guardian_name if child else None,
                declarant=self.declarant,
            ),
        )
        file_application(registrar, self.person, stream, self.card_kind)
        due_on = limit("card_temporary_issue", today).after(today)
        return {"application": stream, "acceptance_number": number, "due_on": due_on}


@command(COUNTY)
class IssueTemporaryCard:
    """Make a temporary card and hand it out (制发临时居民身份证).

    It holds for three months; one issued before 2005-10-01 for a year.
    Source: 临时居民身份证管理办法 art. 7, 12; before it the rules of 1989.
    """

    application: ApplicationId
    temporary_number: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the card and its term."""
        today = registrar.today
        (one,) = in_hand(registrar, (self.application,))
        last = limit("card_temporary_validity", today).after(today)
        registrar.enter(
            one.id,
            TemporaryCardIssued(
                effective_on=today,
                temporary_number=self.temporary_number,
                valid_from=today,
                valid_until=last,
                authority=OfficeCode(f"{one.county}000000"),
                authority_name=issuer(registrar, one),
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
