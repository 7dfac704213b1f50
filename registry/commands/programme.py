"""The exchange of cards as a programme: its phases, its trial, its end (换证工作).

What a plan sets is data (`registry.programmes`); these commands record what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Programme, Reports, programme_rules, rules
from registry.aggregates.places import Fact
from registry.commands.base import ADMINISTRATOR, EXCHANGE_OFFICE, command
from registry.events.programme import (
    PhaseClosed,
    PhaseStarted,
    PilotAccepted,
    PilotScopeDefined,
    ProgrammeClosed,
    ProgrammeOpened,
)
from registry.registrar import Registrar
from registry.values import DivisionId, Level, ProgrammeCode, ProgrammePhase, ReportId
from registry.vocabulary import Kind


def programme_of(registrar: Registrar, code: ProgrammeCode) -> Programme:
    """A programme that was opened and not closed; refused where there is none."""
    stream = registrar.named(Kind.PROGRAMME, code)
    found = registrar.find(Programme, stream)
    if found is None or not found.open:
        registrar.refuse_if((True, programme_rules.ProgrammeNotOpen(code)))
        registrar.stop_if_refused()
    assert found is not None, "refused above"
    return found


def own_programme(registrar: Registrar, code: ProgrammeCode) -> Programme:
    """A programme that is open, for whoever answers for its whole division."""
    found = programme_of(registrar, code)
    registrar.refuse_if((not registrar.in_area(found.division), rules.OutsideArea(code)))
    return found


def division_of(registrar: Registrar, division: DivisionId) -> Fact:
    """A division that is there today; refused where there is none, or it lies elsewhere."""
    fact = registrar.places().fact(division, registrar.today)
    if fact is None or fact.level is None or fact.closed:
        registrar.refuse_if((True, rules.DivisionUnknown(division)))
        registrar.stop_if_refused()
    assert fact is not None, "refused above"
    registrar.refuse_if((not registrar.in_area(division), rules.OutsideArea(division)))
    return fact


def lies_in(registrar: Registrar, place: DivisionId, division: DivisionId) -> bool:
    """Whether a place lies in a division today, or is it."""
    above = registrar.places().above(place, registrar.today)
    return any(one == division for one, _ in above)


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class OpenProgramme:
    """Open a programme in its division, so that its gates bind (启动换证工作).

    Source: Deyang plan of 2004 (德办发(2004)39号); Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    programme: ProgrammeCode
    division: DivisionId
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the programme."""
        fact = division_of(registrar, self.division)
        fits = fact.code == self.programme.division
        registrar.refuse_if((not fits, programme_rules.ProgrammeElsewhere(self.programme)))
        stream = registrar.named(Kind.PROGRAMME, self.programme)
        registrar.enter(
            stream,
            ProgrammeOpened(
                effective_on=registrar.today,
                programme=self.programme,
                division=self.division,
                document=self.document,
            ),
        )
        return {"programme": stream}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class StartPhase:
    """Begin a phase of a programme (阶段开始).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二.
    """

    programme: ProgrammeCode
    phase: ProgrammePhase
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the begin."""
        found = own_programme(registrar, self.programme)
        registrar.refuse_if((self.on > registrar.today, rules.NotYet(self.on)))
        event = PhaseStarted(effective_on=registrar.today, phase=self.phase, started_on=self.on)
        registrar.enter(found.id, event)
        return {"programme": found.id}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class ClosePhase:
    """End a phase of a programme (阶段结束).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二.
    """

    programme: ProgrammeCode
    phase: ProgrammePhase
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        found = own_programme(registrar, self.programme)
        registrar.refuse_if((self.on > registrar.today, rules.NotYet(self.on)))
        event = PhaseClosed(effective_on=registrar.today, phase=self.phase, closed_on=self.on)
        registrar.enter(found.id, event)
        return {"programme": found.id}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class DefinePilot:
    """Say where and when cards are exchanged on trial (试点范围): townships or counties.

    It takes the place of the scope before; the days may lie ahead.
    Source: Deyang plan of 2004 (德办发(2004)39号) 二(二); Jilin plan of 2004
    (吉政办发〔2004〕53号) 二(一)四.
    """

    programme: ProgrammeCode
    places: tuple[DivisionId, ...]
    begins_on: date
    ends_on: date
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the scope."""
        found = own_programme(registrar, self.programme)
        for place in self.places:
            fact = division_of(registrar, place)
            small = fact.level in {Level.COUNTY, Level.TOWNSHIP}
            inside = small and lies_in(registrar, place, found.division)
            registrar.refuse_if((not inside, programme_rules.PilotOutside(fact.name)))
        registrar.enter(
            found.id,
            PilotScopeDefined(
                effective_on=registrar.today,
                places=tuple(dict.fromkeys(self.places)),
                begins_on=self.begins_on,
                ends_on=self.ends_on,
                document=self.document,
            ),
        )
        return {"programme": found.id}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class AcceptPilot:
    """Record that the trial was examined and found good (试点验收).

    report: the filed report on which that rests.
    Source: Deyang plan of 2004 (德办发(2004)39号) 二(二): 总结试点工作经验,部署全面启动换证工作.
    """

    programme: ProgrammeCode
    document: str
    report: ReportId | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the acceptance."""
        found = own_programme(registrar, self.programme)
        filed = self.report is None or registrar.find(Reports, self.report) is not None
        registrar.refuse_if((not filed, programme_rules.ReportUnknown(self.report)))
        registrar.enter(
            found.id,
            PilotAccepted(effective_on=registrar.today, document=self.document, report=self.report),
        )
        return {"programme": found.id}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class CloseProgramme:
    """End a programme whose phases have ended; its gates bind no longer (结束换证工作).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(四).
    """

    programme: ProgrammeCode
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        found = own_programme(registrar, self.programme)
        event = ProgrammeClosed(effective_on=registrar.today, document=self.document)
        registrar.enter(found.id, event)
        return {"programme": found.id}
