"""Work orders of a production site: opened, supplied, made in runs, closed when all is counted.

Source: 居民身份证制作中心（所）建设工作规范.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registry.aggregates import Application, WorkOrder
from registry.commands.cards_blanks import IssueBlanks, ReturnBlanks, SampleBlanks
from registry.commands.cards_bodies import (
    BindBlank,
    ConfirmBodyVoid,
    ProposeBodyVoid,
    RecordPersonalised,
    SpoilBody,
)
from registry.commands.cards_making import RerouteProduction, ReturnOrder
from registry.commands.work_orders import (
    BeginRun,
    CloseWorkOrder,
    EndRun,
    OpenWorkOrder,
    ReportIncident,
)
from registry.errors import NotFound
from registry.values import (
    IncidentKind,
    OfficeCode,
    PaperNumber,
    ProductionError,
    RunEnd,
    SpoilCause,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    BIN,
    CENTRE,
    IMAGE,
    LINE,
    PROVINCE,
    SITE,
    accepted,
    applied_for_temporary,
    brought,
    ready,
    serial,
    state,
    stocked,
)
from tests.scenarios.town import GROUNDS, JINGYANG, Town

ORDER = PaperNumber("W-2007-0611")
ELSEWHERE = replace(CENTRE, office=OfficeCode("510100900000"))


def opened(town: Town, *names: str) -> list[Any]:
    """A work order for some people, the wife and the husband unless told otherwise."""
    names = names or ("wang", "li")
    ready(town, *names)
    applications = [accepted(town, name) for name in names]
    brought(town, "22", *applications)
    town.do(ordering(*applications), PROVINCE)
    return applications


def ordering(*applications: Any, number: PaperNumber = ORDER) -> OpenWorkOrder:
    """A work order for the site."""
    return OpenWorkOrder(work_order=number, applications=applications, site=SITE)


def supplied(town: Town, *numbers: int) -> None:
    """Blanks go out for the order."""
    stocked(town, *numbers)
    town.do(issuing(*numbers), CENTRE)


def issuing(*numbers: int) -> IssueBlanks:
    """Blanks are to go out for the order."""
    return IssueBlanks(serials=tuple(map(serial, numbers)), line=LINE, work_order=ORDER)


def binding(application: Any, number: int, run: int | None = 1) -> BindBlank:
    """A blank is to be set aside for an application."""
    return BindBlank(
        application=application,
        serial=serial(number),
        image=IMAGE,
        key_version=1,
        work_order=ORDER,
        run=run,
    )


def begun(town: Town) -> int:
    """A station takes the order in hand."""
    told: int = town.do(BeginRun(work_order=ORDER, line=LINE), CENTRE)["run"]
    return told


def made(town: Town, application: Any, number: int, run: int = 1) -> None:
    """A card is made."""
    town.do(binding(application, number, run), CENTRE)
    town.do(RecordPersonalised(serial=serial(number), image=IMAGE), CENTRE)


def order(town: Town) -> Any:
    """The order as it stands."""
    return town.see(WorkOrder, town.named(Kind.WORK_ORDER, ORDER))


def test_a_work_order_names_its_cards_and_each_card_its_order(town: Town):
    applications = opened(town)
    assert order(town).applications == tuple(applications)
    for one in applications:
        assert state(town, one) == "24"
        assert town.see(Application, one).work_order == ORDER
    assert town.refused(ordering(*applications), PROVINCE) == ["already-known", "step-out-of-order"]


def test_nobody_is_ordered_before_the_province_has_checked(town: Town):
    ready(town)
    one, other = accepted(town), accepted(town, "li")
    brought(town, "22", one)
    assert town.refused(ordering(one, other), PROVINCE) == ["step-out-of-order"]
    assert state(town, one) == "22", "all or nothing"


def test_whom_nobody_had_to_look_at_may_be_of_another_area(town: Town):
    ready(town)
    wang, far = accepted(town, "wang"), applied_for_temporary(town, "qian")
    brought(town, "22", wang)
    here = replace(PROVINCE, area=(JINGYANG,))
    one = replace(ordering(wang, far), leave_out=True, cards=1)
    assert town.refused(replace(one, cards=2), here) == ["outside-area"]
    assert town.refused(replace(one, cards=0), here) == ["no-cards-wanted"]
    assert town.do(one, here)["applications"] == 1


def test_blanks_go_out_for_an_order_of_the_site_and_come_back(town: Town):
    opened(town)
    supplied(town, 1, 2)
    assert len(order(town).bodies) == 2
    stocked(town, 3)
    assert town.refused(issuing(3), ELSEWHERE) == ["other-site"]
    unknown = replace(issuing(3), work_order=PaperNumber("W-0"))
    with pytest.raises(NotFound):
        town.do(unknown, CENTRE)
    town.do(ReturnBlanks(serials=(serial(2),)), CENTRE)
    assert len(order(town).bodies) == 1


def test_only_the_run_that_was_begun_last_sets_blanks_aside(town: Town):
    one, _ = opened(town)
    supplied(town, 1)
    for run in (None, 1):
        assert town.refused(binding(one, 1, run), CENTRE) == ["run-over"]
    assert begun(town) == 1
    assert begun(town) == 2, "the station before it is taken for dead"
    assert town.refused(binding(one, 1, 1), CENTRE) == ["run-over"]
    incident = ReportIncident(
        work_order=ORDER, run=1, incident=IncidentKind.FOREIGN, reader=1, serial=serial(77)
    )
    assert town.refused(incident, CENTRE) == ["run-over"]
    assert town.do(replace(incident, run=2), CENTRE)["body"] is None
    town.do(binding(one, 1, 2), CENTRE)
    town.do(EndRun(work_order=ORDER, run=2, end=RunEnd.ASKED), CENTRE)
    over = EndRun(work_order=ORDER, run=2, end=RunEnd.ASKED)
    assert town.refused(over, CENTRE) == ["run-over"]


def test_an_order_is_closed_when_every_card_and_every_blank_is_accounted_for(town: Town):
    wang, li, sun, zhao = opened(town, "wang", "li", "lodger", "zhao")
    supplied(town, 1, 2, 3, 4, 5, 6)
    begun(town)
    close = CloseWorkOrder(work_order=ORDER)
    assert town.refused(close, CENTRE) == ["order-not-finished"]
    made(town, wang, 1)
    town.do(binding(li, 2), CENTRE)
    spoiled = SpoilBody(serial=serial(2), cause=SpoilCause.MATERIAL, reject_bin=BIN)
    town.do(spoiled, CENTRE)
    town.do(binding(li, 3), CENTRE)
    given_up = ProposeBodyVoid(serial=serial(3), cause=SpoilCause.CUSTODY, grounds=GROUNDS)
    version = town.do(given_up, CENTRE)["version"]
    town.do(ConfirmBodyVoid(serial=serial(3), version=version), PROVINCE)
    made(town, li, 4)
    town.do(SampleBlanks(serials=(serial(5),), grounds=GROUNDS), CENTRE)
    unfit = ReturnOrder(application=sun, error=ProductionError("20"), at_the_site=True)
    town.do(unfit, CENTRE)
    assert town.refused(close, CENTRE) == ["order-not-finished"], "a blank is on the line still"
    town.do(ReturnBlanks(serials=(serial(6),)), CENTRE)
    assert town.refused(close, CENTRE) == ["order-not-finished"], "a card is to be made still"
    town.do(RerouteProduction(applications=(zhao,), site=ELSEWHERE.office), PROVINCE)
    assert town.refused(close, ELSEWHERE) == ["other-site"]
    town.do(close, CENTRE)
    closed = town.timeline(order(town).id)[-1].event
    assert (closed.made, closed.returned, closed.moved) == (2, 1, 1)
    assert (closed.good, closed.spoiled, closed.voided, closed.sampled) == (2, 1, 1, 1)
    assert town.refused(BeginRun(work_order=ORDER, line=LINE), CENTRE) == ["order-closed"]
    assert town.refused(issuing(6), CENTRE) == ["order-closed"]


def test_a_body_that_is_bound_keeps_its_order_open(town: Town):
    (one,) = opened(town, "wang")
    supplied(town, 1)
    begun(town)
    town.do(binding(one, 1), CENTRE)
    assert town.refused(CloseWorkOrder(work_order=ORDER), CENTRE) == ["order-not-finished"]
    town.do(RecordPersonalised(serial=serial(1), image=IMAGE), CENTRE)
    town.do(CloseWorkOrder(work_order=ORDER), CENTRE)


def test_cards_that_passed_to_another_site_go_on_an_order_of_that_site(town: Town):
    one, other = opened(town)
    away = RerouteProduction(applications=(one,), site=ELSEWHERE.office)
    town.do(away, PROVINCE)
    there = replace(ordering(one, number=PaperNumber("W-2")), site=ELSEWHERE.office)
    town.do(there, PROVINCE)
    assert town.see(Application, one).work_order == "W-2"
    assert state(town, one) == "24"
    assert town.refused(replace(there, work_order=PaperNumber("W-3")), PROVINCE) == [
        "step-out-of-order"
    ], "it is on an order already"
    supplied(town, 1)
    begun(town)
    made(town, other, 1)
    town.do(CloseWorkOrder(work_order=ORDER), CENTRE)
    closed = town.timeline(order(town).id)[-1].event
    assert (closed.made, closed.moved) == (1, 1)
