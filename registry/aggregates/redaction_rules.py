"""The rules about blanking what was recorded of a person that can stand in the way."""

from __future__ import annotations

from registry.aggregates.rules import Concerning

PRIVACY = "个人信息保护法"


class NothingToRedact(Concerning):
    """The entry has no such private part, or it was blanked already."""

    code = "nothing-to-redact"
    law = PRIVACY + " art. 47"
    remedy = "Name stream, version and part of an entry as the timeline shows them."


class NotOfThisPerson(Concerning):
    """The part speaks of another person, whose own stream the redaction belongs to."""

    code = "not-of-this-person"
    law = PRIVACY + " art. 47"
    remedy = "Propose it on the stream of the person of whom the part speaks."


class Redacted(Concerning):
    """What would hold again was blanked since."""

    code = "redacted"
    law = PRIVACY + " art. 47"
    remedy = "Enter what is so by a change or a supplement; what was blanked does not come back."


class StillInForce(Concerning):
    """The register states it of somebody living today: the law wants it kept."""

    code = "still-in-force"
    law = PRIVACY + " art. 47, last paragraph; 户口登记条例 art. 4"
    remedy = "Change or correct what is registered first; then the former value can be blanked."
