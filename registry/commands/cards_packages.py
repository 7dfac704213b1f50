"""Packages between offices: sent, taken in, found wrong, given up as lost (数据包, 证件包)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.aggregates import Application, Package, card_rules, making_rules
from registry.aggregates.package import PackageState
from registry.commands.base import CENTRE, CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_common import enter_all, in_hand, package_id
from registry.deadlines import package_due
from registry.events.applications import OrderSentAgain
from registry.events.packages import (
    PackageCameAgain,
    PackageReceived,
    PackageRejected,
    PackageReportedLost,
    PackageSent,
)
from registry.registrar import Registrar
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    Digest,
    OfficeCode,
    PackageAnomaly,
    PackageContent,
    PackageId,
    PackageNumber,
    Text,
)

WHOLE, SHORT = PackageAnomaly("00"), PackageAnomaly("11")
#: States in which data are on their way, under the package that they were last sent in.
DATA_ON_THE_WAY = frozenset({"03", "14", "18"})
#: The state of an application whose card is ordered.
ORDERED = "24"


def package_digest(numbers: Collection[AcceptanceNumber]) -> Digest:
    """SHA-256 over the acceptance numbers in a package, in rising order, each with a newline."""
    text = "".join(f"{number}\n" for number in sorted(numbers))
    return Digest(hashlib.sha256(text.encode("ascii")).hexdigest())


def send(
    registrar: Registrar,
    number: PackageNumber | None,
    content: PackageContent,
    receiver: OfficeCode,
    found: Sequence[Application],
) -> PackageId | None:
    """Number, count and digest a package; what goes over a line goes without one."""
    if number is None:
        return None
    stream = package_id(registrar, number)
    registrar.find(Package, stream)
    unfit = number.sender != registrar.authority.office or number.day > registrar.today
    registrar.refuse_if((unfit, making_rules.PackageNumberUnfit(number)))
    registrar.enter(
        stream,
        PackageSent(
            effective_on=registrar.today,
            package_number=number,
            content=content,
            sender=registrar.authority.office,
            receiver=receiver,
            count=len(found),
            digest=package_digest([one.acceptance_number for one in found]),
            members=tuple(one.id for one in found),
        ),
    )
    return stream


@dataclass(frozen=True)
class Arrival:
    """What of a package is taken in now, and what an officer is told of it."""

    package: PackageId | None
    fresh: Sequence[Application]
    told: Mapping[str, Any]

    @property
    def ids(self) -> tuple[ApplicationId, ...]:
        """The applications that are taken in now."""
        return tuple(one.id for one in self.fresh)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a receiver counts and digests of a package that came."""

    count: int | None = None
    digest: Digest | None = None


def take_in(
    registrar: Registrar,
    number: PackageNumber | None,
    content: PackageContent,
    found: Sequence[Application],
    contents: Contents,
) -> Arrival:
    """Hold what came against what was sent; what was taken in before is left as it is.

    Source: GA 214.14, GA 214.15: whatever goes between offices may come twice, late or never.
    """
    if number is None:
        packed = [one for one in found if awaited_in(one) is not None]
        registrar.refuse_if(
            *((True, making_rules.InAPackage(one.acceptance_number)) for one in packed)
        )
        return Arrival(None, found, {"applications": len(found)})
    package = known(registrar, number)
    refuse_other_office(registrar, package, package.receiver)
    members, awaited = set(package.members), set(package.missing)
    differs = contents.count not in {None, len(members)} or contents.digest not in {
        None,
        package.digest,
    }
    registrar.refuse_if(
        (differs or content is not package.content, making_rules.PackageDamaged(number)),
        *(
            (one.id not in members, making_rules.NotInThePackage(one.acceptance_number))
            for one in found
        ),
    )
    fresh = [one for one in found if one.id in awaited]
    registrar.refuse_if(
        *(
            (one.package != package.id, making_rules.NotInThePackage(one.acceptance_number))
            for one in fresh
        )
    )
    registrar.stop_if_refused()
    if not fresh:
        registrar.notice("package-came-again", making_rules.PACKAGES, f"{number} was taken in")
        registrar.enter(
            package.id,
            PackageCameAgain(effective_on=registrar.today, receiver=registrar.authority.office),
        )
        return Arrival(package.id, (), {"applications": 0, "again": True})
    due = package_due(package.content, package.receiver, package.sent_on)
    if registrar.today > due:
        registrar.notice("package-late", making_rules.PACKAGES, f"{number} was due on {due}")
    taken = {one.id for one in fresh}
    missing = tuple(one for one in package.missing if one not in taken)
    registrar.enter(
        package.id,
        PackageReceived(
            effective_on=registrar.today,
            receiver=registrar.authority.office,
            anomaly=SHORT if missing else WHOLE,
            members=tuple(one.id for one in fresh),
            missing=missing,
        ),
    )
    return Arrival(package.id, fresh, {"applications": len(fresh), "missing": missing})


