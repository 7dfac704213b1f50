"""Papers of the register: HTML that needs nothing else, or PDF, A4."""

from __future__ import annotations

from typing import Any

from adapters.papers import Booklet, CardForm, Page
from adapters.report import press

#: Which template makes which paper.
TEMPLATES: dict[type[Any], str] = {
    Page: "form.html",
    Booklet: "booklet.html",
    CardForm: "card_form.html",
}


def html(paper: Page | Booklet | CardForm) -> str:
    """A paper as an HTML document."""
    return press.html(TEMPLATES[type(paper)], paper=paper)


def pdf(paper: Page | Booklet | CardForm) -> bytes:
    """A paper as PDF."""
    return press.pdf(html(paper))
