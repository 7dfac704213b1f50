"""Cases about registrations over HTTP: of the officer's area, and of no other."""

from __future__ import annotations

from tests.adapters.http.test_questions import HERE


def test_an_open_case_is_shown_to_the_area_it_belongs_to(town):
    ids = town.ids
    told = town.do("SuspectDouble", one=ids["王甲"], other=ids["王乙"], grounds="群众举报")
    (case,) = town.get("/registration-cases", area=HERE).json()["cases"]
    assert (case["id"], case["fault"], case["open"]) == (told["case"], "double", True)
    assert sorted(case["persons"]) == sorted([ids["王甲"], ids["王乙"]])
    assert town.get(f"/registration-cases/{case['id']}", area=HERE).status_code == 200
    assert town.get(f"/registration-cases/{case['id']}", area=["510700"]).status_code == 403
    assert town.get("/registration-cases", area=["510700"]).json()["cases"] == []


def test_somebody_registered_nowhere_is_shown_where_found_and_gone_once_decided(town):
    ids = town.ids
    case = town.do("ReportUnsettled", community=ids["甲社区"], reason="10")["case"]
    (shown,) = town.get("/registration-cases", area=HERE).json()["cases"]
    assert (shown["fault"], shown["persons"]) == ("unsettled", [])
    asked = {"fault": "unsettled", "area": HERE}
    assert town.get("/registration-cases", **asked).json()["cases"] == [shown]
    assert town.get("/registration-cases", fault="apart", area=HERE).json()["cases"] == []
    nobody = town.get("/registration-cases", station="510603009000", **asked).json()
    assert nobody["cases"] == []
    closed = {"outcome": "43", "document": "D1", "grounds": "已离开"}
    town.do("CloseRegistrationCase", case=case, **closed)
    assert town.get("/registration-cases", area=HERE).json()["cases"] == []
    told = town.get(f"/registration-cases/{case}", area=HERE).json()["case"]
    assert (told["open"], told["outcome"]) == (False, "43")
