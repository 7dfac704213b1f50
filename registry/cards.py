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
    def own_error(self) -> bool:
        """Whether it puts right what the police recorded wrongly: free, and without a wait."""
        return self.row["fee_class"] == "free"

    @property
    def military(self) -> bool:
        """Whether such applications come with the package of a military unit."""
        return self.row["channel"] == "military"

    def fits(self, age: int) -> bool:
        """Whether somebody of so many completed years may give the reason."""
        least, below = self.row["from_age"], self.row["below_age"]
        return (not least or age >= int(least)) and (not below or age < int(below))

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

    @property
    def military(self) -> bool:
        """Whether the application comes with the package of a military unit."""
        return self.row["channel"] == "military"


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


class AppendFailure(Code, table="appended_address_result"):
    """Why an address was not written into a chip after all (住址追加操作结果)."""

    DONE = frozenset({"0", "9"})

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give the codes of the table but for those of success."""
        return ((code, row) for code, row in super().rows() if code not in cls.DONE)


class PackageAnomaly(Code, table="package_anomaly"):
    """What is wrong with a package (包异常类型), GA 214.15; 00 where nothing is."""


class PackageContent(StrEnum):
    """What a package brings: the data of cards on their way up, or the cards on their way down."""

    DATA = "data"
    CARDS = "cards"


class FingerPosition(Code, table="finger_position"):
    """Which finger a print is of (指位)."""


class MediaType(StrEnum):
    """What kind of bytes a digest is of, where they are kept elsewhere (媒体类型)."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"
    WEBP = "image/webp"  # a photograph as it stands on a chip
    FEATURES = "application/octet-stream"  # of a finger, 512 bytes


class PhotoVerdict(StrEnum):
    """What the checks of GA 461 said of a photograph that was taken (照片检测结论)."""

    PASSED = "passed"
    WARNED = "warned"  # what only warns was found, and an officer took the photograph all the same
    UNCHECKED = "unchecked"  # it came from a place that has no such checks


class HandoverCheck(StrEnum):
    """What was looked at before a card changed hands (发证核对)."""

    IDENTITY = "identity"  # whoever came is the one who may collect
    VISUAL = "visual"  # what is printed is the holder's
    CHIP = "chip"  # the chip was read, and says the same


class SpoilCause(StrEnum):
    """What spoiled a card body, or how it was lost (废证原因): decides who answers for it.

    material: the maker of the blank; process: the production site; data: who captured and audited
    them; operator: who made the mistake; transport: on the way, who sent it; custody: who kept it.
    """

    MATERIAL = "material"
    PROCESS = "process"
    DATA = "data"
    OPERATOR = "operator"
    TRANSPORT = "transport"
    CUSTODY = "custody"


class IncidentKind(StrEnum):
    """What happened on a production line that an inspector has to know of (制证异常).

    wrong: another card stood where one was being written; foreign: a card that is none of the
    order's; contradicts: a chip is closed and holds what nobody recorded; lost: a card that was
    being written did not come back; reader: a reader fell out.
    """

    WRONG = "wrong"
    FOREIGN = "foreign"
    CONTRADICTS = "contradicts"
    LOST = "lost"
    READER = "reader"


class RunEnd(StrEnum):
    """Why a station let a work order go (结束原因).

    complete: every card is made; asked: somebody stopped it; supply: no blanks were left; held:
    what is left waits for a supervisor; spoils: too many in a row; alarm: a chip contradicts the
    register, or a card that was being written is missing.
    """

    COMPLETE = "complete"
    ASKED = "asked"
    SUPPLY = "supply"
    HELD = "held"
    SPOILS = "spoils"
    ALARM = "alarm"


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


class PackageNumber(str):
    """Number of a package (数据包编号): 25 digits, never given twice.

    Twelve of the unit that sends, eight of the day, five that begin at 00001 each day.
    Source: GA 214.11; the parts are inferred from their lengths.

    >>> PackageNumber("5106030000002007061800001").sender
    '510603000000'
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not 25 digits, has no real day or begins its day at nought."""
        if not (len(text) == 25 and text.isascii() and text.isdigit()):
            raise ValueError(f"a package number has 25 digits, not {text!r}")
        try:
            date(int(text[12:16]), int(text[16:18]), int(text[18:20]))
        except ValueError:
            raise ValueError(f"digits 13 to 20 of {text!r} are no day") from None
        if text[20:] == "00000":
            raise ValueError(f"the packages of a day count from 00001: {text!r}")
        return str.__new__(cls, text)

    @classmethod
    def compose(cls, sender: OfficeCode, day: date, sequence: int) -> Self:
        """Make the number of a unit's n-th package of a day, n from 1 to 99999.

        >>> PackageNumber.compose(OfficeCode("510603000000"), date(2007, 6, 18), 1)
        '5106030000002007061800001'
        """
        if not 1 <= sequence <= 99_999:
            raise ValueError(f"a unit's packages of a day are 1 to 99999, not {sequence}")
        return cls(f"{sender}{day:%Y%m%d}{sequence:05}")

    @property
    def sender(self) -> OfficeCode:
        """The unit that sends it."""
        return OfficeCode(self[:12])

    @property
    def day(self) -> date:
        """The day on which it was numbered."""
        return date(int(self[12:16]), int(self[16:18]), int(self[18:20]))

    @property
    def sequence(self) -> int:
        """Its place among the unit's packages of the day."""
        return int(self[20:])


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
