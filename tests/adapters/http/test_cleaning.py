"""The clean-up over HTTP: work lists, counts, progress, and who may see them."""

from __future__ import annotations

from typing import Any

from tests.adapters.http.conftest import Town

HERE, THERE = ["510603"], ["510604"]
DAY = 86_400
EVERYBODY_S = ("form", "booklet")
PAPERS = (*EVERYBODY_S, "card", "sequence")


def find(town: Town, name: str, rule: str = "0405", item: str = "sex", **more: Any) -> None:
    """Something is wrong with somebody."""
    town.do("RaiseFinding", person=town.ids[name], rule=rule, item=item, **more)


def test_a_person_s_findings_are_listed_and_the_read_is_logged(town: Town):
    find(town, "王甲", as_found="?")
    town.clock.goes_on(3 * DAY)
    path = f"/persons/{town.ids['王甲']}/findings"
    (one,) = town.get(path).json()["findings"]
    assert (one["rule"], one["item"], one["source"]) == ("0405", "sex", "register")
    assert (one["age_days"], one["settlement"]) == (3, None)
    town.do(
        "SettleFinding",
        person=town.ids["王甲"],
        rule="0405",
        item="sex",
        settlement="corrected",
        grounds="已更正",
    )
    (settled,) = town.get(path).json()["findings"]
    assert (settled["settlement"], settled["settled_on"]) == ("corrected", "2007-06-04")
    (before,) = town.get(path, valid_on="2007-06-01").json()["findings"]
    assert before["settlement"] is None
    lines = town.get("/query-log", "log-auditor", subject=town.ids["王甲"]).json()["lines"]
    assert {line["question"] for line in lines} == {"person_findings"}
    assert town.get(path, "county", area=THERE).status_code == 403


def test_a_work_list_comes_in_pages_the_oldest_first(town: Town):
    find(town, "王甲")
    town.clock.goes_on(DAY)
    find(town, "王小", "0407", "birth-date")
    find(town, "王小", "0401", "name", severity="warning")
    path = f"/places/{town.ids['旌阳区']}/findings"
    whole = town.get(path).json()["findings"]
    assert whole[0]["rule"] == "0405"
    assert len(whole) == 3
    pages, cursor = [], None
    while True:
        more: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
        told = town.get(path, limit=1, **more).json()
        pages += told["findings"]
        cursor = told["next"]
        if cursor is None:
            break
    assert pages == whole
    only = town.get(path, severity="warning").json()["findings"]
    assert [one["rule"] for one in only] == ["0401"]
    assert town.get(path, item="name", rule="0405").json()["findings"] == []
    assert town.get(path, item="nose").status_code == 422
    assert town.get(path, "county", area=THERE).status_code == 403
    assert town.get(f"/places/{town.ids['罗江区']}/findings").json()["findings"] == []


def test_a_station_has_the_findings_of_the_communities_in_its_care(town: Town):
    find(town, "王甲")
    community = town.get(f"/persons/{town.ids['王甲']}").json()["person"]["community"]
    path = f"/places/{town.ids['德阳市']}/findings"
    assert town.get(path, station="510603002001").json()["findings"] == []
    town.do("AssignStation", community=community, station="510603002001", on="2004-01-01")
    assert len(town.get(path, station="510603002001").json()["findings"]) == 1
    assert town.get(path, station="510603001001").json()["findings"] == []


def test_counts_need_no_purpose_and_tell_what_is_open(town: Town):
    find(town, "王甲")
    find(town, "王小")
    find(town, "王小", "0401", "name", severity="warning")
    settle: dict[str, Any] = {
        "rule": "0405",
        "item": "sex",
        "settlement": "confirmed",
        "grounds": "无误",
    }
    town.do("SettleFinding", person=town.ids["王小"], **settle)
    path = f"/places/{town.ids['旌阳区']}/finding-counts"
    told = town.get(path, "statistics").json()
    assert (told["found"], told["open"]) == (3, 2)
    by_rule = {one["rule"]: (one["found"], one["open"]) for one in told["kinds"]}
    assert by_rule == {"0405": (2, 1), "0401": (1, 1)}


def test_the_checking_of_a_person_goes_from_desk_to_home_to_verified(town: Town):
    one = town.ids["王甲"]
    path = f"/persons/{one}/verification"

    def state() -> str:
        told: str = town.get(path).json()["verification"]["state"]
        return told

    assert state() == "unchecked"
    told = town.get(f"/persons/{one}/registered-items").json()["items"]
    items = [{"item": item, "text": text} for item, text in told.items()]
    for source in PAPERS:
        there: dict[str, Any] = {"items": items} if source in EVERYBODY_S else {"present": False}
        town.do("RecordSource", person=one, source=source, **there)
    assert town.do("CheckAtDesk", person=one)["differing"] == 0
    assert state() == "desk-checked"
    town.do("RecordVisit", person=one, presence="11", confirmed=["name"])
    assert state() == "visited"
    find(town, "王甲")
    assert state() == "faults-open"
    refused = town.do("VerifyPerson", person=one, expect=409)
    assert [rule["code"] for rule in refused["rules"]] == ["findings-open"]
    settle: dict[str, Any] = {
        "rule": "0405",
        "item": "sex",
        "settlement": "withdrawn",
        "grounds": "误报",
    }
    town.do("SettleFinding", person=one, **settle)
    town.do("VerifyPerson", person=one)
    assert state() == "verified"
    town.clock.goes_on(7 * DAY)
    clean = town.get(f"/places/{town.ids['旌阳区']}/clean-up", "statistics", weeks=2).json()
    assert clean["progress"]["verified"] == clean["progress"]["visited"] == 1
    assert clean["progress"]["persons"] > 1
    before, now = clean["weeks"]
    assert (before["day"], before["found"], before["open"]) == ("2007-06-01", 1, 0)
    assert (now["day"], now["verified"]) == ("2007-06-08", 1)


def test_nothing_is_imported_yet(town: Town):
    assert town.get("/batches", "statistics").json()["batches"] == []
    missing = "00000000-0000-0000-0000-000000000001"
    assert town.get(f"/batches/{missing}", "statistics").status_code == 404
    home = town.get(f"/persons/{town.ids['王甲']}").json()["person"]["household"]
    assert town.get(f"/households/{home}/findings").json()["findings"] == []


def test_the_register_s_items_and_the_sheet_are_what_papers_are_held_against(town: Town):
    one = town.ids["王甲"]
    items = town.get(f"/persons/{one}/registered-items").json()["items"]
    assert (items["name"], items["relation"]) == ("王甲", "02")
    home = town.get(f"/persons/{one}").json()["person"]["household"]
    sheet = town.get(f"/households/{home}/visit-sheet").json()["sheet"]
    assert sheet["members"][0]["items"] == items
    papers = {"form", "booklet", "card", "sequence"}
    has = {"sequence": ("name", "sex", "birth-date", "number")}
    card = ("name", "sex", "nationality", "birth-date", "number", "address")
    for source in papers:
        of = has.get(source, card if source == "card" else tuple(items))
        told = [{"item": item, "text": items[item]} for item in of if item in items]
        town.do("RecordSource", person=one, source=source, items=told)
    assert town.do("CheckAtDesk", person=one)["differing"] == 0
    for path in (f"/households/{home}/visit-sheet", f"/persons/{one}/registered-items"):
        assert town.get(path, "county", area=THERE).status_code == 403
