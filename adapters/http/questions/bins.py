"""Questions about old cards that the register does not know."""

from __future__ import annotations

from adapters import bins
from adapters.http.asking import Answer, Ask, question
from adapters.http.questions.cards import UNITS
from adapters.http.questions.packages import OFFICE
from registry.errors import Forbidden
from registry.values import OfficeCode


@question("/offices/{office}/bins", OFFICE, roles=UNITS, personal=False)
def office_bins(ask: Ask) -> Answer:
    """Bins of old cards (旧证箱) of an office: how many cards went in, and which were destroyed."""
    office: OfficeCode = ask.values["office"]
    if not ask.sight.sees_office(office):
        raise Forbidden("the office belongs to another area; ask the office there")
    found = bins.of_office(ask.reader, office, ask.at)
    kept = sum(one.cards for one in found if one.destroyed_on is None)
    body = {
        "office": office,
        "bins": [dict(one.__dict__) for one in found],
        "taken_in": sum(one.cards for one in found),
        "kept": kept,
        **ask.point(),
    }
    return Answer(body, rows=len(found))
