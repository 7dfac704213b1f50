"""The check rules at the command line: what they are, and the whole register held against them."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from uuid import UUID, uuid4

from adapters.assembly import Settings, assemble
from registry.checks.rules import check_rules
from registry.commands.households import FoundHousehold
from registry.register import Authority, Submission
from registry.values import DoorplateId, HouseholdNumber, OfficeCode, Officer
from tests.adapters.terminal import settle


def found(told) -> dict[str, int]:
    return {one["code"]: one["found"] for one in told["rules"]}


def test_every_rule_is_told_with_its_condition_and_its_source(terminal):
    told = terminal.json("check", "rules")
    assert [one["code"] for one in told] == [str(code) for code in check_rules()]
    assert all(one["source"] and one["holds_if"] for one in told)
    assert "不正确的性别" in terminal("check", "rules").stdout


def test_a_check_counts_by_rule_and_county_and_shows_nobody(terminal, tmp_path):
    town = settle(terminal)
    file = tmp_path / "checked.csv"
    told = terminal.json("check", "register", "--csv", file, exits=1)
    assert (told["persons"], told["households"]) == (2, 1)
    assert found(told)["1202"] == 1
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert {row["county"] for row in rows} == {"旌阳区"}
    assert {row["county_code"] for row in rows} == {"510603"}
    shown = terminal("check", "register", exits=1).stdout
    assert "未设置乡镇街道" in shown
    assert str(town.father) not in shown


def test_only_the_rules_that_are_asked_for_are_told(terminal):
    settle(terminal)
    assert found(terminal.json("check", "register", "--rule", "1202", exits=1)) == {"1202": 1}
    assert found(terminal.json("check", "register", "--rule", "0405")) == {}
    assert "1009" in terminal("check", "register", "--rule", "1009", exits=2).stderr


def test_what_is_found_is_raised_once(terminal):
    settle(terminal)
    first = terminal.json("check", "register", "--raise", exits=1)
    assert first["raised"] > 0
    again = terminal.json("check", "register", "--raise", exits=1)
    assert (again["raised"], again["settled"]) == (0, 0)
    past = ("check", "register", "--raise", "--valid-on", "2000-01-01")
    assert "present" in terminal(*past, exits=2).stderr


def test_what_was_found_and_is_right_by_now_is_settled(terminal):
    town = settle(terminal)
    for person in (town.father, town.daughter):
        terminal.do("RaiseFinding", person=person, rule="0405", item="sex")
    terminal.do("RaiseFinding", person=town.father, rule="0405", item="sex", source="card")
    terminal("follow", "--once")
    raised = ("check", "register", "--raise")
    assert terminal.json(*raised, "--rule", "0406")["settled"] == 0
    assert terminal.json(*raised, "--area", "220000", exits=1)["settled"] == 0
    assert terminal.json(*raised, exits=1)["settled"] == 2
    terminal("follow", "--once")
    (left,) = [one for one in terminal.json("findings", town.father) if not one.get("settled_on")]
    assert left["source"] == "card", "a card that says otherwise is for an officer"


def test_what_was_found_of_the_dead_and_of_births_undone_ends_in_their_area(terminal):
    town = settle(terminal)
    child = {"household": town.household, "relation": "30", "name": "王三", "sex": 2}
    told = {"nationality": "01", "father": town.father, "declarant": "王一"}
    dated = {"birth_date": "2009-02-15", "birth_certificate": "C2"}
    undone = terminal.do("RegisterBirth", **child, **told, **dated)["person"]
    for person in (town.daughter, undone):
        terminal.do("RaiseFinding", person=person, rule="0405", item="sex")
    died = {"died_on": "2009-03-01", "declarant": "王一"}
    terminal.do("RegisterDeath", person=town.daughter, **died)
    terminal.do("ReverseRegistration", person=undone, version=1, grounds="弄错")
    terminal("follow", "--once")
    raised = ("check", "register", "--raise", "--rule", "0405")
    assert terminal.json(*raised, "--area", "220000")["settled"] == 0
    assert terminal.json(*raised, "--area", "510600")["settled"] == 2


def test_an_officer_raises_findings_in_the_own_area_alone(terminal):
    settle(terminal)
    away = terminal.json("check", "register", "--raise", "--area", "220000", exits=1)
    assert (away["raised"], away["settled"]) == (0, 0)
    here = terminal.json("check", "register", "--raise", "--area", "510600", exits=1)
    assert here["raised"] > 0


def test_whoever_may_be_registered_twice_is_counted_with_reasons_and_gets_one_case(terminal):
    town = settle(terminal)
    assert terminal.json("check", "doubles")["pairs"] == 0
    father = terminal.json("person", town.father)
    again = {name: father[name] for name in ("name", "birth_date", "nationality")}
    told = {"household": town.household, "relation": "97", "sex": 1, "number": town.number}
    words = {"grounds": "漏登", "approval": "A1", "declarant": "王", "on": "2007-01-01"}
    terminal.do("SupplementRecord", **again, **told, **words)
    raised = terminal.json("check", "doubles", "--raise", exits=1)
    assert raised["reasons"] == {"name birth number together": 1}
    assert raised["points"] == {"75": 1}
    assert (raised["opened"], raised["left"]) == (1, 0)
    again = terminal.json("check", "doubles", "--raise", exits=1)
    assert (again["opened"], again["left"]) == (0, 1)
    assert terminal.json("check", "doubles", "--least", "99")["pairs"] == 0
    shown = terminal("check", "doubles", exits=1).stdout
    assert str(town.father) not in shown
    checked = terminal.json("check", "register", exits=1)
    (origin,) = checked["origins"]
    assert (origin["entry"], origin["batch"], origin["numbers"]) == ("RecordSupplemented", "", 1)
    assert (found(checked)["0700"], found(checked)["0201"], checked["doubles"]) == (2, 2, 1)
    assert "0201" not in found(terminal.json("check", "register", "--rule", "0700", exits=1))


def test_who_is_registered_nowhere_is_listed_by_station_and_searched_for(terminal):
    town = settle(terminal)
    father = terminal.json("person", town.father)
    met = {"community": town.community, "reason": "20", "birth_date": father["birth_date"]}
    likely = terminal.do("ReportUnsettled", **met, name=father["name"])["case"]
    unlike = terminal.do("ReportUnsettled", **met | {"name": "欧阳某某"})["case"]
    told = {one["case"]: one for one in terminal.json("check", "unsettled")}
    assert set(told) == {likely, unlike}
    (like,) = told[likely]["likely"]
    assert (like["person"], like["points"]) == (town.father, 70)
    assert like["reasons"] == ["name", "birth"]
    assert told[unlike]["likely"] == []
    station = {"station": "510603001000", "on": "2007-01-01"}
    terminal.do("AssignStation", community=town.community, **station)
    ours = terminal.json("check", "unsettled", "--station", "510603001000")
    assert {one["case"] for one in ours} == {likely, unlike}
    assert terminal.json("check", "unsettled", "--station", "510603002000") == []
    closed = {"outcome": "43", "document": "D1", "grounds": "已离开"}
    terminal.do("CloseRegistrationCase", case=unlike, **closed)
    assert [one["case"] for one in terminal.json("check", "unsettled")] == [likely]
    assert father["name"] not in terminal("check", "unsettled").stdout


def test_of_whom_an_unsettled_person_may_be_only_the_own_people_are_told_and_all_is_logged(
    terminal,
):
    town = settle(terminal)
    since = {"on": "1990-01-01"}
    (city,) = terminal.json("places", "--code", "510600")
    away = {"level": 3, "division_code": "510682", "division_name": "什邡市", "parent": city["id"]}
    shifang = terminal.do("EstablishDivision", **away, **since)["division"]
    place = {"community_name": "乙社区", "community_kind": "31", "parent": shifang}
    there = terminal.do("EstablishCommunity", **place, **since)["community"]
    father = terminal.json("person", town.father)
    met = {"reason": "90", "name": father["name"], "birth_date": father["birth_date"]}
    case = terminal.do("ReportUnsettled", community=there, **met)["case"]
    terminal("follow", "--once")
    (told,) = terminal.json("check", "unsettled")
    assert [one["person"] for one in told["likely"]] == [town.father]
    (mine,) = terminal.json("check", "unsettled", "--area", "510682")
    assert (mine["case"], mine["likely"], mine["elsewhere"]) == (case, [], 1)
    assert terminal.json("check", "unsettled", "--area", "510603") == []
    seen = [(line[5], line[6]) for line in terminal.log() if line[3] == "unsettled"]
    assert [rows for rows, _ in seen] == [1, 1, 0]
    father_id = UUID(town.father).bytes
    assert [father_id in subjects for _, subjects in seen] == [True, False, False]
    terminal("check", "unsettled", "--roles", "statistics", exits=7)
    terminal("check", "unsettled", exits=2, REGISTRY_PURPOSE="")


def test_numbers_that_several_bear_are_listed_and_raised_once(terminal):
    """Recorded as an import would: nobody looked before whether the number is free."""
    town = settle(terminal)
    plate = DoorplateId(UUID(town.plate))
    with assembled(terminal) as parts:
        by = Authority(Officer("Li"), OfficeCode("510603001001"), frozenset({"station"}))
        command = FoundHousehold(doorplate=plate, household_number=HouseholdNumber("1"))
        told = json.loads(parts.register.do(Submission(uuid4(), by, command)).answer)
    terminal("follow", "--once")
    twins = {town.household, told["household"]}
    again = {"doorplate": town.plate, "household_number": "1"}
    refused = terminal("do", "FoundHousehold", stdin=json.dumps(again), exits=3)
    assert "household-number-taken" in refused.stderr
    listed = terminal.json("check", "repeated", exits=1)["repeated"]
    assert {one["subject"] for one in listed} == twins
    assert {(one["what"], one["within"], one["borne"]) for one in listed} == {
        ("household-number", town.community, "1")
    }
    assert terminal.json("check", "repeated", "--raise", exits=1)["raised"] == 2
    assert terminal.json("check", "repeated", "--raise", exits=1)["raised"] == 0
    assert terminal.json("check", "repeated", "--area", "510682")["repeated"] == []
    finding = {"rule": "household/number-repeated", "item": "household-number"}
    gone = {"household": told["household"], **finding, "settlement": "gone", "grounds": "已改"}
    refused = terminal("do", "SettleFinding", stdin=json.dumps(gone), exits=3)
    assert "household-number-taken" in refused.stderr
    terminal.do("ChangeHousehold", household=town.household, household_number="10")
    terminal("follow", "--once")
    settled = [terminal.json("findings", one)[0].get("settlement") for one in sorted(twins)]
    assert dict(zip(sorted(twins), settled, strict=True)) == {
        town.household: "corrected",
        told["household"]: None,
    }
    terminal("check", "repeated", "--raise", "--valid-on", "2007-06-01", exits=2)
    assert terminal.json("check", "repeated", "--raise") == {
        "repeated": [],
        "raised": 0,
        "settled": 1,
    }
    assert terminal.json("check", "repeated", "--raise")["settled"] == 0
    terminal("check", "repeated", "--roles", "statistics", exits=7)


@contextmanager
def assembled(terminal):
    parts = assemble(Settings.read(terminal.env))
    yield parts
    parts.engine.dispose()
