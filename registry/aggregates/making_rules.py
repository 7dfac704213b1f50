"""The rules about production sites, card bodies and packages that can stand in the way."""

from __future__ import annotations

from registry.aggregates.rules import Concerning

CENTRE = "居民身份证制作中心（所）建设工作规范"
ROUTING = "吉政办发〔2004〕53号"
PACKAGES = "GA 214.11, GA 214.14, GA 214.15"


class SiteUnknown(Concerning):
    """No production site is open under that code on that day."""

    code = "site-unknown"
    law = ROUTING
    remedy = "Name a site that is open, or let an administrator open it (OpenSite)."


class SiteOpen(Concerning):
    """The production site is open already."""

    code = "site-open"
    law = ROUTING
    remedy = "Nothing is to be done."


class NotRoutedThere(Concerning):
    """The cards of that county are made at another site."""

    code = "not-routed-there"
    law = ROUTING
    remedy = "Leave the site out to order where the county is routed to, or route it anew."


class SiteNotEmpty(Concerning):
    """A site is closed once its orders have passed on and nothing is left in it."""

    code = "site-not-empty"
    law = ROUTING
    remedy = "Pass its orders on (RerouteProduction), and send on or destroy what is left."


class OtherSite(Concerning):
    """The body or the order is of another production site."""

    code = "other-site"
    law = CENTRE
    remedy = "Let an officer of that site do it, or transfer the blank or the order first."


class OtherWorkOrder(Concerning):
    """The blank was issued for another work order."""

    code = "other-work-order"
    law = CENTRE
    remedy = "Return the blank to stock (ReturnBlanks) and issue it for this work order."


class SheetTooFull(Concerning):
    """A sheet has eight places."""

    code = "sheet-too-full"
    law = CENTRE
    remedy = "Count the sheet again."


class SerialTwice(Concerning):
    """The same chip stands twice in what came in."""

    code = "serial-twice"
    law = CENTRE
    remedy = "Read the chips again; two that answer alike go back to the maker."


class NoChip(Concerning):
    """A card of the first generation has no chip."""

    code = "no-chip"
    law = "德办发(2004)39号"
    remedy = "Record its production without a body (RecordProduction)."


class TwoNeeded(Concerning):
    """Nothing proves that the card before is out of the way, so that two officers decide."""

    code = "two-needed"
    law = "德办发(2004)39号: two persons"
    remedy = "Propose it (ProposeRemake) and let a second officer confirm it (ConfirmRemake)."


class SentElsewhere(Concerning):
    """The card or the package is on its way to another office."""

    code = "sent-elsewhere"
    law = PACKAGES
    remedy = "Send it on to the office named; only that office takes it in."


class DestinationUnfit(Concerning):
    """The office is not one of the tier below over the holder's registration."""

    code = "destination-unfit"
    law = "二代证受理状态 63, 73, 83"
    remedy = "Name the city, the county or the station that is in charge of the holder."


class PackageUnknown(Concerning):
    """No package was sent under that number."""

    code = "package-unknown"
    law = PACKAGES
    remedy = "Ask the sender for the number; what came without one is received without one."


class PackageNumberUsed(Concerning):
    """A package was sent under that number before."""

    code = "package-number-used"
    law = PACKAGES
    remedy = "Give the next number of the day; a number is never used twice."


class PackageNumberUnfit(Concerning):
    """The number is not one of the sender's office and of a day that has come."""

    code = "package-number-unfit"
    law = PACKAGES
    remedy = "Number it with the code of the office that sends and the day on which it does."


class PackageDamaged(Concerning):
    """Count or digest of the package is not as it was sent."""

    code = "package-damaged"
    law = PACKAGES
    remedy = "Report it (RejectPackage), and let the sender send its members in a new package."


class CardsAreTakenIn(Concerning):
    """Cards cannot be sent again as data can: those that lie in the package are taken in."""

    code = "cards-are-taken-in"
    law = PACKAGES
    remedy = "Take in what came (ReceiveCards), and report what did not (ReportPackageLost)."


class NotInThePackage(Concerning):
    """It was not sent in that package, or it was sent in another one since."""

    code = "not-in-the-package"
    law = PACKAGES
    remedy = "Receive it under the package in which it was sent."


class InAPackage(Concerning):
    """It was sent in a package, and is received under the package's number."""

    code = "in-a-package"
    law = PACKAGES
    remedy = "Name the package."


class StillAwaited(Concerning):
    """The package in which it was sent to the site is awaited there, or was received."""

    code = "still-awaited"
    law = PACKAGES
    remedy = (
        "Take the package in (ReceiveOrders); report one that came damaged (RejectPackage) or never"
        " came (ReportPackageLost), then send its orders again."
    )


class PackageSettled(Concerning):
    """Nothing of the package is awaited any more."""

    code = "package-settled"
    law = PACKAGES
    remedy = "Look the package up; what has to go again goes in a package of another number."


class PackageForOthers(Concerning):
    """All members of a package go to the same office."""

    code = "package-for-others"
    law = PACKAGES
    remedy = "Send what goes to another office in a package of its own."


class BaselineStands(Concerning):
    """The county's data are accepted already, and the day since when does not change."""

    code = "baseline-stands"
    law = "吉政办发〔2004〕53号: 先建库、后发证"
    remedy = "Nothing is to be done; an acceptance that was wrong is withdrawn first."
