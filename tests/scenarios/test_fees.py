"""Fees: what the schedule has and nothing else, reliefs, cash-books, the treasury.

Source: 居民身份证法 art. 20 (2003); 发改价格[2003]2322号; 财综[2004]8号; 德办发(2004)39号.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from registry.aggregates import CashBook, Fee, Relief
from registry.card_fees import fee
from registry.commands.cards_acceptance import VoidApplication
from registry.commands.fees import (
    ChargeFee,
    CloseCashBook,
    DayPaid,
    RefundFee,
    RemitFees,
    WaiveFee,
)
from registry.commands.relief_lists import ReceiveReliefList, ReliefRow, WithdrawRelief
from registry.events.fees import FeeRefunded
from registry.values import CardKind, CardReason, OfficeCode, PaperNumber, ReliefKind, Text
from registry.vocabulary import Kind
from tests.scenarios.cards import STATION, accepted, applied_for_temporary, issued, ready
from tests.scenarios.town import CHIEF, OF_SHIFANG, TODAY, Town

OFFICE = replace(CHIEF, roles=frozenset({"exchange-office"}))
URBAN_POOR, RURAL_POOR, HARDSHIP = (ReliefKind(code) for code in "126")
PROOF = PaperNumber("JD-7")
YEAR = (date(2007, 1, 1), date(2007, 12, 31))
DAMAGED, OWN_ERROR = CardReason("24"), CardReason("25")


def charge(application: Any, fen: int, receipt: str = "R1", **told: Any) -> ChargeFee:
    return ChargeFee(application=application, amount_fen=fen, receipt=PaperNumber(receipt), **told)


def received(town: Town, *rows: ReliefRow, relief: ReliefKind = URBAN_POOR, **told: Any) -> Any:
    """A list of 旌阳区, good for the year."""
    said = {
        "division": town.jingyang,
        "relief": relief,
        "document": "民〔2007〕3号",
        "declared": len(rows),
        "rows": rows,
        "valid_from": YEAR[0],
        "valid_until": YEAR[1],
    }
    return ReceiveReliefList(**{**said, **told})


def row(town: Town, person: str, **told: str) -> ReliefRow:
    """The row of a list about somebody."""
    one = town.person(town.ids[person])
    return ReliefRow(**{"name": one.name, "number": one.number, **told})


def book(town: Town, on: date = TODAY, office: str = CHIEF.office) -> Any:
    """The cash-book of an office and day."""
    return town.see(CashBook, town.named(Kind.CASH_BOOK, f"{office}/{on}"))


# --- the schedule -------------------------------------------------------------------------------


def test_a_card_costs_what_the_schedule_has_and_the_book_shows_it(town: Town):
    """20 yuan for a card of the second generation."""
    ready(town)
    one = accepted(town)
    assert town.do(charge(one, 2_000), STATION)["amount_fen"] == 2_000
    assert (book(town).booked_fen, book(town).receipts) == (2_000, {"R1"})
    assert town.events(town.named(Kind.FEE, str(one))) == ["FeeCharged"]


@pytest.mark.parametrize("fen", [0, 20, 1_999, 2_001, 4_000, -2_000])
def test_nothing_but_the_schedule_is_taken(town: Town, fen):
    ready(town)
    assert town.refused(charge(accepted(town), fen), STATION) == ["not-the-tariff"]


def test_a_fee_is_taken_once(town: Town):
    ready(town)
    one = accepted(town)
    town.do(charge(one, 2_000), STATION)
    assert town.refused(charge(one, 2_000, "R2"), STATION) == ["fee-settled"]
    assert town.refused(WaiveFee(application=one), STATION) == ["fee-due", "fee-settled"]


def test_a_receipt_is_given_once(town: Town):
    ready(town)
    one, other = accepted(town), accepted(town, "li")
    town.do(charge(one, 2_000), STATION)
    assert town.refused(charge(other, 2_000), STATION) == ["receipt-used"]


def test_a_damaged_card_costs_more_and_no_relief_holds_for_it(town: Town):
    ready(town)
    issued(town)
    town.today += timedelta(30)
    one = accepted(town, reason=DAMAGED)
    told: dict[str, Any] = {"relief": URBAN_POOR, "proof": PROOF}
    waived = WaiveFee(application=one, **told)
    assert town.refused(waived, STATION) == ["relief-not-for-this"]
    assert town.refused(charge(one, 2_000), STATION) == ["not-the-tariff"]
    town.do(charge(one, 4_000), STATION)


def test_a_card_that_puts_an_error_of_the_police_right_is_free(town: Town):
    """居民身份证法 art. 11: the authority's own error."""
    ready(town)
    issued(town)
    town.today += timedelta(30)
    one = accepted(town, reason=OWN_ERROR)
    assert town.refused(charge(one, 2_000), STATION) == ["not-the-tariff"]
    assert town.do(WaiveFee(application=one), STATION)["basis"] == "tariff"


