"""HTTP over a whole population: commands a second, and how long questions take at a steady rate.

Server, database and load share the machine. Questions are sent at fixed times, whether or not the
ones before were answered, and timed from when they were due. REGISTRY_BENCH_PERSONS sets the size.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import text
from uvloop import run

from adapters.assembly import Parts, Settings, assemble
from adapters.eventstore import microseconds
from adapters.http.auth import issue, new_keys
from adapters.http.server import serve
from adapters.postgres import PrivatePostgres
from adapters.projector import Projector
from registry.codec import Codec
from registry.commands import addresses, places
from registry.entry import Entry
from registry.events.household import HouseholdImported, Member
from registry.events.numbers import NumberRecorded
from registry.events.person import PersonImported
from registry.register import Authority, Submission
from registry.store import Append
from registry.values import (
    CitizenNumber,
    CommunityId,
    CommunityKind,
    DivisionCode,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    Level,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    PersonId,
    PlateNumber,
    Relationship,
    Sex,
    Text,
)
from tests.bench.disk import DiskWatch
from tests.bench.figures import report
from tests.bench.http_load import CONNECTIONS, connect, flood, request, steady
from tests.bench.http_peer import create_log

PERSONS = int(os.environ.get("REGISTRY_BENCH_PERSONS", "1000000"))
FAMILY = 3
CHUNK = 3_000
RATE = 500
SECONDS = 10
TURNS = 3  # of which the middle one counts: some disks stand still for a moment now and then
COMPARED, AGREED, ROUNDS = 2_000, 50, 5  # against the peer
COMMANDS = 10_000
BATCHES = 40
SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
COUNTY, STATION = DivisionCode("510603"), OfficeCode("510603001001")
ROLES = frozenset({"station", "county", "civil-affairs", "administrator"})
BY = Authority(Officer("李警官"), STATION, ROLES)
BASELINE = date(2000, 1, 1)


def person_id(number: int) -> PersonId:
    """The person of a number."""
    return PersonId(uuid5(SPACE, f"person/{number}"))


def household_id(number: int) -> HouseholdId:
    """The household of a number."""
    return HouseholdId(uuid5(SPACE, f"household/{number}"))


def citizen_number(number: int) -> CitizenNumber:
    """The identity number of the person of a number."""
    day, sequence = divmod(number, 900)
    return CitizenNumber.compose(COUNTY, date(1930, 1, 1) + timedelta(day), sequence + 1)


def populate(parts: Parts, persons: int) -> None:
    """Fill a register with families, as an import writes them."""

    def do(command: Any) -> Any:
        return json.loads(parts.register.do(Submission(uuid4(), BY, command)).answer)

    founded = date(1990, 1, 1)
    above: UUID | None = None
    for level, code in ((Level.PROVINCE, "510000"), (Level.CITY, "510600"), (Level.COUNTY, COUNTY)):
        command = places.EstablishDivision(
            level=level,
            division_code=DivisionCode(code),
            division_name=Text(code),
            parent=above,  # type: ignore[arg-type]  # an identifier of a division
            on=founded,
        )
        above = UUID(do(command)["division"])
    assert above is not None
    street = UUID(
        do(
            addresses.NameStreet(
                division=above,  # type: ignore[arg-type]
                street_name=Text("长江路"),
                on=BASELINE,
            )
        )["street"]
    )
    homes: list[tuple[UUID, UUID]] = []
    for number in range(20):
        community = UUID(
            do(
                places.EstablishCommunity(
                    community_name=Text(f"第{number}社区"),
                    community_kind=CommunityKind("31"),
                    parent=above,  # type: ignore[arg-type]
                    on=founded,
                )
            )["community"]
        )
        doorplate = UUID(
            do(
                addresses.RegisterDoorplate(
                    street=street,  # type: ignore[arg-type]
                    plate_number=PlateNumber(f"{number}号"),
                    community=CommunityId(community),
                    on=BASELINE,
                )
            )["doorplate"]
        )
        homes.append((community, doorplate))
    do(
        places.AllotSegment(
            address_code=COUNTY, station=STATION, first=901, last=999, valid_from=date(1900, 1, 1)
        )
    )
    codec = Codec()
    for start in range(0, persons, CHUNK):
        entries = imported(range(start, min(start + CHUNK, persons)), homes)
        stored = [codec.stored(entry, lambda: bytes(16)) for entry in entries]
        parts.store.append([Append(None, BY.officer, STATION, bytes(32), b"{}", stored, {})])


def imported(numbers: range, homes: Sequence[tuple[UUID, UUID]]) -> Iterator[Entry]:
    """Entries of persons and their numbers and, before each family, of its household."""
    for number in numbers:
        family = number // FAMILY
        community, doorplate = homes[family % len(homes)]
        household = household_id(family)
        if number % FAMILY == 0:
            people = [person_id(family * FAMILY + place) for place in range(FAMILY)]
            members = tuple(
                Member(person=one, relation=Relationship("20" if place else "02"))
                for place, one in enumerate(people)
            )
            form = HouseholdImported(
                effective_on=BASELINE,
                household_number=HouseholdNumber(str(family)),
                household_type=HouseholdType("1"),
                doorplate=DoorplateId(doorplate),
                community=CommunityId(community),
                members=members,
                head=people[0],
                source="bench",
                batch="1",
            )
            yield Entry(household, 1, form, BASELINE)
        held = citizen_number(number)
        one = PersonImported(
            effective_on=BASELINE,
            household=household,
            community=CommunityId(community),
            sex=Sex(held.sex),
            birth_date=held.birth_date,
            nationality=Nationality("01"),
            name=Name(f"王{number}"),
            number=held,
            source="bench",
            batch="1",
        )
        yield Entry(person_id(number), 1, one, BASELINE)
        found = NumberRecorded(effective_on=BASELINE, person=person_id(number), number=held)
        yield Entry(uuid5(SPACE, held), 1, found, BASELINE)


def change(number: int) -> dict[str, Any]:
    """The fields of a command that everybody can be the subject of, each time another."""
    return {"person": str(person_id(number)), "occupation": uuid4().hex, "declarant": "王"}


def questions(token: str, persons: int, count: int, *, ours: bool = True) -> dict[str, list[bytes]]:
    """Requests of each kind, about people chosen at random; the peer has one path of its own."""
    dice = random.Random(1)
    told: dict[str, list[bytes]] = {"person_by_number": [], "household": [], "timeline": []}
    for _ in range(count):
        who = dice.randrange(persons)
        told["person_by_number"].append(
            request(
                "POST",
                "/queries/persons-by-number" if ours else "/persons-by-number",
                token,
                {"number": citizen_number(who)},
                Purpose="registration",
            )
        )
        path = f"/households/{household_id(who // FAMILY)}"
        told["household"].append(request("GET", path, token, Purpose="registration"))
        path = f"/persons/{person_id(who)}/timeline"
        told["timeline"].append(request("GET", path, token, Purpose="registration"))
    return told


def measure(name: str, url: str, folder: Path, persons: int, workers: int) -> None:
    """Start a server over a population and put every load on it."""
    keys = folder / f"{name}-keys.json"
    new_keys(keys)
    settings = Settings(database=url, keys=str(keys))
    parts = assemble(settings, create=True)
    started = perf_counter()
    populate(parts, persons)
    projector = Projector(parts.engine, parts.store)
    projector.prepare()
    projector.catch_up()
    parts.engine.dispose()
    del projector
    token = issue(
        keys, officer="李警官", office=STATION, roles=ROLES, area=["510600"], now=microseconds()
    )
    command = [sys.executable, "-m", "tests.bench.http", url, str(keys), str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            run(wait_until_ready(port))
            took = perf_counter() - started
            print(f"filled {name} with {persons} persons in {took:.0f} s", flush=True)
            settle(parts)
            gc.collect()
            gc.freeze()  # or the load would look through what the filling left, and answers wait
            run(load(name, port, token, persons))
            if name == "postgres":
                with peer(url, workers) as other:
                    run(against_peer(port, other, token, persons))
        finally:
            server.terminate()
            server.wait()


def settle(parts: Parts) -> None:
    """Let PostgreSQL tidy up after the filling, which it would do beside the questions else."""
    if parts.engine.dialect.name == "postgresql":
        with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
            connection.execute(text("checkpoint"))


@contextmanager
def peer(url: str, workers: int) -> Iterator[int]:
    """The peer's server on the same database."""
    create_log(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.http_peer", url, str(port), str(workers)]
    with subprocess.Popen(command) as server:
        try:
            yield port
        finally:
            server.terminate()
            server.wait()


async def against_peer(port: int, other: int, token: str, persons: int) -> None:
    """Ask both the same, see that both say the same, and compare how many answers a second."""
    await wait_until_open(other)
    ours = questions(token, persons, COMPARED)
    theirs = questions(token, persons, COMPARED, ours=False)
    for kind, mine in ours.items():
        await agree(port, other, mine[:AGREED], theirs[kind][:AGREED])
        ratios, rates = [], []
        for number in range(ROUNDS):
            turns = [(port, mine), (other, theirs[kind])]
            seconds = {}
            for at, requests in turns if number % 2 else reversed(turns):
                seconds[at] = await flood(at, requests, CONNECTIONS)
            ratios.append(seconds[other] / seconds[port])
            rates.append(COMPARED / seconds[port])
        told = f"http_postgres_{kind}_most"
        report(told, persons, median(rates), "requests/s", "fastapi", median(ratios), 1)


async def agree(port: int, other: int, mine: Sequence[bytes], theirs: Sequence[bytes]) -> None:
    """Make sure that both answer the same questions with the same people and entries."""
    (ours,), (peers,) = await connect(port, 1), await connect(other, 1)
    for one, two in zip(mine, theirs, strict=True):
        told, expected = (await ours.ask(one))[1], (await peers.ask(two))[1]
        assert same(json.loads(told), json.loads(expected)), (told, expected)


def same(told: Any, expected: Any) -> bool:
    """Whether an answer of ours holds what the peer's does."""
    if "persons" in told:
        return within(expected, told["persons"])
    if "household" in told:
        told = told["household"]
        head = {name: expected[name] for name in ("id", "household_number", "community")}
        members = [
            {name: one[name] for name in one.keys() - {"household", "community"}}
            for one in sorted(expected["members"], key=lambda one: str(one["id"]))
        ]
        return within([head], [told]) and within(members, told["members"])
    lines = [{name: line[name] for name in ("version", "officer")} for line in expected]
    return within(lines, told["entries"])


def within(expected: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]) -> bool:
    """Whether things have at least the members that are expected."""
    return len(told) == len(expected) and all(
        one.items() <= {name: two.get(name) for name in one}.items()
        for one, two in zip(expected, told, strict=True)
    )


