"""Number cases (重号, 错号, 漏编): evidence, proposal, notice, list, decision, new number, proof.

The register says what speaks for whom and what a change would touch; one officer proposes, another
decides on the list as it stands. Whoever has an open case gets no card. The old number stays known
and was valid at its time. Source: 公通字[2004]6号; Deyang plan of 2004 (德办发(2004)39号).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

import pytest

from registry.aggregates import Findings, Household, Number, NumberCase
from registry.card_terms import CardSetting, SharedNumber
from registry.commands.cards_fitness import dispute
from registry.commands.case_evidence import proposal
from registry.commands.cases import (
    CloseNumberCase,
    DecideNumberCase,
    ListNumberChange,
    NotifyParty,
    NumberChange,
    OpenNumberCase,
    ProposeKeeper,
)
from registry.commands.checks import CheckRecords
from registry.commands.findings import RaiseFinding
from registry.commands.particulars import ChangeName, ReassignNumber
from registry.commands.registration_cases import MergeRecords, SuspectDouble
from registry.commands.undoing import RestoreRegistration
from registry.commands.vital import RegisterDeath
from registry.events.household import Member, MembersChanged
from registry.events.person import PersonImported
from registry.memory import History
from registry.register import Setting, Submission
from registry.registrar import Missing, Registrar
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    DuplicateResolution,
    KeeperReason,
    Name,
    NumberFaultKind,
    Officer,
    OutKind,
    PaperNumber,
    RegisterItem,
    RuleCode,
    Sex,
    check_character,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import issued, ready
from tests.scenarios.test_migration import out, settle
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    GROUNDS,
    HAN,
    JINGYANG,
    OF_SHIFANG,
    OTHER,
    SETTLED,
    Town,
    supplement,
)

SECOND_OFFICER = replace(CHIEF, officer=Officer("罗审批"))
PAPER = PaperNumber("C1")
PARTIES_AGREED = KeeperReason("50")
SHARED_IN_CITY = "0800"


@dataclass(frozen=True)
class TakeOver:
    """Somebody taken over from the old system, with whatever stood in the place of a number."""

    ROLES: ClassVar[frozenset[str]] = frozenset({"station"})
    household: Any
    community: Any
    number: CitizenNumber | None = None
    as_found: str | None = None

    def execute(self, registrar: Any) -> dict[str, Any]:
        person = registrar.new_id()
        event = PersonImported(
            effective_on=SETTLED,
            household=self.household,
            community=self.community,
            sex=Sex.MALE,
            birth_date=date(1970, 3, 4),
            nationality=HAN,
            name=Name("丁一"),
            number=self.number,
            number_as_found=self.as_found,
            source="old",
            batch="1",
        )
        registrar.enter(person, event)
        house = registrar.load(Household, self.household)
        joined = (Member(person=person, relation=OTHER),)
        registrar.enter(
            self.household,
            MembersChanged(effective_on=SETTLED, business=100, joined=joined, head=house.head),
        )
        return {"person": person}


def taken_over(town: Town, **told) -> Any:
    home = town.household(town.home)
    return town.do(TakeOver(town.home, home.community, **told))["person"]


def shared(town: Town, **told) -> tuple[Any, Any, Any]:
    """Wang's number, somebody in 什邡 who holds it too, and the case."""
    number = town.person(town.wang).number
    made = {"household": town.farm, "number": number, **told}
    other = town.do(supplement("汪健", Sex.MALE, number.birth_date, OTHER, **made))["person"]
    return number, other, town.named(Kind.CASE, f"duplicate/{number}")


def told_all(town: Town, case) -> None:
    for party in sorted(town.see(NumberCase, case).parties):
        town.do(NotifyParty(case=case, person=party, document=PAPER))


def change(person, station=None) -> NumberChange:
    return NumberChange(
        person=person, station=station, proof=PaperNumber("Z1"), declarant=DECLARANT
    )


def drawn_at(town: Town, person) -> Any:
    """Who is registered in 什邡 has a number of its stations."""
    return OF_SHIFANG.office if town.person(person).household == town.farm else None


