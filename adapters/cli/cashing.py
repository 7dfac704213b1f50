"""Verbs that ask about fees: cash-books of offices, lists of reliefs, what is unsettled."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking, labelled
from adapters.cli.frame import DAY, ID, answer, as_json, malformed, show_table
from adapters.cli.issuing import CARDS
from registry.values import (
    CardReason,
    CardState,
    DivisionCode,
    FeeClass,
    OfficeCode,
    ReliefKind,
)


@click.command("cash-book")
@click.option("--unit", required=True, help="An office's twelve digits; its parts count as it.")
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--until", type=DAY, required=True, help="The day after the last one.")
@asking(personal=False)
@as_json
def cash_book(desk: Desk, unit: str, first: date, until: date) -> None:
    """Show what an office took for cards (工本费), by day and class, and what differs.

    \b
    registry cash-book --unit 510603000000 --from 2007-06-01 --until 2007-07-01
    """
    from adapters import fees
    from adapters.reading import past

    try:
        office = OfficeCode(unit)
    except ValueError as error:
        raise malformed("--unit", str(error)) from error
    first, until = past(first, until, desk.parts.register.clock(), running=True)
    found = fees.books(desk.reader, office, first, until, desk.at)
    told: dict[str, Any] = {
        **asdict(found),
        "booked_fen": found.booked_fen,
        "outstanding_fen": found.outstanding_fen,
        "open_days": found.open_days,
    }

    def text() -> None:
        heads = ["office", "day", "booked", "counted", "differs", "to the treasury", "outstanding"]
        rows: list[list[Any]] = [
            [one.office, one.day, *map(yuan, list(vars(one).values())[2:])] for one in found.days
        ]
        show_table("days", heads, rows)
        kinds = ["class", "fees", "reduced", "waived", "refunds", "tariff", "taken", "given back"]
        told_of: list[list[Any]] = [
            [
                FeeClass(one.fee_class).name_zh,
                *(one.fees, one.reduced, one.waived, one.refunded),
                *map(yuan, (one.tariff_fen, one.collected_fen, one.returned_fen)),
            ]
            for one in found.classes
        ]
        show_table("classes", kinds, told_of)

    answer(told, text)


@click.command("relief-lists")
@click.option("--county", required=True, help="A county's six digits.")
@asking(personal=False)
@as_json
def relief_lists(desk: Desk, county: str) -> None:
    """List what came in of people who pay less for their cards (减免名单), and how it fitted."""
    from adapters import fees

    try:
        code = DivisionCode(county)
    except ValueError as error:
        raise malformed("--county", str(error)) from error
    found = fees.lists(desk.reader, code, desk.at)
    heads = ["of", "document", "received", "declared", "matched", "unmatched", "people", "until"]
    rows = [
        [
            ReliefKind(one.relief).name_zh,
            *(one.document, one.received_on, one.declared, one.matched, one.unmatched),
            *(one.granted, one.holds_until),
        ]
        for one in found
    ]
    answer([asdict(one) for one in found], lambda: show_table("lists", heads, rows))


@click.command("unsettled-fees")
@click.option("--division", type=ID, required=True, help="Of this division or community.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@asking()
@as_json
def unsettled_fees(desk: Desk, division: UUID, limit: int) -> None:
    """List applications whose fee was neither taken nor waived (未收工本费), the oldest first.

    \b
    registry unsettled-fees --division 01890a5d-ac96-774b-bcce-b302099a8057 --purpose identity-card
    """
    from adapters import fees

    desk.need(*CARDS)
    desk.guard_place("unsettled-fees", division, division)
    found = fees.unsettled(desk.reader, division, desk.at, None, limit)
    heads = ["number", "accepted", "reason", "state", "due", ""]
    rows = [
        [
            one.acceptance_number,
            one.accepted_on,
            labelled(CardReason(one.apply_reason)) if one.apply_reason else "",
            labelled(CardState(one.state)) if one.state else one.temporary,
            yuan(one.amount_fen),
            "given back" if one.given_back else "",
        ]
        for one in found
    ]
    desk.tell(
        "unsettled-fees",
        [desk.shown(one) for one in found],
        lambda: show_table("unsettled fees, in yuan", heads, rows),
        subjects=[one.person for one in found],
        fields=["cards"],
        rows=len(found),
    )


def yuan(fen: int | None) -> str | None:
    """An amount for people, in yuan.

    >>> yuan(-150)
    '-1.50'
    """
    if fen is None:
        return None
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"
