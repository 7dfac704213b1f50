"""Identity cards over HTTP: where an application stands, on both clocks, and who may see it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.http.conftest import Town

HERE, THERE = ["510603"], ["510604"]
DAY = 86_400


@pytest.fixture
def ready(town: Town) -> Town:
    """The county's data are accepted and the two of 甲户 are verified."""
    document = "川府〔2007〕1号"
    town.do("AcceptBaseline", division=town.ids["旌阳区"], document=document)
    persons = [town.ids["王甲"], town.ids["王小"]]
    town.do("VerifyPersons", persons=persons, document=document)
    return town


def accept(town: Town, person: str = "王甲", reason: str = "12", **more: Any) -> dict[str, Any]:
    """An application."""
    told: dict[str, Any] = town.do(
        "AcceptApplication", person=town.ids[person], apply_reason=reason, **more
    )
    return told


def test_a_refusal_names_the_gate_and_what_opens_it(town: Town):
    told = town.do("AcceptApplication", person=town.ids["王甲"], apply_reason="12", expect=409)
    rules = {rule["code"]: rule for rule in told["rules"]}
    assert rules.keys() == {"baseline-not-accepted", "person-not-verified"}
    assert "AcceptBaseline" in str(rules["baseline-not-accepted"])


def test_an_application_is_found_by_identifier_by_number_and_by_person(ready: Town):
    made = accept(ready)
    by_id = ready.get(f"/card-applications/{made['application']}").json()
    by_number = ready.get("/card-applications", number=made["acceptance_number"]).json()
    listed = ready.get(f"/persons/{ready.ids['王甲']}/cards").json()["cards"]
    one = by_id["application"]
    assert one == by_number["application"] == listed[0]
    assert one["acceptance_number"] == made["acceptance_number"] == "5106030012007060100001"
    assert (one["state"], one["stage"], one["owner"]) == ("00", "acceptance", "station")
    assert (one["stage_due"], one["due_on"]) == ("2007-06-06", "2007-07-31")
    assert ready.get("/card-applications", number="5106030012007060100002").status_code == 404
    wrong = ready.get("/card-applications", number="5106030012007130100001")
    assert wrong.status_code == 422


def test_what_was_known_of_an_application_stays_what_was_known(ready: Town):
    one = accept(ready)["application"]
    path = f"/card-applications/{one}"
    before = ready.get(path).json()
    ready.clock.goes_on(DAY)
    ready.do("VoidApplication", application=one, grounds="本人放弃")
    now = ready.get(path).json()["application"]
    assert (now["state"], now["owner"], now["overdue"]) == ("02", None, False)
    assert ready.get(path, known_at=before["known"], valid_on="2007-06-01").json() == before
    assert ready.get(path, valid_on="2007-06-01").json()["application"]["state"] == "00"
    assert ready.get(path, valid_on="2007-05-31").status_code == 404
    events = ready.get(f"{path}/timeline").json()["entries"]
    assert [entry["event"] for entry in events] == ["ApplicationAccepted", "ApplicationVoided"]


def test_another_county_s_applications_are_not_shown(ready: Town):
    one = accept(ready)["application"]
    for path in (
        f"/card-applications/{one}",
        f"/card-applications/{one}/timeline",
        f"/persons/{ready.ids['王甲']}/cards",
        f"/places/{ready.ids['旌阳区']}/card-backlog",
        f"/places/{ready.ids['旌阳区']}/card-overruns",
    ):
        assert ready.get(path, "county", area=THERE).status_code == 403, path
        assert ready.get(path, "county", area=HERE).status_code == 200, path
        assert ready.get(path, "feed").status_code == 403, path


def test_a_read_of_cards_is_logged(ready: Town):
    one = accept(ready)["application"]
    ready.get(f"/card-applications/{one}")
    lines = ready.get("/query-log", "log-auditor", subject=ready.ids["王甲"]).json()["lines"]
    assert [line["question"] for line in lines] == ["card_application"]
    headers = {"Authorization": f"Bearer {ready.token('station')}"}
    told = ready.client.get(f"/card-applications/{one}", headers=headers)
    assert told.status_code == 422, "no purpose"


def test_the_backlog_counts_by_unit_and_state_and_tells_who_is_late(ready: Town):
    accept(ready)
    accept(ready, "王小", "11", guardian_name="王甲")
    path = f"/places/{ready.ids['德阳市']}/card-backlog"
    (line,) = ready.get(path, "statistics").json()["backlog"]
    assert (line["county"], line["state"], line["applications"]) == ("510603", "00", 2)
    assert (line["oldest"], line["late"], line["overdue"]) == ("2007-06-01", 0, 0)
    ready.clock.goes_on(6 * DAY)
    (line,) = ready.get(path, "statistics").json()["backlog"]
    assert (line["late"], line["overdue"]) == (2, 0)
    ready.clock.goes_on(60 * DAY)
    (line,) = ready.get(path, "statistics").json()["backlog"]
    assert (line["late"], line["overdue"]) == (2, 2)
    (line,) = ready.get(path, "statistics", valid_on="2007-06-01").json()["backlog"]
    assert line["late"] == 0
    assert ready.get(f"/places/{ready.ids['罗江区']}/card-backlog").json()["backlog"] == []
    due = ready.get(f"/places/{ready.ids['旌阳区']}/card-addresses-due").json()
    assert (due["due"], due["residents"] > 0) == ([], True)


