"""Data go up and cards come down, tier by tier: sent, received, inspected, sorted (上报分发)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from registry.aggregates import Application, card_rules, making_rules
from registry.card_terms import LEVELS
from registry.commands.base import CENTRE, CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_bodies import spoil
from registry.commands.cards_city import draw_sample
from registry.commands.cards_common import (
    Tier,
    act_for,
    enter_all,
    in_hand,
    refuse_other_site,
    refuse_sound,
    told,
)
from registry.commands.cards_packages import Contents, send, take_in
from registry.events.applications import (
    ReceivedByCounty,
    ReceivedByProvince,
    SubmittedToCity,
    SubmittedToCounty,
    SubmittedToProvince,
)
from registry.events.issuance import (
    CardDispatchedFromSite,
    CityDispatched,
    CityInspectionFailed,
    CityInspectionPassed,
    CityReceivedCard,
    CitySorted,
    CountyDispatched,
    CountyInspectionFailed,
    CountyInspectionPassed,
    CountyReceivedCard,
    CountySorted,
    ProvinceDispatched,
    ProvinceInspectionFailed,
    ProvinceInspectionPassed,
    ProvinceReceivedCard,
    ProvinceSorted,
    StationInspectionFailed,
    StationInspectionPassed,
    StationReceivedCard,
)
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    Digest,
    Level,
    OfficeCode,
    PackageContent,
    PackageId,
    PackageNumber,
    PaperNumber,
    ReceivedQuality,
    SpoilCause,
    Text,
)

Kinds = Mapping[Tier, type[Any]]
DATA, CARDS = PackageContent.DATA, PackageContent.CARDS
#: How many digits of a county's code its own office, its city's and its province's have.
ABOVE: Final = {Tier.STATION: 6, Tier.COUNTY: 4, Tier.CITY: 2}
#: Which event a step is at each tier that takes it.
SENT: Final[Kinds] = {
    Tier.STATION: SubmittedToCounty,
    Tier.COUNTY: SubmittedToCity,
    Tier.CITY: SubmittedToProvince,
}
RECEIVED: Final[Kinds] = {Tier.COUNTY: ReceivedByCounty, Tier.PROVINCE: ReceivedByProvince}
ARRIVED: Final[Kinds] = {
    Tier.PROVINCE: ProvinceReceivedCard,
    Tier.CITY: CityReceivedCard,
    Tier.COUNTY: CountyReceivedCard,
    Tier.STATION: StationReceivedCard,
}
GOOD: Final[Kinds] = {
    Tier.PROVINCE: ProvinceInspectionPassed,
    Tier.CITY: CityInspectionPassed,
    Tier.COUNTY: CountyInspectionPassed,
    Tier.STATION: StationInspectionPassed,
}
FAULTY: Final[Kinds] = {
    Tier.PROVINCE: ProvinceInspectionFailed,
    Tier.CITY: CityInspectionFailed,
    Tier.COUNTY: CountyInspectionFailed,
    Tier.STATION: StationInspectionFailed,
}
SORTED: Final[Kinds] = {
    Tier.PROVINCE: ProvinceSorted,
    Tier.CITY: CitySorted,
    Tier.COUNTY: CountySorted,
}
DISPATCHED: Final[Kinds] = {
    Tier.PROVINCE: ProvinceDispatched,
    Tier.CITY: CityDispatched,
    Tier.COUNTY: CountyDispatched,
}
#: The state in which a card has come to a tier and was not inspected yet.
UNINSPECTED: Final = {
    "60": Tier.PROVINCE,
    "70": Tier.CITY,
    "80": Tier.COUNTY,
    "89": Tier.STATION,
}


def kind_at(kinds: Kinds, tier: Tier, registrar: Registrar) -> type[Any]:
    """The event type of a step at a tier, which must take that step and be the officer's."""
    act_for(registrar, tier)
    registrar.refuse_if((tier not in kinds, card_rules.NotAtThisTier(tier.value)))
    registrar.stop_if_refused()
    return kinds[tier]


