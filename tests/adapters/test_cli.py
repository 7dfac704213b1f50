"""The command line, used as an administrator uses it: verbs, answers, exit codes, refusals."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from errno import ENOSPC
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID, uuid4

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from adapters.cli import main
from adapters.cli.frame import EXITS, exit_code
from registry import errors
from registry.commands import COMMANDS
from registry.values import CitizenNumber, DivisionCode
from tests.adapters.terminal import OFFICER, Terminal, settle

RIGHT, WRONG = "11010519491231002X", "110105194912310020"


def verbs(command, path=()):
    """Every verb with the words that reach it."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from verbs(inner, (*path, name))
    else:
        yield path


@pytest.mark.parametrize("path", [*verbs(main)], ids=" ".join)
def test_every_verb_explains_itself(path):
    told = CliRunner().invoke(main, [*path, "--help"])
    assert told.exit_code == 0
    assert len(told.output.splitlines()) > 3


def test_exit_codes_are_those_of_the_error_tree():
    table = {
        name: int(code) for name, code in re.findall(r"── (\w+) .*exit (\d)", errors.__doc__ or "")
    }
    assert {kind.__name__: code for kind, code in EXITS.items()} == table
    assert exit_code(errors.SubmissionReused("again")) == EXITS[errors.Conflict]


# setting up


def test_a_database_without_a_schema_says_what_to_do(tmp_path):
    told = Terminal(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")("status", exits=6)
    assert "registry migrate" in told.stderr


def test_migrating_twice_changes_nothing(terminal):
    assert terminal.json("migrate") == terminal.json("migrate")


def test_an_unknown_kind_of_database_is_named(tmp_path):
    told = Terminal(tmp_path, "oracle://host/name")("status", exits=2)
    assert "postgresql://" in told.stderr


def test_a_token_is_signed_with_the_newest_key(terminal):
    terminal("token", exits=6)
    first, second = terminal.json("keys"), terminal.json("keys")
    assert Path(second["private"]).stat().st_mode & 0o077 == 0
    from adapters.eventstore import microseconds
    from adapters.http.auth import KeyRing

    token = terminal("token", "--area", "510603").stdout.strip()
    ring = KeyRing(second["public"], microseconds)
    who = ring.authority(f"Bearer {token}")
    assert (who.officer, who.area) == ("Li", ("510603",))
    assert first["key"] != second["key"]


def test_who_acts_must_be_said_all_at_once(terminal):
    nobody = dict.fromkeys(OFFICER, "")
    told = terminal("token", exits=2, **nobody)
    for name in ("--officer", "--office", "--roles"):
        assert f"{name}: say it here or set REGISTRY_" in told.stderr


def test_the_completion_of_each_shell_is_printed(terminal):
    for shell in ("bash", "zsh", "fish"):
        assert "_REGISTRY_COMPLETE" in terminal("completion", shell).stdout


def test_command_names_are_completed():
    (argument,) = [one for one in main.commands["do"].params if one.name == "name"]
    offered = argument.type.shell_complete(click.Context(main), argument, "RegisterB")
    assert [one.value for one in offered] == ["RegisterBirth"]


# entering


def test_a_command_is_entered_and_answered(terminal):
    told = terminal.do(
        "EstablishDivision",
        level=1,
        division_code="510000",
        division_name="四川省",
        on="1990-01-01",
    )
    assert told["entries"] == 1
    UUID(told["division"])


def test_the_same_submission_is_entered_once(terminal):
    body = {"level": 1, "division_code": "510000", "division_name": "川", "on": "1990-01-01"}
    line = ("do", "EstablishDivision", "--submission", uuid4())
    first = terminal.json(*line, stdin=json.dumps(body))
    again = terminal.json(*line, stdin=json.dumps(body))
    assert first == again
    terminal(*line, stdin=json.dumps({**body, "division_name": "蜀"}), exits=5)


def test_every_fault_of_a_body_is_told_at_once(terminal):
    told = terminal("do", "EstablishDivision", "--json", stdin='{"level": 9}', exits=2)
    assert told.stdout == ""
    faults = json.loads(told.stderr)["faults"]
    assert {"/level", "/division_name", "/on"} <= {fault["at"] for fault in faults}


def test_a_refusal_names_the_law_and_the_way_out(terminal):
    county = settle(terminal)
    body = json.dumps({"person": county.father, "died_on": "2007-05-01", "declarant": "王二"})
    told = terminal("do", "RegisterDeath", stdin=body, exits=3)
    assert "head-missing" in told.stderr
    assert "art. 5" in told.stderr
    rules = json.loads(terminal("do", "RegisterDeath", "--json", stdin=body, exits=3).stderr)
    assert [rule["code"] for rule in rules["rules"]] == ["head-missing"]


def test_a_command_for_another_role_is_forbidden(terminal):
    terminal(
        *("do", "NameStreet"),
        stdin=json.dumps({"division": str(uuid4()), "street_name": "x", "on": "2000-01-01"}),
        REGISTRY_ROLES="station",
        exits=7,
    )


def test_a_mistyped_command_is_answered_with_its_neighbours(terminal):
    assert "RegisterBirth" in terminal("do", "RegisterBirht", stdin="{}", exits=2).stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name):
    assert json.loads(CliRunner().invoke(main, ["do", name, "--example"]).stdout)


