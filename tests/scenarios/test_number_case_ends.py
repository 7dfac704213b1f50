"""How the case of a shared number ends when holders died or serve as soldiers (结案).

Somebody goes on holding the number, so that whoever comes with it later shares it and has a case;
a death that proves wrong opens the case anew. Source: GA 214 duplicate_resolution.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from registry.aggregates import Findings, Number, NumberCase
from registry.commands.cases import CloseNumberCase
from registry.commands.checks import CheckRecords
from registry.commands.undoing import RestoreRegistration
from registry.values import OutKind, Sex
from registry.vocabulary import Kind
from tests.scenarios.test_migration import out
from tests.scenarios.test_number_cases import shared
from tests.scenarios.town import GROUNDS, OF_SHIFANG, OTHER, Town, death, supplement

ANYWHERE = replace(OF_SHIFANG, area=None)
#: A soldier leaves without papers.
SERVES: dict[str, Any] = {
    "out_kind": OutKind("3"),
    "destination": None,
    "certificate_number": None,
    "on": date(2007, 5, 10),
}


def shared_with_the_lodger(town: Town) -> tuple[Any, Any, Any]:
    """The lodger's number, somebody in 什邡 who holds it too, and the case."""
    number = town.person(town.lodger).number
    made = {"household": town.farm, "number": number}
    other = town.do(supplement("汪健", Sex.MALE, number.birth_date, OTHER, **made))["person"]
    return number, other, town.named(Kind.CASE, f"duplicate/{number}")


@pytest.mark.parametrize("kept", [False, True])
def test_a_number_whose_holders_are_all_dead_is_not_taken_in_silence(town: Town, kept):
    number, other, case = shared_with_the_lodger(town)
    for one in (other, town.lodger):
        town.do(death(one), ANYWHERE)
    keeper = town.lodger if kept else None
    town.do(CloseNumberCase(case=case, keeper=keeper, grounds=GROUNDS))
    assert not town.see(NumberCase, case).open
    made = {"household": town.hut, "number": number}
    third = town.do(supplement("王健", Sex.MALE, number.birth_date, OTHER, **made))["person"]
    again = town.see(NumberCase, case)
    assert again.open
    assert third in again.parties
    town.do(CloseNumberCase(case=case, keeper=third, grounds=GROUNDS))
    held = town.see(Number, town.named(Kind.NUMBER, number))
    assert held.held_by == (third,)


def test_a_soldier_holds_the_number_until_death_and_again_when_the_death_proves_wrong(town: Town):
    number, other, case = shared_with_the_lodger(town)
    town.do(out(other, **SERVES), ANYWHERE)
    closing = CloseNumberCase(case=case, keeper=town.lodger, grounds=GROUNDS)
    assert town.refused(closing) == ["still-held"]
    town.do(death(other), ANYWHERE)
    town.do(closing)
    held = town.named(Kind.NUMBER, number)
    assert town.see(Number, held).held_by == (town.lodger,)
    version = len(town.timeline(other))
    town.do(RestoreRegistration(person=other, version=version, grounds=GROUNDS), ANYWHERE)
    assert set(town.see(Number, held).held_by) == {town.lodger, other}
    assert town.see(NumberCase, case).open


def test_what_was_found_about_the_number_of_the_dead_has_ended_with_the_case(town: Town):
    _, other, case = shared(town)
    town.do(CheckRecords(persons=(other,)))
    town.do(death(other), ANYWHERE)
    town.do(CloseNumberCase(case=case, keeper=town.wang, grounds=GROUNDS))
    known = town.see(Findings, town.named(Kind.FINDING, str(other)))
    assert {one.settlement for key, one in known.findings.items() if key.item == "number"} == {
        "ended"
    }
