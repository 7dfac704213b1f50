"""How fast an extract is loaded: against bare ingestion of the same rows, already encoded.

Ours reads CSV, checks every row and number, makes the entries, encodes, hashes and records them;
the peers copy finished rows into the same table with the same indexes.
"""

from __future__ import annotations

import gc
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

PERSONS = 100_000
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


def seconds(side: Callable[..., object], *arguments: object) -> float:
    """How long something takes."""
    gc.collect()
    start = perf_counter()
    side(*arguments)
    return perf_counter() - start


PEERS: dict[str, dict[str, Callable[[str, Finished], None]]] = {
    "sqlite": {"executemany": bare_inserts, "adbc": adbc},
    "postgresql": {"copy": bare_copy, "adbc": adbc},
}


def measure(database: str, fresh: Fresh, folder: Path, persons: int, rounds: int) -> None:
    """Load the same extract in turn by us and by the peers, each into a fresh database."""
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in PEERS[database]}
    finished: Finished | None = None
    extract = folder / database
    for number in range(rounds + 1):
        engine = open_database(fresh())
        store = Recorder(engine, node=1, clock=clock)
        county = County.found(store)
        if not number:
            make_source(county, persons).write(extract)
        with county.importer() as importer:
            importer.warm()
            taken = seconds(importer.load, extract, "bench", "b", BASELINE, OFFICER)
        finished = finished or Finished.of(engine)
        engine.dispose()
        times = {name: seconds(PEERS[database][name], fresh(), finished) for name in theirs}
        if number:  # the first round opens, compiles and fills caches
            ours.append(taken)
            for name, time in times.items():
                theirs[name].append(time)
    assert finished is not None
    entries = len(finished.rows)
    best = min(theirs, key=lambda name: median(theirs[name]))
    pair = Pair(Times(tuple(ours)), Times(tuple(theirs[best])))
    pace = persons / pair.ours.median
    report(f"bulk-load-{database}", persons, pace, "persons/s", best, pair.ratio, TARGET)
    sides = {"ours": ours, **theirs}
    told = (f"{name} {entries / median(times):,.0f}" for name, times in sides.items())
    print(f"# {database}: {entries:,} entries; entries/s: {', '.join(told)}")


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

        measure("sqlite", sqlite, folder, persons, rounds)
        with PrivatePostgres() as server:

            def postgres() -> str:
                return server.create(f"b{next(made)}", "blank")

            template = open_database(server.create("blank"))
            migrate(template)
            template.dispose()
            measure(
                "postgresql",
                lambda: server.create(f"b{next(made)}", "blank"),
                folder,
                persons,
                rounds,
            )


if __name__ == "__main__":
    main()
