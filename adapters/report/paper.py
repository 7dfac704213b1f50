"""Papers of the register: HTML that needs nothing else, or PDF, A4."""

from __future__ import annotations

from typing import Any

from adapters.number_proof import NumberProof
from adapters.papers import Booklet, CardForm, Page
from adapters.report import press

#: Which template makes which paper.
TEMPLATES: dict[type[Any], str] = {
    Page: "form.html",
    Booklet: "booklet.html",
    CardForm: "card_form.html",
    NumberProof: "number_proof.html",
}


def html(paper: Page | Booklet | CardForm | NumberProof) -> str:
    """A paper as an HTML document."""
    return press.html(TEMPLATES[type(paper)], paper=paper)


def pdf(paper: Page | Booklet | CardForm | NumberProof) -> bytes:
    """A paper as PDF."""
    return press.pdf(html(paper))
