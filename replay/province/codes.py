"""Codes of the events that a plan is expressed in.

Kernels take them from here by the module's name: a constant that is a kernel's own would have every
kernel that it is handed to compiled anew.
"""

from __future__ import annotations

from registry.events import (
    address,
    applications,
    cards,
    household,
    issuance,
    numbers,
    papers,
    person,
    readiness,
)
from registry.vocabulary import VOCABULARY


def code(shape: type) -> int:
    """The code of an event type."""
    return VOCABULARY[shape].code


IMPORTED, BORN, DIED = (
    code(one) for one in (person.PersonImported, person.BirthRegistered, person.DeathRegistered)
)
MOVED, LEFT, CAME = (code(one) for one in (person.AddressChanged, person.MovedOut, person.MovedIn))
NEW, RENAMED, NAME_CORRECTED = (
    code(one) for one in (person.NewcomerRegistered, person.NameChanged, person.NameCorrected)
)
NATIONALITY_CORRECTED, BIRTH_CORRECTED, RENUMBERED = (
    code(one)
    for one in (person.NationalityCorrected, person.BirthDateCorrected, person.NumberReassigned)
)
DETAILED, VOIDED, RESTORED, REVERSED = (
    code(one)
    for one in (
        person.DetailsChanged,
        person.EntriesVoided,
        person.RegistrationRestored,
        person.RegistrationReversed,
    )
)
RESIDENCE_ADJUSTED, VERIFIED = code(person.ResidenceAdjusted), code(readiness.PersonVerified)
HOUSE_IMPORTED, ESTABLISHED, MEMBERS = (
    code(one)
    for one in (
        household.HouseholdImported,
        household.HouseholdEstablished,
        household.MembersChanged,
    )
)
HOUSE_MOVED, CLOSED, HOUSE_VOIDED, HOUSE_ADJUSTED = (
    code(one)
    for one in (
        household.HouseholdMoved,
        household.HouseholdClosed,
        household.HouseholdEntriesVoided,
        household.HouseholdAdjusted,
    )
)
PLATE_IMPORTED, PLATE_ADJUSTED = code(address.DoorplateImported), code(address.DoorplateAdjusted)
GIVEN, RECORDED, ENDED = (
    code(one) for one in (numbers.NumberGiven, numbers.NumberRecorded, numbers.HoldingEnded)
)
OPENED, DRAWN = code(numbers.BookOpened), code(numbers.CodeDrawn)
CASE_OPENED, CASE_CLOSED = code(numbers.NumberCaseOpened), code(numbers.NumberCaseClosed)
ISSUED, CONSUMED = code(papers.CertificateIssued), code(papers.CertificateConsumed)
ACCEPTED, SIGNED = code(applications.ApplicationAccepted), code(applications.CardSigned)
PRODUCED, REJECTED, DESTROYED, PROPOSED = (
    code(one)
    for one in (
        issuance.CardProduced,
        issuance.CardRejectedAtProduction,
        issuance.CardDestroyed,
        issuance.DestructionProposed,
    )
)
HANDED = code(issuance.CardHandedOut)
BLANK, READY, BOUND, WRITTEN = (
    code(one)
    for one in (cards.BlankReceived, cards.BlankIssued, cards.BlankBound, cards.CardPersonalised)
)
SPOILED, BODY_PROPOSED, BODY_DESTROYED = (
    code(one) for one in (cards.BodySpoiled, cards.BodyDestructionProposed, cards.BodyDestroyed)
)
