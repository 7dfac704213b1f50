"""Questions over HTTP about periods, and where households and communities belong."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.adapters.http.conftest import Town


def test_where_somebody_lived_on_a_day_and_over_a_period(town: Town):
    ids = town.ids
    town.do(
        "ChangeAddress",
        movers=[{"person": ids["王小"], "relation": "30"}],
        household=ids["乙户"],
        declarant="王甲",
        on="2007-05-01",
    )
    on = town.get(f"/persons/{ids['王小']}/residence", valid_on="2007-02-01").json()
    assert on["residence"]["community"] == ids["甲社区"]
    path = f"/persons/{ids['王小']}/residences"
    spans = town.get(path, **{"from": "2007-02-01", "until": "2007-06-01"}).json()["residences"]
    assert [(one["community"], one["valid_from"], one["valid_until"]) for one in spans] == [
        (ids["甲社区"], "2007-02-01", "2007-05-01"),
        (ids["乙社区"], "2007-05-01", "2007-06-01"),
    ]
    assert town.get(path, **{"from": "2007-02-01", "until": "2007-02-01"}).status_code == 422
    assert town.get(path).json()["detail"].startswith("2 faults")


def test_occupants_of_an_address_and_every_change_of_their_set(town: Town):
    ids = town.ids
    plate = f"/doorplates/{ids['甲门牌']}"
    there = town.get(f"{plate}/occupants").json()["residents"]
    assert {one["name"] for one in there} == {"王甲", "王小"}
    spans = town.get(f"{plate}/occupancy", **{"from": "2004-12-31", "until": "2007-02-01"}).json()[
        "occupancy"
    ]
    assert [(one["valid_from"], sorted(one["persons"])) for one in spans] == [
        ("2004-12-31", []),
        ("2005-01-01", [ids["王甲"]]),
        ("2007-01-15", sorted([ids["王甲"], ids["王小"]])),
    ]
    assert town.get(f"{plate}/households").json()["households"] == [ids["甲户"]]


def test_nobody_is_told_of_a_period_that_is_yet_to_come(town: Town):
    """The town's clock stands in 2007; of today itself something is known."""
    today = date(2007, 6, 1)
    path = f"/persons/{town.ids['王小']}/residences"
    tomorrow, later = (str(today + timedelta(days)) for days in (1, 2))
    assert town.get(path, **{"from": str(today), "until": tomorrow}).status_code == 200
    for begin, at in ((str(today), "until"), (tomorrow, "from")):
        (fault,) = town.get(path, **{"from": begin, "until": later}).json()["faults"]
        assert (fault["at"], fault["code"]) == (at, "future-instant")
    book = "/offices/510603001001/cash-book"  # of the running month
    assert town.get(book, "county", **{"from": str(today), "until": later}).status_code == 200
    assert town.get(book, "county", **{"from": tomorrow, "until": later}).status_code == 422
    plate = f"/doorplates/{town.ids['甲门牌']}/occupancy"
    assert town.get(plate, **{"from": "2005-01-01", "until": later}).status_code == 422
    place = f"/places/{town.ids['德阳市']}"
    month, ahead = f"{today:%Y-%m}", f"{today.year + 1}-01"
    assert town.get(f"{place}/changes", first=month, last=month).status_code == 200
    told = town.get(f"{place}/changes", first=month, last=ahead).json()["faults"]
    assert [(one["at"], one["code"]) for one in told] == [("last", "future-instant")]
    report = f"{place}/reports/population-base"
    assert town.get(report, first=str(today)).status_code == 200
    told = town.get(report, first=tomorrow).json()["faults"]
    assert [(one["at"], one["code"]) for one in told] == [("first", "future-instant")]


def test_a_household_is_found_by_its_number_where_it_is(town: Town):
    ids = town.ids
    found = town.get(f"/places/{ids['甲社区']}/households", number="甲").json()["households"]
    assert [(one["id"], one["household_number"]) for one in found] == [(ids["甲户"], "甲")]
    assert (
        town.get(f"/places/{ids['德阳市']}/households", number="甲").json()["households"] == found
    )
    elsewhere = town.get(f"/places/{ids['乙社区']}/households", number="甲").json()
    assert elsewhere["households"] == []
    before = town.get(
        f"/places/{ids['甲社区']}/households", number="甲", valid_on="2004-12-31"
    ).json()
    assert before["households"] == []
    again = {"doorplate": ids["甲门牌"], "household_number": "甲"}
    refused = town.do("FoundHousehold", expect=409, **again)
    assert [one["code"] for one in refused["rules"]] == ["household-number-taken"]


def test_the_station_of_a_community_is_told(town: Town):
    community = town.ids["甲社区"]
    assert town.get(f"/places/{community}").json()["place"]["station"] is None
    town.do("AssignStation", community=community, station="510603002000", on="2006-01-01")
    assert town.get(f"/places/{community}").json()["place"]["station"] == "510603002000"
    earlier = town.get(f"/places/{community}", valid_on="2005-12-31").json()
    assert earlier["place"]["station"] is None


def test_as_known_in_june_nothing_is_told_of_july_as_if_nobody_had_moved(town: Town):
    place = f"/places/{town.ids['德阳市']}/changes"
    june, july = {"first": "2007-06", "last": "2007-06"}, {"first": "2007-06", "last": "2007-07"}
    then = town.get(place, **june).json()["known"]
    town.clock.goes_on(45 * 86_400)
    assert town.get(place, **july).status_code == 200
    assert town.get(place, **july, known_at=then).status_code == 200  # nothing came since
    told: Any = {"level": 2, "division_code": "510700", "division_name": "绵阳市"}
    town.do("EstablishDivision", parent=town.ids["四川省"], **told, on="2007-06-30")
    assert town.get(place, **july, known_at=then).status_code == 200  # known until then
    for known in ("2007-06-02", "2007-06-02T12:00:00+08:00"):
        assert town.get(place, **june, known_at=known).status_code == 200
        (fault,) = town.get(place, **july, known_at=known).json()["faults"]
        assert fault["code"] == "future-instant"
        assert "2007-06-02" in fault["message"]
