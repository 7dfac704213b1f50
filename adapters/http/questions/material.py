"""The question about the books of a production site."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from adapters import material
from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import typed
from adapters.http.questions.cards import UNITS
from registry.days import end_of
from registry.errors import Forbidden
from registry.projections import At
from registry.values import EPOCH, OfficeCode

SITE = typed("site", OfficeCode, "the code of a production site", place="path")
SINCE = typed("since", date, "the first day of the period; from ever where it is left out")


@question("/sites/{site}/material", SITE, SINCE, roles=UNITS, personal=False)
def site_material(ask: Ask) -> Answer:
    """The books of a production site (物料平衡): blanks, cards, waste and sheets of a period.

    The period ends at the point asked for. `balanced` tells whether every account of it balances.
    """
    site: OfficeCode = ask.values["site"]
    if not ask.sight.sees_office(site):
        raise Forbidden("the site belongs to another area; ask the office there")
    since: date | None = ask.values["since"]
    begun = 0
    if since is not None and since > EPOCH:
        begun = min(
            ask.services.parts.store.position_at(end_of(since - timedelta(1))), ask.at.known
        )
    books = material.books(ask.reader, At(ask.at.valid_on, begun), ask.at, site)
    lines = [*books.lines()]
    sheets = books.sheets.get(site)
    body: dict[str, Any] = {
        "site": site,
        "ledgers": [{**vars(line), "difference": line.difference} for line in lines],
        "sheets": None if sheets is None else vars(sheets),
        "balanced": not books.differences(),
        **ask.point(),
    }
    return Answer(body, rows=len(lines))
