"""How a person's registration is held against the papers and the person (五源核对).

Every person has one ledger: what each source says, the check at the desk, the visit, the end. What
differs is a finding and stands in the ledger of findings. A household has a ledger of its visits.
"""

from __future__ import annotations

from datetime import date

from registry.frozen import frozen
from registry.values import (
    CommunityId,
    EvidenceSource,
    HouseholdId,
    Name,
    Officer,
    PersonId,
    PresenceClass,
    RegisterItem,
    SourceSet,
)
from registry.vocabulary import Kind, OfDeclarant, Private, event


@frozen
class StatedItem:
    """One item as a source states it, as it came."""

    item: RegisterItem
    text: str


@event(code=310, kind=Kind.VERIFICATION, opens=True)
class SourceRecorded:
    """What a paper says of a person was noted, item by item (核对来源登记).

    present: whether there is such a paper; there is none of a card for most children. document: its
    number or place in the files. taken_on: the day on which it was looked at.
    Source: Deyang plan of 2004 (德办发(2004)39号); 公通字[1995]91号.
    """

    effective_on: date
    person: PersonId
    community: CommunityId
    source: EvidenceSource
    present: bool
    taken_on: date
    document: str = ""
    items: Private[tuple[StatedItem, ...]] = ()


@event(code=311, kind=Kind.VERIFICATION)
class DeskChecked:
    """All sources of a person were held against each other at the desk (内部核对).

    version: that of the person's stream which was compared; a later entry asks for a new check.
    compared: how many items of how many papers; differing: how many differed.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 内部核对和入户调查.
    """

    effective_on: date
    person: PersonId
    source_set: SourceSet
    version: int
    compared: int
    differing: int


@event(code=312, kind=Kind.VERIFICATION, opens=True)
class VisitAssigned:
    """An officer was told to visit a household with its sheet (入户核对任务).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 内部核对和入户调查.
    """

    effective_on: date
    household: HouseholdId
    community: CommunityId
    visitor: Officer
    due_on: date


@event(code=313, kind=Kind.VERIFICATION)
class VisitMade:
    """The household was visited; what was found of each member stands with the member (入户核对).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 内部核对和入户调查.
    """

    effective_on: date
    household: HouseholdId
    visited_on: date
    persons: tuple[PersonId, ...]


@event(code=314, kind=Kind.VERIFICATION, opens=True)
class PersonVisited:
    """A visit found a person present or not, and asked about every item (入户核对结果).

    version: that of the person's stream whose items were confirmed. confirmed: the items that the
    person, or who spoke for the person, said to be right. signed_by: who signed the sheet.
    Source: person_presence_class (人类别); Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    person: PersonId
    community: CommunityId
    visited_on: date
    presence: PresenceClass
    version: int
    confirmed: tuple[RegisterItem, ...] = ()
    signed_by: OfDeclarant[Name | None] = None


@event(code=315, kind=Kind.VERIFICATION)
class VerificationCompleted:
    """Papers, register and person agree in every item; the person's stream says so too (核准).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 核对一人、准确一人、录入一人.
    """

    effective_on: date
    person: PersonId
    source_set: SourceSet
    document: str


VerificationEvent = (
    SourceRecorded | DeskChecked | VisitAssigned | VisitMade | PersonVisited | VerificationCompleted
)
