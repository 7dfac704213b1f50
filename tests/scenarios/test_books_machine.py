"""Whatever clerks and imports do with numbers, in whatever order, the books stay clean or a case
is open.

No two people who live here hold one number outside an open case; whoever held a number is found
under it for ever, and at every position the number's ledger names who had it; whoever has an open
case or an open error passes no gate of a card, and whoever has none is not held up by one. Extracts
of an older system come whole, in pieces and twice, with numbers that others hold, with wrong ones
and with none; people are corrected and checked, leave and settle again, die, are merged and parted.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from adapters.bulk import Importer
from registry.aggregates import Findings, Life, Number, NumberCase, Person
from registry.card_terms import CardSetting
from registry.commands.cards_fitness import gates
from registry.commands.cases import (
    CloseNumberCase,
    DecideNumberCase,
    ListNumberChange,
    NotifyParty,
    OpenNumberCase,
    ProposeKeeper,
)
from registry.commands.checks import CheckRecords
from registry.commands.extract import PERSONS, Batch
from registry.commands.findings import SettleFinding
from registry.commands.migration import MoveIn, MoveOut
from registry.commands.particulars import CorrectSex, ReassignNumber, RecordNumber
from registry.commands.relocation import Mover
from registry.commands.undoing import RestoreRegistration
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.errors import RegistryError
from registry.history import effective
from registry.memory import History
from registry.register import Submission
from registry.registrar import Missing, Registrar
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    DuplicateResolution,
    KeeperReason,
    NumberFaultKind,
    OutKind,
    PaperNumber,
    Settlement,
    Sex,
)
from registry.vocabulary import Kind
from tests.scenarios.machines import InTown, drive
from tests.scenarios.moulds import Mould
from tests.scenarios.test_number_cases import PAPER, SECOND_OFFICER, change
from tests.scenarios.town import (
    APPROVAL,
    CHIEF,
    DECLARANT,
    GROUNDS,
    JINGYANG,
    NAMESPACE,
    OTHER,
    SETTLED,
    Town,
)

BORN = date(1970, 3, 4)
#: Numbers that sequence registers give next, and one that none of them has.
NUMBERS = [str(CitizenNumber.compose(JINGYANG, BORN, code)) for code in (1, 3, 901)]
#: What an older system has in the place of a number: nothing, half a number, a slip of the pen.
WRONG = ["", "5106", NUMBERS[2][:17] + "?"]
APPROVED: dict[str, Any] = {"approval": PAPER, "declarant": DECLARANT}
#: What a card's gates say of a fault of the person.
FAULTY = {"findings-open", "number-in-dispute"}
Row = tuple[str, int, bool]  # number, sex, whether the key came before

which = st.integers(0, 30)
rows = st.lists(
    st.tuples(st.sampled_from(NUMBERS * 2 + WRONG), st.sampled_from([1, 1, 1, 2]), st.booleans()),
    min_size=1,
    max_size=3,
)


class Clerks(InTown):
    """Clerks who do anything to a few people with a few numbers, and extracts that bring more."""

    def __init__(self) -> None:
        super().__init__()
        self.people: list[Any] = []
        self.held: dict[str, set[Any]] = {}  # by number: who ever held it
        self.keys: dict[str, Any] = {}  # of the older system, and who each is
        self.batches = 0
        self.import_("whole", [(NUMBERS[0], 1, False), (NUMBERS[0], 1, False)])

    def somebody(self, place: int) -> Any:
        return self.people[place % len(self.people)]

    def cases(self) -> dict[Any, NumberCase]:
        """Every case that is open."""
        streams = {self.town.named(Kind.CASE, f"duplicate/{number}") for number in self.held}
        for kind in (NumberFaultKind.WRONG, NumberFaultKind.MISSING):
            streams |= {self.town.named(Kind.CASE, f"{kind}/{one}") for one in self.people}
        found = {one: self.town.look(NumberCase, one) for one in streams}
        return {one: case for one, case in found.items() if case is not None and case.open}

    def case(self, place: int) -> tuple[Any, NumberCase] | None:
        cases = sorted(self.cases().items())
        return cases[place % len(cases)] if cases else None

    def do(self, command: Any, by: Any = CHIEF) -> dict[str, Any]:
        """Record a command; what is refused is not done."""
        with suppress(RegistryError):
            return self.town.do(command, by)
        return {}

    def hold(self, number: str, person: Any) -> None:
        self.held.setdefault(number, set()).add(person)

    # --- what comes from outside

    @rule(how=st.sampled_from(["whole", "twice", "pieces"]), told=rows)
    def an_extract_comes(self, how: str, told: list[Row]) -> None:
        self.import_(how, told)

    def import_(self, how: str, told: Sequence[Row]) -> None:
        """Load an extract: as one, in chunks and the whole once more, or as several extracts."""
        parts = [[one] for one in told] if how == "pieces" else [told]
        for part in parts:
            self.batches += 1
            folder, new = self.extract(part)
            for _ in range(2 if how == "twice" else 1):
                head = self.town.register.store.head()
                self.load(folder, 1 if how == "twice" else 20_000)
            assert how != "twice" or self.town.register.store.head() == head
            for key, person, number in new:
                self.keys[key] = person
                self.people.append(person)
                if number in NUMBERS:
                    self.hold(number, person)

    def extract(self, told: Sequence[Row]) -> tuple[Path, list[tuple[str, Any, str]]]:
        """Write an extract, each person in a household of one; says who of them are new."""
        folder = self.folder / f"{self.town.path.stem}-{self.batches}"
        folder.mkdir()
        batch = Batch("old", f"b{self.batches}", SETTLED, self.town.today, NAMESPACE)
        houses, persons, new = [], [], []
        for place, (number, sex, again) in enumerate(told):
            known = again and self.keys
            key = sorted(self.keys)[0] if known else f"{self.batches}-{place}"
            houses.append((f"H{self.batches}-{place}", 700 + place, self.town.gate))
            persons.append((key, houses[-1][0], "02", "丁一", sex, BORN, number, "01"))
            if not known:
                new.append((key, batch.stream(PERSONS, key), number))
        for table, heads, lines in (
            ("households", "key number doorplate_key", houses),
            (
                "persons",
                "key household_key relation name sex birth_date number nationality",
                persons,
            ),
        ):
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([heads.split(), *lines])
        return folder, new

    def load(self, folder: Path, chunk_rows: int) -> None:
        register = self.town.register
        with Importer(
            register.store,  # type: ignore[arg-type]  # it is a Recorder
            register.setting,
            clock=self.town.clock,
            salt=lambda: bytes(16),
            workers=0,
            chunk_rows=chunk_rows,
        ) as importer:
            importer.load(folder, "old", f"b{self.batches}", SETTLED, CHIEF)

    @rule(who=which, number=st.sampled_from(NUMBERS))
    def a_number_is_shown_on_paper(self, who: int, number: str) -> None:
        person = self.somebody(who)
        told = {"category": ChangeCategory("19"), **APPROVED}
        if self.do(RecordNumber(person=person, number=CitizenNumber(number), **told)):
            self.hold(number, person)

    # --- what is corrected, checked and settled

    @rule(who=which, sex=st.sampled_from(Sex))
    def a_sex_is_corrected(self, who: int, sex: Sex) -> None:
        person = self.somebody(who)
        told = CorrectSex(
            person=person, corrects=1, sex=sex, category=ChangeCategory("32"), **APPROVED
        )
        if number := self.do(told).get("number"):
            self.hold(number, person)

    @rule()
    def everybody_is_checked(self) -> None:
        self.do(CheckRecords(persons=tuple(self.people)))

    @rule(who=which)
    def a_finding_is_settled(self, who: int) -> None:
        person = self.somebody(who)
        for key in self.errors(person)[:1]:
            told = {"rule": key.rule, "item": key.item, "source": key.source}
            settled = Settlement("confirmed")
            self.do(SettleFinding(person=person, **told, settlement=settled, grounds=GROUNDS))

    @rule(who=which)
    def a_first_number_is_given(self, who: int) -> None:
        person = self.somebody(who)
        told = ReassignNumber(person=person, category=ChangeCategory("19"), **APPROVED)
        if number := self.do(told).get("number"):
            self.hold(number, person)

    # --- cases

    @rule(who=which)
    def a_case_is_opened(self, who: int) -> None:
        self.do(OpenNumberCase(person=self.somebody(who)))

    @rule(place=which, who=which, named=st.booleans())
    def a_keeper_is_proposed(self, place: int, who: int, named: bool) -> None:
        if case := self.case(place):
            told: dict[str, Any] = {"keeper": self.somebody(who), "reason": KeeperReason("50")}
            self.do(ProposeKeeper(case=case[0], **(told if named else {})))

    @rule(place=which)
    def a_case_is_decided(self, place: int) -> None:
        """Whoever does not keep the number is given another one, all parties having been told."""
        if not (found := self.case(place)):
            return
        stream, case = found
        for party in sorted(case.parties):
            self.do(NotifyParty(case=stream, person=party, document=PAPER))
        changed = tuple(sorted(case.parties - {case.proposed}))
        listed = self.do(ListNumberChange(case=stream, changed=changed))
        if not listed:
            return
        decision = DecideNumberCase(
            case=stream,
            keeper=case.proposed,
            changes=tuple(change(one) for one in changed),
            touched=listed["digest"],
            document=PaperNumber("A1"),
            grounds=GROUNDS,
        )
        for person, number in self.do(decision, SECOND_OFFICER).get("numbers", {}).items():
            self.hold(number, next(one for one in changed if str(one) == person))

    @rule(place=which, said=st.sampled_from([None, *"0123456789"]), who=st.none() | which)
    def a_case_is_closed(self, place: int, said: str | None, who: int | None) -> None:
        if found := self.case(place):
            self.do(
                CloseNumberCase(
                    case=found[0],
                    keeper=None if who is None else self.somebody(who),
                    resolution=None if said is None else DuplicateResolution(said),
                    grounds=GROUNDS,
                )
            )

    # --- what happens to people

    @rule(who=which, kind=st.sampled_from(["4", "4", "3"]))
    def somebody_leaves(self, who: int, kind: str) -> None:
        """For abroad, or as a soldier, who keeps the number."""
        gone = MoveOut(persons=(self.somebody(who),), out_kind=OutKind(kind), declarant=DECLARANT)
        self.do(gone)

    @rule(who=which)
    def somebody_settles(self, who: int) -> None:
        mover = Mover(person=self.somebody(who), relation=OTHER)
        self.do(MoveIn(movers=(mover,), household=self.town.home, declarant=DECLARANT))

    @rule(who=which)
    def somebody_dies(self, who: int) -> None:
        died = date(2007, 5, 20)
        self.do(RegisterDeath(person=self.somebody(who), died_on=died, declarant=DECLARANT))

    @rule(who=which, kept=which)
    def a_record_is_deleted(self, who: int, kept: int) -> None:
        one, other = self.somebody(who), self.somebody(kept)
        self.do(DeleteRecord(person=one, kept=other, grounds=GROUNDS, approval=APPROVAL))

    @rule(who=which)
    def what_was_entered_last_is_undone(self, who: int) -> None:
        person = self.somebody(who)
        version = len(self.town.timeline(person))
        self.do(RestoreRegistration(person=person, version=version, grounds=GROUNDS))

    # --- what must always hold

    def errors(self, person: Any) -> tuple[Any, ...]:
        ledger = self.town.look(Findings, self.town.named(Kind.FINDING, str(person)))
        return ledger.errors if ledger is not None else ()

    @invariant()
    def no_number_is_shared_outside_an_open_case(self) -> None:
        states = [self.town.person(one) for one in self.people]
        for number in self.held:
            holders = [one for one in states if keeps(one) and one.number == number]
            case = self.town.look(NumberCase, self.town.named(Kind.CASE, f"duplicate/{number}"))
            assert len(holders) < 2 or (case and case.open), (number, holders)

    def teardown(self) -> None:
        try:
            self.everybody_ever_resolves()
            self.faults_alone_bar_from_cards()
        finally:
            super().teardown()

    def everybody_ever_resolves(self) -> None:
        """At every instant who has a number and lives here is told by the number's ledger."""
        people = {one: self.town.timeline(one) for one in self.people}
        store = self.town.register.store
        ends = {stored.submission: stored.position for stored in store.page(0, store.head()[0])}
        for number, ever in self.held.items():
            ledger = self.town.timeline(self.town.named(Kind.NUMBER, number))
            known = Number.fold(ledger)
            assert known is not None
            assert set(known.holders) == ever
            for at in ends.values():
                held = Number.fold([one for one in ledger if one.position <= at])
                for one, told in people.items():
                    who = Person.fold(effective(told, None, at))
                    has = who is not None and keeps(who) and who.number == number
                    assert not has or (held and one in held.held_by), (number, at)

    def faults_alone_bar_from_cards(self) -> None:
        cases = self.cases()
        for person in self.people:
            who = self.town.person(person)
            if not who.resident:
                continue
            mine = [case for case in cases.values() if person in case.parties]
            named = {
                self.town.named(Kind.CASE, f"duplicate/{who.number}"),
                *(self.town.named(Kind.CASE, f"{kind}/{person}") for kind in NumberFaultKind),
            }
            faulty = bool(self.errors(person)) or any(case.id in named for case in mine)
            closed = closed_gates(self.town, who) & FAULTY
            assert faulty == bool(closed), (person, closed, mine, self.errors(person))


