"""What everybody may know about cards (公开办证程序和收费标准): steps, limits, fees, terms.

Nothing here is about anybody. Source: 德办发(2004)39号 (要公开办证程序和收费标准,自觉接受群众监督).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.card_fees import in_force
from registry.cards import CardKind, CardReason
from registry.codes import Row, table
from registry.fees import FeeClass
from registry.limits import limit

CARD = CardKind("2")
LIMITS = (
    *("card_duty_age", "card_first_application", "card_issue", "card_issue_remote"),
    *("card_temporary_issue", "card_temporary_validity"),
)


@dataclass(frozen=True)
class Guide:
    """The procedure as it is on a day; amounts in yuan, each with the document that sets it."""

    on: date
    reasons: tuple[dict[str, Any], ...]
    steps: tuple[dict[str, Any], ...]
    limits: tuple[dict[str, Any], ...]
    fees: tuple[dict[str, Any], ...]
    terms: tuple[dict[str, Any], ...]


def guide(on: date) -> Guide:
    """The procedure on a day, out of the tables by which the register itself decides."""
    return Guide(
        on,
        tuple(
            {"code": str(one), "name_zh": one.name_zh}
            for one in CardReason.all()
            if one.generation == CARD.generation
        ),
        tuple(
            {
                "stage": row["stage"],
                "name_zh": row["name_zh"],
                "office": row["owner"],
                "amount": int(row["amount"]),
                "unit": row["unit"],
            }
            for row in table("card_deadlines")
        ),
        tuple(_limit(name, on) for name in LIMITS),
        tuple(_fee(row) for row in _fees(on)),
        tuple(
            {"from_age": int(row["min_age"]), "until_age": _whole(row["max_age"])}
            | {"years": _whole(row["years"]), "name_zh": row["end_text"] or f"{row['years']}年"}
            for row in table("card_validity")
        ),
    )


def _limit(name: str, on: date) -> dict[str, Any]:
    found = limit(name, on)
    return {
        "name": name,
        "amount": found.amount,
        "unit": found.unit,
        "document": found.document,
    }


def _fee(row: Row) -> dict[str, Any]:
    return {
        "class": row["fee_class"],
        "name_zh": row["name_zh"],
        "yuan": int(row["amount_yuan"]),
        "from": row["from_date"],
        "document": row["basis"],
    }


def _fees(on: date) -> list[Row]:
    """The rows of the schedule that hold on a day, one for each class."""
    rows = (in_force({one}, CARD, on) for one in FeeClass.all())
    return [row for row in rows if row is not None]


def _whole(text: str) -> int | None:
    return int(text) if text else None
