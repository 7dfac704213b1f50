"""Citizen numbers and sequence registers (公民身份号码, 顺序码登记表), and number cases (重号).

Odd codes for men and even ones for women; the next is the highest used of that sex plus two, then
the gaps, then the station's next segment; when all are used the county extends. A code once used
stays used, whatever becomes of its holder. A second holder opens a case, which officers decide.
Source: GB 11643-1999; 居民身份证法 art. 3; 公通字[2004]6号; Deyang plan of 2004.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.aggregates import Number, NumberCase, SequenceBook
from registry.commands.cases import CloseNumberCase, ProposeKeeper
from registry.commands.particulars import ReassignNumber, RecordNumber
from registry.commands.places import AllotSegment, RenameDivision
from registry.commands.relocation import ChangeAddress, Mover
from registry.commands.undoing import ReverseRegistration
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    DivisionCode,
    KeeperReason,
    OfficeCode,
    PaperNumber,
    Sex,
    Text,
)
from registry.vocabulary import Kind
from tests.scenarios.test_number_cases import SECOND_OFFICER, decide, taken_over, told_all
from tests.scenarios.town import (
    CHIEF,
    DAUGHTER,
    DECLARANT,
    GROUNDS,
    JINGYANG,
    OF_JINGYANG,
    OF_SHIFANG,
    OTHER,
    SHIFANG,
    SON,
    TODAY,
    Town,
    birth,
    supplement,
)

MALE, FEMALE = Sex.MALE, Sex.FEMALE
BORN = date(2007, 5, 15)
SMALL = replace(CHIEF, office=OfficeCode("510603002001"))


@pytest.mark.parametrize(
    ("used", "sex", "expected"),
    [
        ([], MALE, 1),
        ([], FEMALE, 2),
        ([1, 2], MALE, 3),
        ([7], MALE, 9),  # above the highest of that sex, not the gap
        ([7], FEMALE, 2),
        ([999], MALE, 1),  # then the gaps, from below
        ([1, 3, 999], MALE, 5),
        ([998, 2], FEMALE, 4),
        (list(range(1, 1000, 2)), MALE, None),
    ],
)
def test_the_next_code_is_the_highest_plus_two_then_a_gap(used, sex, expected):
    codes = SequenceBook.candidates(1, 999, frozenset(used), sex)
    assert (codes[0] if codes else None) == expected


def test_a_day_has_codes_for_500_men_and_499_women():
    assert len(SequenceBook.candidates(1, 999, frozenset(), MALE)) == 500
    assert len(SequenceBook.candidates(1, 999, frozenset(), FEMALE)) == 499


def born(town: Town, sex: Sex, certificate: int, **told):
    relation = SON if sex is MALE else DAUGHTER
    paper = PaperNumber(f"G{certificate}")
    return birth(town, sex=sex, relation=relation, birth_certificate=paper, **told)


def allot(first: int, last: int, since=date(2000, 1, 1), **told) -> AllotSegment:
    said = {"address_code": JINGYANG, "station": SMALL.office, "first": first, "last": last}
    return AllotSegment(**{**said, "valid_from": since, **told})


def test_a_full_segment_is_followed_by_the_next_and_then_the_county_extends(town: Town):
    town.do(allot(201, 203))
    town.do(allot(301, 302))
    given = [town.do(born(town, MALE, n), SMALL)["number"][14:17] for n in range(3)]
    assert given == ["201", "203", "301"]
    assert town.refused(born(town, MALE, 4), SMALL) == ["book-exhausted"]
    assert town.do(born(town, FEMALE, 5), SMALL)["number"][14:17] == "202"
    town.do(allot(401, 402))
    assert town.do(born(town, MALE, 6), SMALL)["number"][14:17] == "401"


def test_the_segments_are_those_of_the_newest_allotment_not_after_the_birth(town: Town):
    town.do(allot(201, 203, date(2000, 1, 1)))
    town.do(allot(301, 303, date(2007, 5, 15)))
    numbers = [
        town.do(born(town, MALE, n, birth_date=day, on=BORN), SMALL)["number"][14:17]
        for n, day in enumerate([date(2007, 5, 14), BORN])
    ]
    assert numbers == ["201", "301"]


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"first": 0}, ["segment-out-of-range", "segment-overlap"]),
        ({"first": 501, "last": 1000}, ["segment-out-of-range"]),
        ({"first": 503, "last": 502}, ["segment-out-of-range"]),
        ({"first": 50, "last": 150, "since": date(1900, 1, 1)}, ["segment-overlap"]),
        (
            {"first": 501, "last": 502, "address_code": DivisionCode("510601")},
            ["address-code-unfit"],
        ),
    ],
)
def test_a_segment_is_refused(town: Town, told, codes):
    since = date(1900, 1, 1) if codes[-1] == "segment-overlap" else date(2000, 1, 1)
    told = {"first": 1, "last": 60, "since": since, **told}
    assert (
        town.refused(allot(told.pop("first"), told.pop("last"), told.pop("since"), **told)) == codes
    )


def test_a_county_allots_its_own_codes(town: Town):
    assert town.refused(allot(501, 502), OF_SHIFANG) == ["outside-area"]
    town.do(allot(501, 502), OF_JINGYANG)
    town.do(allot(503, 504), replace(OF_JINGYANG, area=(DivisionCode("510600"),)))


def test_a_station_without_segment_gives_no_number(town: Town):
    assert town.refused(born(town, MALE, 1), SMALL) == ["no-segment"]
    far = born(town, MALE, 2, household=town.farm)
    assert town.refused(far) == ["no-segment"]


def test_new_numbers_bear_the_county_s_code_of_the_day_of_assignment(town: Town):
    old = town.do(born(town, MALE, 1))["number"]
    town.do(
        RenameDivision(
            division=town.jingyang,
            division_code=DivisionCode("510602"),
            division_name=Text("市中区"),
            document="川府函",
            on=date(2007, 6, 2),
        )
    )
    town.do(allot(1, 9, address_code=DivisionCode("510602"), station=CHIEF.office))
    town.today = date(2007, 6, 2)
    new = town.do(born(town, MALE, 2))["number"]
    assert (old[:6], new[:6]) == ("510603", "510602")
    child = town.told["person"]
    assert town.person(child, BORN).number == new  # born before, numbered after


def test_a_division_without_a_county_s_code_gives_no_number(town: Town):
    town.do(
        RenameDivision(
            division=town.jingyang,
            division_code=DivisionCode("510601"),
            division_name=Text("市辖区"),
            document="川府函",
            on=TODAY,
        )
    )
    assert town.refused(born(town, MALE, 1)) == ["address-code-unfit"]


def test_a_new_name_leaves_the_code_as_it_is(town: Town):
    town.do(
        RenameDivision(
            division=town.jingyang, division_name=Text("新旌阳区"), document="川府函", on=TODAY
        )
    )
    assert town.do(born(town, MALE, 1))["number"][:6] == JINGYANG


def test_a_code_once_used_is_never_given_again(town: Town):
    first = town.do(born(town, MALE, 1))
    town.do(ReverseRegistration(person=first["person"], version=1, grounds=GROUNDS))
    second = town.do(born(town, MALE, 2))
    assert (first["number"][14:17], second["number"][14:17]) == ("001", "003")


def test_a_number_known_from_elsewhere_is_not_given_again(town: Town):
    taken = CitizenNumber.compose(JINGYANG, BORN, 1)
    town.do(supplement("丁一", MALE, BORN, SON, household=town.home, number=taken, on=TODAY))
    assert town.do(born(town, MALE, 2))["number"][14:17] == "003"


def test_a_number_recorded_before_its_segment_was_allotted_is_not_given_again(town: Town):
    taken = CitizenNumber.compose(JINGYANG, BORN, 501)
    town.do(supplement("丁一", MALE, BORN, SON, household=town.home, number=taken, on=TODAY))
    town.do(allot(501, 503))
    assert town.do(born(town, MALE, 2), SMALL)["number"][14:17] == "503"


# --- cases ------------------------------------------------------------------------------------


def duplicate(town: Town):
    """Somebody in 什邡 who holds Wang's number, and the case."""
    number = town.person(town.wang).number
    other = town.do(
        supplement("汪健", MALE, number.birth_date, OTHER, household=town.farm, number=number)
    )["person"]
    return number, other, town.named(Kind.CASE, f"duplicate/{number}")


