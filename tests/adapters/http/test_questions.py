"""Questions over HTTP: both clocks, areas, fields, pages, ETags."""

from __future__ import annotations

from datetime import date, datetime
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from adapters.http.auth import issue
from adapters.http.clocks import read_known_at
from registry.errors import Fault
from tests.adapters.http.conftest import ROLES, STATION, Town, number_of

HERE, THERE = ["510603"], ["510604"]


def test_a_person_is_shown_on_both_databases(any_town: Town):
    told = any_town.get(f"/persons/{any_town.ids['王小']}")
    assert told.status_code == 200, told.text
    person = told.json()["person"]
    assert (person["name"], person["sex"], person["life"]) == ("王小", 2, "living")
    assert person["number"] == any_town.ids["王小号码"]
    assert told.json()["valid_on"] == "2007-06-01"


def test_a_person_is_unknown_before_birth_and_before_it_was_recorded(town: Town):
    path = f"/persons/{town.ids['王小']}"
    early = town.get(path, valid_on="2007-01-14")
    assert early.status_code == 404
    assert "on 2007-01-14" in early.json()["detail"]
    assert town.get(path, valid_on="2007-01-15").status_code == 200
    assert town.get(path, known_at="2007-05-31").status_code == 404
    assert town.get(path, known_at="2007-06-01T09:00:00+08:00").status_code == 200


def test_the_future_is_an_error_on_either_clock(town: Town):
    path = f"/persons/{town.ids['王小']}"
    for parameters in ({"valid_on": "2007-06-02"}, {"known_at": "2007-06-01T09:00:01+08:00"}):
        told = town.get(path, **parameters)
        assert told.status_code == 422
        assert [fault["code"] for fault in told.json()["faults"]] == ["future-instant"]
    # The end of today is yet to come.
    assert town.get(path, known_at="2007-06-01").status_code == 422


def test_a_token_is_no_instant_whatever_its_letters():
    for text in ("TcSjPftnFbHA", "20T5-06-01TxAbc", "aT0-_T0-_T0-"):
        faults: list[Fault] = []
        assert read_known_at(text, "known_at", faults) == text
        assert faults == []
    assert read_known_at("2007-06-01T10:15:00", "known_at", faults) == datetime(2007, 6, 1, 10, 15)


def test_what_was_known_stays_what_was_known(town: Town):
    path = f"/persons/{town.ids['王甲']}"
    before = town.get(path).json()
    town.clock.goes_on()
    town.do(
        "RegisterDeath",
        person=town.ids["王甲"],
        died_on="2007-05-01",
        declarant="王小",
        heir={"head": town.ids["王小"]},
        expect=409,
    )
    town.do(
        "ChangeDetails", person=town.ids["王甲"], height_cm=171, declarant="王甲", on="2007-03-01"
    )
    assert town.get(path).json()["person"]["height_cm"] == 171
    assert town.get(path, valid_on="2007-02-28").json()["person"]["height_cm"] is None
    assert town.get(path, known_at=before["known"]).json() == before
    then = town.get(path, known_at="2007-06-01T09:00:00+08:00").json()
    assert then["person"]["height_cm"] is None


def test_fields_choose_what_is_shown(town: Town):
    told = town.get(f"/persons/{town.ids['王小']}", fields="name,birth_date").json()
    assert told["person"] == {"name": "王小", "birth_date": "2007-01-15"}
    wrong = town.get(f"/persons/{town.ids['王小']}", fields="name,shoe_size")
    assert wrong.json()["faults"][0]["code"] == "unknown-field"


def test_a_role_sees_its_fields_and_no_others(town: Town):
    path = f"/persons/{town.ids['王小']}"
    assert "father" not in town.get(path, "reader").json()["person"]
    assert town.get(path, "reader", fields="father").status_code == 403
    assert town.get(path, "county", fields="father").json()["person"]["father"] == town.ids["王甲"]
    for role in ("civil-affairs", "statistics", "feed", "log-auditor", "administrator"):
        assert town.get(path, role).status_code == 403, role


