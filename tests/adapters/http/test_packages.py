"""Packages over HTTP: what is under way, what is wrong with it, and who may see it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.adapters.http.conftest import STATION, Town

HERE, THERE = ["510603"], ["510604"]
DAY = 86_400
FIRST, SECOND, FOURTH = (f"{STATION}20070601{number:05}" for number in (1, 2, 4))
LIST = f"/offices/{STATION}/packages"


@pytest.fixture
def sent(town: Town) -> dict[str, Any]:
    """A package of two applications on its way from the station to the county."""
    town.do("AcceptBaseline", division=town.ids["旌阳区"], document="川府〔2007〕1号")
    persons = [town.ids["王甲"], town.ids["王小"]]
    town.do("VerifyPersons", persons=persons, document="川府〔2007〕1号")
    father, child = persons
    made = [
        town.do("AcceptApplication", person=father, apply_reason="12"),
        town.do("AcceptApplication", person=child, apply_reason="11", guardian=father),
    ]
    for one in made:
        told: dict[str, Any] = {"photo": "a" * 64, "photo_size": 17_000, "chip_photo": "b" * 64}
        town.do("CompleteCapture", application=one["application"], **told)
    both = [one["application"] for one in made]
    town.do("SendData", tier="station", applications=both, package_number=FIRST)
    return {"applications": both, "numbers": [one["acceptance_number"] for one in made]}


def test_a_package_is_listed_under_its_sender_and_its_receiver_until_it_is_late(town: Town, sent):
    for office in (STATION, "510603000000", "510600000000"):
        (one,) = town.get(f"/offices/{office}/packages").json()["packages"]
        assert (one["package_number"], one["state"], one["members"]) == (FIRST, "sent", 2)
        assert (one["content"], one["receiver"], one["missing"]) == ("data", "510603000000", 2)
        assert (one["due_on"], one["wrong"]) == ("2007-06-06", [])
    assert town.get("/offices/510604000000/packages").json()["packages"] == []
    assert town.get(LIST, only="wrong").json()["packages"] == []
    town.clock.goes_on(7 * DAY)
    (late,) = town.get(LIST, only="wrong").json()["packages"]
    assert late["wrong"] == ["late"]


def test_what_is_missing_of_a_package_is_named(town: Town, sent):
    first, second = sent["applications"]
    county: dict[str, Any] = {"office": "510603000000"}
    town.do("ReceiveData", tier="county", applications=[first], package_number=FIRST, **county)
    told = town.get("/packages", number=FIRST).json()
    assert (told["package"]["wrong"], told["package"]["anomaly"]) == (["incomplete"], "11")
    (missing,) = told["missing"]
    assert (missing["application"], missing["acceptance_number"]) == (second, sent["numbers"][1])
    town.do("ReportPackageLost", package_number=FIRST, grounds="遗失", **county)
    assert town.get("/packages", number=FIRST).json()["package"]["wrong"] == ["lost"]
    assert town.get("/packages", number=SECOND).status_code == 404
    assert town.get("/packages", number="12").status_code == 422


def test_numbers_that_were_skipped_are_told(town: Town, sent):
    for number in (FOURTH,):
        both = sent["applications"]
        town.do("SendData", tier="station", applications=both, package_number=number)
    (gap,) = town.get(LIST).json()["gaps"]
    assert (gap["first"], gap["last"]) == (2, 3)
    assert gap["numbers"] == [SECOND, f"{STATION}2007060100003"]


def test_packages_of_another_area_are_not_shown(town: Town, sent):
    assert town.get(LIST, "county", area=THERE).status_code == 403
    assert town.get("/packages", "county", area=THERE, number=FIRST).status_code == 403
    assert town.get(LIST, "county", area=HERE).status_code == 200
    assert town.get("/packages", "county", area=HERE, number=FIRST).status_code == 200


def test_a_list_of_packages_goes_on_where_its_page_ended(town: Town, sent):
    both = sent["applications"]
    town.do("SendData", tier="station", applications=both, package_number=SECOND)
    page = town.get(LIST, limit=1).json()
    assert [one["package_number"] for one in page["packages"]] == [SECOND]
    page = town.get(LIST, limit=1, cursor=page["next"]).json()
    assert [one["package_number"] for one in page["packages"]] == [FIRST]
    assert page["next"] is None


def test_the_books_of_a_site_are_told_by_period(town: Town):
    site, other = "510600900000", "510700900000"
    serials = [f"{number:016X}" for number in range(1, 9)]
    sheet = {"sheet": "S1", "serials": serials}

    def enter(name: str, office: str, **fields: Any) -> None:
        token = town.token("production-centre", office=office)
        headers = {"Authorization": f"Bearer {token}", "Submission-Id": str(uuid4())}
        told = town.client.post(f"/commands/{name}", headers=headers, json=fields)
        assert told.status_code == 200, told.text
        town.services.projector.catch_up()

    enter("ReceiveBlanks", site, sheets=[sheet], lot="2007-06", site=site)
    town.clock.goes_on(2 * DAY)
    enter("TransferBlanks", site, serials=serials[:1], destination=other)
    enter("ReceiveTransfer", other, serials=serials[:1], site=other)
    told = town.get(f"/sites/{site}/material", since="2007-06-02").json()
    blanks = told["ledgers"][0]
    assert (told["balanced"], blanks["opening"], blanks["came"]) == (True, 8, {})
    assert (blanks["went"], blanks["closing"]) == ({"another site": 1}, 7)
    ever = town.get(f"/sites/{site}/material").json()
    assert (ever["ledgers"][0]["came"], ever["sheets"]["received"]) == ({"received": 8}, 1)
    before = town.get(f"/sites/{site}/material", valid_on="2007-06-01", known_at="2007-06-01")
    assert before.json()["ledgers"][0]["closing"] == 8
    assert town.get(f"/sites/{site}/material", "county", area=THERE).status_code == 403
