"""Orders for production, and cards that are made anew (制证, 重办)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.aggregates import Application, card_rules, making_rules
from registry.card_terms import is_made
from registry.commands.base import CENTRE, CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_blanks import refuse_closed
from registry.commands.cards_bodies import refuse_unsettled, spoil
from registry.commands.cards_common import (
    enter_all,
    in_hand,
    refuse_other_site,
    refuse_sound,
    refuse_unproposed,
    sites_of,
    told,
)
from registry.commands.cards_fitness import people_of, refuse_unfit
from registry.commands.cards_packages import send
from registry.events.applications import (
    ExtractedForPackage,
    PackagingRejected,
    ProductionPackageBuilt,
    ProductionRejectedInput,
    ProductionRerouted,
)
from registry.events.issuance import (
    CardProduced,
    CardRedone,
    CardRejectedAtProduction,
    RemakeProposed,
)
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    OfficeCode,
    PackageContent,
    PackageNumber,
    PaperNumber,
    ProductionError,
    ReceivedQuality,
    SpoilCause,
    Text,
)

#: States of a card that an inspection found faulty, which binned it.
FOUND_FAULTY = frozenset({"32", "62", "72", "82", "91"})


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

    site: it has to be the one to which the county is routed, where one is. work_order: of the
    site, where the province names it. Nothing is ordered for whom no card may be made any more.
    Source: 二代证受理状态 24; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    applications: tuple[ApplicationId, ...]
    site: OfficeCode
    package_number: PackageNumber | None = None
    work_order: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the order of each, with the attempt that it is, and the package."""
        found = in_hand(registrar, self.applications)
        people = people_of(registrar, found)
        for one in found:
            refuse_unfit(registrar, people[one.person], one)
        order_from(registrar, found, self.site, self.package_number, self.work_order)
        return told(found)


def order_from(
    registrar: Registrar,
    found: Sequence[Application],
    site: OfficeCode,
    package_number: PackageNumber | None,
    work_order: PaperNumber | None,
) -> None:
    """Enter the orders of applications from a site, for each of whom a card may be made."""
    refuse_closed(registrar, site)
    for one in found:
        refuse_misrouted(registrar, one, site)
    package = send(registrar, package_number, PackageContent.DATA, site, found)
    for one in found:
        registrar.enter(
            one.id,
            ProductionPackageBuilt(
                effective_on=registrar.today,
                package=package,
                attempt=one.next_attempt,
                site=site,
                work_order=work_order,
            ),
        )


@command(PROVINCE)
class RerouteProduction:
    """Pass open orders to another production site, as when one is closed (制证任务移交).

    A body that is set aside for one has to be spoiled or given up first, since it stays.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    applications: tuple[ApplicationId, ...]
    site: OfficeCode

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the new site of each."""
        found = in_hand(registrar, self.applications)
        refuse_closed(registrar, self.site)
        registrar.prefetch([one.body for one in found if one.body is not None])
        for one in found:
            refuse_unsettled(registrar, one.body, one.acceptance_number)
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
        refuse_sound(registrar, self.error)
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
        refuse_other_site(registrar, *(one.site for one in found))
        for one in found:
            chip = one.card_kind.generation == 2
            registrar.refuse_if(
                (chip, card_rules.BodyNotWritten(one.acceptance_number)),
                (
                    not is_made(one.card_kind, registrar.today),
                    card_rules.GenerationNotMade(f"{one.acceptance_number} on {registrar.today}"),
                ),
            )
            registrar.enter(
                one.id,
                CardProduced(effective_on=registrar.today, body=None, attempt=one.attempt),
            )
        return told(found)


