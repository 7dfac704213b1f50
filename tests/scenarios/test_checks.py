"""Check rules at entry and in recorded checks (核对规则, 防止再生性差错).

An error is refused when it is entered, a warning is told; what was wrong before is not held against
whoever changes something else. A check that is recorded raises what is wrong and settles what is
not any more. Source: 公通字[2004]6号; Jilin plan of 2004 (吉政办发〔2004〕53号).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from registry.aggregates import Findings
from registry.commands.checks import CheckRecords
from registry.commands.details import ChangeDetails
from registry.commands.findings import RaiseFinding, SettleFinding
from registry.commands.particulars import ChangeName, CorrectSex, ReassignNumber
from registry.commands.undoing import ReverseRegistration
from registry.values import (
    ChangeCategory,
    MaritalStatus,
    Name,
    PaperNumber,
    RegisterItem,
    RuleCode,
    Settlement,
    Sex,
)
from registry.vocabulary import Kind
from tests.scenarios.test_number_cases import taken_over
from tests.scenarios.town import (
    DAUGHTER,
    DECLARANT,
    GROUNDS,
    HEAD,
    OF_SHIFANG,
    OTHER,
    SON,
    Town,
    birth,
    new,
    supplement,
)


def notices(town: Town) -> list[str]:
    return [one["code"] for one in town.told.get("notices", ())]


def open_of(town: Town, subject) -> list[str]:
    """The rules of a subject's open findings."""
    known = town.see(Findings, town.named(Kind.FINDING, str(subject)))
    return sorted(key.rule for key in known.open)


def test_a_son_who_is_a_girl_is_refused(town: Town):
    assert town.refused(birth(town, relation=SON)) == ["check-rule"]
    (rule,) = town.rules(birth(town, relation=SON))
    assert "1106" in rule.message
    assert "家庭关系与性别不符" in rule.message
    town.do(birth(town, relation=DAUGHTER))


def test_what_is_only_unlikely_is_told_and_entered(town: Town):
    told = town.do(birth(town, name=Name("雨")))
    assert notices(town) == ["check-0401"]
    assert town.person(told["person"]).name == "雨"


def test_a_child_without_the_nature_of_its_registration_is_told_until_the_reform(town: Town):
    town.do(birth(town, nature=None))
    assert notices(town) == ["check-1001"]
    town.today = date(2014, 8, 1)
    town.do(birth(town, nature=None, birth_certificate="F510002", birth_date=date(2014, 7, 31)))
    assert notices(town) == []


def test_what_was_wrong_before_is_not_held_against_another_change(town: Town):
    child = town.do(birth(town, name=Name("雨")))["person"]
    marry = ChangeDetails(person=child, marital_status=MaritalStatus("20"), declarant=DECLARANT)
    town.do(marry)
    assert notices(town) == ["check-1108"]
    category, approval = ChangeCategory("21"), PaperNumber("A1")
    renamed = {"person": child, "category": category, "approval": approval, "declarant": DECLARANT}
    town.do(ChangeName(name=Name("王小雨"), **renamed))
    assert notices(town) == []


def test_a_correction_that_contradicts_the_relation_is_told_since_that_is_put_right_next(town):
    child = town.do(birth(town))["person"]
    town.do(
        CorrectSex(
            person=child,
            corrects=1,
            sex=Sex.MALE,
            category=ChangeCategory("32"),
            approval=PaperNumber("A2"),
            declarant=DECLARANT,
        )
    )
    assert notices(town) == ["check-1106"]


def test_a_recorded_check_raises_what_is_wrong_once_and_settles_it_when_it_is_right(town: Town):
    child = town.do(birth(town, name=Name("雨"), nature=None))["person"]
    checked = CheckRecords(persons=(child,))
    assert town.do(checked) == {"raised": 2, "settled": 0, "cases": 0}
    assert open_of(town, child) == ["0401", "1001"]
    assert town.do(checked) == {"raised": 0, "settled": 0, "cases": 0}
    renamed = ChangeName(
        person=child,
        name=Name("王小雨"),
        category=ChangeCategory("21"),
        approval=PaperNumber("A1"),
        declarant=DECLARANT,
    )
    town.do(renamed)
    assert town.do(checked) == {"raised": 0, "settled": 1, "cases": 0}
    assert open_of(town, child) == ["1001"]


def test_whoever_was_found_without_a_number_is_so_until_one_is_given(town: Town):
    """As an import finds it: no rule of one record asks for a number."""
    one = taken_over(town)
    town.do(RaiseFinding(person=one, rule=RuleCode("number/missing"), item=RegisterItem("number")))
    checked = CheckRecords(persons=(one,))
    town.do(checked)
    assert "number/missing" in open_of(town, one)
    first = ReassignNumber(
        person=one,
        category=ChangeCategory("19"),
        approval=PaperNumber("A1"),
        declarant=DECLARANT,
    )
    town.do(first)
    town.do(checked)
    assert "number/missing" not in open_of(town, one)


def test_a_household_has_a_ledger_of_its_own(town: Town):
    told = town.do(CheckRecords(persons=(), households=(town.home,)))
    assert told["settled"] == 0
    assert open_of(town, town.home) == ["1202", "1206"][-told["raised"] :]


def test_whoever_shares_a_number_is_found_with_how_near_the_other_is(town: Town):
    number = town.person(town.wang).number
    made = {"household": town.farm, "number": number}
    other = town.do(supplement("汪健", Sex.MALE, number.birth_date, OTHER, **made))["person"]
    town.do(CheckRecords(persons=(other, town.wang)))
    assert "0800" in open_of(town, other)
    assert "0800" in open_of(town, town.wang)
    near = {"household": town.hut, "number": number}
    third = town.do(supplement("王健", Sex.MALE, number.birth_date, OTHER, **near))["person"]
    town.do(CheckRecords(persons=(other, town.wang, third)))
    assert "0700" in open_of(town, third)
    assert "0800" in open_of(town, other)


def test_what_was_found_of_a_birth_that_was_undone_is_settled_as_ended(town: Town):
    founded = {"new_household": new(town.gate)}
    made = town.do(supplement("丁一", Sex.MALE, date(1970, 3, 4), HEAD, **founded))
    wrong: dict[str, Any] = {"item": RegisterItem("sex")}
    for code in ("0405", "visit/number"):
        town.do(RaiseFinding(person=made["person"], rule=RuleCode(code), **wrong))
    town.do(RaiseFinding(household=made["household"], rule=RuleCode("1102"), **wrong))
    town.do(ReverseRegistration(person=made["person"], version=1, grounds=GROUNDS))
    check = CheckRecords(persons=(made["person"], town.wang), households=(made["household"],))
    assert town.do(check)["settled"] == 2
    assert open_of(town, made["household"]) == []
    assert open_of(town, made["person"]) == ["visit/number"], "what an officer found is his"
    said = {**wrong, "rule": RuleCode("visit/number"), "settlement": Settlement("corrected")}
    settle = SettleFinding(person=made["person"], **said, grounds=GROUNDS)
    assert town.refused(settle, by=OF_SHIFANG) == ["outside-area"]
    town.do(settle)
    assert open_of(town, made["person"]) == []