def decide(town: Town, case, keeper, *people, **told) -> DecideNumberCase:
    """A decision on the list as it is now."""
    digest = town.do(ListNumberChange(case=case, changed=people))["digest"]
    said = {
        "keeper": keeper,
        "changes": tuple(change(one, drawn_at(town, one)) for one in people),
        "touched": digest,
        "document": PaperNumber("A1"),
        "grounds": GROUNDS,
    }
    return DecideNumberCase(case=case, **{**said, **told})


def test_one_case_of_a_shared_number_from_its_opening_to_its_end(town: Town):
    number, other, case = shared(town)
    proposed = town.do(ProposeKeeper(case=case))
    assert (str(proposed["keeper"]), proposed["reason"]) == (str(town.wang), "20")
    told_all(town, case)
    told = town.do(decide(town, case, town.wang, other), SECOND_OFFICER)
    new = told["numbers"][str(other)]
    assert new != number
    assert town.person(other).number == new
    closed = town.see(NumberCase, case)
    assert (closed.open, closed.keeper, closed.papers) == (False, town.wang, {other: "Z1"})
    held = town.see(Number, town.named(Kind.NUMBER, number))
    assert (held.held_by, set(held.holders)) == ((town.wang,), {town.wang, other})
    assert town.person(other, SETTLED).number == number  # valid at its time


def test_the_evidence_for_each_party_is_recorded_with_the_proposal(town: Town):
    _, _other, case = shared(town)
    town.do(ProposeKeeper(case=case))
    (proposal,) = [
        entry.event
        for entry in town.timeline(case)
        if type(entry.event).__name__ == "KeeperProposed"
    ]
    parties = sorted(town.see(NumberCase, case).parties)
    evidence = dict(zip(parties, proposal.evidence, strict=True))
    assert evidence[town.wang].split() == ["10", "20", "30"]


def test_an_officer_who_knows_better_proposes_another_and_says_why(town: Town):
    _, other, case = shared(town)
    assert town.refused(ProposeKeeper(case=case, keeper=other)) == ["reason-needed"]
    assert town.refused(ProposeKeeper(case=case, keeper=town.zhao, reason=PARTIES_AGREED)) == [
        "not-party"
    ]
    town.do(ProposeKeeper(case=case, keeper=other, reason=PARTIES_AGREED))
    assert town.see(NumberCase, case).proposed == other


def test_where_nothing_tells_the_holders_apart_the_register_proposes_nobody(town: Town):
    one, other = town.wang, town.zhao
    reasons = tuple(KeeperReason(code) for code in ("10", "40"))
    assert proposal({one: reasons, other: reasons}) is None
    assert proposal({one: reasons, other: reasons[:1]}) == (one, "40")
    assert proposal({one: (), other: reasons[:1]}) == (other, "10")
    case = missing(town, taken_over(town))
    assert town.refused(ProposeKeeper(case=case)) == ["not-shared"]


def wrong_end(digits: str) -> str:
    """A last character that those digits have not."""
    return "1" if check_character(digits) == "0" else "0"


def missing(town: Town, person) -> Any:
    return town.do(OpenNumberCase(person=person))["case"]


def test_a_decision_needs_a_proposal_notices_and_a_second_officer(town: Town):
    _, other, case = shared(town)
    decision = decide(town, case, town.wang, other)
    assert town.refused(decision) == [
        "keeper-not-proposed",
        "party-not-told",
    ]
    town.do(ProposeKeeper(case=case))
    told_all(town, case)
    decision = decide(town, case, town.wang, other)
    assert town.refused(decision) == ["proposed-by-the-same"]
    assert town.refused(decide(town, case, other, other), SECOND_OFFICER) == ["nobody-changes"]
    assert town.refused(replace(decision, changes=()), SECOND_OFFICER) == ["nobody-changes"]
    assert town.refused(replace(decision, changes=(change(town.zhao),)), SECOND_OFFICER) == [
        "not-party"
    ]
    town.do(decision, SECOND_OFFICER)
    assert "case-closed" in town.refused(decision, SECOND_OFFICER)


def test_a_party_that_comes_later_has_the_case_proposed_anew(town: Town):
    number, other, case = shared(town)
    town.do(ProposeKeeper(case=case))
    told_all(town, case)
    made = {"household": town.hut, "number": number}
    town.do(supplement("王健", Sex.MALE, number.birth_date, OTHER, **made))
    assert "keeper-not-proposed" in town.refused(
        decide(town, case, town.wang, other), SECOND_OFFICER
    )