# citizen numbers and the command line


@pytest.mark.parametrize(
    "line",
    [
        ("person", RIGHT),
        ("do", "RegisterBirth", WRONG),
        ("do", "RegisterBirth", f"--submission={RIGHT}"),
        ("check", "number", RIGHT),
        (RIGHT,),
    ],
)
def test_a_citizen_number_on_the_command_line_is_turned_away_unread(terminal, line):
    told = terminal(*line, exits=2)
    assert "standard input" in told.stderr
    assert RIGHT not in told.stderr
    assert WRONG not in told.stderr


# checks


def test_a_right_number_passes_and_a_wrong_one_is_explained(terminal):
    assert terminal("check", "number", stdin=f"{RIGHT}\n").stdout.startswith("1 checked, 0 wrong")
    told = terminal("check", "number", stdin=f"{RIGHT}\n{WRONG}\n123\n", exits=1).stdout
    assert "line 2: **************0020: error check-character" in told
    assert "line 3: ***: error length" in told
    assert "3 checked, 2 wrong" in told


def test_many_numbers_are_judged_like_few(terminal, tmp_path, monkeypatch):
    made = [
        CitizenNumber.compose(DivisionCode("510603"), date(2004, 6, 1 + n % 28), n)
        for n in range(1, 500)
    ]
    texts = [one[:17] + "0" if n % 7 == 0 else str(one) for n, one in enumerate(made)]
    (tmp_path / "numbers.txt").write_text("\n".join([*texts, "", "王", "x" * 40]), "utf-8")
    few = terminal.json("check", "number", tmp_path / "numbers.txt", "--show", 1000, exits=1)
    monkeypatch.setattr("adapters.cli.checking.MANY", 1)
    many = terminal.json("check", "number", tmp_path / "numbers.txt", "--show", 1000, exits=1)
    assert few == many
    assert few["checked"] == 502


def test_a_column_of_csv_or_parquet_is_checked(terminal, tmp_path):
    (tmp_path / "few.csv").write_text(f"id,number\n1,{RIGHT}\n2,{WRONG}\n3,\n")
    pq.write_table(pa.table({"number": [RIGHT, WRONG, None]}), tmp_path / "few.parquet")
    for name in ("few.csv", "few.parquet"):
        told = terminal.json("check", "number", tmp_path / name, "--column", "number", exits=1)
        assert told["faults"] == {"check-character": 1, "length": 1}
        assert [one["line"] for one in told["listed"]] == [2, 3]
    told = terminal("check", "number", tmp_path / "few.csv", "--column", "nubmer", exits=2)
    assert "it has id, number" in told.stderr


def test_a_whole_store_holds(terminal):
    settle(terminal)
    told = terminal.json("check", "store")
    assert told["faults"] == []
    assert told["entries"] > told["streams"] > 5


