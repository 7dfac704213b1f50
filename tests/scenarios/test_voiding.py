"""Voiding changes, corrections and deletions (冲销): with what hangs on them, and back again.

Source: GA 214 reversal codes; 居民身份证法 art. 3.
"""

from __future__ import annotations

from registry.commands.particulars import CorrectName, CorrectSex
from registry.commands.vital import DeleteRecord
from registry.values import ChangeCategory, DeletionKind, Name, PaperNumber, Sex
from tests.scenarios.test_undoing import holders, renamed, restore, void
from tests.scenarios.town import DECLARANT, GROUNDS, Town


def test_a_voided_change_falls_with_its_corrections_and_stands_again_with_them(town: Town):
    town.do(renamed(town))
    town.do(
        CorrectName(
            person=town.li,
            corrects=3,
            category=ChangeCategory("22"),
            approval=PaperNumber("A2"),
            name=Name("李学梅"),
            declarant=DECLARANT,
        )
    )
    town.do(void(town.li, 3))
    assert town.person(town.li).name == "李梅"
    town.do(void(town.li, 5))
    assert town.person(town.li).name == "李学梅"
    town.do(void(town.li, 4))
    assert town.person(town.li).name == "李雪梅"
    town.do(void(town.li, 7))
    assert town.person(town.li).name == "李学梅"


def test_a_voided_correction_of_sex_gives_the_old_number_back(town: Town):
    before = town.person(town.boy).number
    told = town.do(
        CorrectSex(
            person=town.boy,
            corrects=1,
            category=ChangeCategory("32"),
            approval=PaperNumber("A1"),
            sex=Sex.FEMALE,
            declarant=DECLARANT,
        )
    )
    assert holders(town, before) == ()
    town.do(void(town.boy, 2))
    assert town.person(town.boy).number == before
    assert holders(town, before) == (town.boy,)
    assert holders(town, told["number"]) == ()
    town.do(void(town.boy, 4))
    assert town.person(town.boy).number == told["number"]
    assert holders(town, told["number"]) == (town.boy,)


def test_a_deleted_record_gives_its_number_up_and_a_restored_one_has_it_again(town: Town):
    number = town.person(town.zhao).number
    town.do(DeleteRecord(person=town.zhao, deletion_kind=DeletionKind("0899"), grounds=GROUNDS))
    assert holders(town, number) == ()
    town.do(restore(town.zhao, 2))
    assert town.person(town.zhao).resident
    assert holders(town, number) == (town.zhao,)
