"""Work orders: opened for a site, made in runs, closed when all is accounted for (制证任务单)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from registry.aggregates import Application, CardBody, WorkOrder, order_rules
from registry.aggregates.card import BodyState
from registry.commands.base import CENTRE, PROVINCE, command
from registry.commands.cards_blanks import refuse_closed
from registry.commands.cards_common import (
    body_id,
    loaded,
    order_id,
    refuse_other_site,
    refuse_outside,
)
from registry.commands.cards_fitness import people_of, unfit
from registry.commands.cards_making import order_from
from registry.entry import Entry
from registry.errors import Rule
from registry.events.applications import ProductionPackageBuilt, ProductionRerouted
from registry.events.issuance import CardProduced
from registry.events.work_orders import (
    ProductionIncident,
    ProductionRunBegun,
    ProductionRunEnded,
    WorkOrderClosed,
    WorkOrderListed,
    WorkOrderOpened,
)
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    ChipSerial,
    IncidentKind,
    OfficeCode,
    PackageNumber,
    PaperNumber,
    RunEnd,
)
from registry.vocabulary import VOCABULARY

#: The state of an application whose card is ordered.
ORDERED = "24"
#: Applications that one entry of an order lists.
LISTED = 1_000
#: One in so many, and so many more, are looked at beside those that are wanted.
STAND_BY = 50


@command(PROVINCE, later=("cards",))
class OpenWorkOrder:
    """Give a production site cards to make, all of one generation, as one work order (下达任务单).

    Each application is ordered by the same act, so the rules for that hold (`OrderProduction`);
    those that passed to the site from another one, and are on no order of it yet, go on with it.
    leave_out: for whom no card may be made any more, such as who has died since, is left out and
    named with the rules in the way; else one such application refuses the whole order. cards: how
    many of them to make at most, all by default; those behind stand in for who is left out.
    Source: 居民身份证制作中心（所）建设工作规范; GA/T 1222-2015, 4.9.
    """

    work_order: PaperNumber
    applications: tuple[ApplicationId, ...]
    site: OfficeCode
    package_number: PackageNumber | None = None
    leave_out: bool = False
    cards: int | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the order, its list, and the order of each application."""
        stream = order_id(registrar, self.work_order)
        registrar.find(WorkOrder, stream)
        wrong = self.cards is not None and self.cards < 1
        registrar.refuse_if((wrong, order_rules.NoCardsWanted(self.cards)))
        registrar.stop_if_refused()
        refuse_closed(registrar, self.site)  # asked before what takes long: it is run again for it
        found, why = self._fit(registrar)
        left_out = [
            {"application": one, "why": sorted({rule.code for rule in rules})}
            for one, rules in why.items()
            if rules and self.leave_out
        ]
        if not found:  # whoever was drawn is unfit: it is said why
            registrar.refuse_if(*((True, rule) for told in why.values() for rule in told))
            registrar.refuse_if((not why, order_rules.NobodyWaits(self.work_order)))
            registrar.stop_if_refused()
        passed = [one for one in found if passed_on(one, self.site)]
        fresh = [one for one in found if not passed_on(one, self.site)]
        registrar.refuse_if(*((True, rule) for one in fresh for rule in why[one.id]))
        if fresh:
            order_from(registrar, fresh, self.site, self.package_number, self.work_order)
        registrar.stop_if_refused()
        for one in passed:
            taken = ProductionRerouted(
                effective_on=registrar.today, site=self.site, work_order=self.work_order
            )
            registrar.enter(one.id, taken)
        members = [one.id for one in found]
        kinds = {one.card_kind.generation for one in found}
        mixed = len(kinds) > 1
        registrar.refuse_if((mixed, order_rules.GenerationsMixed(self.work_order)))
        registrar.enter(
            stream,
            WorkOrderOpened(
                effective_on=registrar.today,
                work_order=self.work_order,
                site=self.site,
                generation=min(kinds),
                ordered=len(members),
            ),
        )
        for first in range(0, len(members), LISTED):
            some = tuple(members[first : first + LISTED])
            registrar.enter(
                stream, WorkOrderListed(effective_on=registrar.today, applications=some)
            )
        return {"applications": len(members), "left_out": left_out}

    def _fit(
        self, registrar: Registrar
    ) -> tuple[list[Application], dict[ApplicationId, list[Rule]]]:
        """The applications to be ordered, and what stands in the way of each that was looked at.

        They are looked at in their order until there are as many as wanted, the few that may have
        to stand in together with the others: what is not at hand has the command run again. Those
        that nobody had to look at may be of another area.
        """
        most = len(self.applications) if self.cards is None else self.cards
        fit: list[Application] = []
        why: dict[ApplicationId, list[Rule]] = {}
        rest = list(dict.fromkeys(self.applications))
        while rest and len(fit) < most:
            lacking = most - len(fit)
            size = lacking + lacking // STAND_BY + STAND_BY
            lot, rest = rest[:size], rest[size:]
            found = loaded(registrar, lot)
            people = people_of(registrar, found)
            for one in found:
                if len(fit) == most:
                    break
                why[one.id] = list(unfit(registrar, people[one.person], one))
                if not (why[one.id] and self.leave_out):
                    fit.append(one)
            refuse_outside(registrar, [one for one in found if one.id in why])
        return fit, why