def test_a_first_card_is_free_from_april_2018_by_the_day_of_the_application(town: Town):
    ready(town)
    town.today = date(2018, 3, 30)
    before = accepted(town)
    town.today = date(2018, 4, 2)
    after = accepted(town, "li")
    assert town.refused(WaiveFee(application=before), STATION) == ["fee-due"]
    town.do(charge(before, 2_000), STATION)
    assert town.do(WaiveFee(application=after), STATION)["basis"] == "tariff"


@pytest.mark.parametrize(
    ("reason", "kind", "on", "yuan"),
    [
        ("1", "1", date(2004, 11, 1), 10),
        ("1", "1", date(2005, 1, 1), None),
        ("12", "2", date(2003, 12, 31), None),
        ("12", "2", date(2004, 1, 1), 20),
        ("12", "2", date(2018, 3, 31), 20),
        ("12", "2", date(2018, 4, 1), 0),
        ("22", "2", date(2018, 4, 1), 20),
        ("24", "2", date(2007, 1, 1), 40),
        ("41", "2", date(2007, 1, 1), 40),
        ("25", "2", date(2007, 1, 1), 0),
        (None, "4", date(2007, 1, 1), 10),
    ],
)
def test_the_schedule_by_generation_reason_and_day(reason, kind, on, yuan):
    """计价格[1995]873号: 10 yuan for the first generation; free from 2018-04-01."""
    assert fee(CardReason(reason) if reason else None, CardKind(kind), on) == yuan


def test_a_temporary_card_costs_ten_yuan(town: Town):
    ready(town)
    accepted(town)
    one = applied_for_temporary(town)
    assert town.refused(charge(one, 2_000), STATION) == ["not-the-tariff"]
    relieved = WaiveFee(application=one, relief=URBAN_POOR, proof=PROOF)
    assert town.refused(relieved, STATION) == ["relief-not-for-this"]
    town.do(charge(one, 1_000), STATION)


def test_an_application_that_was_given_up_costs_nothing(town: Town):
    ready(town)
    one = accepted(town)
    town.do(charge(one, 2_000), STATION)
    town.do(VoidApplication(application=one, grounds=Text("不再申领")), STATION)
    other = accepted(town, "li")
    town.do(VoidApplication(application=other, grounds=Text("不再申领")), STATION)
    assert town.refused(charge(other, 2_000, "R2"), STATION) == ["application-given-up"]
    back = RefundFee(application=one, receipt=PaperNumber("T1"), grounds=Text("作废"))
    assert town.do(back, STATION)["amount_fen"] == 2_000
    assert town.refused(back, STATION) == ["nothing-taken"]
    assert book(town).booked_fen == 0


def test_a_fee_that_was_given_back_can_be_taken_anew(town: Town):
    ready(town)
    one = accepted(town)
    town.do(charge(one, 2_000), STATION)
    town.do(RefundFee(application=one, receipt=PaperNumber("T1"), grounds=Text("多收")), STATION)
    town.do(charge(one, 2_000, "R2"), STATION)
    assert book(town).booked_fen == 2_000
    assert town.events(town.named(Kind.FEE, str(one))) == [
        "FeeCharged",
        "FeeRefunded",
        "FeeCharged",
    ]


def test_another_area_takes_no_fee(town: Town):
    ready(town)
    one = accepted(town)
    shifang = replace(OF_SHIFANG, roles=frozenset({"station"}))
    assert town.refused(charge(one, 2_000), shifang) == ["outside-area"]


# --- reliefs ------------------------------------------------------------------------------------


def test_who_is_on_the_list_pays_nothing_for_the_first_card(town: Town):
    """居民身份证法 art. 20 (2003)."""
    ready(town)
    listed = town.do(received(town, row(town, "wang")), OFFICE)
    assert (listed["matched"], listed["granted"], listed["unmatched"]) == (1, 1, [])
    one, other = accepted(town), accepted(town, "li")
    done = town.do(WaiveFee(application=one, relief=URBAN_POOR), STATION)
    assert done["basis"] == "relief"
    assert town.refused(WaiveFee(application=other, relief=URBAN_POOR), STATION) == [
        "relief-not-shown"
    ]
    entry = town.timeline(town.named(Kind.FEE, str(one)))[0].event
    assert (entry.tariff_fen, entry.relief, entry.fee_class) == (2_000, URBAN_POOR, "waived")
    assert entry.relief_list == listed["relief_list"]
    assert book(town).booked_fen == 0


