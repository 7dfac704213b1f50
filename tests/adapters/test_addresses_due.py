"""Who moved is to bring the card along, until it says the new address (应追加住址)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from adapters.addresses_due import Due, addresses_due
from adapters.reading import reading
from registry.commands.cards_appending import AbandonAddress
from registry.projections import At
from registry.values import AppendFailure
from tests.scenarios.cards import AUDITOR, accepted, arrived, handing, issued, ready, serial
from tests.scenarios.cards import STATION as DESK
from tests.scenarios.test_cards_appending import DEVICE, confirming, intending, moved
from tests.scenarios.test_sites import following
from tests.scenarios.test_undoing import reverse
from tests.scenarios.town import SETTLED, Town


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


def test_what_was_due_on_a_day_is_due_for_that_day_still(town: Town):
    """What was appended since is no answer to what the card said then."""
    ready(town)
    card = issued(town, "zhao")
    before = town.today
    town.today += timedelta(3)
    moved(town, "gate")
    moving = town.today
    town.today += timedelta(10)
    append(town, card)
    assert due(town, on=before) == ()
    for day in (moving, town.today - timedelta(1)):
        assert [(one.person, one.appended) for one in due(town, on=day)] == [(town.zhao, 0)]
    assert due(town, on=town.today) == ()


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


def test_a_household_that_moves_within_its_community_is_listed_too(town: Town):
    """The move stands on the household's stream alone."""
    ready(town)
    moved(town, "gate")
    card = issued(town, "zhao")
    known = len(town.timeline(town.zhao))
    moved(town, "yard")
    assert len(town.timeline(town.zhao)) == known
    (one,) = due(town)
    assert (one.person, one.moved_on) == (town.zhao, town.today)
    append(town, card)
    assert due(town) == ()
    moved(town, "gate")
    assert len(due(town)) == 1, "the chip says another address last"


def test_who_never_moved_after_all_is_listed_where_the_card_says_the_move(town: Town):
    ready(town)
    moved(town, "gate")
    moving = town.timeline(town.zhao)[-1]
    issued(town, "zhao")
    assert due(town) == ()
    town.do(reverse(town.zhao, moving.version))
    (one,) = due(town)
    assert (one.person, one.moved_on) == (town.zhao, SETTLED)


def test_who_moved_back_is_not_listed(town: Town):
    ready(town)
    issued(town, "zhao")
    moved(town, "gate")
    moved(town, "mill")
    assert due(town) == ()


def test_who_moved_on_while_an_address_was_being_appended_is_listed(town: Town):
    """The chip took the address of before, and its slot is used up."""
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    town.do(intending(card), AUDITOR)
    moved(town, "yard")
    town.do(confirming(town, card), AUDITOR)
    (one,) = due(town)
    assert (one.appended, one.exchange) == (1, False)


def test_slots_that_were_burnt_are_used_up(town: Town):
    ready(town)
    card = issued(town, "zhao")
    moved(town, "gate")
    burnt = AbandonAddress(serial=serial(1), result=AppendFailure("1"), device=DEVICE, burnt=True)
    for slot in range(1, 5):
        assert [(one.appended, one.exchange) for one in due(town)] == [(slot - 1, False)]
        town.do(intending(card), AUDITOR)
        town.do(burnt, AUDITOR)
    assert [(one.appended, one.exchange) for one in due(town)] == [(4, True)]


def append(town: Town, card: Any) -> None:
    """The county appends the present address."""
    town.do(intending(card), AUDITOR)
    town.do(confirming(town, card), AUDITOR)
