"""Random days at the counters of two offices, against a clerk with a pencil.

Whatever is tried, lawful or not: every fen is in one book, each fee is settled once, and what the
read model shows is what the pencil has.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

import pytest

from registry.aggregates import CashBook
from registry.commands.fees import (
    ChargeFee,
    CloseCashBook,
    DayPaid,
    RefundFee,
    RemitFees,
    WaiveFee,
)
from registry.errors import Refused
from registry.events.fees import FeeCharged, FeeRefunded
from registry.history import standing
from registry.projections.cash_books import CASH_BOOKS, class_rows, day_rows
from registry.register import Authority
from registry.values import OfficeCode, PaperNumber, ReliefKind, Text
from registry.vocabulary import Kind
from tests.scenarios.cards import STATION, accepted, ready
from tests.scenarios.town import Town

COUNTY = replace(STATION, office=OfficeCode("510603000000"), roles=frozenset({"county"}))
PEOPLE = ("wang", "li", "zhao")
DUE = {None: 2_000, "1": 0, "6": 1_000}  # fen, by the kind of relief; 1 is waived, 6 pays half


@dataclass
class Pencil:
    """What a clerk writes down: what each fee came to, each book, which are closed, receipts."""

    settled: dict[object, int] = field(default_factory=dict)  # application: fen taken
    booked: dict[tuple[str, date], list[int]] = field(default_factory=lambda: defaultdict(list))
    counted: dict[tuple[str, date], int] = field(default_factory=dict)
    paid: dict[tuple[str, date], int] = field(default_factory=lambda: defaultdict(int))
    receipts: set[tuple[str, date, str]] = field(default_factory=set)


@pytest.fixture
def counters(town: Town) -> tuple[Town, list[object]]:
    """Three applications at one station."""
    ready(town)
    return town, [accepted(town, person) for person in PEOPLE]


@pytest.mark.parametrize("seed", range(8))
def test_every_fen_is_in_one_book(counters, seed):
    town, applications = counters
    chance, pencil = Random(seed), Pencil()
    for _ in range(60):
        by = chance.choice([STATION, COUNTY])
        step = chance.choice([charge, charge, waive, refund, close, remit, sleep])
        step(town, chance, pencil, by, chance.choice(applications))
    for (office, day), lines in pencil.booked.items():
        stream = town.named(Kind.CASH_BOOK, f"{office}/{day}")
        known = town.see(CashBook, stream)
        assert known.booked_fen == sum(lines)
        assert known.counted_fen == pencil.counted.get((office, day))
        assert known.remitted_fen == pencil.paid[office, day]
        shown = None
        for entry in standing(town.timeline(stream)):
            shown = CASH_BOOKS.fold(shown, entry.event, stream)
        assert shown is not None
        (row,) = day_rows(shown).values()
        assert row[2:] == (known.booked_fen, known.counted_fen, known.remitted_fen)
        by_class = class_rows(shown).values()
        assert sum(one[7] - one[8] for one in by_class) == known.booked_fen
        assert sum(one[2] + one[4] + one[5] for one in by_class) == len(lines)
    for one in applications:
        taken = 0
        for entry in town.timeline(town.named(Kind.FEE, str(one))):
            if isinstance(entry.event, FeeCharged):
                taken += entry.event.amount_fen
            elif isinstance(entry.event, FeeRefunded):
                taken -= entry.event.amount_fen
        assert taken == pencil.settled.get(one, 0)
    assert sum(map(sum, pencil.booked.values())) == sum(pencil.settled.values())


def lawful(town: Town, command: object, by: Authority, expected: bool) -> bool:
    """Send a command, which has to be recorded exactly if the pencil says so."""
    try:
        town.do(command, by)
    except Refused:
        assert not expected, command
        return False
    assert expected, command
    return True


def charge(town: Town, chance: Random, pencil: Pencil, by: Authority, one) -> None:
    kind = chance.choice([None, None, "1", "6"])
    fen = chance.choice([DUE[kind], 2_000, 1_000, 4_000])
    receipt = f"R{chance.randint(1, 8)}"
    relief = ReliefKind(kind) if kind else None
    proof = PaperNumber("JD-1") if kind else None
    command = ChargeFee(
        application=one, amount_fen=fen, receipt=PaperNumber(receipt), relief=relief, proof=proof
    )
    book = (by.office, town.today)
    free = book not in pencil.counted and (*book, receipt) not in pencil.receipts
    if lawful(town, command, by, one not in pencil.settled and 0 < fen == DUE[kind] and free):
        pencil.settled[one] = fen
        pencil.booked[book].append(fen)
        pencil.receipts.add((*book, receipt))


def waive(town: Town, chance: Random, pencil: Pencil, by: Authority, one) -> None:
    kind = chance.choice([None, "1", "6"])
    proof = chance.choice([None, PaperNumber("JD-1")])
    command = WaiveFee(application=one, relief=ReliefKind(kind) if kind else None, proof=proof)
    book = (by.office, town.today)
    due = kind == "1" and proof is not None and one not in pencil.settled
    if lawful(town, command, by, due and book not in pencil.counted):
        pencil.settled[one] = 0
        pencil.booked[book].append(0)


def refund(town: Town, chance: Random, pencil: Pencil, by: Authority, one) -> None:
    receipt = f"T{chance.randint(1, 8)}"
    command = RefundFee(application=one, receipt=PaperNumber(receipt), grounds=Text("多收"))
    book = (by.office, town.today)
    free = book not in pencil.counted and (*book, receipt) not in pencil.receipts
    if lawful(town, command, by, pencil.settled.get(one, 0) > 0 and free):
        pencil.booked[book].append(-pencil.settled.pop(one))
        pencil.receipts.add((*book, receipt))


def close(town: Town, chance: Random, pencil: Pencil, by: Authority, one) -> None:
    book = (by.office, town.today)
    if book not in pencil.booked:
        return
    counted = max(0, sum(pencil.booked[book]) + chance.choice([0, 0, -50]))
    if lawful(town, CloseCashBook(counted_fen=counted), by, book not in pencil.counted):
        pencil.counted[book] = counted


def remit(town: Town, chance: Random, pencil: Pencil, by: Authority, one) -> None:
    known = [book for book in pencil.booked if book[0] == by.office]
    days = chance.sample(known, min(len(known), chance.randint(1, 2)))
    if not days:
        return
    paid = tuple(DayPaid(day=day, amount_fen=chance.choice([500, 2_000])) for _, day in days)
    command = RemitFees(days=paid, paper=PaperNumber("GK-1"), treasury=Text("国库"))
    if lawful(town, command, by, all(book in pencil.counted for book in days)):
        for book, one_day in zip(days, paid, strict=True):
            pencil.paid[book] += one_day.amount_fen


def sleep(town: Town, chance: Random, pencil: Pencil, by: Authority, one) -> None:
    if chance.random() < 0.5:
        town.today += timedelta(1)
