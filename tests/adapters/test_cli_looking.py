"""Questions at the command line: both clocks, areas, purposes and the log of who asked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from uuid import UUID, uuid4

from tests.adapters.terminal import OFFICER, settle

RIGHT, WRONG = "11010519491231002X", "110105194912310020"


def test_a_person_is_shown_on_both_clocks_and_the_number_masked(terminal):
    county = settle(terminal)
    told = terminal.json("person", county.father, "--valid-on", "2007-06-01")
    assert (told["name"], told["resident"]) == ("王一", True)
    assert told["number"] == "*" * 14 + county.number[-4:]
    clear = terminal.json("person", county.father, "--in-clear")
    assert clear["number"] == county.number
    early = terminal("person", county.father, "--valid-on", "2004-12-31", exits=4)
    assert "on 2004-12-31" in early.stderr
    terminal("person", county.father, "--known-at", "2004-12-31", exits=4)
    assert "王一" in terminal("person", county.father).stdout


def test_the_future_is_not_asked_for(terminal):
    county = settle(terminal)
    told = terminal("person", county.father, "--valid-on", "2999-01-01", exits=2)
    assert "yet to come" in told.stderr
    terminal("person", county.father, "--known-at", "2999-01-01T00:00", exits=2)


def test_who_reads_says_why_and_it_is_logged_before_it_is_shown(terminal):
    county = settle(terminal)
    terminal("person", county.father, exits=2, REGISTRY_PURPOSE="")
    told = terminal("person", county.father, "--purpose", "curiosity", exits=2)
    assert "own-request" in told.stderr
    terminal("person", county.father, "--purpose", "criminal-case", exits=2)
    terminal("person", county.father, "--purpose", "criminal-case", "--case", "A2007-12")
    ((officer, purpose, case, question, outcome, rows, subjects, _),) = terminal.log()
    assert (officer, purpose, case) == ("Li", "criminal-case", "A2007-12")
    assert (question, outcome, rows) == ("person", "answered", 1)
    assert subjects == UUID(county.father).bytes
    nowhere = {"REGISTRY_QUERY_LOG": "sqlite:////nowhere/at/all.db"}
    assert terminal("person", county.father, exits=6, **nowhere).stdout == ""


def test_another_area_is_not_seen_and_the_attempt_is_logged(terminal):
    county = settle(terminal)
    for line in (
        ("person", county.father),
        ("timeline", county.father),
        ("household", county.household),
        ("occupants", county.plate),
        ("residents", "--community", county.community),
    ):
        terminal(*line, "--area", "220000", exits=7)
        terminal(*line, "--area", "510600")
    outcomes = [outcome for _, _, _, _, outcome, *_ in terminal.log()]
    assert outcomes == ["refused", "answered"] * 5
    terminal("person", county.father, "--roles", "statistics", exits=7)


def test_a_number_finds_its_holder_and_is_logged_as_a_digest(terminal):
    county = settle(terminal)
    (told,) = terminal.json("find-number", stdin=county.number)["holders"]
    assert told["person"] == county.father
    assert told["holds"] is True
    away = terminal.json("find-number", "--area", "220000", stdin=county.number)
    assert (away["holders"], away["elsewhere"]) == ([], 1)
    terminal("find-number", stdin=RIGHT, exits=4)
    assert "line 1" in terminal("find-number", stdin=WRONG, exits=2).stderr
    digests = {digest for *_, digest in terminal.log()}
    assert len(digests) == 2
    assert all(digest and county.number.encode() not in digest for digest in digests)


def test_a_number_of_which_no_holder_stands_is_told_to_who_sees_everywhere(terminal):
    county = settle(terminal)
    child, number = county.daughter, county.daughter_number
    terminal.do("ReverseRegistration", person=child, version=1, grounds="错录")
    terminal("follow", "--once")
    told = terminal.json("find-number", stdin=number)
    (one,) = told["holders"]
    assert (one["person"], one["holds"], told["elsewhere"]) == (child, False, 0)
    assert "held it formerly" in terminal("find-number", stdin=number).stdout
    away = terminal.json("find-number", "--area", "510603", stdin=number)
    assert (away["holders"], away["elsewhere"]) == ([], 1)


def test_a_household_lists_its_members(terminal):
    county = settle(terminal)
    told = terminal.json("household", county.household)
    assert [(one["name"], one["relation"]) for one in told["members"]] == [
        ("王一", "02"),
        ("王二", "30"),
    ]
    assert "户主" in terminal("household", county.household).stdout


def test_a_dormitory_shows_everybody_however_many(terminal, monkeypatch):
    county = settle(terminal)
    monkeypatch.setattr("adapters.cli.looking.PAGE", 1)
    home = terminal.do("FoundHousehold", doorplate=county.plate, household_number="9")["household"]
    lodgers = {
        terminal.do(
            "SupplementRecord",
            household=home,
            relation="97",
            name=name,
            sex=1,
            birth_date="1980-01-01",
            nationality="01",
            grounds="漏登",
            approval="A1",
            declarant=name,
        )["person"]
        for name in ("甲一", "乙二", "丙三")
    }
    terminal("follow", "--once")
    told = terminal.json("household", home)["members"]
    assert {one["person"] for one in told} == lodgers
    assert {one["relation"] for one in told} == {None}


def test_a_household_is_found_by_its_number(terminal):
    county = settle(terminal)
    (told,) = terminal.json("find-household", "1")
    assert (told["id"], told["head"]) == (county.household, county.father)
    assert terminal.json("find-household", "1", "--within", county.county) == [told]
    assert terminal.json("find-household", "1", "--valid-on", "2004-12-31") == []
    assert terminal.json("find-household", "1", "--area", "220000") == []
    assert county.household in terminal("find-household", "1").stdout
    assert "1 to 9 characters" in terminal("find-household", "1234567890", exits=2).stderr
    assert {line[3] for line in terminal.log()} == {"find-household"}


def test_what_is_yet_to_come_is_no_period(terminal):
    county = settle(terminal)
    ahead = str(date.today() + timedelta(3))
    period = ("--from", "2007-01-01", "--until", ahead)
    assert "yet to come" in terminal("occupants", county.plate, *period, exits=2).stderr
    month = f"{date.today().year + 1}-01"
    months = ("--from", "2007-01", "--to", month)
    assert "yet to come" in terminal("counts", county.county, *months, exits=2).stderr


def test_a_timeline_shows_every_entry(terminal):
    county = settle(terminal)
    (told,) = terminal.json("timeline", county.father)
    assert told["event"] == "RecordSupplemented"
    assert told["says"]["number"].startswith("*")
    assert "RecordSupplemented" in terminal("timeline", county.father).stdout


def test_residents_come_in_pages_that_go_on(terminal):
    county = settle(terminal)
    first = terminal.json("residents", "--division", county.county, "--limit", 1)
    rest = terminal.json(
        *("residents", "--division", county.county, "--limit", 1, "--after", first["after"])
    )
    names = [one["name"] for page in (first, rest) for one in page["residents"]]
    assert (names, rest["after"]) == (["王一", "王二"], None)
    terminal("residents", exits=2)
    terminal("residents", "--community", county.community, "--after", "x", exits=2)


def test_occupants_over_a_period_come_in_intervals(terminal):
    county = settle(terminal)
    assert len(terminal.json("occupants", county.plate)) == 2
    line = ("occupants", county.plate, "--from", "2004-12-01", "--until", "2008-01-01")
    told = [(one["from"], len(one["persons"])) for one in terminal.json(*line)]
    assert told == [("2004-12-01", 0), ("2005-01-01", 1), ("2007-01-15", 2)]
    terminal("occupants", county.plate, "--from", "2004-12-01", exits=2)


def test_who_moved_out_is_in_transit(terminal):
    county = settle(terminal)
    terminal.do(
        "MoveOut",
        persons=[county.daughter],
        certificate_number="Q1",
        destination="220102",
        declarant="王一",
        on="2007-05-20",
    )
    terminal("follow", "--once")
    (told,) = terminal.json("in-transit", "--days", 30)
    assert (told["person"], told["destination"]) == (county.daughter, "220102")
    assert terminal.json("in-transit", "--area", "220000") == []


def test_places_and_reports_need_no_purpose(terminal):
    county = settle(terminal)
    nobody = dict.fromkeys(OFFICER, "")
    (top,) = terminal.json("places", **nobody)
    assert (top["name"], top["residents"]) == ("四川省", 2)
    (coded,) = terminal.json("places", "--code", "510603", **nobody)
    assert coded["id"] == county.county
    (report,) = terminal.json("counts", county.county, "--from", f"{date.today():%Y-%m}", **nobody)
    assert (report["start"], report["end"]) == (0, 2)
    assert report["births"] == {"entered": 1, "left": 0}
    terminal("counts", uuid4(), "--from", "2007-01", exits=4)
    terminal("counts", county.county, "--from", "2007-13", exits=2)
    assert terminal.log() == [] if (terminal.folder / "queries.db").exists() else True


def test_answers_that_lag_behind_the_log_say_so(terminal):
    told = terminal.do(
        "EstablishDivision", level=1, division_code="510000", division_name="川", on="1990-01-01"
    )
    division = told["division"]
    told = terminal("places", exits=6)  # nothing is "not found" because nobody has looked
    assert "read models are being filled" in told.stderr
    terminal("follow", "--once")
    terminal.do(
        "RenameDivision", division=division, division_name="蜀", document="x", on="1991-01-01"
    )
    told = terminal("places")
    assert "lack 1 of" in told.stderr
    assert "registry follow" in told.stderr
    assert terminal.json("status")["lag"] == 1


def test_the_codes_of_a_station_are_told_by_segment(terminal):
    settle(terminal)
    line = ("segments", "510603", "--since", "2007-01-01", "--until", "2007-01-31")
    (held,) = terminal.json(*line)["segments"]
    assert (held["first"], held["last"], held["male"], held["female"]) == (1, 500, 250, 250)
    assert (held["days"], held["used"]) == (1, 1)
    day = {"birth_date": "2007-01-15", "used": 1, "left_male": 250, "left_female": 249}
    assert held["fullest"] == day
    assert "001-500" in terminal(*line).stdout
    assert terminal.json(*line, "--station", "510603009000")["segments"] == []
    told = terminal("segments", "510603", "--since", "2007-02-01", "--until", "2007-01-31", exits=2)
    assert "since" in told.stderr
    assert "six digits" in terminal("segments", "5106", exits=2).stderr


def test_an_entry_of_a_newer_program_is_told_with_the_rest_of_the_timeline(terminal):
    county = settle(terminal)
    path = terminal.env["REGISTRY_DATABASE"].removeprefix("sqlite:///")
    stream = UUID(county.father).bytes
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("update entries set code = 9999 where stream = ?", [stream])
    seen = terminal("timeline", county.father, "--json")
    (told,) = json.loads(seen.stdout)
    assert (told["event"], told["says"]) == ("of a newer program", {"code": 9999})
    assert "newer program" in seen.stderr
    body = {"person": county.father, "name": "王三", "category": "10", "declarant": "王一"}
    refused = terminal("do", "ChangeName", stdin=json.dumps(body), exits=6)
    assert "newer-program" in refused.stderr
