"""How fast an extract is loaded: against bare ingestion of the same rows, already encoded.

Ours reads CSV, checks every row and number, makes the entries, encodes, hashes and records them;
the peers copy finished rows into the same table with the same indexes. REGISTRY_BENCH_IMPORT sets
the number of persons; each database is dropped before the next one is filled. Beside each figure
stands the processors' time, the server's told apart, which other work on the machine changes less.
"""

from __future__ import annotations

import gc
import os
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import pyarrow as pa
from sqlalchemy import Engine, make_url

from adapters.appending import EntryRow
from adapters.database import open_database
from adapters.drivers import COPY_END, COPY_HEAD, NULL, SIZE, sized
from adapters.eventstore import Recorder
from adapters.postgres import PrivatePostgres
from adapters.schema import migrate
from tests.adapters.extracts import BASELINE, OFFICER, County, clock, make_source
from tests.bench.figures import Pair, Times, report

PERSONS = int(os.environ.get("REGISTRY_BENCH_IMPORT", "100000"))
ROUNDS = 3
TARGET = 0.6
COLUMNS = (
    "position, recorded_at, stream, version, effective_on, origin, origin_seq, code, origin_at,"
    " topic, state, private, officer, office, submission"
)
TYPES = {
    **dict.fromkeys(("position", "recorded_at", "origin_seq", "origin_at"), pa.int64()),
    **dict.fromkeys(("version", "effective_on", "origin", "code"), pa.int32()),
    **dict.fromkeys(("topic", "officer", "office"), pa.string()),
    **dict.fromkeys(("stream", "state", "private", "submission"), pa.binary()),
}
SCHEMA = pa.schema([(name, TYPES[name]) for name in COLUMNS.split(", ")])

Fresh = Callable[[], str]


@dataclass
class Finished:
    """The rows that an import made, as each peer likes them."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    copy: list[bytes] = field(default_factory=list)
    table: Any = None

    @classmethod
    def of(cls, engine: Engine) -> Finished:
        """Read them back."""
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(f"select {COLUMNS} from entries order by position")
            rows = [tuple(row) for row in cursor.fetchall()]
        finally:
            raw.close()
        packed = list(packed_rows(rows))
        body = COPY_HEAD + b"".join(packed) + COPY_END
        pieces = [body[at : at + (1 << 17)] for at in range(0, len(body), 1 << 17)]
        columns = [
            pa.array(column, kind.type)
            for column, kind in zip(zip(*rows, strict=True), SCHEMA, strict=True)
        ]
        return cls(rows, pieces, pa.table(columns, schema=SCHEMA))


INT4 = struct.Struct(">ii")
INT8 = struct.Struct(">iq")
#: The columns of an entry that are never null and of one size, each after its size.
FIXED = struct.Struct(">hiqiqi16siiiiiiiq")


def packed_rows(rows: Iterable[EntryRow]) -> Iterator[bytes]:
    """Rows of entries in PostgreSQL's binary form."""
    fixed, int4, int8, size = FIXED.pack, INT4.pack, INT8.pack, SIZE.pack
    last: tuple[str, str, bytes | None] | None = None
    envelope = b""
    for row in rows:
        (position, instant, key, version, effective_on, origin, sequence, code, origin_at) = row[:9]
        (topic, state, private, officer, office, submission) = row[9:]
        if (officer, office, submission) != last:  # the same for a whole submission
            last = (officer, office, submission)
            envelope = sized(officer.encode()) + sized(office.encode()) + sized(submission)
        yield b"".join(
            (
                fixed(
                    *(15, 8, position, 8, instant, 16, key, 4, version),
                    *(4, effective_on, 4, origin, 8, sequence),
                ),
                NULL if code is None else int4(4, code),
                NULL if origin_at is None else int8(8, origin_at),
                NULL if topic is None else sized(topic.encode()),
                size(len(state)),
                state,
                size(len(private)),
                private,
                envelope,
            )
        )


def bare_copy(url: str, finished: Finished) -> None:
    """PostgreSQL's COPY by psycopg, binary rows in large pieces."""
    engine = open_database(url)
    raw = engine.raw_connection()
    try:
        connection: Any = raw.driver_connection
        with connection.cursor() as cursor:
            statement = f"copy entries ({COLUMNS}) from stdin (format binary)"
            with cursor.copy(statement) as copy:
                for piece in finished.copy:
                    copy.write(piece)
        connection.commit()
    finally:
        raw.close()
        engine.dispose()


def bare_inserts(url: str, finished: Finished) -> None:
    """SQLite's executemany in one transaction."""
    engine = open_database(url)
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("begin immediate")
        marks = ", ".join("?" * len(SCHEMA))
        cursor.executemany(f"insert into entries ({COLUMNS}) values ({marks})", finished.rows)
        cursor.execute("commit")
    finally:
        raw.close()
        engine.dispose()


