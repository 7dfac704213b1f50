"""Data go up and cards come down, tier by tier: sent, received, inspected, sorted (上报分发)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from registry.aggregates import Application, card_rules
from registry.card_terms import LEVELS
from registry.commands.base import CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_audit import drawn
from registry.commands.cards_bodies import spoil
from registry.commands.cards_common import (
    Tier,
    act_for,
    enter_all,
    in_hand,
    package_id,
    told,
)
from registry.events.applications import (
    ReceivedByCity,
    ReceivedByCounty,
    ReceivedByProvince,
    SubmittedToCity,
    SubmittedToCounty,
    SubmittedToProvince,
)
from registry.events.issuance import (
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
    OfficeCode,
    PaperNumber,
    ReceivedQuality,
    SpoilCause,
    Text,
)

Kinds = Mapping[Tier, type[Any]]
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
    package_number: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the sending of each."""
        kind = kind_at(SENT, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        package = package_id(registrar, self.package_number)
        event = kind(effective_on=registrar.today, package=package)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(COUNTY, CITY, PROVINCE)
class ReceiveData:
    """Take in the data of applications from the tier below (接收制证信息).

    The city draws at once which of a package it looks at, and the seed of the draw is recorded.
    Source: 二代证受理状态 04, 15, 21; Deyang plan of 2004 (德办发(2004)39号).
    """

    tier: Tier
    applications: tuple[ApplicationId, ...]
    package_number: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the receipt of each."""
        if self.tier is Tier.CITY:
            return self._draw(registrar)
        kind = kind_at(RECEIVED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        package = package_id(registrar, self.package_number)
        event = kind(effective_on=registrar.today, package=package)
        enter_all(registrar, self.applications, event)
        return told(found)

    def _draw(self, registrar: Registrar) -> Mapping[str, Any]:
        act_for(registrar, self.tier)
        found = in_hand(registrar, self.applications)
        seed = registrar.new_id().int % 2**31
        sample = drawn(self.applications, seed, registrar.setting.cards)
        package = package_id(registrar, self.package_number)
        for one in found:
            registrar.enter(
                one.id,
                ReceivedByCity(
                    effective_on=registrar.today,
                    package=package,
                    sampled=one.id in sample,
                    seed=seed,
                ),
            )
        return {**told(found), "seed": seed, "sample": sorted(sample)}


@command(STATION, COUNTY, CITY, PROVINCE)
class ReceiveCards:
    """Take in cards from the tier above, the province from production (接收证件).

    Source: 二代证受理状态 60, 70, 80, 89.
    """

    tier: Tier
    applications: tuple[ApplicationId, ...]
    package_number: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the receipt of each."""
        kind = kind_at(ARRIVED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        package = package_id(registrar, self.package_number)
        event = kind(effective_on=registrar.today, package=package)
        enter_all(registrar, self.applications, event)
        return told(found)


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
    """Find a received card faulty, and put its body into the reject bin (证件验收不通过).

    Source: 二代证受理状态 62, 72, 82, 91.
    """

    tier: Tier
    application: ApplicationId
    quality: ReceivedQuality
    reject_bin: PaperNumber
    cause: SpoilCause = SpoilCause.PROCESS
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the fault on the application, and the spoil on the body of its card."""
        kind = kind_at(FAULTY, self.tier, registrar)
        (one,) = in_hand(registrar, (self.application,))
        event = kind(effective_on=registrar.today, quality=self.quality, grounds=self.grounds)
        registrar.enter(one.id, event)
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
    """Send cards on to the tier below (证件分发). Source: 二代证受理状态 63, 73, 83."""

    tier: Tier
    applications: tuple[ApplicationId, ...]
    destination: OfficeCode
    package_number: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the dispatch of each."""
        kind = kind_at(DISPATCHED, self.tier, registrar)
        found = in_hand(registrar, self.applications)
        refuse_uninspected(registrar, found)
        package = package_id(registrar, self.package_number)
        event = kind(effective_on=registrar.today, package=package, destination=self.destination)
        enter_all(registrar, self.applications, event)
        return told(found)


def refuse_uninspected(registrar: Registrar, found: list[Application]) -> None:
    """Refuse cards that have not passed where this tier is set to inspect (证件验收级别)."""
    inspected = registrar.setting.cards.inspected
    for one in found:
        tier = UNINSPECTED.get(one.state or "")
        due = tier is not None and LEVELS[tier.value] in inspected
        registrar.refuse_if((due, card_rules.NotInspected(one.acceptance_number)))