def test_a_county_cannot_read_another_county(town: Town):
    ids = town.ids
    mine = [
        f"/persons/{ids['王甲']}",
        f"/persons/{ids['王甲']}/timeline",
        f"/households/{ids['甲户']}",
        f"/doorplates/{ids['甲门牌']}",
        f"/doorplates/{ids['甲门牌']}/occupants",
        f"/places/{ids['甲社区']}/residents",
        f"/places/{ids['旌阳区']}/count",
        f"/streets/{ids['甲路']}",
    ]
    for path in mine:
        assert town.get(path, "county", area=HERE).status_code == 200, path
        assert town.get(path, "county", area=THERE).status_code == 403, path
        assert town.get(path, "county", area=["510600"]).status_code == 200, path
    refused = town.do(
        "ChangeDetails", person=ids["王乙"], height_cm=170, declarant="王乙", area=HERE, expect=409
    )
    assert [rule["code"] for rule in refused["rules"]] == ["outside-area"]


def test_the_area_is_tested_at_the_point_asked_for(town: Town):
    ids = town.ids
    town.clock.goes_on()
    town.do(
        "ChangeAddress",
        movers=[{"person": ids["王小"], "relation": "30"}],
        household=ids["乙户"],
        declarant="王甲",
        on="2007-05-01",
    )
    path = f"/persons/{ids['王小']}"
    assert town.get(path, "county", area=THERE).status_code == 200
    assert town.get(path, "county", area=HERE).status_code == 403
    assert town.get(path, "county", area=HERE, valid_on="2007-04-30").status_code == 200
    assert town.get(path, "county", area=THERE, valid_on="2007-04-30").status_code == 403
    then = "2007-06-01T09:00:00+08:00"
    assert town.get(path, "county", area=HERE, known_at=then).status_code == 200


def test_who_is_on_the_move_belongs_to_origin_and_target(town: Town):
    ids = town.ids
    town.do(
        "MoveOut",
        persons=[ids["王小"]],
        certificate_number="Q1",
        destination="510604",
        declarant="王甲",
        on="2007-05-20",
    )
    path = f"/persons/{ids['王小']}"
    assert town.get(path, "county", area=HERE).json()["person"]["in_transit"] is True
    assert town.get(path, "county", area=THERE).status_code == 200
    assert town.get(path, "county", area=["510700"]).status_code == 403
    rows = town.get(f"/places/{ids['旌阳区']}/in-transit").json()["in_transit"]
    assert [(row["id"], row["name"]) for row in rows] == [(ids["王小"], "王小")]


def test_who_is_on_the_move_belongs_to_the_place_of_the_permit(town: Town):
    ids = town.ids
    town.do(
        "IssuePermit",
        permit_number="P1",
        persons=[ids["王小"]],
        doorplate=ids["乙门牌"],
        declarant="王甲",
    )
    town.do(
        "MoveOut",
        persons=[ids["王小"]],
        certificate_number="Q1",
        permit_number="P1",
        declarant="王甲",
    )
    path = f"/persons/{ids['王小']}"
    assert town.get(path, "county", area=THERE).status_code == 200
    assert town.get(path, "county", area=["510700"]).status_code == 403


def test_a_permit_for_others_sends_nobody_into_an_area(town: Town):
    """Its number was taken down as another register's before it was issued here."""
    ids = town.ids
    leaving: Any = {"certificate_number": "Q1", "permit_number": "P1", "declarant": "王甲"}
    town.do("MoveOut", persons=[ids["王小"]], **leaving)
    consent: Any = {"permit_number": "P1", "doorplate": ids["乙门牌"], "declarant": "王甲"}
    town.do("IssuePermit", persons=[ids["王甲"]], **consent)
    assert town.get(f"/persons/{ids['王小']}", "county", area=THERE).status_code == 403


def test_a_sensitive_reason_is_for_the_station_that_handled_it(town: Town):
    ids = town.ids
    from registry.values import MigrationReason

    reason = next(one for one in MigrationReason.all() if one.sensitive)
    town.do(
        "MoveOut",
        persons=[ids["王小"]],
        certificate_number="Q1",
        destination="220102",
        reason=reason,
        declarant="王甲",
    )
    path = f"/persons/{ids['王小']}/timeline"
    shown = town.get(path, "station").json()["entries"][-1]
    assert shown["fields"]["reason"] == reason
    for role in ("county", "auditor"):
        hidden = town.get(path, role).json()["entries"][-1]
        assert (hidden["fields"]["reason"], hidden["hidden"]) == (None, ["reason"])


