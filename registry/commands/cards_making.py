"""Orders for production, and cards that are made anew (制证, 重办)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import card_rules
from registry.commands.base import CENTRE, CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_bodies import refuse_unsettled, spoil
from registry.commands.cards_common import enter_all, in_hand, package_id, told
from registry.events.applications import (
    ExtractedForPackage,
    PackagingRejected,
    ProductionPackageBuilt,
    ProductionRejectedInput,
    ProductionRerouted,
)
from registry.events.issuance import CardProduced, CardRedone, CardRejectedAtProduction
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    OfficeCode,
    PaperNumber,
    ProductionError,
    ReceivedQuality,
    SpoilCause,
    Text,
)


@command(CITY)
class ExtractForPackage:
    """Take the data of applications out for a package; nobody audits them meanwhile (提取中).

    Source: 二代证受理状态 20.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it for each."""
        found = in_hand(registrar, self.applications)
        event = ExtractedForPackage(effective_on=registrar.today)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(PROVINCE)
class OrderProduction:
    """Order a production site to make cards, also for a further attempt (生成制证信息数据包).

    Source: 二代证受理状态 24.
    """

    applications: tuple[ApplicationId, ...]
    site: OfficeCode
    package_number: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the order of each, with the attempt that it is."""
        found = in_hand(registrar, self.applications)
        package = package_id(registrar, self.package_number)
        for one in found:
            registrar.enter(
                one.id,
                ProductionPackageBuilt(
                    effective_on=registrar.today,
                    package=package,
                    attempt=one.next_attempt,
                    site=self.site,
                ),
            )
        return told(found)


@command(PROVINCE)
class RerouteProduction:
    """Pass open orders to another production site, as when one is closed (制证任务移交).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    applications: tuple[ApplicationId, ...]
    site: OfficeCode

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the new site of each."""
        found = in_hand(registrar, self.applications)
        event = ProductionRerouted(effective_on=registrar.today, site=self.site)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(PROVINCE, CENTRE)
class ReturnOrder:
    """Send the data of an order back: unfit for the package, or for the machine (制证信息退回).

    at_the_site: it was the production site that found the error.
    Source: 二代证受理状态 25, 30; GA 214.10-2004.
    """

    application: ApplicationId
    error: ProductionError
    at_the_site: bool = False
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the error and its grounds, once no body is set aside for it."""
        (one,) = in_hand(registrar, (self.application,))
        refuse_unsettled(registrar, one.body, one.acceptance_number)
        kind = ProductionRejectedInput if self.at_the_site else PackagingRejected
        event = kind(effective_on=registrar.today, error=self.error, grounds=self.grounds)
        registrar.enter(one.id, event)
        return {"application": one.id}


@command(CENTRE)
class RecordProduction:
    """Record that cards of the first generation were made; they have no chip (已制证).

    Source: 二代证受理状态 31; 德办发(2004)39号.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the production of each."""
        found = in_hand(registrar, self.applications)
        for one in found:
            chip = one.card_kind.generation == 2
            registrar.refuse_if((chip, card_rules.BodyNotWritten(one.acceptance_number)))
            registrar.enter(
                one.id,
                CardProduced(effective_on=registrar.today, body=None, attempt=one.attempt),
            )
        return told(found)


@command(CENTRE)
class RejectProduced:
    """Find a made card faulty at the production site, and bin its body (证件不合格).

    Source: 二代证受理状态 32.
    """

    application: ApplicationId
    quality: ReceivedQuality
    reject_bin: PaperNumber
    cause: SpoilCause = SpoilCause.PROCESS

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the fault on the application, and the spoil on the body."""
        (one,) = in_hand(registrar, (self.application,))
        registrar.enter(
            one.id,
            CardRejectedAtProduction(
                effective_on=registrar.today,
                body=one.body,
                attempt=one.attempt,
                quality=self.quality,
            ),
        )
        if one.body is not None:
            spoil(registrar, one.body, self.cause, self.reject_bin, None)
        return {"application": one.id}


@command(STATION, COUNTY, CITY, PROVINCE, CENTRE)
class RedoCards:
    """Have cards made anew that are faulty or were lost before they were handed out (重办).

    The body before must be in the reject bin, or given up by two officers.
    Source: 二代证受理状态 97.
    """

    applications: tuple[ApplicationId, ...]
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the further attempt of each."""
        found = in_hand(registrar, self.applications)
        registrar.prefetch([one.body for one in found if one.body is not None])
        for one in found:
            refuse_unsettled(registrar, one.body, one.acceptance_number)
            registrar.enter(
                one.id,
                CardRedone(
                    effective_on=registrar.today,
                    attempt=one.attempt + 1,
                    replaced_by=None,
                    grounds=self.grounds,
                ),
            )
        return told(found)
