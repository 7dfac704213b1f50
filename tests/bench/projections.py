"""How fast read models follow the log, each alone and all together, and how fast they answer.

What following costs is told in entries a second of one processor, the database server's share
included: other work on the machine, and a disk that is waited for, change it less than the clock.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.postgres import PrivatePostgres
from adapters.projector import Projector
from adapters.reading import Reader, reading
from adapters.rebuilding import rebuild
from adapters.schema import migrate
from registry.codec import Codec
from registry.days import end_of
from registry.entry import Entry
from registry.events import household as households
from registry.events import person as persons
from registry.events import places
from registry.projections import PROJECTIONS, At
from registry.store import Append, Receipt, StoredEntry
from registry.values import (
    CertificateId,
    CommunityId,
    DivisionId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    Level,
    Name,
    OutKind,
    PersonId,
    Relationship,
    Sex,
    Text,
)
from tests.bench.figures import report
from tests.bench.processor import Processor
from tests.strategies import CATEGORY, COMMUNITY_KIND, DEATH_CAUSE, NATIONALITY, REAL, SCOPE

PEOPLE = 15_000
COMMUNITIES = 40
TARGET = 50_000  # entries a second, each read model alone
SINCE = date(2004, 1, 1)
NAME = Name("王建国")
Event = tuple[UUID, Any]


class Town:
    """A town's log: everybody is imported, then things happen to some of them for years."""

    def __init__(self, people: int, seed: int = 46) -> None:
        self.chance = Random(seed)
        self.codec = Codec()
        self.entries: list[StoredEntry] = []
        self.versions: dict[UUID, int] = {}
        self.tree, self.city = self.id(), DivisionId(self.id())
        self.communities = [CommunityId(self.id()) for _ in range(COMMUNITIES)]
        self.people: list[UUID] = []
        self.today = SINCE
        self.found()
        where = self.settle(people)
        self.live(where, people * 4)

    def id(self) -> UUID:
        """An identifier."""
        return UUID(int=self.chance.getrandbits(128))

    def put(self, stream: UUID, event: Any) -> None:
        """Record an event today."""
        self.versions[stream] = version = self.versions.get(stream, 0) + 1
        told = Entry(stream, version, event, event.effective_on, recorded_at=end_of(self.today))
        self.entries.append(self.codec.stored(told, lambda: bytes(16)))

    def found(self) -> None:
        """Set up the tree."""
        self.put(
            self.tree,
            places.DivisionEstablished(
                effective_on=SINCE,
                division=self.city,
                level=Level.CITY,
                division_code=REAL,
                division_name=Text("市"),
                parent=None,
            ),
        )
        for community in self.communities:
            self.put(
                self.tree,
                places.CommunityEstablished(
                    effective_on=SINCE,
                    community=community,
                    community_name=Text("社区"),
                    community_kind=COMMUNITY_KIND,
                    parent=self.city,
                ),
            )

    def settle(self, people: int) -> dict[UUID, tuple[HouseholdId, CommunityId]]:
        """Import households of three and the persons in them."""
        where: dict[UUID, tuple[HouseholdId, CommunityId]] = {}
        while len(where) < people:
            home = (HouseholdId(self.id()), self.chance.choice(self.communities))
            family = [PersonId(self.id()) for _ in range(3)]
            relations = ("02", "10", "20")
            members = tuple(
                households.Member(person=person, relation=Relationship(relation))
                for person, relation in zip(family, relations, strict=True)
            )
            self.put(
                home[0],
                households.HouseholdImported(
                    effective_on=SINCE,
                    household_number=HouseholdNumber("000000001"),
                    household_type=HouseholdType("1"),
                    doorplate=DoorplateId(self.id()),
                    community=home[1],
                    members=members,
                    head=family[0],
                    source="old",
                    batch="1",
                ),
            )
            for person in family:
                where[person] = home
                self.people.append(person)
                self.put(
                    person,
                    persons.PersonImported(
                        effective_on=SINCE,
                        household=home[0],
                        community=home[1],
                        sex=Sex.FEMALE,
                        birth_date=date(1970, 1, 1) + timedelta(self.chance.randrange(9000)),
                        nationality=NATIONALITY,
                        name=NAME,
                        number=None,
                        mother_name=NAME,
                        source="old",
                        batch="1",
                    ),
                )
        return where

    def live(self, where: dict[UUID, tuple[HouseholdId, CommunityId]], count: int) -> None:
        """Let things happen, of which one in twenty is told late or corrects an older one."""
        chance = self.chance
        homes = list(where.values())
        gone: dict[UUID, CertificateId | None] = {}
        for number in range(count):
            self.today = SINCE + timedelta(1 + number * 6000 // count)
            person = chance.choice(self.people)
            told: dict[str, Any] = {"effective_on": self.today, "declarant": NAME}
            if chance.random() < 0.05:
                self.put(
                    person,
                    persons.NameCorrected(
                        effective_on=SINCE,
                        corrects=1,
                        category=CATEGORY,
                        name=NAME,
                        declarant=NAME,
                    ),
                )
            elif person in gone:
                paper = gone[person]
                if paper is not None:
                    where[person] = home = chance.choice(homes)
                    del gone[person]
                    at: dict[str, Any] = {"household": home[0], "community": home[1]}
                    came: dict[str, Any] = {"origin": None, "certificate": paper, "permit": None}
                    self.put(person, persons.MovedIn(**told, **at, **came))
            else:
                self.change(person, where, gone, told, homes)

    def change(
        self,
        person: UUID,
        where: dict[UUID, tuple[HouseholdId, CommunityId]],
        gone: dict[UUID, CertificateId | None],
        told: dict[str, Any],
        homes: list[tuple[HouseholdId, CommunityId]],
    ) -> None:
        """One of the usual things happens to somebody registered."""
        chance = self.chance
        household, community = where[person]
        at: dict[str, Any] = {"household": household, "community": community}
        match chance.choices("adomn", (20, 3, 12, 45, 20))[0]:
            case "a":
                where[person] = home = chance.choice(homes)
                self.put(
                    person,
                    persons.AddressChanged(
                        **told,
                        from_household=household,
                        from_community=community,
                        household=home[0],
                        community=home[1],
                        scope=SCOPE,
                    ),
                )
            case "d":
                gone[person] = None
                self.put(person, persons.DeathRegistered(**told, **at, death_cause=DEATH_CAUSE))
            case "o":
                gone[person] = paper = CertificateId(self.id())
                self.put(
                    person,
                    persons.MovedOut(
                        **told,
                        **at,
                        out_kind=OutKind("2"),
                        destination=REAL,
                        certificate=paper,
                        permit=None,
                    ),
                )
            case "m":
                height = chance.randrange(60, 190)
                self.put(
                    person, persons.DetailsChanged(**told, category=CATEGORY, height_cm=height)
                )
            case "n":
                self.put(person, persons.NameChanged(**told, category=CATEGORY, name=NAME))

    def correct(self, person: UUID, times: int) -> None:
        """Correct a person's name so many times."""
        for number in range(times):
            self.put(
                person,
                persons.NameCorrected(
                    effective_on=SINCE,
                    corrects=1,
                    category=CATEGORY,
                    name=Name(f"王{number}"),
                    declarant=NAME,
                ),
            )


def record(store: Recorder, entries: list[StoredEntry]) -> None:
    """Append a log, some thousand entries at a time."""
    for start in range(0, len(entries), 5000):
        some = entries[start : start + 5000]
        store.clock = lambda instant=some[-1].recorded_at: instant  # type: ignore[misc]
        (outcome,) = store.append([Append(None, "officer", "", b"", b"", some, {})])
        assert isinstance(outcome, Receipt), outcome


@contextmanager
def databases() -> Iterator[dict[str, tuple[Callable[[], Engine], Processor]]]:
    """How to open an empty database of each kind, as durable as in service, and what it costs."""
    with tempfile.TemporaryDirectory() as folder, PrivatePostgres() as server:
        made = iter(range(1000))

        def sqlite() -> Engine:
            engine = open_database(f"sqlite:///{Path(folder) / f'{next(made)}.db'}")
            migrate(engine)
            return engine

        def postgres() -> Engine:
            engine = open_database(server.create(f"bench{next(made)}"))
            migrate(engine)
            return engine

        yield {
            "sqlite": (sqlite, Processor(None)),
            "postgres": (postgres, Processor(server.pid)),
        }


def main() -> None:
    """Print how fast every read model follows, then how fast questions are answered."""
    town = Town(PEOPLE)
    often = {times: town.people[-times] for times in (1, 10, 100)}
    for times, person in often.items():
        town.correct(person, times)
    size = len(town.entries)
    gc.freeze()  # who follows a log has no town in memory that cycles are looked for in
    with databases() as kinds:
        for kind, (create, processor) in kinds.items():
            engine = create()
            store = Recorder(engine, node=1)
            Projector(engine, store).prepare()  # while the log is empty: all follow it by position
            record(store, town.entries)
            for name, one in PROJECTIONS.items():
                alone = Projector(engine, store, projections=[one])
                figure(f"follow-{name}-{kind}", size, alone.catch_up, processor)
            projector = Projector(engine, store)
            again = partial(rebuild, projector, "persons")
            figure(f"rebuild-persons-{kind}", size, again, processor)
            with reading(engine) as reader:
                answers(reader, kind, town, often)
            boundary(projector, kind, town)
            engine.dispose()
            engine = create()
            projector = Projector(engine, Recorder(engine, node=1))
            projector.prepare()
            record(projector.store, town.entries)  # type: ignore[arg-type]
            figure(f"follow-all-{kind}", size, projector.catch_up, processor)
            engine.dispose()


def figure(name: str, size: int, work: Callable[[], object], processor: Processor) -> None:
    """Report how many entries some work takes in by a second of one processor."""
    start = processor()
    work()
    rate = size / (processor() - start)
    report(name, size, rate / 1000, "k/s", "goal", rate / TARGET, 1)


def boundary(projector: Projector, kind: str, town: Town) -> None:
    """Let half of the communities pass to another division and see it on both sides."""
    other = DivisionId(town.id())
    town.put(
        town.tree,
        places.DivisionEstablished(
            effective_on=town.today,
            division=other,
            level=Level.CITY,
            division_code=REAL,
            division_name=Text("市"),
            parent=None,
        ),
    )
    half = town.communities[: COMMUNITIES // 2]
    moved = tuple(places.Moved(place=community, parent=other) for community in half)
    town.put(
        town.tree, places.DivisionAdjusted(effective_on=town.today, moved=moved, document="文")
    )
    new = [town.entries.pop() for _ in range(2)][::-1]
    town.versions[town.tree] -= 2
    start = perf_counter()
    record(projector.store, new)  # type: ignore[arg-type]
    projector.catch_up()
    with reading(projector.engine) as reader:
        at = At(town.today, projector.position())
        passed, stayed = reader.count(other, at), reader.count(town.city, at)
    took = perf_counter() - start
    assert passed > 0, "nobody passed"
    report(f"boundary-{kind}", passed + stayed, took * 1e3, "ms", "goal", 10 / took, 1)


def answers(reader: Reader, kind: str, town: Town, often: dict[int, UUID]) -> None:
    """Time single questions, which must not depend on how often something was corrected."""
    at = At(town.today, len(town.entries))
    seconds = {times: each(partial(reader.person, person, at)) for times, person in often.items()}
    for times, took in seconds.items():
        report(f"person-{kind}", times, took * 1e6, "us", "once", seconds[1] / took, 0.5)
    took = each(lambda: reader.counts(at), rounds=5)
    report(f"counts-{kind}", len(town.people), took * 1e3, "ms", "goal", 0.2 / took, 1)
    took = each(lambda: reader.residents(town.city, at, limit=100), rounds=20)
    report(f"page-{kind}", 100, took * 1e3, "ms", "goal", 0.02 / took, 1)


def each(ask: Callable[[], object], rounds: int = 300) -> float:
    """Seconds that a question takes, the median of some rounds after a first one."""
    ask()
    told = []
    for _ in range(rounds):
        start = perf_counter()
        ask()
        told.append(perf_counter() - start)
    return median(told)


if __name__ == "__main__":
    main()
