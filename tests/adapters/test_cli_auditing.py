"""The auditor's verbs: what holds is said to hold, what does not is found, counts close."""

from __future__ import annotations

import csv
import json
import re
import shutil
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from sqlalchemy import MetaData, select, update

from adapters import auditing
from adapters.database import open_database, writing
from adapters.eventstore import entries
from adapters.picturing import BLANK
from adapters.report import report
from adapters.verdicts import Audit, Found
from registry.days import day_at, end_of
from registry.entry import EVERYTHING
from registry.projections import PROJECTIONS, STILL
from registry.projections.residences import RESIDENT
from registry.values import CardState
from registry.vocabulary import Cause, Kind
from replay.states.history import At
from tests.adapters.followed import kept
from tests.replay.histories import town
from tests.replay.pencil import Pencil

SEED = 11
AUDITOR = {"REGISTRY_ROLES": "auditor", "REGISTRY_PURPOSE": "supervision"}


@pytest.fixture(scope="module")
def built():
    """A town in which everything happens that is hard."""
    return town(SEED, 2)


@pytest.fixture(scope="module")
def filled(tmp_path_factory, sqlite_template, built):
    """A register that holds the town, to be copied."""
    return kept(tmp_path_factory.mktemp("filled"), sqlite_template, built.entries)


@pytest.fixture
def sqlite_url(filled, tmp_path):
    """A register that holds the town."""
    shutil.copy(filled, tmp_path / "registry.db")
    return f"sqlite:///{tmp_path / 'registry.db'}"


def verdicts(told):
    """Verdicts by check."""
    return {one["check"]: one for one in told["verdicts"]}


def damage(url, name, column, value):
    """Change a value of the first row of a read model that is known and holds still."""
    engine = open_database(url, durability="off")
    table = PROJECTIONS[name].physical("a", MetaData())
    with writing(engine) as connection:
        still = [table.c.known_until >= EVERYTHING]
        if name == "residences":
            still += [table.c.valid_until == STILL, table.c.status == RESIDENT]
        row = connection.execute(select(table).where(*still)).all()[0]
        key = [part == row._mapping[part.name] for part in table.primary_key.columns]
        connection.execute(update(table).where(*key).values({column: value}))
    engine.dispose()


def test_an_audit_checks_everything_and_says_how_much(terminal, built):
    told = terminal.json("audit", exits=None)
    found = verdicts(told)
    assert found.keys() >= {
        *("store", "numbers", "lives", "homes", "members", "closing", "population")
    } | {"read-models", "state"}
    for sound in ("store", "closing", "population", "read-models", "lives", "state"):
        assert found[sound]["holds"], found[sound]
        assert found[sound]["checked"] > 0
    assert found["store"]["checked"] == len(built.entries)
    assert re.fullmatch("[0-9a-f]{64}", told["state_root"])
    assert told["source"] == "store"
    pencil, now = Pencil(built.entries), (date.today(), len(built.entries))
    cases = [pencil.state(one, now) for one in pencil.of(Kind.CASE)]
    unanswered = [
        holders
        for holders in pencil.duplicates(now).values()
        if not any(case.open and holders.keys() <= case.parties for case in cases)
    ]
    assert found["numbers"]["found"] == len(unanswered)
    people = [pencil.person(one, now) for one in pencil.of(Kind.PERSON)]
    living = sum(1 for items in people if items and not items["life"].value)
    assert told["counts"]["living"] == living


def test_a_wrong_row_makes_the_audit_fail_and_is_named(terminal, sqlite_url):
    damage(sqlite_url, "residences", "community", b"\x07" * 16)
    found = verdicts(terminal.json("audit", exits=1))
    assert not found["read-models"]["holds"]
    (fault,) = found["read-models"]["faults"]
    assert fault.startswith("residences: stream")
    assert "community" in fault
    assert not found["population"]["holds"], "and the population is another"


