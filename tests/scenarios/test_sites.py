"""Production sites: opened, routed to since when, closed when nothing is left (制证所).

Source: 吉政办发〔2004〕53号; 公治〔2001〕21号: what is in hand when a site closes is handed over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.occupancy import occupied
from adapters.projector import Projector
from adapters.sites import close
from registry.aggregates import Application, Sites
from registry.commands.cards_blanks import IssueBlanks, ReceiveTransfer, TransferBlanks
from registry.commands.cards_making import OrderProduction, RerouteProduction
from registry.commands.cards_sites import CloseSite, OpenSite, RouteProduction
from registry.errors import Refused
from registry.register import Authority
from registry.values import DivisionCode, OfficeCode, Officer, Text
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    ADMINISTRATOR,
    CENTRE,
    LINE,
    PROVINCE,
    SITE,
    accepted,
    brought,
    ordered,
    ready,
    serial,
    stocked,
)
from tests.scenarios.town import Town

SECOND_SITE = OfficeCode("510700900000")
THERE = Authority(Officer("绵阳制证员"), SECOND_SITE, frozenset({"production-centre"}))
DOCUMENT = "公治〔2001〕21号"


@pytest.fixture
def projector(town: Town) -> Projector:
    return following(town)


def following(town: Town) -> Projector:
    """What brings the read models of a town up to its log."""
    store = town.register.store
    projector = Projector(store.engine, store)  # type: ignore[attr-defined]  # it is a Recorder
    projector.prepare()
    return projector


def closes(town: Town, projector: Projector, site: OfficeCode) -> list[str]:
    """The rules for which a site is not closed today."""
    command = CloseSite(site=site, document=DOCUMENT, on=town.today)
    projector.catch_up()
    _, found = occupied(command, projector.engine, projector, town.clock())
    if not found:
        town.do(command, ADMINISTRATOR)
    return [rule.code for rule in found]


def opened(town: Town, *sites: OfficeCode) -> None:
    for site in sites:
        name = Text("制证所")
        town.do(OpenSite(site=site, name=name, document=DOCUMENT, on=town.today), ADMINISTRATOR)


def test_a_site_closes_once_its_orders_have_passed_on_and_its_balance_is_nought(
    town: Town, projector: Projector
):
    opened(town, SITE, SECOND_SITE)
    ready(town)
    one = accepted(town)
    ordered(town, one)
    assert closes(town, projector, SITE) == ["site-not-empty"]
    town.do(RerouteProduction(applications=(one,), site=SECOND_SITE), PROVINCE)
    stocked(town, 1)
    assert closes(town, projector, SITE) == ["site-not-empty"]
    town.do(TransferBlanks(serials=(serial(1),), destination=SECOND_SITE), CENTRE)
    assert closes(town, projector, SITE) == ["site-not-empty"], "on its way, on the sender's books"
    town.do(ReceiveTransfer(serials=(serial(1),), site=SECOND_SITE), THERE)
    assert closes(town, projector, SITE) == []
    back = RerouteProduction(applications=(one,), site=SITE)
    assert town.refused(back, PROVINCE) == ["site-unknown"]
    town.do(IssueBlanks(serials=(serial(1),), line=LINE), THERE)


def test_a_closing_site_hands_its_open_orders_over_and_goes_on_after_a_refusal(
    town: Town, projector: Projector
):
    opened(town, SITE, SECOND_SITE)
    ready(town)
    both = (accepted(town, "wang"), accepted(town, "li"))
    ordered(town, *both)
    stocked(town, 1)
    by = replace(ADMINISTRATOR, roles=frozenset({"administrator", "province"}))

    def closed() -> int:
        return close(
            town.register.do,
            projector.engine,
            projector,
            by,
            SITE,
            SECOND_SITE,
            DOCUMENT,
            town.today,
            town.clock(),
            projector.catch_up,
        )

    with pytest.raises(Refused) as refused:
        closed()
    assert [rule.code for rule in refused.value.rules] == ["site-not-empty"]
    assert {town.see(Application, one).site for one in both} == {SECOND_SITE}
    town.do(TransferBlanks(serials=(serial(1),), destination=SECOND_SITE), CENTRE)
    town.do(ReceiveTransfer(serials=(serial(1),), site=SECOND_SITE), THERE)
    assert closed() == 0, "they have passed on already"
    assert not town.see(Sites, town.named(Kind.SITES, "sites")).is_open(SITE, town.today)


def test_cards_are_ordered_where_their_county_is_routed_since_when(town: Town):
    opened(town, SITE, SECOND_SITE)
    route = RouteProduction(
        division=DivisionCode("510000"),
        generation=2,
        site=SITE,
        document=DOCUMENT,
        on=town.today,
    )
    town.do(route, ADMINISTRATOR)
    ready(town)
    one = accepted(town)
    brought(town, "22", one)
    there = OrderProduction(applications=(one,), site=SECOND_SITE)
    assert town.refused(there, PROVINCE) == ["not-routed-there"]
    later = replace(
        route,
        division=DivisionCode("510603"),
        site=SECOND_SITE,
        on=town.today + timedelta(10),
    )
    town.do(later, ADMINISTRATOR)
    assert town.refused(there, PROVINCE) == ["not-routed-there"], "not before its day"
    town.today += timedelta(10)
    here = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(here, PROVINCE) == ["not-routed-there"]
    town.do(there, PROVINCE)


def test_nothing_is_ordered_from_a_site_that_is_not_open(town: Town, projector: Projector):
    opened(town, SITE)
    again = OpenSite(site=SITE, name=Text("制证所"), document=DOCUMENT, on=town.today)
    assert town.refused(again, ADMINISTRATOR) == ["site-open"]
    ready(town)
    one = accepted(town)
    brought(town, "22", one)
    order = OrderProduction(applications=(one,), site=SECOND_SITE)
    assert town.refused(order, PROVINCE) == ["site-unknown"]
    assert closes(town, projector, SITE) == []
    gone = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(gone, PROVINCE) == ["site-unknown"]
