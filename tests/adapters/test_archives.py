"""A province in a file: opened elsewhere, verified, asked like the register, never written."""

from __future__ import annotations

import json
import sqlite3
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from adapters.archives import DATABASE, entries_of, open_archive
from adapters.assembly import Settings, assemble
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.http.app import create_app
from adapters.http.auth import issue, new_keys
from adapters.http.services import Services
from registry.errors import NotFound
from registry.projections import PROJECTIONS
from replay.columns.faults import Damaged
from replay.sealed.archive import Archive
from replay.sealed.reading import SealedLog
from tests.adapters.followed import everything
from tests.adapters.terminal import OFFICER, Terminal, settle


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any) -> SimpleNamespace:
    """A small county, and a file with all of it."""
    folder = tmp_path_factory.mktemp("handed")
    terminal = Terminal(folder, f"sqlite:///{folder / 'registry.db'}")
    terminal.env["REGISTRY_SEALED"] = str(folder / "sealed")
    terminal.env["REGISTRY_SIGNING_KEY"] = str(folder / "signing.key")
    terminal.env["REGISTRY_TILES"] = str(folder / "tiles")
    terminal.env["REGISTRY_NODE_NAME"] = "deyang"
    terminal("migrate")
    ids = settle(terminal)
    (city,) = terminal.json("places", "--code", "510600")
    told = {"programme": "deyang-2004", "division": city["id"], "document": "1"}
    terminal("do", "OpenProgramme", "--roles", "exchange-office", stdin=json.dumps(told))
    terminal("follow", "--once")
    terminal("key", "new")
    terminal("publish")
    file = folder / "province.registry"
    told = terminal.json("seal", "--to", file)
    assert told["file_bytes"] == file.stat().st_size
    return SimpleNamespace(
        terminal=terminal, file=file, folder=folder, head=told["sealed"], **vars(ids)
    )


@pytest.fixture
def elsewhere(handed, tmp_path):
    """A terminal on another machine, which has the file and no database."""
    terminal = Terminal(tmp_path, f"sqlite:///{tmp_path / 'nothing.db'}")
    return lambda *words, **more: terminal(
        "open", "--cache", handed.folder / "cache", handed.file, *words, **more
    )


def asked(told: Any) -> Any:
    return json.loads(told.stdout)


def test_an_archive_answers_what_the_register_answers(handed, elsewhere):
    for question in (
        ("person", handed.father),
        ("household", handed.household),
        ("timeline", handed.daughter),
        ("residents", "--community", handed.community),
        ("occupants", handed.plate),
        ("person", handed.daughter, "--valid-on", "2007-01-15"),
        ("places",),
        ("programme", "deyang-2004"),
        ("tasks", "deyang-2004"),
        *(
            ("report", "make", form, "--division", handed.county, "--first", "2007-01-01")
            for form in ("readiness", "quotas", "ages")
        ),
        ("cases",),
        ("acts", "--at", "510603001001", "--from", "2007-01-01", "--to", "2007-01-31"),
    ):
        there = asked(elsewhere(*question, "--json"))
        here = handed.terminal.json(*question)
        assert there == here, question
    assert asked(elsewhere("find-number", "--json", stdin=handed.number)) == handed.terminal.json(
        "find-number", stdin=handed.number
    )


def test_what_a_former_program_made_of_an_archive_is_brought_up_to_this_one(handed, elsewhere):
    elsewhere()
    (made,) = (handed.folder / "cache").glob("*/registry.db")
    edition = PROJECTIONS["persons"].edition
    with sqlite3.connect(made) as database:
        database.execute(f"drop view persons_{edition}")
        for number in range(1, len(PROJECTIONS["persons"].lookups) + 1):
            database.execute(f"drop index persons_{edition}a_{number}")
        database.execute(f"alter table persons_{edition}a rename to persons_{edition - 1}a")
        database.execute("update projections set edition = edition - 1 where name = 'persons'")
    database.close()
    assert asked(elsewhere("person", handed.father, "--json")) == handed.terminal.json(
        "person", handed.father
    )
    assert asked(elsewhere("status", "--json"))["former_editions"] == []


def test_a_long_archive_is_filled_from_its_columns_and_answers_the_same(handed, tmp_path):
    short = open_archive(handed.file, cache=tmp_path / "short")
    told: list[str] = []
    with patch("adapters.projector.FILL_FROM", 10):
        long = open_archive(
            handed.file, cache=tmp_path / "long", progress=lambda what, done, of: told.append(what)
        )
    assert {"entities laid out", "streams folded"} <= {*told}
    rows = []
    for one in (short, long):
        engine = open_database(f"sqlite:///{one.folder / DATABASE}")
        rows.append(everything(engine))
        engine.dispose()
    assert rows[0] == rows[1]


def test_an_archive_is_audited_where_it_was_opened(handed, elsewhere, tmp_path):
    here = handed.terminal.json("audit", exits=None)
    there = asked(elsewhere("audit", "--json", exits=None))
    checks = [one["check"] for one in there["verdicts"]]
    assert checks[0] == "bytes"
    assert {"lives", "closing", "population", "read-models", "sealed"} <= {*checks}
    assert there["state_root"] == here["state_root"]
    wrong = {one["check"] for one in there["verdicts"] if not one["holds"]}
    assert wrong == {one["check"] for one in here["verdicts"] if not one["holds"]}
    for question in (("state-root", "--register"), ("diff", "2006-01-01", "2007-06-01")):
        told = asked(elsewhere(*question, "--json"))
        assert told == handed.terminal.json(*question)
    elsewhere("state-root", "--expect", "00", exits=1)
    blamed = asked(elsewhere("blame", handed.daughter, "name", "--json"))
    assert blamed == handed.terminal.json("blame", handed.daughter, "name")


