"""What happens to a package of card data or of cards between two offices (数据包, 证件包).

A package is a ledger under its number. What it brings is recorded with each application in it.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    ApplicationId,
    Digest,
    OfficeCode,
    PackageAnomaly,
    PackageContent,
    PackageNumber,
    Text,
)
from registry.vocabulary import Kind, Private, event


@event(code=230, kind=Kind.PACKAGE, opens=True)
class PackageSent:
    """A package was numbered, counted, digested and sent (发包).

    digest: SHA-256 over its members' acceptance numbers in rising order, each ended by a newline;
    any office can make it from the list that lies in the package.
    Source: GA 214.11, GA 214.14; 吉政办发〔2004〕53号: network, dial-up or diskette.
    """

    effective_on: date
    package_number: PackageNumber
    content: PackageContent
    sender: OfficeCode
    receiver: OfficeCode
    count: int
    digest: Digest
    members: tuple[ApplicationId, ...]


@event(code=231, kind=Kind.PACKAGE)
class PackageReceived:
    """The receiver took a package in, whole or in part (收包).

    members: what was taken in by this receipt; missing: what has not come yet. anomaly is 00 where
    nothing is missing.
    Source: GA 214.14, GA 214.15.
    """

    effective_on: date
    receiver: OfficeCode
    anomaly: PackageAnomaly
    members: tuple[ApplicationId, ...]
    missing: tuple[ApplicationId, ...] = ()


@event(code=232, kind=Kind.PACKAGE)
class PackageCameAgain:
    """A package that was taken in before came once more, and nothing was done with it (重复包).

    Source: GA 214.15; 吉政办发〔2004〕53号.
    """

    effective_on: date
    receiver: OfficeCode


@event(code=233, kind=Kind.PACKAGE)
class PackageRejected:
    """The receiver could not take a package in, and what was wrong with it (数据包异常).

    count, digest: as they were found, where they could be. Its members are to be sent again in a
    package of another number.
    Source: GA 214.15.
    """

    effective_on: date
    receiver: OfficeCode
    anomaly: PackageAnomaly
    count: int | None
    digest: Digest | None
    grounds: Private[Text | None] = None


@event(code=234, kind=Kind.PACKAGE)
class PackageReportedLost:
    """A package, or what is missing of it, was given up as lost; it may still turn up (数据包丢失).

    missing: whose data, or whose cards, were in it and have not been received.
    Source: 吉政办发〔2004〕53号; 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    missing: tuple[ApplicationId, ...]
    grounds: Private[Text]


PackageEvent = (
    PackageSent | PackageReceived | PackageCameAgain | PackageRejected | PackageReportedLost
)
