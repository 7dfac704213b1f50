"""Fees at the counter: taken, waived, given back, counted, paid in (工本费).

Nothing is taken but what the schedule has on the day of the application. Relief holds for a card
issued first or exchanged, and is shown by a list or by a paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import Application, CashBook, Fee, Relief, fee_rules, rules
from registry.card_fees import fee_classes, in_force
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import in_hand
from registry.errors import Rule
from registry.events.fees import (
    CashCounted,
    FeeBooked,
    FeeCharged,
    FeeRefunded,
    FeeWaived,
    RemittedToTreasury,
)
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    FeeClass,
    FeeId,
    OfficeCode,
    PaperNumber,
    PersonId,
    ReliefKind,
    ReliefListId,
    Text,
    WaiverBasis,
)
from registry.vocabulary import Kind

FEN = 100  # in a yuan
ISSUE = "issue"
#: States in which an application was given up.
GIVEN_UP = frozenset({"02", "98"})


@dataclass(frozen=True)
class Due:
    """What is due for an application, and why it is less than the schedule has."""

    fee_class: FeeClass
    tariff_fen: int
    amount_fen: int
    relief: ReliefKind | None = None
    relief_list: ReliefListId | None = None


@command(STATION, COUNTY)
class ChargeFee:
    """Take the fee of an application, which is the one of the schedule (收取工本费).

    relief: of people who pay half; proof: the paper of the township or street office that shows it.
    Source: 居民身份证法 art. 20 (2003); 发改价格[2003]2322号; 德办发(2004)39号 (no other charge).
    """

    application: ApplicationId
    amount_fen: int
    receipt: PaperNumber
    relief: ReliefKind | None = None
    proof: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the fee, and book it."""
        (one,) = in_hand(registrar, (self.application,))
        due = due_for(registrar, one, self.relief, self.proof)
        said = f"{self.amount_fen} fen, of the schedule {due.amount_fen}"
        fits = 0 < self.amount_fen == due.amount_fen
        registrar.refuse_if((not fits, fee_rules.NotTheTariff(said)))
        fee = fee_id(registrar, one.id)
        registrar.find(Fee, fee)
        registrar.enter(
            fee,
            FeeCharged(
                effective_on=registrar.today,
                application=one.id,
                office=registrar.authority.office,
                fee_class=due.fee_class,
                tariff_fen=due.tariff_fen,
                amount_fen=due.amount_fen,
                receipt=self.receipt,
                relief=due.relief,
                relief_list=due.relief_list,
                proof=self.proof,
            ),
        )
        book(registrar, fee, due.fee_class, due.tariff_fen, due.amount_fen, self.receipt)
        return {"fee": fee, "amount_fen": due.amount_fen}


@command(STATION, COUNTY)
class WaiveFee:
    """Take no fee for an application: the schedule has nought, or a relief holds (免收工本费).

    Source: 居民身份证法 art. 20 (2003); 财综[2004]8号.
    """

    application: ApplicationId
    relief: ReliefKind | None = None
    proof: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the waiver, and book it."""
        (one,) = in_hand(registrar, (self.application,))
        due = due_for(registrar, one, self.relief, self.proof)
        registrar.refuse_if((due.amount_fen > 0, fee_rules.FeeIsDue(f"{due.amount_fen} fen")))
        fee = fee_id(registrar, one.id)
        registrar.find(Fee, fee)
        registrar.enter(
            fee,
            FeeWaived(
                effective_on=registrar.today,
                application=one.id,
                office=registrar.authority.office,
                fee_class=due.fee_class,
                tariff_fen=due.tariff_fen,
                basis=WaiverBasis.TARIFF if due.relief is None else WaiverBasis.RELIEF,
                relief=due.relief,
                relief_list=due.relief_list,
                proof=None if due.relief is None else self.proof,
            ),
        )
        book(registrar, fee, due.fee_class, due.tariff_fen, 0, None)
        return {"fee": fee, "basis": "tariff" if due.relief is None else "relief"}


@command(STATION, COUNTY)
class RefundFee:
    """Give a fee back whole that was taken wrongly, or for nothing (退还工本费).

    Source: 居民身份证法 art. 20 (2003): no fee but the one of the schedule.
    """

    application: ApplicationId
    receipt: PaperNumber
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the giving back, and book it."""
        (one,) = in_hand(registrar, (self.application,))
        stream = fee_id(registrar, one.id)
        fee = registrar.find(Fee, stream)
        if fee is None or not fee.settled or not fee.amount_fen:
            registrar.refuse_if((True, fee_rules.NothingTaken(one.acceptance_number)))
            registrar.stop_if_refused()
        assert fee is not None, "refused above"
        registrar.enter(
            stream,
            FeeRefunded(
                effective_on=registrar.today,
                office=registrar.authority.office,
                amount_fen=fee.amount_fen,
                receipt=self.receipt,
                grounds=self.grounds,
            ),
        )
        book(registrar, stream, fee.fee_class, 0, -fee.amount_fen, self.receipt)
        return {"fee": stream, "amount_fen": fee.amount_fen}


