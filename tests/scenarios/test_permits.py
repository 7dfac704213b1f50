"""Migration permits (准迁证): the target's consent to a move, valid for 40 days.

Source: Household Registration Regulations (户口登记条例), art. 10; Ministry of Public Security
notice of 1994-07-11.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Permit
from registry.commands.papers import VoidPermit
from registry.values import Name, PaperNumber
from registry.vocabulary import Kind
from tests.scenarios.test_migration import Q2, Z1, out, permit, settle
from tests.scenarios.town import GROUNDS, OF_JINGYANG, OF_SHIFANG, Town, death


@pytest.mark.parametrize(
    ("left", "codes"),
    [(date(2007, 6, 1), []), (date(2007, 6, 2), ["permit-expired"])],
)
def test_a_permit_runs_for_forty_days(town: Town, left, codes):
    town.do(permit(town))
    assert town.see(Permit, town.named(Kind.PERMIT, Z1)).expires_on() == date(2007, 6, 1)
    town.today = date(2007, 6, 2)
    leaving = out(town.li, permit_number=Z1, on=left)
    if codes:
        assert town.refused(leaving) == codes
    else:
        town.do(leaving)


def test_a_permit_is_used_once_for_each_person_and_place(town: Town):
    town.do(permit(town))
    town.do(out(town.li, permit_number=Z1))
    elsewhere = settle(town, town.li, permit_number=Z1, household=town.home, on=date(2007, 5, 9))
    assert town.refused(elsewhere) == ["permit-for-others"]
    town.do(settle(town, town.li, permit_number=Z1, on=date(2007, 5, 9)))
    again = out(town.li, permit_number=Z1, certificate_number=Q2, on=date(2007, 5, 10))
    assert town.refused(again) == ["permit-used"]


def test_a_permit_that_ran_out_admits_nobody(town: Town):
    town.do(permit(town, on=date(2007, 4, 1)))
    town.do(out(town.li))
    assert town.refused(settle(town, town.li, permit_number=Z1, on=date(2007, 5, 20))) == [
        "permit-expired"
    ]


def test_a_permit_for_others_admits_nobody_else(town: Town):
    town.do(permit(town))
    assert town.refused(out(town.boy, permit_number=Z1)) == ["permit-for-others"]
    town.do(out(town.boy))
    assert town.refused(settle(town, town.boy, permit_number=Z1, on=date(2007, 5, 9))) == [
        "permit-for-others"
    ]


def test_a_permit_of_another_register_is_taken_down_as_it_is(town: Town):
    town.do(out(town.li, permit_number=PaperNumber("CC-7")))
    assert town.person(town.li).in_transit
    left = town.timeline(town.li)[-1].event
    assert left.permit == town.named(Kind.PERMIT, "CC-7")


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"persons": ()}, ["nobody-named"]),
        ({"movers": (Name("金哲"),) * 4}, ["too-many-movers"]),
        ({"on": date(2007, 6, 2)}, ["not-yet"]),
    ],
)
def test_a_permit_is_not_issued(town: Town, told, codes):
    assert town.refused(permit(town, **told)) == codes


def test_a_permit_names_persons_who_are_there_and_live(town: Town):
    stranger = UUID(int=99)
    assert town.refused(permit(town, persons=(town.li, stranger))) == ["person-unknown"]
    town.do(death(town.zhao))
    assert town.refused(permit(town, persons=(town.zhao,))) == ["already-deceased"]
    town.do(permit(town, persons=(town.li, town.li)))
    assert town.see(Permit, town.named(Kind.PERMIT, Z1)).persons == (town.li,)


def test_a_permit_is_withdrawn_while_somebody_may_still_use_it(town: Town):
    void = VoidPermit(permit_number=Z1, grounds=GROUNDS)
    town.do(permit(town))
    assert town.refused(permit(town)) == ["paper-exists"]
    assert town.refused(void, OF_JINGYANG) == ["outside-area"]
    town.do(void, OF_SHIFANG)
    assert town.refused(void) == ["permit-used"]
    assert town.refused(out(town.li, permit_number=Z1)) == ["permit-used"]


def test_a_permit_that_everybody_used_is_not_withdrawn(town: Town):
    town.do(permit(town))
    town.do(out(town.li, permit_number=Z1))
    town.do(settle(town, town.li, permit_number=Z1, on=date(2007, 5, 9)))
    assert town.refused(VoidPermit(permit_number=Z1, grounds=GROUNDS)) == ["permit-used"]