async def wait_until_open(port: int) -> None:
    """Wait until somebody listens."""
    while True:
        try:
            await connect(port, 1)
            return
        except OSError:
            await asyncio.sleep(0.2)


async def wait_until_ready(port: int) -> None:
    """Wait until the server says that it is ready."""
    (wire,) = await connect(port, 1)
    while (await wire.ask(request("GET", "/health/ready", "")))[0] != 200:
        await asyncio.sleep(0.2)


async def wait_until_level(port: int) -> None:
    """Wait until the read models have caught up, so that questions are not timed beside that."""
    (wire,) = await connect(port, 1)
    while True:
        status, told = await wire.ask(request("GET", "/health/ready", ""))
        if status == 200 and not json.loads(told)["lag"]:
            return
        await asyncio.sleep(0.2)


async def load(name: str, port: int, token: str, persons: int) -> None:
    """Every load in turn."""
    dice = random.Random(2)

    singles = [
        request(
            "POST",
            "/commands/ChangeDetails",
            token,
            change(dice.randrange(persons)),
            Submission_Id=str(uuid4()),
        )
        for _ in range(COMMANDS)
    ]
    seconds = await flood(port, singles, CONNECTIONS)
    rate = len(singles) / seconds
    report(f"http_{name}_commands", persons, rate, "commands/s", "goal", rate / 1_000, 1)
    batches = []
    for _ in range(BATCHES):
        items = [
            {
                "submission": str(uuid4()),
                "command": "ChangeDetails",
                "fields": change(dice.randrange(persons)),
            }
            for _ in range(250)
        ]
        batches.append(request("POST", "/commands", token, items))
    seconds = await flood(port, batches, 4)
    rate = BATCHES * 250 / seconds
    report(f"http_{name}_batched", persons, rate, "commands/s", "goal", rate / 1_000, 1)
    await wait_until_level(port)
    for kind, requests in questions(token, persons, RATE * SECONDS).items():
        await steady(port, requests[:RATE], RATE)
        runs = []
        with DiskWatch() as disk:
            for _ in range(TURNS):
                runs.append(sorted(await steady(port, requests, RATE)))
        for quantile in (50, 95, 99):
            values = [taken[len(taken) * quantile // 100] * 1_000 for taken in runs]
            value = median(values)
            told = ", ".join(f"{one:.2f}" for one in values)
            if quantile == 95:
                report(f"http_{name}_{kind}_p95", persons, value, "ms", "goal", 10 / value, 1)
            print(f"http_{name}_{kind}_p{quantile}: {value:.2f} ms, median of {told}", flush=True)
        print(f"http_{name}_{kind}: the disk beside it alone: {disk.told()}", flush=True)
        seconds = await flood(port, requests, CONNECTIONS)
        print(f"http_{name}_{kind} at most: {len(requests) / seconds:.0f} /s", flush=True)


def main() -> None:
    """Measure on PostgreSQL with the query log durable, then on SQLite."""
    settings = {"shared_buffers": "2GB"}  # as whoever runs a register of that size would set it
    with tempfile.TemporaryDirectory() as folder, PrivatePostgres(settings=settings) as server:
        measure("postgres", server.create("bench"), Path(folder), PERSONS, 2)
        sqlite = f"sqlite:///{folder}/bench.db"
        measure("sqlite", sqlite, Path(folder), min(PERSONS, 100_000), 1)


if __name__ == "__main__":
    serve(
        Settings(database=sys.argv[1], keys=sys.argv[2]),
        port=0,
        workers=int(sys.argv[3]),
        started=lambda port: print(port, flush=True),
    )