def keeps(one: Person) -> bool:
    """Whether somebody has a number to use: lives here, or serves as a soldier."""
    serves = one.community is None and one.out_kind == OutKind("3")
    return one.life is Life.LIVING and (one.community is not None or serves)


def closed_gates(town: Town, who: Person) -> set[str]:
    """The codes of the gates that are closed to somebody's card of the second generation."""
    setting = replace(town.register.setting, cards=CardSetting())
    sent = Submission(UUID(int=1), CHIEF, ListNumberChange(case=who.id, changed=()))  # type: ignore[arg-type]  # never sent
    histories: dict[UUID, History] = {}
    assert who.community is not None
    while True:
        desk = Registrar(histories, sent, town.clock(), setting, lambda number: UUID(int=number))
        try:
            return {rule.code for rule in gates(desk, who, who.community, 2, who.id)}
        except Missing as lacking:
            for stream in lacking.streams:
                histories[stream] = History(town.register.history(stream))


def test_no_order_of_imports_corrections_cases_and_decisions_shares_a_number(
    mould: Mould, tmp_path: Path
):
    drive(Clerks, mould, tmp_path, examples=12, steps=30)


@pytest.mark.long
def test_no_order_of_many_steps_shares_a_number(mould: Mould, tmp_path: Path):
    drive(Clerks, mould, tmp_path, examples=200, steps=50)