@command(STATION, COUNTY)
class CloseCashBook:
    """Count the money of a day and close its cash-book (日结); the answer tells the difference.

    on: the day, today unless given. Source: 德办发(2004)39号: 收支两条线.
    """

    counted_fen: int
    on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what was counted."""
        stream = book_id(registrar, registrar.authority.office, self.on or registrar.today)
        known = registrar.load(CashBook, stream)
        registrar.refuse_if((self.counted_fen < 0, fee_rules.CountUnfit(self.counted_fen)))
        registrar.enter(
            stream,
            CashCounted(
                effective_on=registrar.today,
                counted_fen=self.counted_fen,
                booked_fen=known.booked_fen,
            ),
        )
        return {"cash_book": stream, "difference_fen": self.counted_fen - known.booked_fen}


@dataclass(frozen=True, kw_only=True)
class DayPaid:
    """Money of a day, and how much of it a paying-in slip is for."""

    day: date
    amount_fen: int


@command(STATION, COUNTY)
class RemitFees:
    """Pay fees of one or several days into the treasury, all of them by one slip (缴入国库).

    What differs from the books is told and stays to be seen; it does not stand in the way, since it
    has happened. Source: 德办发(2004)39号; 吉政办发〔2004〕53号: all of it to the treasury.
    """

    days: tuple[DayPaid, ...]
    paper: PaperNumber
    treasury: Text
    paid_on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what was paid in, on the book of each day."""
        paid_on = self.paid_on or registrar.today
        named = {one.day for one in self.days if one.amount_fen > 0}
        fits = len(named) == len(self.days) > 0
        registrar.refuse_if(
            (not fits, fee_rules.SlipUnfit(self.paper)),
            (paid_on > registrar.today, rules.NotYet(paid_on)),
        )
        registrar.stop_if_refused()
        office = registrar.authority.office
        streams = {one: book_id(registrar, office, one.day) for one in self.days}
        registrar.prefetch(tuple(streams.values()))
        differences = {}
        for one, stream in streams.items():
            known = registrar.load(CashBook, stream)
            differences[one.day.isoformat()] = (
                known.remitted_fen + one.amount_fen - known.booked_fen
            )
            registrar.enter(
                stream,
                RemittedToTreasury(
                    effective_on=registrar.today,
                    paid_on=paid_on,
                    amount_fen=one.amount_fen,
                    treasury=self.treasury,
                    paper=self.paper,
                ),
            )
        paid = sum(one.amount_fen for one in self.days)
        return {"paid_fen": paid, "difference_fen": differences}


def fee_id(registrar: Registrar, application: ApplicationId) -> FeeId:
    """The ledger of an application's fee."""
    return FeeId(registrar.named(Kind.FEE, str(application)))


def book_id(registrar: Registrar, office: OfficeCode, day: date) -> UUID:
    """The cash-book of an office for a day."""
    return registrar.named(Kind.CASH_BOOK, f"{office}/{day}")


def relief_id(registrar: Registrar, person: PersonId) -> UUID:
    """The ledger of the lists on which somebody stands."""
    return registrar.named(Kind.RELIEF, str(person))


def book(
    registrar: Registrar,
    fee: FeeId,
    fee_class: FeeClass,
    tariff_fen: int,
    amount_fen: int,
    receipt: PaperNumber | None,
) -> None:
    """Put what was taken, waived or given back into today's book of the officer's office."""
    office, today = registrar.authority.office, registrar.today
    stream = book_id(registrar, office, today)
    registrar.find(CashBook, stream)
    registrar.enter(
        stream,
        FeeBooked(
            effective_on=today,
            office=office,
            fee=fee,
            fee_class=fee_class,
            tariff_fen=tariff_fen,
            amount_fen=amount_fen,
            receipt=receipt,
        ),
    )


def due_for(
    registrar: Registrar,
    one: Application,
    relief: ReliefKind | None,
    proof: PaperNumber | None,
) -> Due:
    """What is due for an application, by the schedule of the day on which it was made.

    Raises Refused where nothing can be said; a relief that does not hold is noted as refused.
    """
    number = one.acceptance_number
    registrar.refuse_if((one.state in GIVEN_UP, fee_rules.ApplicationGivenUp(number)))
    classes = fee_classes(one.apply_reason, one.card_kind)
    row = in_force(classes, one.card_kind, one.applied_on)
    if row is None:
        registrar.refuse_if((True, fee_rules.NoTariff(f"{number} of {one.applied_on}")))
        registrar.stop_if_refused()
    assert row is not None, "refused above"
    tariff = int(row["amount_yuan"]) * FEN
    whole = Due(FeeClass(row["fee_class"]), tariff, tariff)
    if relief is None or not tariff:
        return whole
    less = in_force({relief.fee_class}, one.card_kind, one.applied_on)
    shown = registrar.find(Relief, relief_id(registrar, one.person))
    on = shown.on(relief, one.applied_on) if shown is not None else None
    registrar.refuse_if(*_against(row["fee_class"], less, on, proof, number))
    if less is None:
        return whole
    return Due(FeeClass(less["fee_class"]), tariff, int(less["amount_yuan"]) * FEN, relief, on)


def _against(
    fee_class: str,
    less: Mapping[str, str] | None,
    listed: ReliefListId | None,
    proof: PaperNumber | None,
    number: object,
) -> list[tuple[bool, Rule]]:
    return [
        (fee_class != ISSUE or less is None, fee_rules.ReliefNotForThis(number)),
        (listed is None and proof is None, fee_rules.ReliefNotShown(number)),
    ]
