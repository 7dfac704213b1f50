"""A make-believe county from a seed: its people, and twenty years of what happens to them.

Nobody in it exists. Numbers follow the rules under codes that were in force, and every officer,
batch and document says that it is synthetic.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from adapters.demo import exchange, visiting
from adapters.demo.arrivals import arrival
from adapters.demo.changes import some_change
from adapters.demo.dice import Dice
from adapters.demo.extract import name_everything, write_extract
from adapters.demo.households import adjust, civil_affairs, cut, dormitory, some_household
from adapters.demo.life import Life
from adapters.demo.mirror import Mirror, Resident
from adapters.demo.moves import address, departure
from adapters.demo.number_cases import clear_fault, settle_case
from adapters.demo.numbers import Numbers
from adapters.demo.people import Population, found_population
from adapters.demo.town import MAIN, NEIGHBOUR, TOWNSHIPS, Town, found_town
from adapters.demo.vital import birth, death, supplement
from registry.commands.extract import Batch
from registry.days import BEIJING, instant_of
from registry.register import Authority, Register, Submission
from registry.values import CommunityId, DivisionId, DoorplateId, HouseholdId, PersonId

FOUNDED = date(2004, 6, 30)
SOURCE = "synthetic"
ADULT = 18
SUPPLEMENTED = 0.0004  # of all people, per year
CLEARED = 0.9  # share of faults that are cleared in the first years
#: Days of the clean-up: until the end of 2004. Source: Deyang plan of 2004 (德办发(2004)39号).
CLEAN_UP_DAYS = 184
BUSINESSES = {
    "births": birth,
    "deaths": death,
    "out": departure,
    "in": arrival,
    "address": address,
    "changes": some_change,
    "households": some_household,
}

Progress = Callable[[str, int, int], None]


class Importer(Protocol):
    """The bulk path, as far as it is needed here."""

    def load(self, extract: Path, source: str, batch: str, baseline: date, by: Authority) -> Any:
        """Import an extract."""
        ...


class SimulatedClock:
    """A clock that stands until it is told to go on; microseconds UTC."""

    def __init__(self, day: date = FOUNDED) -> None:
        self.now = 0
        self.go_to(day)

    def __call__(self) -> int:
        """The instant that it shows."""
        return self.now

    def go_to(self, day: date, hour: int = 17) -> None:
        """Show an hour of a day."""
        self.now = instant_of(datetime.combine(day, time(hour), BEIJING))


@dataclass
class Story:
    """What was made up, for those who ask questions about it."""

    seed: int
    founded_on: date
    until: date
    founders: int
    residents: int
    households: int
    household_size: float
    person_years: float
    planted: Counter[str]
    done: Counter[str]
    counted: Counter[str]
    refused: list[tuple[str, date, Any]] = field(default_factory=list)
    report: Any = None
    faults: Mapping[str, Sequence[Resident]] = field(default_factory=dict)  # planted, by kind
    township: DivisionId | None = None
    mover: PersonId | None = None
    oldest: PersonId | None = None
    duplicate: tuple[PersonId, PersonId] | None = None
    cleared: PersonId | None = None  # whose number was found wrong and replaced
    doorplate: DoorplateId | None = None
    household: HouseholdId | None = None
    community: CommunityId | None = None
    adjusted: CommunityId | None = None
    adjusted_on: date | None = None
    county: DivisionId | None = None
    applicants: list[PersonId] = field(default_factory=list)  # grown-ups of the county, no case
    late_death: tuple[PersonId, date, date] | None = None  # who, died, declared
    visited: tuple[HouseholdId, date] | None = None  # where somebody registered nowhere was met


def build_town(
    register: Register,
    importer: Importer,
    clock: SimulatedClock,
    people: int = 30_000,
    years: float = 20,
    seed: int = 2004,
    step_days: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Story:
    """Found a town, import its people and live with it for years; everything by real commands.

    clock: the register's, its store's and the importer's own. step_days: how many days one batch
    of submissions holds. progress: told what is done, how much of it and out of how much.
    """
    dice = Dice(np.random.default_rng(seed))
    clock.go_to(FOUNDED, 8)
    town = found_town(register, dice, people)
    numbers = Numbers(dice)
    population = found_population(shares(town, people), dice, numbers, FOUNDED)
    progress("people", len(population.people), people)
    clock.go_to(FOUNDED, 9)
    report = import_population(register, importer, town, population, seed)
    progress("imported", len(population.people), len(population.people))
    life = begin(town, population, numbers, dice)
    days = round(years * 365.2425)
    if days > CLEAN_UP_DAYS:
        exchange.schedule(life)
    with few_collections():
        for passed in range(step_days, days + 1, step_days):
            live(register, life, clock, FOUNDED + timedelta(passed))
            if passed % 30 < step_days:
                progress("days", passed, days)
    return tell(life, population, seed, report)


def live(register: Register, life: Life, clock: SimulatedClock, today: date) -> None:
    """Enter everything of a day as one batch."""
    clock.go_to(today)
    if steps := life.plan(today):
        ids = life.town.submissions
        life.told(register.do_all([Submission(ids(), one.by, one.command) for one in steps]))


@contextmanager
def few_collections() -> Iterator[None]:
    """Collect garbage rarely: a town is a million objects that stay, looked at each time."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def shares(town: Town, people: int) -> list[tuple[Any, int]]:
    """How many people each community has."""
    wanted = []
    for township, (_, _, share) in zip(town.townships, TOWNSHIPS, strict=True):
        here = [one for one in town.communities if one.township is township]
        wanted += [(one, round(people * share / len(here))) for one in here]
    return wanted


