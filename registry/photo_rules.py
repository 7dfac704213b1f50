"""What GA 461 asks of a photograph, and what its photographer is told (相片检测).

The rules are the rows of the table photo_rules: a measure, its limits, how grave it is, and what
the photographer is told in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from registry.codes import table
from registry.values import PhotoVerdict

Language = Literal["zh", "en"]
#: What was measured of a photograph, by the names of the rules.
Measures = Mapping[str, float]

#: What a rule takes for granted: of a file that cannot be read there is nothing else to say, and an
#: outline is one only before an even background.
SIZED = ("width", "height")
EVEN = ("border_level", "border_spread")
RESTS_ON: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("jpeg", "colour", "width", "height", "dpi"), ("readable",)),
    **dict.fromkeys((*EVEN, "border_tint", "contrast", "face_level", "sharpness", "faces"), SIZED),
    **dict.fromkeys(("hair_top", "head_width", "head_offset"), EVEN),
    **{"eyes": ("faces",), "eye_line": ("eyes",), "tilt": ("eyes",)},
}


@dataclass(frozen=True)
class Rule:
    """One thing that is asked of a photograph: limits of a measure, both included."""

    name: str
    low: float | None
    high: float | None
    unit: str
    hard: bool  # it decides; else an officer does
    name_zh: str
    name_en: str
    advice_zh: str
    advice_en: str
    source: str

    def holds(self, value: float) -> bool:
        """Whether a measure is within the limits."""
        low_enough = self.high is None or value <= self.high
        return low_enough and (self.low is None or value >= self.low)

    @property
    def limits(self) -> str:
        """The limits for people.

        >>> next(rule for rule in rules() if rule.name == "hair_top").limits
        '7-21 px'
        """
        if self.low == self.high:
            told = f"{self.low:g}"
        elif self.high is None:
            told = f"≥{self.low:g}"
        else:
            told = f"{self.low:g}-{self.high:g}"
        return f"{told} {self.unit}".rstrip()


@dataclass(frozen=True)
class Finding:
    """What a rule said of a photograph; measured is None where the measure could not be taken."""

    rule: Rule
    measured: float | None

    @property
    def passed(self) -> bool:
        """Whether there is nothing to say."""
        return self.measured is not None and self.rule.holds(self.measured)

    def told(self, language: Language) -> str:
        """A line for the photographer: what was found, what is asked, what to do."""
        rule, zh = self.rule, language == "zh"
        name, advice = (rule.name_zh, rule.advice_zh) if zh else (rule.name_en, rule.advice_en)
        if self.measured is None:
            found = "无法测量" if zh else "could not be measured"
        else:
            found = f"{'实测' if zh else 'found'} {self.measured:.4g}"
        asked = f"{'要求' if zh else 'asked'} {rule.limits}"
        return (
            f"{name}：{found}，{asked}。{advice}。" if zh else f"{name}: {found}, {asked}; {advice}"
        )


@dataclass(frozen=True)
class Report:
    """What all rules said of a photograph."""

    findings: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What keeps the photograph off a card."""
        return tuple(one for one in self.findings if one.rule.hard and not one.passed)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What an officer has to look at."""
        return tuple(one for one in self.findings if not one.rule.hard and not one.passed)

    @property
    def verdict(self) -> PhotoVerdict | None:
        """What is recorded of the photograph; None: it is not taken."""
        if self.faults:
            return None
        return PhotoVerdict.WARNED if self.warnings else PhotoVerdict.PASSED


def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the table."""
    return tuple(
        Rule(
            row["rule"],
            float(row["low"]) if row["low"] else None,
            float(row["high"]) if row["high"] else None,
            row["unit"],
            row["severity"] == "hard",
            row["name_zh"],
            row["name_en"],
            row["advice_zh"],
            row["advice_en"],
            row["source"],
        )
        for row in table("photo_rules")
    )


def judge(measures: Measures) -> Report:
    """Hold measures against the rules; those that the fault before them made moot are left out.

    One fault should raise one alarm: see `RESTS_ON`.
    """
    findings = {rule.name: Finding(rule, measures.get(rule.name)) for rule in rules()}

    def rests(name: str) -> bool:
        return all(findings[below].passed and rests(below) for below in RESTS_ON.get(name, ()))

    return Report(tuple(one for name, one in findings.items() if rests(name)))
