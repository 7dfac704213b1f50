"""Questions about fees: what offices took, what became of it, reliefs, what is unsettled."""

from __future__ import annotations

from typing import Any

from adapters import fees
from adapters.http.asking import Answer, Ask, cursor_token, question
from adapters.http.clocks import PAGE
from adapters.http.parameters import typed
from adapters.http.questions.cards import CARDS, UNITS, after_of
from adapters.http.questions.common import FROM, LIMIT, PLACE, UNTIL, period, seen_place, turn_of
from registry.commands.base import EXCHANGE_OFFICE
from registry.errors import Forbidden
from registry.values import DivisionCode, OfficeCode, day_number

OFFICE = typed("office", OfficeCode, "the code of an office; its parts count as it", place="path")
COUNTY = typed("county", DivisionCode, "the code of a county", place="path")


@question("/offices/{office}/cash-book", OFFICE, FROM, UNTIL, roles=UNITS, personal=False)
def cash_book(ask: Ask) -> Answer:
    """What an office and its parts took for cards (工本费), by day and class, and what differs.

    Amounts are in fen. `counting_difference_fen`: what is too much in the till, or below nought too
    little. `outstanding_fen`: what has not reached the treasury.
    """
    office: OfficeCode = ask.values["office"]
    if not ask.sight.sees_office(office):
        raise Forbidden("the office belongs to another area; ask the office there")
    first, until = period(ask, running=True)
    found = fees.books(ask.reader, office, first, until, ask.at)
    body: dict[str, Any] = {
        "office": office,
        "from": first,
        "until": until,
        "booked_fen": found.booked_fen,
        "outstanding_fen": found.outstanding_fen,
        "open_days": found.open_days,
        "days": [dict(each.__dict__) for each in found.days],
        "classes": [dict(each.__dict__) for each in found.classes],
        **ask.point(),
    }
    return Answer(body, rows=len(found.days))


@question(
    "/counties/{county}/relief-lists", COUNTY, roles=UNITS | {EXCHANGE_OFFICE}, personal=False
)
def relief_lists(ask: Ask) -> Answer:
    """Lists of people who pay less for their cards (减免名单), and how they fitted the register."""
    county: DivisionCode = ask.values["county"]
    if not ask.sight.sees_office(OfficeCode(f"{county}000000")):
        raise Forbidden("the county belongs to another area; ask the office there")
    found = fees.lists(ask.reader, county, ask.at)
    body = {"county": county, "lists": [dict(each.__dict__) for each in found], **ask.point()}
    return Answer(body, rows=len(found))


@question("/places/{place}/unsettled-fees", PLACE, LIMIT, PAGE, roles=CARDS)
def unsettled_fees(ask: Ask) -> Answer:
    """Applications whose fee was neither taken nor waived (未收工本费), the oldest first.

    `amount_fen`: what the schedule asks, a relief not counted; null where it has no row.
    """
    one = seen_place(ask)
    turn, limit = turn_of(ask), ask.values["limit"]
    at = ask.at if turn is None else turn.at
    after = None if turn is None else after_of(turn.last)
    found = fees.unsettled(ask.reader, one.id, at, after, limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    seen_last = last and [day_number(last.accepted_on), last.application.bytes]
    body: dict[str, Any] = {
        "applications": [dict(each.__dict__) for each in shown],
        "next": seen_last and cursor_token(ask, at, seen_last),
        **ask.point_of(at),
    }
    return Answer(body, [each.person for each in shown], ["cards"], rows=len(shown))
