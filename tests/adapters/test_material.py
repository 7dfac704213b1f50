"""The books of production sites: read models and replay agree, and a site closes when empty.

Source: 居民身份证制作中心（所）建设工作规范; 吉政办发〔2004〕53号: a closed site has lost nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.material import books, order_moves
from adapters.projector import Projector
from adapters.reading import reading
from registry.aggregates.card import BodyState
from registry.commands.cards_blanks import (
    IssueBlanks,
    ReceiveTransfer,
    ReturnBlanks,
    SampleBlanks,
    TransferBlanks,
)
from registry.commands.cards_bodies import (
    BindBlank,
    ConfirmBodyDestruction,
    ConfirmBodyVoid,
    ProposeBodyDestruction,
    ProposeBodyVoid,
    RecordPersonalised,
    SpoilBody,
)
from registry.commands.cards_making import RejectProduced
from registry.commands.work_orders import BeginRun, OpenWorkOrder
from registry.material import Books, Sheets
from registry.projections import At
from registry.register import Authority
from registry.values import (
    OfficeCode,
    Officer,
    PaperNumber,
    ReceivedQuality,
    SpoilCause,
)
from replay.columns.log import KeptLog
from replay.questions.material import material
from replay.states.history import At as Point
from tests.scenarios.cards import (
    BIN,
    CENTRE,
    IMAGE,
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
from tests.scenarios.town import GROUNDS, Town

SECOND_SITE = OfficeCode("510700900000")
THERE = Authority(Officer("绵阳制证员"), SECOND_SITE, frozenset({"production-centre"}))
DOCUMENT = "公治〔2001〕21号"
EVER = At(date(2007, 6, 1), 0)


@pytest.fixture
def projector(town: Town) -> Projector:
    store = town.register.store
    following = Projector(store.engine, store)  # type: ignore[attr-defined]  # it is a Recorder
    following.prepare()
    return following


def busy(town: Town) -> tuple[int, int]:
    """A site at work: every account is used; gives the positions of its two shifts' ends."""
    ready(town)
    one, two = accepted(town, "wang"), accepted(town, "li")
    ordered(town, one, two)
    stocked(town, *range(1, 17))
    town.do(IssueBlanks(serials=tuple(map(serial, range(1, 9))), line=LINE), CENTRE)
    for number, application in ((1, one), (2, two)):
        blank = BindBlank(
            application=application, serial=serial(number), image=IMAGE, key_version=1
        )
        town.do(blank, CENTRE)
    town.do(RecordPersonalised(serial=serial(1), image=IMAGE), CENTRE)
    town.do(SpoilBody(serial=serial(2), cause=SpoilCause.MATERIAL, reject_bin=BIN), CENTRE)
    first = town.register.store.head()[0]
    town.today += timedelta(1)
    town.do(ReturnBlanks(serials=(serial(3), serial(4))), CENTRE)
    town.do(SampleBlanks(serials=(serial(5),), grounds=GROUNDS), CENTRE)
    give_up = ProposeBodyVoid(serial=serial(6), cause=SpoilCause.CUSTODY, grounds=GROUNDS)
    version = town.do(give_up, CENTRE)["version"]
    town.do(ConfirmBodyVoid(serial=serial(6), version=version), PROVINCE)
    version = town.do(ProposeBodyDestruction(serial=serial(2), grounds=GROUNDS), CENTRE)["version"]
    destroy = ConfirmBodyDestruction(serial=serial(2), version=version, protocol=PaperNumber("X-1"))
    town.do(destroy, replace(CENTRE, officer=PROVINCE.officer))
    both = (serial(9), serial(10))
    town.do(TransferBlanks(serials=both, destination=SECOND_SITE), CENTRE)
    town.do(ReceiveTransfer(serials=both[:1], site=SECOND_SITE), THERE)
    reject = RejectProduced(
        application=one,
        quality=ReceivedQuality("10"),
        cause=SpoilCause.PROCESS,
        reject_bin=BIN,
    )
    town.do(reject, CENTRE)
    return first, town.register.store.head()[0]


def live(town: Town, projector: Projector, before: At, after: At) -> Books:
    projector.catch_up()
    with reading(projector.engine) as reader:
        return books(reader, before, after)


