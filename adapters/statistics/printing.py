"""Reports as a page: HTML, and the same on paper as PDF with Chinese type."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from adapters.statistics.figures import Cell, Figures
from adapters.statistics.plots import plot
from registry.days import moment_of

#: Columns of text; all others are counts and stand to the right.
TEXT = frozenset(
    {
        *("unit", "programme", "station", "county", "state", "with", "oldest", "month", "reason"),
        *("community", "rule", "severity", "item", "source", "stream", "milestone", "what", "due"),
        *("reached", "baseline", "exchange", "fault", "code"),
        *("week", "step"),
    }
)
#: Sizes of type in points by the number of columns that have to fit on a page.
SIZES = ((10, 9.5), (14, 8.5), (20, 7.0), (99, 5.6))


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
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["shown"] = shown
    template = environment.from_string(
        files("adapters.statistics").joinpath("form.html").read_text(encoding="utf-8")
    )
    size = next(size for most, size in SIZES if len(figures.columns) <= most)
    return template.render(
        figures=figures,
        size=size,
        text=TEXT,
        plot=b64encode(plot(figures).encode()).decode(),
        document=figures.form.row["document"],
        known_at=_moment(stamp.known_at),
        filed_at=None if stamp.filed_at is None else _moment(stamp.filed_at),
        stamp=stamp,
    )


def pdf(figures: Figures, stamp: Stamp) -> bytes:
    """A report as PDF, A4 across; it reads no file and no network."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    own = URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
    made: bytes = HTML(string=html(figures, stamp), url_fetcher=own).write_pdf()
    return made


def shown(cell: Cell) -> str:
    """A cell as people read it: counts with separators, what is unknown empty."""
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) else cell


def _moment(instant: int) -> str:
    return moment_of(instant).isoformat(sep=" ", timespec="seconds")
