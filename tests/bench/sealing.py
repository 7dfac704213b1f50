"""How fast the log is sealed, against the bare reading of the same rows by the same driver.

Ours reads by ADBC, scans and converts both halves, gives handles, sorts, hashes and writes columns,
synced, and compacts them; the peer only lets the driver give its batches.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import pyarrow as pa
from sqlalchemy import make_url

from adapters.columnar import Columnar
from adapters.database import open_database
from adapters.postgres import PrivatePostgres
from adapters.schema import migrate
from adapters.sealing import Job, seal
from tests.bench.bulk import SCHEMA
from tests.bench.figures import alternate, report
from tests.bench.projections import Town

PEOPLE = 60_000
COPIES = 4  # of one town, the streams of each their own
ROUNDS = 3
TARGET = 0.5


def rows() -> pa.Table:
    """Stored rows of several towns, one after the other."""
    entries = Town(PEOPLE).entries
    told: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for number in range(COPIES):
        for entry in entries:
            position = len(told["position"]) + 1
            stream = entry.originator_id
            assert not isinstance(stream, str)
            row = {
                "position": position,
                "recorded_at": position,
                "stream": (stream.int ^ number << 64).to_bytes(16, "big"),
                "version": entry.originator_version,
                "effective_on": entry.effective_on,
                "origin": 1,
                "origin_seq": position,
                "code": entry.code,
                "origin_at": None,
                "topic": None,
                "state": entry.state,
                "private": entry.private,
                "officer": f"officer {position // 1000 % 200}",
                "office": "510603001001",
                "submission": (position // 3).to_bytes(16, "big"),
            }
            for name, value in row.items():
                told[name].append(value)
    return pa.table(told, schema=SCHEMA)


def fill(url: str, table: pa.Table) -> None:
    """Make a store of rows."""
    engine = open_database(url, durability="off")
    migrate(engine)
    engine.dispose()
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        connection = adbc_driver_sqlite.dbapi.connect(address.database)
    else:
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = adbc_driver_postgresql.dbapi.connect(plain)
    with connection, connection.cursor() as cursor:
        cursor.adbc_ingest("entries", table, mode="append")
        connection.commit()


def measure(kind: str, url: str, count: int, folder: Path) -> None:
    """Seal a store again and again, and only read it in between."""

    def ours() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        assert seal(Job(url, folder)) == count

    def bare() -> None:
        with Columnar(url) as source:
            assert sum(batch.num_rows for batch in source.batches(0, count)) == count

    pair = alternate(ours, bare, ROUNDS)
    rate = count / pair.ours.median / 1000
    report(f"seal-{kind}", count, rate, "k/s", "adbc-read", pair.ratio, TARGET)


def main() -> None:
    """Print how fast the log of a store is sealed, on both databases."""
    table = rows()
    with TemporaryDirectory() as temporary, PrivatePostgres(fsync=False) as server:
        folder = Path(temporary)
        for kind, url in (
            ("sqlite", f"sqlite:///{folder / 'bench.db'}"),
            ("postgres", server.create(f"sealing{os.getpid()}")),
        ):
            fill(url, table)
            measure(kind, url, len(table), folder / "sealed")


if __name__ == "__main__":
    main()
