"""Values of the register, valid or absent: names, texts, papers, identifiers, days.

Coded values, numbers made of digits and values of cards have modules of their own,
`registry.coded`, `registry.numbers` and `registry.cards`; all their names stand here too, and here
is where others take them from.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import ClassVar, NewType, Self
from uuid import UUID

from registry.cards import (
    AcceptanceNumber,
    AppendFailure,
    CardKind,
    CardPriority,
    CardReason,
    CardState,
    ChipSerial,
    CollectionMethod,
    Digest,
    FingerPosition,
    HandoverCategory,
    HandoverCheck,
    IncidentKind,
    MediaType,
    PackageAnomaly,
    PackageContent,
    PackageNumber,
    PhotoVerdict,
    ProductionError,
    ProductionType,
    ReceivedQuality,
    RunEnd,
    SpoilCause,
    SurrenderReason,
)
from registry.coded import (
    ApprovalKind,
    ApprovalResult,
    AssignmentOperation,
    BirthKind,
    BloodType,
    CancellationCategory,
    ChangeCategory,
    ChangeScope,
    Code,
    CommunityKind,
    DeathCause,
    DeletionKind,
    DuplicateResolution,
    Education,
    EvidenceSource,
    HouseholdType,
    HukouNature,
    IdentityDocument,
    KeeperReason,
    Level,
    MaritalStatus,
    MigrationReason,
    MilitaryService,
    Nationality,
    NumberFaultKind,
    OutKind,
    PersonLock,
    PersonStatus,
    PlateFreeze,
    PlateState,
    PresenceClass,
    RedactionGround,
    RegisterItem,
    RegistrationBusiness,
    RegistrationOutcome,
    Relationship,
    RestorationReason,
    ReversalReason,
    SeparationStatus,
    Settlement,
    Severity,
    SourceSet,
    StreetNumberKind,
    SupplementKind,
    TownshipKind,
    UnsettledReason,
    UrbanRural,
)
from registry.fees import FeeClass, ReliefKind, RowFault, WaiverBasis
from registry.numbers import (
    CitizenNumber,
    DivisionCode,
    NumberFault,
    OfficeCode,
    Sex,
    check_character,
    explain_number,
    masked,
)
from registry.programmes import (
    MilestoneCode,
    ProgrammeCode,
    ProgrammePhase,
    ReadinessStream,
    ReportForm,
)

__all__ = [
    "EPOCH",
    "AcceptanceNumber",
    "AppendFailure",
    "ApplicationId",
    "ApprovalKind",
    "ApprovalResult",
    "AssignmentOperation",
    "BatchId",
    "BinId",
    "BirthKind",
    "BloodType",
    "BookId",
    "CancellationCategory",
    "CardId",
    "CardKind",
    "CardPriority",
    "CardReason",
    "CardState",
    "CaseId",
    "CertificateId",
    "ChangeCategory",
    "ChangeScope",
    "ChipSerial",
    "CitizenNumber",
    "Code",
    "CollectionMethod",
    "CommunityId",
    "CommunityKind",
    "DeathCause",
    "DeletionKind",
    "Digest",
    "DivisionCode",
    "DivisionId",
    "DoorplateId",
    "DrawId",
    "DuplicateResolution",
    "Education",
    "EvidenceSource",
    "FeeClass",
    "FeeId",
    "FingerPosition",
    "HandoverCategory",
    "HandoverCheck",
    "HouseholdId",
    "HouseholdNumber",
    "HouseholdType",
    "HukouNature",
    "IdentityDocument",
    "IncidentKind",
    "KeeperReason",
    "LetterId",
    "Level",
    "Line",
    "MaritalStatus",
    "MediaType",
    "MigrationReason",
    "MilestoneCode",
    "MilitaryService",
    "Name",
    "Nationality",
    "NumberFault",
    "NumberFaultKind",
    "NumberId",
    "OfficeCode",
    "Officer",
    "OutKind",
    "PackageAnomaly",
    "PackageContent",
    "PackageId",
    "PackageNumber",
    "PaperNumber",
    "PermitId",
    "PersonId",
    "PersonLock",
    "PersonStatus",
    "PhotoVerdict",
    "PlateFreeze",
    "PlateNumber",
    "PlateState",
    "PresenceClass",
    "ProductionError",
    "ProductionType",
    "ProgrammeCode",
    "ProgrammePhase",
    "ReadinessStream",
    "ReceivedQuality",
    "RedactionGround",
    "RegisterItem",
    "RegistrationBusiness",
    "RegistrationOutcome",
    "Relationship",
    "ReliefKind",
    "ReliefListId",
    "ReportForm",
    "ReportId",
    "RestorationReason",
    "ReversalReason",
    "RowFault",
    "RuleCode",
    "RunEnd",
    "SeparationStatus",
    "Settlement",
    "Severity",
    "Sex",
    "SourceSet",
    "SpoilCause",
    "StreetId",
    "StreetNumberKind",
    "SupplementKind",
    "SurrenderReason",
    "Text",
    "TownshipKind",
    "UnsettledReason",
    "UrbanRural",
    "WaiverBasis",
    "check_character",
    "comparison_key",
    "day_number",
    "day_of",
    "explain_number",
    "masked",
]

PersonId = NewType("PersonId", UUID)
HouseholdId = NewType("HouseholdId", UUID)
DoorplateId = NewType("DoorplateId", UUID)
StreetId = NewType("StreetId", UUID)
CommunityId = NewType("CommunityId", UUID)
DivisionId = NewType("DivisionId", UUID)
BookId = NewType("BookId", UUID)
NumberId = NewType("NumberId", UUID)
PermitId = NewType("PermitId", UUID)
CertificateId = NewType("CertificateId", UUID)
CaseId = NewType("CaseId", UUID)
ApplicationId = NewType("ApplicationId", UUID)
CardId = NewType("CardId", UUID)
PackageId = NewType("PackageId", UUID)
BinId = NewType("BinId", UUID)
DrawId = NewType("DrawId", UUID)
BatchId = NewType("BatchId", UUID)
FeeId = NewType("FeeId", UUID)
ReliefListId = NewType("ReliefListId", UUID)
LetterId = NewType("LetterId", UUID)
ReportId = NewType("ReportId", UUID)

#: Day 0 of every column of days; nobody in the register was born much earlier.
EPOCH = date(1880, 1, 1)


def day_number(day: date) -> int:
    """Count the days since EPOCH; before it the number is negative."""
    return day.toordinal() - EPOCH.toordinal()


def day_of(number: int) -> date:
    """Return the day with a number, the inverse of `day_number`."""
    return EPOCH + timedelta(number)


class Line(str):
    """One line of text, kept exactly as received: not empty, no control characters, no margins.

    Characters that this Python does not know yet, and those of private use, are let pass: rare
    names (生僻字) live there.
    """

    __slots__ = ()
    WHAT: ClassVar[str] = "a text"
    LIMIT: ClassVar[int] = 200  # code points

    def __new__(cls, text: str) -> Self:
        """Refuse a line that is empty, too long or hides something."""
        if not 1 <= len(text) <= cls.LIMIT:
            raise ValueError(f"{cls.WHAT} has 1 to {cls.LIMIT} characters, not {len(text)}")
        if text != text.strip():
            raise ValueError(f"{cls.WHAT} has white space at an end: take it away")
        if not text.isprintable():
            for character in text:
                if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
                    raise ValueError(f"{cls.WHAT} must not contain U+{ord(character):04X}")
        return str.__new__(cls, text)


class Name(Line):
    """Name of a person (姓名), 1 to 50 code points; compare with `comparison_key`."""

    __slots__ = ()
    WHAT = "a name"
    LIMIT = 50


class Text(Line):
    """Free text such as a detail of an address or a remark, up to 200 code points."""

    __slots__ = ()


class Officer(Line):
    """Who recorded something (承办人), as the station names its officers, 1 to 40 code points."""

    __slots__ = ()
    WHAT = "an officer"
    LIMIT = 40


class HouseholdNumber(Line):
    """Number of a household, unique inside its station (户号): at most nine characters."""

    __slots__ = ()
    WHAT = "a household number"
    LIMIT = 9


class PlateNumber(Line):
    """Number on a door plate (门楼牌号), as civil affairs writes it."""

    __slots__ = ()
    WHAT = "a door-plate number"
    LIMIT = 40


class RuleCode(Line):
    """Code of a rule by which something is found wrong (核对规则): letters, digits, / and -."""

    __slots__ = ()
    WHAT = "a rule's code"
    LIMIT = 60


class PaperNumber(str):
    """Number printed on a paper such as a migration certificate: digits, letters, hyphens."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not 1 to 40 digits, Latin letters or hyphens."""
        if not PAPER_NUMBER.fullmatch(text):
            raise ValueError(f"a paper's number has 1 to 40 digits, letters or '-', not {text!r}")
        return str.__new__(cls, text)


PAPER_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")
#: The dots that keyboards offer for the one between the parts of a name (间隔号).
DOTS = dict.fromkeys(map(ord, "•‧∙⋅・･\uff0e."), "·")
#: Characters that choose a glyph or have no width: variation selectors, joiners, marks of order.
UNSEEN = dict.fromkeys(
    [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x200B, 0x2010), 0x2060, 0xFEFF]
)


def comparison_key(name: str) -> str:
    """Return what two writings of one name have in common; for comparing, never for keeping.

    Width, compatibility forms, case, spaces, unseen characters and the shape of the dot go.

    >>> comparison_key("阿卜杜拉・艾合麦提") == comparison_key("阿卜杜拉·艾合麦提")
    True
    """
    text = unicodedata.normalize("NFKC", name.translate(UNSEEN)).casefold()
    return "".join(unicodedata.normalize("NFKC", text).translate(DOTS).split())
