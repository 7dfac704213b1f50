"""Values of identity cards: coded ones, acceptance numbers, chip serials, digests (居民身份证)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Self

from registry.coded import Code
from registry.codes import Row, table
from registry.numbers import DivisionCode, OfficeCode


class CardState(Code, table="card_application_status"):
    """State of an application for a card (二代证受理状态), from 00 accepted to 98 archived."""

    @property
    def next(self) -> tuple[CardState, ...]:
        """The states that may follow; nothing follows where an application ends."""
        return tuple(CardState(code) for code in self.row["next"].split("|") if code)

    @property
    def reached_by(self) -> tuple[str, ...]:
        """The names of the event types that reach it, the first of them its own."""
        return self.row["event_en"], *filter(None, self.row["also_en"].split("|"))

    @property
    def tier(self) -> str:
        """Who has the application in hand: station, county, city, province, production centre."""
        return self.row["tier"]


class CardReason(Code, table="card_apply_reason"):
    """Why a card is applied for (办证原因), GA 214.5: two digits; one for the first generation."""

    FORMER = "card_apply_reason_gen1"

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give the codes of both generations; a class of reasons, such as 10, is no reason."""
        for row in (*table(cls.TABLE), *table(cls.FORMER)):
            if row["group"] != "class":
                yield row["code"], row

    @property
    def generation(self) -> int:
        """The generation whose list has the reason: those of the second have two digits."""
        return len(self)

    @property
    def group(self) -> str:
        """What it is about: a first card, an exchange, or replacing a lost one."""
        return self.row["group"]

    @property
    def once(self) -> bool:
        """Whether somebody gives it once in a life."""
        return self.row["first_issue_only_once"] == "1"

    @property
    def takes_old_card(self) -> bool:
        """Whether the old card is handed back for the new one."""
        return self.row["old_card_required"] == "1"

    @property
    def priority(self) -> CardPriority:
        """The class in which such cards are made."""
        return CardPriority(self.row["priority"])


class CardKind(Code, table="card_kind"):
    """Kind of a card (证件类别): first or second generation, or a temporary one of either."""

    @property
    def generation(self) -> int:
        """1: laminated, made until the end of 2004; 2: with a chip."""
        return int(self.row["generation"])

    @property
    def temporary(self) -> bool:
        """Whether it is a temporary card (临时居民身份证)."""
        return self.row["temporary"] == "1"


class CardPriority(Code, table="card_priority"):
    """Which applications are made first (制证优先级): 1 before 2 before 3."""


class ProductionType(Code, table="card_production_type"):
    """How a card is made (制证类型): ordinary, expedited, for the military."""


class ProductionError(Code, table="card_production_error"):
    """What is wrong with the data of a card (制证信息质量), GA 214.10: and who puts it right."""


class ReceivedQuality(Code, table="card_received_quality"):
    """What is wrong with a made card (证件质量)."""


class CollectionMethod(Code, table="card_collection_method"):
    """How a card comes to its holder (领证方式), GA 214.7."""


class HandoverCategory(Code, table="card_handover_category"):
    """Who hands a card to whom (领取发放类别)."""


class SurrenderReason(Code, table="card_surrender_reason"):
    """Why a card was handed back (收交原因)."""


class AppendResult(Code, table="appended_address_result"):
    """What came of writing an address into a chip (住址追加操作结果)."""


class FingerPosition(Code, table="finger_position"):
    """Which finger a print is of (指位)."""


class SpoilCause(StrEnum):
    """What spoiled a card body (废证原因): decides who answers for it."""

    MATERIAL = "material"
    PROCESS = "process"
    DATA = "data"
    OPERATOR = "operator"


class AcceptanceNumber(str):
    """Number of an application (受理号): 22 digits, never given twice.

    Six of the county, three of its station, eight of the day, five that begin at 00001 each day.
    Source: GA 214.4-2004.

    >>> AcceptanceNumber("5106830012005011200001").day
    datetime.date(2005, 1, 12)
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not 22 digits, has no real day or begins its day at nought."""
        if not (len(text) == 22 and text.isascii() and text.isdigit()):
            raise ValueError(f"an acceptance number has 22 digits, not {text!r}")
        try:
            date(int(text[9:13]), int(text[13:15]), int(text[15:17]))
        except ValueError:
            raise ValueError(f"digits 10 to 17 of {text!r} are no day") from None
        if text[17:] == "00000":
            raise ValueError(f"the applications of a day count from 00001: {text!r}")
        return str.__new__(cls, text)

    @classmethod
    def compose(cls, station: OfficeCode, day: date, sequence: int) -> Self:
        """Make the number of a station's n-th application of a day, n from 1 to 99999.

        >>> AcceptanceNumber.compose(OfficeCode("510683001000"), date(2005, 1, 12), 1)
        '5106830012005011200001'
        """
        if not 1 <= sequence <= 99_999:
            raise ValueError(f"a station's applications of a day are 1 to 99999, not {sequence}")
        return cls(f"{station[:9]}{day:%Y%m%d}{sequence:05}")

    @property
    def county(self) -> DivisionCode:
        """The county of the station that accepted."""
        return DivisionCode(self[:6])

    @property
    def day(self) -> date:
        """The day of acceptance."""
        return date(int(self[9:13]), int(self[13:15]), int(self[15:17]))

    @property
    def sequence(self) -> int:
        """Its place among the station's applications of the day."""
        return int(self[17:])


class ChipSerial(str):
    """Serial number of a chip (芯片序列号): eight bytes, as sixteen hexadecimal digits.

    Source: GA 448 family; readers show it before anything else of a card.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not sixteen hexadecimal digits, capitals."""
        if not CHIP_SERIAL.fullmatch(text):
            raise ValueError(f"a chip's serial has 16 digits 0-9 and A-F, not {text!r}")
        return str.__new__(cls, text)


class Digest(str):
    """SHA-256 of something kept elsewhere, such as a photograph (摘要): 64 hexadecimal digits."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not 64 hexadecimal digits, small letters."""
        if not DIGEST.fullmatch(text):
            raise ValueError(f"a SHA-256 has 64 digits 0-9 and a-f, not {len(text)} characters")
        return str.__new__(cls, text)


CHIP_SERIAL = re.compile(r"[0-9A-F]{16}")
DIGEST = re.compile(r"[0-9a-f]{64}")
