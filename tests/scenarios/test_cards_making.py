"""A card that is made: bodies, faults on the way down, hand-over (制发).

Source: 居民身份证法 art. 11, 12; Deyang plan of 2004.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.aggregates import Application, CardBody
from registry.aggregates.card import BodyState
from registry.card_terms import CardSetting
from registry.commands.cards_blanks import ReturnBlanks
from registry.commands.cards_bodies import (
    BindBlank,
    ConfirmBodyDestruction,
    ConfirmBodyVoid,
    ProposeBodyDestruction,
    ProposeBodyVoid,
    RecordPersonalised,
    ReportBodyFound,
    SpoilBody,
)
from registry.commands.cards_common import Tier
from registry.commands.cards_handover import RemindHolders
from registry.commands.cards_making import (
    OrderProduction,
    RecordProduction,
    RedoCards,
    RejectProduced,
)
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    RejectCard,
    SortCards,
)
from registry.values import (
    PaperNumber,
    ReceivedQuality,
    SpoilCause,
)
from tests.scenarios.cards import (
    AUDITOR,
    BELOW,
    BIN,
    CENTRE,
    DOWN,
    IMAGE,
    OFFICERS,
    PHOTO,
    PROVINCE,
    SITE,
    STATION,
    accepted,
    arrived,
    bound,
    handing,
    issued,
    on_line,
    ordered,
    produced,
    ready,
    serial,
    state,
)
from tests.scenarios.town import GROUNDS, Town, death

CHIP_BAD = ReceivedQuality("10")
LOST, PROCESS = SpoilCause.CUSTODY, SpoilCause.PROCESS


def test_a_card_is_made_once_its_chip_was_written_and_read_back(town: Town):
    ready(town)
    one = accepted(town)
    ordered(town, one)
    on_line(town, 1, 2)
    made = RecordPersonalised(serial=serial(1), image=IMAGE)
    assert town.refused(made, CENTRE) == ["body-not-written"]
    bound(town, one, 1)
    second = BindBlank(application=one, serial=serial(2), image=IMAGE, key_version=1)
    assert town.refused(second, CENTRE) == ["body-not-settled"]
    other = RecordPersonalised(serial=serial(1), image=PHOTO)
    assert town.refused(other, CENTRE) == ["body-for-another"]
    town.do(made, CENTRE)
    assert state(town, one) == "31"
    assert "again" not in town.told
    head = town.register.store.head()[0]
    assert town.do(made, CENTRE)["again"], "the first answer may have been lost"
    assert town.register.store.head()[0] == head
    assert town.refused(other, CENTRE) == ["body-not-written"]
    town.do(ReturnBlanks(serials=(serial(2),)), CENTRE)
    gen1 = RecordProduction(applications=(one,))
    assert "body-not-written" in town.refused(gen1, CENTRE)


def test_a_proven_spoil_allows_the_next_body_and_an_attempt_takes_three(town: Town):
    ready(town)
    one = accepted(town)
    ordered(town, one)
    on_line(town, 1, 2, 3, 4)
    for number in (1, 2, 3):
        bound(town, one, number)
        spoiled = SpoilBody(serial=serial(number), cause=SpoilCause.PROCESS, reject_bin=BIN)
        town.do(spoiled, CENTRE)
    fourth = BindBlank(application=one, serial=serial(4), image=IMAGE, key_version=1)
    assert town.refused(fourth, CENTRE) == ["bodies-exhausted"]


def test_giving_up_a_body_that_is_not_in_hand_takes_two_officers(town: Town):
    ready(town)
    one = accepted(town)
    ordered(town, one)
    on_line(town, 1, 2)
    bound(town, one, 1)
    other = replace(CENTRE, officer=PROVINCE.officer)
    version = town.do(ProposeBodyVoid(serial=serial(1), cause=LOST, grounds=GROUNDS), CENTRE)[
        "version"
    ]
    confirm = ConfirmBodyVoid(serial=serial(1), version=version)
    assert town.refused(confirm, CENTRE) == ["same-officer"]
    for wrong in (version - 1, version + 1, 0):
        unproposed = ConfirmBodyVoid(serial=serial(1), version=wrong)
        assert town.refused(unproposed, other) == ["nothing-proposed"]
    town.do(confirm, other)
    bound(town, one, 2)
    town.do(ReportBodyFound(serial=serial(1), reject_bin=BIN), CENTRE)
    version = town.do(ProposeBodyDestruction(serial=serial(1), grounds=GROUNDS), CENTRE)["version"]
    destroy = ConfirmBodyDestruction(serial=serial(1), version=version, protocol=PaperNumber("X-1"))
    assert town.refused(destroy, CENTRE) == ["same-officer"]
    town.do(destroy, other)
    body = town.timeline(one)[-1].event.body
    assert town.see(CardBody, body).state is BodyState.BOUND


# --- faults on the way down -------------------------------------------------------------------


def test_a_card_that_is_faulty_at_the_centre_is_made_again_at_once(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    town.do(
        RejectProduced(application=one, quality=CHIP_BAD, cause=PROCESS, reject_bin=BIN), CENTRE
    )
    town.do(OrderProduction(applications=(one,), site=SITE), PROVINCE)
    card = town.see(Application, one)
    assert (card.state, card.attempt, card.body) == ("24", 2, None)
    on_line(town, 9)
    bound(town, one, 9)
    town.do(RecordPersonalised(serial=serial(9), image=IMAGE), CENTRE)
    assert state(town, one) == "31"


@pytest.mark.parametrize("tier", DOWN)
def test_a_card_found_faulty_at_any_tier_is_made_again(town: Town, tier):
    """The first body goes into the bin, and the remake is a further attempt of the application."""
    ready(town)
    one = accepted(town)
    produced(town, one)
    for each in DOWN:
        town.do(ReceiveCards(tier=each, applications=(one,)), OFFICERS[each])
        if each is tier:
            break
        town.do(PassInspection(tier=each, applications=(one,)), OFFICERS[each])
        to = OFFICERS[BELOW[each]].office
        send = DispatchCards(tier=each, applications=(one,), destination=to)
        if each is not Tier.PROVINCE:
            town.do(SortCards(tier=each, applications=(one,)), OFFICERS[each])
        town.do(send, OFFICERS[each])
    reject = RejectCard(tier=tier, application=one, quality=CHIP_BAD, cause=PROCESS, reject_bin=BIN)
    town.do(reject, OFFICERS[tier])
    body = town.see(Application, one).body
    assert town.see(CardBody, body).state is BodyState.SPOILED
    town.do(RedoCards(applications=(one,), cause=PROCESS), PROVINCE)
    town.do(OrderProduction(applications=(one,), site=SITE), PROVINCE)
    assert town.see(Application, one).attempt == 2


def test_a_card_lost_on_the_way_is_made_again_once_two_officers_gave_its_body_up(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    redo = RedoCards(applications=(one,), cause=LOST, grounds=GROUNDS)
    assert town.refused(redo, PROVINCE) == ["body-not-settled"]
    version = town.do(ProposeBodyVoid(serial=serial(1), cause=LOST, grounds=GROUNDS), CENTRE)[
        "version"
    ]
    town.do(ConfirmBodyVoid(serial=serial(1), version=version), PROVINCE)
    assert state(town, one) == "97"
    town.do(OrderProduction(applications=(one,), site=SITE), PROVINCE)


@pytest.mark.parametrize("tier", DOWN)
def test_a_card_does_not_go_on_uninspected_unless_that_is_set(town: Town, tier):
    ready(town)
    one = accepted(town)
    produced(town, one)
    for each in DOWN:
        by = OFFICERS[each]
        town.do(ReceiveCards(tier=each, applications=(one,)), by)
        on = (
            handing(town, one)
            if each is Tier.STATION
            else SortCards(tier=each, applications=(one,))
        )
        if each is tier:
            assert town.refused(on, by) == ["not-inspected"]
            off = CardSetting(inspected=frozenset())
            town.register.setting = replace(town.register.setting, cards=off)
            town.do(on, by)
            break
        town.do(PassInspection(tier=each, applications=(one,)), by)
        to = OFFICERS[BELOW[each]].office
        town.do(DispatchCards(tier=each, applications=(one,), destination=to), by)


def test_the_county_may_hand_out_itself(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    for tier in (Tier.PROVINCE, Tier.COUNTY):  # where the province sends to the county at once
        town.do(ReceiveCards(tier=tier, applications=(one,)), OFFICERS[tier])
        town.do(PassInspection(tier=tier, applications=(one,)), OFFICERS[tier])
        if tier is Tier.PROVINCE:
            send = DispatchCards(tier=tier, applications=(one,), destination=AUDITOR.office)
            town.do(send, PROVINCE)
    town.do(handing(town, one), AUDITOR)
    assert town.timeline(one)[-1].event.handover == "2"


def test_nobody_dead_collects_and_holders_are_reminded(town: Town):
    ready(town)
    one = accepted(town, "zhao")
    arrived(town, one)
    town.do(RemindHolders(applications=(one,)), STATION)
    town.do(RemindHolders(applications=(one,)), STATION)
    town.do(death(town.zhao))
    assert town.refused(handing(town, one), STATION) == ["already-deceased"]


def test_a_card_in_its_holder_s_hand_is_not_given_up_nor_binned_by_the_centre(town: Town):
    ready(town)
    issued(town)
    binned = SpoilBody(serial=serial(1), cause=SpoilCause.PROCESS, reject_bin=BIN)
    assert town.refused(binned, CENTRE) == ["body-is-card"]
    give_up = ProposeBodyVoid(serial=serial(1), cause=LOST, grounds=GROUNDS)
    assert town.refused(give_up, CENTRE) == ["card-not-kept"]
