"""What every printed page goes through: a template of this folder, and PDF out of HTML."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from registry.five_sources import meaning
from registry.values import EvidenceSource, RegisterItem


@cache
def environment() -> Environment:
    """The templates, with words for the codes of items and sources."""
    made = Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters["meant"] = lambda text, item: meaning(RegisterItem(item), text)
    made.filters["item"] = lambda code: RegisterItem(code).name_zh
    made.filters["article"] = lambda text: re.sub(r" ?art\. ([0-9]+)", r"第\1条", text)
    made.filters["source"] = lambda code: EvidenceSource(code).name_zh
    return made


def _text(name: str) -> str:
    return files("adapters.report").joinpath(name).read_text(encoding="utf-8")


def html(template: str, **told: Any) -> str:
    """A page as an HTML document that needs nothing else."""
    return environment().get_template(template).render(**told)


def pdf(page: str) -> bytes:
    """An HTML document as PDF; nothing is read from files or the network."""
    from PIL import ImageFile
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # WeasyPrint has every program that loads it take torn pictures for whole ones.
    ImageFile.LOAD_TRUNCATED_IMAGES = False

    own = URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
    made: bytes = HTML(string=page, url_fetcher=own).write_pdf()
    return made