def adbc(url: str, finished: Finished) -> None:
    """ADBC's ingestion of an Arrow table."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with adbc_driver_sqlite.dbapi.connect(address.database) as connection:
            with connection.cursor() as cursor:
                cursor.execute("pragma journal_mode = wal")
                cursor.fetchall()
                cursor.adbc_ingest("entries", finished.table, mode="append")
            connection.commit()
        return
    where = f"postgresql:///{address.database}?host={address.query['host']}&user={address.username}"
    with adbc_driver_postgresql.dbapi.connect(where) as connection:
        with connection.cursor() as cursor:
            cursor.adbc_ingest("entries", finished.table, mode="append")
        connection.commit()


@dataclass
class Side:
    """What one side took, a value for each round: seconds, and processor seconds of two kinds."""

    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)  # of this process and its workers
    served: list[float] = field(default_factory=list)  # of the database server

    def told(self, name: str, entries: int) -> str:
        """The pace, and what it cost."""
        pace, busy, served = (median(one) for one in (self.seconds, self.busy, self.served))
        return f"{name} {entries / pace:,.0f} entries/s, {busy:.2f} + {served:.2f} CPU s"


def take(server: int | None, side: Callable[..., object], *arguments: object) -> tuple[float, ...]:
    """What something takes; server: the database server's process, if there is one."""
    gc.collect()
    before = [spent(os.getpid()), spent(server)]
    start = perf_counter()
    side(*arguments)
    took = perf_counter() - start
    return took, spent(os.getpid()) - before[0], spent(server) - before[1]


def spent(process: int | None) -> float:
    """Processor seconds of a process and of all that it has started."""
    if process is None:
        return 0.0
    home = Path(f"/proc/{process}")
    try:
        told = (home / "stat").read_text().rpartition(")")[2].split()
        children = " ".join(one.read_text() for one in home.glob("task/*/children")).split()
    except FileNotFoundError:
        return 0.0  # ended just now; its parent has its times
    own = sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(spent(int(one)) for one in children)


PEERS: dict[str, dict[str, Callable[[str, Finished], None]]] = {
    "sqlite": {"executemany": bare_inserts, "adbc": adbc},
    "postgresql": {"copy": bare_copy, "adbc": adbc},
}


@dataclass(frozen=True)
class Databases:
    """Where each side gets a database of its own, with the schema and nothing in it."""

    kind: str
    fresh: Fresh
    drop: Callable[[str], None]
    server: int | None = None


def measure(databases: Databases, folder: Path, persons: int, rounds: int) -> None:
    """Load the same extract in turn by us and by the peers, each into a fresh database."""
    kind = databases.kind
    sides = {name: Side() for name in ("ours", *PEERS[kind])}
    finished: Finished | None = None
    extract = folder / kind
    for number in range(rounds + 1):
        url = databases.fresh()
        engine = open_database(url)
        store = Recorder(engine, node=1, clock=clock)
        county = County.found(store)
        if not number:
            make_source(county, persons).write(extract)
        with county.importer() as importer:
            importer.warm()
            load = (importer.load, extract, "bench", "b", BASELINE, OFFICER)
            took = {"ours": take(databases.server, *load)}
        finished = finished or Finished.of(engine)
        engine.dispose()
        databases.drop(url)
        for name, peer in PEERS[kind].items():
            url = databases.fresh()
            took[name] = take(databases.server, peer, url, finished)
            databases.drop(url)
        for name, values in took.items() if number else ():  # the first round fills caches
            side = sides[name]
            for times, value in zip((side.seconds, side.busy, side.served), values, strict=True):
                times.append(value)
    assert finished is not None
    ours, entries = sides.pop("ours"), len(finished.rows)
    best = min(sides, key=lambda name: median(sides[name].seconds))
    pair = Pair(Times(tuple(ours.seconds)), Times(tuple(sides[best].seconds)))
    pace = persons / pair.ours.median
    report(f"bulk-load-{kind}", persons, pace, "persons/s", best, pair.ratio, TARGET)
    told = "; ".join(side.told(name, entries) for name, side in {"ours": ours, **sides}.items())
    print(f"# {kind}: {entries:,} entries; {told} (of clients + of the server)")


def main(persons: int = PERSONS, rounds: int = ROUNDS) -> None:
    """Measure on both databases."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        blank = folder / "blank.db"
        engine = open_database(f"sqlite:///{blank}")
        migrate(engine)
        engine.dispose()
        made = iter(range(1_000))

        def sqlite() -> str:
            path = folder / f"{next(made)}.db"
            shutil.copy(blank, path)
            return f"sqlite:///{path}"

        def remove(url: str) -> None:
            for path in folder.glob(f"{Path(named(url)).name}*"):
                path.unlink()

        measure(Databases("sqlite", sqlite, remove), folder, persons, rounds)
        with PrivatePostgres() as server:
            template = open_database(server.create("blank"))
            migrate(template)
            template.dispose()
            postgres = Databases(
                "postgresql",
                lambda: server.create(f"b{next(made)}", "blank"),
                lambda url: server.drop(named(url)),
                server.pid,
            )
            measure(postgres, folder, persons, rounds)


def named(url: str) -> str:
    """The name of a database, or its path."""
    name = make_url(url).database
    assert name is not None
    return name


if __name__ == "__main__":
    main()
