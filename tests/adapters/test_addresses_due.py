"""Who moved is to bring the card along, until it says the new address (应追加住址)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from adapters.addresses_due import Due, addresses_due
from adapters.reading import reading
from registry.projections import At
from tests.scenarios.cards import AUDITOR, accepted, arrived, handing, ready
from tests.scenarios.cards import STATION as DESK
from tests.scenarios.test_cards_appending import confirming, intending, moved
from tests.scenarios.test_sites import following
from tests.scenarios.town import Town


def due(town: Town, known: int | None = None, on: date | None = None) -> tuple[Due, ...]:
    """Whose card says another address, in the whole county."""
    projector = following(town)
    projector.catch_up()
    at = At(on or town.today, town.register.store.head()[0] if known is None else known)
    with reading(projector.engine) as reader:
        return addresses_due(reader, town.jingyang, at).due


def test_who_moved_is_listed_until_the_chip_says_the_new_address(town: Town):
    ready(town)
    card = accepted(town, "zhao")
    arrived(town, card)
    moved(town, "gate")
    assert due(town) == (), "the card is not in the holder's hand"
    town.do(handing(town, card), DESK)
    (one,) = due(town)
    assert (one.person, one.application, one.moved_on) == (town.zhao, card, town.today)
    assert (one.appended, one.exchange) == (0, False)
    before = town.register.store.head()[0]
    append(town, card)
    assert due(town) == ()
    assert len(due(town, before)) == 1, "as it was known"
    assert due(town, on=town.today - timedelta(1)) == ()


def test_who_moved_a_fifth_time_is_to_exchange_the_card(town: Town):
    ready(town)
    card = accepted(town, "zhao")
    arrived(town, card)
    town.do(handing(town, card), DESK)
    for plate in ("gate", "mill", "yard", "mill"):
        moved(town, plate)
        append(town, card)
    assert due(town) == ()
    moved(town, "gate")
    (one,) = due(town)
    assert (one.appended, one.exchange) == (4, True)


def append(town: Town, card: Any) -> None:
    """The county appends the present address."""
    town.do(intending(card), AUDITOR)
    town.do(confirming(town, card), AUDITOR)
