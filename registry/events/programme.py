"""How the exchange of cards goes on: programmes, pilots, preparations of divisions (换证工作).

A programme has a ledger of its own; what a division reached stands on the division's, beside the
acceptance of its data. The days of the plan are data (`registry.programmes`); here stands what
became of them.
"""

from __future__ import annotations

from datetime import date

from registry.values import DivisionId, MilestoneCode, ProgrammeCode, ProgrammePhase, ReportId
from registry.vocabulary import Kind, event


@event(code=350, kind=Kind.PROGRAMME, opens=True)
class ProgrammeOpened:
    """A programme was opened in its division (启动换证工作).

    Source: Deyang plan of 2004 (德办发(2004)39号); Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    programme: ProgrammeCode
    division: DivisionId
    document: str


@event(code=351, kind=Kind.PROGRAMME)
class PhaseStarted:
    """A phase of a programme began (阶段开始). Source: Deyang plan of 2004 (德办发(2004)39号)."""

    effective_on: date
    phase: ProgrammePhase
    started_on: date


@event(code=352, kind=Kind.PROGRAMME)
class PhaseClosed:
    """A phase of a programme ended (阶段结束). Source: Deyang plan of 2004 (德办发(2004)39号)."""

    effective_on: date
    phase: ProgrammePhase
    closed_on: date


@event(code=353, kind=Kind.PROGRAMME)
class PilotScopeDefined:
    """Where cards are exchanged on trial, and when (试点范围); it replaces the scope before.

    places: townships or counties; ends_on: the last day.
    Source: Deyang plan of 2004 (德办发(2004)39号): 孝德镇; Jilin plan of 2004
    (吉政办发〔2004〕53号): four counties.
    """

    effective_on: date
    places: tuple[DivisionId, ...]
    begins_on: date
    ends_on: date
    document: str


@event(code=354, kind=Kind.PROGRAMME)
class PilotAccepted:
    """The trial was examined and found good: the exchange may be opened everywhere (试点验收).

    report: the filed report on which that rests.
    Source: Deyang plan of 2004 (德办发(2004)39号): 总结试点工作经验,部署全面启动换证工作.
    """

    effective_on: date
    document: str
    report: ReportId | None = None


@event(code=355, kind=Kind.PROGRAMME)
class ProgrammeClosed:
    """A programme came to its end; its gates bind no longer (结束换证工作).

    Source: Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    document: str


@event(code=356, kind=Kind.DIVISION, opens=True)
class MilestoneReached:
    """A division reached what a plan asks of it (完成准备工作).

    reached_on: the day on which it did. Source: the plan that sets the milestone.
    """

    effective_on: date
    milestone: MilestoneCode
    reached_on: date
    document: str


@event(code=357, kind=Kind.DIVISION)
class MilestoneWithdrawn:
    """A milestone proved not to be reached after all (撤销完成). Source: the plan that sets it."""

    effective_on: date
    milestone: MilestoneCode
    document: str


@event(code=358, kind=Kind.DIVISION)
class MassExchangeOpened:
    """Everybody of a county may exchange the card from a day on (集中换发启动).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2; Jilin plan of 2004
    (吉政办发〔2004〕53号) 二(二).
    """

    effective_on: date
    programme: ProgrammeCode
    opens_on: date
    document: str


@event(code=359, kind=Kind.DIVISION)
class MassExchangeStopped:
    """The exchange of a county was stopped by a decision (停止集中换发).

    Faults of single persons close their own gates and never a county's.
    Source: Deyang plan of 2004 (德办发(2004)39号) 五(三): 严格把关.
    """

    effective_on: date
    document: str


@event(code=360, kind=Kind.DIVISION, opens=True)
class CleanUpOpened:
    """A county began to hold all registrations and numbers against papers and people (清理核对).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(一)4; Jilin plan of 2004
    (吉政办发〔2004〕53号) 三(二).
    """

    effective_on: date
    programme: ProgrammeCode
    document: str


@event(code=361, kind=Kind.DIVISION)
class CleanUpClosed:
    """A county was done with its registrations and numbers (清理核对结束).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(一)4.
    """

    effective_on: date
    document: str


ProgrammeEvent = (
    ProgrammeOpened
    | PhaseStarted
    | PhaseClosed
    | PilotScopeDefined
    | PilotAccepted
    | ProgrammeClosed
)
PreparationEvent = (
    MilestoneReached
    | MilestoneWithdrawn
    | MassExchangeOpened
    | MassExchangeStopped
    | CleanUpOpened
    | CleanUpClosed
)