def import_population(
    register: Register, importer: Importer, town: Town, population: Population, seed: int
) -> Any:
    """Send the founding population through the bulk path."""
    name = f"{SOURCE}-{seed}"
    by = town.administrator
    with TemporaryDirectory(prefix="extract-") as folder:
        extract = Path(folder) / SOURCE  # beside which the report is written
        write_extract(extract, town, population, FOUNDED.isoformat())
        report = importer.load(extract, SOURCE, name, FOUNDED, by)
    batch = Batch(SOURCE, name, FOUNDED, FOUNDED, register.setting.namespace)
    name_everything(batch, town, population)
    return report


def begin(town: Town, population: Population, numbers: Numbers, dice: Dice) -> Life:
    """A life that starts with the founding population, and what is to come anyway."""
    mirror = Mirror()
    mirror.communities = town.communities
    for house in population.houses:
        members, house.members = house.members, []
        house.last = FOUNDED
        for one in members:
            mirror.settle(one, house, one.relation)
            one.since = one.last = max(FOUNDED, one.born)
    life = Life(town, mirror, dice, numbers, BUSINESSES, FOUNDED)
    pairs = population.faults["duplicate"]
    for keeper, other in zip(pairs[::2], pairs[1::2], strict=True):
        keeper.in_case = other.in_case = True
        if dice.chance(CLEARED):
            _settle_later(life, keeper, other)
    for kind, faulty in population.faults.items():
        for one in faulty if kind != "duplicate" else ():
            if dice.chance(CLEARED):
                _clear_later(life, one, kind)
    visiting.schedule(life, population.faults["check-character"])
    main = [one for one in town.communities if one.township is town.townships[MAIN]]
    life.later(5, lambda life: dormitory(life, main[0]))
    life.later(5, lambda life: dormitory(life, town.communities[-1]))
    life.later(30, civil_affairs)
    life.later(60, _supplements)
    life.later(500, lambda life: adjust(life, main[-1], town.townships[NEIGHBOUR]))
    life.later(900, lambda life: cut(life, main[0], main[-2] if len(main) > 2 else main[1]))
    return life


def _settle_later(life: Life, keeper: Resident, other: Resident) -> None:
    life.later(life.dice.between(30, 900), lambda life: settle_case(life, keeper, other))


def _clear_later(life: Life, one: Resident, kind: str) -> None:
    life.later(life.dice.between(7, CLEAN_UP_DAYS), lambda life: clear_fault(life, one, kind))


def _supplements(life: Life) -> Any:
    """A county's supplements of a month, and those of the next."""
    life.later(30, _supplements)
    wanted = life.dice.events(SUPPLEMENTED / 12 * len(life.mirror.residents))
    return [step for _ in range(wanted) for step in supplement(life)]


def tell(life: Life, population: Population, seed: int, report: Any) -> Story:
    """The facts that questions are asked about."""
    residents = life.mirror.residents
    story = Story(
        seed=seed,
        founded_on=FOUNDED,
        until=life.today,
        founders=len(population.people),
        residents=len(residents),
        households=life.mirror.houses,
        household_size=life.mirror.size,
        person_years=life.lived,
        planted=population.planted,
        done=life.done,
        counted=life.counted,
        refused=life.refused,
        report=report,
        faults=population.faults,
    )
    story.township = life.town.townships[MAIN].division
    if life.latest is not None:
        story.late_death = life.latest[1:]
    story.visited = life.met
    for on, community in life.passed:
        story.adjusted, story.adjusted_on = community.id, on
    main = life.town.townships[MAIN]
    story.county = main.county
    story.applicants = [
        one.id
        for one in residents
        if one.township is main and one.age(life.today) >= ADULT and one.number and not one.in_case
    ]
    busiest = max(residents, key=lambda one: (one.version, one.key))
    story.mover = busiest.id
    story.oldest = min(residents, key=lambda one: (one.born, one.key)).id
    home = max(
        (one.home for one in residents if not one.home.collective),
        key=lambda house: (len(house.members), house.key),
    )
    story.household, story.doorplate = home.id, home.plate.id
    story.community = home.community.id
    wrong = population.faults["check-character"]
    story.cleared = next((one.id for one in wrong if one.slot >= 0 and one.renumbered), None)
    pairs = population.faults["duplicate"]
    open_pairs = [pair for pair in zip(pairs[::2], pairs[1::2], strict=True) if pair[0].in_case]
    if open_pairs:
        story.duplicate = open_pairs[0][0].id, open_pairs[0][1].id
    return story


__all__ = ["FOUNDED", "Importer", "SimulatedClock", "Story", "build_town"]
