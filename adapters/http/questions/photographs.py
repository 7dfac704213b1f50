"""Photographs for cards: checked for whoever takes them, kept for an application, shown."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.http.asking import Answer, Ask, question
from adapters.http.auth import AUDITOR
from adapters.http.parameters import typed
from adapters.http.questions.common import PERSON
from adapters.media import Media, open_node_keys
from adapters.photos.checking import check
from adapters.photos.encoding import chip_photo
from adapters.shapes import Base64
from registry.commands.base import CENTRE, CITY, COUNTY, PROVINCE, STATION
from registry.errors import Forbidden, NotFound
from registry.photo_rules import Report
from registry.values import Digest, MediaType

TAKERS = frozenset({STATION, COUNTY})
#: Who may look at a photograph, and what is one: features of fingers are not shown to anybody.
SEERS = TAKERS | {CITY, PROVINCE, CENTRE, AUDITOR}
PICTURES = frozenset({MediaType.JPEG, MediaType.WEBP})
DIGEST = typed("digest", Digest, "SHA-256 of the photograph", place="path")


@dataclass(frozen=True, kw_only=True)
class Photograph:
    """A photograph, its file in base64.

    looked: an officer looked at what the checks warn of.
    """

    content: Base64
    looked: bool = False


@question("/photographs/check", roles=TAKERS, body=Photograph, personal=False, clocks=False)
def photograph_checked(ask: Ask) -> Answer:
    """Hold a photograph against GA 461 (相片检测), and say what to do about each fault.

    `verdict`: `passed`, `warned` where an officer has to look, null where it cannot be taken.
    """
    return Answer(report_told(check(ask.body.content.file)))


@question("/persons/{person}/photographs", PERSON, roles=TAKERS, body=Photograph)
def photograph_kept(ask: Ask) -> Answer:
    """Check a person's photograph, make it small for the chip, keep both (照片入库).

    `kept` is what CompleteCapture names of it; null where it has faults, or warnings at which no
    officer has looked.
    """
    person = ask.values["person"]
    known = ask.found("person", ask.reader.person(person, ask.at), person)
    if not ask.sight.sees_person(known):
        raise Forbidden("the person belongs to another area; ask the office there")
    content = ask.body.content.file
    report = check(content)
    kept = None
    if not report.faults and (ask.body.looked or not report.warnings):
        files = (content, MediaType.JPEG), (chip_photo(content), MediaType.WEBP)
        photo, small = album(ask).keep(person, *files)
        kept = {
            "photo": photo,
            "photo_size": len(content),
            "photo_type": MediaType.JPEG,
            "photo_verdict": report.verdict,
            "chip_photo": small,
        }
    return Answer({"kept": kept, **report_told(report)}, [person], ["photograph"])


@question("/persons/{person}/photographs/{digest}", PERSON, DIGEST, roles=SEERS)
def photograph(ask: Ask) -> Answer:
    """A person's photograph by its digest (调阅照片), as the application names it, in base64.

    `type`: `image/jpeg`, or `image/webp` of the one that stands on the chip.
    """
    person, digest = ask.values["person"], ask.values["digest"]
    known = ask.found("person", ask.reader.person(person, ask.at), person)
    if not ask.sight.sees_person(known):
        raise Forbidden("the person belongs to another area; ask the office there")
    content, kind = album(ask).opened(person, digest)
    if kind not in PICTURES:
        raise NotFound("photograph", digest)
    body = {
        "person": person,
        "digest": digest,
        "type": kind,
        "size": len(content),
        "content": b64encode(content).decode("ascii"),
    }
    return Answer(body, [person], ["photograph"])


def album(ask: Ask) -> Media:
    """Where photographs are kept."""
    parts = ask.services.parts
    return Media(parts.engine, open_node_keys(Path(parts.settings.media_key)))


def report_told(report: Report) -> dict[str, Any]:
    """A report as answers tell it: every rule, and what the photographer reads of it."""
    return {
        "verdict": report.verdict,
        "findings": [
            {
                "rule": one.rule.name,
                "passed": one.passed,
                "hard": one.rule.hard,
                "measured": one.measured,
                "low": one.rule.low,
                "high": one.rule.high,
                "unit": one.rule.unit,
                "zh": one.told("zh"),
                "en": one.told("en"),
            }
            for one in report.findings
        ],
    }
