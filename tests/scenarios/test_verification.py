"""Papers, register and person agree (五源核对): one checked, one right, one entered.

At the desk the permanent-resident form, the booklet, the card and the sequence register are held
against the register item by item; at home the person is asked. What differs is a finding, which is
settled with its evidence, or gone when the papers are compared again after a correction. Nobody
with an open error, a case of the number or a record that changed since is verified.
Source: 德办发(2004)39号, Deyang; 吉政办发〔2004〕53号, Jilin; 公通字[2004]6号.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from registry import five_sources
from registry.aggregates import Doorplate, Findings, Places, RegistrationCase, Verification
from registry.commands.details import ChangeDetails
from registry.commands.findings import RaiseFinding, SettleFinding
from registry.commands.particulars import CorrectName
from registry.commands.places import AssignStation
from registry.commands.registration_cases import Unregistered
from registry.commands.verification import (
    AssignVisit,
    CheckAtDesk,
    CloseVisit,
    RecordSource,
    RecordVisit,
    VerifyPerson,
)
from registry.events.findings import FindingRaised
from registry.events.verification import StatedItem
from registry.five_sources import set_for
from registry.values import (
    ChangeCategory,
    EvidenceSource,
    Name,
    OfficeCode,
    Officer,
    PaperNumber,
    PresenceClass,
    RegisterItem,
    RuleCode,
    Settlement,
    Severity,
    Sex,
    Text,
    UnsettledReason,
)
from registry.vocabulary import Kind
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    OF_SHIFANG,
    OTHER,
    TODAY,
    Town,
    death,
    supplement,
)

FORM, BOOKLET, CARD, SEQUENCE, REGISTER, PERSON = (
    EvidenceSource(code) for code in ("form", "booklet", "card", "sequence", "register", "person")
)
AT_HOME = PresenceClass("11")
OFFICER = Officer("周明")


def says(**items: str) -> tuple[StatedItem, ...]:
    """Items as a paper has them: birth_date="1970-03-05"."""
    return tuple(
        StatedItem(item=RegisterItem(name.replace("_", "-")), text=text)
        for name, text in items.items()
    )


def wang_s(town: Town, **others: str) -> dict[str, str]:
    """What is right of Wang, as most papers have it, and what one has instead."""
    number = str(town.person(town.wang).number)
    told = {"name": "王建国", "sex": "男", "birth_date": "1970年3月5日", "number": number}
    return {**told, "nationality": "汉", **others}


def form_of(town: Town, **others: str) -> dict[str, str]:
    """The same with what only form and booklet have."""
    more = {
        "household_number": "1",
        "household_type": "家庭户",
        "relation": "户主",
        "marital_status": "20",
        "address": f"sichuanjingyangroad{plate_of(town)}",
    }
    return {**wang_s(town), **more, **others}


def plate_of(town: Town) -> str:
    """The number on Wang's door plate."""
    return str(town.see(Doorplate, town.gate).plate_number)


def bring(town: Town, **papers: dict[str, str] | None) -> None:
    """All four papers of Wang; what is given replaces one of them, None: there is none."""
    right: dict[str, dict[str, str] | None] = {
        "form": form_of(town),
        "booklet": form_of(town),
        "card": wang_s(town, address=form_of(town)["address"]),
        "sequence": {key: wang_s(town)[key] for key in ("name", "sex", "birth_date", "number")},
        **papers,
    }
    for source, items in right.items():
        town.do(
            RecordSource(
                person=town.wang,
                source=EvidenceSource(source),
                present=items is not None,
                items=says(**(items or {})),
                document="卷3-12",
            )
        )


def visit(town: Town, person: Any = None, **told: Any) -> dict[str, Any]:
    """A visit that finds the person at home and every item right, unless told otherwise."""
    said: dict[str, Any] = {
        "presence": AT_HOME,
        "confirmed": (RegisterItem("name"), RegisterItem("number")),
    }
    return town.do(RecordVisit(person=person or town.wang, signed_by=DECLARANT, **{**said, **told}))


