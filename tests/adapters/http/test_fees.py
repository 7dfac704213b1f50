"""Fees over HTTP: what an office took, what became of it, lists of reliefs, and who may see it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.http.conftest import STATION, Town
from tests.adapters.terminal import Terminal

COUNTY = "510603000000"
JUNE = {"from": "2007-06-01", "until": "2007-07-01"}
BOOK = f"/offices/{STATION}/cash-book"


@pytest.fixture
def taken(town: Town) -> dict[str, Any]:
    """A fee taken, one waived, the money counted, a part of it paid in; a day later another."""
    town.do("AcceptBaseline", division=town.ids["旌阳区"], document="川府〔2007〕1号")
    persons = [town.ids["王甲"], town.ids["王小"]]
    town.do("VerifyPersons", persons=persons, document="川府〔2007〕1号")
    father, child = persons
    first = town.do("AcceptApplication", person=father, apply_reason="12")["application"]
    told = town.do("AcceptApplication", person=child, apply_reason="11", guardian=father)
    second = told["application"]
    town.do("ChargeFee", application=first, amount_fen=2000, receipt="R1")
    town.do("WaiveFee", application=second, relief="1", proof="JD-7")
    town.do("CloseCashBook", counted_fen=1990)
    paid = [{"day": "2007-06-01", "amount_fen": 1500}]
    town.do("RemitFees", days=paid, paper="GK-1", treasury="旌阳区国库")
    town.clock.goes_on(86_400)
    town.do("RefundFee", application=first, receipt="T1", grounds="多收")
    return {"first": first, "second": second}


def test_a_book_tells_days_classes_and_what_differs(town: Town, taken):
    told = town.get(BOOK, **JUNE).json()
    assert told["days"] == [
        {
            "office": STATION,
            "day": "2007-06-01",
            "booked_fen": 2000,
            "counted_fen": 1990,
            "counting_difference_fen": -10,
            "remitted_fen": 1500,
            "outstanding_fen": 500,
        },
        {
            "office": STATION,
            "day": "2007-06-02",
            "booked_fen": -2000,
            "counted_fen": None,
            "counting_difference_fen": None,
            "remitted_fen": 0,
            "outstanding_fen": -2000,
        },
    ]
    assert (told["booked_fen"], told["outstanding_fen"], told["open_days"]) == (0, -1500, 1)
    issue, waived = told["classes"]
    assert issue == {
        "fee_class": "issue",
        "fees": 1,
        "reduced": 0,
        "waived": 0,
        "refunded": 1,
        "tariff_fen": 2000,
        "collected_fen": 2000,
        "returned_fen": 2000,
    }
    assert (waived["fee_class"], waived["waived"], waived["tariff_fen"]) == ("waived", 1, 2000)


def test_a_book_is_told_as_it_was_known_and_for_the_days_asked_for(town: Town, taken):
    before = {"known_at": "2007-06-01T23:00:00+08:00"}
    (only,) = town.get(BOOK, **JUNE, **before).json()["days"]
    assert only["day"] == "2007-06-01"
    later = {"from": "2007-06-02", "until": "2007-06-03"}
    (only,) = town.get(BOOK, **later).json()["days"]
    assert only["day"] == "2007-06-02"
    assert town.get(BOOK, **{"from": "2007-06-02", "until": "2007-06-02"}).status_code == 422
    assert town.get(BOOK, **{"from": "2007-06-02"}).status_code == 422


def test_a_county_sees_the_books_of_its_stations_and_no_others(town: Town, taken):
    assert town.get(f"/offices/{COUNTY}/cash-book", **JUNE).json()["days"]
    assert town.get("/offices/510604000000/cash-book", **JUNE).json()["days"] == []
    there = town.get(BOOK, "county", area=["510604"], **JUNE)
    assert there.status_code == 403
    assert town.get(BOOK, "civil-affairs", **JUNE).status_code == 403


def relief_list(town: Town, **told: Any) -> Any:
    """A list with somebody of the county on it, and a row that fits nobody."""
    rows = [{"name": "王甲", "number": town.ids["甲号码"]}, {"name": "无名", "number": "12"}]
    said = {
        "division": town.ids["旌阳区"],
        "relief": "1",
        "document": "民〔2007〕3号",
        "declared": 2,
        "rows": rows,
        "valid_from": "2007-01-01",
        "valid_until": "2007-12-31",
    }
    return town.do("ReceiveReliefList", **{**said, **told})


def test_applications_whose_fee_is_unsettled_are_listed(town: Town, taken, tmp_path):
    """The one whose fee was given back is; the one whose fee was waived is not."""
    path = f"/places/{town.ids['旌阳区']}/unsettled-fees"
    (one,) = town.get(path).json()["applications"]
    assert (one["application"], one["amount_fen"], one["given_back"]) == (
        taken["first"],
        2000,
        True,
    )
    photo: dict[str, Any] = {"photo": "a" * 64, "photo_size": 9_000}
    told = town.do("ApplyForTemporaryCard", person=town.ids["王甲"], **photo)
    first = town.get(path, limit=1).json()
    assert [one["application"] for one in first["applications"]] == [taken["first"]]
    rest = town.get(path, limit=1, cursor=first["next"]).json()["applications"]
    assert [(one["application"], one["amount_fen"]) for one in rest] == [
        (told["application"], 1000)
    ]
    before = {"known_at": "2007-06-01T23:00:00+08:00"}
    assert town.get(path, **before).json()["applications"] == []
    there = town.get(path, "county", area=["510604"])
    assert there.status_code == 403
    asked = ("unsettled-fees", "--division", town.ids["旌阳区"])
    by_hand = Terminal(tmp_path, town.settings.database).json(*asked)
    over_http = town.get(path).json()["applications"]
    for name in ("acceptance_number", "amount_fen", "given_back"):
        assert [one[name] for one in by_hand] == [one[name] for one in over_http], name
    town.do("VoidApplication", application=taken["first"], grounds="放弃")
    assert len(town.get(path).json()["applications"]) == 1


def test_lists_are_told_with_what_fitted_nobody(town: Town):
    told = relief_list(town)
    assert told["unmatched"] == [{"row": 2, "fault": "number-wrong"}]
    (one,) = town.get("/counties/510603/relief-lists").json()["lists"]
    assert one == {
        "id": told["relief_list"],
        "relief": "1",
        "document": "民〔2007〕3号",
        "received_on": "2007-06-01",
        "declared": 2,
        "matched": 1,
        "unmatched": 1,
        "granted": 1,
        "holds_from": "2007-01-01",
        "holds_until": "2007-12-31",
    }
    assert town.get("/counties/510604/relief-lists").json()["lists"] == []
    elsewhere = town.get("/counties/510603/relief-lists", "county", area=["510604"])
    assert elsewhere.status_code == 403


def test_the_command_line_tells_the_same(town: Town, taken, tmp_path):
    relief_list(town)
    terminal = Terminal(tmp_path, town.settings.database)
    asked = ("cash-book", "--unit", COUNTY, "--from", JUNE["from"], "--until", JUNE["until"])
    told = terminal.json(*asked)
    over_http = town.get(f"/offices/{COUNTY}/cash-book", **JUNE).json()
    for name in ("days", "classes", "booked_fen", "outstanding_fen", "open_days"):
        assert told[name] == over_http[name], name
    shown = terminal(*asked).stdout
    assert "20.00\t19.90\t-0.10\t15.00\t5.00" in shown
    assert "申领、换领" in shown
    (listed,) = terminal.json("relief-lists", "--county", "510603")
    assert [listed] == town.get("/counties/510603/relief-lists").json()["lists"]
    assert "城镇居民最低生活保障对象" in terminal("relief-lists", "--county", "510603").stdout
    terminal("cash-book", "--unit", "51", "--from", "2007-06-01", "--until", "2007-07-01", exits=2)
    terminal(
        "cash-book", "--unit", COUNTY, "--from", "2007-07-01", "--until", "2007-07-01", exits=2
    )
    terminal("relief-lists", "--county", "51", exits=2)
