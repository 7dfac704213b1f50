"""A household's sheet on paper (入户核对表): HTML that needs nothing else, or PDF, A4."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from adapters.visits import Sheet
from registry.five_sources import meaning
from registry.values import EvidenceSource, RegisterItem


def html(sheet: Sheet) -> str:
    """The sheet as an HTML document."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["meant"] = lambda text, item: meaning(RegisterItem(item), text)
    environment.filters["item"] = lambda code: RegisterItem(code).name_zh
    environment.filters["source"] = lambda code: EvidenceSource(code).name_zh
    template = files("adapters.report").joinpath("visit.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(sheet=sheet)


def pdf(sheet: Sheet) -> bytes:
    """The sheet as PDF; nothing is read from files or the network."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    own = URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
    made: bytes = HTML(string=html(sheet), url_fetcher=own).write_pdf()
    return made
