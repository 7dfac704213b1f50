"""Cards whose holders are no more are to be taken back, until they are (应收缴证件)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from adapters.addresses_due import addresses_due
from adapters.calling import Lack, call_up
from adapters.reading import reading
from adapters.taking_back import Why, to_take_back
from registry.commands.cards_held import SurrenderCard
from registry.commands.particulars import ChangeName
from registry.commands.relocation import MoveHousehold
from registry.projections import At
from registry.values import ChangeCategory, Name, PaperNumber, SurrenderReason
from tests.adapters.followed import followed
from tests.scenarios.cards import STATION, issued, ready
from tests.scenarios.test_cards_fitness import (
    dies,
    emigrates,
    enlists,
    is_merged_away,
    moves,
    was_never_there,
)
from tests.scenarios.test_sites import following
from tests.scenarios.town import DECLARANT, Town


def out(town: Town, **told: Any) -> list[tuple[Any, Why, str]]:
    """The cards of the county that are to be taken back."""
    projector = following(town)
    projector.catch_up()
    at = At(town.today, town.register.store.head()[0])
    with reading(projector.engine) as reader:
        found = to_take_back(reader, town.jingyang, at, **told)
    assert found.after is None
    kept = {town.wang} if any(one.why is Why.DELETED for one in found.cards) else set()
    assert set(found.subjects) == {one.person for one in found.cards} | kept
    return [(one.application, one.why, str(one.reason)) for one in found.cards]


@pytest.mark.parametrize(
    ("befallen", "why", "reason"),
    [
        (dies, Why.DIED, "4"),
        (emigrates, Why.ABROAD, "6"),
        (is_merged_away, Why.DELETED, "1"),
        (was_never_there, Why.REVERSED, "1"),
    ],
)
def test_a_card_whose_holder_is_no_more_is_listed_until_it_is_back(
    town: Town, befallen, why, reason
):
    ready(town)
    card, other = issued(town, "zhao"), issued(town, "wang", first=2)
    assert out(town) == []
    befallen(town)
    assert out(town) == out(town, limit=1) == [(card, why, reason)]
    assert out(town, after=max(card, other)) == []
    town.do(SurrenderCard(application=card, surrender_reason=SurrenderReason(reason)), STATION)
    assert out(town) == []


@pytest.mark.parametrize("befallen", [moves, enlists])
def test_who_moves_or_serves_keeps_the_card(town: Town, befallen):
    ready(town)
    issued(town, "zhao")
    befallen(town)
    assert out(town) == []


def test_the_lists_of_cards_are_the_same_on_either_database(town: Town, engine: Engine):
    """What is to be taken back, to be exchanged and to be added to."""
    ready(town)
    for number, name in enumerate(("zhao", "wang", "li"), 1):
        issued(town, name, first=number)
    dies(town)
    told: dict[str, Any] = {"category": ChangeCategory("21"), "approval": PaperNumber("A1")}
    told |= {"name": Name("王建军"), "declarant": DECLARANT, "on": town.today}
    town.do(ChangeName(person=town.wang, **told))
    town.do(MoveHousehold(household=town.home, doorplate=town.yard, declarant=DECLARANT))
    store, codec = town.register.store, town.register.codec
    followed(engine, [codec.entry(one) for one in store.page(0, 10_000)], batch=70)
    at = At(town.today, store.head()[0])
    with reading(engine) as reader:
        back = to_take_back(reader, town.jingyang, at).cards
        called = call_up(reader, town.jingyang, at).called
        due = addresses_due(reader, town.jingyang, at).due
    assert [one.person for one in back] == [town.zhao]
    assert [one.person for one in called if one.lacks is Lack.CHANGED] == [town.wang]
    assert {one.person for one in due} == {town.wang, town.li}
