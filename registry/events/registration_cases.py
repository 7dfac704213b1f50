"""What is found and decided about registrations that do not fit people (户口登记差错).

One person registered twice or more, a registration with nobody there, a person who lives elsewhere,
a person who is registered nowhere. A case has one fault and ends with a decision.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    CommunityId,
    HouseholdId,
    Name,
    PaperNumber,
    PersonId,
    PresenceClass,
    RegistrationOutcome,
    Sex,
    Text,
    UnsettledReason,
)
from registry.vocabulary import Kind, Private, event


@event(code=380, kind=Kind.REGISTRATION, opens=True)
class DoubleSuspected:
    """Two records may be of one person (疑似双重户口).

    persons is a set of two, sorted. points and reasons: how far the records agree, by the table
    match_weights; grounds: why an officer suspects it where these do not suffice.
    Source: 户口登记条例 art. 6; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    persons: tuple[PersonId, ...]
    points: int
    reasons: tuple[str, ...]
    grounds: Private[Text | None] = None


@event(code=381, kind=Kind.REGISTRATION, opens=True)
class EmptyRegistrationFound:
    """Nobody lives where a person is registered, and nobody knows where to (空挂户口).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号); person_presence_class 12, 13.
    """

    effective_on: date
    person: PersonId
    community: CommunityId | None
    presence: PresenceClass
    visited_on: date


@event(code=382, kind=Kind.REGISTRATION, opens=True)
class LivingApartFound:
    """A person lives elsewhere than where registered, at a known address (人户分离).

    lives_in: the community, where it is one of this register. Source: Jilin plan of 2004
    (吉政办发〔2004〕53号); separation_status.
    """

    effective_on: date
    person: PersonId
    community: CommunityId | None
    lives_in: CommunityId | None
    since: date | None = None
    address: Private[Text]


@event(code=383, kind=Kind.REGISTRATION, opens=True)
class UnsettledPersonFound:
    """Somebody lives here and is registered nowhere (未落户人员), such as a child outside the plan.

    parent: in whose household, where that one is registered here. household, found_on: of the visit
    at which the person was met, if it was at one. No fine and no certificate of the birth plan
    stands before the registration.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号); unsettled_reason.
    """

    effective_on: date
    community: CommunityId
    reason: UnsettledReason
    sex: Sex | None
    birth_date: date | None
    parent: PersonId | None
    name: Private[Name | None]
    household: HouseholdId | None = None
    found_on: date | None = None


@event(code=384, kind=Kind.REGISTRATION)
class RegistrationCaseClosed:
    """Officers decided a case about a registration (户口登记差错处理).

    kept, ended: of two records of one person the one that is kept and the one that was ended.
    registered: the record under which an unsettled person was registered.
    Source: 户口登记条例 art. 6; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    outcome: RegistrationOutcome
    kept: PersonId | None = None
    ended: PersonId | None = None
    registered: PersonId | None = None
    document: PaperNumber
    grounds: Private[Text]


RegistrationCaseEvent = (
    DoubleSuspected
    | EmptyRegistrationFound
    | LivingApartFound
    | UnsettledPersonFound
    | RegistrationCaseClosed
)
