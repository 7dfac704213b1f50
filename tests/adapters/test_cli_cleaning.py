"""The clean-up at the command line: a flawed extract, its counts, its findings, its progress."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

from registry.values import CitizenNumber, DivisionCode
from tests.adapters.terminal import Terminal, settle

EXTRACT = {
    "streets": [{"key": "S", "division_id": "", "name": "黄河路"}],
    "doorplates": [{"key": "D", "street_key": "S", "number": "1号", "community_id": ""}],
    "households": [{"key": "H", "number": "77", "doorplate_key": "D"}],
    "persons": [
        {
            **{"key": "P", "household_key": "H", "relation": "02", "name": "赵一", "sex": "9"},
            **{"birth_date": "1970-01-01", "number": "", "nationality": "01"},
        },
    ],
}


def write(folder: Path, town: Any, declared: int = 1, number: str = "") -> Path:
    """A flawed extract of one person, and how many its source declares."""
    folder.mkdir()
    for table, rows in EXTRACT.items():
        told = [dict(row) for row in rows]
        for row in told:
            if "birth_date" in row:
                row["number"] = number
            if "division_id" in row:
                row["division_id"] = town.county
            if "community_id" in row:
                row["community_id"] = town.community
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(told[0]))
            writer.writeheader()
            writer.writerows(told)
    (folder / "declared.csv").write_text(
        f"unit,sex,birth_year,persons\n{town.community},0,1970,{declared}\n", encoding="utf-8"
    )
    return folder


#: A number with a wrong last character, and the right one.
RIGHT = CitizenNumber.compose(DivisionCode("510603"), date(1970, 1, 1), 11)
WRONG = RIGHT[:17] + ("0" if RIGHT[17] != "0" else "1")
LINE = ("--source", "old", "--batch", "b1", "--baseline", "2007-01-01")


def test_a_flawed_extract_is_imported_counted_and_worked_off(terminal: Terminal, tmp_path: Path):
    town = settle(terminal)
    told = terminal.json("import", write(tmp_path / "extract", town), *LINE)
    assert told["reconciliation"]["agrees"] is True
    assert told["accepted_with_findings"] == 1
    terminal("follow", "--once")
    found = terminal.json("findings", "--division", town.community)
    assert {one["rule"] for one in found} == {"0405", "number/missing"}
    person = found[0]["subject"]
    assert terminal.json("findings", person) == found
    assert "性别" in terminal("findings", "--division", town.community, "--item", "sex").stdout
    assert terminal.json("verification", person)["state"] == "faults-open"
    (batch,) = terminal.json("batches")
    assert (batch["name"], batch["agrees"], batch["with_findings"]) == ("b1", True, 1)
    (unit,) = terminal.json("batches", batch["id"])["units"]
    assert (unit["unit"], unit["declared"], unit["accepted"]) == (town.community, 1, 1)
    terminal.do(
        "SettleFinding",
        person=person,
        rule="0405",
        item="sex",
        settlement="corrected",
        grounds="查实",
    )
    terminal("follow", "--once")
    clean = terminal.json("clean-up", "--division", town.county, "--weeks", "1")
    (week,) = clean["weeks"]
    assert (week["found"], week["open"], week["verified"]) == (2, 1, 0)
    assert clean["progress"]["in_error"] == 1
    assert "number/missing" in terminal("clean-up", "--division", town.county).stdout
    assert "b1" in terminal("batches").stdout
    assert "declared" in terminal("batches", batch["id"]).stdout


def test_what_came_is_held_against_every_rule_and_searched_for_who_was_here_before(
    terminal: Terminal,
):
    town = settle(terminal)
    first, second = terminal.folder / "first", terminal.folder / "second"
    terminal.json("import", write(first, town, number=RIGHT), *LINE, "--check")
    again = ("--source", "other", "--batch", "b2", "--baseline", "2007-01-01", "--check")
    told = terminal.json("import", write(second, town, number=RIGHT), *again)
    checked = told["checked"]
    # Of the second delivery alone: the rules of one record, and those of two.
    assert (checked["rules"]["0700"], checked["rules"]["0201"]) == (1, 1)
    assert (checked["doubles"], checked["doubles_opened"]) == (1, 1)
    assert checked["raised"] > 0
    terminal("follow", "--once")
    found = terminal.json("findings", "--division", town.community)
    batches = {one["name"]: one["id"] for one in terminal.json("batches")}
    ours = [one["rule"] for one in found if one["batch"] == batches["b2"]]
    assert {"0405", "0700", "1206"} <= set(ours)
    repeated = terminal.json("import", second, *again)["checked"]
    assert (repeated["raised"], repeated["doubles_opened"]) == (0, 0)
    assert "0700 区县内重号" in (terminal.folder / "second.b2.report.txt").read_text("utf-8")


def test_counts_that_differ_end_the_import_with_one(terminal: Terminal, tmp_path: Path):
    town = settle(terminal)
    extract = write(tmp_path / "extract", town, declared=2)
    told = terminal("import", extract, *LINE, exits=1)
    assert "1 counts do not agree" in told.stdout
    assert "2 declared, 1 accepted" in told.stdout


def test_a_wrong_number_is_found_as_it_came_also_after_it_was_put_right(terminal: Terminal):
    town = settle(terminal)
    terminal.json("import", write(terminal.folder / "extract", town, number=WRONG), *LINE)
    terminal("follow", "--once")
    told = terminal.json("find-number", stdin=WRONG)
    (one,) = told["holders"]
    assert (one["holds"], one["how"], told["elsewhere"]) == (True, "as-found", 0)
    assert WRONG not in str(told)
    away = terminal.json("find-number", "--area", "220000", stdin=WRONG)
    assert (away["holders"], away["elsewhere"]) == ([], 1)
    right = {"category": "19", "approval": "A1", "declarant": "赵一", "number": RIGHT}
    words = {"category": "32", "approval": "A1", "declarant": "赵一"}
    terminal.do("CorrectSex", person=one["person"], corrects=1, sex=1, **words)
    terminal.do("RecordNumber", person=one["person"], **right)
    terminal("follow", "--once")
    assert terminal.json("find-number", stdin=WRONG)["holders"][0]["holds"] is False
    assert terminal.json("find-number", stdin=RIGHT)["holders"][0]["holds"] is True


def test_a_case_tells_what_brought_each_holder_of_its_number(terminal: Terminal):
    town = settle(terminal)
    folder = terminal.folder / "extract"
    terminal.json("import", write(folder, town, number=RIGHT), *LINE)
    again = ("--source", "other", "--batch", "b2", "--baseline", "2007-01-01")
    terminal.json("import", folder, *again)
    terminal.do("ReportUnsettled", community=town.community, reason="10")
    (folder / "declared.csv").unlink()
    third = ("--source", "third", "--batch", "b3", "--baseline", "2007-01-01")
    terminal.json("import", folder, *third)
    terminal("follow", "--once")
    assert "none declared" in terminal("batches").stdout
    told = {one["fault"]: one for one in terminal.json("cases")}
    assert set(told) == {"duplicate", "unsettled"}
    case = told["duplicate"]["case"]
    assert [one["case"] for one in terminal.json("cases", "--fault", "duplicate")] == [case]
    assert {one["case"] for one in terminal.json("cases", "--division", town.county)} == {
        one["case"] for one in told.values()
    }
    shown = terminal.json("cases", case)
    first, later, last = sorted(shown["parties"], key=lambda one: one.get("recorded_at", ""))
    assert last["batch"] == "b3"
    assert "entry" not in first, "held it before anybody else"
    assert (later["entry"], later["source"], later["batch"]) == ("PersonImported", "other", "b2")
    assert later["recorded_at"][:19] in str(terminal.json("timeline", later["person"]))
    assert (later["told"], shown["open"], shown["decided"]) == (False, True, False)
    terminal.do("ProposeKeeper", case=case, keeper=first["person"], reason="50")
    terminal.do("NotifyParty", case=case, person=later["person"], document="T1")
    terminal("follow", "--once")
    shown = terminal.json("cases", case)
    assert (shown["proposed"], shown["reason"]) == (first["person"], "50")
    assert {one["person"] for one in shown["parties"] if one["told"]} == {later["person"]}
    assert RIGHT not in terminal("cases", case).stdout
    assert "unsettled" in terminal("cases", told["unsettled"]["case"]).stdout
    assert terminal.json("cases", "--area", "220000") == []
    terminal("cases", case, "--area", "220000", exits=7)
    terminal("cases", case, "--fault", "wrong", exits=2)
    terminal("cases", "--fault", "wrong", "--station", "510603001000", exits=2)
    terminal("cases", town.county, exits=4)
    assert {"cases"} <= {line[3] for line in terminal.log()}


def test_who_asks_says_what_and_is_of_the_area(terminal: Terminal):
    town = settle(terminal)
    terminal("findings", exits=2)
    terminal("findings", town.father, "--division", town.county, exits=2)
    terminal("findings", "--division", town.county, "--item", "nose", exits=2)
    terminal("findings", "--division", town.county, "--area", "220000", exits=7)
    terminal("findings", town.father, "--roles", "statistics", exits=7)
    terminal("verification", town.county, exits=4)
    terminal("batches", town.county, exits=4)
    terminal("clean-up", "--division", town.father, exits=4)
    assert terminal.json("findings", town.father) == []


def test_a_sheet_is_made_for_the_visit_on_screen_as_html_and_on_paper(
    terminal: Terminal, tmp_path: Path
):
    town = settle(terminal)
    person = terminal.json("person", town.father)
    home = person["household"]
    terminal.do("AssignVisit", household=home, visitor="周明", due_on="2030-01-01")
    terminal.do("RaiseFinding", person=town.father, rule="0405", item="sex")
    terminal("follow", "--once")
    shown = terminal.json("visit-sheet", home)
    assert (shown["visitor"], shown["due_on"]) == ("周明", "2030-01-01")
    father, daughter = shown["members"]
    assert father["items"]["name"] == "王一", "the head comes first"
    assert father["items"]["address"] == "四川省德阳市旌阳区长江路1号"
    assert father["items"]["number"].startswith("*")
    assert [one["rule"] for one in father["findings"]] == ["0405"]
    assert daughter["items"]["relation"] == "30"
    assert "旌阳区长江路1号" in terminal("visit-sheet", home).stdout
    page, paper = tmp_path / "sheet.html", tmp_path / "sheet.pdf"
    terminal("visit-sheet", home, "--output", page, "--in-clear")
    text = page.read_text(encoding="utf-8")
    for words in ("入户核对表", "户主", "公民身份号码", town.number, "户在人不在", "汉族"):
        assert words in text
    terminal("visit-sheet", home, "--output", paper)
    assert paper.read_bytes()[:5] == b"%PDF-"
    terminal("visit-sheet", home, "--output", tmp_path / "sheet.doc", exits=2)
    terminal("visit-sheet", town.county, exits=4)
    terminal("visit-sheet", home, "--area", "220000", exits=7)
    assert "visit-sheet" in {line[3] for line in terminal.log()}


def papers(folder: Path, *rows: dict[str, str]) -> Path:
    """A list of papers as CSV."""
    path = folder / "papers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_list_of_papers_is_noted_once_and_compared(terminal: Terminal, tmp_path: Path):
    town = settle(terminal)
    number = town.number
    right = {"number": number, "name": "王一", "sex": "男", "birth_date": "19700101"}
    only = ("--system", "old", "--list", "l1")
    for source in ("form", "booklet", "card"):
        nothing = papers(tmp_path, {"number": number, "present": "无"})
        told = terminal.json("sources", nothing, "--source", source, *only)
        assert (told["rows"], told["recorded"]) == (1, 1)
    listed = papers(tmp_path, {**right, "name": "王乙"})
    told = terminal.json("sources", listed, "--source", "sequence", *only, "--check")
    assert (told["checked"], told["differing"], told["findings"]) == (1, 1, 3)
    again = terminal.json("sources", listed, "--source", "sequence", *only, "--check")
    assert again["findings"] == 3, "the same answer"
    terminal("follow", "--once")
    found = terminal.json("findings", town.father)
    assert {(one["rule"], one["item"], one["source"]) for one in found} == {
        ("source/differs", "name", "sequence"),
        ("source/absent", "record", "form"),
        ("source/absent", "record", "booklet"),
    }
    history = terminal.json("timeline", town.father)
    assert terminal.json("verification", town.father)["checked_on"] is not None
    assert history


def test_rows_of_nobody_and_rows_that_cannot_stand_are_counted(terminal: Terminal, tmp_path: Path):
    town = settle(terminal)
    rows = [
        {"number": "", "key": "nobody", "name": "", "taken_on": ""},
        {"number": "510603197001010999", "key": "", "name": "", "taken_on": ""},
        {"number": town.number, "key": "", "name": "王一", "taken_on": "昨天"},
        {"number": town.number, "key": "", "name": "王一", "taken_on": "2031-01-01"},
    ]
    line = ("sources", papers(tmp_path, *rows), "--source", "form", "--system", "old")
    told = terminal.json(*line, "--list", "l1", exits=1)
    assert (told["rows"], told["recorded"], told["unknown_rows"]) == (4, 0, [2])
    assert told["refused"] == {"not-found": 1, "day-unusable": 1, "not-yet": 1}
    terminal("sources", papers(tmp_path, {"name": "王一"}), *line[2:], "--list", "l1", exits=2)
    wrong = papers(tmp_path, {"key": "1", "shoe_size": "43"})
    terminal("sources", wrong, *line[2:], "--list", "l1", exits=2)
    terminal(*line[:2], "--source", "diary", "--system", "old", "--list", "l1", exits=2)
