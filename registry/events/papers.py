"""The papers of a move between registration districts (准迁证, 迁移证)."""

from __future__ import annotations

from datetime import date

from registry.values import (
    CertificateId,
    CommunityId,
    DivisionCode,
    DoorplateId,
    MigrationReason,
    Name,
    PaperNumber,
    PermitId,
    PersonId,
    Text,
)
from registry.vocabulary import Kind, OfDeclarant, Private, event


@event(code=100, kind=Kind.PERMIT, opens=True)
class PermitIssued:
    """The target agreed to a move; the permit runs for a limited time (准予迁入证明).

    Persons from outside the register are named in the private half.
    Source: Ministry of Public Security notice of 1994-07-11, in force 1995-01-01.
    """

    effective_on: date
    issued_on: date
    permit_number: PaperNumber
    persons: tuple[PersonId, ...]
    community: CommunityId
    doorplate: DoorplateId | None
    origin: DivisionCode | None
    valid_days: int
    reason: MigrationReason | None = None
    movers: Private[tuple[Name, ...]] = ()
    declarant: OfDeclarant[Name]


@event(code=101, kind=Kind.PERMIT)
class PermitConsumed:
    """The move that a permit was for was registered (准迁证缴销). Source: notice of 1994-07-11."""

    effective_on: date
    person: PersonId


@event(code=102, kind=Kind.PERMIT)
class PermitVoided:
    """A permit was withdrawn before it was used (准迁证作废). Source: notice of 1994-07-11."""

    effective_on: date
    grounds: Private[Text]


@event(code=103, kind=Kind.PERMIT)
class PermitReinstated:
    """The move that a permit was used for was undone, so that it counts again (准迁证恢复).

    Source: GA 214 reversal codes.
    """

    effective_on: date
    person: PersonId


@event(code=105, kind=Kind.CERTIFICATE, opens=True)
class CertificateIssued:
    """The origin released persons; until they settle, this is the only evidence (户口迁移证).

    Source: Household Registration Regulations (户口登记条例), art. 10; notice of 1994-07-11.
    """

    effective_on: date
    issued_on: date
    certificate_number: PaperNumber
    persons: tuple[PersonId, ...]
    community: CommunityId
    destination: DivisionCode | None
    valid_days: int
    replaces: CertificateId | None = None
    permit: PermitId | None = None


@event(code=106, kind=Kind.CERTIFICATE, opens=True)
class CertificateConsumed:
    """A person of the certificate settled, and it was handed in for that person (迁移证缴销).

    A certificate of another register begins with it.
    Source: Household Registration Regulations (户口登记条例), art. 13.
    """

    effective_on: date
    person: PersonId


@event(code=107, kind=Kind.CERTIFICATE)
class CertificateVoided:
    """A certificate was made void: lost, expired, reissued or not used (迁移证作废).

    Source: notice of 1994-07-11.
    """

    effective_on: date
    replaced_by: CertificateId | None
    grounds: Private[Text]


@event(code=108, kind=Kind.CERTIFICATE)
class CertificateReinstated:
    """The arrival that a certificate was used for was undone, so that it counts again (迁移证恢复).

    Source: GA 214 reversal codes.
    """

    effective_on: date
    person: PersonId


@event(code=110, kind=Kind.PROOF, opens=True)
class ProofUsed:
    """A birth certificate was used to register a birth, and serves no other (出生医学证明).

    Source: Household Registration Regulations (户口登记条例), art. 7.
    """

    effective_on: date
    person: PersonId


@event(code=111, kind=Kind.PROOF)
class ProofReleased:
    """The birth that a certificate was used for was undone, so that it counts again (恢复).

    Source: GA 214 reversal codes.
    """

    effective_on: date
    person: PersonId


PermitEvent = PermitIssued | PermitConsumed | PermitVoided | PermitReinstated
CertificateEvent = (
    CertificateIssued | CertificateConsumed | CertificateVoided | CertificateReinstated
)
ProofEvent = ProofUsed | ProofReleased
