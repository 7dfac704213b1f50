"""What is found to be wrong with somebody's registration, and what became of it (核对差错).

Every person, and every household, has one ledger of findings, so that whether something is open is
asked of one stream. A finding is named by rule, item and source: what was settled may be raised
again, what is open is not raised twice.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    BatchId,
    CaseId,
    CommunityId,
    EvidenceSource,
    HouseholdId,
    PersonId,
    RegisterItem,
    RuleCode,
    Settlement,
    Severity,
    Text,
)
from registry.vocabulary import Kind, Private, event


@event(code=300, kind=Kind.FINDING, opens=True)
class FindingRaised:
    """Something was found to be wrong with a person or a household (发现差错).

    person, household: exactly one of them has the ledger; a household's finding names no person.
    source: the paper or system that says otherwise; the register itself where a rule is broken.
    community: where the subject was registered. found_on: the day of the check or visit.
    others: persons who share it, such as the holders of one number. batch: the import that brought
    it in. as_registered and as_found: what the register and the source say, as text.
    Source: 公通字[2004]6号; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    rule: RuleCode
    severity: Severity
    person: PersonId | None
    household: HouseholdId | None
    item: RegisterItem
    source: EvidenceSource
    community: CommunityId | None
    found_on: date
    batch: BatchId | None = None
    case: CaseId | None = None
    others: tuple[PersonId, ...] = ()
    as_registered: Private[str | None] = None
    as_found: Private[str | None] = None


@event(code=301, kind=Kind.FINDING)
class FindingSettled:
    """A finding was settled, by whom the envelope tells (差错处理).

    document: the paper on which it rests, such as a notice of correction. settled_on: the day of
    the desk check, visit or correction.
    Source: 公通字[2004]6号; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    rule: RuleCode
    item: RegisterItem
    source: EvidenceSource
    settlement: Settlement
    settled_on: date
    document: str = ""
    grounds: Private[Text | None] = None


FindingEvent = FindingRaised | FindingSettled