def awaited_in(one: Application) -> PackageId | None:
    """The package in which an application or its card is on its way, if it is in one."""
    on_the_way = one.destination is not None or one.state in DATA_ON_THE_WAY
    return one.package if on_the_way else None


def known(registrar: Registrar, number: PackageNumber) -> Package:
    """A package that was sent."""
    package = registrar.find(Package, package_id(registrar, number))
    if package is None:
        registrar.refuse_if((True, making_rules.PackageUnknown(number)))
        registrar.stop_if_refused()
    assert package is not None, "refused above"
    return package


def refuse_other_office(registrar: Registrar, package: Package, *offices: OfficeCode) -> None:
    """Refuse an officer of none of the offices between which a package goes."""
    own = any(registrar.authority.office.within(office) for office in offices)
    registrar.refuse_if((not own, making_rules.SentElsewhere(package.receiver)))


@command(CENTRE)
class ReceiveOrders:
    """Take in a package of orders for production at the site (接收制证信息数据包).

    count, digest: as the site finds them.
    Source: 二代证受理状态 24; 居民身份证制作中心（所）建设工作规范.
    """

    applications: tuple[ApplicationId, ...]
    package_number: PackageNumber
    count: int | None = None
    digest: Digest | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the receipt on the package; the orders stand where they stood."""
        found = in_hand(registrar, self.applications)
        registrar.refuse_if(
            *(
                (one.state != ORDERED, card_rules.StepOutOfOrder(one.acceptance_number))
                for one in found
            )
        )
        contents = Contents(count=self.count, digest=self.digest)
        arrival = take_in(registrar, self.package_number, PackageContent.DATA, found, contents)
        return arrival.told


@command(PROVINCE)
class SendOrdersAgain:
    """Send the data of open orders to their site once more, in another package (重发制证信息).

    Of orders whose package was rejected or lost, or that passed to the site from another one. The
    orders stand where they stood, and stay on their work order.
    Source: GA 214.15; Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    applications: tuple[ApplicationId, ...]
    package_number: PackageNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the package, and the sending of each."""
        found = in_hand(registrar, self.applications)
        registrar.prefetch([one.package for one in found if one.package is not None])
        sites = {one.site for one in found if one.site is not None}
        registrar.refuse_if(
            *(
                (_awaited_at_site(registrar, one), making_rules.StillAwaited(one.acceptance_number))
                for one in found
            ),
            (len(sites) > 1, making_rules.PackageForOthers(self.package_number)),
            *(
                (one.state != ORDERED, card_rules.StepOutOfOrder(one.acceptance_number))
                for one in found
            ),
        )
        registrar.stop_if_refused()
        package = send(registrar, self.package_number, PackageContent.DATA, min(sites), found)
        assert package is not None, "it has a number"
        event = OrderSentAgain(effective_on=registrar.today, package=package)
        enter_all(registrar, self.applications, event)
        return {"applications": len(found), "package": package}


def _awaited_at_site(registrar: Registrar, one: Application) -> bool:
    """Whether the data of an order have come to its site, or are on their way there."""
    if one.package is None:
        return False
    package = registrar.load(Package, one.package)
    gone = package.state in {PackageState.REJECTED, PackageState.LOST} and one.id in package.missing
    return package.receiver == one.site and not gone


@command(COUNTY, CITY, PROVINCE, CENTRE, STATION)
class RejectPackage:
    """Report that a package of data could not be taken in, and what is wrong (数据包异常).

    count, digest: as they were found. Its members have to be sent again, in another package.
    Source: GA 214.15.
    """

    package_number: PackageNumber
    anomaly: PackageAnomaly
    count: int | None = None
    digest: Digest | None = None
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the anomaly."""
        package = known(registrar, self.package_number)
        refuse_other_office(registrar, package, package.receiver)
        cards = package.content is PackageContent.CARDS
        registrar.refuse_if(
            (self.anomaly == WHOLE, card_rules.ErrorNotNamed(self.package_number)),
            (cards, making_rules.CardsAreTakenIn(self.package_number)),
        )
        registrar.enter(
            package.id,
            PackageRejected(
                effective_on=registrar.today,
                receiver=registrar.authority.office,
                anomaly=self.anomaly,
                count=self.count,
                digest=self.digest,
                grounds=self.grounds,
            ),
        )
        return {"package": package.id, "members": package.members}


@command(COUNTY, CITY, PROVINCE, CENTRE, STATION)
class ReportPackageLost:
    """Give up a package, or what has not come of it, as lost, and name whose it was (数据包丢失).

    Data are sent again; cards are given up one by one by two officers, and made anew.
    Source: 吉政办发〔2004〕53号; 居民身份证制作中心（所）建设工作规范.
    """

    package_number: PackageNumber
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the loss, and answer with the applications whose data or cards are missing."""
        package = known(registrar, self.package_number)
        refuse_other_office(registrar, package, package.receiver, package.sender)
        registrar.enter(
            package.id,
            PackageReportedLost(
                effective_on=registrar.today, missing=package.missing, grounds=self.grounds
            ),
        )
        return {"package": package.id, "content": package.content, "missing": package.missing}
