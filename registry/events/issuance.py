"""What happens to an application once its card is made: the card comes down (居民身份证制发).

It goes on as `registry.events.applications` begins it, on the same stream.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    ApplicationId,
    BinId,
    CardId,
    CardKind,
    CitizenNumber,
    CollectionMethod,
    HandoverCategory,
    HandoverCheck,
    Name,
    OfficeCode,
    PackageId,
    PaperNumber,
    PersonId,
    ReceivedQuality,
    SpoilCause,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind, OfCollector, OfDeclarant, Private, event


@event(code=152, kind=Kind.APPLICATION, reaches="31")
class CardProduced:
    """A card was made (已制证).

    body: the chip's; a card of the first generation has none. Source: 二代证受理状态 31.
    """

    effective_on: date
    body: CardId | None
    attempt: int


@event(code=153, kind=Kind.APPLICATION, reaches="32")
class CardRejectedAtProduction:
    """The production site found the card faulty and binned it (证件不合格).

    cause: what spoiled it, which tells who answers for it. Source: 二代证受理状态 32.
    """

    effective_on: date
    body: CardId | None
    attempt: int
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber


@event(code=154, kind=Kind.APPLICATION, reaches="60")
class ProvinceReceivedCard:
    """The province received the card (省厅接收). Source: 二代证受理状态 60."""

    effective_on: date
    package: PackageId | None


@event(code=155, kind=Kind.APPLICATION, reaches="61")
class ProvinceInspectionPassed:
    """The province found the card good (省厅证件验收通过). Source: 二代证受理状态 61."""

    effective_on: date


@event(code=156, kind=Kind.APPLICATION, reaches="62")
class ProvinceInspectionFailed:
    """The province found the card faulty and binned it (省厅证件验收不通过).

    cause: what spoiled it, which tells who answers for it. Source: 二代证受理状态 62.
    """

    effective_on: date
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Private[Text | None] = None


@event(code=157, kind=Kind.APPLICATION, reaches="64")
class ProvinceSorted:
    """The province sorted the card to its addressee (省厅已分检). Source: 二代证受理状态 64."""

    effective_on: date


@event(code=158, kind=Kind.APPLICATION, reaches="63")
class ProvinceDispatched:
    """The province sent the card on (省厅已分发). Source: 二代证受理状态 63."""

    effective_on: date
    package: PackageId | None
    destination: OfficeCode


@event(code=159, kind=Kind.APPLICATION, reaches="70")
class CityReceivedCard:
    """The city received the card (地市接收). Source: 二代证受理状态 70."""

    effective_on: date
    package: PackageId | None


@event(code=160, kind=Kind.APPLICATION, reaches="71")
class CityInspectionPassed:
    """The city found the card good (地市证件验收通过). Source: 二代证受理状态 71."""

    effective_on: date


@event(code=161, kind=Kind.APPLICATION, reaches="72")
class CityInspectionFailed:
    """The city found the card faulty and binned it (地市证件验收不通过).

    cause: what spoiled it, which tells who answers for it. Source: 二代证受理状态 72.
    """

    effective_on: date
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Private[Text | None] = None


@event(code=162, kind=Kind.APPLICATION, reaches="74")
class CitySorted:
    """The city sorted the card to its addressee (地市已分检). Source: 二代证受理状态 74."""

    effective_on: date


@event(code=163, kind=Kind.APPLICATION, reaches="73")
class CityDispatched:
    """The city sent the card on (地市已分发). Source: 二代证受理状态 73."""

    effective_on: date
    package: PackageId | None
    destination: OfficeCode


@event(code=164, kind=Kind.APPLICATION, reaches="80")
class CountyReceivedCard:
    """The county received the card (区县接收). Source: 二代证受理状态 80."""

    effective_on: date
    package: PackageId | None


@event(code=165, kind=Kind.APPLICATION, reaches="81")
class CountyInspectionPassed:
    """The county found the card good (区县证件验收通过). Source: 二代证受理状态 81."""

    effective_on: date


@event(code=166, kind=Kind.APPLICATION, reaches="82")
class CountyInspectionFailed:
    """The county found the card faulty and binned it (区县证件验收不通过).

    cause: what spoiled it, which tells who answers for it. Source: 二代证受理状态 82.
    """

    effective_on: date
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Private[Text | None] = None


@event(code=167, kind=Kind.APPLICATION, reaches="84")
class CountySorted:
    """The county sorted the card to its addressee (区县已分检). Source: 二代证受理状态 84."""

    effective_on: date


@event(code=168, kind=Kind.APPLICATION, reaches="83")
class CountyDispatched:
    """The county sent the card on (区县已分发). Source: 二代证受理状态 83."""

    effective_on: date
    package: PackageId | None
    destination: OfficeCode


@event(code=169, kind=Kind.APPLICATION, reaches="89")
class StationReceivedCard:
    """The station received the card (派出所接收). Source: 二代证受理状态 89."""

    effective_on: date
    package: PackageId | None


@event(code=170, kind=Kind.APPLICATION, reaches="90")
class StationInspectionPassed:
    """The station found the card good (派出所验收通过). Source: 二代证受理状态 90."""

    effective_on: date


@event(code=171, kind=Kind.APPLICATION, reaches="91")
class StationInspectionFailed:
    """The station found the card faulty and binned it (派出所验收不通过).

    cause: what spoiled it, which tells who answers for it. Source: 二代证受理状态 91.
    """

    effective_on: date
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Private[Text | None] = None


@event(code=172, kind=Kind.APPLICATION, reaches="92")
class CollectionReminderPrinted:
    """The holder was reminded to collect the card (已打印催领通知单). Source: 二代证受理状态 92."""

    effective_on: date


@event(code=173, kind=Kind.APPLICATION, reaches="93")
class CardHandedOut:
    """The card was handed out, and the old one taken in by the same act (已领证).

    chip_read: the chip that was read at the counter; the first generation has none. checks:
    what was looked at. surrendered: the applications of the cards that the holder handed back,
    temporary ones too. took_in: kinds of old cards that the register does not know, which went
    into a bin. collector: who came for the holder, absent where the holder came.
    Source: 居民身份证法 art. 11; GA 214.7-2004; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    handover: HandoverCategory
    collection: CollectionMethod
    chip_read: CardId | None = None
    checks: tuple[HandoverCheck, ...] = ()
    surrendered: tuple[ApplicationId, ...] = ()
    took_in: tuple[CardKind, ...] = ()
    taken_into: BinId | None = None
    collector: PersonId | None = None
    collector_name: OfCollector[Name | None] = None
    collector_number: OfCollector[CitizenNumber | None] = None