def ledger(town: Town, subject: Any) -> Any:
    """A person's findings."""
    return town.look(Findings, town.named(Kind.FINDING, str(subject)))


def open_of(town: Town, subject: Any) -> set[tuple[str, str, str]]:
    """Rule, item and source of what is open."""
    known = ledger(town, subject)
    return {(str(a), str(b), str(c)) for a, b, c in known.open} if known else set()


# --- at the desk ------------------------------------------------------------------------------


def test_papers_that_agree_raise_nothing_and_the_visited_person_is_verified(town: Town):
    bring(town)
    told = town.do(CheckAtDesk(person=town.wang))
    assert (told["differing"], told["raised"], told["settled"]) == (0, 0, 0)
    assert told["compared"] == 10 + 10 + 6 + 4, "form, booklet, card, sequence register"
    visit(town)
    town.do(VerifyPerson(person=town.wang, document="核字1号"))
    assert town.events(town.wang)[-1] == "PersonVerified"
    assert town.see(Verification, town.named(Kind.VERIFICATION, str(town.wang))).completed


@pytest.mark.parametrize(
    ("paper", "item", "text", "severity"),
    [
        ("form", "name", "王建华", Severity.ERROR),
        ("booklet", "birth_date", "1970-03-06", Severity.ERROR),
        ("card", "sex", "女", Severity.ERROR),
        ("card", "number", "510603197003051234", Severity.ERROR),
        ("sequence", "number", "510603197003050071", Severity.ERROR),
        ("form", "marital_status", "未婚", Severity.WARNING),
        ("booklet", "relation", "子", Severity.WARNING),
        ("form", "address", "sichuanjingyangroad99号", Severity.ERROR),
        ("form", "occupation", "教师", Severity.WARNING),  # of which the register knows nothing
    ],
)
def test_what_a_paper_says_otherwise_is_a_finding(
    town: Town, paper: str, item: str, text: str, severity: Severity
):
    all_of_it = wang_s(town) if paper == "card" else form_of(town)
    if paper == "card":
        all_of_it["address"] = form_of(town)["address"]
    if paper == "sequence":
        all_of_it = {key: all_of_it[key] for key in ("name", "sex", "birth_date", "number")}
    bring(town, **{paper: {**all_of_it, item: text}})
    told = town.do(CheckAtDesk(person=town.wang))
    assert told["differing"] == told["raised"] == 1
    name = item.replace("_", "-")
    assert open_of(town, town.wang) == {("source/differs", name, paper)}
    (finding,) = ledger(town, town.wang).findings.values()
    assert finding.severity is severity
    (raised,) = town.timeline(town.named(Kind.FINDING, str(town.wang)))
    assert raised.event.as_found == text
    assert raised.event.community == town.east


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("birth_date", "19700305"),
        ("birth_date", "1970.3.5"),
        ("sex", "1"),
        ("nationality", "汉族"),
        ("nationality", "01"),
        ("name", " 王 建 国"),
    ],
)
def test_other_writings_of_the_same_are_no_difference(town: Town, item: str, text: str):
    bring(town, card=wang_s(town, **{"address": form_of(town)["address"], item: text}))
    assert town.do(CheckAtDesk(person=town.wang))["differing"] == 0


def test_a_birth_place_is_told_by_name_and_agrees_by_code_and_by_name():
    item = RegisterItem("birth-place")
    assert five_sources.meaning(item, "510683") == "四川省绵竹市"
    assert five_sources.meaning(item, "绵竹") == "绵竹"
    assert five_sources.same(item, "510683", "四川省绵竹市")
    assert not five_sources.same(item, "510683", "四川省什邡市")


def test_a_number_of_fifteen_digits_is_that_of_eighteen(town: Town):
    number = str(town.person(town.wang).number)
    short = number[:6] + number[8:17]
    bring(town, card=wang_s(town, address=form_of(town)["address"], number=short))
    assert town.do(CheckAtDesk(person=town.wang))["differing"] == 0


