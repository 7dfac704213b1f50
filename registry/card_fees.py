"""What a card costs (工本费): a schedule of amounts with the days from and to which they hold."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import date

from registry.codes import table
from registry.values import CardKind, CardReason

Row = Mapping[str, str]

#: The class of a row that makes a first card free, whatever its reason costs otherwise.
FIRST_FREE = "issue_first_free"


def schedule() -> tuple[Row, ...]:
    """The register's own schedule, rows without an amount left out."""
    return tuple(row for row in table("card_fee") if row["amount_yuan"])


def fee_classes(reason: CardReason | None, kind: CardKind) -> frozenset[str]:
    """The classes of the schedule that an application may fall under; a temporary card has one."""
    if kind.temporary or reason is None:
        return frozenset({"temporary"})
    told = reason.row.get("fee_class") or ("lost" if reason.group == "replace" else "issue")
    return frozenset({told, FIRST_FREE} if reason.group == "first" else {told})


def fee(
    reason: CardReason | None, kind: CardKind, on: date, rows: Iterable[Row] | None = None
) -> int | None:
    """What an application made on a day costs, in yuan; None where no row says.

    Of several rows that hold, the one that came into force last does. Waivers and half fees of
    persons in need are decided case by case and stand in no schedule of reasons.
    Source: 发改价格[2003]2322号; 计价格[1995]873号; no fee for a first card from 2018-04-01.

    >>> fee(CardReason("41"), CardKind("2"), date(2007, 6, 1))
    40
    """
    row = in_force(fee_classes(reason, kind), kind, on, rows)
    return None if row is None else int(row["amount_yuan"])


def in_force(
    classes: Container[str], kind: CardKind, on: date, rows: Iterable[Row] | None = None
) -> Row | None:
    """The row of a schedule that holds for some classes on a day; None where none does."""
    held = (
        row
        for row in (schedule() if rows is None else rows)
        if row["fee_class"] in classes
        and int(row["generation"]) == kind.generation
        and row["from_date"] <= on.isoformat() <= (row["to_date"] or "9999")
    )
    return max(held, key=lambda row: row["from_date"], default=None)
