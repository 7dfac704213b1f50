"""Changes and corrections (变更, 更正), business 107, and the nature of a registration, 110.

A change is so from its day on. A correction says that a version of the timeline was wrong: it holds
from that version's day on, as known from now on. Birth date and sex are part of the number, which
follows them; main items need an approval, and a category belongs to its item.
Source: Household Registration Regulations (户口登记条例), art. 17 and 18; GA/T 2000.24-2014.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Number, Person
from registry.commands.details import (
    ChangeDetails,
    ChangeNature,
    CorrectDetails,
    CorrectParents,
    NameGuardian,
)
from registry.commands.particulars import (
    ChangeName,
    ChangeNationality,
    ChangeSex,
    CorrectBirthDate,
    CorrectName,
    CorrectNationality,
    CorrectSex,
    ReassignNumber,
    RecordNumber,
)
from registry.commands.vital import DeleteRecord, RegisterDeath
from registry.errors import NotFound
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    DeletionKind,
    Education,
    HukouNature,
    Name,
    Nationality,
    Sex,
)
from registry.vocabulary import Kind
from tests.scenarios.town import (
    APPROVAL,
    DECLARANT,
    GROUNDS,
    JINGYANG,
    SETTLED,
    TODAY,
    Town,
)

HUI = Nationality("03")
DAY = date(2007, 5, 1)


def said(person, category, **told):
    common = {"person": person, "category": ChangeCategory(category), "declarant": DECLARANT}
    return {"approval": APPROVAL, **common, **told}


@pytest.mark.parametrize(
    ("command", "item", "before", "after"),
    [
        (lambda p: ChangeName(**said(p, "21", name=Name("李雪"), on=DAY)), "name", "李梅", "李雪"),
        (
            lambda p: ChangeNationality(**said(p, "51", nationality=HUI, on=DAY)),
            "nationality",
            "01",
            "03",
        ),
        (lambda p: ChangeSex(**said(p, "31", sex=Sex.MALE, on=DAY)), "sex", 2, 1),
        (
            lambda p: ChangeNature(
                person=p,
                nature=HukouNature("2"),
                approval=APPROVAL,
                declarant=DECLARANT,
                on=DAY,
            ),
            "nature",
            None,
            "2",
        ),
        (
            lambda p: ChangeDetails(person=p, height_cm=160, declarant=DECLARANT, on=DAY),
            "height_cm",
            None,
            160,
        ),
        (
            lambda p: NameGuardian(
                person=p, guardian_name=Name("王建国"), declarant=DECLARANT, on=DAY
            ),
            "guardian_name",
            None,
            "王建国",
        ),
    ],
)
def test_a_change_is_so_from_its_day_on(town: Town, command, item, before, after):
    town.do(command(town.li))
    assert getattr(town.person(town.li, date(2007, 4, 30)), item) == before
    assert getattr(town.person(town.li, DAY), item) == after


@pytest.mark.parametrize(
    ("command", "item", "wrong", "right"),
    [
        (
            lambda p: CorrectName(**said(p, "22", corrects=1, name=Name("李玫"))),
            "name",
            "李梅",
            "李玫",
        ),
        (
            lambda p: CorrectNationality(**said(p, "52", corrects=1, nationality=HUI)),
            "nationality",
            "01",
            "03",
        ),
        (lambda p: CorrectSex(**said(p, "32", corrects=1, sex=Sex.MALE)), "sex", 2, 1),
        (
            lambda p: CorrectBirthDate(**said(p, "41", corrects=1, birth_date=date(1971, 8, 9))),
            "birth_date",
            date(1972, 8, 9),
            date(1971, 8, 9),
        ),
        (
            lambda p: CorrectParents(
                person=p, corrects=1, mother_name=Name("张氏"), declarant=DECLARANT
            ),
            "mother_name",
            None,
            "张氏",
        ),
        (
            lambda p: CorrectDetails(
                person=p, corrects=1, education=Education("61"), declarant=DECLARANT
            ),
            "education",
            None,
            "61",
        ),
    ],
)
def test_a_correction_holds_from_the_start_as_known_from_now_on(
    town: Town, command, item, wrong, right
):
    town.today = date(2007, 6, 10)
    town.do(command(town.li))
    assert getattr(town.person(town.li, SETTLED), item) == right
    known_before = town.look(Person, town.li, SETTLED, known=date(2007, 6, 9))
    assert getattr(known_before, item) == wrong


def test_a_correction_ends_where_a_later_change_begins(town: Town):
    town.do(ChangeName(**said(town.li, "21", name=Name("李雪"), on=DAY)))
    town.do(CorrectName(**said(town.li, "22", corrects=1, name=Name("李玫"))))
    assert town.person(town.li, date(2007, 4, 30)).name == "李玫"
    assert town.person(town.li, DAY).name == "李雪"
    town.do(CorrectName(**said(town.li, "22", corrects=3, name=Name("李学"))))
    assert town.person(town.li, DAY).name == "李学"
    assert town.person(town.li, SETTLED).name == "李玫"


def test_a_correction_can_be_corrected_itself(town: Town):
    town.do(CorrectName(**said(town.li, "22", corrects=1, name=Name("李玫"))))
    town.do(CorrectName(**said(town.li, "22", corrects=3, name=Name("李媒"))))
    assert town.person(town.li, SETTLED).name == "李媒"
    town.do(CorrectName(**said(town.li, "22", corrects=1, name=Name("李妹"))))
    assert town.person(town.li, SETTLED).name == "李妹"


@pytest.mark.parametrize("again", [date(1974, 8, 9), date(1972, 8, 9)])
def test_a_birth_date_is_corrected_twice_and_each_number_was_given_once(town: Town, again):
    first = town.person(town.li).number
    second = town.do(
        CorrectBirthDate(**said(town.li, "41", corrects=1, birth_date=date(1973, 8, 9)))
    )["number"]
    town.today = date(2007, 7, 1)
    third = town.do(CorrectBirthDate(**said(town.li, "41", corrects=1, birth_date=again)))["number"]
    assert len({first, second, third}) == 3
    li = town.person(town.li)
    assert (li.number, li.birth_date, li.number.birth_date) == (third, again, again)
    assert town.person(town.li, TODAY).number == second
    for number in (first, second):
        assert town.see(Number, town.named(Kind.NUMBER, number)).held_by == ()


def test_the_number_follows_birth_date_and_sex_and_the_old_one_was_valid_at_its_time(town: Town):
    old = town.person(town.boy).number
    told = town.do(CorrectSex(**said(town.boy, "32", corrects=1, sex=Sex.FEMALE)))
    boy = town.person(town.boy)
    assert boy.number == told["number"] != old
    assert boy.number.sex is Sex.FEMALE
    assert town.person(town.boy, date(2007, 5, 31)).number == old
    assert town.see(Number, town.named(Kind.NUMBER, old)).holders == {town.boy: False}


def test_a_birth_date_moves_to_29_february_and_back(town: Town):
    leap = date(1996, 2, 29)
    told = town.do(CorrectBirthDate(**said(town.boy, "41", corrects=1, birth_date=leap)))
    assert told["number"][6:14] == "19960229"
    told = town.do(
        CorrectBirthDate(**said(town.boy, "41", corrects=1, birth_date=date(1996, 3, 1)))
    )
    assert told["number"][6:14] == "19960301"


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (lambda t: ChangeName(**said(t.li, "21", name=Name("李梅"))), ["nothing-changes"]),
        (
            lambda t: ChangeName(**said(t.li, "22", name=Name("李雪"))),  # of corrections
            ["category-unfit"],
        ),
        (lambda t: ChangeName(**said(t.li, "20", name=Name("李雪"))), ["category-unfit"]),
        (
            lambda t: ChangeName(**said(t.li, "31", name=Name("李雪"), approval=None)),
            ["approval-needed", "category-unfit"],
        ),
        (
            lambda t: ChangeNature(person=t.li, nature=HukouNature("2"), declarant=DECLARANT),
            ["approval-needed"],
        ),
        (
            lambda t: ChangeName(**said(t.li, "21", name=Name("李雪"), on=date(2007, 6, 2))),
            ["not-yet"],
        ),
        (
            lambda t: ChangeName(**said(t.li, "21", name=Name("李雪"), on=date(2004, 1, 1))),
            ["not-known-yet"],
        ),
        (
            lambda t: CorrectName(**said(t.li, "21", corrects=1, name=Name("李雪"))),
            ["category-unfit"],
        ),
        (
            lambda t: CorrectName(**said(t.li, "22", corrects=1, name=Name("李梅"))),
            ["nothing-changes"],
        ),
        (
            lambda t: CorrectName(**said(t.li, "22", corrects=2, name=Name("李雪"))),
            ["nothing-to-correct"],  # version 2 wrote no name
        ),
        (
            lambda t: CorrectName(**said(t.li, "22", corrects=9, name=Name("李雪"))),
            ["nothing-to-correct"],
        ),
        (
            lambda t: CorrectName(**said(t.li, "22", corrects=-1, name=Name("李雪"))),
            ["nothing-to-correct"],
        ),
        (
            lambda t: CorrectDetails(
                person=t.li, corrects=2, education=Education("61"), declarant=DECLARANT
            ),
            ["nothing-to-correct"],  # version 2 wrote marriage and spouse
        ),
        (
            lambda t: CorrectDetails(person=t.li, corrects=1, declarant=DECLARANT),
            ["nothing-changes"],
        ),
        (lambda t: ChangeDetails(person=t.li, declarant=DECLARANT), ["nothing-changes"]),
        (
            lambda t: ChangeDetails(
                person=t.li, height_cm=150, category=ChangeCategory("92"), declarant=DECLARANT
            ),
            ["category-unfit"],
        ),
        (
            lambda t: CorrectBirthDate(**said(t.li, "41", corrects=1, birth_date=date(2007, 6, 2))),
            ["birth-after-registration"],
        ),
        (
            lambda t: ReassignNumber(**said(t.li, "19")),
            ["number-stays"],  # who has a number has it for life, or until a case is decided
        ),
        (
            lambda t: ReassignNumber(**said(t.li, "10")),
            ["category-unfit", "number-stays"],
        ),
        (
            lambda t: RecordNumber(
                **said(t.li, "19", number=CitizenNumber.compose(JINGYANG, date(1972, 8, 9), 90))
            ),
            ["number-stays"],  # there is one already
        ),
        (
            lambda t: RecordNumber(
                **said(t.li, "19", number=CitizenNumber.compose(JINGYANG, date(1972, 8, 8), 90))
            ),
            ["number-mismatch", "number-stays"],
        ),
    ],
)
def test_a_change_or_correction_is_refused(town: Town, command, codes):
    assert town.refused(command(town)) == codes


def test_the_dead_do_not_change_but_are_corrected(town: Town):
    town.do(RegisterDeath(person=town.li, died_on=DAY, declarant=DECLARANT))
    assert town.refused(ChangeName(**said(town.li, "21", name=Name("李雪")))) == [
        "already-deceased"
    ]
    town.do(CorrectName(**said(town.li, "22", corrects=1, name=Name("李玫"))))
    assert town.person(town.li).name == "李玫"
    after_death = CorrectBirthDate(**said(town.li, "41", corrects=1, birth_date=TODAY))
    assert "entry-in-the-way" in town.refused(after_death)


def test_a_deleted_record_is_left_alone(town: Town):
    town.do(
        DeleteRecord(
            person=town.boy,
            deletion_kind=DeletionKind("0899"),
            grounds=GROUNDS,
            approval=APPROVAL,
        )
    )
    assert town.refused(ChangeName(**said(town.boy, "21", name=Name("王军")))) == ["record-deleted"]
    assert town.refused(NameGuardian(person=town.boy, declarant=DECLARANT)) == ["record-deleted"]


def test_a_change_dated_back_stands_until_the_change_that_was_known(town: Town):
    town.do(ChangeName(**said(town.li, "21", name=Name("李雪"), on=DAY)))
    town.do(ChangeName(**said(town.li, "21", name=Name("李冬"), on=date(2006, 1, 1))))
    assert town.person(town.li, date(2006, 1, 1)).name == "李冬"
    assert town.person(town.li, DAY).name == "李雪"


def test_of_two_changes_on_one_day_the_later_entry_counts(town: Town):
    for name in ("李雪", "李冬"):
        town.do(ChangeName(**said(town.li, "21", name=Name(name), on=DAY)))
    assert town.person(town.li, DAY).name == "李冬"


def test_a_detail_that_is_left_out_stays(town: Town):
    town.do(ChangeDetails(person=town.li, height_cm=160, declarant=DECLARANT))
    town.do(ChangeDetails(person=town.li, education=Education("61"), declarant=DECLARANT))
    town.do(CorrectDetails(person=town.li, corrects=3, height_cm=161, declarant=DECLARANT))
    li = town.person(town.li)
    assert (li.height_cm, li.education) == (161, "61")


@pytest.mark.parametrize("nobody", [UUID(int=9), "home", "road", "sichuan"])
def test_who_is_not_in_the_register_is_not_found(town: Town, nobody):
    stream = town.ids.get(nobody, nobody)
    for command in (
        ChangeName(**said(stream, "21", name=Name("李雪"))),
        CorrectName(**said(stream, "22", corrects=1, name=Name("李雪"))),
        NameGuardian(person=stream, declarant=DECLARANT),
    ):
        with pytest.raises(NotFound):
            town.submit(command)