def test_a_store_that_was_tampered_with_does_not_hold(terminal):
    settle(terminal)
    path = terminal.env["REGISTRY_DATABASE"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as database:
        for position, private in database.execute(
            "select position, private from entries"
        ).fetchall():
            changed = (private.replace("王一".encode(), "王七".encode()), position)
            database.execute("update entries set private = ? where position = ?", changed)
        database.execute("update entries set effective_on = effective_on + 1 where position = 2")
        database.execute("delete from submissions where first = 1")
        database.execute("delete from entries where position = 3")
    database.close()
    told = terminal.json("check", "store", exits=1)
    found = {fault["rule"] for fault in told["faults"]}
    expected = {"position-gap", "version-gap", "other-day", "digest", "submission-lost"}
    assert found - {"submission-differs"} == expected


def test_the_query_log_holds_and_what_was_done_to_it_is_found(terminal):
    county = settle(terminal)
    terminal.json("person", county.daughter)
    terminal.json("person", county.daughter)
    told = terminal.json("check", "queries")
    assert told["faults"] == []
    assert told["lines"] >= 2
    assert terminal.json("check", "queries", "--anchor", told["anchor"])["faults"] == []
    terminal("check", "queries", "--anchor", "two", exits=2)
    path = next(
        Path(terminal.env["REGISTRY_DATABASE"].removeprefix("sqlite:///")).parent.glob("*quer*")
    )
    with sqlite3.connect(path) as database:
        database.execute("drop trigger query_log_no_delete")
        database.execute("delete from query_log where line = ?", (told["lines"],))
    database.close()
    assert terminal.json("check", "queries")["faults"] == []
    cut = terminal.json("check", "queries", "--anchor", told["anchor"], exits=1)
    assert "cut off" in cut["faults"][0]
    with sqlite3.connect(path) as database:
        database.execute("drop trigger query_log_no_update")
        database.execute("update query_log set officer = 'Somebody' where line = 1")
    database.close()
    assert "line 1 " in terminal.json("check", "queries", exits=1)["faults"][0]


# moving the whole register


def test_a_day_at_the_office_is_the_same_on_either_database(tmp_path, database_url):
    terminal = Terminal(tmp_path, database_url)
    terminal("migrate")
    county = settle(terminal)
    assert terminal.json("person", county.daughter)["name"] == "王二"
    assert terminal.json("check", "store")["faults"] == []
    assert terminal.json("rebuild", "persons")["positions"].keys() == {"persons"}
    assert len(terminal.json("export", tmp_path / "out")["written"]) == 1
    assert terminal.json("status")["lag"] == 0


def test_a_server_says_where_it_is_and_ends_when_told(terminal):
    terminal("keys")
    with started(terminal, "serve", "--port", "0") as server:
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
        assert found
        with urlopen(f"{found[0]}/health/alive", timeout=30) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0


def test_following_ends_when_told(terminal):
    with started(terminal, "follow") as follower:
        assert "Ctrl-C" in follower.stderr.readline()
        follower.send_signal(signal.SIGTERM)
        assert follower.wait(60) == 0


@contextmanager
def started(terminal, *words):
    """A verb in a process of its own, which does not outlive the block."""
    line = [sys.executable, "-c", "from adapters.cli import main; main()", *words]
    env = {**os.environ, **terminal.env}
    with subprocess.Popen(line, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_read_model_is_filled_anew(terminal):
    county = settle(terminal)
    before = terminal.json("person", county.father)
    told = terminal.json("rebuild", "all")
    assert set(told["positions"].values()) == {terminal.json("status")["position"]}
    assert terminal.json("person", county.father) == before
    assert "residences" in terminal("rebuild", "residence", exits=2).stderr


@pytest.mark.parametrize("form", ["ndjson", "arrow"])
def test_the_log_is_exported_in_whole_files_without_private_data(terminal, tmp_path, form):
    settle(terminal)
    head = terminal.json("status")["position"]
    line = ("export", tmp_path / "out", "--format", form, "--rows", 5)
    assert len(terminal.json(*line)["written"]) == -(-head // 5)
    assert terminal.json(*line)["written"] == []
    terminal.do("NameStreet", division=settle_top(terminal), street_name="新路", on="2000-01-01")
    files = sorted(Path(name).name for name in terminal.json(*line)["written"])
    assert len(files) == 1
    whole = sorted((tmp_path / "out").iterdir())
    assert len(whole) == -(-(head + 1) // 5)
    positions = []
    for path in whole:
        assert "王一".encode() not in path.read_bytes()
        if form == "arrow":
            positions += pa.ipc.open_file(path).read_all()["position"].to_pylist()
        else:
            positions += [json.loads(one)["position"] for one in path.read_text().splitlines()]
    assert positions == [*range(1, head + 2)]


def settle_top(terminal):
    """The county of the settled town."""
    return terminal.json("places", "--code", "510603")[0]["id"]


def test_an_extract_is_imported_and_what_was_refused_is_told(terminal, tmp_path):
    county = settle(terminal)
    folder = tmp_path / "extract"
    folder.mkdir()
    (folder / "households.csv").write_text(
        f"key,number,type,doorplate_key,since\nH1,2,1,{county.plate},2003-01-01\n"
    )
    (folder / "persons.csv").write_text(
        "key,household_key,relation,name,sex,birth_date,number,nationality\n"
        "P1,H1,02,李三,1,1960-01-01,,01\n"
        "P2,H9,02,李四,1,1960-01-01,,01\n"
    )
    line = ("import", folder, "--source", "old", "--batch", "b1", "--baseline", "2004-06-01")
    told = terminal.json(*line, exits=1)
    assert told["rows"]["persons"] == 2
    assert [one[2] for one in told["refused"] if one[0] == "persons"][-1] == "P2"
    told = terminal(*line, exits=1).stdout
    assert "Refused" in told
    assert str(folder.with_name("extract.b1.report.txt")) in told


def test_an_import_that_is_stopped_says_how_far_it_is_and_how_it_goes_on(
    terminal, tmp_path, monkeypatch
):
    def load(self, *told, **options):
        progress, _, stage = told[5:]
        stage("persons")
        progress(1_500, 40_000)
        raise KeyboardInterrupt

    monkeypatch.setattr("adapters.bulk.Importer.load", load)
    line = ("import", tmp_path, "--source", "old", "--batch", "b1", "--baseline", "2004-06-01")
    told = terminal(*line, exits=130).stderr
    assert "stopped at persons, 1,500 of 40,000 recorded" in told
    assert "the same line again goes on" in told


def test_ctrl_c_ends_every_verb_alike_and_tells_what_stands(terminal, monkeypatch):
    town = settle(terminal)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    def told_to_stop(*_):
        signal.raise_signal(signal.SIGINT)
        return True

    for target, line, told in (
        ("adapters.rebuilding.rebuild", ("rebuild", "all"), "goes on from there"),
        ("adapters.reading.Reader.person", ("person", town.father), "nothing is half done"),
        ("adapters.repeated.repeated", ("check", "repeated"), "nothing is half done"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, interrupted)
            assert told in terminal(*line, exits=130).stderr
            assert json.loads(terminal(*line, "--json", exits=130).stderr)["exit"] == 130
    body = json.dumps({"household": town.household, "household_number": "7"})
    with monkeypatch.context() as patch:
        patch.setattr("registry.register.Register.do", interrupted)
        told = terminal("do", "ChangeHousehold", stdin=body, exits=130).stderr
    again = told.split("--submission ")[1].split(",")[0]
    terminal("do", "ChangeHousehold", "--submission", again, stdin=body)
    with monkeypatch.context() as patch:
        patch.setattr("adapters.projector.Projector.step", told_to_stop)
        assert "stopped at entry" in terminal("follow", "--once", exits=130).stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(ENOSPC, "No space left on device", "x"), "the disk of x is full; make room"),
        (OSError(ENOSPC, "No space left on device"), "the disk is full; make room"),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
    ],
)
def test_a_full_disk_is_no_fault_of_what_was_typed(terminal, monkeypatch, error, told):
    def full(*given: object) -> None:
        raise error

    monkeypatch.setattr("adapters.assembly.migrate", full)
    assert told in terminal("migrate", exits=6).stderr


def test_the_catalogue_is_printed_for_people_and_for_programs(terminal, tmp_path):
    told = terminal("catalogue").stdout
    assert "### 1 PersonImported" in told
    assert "### RegisterBirth" in told
    assert {one["name"] for one in terminal.json("catalogue")["commands"]} == COMMANDS.keys()
    columns = terminal.json("catalogue", "--columns")
    declared = "rows whose event declares it"
    assert {"column": "household", "type": "u4", "in": declared} in columns["person"]
    terminal("catalogue", "--output", tmp_path / "catalogue.md")
    assert (tmp_path / "catalogue.md").read_text("utf-8") == told


def test_sqlite_is_served_by_one_process(terminal):
    assert "PostgreSQL" in terminal("serve", "--workers", 2, exits=2).stderr