def test_numbers_are_asked_for_in_bodies_alone(town: Town):
    number = town.ids["王小号码"]
    told = town.post("/queries/persons-by-number", number=number).json()
    assert [(one["name"], one["holds"]) for one in told["persons"]] == [("王小", True)]
    assert (
        town.post("/queries/persons-by-number", "reader", area=THERE, number=number).json()[
            "elsewhere"
        ]
        == 1
    )
    in_address = town.get("/places", code=number)
    assert in_address.json()["faults"][0]["code"] == "number-in-address"
    assert number not in in_address.text
    wrong = town.post("/queries/persons-by-number", number=number[:-1] + "?")
    assert wrong.status_code == 422
    assert number[:-1] not in wrong.text
    held = town.post("/queries/number-history", number=number).json()["holdings"]
    assert [(one["person"], one["how"]) for one in held] == [(town.ids["王小"], "given")]
    found = town.post("/queries/persons-by-name", name="王小", birth_date="2007-01-15").json()
    assert [one["number"] for one in found["persons"]] == [number]


def test_a_number_of_which_no_holder_stands_is_told_to_who_sees_everywhere(town: Town):
    child, number = town.ids["王小"], town.ids["王小号码"]
    town.clock.goes_on()
    town.do("ReverseRegistration", person=child, version=1, grounds="错录")
    told = town.post("/queries/persons-by-number", number=number).json()
    assert told["persons"] == [{"id": child, "holds": False, "how": "given"}]
    assert told["elsewhere"] == 0
    away = town.post("/queries/persons-by-number", area=["510603"], number=number).json()
    assert (away["persons"], away["elsewhere"]) == ([], 1)


def test_a_sequence_register_tells_how_many_codes_are_left(town: Town):
    asked = {"address_code": "510603", "birth_date": "2007-01-15"}
    (book,) = town.get("/sequence-books", **asked).json()["books"]
    assert (book["first"], book["codes"] - book["used"]) == (1, book["last"] - 1)
    assert town.get("/sequence-books", **asked, known_at="2007-05-01").json()["books"] == []
    assert town.get("/sequence-books", area=["510604"], **asked).status_code == 403
    assert town.get("/sequence-books", area=["510600"], **asked).status_code == 200


def test_a_station_learns_which_codes_it_holds_and_how_full_they_get(town: Town):
    """The town's station holds 001 to 500 (or what it was given); a small one gets 601 to 603."""
    small = "510603002000"
    county = {"address_code": "510603"}
    (before,) = town.get("/sequence-segments", **county).json()["segments"]
    allotted: Any = {"station": small, "first": 601, "last": 603, "valid_from": "2007-01-01"}
    town.do("AllotSegment", address_code="510603", **allotted)
    whole, held = town.get("/sequence-segments", **county).json()["segments"]
    assert whole == before
    codes = whole["last"] - whole["first"] + 1
    assert whole["male"] + whole["female"] == codes
    fullest = whole["fullest"]
    assert fullest["used"] == codes - fullest["left_male"] - fullest["left_female"]
    assert {name: held[name] for name in ("first", "male", "female", "used", "fullest")} == {
        "first": 601,
        "male": 2,
        "female": 1,
        "used": 0,
        "fullest": None,
    }
    town.do(  # a number that was given elsewhere: its book is not opened by that
        "SupplementRecord",
        household=town.ids["甲户"],
        relation="30",
        name="王六",
        sex=2,
        birth_date="2007-02-02",
        nationality="01",
        number=number_of(date(2007, 2, 2), 602),
        grounds="漏登",
        approval="A2",
        declarant="王甲",
        on="2007-06-01",
    )
    (own,) = town.get("/sequence-segments", **county, station=small).json()["segments"]
    day = {"birth_date": "2007-02-02", "used": 1, "left_male": 2, "left_female": 0}
    assert own == {**held, "days": 1, "used": 1, "fullest": day}
    early = town.get("/sequence-segments", **county, until="2006-12-31").json()["segments"]
    assert [one["station"] for one in early] == [whole["station"]]
    past = town.get("/sequence-segments", **county, since="2007-01-15", until="2007-01-15")
    assert past.json()["segments"][0]["fullest"]["birth_date"] == "2007-01-15"
    passed: Any = {"station": "510603003000", "first": whole["first"], "last": whole["last"]}
    town.do("AllotSegment", address_code="510603", valid_from="2007-05-01", **passed)
    told = town.get("/sequence-segments", **county, station="510603003000").json()["segments"]
    assert [(one["days"], one["fullest"]) for one in told] == [(0, None)]  # born before
    for since in ("1990-01-01", "1997-05-01"):
        assert town.get("/sequence-segments", **county, since=since).status_code == 422
    late = town.get("/sequence-segments", **county, since="2007-01-16", until="2007-01-15")
    assert late.status_code == 422
    assert late.json()["faults"][0]["at"] == "since"
    assert town.get("/sequence-segments", area=["510604"], **county).status_code == 403


