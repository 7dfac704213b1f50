"""Photographs for cards: checked for whoever takes them, and kept for an application."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.http.asking import Answer, Ask, question
from adapters.http.questions.common import PERSON
from adapters.media import Media, open_node_keys
from adapters.photos.checking import check
from adapters.photos.encoding import chip_photo
from adapters.shapes import Base64
from registry.commands.base import COUNTY, STATION
from registry.errors import Forbidden
from registry.photo_rules import Report
from registry.values import MediaType

TAKERS = frozenset({STATION, COUNTY})


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
        parts = ask.services.parts
        media = Media(parts.engine, open_node_keys(Path(parts.settings.media_key)))
        files = (content, MediaType.JPEG), (chip_photo(content), MediaType.WEBP)
        photo, small = media.keep(person, *files)
        kept = {
            "photo": photo,
            "photo_size": len(content),
            "photo_type": MediaType.JPEG,
            "photo_verdict": report.verdict,
            "chip_photo": small,
        }
    return Answer({"kept": kept, **report_told(report)}, [person], ["photograph"])


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
