"""A work order of a production site as decisions and read models know it (制证任务单)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import order_rules, rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import work_orders as events
from registry.values import ApplicationId, CardId, OfficeCode, PaperNumber
from registry.vocabulary import Kind


@dataclass(frozen=True, kw_only=True)
class WorkOrder(Aggregate):
    """What a production site was given to make, and who makes it now (制证任务单).

    bodies: blanks that were issued for it and not given back. run: the last that was begun, 0 for
    none.
    """

    KIND = Kind.WORK_ORDER

    work_order: PaperNumber
    site: OfficeCode
    generation: int
    ordered: int
    applications: tuple[ApplicationId, ...] = ()
    bodies: tuple[CardId, ...] = ()
    run: int = 0
    line: PaperNumber | None = None
    running: bool = False
    closed_on: date | None = None

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        if isinstance(event, events.WorkOrderOpened):
            if state is not None:
                yield rules.AlreadyKnown(state.work_order)
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        if state.closed_on is not None:
            yield order_rules.OrderIsClosed(state.work_order)
        match event:
            case events.WorkOrderListed() if (
                len(state.applications) + len(event.applications) > state.ordered
            ):
                told = f"{state.ordered} cards ordered, and more applications listed"
                yield order_rules.OrderCountDiffers(told)
            case events.WorkOrderGaveBack() if not set(event.bodies) <= set(state.bodies):
                told = f"blanks were given back that {state.work_order} has not"
                yield order_rules.OrderCountDiffers(told)
            case events.ProductionRunBegun() if event.run != state.run + 1:
                yield order_rules.RunIsOver(event.run)
            case events.ProductionRunEnded() | events.ProductionIncident() if (
                event.run != state.run or not state.running
            ):
                yield order_rules.RunIsOver(event.run)
            case events.WorkOrderClosed():
                yield from state.differences(event)

    def differences(self, told: events.WorkOrderClosed) -> Iterator[Rule]:
        """Give what does not come out even when the order is closed."""
        cards = told.made + told.returned + told.moved
        if cards != self.ordered:
            yield order_rules.OrderCountDiffers(f"{self.ordered} cards ordered, {cards} told of")
        blanks = told.good + told.spoiled + told.voided + told.sampled
        if blanks != len(self.bodies):
            said = f"{len(self.bodies)} blanks supplied, {blanks} told of"
            yield order_rules.OrderCountDiffers(said)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the order after an event."""
        if isinstance(event, events.WorkOrderOpened):
            return cls(
                id=stream,
                work_order=event.work_order,
                site=event.site,
                generation=event.generation,
                ordered=event.ordered,
            )
        assert state is not None, f"{type(event).__name__} on an unknown work order {stream}"
        match event:
            case events.WorkOrderListed():
                return state.but(applications=state.applications + event.applications)
            case events.WorkOrderSupplied():
                return state.but(bodies=state.bodies + event.bodies)
            case events.WorkOrderGaveBack():
                back = frozenset(event.bodies)
                return state.but(bodies=tuple(one for one in state.bodies if one not in back))
            case events.ProductionRunBegun():
                return state.but(run=event.run, line=event.line, running=True)
            case events.ProductionRunEnded():
                return state.but(running=False)
            case events.WorkOrderClosed():
                return state.but(closed_on=event.effective_on)
            case _:
                return state