def test_reading_an_archive_needs_a_purpose_and_is_logged(handed, elsewhere):
    refused = elsewhere("person", handed.father, exits=2, REGISTRY_PURPOSE="")
    assert "say why you ask" in refused.stderr
    (made,) = [one for one in (handed.folder / "cache").iterdir() if one.is_dir()]

    def lines() -> list[Any]:
        with sqlite3.connect(made / "queries.db") as log:
            query = "select question, purpose, rows from query_log order by line"
            return log.execute(query).fetchall()

    elsewhere("person", handed.father)
    before = lines()
    assert before[-1] == ("person", OFFICER["REGISTRY_PURPOSE"], 1)
    elsewhere("person", uuid4(), exits=4)
    assert lines()[-1] == ("person", OFFICER["REGISTRY_PURPOSE"], 0)


def test_nothing_can_be_entered_into_an_archive(handed, elsewhere):
    assert "an archive is only read" in elsewhere("do", "NameStreet", exits=2).stderr
    found = open_archive(handed.file, handed.folder / "cache")
    parts = assemble(Settings(**found.settings))
    assert parts.store.head()[0] == handed.head
    parts.engine.dispose()


def test_the_same_questions_are_answered_over_http_and_commands_are_turned_away(handed, tmp_path):
    found = open_archive(handed.file, handed.folder / "cache")
    keys = str(tmp_path / "keys.json")
    new_keys(keys)
    settings = Settings(**{**found.settings, "keys": keys})
    services = Services.open(settings)
    roles = OFFICER["REGISTRY_ROLES"].split(",")
    token = issue(
        keys, officer="Li", office=OFFICER["REGISTRY_OFFICE"], roles=roles, now=services.now
    )
    headers = {"Authorization": f"Bearer {token}", "Purpose": "registration"}
    with TestClient(create_app(services)) as client:
        told = client.get(f"/persons/{handed.father}", headers=headers)
        assert told.status_code == 200, told.text
        assert told.json()["person"]["name"] == "王一"
        # Without the province's secret there is no telling which plan it is.
        asked = client.get("/sequence-segments?address_code=510603", headers=headers)
        assert (asked.status_code, "an archive has not" in asked.json()["detail"]) == (503, True)
        street = {"division": handed.county, "street_name": "新街"}
        more = {**headers, "Submission-Id": str(uuid4())}
        refused = client.post("/commands/NameStreet", headers=more, json=street)
        assert refused.status_code == 403, refused.text
        assert "an archive" in refused.json()["detail"]
    assert open_archive(handed.file, handed.folder / "cache").head == handed.head


def test_an_archive_holds_the_stored_entries_byte_for_byte(handed):
    engine = open_database(handed.terminal.env["REGISTRY_DATABASE"])
    rows = Recorder(engine, node=1).page(0, handed.head)
    engine.dispose()
    log = SealedLog(Archive(handed.file))
    assert sorted(entries_of(log), key=lambda one: one.position) == rows
    found = open_archive(handed.file, handed.folder / "cache")
    engine = open_database(found.settings["database"])
    assert Recorder(engine, node=1).page(0, handed.head) == rows
    engine.dispose()


def test_an_archive_is_held_against_one_string_that_was_kept(handed, elsewhere):
    kept = handed.folder / "tiles" / "checkpoint"
    keys = {"REGISTRY_SIGNING_KEY": str(handed.folder / "signing.key")}
    told = asked(elsewhere("check", "checkpoint", kept, "--json", **keys))
    assert (told["size"], told["differences"]) == (handed.head, [])


def test_a_damaged_archive_is_not_opened_and_the_place_is_named(handed, tmp_path):
    file = tmp_path / "damaged.registry"
    raw = bytearray(handed.file.read_bytes())
    member = next(
        one for name, one in Archive(handed.file).members.items() if name.startswith("person")
    )
    raw[member.offset + member.size // 2] ^= 4
    file.write_bytes(raw)
    with pytest.raises(Damaged, match="person"):
        open_archive(file)
    assert not [*tmp_path.glob("*.opened/*")]
    with pytest.raises(NotFound):
        open_archive(tmp_path / "missing.registry")


def test_a_foreign_signature_is_refused(handed, elsewhere, tmp_path):
    ours = handed.folder / "signing.pub"
    terminal = Terminal(tmp_path, f"sqlite:///{tmp_path / 'nothing.db'}")
    terminal.env["REGISTRY_SIGNING_KEY"] = str(tmp_path / "other.key")
    terminal("key", "new")
    told = asked(terminal("open", "--json", "--signed-by", ours, handed.file))
    assert told["entries"] == handed.head
    refused = terminal("open", "--signed-by", tmp_path / "other.pub", handed.file, exits=None)
    assert refused.exit_code not in (0, None)
    assert "sign" in refused.stderr
