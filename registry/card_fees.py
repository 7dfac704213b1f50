"""What a card costs (工本费): a schedule of amounts with the days from and to which they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from registry.codes import table
from registry.values import CardKind, CardReason

Row = Mapping[str, str]

#: The class of a row that makes a first card free, whatever its reason costs otherwise.
FIRST_FREE = "issue_first_free"


def schedule() -> tuple[Row, ...]:
    """The register's own schedule, rows without an amount left out."""
    return tuple(row for row in table("card_fee") if row["amount_yuan"])


def fee_classes(reason: CardReason, kind: CardKind) -> frozenset[str]:
    """The classes of the schedule that an application may fall under."""
    if kind.temporary:
        return frozenset({"temporary"})
    told = reason.row.get("fee_class") or ("lost" if reason.group == "replace" else "issue")
    return frozenset({told, FIRST_FREE} if reason.group == "first" else {told})


def fee(
    reason: CardReason, kind: CardKind, on: date, rows: Iterable[Row] | None = None
) -> int | None:
    """What an application made on a day costs, in yuan; None where no row says.

    Of several rows that hold, the one that came into force last does. Waivers and half fees of
    persons in need are decided case by case and stand in no schedule of reasons.
    Source: 发改价格[2003]2322号; 计价格[1995]873号; no fee for a first card from 2018-04-01.

    >>> fee(CardReason("41"), CardKind("2"), date(2007, 6, 1))
    40
    """
    classes = fee_classes(reason, kind)
    held = [
        row
        for row in (schedule() if rows is None else rows)
        if row["fee_class"] in classes
        and int(row["generation"]) == kind.generation
        and row["from_date"] <= on.isoformat() <= (row["to_date"] or "9999")
    ]
    if not held:
        return None
    return int(max(held, key=lambda row: row["from_date"])["amount_yuan"])