def test_a_household_with_its_members(town: Town):
    told = town.get(f"/households/{town.ids['甲户']}").json()["household"]
    assert {one["name"]: one["relation"] for one in told["members"]} == {"王甲": "02", "王小": "30"}
    lines = town.get(f"/households/{town.ids['甲户']}/timeline").json()["entries"]
    assert [one["event"] for one in lines] == ["HouseholdEstablished", "MembersChanged"]


def test_pages_do_not_shift_while_others_record(town: Town):
    ids = town.ids
    path = f"/places/{ids['德阳市']}/residents"
    first = town.get(path, limit=1).json()
    town.clock.goes_on()
    town.do(
        "RegisterBirth",
        household=ids["甲户"],
        relation="20",
        name="王又",
        sex=1,
        birth_date="2007-02-15",
        nationality="01",
        father=ids["王甲"],
        birth_certificate="C2",
        declarant="王甲",
    )
    seen, cursor = first["residents"], first["next"]
    while cursor:
        page = town.get(path, limit=1, cursor=cursor).json()
        assert page["known"] == first["known"]
        seen += page["residents"]
        cursor = page["next"]
    assert sorted(one["name"] for one in seen) == sorted(["王甲", "王小", "王乙"])
    other = town.get(f"/places/{ids['甲社区']}/residents", cursor=first["next"])
    assert other.json()["faults"][0]["code"] == "not-a-token"
    both = town.get(path, cursor=first["next"], valid_on="2007-05-01")
    assert both.status_code == 422


def test_a_void_is_told_with_its_instant(town: Town):
    ids = town.ids
    town.clock.goes_on()
    town.do("ReverseRegistration", person=ids["王小"], version=1, grounds="错录")
    lines = town.get(f"/persons/{ids['王小']}/timeline", "auditor").json()["entries"]
    assert [(one["event"], one["stands"]) for one in lines] == [
        ("BirthRegistered", False),
        ("RegistrationReversed", True),
    ]
    assert lines[0]["voided_at"] == lines[1]["recorded_at"]


def test_the_tree_of_places_and_its_counts(town: Town):
    ids = town.ids
    found = town.get("/places", "statistics", code="510603").json()["places"]
    assert [one["id"] for one in found] == [ids["旌阳区"]]
    under = town.get(f"/places/{ids['德阳市']}/children", "statistics").json()["places"]
    assert {one["name"] for one in under} == {"旌阳区", "罗江区"}
    assert town.get(f"/places/{ids['四川省']}/count", "statistics").json()["count"] == 3
    counts = town.get(f"/places/{ids['四川省']}/counts", "statistics").json()
    assert counts["counts"] == {ids["甲社区"]: 2, ids["乙社区"]: 1}
    (month,) = town.get(
        f"/places/{ids['旌阳区']}/changes", "statistics", first="2007-06", last="2007-06"
    ).json()["months"]
    gained = sum(one["entered"] - one["left"] for one in month["causes"].values())
    assert (month["start"] + gained, month["end"]) == (2, 2)


def test_streets_and_door_plates_are_for_civil_affairs_too(town: Town):
    ids = town.ids
    found = town.get("/streets", "civil-affairs", name="甲").json()["streets"]
    assert [one["id"] for one in found] == [ids["甲路"]]
    plates = town.get(f"/streets/{ids['甲路']}/doorplates", "civil-affairs", number="1号").json()
    assert [one["id"] for one in plates["doorplates"]] == [ids["甲门牌"]]
    plate = town.get(f"/doorplates/{ids['甲门牌']}", "civil-affairs").json()["doorplate"]
    assert plate["plate_number"] == "1号"
    occupants = town.get(f"/doorplates/{ids['甲门牌']}/occupants", "civil-affairs")
    assert occupants.status_code == 403


