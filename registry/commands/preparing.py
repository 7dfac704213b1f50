"""How a county gets ready for the exchange of cards, and what opens it there (集中换发准备)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import Programme, Readiness, card_rules, programme_rules
from registry.aggregates.places import Fact
from registry.commands.base import ADMINISTRATOR, COUNTY, EXCHANGE_OFFICE, command
from registry.commands.programme import (
    division_of,
    lies_in,
    own_programme,
    programme_of,
)
from registry.errors import Rule
from registry.events.programme import (
    CleanUpClosed,
    CleanUpOpened,
    MassExchangeOpened,
    MassExchangeStopped,
    MilestoneReached,
    MilestoneWithdrawn,
)
from registry.limits import limit
from registry.programmes import EXCHANGE, PILOT, milestones
from registry.registrar import Registrar
from registry.values import CommunityId, DivisionId, Level, MilestoneCode, ProgrammeCode
from registry.vocabulary import Kind


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class ReachMilestone:
    """Record that a division reached what a plan asks of it (完成准备工作).

    Source: the plan that sets it; see the table programme_milestones.
    """

    division: DivisionId
    milestone: MilestoneCode
    reached_on: date
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it."""
        fact = division_of(registrar, self.division)
        programme = programme_of(registrar, ProgrammeCode(self.milestone.programme))
        fits = self.milestone.applies(fact.level, fact.code) and _concerned(
            registrar, self.division, programme
        )
        registrar.refuse_if((not fits, programme_rules.MilestoneElsewhere(self.milestone)))
        registrar.find(Readiness, self.division)
        registrar.enter(
            self.division,
            MilestoneReached(
                effective_on=registrar.today,
                milestone=self.milestone,
                reached_on=self.reached_on,
                document=self.document,
            ),
        )
        return {"division": self.division}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class WithdrawMilestone:
    """Record that a milestone proved not to be reached after all (撤销完成).

    Source: the plan that sets it; see the table programme_milestones.
    """

    division: DivisionId
    milestone: MilestoneCode
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the withdrawal."""
        division_of(registrar, self.division)
        registrar.load(Readiness, self.division)
        registrar.enter(
            self.division,
            MilestoneWithdrawn(
                effective_on=registrar.today, milestone=self.milestone, document=self.document
            ),
        )
        return {"division": self.division}


@command(ADMINISTRATOR, EXCHANGE_OFFICE, COUNTY)
class OpenCleanUp:
    """Begin to hold all registrations and numbers of a county against papers and people (清理核对).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(一)4; Jilin plan of 2004
    (吉政办发〔2004〕53号) 三(二).
    """

    division: DivisionId
    programme: ProgrammeCode
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the begin."""
        county_of(registrar, self.division, programme_of(registrar, self.programme))
        registrar.find(Readiness, self.division)
        registrar.enter(
            self.division,
            CleanUpOpened(
                effective_on=registrar.today, programme=self.programme, document=self.document
            ),
        )
        return {"division": self.division}


