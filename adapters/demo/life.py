"""Twenty years of a town as a plan of businesses, day by day, at the rates of ordinary counties.

`Life.plan` says what is entered on a day, `Life.told` hears what the register answered; only then
does the mirror change. Nobody and no household is in two businesses of one day.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from adapters.demo.dice import Dice
from adapters.demo.mirror import Community, Mirror, Resident, Township
from adapters.demo.names import Namer
from adapters.demo.numbers import Numbers
from adapters.demo.town import Town
from registry.errors import RegistryError
from registry.register import Authority, Command
from registry.store import Receipt
from registry.values import (
    DivisionCode,
    HouseholdId,
    HouseholdNumber,
    MigrationReason,
    Name,
    PaperNumber,
    PersonId,
)

YEAR: Final = 365.2425
ATTEMPTS: Final = 400  # to find somebody to whom a business fits
#: How often each happens, per person and year: persons that are born, die or move, and businesses
#: of the other two kinds. Source: yearbooks of Nanjing and Jilin, and the census of 2000.
RATES: Final = {
    "births": 0.008,
    "deaths": 0.006,
    "out": 0.015,
    "in": 0.015,
    "address": 0.020,
    "changes": 0.050,
    "households": 0.015,
}

Answer = dict[str, Any]


@dataclass(slots=True)
class Step:
    """One command, who sends it, what it is counted as, and what follows when it is entered."""

    command: Command
    by: Authority
    cause: str
    then: Callable[[Answer], None]


Plan = list[Step]
Business = Callable[["Life"], Plan]


@dataclass(repr=False)
class Life:
    """The town, the day, and what is still to come."""

    town: Town
    mirror: Mirror
    dice: Dice
    numbers: Numbers
    kinds: Mapping[str, Business]
    today: date
    namer: Namer = field(init=False)
    since: date = field(init=False)  # the first day that has not been planned before
    budget: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RATES, 0))
    done: Counter[str] = field(default_factory=Counter)  # by cause
    refused: list[tuple[str, date, RegistryError]] = field(default_factory=list)
    passing: list[tuple[date, Community, Township]] = field(default_factory=list)
    passed: list[tuple[date, Community]] = field(default_factory=list)
    latest: tuple[int, PersonId, date, date] | None = None  # the death declared latest of all
    counted: Counter[str] = field(default_factory=Counter)  # by the kinds of RATES
    met: tuple[HouseholdId, date] | None = None  # where a visit met somebody registered nowhere
    lived: float = 0.0  # person-years
    awaited: list[Step] = field(default_factory=list)
    _agenda: list[tuple[date, int, Business]] = field(default_factory=list)
    _serial: int = 0

    def __post_init__(self) -> None:
        """Begin on the day after the one on which the town was founded."""
        self.namer = Namer(self.dice)
        self.since = self.today + timedelta(1)

    def plan(self, today: date) -> list[Step]:
        """What is entered on a day, when the days since the last one are declared as well."""
        days = (today - self.today).days
        assert days > 0, f"{today} has been planned already"
        assert not self.awaited, "the last plan has not been answered"
        self.since, self.today = self.today + timedelta(1), today
        self.mirror.busy.clear()
        self._due()
        years = days / YEAR * len(self.mirror.residents)
        self.lived += years
        for name, rate in RATES.items():
            self.budget[name] += self.dice.events(rate * years)
            while self.budget[name] > 0 and (plan := self._made(self.kinds[name])):
                self.spend(name, 1)
                self.add(plan)
        return self.awaited

    def told(self, outcomes: Sequence[Receipt | RegistryError]) -> None:
        """Hear what became of the last plan, in its order."""
        steps, self.awaited = self.awaited, []
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                self.done[step.cause] += 1
                step.then(json.loads(outcome.answer))
            else:
                self.refused.append((step.cause, self.today, outcome))

    def add(self, plan: Plan) -> None:
        """Enter more on this day."""
        self.awaited.extend(plan)

    def later(self, days: int, business: Business) -> None:
        """Do something when days have passed."""
        heapq.heappush(self._agenda, (self.today + timedelta(days), self.serial(), business))

    def spend(self, name: str, amount: int) -> None:
        """Count persons, or businesses, of a kind."""
        self.budget[name] -= amount
        self.counted[name] += amount

    def _due(self) -> None:
        for on, community, to in [one for one in self.passing if one[0] <= self.today]:
            community.township = to
            self.passing.remove((on, community, to))
            self.passed.append((on, community))
        due = []
        while self._agenda and self._agenda[0][0] <= self.today:
            due.append(heapq.heappop(self._agenda)[2])
        for business in due:
            self.add(business(self))

    def _made(self, business: Business) -> Plan:
        for _ in range(ATTEMPTS):
            if plan := business(self):
                return plan
        return []

    def serial(self) -> int:
        """A number that nothing else has."""
        self._serial += 1
        return self._serial

    # What every business asks for.

    def resident(self) -> Resident:
        """Anybody."""
        return self.dice.pick(self.mirror.residents)

    def day(self) -> date:
        """A day since the last plan."""
        return self.today - timedelta(self.dice.between(0, (self.today - self.since).days))

    def ago(self, low: int, high: int, *bounds: date) -> date:
        """A day some time ago, but not before any of the bounds."""
        return max((self.today - timedelta(self.dice.between(low, high)), *bounds))

    def paper(self, kind: str, township: Township) -> PaperNumber:
        """The next paper of a kind."""
        return PaperNumber(f"{kind}{township.code}{self.serial():07}")

    def household_number(self) -> HouseholdNumber:
        """The next number of a household."""
        return HouseholdNumber(f"9{self.serial():08}")

    def reason(self, prefix: str, base: str, newer: str) -> MigrationReason:
        """A reason in the code of the time; prefix: 03 in, 04 out, 05 address."""
        return MigrationReason(newer if self.today >= date(2014, 7, 1) else prefix + base)

    def declarant(self, one: Resident) -> Name:
        """Who speaks for a person: an adult oneself, else somebody of the household."""
        if one.age(self.today) >= 18 or one.house is None or one.house.head is None:
            return one.name
        return one.house.head.name


#: Where people go and come from, outside the two towns, by weight.
ELSEWHERE: Final = tuple(
    (DivisionCode(code), weight)
    for code, weight in (
        ("510681", 3.0),
        ("510626", 2.0),
        ("510107", 6.0),
        ("510703", 3.0),
        ("220102", 3.0),
        ("220202", 2.0),
        ("222401", 1.0),
        ("440305", 2.0),
        ("310115", 1.0),
        ("110108", 1.0),
    )
)
