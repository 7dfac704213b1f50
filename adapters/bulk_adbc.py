"""How a worker process records chunks: on SQLite by ADBC, which brings a SQLite of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import numpy as np
import pyarrow as pa

from adapters.appending import COLUMNS, SUBMISSION_COLUMNS, EntryRow, Found, SubmissionRow
from adapters.bulk_encoding import Lines
from adapters.bulk_writing import Envelope, Taken
from adapters.database import PATIENCE_S, Durability
from registry.store import Receipt


class AdbcDesk:
    """A desk on SQLite by ADBC, twice as fast as Python's own driver.

    It brings a SQLite of its own, and two of them in one process do not see each other's locks: so
    it is used only in processes that open the database in no other way.
    """

    LOCK = "update entries set position = position where position = -1"  # touches no row

    def __init__(self, path: str, durability: Durability) -> None:
        self.connection = adbc_driver_sqlite.dbapi.connect(path, autocommit=True)
        self.cursor = self.connection.cursor()
        for setting in (
            f"busy_timeout = {PATIENCE_S * 1000}",
            f"synchronous = {durability}",
            "temp_store = memory",
            "cache_size = -131072",  # KiB: the index is written all over
            "wal_autocheckpoint = 0",  # with two who write in turn it would never begin anew
            "trusted_schema = off",
        ):
            self.ask(f"pragma {setting}")
        self.journal = Path(f"{path}-wal")
        self.connection.adbc_connection.set_autocommit(False)

    def ask(self, query: str, values: Sequence[object] | None = None) -> list[Any]:
        """Run a statement to its end."""
        self.cursor.execute(query, values)
        return self.cursor.fetchall()

    def prepare(self, lines: Lines, envelope: Envelope) -> pa.Table:
        """Make Arrow columns of what is known outside the lock."""
        count = len(lines)
        columns: dict[str, Any] = {
            **vars(lines),
            "origin": pa.repeat(pa.scalar(envelope.node, pa.int32()), count),
            "officer": pa.repeat(pa.scalar(str(envelope.officer)), count),
            "office": pa.repeat(pa.scalar(str(envelope.office)), count),
            "submission": pa.repeat(pa.scalar(envelope.submission), count),
        }
        return pa.table(columns)

    def begin(self, streams: Collection[bytes], submission: bytes) -> Found:
        """Take the lock and see how things stand under it."""
        self.cursor.adbc_statement.set_sql_query(self.LOCK)
        self.cursor.adbc_statement.execute_update()
        found = Found()
        query = "select position, recorded_at from entries order by position desc limit 1"
        for found.position, found.recorded_at in self.ask(query):
            pass
        if self.ask("select 1 from submissions where id = ?", (submission,)):
            found.submissions.add(submission)
        found.heads = self.heads(streams)
        return found

    def streams(self, keys: Collection[bytes]) -> list[EntryRow]:
        """The rows of streams, those of each in version order."""
        query = f"select {COLUMNS} from entries where stream in ({{}}) order by stream, version"
        return list(self.among(query, keys))

    def heads(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """The versions of streams; only those there are."""
        query = "select stream, max(version) from entries where stream in ({}) group by stream"
        return dict(self.among(query, keys))

    def among(self, query: str, keys: Collection[bytes]) -> Iterator[Any]:
        """Ask about streams, some at a time."""
        asked = list(keys)
        for start in range(0, len(asked), ASKED):
            some = ", ".join(f"x'{key.hex()}'" for key in asked[start : start + ASKED])
            yield from self.ask(query.format(some))

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        query = f"select {SUBMISSION_COLUMNS} from submissions where id = ?"
        row: SubmissionRow = self.ask(query, (submission,))[0]
        return row

    def write(self, ready: pa.Table, position: int, instant: int) -> None:
        """Write lines from a position on; raises Taken."""
        places = pa.array(np.arange(position, position + len(ready)))
        whole = ready.append_column("position", places).append_column("origin_seq", places)
        whole = whole.append_column("recorded_at", pa.repeat(pa.scalar(instant), len(ready)))
        try:
            self.cursor.adbc_ingest("entries", whole, mode="append")
        except adbc_driver_manager.Error as error:
            if "UNIQUE" in str(error):
                raise Taken(str(error)) from error
            raise

    def commit(self, envelope: Envelope, receipt: Receipt) -> None:
        """Add the submission and let it all be seen."""
        columns = dict(
            zip(
                SUBMISSION_COLUMNS.split(", "),
                (
                    *(envelope.submission, str(envelope.officer), str(envelope.office)),
                    *(envelope.digest, receipt.first, receipt.count, receipt.recorded_at),
                    receipt.answer,
                ),
                strict=True,
            )
        )
        row = pa.table({name: [value] for name, value in columns.items()})
        self.cursor.adbc_ingest("submissions", row, mode="append")
        self.connection.adbc_connection.commit()
        if self.journal.exists() and self.journal.stat().st_size > JOURNAL_BYTES:
            self.connection.adbc_connection.set_autocommit(True)
            self.ask("pragma wal_checkpoint(truncate)")
            self.connection.adbc_connection.set_autocommit(False)

    def rollback(self) -> None:
        """Give up what was not committed, and the lock."""
        self.connection.adbc_connection.rollback()

    def close(self) -> None:
        """Give everything back."""
        self.rollback()
        self.cursor.close()
        self.connection.close()


ASKED = 5_000  # streams in one select
JOURNAL_BYTES = 1 << 28  # from here on the write-ahead log is copied into the database
