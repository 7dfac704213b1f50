"""The station: what a card needs of its holder is taken (采集)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import card_rules
from registry.card_terms import has_fingerprints
from registry.commands.base import STATION, command
from registry.commands.cards_common import in_hand
from registry.events.applications import CaptureCompleted, FingerPrint, FingerprintCaptured
from registry.registrar import Registrar
from registry.values import ApplicationId, Digest, MediaType, PhotoVerdict, Text


@command(STATION)
class CompleteCapture:
    """Record that all a card needs was captured, or captured again (采集完成).

    photo, photo_size, photo_type: SHA-256, bytes and kind of the picture; photo_verdict: what the
    checks said; chip_photo: SHA-256 of its 1,024 bytes for the chip.
    Source: GA 461-2004; 居民身份证法 art. 3, 4.
    """

    application: ApplicationId
    photo: Digest | None = None
    photo_size: int | None = None
    photo_type: MediaType = MediaType.JPEG
    photo_verdict: PhotoVerdict = PhotoVerdict.UNCHECKED
    chip_photo: Digest | None = None
    script_name: Text | None = None
    script_address: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what was captured."""
        (one,) = in_hand(registrar, (self.application,))
        whole = None not in (self.photo, self.photo_size, self.chip_photo)
        lacking = one.card_kind.generation == 2 and not whole
        registrar.refuse_if((lacking, card_rules.PhotoMissing(one.acceptance_number)))
        registrar.enter(
            one.id,
            CaptureCompleted(
                effective_on=registrar.today,
                photo=self.photo,
                photo_size=self.photo_size,
                photo_type=self.photo_type if self.photo else None,
                photo_verdict=self.photo_verdict if self.photo else None,
                chip_photo=self.chip_photo,
                script_name=self.script_name,
                script_address=self.script_address,
            ),
        )
        return {"application": one.id}


@command(STATION)
class TakeFingerprints:
    """Record the digests of the features of fingers (采集指纹).

    Source: 居民身份证法 art. 3 as amended on 2011-10-29, in force 2012-01-01.
    """

    application: ApplicationId
    prints: tuple[FingerPrint, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the prints."""
        (one,) = in_hand(registrar, (self.application,))
        may = has_fingerprints(one.card_kind.generation, registrar.today)
        registrar.refuse_if((not may, card_rules.FingerprintsNotYet(registrar.today)))
        registrar.enter(
            one.id, FingerprintCaptured(effective_on=registrar.today, prints=self.prints)
        )
        return {"application": one.id}
