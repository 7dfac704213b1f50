"""The reports of one form, place and period that were filed, one beside the other (统计报表)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID

from registry.aggregates import programme_rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.values import Digest, DivisionId, ReportForm
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class Reports(Aggregate):
    """What was filed of one form, place and period (统计报表)."""

    KIND = Kind.REPORT

    form: ReportForm
    division: DivisionId
    first: date
    last: date
    filed: tuple[Digest, ...]  # the figures of each version

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        # A month or year is told when it is over, a state also on the day itself.
        whole = event.form.period in {"month", "year"}
        early = event.last > event.effective_on - timedelta(int(whole))
        if event.last < event.first or early:
            yield programme_rules.PeriodUnfit(f"{event.first} to {event.last}")
        if state is not None and state.filed[-1] == event.figures:
            yield programme_rules.ReportIsFiled(f"version {len(state.filed)}")

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return what was filed after an entry."""
        if state is not None:
            return state.but(filed=(*state.filed, event.figures))
        return cls(
            id=stream,
            form=event.form,
            division=event.division,
            first=event.first,
            last=event.last,
            filed=(event.figures,),
        )