def test_there_need_not_be_a_card_but_it_has_to_be_said(town: Town):
    bring(town, card=None)
    assert town.do(CheckAtDesk(person=town.wang))["differing"] == 0
    only_form = RecordSource(person=town.li, source=FORM)
    town.do(only_form)
    missing = town.rules(CheckAtDesk(person=town.li))
    assert [rule.code for rule in missing] == ["source-missing"] * 3
    assert town.refused(CheckAtDesk(person=town.zhao)) == ["source-missing"]


def test_whoever_has_no_form_is_not_verified_until_there_is_one(town: Town):
    """公通字[1995]91号: a form for every resident, a booklet for every household."""
    bring(town, **dict.fromkeys(("form", "booklet", "card", "sequence")))
    told = town.do(CheckAtDesk(person=town.wang))
    assert (told["compared"], told["differing"], told["raised"]) == (0, 0, 2)
    absent = {("source/absent", "record", paper) for paper in ("form", "booklet")}
    assert open_of(town, town.wang) == absent
    visit(town)
    assert town.refused(VerifyPerson(person=town.wang)) == ["findings-open"]
    bring(town, booklet=None)
    assert town.do(CheckAtDesk(person=town.wang))["settled"] == 1
    assert open_of(town, town.wang) == {("source/absent", "record", "booklet")}
    town.do(VerifyPerson(person=town.wang))


def test_a_paper_has_the_items_that_it_has(town: Town):
    married = says(marital_status="已婚")
    card = RecordSource(person=town.wang, source=CARD, items=married)
    assert town.refused(card) == ["item-not-of-source"]
    assert town.refused(RecordSource(person=town.wang, source=REGISTER)) == ["not-a-paper"]
    ahead = RecordSource(person=town.wang, source=FORM, taken_on=TODAY + timedelta(1))
    assert town.refused(ahead) == ["not-yet"]


def test_only_residents_are_checked_and_only_by_their_own_station(town: Town):
    assert "outside-area" in town.refused(RecordSource(person=town.wang, source=FORM), OF_SHIFANG)
    town.do(death(town.zhao))
    assert town.refused(CheckAtDesk(person=town.zhao)) == ["not-registered"]


# --- settling ---------------------------------------------------------------------------------


def test_a_correction_of_the_register_lets_the_finding_go_at_the_next_check(town: Town):
    bring(town, form=form_of(town, name="王建华"), booklet=form_of(town, name="王建华"),
          card=wang_s(town, name="王建华", address=form_of(town)["address"]),
          sequence={**{key: wang_s(town)[key] for key in ("sex", "birth_date", "number")},
                    "name": "王建华"})  # fmt: skip
    assert town.do(CheckAtDesk(person=town.wang))["raised"] == 4
    town.do(
        CorrectName(
            person=town.wang,
            corrects=1,
            category=ChangeCategory("22"),
            name=Name("王建华"),
            approval=PaperNumber("A1"),
            declarant=DECLARANT,
        )
    )
    told = town.do(CheckAtDesk(person=town.wang))
    assert (told["differing"], told["settled"]) == (0, 4)
    assert open_of(town, town.wang) == set()
    settled = {str(one.settlement) for one in ledger(town, town.wang).findings.values()}
    assert settled == {"gone"}


def test_a_paper_put_right_is_recorded_and_compared_anew(town: Town):
    bring(town, booklet=form_of(town, sex="女"))
    town.do(CheckAtDesk(person=town.wang))
    town.do(RecordSource(person=town.wang, source=BOOKLET, items=says(**form_of(town))))
    visit(town)
    assert "not-checked-at-desk" in town.refused(VerifyPerson(person=town.wang))
    assert town.do(CheckAtDesk(person=town.wang))["settled"] == 1
    town.do(VerifyPerson(person=town.wang))


def test_what_was_examined_and_found_right_is_not_raised_again_unless_it_changes(town: Town):
    bring(town, form=form_of(town, name="王建國"))
    town.do(CheckAtDesk(person=town.wang))
    settle = SettleFinding(
        person=town.wang,
        rule=RuleCode("source/differs"),
        item=RegisterItem("name"),
        source=FORM,
        settlement=Settlement("confirmed"),
        grounds=Text("繁体字"),
    )
    town.do(settle)
    assert town.refused(settle) == ["finding-not-open"]
    told = town.do(CheckAtDesk(person=town.wang))
    assert (told["differing"], told["raised"]) == (1, 0)
    town.do(RecordSource(person=town.wang, source=FORM, items=says(**form_of(town, name="王剑国"))))
    assert town.do(CheckAtDesk(person=town.wang))["raised"] == 1