def test_an_answer_that_has_not_changed_is_not_sent_again(town: Town):
    path = f"/persons/{town.ids['王甲']}"
    first = town.get(path)
    headers = {**town.headers("station"), "If-None-Match": first.headers["ETag"]}
    again = town.client.get(path, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    town.do("ChangeDetails", person=town.ids["王甲"], height_cm=171, declarant="王甲")
    assert town.client.get(path, headers=headers).status_code == 200


def test_a_receipt_is_waited_for(town: Town):
    stop = Event()
    follower = Thread(target=town.services.projector.follow, args=(stop,))
    headers = {**town.headers("station"), "Submission-Id": str(uuid4())}
    fields = {"person": town.ids["王甲"], "height_cm": 180, "declarant": "王甲"}
    receipt = town.client.post("/commands/ChangeDetails", headers=headers, json=fields).json()
    follower.start()
    try:
        told = town.get(f"/persons/{town.ids['王甲']}", after=receipt["receipt"]).json()
    finally:
        stop.set()
        follower.join()
    assert told["person"]["height_cm"] == 180
    wrong = town.get(f"/persons/{town.ids['王甲']}", after="A" * 20)
    assert wrong.json()["faults"] == [
        {
            "at": "after",
            "code": "not-a-token",
            "message": "this is no token of this register; give one back as it was received",
        }
    ]


def test_cases_and_papers(town: Town):
    ids = town.ids
    town.do(
        "MoveOut",
        persons=[ids["王小"]],
        certificate_number="Q1",
        destination="220102",
        declarant="王甲",
    )
    (paper,) = town.post("/queries/papers-by-number", number="Q1").json()["papers"]
    assert (paper["kind"], paper["persons"]) == ("certificate", [ids["王小"]])
    newcomer: dict[str, Any] = {
        "household": ids["甲户"],
        "relation": "99",
        "name": "钱",
        "sex": 1,
        "birth_date": "1970-01-01",
        "nationality": "01",
        "number": ids["甲号码"],
        "declarant": "钱",
    }
    town.do("RegisterNewcomer", **newcomer, certificate_number="F1")
    (case,) = town.get("/number-cases", area=HERE).json()["cases"]
    assert len(case["parties"]) == 2
    told = town.get(f"/number-cases/{case['id']}", area=HERE).json()
    later = [one for one in told["course"]["parties"] if one["entry"] is not None]
    assert [one["entry"] for one in later] == ["NewcomerRegistered"]
    assert later[0]["recorded_at"].startswith(case["since"])
    assert town.get(f"/number-cases/{case['id']}", area=["510700"]).status_code == 403


def test_whoever_is_given_another_number_has_a_proof_that_can_be_printed(town: Town):
    ids = town.ids
    newcomer: dict[str, Any] = {
        **{"household": ids["甲户"], "relation": "99", "name": "钱", "sex": 1},
        **{"birth_date": "1970-01-01", "nationality": "01", "number": ids["甲号码"]},
    }
    person = town.do("RegisterNewcomer", **newcomer, declarant="钱", certificate_number="F1")[
        "person"
    ]
    (case,) = (one["id"] for one in town.get("/number-cases", area=HERE).json()["cases"])
    town.do("ProposeKeeper", case=case, keeper=ids["王甲"], reason="50")
    for party in (ids["王甲"], person):
        town.do("NotifyParty", case=case, person=party, document="T1")
    listed = town.do("ListNumberChange", case=case, changed=[person])["digest"]
    other = issue(
        town.settings.keys,
        officer="罗",
        office=STATION,
        roles=ROLES,
        now=town.clock.now,
        days=36_500,
    )
    change = {"person": person, "proof": "ZM-1", "declarant": "钱"}
    told = {"case": case, "keeper": ids["王甲"], "changes": [change], "touched": listed}
    decided = town.client.post(
        "/commands/DecideNumberCase",
        headers={"Authorization": f"Bearer {other}", "Submission-Id": str(uuid4())},
        json={**told, "document": "D1", "grounds": "查实"},
    ).json()
    town.services.projector.catch_up()
    path = f"/number-cases/{case}/proofs/{person}"
    proof = town.get(path, area=HERE).json()["proof"]
    assert (proof["paper"], proof["before"]) == ("ZM-1", ids["甲号码"])
    assert proof["after"] == decided["answer"]["numbers"][person]
    page = town.client.get(path, headers=town.headers("station", Accept="text/html"))
    assert "公民身份号码变更证明" in page.text
    assert town.get(path, area=["510700"]).status_code == 403
    assert town.get(f"/number-cases/{case}/proofs/{ids['王甲']}").status_code == 404