def test_what_a_change_touches_is_listed_and_a_stale_list_is_refused(town: Town):
    _, other, case = shared(town)
    told = town.do(ListNumberChange(case=case, changed=(other,)))
    assert [line["what"] for line in told["touched"]] == ["case", "person", "number given up"]
    town.do(ProposeKeeper(case=case))
    told_all(town, case)
    decision = decide(town, case, town.wang, other)
    renamed = ChangeName(
        person=other,
        name=Name("汪建"),
        category=ChangeCategory("21"),
        approval=PaperNumber("A2"),
        declarant=DECLARANT,
    )
    town.do(renamed, replace(OF_SHIFANG, area=None))
    assert town.refused(decision, SECOND_OFFICER) == ["listing-stale"]
    town.do(decide(town, case, town.wang, other), SECOND_OFFICER)


def test_what_was_found_about_the_numbers_is_settled_with_the_decision(town: Town):
    """Of whoever keeps the number the rule is kept again; whoever has another is corrected."""
    _, other, case = shared(town)
    town.do(CheckRecords(persons=(town.wang, other)))
    town.do(RaiseFinding(person=other, rule=RuleCode("0405"), item=RegisterItem("sex")))
    noted: dict[str, Any] = {"rule": RuleCode("visit/number"), "item": RegisterItem("number")}
    town.do(RaiseFinding(person=town.wang, **noted, as_found="户口簿上是另一个号码"))

    def ledger(person) -> dict[str, str | None]:
        known = town.see(Findings, town.named(Kind.FINDING, str(person)))
        return {str(key.rule): one.settlement for key, one in known.findings.items()}

    assert {code for code, how in ledger(town.wang).items() if how is None} >= {SHARED_IN_CITY}
    assert ledger(other)[SHARED_IN_CITY] is None
    town.do(ProposeKeeper(case=case, keeper=town.wang, reason=PARTIES_AGREED))
    told_all(town, case)
    listed = town.do(ListNumberChange(case=case, changed=(other,)))["touched"]
    assert [line["what"] for line in listed].count("findings about the number") == 2
    town.do(decide(town, case, town.wang, other), SECOND_OFFICER)
    assert ledger(town.wang)[SHARED_IN_CITY] == "gone"
    assert ledger(other)[SHARED_IN_CITY] == "corrected"
    assert ledger(other)["0405"] is None, "of the sex nothing was decided"
    assert ledger(town.wang)["visit/number"] is None, "what an officer noted is his to settle"


def test_a_list_enters_nothing(town: Town):
    _, other, case = shared(town)
    before = len(town.timeline(case))
    assert town.submit(ListNumberChange(case=case, changed=(other,))).count == 0
    assert len(town.timeline(case)) == before
    assert town.refused(ListNumberChange(case=case, changed=(town.zhao,))) == ["not-party"]


def test_a_card_with_the_number_given_up_is_called_in(town: Town):
    ready(town)
    application = issued(town)
    _, other, case = shared(town)
    town.do(ProposeKeeper(case=case, keeper=other, reason=PARTIES_AGREED))
    told_all(town, case)
    decision = decide(town, case, other, town.wang)
    assert "card" in [
        line["what"]
        for line in town.do(ListNumberChange(case=case, changed=(town.wang,)))["touched"]
    ]
    town.do(decision, SECOND_OFFICER)
    assert town.see(NumberCase, case).called_in == {application}


def test_a_wrong_number_as_found_has_a_case_and_ends_with_a_right_one(town: Town):
    person = taken_over(town, as_found="51060319700304001" + wrong_end("51060319700304001"))
    case = town.do(OpenNumberCase(person=person))["case"]
    known = town.see(NumberCase, case)
    assert (known.fault, known.number) == (NumberFaultKind.WRONG, None)
    assert known.wrong == ("check-character",)
    told = town.do(decide(town, case, None, person))
    number = CitizenNumber(told["numbers"][str(person)])
    assert (number.birth_date, number.sex) == (date(1970, 3, 4), Sex.MALE)
    assert not town.see(NumberCase, case).open
    assert town.person(person, SETTLED).number is None
    assert town.refused(OpenNumberCase(person=person)) == ["number-right"]