@event(code=174, kind=Kind.APPLICATION, reaches="94")
class CardReportedLost:
    """The holder reported the card lost (挂失). Source: 居民身份证法 art. 11."""

    effective_on: date
    lost_on: date | None
    declarant: OfDeclarant[Name]


@event(code=175, kind=Kind.APPLICATION, reaches="95")
class CardSurrendered:
    """A card was taken back (收交).

    replaced_by: the application whose card was handed out for it.
    Source: 居民身份证法 art. 11; 二代证受理状态 95.
    """

    effective_on: date
    surrender_reason: SurrenderReason
    replaced_by: ApplicationId | None


@event(code=176, kind=Kind.APPLICATION, reaches="96")
class CardDestroyed:
    """A second officer confirmed that the card was destroyed (已销毁).

    confirms: the version at which the first officer proposed it. protocol: the record's number.
    Source: 二代证受理状态 96.
    """

    effective_on: date
    confirms: int
    protocol: PaperNumber


@event(code=177, kind=Kind.APPLICATION, reaches="97")
class CardRedone:
    """Another card takes the place of this one (已重办).

    attempt: the further attempt of this application; replaced_by: the application of somebody who
    lost the card. One of the two is present. cause: why there is a further attempt. confirms: the
    version at which a first officer proposed it, where two are needed.
    Source: 二代证受理状态 97.
    """

    effective_on: date
    attempt: int | None
    replaced_by: ApplicationId | None
    cause: SpoilCause | None = None
    confirms: int | None = None
    grounds: Private[Text | None] = None


@event(code=178, kind=Kind.APPLICATION, reaches="98")
class VoidedAndArchived:
    """The application was put away (作废归档). Source: 二代证受理状态 98."""

    effective_on: date


@event(code=179, kind=Kind.APPLICATION, reaches="93")
class CardFound:
    """A card that was reported lost is in its holder's hands again (解除挂失).

    Source: 居民身份证法 art. 11.
    """

    effective_on: date
    declarant: OfDeclarant[Name]


@event(code=186, kind=Kind.APPLICATION)
class DestructionProposed:
    """An officer put a card forward for destruction; a second one has to confirm it (提请销毁).

    Source: Deyang plan of 2004 (德办发(2004)39号): overrides need a second person.
    """

    effective_on: date
    grounds: Private[Text]


@event(code=187, kind=Kind.APPLICATION)
class BodyBound:
    """A card body is being made into the card of one attempt (绑定卡体).

    It is recorded with BlankBound on the body, so that no second body is taken for the attempt
    while this one is neither spoiled nor given up.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    body: CardId
    attempt: int


@event(code=217, kind=Kind.APPLICATION)
class CardDispatchedFromSite:
    """The production site sent the made card to the province (制证中心发出).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    package: PackageId | None
    destination: OfficeCode


@event(code=218, kind=Kind.APPLICATION)
class RemakeProposed:
    """An officer put a card forward to be made anew; a second one has to confirm it (提请重办).

    It is needed where nothing proves that the card before is out of the way: it has no chip, and
    nobody found it faulty.
    Source: Deyang plan of 2004 (德办发(2004)39号): overrides need a second person.
    """

    effective_on: date
    cause: SpoilCause
    grounds: Private[Text]


IssuanceEvent = (
    CardProduced
    | CardRejectedAtProduction
    | ProvinceReceivedCard
    | ProvinceInspectionPassed
    | ProvinceInspectionFailed
    | ProvinceSorted
    | ProvinceDispatched
    | CityReceivedCard
    | CityInspectionPassed
    | CityInspectionFailed
    | CitySorted
    | CityDispatched
    | CountyReceivedCard
    | CountyInspectionPassed
    | CountyInspectionFailed
    | CountySorted
    | CountyDispatched
    | StationReceivedCard
    | StationInspectionPassed
    | StationInspectionFailed
    | CollectionReminderPrinted
    | CardHandedOut
    | CardReportedLost
    | CardSurrendered
    | CardDestroyed
    | CardRedone
    | VoidedAndArchived
    | CardFound
    | DestructionProposed
    | BodyBound
    | CardDispatchedFromSite
    | RemakeProposed
)
