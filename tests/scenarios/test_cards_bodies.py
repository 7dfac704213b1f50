"""Bodies, attempts and the way of a card: nothing is made twice, and a card is in one place.

Source: 居民身份证制作中心（所）建设工作规范; 吉政办发〔2004〕53号; 德办发(2004)39号: two persons.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.aggregates import Application, CardBody
from registry.aggregates.card import BodyState
from registry.commands.cards_blanks import (
    BlankSheet,
    IssueBlanks,
    ReceiveBlanks,
    ReceiveTransfer,
    SampleBlanks,
    TransferBlanks,
)
from registry.commands.cards_bodies import BindBlank, ConfirmBodyVoid, ProposeBodyVoid, SpoilBody
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import AcceptBaseline, WithdrawBaseline
from registry.commands.cards_making import (
    OrderProduction,
    RedoCards,
    RejectProduced,
    RerouteProduction,
    ReturnOrder,
)
from registry.commands.cards_transport import (
    DispatchCards,
    DispatchFromSite,
    PassInspection,
    ReceiveCards,
)
from registry.commands.work_orders import BeginRun, OpenWorkOrder
from registry.register import Authority
from registry.values import (
    OfficeCode,
    Officer,
    PaperNumber,
    ProductionError,
    ReceivedQuality,
    SpoilCause,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    ADMINISTRATOR,
    AUDITOR,
    BIN,
    CENTRE,
    CITY,
    IMAGE,
    LINE,
    LOT,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    accepted,
    bound,
    brought,
    on_line,
    ordered,
    produced,
    ready,
    serial,
    state,
    stocked,
)
from tests.scenarios.town import GROUNDS, Town

PROCESS, TRANSPORT = SpoilCause.PROCESS, SpoilCause.TRANSPORT
CHIP_BAD, PHOTO_BAD = ReceivedQuality("10"), ProductionError("20")
SECOND_SITE = OfficeCode("510700900000")
THERE = Authority(Officer("绵阳制证员"), SECOND_SITE, frozenset({"production-centre"}))
OTHER = replace(CENTRE, officer=Officer("制证员乙"))
ORDER = PaperNumber("GD-2007-001")


def body(town: Town, number: int) -> CardBody:
    """A body as the register has it."""
    found: CardBody = town.see(CardBody, town.named(Kind.CARD, serial(number)))
    return found


# --- attempts -----------------------------------------------------------------------------------


def test_every_order_is_a_further_attempt_with_bodies_of_its_own(town: Town):
    """Three spoils, the data sent back and up again: the next order begins at none."""
    ready(town)
    one = accepted(town)
    ordered(town, one)
    on_line(town, 1, 2, 3, 4)
    for number in (1, 2, 3):
        bound(town, one, number)
        town.do(SpoilBody(serial=serial(number), cause=PROCESS, reject_bin=BIN), CENTRE)
    town.do(ReturnOrder(application=one, error=PHOTO_BAD), PROVINCE)
    ordered(town, one)
    card = town.see(Application, one)
    assert (card.attempt, card.bodies, card.body) == (2, 0, None)
    bound(town, one, 4)
    assert body(town, 4).attempt == 2


def test_a_supervisor_begins_another_attempt_when_three_bodies_are_used_up(town: Town):
    ready(town)
    one = accepted(town)
    ordered(town, one)
    redo = RedoCards(applications=(one,), cause=PROCESS, grounds=GROUNDS)
    on_line(town, 1, 2, 3, 4)
    for number in (1, 2, 3):
        bound(town, one, number)
        assert town.refused(redo, PROVINCE) == ["body-not-settled"]
        town.do(SpoilBody(serial=serial(number), cause=PROCESS, reject_bin=BIN), CENTRE)
    fourth = BindBlank(application=one, serial=serial(4), image=IMAGE, key_version=1)
    assert town.refused(fourth, CENTRE) == ["bodies-exhausted"]
    town.do(redo, PROVINCE)
    assert (state(town, one), town.timeline(one)[-1].event.cause) == ("97", PROCESS)
    town.do(OrderProduction(applications=(one,), site=SITE), PROVINCE)
    assert town.see(Application, one).attempt == 2
    town.do(fourth, CENTRE)


def test_a_remake_whose_data_go_back_and_up_again_stays_one_attempt(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    reject = RejectProduced(application=one, quality=CHIP_BAD, cause=PROCESS, reject_bin=BIN)
    town.do(reject, CENTRE)
    town.do(RedoCards(applications=(one,), cause=SpoilCause.DATA), PROVINCE)
    ordered(town, one)
    assert town.see(Application, one).attempt == 2


# --- the way of a card ----------------------------------------------------------------------------


def test_a_card_is_taken_in_by_the_office_it_was_sent_to_and_by_no_other(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    town.do(ReceiveCards(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    town.do(PassInspection(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)

    def sent(by: Authority, tier: Tier, to: str) -> DispatchCards:
        return DispatchCards(tier=tier, applications=(one,), destination=OfficeCode(to))

    for wrong in ("999999999999", "510682000000", "510700000000", "510603001001"):
        assert town.refused(sent(PROVINCE, Tier.PROVINCE, wrong), PROVINCE) == [
            "destination-unfit"
        ], wrong
    town.do(sent(PROVINCE, Tier.PROVINCE, "510603000000"), PROVINCE)
    shifang = replace(AUDITOR, office=OfficeCode("510682000000"))
    county = ReceiveCards(tier=Tier.COUNTY, applications=(one,))
    assert town.refused(county, shifang) == ["sent-elsewhere"]
    city = ReceiveCards(tier=Tier.CITY, applications=(one,))
    assert town.refused(city, CITY) == ["sent-elsewhere"], "it passes the city by"
    town.do(county, AUDITOR)
    assert town.see(Application, one).destination is None
    town.do(PassInspection(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    for wrong in ("510603000000", "510682001001", "510600000000"):
        assert town.refused(sent(AUDITOR, Tier.COUNTY, wrong), AUDITOR) == ["destination-unfit"]
    town.do(sent(AUDITOR, Tier.COUNTY, STATION.office), AUDITOR)
    station = ReceiveCards(tier=Tier.STATION, applications=(one,))
    next_door = replace(STATION, office=OfficeCode("510603002001"))
    assert town.refused(station, next_door) == ["sent-elsewhere"]
    town.do(station, STATION)


def test_what_was_sent_to_the_city_is_not_for_a_county_of_it(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    town.do(ReceiveCards(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    town.do(PassInspection(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    send = DispatchCards(tier=Tier.PROVINCE, applications=(one,), destination=CITY.office)
    town.do(send, PROVINCE)
    county = ReceiveCards(tier=Tier.COUNTY, applications=(one,))
    assert town.refused(county, AUDITOR) == ["sent-elsewhere"]
    town.do(ReceiveCards(tier=Tier.CITY, applications=(one,)), CITY)


def test_a_card_on_its_way_from_the_site_is_no_longer_rejected_there(town: Town):
    ready(town)
    one = accepted(town)
    produced(town, one)
    elsewhere = DispatchFromSite(applications=(one,), destination=CITY.office)
    assert town.refused(elsewhere, CENTRE) == ["destination-unfit"]
    town.do(DispatchFromSite(applications=(one,), destination=PROVINCE.office), CENTRE)
    reject = RejectProduced(application=one, quality=CHIP_BAD, cause=PROCESS, reject_bin=BIN)
    assert town.refused(reject, CENTRE) == ["sent-elsewhere"]
    town.do(ReceiveCards(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    assert town.see(Application, one).destination is None


# --- sites ----------------------------------------------------------------------------------------


def test_a_blank_is_bound_where_it_lies_and_where_the_card_was_ordered(town: Town):
    ready(town)
    one = accepted(town)
    ordered(town, one)
    on_line(town, 1)
    bind = BindBlank(application=one, serial=serial(1), image=IMAGE, key_version=1)
    assert "other-site" in town.refused(bind, THERE)
    town.do(RerouteProduction(applications=(one,), site=SECOND_SITE), PROVINCE)
    assert town.refused(bind, CENTRE) == ["other-site"], "the order has passed to another site"
    town.do(RerouteProduction(applications=(one,), site=SITE), PROVINCE)
    town.do(bind, CENTRE)
    away = RerouteProduction(applications=(one,), site=SECOND_SITE)
    assert town.refused(away, PROVINCE) == ["body-not-settled"]


def test_a_blank_of_one_work_order_is_not_used_for_another(town: Town):
    ready(town)
    one, two = accepted(town, "wang"), accepted(town, "li")
    brought(town, "22", one, two)
    orders = {ORDER: one, PaperNumber("GD-2007-002"): two}
    runs = {}
    for order, application in orders.items():
        opened = OpenWorkOrder(work_order=order, applications=(application,), site=SITE)
        town.do(opened, PROVINCE)
        runs[order] = town.do(BeginRun(work_order=order, line=LINE), CENTRE)["run"]
    stocked(town, 1)
    town.do(IssueBlanks(serials=(serial(1),), line=LINE, work_order=ORDER), CENTRE)
    blank = BindBlank(
        application=two,
        serial=serial(1),
        image=IMAGE,
        key_version=1,
        work_order=ORDER,
        run=runs[ORDER],
    )
    assert "other-work-order" in town.refused(blank, CENTRE)
    assert "other-work-order" in town.refused(replace(blank, work_order=None, run=None), CENTRE)
    town.do(replace(blank, application=one), CENTRE)
    assert town.timeline(town.named(Kind.CARD, serial(1)))[-1].event.work_order == ORDER
    town.do(RerouteProduction(applications=(two,), site=SECOND_SITE), PROVINCE)
    assert town.see(Application, two).work_order is None


def test_blanks_come_on_sheets_of_eight_at_the_officer_s_own_site(town: Town):
    nine = BlankSheet(sheet=PaperNumber("S1"), serials=tuple(serial(one) for one in range(1, 10)))
    command = ReceiveBlanks(sheets=(nine,), lot=LOT, site=SITE)
    assert town.refused(command, CENTRE) == ["sheet-too-full"]
    twice = BlankSheet(sheet=PaperNumber("S1"), serials=(serial(1), serial(1)))
    command = ReceiveBlanks(sheets=(twice,), lot=LOT, site=SITE)
    assert town.refused(command, CENTRE) == ["serial-twice"]
    eight = replace(nine, serials=nine.serials[:8])
    command = ReceiveBlanks(sheets=(eight,), lot=LOT, site=SITE)
    assert town.refused(command, THERE) == ["other-site"]
    assert town.do(command, CENTRE) == {"blanks": 8, "sheets": 1}
    received = town.timeline(town.named(Kind.CARD, serial(8)))[0].event
    assert (received.sheet, received.place, received.chip_serial) == ("S1", 8, serial(8))
    assert town.refused(command, CENTRE) == ["already-known"]


def test_a_chip_s_serial_stands_only_in_the_half_that_stays(town: Town):
    """Any reader shows it without a key, so it would link a card in a pocket to its holder."""
    stocked(town, 1)
    (stored,) = town.register.store.streams([town.named(Kind.CARD, serial(1))]).values()
    assert serial(1).encode() not in stored[0].state
    assert serial(1).encode() in stored[0].private


def test_a_blank_between_two_sites_is_at_neither_until_it_has_arrived(town: Town):
    stocked(town, 1, 2)
    both = (serial(1), serial(2))
    send = TransferBlanks(serials=both, destination=SECOND_SITE)
    assert town.refused(send, THERE) == ["other-site"]
    town.do(send, CENTRE)
    assert (body(town, 1).state, body(town, 1).site) == (BodyState.IN_TRANSIT, SITE)
    issue = IssueBlanks(serials=both[:1], line=LINE)
    assert town.refused(issue, CENTRE) == ["body-out-of-order"]
    third = OfficeCode("511000900000")
    nowhere = ReceiveTransfer(serials=both[:1], site=third)
    assert town.refused(nowhere, replace(THERE, office=third)) == ["sent-elsewhere"]
    town.do(ReceiveTransfer(serials=both[:1], site=SECOND_SITE), THERE)
    assert (body(town, 1).state, body(town, 1).site) == (BodyState.IN_STOCK, SECOND_SITE)
    town.do(SampleBlanks(serials=both[:1], grounds=GROUNDS), THERE)
    give_up = ProposeBodyVoid(serial=serial(2), cause=TRANSPORT, grounds=GROUNDS)
    version = town.do(give_up, CENTRE)["version"]
    town.do(ConfirmBodyVoid(serial=serial(2), version=version), OTHER)
    assert body(town, 2).state is BodyState.VOIDED


def test_a_blank_that_came_back_is_in_the_stock_of_its_sender(town: Town):
    stocked(town, 1)
    town.do(TransferBlanks(serials=(serial(1),), destination=SECOND_SITE), CENTRE)
    town.do(ReceiveTransfer(serials=(serial(1),), site=SITE), CENTRE)
    assert (body(town, 1).state, body(town, 1).site) == (BodyState.IN_STOCK, SITE)


def test_the_day_since_when_a_county_s_data_are_accepted_does_not_move(town: Town):
    ready(town)
    again = AcceptBaseline(division=town.jingyang, document="川府〔2007〕2号")
    assert town.refused(again, ADMINISTRATOR) == ["baseline-stands"]
    town.do(WithdrawBaseline(division=town.jingyang, document="川府〔2007〕3号"), ADMINISTRATOR)
    town.do(again, ADMINISTRATOR)


@pytest.mark.parametrize("by", [SIGNER, CITY, PROVINCE])
def test_the_cause_of_a_void_is_kept_with_the_remake(town: Town, by: Authority):
    """Of a made card that was lost before it was handed out."""
    ready(town)
    one = accepted(town)
    produced(town, one)
    give_up = ProposeBodyVoid(serial=serial(1), cause=TRANSPORT, grounds=GROUNDS)
    version = town.do(give_up, CENTRE)["version"]
    confirmer = replace(by, roles=frozenset({"province"}))
    town.do(ConfirmBodyVoid(serial=serial(1), version=version), confirmer)
    assert town.timeline(one)[-1].event.cause is TRANSPORT