def test_a_number_that_contradicts_the_holder_is_a_wrong_one(town: Town):
    number = CitizenNumber.compose(JINGYANG, date(1970, 3, 5), 2)
    person = taken_over(town, number=number)
    case = town.do(OpenNumberCase(person=person))["case"]
    assert town.see(NumberCase, case).wrong == ("1110", "1111")


def test_a_missing_number_is_drawn_from_the_sequence_register(town: Town):
    person = taken_over(town)
    case = town.do(OpenNumberCase(person=person))["case"]
    assert town.see(NumberCase, case).fault is NumberFaultKind.MISSING
    early = CloseNumberCase(case=case, grounds=GROUNDS)
    assert town.refused(early) == ["still-faulty"]
    assert town.do(OpenNumberCase(person=person))["case"] == case  # open already
    told = town.do(decide(town, case, None, person))
    assert told["numbers"][str(person)][:6] == JINGYANG


def test_a_case_whose_fault_another_business_ended_is_only_closed(town: Town):
    person = taken_over(town)
    case = missing(town, person)
    given = ReassignNumber(
        person=person,
        category=ChangeCategory("19"),
        approval=PaperNumber("A1"),
        declarant=DECLARANT,
    )
    town.do(given)
    town.do(CloseNumberCase(case=case, grounds=GROUNDS))
    assert not town.see(NumberCase, case).open


def test_a_shared_number_is_cleared_by_a_death_and_the_resolution_says_so(town: Town):
    _, other, case = shared(town)
    died = RegisterDeath(person=other, died_on=date(2007, 5, 20), declarant=DECLARANT)
    town.do(died, replace(OF_SHIFANG, area=None))
    ended = CloseNumberCase(
        case=case, keeper=town.wang, resolution=DuplicateResolution("6"), grounds=GROUNDS
    )
    town.do(ended)
    assert town.see(NumberCase, case).resolution == "6"
    told = replace(town.register.setting, cards=CardSetting())
    assert allowed(town, told, town.wang)  # the dead hold nothing back


def test_a_case_that_a_death_cleared_is_open_again_when_the_death_proves_wrong(town: Town):
    _, other, case = shared(town)
    elsewhere = replace(OF_SHIFANG, area=None)
    died = RegisterDeath(person=other, died_on=date(2007, 5, 20), declarant=DECLARANT)
    town.do(died, elsewhere)
    town.do(CloseNumberCase(case=case, keeper=town.wang, grounds=GROUNDS))
    assert not town.see(NumberCase, case).open
    version = len(town.timeline(other))
    town.do(RestoreRegistration(person=other, version=version, grounds=GROUNDS), elsewhere)
    again = town.see(NumberCase, case)
    assert (again.open, again.parties) == (True, {town.wang, other})


def test_only_the_living_keep_a_number_or_are_given_another(town: Town):
    _, other, case = shared(town)
    town.do(ProposeKeeper(case=case, keeper=other, reason=PARTIES_AGREED))
    told_all(town, case)
    died = RegisterDeath(person=other, died_on=date(2007, 5, 20), declarant=DECLARANT)
    town.do(died, replace(OF_SHIFANG, area=None))
    kept_by_the_dead = decide(town, case, other, town.wang)
    assert town.refused(kept_by_the_dead, SECOND_OFFICER) == ["already-deceased"]
    assert "already-deceased" in town.refused(decide(town, case, None, other), SECOND_OFFICER)


def test_records_that_were_merged_and_parted_again_share_the_number_in_an_open_case(town: Town):
    _, other, case = shared(town)
    told: dict[str, Any] = {"document": PAPER, "grounds": GROUNDS}
    double = town.do(SuspectDouble(one=town.wang, other=other, grounds=GROUNDS))["case"]
    merged = MergeRecords(case=double, kept=town.wang, ended=other, **told)
    town.do(merged, replace(OF_SHIFANG, area=None))
    cancelled = DuplicateResolution("8")
    town.do(CloseNumberCase(case=case, keeper=town.wang, resolution=cancelled, grounds=GROUNDS))
    setting = replace(town.register.setting, cards=CardSetting())
    assert allowed(town, setting, town.wang)
    (deleted,) = [
        one.version for one in town.timeline(other) if type(one.event).__name__ == "RecordDeleted"
    ]
    parted = RestoreRegistration(person=other, version=deleted, grounds=GROUNDS)
    town.do(parted, replace(OF_SHIFANG, area=None))
    assert town.see(NumberCase, case).open
    assert not allowed(town, setting, town.wang)