def test_the_books_of_read_models_and_of_replay_are_the_same_and_balance(
    town: Town, projector: Projector
):
    first, last = busy(town)
    store = town.register.store
    entries = [town.register.codec.entry(stored) for stored in store.page(0, 10_000)]
    log = KeptLog(entries)
    for before, after in ((0, first), (first, last), (0, last), (first, first)):
        spans = At(town.today, before), At(town.today, after)
        kept = live(town, projector, *spans)
        replayed = material(log, Point(town.today, before), Point(town.today, after))
        assert kept == replayed.books
        assert kept.differences() == {}
        assert replayed.twice == []


def test_one_site_s_books_balance_by_themselves(town: Town, projector: Projector):
    """Of the other one only the moves between the two are known."""
    _, last = busy(town)
    projector.catch_up()
    with reading(projector.engine) as reader:
        here = books(reader, EVER, At(town.today, last), SITE)
        there = books(reader, EVER, At(town.today, last), SECOND_SITE)
    assert here.differences() == there.differences() == {}
    assert {line.site for line in here.lines()} == {SITE}
    assert {line.site for line in there.lines()} == {SECOND_SITE}


def test_a_shift_is_told_in_cards_and_in_sheets(town: Town, projector: Projector):
    first, last = busy(town)
    shift = live(town, projector, At(town.today, first), At(town.today, last))
    lines = {(line.site, line.ledger): line for line in shift.lines()}
    blanks = lines[SITE, "blanks"]
    assert (blanks.opening, blanks.closing) == (14, 11)
    assert blanks.came == {}
    assert blanks.went == {"another site": 1, "sampled": 1, "voided": 1}
    cards, waste = lines[SITE, "cards"], lines[SITE, "waste"]
    assert (cards.opening, cards.went, cards.closing) == (1, {"spoiled": 1}, 0)
    assert (waste.opening, waste.came, waste.went, waste.closing) == (
        1,
        {"personalised": 1},
        {"destroyed": 1},
        1,
    )
    assert shift.sheets[SITE] == Sheets(opening=2, received=0, came=0, gone=0, closing=2)
    assert shift.sheets[SECOND_SITE] == Sheets(opening=0, received=0, came=1, gone=0, closing=1)
    whole = live(town, projector, EVER, At(town.today, last))
    assert whole.sheets[SITE].received == 2


def test_the_blanks_of_a_work_order_are_accounted_for(town: Town, projector: Projector):
    """Three blanks: one card, one reject, one that was not needed."""
    order = PaperNumber("GD-1")
    ready(town)
    one = accepted(town)
    brought(town, "22", one)
    town.do(OpenWorkOrder(work_order=order, applications=(one,), site=SITE), PROVINCE)
    stocked(town, 1, 2, 3)
    three = tuple(map(serial, (1, 2, 3)))
    town.do(IssueBlanks(serials=three, line=LINE, work_order=order), CENTRE)
    run = town.do(BeginRun(work_order=order, line=LINE), CENTRE)["run"]
    blank = BindBlank(
        application=one,
        serial=serial(1),
        image=IMAGE,
        key_version=1,
        work_order=order,
        run=run,
    )
    town.do(blank, CENTRE)
    town.do(SpoilBody(serial=serial(1), cause=SpoilCause.PROCESS, reject_bin=BIN), CENTRE)
    town.do(replace(blank, serial=serial(2)), CENTRE)
    town.do(RecordPersonalised(serial=serial(2), image=IMAGE), CENTRE)
    town.do(ReturnBlanks(serials=(serial(3),)), CENTRE)
    projector.catch_up()
    head = town.register.store.head()[0]
    with reading(projector.engine) as reader:
        assert order_moves(reader, order, head) == {
            ("in_stock", "on_line"): 3,
            ("on_line", "in_stock"): 1,
            ("on_line", "bound"): 2,
            ("bound", "spoiled"): 1,
            ("bound", "personalised"): 1,
        }
    entries = [town.register.codec.entry(stored) for stored in town.register.store.page(0, 10_000)]
    replayed = material(KeptLog(entries), Point(town.today, 0), Point(town.today, head))
    assert {
        (before[1], after[1]): count for (before, after), count in replayed.orders[order].items()
    } == {
        (BodyState.IN_STOCK, BodyState.ON_LINE): 3,
        (BodyState.ON_LINE, BodyState.IN_STOCK): 1,
        (BodyState.ON_LINE, BodyState.BOUND): 2,
        (BodyState.BOUND, BodyState.SPOILED): 1,
        (BodyState.BOUND, BodyState.PERSONALISED): 1,
    }
