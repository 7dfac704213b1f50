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
    Digest,
    DivisionCode,
    MediaType,
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

    applied_on: the day on which the form was signed, from which the time counts. application: the
    one for the card itself, where there is one. photo: what the card shows.
    Source: 居民身份证法 art. 12; 临时居民身份证管理办法.
    """

    effective_on: date
    applied_on: date
    person: PersonId
    acceptance_number: AcceptanceNumber
    card_kind: CardKind
    station: OfficeCode
    county: DivisionCode
    community: CommunityId
    photo: Digest
    photo_size: int
    photo_type: MediaType
    application: ApplicationId | None = None
    guardian: PersonId | None = None
    guardian_name: OfGuardian[Name | None] = None
    declarant: OfDeclarant[Name | None] = None


@event(code=183, kind=Kind.APPLICATION)
class TemporaryCardIssued:
    """The county made a temporary card and it was handed out (制发临时居民身份证).

    temporary_number: of the form that it was printed on, which has a stream of its own.
    term_basis: the document and the article that set the term.
    Source: 临时居民身份证管理办法 art. 7, 12; before 2005-10-01 the rules of 1989.
    """

    effective_on: date
    temporary_number: Private[PaperNumber]
    valid_from: date
    valid_until: date
    term_basis: str
    authority: OfficeCode
    authority_name: Text


@event(code=184, kind=Kind.APPLICATION)
class TemporaryCardSurrendered:
    """A temporary card was handed back (收交临时居民身份证). Source: 临时居民身份证管理办法."""

    effective_on: date
    surrender_reason: SurrenderReason


@event(code=185, kind=Kind.APPLICATION)
class TemporaryCardRefused:
    """A temporary card was not made (不予制发临时居民身份证).

    collected: the application whose card was handed out meanwhile, so that none is needed.
    Source: 临时居民身份证管理办法.
    """

    effective_on: date
    grounds: Private[Text | None] = None
    collected: ApplicationId | None = None


@event(code=188, kind=Kind.APPLICATION)
class TemporaryCardLost:
    """The holder of a temporary card reported it lost (临时居民身份证挂失).

    Source: 临时居民身份证管理办法.
    """

    effective_on: date
    lost_on: date | None
    declarant: OfDeclarant[Name]


@event(code=198, kind=Kind.TEMPORARY, opens=True)
class TemporaryFormUsed:
    """A form, named by the number printed on it, became a temporary card (临时居民身份证编号).

    The stream is the number's, so that no second card is made under it.
    Source: 临时居民身份证管理办法.
    """

    effective_on: date
    application: ApplicationId


TemporaryEvent = (
    TemporaryCardApplied
    | TemporaryCardIssued
    | TemporaryCardSurrendered
    | TemporaryCardRefused
    | TemporaryCardLost
    | TemporaryFormUsed
)
