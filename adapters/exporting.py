"""The log in files, by position and without its private halves; for other services and tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from registry.store import EntryStore, StoredEntry
from registry.values import day_of
from registry.vocabulary import VOCABULARY

#: Entries read at once.
PAGE = 5_000

SCHEMA = pa.schema(
    {
        "position": pa.int64(),
        "stream": pa.binary(16),
        "version": pa.int32(),
        "code": pa.uint16(),
        "effective_on": pa.date32(),
        "recorded_at": pa.timestamp("us", "UTC"),
        "origin": pa.int32(),
        "origin_seq": pa.int64(),
        "office": pa.string(),
        "state": pa.binary(),
    }
)
_NAMES = {word.code: (word.kind.value, word.name) for word in VOCABULARY.values()}
_encode = msgspec.json.Encoder().encode


def export(
    store: EntryStore,
    folder: Path,
    form: str,
    rows: int,
    progress: Callable[[int], None] = lambda position: None,
) -> list[Path]:
    """Write the files that are missing up to the head; returns them.

    Each holds `rows` entries, the last one what there is. A file appears under its name when it is
    complete and on disk; a complete one is never touched again.
    """
    head, _ = store.head()
    written = []
    for first in range(1, head + 1, rows):
        last = min(first + rows - 1, head)
        path = folder / f"entries-{first:012}-{last:012}.{form}"
        if not path.exists():
            write_file(path, read(store, first, last, progress), form)
            written.append(path)
            for other in folder.glob(f"entries-{first:012}-*.{form}"):
                if other != path:
                    other.unlink()  # what there was of it last time
        progress(last)
    return written


def read(
    store: EntryStore, first: int, last: int, progress: Callable[[int], None]
) -> list[StoredEntry]:
    """Entries from one position up to and with another."""
    found: list[StoredEntry] = []
    while len(found) < last - first + 1:
        page = store.page(first - 1 + len(found), PAGE, last)
        assert page, f"the log has a gap after position {first - 1 + len(found)}"
        found.extend(page)
        progress(first - 1 + len(found))
    return found


def write_file(path: Path, entries: Sequence[StoredEntry], form: str) -> None:
    """Write beside, sync, rename."""
    beside = path.with_suffix(path.suffix + ".part")
    with open(beside, "wb") as file:
        if form == "arrow":
            table = arrow(entries)
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
        else:
            file.writelines(line(entry) for entry in entries)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def line(entry: StoredEntry) -> bytes:
    """An entry as one line of JSON."""
    kind, name = _NAMES.get(entry.code or 0, ("", entry.topic))
    return (
        _encode(
            {
                "position": entry.position,
                "stream": entry.originator_id,
                "kind": kind,
                "version": entry.originator_version,
                "event": name,
                "code": entry.code,
                "effective_on": day_of(entry.effective_on),
                "recorded_at": entry.recorded_at,
                "origin": entry.origin,
                "origin_seq": entry.origin_seq,
                "office": entry.office,
                "state": msgspec.Raw(entry.state.rstrip(b"\n")),
            }
        )
        + b"\n"
    )


def arrow(entries: Sequence[StoredEntry]) -> pa.Table:
    """Entries as a table of Arrow; its column `state` is, buffer by buffer, NDJSON."""
    columns = [
        [entry.position for entry in entries],
        [entry.originator_id.bytes for entry in entries],  # type: ignore[union-attr]
        [entry.originator_version for entry in entries],
        [entry.code for entry in entries],
        [day_of(entry.effective_on) for entry in entries],
        [entry.recorded_at for entry in entries],
        [entry.origin for entry in entries],
        [entry.origin_seq for entry in entries],
        [entry.office for entry in entries],
        [entry.state for entry in entries],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
