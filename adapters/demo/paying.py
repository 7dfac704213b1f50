"""The counter: what make-believe people pay for their cards, who pays nothing, the day's books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from adapters.demo.applying import DOCUMENT, EXPIRED, Applicants
from registry.aggregates import Person
from registry.card_fees import fee
from registry.commands.cards_temporary import (
    OF_SECOND,
    ApplyForTemporaryCard,
    IssueTemporaryCard,
)
from registry.commands.fees import FEN, ChargeFee, CloseCashBook, DayPaid, RemitFees, WaiveFee
from registry.commands.relief_lists import ReceiveReliefList, ReliefRow
from registry.register import Command
from registry.values import (
    ApplicationId,
    CardKind,
    CardReason,
    PaperNumber,
    PersonId,
    ReliefKind,
    Text,
)

#: People on minimum income who are listed, and rows of their list that fit nobody.
LISTED: Final = 40
RELIEF: Final = ReliefKind("1")
STRANGERS: Final = (ReliefRow(name="synthetic", number="510683199001010011"),)
#: Of so many applicants one cannot wait, and gets a temporary card.
URGENT: Final = 50
SECOND: Final = CardKind("2")
TREASURY: Final = Text("synthetic treasury")


@dataclass
class Till:
    """A station's counter on a day: what was taken for what, in fen."""

    people: Applicants
    day: date
    taken: int = 0
    done: Counter[str] = field(default_factory=Counter)
    _receipts: int = 0

    def open(self, applications: Sequence[ApplicationId]) -> None:
        """Settle every fee of the day, hand out temporary cards, count the money and pay it in."""
        office = self.people.office
        office.clock.go_to(self.day)
        listed = self.relieved(applications)
        self.enter([self.settled(one, listed) for one in applications])
        self.temporary(applications[::URGENT])
        office.do(CloseCashBook(counted_fen=self.taken), office.station)
        office.clock.go_to(self.day + timedelta(1))
        paid = (DayPaid(day=self.day, amount_fen=self.taken),)
        slip = RemitFees(days=paid, paper=PaperNumber("synthetic-slip-1"), treasury=TREASURY)
        office.do(slip, office.station)

    def relieved(self, applications: Sequence[ApplicationId]) -> set[PersonId]:
        """Take in the list of civil affairs, and tell who is on it."""
        office, accepted = self.people.office, self.people.accepted
        found = [accepted[one] for one in applications if accepted[one].reason == EXPIRED][:LISTED]
        rows = []
        for one in found:
            person = office.see(Person, one.person)
            assert person.name is not None, "an applicant has one"
            rows.append(ReliefRow(name=person.name, number=str(person.number)))
        rows += STRANGERS
        county = self.people.story.county
        assert county is not None, "the town is made"
        command = ReceiveReliefList(
            division=county,
            relief=RELIEF,
            document=DOCUMENT,
            declared=len(rows),
            rows=tuple(rows),
            valid_from=date(self.day.year, 1, 1),
            valid_until=self.day + timedelta(365),
        )
        told = office.do(command, office.auditor)
        self.done["rows of the relief list"] = len(rows)
        self.done["rows that fit"] = told["matched"]
        return {one.person for one in found}

    def settled(self, one: ApplicationId, listed: set[PersonId]) -> Command:
        """What is due for an application by the schedule of the day: taken, or waived."""
        person, reason = self.people.accepted[one]
        amount = self.tariff(reason, SECOND)
        if not amount:
            self.done["free by the schedule"] += 1
            return WaiveFee(application=one)
        if person in listed:
            self.done["free by relief"] += 1
            return WaiveFee(application=one, relief=RELIEF)
        self.done[f"at {amount // FEN} yuan"] += 1
        return self.charge(one, amount)

    def tariff(self, reason: CardReason | None, kind: CardKind) -> int:
        """The fee of the schedule, in fen."""
        yuan = fee(reason, kind, self.day)
        assert yuan is not None, "every reason has a fee"
        return yuan * FEN

    def charge(self, one: ApplicationId, amount: int) -> Command:
        """Take a fee against the next receipt."""
        self._receipts += 1
        return ChargeFee(
            application=one, amount_fen=amount, receipt=PaperNumber(f"R{self._receipts:06}")
        )

    def temporary(self, urgent: Sequence[ApplicationId]) -> None:
        """Give those who cannot wait a temporary card: applied for, paid, made."""
        office, people = self.people.office, self.people
        holders = [people.accepted[one].person for one in urgent]
        told = office.do_each(
            [ApplyForTemporaryCard(person=one) for one in holders], office.station
        )
        amount = self.tariff(None, OF_SECOND)
        fees: list[Command] = []
        cards: list[Command] = []
        for number, (person, answer) in enumerate(zip(holders, told, strict=True), 1):
            if answer is None:
                continue
            one = people.temporary[person] = ApplicationId(UUID(answer["application"]))
            fees.append(self.charge(one, amount))
            printed = PaperNumber(f"T{number:06}")
            cards.append(IssueTemporaryCard(application=one, temporary_number=printed))
        self.enter(fees)
        office.do_each(cards, office.signer)
        self.done[f"temporary cards at {amount // FEN} yuan"] = len(cards)

    def enter(self, fees: Sequence[Command]) -> None:
        """Take or waive fees, and count what was taken."""
        for told in self.people.office.do_each(fees, self.people.office.station):
            assert told is not None, "what the schedule says is never refused"
            self.taken += told.get("amount_fen", 0)

    def tell(self) -> None:
        """Print the day."""
        sums = ", ".join(f"{number:,} {what}" for what, number in self.done.items())
        print(f"  fees of {self.day}: {sums}; {self.taken // FEN:,} yuan counted and paid in")
