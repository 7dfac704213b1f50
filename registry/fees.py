"""Values of fees: what a card is charged under, who is relieved of it, why a row fits nobody."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from registry.coded import Code
from registry.codes import Row, table


class FeeClass(Code, table="card_fee"):
    """What a fee is charged for (收费项目): issue, a lost card, a temporary one and so on.

    Source: 发改价格[2003]2322号; 计价格[1995]873号.
    """

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give each class once, with its row for the newest generation."""
        yield from {row["fee_class"]: row for row in reversed(table(cls.TABLE))}.items()


class ReliefKind(Code, table="relief_kind"):
    """Why somebody pays less or nothing (减免对象): on a list, or shown by a paper.

    Source: 居民身份证法 art. 20 (2003); 财综[2004]8号.
    """

    @property
    def fee_class(self) -> FeeClass:
        """The class of the schedule that holds instead."""
        return FeeClass(self.row["fee_class"])

    @property
    def household(self) -> bool:
        """Whether a row of a list means everybody of a household."""
        return self.row["household"] == "1"

    @property
    def listed(self) -> bool:
        """Whether there are lists of such people; else each shows a paper."""
        return self.row["listed"] == "1"


class WaiverBasis(StrEnum):
    """Why no fee is taken (免收依据)."""

    TARIFF = "tariff"  # the schedule has nought
    RELIEF = "relief"


class RowFault(StrEnum):
    """Why a row of a relief list fits nobody (名单不符原因)."""

    NUMBER_WRONG = "number-wrong"
    NUMBER_UNKNOWN = "number-unknown"
    TWO_HOLDERS = "two-holders"
    NAME_DIFFERS = "name-differs"
    NOT_RESIDENT = "not-resident"
    TWICE = "twice"