@command(ADMINISTRATOR, EXCHANGE_OFFICE, COUNTY)
class CloseCleanUp:
    """Record that a county is done with its registrations and numbers (清理核对结束).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(一)4.
    """

    division: DivisionId
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end."""
        division_of(registrar, self.division)
        registrar.load(Readiness, self.division)
        event = CleanUpClosed(effective_on=registrar.today, document=self.document)
        registrar.enter(self.division, event)
        return {"division": self.division}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class OpenMassExchange:
    """Open the exchange of a county for everybody, from a day on, which may lie ahead (集中换发).

    The trial is accepted, the county's data are, its verification has ended, and what the plan asks
    of it and of the divisions above it is reached.
    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2; Jilin plan of 2004
    (吉政办发〔2004〕53号) 二(二).
    """

    division: DivisionId
    programme: ProgrammeCode
    opens_on: date
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the opening."""
        found = own_programme(registrar, self.programme)
        fact = county_of(registrar, self.division, found)
        ready = registrar.find(Readiness, self.division)
        cleaning = ready is not None and ready.cleaning
        registrar.refuse_if(
            (
                not found.runs(EXCHANGE) or self.opens_on < found.phases[EXCHANGE].started_on,
                programme_rules.PhaseOutOfOrder(EXCHANGE),
            ),
            (found.pilot_accepted_on is None, programme_rules.PilotNotAccepted(found.programme)),
            (
                ready is None or ready.baseline_on is None,
                card_rules.BaselineNotAccepted(fact.code),
            ),
            (cleaning, programme_rules.CleanUpIsOpen(fact.name)),
            *((True, rule) for rule in self._unreached(registrar)),
        )
        registrar.stop_if_refused()
        registrar.enter(
            self.division,
            MassExchangeOpened(
                effective_on=registrar.today,
                programme=self.programme,
                opens_on=self.opens_on,
                document=self.document,
            ),
        )
        return {"division": self.division}

    def _unreached(self, registrar: Registrar) -> Iterator[Rule]:
        """The milestones that still stand before the exchange, here and above."""
        above = list(registrar.places().above(self.division, registrar.today))
        registrar.prefetch([place for place, _ in above])
        for place, fact in above:
            ready = registrar.find(Readiness, place)
            for one in milestones(self.programme):
                due = one.gates and one.applies(fact.level, fact.code)
                if due and (ready is None or one not in ready.milestones):
                    yield programme_rules.MilestoneOpen(f"{one} {one.name_zh}, {fact.name}")


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class StopMassExchange:
    """Stop the exchange of a county by a decision (停止集中换发).

    Faults of single persons close their own gates and never a county's.
    Source: Deyang plan of 2004 (德办发(2004)39号) 五(三).
    """

    division: DivisionId
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the stop."""
        division_of(registrar, self.division)
        registrar.load(Readiness, self.division)
        event = MassExchangeStopped(effective_on=registrar.today, document=self.document)
        registrar.enter(self.division, event)
        return {"division": self.division}


def county_of(registrar: Registrar, division: DivisionId, programme: Programme) -> Fact:
    """A county of a programme; refused where it is none."""
    fact = division_of(registrar, division)
    if fact.level is not Level.COUNTY or not lies_in(registrar, division, programme.division):
        registrar.refuse_if((True, programme_rules.ProgrammeElsewhere(fact.name)))
        registrar.stop_if_refused()
    return fact


def _concerned(registrar: Registrar, place: DivisionId, programme: Programme) -> bool:
    """Whether a place lies in a programme's division or above it."""
    return lies_in(registrar, place, programme.division) or lies_in(
        registrar, programme.division, place
    )


def exchange_gate(registrar: Registrar, community: CommunityId) -> Iterable[tuple[bool, Rule]]:
    """Whether the exchange is closed at a community, with the rule that says so.

    It binds, if set so, where a programme is open over the place: the county's exchange has begun,
    or the place takes part in the trial of that day. What was accepted then goes its way.
    """
    if not registrar.setting.cards.exchange:
        return
    above = [*registrar.places().above(community, registrar.today)]
    places = frozenset(place for place, _ in above)
    county = next((place for place, fact in above if fact.level is Level.COUNTY), None)
    streams = [registrar.named(Kind.PROGRAMME, code) for code in ProgrammeCode.all()]
    registrar.prefetch([*streams, *([county] if county else [])])
    for stream in streams:
        found = registrar.find(Programme, stream)
        if found is not None and found.open and found.division in places:
            closed = not _exchanging(registrar, found, places, county)
            name = next((fact.name for place, fact in above if place == county), None)
            yield closed, programme_rules.ExchangeNotOpen(name)


def _exchanging(
    registrar: Registrar, programme: Programme, places: frozenset[UUID], county: UUID | None
) -> bool:
    pilot = programme.pilot
    if pilot is not None and programme.runs(PILOT) and pilot.covers(places, registrar.today):
        return True
    ready = None if county is None else registrar.find(Readiness, county)
    opened = None if ready is None else ready.exchange_on
    return opened is not None and opened <= registrar.today


def errors_rule(persons: int, errors: int, on: date) -> Iterator[Rule]:
    """The rule that a county's data break where too many of its registrations are wrong.

    errors: open findings of the weight `error`; the limit counts them for 10,000 persons.
    """
    most = limit("baseline_errors", on).amount
    if errors * 10_000 > most * persons:
        yield programme_rules.ErrorsAboveLimit(
            f"{errors} errors of {persons} persons, {most} of 10,000 allowed"
        )