def first_number(person, category="19", **told) -> ReassignNumber:
    said = {"person": person, "category": ChangeCategory(category), "approval": PaperNumber("A1")}
    return ReassignNumber(**{**said, "declarant": DECLARANT, **told})


def decided(town: Town, case, keeper, *changed) -> None:
    """Parties are told, one officer proposes, another decides."""
    told_all(town, case)
    proposed = keeper or min(town.see(NumberCase, case).parties)
    town.do(ProposeKeeper(case=case, keeper=proposed, reason=KeeperReason("50")))
    town.do(decide(town, case, keeper, *changed), SECOND_OFFICER)


def close(case, keeper=None) -> CloseNumberCase:
    return CloseNumberCase(case=case, keeper=keeper, grounds=GROUNDS)


def test_a_shared_number_changes_by_the_decision_of_its_case_alone(town: Town):
    number, other, case = duplicate(town)
    assert town.see(NumberCase, case).parties == {town.wang, other}
    assert town.refused(close(case, town.wang)) == ["still-held"]
    assert town.refused(close(case, town.zhao)) == ["not-party", "still-held"]
    for category in ("11", "12", "19"):
        assert town.refused(first_number(other, category)) == ["number-stays"]
    decided(town, case, town.wang, other)
    assert town.person(other).number[:6] == SHIFANG
    known = town.see(NumberCase, case)
    assert (known.open, known.keeper) == (False, town.wang)
    assert town.see(Number, town.named(Kind.NUMBER, number)).held_by == (town.wang,)
    assert "case-closed" in town.refused(close(case, town.wang))


