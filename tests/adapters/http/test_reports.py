"""Reports of the statistics over HTTP: computed, filed, given out as they were filed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.http.conftest import Town

DAY = 86_400
ROLES = ("exchange-office", "statistics")


def made(town: Town, form: str = "population-base", first: str = "2007-05-31") -> dict[str, Any]:
    """A report of the city."""
    path = f"/places/{town.ids['德阳市']}/reports/{form}"
    told = town.get(path, *ROLES, first=first)
    assert told.status_code == 200, told.text
    body: dict[str, Any] = told.json()
    return body


def test_a_report_is_computed_with_what_is_needed_to_file_it(town: Town):
    told = made(town)
    assert told["report"]["name_zh"] == "人口底数"
    assert [row["persons"] for row in told["report"]["rows"]] == [3, 2, 1]
    assert told["wrong"] == []
    assert told["filing"]["figures"] == told["report"]["figures"]


def test_a_filed_report_stays_as_it_was_filed(town: Town):
    before = made(town)
    filed = town.do("FileReport", **before["filing"])
    town.clock.goes_on(DAY)
    town.do("RegisterDeath", person=town.ids["王乙"], died_on="2007-05-20", declarant="王甲")
    after = made(town)
    assert after["report"]["rows"][0]["persons"] == 2
    town.do("FileReport", **after["filing"])
    told = town.get(f"/reports/{filed['report']}", *ROLES, version=1).json()
    assert told["report"] == before["report"]
    assert told["known_at"] == before["known_at"]
    newest = town.get(f"/reports/{filed['report']}", *ROLES).json()
    assert (newest["filing"]["version"], newest["report"]) == (2, after["report"])
    path = f"/places/{town.ids['德阳市']}/reports"
    listed = town.get(path, *ROLES, form="population-base").json()["reports"]
    assert [one["version"] for one in listed] == [2, 1]
    assert town.get(path, *ROLES, form="ages").json()["reports"] == []


def test_figures_that_do_not_come_of_the_log_are_not_filed(town: Town):
    filing = made(town)["filing"] | {"figures": "0" * 64}
    (rule,) = town.do("FileReport", expect=409, **filing)["rules"]
    assert rule["code"] == "report-unknown"
    year = made(town, "population-year", "2007-01-01")["filing"]
    (rule,) = town.do("FileReport", expect=409, **year)["rules"]
    assert rule["code"] == "period-unfit"  # it is not over


def test_another_area_has_no_report(town: Town):
    path = f"/places/{town.ids['德阳市']}/reports/population-base"
    asked = town.get(path, *ROLES, area=["510604"], first="2007-05-31")
    assert asked.status_code == 403
    filed = town.do("FileReport", **made(town)["filing"])
    there = town.get(f"/reports/{filed['report']}", *ROLES, area=["510604"])
    assert there.status_code == 403
    assert town.get(f"/reports/{filed['report']}", *ROLES, version=9).status_code == 404


@pytest.mark.parametrize(
    ("form", "told"), [("population-month", {"first": "2007-05-02"}), ("nothing", {})]
)
def test_a_report_that_there_is_not_is_malformed(town: Town, form: str, told: dict[str, str]):
    path = f"/places/{town.ids['德阳市']}/reports/{form}"
    asked = town.get(path, *ROLES, **{"first": "2007-05-01", **told})
    assert asked.status_code == 422


def test_a_baseline_with_other_counts_than_the_register_s_is_refused(town: Town):
    county: dict[str, Any] = {"division": town.ids["旌阳区"], "document": "文"}
    (rule,) = town.do("AcceptBaseline", expect=409, persons=9, errors=0, **county)["rules"]
    assert (rule["code"], "9 stated, 2 counted" in rule["message"]) == ("miscounted", True)
    town.do("AcceptBaseline", persons=2, errors=0, **county)


def test_a_county_with_open_errors_has_no_baseline(town: Town):
    """One error of two persons is more than ten of 10,000."""
    town.do(
        "RaiseFinding",
        person=town.ids["王甲"],
        rule="visit/address",
        severity="error",
        item="address",
        source="form",
        found_on="2007-05-31",
    )
    told = town.do("AcceptBaseline", expect=409, division=town.ids["旌阳区"], document="文")
    (rule,) = told["rules"]
    assert rule["code"] == "errors-above-limit"
    town.do("AcceptBaseline", division=town.ids["罗江区"], document="文")  # not there
