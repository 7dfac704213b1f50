"""A make-believe province, town by town: its entries in columns, and what is true of them.

Each town is made twice: first only counted, so that every entry's position is known, dense over all
towns and kinds in the order of days, and then laid out. So a province needs the memory of a few
towns, whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.codes import divisions
from registry.entry import Entry
from registry.values import DivisionCode, day_number
from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.province import columns as c
from replay.province.codes import HANDED
from replay.province.days import live, rates
from replay.province.expressing import Entries, arrange, express
from replay.province.ids import CountedSpaces
from replay.province.issuing import W_CODE, ways
from replay.province.parts import Part, part
from replay.province.places import divisions_of, entries, how_many
from replay.province.plan import Setting, Town, empty_town, plan_of
from replay.province.telling import Bases, Teller

#: Raised whenever the same seed comes to another province.
EDITION = 4
#: The kinds of stream that a town has, in the order of its counts.
KINDS = (
    Kind.PERSON,
    Kind.HOUSEHOLD,
    Kind.DOORPLATE,
    Kind.NUMBER,
    Kind.BOOK,
    Kind.CERTIFICATE,
    Kind.CASE,
    Kind.APPLICATION,
    Kind.CARD,
)
#: Towns share a county's sequence codes: 30 each for births, 30 each for others.
TOWNS_IN_COUNTY = 16
CODES_OF_TOWN, FIRST_BROUGHT = 30, 500
#: Towns are taken over within so many days.
IMPORT_DAYS = 30
#: Entries of one town per household and day, and at its import: about.
PER_HOUSEHOLD, PER_DAY = 7.55, 24.03 / 6800


@dataclass(frozen=True)
class Truth:
    """What is so in a province on its last day, and what was done wrong on purpose."""

    residents: int
    dead: int
    away: int
    reversed: int
    households: int
    wrong_numbers: int  # held by the living
    missing_numbers: int  # living people who have none
    duplicates: int  # numbers held by two of the living
    shared_numbers: int  # by two residents
    doubles: int  # people living in two records
    illegal_steps: int
    for_dead: int
    cards_of_dead: int  # handed out and still with somebody who has died
    stages: tuple[int, ...]  # applications by their state's place in its table


class Making:
    """The memory in which one thread makes towns."""

    def __init__(self) -> None:
        self.town: Town | None = None
        self.entries: Entries | None = None
        self.arranged: Any = None


class Province:
    """A province of so many towns, the same for the same seed.

    households: of each town at first. first: the day on which the first town is taken over. days:
    how long the log is. often: rates by business, as in RATES. faults: how many times as often as
    usual something is wrong on purpose.
    """

    def __init__(
        self,
        towns: int,
        seed: int = 1,
        households: int = 8192,
        first: date = date(2004, 7, 1),
        days: int = 6800,
        often: Mapping[int, int] | None = None,
        faults: int = 1,
    ) -> None:
        self.towns_in_county = TOWNS_IN_COUNTY
        assert days > IMPORT_DAYS + 1, "the log ends before everybody is taken over"
        self.towns, self.seed, self.households = towns, seed, households
        self.faults = faults
        self.first, self.days = day_number(first), days
        self.often = rates() if often is None else rates(dict(often))
        self.counties = counties(1 + (towns - 1) // TOWNS_IN_COUNTY)
        self.tellers = [Teller(kind) for kind in KINDS]
        self._of_thread = local()

    @classmethod
    def of(cls, entries: int, seed: int = 1, **others: Any) -> Province:
        """A province of about so many entries."""
        each = 8192 * (PER_HOUSEHOLD + PER_DAY * 6800)
        return cls(max(1, round(entries / each)), seed, **others)

    def setting(self, town: int) -> Setting:
        """What a town is made of."""
        opened = self.first + town % IMPORT_DAYS
        slot = town % TOWNS_IN_COUNTY
        return Setting(
            households=self.households,
            baseline=self.first - 30,
            opened=opened,
            days=self.first + self.days - opened,
            given=slot * CODES_OF_TOWN,
            brought=FIRST_BROUGHT + slot * CODES_OF_TOWN,
            faults=self.faults,
        )

    def plan(self, town: int) -> Town:
        """A town whose plan is made; its memory is used again by this thread's next."""
        memory = self._memory()
        setting = self.setting(town)
        memory.town = empty_town(setting, self.seed, town, memory.town)
        live(memory.town, setting, ways(), self.often)
        assert not memory.town[c.COUNTED, c.N_FULL], "a town outgrew its plan"
        return memory.town

    def _memory(self) -> Making:
        if not hasattr(self._of_thread, "making"):
            self._of_thread.making = Making()
        making: Making = self._of_thread.making
        return making

    def _count(self, town: int) -> tuple[NDArray[np.int64], NDArray[np.int32], Truth]:
        made = self.plan(town)
        out = _entries(1, 1, self.days)
        express(plan_of(made), self.first, out)
        sizes = np.concatenate([made[c.COUNTED, : len(KINDS)], out.kinds, out.counted])
        return sizes, out.days, truth(made)

    @cached_property
    def survey(self) -> Survey:
        """Every town counted: what must be known before any can be laid out."""
        with ThreadPoolExecutor(2) as pool:
            counted = list(pool.map(self._count, range(self.towns)))
        return Survey(
            np.array([sizes for sizes, _, _ in counted]),
            np.array([days for _, days, _ in counted], np.int64),
            tuple(told for _, _, told in counted),
        )

    @cached_property
    def spaces(self) -> CountedSpaces:
        """Identifiers by handle."""
        counted = {kind.value: entities for kind, (entities, _) in self.survey.by_kind().items()}
        communities = self.towns * c.COMMUNITIES
        others = {"community": communities, "street": communities, "places": 1}
        others["segments"] = len(self.counties)
        others["division"] = others["uuid"] = divisions_of(self)
        others["package"] = others["draw"] = self.towns * (1 + self.days // 7)
        return CountedSpaces(self.seed, {**counted, **others})

    @cached_property
    def places(self) -> list[Entry]:
        """What is recorded before anybody is taken over."""
        return entries(self, self.spaces)

    def county(self, town: int) -> int:
        """The number of a town's county."""
        return town // self.towns_in_county

    def local(self, town: int) -> dict[str, int]:
        """What all of a town says alike."""
        county, given = self.counties[self.county(town)], self.setting(town).given
        return {
            "county": int(county),
            "station": int(f"{county}{town % TOWNS_IN_COUNTY + 1:03}000"),
            "authority": int(f"{county}000000"),
            "site": int(f"{county[:2]}0000000000"),
            "first": given + 1,
            "last": given + CODES_OF_TOWN,
            "own": 0,
        }

    def bases(self, town: int) -> Bases:
        """Where a town's handles begin, and what all of it says alike."""
        before = self.survey.sizes[:town, : len(KINDS)].sum(axis=0)
        spaces = {kind.value: int(base) for kind, base in zip(KINDS, before, strict=True)}
        spaces["community"] = spaces["street"] = town * c.COMMUNITIES
        spaces["package"] = spaces["draw"] = town * (1 + self.days // 7)
        return Bases(spaces, self.local(town))

    def parts(self, town: int) -> dict[Kind, Part]:
        """A town laid out, kind by kind."""
        made, memory, survey = self.plan(town), self._memory(), self.survey
        rows, members = survey.sizes[town, -2:].tolist()
        held = memory.entries
        if held is None or len(held.rows) < rows or len(held.pool) < members:
            memory.entries = _entries(rows * 5 // 4, members * 5 // 4 + 64, self.days)
            memory.arranged = np.empty_like(memory.entries.rows)
        out = memory.entries
        assert out is not None
        for counted in (out.counted, out.days, out.kinds):
            counted[:] = 0
        express(plan_of(made), self.first, out)
        assert out.counted[0] == rows, "the same town came out otherwise"
        firsts = np.concatenate([[0], np.cumsum(made[c.COUNTED, : len(KINDS)])])
        starts = np.empty(firsts[-1] + 1, np.int32)
        arranged = memory.arranged[:rows]
        arrange(out.rows[:rows], firsts, starts, arranged)
        bases, shift = self.bases(town), survey.shift(town)
        instants = self.instants(town)
        found = {}
        for number, (kind, teller) in enumerate(zip(KINDS, self.tellers, strict=True)):
            mine = starts[firsts[number] : firsts[number + 1] + 1]
            if mine[0] == mine[-1]:
                continue
            found[kind] = part(
                teller,
                arranged[mine[0] : mine[-1]],
                mine - mine[0],
                out.pool,
                bases,
                shift + self.before,
                instants,
                self.first,
                self.seed << 32 | town,
            )
        return found

    @property
    def before(self) -> int:
        """How many entries come before those of the towns."""
        return how_many(self)

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant in microseconds, 0 if none."""
        if instant < int(self.instants(0)[0]) - 1_000_000:
            return 0
        days = self.survey.days
        at = np.array([self.instants(town)[: days.shape[1]] for town in range(self.towns)])
        return self.before + int(days[at <= instant].sum())

    def instants(self, town: int) -> Column:
        """The instant at which a town's entries of each day are recorded, microseconds UTC."""
        hour = 3_600_000_000
        midnight = (
            (np.arange(self.days + 1) + self.first - day_number(date(1970, 1, 1))) * 24 * hour
        )
        into = 8 * hour + town * 10 * hour // self.towns
        return midnight - 8 * hour + into

    def all_instants(self) -> tuple[Column, Column]:
        """The first position u4 of each instant i8 at which anything is recorded."""
        days = self.survey.days.T.ravel()
        at = np.array([self.instants(town) for town in range(self.towns)])
        at = at[:, : self.survey.days.shape[1]].T.ravel()
        ends = self.before + np.cumsum(days)
        some = days > 0
        position = np.append(1, (ends - days + 1)[some]).astype("u4")
        return position, np.append(self.instants(0)[0] - 1_000_000, at[some])

    def all_parts(self, workers: int = 2, ahead: int = 4) -> Iterator[dict[Kind, Part]]:
        """Every town laid out, in order; `ahead` are made before they are asked for."""
        with ThreadPoolExecutor(workers) as pool:
            waiting = [pool.submit(self.parts, town) for town in range(min(ahead, self.towns))]
            for town in range(self.towns):
                made = waiting.pop(0).result()
                if town + ahead < self.towns:
                    waiting.append(pool.submit(self.parts, town + ahead))
                yield made


@dataclass(frozen=True)
class Survey:
    """Every town counted.

    sizes i8[towns, ...]: entities by kind, entries by kind, entries, members; days i8[towns, days]:
    entries by the day on which they are recorded.
    """

    sizes: NDArray[np.int64]
    days: NDArray[np.int64]
    told: tuple[Truth, ...]

    @property
    def entries(self) -> int:
        """How many there are."""
        return int(self.days.sum())

    def by_kind(self) -> dict[Kind, tuple[int, int]]:
        """Entities and entries of each kind."""
        total = self.sizes.sum(axis=0).tolist()
        return {
            kind: (total[number], total[len(KINDS) + number]) for number, kind in enumerate(KINDS)
        }

    @cached_property
    def _before(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        by_day = np.concatenate([[0], np.cumsum(self.days.sum(axis=0))[:-1]])
        return by_day, np.cumsum(self.days, axis=0) - self.days

    def shift(self, town: int) -> NDArray[np.int64]:
        """What is added to an entry's place in its town to give its position, by day."""
        by_day, by_town = self._before
        own = np.cumsum(self.days[town]) - self.days[town]
        return np.asarray(1 + by_day + by_town[town] - own)


def _entries(rows: int, members: int, days: int) -> Entries:
    return Entries(
        rows=np.zeros((rows, c.E_WIDTH), np.int32),
        pool=np.zeros((members, 2), np.int32),
        counted=np.zeros(2, np.int64),
        days=np.zeros(days + 1, np.int32),
        kinds=np.zeros(len(KINDS), np.int64),
    )


def counties(number: int) -> list[str]:
    """Codes of counties that may bear numbers, those of Jilin first."""
    book = divisions()
    codes = sorted(code for code in book.listings if DivisionCode(code).may_number)
    codes.sort(key=lambda code: (code[:2] != "22", code))
    assert number <= len(codes), f"there are codes for {len(codes) * TOWNS_IN_COUNTY} towns"
    return codes[:number]


def truth(town: Town) -> Truth:
    """What is so in a town on its last day."""
    size = town[c.COUNTED]
    persons = town[c.PERSONS : c.PERSONS + size[c.N_PERSON]]
    houses = town[c.HOUSES : c.HOUSES + size[c.N_HOUSEHOLD]]
    applications = town[c.APPLICATIONS : c.APPLICATIONS + size[c.N_APPLICATION]]
    states = np.bincount(persons[:, c.P_STATE], minlength=4).tolist()
    living = (persons[:, c.P_STATE] == c.RESIDENT) | (persons[:, c.P_STATE] == c.AWAY)
    held = persons[living & (persons[:, c.P_NUMBER] >= 0), c.P_NUMBER]
    _, times = np.unique(held, return_counts=True)
    faults, stages = faults_of(town), applications[:, c.A_STAGE]
    gone = persons[applications[:, c.A_APPLICANT], c.P_STATE] == c.DEAD
    handed = ways()[stages, W_CODE] == HANDED
    return Truth(
        residents=states[c.RESIDENT],
        dead=states[c.DEAD],
        away=states[c.AWAY],
        reversed=states[c.REVERSED],
        households=int((houses[:, c.H_CLOSED] == 0).sum()),
        wrong_numbers=len(faults["wrong"]),
        missing_numbers=len(faults["missing"]),
        duplicates=int((times > 1).sum()),
        shared_numbers=len(faults["shared"]),
        doubles=len(faults["doubles"]),
        illegal_steps=int(size[c.N_ILLEGAL]),
        for_dead=int(size[c.N_FOR_DEAD]),
        cards_of_dead=int((gone & handed).sum()),
        stages=tuple(np.bincount(stages, minlength=len(ways())).tolist()),
    )


def faults_of(town: Town) -> dict[str, NDArray[np.int64]]:
    """Whose numbers and records are wrong on purpose on a town's last day, by their places in it.

    wrong, missing: persons; shared: pairs of residents who hold one number, doubles: pairs of
    records of one living person, the lower place first, i8[n, 2].
    """
    persons = town[c.PERSONS : c.PERSONS + town[c.COUNTED, c.N_PERSON]]
    resident = persons[:, c.P_STATE] == c.RESIDENT
    living = resident | (persons[:, c.P_STATE] == c.AWAY)
    held = np.flatnonzero(resident & (persons[:, c.P_NUMBER] >= 0))
    order = held[np.argsort(persons[held, c.P_NUMBER], kind="stable")]
    same = np.diff(persons[order, c.P_NUMBER]) == 0
    twin = persons[:, c.P_TWIN]
    first = np.flatnonzero(living & (twin > np.arange(len(persons))))
    first = first[living[twin[first]]]
    return {
        "wrong": np.flatnonzero(living & (persons[:, c.P_CODE] >= 1024)),
        "missing": np.flatnonzero(living & (persons[:, c.P_CODE] == 0)),
        "shared": np.stack([order[:-1][same], order[1:][same]], axis=1),
        "doubles": np.stack([first, twin[first]], axis=1),
    }


def total(told: Sequence[Truth]) -> Truth:
    """What is so in towns together."""
    sums = {one.name: sum(getattr(each, one.name) for each in told) for one in fields(Truth)[:-1]}
    stages = [sum(column) for column in zip(*(each.stages for each in told), strict=True)]
    return Truth(**sums, stages=tuple(stages))
