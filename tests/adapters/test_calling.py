"""Whose card says a name or number of before is called up to exchange it (集中换领通知).

Source: 居民身份证法 art. 11.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.calling import Lack, call_up
from adapters.reading import reading
from registry.projections import At
from tests.scenarios.cards import issued, ready
from tests.scenarios.test_cards_appending import moved
from tests.scenarios.test_cards_fitness import gets_another_number, is_renamed
from tests.scenarios.test_sites import following
from tests.scenarios.test_undoing import void
from tests.scenarios.town import Town


def called(town: Town, known: int | None = None) -> list[Any]:
    """Why Zhao is called up, and which card he has."""
    projector = following(town)
    projector.catch_up()
    at = At(town.today, town.register.store.head()[0] if known is None else known)
    with reading(projector.engine) as reader:
        every = call_up(reader, town.jingyang, at).called
    return [(one.lacks, one.holds) for one in every if one.person == town.zhao]


@pytest.mark.parametrize("befallen", [is_renamed, gets_another_number])
def test_whose_items_have_changed_since_the_signature_is_called_up(town: Town, befallen):
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    assert called(town) == [], "an address is appended"
    before = town.register.store.head()[0]
    befallen(town)
    assert called(town) == [(Lack.CHANGED, card)]
    assert called(town, before) == [], "as it was known"


def test_what_was_undone_does_not_call_anybody_up(town: Town):
    ready(town)
    issued(town, "zhao")
    is_renamed(town)
    town.do(void(town.zhao, len(town.timeline(town.zhao))))
    assert called(town) == []


def test_whose_card_was_signed_with_what_was_undone_since_is_called_up(town: Town):
    ready(town)
    is_renamed(town)
    version = len(town.timeline(town.zhao))
    card = issued(town, "zhao")
    town.do(void(town.zhao, version))
    assert called(town) == [(Lack.CHANGED, card)]
