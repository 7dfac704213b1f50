"""How fast commands are, from load to durable record, against the stock application of the library.

The stock application has a decorated aggregate and its own recorder; both change a detail of a
person with six earlier events, and both wait for the disk. With one client they are compared twice:
cold, when neither has anything in memory, and warm, when both have kept whom they loaded before.
With many clients ours is warm, and the peer is whichever is the better, with its cache or without;
there are twenty times as many people, so that nobody's history grows past what a life brings.

Beside the rates stands what a command costs the processor, the database server's share included,
here and there: that holds on any disk, and on a machine that is busy with something else. With the
name of a folder, such as one in memory, the databases lie there.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import make_url

from adapters.assembly import Parts, Settings, assemble
from adapters.collecting import collect_rarely
from adapters.postgres import PrivatePostgres
from adapters.queue import CommandQueue
from registry.commands.details import ChangeDetails
from registry.register import Authority, Register, Submission
from registry.store import Receipt
from registry.values import Name, Officer, PersonId, Sex
from tests.bench.figures import alternate, report
from tests.bench.processor import Processor, Spent
from tests.bench.stock import StockRegister
from tests.crash.town import NAMESPACE, OFFICE, ROLES, found, supplement

PERSONS = 400
CROWD = 20 * PERSONS  # for many clients: what takes the peer seconds is over at once here
EVENTS = 6
BY = Authority(Officer("Li"), OFFICE, ROLES)
WHO = Name("王大")
#: The stock application with everybody in its cache; a version conflict tells it what is stale, as
#: it tells us.
CACHED = {"AGGREGATE_CACHE_MAXSIZE": "100000", "AGGREGATE_CACHE_FASTFORWARD": "n"}
TURN = count()
MICROSECONDS = 1e6


def main(folder: Path | None = None) -> None:
    """Print figures for SQLite and PostgreSQL, whose databases lie in a folder."""
    collect_rarely()  # as the server does
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        place.chmod(0o755)  # the server is another user's
        alone = Processor(None)
        measure("sqlite", f"sqlite:///{place}/ours.db", sqlite_peer(place / "peer.db"), (), alone)
        server = stack.enter_context(PrivatePostgres(place / "postgres", fsync=True))
        peer = postgres_peer(server.create("peer"))
        both = Processor(server.pid)
        measure("postgres", server.create("ours"), peer, (16, 64, 256), both)


def measure(
    name: str,
    url: str,
    environment: dict[str, str],
    many: Sequence[int],
    processor: Processor,
) -> None:
    """Compare both on one database; `many`: numbers of clients at once."""
    with (
        ours(url, CROWD if many else PERSONS) as (parts, persons),
        peer(environment) as cold,
        peer(environment | CACHED) as warm,
    ):
        single(f"{name}-1-cold", parts, persons[:PERSONS], cold, processor, keep=False)
        single(f"{name}-1-warm", parts, persons[:PERSONS], warm, processor, keep=True)
        for clients in many:
            at_once(name, clients, parts, persons, [cold, warm], processor)


@dataclass(frozen=True)
class Stock:
    """The stock application and whom it has."""

    application: StockRegister
    people: Sequence[UUID]

    def change(self, person: UUID) -> None:
        """Change a detail of somebody."""
        self.application.change(person, height())


def single(
    name: str,
    parts: Parts,
    persons: Sequence[PersonId],
    stock: Stock,
    processor: Processor,
    *,
    keep: bool,
) -> None:
    """One client, one command after the other; keep: both keep in memory whom they have loaded."""
    waits: list[float] = []
    kept = fresh(parts)

    def mine() -> None:
        register = kept if keep else fresh(parts)
        for person in persons:
            start = perf_counter()
            register.do(changed(person))
            waits.append(perf_counter() - start)

    def theirs() -> None:
        for person in stock.people:
            stock.change(person)

    here, there = Spent(mine, processor), Spent(theirs, processor)
    pair = alternate(here, there, rounds=5)
    rate = len(persons) / pair.ours.median
    report(f"commands-{name}", len(persons), rate, "commands/s", "eventsourcing", pair.ratio, 1.5)
    cost(f"commands-{name}", len(persons), here, len(stock.people), there, 1.5)
    late(f"commands-{name}-p99", waits)


def at_once(
    name: str,
    clients: int,
    parts: Parts,
    persons: Sequence[PersonId],
    stocks: Sequence[Stock],
    processor: Processor,
) -> None:
    """Many clients, each sending when its last command was answered.

    The peer is the better of the stock application with and without its cache.
    """
    waits: list[list[float]] = []
    register = fresh(parts)

    def mine() -> None:
        waits.append(asyncio.run(queued(register, persons, clients)))

    def theirs(stock: Stock) -> None:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(stock.change, stock.people))

    here = Spent(mine, processor)
    there = [Spent(partial(theirs, stock), processor) for stock in stocks]
    pairs = [alternate(here, one, rounds=3) for one in there]
    pair = min(pairs, key=lambda one: one.ratio)
    rate = len(persons) / pair.ours.median
    told, times = f"commands-{name}-{clients}", len(persons) / PERSONS
    report(told, len(persons), rate, "commands/s", "eventsourcing", times * pair.ratio, 10)
    cheaper = min(there, key=lambda one: one.median())
    cost(told, len(persons), here, PERSONS, cheaper, 10)
    print(f"{told}: p99 {quantiles(waits[0], n=100)[98] * 1000:.0f} ms while nobody is in memory")
    late(f"{told}-p99", [wait for one in waits[1:] for wait in one])


def cost(name: str, size: int, ours: Spent, theirs: int, peer: Spent, target: float) -> None:
    """The figure of what a command costs the processor, here and there."""
    here = ours.median() / size * MICROSECONDS
    there = peer.median() / theirs * MICROSECONDS
    report(f"{name}-processor", size, here, "us/command", "eventsourcing", there / here, target)


def late(name: str, waits: Sequence[float]) -> None:
    """The figure of how long the slowest in a hundred waited, against 50 ms."""
    cuts = quantiles(waits, n=100)
    milliseconds = cuts[98] * 1000
    print(
        f"{name}: p50 {cuts[49] * 1000:.2f} ms, p99 {milliseconds:.2f} ms, worst"
        f" {max(waits) * 1000:.1f} ms"
    )
    report(name, len(waits), milliseconds, "ms", "fifty-ms", 50 / milliseconds, 1)


async def queued(register: Register, persons: Sequence[PersonId], clients: int) -> list[float]:
    """Send a change for every person through the queue, so many at a time."""
    waits: list[float] = []
    todo = iter(persons)
    with CommandQueue(register) as queue:

        async def client() -> None:
            for person in todo:
                start = perf_counter()
                await queue.do(changed(person))
                waits.append(perf_counter() - start)

        await asyncio.gather(*(client() for _ in range(clients)))
    return waits


def changed(person: PersonId) -> Submission:
    """A submission that changes a detail."""
    return Submission(uuid4(), BY, ChangeDetails(person=person, height_cm=height(), declarant=WHO))


def height() -> int:
    """Another one each time anybody is asked, since 127 is prime to all numbers of persons."""
    return 100 + next(TURN) % 127


def fresh(parts: Parts) -> Register:
    """A register that has nothing in its memory."""
    return Register(
        parts.store,
        parts.setting,
        clock=parts.store.clock,
        ids=uuid4,
        salt=lambda: os.urandom(16),
    )


@contextmanager
def ours(url: str, size: int) -> Iterator[tuple[Parts, list[PersonId]]]:
    """Our register with so many persons who have a history."""
    plate = found(url)
    parts = assemble(Settings(database=url, namespace=str(NAMESPACE)))
    first = date(1960, 1, 1)
    entered = parts.register.do_all(
        [
            Submission(uuid4(), BY, supplement(number, Sex.MALE, first + timedelta(number), plate))
            for number in range(size)
        ]
    )
    persons = []
    for receipt in entered:
        assert isinstance(receipt, Receipt), receipt
        persons.append(person_of(receipt))
    for _ in range(EVENTS - 1):
        told = parts.register.do_all([changed(person) for person in persons])
        assert all(isinstance(one, Receipt) for one in told)
    try:
        yield parts, persons
    finally:
        parts.engine.dispose()


def person_of(receipt: Receipt) -> PersonId:
    """Whom a receipt is about."""
    return PersonId(UUID(msgspec.json.decode(receipt.answer)["person"]))


@contextmanager
def peer(environment: dict[str, str]) -> Iterator[Stock]:
    """The stock application with as many persons and events."""
    application = StockRegister(environment)
    people = [application.register() for _ in range(PERSONS)]
    for _ in range(EVENTS - 1):
        for person in people:
            application.change(person, height())
    try:
        yield Stock(application, people)
    finally:
        application.close()


def sqlite_peer(path: Path) -> dict[str, str]:
    """Settings of the stock application on SQLite."""
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}


def postgres_peer(url: str) -> dict[str, str]:
    """Settings of the stock application on PostgreSQL."""
    address = make_url(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": address.database or "",
        "POSTGRES_HOST": str(address.query.get("host") or address.host),
        "POSTGRES_PORT": str(address.port or 5432),
        "POSTGRES_USER": address.username or "",
        "POSTGRES_PASSWORD": address.password or "-",
        "POSTGRES_POOL_SIZE": "16",
        "POSTGRES_MAX_OVERFLOW": "16",  # of two applications, under the server's 100 connections
        "POSTGRES_MAX_WAITING": "1000",
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