@command(CENTRE)
class BeginRun:
    """Take a work order in hand at a station; whoever had it before can bind no more (开始制证).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    work_order: PaperNumber
    line: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the run, and return its number."""
        order = own_order(registrar, self.work_order)
        run = order.run + 1
        begun = ProductionRunBegun(effective_on=registrar.today, run=run, line=self.line)
        registrar.enter(order.id, begun)
        return {"run": run}


@command(CENTRE)
class EndRun:
    """Let a work order go at a station (结束制证).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    work_order: PaperNumber
    run: int
    end: RunEnd

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end of the run."""
        order = own_order(registrar, self.work_order)
        ended = ProductionRunEnded(effective_on=registrar.today, run=self.run, end=self.end)
        registrar.enter(order.id, ended)
        return {"run": self.run}


@command(CENTRE)
class ReportIncident:
    """Record that something happened on the line that an inspector has to know of (制证异常).

    reader: its place on the line, from 1. serial: of the card, where the register knows it.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    work_order: PaperNumber
    run: int
    incident: IncidentKind
    reader: int
    serial: ChipSerial | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the incident."""
        order = own_order(registrar, self.work_order)
        body = None if self.serial is None else body_id(registrar, self.serial)
        if body is not None and registrar.find(CardBody, body) is None:
            body = None
        registrar.enter(
            order.id,
            ProductionIncident(
                effective_on=registrar.today,
                run=self.run,
                incident=self.incident,
                reader=self.reader,
                body=body,
            ),
        )
        return {"body": body}


@command(CENTRE)
class CloseWorkOrder:
    """Close a work order once every card and every blank of it is accounted for (任务核销).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    work_order: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Count what became of its applications and blanks, and enter the sums."""
        order = own_order(registrar, self.work_order)
        registrar.prefetch([*order.applications, *order.bodies])
        fates = Counter(fate(registrar.entries(one), self.work_order) for one in order.applications)
        states = Counter(registrar.load(CardBody, one).state for one in order.bodies)
        waiting, in_hand = fates[Fate.OPEN], states[BodyState.ON_LINE] + states[BodyState.BOUND]
        left = f"{self.work_order}: {waiting} cards to be made, {in_hand} blanks on the line"
        registrar.refuse_if((bool(waiting or in_hand), order_rules.OrderNotFinished(left)))
        registrar.stop_if_refused()
        closed = WorkOrderClosed(
            effective_on=registrar.today,
            made=fates[Fate.MADE],
            returned=fates[Fate.RETURNED],
            moved=fates[Fate.MOVED],
            good=states[BodyState.PERSONALISED],
            spoiled=states[BodyState.SPOILED] + states[BodyState.DESTROYED],
            voided=states[BodyState.VOIDED],
            sampled=states[BodyState.SAMPLED],
        )
        registrar.enter(order.id, closed)
        return {"made": closed.made, "good": closed.good, "spoiled": closed.spoiled}


def passed_on(one: Application, site: OfficeCode) -> bool:
    """Whether an application passed to a site from another one, and is on no order there."""
    return one.state == ORDERED and one.site == site and one.work_order is None


class Fate(Enum):
    """What became of an application on a work order."""

    OPEN = "open"
    MADE = "made"
    RETURNED = "returned"  # its data, or its attempt: another order is needed
    MOVED = "moved"


def fate(entries: Iterable[Entry], work_order: PaperNumber) -> Fate:
    """What became of an application since it was put on an order: the first that happened to it."""
    on_it = False
    for entry in entries:
        match entry.event:
            case ProductionPackageBuilt(work_order=number) | ProductionRerouted(work_order=number):
                if on_it and number != work_order:
                    return Fate.MOVED
                on_it = number == work_order
            case CardProduced() if on_it:
                return Fate.MADE
            case event if on_it and VOCABULARY[type(event)].reaches is not None:
                return Fate.RETURNED
    return Fate.OPEN


def own_order(registrar: Registrar, number: PaperNumber) -> WorkOrder:
    """A work order of the officer's own site."""
    order = registrar.load(WorkOrder, order_id(registrar, number))
    refuse_other_site(registrar, order.site)
    return order
