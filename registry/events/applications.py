"""What happens to an application for a card until it is made: the data go up (居民身份证受理).

An application is a ledger under its acceptance number. The state that an event type reaches is
declared with it, so that whoever knows the last code that reaches a state knows the state; which
state may follow which is the table card_application_status. Who acted is in the envelope.
"""

from __future__ import annotations

from datetime import date

from registry.frozen import frozen
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardKind,
    CardPriority,
    CardReason,
    CaseId,
    CollectionMethod,
    CommunityId,
    Digest,
    DivisionCode,
    DrawId,
    FingerPosition,
    IdentityDocument,
    MediaType,
    Name,
    OfficeCode,
    PackageId,
    PaperNumber,
    PersonId,
    PhotoVerdict,
    ProductionError,
    ProductionType,
    Text,
)
from registry.vocabulary import Kind, OfDeclarant, OfGuardian, Private, event


@event(code=130, kind=Kind.APPLICATION, opens=True, reaches="00")
class ApplicationAccepted:
    """A station accepted an application for a card (受理).

    applied_on: the day on which the form was signed, from which the card's time counts. county,
    community: where the applicant was registered. replaces: the application whose card is to be
    handed back. unit_package: of the military unit that sent the application. declarant: who
    applied for somebody else.
    Source: 居民身份证法 art. 7-12; GA 214.4-2004 (acceptance number), GA 214.5-2004 (reason).
    """

    effective_on: date
    applied_on: date
    person: PersonId
    acceptance_number: AcceptanceNumber
    apply_reason: CardReason
    card_kind: CardKind
    production_type: ProductionType
    priority: CardPriority
    station: OfficeCode
    county: DivisionCode
    community: CommunityId
    replaces: ApplicationId | None = None
    guardian: PersonId | None = None
    guardian_name: OfGuardian[Name | None] = None
    documents: tuple[IdentityDocument, ...] = ()
    collection: CollectionMethod | None = None
    mail_to: Private[Text | None] = None
    unit_package: PaperNumber | None = None
    declarant: OfDeclarant[Name | None] = None


@frozen
class FingerPrint:
    """A finger and the digest of its features."""

    finger: FingerPosition
    template: Digest


@event(code=131, kind=Kind.APPLICATION, reaches="06")
class FingerprintCaptured:
    """Fingerprints were taken (采集指纹).

    Source: 居民身份证法 art. 3 as amended on 2011-10-29, in force 2012-01-01.
    """

    effective_on: date
    prints: tuple[FingerPrint, ...]


@event(code=132, kind=Kind.APPLICATION, reaches="01")
class CaptureCompleted:
    """All that a card needs was captured, or captured again (数据完整).

    photo: of so many bytes, of a type, and what the checks said of it; chip_photo: the 1,024 bytes
    that go on the chip, encoded once. A card of the first generation is made from a print.
    script_name, script_address: the lines in the local script of an autonomous area.
    Source: GA 461-2004; 居民身份证法 art. 3, 4.
    """

    effective_on: date
    photo: Digest | None
    photo_size: int | None
    photo_type: MediaType | None = None
    photo_verdict: PhotoVerdict | None = None
    chip_photo: Digest | None
    script_name: Private[Text | None] = None
    script_address: Private[Text | None] = None


@event(code=133, kind=Kind.APPLICATION, reaches="02")
class ApplicationVoided:
    """An application was given up, and no card of it is left to be handed out (作废).

    Source: 二代证受理状态 02.
    """

    effective_on: date
    grounds: Private[Text]


@event(code=134, kind=Kind.APPLICATION, reaches="03")
class SubmittedToCounty:
    """The station sent the data to the county, or sent them again (向区县上传).

    Source: 二代证受理状态 03.
    """

    effective_on: date
    package: PackageId | None


@event(code=135, kind=Kind.APPLICATION, reaches="04")
class ReceivedByCounty:
    """The county received the data (上传至区县). Source: 二代证受理状态 04."""

    effective_on: date
    package: PackageId | None


@event(code=136, kind=Kind.APPLICATION, reaches="10")
class HeldForDuplicateNumber:
    """The county holds an application while its person's number is in dispute (重号).

    Source: 二代证受理状态 10.
    """

    effective_on: date
    case: CaseId


@event(code=137, kind=Kind.APPLICATION, reaches="11")
class CountyAuditPassed:
    """An officer of the county found the data good (区县审核通过). Source: 二代证受理状态 11."""

    effective_on: date


@event(code=138, kind=Kind.APPLICATION, reaches="12")
class CountyAuditFailed:
    """The county sent the data back, the error and its grounds stated (区县审核不通过).

    Source: 二代证受理状态 12; GA 214.10-2004.
    """

    effective_on: date
    error: ProductionError
    grounds: Private[Text | None] = None


@event(code=139, kind=Kind.APPLICATION, reaches="13")
class CardSigned:
    """The county signed: what the card says is fixed with this day (签发).

    valid_until is absent on a card for life. authority_name: what the card prints.
    Source: 居民身份证法 art. 5, 8; GA 214.8-2004.
    """

    effective_on: date
    valid_from: date
    valid_until: date | None
    authority: OfficeCode
    authority_name: Text


