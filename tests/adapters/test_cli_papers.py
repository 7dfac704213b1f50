"""Papers that are printed: what stands on them is what the register says, on the day asked for."""

from __future__ import annotations

from pathlib import Path

from registry.projections.base import unpacked
from tests.adapters.terminal import Terminal, settle
from tests.adapters.test_cli_cleaning import WRONG, write


def test_what_changed_stands_on_the_back_of_the_form(terminal: Terminal, tmp_path: Path):
    town = settle(terminal)
    said = {"person": town.daughter, "declarant": "王一", "approval": "A7"}
    terminal.do("ChangeName", **said, category="21", name="王雪", on="2010-03-01")
    terminal.do("ChangeDetails", person=town.daughter, height_cm=90, declarant="王一")
    terminal.do("CorrectSex", **said, category="32", corrects=1, sex=1)
    terminal("follow", "--once")
    form = terminal.json("paper", "form", town.daughter)
    assert (form["items"]["name"], form["items"]["sex"]) == ("王雪", "男")
    assert form["items"]["address"] == "四川省德阳市旌阳区长江路1号"
    assert (form["since"], form["brought_by"]) == ("2007-01-15", "出生登记")
    told = {(one["item"], one["before"], one["after"], one["approval"]) for one in form["notes"]}
    assert ("name", "王二", "王雪", "A7") in told
    assert ("sex", "女", "男", "A7") in told
    assert ("height", None, "90", None) in told
    number = next(one for one in form["notes"] if one["item"] == "number")
    assert {number["before"][0], number["after"][0]} == {"*"}, "another sex, another number"
    before = terminal.json("paper", "form", town.daughter, "--valid-on", "2010-02-28")
    assert before["items"]["name"] == "王二"
    assert "name" not in {one["item"] for one in before["notes"]}
    html = tmp_path / "form.html"
    terminal("paper", "form", town.daughter, "--in-clear", "--output", html)
    text = html.read_text(encoding="utf-8")
    assert all(words in text for words in ("常住人口登记表", "王雪", "变更更正记载", "A7"))
    terminal("paper", "form", town.daughter, "--output", tmp_path / "form.doc", exits=2)
    terminal("paper", "form", town.county, exits=4)
    terminal("paper", "form", town.daughter, "--area", "220000", exits=7)
    assert "resident-form" in {line[3] for line in terminal.log()}


def test_who_was_given_another_number_has_a_paper_that_proves_it(
    terminal: Terminal, tmp_path: Path
):
    town = settle(terminal)
    folder = tmp_path / "extract"
    line = ("--source", "old", "--batch", "b1", "--baseline", "2007-01-01")
    terminal.json("import", write(folder, town, number=WRONG), *line)
    terminal("follow", "--once")
    person = terminal.json("findings", "--division", town.community)[0]["subject"]
    words = {"category": "32", "approval": "A1", "declarant": "赵一"}
    terminal.do("CorrectSex", person=person, corrects=1, sex=1, **words)
    case = terminal.do("OpenNumberCase", person=person)["case"]
    listed = terminal.do("ListNumberChange", case=case, changed=[person])["digest"]
    change = {"person": person, "proof": "ZM-1", "declarant": "赵一"}
    told = {"case": case, "changes": [change], "touched": listed, "document": "D-7"}
    terminal("paper", "number-change", case, person, exits=4)
    terminal("paper", "number-change", case, person, "--area", "220000", exits=7)
    number = terminal.do("DecideNumberCase", **told, grounds="查实")["numbers"][person]
    terminal("follow", "--once")
    proof = terminal.json("paper", "number-change", case, person)
    assert (proof["paper"], proof["name"], proof["document"]) == ("ZM-1", "赵一", "D-7")
    assert (proof["before"][-4:], proof["after"][-4:]) == (WRONG[-4:], number[-4:])
    assert number not in str(proof)
    page = tmp_path / "proof.html"
    terminal("paper", "number-change", case, person, "--in-clear", "--output", page)
    text = page.read_text(encoding="utf-8")
    assert all(words in text for words in ("公民身份号码变更证明", "ZM-1", WRONG, number, "赵一"))
    terminal("paper", "number-change", case, person, "--area", "220000", exits=7)
    terminal("paper", "number-change", case, town.father, exits=4)
    assert "number-proof" in {line[3] for line in terminal.log()}
    changed = len(terminal.json("timeline", person))
    terminal.do("VoidEntry", person=person, version=changed, grounds="弄错人")
    terminal("follow", "--once")
    told = terminal("paper", "number-change", case, person, exits=4)
    assert "ZM-1" not in told.stdout, "the change that it proved was undone"


def test_the_booklet_has_every_address_and_a_page_for_each_member(
    terminal: Terminal, tmp_path: Path
):
    town = settle(terminal)
    street = terminal.do("NameStreet", division=town.county, street_name="珠江路", on="2000-01-01")
    plate = terminal.do(
        "RegisterDoorplate",
        street=street["street"],
        plate_number="2号",
        community=town.community,
        on="2000-01-01",
    )["doorplate"]
    terminal("follow", "--once")
    terminal.do(
        "MoveHousehold",
        household=town.household,
        doorplate=plate,
        declarant="王一",
        on="2009-05-01",
    )
    terminal("follow", "--once")
    booklet = terminal.json("paper", "booklet", town.household)
    assert booklet["head"] == "王一"
    assert booklet["addresses"] == [
        ["2005-01-01", "四川省德阳市旌阳区长江路1号"],
        ["2009-05-01", "四川省德阳市旌阳区珠江路2号"],
    ]
    assert [page["items"]["name"] for page in booklet["pages"]] == ["王一", "王二"]
    assert booklet["pages"][0]["items"]["number"].startswith("*")
    html = tmp_path / "booklet.html"
    terminal("paper", "booklet", town.household, "--in-clear", "--output", html)
    text = html.read_text(encoding="utf-8")
    assert all(words in text for words in ("居民户口簿", town.number, "珠江路2号", "户主"))
    assert "王二" in terminal("paper", "booklet", town.household).stdout
    terminal("paper", "booklet", town.county, exits=4)


def test_who_applies_for_a_child_is_in_the_log_of_whoever_reads_the_form(terminal: Terminal):
    town = settle(terminal)
    terminal.do("AcceptBaseline", division=town.county, document="B1")
    terminal.do("VerifyPersons", persons=[town.daughter], document="B1")
    told = {"person": town.daughter, "apply_reason": "11", "applied_on": "2012-03-01"}
    made = terminal.do("AcceptApplication", **told, guardian=town.father)
    terminal("follow", "--once")
    form = terminal.json("paper", "application", made["application"])
    assert (form["guardian"], form["guardian_id"]) == ("王一", town.father)
    (subjects,) = [line[6] for line in terminal.log() if line[3] == "application-form"]
    assert {str(one) for one in unpacked(subjects)} == {town.daughter, town.father}
