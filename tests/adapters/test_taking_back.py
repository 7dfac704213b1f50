"""Cards whose holders are no more are to be taken back, until they are (应收缴证件)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from adapters import issuing
from adapters.addresses_due import addresses_due
from adapters.calling import Lack, call_up
from adapters.reading import reading
from adapters.taking_back import Why, to_take_back
from registry.commands.cards_held import SurrenderCard
from registry.commands.particulars import ChangeName
from registry.commands.relocation import MoveHousehold
from registry.projections import At
from registry.projections.issuance import of_nobody
from registry.values import ChangeCategory, Name, PaperNumber, SurrenderReason
from tests.adapters.followed import followed
from tests.scenarios.cards import STATION, issued, ready
from tests.scenarios.test_cards_appending import moved
from tests.scenarios.test_cards_fitness import (
    dies,
    emigrates,
    enlists,
    is_merged_away,
    moves,
    was_never_there,
)
from tests.scenarios.test_sites import following
from tests.scenarios.town import DECLARANT, OF_SHIFANG, Town, death


def out(town: Town, place: Any = None, **told: Any) -> list[tuple[Any, Any, str]]:
    """The cards of a place, the county unless told otherwise, that are to be taken back."""
    projector = following(town)
    projector.catch_up()
    at = At(town.today, town.register.store.head()[0])
    with reading(projector.engine) as reader:
        told = {"sees": lambda _: True, **told}
        found = to_take_back(reader, place or town.jingyang, at, **told)
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


def test_a_card_is_listed_where_its_holder_was_registered_last(town: Town):
    """What became of the holder is told there, and not where the card was applied for."""
    ready(town)
    card = issued(town, "zhao")
    moves(town)
    assert out(town, town.shifang) == []
    town.today += timedelta(1)
    died = death(town.zhao, died_on=town.today)
    town.do(died, replace(OF_SHIFANG, roles=STATION.roles))
    assert out(town, town.shifang) == [(card, Why.DIED, "4")]
    assert out(town, town.town) == [(card, Why.DIED, "4")]
    assert out(town, town.qingyang) == []
    assert out(town, sees=lambda _: False) == [(card, None, "None")]


def test_a_card_is_not_listed_where_its_holder_was_registered_before(town: Town):
    ready(town)
    moved(town, "gate")
    card = issued(town, "zhao")
    town.today += timedelta(1)
    town.do(death(town.zhao, died_on=town.today))
    assert out(town, town.east) == [(card, Why.DIED, "4")]
    assert out(town, town.west) == []


@pytest.mark.parametrize("moving", [True, False])
def test_a_card_of_two_communities_is_listed_once(
    town: Town, monkeypatch: pytest.MonkeyPatch, moving: bool
):
    """Where the holder applied and lived last, though each community is asked by itself."""
    monkeypatch.setattr(issuing, "ASKED_AT_ONCE", 1)
    ready(town)
    names = ("zhao", "li")
    cards = [issued(town, name, first=number) for number, name in enumerate(names, 1)]
    town.today += timedelta(1)
    if moving:
        moved(town, "gate")
        town.today += timedelta(1)
    for name in names:
        town.do(death(town.ids[name], died_on=town.today))
    listed = [(card, Why.DIED, "4") for card in sorted(cards)]
    assert out(town) == listed
    assert out(town, town.east) == [one for one in listed if moving or one[0] == cards[1]]
    assert out(town, town.west) == [one for one in listed if one[0] == cards[0]]


def test_where_no_card_is_out_none_of_another_place_is_read(town: Town):
    """Else a list of a community takes as long as one of the province."""
    at = At(town.today, town.register.store.head()[0])
    projector = following(town)
    projector.catch_up()
    said = of_nobody([town.town.bytes], at, bytes(16), 100)
    query = said.compile(projector.engine, compile_kwargs={"render_postcompile": True})
    values = tuple(query.params[name] for name in query.positiontup or ())
    with projector.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"explain query plan {query}", values).all()
    steps = [row.detail for row in plan if "issuance" in row.detail]
    assert len(steps) >= 3
    assert [step for step in steps if not step.startswith("SEARCH")] == []
    assert [step for step in steps if "(application>" in step] == []
    assert sum("(community=?" in row.detail for row in plan) == 2, "applied there, or lived there"


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
        back = to_take_back(reader, town.jingyang, at, lambda _: True).cards
        called = call_up(reader, town.jingyang, at).called
        due = addresses_due(reader, town.jingyang, at).due
    assert [one.person for one in back] == [town.zhao]
    assert [one.person for one in called if one.lacks is Lack.CHANGED] == [town.wang]
    assert {one.person for one in due} == {town.wang, town.li}
