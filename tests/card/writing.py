"""Cards of the town's people, from the station to the written chip."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.card.derive import Derivation
from adapters.card.signatures import Signers, SoftwareSigner
from registry.aggregates import Application
from registry.commands.cards_audit import CheckNumbers, PassCountyAudit, SignCards
from registry.commands.cards_bodies import BindBlank, RecordPersonalised
from registry.commands.cards_capture import CompleteCapture
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_making import OrderProduction
from registry.commands.cards_transport import ReceiveData, SendData
from registry.values import (
    Digest,
    PaperNumber,
)
from tests.scenarios.cards import (
    AUDITOR,
    CENTRE,
    CITY,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    accepted,
    on_line,
    ready,
    serial,
)
from tests.scenarios.town import Town

SMALL = b"RIFF" + bytes(range(250)) * 4
OTHER = SMALL[::-1]
PRINT = bytes(range(256)) * 2
ALBUM = {Digest(hashlib.sha256(one).hexdigest()): one for one in (SMALL, OTHER, PRINT)}
FACE, OTHER_FACE, FINGER = ALBUM
KEYS = Signers([SoftwareSigner(ec.derive_private_key(n, ec.SECP256R1())) for n in (7, 8)])
CHIP = bytes.fromhex(serial(1))


def signed(town: Town, *, face: Digest = FACE) -> Any:
    """An application of Wang's that is signed."""
    ready(town)
    one = accepted(town)
    capture(town, one, face)
    sign(town, one)
    return one


def capture(town: Town, one, face: Digest = FACE) -> None:
    town.do(
        CompleteCapture(application=one, photo=face, photo_size=17_000, chip_photo=face), STATION
    )


def sign(town: Town, one) -> None:
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    town.do(PassCountyAudit(applications=(one,)), AUDITOR)
    town.do(SignCards(applications=(one,)), SIGNER)


def ordered(town: Town, one) -> None:
    """From the signature to the line."""
    town.do(SendData(tier=Tier.COUNTY, applications=(one,)), SIGNER)
    town.do(ReceiveData(tier=Tier.CITY, applications=(one,)), CITY)
    town.do(JudgePackage(applications=(one,)), CITY)
    town.do(SendData(tier=Tier.CITY, applications=(one,)), CITY)
    town.do(ReceiveData(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    town.do(CheckNumbers(applications=(one,)), PROVINCE)
    town.do(OrderProduction(applications=(one,), site=SITE), PROVINCE)
    on_line(town, 1)


def made(town: Town, one, past: Derivation, signer: SoftwareSigner, told=None) -> Any:
    """The card of an application, written; the body it was written to.

    told: what is recorded of its bytes, if it is not what they are.
    """
    image = past.image(town.see(Application, one), CHIP, signer.key_id)
    told = told or Digest(image.digest.hex())
    key = PaperNumber(signer.key_id.hex().upper())
    bind = BindBlank(application=one, serial=serial(1), image=told, key_version=1, signing_key=key)
    town.do(bind, CENTRE)
    town.do(RecordPersonalised(serial=serial(1), image=told), CENTRE)
    return town.see(Application, one).body