@event(code=140, kind=Kind.APPLICATION, reaches="14")
class SubmittedToCity:
    """The county sent the data to the city, or sent them again (向地市上传).

    Source: 二代证受理状态 14.
    """

    effective_on: date
    package: PackageId | None


@event(code=141, kind=Kind.APPLICATION, reaches="15")
class ReceivedByCity:
    """The city received the data and drew which of them it looks at (上传至地市).

    draw: what was drawn from together, of `size` applications, which are judged together. permille,
    least: how many were to be looked at; accepts: how many faults among them leave the others
    good; seed: those are looked at for which SHA-256 of the seed, eight bytes, and the
    application's id comes first. So a draw can be repeated from its entries alone.
    Source: 二代证受理状态 15; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    package: PackageId | None
    sampled: bool
    draw: DrawId
    size: int
    permille: int
    least: int
    accepts: int
    seed: int


@event(code=142, kind=Kind.APPLICATION, reaches="16")
class CitySampleOrAuditPassed:
    """The city passed the data: looked at, or of a package whose sample was good (地市审核通过).

    Source: 二代证受理状态 16; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date


@event(code=143, kind=Kind.APPLICATION, reaches="17")
class CitySampleOrAuditFailed:
    """The city sent the data back: wrong, or of a package whose sample failed (地市审核不通过).

    error is 00 where only the package failed.
    Source: 二代证受理状态 17; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    error: ProductionError
    grounds: Private[Text | None] = None


@event(code=144, kind=Kind.APPLICATION, reaches="18")
class SubmittedToProvince:
    """The city sent the data to the province, or sent them again (向省厅上传).

    Source: 二代证受理状态 18.
    """

    effective_on: date
    package: PackageId | None


@event(code=145, kind=Kind.APPLICATION, reaches="20")
class ExtractedForPackage:
    """The data are on their way into a package (提取中). Source: 二代证受理状态 20."""

    effective_on: date


@event(code=146, kind=Kind.APPLICATION, reaches="21")
class ReceivedByProvince:
    """The province received the data (上传至省厅). Source: 二代证受理状态 21."""

    effective_on: date
    package: PackageId | None


@event(code=147, kind=Kind.APPLICATION, reaches="22")
class ProvinceCheckPassed:
    """The number is right and one person's in the whole province (省厅审核通过).

    Source: 二代证受理状态 22.
    """

    effective_on: date


@event(code=148, kind=Kind.APPLICATION, reaches="23")
class ProvinceCheckFailed:
    """The province sent the data back, the error and its grounds stated (省厅审核不通过).

    Source: 二代证受理状态 23; GA 214.10-2004.
    """

    effective_on: date
    error: ProductionError
    grounds: Private[Text | None] = None


@event(code=149, kind=Kind.APPLICATION, reaches="24")
class ProductionPackageBuilt:
    """The order to make a card went to a production site (已生成制证信息数据包).

    attempt counts from 1: each order is a further one, save the first after CardRedone, which
    opened it. work_order: of the site, where the province names it.
    Source: 二代证受理状态 24.
    """

    effective_on: date
    package: PackageId | None
    attempt: int
    site: OfficeCode
    work_order: PaperNumber | None = None


@event(code=150, kind=Kind.APPLICATION, reaches="25")
class PackagingRejected:
    """The data were found unfit while the order was made up (打包时质量不合格).

    Source: 二代证受理状态 25; GA 214.10-2004.
    """

    effective_on: date
    error: ProductionError
    grounds: Private[Text | None] = None


@event(code=151, kind=Kind.APPLICATION, reaches="30")
class ProductionRejectedInput:
    """The production site sent the data back (制证中心反馈质量不合格).

    Source: 二代证受理状态 30; GA 214.10-2004.
    """

    effective_on: date
    error: ProductionError
    grounds: Private[Text | None] = None


@event(code=180, kind=Kind.APPLICATION)
class DeadlineExtended:
    """The time in which the card is due was prolonged, where the place is hard to reach (延长期限).

    Source: 居民身份证法 art. 12.
    """

    effective_on: date
    days: int
    grounds: Private[Text]


@event(code=181, kind=Kind.APPLICATION)
class ProductionRerouted:
    """An open order passed to another site, as when its own was closed (制证任务移交).

    work_order: of that site, once it is on one. Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    site: OfficeCode
    work_order: PaperNumber | None = None


@event(code=199, kind=Kind.APPLICATION)
class OrderSentAgain:
    """The data of an open order went to its site once more, in another package (重发制证信息).

    The package before was rejected or lost, or went to the site that had the order before.
    Source: GA 214.15; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    package: PackageId


ApplicationEvent = (
    ApplicationAccepted
    | FingerprintCaptured
    | CaptureCompleted
    | ApplicationVoided
    | SubmittedToCounty
    | ReceivedByCounty
    | HeldForDuplicateNumber
    | CountyAuditPassed
    | CountyAuditFailed
    | CardSigned
    | SubmittedToCity
    | ReceivedByCity
    | CitySampleOrAuditPassed
    | CitySampleOrAuditFailed
    | SubmittedToProvince
    | ExtractedForPackage
    | ReceivedByProvince
    | ProvinceCheckPassed
    | ProvinceCheckFailed
    | ProductionPackageBuilt
    | PackagingRejected
    | ProductionRejectedInput
    | DeadlineExtended
    | ProductionRerouted
    | OrderSentAgain
)
