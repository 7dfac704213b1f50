"""How soon a division change of two million persons is in effect, and right on either side.

Every community of one county passes to another: one command, one entry, however many live there.
Timed from the command to the last answer: durable record, the read models, then the populations of
both counties on both sides of the date and as known before, and a page of who lives in the new one.
Residents are entries in the log like any others, folded by the read models that tell where people
live; how they came in is not timed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import UUID, uuid4

import msgspec

from adapters.assembly import Parts, Settings, assemble
from adapters.postgres import PrivatePostgres
from adapters.projector import Projector
from adapters.reading import reading
from registry.commands.places import AdjustDivision, EstablishCommunity, EstablishDivision
from registry.days import day_at
from registry.entry import Entry
from registry.events.person import PersonImported
from registry.events.places import Moved
from registry.projections import PROJECTIONS, At
from registry.register import Authority, Command, Submission
from registry.store import Append, Receipt, StoredEntry
from registry.values import (
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    HouseholdId,
    Level,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    Sex,
    Text,
)
from tests.bench.figures import report

PEOPLE = int(os.environ.get("REGISTRY_BENCH_PEOPLE", 2_000_000))
COMMUNITIES = 400
GOAL_S = 10
SINCE = date(2004, 1, 1)
GROUP = 5_000
FAMILY = 3
#: The read models that tell where places lie and where people live.
FOLLOWING = ("places", "residences")
BY = Authority(Officer("Li"), OfficeCode("510600000000"), frozenset({"administrator"}))


def main() -> None:
    """Print how long it takes on both databases."""
    with tempfile.TemporaryDirectory() as folder:
        measure("sqlite", f"sqlite:///{Path(folder, 'register.db')}", PEOPLE)
    with PrivatePostgres() as server:
        measure("postgres", server.create("register"), PEOPLE)


def measure(kind: str, url: str, people: int) -> None:
    """Settle people in the communities of a county and pass all of these to another county."""
    parts = assemble(Settings(database=url), create=True)
    try:
        following = [PROJECTIONS[name] for name in FOLLOWING]
        projector = Projector(parts.engine, parts.store, projections=following)
        projector.prepare()
        one, other, communities = found(parts)
        settled = residents(parts, communities, people)
        while some := list(islice(settled, GROUP)):
            (outcome,) = parts.store.append([Append(None, "Li", BY.office, b"", b"", some, {})])
            assert isinstance(outcome, Receipt), outcome
        projector.catch_up()
        before, _ = parts.store.head()
        today = day_at(parts.store.clock())
        eve = today - timedelta(1)
        start = perf_counter()
        adjust = AdjustDivision(
            moved=tuple(Moved(place=each, parent=other) for each in communities),
            document="国函〔2026〕1号",
            on=today,
        )
        do(parts, adjust)
        recorded = perf_counter() - start
        projector.catch_up()
        followed = perf_counter() - start
        now, _ = parts.store.head()
        with reading(parts.engine) as reader:
            told = {
                at: (reader.count(one, at), reader.count(other, at))
                for at in (At(eve, now), At(today, now), At(today, before))
            }
            page = reader.residents(other, At(today, now), limit=100)
        took = perf_counter() - start
    finally:
        parts.engine.dispose()
    assert told[At(eve, now)] == (people, 0), "the eve is as it was"
    assert told[At(today, now)] == (0, people), "from the day on all are in the other county"
    assert told[At(today, before)] == (people, 0), "nobody knew before it was recorded"
    assert len(page.residents) == min(100, people)
    print(
        f"# {kind}: {people:,} persons; recorded after {recorded * 1e3:.1f} ms, in the read models"
        f" after {followed * 1e3:.1f} ms, six populations and a page after {took:.2f} s"
    )
    report(f"boundary-{kind}", people, took, "s", "ten-seconds", GOAL_S / took, 1)


def found(parts: Parts) -> tuple[DivisionId, DivisionId, list[CommunityId]]:
    """Two counties, the first of which has all communities."""
    city, one, other = (DivisionId(uuid4()) for _ in range(3))
    for division, level, code, above in (
        (city, Level.CITY, "510600", None),
        (one, Level.COUNTY, "510603", city),
        (other, Level.COUNTY, "510623", city),
    ):
        establish = EstablishDivision(
            level=level,
            division_code=DivisionCode(code),
            division_name=Text(code),
            parent=above,
            division=division,
            on=SINCE,
        )
        do(parts, establish)
    communities = []
    for number in range(COMMUNITIES):
        community = EstablishCommunity(
            community_name=Text(f"{number}社区"),
            community_kind=CommunityKind("31"),
            parent=one,
            on=SINCE,
        )
        answer = msgspec.json.decode(do(parts, community).answer)
        communities.append(CommunityId(UUID(answer["community"])))
    return one, other, communities


def residents(
    parts: Parts, communities: list[CommunityId], people: int, seed: int = 46
) -> Iterator[StoredEntry]:
    """People who were imported in families, spread over the communities."""
    chance = Random(seed)
    codec, name = parts.register.codec, Name("王建国")
    household, community = HouseholdId(UUID(int=0)), communities[0]
    for number in range(people):
        if number % FAMILY == 0:
            household = HouseholdId(UUID(int=chance.getrandbits(128)))
            community = chance.choice(communities)
        person = PersonImported(
            effective_on=SINCE,
            household=household,
            community=community,
            sex=Sex.FEMALE,
            birth_date=date(1970, 1, 1) + timedelta(chance.randrange(9000)),
            nationality=Nationality("01"),
            name=name,
            number=None,
            source="old",
            batch="1",
        )
        entry = Entry(UUID(int=chance.getrandbits(128)), 1, person, SINCE)
        yield codec.stored(entry, lambda: bytes(16))


def do(parts: Parts, command: Command) -> Receipt:
    """Send a command."""
    return parts.register.do(Submission(uuid4(), BY, command))


if __name__ == "__main__":
    main()
