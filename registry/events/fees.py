"""What is charged for cards, who is relieved of it, and where the money goes (工本费).

The fee of an application is a ledger, and so is the cash-book of an office for a day: what is taken
for a card stands in both. Amounts are in fen (分), a hundredth of a yuan.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    ApplicationId,
    DivisionCode,
    FeeClass,
    FeeId,
    OfficeCode,
    PaperNumber,
    PersonId,
    ReliefKind,
    ReliefListId,
    RowFault,
    Text,
    WaiverBasis,
)
from registry.vocabulary import Kind, Private, event


@event(code=260, kind=Kind.FEE, opens=True)
class FeeCharged:
    """A fee was taken for an application, as the schedule has it (收取工本费).

    fee_class: under which it was taken. tariff_fen: what it costs without relief. relief: why less
    was taken, shown by a list or by a paper. receipt: the number of the receipt given for it.
    Source: 居民身份证法 art. 20 (2003); 发改价格[2003]2322号.
    """

    effective_on: date
    application: ApplicationId
    office: OfficeCode
    fee_class: FeeClass
    tariff_fen: int
    amount_fen: int
    receipt: PaperNumber
    relief: ReliefKind | None = None
    relief_list: ReliefListId | None = None
    proof: PaperNumber | None = None


@event(code=261, kind=Kind.FEE, opens=True)
class FeeWaived:
    """No fee was taken for an application (免收工本费).

    fee_class: that has nought. tariff_fen: what it would cost without relief. relief: where it is
    the basis, shown by a list or by a paper.
    Source: 居民身份证法 art. 20 (2003); 财综[2004]8号.
    """

    effective_on: date
    application: ApplicationId
    office: OfficeCode
    fee_class: FeeClass
    tariff_fen: int
    basis: WaiverBasis
    relief: ReliefKind | None = None
    relief_list: ReliefListId | None = None
    proof: PaperNumber | None = None


@event(code=262, kind=Kind.FEE)
class FeeRefunded:
    """A fee was given back whole (退还工本费).

    receipt: of the giving back.
    Source: 居民身份证法 art. 20 (2003): no fee but the one of the schedule.
    """

    effective_on: date
    office: OfficeCode
    amount_fen: int
    receipt: PaperNumber
    grounds: Private[Text]


@event(code=263, kind=Kind.CASH_BOOK, opens=True)
class FeeBooked:
    """A fee stands in the cash-book of an office and day (入账).

    amount_fen: what came in, nought where it was waived, below nought where it was given back.
    tariff_fen: what the schedule asks without relief.
    Source: Deyang plan of 2004 (德办发(2004)39号): two separate lines for income and expenses.
    """

    effective_on: date
    office: OfficeCode
    fee: FeeId
    fee_class: FeeClass
    tariff_fen: int
    amount_fen: int
    receipt: PaperNumber | None = None


@event(code=264, kind=Kind.CASH_BOOK)
class CashCounted:
    """The money of a day was counted, and the day's book closed (日结).

    booked_fen: what stands in the book; what differs is shown until it is explained elsewhere.
    Source: Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    counted_fen: int
    booked_fen: int


@event(code=265, kind=Kind.CASH_BOOK)
class RemittedToTreasury:
    """Money of a day was paid into the treasury (缴入国库).

    paper: the number of the paying-in slip. treasury: of which tier and place, as it is printed.
    Source: Deyang plan of 2004 (德办发(2004)39号); Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    paid_on: date
    amount_fen: int
    treasury: Text
    paper: PaperNumber


@event(code=266, kind=Kind.RELIEF_LIST, opens=True)
class ReliefListReceived:
    """A list of people who pay less came in and was held against the register (接收减免名单).

    declared: how many rows the sender says there are, which is how many came. matched, unmatched:
    how many fitted somebody and how many nobody. granted: people, where a row means a household.
    Source: Deyang plan of 2004 (德办发(2004)39号): civil affairs and poverty office give lists.
    """

    effective_on: date
    relief: ReliefKind
    county: DivisionCode
    document: str
    declared: int
    matched: int
    unmatched: int
    granted: int
    valid_from: date
    valid_until: date


@event(code=267, kind=Kind.RELIEF_LIST)
class ReliefRowUnmatched:
    """A row of a list fits nobody, and goes back to its sender (名单不符).

    row: counted from 1. Source: Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    row: int
    fault: RowFault
    name: Private[str]
    number_as_found: Private[str]


@event(code=268, kind=Kind.RELIEF, opens=True)
class ReliefGranted:
    """Somebody stands on a list of people who pay less, or the household does (列入减免名单).

    valid_until: the last day. Source: 财综[2004]8号; 德办发(2004)39号.
    """

    effective_on: date
    person: PersonId
    relief: ReliefKind
    relief_list: ReliefListId
    valid_from: date
    valid_until: date


@event(code=269, kind=Kind.RELIEF)
class ReliefWithdrawn:
    """Somebody is not on a list after all, from today on (移出减免名单).

    Source: 财综[2004]8号.
    """

    effective_on: date
    relief_list: ReliefListId
    grounds: Private[Text]


FeeEvent = FeeCharged | FeeWaived | FeeRefunded
CashBookEvent = FeeBooked | CashCounted | RemittedToTreasury
ReliefListEvent = ReliefListReceived | ReliefRowUnmatched
ReliefEvent = ReliefGranted | ReliefWithdrawn