def test_an_officer_does_not_state_what_only_a_later_check_can_show(town: Town):
    raised = RaiseFinding(
        person=town.wang, rule=RuleCode("0405"), item=RegisterItem("sex"), as_found="?"
    )
    assert town.do(raised)["raised"] == 1
    assert town.do(raised)["raised"] == 0, "it is open already"
    settle = SettleFinding(
        person=town.wang,
        rule=RuleCode("0405"),
        item=RegisterItem("sex"),
        settlement=Settlement("gone"),
        grounds=Text("无"),
    )
    assert town.refused(settle) == ["settled-by-check"]
    assert town.refused(SettleFinding(**{**vars(settle), "person": None})) == ["finding-of-one"]


def test_what_was_never_raised_is_not_settled(town: Town):
    """Neither where something else was found, nor where nothing ever was."""
    told: dict[str, Any] = {"rule": RuleCode("0405"), "item": RegisterItem("sex")}
    town.do(RaiseFinding(person=town.wang, **{**told, "item": RegisterItem("name")}))
    for person in (town.wang, town.li):
        settle = SettleFinding(
            person=person, **told, settlement=Settlement("confirmed"), grounds=Text("无")
        )
        assert town.refused(settle) == ["finding-not-open"]


def test_a_household_has_findings_of_its_own(town: Town):
    raised: dict[str, Any] = {"rule": RuleCode("1102"), "item": RegisterItem("record")}
    town.do(RaiseFinding(household=town.home, **raised))
    assert open_of(town, town.home) == {("1102", "record", "register")}
    assert open_of(town, town.wang) == set()
    assert town.refused(RaiseFinding(**raised)) == ["finding-of-one"]
    both = RaiseFinding(person=town.wang, household=town.home, **raised)
    assert town.refused(both) == ["finding-of-one"]
    town.do(
        SettleFinding(
            household=town.home,
            settlement=Settlement("corrected"),
            grounds=Text("已更正"),
            **raised,
        )
    )
    assert open_of(town, town.home) == set()


# --- at home ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("presence", "errors", "warnings"),
    [
        ("11", 0, 0),  # lives where the registration is
        ("12", 0, 1),  # registered here, lives elsewhere: empty registration, living apart
        ("13", 1, 0),  # dead or gone, and not cancelled
    ],
)
def test_who_is_not_at_home_is_a_finding(town: Town, presence: str, errors: int, warnings: int):
    visit(town, presence=PresenceClass(presence))
    known = ledger(town, town.wang)
    assert len(known.errors if known else ()) == errors
    assert len(open_of(town, town.wang)) == errors + warnings
    visit(town)
    assert open_of(town, town.wang) == set(), "found at home at the second visit"


def test_the_person_says_otherwise(town: Town):
    told = visit(town, differing=says(education="70", name="王建国"))
    assert told["raised"] == 1, "the name is the same"
    assert open_of(town, town.wang) == {("source/differs", "education", "person")}
    town.do(
        ChangeDetails(
            person=town.wang,
            education="70",  # type: ignore[arg-type]  # read as a code
            declarant=DECLARANT,
        )
    )
    assert visit(town)["settled"] == 1


