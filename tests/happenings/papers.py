"""What happens to numbers, their cases, permits and the cash-book."""

from __future__ import annotations

from random import Random
from typing import Any

from registry.events import fees, numbers, papers
from registry.values import (
    BookId,
    CommunityId,
    DivisionCode,
    FeeClass,
    FeeId,
    NumberFaultKind,
    NumberId,
    OfficeCode,
    PaperNumber,
    PersonId,
    ReliefKind,
    Text,
)
from tests.happenings.log import NAMES, Log, number, some


def change_number(chance: Random, log: Log) -> None:
    """Somebody is given a number, is found to hold it, or ceases to."""
    sequence = chance.choice([11, 12])
    stream = log.id("number", sequence)
    holder = PersonId(some(chance, log, "person", log.people))
    told: dict[str, Any] = {"effective_on": log.today, "person": holder}
    match chance.choice(["give", "record", "end", "resume"]):
        case "give":
            book = BookId(log.id("book", 1))
            log.add(stream, numbers.NumberGiven(**told, book=book, number=number(sequence)))
        case "record":
            log.add(stream, numbers.NumberRecorded(**told, number=number(sequence)))
        case "end":
            log.add(stream, numbers.HoldingEnded(**told, business=107))
        case "resume":
            log.add(stream, numbers.HoldingResumed(**told, business=112))


def change_case(chance: Random, log: Log) -> None:
    """A number case is opened, grows or is closed."""
    stream = log.id("case", 1)
    someone = PersonId(some(chance, log, "person", log.people))
    match chance.choice(["open", "add", "close"]):
        case "open":
            log.add(
                stream,
                numbers.NumberCaseOpened(
                    effective_on=log.today,
                    fault=NumberFaultKind.DUPLICATE,
                    number=NumberId(log.id("number", 11)),
                    parties=(someone,),
                ),
            )
        case "add":
            log.add(stream, numbers.PartyAdded(effective_on=log.today, person=someone))
        case "close":
            log.add(
                stream,
                numbers.NumberCaseClosed(effective_on=log.today, keeper=None, grounds=Text("结案")),
            )


def change_paper(chance: Random, log: Log) -> None:
    """A permit is issued, used or withdrawn."""
    stream = log.id("permit", chance.randint(1, 2))
    someone = PersonId(some(chance, log, "person", log.people))
    match chance.choice(["issue", "use", "void"]):
        case "issue":
            log.add(
                stream,
                papers.PermitIssued(
                    effective_on=log.today,
                    issued_on=log.today,
                    permit_number=PaperNumber("A1"),
                    persons=(someone,),
                    community=CommunityId(log.id("community", 1)),
                    doorplate=None,
                    origin=None,
                    valid_days=40,
                    declarant=NAMES[0],
                ),
            )
        case "use":
            log.add(stream, papers.PermitConsumed(effective_on=log.today, person=someone))
        case "void":
            log.add(stream, papers.PermitVoided(effective_on=log.today, grounds=Text("作废")))


def keep_book(chance: Random, log: Log) -> None:
    """A fee is booked in today's cash-book, or the money of a day is counted and paid in."""
    office = OfficeCode("510104001000")
    stream = log.id("cash-book", log.today.toordinal())
    told: dict[str, Any] = {"effective_on": log.today}
    match chance.choice(["book", "book", "book", "count", "pay", "list"]):
        case "book":
            log.add(
                stream,
                fees.FeeBooked(
                    **told,
                    office=office,
                    fee=FeeId(log.id("fee", chance.randint(1, 9))),
                    fee_class=FeeClass(chance.choice(["issue", "lost", "reduced"])),
                    tariff_fen=chance.choice([2_000, 4_000]),
                    amount_fen=chance.choice([0, 1_000, 2_000, -2_000]),
                    receipt=PaperNumber(f"R{chance.randint(1, 99)}"),
                ),
            )
        case "count":
            counted: dict[str, Any] = {"counted_fen": 2_000, "booked_fen": 2_000}
            log.add(stream, fees.CashCounted(**told, **counted))
        case "pay":
            told |= {"treasury": Text("国库"), "paper": PaperNumber("G1"), "amount_fen": 2_000}
            log.add(stream, fees.RemittedToTreasury(**told, paid_on=log.today))
        case "list":
            told |= {"relief": ReliefKind("1"), "county": DivisionCode("510104"), "document": "民"}
            counts = {"declared": 3, "matched": 2, "unmatched": 1, "granted": 2}
            days = {"valid_from": log.today, "valid_until": log.today}
            told |= counts | days
            log.add(log.id("relief-list", log.today.toordinal()), fees.ReliefListReceived(**told))