@command(STATION, COUNTY, CITY)
class SendData:
    """Send the data of applications to the tier above, or send lost ones again (上传制证信息).

    Source: 二代证受理状态 03, 14, 18.
    """

    tier: Tier
    applications: tuple[ApplicationId, ...]
    package_number: PackageNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the sending of each, and the package."""
        kind = kind_at(SENT, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        package = self._send(registrar, found)
        event = kind(effective_on=registrar.today, package=package)
        enter_all(registrar, self.applications, event)
        return told(found)

    def _send(self, registrar: Registrar, found: list[Application]) -> PackageId | None:
        width = ABOVE[self.tier]
        receivers = {OfficeCode(one.county[:width].ljust(12, "0")) for one in found}
        several = len(receivers) > 1 and self.package_number is not None
        registrar.refuse_if((several, making_rules.PackageForOthers(self.package_number)))
        registrar.stop_if_refused()
        return send(registrar, self.package_number, DATA, min(receivers), found)


@command(COUNTY, CITY, PROVINCE)
class ReceiveData:
    """Take in the data of applications from the tier below (接收制证信息).

    count, digest: of a package, as they are found. What was taken in under it before is left out.
    The city draws at once which of a package it looks at, and the seed of the draw is recorded.
    Source: 二代证受理状态 04, 15, 21; Deyang plan of 2004 (德办发(2004)39号).
    """

    tier: Tier
    applications: tuple[ApplicationId, ...]
    package_number: PackageNumber | None = None
    count: int | None = None
    digest: Digest | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the receipt of each, and what came of the package."""
        act_for(registrar, self.tier)
        kind = None if self.tier is Tier.CITY else kind_at(RECEIVED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        contents = Contents(count=self.count, digest=self.digest)
        arrival = take_in(registrar, self.package_number, DATA, found, contents)
        if kind is None:
            if not arrival.fresh:
                return arrival.told
            return {**arrival.told, **draw_sample(registrar, arrival.fresh, arrival.package)}
        event = kind(effective_on=registrar.today, package=arrival.package)
        enter_all(registrar, arrival.ids, event)
        return arrival.told


@command(STATION, COUNTY, CITY, PROVINCE)
class ReceiveCards:
    """Take in cards from the tier above, the province from production (接收证件).

    Only the office to which a card was sent takes it in. count, digest: of a package, as they are
    found; what was taken in under it before is left out.
    Source: 二代证受理状态 60, 70, 80, 89.
    """

    tier: Tier
    applications: tuple[ApplicationId, ...]
    package_number: PackageNumber | None = None
    count: int | None = None
    digest: Digest | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the receipt of each, and what came of the package."""
        kind = kind_at(ARRIVED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        contents = Contents(count=self.count, digest=self.digest)
        arrival = take_in(registrar, self.package_number, CARDS, found, contents)
        for one in arrival.fresh:
            refuse_not_addressed(registrar, self.tier, one)
        event = kind(effective_on=registrar.today, package=arrival.package)
        enter_all(registrar, arrival.ids, event)
        return arrival.told


@command(STATION, COUNTY, CITY, PROVINCE)
class PassInspection:
    """Find received cards good (证件验收通过). Source: 二代证受理状态 61, 71, 81, 90."""

    tier: Tier
    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the inspection of each."""
        kind = kind_at(GOOD, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        enter_all(registrar, self.applications, kind(effective_on=registrar.today))
        return told(found)


@command(STATION, COUNTY, CITY, PROVINCE)
class RejectCard:
    """Find a received card faulty, and put it into the reject bin (证件验收不通过).

    cause: what spoiled it, which tells who answers for it.
    Source: 二代证受理状态 62, 72, 82, 91.
    """

    tier: Tier
    application: ApplicationId
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the fault on the application, and the spoil on the body of its card."""
        kind = kind_at(FAULTY, self.tier, registrar)
        (one,) = in_hand(registrar, (self.application,))
        refuse_sound(registrar, self.quality)
        registrar.enter(
            one.id,
            kind(
                effective_on=registrar.today,
                quality=self.quality,
                cause=self.cause,
                reject_bin=self.reject_bin,
                grounds=self.grounds,
            ),
        )
        if one.body is not None:
            spoil(registrar, one.body, self.cause, self.reject_bin, self.grounds)
        return {"application": one.id}


@command(COUNTY, CITY, PROVINCE)
class SortCards:
    """Sort cards to their addressees (证件分检). Source: 二代证受理状态 64, 74, 84."""

    tier: Tier
    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the sorting of each."""
        kind = kind_at(SORTED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        refuse_uninspected(registrar, found)
        enter_all(registrar, self.applications, kind(effective_on=registrar.today))
        return told(found)


@command(COUNTY, CITY, PROVINCE)
class DispatchCards:
    """Send cards on to the tier below (证件分发).

    destination: the city or the county, the county, or the station that is in charge of the holder;
    nobody else takes the cards in.
    Source: 二代证受理状态 63, 73, 83.
    """

    tier: Tier
    applications: tuple[ApplicationId, ...]
    destination: OfficeCode
    package_number: PackageNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the dispatch of each, and the package."""
        kind = kind_at(DISPATCHED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        refuse_uninspected(registrar, found)
        for one in found:
            refuse_destination(registrar, self.tier, one, self.destination)
        package = send(registrar, self.package_number, CARDS, self.destination, found)
        event = kind(effective_on=registrar.today, package=package, destination=self.destination)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(CENTRE)
class DispatchFromSite:
    """Send made cards from the production site to the province (制证中心发出).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    applications: tuple[ApplicationId, ...]
    destination: OfficeCode
    package_number: PackageNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the dispatch of each, and the package."""
        found = in_hand(registrar, self.applications)
        refuse_other_site(registrar, *(one.site for one in found))
        gone = [one.destination for one in found if one.destination is not None]
        registrar.refuse_if(*((True, making_rules.SentElsewhere(to)) for to in gone))
        for one in found:
            above = OfficeCode(one.county[:2].ljust(12, "0"))
            unfit = self.destination != above
            registrar.refuse_if((unfit, making_rules.DestinationUnfit(self.destination)))
        package = send(registrar, self.package_number, CARDS, self.destination, found)
        event = CardDispatchedFromSite(
            effective_on=registrar.today, package=package, destination=self.destination
        )
        enter_all(registrar, self.applications, event)
        return told(found)


def refuse_not_addressed(registrar: Registrar, tier: Tier, one: Application) -> None:
    """Refuse a card that was sent to another office, or to another tier."""
    to = one.destination
    if to is None:  # nothing was sent: it came from the site next door
        return
    other = not registrar.authority.office.within(to) or (
        one.state == "63" and (tier is Tier.CITY) != to.endswith("0" * 8)
    )
    registrar.refuse_if((other, making_rules.SentElsewhere(to)))


def refuse_destination(registrar: Registrar, tier: Tier, one: Application, to: OfficeCode) -> None:
    """Refuse to send a card to an office that is not in charge of its holder, or of another tier.

    The divisions are those over the holder's community today, and the one that accepted.
    """
    above = registrar.places().above(one.community, registrar.today)
    counties = {one.county, *(fact.code for _, fact in above if fact.level is Level.COUNTY)}
    county, city = to.division in counties, any(to[:4] == code[:4] for code in counties if code)
    station = not to.endswith("0" * 6)
    fit = {
        Tier.PROVINCE: (county and not station) or (city and to.endswith("0" * 8)),
        Tier.CITY: county and not station,
        Tier.COUNTY: county and station,
    }
    registrar.refuse_if((not fit[tier], making_rules.DestinationUnfit(to)))


def refuse_uninspected(registrar: Registrar, found: list[Application]) -> None:
    """Refuse cards that have not passed where this tier is set to inspect (证件验收级别)."""
    inspected = registrar.setting.cards.inspected
    for one in found:
        tier = UNINSPECTED.get(one.state or "")
        due = tier is not None and LEVELS[tier.value] in inspected
        registrar.refuse_if((due, card_rules.NotInspected(one.acceptance_number)))