def test_who_is_on_a_list_of_another_kind_or_year_pays(town: Town):
    ready(town)
    town.do(received(town, row(town, "wang"), relief=RURAL_POOR), OFFICE)
    past: dict[str, Any] = {
        "document": "旧",
        "valid_from": date(2006, 1, 1),
        "valid_until": date(2006, 12, 31),
    }
    town.do(received(town, row(town, "wang"), **past), OFFICE)
    waived = WaiveFee(application=accepted(town), relief=URBAN_POOR)
    assert town.refused(waived, STATION) == ["relief-not-shown"]


def test_a_paper_shows_what_no_list_does(town: Town):
    """财综[2004]8号: proof of the township or street office."""
    ready(town)
    one = accepted(town)
    town.do(WaiveFee(application=one, relief=URBAN_POOR, proof=PROOF), STATION)
    entry = town.timeline(town.named(Kind.FEE, str(one)))[0].event
    assert (entry.proof, entry.relief_list) == (PROOF, None)


def test_other_hardship_pays_half_and_shows_a_paper(town: Town):
    ready(town)
    one = accepted(town)
    told: dict[str, Any] = {"relief": HARDSHIP}
    assert town.refused(charge(one, 1_000, **told), STATION) == ["relief-not-shown"]
    shown = {**told, "proof": PROOF}
    assert town.refused(charge(one, 2_000, **shown), STATION) == ["not-the-tariff"]
    assert town.refused(WaiveFee(application=one, **shown), STATION) == ["fee-due"]
    town.do(charge(one, 1_000, **shown), STATION)
    entry = town.timeline(town.named(Kind.FEE, str(one)))[0].event
    assert (entry.tariff_fen, entry.amount_fen, entry.fee_class) == (2_000, 1_000, "reduced")
    assert town.refused(received(town, row(town, "wang"), relief=HARDSHIP), OFFICE) == [
        "list-of-no-such-people"
    ]


@pytest.mark.parametrize("declared", [0, 1, 3])
def test_a_list_with_another_number_of_rows_is_sent_back_whole(town: Town, declared):
    """R039: exact count and names."""
    rows = (row(town, "wang"), row(town, "li"))
    assert town.refused(received(town, *rows, declared=declared), OFFICE) == ["list-count-differs"]


def test_a_list_is_taken_in_once(town: Town):
    command = received(town, row(town, "wang"))
    town.do(command, OFFICE)
    assert town.refused(command, OFFICE) == ["already-known"]


def test_rows_that_fit_nobody_are_told_with_their_reason(town: Town):
    wang, li = town.person(town.wang), town.person(town.li)
    rows = (
        row(town, "wang"),
        ReliefRow(name="李梅", number=li.number[:-1]),
        ReliefRow(name="李梅", number="510603197208090024"[:17] + "0"),
        row(town, "li", name="李雪"),
        row(town, "qian"),
        row(town, "wang"),
        ReliefRow(name="无名", number="510603196001010010"),
    )
    told = town.do(received(town, *rows), OFFICE)
    reasons = {one["row"]: one["fault"] for one in told["unmatched"]}
    assert reasons.keys() == {2, 3, 4, 5, 6, 7}
    assert (reasons[2], reasons[4], reasons[5], reasons[6]) == (
        "number-wrong",
        "name-differs",
        "not-resident",
        "twice",
    )
    assert {reasons[3], reasons[7]} <= {"number-wrong", "number-unknown"}
    assert (told["matched"], told["granted"]) == (1, 1)
    entries = town.timeline(told["relief_list"])
    assert [entry.event.row for entry in entries[1:]] == [2, 3, 4, 5, 6, 7]
    assert entries[3].event.number_as_found == li.number
    assert entries[0].event.declared == 7
    assert wang.name == "王建国"


def test_a_row_of_the_rural_poor_means_the_household(town: Town):
    """R041: the unit is the household."""
    told = town.do(received(town, row(town, "wang"), relief=RURAL_POOR), OFFICE)
    assert (told["matched"], told["granted"]) == (1, 3)
    for person in (town.wang, town.li, town.boy):
        known = town.see(Relief, town.named(Kind.RELIEF, str(person)))
        assert list(known.lists) == [told["relief_list"]]
    alone = town.do(received(town, row(town, "lodger"), relief=RURAL_POOR, document="二"), OFFICE)
    assert alone["granted"] == 1, "a dormitory is nobody's household"


def test_whoever_is_taken_off_a_list_pays(town: Town):
    ready(town)
    listed = town.do(received(town, row(town, "wang")), OFFICE)["relief_list"]
    off = WithdrawRelief(person=town.wang, relief_list=listed, grounds=Text("不符"))
    town.do(off, OFFICE)
    assert town.refused(off, OFFICE) == ["not-on-the-list"]
    other = WithdrawRelief(person=town.li, relief_list=listed, grounds=Text("不符"))
    assert town.refused(other, OFFICE) == ["not-on-the-list"]
    waived = WaiveFee(application=accepted(town), relief=URBAN_POOR)
    assert town.refused(waived, STATION) == ["relief-not-shown"]


