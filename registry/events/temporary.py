"""What happens to an application for a temporary card, which has a stream of its own (临时身份证).

It begins with an acceptance number like any other and goes its own short way beside the states.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardKind,
    CommunityId,
    DivisionCode,
    Name,
    OfficeCode,
    PaperNumber,
    PersonId,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind, OfDeclarant, OfGuardian, Private, event


@event(code=182, kind=Kind.APPLICATION, opens=True)
class TemporaryCardApplied:
    """Somebody asked for a temporary card, until the card itself can be had (申领临时居民身份证).

    application: the one for the card itself, where there is one.
    Source: 居民身份证法 art. 12; 临时居民身份证管理办法.
    """

    effective_on: date
    person: PersonId
    acceptance_number: AcceptanceNumber
    card_kind: CardKind
    station: OfficeCode
    county: DivisionCode
    community: CommunityId
    application: ApplicationId | None = None
    guardian: PersonId | None = None
    guardian_name: OfGuardian[Name | None] = None
    declarant: OfDeclarant[Name | None] = None


@event(code=183, kind=Kind.APPLICATION)
class TemporaryCardIssued:
    """The county made a temporary card and it was handed out (制发临时居民身份证).

    Source: 临时居民身份证管理办法 art. 7, 12; before 2005-10-01 the rules of 1989.
    """

    effective_on: date
    temporary_number: PaperNumber
    valid_from: date
    valid_until: date | None
    authority: OfficeCode
    authority_name: Text


@event(code=184, kind=Kind.APPLICATION)
class TemporaryCardSurrendered:
    """A temporary card was handed back (收交临时居民身份证). Source: 临时居民身份证管理办法."""

    effective_on: date
    surrender_reason: SurrenderReason


@event(code=185, kind=Kind.APPLICATION)
class TemporaryCardRefused:
    """A temporary card was not made (不予制发临时居民身份证). Source: 临时居民身份证管理办法."""

    effective_on: date
    grounds: Private[Text]


TemporaryEvent = (
    TemporaryCardApplied | TemporaryCardIssued | TemporaryCardSurrendered | TemporaryCardRefused
)