def test_cards_of_who_died_are_to_be_taken_back_in_pages(town: Town):
    made = []
    for name, number in (("王小", "51060301"), ("王甲", "51060302")):
        picture: dict[str, Any] = {"photo": "a" * 64, "photo_size": 9_000, "guardian_name": "王甲"}
        told = town.do("ApplyForTemporaryCard", person=town.ids[name], **picture)
        made.append(told["application"])
        town.do("IssueTemporaryCard", application=made[-1], temporary_number=number)
    path = f"/places/{town.ids['旌阳区']}/cards-to-take-back"
    residents = town.get(f"/places/{town.ids['旌阳区']}/residents", limit=1).json()["next"]
    assert residents is not None
    assert town.get(path).json()["cards"] == []
    for name in ("王小", "王甲"):
        died = town.ids[name]
        town.do("RegisterDeath", person=died, died_on="2007-06-01", declarant="王甲")
    first = town.get(path, limit=1).json()
    second = town.get(path, limit=1, cursor=first["next"]).json()
    told = first["cards"] + second["cards"]
    assert [one["application"] for one in told] == sorted(made)
    assert {(one["why"], one["since"], one["reason"]) for one in told} == {
        ("died", "2007-06-01", "4")
    }
    assert second["next"] is None
    assert town.get(path, "county", area=THERE).status_code == 403
    for role in ("city", "province", "production-centre"):
        assert town.get(path, role).status_code == 403, "what became of holders is not for it"
    lines = town.get("/query-log", "log-auditor", subject=town.ids["王小"]).json()["lines"]
    named = {line["fields"] for line in lines if line["question"] == "cards_to_take_back"}
    assert named == {"cards,life,died_on,out_kind,kept"}
    assert town.get(path, cursor=residents).status_code == 422


def test_overruns_come_in_pages_those_due_first_at_the_top(ready: Town):
    first = accept(ready)["application"]
    ready.clock.goes_on(DAY)
    second = accept(ready, "王小", "11", guardian_name="王甲")["application"]
    path = f"/places/{ready.ids['旌阳区']}/card-overruns"
    assert ready.get(path).json()["applications"] == []
    ready.clock.goes_on(70 * DAY)
    page = ready.get(path, limit=1).json()
    assert [one["id"] for one in page["applications"]] == [first]
    rest = ready.get(path, limit=1, cursor=page["next"]).json()
    assert [one["id"] for one in rest["applications"]] == [second]
    assert rest["next"] is None
    assert all(one["overdue"] for one in page["applications"] + rest["applications"])
    residents = ready.get(f"/places/{ready.ids['旌阳区']}/residents", limit=1).json()["next"]
    assert ready.get(path, cursor=residents).status_code == 422


def test_counties_that_are_not_ready_show_as_such(ready: Town):
    path = f"/places/{ready.ids['德阳市']}/card-readiness"
    told = ready.get(path, "statistics").json()
    assert told["not_ready"] == ["510604"]
    since = {one["code"]: one["baseline_on"] for one in told["counties"]}
    assert since == {"510603": "2007-06-01", "510604": None}
    ready.clock.goes_on(DAY)
    ready.do("WithdrawBaseline", division=ready.ids["旌阳区"], document="撤")
    assert ready.get(path, "statistics").json()["not_ready"] == ["510603", "510604"]
    earlier = ready.get(path, "statistics", valid_on="2007-06-01").json()
    assert earlier["not_ready"] == ["510604"]


def test_a_temporary_card_waits_for_the_county(town: Town):
    picture: dict[str, Any] = {"photo": "a" * 64, "photo_size": 9_000}
    made = town.do("ApplyForTemporaryCard", person=town.ids["王甲"], **picture)
    one = town.get(f"/card-applications/{made['application']}").json()["application"]
    assert (one["state"], one["temporary"], one["owner"]) == (None, "applied", "county")
    assert one["stage_due"] == one["due_on"] == made["due_on"] == "2007-06-04"
    number = "LS0001"
    town.do("IssueTemporaryCard", application=made["application"], temporary_number=number)
    one = town.get(f"/card-applications/{made['application']}").json()["application"]
    assert (one["temporary"], one["owner"]) == ("issued", None)
    assert (one["term_from"], one["term_until"]) == ("2007-06-01", "2007-09-01")
