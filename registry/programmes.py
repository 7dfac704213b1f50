"""What the plans of the exchange set: programmes, phases, milestones, quotas (换证工作方案).

All of it is data that cites its document; what came of it is recorded, see `events.programme`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from registry.coded import Code, Level
from registry.codes import table

TIERS = {level.name.lower(): level for level in Level}


class ProgrammeCode(Code, table="programmes"):
    """A programme by which a city or province exchanges cards (换发第二代居民身份证工作)."""

    @property
    def division(self) -> str:
        """The code of the division that the plan is for."""
        return self.row["division"]

    @property
    def document(self) -> str:
        """The number of the plan."""
        return self.row["document"]


class ProgrammePhase(Code, table="programme_phases"):
    """A phase of a programme (阶段): preparation, pilot, mass exchange, review."""


PREPARATION, PILOT, EXCHANGE, CLOSING = (
    ProgrammePhase(code) for code in ("preparation", "pilot", "exchange", "closing")
)


class ReadinessStream(Code, table="readiness_streams"):
    """A stream of preparations that a plan names (准备工作)."""


class MilestoneCode(Code, table="programme_milestones"):
    """A due date that a plan sets (时限)."""

    @property
    def programme(self) -> str:
        """The programme whose plan sets it."""
        return self.row["programme"]

    @property
    def due_on(self) -> date:
        """The day by which it is to be reached."""
        return date.fromisoformat(self.row["due_on"])

    @property
    def stream(self) -> str | None:
        """The stream of preparations it belongs to; None: it only dates the programme."""
        return self.row["stream"] or None

    @property
    def gates(self) -> bool:
        """Whether no mass exchange opens before it is reached."""
        return self.row["gates"] == "1"

    @property
    def document(self) -> str:
        """The place in the plan."""
        return self.row["document"]

    def applies(self, level: Level | None, code: str | None) -> bool:
        """Whether it is set to a division of a level, which has a code."""
        row = self.row
        return (
            TIERS[row["tier"]] is level
            and (not row["only"] or code in row["only"].split("|"))
            and code not in row["excepted"].split("|")
        )


def milestones(programme: str) -> tuple[MilestoneCode, ...]:
    """The milestones of a programme, in the order of its plan."""
    return tuple(one for one in MilestoneCode.all() if one.programme == programme)


@dataclass(frozen=True)
class Term:
    """When a plan has a phase begin and end; ends_on: None where the plan names no end."""

    phase: ProgrammePhase
    begins_on: date
    ends_on: date | None
    document: str


def terms(programme: str) -> Iterator[Term]:
    """The phases of a programme as its plan dates them."""
    for row in table("programme_terms"):
        if row["programme"] == programme:
            ends = date.fromisoformat(row["ends_on"]) if row["ends_on"] else None
            begins = date.fromisoformat(row["begins_on"])
            yield Term(ProgrammePhase(row["phase"]), begins, ends, row["document"])


@dataclass(frozen=True)
class Quota:
    """How many people get a card in a year, by the plan (年度任务)."""

    year: int
    persons: int
    document: str


def quotas(programme: str) -> tuple[Quota, ...]:
    """The yearly tasks that a programme's plan sets to its division as a whole."""
    return tuple(
        Quota(int(row["year"]), int(row["persons"]), row["document"])
        for row in table("programme_quotas")
        if row["programme"] == programme
    )


def quota(programme: str, year: int) -> Quota | None:
    """The task of a year; None where the plan sets none."""
    return next((one for one in quotas(programme) if one.year == year), None)


class ReportForm(Code, table="report_forms"):
    """A form of the statistics (统计报表)."""

    @property
    def period(self) -> str:
        """What it covers: a day, a month, a year, or any period."""
        return self.row["period"]

    @property
    def closes(self) -> bool:
        """Whether its accounts must close before it is filed."""
        return self.row["closes"] == "1"
