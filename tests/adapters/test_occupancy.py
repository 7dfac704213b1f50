"""What lived in houses need: withdrawn plates, dormitories, cuts through communities."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from adapters.occupancy import cut, refuse_occupied
from adapters.projector import Projector
from adapters.reading import Behind, reading
from registry.commands.addresses import CloseDoorplate, FreezeDoorplate
from registry.commands.households import CloseHousehold
from registry.commands.relocation import MoveHousehold
from registry.errors import Conflict, Refused
from registry.projections.base import At
from registry.register import Submission
from registry.store import Receipt
from tests.scenarios.test_migration import out, settle
from tests.scenarios.town import CHIEF, DECLARANT, Town, birth

DAY = date(2007, 5, 1)


@pytest.fixture
def projector(town: Town) -> Projector:
    store = town.register.store
    following = Projector(store.engine, store)  # type: ignore[attr-defined]  # it is a Recorder
    following.prepare()
    following.catch_up()
    return following


def asked(town: Town, projector: Projector, command: object) -> list[str]:
    """The rules that the read models tell."""
    projector.catch_up()
    try:
        refuse_occupied(command, projector.engine, projector, town.clock())
    except Refused as refused:
        return [rule.code for rule in refused.rules]
    return []


def test_a_door_plate_with_households_is_not_withdrawn(town: Town, projector: Projector):
    close = CloseDoorplate(doorplate=town.mill)
    town.do(FreezeDoorplate(doorplate=town.mill))
    assert asked(town, projector, close) == ["doorplate-occupied"]
    town.do(MoveHousehold(household=town.hut, doorplate=town.yard, declarant=DECLARANT))
    assert asked(town, projector, close) == []
    town.do(close)


def test_a_dormitory_closes_without_residents_and_moves_with_all(town: Town, projector: Projector):
    close = CloseHousehold(household=town.dormitory)
    move = {"household": town.dormitory, "doorplate": town.yard, "declarant": DECLARANT}
    assert asked(town, projector, close) == ["residents-unnamed"]
    assert asked(town, projector, MoveHousehold(**move)) == ["residents-unnamed"]
    assert asked(town, projector, MoveHousehold(**move, persons=(town.lodger,))) == []
    assert asked(town, projector, CloseHousehold(household=town.home)) == []  # streams tell that


def test_who_settles_while_a_dormitory_is_closed_or_moved_is_not_left_behind(
    town: Town, projector: Projector
):
    """Between the answer of the read models and the decision somebody moves in."""
    town.do(out(town.lodger, on=None))
    close = CloseHousehold(household=town.dormitory)
    move = MoveHousehold(household=town.dormitory, doorplate=town.yard, declarant=DECLARANT)
    projector.catch_up()
    asked = refuse_occupied(close, projector.engine, projector, town.clock())
    assert asked == refuse_occupied(move, projector.engine, projector, town.clock())
    arrival = settle(town, town.lodger, household=town.dormitory, on=town.today)
    late: list[Any] = [close, move]
    late = [Submission(UUID(int=n), CHIEF, one, asked) for n, one in enumerate(late)]
    in_one_batch = town.register.do_all([Submission(UUID(int=9), CHIEF, arrival), *late])
    assert [type(one) for one in in_one_batch] == [Receipt, Conflict, Conflict]
    assert [type(one) for one in town.another().do_all(late)] == [Conflict, Conflict]
    town.do(out(town.lodger, certificate_number="Q2", on=None))
    projector.catch_up()
    again = refuse_occupied(close, projector.engine, projector, town.clock())
    town.do(birth(town))  # what does not name the dormitory is not in its way
    town.register.do(Submission(UUID(int=0), CHIEF, close, again))
    assert town.household(town.dormitory).closed_on == town.today


def test_read_models_that_are_behind_answer_nothing(
    town: Town, projector: Projector, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("adapters.occupancy.PATIENCE_S", 0.01)
    town.do(FreezeDoorplate(doorplate=town.mill))
    with pytest.raises(Behind):
        refuse_occupied(
            CloseDoorplate(doorplate=town.mill), projector.engine, projector, town.clock()
        )


def test_a_cut_passes_everybody_and_goes_on_where_it_stopped(town: Town, projector: Projector):
    town.do(
        MoveHousehold(
            household=town.dormitory,
            doorplate=town.yard,
            persons=(town.lodger,),
            declarant=DECLARANT,
            on=date(2007, 4, 1),
        )
    )
    plates = [town.household(house).doorplate for house in (town.home, town.dormitory)]
    sent: list[object] = []

    def do(submission):
        if len(sent) == 1:
            raise ConnectionError("pulled out")
        sent.append(submission)
        return town.register.do(submission)

    arguments = (projector.engine, projector, CHIEF, plates, town.west, DAY, "德府发[2007]12号")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.occupancy.PLATES", 1)
        with pytest.raises(ConnectionError):
            cut(do, *arguments, follow=projector.catch_up)
        again = cut(town.register.do, *arguments, follow=projector.catch_up)
    assert again.submissions == 1
    assert cut(town.register.do, *arguments, follow=projector.catch_up).submissions == 0
    for person in (town.wang, town.li, town.boy, town.lodger):
        assert town.person(person).community == town.west
        assert town.person(person, date(2007, 4, 30)).community == town.east
    with reading(projector.engine) as reader:
        at = At(DAY, projector.position())
        assert {one.community for one in reader.occupants(plates[0], at)} == {town.west}
