"""The rules about fees that can stand in the way."""

from __future__ import annotations

from registry.aggregates.rules import CARD_LAW, Concerning

FEES = CARD_LAW + " art. 20 (2003)"
TARIFF = "发改价格[2003]2322号"
RELIEF = "财综[2004]8号"
TWO_LINES = "德办发(2004)39号"


class FeeSettled(Concerning):
    """The fee of the application was taken or waived already."""

    code = "fee-settled"
    law = FEES
    remedy = "Nothing more is due; a fee taken wrongly is given back first (RefundFee)."


class NothingTaken(Concerning):
    """No fee was taken for the application."""

    code = "nothing-taken"
    law = FEES
    remedy = "Only what was taken is given back."


class NoTariff(Concerning):
    """The schedule has no fee for such a card on that day."""

    code = "no-tariff"
    law = TARIFF
    remedy = "Take nothing; ask whoever keeps the schedule."


class NotTheTariff(Concerning):
    """The amount is not the one of the schedule."""

    code = "not-the-tariff"
    law = TARIFF
    remedy = "Take the amount of the schedule, no more and no less; nought is waived (WaiveFee)."


class FeeIsDue(Concerning):
    """A fee is due and is not waived."""

    code = "fee-due"
    law = FEES
    remedy = "Take the fee of the schedule (ChargeFee), or name the relief that holds."


class ApplicationGivenUp(Concerning):
    """The application was given up, so that no fee is due."""

    code = "application-given-up"
    law = FEES
    remedy = "Take nothing; give back what was taken (RefundFee)."


class ReliefNotShown(Concerning):
    """Neither a list of that day nor a paper shows the relief."""

    code = "relief-not-shown"
    law = RELIEF
    remedy = "Name the paper of the township or street office, or take the fee of the schedule."


class ReliefNotForThis(Concerning):
    """The relief is for a card issued first or exchanged, and only where the schedule has it."""

    code = "relief-not-for-this"
    law = RELIEF
    remedy = "Take the fee of the schedule: a card lost, damaged or temporary is paid for."


class ReceiptUsed(Concerning):
    """The receipt's number stands in the book already."""

    code = "receipt-used"
    law = TWO_LINES
    remedy = "Give each receipt once; look the number up in the day's cash-book."


class BookIsClosed(Concerning):
    """The day's money was counted and its cash-book closed."""

    code = "book-closed"
    law = TWO_LINES
    remedy = "What comes in now is taken tomorrow."


class BookNotClosed(Concerning):
    """The day's money was not counted yet."""

    code = "book-open"
    law = TWO_LINES
    remedy = "Count it and close the book first (CloseCashBook)."


class CountUnfit(Concerning):
    """What was counted in a till is no sum of money."""

    code = "count-unfit"
    law = TWO_LINES
    remedy = "Count the money of the day; what was given back beyond it is shown as a difference."


class SlipUnfit(Concerning):
    """A paying-in slip names each day once, with an amount."""

    code = "slip-unfit"
    law = TWO_LINES
    remedy = "Name the days that the slip is for, and what of each was paid in."


class ListCountDiffers(Concerning):
    """A list has another number of rows than its sender says."""

    code = "list-count-differs"
    law = TWO_LINES
    remedy = "Send the whole list back and ask for it anew; rows may be missing."


class ListHasNoSuchPeople(Concerning):
    """There are no lists of people of this kind."""

    code = "list-of-no-such-people"
    law = RELIEF
    remedy = "Choose the kind that the list is about; others show a paper at the counter."


class ListOutOfTime(Concerning):
    """A list ends before it begins."""

    code = "list-out-of-time"
    law = RELIEF
    remedy = "Correct the days between which the list holds."


class NotOnTheList(Concerning):
    """The person is not on that list."""

    code = "not-on-the-list"
    law = RELIEF
    remedy = "Name the list on which the person stands."
