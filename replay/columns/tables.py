"""The sealed log as tables of Arrow, for everybody's own questions: DuckDB, Polars, pandas.

    log = SealedLog(Path("sealed"))
    persons = table(log, Kind.PERSON, ["enters", "birth_date"])
    duckdb.sql("SELECT code, count(*) FROM persons GROUP BY code")

What every row has lies on the memory of the log; a dense column is spread over the rows, null where
an entry does not say it or says that there is none. Handles are those of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from registry.vocabulary import Kind
from replay.columns.layout import FIXED, layout
from replay.columns.runs import Block

if TYPE_CHECKING:
    from replay.columns.log import Log


def table(log: Log, kind: Kind, columns: Sequence[str] = ()) -> pa.Table:
    """All rows of a kind of stream: entity, version, code, effective day, position, and `columns`.

    columns: dense ones, as `replay.columns.layout` derives them from the events. One that is named
    like a column of every row is called `stated_` and its name.
    """
    found = [one for one in batches(log, kind, columns)]
    return pa.concat_tables(found) if found else pa.table({})


def batches(log: Log, kind: Kind, columns: Sequence[str] = ()) -> Iterator[pa.Table]:
    """The same, a partition at a time, for logs that do not fit into memory."""
    unknown = sorted(set(columns) - layout(kind).dense.keys())
    if unknown:
        raise ValueError(
            f"{kind.value} has no dense column {', '.join(unknown)};"
            f" there are {', '.join(layout(kind).dense)}"
        )
    for partition in log.partitions(kind):
        block = log.block(kind, partition)
        counts = np.diff(block.starts)
        entity = np.repeat(np.arange(block.first, block.first + block.size, dtype="u4"), counts)
        version = np.arange(1, len(block) + 1, dtype="u4") - np.repeat(block.starts[:-1], counts)
        yield pa.table(
            {
                "entity": entity,
                "version": version,
                **block.fixed(),
                **{called(name): spread(block, name) for name in columns},
            }
        )


def called(name: str) -> str:
    """What a dense column is called beside those of every row."""
    return f"stated_{name}" if name in {"entity", "version", *FIXED} else name


def spread(block: Block, name: str) -> pa.Array:
    """A dense column over all rows of a block."""
    held = block.layout.declares(name)[block.code]
    form, told = block.layout.dense[name], block.dense[name]
    full = np.zeros(len(block), told.dtype)
    full[held] = told
    return pa.array(full, mask=~held | (full == np.array(form.null).astype(told.dtype)))
