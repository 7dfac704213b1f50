"""Work orders of a production site: what is to be made, what was supplied, run by run (制证任务单).

An order is a ledger under its own number. It names every application that it is for and every
blank that was issued for it, so that one stream tells whether all are accounted for.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    ApplicationId,
    CardId,
    IncidentKind,
    OfficeCode,
    PaperNumber,
    RunEnd,
)
from registry.vocabulary import Kind, event


@event(code=250, kind=Kind.WORK_ORDER, opens=True)
class WorkOrderOpened:
    """A production site was given cards to make, all of one generation (下达制证任务).

    ordered: how many cards; the applications are listed by the same append.
    Source: 居民身份证制作中心（所）建设工作规范; GA/T 1222-2015, 4.9.
    """

    effective_on: date
    work_order: PaperNumber
    site: OfficeCode
    generation: int
    ordered: int


@event(code=257, kind=Kind.WORK_ORDER)
class WorkOrderListed:
    """Applications stand on the order (任务明细); each has its own entry of the same append.

    Source: 居民身份证制作中心（所）建设工作规范; GA/T 1222-2015, 4.9.
    """

    effective_on: date
    applications: tuple[ApplicationId, ...]


@event(code=251, kind=Kind.WORK_ORDER)
class WorkOrderSupplied:
    """Blanks were issued to a line for the order (任务领料).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    bodies: tuple[CardId, ...]


@event(code=252, kind=Kind.WORK_ORDER)
class WorkOrderGaveBack:
    """Blanks of the order that were not used went back into stock (任务退料).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    bodies: tuple[CardId, ...]


@event(code=253, kind=Kind.WORK_ORDER)
class ProductionRunBegun:
    """A station took the order in hand (开始制证).

    run: counted from 1 within the order. From here on only this run may set blanks aside for the
    order: a station that had it before and was taken for dead can bind nothing more.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    run: int
    line: PaperNumber


@event(code=254, kind=Kind.WORK_ORDER)
class ProductionRunEnded:
    """A station let the order go (结束制证); a run that was killed has no such entry.

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    run: int
    end: RunEnd


@event(code=255, kind=Kind.WORK_ORDER)
class ProductionIncident:
    """Something happened on the line that an inspector has to know of (制证异常).

    reader: its place on the line, counted from 1. body: which card it was about, absent where the
    register does not know the card.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    run: int
    incident: IncidentKind
    reader: int
    body: CardId | None


@event(code=256, kind=Kind.WORK_ORDER)
class WorkOrderClosed:
    """Every card and every blank of the order is accounted for (制证任务核销).

    made, returned, moved: what became of the applications: a card, data that were sent back, an
    order that went to another site. good, spoiled, voided, sampled: what became of the blanks that
    were supplied and not given back.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    made: int
    returned: int
    moved: int
    good: int
    spoiled: int
    voided: int
    sampled: int


WorkOrderEvent = (
    WorkOrderOpened
    | WorkOrderListed
    | WorkOrderSupplied
    | WorkOrderGaveBack
    | ProductionRunBegun
    | ProductionRunEnded
    | ProductionIncident
    | WorkOrderClosed
)
