"""The exchange of cards over HTTP: a programme, its readiness matrix, its task letters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.http.conftest import Town

PATH = "/programmes/deyang-2004"
ROLES = ("exchange-office",)


@pytest.fixture
def begun(town: Town) -> Town:
    """The programme is open, the city's task of 2007 is acknowledged and divided."""
    told: dict[str, Any] = {"programme": "deyang-2004", "document": "德办发(2004)39号"}
    town.do("OpenProgramme", division=town.ids["德阳市"], **told)
    letter = town.do("IssueTarget", year=2007, persons=780_000, **told)["letter"]
    city: dict[str, Any] = {"office": "510600000000"}
    town.do("AcknowledgeTask", letter=letter, **city)
    shares = [
        {"division": town.ids["旌阳区"], "persons": 500_000},
        {"division": town.ids["罗江区"], "persons": 280_000},
    ]
    town.do("DivideTask", letter=letter, shares=shares, document=told["document"], **city)
    return town


def test_a_programme_is_told_with_its_phases(begun: Town):
    told = begun.get(PATH, *ROLES).json()["programme"]
    assert (told["name_zh"], told["target"]) == ("德阳市换发第二代居民身份证", 2_600_000)
    assert [one["phase"] for one in told["phases"]] == [
        *("preparation", "pilot", "exchange", "closing")
    ]


def test_a_programme_that_was_not_opened_is_not_there(begun: Town):
    assert begun.get("/programmes/jilin-2004", *ROLES).status_code == 404
    assert begun.get("/programmes/nowhere-1999", *ROLES).status_code == 422


def test_the_readiness_of_the_counties_of_one_s_area_is_told(begun: Town):
    found = begun.get(f"{PATH}/readiness", *ROLES).json()["counties"]
    assert [one["name"] for one in found] == ["旌阳区", "罗江区"]
    assert found[0]["waits_for"] == ["DY-06", "DY-11", "DY-17"]
    (one,) = begun.get(f"{PATH}/readiness", *ROLES, area=["510604"]).json()["counties"]
    assert one["name"] == "罗江区"
    assert begun.get(f"{PATH}/readiness", "civil-affairs").status_code == 403


def test_task_letters_are_told_with_what_was_done(begun: Town):
    found = begun.get(f"{PATH}/letters", *ROLES, year=2007).json()["letters"]
    told = {one["unit"]: (one["persons"], one["acknowledged"], one["issued"]) for one in found}
    assert told == {
        "德阳市": (780_000, True, 0),
        "旌阳区": (500_000, False, 0),
        "罗江区": (280_000, False, 0),
    }
    assert begun.get(f"{PATH}/letters", *ROLES, year=2008).json()["letters"] == []


def test_sums_that_disagree_are_refused_with_the_rule(begun: Town):
    (city,) = (
        one
        for one in begun.get(f"{PATH}/letters", *ROLES).json()["letters"]
        if one["unit"] == "德阳市"
    )
    shares = [{"division": begun.ids["旌阳区"], "persons": 779_999}]
    share: dict[str, Any] = {"letter": city["letter"], "shares": shares, "document": "文"}
    told = begun.do("DivideTask", office="510600000000", expect=409, **share)
    (rule,) = told["rules"]
    assert rule["code"] == "sums-disagree"


def test_the_programmes_are_listed_and_which_were_opened(begun: Town):
    told = begun.get("/programmes", *ROLES).json()["programmes"]
    assert [(one["programme"], one["opened_on"]) for one in told] == [
        ("deyang-2004", "2007-06-01"),
        ("jilin-2004", None),
    ]


def test_a_letter_is_told_with_who_did_what_to_it(begun: Town):
    found = begun.get(f"{PATH}/letters", *ROLES).json()["letters"]
    letters = {one["unit"]: one["letter"] for one in found}
    told = begun.get(f"/task-letters/{letters['德阳市']}", *ROLES).json()
    assert told["letter"]["persons"] == 780_000
    assert [(one["event"], one["office"], one["persons"]) for one in told["history"]] == [
        ("TaskLetterIssued", "510603001001", 780_000),
        ("TaskLetterAcknowledged", "510600000000", 780_000),
        ("TaskDivided", "510600000000", 780_000),
    ]
    elsewhere = begun.get(f"/task-letters/{letters['旌阳区']}", *ROLES, area=["510604"])
    assert elsewhere.status_code == 403
    assert begun.get(f"/task-letters/{begun.ids['旌阳区']}", *ROLES).status_code == 404