@pytest.mark.parametrize("code", ["3", "4"])
def test_who_has_moved_out_clears_a_shared_number_until_settling_here_again(town: Town, code):
    number, other, case = shared(town)
    ended = CloseNumberCase(
        case=case, keeper=town.wang, resolution=DuplicateResolution(code), grounds=GROUNDS
    )
    assert set(town.refused(ended)) == {"still-held", "resolution-unfit"}
    chief = replace(OF_SHIFANG, area=None)
    town.do(out(other, on=None), chief)
    assert town.refused(replace(ended, resolution=DuplicateResolution("6"))) == ["resolution-unfit"]
    assert "resolution-unfit" in town.refused(replace(ended, resolution=DuplicateResolution("0")))
    town.do(ended)
    ledger = town.named(Kind.NUMBER, number)
    assert town.see(Number, ledger).held_by == (town.wang,)
    assert set(town.see(Number, ledger).holders) == {town.wang, other}
    town.do(CheckRecords(persons=(town.wang,)))
    found = town.look(Findings, town.named(Kind.FINDING, str(town.wang)))
    assert not {key.rule for key in (found.open if found else ())} & {"0700", "0800", "0900"}
    town.do(settle(town, other), chief)
    again = town.see(NumberCase, case)
    assert (again.open, again.parties) == (True, {town.wang, other})
    assert set(town.see(Number, ledger).held_by) == {town.wang, other}


def test_a_soldier_who_holds_a_shared_number_keeps_its_case_open(town: Town):
    number, other, case = shared(town)
    chief = replace(OF_SHIFANG, area=None)
    called_up = {"out_kind": OutKind("3"), "certificate_number": None, "on": None}
    town.do(out(other, **called_up), chief)
    ended = CloseNumberCase(
        case=case, keeper=town.wang, resolution=DuplicateResolution("4"), grounds=GROUNDS
    )
    assert set(town.refused(ended)) == {"still-held", "resolution-unfit"}
    # The other way round it is Wang who has not left: nobody clears the number by being a soldier.
    assert "resolution-unfit" in town.refused(replace(ended, keeper=other))
    town.do(ProposeKeeper(case=case, keeper=town.wang, reason=PARTIES_AGREED))
    told_all(town, case)
    town.do(
        decide(town, case, town.wang, other, **{"changes": (change(other, chief.office),)}),
        SECOND_OFFICER,
    )
    ledger = town.see(Number, town.named(Kind.NUMBER, number))
    assert ledger.held_by == (town.wang,)
    assert town.person(other).number != number


def test_a_recorded_check_opens_the_case_of_a_wrong_number(town: Town):
    person = taken_over(town, as_found="5106")
    assert town.do(CheckRecords(persons=(person,)))["cases"] == 1
    assert town.do(CheckRecords(persons=(person,)))["cases"] == 0


@pytest.mark.parametrize(
    ("setting", "first", "later"),
    [
        (SharedNumber.NEITHER, False, False),
        (SharedNumber.BOTH, True, True),
        (SharedNumber.FIRST, True, False),
    ],
)
def test_holders_of_a_shared_number_are_barred_from_cards_as_the_province_has_set(
    town: Town, setting, first, later
):
    _, other, _ = shared(town)
    cards = replace(CardSetting(), shared_number=setting)
    told = replace(town.register.setting, cards=cards)
    assert [allowed(town, told, one) for one in (town.wang, other)] == [first, later]


def allowed(town: Town, setting: Setting, person) -> bool:
    """Whether nothing about the number stands before a card."""
    histories: dict[UUID, History] = {}
    sent = Submission(UUID(int=1), CHIEF, ListNumberChange(case=person, changed=()))
    while True:
        desk = Registrar(histories, sent, town.clock(), setting, lambda number: UUID(int=number))
        try:
            return dispute(desk, town.person(person)) is None
        except Missing as lacking:
            for stream in lacking.streams:
                histories[stream] = History(town.register.history(stream))