@command(CENTRE)
class RejectProduced:
    """Find a made card faulty at the production site, and bin it (证件不合格).

    cause: what spoiled it, which tells who answers for it.
    Source: 二代证受理状态 32.
    """

    application: ApplicationId
    quality: ReceivedQuality
    cause: SpoilCause
    reject_bin: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the fault on the application, and the spoil on the body."""
        (one,) = in_hand(registrar, (self.application,))
        refuse_sound(registrar, self.quality)
        refuse_other_site(registrar, one.site)
        registrar.refuse_if(
            (one.destination is not None, making_rules.SentElsewhere(one.destination))
        )
        registrar.enter(
            one.id,
            CardRejectedAtProduction(
                effective_on=registrar.today,
                body=one.body,
                attempt=one.attempt,
                quality=self.quality,
                cause=self.cause,
                reject_bin=self.reject_bin,
            ),
        )
        if one.body is not None:
            spoil(registrar, one.body, self.cause, self.reject_bin, None)
        return {"application": one.id}


@command(STATION, COUNTY, CITY, PROVINCE, CENTRE)
class RedoCards:
    """Have cards made anew that are faulty, or whose bodies were used up or given up (重办).

    The body before must be in the reject bin, or given up by two officers. A card without a chip
    must have been found faulty; else two officers decide (ProposeRemake). cause: of the remake.
    Source: 二代证受理状态 97.
    """

    applications: tuple[ApplicationId, ...]
    cause: SpoilCause
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the further attempt of each."""
        found = in_hand(registrar, self.applications)
        registrar.prefetch([one.body for one in found if one.body is not None])
        for one in found:
            refuse_unsettled(registrar, one.body, one.acceptance_number)
            unproven = one.body is None and one.state not in FOUND_FAULTY
            registrar.refuse_if((unproven, making_rules.TwoNeeded(one.acceptance_number)))
            redo(registrar, one, self.cause, self.grounds)
        return told(found)


@command(STATION, COUNTY, CITY, PROVINCE, CENTRE)
class ProposeRemake:
    """Propose that a card without a chip that was lost on its way be made anew (提请重办).

    Source: Deyang plan of 2004 (德办发(2004)39号): two persons; 二代证受理状态 97.
    """

    application: ApplicationId
    cause: SpoilCause
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the proposal, and return the version that a second officer confirms."""
        (one,) = in_hand(registrar, (self.application,))
        refuse_unsettled(registrar, one.body, one.acceptance_number)
        event = RemakeProposed(effective_on=registrar.today, cause=self.cause, grounds=self.grounds)
        return {"application": one.id, "version": registrar.enter(one.id, event).version}


@command(STATION, COUNTY, CITY, PROVINCE, CENTRE)
class ConfirmRemake:
    """Confirm, as a second officer, that a card is made anew (重办).

    Source: 二代证受理状态 97.
    """

    application: ApplicationId
    version: int

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the further attempt."""
        (one,) = in_hand(registrar, (self.application,))
        refuse_unproposed(registrar, one.id, self.version, RemakeProposed)
        registrar.stop_if_refused()
        proposed = registrar.entries(one.id)[self.version - 1].event
        redo(registrar, one, proposed.cause, proposed.grounds, self.version)
        return {"application": one.id}


def redo(
    registrar: Registrar,
    one: Application,
    cause: SpoilCause,
    grounds: Text | None,
    confirms: int | None = None,
) -> None:
    """Enter a further attempt of an application."""
    registrar.enter(
        one.id,
        CardRedone(
            effective_on=registrar.today,
            attempt=one.attempt + 1,
            replaced_by=None,
            cause=cause,
            confirms=confirms,
            grounds=grounds,
        ),
    )


def refuse_misrouted(registrar: Registrar, one: Application, site: OfficeCode) -> None:
    """Refuse to order a card at a site to which its county is not routed today."""
    above = registrar.places().above(one.community, registrar.today)
    codes = {one.county, *(str(fact.code) for _, fact in above if fact.code is not None)}
    routed = sites_of(registrar).route(codes, one.card_kind.generation, registrar.today)
    elsewhere = routed is not None and routed != site
    registrar.refuse_if((elsewhere, making_rules.NotRoutedThere(routed)))
