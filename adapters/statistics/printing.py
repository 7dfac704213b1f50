"""Reports as a page: HTML, and the same on paper as PDF with Chinese type."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from itertools import takewhile

from markupsafe import Markup

from adapters.report import press
from adapters.statistics.figures import Cell, Column, Figures
from adapters.statistics.plots import plot
from registry.days import moment_of

#: Columns that stand beside each other at most; a wider table goes on below, its units repeated.
WIDEST = 20
#: Sizes of type in points by the number of columns that have to fit on a page.
SIZES = ((10, 9.5), (14, 8.5), (WIDEST, 7.0))


@dataclass(frozen=True)
class Stamp:
    """What stands under a report: how far it counts, and whether it was filed.

    known_at: microseconds UTC. version, filed_at, officer, office: None and empty on a draft.
    """

    known_at: int
    version: int | None = None
    filed_at: int | None = None
    officer: str = ""
    office: str = ""


def html(figures: Figures, stamp: Stamp) -> str:
    """A report as an HTML document that needs nothing else."""
    parts = panels(figures)
    size = next(size for most, size in SIZES if max(map(len, parts)) <= most)
    return press.html(
        "statistics.html",
        figures=figures,
        size=size,
        panels=parts,
        text=worded(figures),
        plot=b64encode(plot(figures).encode()).decode(),
        document=figures.form.row["document"].removesuffix(" (facts only)").removeprefix("form "),
        measure=figures.form.row["measure_zh"],
        known_at=_moment(stamp.known_at),
        filed_at=None if stamp.filed_at is None else _moment(stamp.filed_at),
        stamp=stamp,
        shown=shown,
        quoted=quoted,
    )


def worded(figures: Figures) -> frozenset[int]:
    """The columns of words; all others are counts and stand to the right."""
    told = (
        place for row in figures.rows for place, cell in enumerate(row) if isinstance(cell, str)
    )
    return frozenset(told)


def panels(figures: Figures) -> list[list[int]]:
    """The columns of each part of a table, so that none is cut off at the edge of the paper.

    Each part begins with the leading columns of words, which say of what a row is.
    """
    every = range(len(figures.columns))
    if len(every) <= WIDEST:
        return [list(every)]
    words = worded(figures)
    named = list(takewhile(words.__contains__, every))
    others = every[len(named) :]
    parts = -(-len(others) // (WIDEST - len(named)))
    each = -(-len(others) // parts)
    return [[*named, *others[start : start + each]] for start in range(0, len(others), each)]


def pdf(figures: Figures, stamp: Stamp) -> bytes:
    """A report as PDF, A4 across; it reads no file and no network."""
    return press.pdf(html(figures, stamp))


def shown(cell: Cell, column: Column) -> str:
    """A cell as people read it: counts with separators, years without, what is unknown empty."""
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) and column.name != "year" else str(cell)


def quoted(words: str) -> Markup:
    """Words as they stand between quotation marks of a style sheet, whatever is in them."""
    return Markup("".join(one if one.isalnum() else f"\\{ord(one):06x}" for one in words))


def _moment(instant: int) -> str:
    return moment_of(instant).isoformat(sep=" ", timespec="seconds")
