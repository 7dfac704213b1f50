"""Production sites, and for which divisions each makes cards, since when (制证所).

They stand on one reference stream, and may be dated ahead.
"""

from __future__ import annotations

from datetime import date

from registry.values import DivisionCode, OfficeCode, Text
from registry.vocabulary import Kind, event


@event(code=220, kind=Kind.SITES, opens=True)
class SiteOpened:
    """A production site may make cards from a day on (设立制证所).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号); 公治〔2001〕21号.
    """

    effective_on: date
    site: OfficeCode
    name: Text
    document: str


@event(code=221, kind=Kind.SITES)
class ProductionRouted:
    """From a day on the cards of a division are ordered from a site (制证任务划分).

    division: a province, a city or a county; the narrowest that is routed holds. generation: of
    the cards, 1 or 2.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    division: DivisionCode
    generation: int
    site: OfficeCode
    document: str


@event(code=222, kind=Kind.SITES)
class SiteClosed:
    """A production site makes no cards from a day on (撤销制证所).

    By then its open orders have passed to another one, and it has no blank, card or waste left.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号); 公治〔2001〕21号.
    """

    effective_on: date
    site: OfficeCode
    document: str


SiteEvent = SiteOpened | ProductionRouted | SiteClosed