def test_a_party_to_an_open_case_does_not_move(town: Town):
    _, other, case = duplicate(town)
    away = ChangeAddress(
        movers=(Mover(person=other, relation=OTHER),), household=town.hut, declarant=DECLARANT
    )
    assert town.refused(away) == ["case-open"]
    decided(town, case, town.wang, other)
    town.do(away)


def test_a_third_holder_joins_the_case_and_a_later_one_opens_it_again(town: Town):
    number, other, case = duplicate(town)
    third = town.do(
        supplement("王健", MALE, number.birth_date, OTHER, household=town.hut, number=number)
    )["person"]
    assert town.see(NumberCase, case).parties == {town.wang, other, third}
    decided(town, case, town.wang, other, third)
    fourth = town.do(
        supplement("王建", MALE, number.birth_date, OTHER, household=town.hut, number=number)
    )["person"]
    assert town.see(NumberCase, case).open
    assert fourth in town.see(NumberCase, case).parties


def test_a_case_may_end_with_nobody_keeping_the_number(town: Town):
    number, other, case = duplicate(town)
    decided(town, case, None, other, town.wang)
    assert town.see(Number, town.named(Kind.NUMBER, number)).held_by == ()


def test_who_has_no_number_is_given_one_or_the_one_found(town: Town):
    found = CitizenNumber.compose(SHIFANG, town.person(town.wang).birth_date, 77)
    record = RecordNumber(
        person=town.wang,
        category=ChangeCategory("19"),
        approval=PaperNumber("A1"),
        declarant=DECLARANT,
        number=found,
    )
    assert town.refused(record) == ["number-stays"]
    person = taken_over(town)
    assert town.refused(first_number(person, "12")) == ["number-stays"]
    given = town.do(first_number(person))["number"]
    assert town.person(person).number == given
    assert town.refused(first_number(person)) == ["number-stays"]
    garbled = taken_over(town, as_found="5106")
    assert town.refused(first_number(garbled)) == ["number-stays"]
    born = town.person(garbled).birth_date
    found = CitizenNumber.compose(JINGYANG, born, 77)
    town.do(replace(record, person=garbled, number=found))
    assert town.person(garbled).number == found