def test_the_past_is_audited_on_both_clocks(terminal, built):
    middle = built.entries[len(built.entries) // 2]
    day = day_at(middle.recorded_at)
    told = terminal.json("audit", "--valid-on", day, "--known-at", day, exits=None)
    known = max(e.position for e in built.entries if e.recorded_at <= end_of(day))
    assert (told["valid_on"], told["position"]) == (day.isoformat(), known)
    found = verdicts(told)
    assert "read-models" not in found
    assert found["population"]["holds"]
    assert found["closing"]["holds"]
    residents = Pencil(built.entries).residents((day, known))
    communities = {built.id("community", number) for number in range(1, 6)}
    assert told["counts"]["residents"] == sum(residents[one] for one in communities)


@pytest.fixture
def sealed(terminal, tmp_path):
    """The same register, its log sealed into a folder."""
    terminal.env["REGISTRY_SEALED"] = str(tmp_path / "sealed")
    assert "not signed" in terminal("seal").stderr  # for want of a key
    return tmp_path / "sealed"


def test_the_sealed_log_is_audited_byte_by_byte(terminal, sealed, tmp_path):
    unsealed = terminal.json("audit", exits=None, REGISTRY_SEALED=str(tmp_path / "nothing"))
    told = terminal.json("audit", exits=None)
    found = verdicts(told)
    assert told["source"] == "sealed log"
    assert found["bytes"]["holds"]
    assert found["bytes"]["checked"] > 1000
    assert (found["sealed"]["holds"], found["sealed"]["checked"]) == (True, told["head"])
    for one in ("numbers", "lives", "ledgers", "homes", "closing", "population", "state"):
        mine, theirs = found[one], verdicts(unsealed)[one]
        assert (mine["checked"], mine["found"]) == (theirs["checked"], theirs["found"])


def test_an_entry_that_is_another_in_the_store_than_it_was_sealed_is_named(
    terminal, sealed, sqlite_url, built
):
    entry = built.entries[7]
    engine = open_database(sqlite_url, durability="off")
    with writing(engine) as connection:
        connection.execute(
            update(entries).where(entries.c.position == entry.position).values(officer="nobody")
        )
    engine.dispose()
    told = verdicts(terminal.json("audit", exits=1))
    (fault,) = told["sealed"]["faults"]
    assert fault.endswith(f"{entry.stream}: version {entry.version} is another in the store")


def test_some_checks_are_made_alone(terminal, sealed):
    told = terminal.json("audit", "--only", "state", "--only", "bytes")
    assert [one["check"] for one in told["verdicts"]] == ["bytes", "state"]
    assert told["state_root"] == terminal.json("state-root")["state_root"]
    told = terminal.json("audit", "--only", "read-models", "--model", "residences")
    every = terminal.json("audit", "--only", "read-models")
    assert 0 < told["verdicts"][0]["checked"] < every["verdicts"][0]["checked"]
    error = terminal("audit", "--model", "nothing", exits=2).stderr
    assert "no nothing" in error
    assert "residences" in error
    error = terminal("audit", "--only", "sealed", "--valid-on", "2005-01-01", exits=2).stderr
    assert "no sealed" in error, "of the past nothing was sealed apart"


def test_what_takes_hours_comes_last(terminal, monkeypatch):
    done = []

    def pictures(*of):
        done.append("pictures")
        return BLANK

    def hours(name):
        def check(auditor):
            done.append(name)
            return Found(1, "rows")

        return check

    monkeypatch.setattr(auditing, "pictures", pictures)
    monkeypatch.setattr(auditing.Auditor, "store", hours("store"))
    monkeypatch.setattr(auditing.Auditor, "read_models", hours("read-models"))
    terminal("audit", "--only", "closing", "--only", "store", "--only", "read-models")
    assert done == ["pictures", "store", "read-models"], "a sealer may take the files away then"
    monkeypatch.setattr("adapters.cli.auditing.workers_of", lambda address: nullcontext(address))
    how = "audit", "--only", "store", "--cluster", "tcp://127.0.0.1:1"
    assert "registry seal" in terminal(*how, exits=6).stderr
    assert len(done) == 3, "it is said before anything is begun"


@pytest.mark.long
def test_a_cluster_replays_to_the_same_root_and_only_what_is_sealed(terminal, sealed, built):
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        how = "audit", "--only", "state", "--only", "lives", "--cluster", cluster.scheduler_address
        assert terminal.json(*how)["state_root"] == terminal.json("state-root")["state_root"]
        nowhere = {"REGISTRY_SEALED": str(sealed / "none")}
        assert "registry seal" in terminal(*how, exits=6, **nowhere).stderr


def test_a_flipped_bit_is_located_and_nothing_is_believed_after_it(terminal, sealed):
    for file in sorted(path for path in sealed.iterdir() if path.stat().st_size > 200):
        whole = file.read_bytes()
        raw = bytearray(whole)
        raw[len(raw) // 2] ^= 4
        file.chmod(0o600)
        file.write_bytes(raw)
        told = terminal.json("audit", exits=1)
        (only,) = told["verdicts"]
        assert only["check"] == "bytes"
        assert any(file.name in fault for fault in only["faults"]), only
        assert told["state_root"] == ""
        file.write_bytes(whole)
    assert "holds" in terminal("audit", exits=None).stdout


class Reading(HTMLParser):
    """Collects what an HTML document loads from elsewhere, and its text."""

    def __init__(self):
        super().__init__()
        self.loaded, self.words, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loaded += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]

    def handle_data(self, data):
        self.words.append(data)


def test_the_report_is_read_alone(terminal, tmp_path):
    page, table, columns = (tmp_path / f"audit.{kind}" for kind in ("html", "csv", "parquet"))
    told = terminal.json(
        *("audit", "--html", page, "--csv", table, "--parquet", columns), exits=None
    )
    text = page.read_text(encoding="utf-8")
    seen = Reading()
    seen.feed(text)
    assert [one for one in seen.loaded if not one.startswith("#")] == []
    assert "script" not in seen.tags
    assert seen.tags.count("svg") >= 2
    words = " ".join(seen.words)
    assert told["state_root"] in words
    assert "人口年龄结构" in words
    for one in told["verdicts"]:
        assert f"{one['checked']:,}" in words
    with table.open(encoding="utf-8", newline="") as rows:
        assert [row["check"] for row in csv.DictReader(rows)] == [
            one["check"] for one in told["verdicts"]
        ]
    assert pq.read_table(columns).num_rows == len(told["verdicts"])


def test_the_report_says_what_the_states_of_applications_are_called():
    drawn = replace(BLANK, backlog={"22": 3, "issued": 1})
    found = Audit(At(date(2007, 6, 1), 1), 0, 1, "store", (), {}, drawn, "", 0.0)
    assert [one.name_zh in report(found) for one in map(CardState, ("22", "93"))] == [True, False]


def test_a_difference_is_told_by_cause_and_every_account_closes(terminal, built, tmp_path):
    first, last = (day_at(built.entries[at].recorded_at) for at in (60, -1))
    table = tmp_path / "places.parquet"
    told = terminal.json("diff", first, last, "--parquet", table)
    pencil = Pencil(built.entries)
    a, b = (
        (day, max(e.position for e in built.entries if e.recorded_at <= end_of(day)))
        for day in (first, last)
    )
    changes = list(pencil.changes(a, b))
    appeared = [one for one in changes if one.before is None]
    assert sum(told["appeared"].values()) == len(appeared)
    for cause in Cause:
        mine = sum(one.came_by is cause for one in appeared)
        assert told["appeared"].get(cause.value, 0) == mine
    assert sum(told["left"].values()) == sum(one.after is None for one in changes)
    assert told["closes"]
    start, end = pencil.residents(a), pencil.residents(b)
    for one in told["places"]:
        place = UUID(one["place"])
        assert (one["start"], one["end"]) == (start[place], end[place])
        came, went = sum(one["came"].values()), sum(one["went"].values())
        assert one["start"] + came - went == one["end"]
    rows = pq.read_table(table).to_pylist()
    assert [row["place"] for row in rows] == [one["place"] for one in told["places"]]
    assert "every account closes" in terminal("diff", first, last).stdout


def test_what_was_learnt_about_one_day_is_a_difference_too(terminal, built):
    day = day_at(built.entries[80].recorded_at)
    told = terminal.json("diff", f"{day}@{day}", f"{day}@{day_at(built.entries[-1].recorded_at)}")
    assert told["a"]["valid_on"] == told["b"]["valid_on"]
    assert told["a"]["position"] < told["b"]["position"]
    assert told["closes"]
    terminal("diff", "2999-01-01", exits=2)
    terminal("diff", "yesterday", exits=2)


def test_blame_names_the_entry_the_officer_and_what_it_replaced(terminal, built):
    pencil, head = Pencil(built.entries), built.entries[-1].position
    asked = 0
    for person in built.persons:
        items = pencil.person(person, (built.today, head))
        if not items or items["community"].value is None:
            continue
        asked += 1
        told = terminal.json("blame", person, "community", "--valid-on", built.today, **AUDITOR)
        entry = items["community"].entry
        assert told["value"] == str(items["community"].value)
        assert told["set_by"]["entry"]["version"] == entry.version
        assert told["set_by"]["entry"]["officer"] == "officer"
        if asked == 3:
            break
    assert asked == 3
    assert "set by" in terminal("blame", person, "community", **AUDITOR).stdout


def test_whoever_asks_who_set_a_value_is_logged_and_numbers_are_masked(terminal, built):
    person = built.persons[0]
    told = terminal.json("blame", person, "number", **AUDITOR)
    value = told["value"] or "*"
    assert value.startswith("*")
    (line,) = terminal.log()
    assert line[1] == "supervision"
    assert line[3] == "blame"
    terminal("blame", person, "number", exits=2, REGISTRY_PURPOSE="")
    terminal("blame", person, "shoe_size", exits=2, **AUDITOR)
    terminal("blame", UUID(int=5), "number", exits=4, **AUDITOR)
    terminal("blame", person, "name", exits=7, REGISTRY_ROLES="administrator")


def test_the_entries_that_make_a_difference_are_shown(terminal, built):
    last = day_at(built.entries[-1].recorded_at)
    person = next(one for one in built.persons if len(built.streams[one]) > 2)
    before = day_at(built.streams[person][0].recorded_at)
    told = terminal.json("explain", person, before, "--valid-on", last, **AUDITOR)
    versions = [one["version"] for one in told]
    assert versions == sorted(versions)
    assert all(built.streams[person][one - 1].position for one in versions)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        (("diff", "2999-01-01", "2007-01-01"), "A: 2999-01-01 is yet to come"),
        (("diff", "2007-01-01", "2007-01-01@2999-01-01"), "B: that instant is yet to come"),
        (("explain", "{person}", "2999-01-01"), "A: 2999-01-01 is yet to come"),
        (("audit", "--html", "{folder}/none/report.html"), "there is no folder {folder}/none"),
        (("audit", "--csv", "{folder}"), "{folder} is a folder; name a file"),
        (("audit", "--signed-by", "{folder}/none"), "--signed-by: a key is written as NAME+ID+KEY"),
    ],
)
def test_what_cannot_be_answered_is_said_before_the_work_and_by_its_name(
    terminal, built, tmp_path, line, at
):
    known = {"person": built.persons[0], "folder": tmp_path}
    told = terminal(*(one.format(**known) for one in line), exits=2, **AUDITOR)
    assert told.stdout == ""
    assert at.format(**known) in " ".join(told.stderr.split())


def test_who_was_not_known_yet_is_not_known_to_blame(terminal, built):
    words = ("blame", built.persons[0], "name", "--known-at", "1900-01-01")
    told = terminal(*words, exits=4, **AUDITOR)
    assert "check the identifier and both clocks" in told.stderr


def test_a_state_root_is_one_string_to_compare(terminal, built):
    told = terminal.json("state-root", "--register")
    again = terminal.json("state-root", "--expect", told["state_root"])
    assert again["state_root"] == told["state_root"]
    terminal("state-root", "--register", "--expect", told["register_digest"])
    terminal("state-root", "--expect", "00" * 32, exits=1)
    middle = day_at(built.entries[len(built.entries) // 2].recorded_at)
    early = terminal.json("state-root", "--valid-on", middle, "--known-at", middle)
    assert early["state_root"] != told["state_root"]


def test_a_round_of_the_watch_finds_what_is_wrong(terminal, sqlite_url):
    told = terminal.json("watch", "--once")
    assert {one["divergences"] for one in told["models"]} == {0}
    damage(sqlite_url, "persons", "sex", 7)
    told = terminal.json("watch", "--once", exits=1)
    (wrong,) = told["divergences"]
    assert json.dumps(wrong).startswith('"persons: stream')
