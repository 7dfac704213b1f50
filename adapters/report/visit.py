"""A household's sheet on paper (入户核对表): HTML that needs nothing else, or PDF, A4."""

from __future__ import annotations

from adapters.report import press
from adapters.visits import Sheet


def html(sheet: Sheet) -> str:
    """The sheet as an HTML document."""
    return press.html("visit.html", sheet=sheet)


def pdf(sheet: Sheet) -> bytes:
    """The sheet as PDF."""
    return press.pdf(html(sheet))