def test_a_household_is_visited_with_its_sheet_when_every_member_was_asked(town: Town):
    assert town.refused(CloseVisit(household=town.home)) == ["not-visited", "visit-not-assigned"]
    town.do(AssignVisit(household=town.home, visitor=OFFICER, due_on=TODAY + timedelta(10)))
    visit(town)
    rules = town.rules(CloseVisit(household=town.home))
    assert [rule.code for rule in rules] == ["not-visited"] * 2
    visit(town, town.li)
    visit(town, town.boy)
    child = Unregistered(reason=UnsettledReason("10"), name=Name("王小妹"), parent=town.wang)
    closed = town.do(CloseVisit(household=town.home, unregistered=(child,)))
    assert closed["persons"] == 3
    (case,) = closed["cases"]
    assert town.see(RegistrationCase, UUID(str(case))).fault == "unsettled"
    (found,) = town.timeline(UUID(str(case)))
    assert (found.event.household, found.event.found_on) == (town.home, TODAY)
    assert found.event.community == town.household(town.home).community
    assert town.refused(CloseVisit(household=town.home)) == ["visit-not-assigned"]


# --- the end ----------------------------------------------------------------------------------


def test_nobody_is_verified_without_desk_and_visit(town: Town):
    verify = VerifyPerson(person=town.wang)
    assert town.refused(verify) == ["not-checked-at-desk", "not-visited"]
    bring(town)
    town.do(CheckAtDesk(person=town.wang))
    assert town.refused(verify) == ["not-visited"]


def test_an_open_error_stands_in_the_way_and_a_warning_does_not(town: Town):
    bring(town, form=form_of(town, occupation="教师"))
    town.do(CheckAtDesk(person=town.wang))
    visit(town)
    town.do(RaiseFinding(person=town.wang, rule=RuleCode("0406"), item=RegisterItem("nationality")))
    assert town.refused(VerifyPerson(person=town.wang)) == ["findings-open"]
    town.do(
        SettleFinding(
            person=town.wang,
            rule=RuleCode("0406"),
            item=RegisterItem("nationality"),
            settlement=Settlement("withdrawn"),
            grounds=Text("误报"),
        )
    )
    town.do(VerifyPerson(person=town.wang))


def test_a_record_that_changed_is_checked_and_visited_again(town: Town):
    bring(town)
    town.do(CheckAtDesk(person=town.wang))
    visit(town)
    town.do(ChangeDetails(person=town.wang, height_cm=172, declarant=DECLARANT))
    stale = town.refused(VerifyPerson(person=town.wang))
    assert stale == ["not-checked-at-desk", "not-visited"]


def test_a_party_to_a_case_of_the_number_is_not_verified(town: Town):
    bring(town)
    number = town.person(town.wang).number
    same = supplement(
        "汪健", Sex.MALE, number.birth_date, OTHER, household=town.farm, number=number
    )
    town.do(same)
    town.do(CheckAtDesk(person=town.wang))
    visit(town)
    assert "case-open" in town.refused(VerifyPerson(person=town.wang))


def test_jilin_compares_four_sources(town: Town):
    """The set is the one that the lowest division has a document for; elsewhere all of them."""
    tree = town.see(Places, town.register.setting.places)
    assert set_for(tree, town.east, TODAY) == "five"
    assert set_for(tree, town.far, TODAY) == "union", "Chengdu has no plan of its own here"
    assert set_for(tree, UUID(int=1), TODAY) == "union"


def test_a_community_is_in_the_care_of_a_station(town: Town):
    station = OfficeCode("510603002001")
    town.do(AssignStation(community=town.east, station=station, on=date(2004, 1, 1)))
    tree = town.see(Places, town.register.setting.places)
    assert tree.station_of(town.east, TODAY) == station
    assert tree.station_of(town.east, date(2003, 1, 1)) is None
    assert tree.station_of(town.west, TODAY) is None
    later = AssignStation(community=town.sichuan, station=station, on=TODAY)
    assert town.refused(later) == ["community-unknown"]


def test_the_same_finding_is_not_raised_twice_by_two_officers(town: Town):
    stream = town.named(Kind.FINDING, str(town.wang))
    raised = RaiseFinding(person=town.wang, rule=RuleCode("0405"), item=RegisterItem("sex"))
    town.do(raised)
    (entry,) = town.timeline(stream)
    assert isinstance(entry.event, FindingRaised)
    known = town.see(Findings, stream)
    assert [rule.code for rule in Findings.check(known, entry.event)] == ["finding-already-open"]
    assert CHIEF.officer == entry.officer