def test_a_list_of_another_county_or_turned_round_is_refused(town: Town):
    shifang = replace(OF_SHIFANG, roles=frozenset({"exchange-office"}))
    command = received(town, row(town, "wang"))
    assert town.refused(command, shifang) == ["outside-area"]
    turned = received(town, row(town, "wang"), valid_from=YEAR[1], valid_until=YEAR[0])
    assert town.refused(turned, OFFICE) == ["list-out-of-time"]
    assert town.refused(received(town, row(town, "wang"), division=town.deyang), OFFICE) == [
        "division-unknown"
    ]


# --- the book and the treasury ------------------------------------------------------------------


def test_a_day_is_counted_once_and_then_takes_nothing_in(town: Town):
    ready(town)
    town.do(charge(accepted(town), 2_000), STATION)
    assert town.refused(CloseCashBook(counted_fen=-1), STATION) == ["count-unfit"]
    assert town.do(CloseCashBook(counted_fen=1_900), STATION)["difference_fen"] == -100
    assert town.refused(CloseCashBook(counted_fen=2_000), STATION) == ["book-closed"]
    assert town.refused(charge(accepted(town, "li"), 2_000, "R2"), STATION) == ["book-closed"]
    town.today += timedelta(1)
    town.do(charge(accepted(town, "zhao"), 2_000), STATION)
    assert book(town, town.today).booked_fen == 2_000


def test_money_of_several_days_goes_to_the_treasury_by_one_slip(town: Town):
    ready(town)
    town.do(charge(accepted(town), 2_000), STATION)
    town.do(CloseCashBook(counted_fen=2_000), STATION)
    town.today += timedelta(1)
    town.do(charge(accepted(town, "li"), 2_000), STATION)
    pay = RemitFees(
        days=(DayPaid(day=TODAY, amount_fen=2_000), DayPaid(day=town.today, amount_fen=1_500)),
        paper=PaperNumber("GK-1"),
        treasury=Text("旌阳区国库"),
    )
    assert town.refused(pay, STATION) == ["book-open"]
    town.do(CloseCashBook(counted_fen=2_000), STATION)
    told = town.do(pay, STATION)
    assert told["paid_fen"] == 3_500
    assert told["difference_fen"] == {str(TODAY): 0, str(town.today): -500}
    assert book(town).remitted_fen == 2_000
    rest = RemitFees(
        days=(DayPaid(day=town.today, amount_fen=500),),
        paper=PaperNumber("GK-2"),
        treasury=Text("旌阳区国库"),
    )
    assert town.do(rest, STATION)["difference_fen"] == {str(town.today): 0}


def test_a_slip_names_each_day_once_and_an_amount(town: Town):
    ready(town)
    town.do(charge(accepted(town), 2_000), STATION)
    town.do(CloseCashBook(counted_fen=2_000), STATION)
    day = DayPaid(day=TODAY, amount_fen=1_000)

    def slip(*days: DayPaid, **told: Any) -> RemitFees:
        said = {"paper": PaperNumber("GK-1"), "treasury": Text("国库"), **told}
        return RemitFees(days=days, **said)

    assert town.refused(slip(), STATION) == ["slip-unfit"]
    assert town.refused(slip(day, day), STATION) == ["slip-unfit"]
    assert town.refused(slip(DayPaid(day=TODAY, amount_fen=0)), STATION) == ["slip-unfit"]
    assert town.refused(slip(day, paid_on=TODAY + timedelta(1)), STATION) == ["not-yet"]


def test_each_office_has_a_book_of_its_own(town: Town):
    ready(town)
    county = replace(CHIEF, office=OfficeCode("510603000000"), roles=frozenset({"county"}))
    town.do(charge(accepted(town), 2_000), STATION)
    town.do(charge(accepted(town, "li"), 2_000), county)
    assert (book(town).booked_fen, book(town, office=county.office).booked_fen) == (2_000, 2_000)


def test_no_more_and_no_less_is_given_back_than_was_taken(town: Town):
    ready(town)
    one = accepted(town)
    town.do(charge(one, 2_000), STATION)
    fee_of = town.see(Fee, town.named(Kind.FEE, str(one)))
    told: dict[str, Any] = {
        "effective_on": TODAY,
        "office": CHIEF.office,
        "receipt": PaperNumber("T1"),
    }
    for fen, rules in ((2_000, []), (1_999, ["nothing-taken"]), (2_001, ["nothing-taken"])):
        back = FeeRefunded(**told, amount_fen=fen, grounds=Text("多收"))
        assert [rule.code for rule in Fee.check(fee_of, back)] == rules
