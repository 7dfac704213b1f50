"""Whoever has a card body answers for it, and nobody else disposes of it (卡体保管).

Source: 居民身份证制作中心（所）建设工作规范; 德办发(2004)39号: two persons; 吉政办发〔2004〕53号.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry.aggregates import WorkOrder
from registry.aggregates.card import BodyState
from registry.commands import work_orders
from registry.commands.cards_blanks import ReceiveBlanks, ReceiveTransfer, TransferBlanks
from registry.commands.cards_bodies import (
    ConfirmBodyDestruction,
    ConfirmBodyVoid,
    ProposeBodyDestruction,
    ProposeBodyVoid,
    ReportBodyFound,
    SpoilBody,
)
from registry.commands.cards_common import Tier
from registry.commands.cards_making import OrderProduction, RerouteProduction, ReturnOrder
from registry.commands.cards_sites import CloseSite
from registry.commands.cards_transport import (
    DispatchCards,
    DispatchFromSite,
    PassInspection,
    ReceiveCards,
    RejectCard,
)
from registry.commands.findings import RaiseFinding
from registry.commands.vital import RegisterDeath
from registry.commands.work_orders import CloseWorkOrder
from registry.values import (
    PaperNumber,
    PersonId,
    ProductionError,
    ReceivedQuality,
    RegisterItem,
    RuleCode,
    SpoilCause,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    ADMINISTRATOR,
    AUDITOR,
    BIN,
    CENTRE,
    CHILD,
    LOT,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    accepted,
    brought,
    on_line,
    ordered,
    produced,
    ready,
    serial,
    state,
    stocked,
)
from tests.scenarios.test_cards_bodies import OTHER, SECOND_SITE, THERE, body
from tests.scenarios.test_cards_fitness import BEFALLS, dies, was_never_there
from tests.scenarios.test_sites import DOCUMENT, closes, following, opened
from tests.scenarios.test_work_orders import ORDER, begun, binding, ordering, supplied
from tests.scenarios.town import DECLARANT, GROUNDS, Town

CHIP_BAD, PROTOCOL = ReceivedQuality("10"), PaperNumber("XH-1")
GIVE_UP = ProposeBodyVoid(serial=serial(1), cause=SpoilCause.CUSTODY, grounds=GROUNDS)


def test_a_blank_is_given_up_and_found_by_its_site_or_the_province_and_by_no_county(town: Town):
    stocked(town, 1)
    for stranger in (AUDITOR, THERE):
        assert town.refused(GIVE_UP, stranger) == ["other-site"]
    version = town.do(GIVE_UP, CENTRE)["version"]
    confirm = ConfirmBodyVoid(serial=serial(1), version=version)
    assert town.refused(confirm, SIGNER) == ["other-site"]
    town.do(confirm, PROVINCE)
    found = ReportBodyFound(serial=serial(1), reject_bin=BIN)
    for stranger in (AUDITOR, THERE):
        assert town.refused(found, stranger) == ["other-site"]
    town.do(found, CENTRE)


def test_waste_is_destroyed_by_two_officers_of_the_office_in_whose_bin_it_lies(town: Town):
    on_line(town, 1)
    town.do(SpoilBody(serial=serial(1), cause=SpoilCause.PROCESS, reject_bin=BIN), CENTRE)
    propose = ProposeBodyDestruction(serial=serial(1), grounds=GROUNDS)
    for stranger in (AUDITOR, THERE):
        assert town.refused(propose, stranger) == ["other-site"]
    version = town.do(propose, CENTRE)["version"]
    confirm = ConfirmBodyDestruction(serial=serial(1), version=version, protocol=PROTOCOL)
    assert town.refused(confirm, THERE) == ["other-site"]
    assert town.refused(confirm, CENTRE) == ["same-officer"]
    town.do(confirm, OTHER)


def test_a_card_that_a_county_found_faulty_is_destroyed_there_and_bars_no_site(town: Town):
    opened(town, SITE)
    ready(town)
    one = accepted(town)
    produced(town, one)
    town.do(ReceiveCards(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    town.do(PassInspection(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    county = AUDITOR.office
    sent = DispatchCards(tier=Tier.PROVINCE, applications=(one,), destination=county)
    town.do(sent, PROVINCE)
    town.do(ReceiveCards(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    faulty = RejectCard(
        tier=Tier.COUNTY,
        application=one,
        quality=CHIP_BAD,
        cause=SpoilCause.MATERIAL,
        reject_bin=BIN,
    )
    town.do(faulty, AUDITOR)
    assert (body(town, 1).state, body(town, 1).bin_at) == (BodyState.SPOILED, county)
    assert closes(town, following(town), SITE) == []
    propose = ProposeBodyDestruction(serial=serial(1), grounds=GROUNDS)
    assert town.refused(propose, CENTRE) == ["other-site"]
    version = town.do(propose, AUDITOR)["version"]
    confirm = ConfirmBodyDestruction(serial=serial(1), version=version, protocol=PROTOCOL)
    town.do(confirm, SIGNER)
    assert body(town, 1).state is BodyState.DESTROYED


def test_a_card_leaves_its_site_once(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    leave = DispatchFromSite(applications=(one,), destination=PROVINCE.office)
    town.do(leave, CENTRE)
    assert town.refused(leave, CENTRE) == ["sent-elsewhere"]


def test_nothing_comes_to_a_site_whose_end_is_announced(town: Town):
    opened(town, SITE, SECOND_SITE)
    ready(town)
    one, other = accepted(town, "wang"), accepted(town, "li")
    brought(town, "22", one)
    ordered(town, other)
    stocked(town, 1, 2)
    town.do(RerouteProduction(applications=(other,), site=SECOND_SITE), PROVINCE)
    both = (serial(1), serial(2))
    town.do(TransferBlanks(serials=both[:1], destination=SECOND_SITE), CENTRE)
    later = town.today + timedelta(10)
    town.do(CloseSite(site=SECOND_SITE, document=DOCUMENT, on=later), ADMINISTRATOR)
    assert town.refused(OrderProduction(applications=(one,), site=SECOND_SITE), PROVINCE) == [
        "site-unknown"
    ]
    onwards = TransferBlanks(serials=both[1:], destination=SECOND_SITE)
    assert town.refused(onwards, CENTRE) == ["site-unknown"]
    new = ReceiveBlanks(sheets=(), lot=LOT, site=SECOND_SITE)
    assert town.refused(new, THERE) == ["site-unknown"]
    arrived = ReceiveTransfer(serials=both[:1], site=SECOND_SITE)
    assert town.refused(arrived, THERE) == ["site-unknown"], "it goes back to the sender"
    town.do(replace(arrived, site=SITE), CENTRE)


@pytest.mark.parametrize("befallen", [dies, was_never_there])
def test_one_who_is_no_more_does_not_hold_up_the_order_of_all_others(town: Town, befallen):
    ready(town)
    wang, zhao = accepted(town, "wang"), accepted(town, "zhao")
    brought(town, "22", wang, zhao)
    befallen(town)
    both = ordering(wang, zhao)
    assert town.refused(both, PROVINCE) == [BEFALLS[befallen]]
    told = town.do(replace(both, leave_out=True), PROVINCE)
    assert told["left_out"] == [{"application": str(zhao), "why": [BEFALLS[befallen]]}]
    assert (state(town, wang), state(town, zhao)) == ("24", "22")
    nobody = replace(ordering(zhao, number=PaperNumber("W-2")), leave_out=True)
    assert town.refused(nobody, PROVINCE) == [BEFALLS[befallen]]


def checked(town: Town) -> tuple[Any, Any, Any, Any]:
    """Four applications that wait for an order."""
    ready(town)
    zhao, wang, li = (accepted(town, one) for one in ("zhao", "wang", "li"))
    boy = accepted(town, "boy", CHILD, guardian_name=DECLARANT)
    brought(town, "22", zhao, wang, boy, li)
    return zhao, wang, boy, li


def test_who_waits_behind_stands_in_for_who_is_left_out(town: Town):
    """So many cards are ordered as are wanted, in the order in which they were drawn."""
    zhao, wang, boy, li = drawn = checked(town)
    town.do(RegisterDeath(person=town.zhao, died_on=town.today, declarant=DECLARANT))
    two = replace(ordering(*drawn), leave_out=True, cards=2)
    told = town.do(two, PROVINCE)
    assert (told["applications"], len(told["left_out"])) == (2, 1)
    assert [state(town, one) for one in drawn] == ["22", "24", "24", "22"]
    assert town.see(WorkOrder, town.named(Kind.WORK_ORDER, ORDER)).applications == (wang, boy)
    rest = replace(ordering(zhao, li, number=PaperNumber("W-2")), leave_out=True, cards=9)
    assert town.do(rest, PROVINCE)["applications"] == 1
    nobody = replace(ordering(li, number=PaperNumber("W-3")), leave_out=True, cards=0)
    assert town.refused(nobody, PROVINCE) == ["no-cards-wanted"]


def test_the_way_to_who_stands_in_may_be_long(town: Town, monkeypatch: pytest.MonkeyPatch):
    """Those looked at beside the ones that are wanted may be unfit, too."""
    monkeypatch.setattr(work_orders, "STAND_BY", 1)
    *unfit, last = checked(town)
    for name in ("zhao", "wang", "boy"):
        person, item = PersonId(town.ids[name]), RegisterItem("sex")
        town.do(RaiseFinding(person=person, rule=RuleCode("0405"), item=item), STATION)
    told = town.do(replace(ordering(*unfit, last), leave_out=True, cards=1), PROVINCE)
    assert (told["applications"], len(told["left_out"]), state(town, last)) == (1, 3, "24")


@pytest.mark.parametrize("died", [True, False])
def test_no_blank_is_bound_for_whom_no_card_may_be_made_any_more(town: Town, died: bool):
    """Who dies after the order gets no card; the data go back, and the order comes to its end."""
    ready(town)
    one = accepted(town, "zhao")
    brought(town, "22", one)
    town.do(ordering(one), PROVINCE)
    supplied(town, 1)
    begun(town)
    if died:
        town.do(RegisterDeath(person=town.zhao, died_on=town.today, declarant=DECLARANT))
        assert town.refused(binding(one, 1), CENTRE) == ["already-deceased"]
        unfit = ReturnOrder(application=one, error=ProductionError("60"), at_the_site=True)
        town.do(unfit, CENTRE)
    else:
        away = RerouteProduction(applications=(one,), site=SECOND_SITE)
        town.do(away, PROVINCE)
        town.do(replace(away, site=SITE), PROVINCE)
        assert town.refused(binding(one, 1), CENTRE) == ["other-work-order"], "it left the order"
        assert town.refused(replace(binding(one, 1), work_order=None), CENTRE) == [
            "other-work-order"
        ]
    assert town.refused(CloseWorkOrder(work_order=ORDER), CENTRE) == ["order-not-finished"]
