"""Draws work orders: who waits by the replayed log, and whether the read model says the same.

A card is ordered from what was recorded, not from a table that follows it. Where the two differ,
one of them is wrong, and no card is made before somebody has looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import and_, or_, select

from adapters import positions
from registry.aggregates import order_rules
from registry.errors import Refused, Rule
from registry.projections import At
from registry.projections.base import visible
from registry.projections.issuance import issuance
from registry.values import CardKind, PaperNumber, day_of
from replay.questions.orders import ORDERED, Waiting, Wanted, waiting
from replay.states import history

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from replay.columns.log import Log

#: Differences that are told one by one.
TOLD: Final = 20
#: Beside as many again as are wanted, so many stand by for those who are unfit.
STAND_BY: Final = 1_000


@dataclass(frozen=True)
class Drawn:
    """What a work order may be made of: the most urgent of those that wait.

    behind: those that come next, who stand in for whoever no card may be made for any more.
    waiting: how many wait in all. known: the position at which both agree.
    """

    chosen: Sequence[Waiting]
    behind: Sequence[Waiting]
    waiting: int
    known: int


def draw(
    connection: Connection, log: Log, today: date, wanted: Wanted, cards: int, order: PaperNumber
) -> Drawn:
    """Draw so many cards at most, of those that wait today.

    Raises Refused where replay and read model differ, or find fault.
    """
    known = min(positions.position(connection), log.head)
    replayed = waiting(log, history.At(today, known), wanted)
    live = {one.application: one for one in read(connection, At(today, known), wanted)}
    found: list[Rule] = list(differences(replayed, live))
    if found:
        more = len(found) - TOLD
        told = found[:TOLD]
        if more > 0:
            told.append(order_rules.ReplayDiffers(f"and {more} more"))
        raise Refused(told)
    if not replayed:
        raise Refused([order_rules.NobodyWaits(order)])
    behind = replayed[cards : 2 * cards + STAND_BY]
    return Drawn(replayed[:cards], behind, len(replayed), known)


def differences(replayed: Sequence[Waiting], live: Mapping[UUID, Waiting]) -> list[Rule]:
    """Where replay and read model differ, and whose history breaks a rule, by application."""
    found: list[Rule] = []
    seen = set()
    for one in replayed:
        seen.add(one.application)
        other = live.get(one.application)
        if one.fault:
            told = f"application {one.application}, version {one.fault}"
            found.append(order_rules.HistoryAtFault(told))
        elif other != one:
            said = "does not wait" if other is None else _said(other)
            told = f"application {one.application}: {_said(one)} replayed, {said} read"
            found.append(order_rules.ReplayDiffers(told))
    for stream, one in live.items():
        if stream not in seen:
            told = f"application {stream}: does not wait replayed, {_said(one)} read"
            found.append(order_rules.ReplayDiffers(told))
    return found


def _said(one: Waiting) -> str:
    return (
        f"state {one.state}, attempt {one.attempt}, priority {one.priority} since {one.accepted_on}"
    )


def read(connection: Connection, at: At, wanted: Wanted) -> list[Waiting]:
    """Who waits, as the read model of applications says."""
    told = issuance.c
    kinds = [
        kind
        for kind in CardKind.all()
        if kind.generation == wanted.generation and not kind.temporary
    ]
    query = select(
        told.priority,
        told.accepted_on,
        told.application,
        told.county,
        told.card_kind,
        told.state,
        told.attempt,
    ).where(
        or_(
            told.state.in_(sorted(wanted.states)),
            and_(
                told.state == ORDERED,
                told.site == wanted.site,
                told.work_order.is_(None),
            ),
        ),
        told.card_kind.in_(kinds),
        told.county.startswith(wanted.within, autoescape=True),
        told.replaced_by.is_(None),
        visible(issuance, at),
    )
    return [
        Waiting(
            priority=row.priority,
            accepted_on=day_of(row.accepted_on),
            application=UUID(bytes=bytes(row.application)),
            county=row.county,
            card_kind=row.card_kind,
            state=row.state,
            attempt=row.attempt,
            fault=0,
        )
        for row in connection.execute(query)
    ]
