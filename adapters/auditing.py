"""The audit (审计): everything that can be checked about a register, each check with its verdict.

Nothing personal stands in an audit: counts, positions, and identifiers of streams that are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters.invariants import inspect_store
from adapters.loading import sealed_folder
from adapters.matching import pieces
from adapters.reading import reading
from registry.projections import PROJECTIONS
from registry.projections import At as Point
from registry.vocabulary import ORDERS, Kind, Order
from replay.applications import NO_STATE, STATES
from replay.diff import Balance, Diff, diff
from replay.digest import state_root
from replay.duplicates import duplicates
from replay.entities import states_at
from replay.forms import NONE
from replay.history import At
from replay.households import OPEN
from replay.lawful import lawful
from replay.persons import LIVING
from replay.population import SEXES, WRONG_NUMBER, Census, census
from replay.residents import residents_of_communities
from replay.state import SETTLED, states

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from replay.log import Log

#: Faults that are listed of one check; the number of all is always told.
LISTED = 20
#: Before the first entry: nobody is known.
NOTHING = At(date(1880, 1, 1), 0)


@dataclass(frozen=True)
class Verdict:
    """What one check found.

    checked: how many of what `unit` says. found: how many faults; faults: the first of them.
    digest: what it was summed up to, where it was.
    """

    check: str
    words: str
    checked: int
    unit: str
    found: int
    faults: tuple[str, ...]
    seconds: float
    digest: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found


@dataclass(frozen=True)
class Pictures:
    """What a report draws: counts by sex and age, by cause, and by stage of application.

    pyramid: ages, men, women. came, went: since the beginning. backlog: open applications.
    """

    pyramid: tuple[list[int], list[int], list[int]]
    came: Mapping[str, int]
    went: Mapping[str, int]
    backlog: Mapping[str, int]


@dataclass(frozen=True)
class Audit:
    """All checks at one point on both clocks.

    known_at: microseconds UTC of the position. source: what the log was read from.
    """

    at: At
    known_at: int
    head: int
    source: str
    verdicts: tuple[Verdict, ...]
    counts: Mapping[str, int]
    pictures: Pictures
    root: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return all(verdict.holds for verdict in self.verdicts)


@dataclass
class Found:
    """What a check says: how much it looked at, and the faults, of which a few are kept."""

    checked: int
    unit: str
    faults: list[str] = field(default_factory=list)
    found: int = 0
    digest: str = ""

    def note(self, faults: Iterable[str]) -> None:
        """Add faults."""
        for fault in faults:
            self.found += 1
            if len(self.faults) < LISTED:
                self.faults.append(fault)


#: Told before each check: its name and its words.
Tell = Callable[[str, str], None]


class Auditor:
    """Checks a register at a point; what several checks need is worked out once."""

    def __init__(self, parts: Parts, log: Log, at: At, now: bool) -> None:
        self.parts, self.log, self.at, self.now = parts, log, at, now
        self.census: Census | None = None
        self.diff: Diff | None = None
        self.backlog: dict[str, int] = {}
        self.root = ""

    def checks(self) -> Iterator[tuple[str, str, Callable[[], Found]]]:
        """Every check: its name, what it makes sure of, and how."""
        if sealed_folder(self.parts.settings) is not None:
            yield "bytes", "every byte of the sealed log is as it was sealed", self.bytes
        yield "store", "positions, instants, versions and digests of the store agree", self.store
        yield "numbers", "a number has one living holder, or an open case", self.numbers
        yield "lives", "every history is lawful, entry after entry", self.lives
        yield "cards", "every card took only steps that the table of states has", self.cards
        yield "homes", "who is registered lives in an open household of the place", self.homes
        yield "closing", "at every place, start and flows give the end", self.closing
        yield "population", "read models count the residents that the log has", self.population
        if self.now:
            yield "read-models", "every stored row follows from the log", self.read_models
        yield "state", "the root of the state that follows from the log", self.state

    def bytes(self) -> Found:
        """Hash the sealed files."""
        found = Found(0, "bytes")

        def read(count: int) -> None:
            found.checked += count

        flaws: Any = self.log
        found.note(map(str, flaws.flaws(progress=read)))
        return found

    def store(self) -> Found:
        """Walk through the store."""
        told = inspect_store(self.parts.engine, self.parts.store)
        found = Found(told.entries, "entries")
        found.note(f"{one.rule}: {one.where}: {one.message}" for one in told.faults)
        return found

    def numbers(self) -> Found:
        """Look for numbers that several hold."""
        cases = [case for _, case in states_at(self.log, Kind.CASE, self.at) if case.open]
        self.census = census(self.log, self.at)
        found = Found(self.census.counts["living"], "living persons")
        for one in duplicates(self.log, self.at):
            holders = set(self.log.spaces.ids("person", list(one.holders)))
            if not any(holders <= case.parties for case in cases):
                found.note([f"held by {len(holders)} since position {one.since}, in no open case"])
        return found

    def lives(self) -> Found:
        """Hold every history against the rules."""
        found = Found(0, "histories")
        for kind in (one for one in Kind if ORDERS[one] is Order.EFFECTIVE):
            if not self.log.count(kind):
                continue
            told = lawful(self.log, kind, self.at)
            found.checked += len(told)
            self._faulty(found, kind, told["fault"])
        return found

    def cards(self) -> Found:
        """Hold applications, card bodies and numbers against their rules."""
        found = Found(0, "ledgers")
        for kind in (Kind.APPLICATION, Kind.CARD, Kind.NUMBER):
            if not self.log.count(kind):
                continue
            told = states(self.log, kind, self.at)
            found.checked += len(told)
            if "fault" in (told.dtype.names or ()):
                self._faulty(found, kind, told["fault"])
            if kind is Kind.APPLICATION:
                numbers = np.bincount(told["state"], minlength=NO_STATE + 1)
                self.backlog = {
                    str(state): int(numbers[number])
                    for number, state in enumerate(STATES)
                    if numbers[number]
                }
        return found

    def _faulty(self, found: Found, kind: Kind, faults: Any) -> None:
        who = np.flatnonzero(faults)
        listed = who[:LISTED].tolist()
        for handle, stream in zip(listed, self.log.spaces.ids(kind.value, listed), strict=True):
            found.note([f"{kind.value} {stream}: version {int(faults[handle])} breaks a rule"])
        found.found += len(who) - len(listed)

    def homes(self) -> Found:
        """Compare residents with their households."""
        people = states(self.log, Kind.PERSON, self.at)
        houses = states(self.log, Kind.HOUSEHOLD, self.at)
        resident = (people["life"] == LIVING) & (people["community"] != NONE)
        home = people["household"]
        inside = resident & (home < len(houses))
        wrong = resident & ~inside
        chosen = houses[home[inside]] if len(houses) else houses
        apart = (chosen["life"] != OPEN) | (chosen["community"] != people["community"][inside])
        wrong[np.flatnonzero(inside)[apart]] = True
        found = Found(int(resident.sum()), "residents")
        who = np.flatnonzero(wrong)
        listed = self.log.spaces.ids("person", who[:LISTED].tolist())
        found.note(f"person {one}: the household is closed or elsewhere" for one in listed)
        found.found = len(who)
        return found

    def closing(self) -> Found:
        """Close the account of every place, from nothing to the point."""
        self.diff = diff(self.log, NOTHING, self.at)
        found = Found(len(self.diff.balances), "places")
        found.note(
            f"place {one.place}: {one.start} + {sum(one.came.values())}"
            f" - {sum(one.went.values())} is not {one.end}"
            for one in self.diff.balances
            if not one.closes
        )
        return found

    def population(self) -> Found:
        """Compare residents of every community with what the read model counts."""
        communities = self.log.spaces.ids("community", range(self.log.spaces.count("community")))
        counted = residents_of_communities(self.log, self.at).tolist()
        mine = {one: count for one, count in zip(communities, counted, strict=True) if count}
        with reading(self.parts.engine) as reader:
            theirs = reader.counts(Point(self.at.valid_on, self.at.known))
        found = Found(sum(mine.values()), "residents")
        found.note(
            f"community {one}: {mine.get(one, 0)} in the log, {theirs.get(one, 0)} in the table"
            for one in sorted(mine.keys() | theirs.keys())
            if mine.get(one, 0) != theirs.get(one, 0)
        )
        return found

    def read_models(self) -> Found:
        """Compare every row of every read model."""
        found = Found(0, "rows")
        for piece in pieces(self.parts.engine, self.parts.store, PROJECTIONS):
            found.checked += piece.rows
            found.note(map(str, piece.divergences))
        return found

    def state(self) -> Found:
        """Sum up the state."""
        root = state_root(self.log, self.at)
        self.root = str(root)
        entities = sum(self.log.count(kind) for kind in SETTLED)
        return Found(entities, "entities", digest=self.root)


def audit(
    parts: Parts, log: Log, at: At, *, now: bool = True, tell: Tell = lambda name, words: None
) -> Audit:
    """Check everything at a point. now: the point is the present, read models are compared too."""
    auditor, start = Auditor(parts, log, at, now), perf_counter()
    verdicts = []
    for name, words, check in auditor.checks():
        tell(name, words)
        began = perf_counter()
        told = check()
        seconds = perf_counter() - began
        verdicts.append(
            Verdict(
                name,
                words,
                told.checked,
                told.unit,
                told.found,
                tuple(told.faults),
                seconds,
                told.digest,
            )
        )
    assert auditor.census is not None
    assert auditor.diff is not None
    wrong = len(auditor.census.odd[WRONG_NUMBER])
    return Audit(
        at,
        instant_of(parts, at.known),
        log.head,
        "store" if sealed_folder(parts.settings) is None else "sealed log",
        tuple(verdicts),
        {**auditor.census.counts, "wrong_numbers": wrong},
        Pictures(
            pyramid(auditor.census),
            flows(log, auditor.diff.balances, "came"),
            flows(log, auditor.diff.balances, "went"),
            auditor.backlog,
        ),
        auditor.root,
        perf_counter() - start,
    )


def instant_of(parts: Parts, position: int) -> int:
    """When a position was recorded, microseconds UTC; 0 for none."""
    page = parts.store.page(position - 1, 1, position) if position else []
    return page[0].recorded_at if page else 0


def pyramid(told: Census) -> tuple[list[int], list[int], list[int]]:
    """Ages with the number of men and women of each; ages that nobody has are left out."""
    whole = told.table.sum(axis=0)
    by_name = {sex.name: whole[number] for number, sex in enumerate(SEXES) if sex is not None}
    men, women = by_name["MALE"], by_name["FEMALE"]
    ages = np.flatnonzero((men + women)[:-1]).tolist()
    return ages, men[ages].tolist(), women[ages].tolist()


def flows(log: Log, balances: Iterable[Balance], side: str) -> dict[str, int]:
    """What came to, or went from, all communities together, by cause."""
    communities = set(log.spaces.ids("community", range(log.spaces.count("community"))))
    total: dict[str, int] = {}
    for one in balances:
        if one.place in communities:
            for cause, count in getattr(one, side).items():
                total[cause.value] = total.get(cause.value, 0) + count
    return total
