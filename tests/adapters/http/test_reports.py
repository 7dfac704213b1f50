"""Reports of the statistics over HTTP: computed, filed, given out as they were filed."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from httpx2 import Response
from pypdf import PdfReader

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
    (rule,) = town.do("AcceptBaseline", expect=409, area=["510626"], persons=9, **county)["rules"]
    assert rule["code"] == "outside-area", "elsewhere nobody is told how many there are"
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


def test_a_report_is_given_out_in_the_form_that_is_asked_for(town: Town):
    path = f"/places/{town.ids['德阳市']}/reports/population-base?first=2007-05-31"

    def shown(accept: str, **more: str) -> Response:
        return town.client.get(path, headers={**town.headers(*ROLES), "Accept": accept, **more})

    table = shown("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["persons"] for row in rows] == ["3", "2", "1"]
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    page = shown("text/html, application/json;q=0.5")
    assert "人口底数" in page.text
    assert "统计截至" in page.text
    paper = shown("application/pdf")
    assert "人口底数" in PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()
    assert (
        'filename="population-base-510600-2007-05-31.pdf"' in paper.headers["content-disposition"]
    )
    tags = {one.headers["etag"] for one in (table, page, paper, shown("*/*"))}
    assert len(tags) == 4
    again = shown("application/pdf", **{"If-None-Match": paper.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert {one.headers["vary"] for one in (table, again)} == {"Accept, Authorization"}
    refused = shown("image/png")
    assert (refused.status_code, refused.json()["code"]) == (406, "not-acceptable")


def test_what_was_filed_is_given_out_as_a_page_too(town: Town):
    filed = town.do("FileReport", **made(town)["filing"])
    headers = town.headers(*ROLES, Accept="text/html")
    page = town.client.get(f"/reports/{filed['report']}", headers=headers)
    assert "第 1 版" in page.text


def test_each_form_of_a_report_stands_in_the_document(town: Town):
    document = town.client.get("/openapi.json").json()
    told = document["paths"]["/places/{place}/reports/{form}"]["get"]["responses"]["200"]
    assert set(told["content"]) == {"application/json", "text/csv", "text/html", "application/pdf"}
    assert told["content"]["application/json"]["example"]["report"]["name_zh"] == "人口底数"


def test_the_forms_are_listed_with_when_they_are_due(town: Town):
    told = {one["form"]: one for one in town.get("/report-forms", *ROLES).json()["forms"]}
    assert told["population-month"]["closes"]
    assert [(one["tier"], one["days"]) for one in told["population-month"]["due"]] == [
        ("county", 5),
        ("city", 8),
    ]
    assert told["fees"]["due"] == []


def test_the_check_rules_are_listed_and_a_number_is_explained(town: Town):
    rules = town.get("/check-rules", "county").json()["rules"]
    assert {"0405", "1110"} <= {one["code"] for one in rules}
    assert all(one["holds_if"] and one["source"] for one in rules)
    told = town.post("/queries/number-faults", text="510603200302290021").json()["faults"]
    assert [one["code"] for one in told] == ["birth-date", "check-character"]
    assert town.post("/queries/number-faults", text="51060319990101001X").json()["faults"]


def test_a_county_in_which_nobody_is_registered_has_no_baseline(town: Town):
    empty = town.do(
        "EstablishDivision",
        level=3,
        division_name="中江县",
        division_code="510623",
        parent=town.ids["德阳市"],
        on="2007-01-01",
    )
    told = town.do("AcceptBaseline", expect=409, division=empty["division"], document="文")
    assert [rule["code"] for rule in told["rules"]] == ["nobody-registered"]
