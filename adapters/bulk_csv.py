"""Reads a CSV file, every value as text; what cannot be read is told without what stands in it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

TEXT = pa.large_string()
SHOWN = 10  # rows that are named


class Unreadable(ValueError):
    """A file is no CSV file of the kind that was expected; the message names rows, no values."""


def read_csv(
    path: Path, names: Collection[str], encoding: str = "utf8", delimiter: str = ","
) -> pa.Table:
    """Read a file with a head line; the columns that have one of the names are texts.

    Raises Unreadable.
    """
    skipped: list[pa.csv.InvalidRow] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        skipped.append(row)
        return "skip"

    def read(threads: bool) -> pa.Table:
        return pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(encoding=encoding, use_threads=threads),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, TEXT), strings_can_be_null=False
            ),
        )

    try:
        table = read(threads=True)
        if skipped:
            skipped.clear()
            read(threads=False)  # in order: only so are the rows counted
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error):
            raise Unreadable(
                f"{path.name} is not {encoding}; name its encoding, such as gb18030, in a"
                " description (--mapping)"
            ) from error
        raise Unreadable(f"{path.name}: {error}") from error
    if skipped:
        rows = "; ".join(f"line {row.number} has {row.actual_columns:,}" for row in skipped[:SHOWN])
        more = f" and {len(skipped) - SHOWN:,} more lines" if len(skipped) > SHOWN else ""
        raise Unreadable(
            f"{path.name}: {table.num_columns} columns are named by its head, {rows}{more}"
        )
    if table.num_columns == 1 and len(names) > 1:
        (head,) = table.column_names
        other = next((mark for mark in ";|\t" if mark in head), None)
        if other:
            raise Unreadable(
                f"{path.name} seems to be divided by {other!r}; name its delimiter in a"
                " description (--mapping)"
            )
    return table
