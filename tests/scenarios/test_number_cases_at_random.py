"""Whatever clerks do with numbers, in whatever order, the books stay clean or a case is open.

No two people who live here hold one number outside an open case; whoever held a number is found
under it for ever, and at every position the number's ledger names who had it; whoever has an open
case about the number is barred from cards. People are taken over, leave and settle again, die, are
merged and parted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest

from registry.aggregates import Life, Number, NumberCase, Person
from registry.card_terms import CardSetting
from registry.commands.cases import (
    CloseNumberCase,
    DecideNumberCase,
    ListNumberChange,
    NotifyParty,
    OpenNumberCase,
    ProposeKeeper,
)
from registry.commands.migration import MoveIn, MoveOut
from registry.commands.particulars import ReassignNumber, RecordNumber
from registry.commands.relocation import Mover
from registry.commands.undoing import RestoreRegistration
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.errors import RegistryError
from registry.history import effective
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    DuplicateResolution,
    KeeperReason,
    NumberFaultKind,
    OutKind,
    PaperNumber,
)
from registry.vocabulary import Kind
from tests.scenarios.test_number_cases import (
    PAPER,
    SECOND_OFFICER,
    allowed,
    change,
    taken_over,
)
from tests.scenarios.town import APPROVAL, DECLARANT, GROUNDS, JINGYANG, OTHER, Town

BORN = date(1970, 3, 4)


class Clerks:
    """Clerks who do anything to a few people with a few numbers."""

    def __init__(self, town: Town, chance: Random) -> None:
        self.town, self.chance = town, chance
        self.numbers = [CitizenNumber.compose(JINGYANG, BORN, code) for code in (901, 903)]
        self.people: list[Any] = []
        self.held: dict[str, set[Any]] = {}  # by number: who ever held it

    def step(self) -> None:
        """Somebody does something; whatever is refused is not done."""
        deed = self.chance.choice(
            [self.take_over, self.take_over, self.record, self.open, self.propose, self.notify]
            + [self.decide] * 3
            + [self.close, self.close, self.bury, self.delete, self.restore, self.first]
            + [self.leave, self.settle]
        )
        with suppress(RegistryError, IndexError):
            deed()

    def somebody(self) -> Any:
        return self.chance.choice(self.people)

    def case(self) -> Any:
        return self.chance.choice(list(self.cases()))

    def cases(self) -> dict[Any, NumberCase]:
        """Every case that is open."""
        streams = {self.town.named(Kind.CASE, f"duplicate/{number}") for number in self.held}
        for kind in (NumberFaultKind.WRONG, NumberFaultKind.MISSING):
            streams |= {self.town.named(Kind.CASE, f"{kind}/{one}") for one in self.people}
        found = {one: self.town.look(NumberCase, one) for one in streams}
        return {one: case for one, case in found.items() if case is not None and case.open}

    def take_over(self) -> None:
        number = self.chance.choice([None, "5106", None])
        self.people.append(taken_over(self.town, as_found=number))

    def record(self) -> None:
        person, number = self.somebody(), self.chance.choice(self.numbers)
        told: dict[str, Any] = {
            "category": ChangeCategory("19"),
            "approval": PAPER,
            "declarant": DECLARANT,
        }
        self.town.do(RecordNumber(person=person, number=number, **told))
        self.held.setdefault(number, set()).add(person)

    def open(self) -> None:
        self.town.do(OpenNumberCase(person=self.somebody()))

    def propose(self) -> None:
        told: dict[str, Any] = {"keeper": self.somebody(), "reason": KeeperReason("50")}
        self.town.do(ProposeKeeper(case=self.case(), **self.chance.choice([{}, told])))

    def notify(self) -> None:
        stream = self.case()
        for party in self.cases()[stream].parties:
            self.town.do(NotifyParty(case=stream, person=party, document=PAPER))

    def decide(self) -> None:
        stream = self.case()
        case = self.cases()[stream]
        keeper = case.proposed
        changed = tuple(sorted(case.parties - {keeper}))
        digest = self.town.do(ListNumberChange(case=stream, changed=changed))["digest"]
        decision = DecideNumberCase(
            case=stream,
            keeper=keeper,
            changes=tuple(change(one) for one in changed),
            touched=digest,
            document=PaperNumber("A1"),
            grounds=GROUNDS,
        )
        for person, number in self.town.do(decision, SECOND_OFFICER)["numbers"].items():
            self.held.setdefault(number, set()).add(next(p for p in changed if str(p) == person))

    def close(self) -> None:
        said = self.chance.choice([None, *map(DuplicateResolution, "0123456789")])
        keeper = self.chance.choice([None, self.somebody()])
        self.town.do(
            CloseNumberCase(case=self.case(), keeper=keeper, resolution=said, grounds=GROUNDS)
        )

    def first(self) -> None:
        told: dict[str, Any] = {"approval": PAPER, "declarant": DECLARANT}
        person = self.somebody()
        given = self.town.do(ReassignNumber(person=person, category=ChangeCategory("19"), **told))[
            "number"
        ]
        self.held.setdefault(given, set()).add(person)

    def leave(self) -> None:
        gone = MoveOut(persons=(self.somebody(),), out_kind=OutKind("4"), declarant=DECLARANT)
        self.town.do(gone)

    def settle(self) -> None:
        mover = Mover(person=self.somebody(), relation=OTHER)
        self.town.do(MoveIn(movers=(mover,), household=self.town.home, declarant=DECLARANT))

    def restore(self) -> None:
        person = self.somebody()
        version = len(self.town.timeline(person))
        self.town.do(RestoreRegistration(person=person, version=version, grounds=GROUNDS))

    def bury(self) -> None:
        died = date(2007, 5, 20)
        self.town.do(RegisterDeath(person=self.somebody(), died_on=died, declarant=DECLARANT))

    def delete(self) -> None:
        self.town.do(
            DeleteRecord(
                person=self.somebody(), kept=self.somebody(), grounds=GROUNDS, approval=APPROVAL
            )
        )

    def check(self) -> None:
        """Hold the books against what must be so."""
        states = {one: self.town.see(Person, one) for one in self.people}
        living = {one: who for one, who in states.items() if who.life is Life.LIVING}
        cases = self.cases()
        for number, ever in self.held.items():
            holders = [one for one, who in living.items() if who.number == number and who.resident]
            case = self.town.named(Kind.CASE, f"duplicate/{number}")
            assert len(holders) < 2 or case in cases, (number, holders)
            known = self.town.see(Number, self.town.named(Kind.NUMBER, number))
            assert set(known.holders) == ever
            self.resolve(number)
        setting = replace(self.town.register.setting, cards=CardSetting())
        for case in cases.values():
            for party in case.parties & living.keys():
                about = case.fault is not NumberFaultKind.DUPLICATE
                shares = states[party].number in self.held and not about
                if about or (shares and _named(self.town, states[party]) == case.id):
                    assert not allowed(self.town, setting, party)

    def resolve(self, number: str) -> None:
        """At every position who has the number and lives here is told by its ledger."""
        ledger = self.town.register.history(self.town.named(Kind.NUMBER, number))
        people = {one: self.town.register.history(one) for one in self.people}
        for known in sorted({one.position for told in people.values() for one in told}):
            held = Number.fold([one for one in ledger if one.position <= known])
            for one, told in people.items():
                who = Person.fold(effective(told, None, known))
                has = who is not None and who.resident and who.number == number
                assert not has or (held and one in held.held_by), (number, known)


def _named(town: Town, who: Person) -> Any:
    return town.named(Kind.CASE, f"duplicate/{who.number}")


@pytest.mark.parametrize("seed", range(6))
def test_no_number_is_shared_by_the_living_outside_an_open_case(town: Town, seed):
    clerks = Clerks(town, Random(seed))
    for _ in range(100):
        clerks.step()
    clerks.check()
    assert clerks.people
