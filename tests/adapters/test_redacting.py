"""What is redacted stands in no store, read model, sealed log or archive; proofs still hold."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
import sqlalchemy.exc
from sqlalchemy import inspect, select, text

from adapters import positions
from adapters.archives import entries_of
from adapters.columnar import Columnar
from adapters.database import open_database, writing
from adapters.eventstore import Recorder
from adapters.eventstore import entries as entries_table
from adapters.matching import pieces
from adapters.positions import Standing
from adapters.projector import Projector
from adapters.rebuilding import begin, fill_in_turn, filling, rebuild
from adapters.redactions import forget_blanked
from adapters.sealed_matching import differences
from adapters.sealing import redacts, seal
from registry.codec import REDACTED, check_parts
from registry.events.person import NameChanged
from registry.events.redaction import PartRedacted
from registry.projections import PROJECTIONS
from registry.register import Register, Setting
from replay.sealed.archive import Archive
from replay.sealed.reading import Folder, SealedLog, read_manifest
from tests.adapters.followed import CODEC, followed, record
from tests.adapters.terminal import Terminal, settle
from tests.replay.histories import town

FORMER = "王招弟"
#: The version with which somebody is born; the first change follows.
BIRTH = 1
#: Who confirms what Li has proposed.
SECOND = {"REGISTRY_OFFICER": "Zhou"}


def redaction(log, entry, part="subject"):
    """The entry that blanks a part of another one on the stream of the person."""
    versions = sum(one.stream == entry.stream for one in log)
    last = log[-1]
    event = PartRedacted(
        effective_on=last.effective_on,
        entry_of=entry.stream,
        entry_version=entry.version,
        part=part,
        proposal=1,
    )
    return last._replace(
        stream=entry.stream, version=versions + 1, event=event, position=last.position + 1
    )


def test_a_part_is_blanked_with_the_entry_that_says_so_and_read_models_forget_it(engine):
    log = town(7, 1).entries
    projector = followed(engine, log)
    said = Counter((one.stream, getattr(one.event, "name", None)) for one in log)
    chosen = next(
        one
        for one in log
        if isinstance(one.event, NameChanged) and said[one.stream, one.event.name] == 1
    )
    name = f'"{chosen.event.name}"'
    before = projector.store.page(chosen.position - 1, 1)[0]
    assert name.encode() in before.private
    record(Recorder(engine, node=1), [redaction(log, chosen)])
    assert redacts(engine, 0, len(log) + 1), "and the sealer does not wait for more"
    assert not redacts(engine, 0, len(log))
    (after,) = projector.store.page(chosen.position - 1, 1)
    assert after.state == before.state
    assert json.loads(after.private)["subject"] is None
    assert check_parts(after.state, after.private) == []
    assert CODEC.entry(after).event.name == REDACTED
    told = [*pieces(engine, projector.store, PROJECTIONS)]
    assert all(one.equal for one in told), "what has yet to be followed is no drift"
    assert projector.catch_up() == len(log) + 1
    told = [*pieces(engine, projector.store, PROJECTIONS)]
    assert all(one.equal for one in told), [one.divergences for one in told if not one.equal]
    with engine.connect() as connection:
        table = PROJECTIONS["persons"].table
        query = select(table).where(table.c.person == chosen.stream.bytes)
        rows = connection.execute(query).all()
        assert rows
        values = {value for row in rows for value in row}
        assert chosen.event.name not in values
        assert REDACTED in values


def test_a_copy_that_was_being_filled_meanwhile_forgets_it_too(engine):
    log = town(7, 1).entries
    projector = followed(engine, log)
    said = Counter((one.stream, getattr(one.event, "name", None)) for one in log)
    chosen = next(
        one
        for one in log
        if isinstance(one.event, NameChanged) and said[one.stream, one.event.name] == 1
    )
    standing = begin(projector, "persons")
    for told, _ in fill_in_turn(projector, {"persons": standing}, standing.target):
        filled = told.values()
    record(Recorder(engine, node=1), [redaction(log, chosen)])
    projector.catch_up()
    for _ in filling(projector, filled):
        pass
    found = [*pieces(engine, projector.store, ["persons"])]
    assert all(one.equal for one in found), [one.divergences for one in found if not one.equal]
    with engine.connect() as connection:
        table = PROJECTIONS["persons"].table
        rows = connection.execute(select(table).where(table.c.person == chosen.stream.bytes)).all()
    assert chosen.event.name not in {row.name for row in rows}


EDITION_BEFORE = "persons", PROJECTIONS["persons"].edition - 1


def keep_former(engine, position, copies="ab", former=EDITION_BEFORE):
    """Leave the tables of a former edition, of which the last copy is answering."""
    name, edition = former
    named = f"{name}_{edition}"
    with writing(engine) as connection:
        for copy in copies:
            state, stood = ("active", position) if copy == copies[-1] else ("filling", 0)
            one = Standing(name, edition, copy, state, stood, 0, b"")
            positions.add(connection, one)
            connection.execute(text(f"create table {named}{copy} (name text)"))
        connection.execute(text(f"create view {named} as select name from {named}{copies[-1]}"))


def left_of_former(engine, former=EDITION_BEFORE):
    """Its tables and views that are there."""
    there, named = inspect(engine), "{}_{}".format(*former)
    found = {*there.get_table_names(), *there.get_view_names()}
    return sorted(one.removeprefix(named) for one in found if named in one)


@pytest.mark.parametrize("former", [EDITION_BEFORE, ("timelines", 1)])
def test_a_former_edition_goes_whole_once_the_new_one_has_come_as_far(engine, former):
    projector = followed(engine, town(7, 1).entries)
    keep_former(engine, projector.position() + 1, former=former)
    assert [one.copy for one in projector.forget_former()] == ["a", "b"]
    assert left_of_former(engine, former) == ["", "a", "b"], "they may have to answer still"
    with writing(engine) as connection:
        positions.move(connection, positions.former(connection)[1:], position=projector.position())
    assert projector.forget_former() == []
    assert left_of_former(engine, former) == []
    with engine.connect() as connection:
        assert positions.former(connection) == []
    assert projector.position(), "and nothing else is gone"


def test_former_editions_are_dropped_after_a_day_whoever_followed_meanwhile(sqlite_url):
    engine = open_database(sqlite_url, durability="off")
    keep_former(engine, 0)

    def left_at(hours):
        projector = Projector(engine, Recorder(engine, node=1))  # started anew each night
        now = int((1_000 + hours) * 3600 * 1e6)
        with patch("adapters.projector.microseconds", lambda: now):
            projector._tidy()
        return len(left_of_former(engine))

    assert [left_at(hours) for hours in (0, 23)] == [3, 3]
    with writing(engine) as connection:  # an older program still follows with it
        positions.move(connection, positions.former(connection)[1:], position=7)
        positions.move(connection, positions.former(connection)[1:], position=0)
    assert [left_at(hours) for hours in (23.5, 24)] == [3, 0]
    with engine.connect() as connection:
        assert positions.former(connection) == []
    engine.dispose()


def test_a_former_edition_that_moves_is_in_use_and_stays(sqlite_url):
    engine = open_database(sqlite_url, durability="off")
    keep_former(engine, 5)
    with writing(engine) as connection:
        assert positions.replaced_since(connection, 100) == {EDITION_BEFORE: 100}
        assert positions.replaced_since(connection, 200) == {EDITION_BEFORE: 100}
        positions.move(connection, positions.former(connection)[1:], position=7)
        assert positions.replaced_since(connection, 300) == {EDITION_BEFORE: 300}
        for one in positions.former(connection):
            positions.remove(connection, one)
        assert positions.replaced_since(connection, 400) == {}
        assert connection.execute(text("select count(*) from replaced_editions")).scalar() == 0
    engine.dispose()


def test_a_switch_waits_a_second_at_most_and_is_tried_again(postgres_url, monkeypatch, caplog):
    monkeypatch.setattr("adapters.rebuilding.SWITCH_WAIT_MS", 20)
    engine = open_database(postgres_url, durability="off")
    *log, one, other = town(7, 1).entries
    projector, late = followed(engine, log), iter([one, other])
    reader = engine.connect()
    reader.execute(text(f"select * from persons_{PROJECTIONS['persons'].edition}a"))
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        record(Recorder(engine, node=1), [next(late)])
        with engine.connect() as asker:  # who comes meanwhile is answered
            asker.execute(text("set lock_timeout = 100"))
            asker.execute(select(PROJECTIONS["persons"].table)).all()
        if len(slept) == 2:
            reader.close()

    monkeypatch.setattr("adapters.rebuilding.sleep", sleep)
    rebuild(projector, "persons")
    assert len(slept) == 2
    assert [one.message.split(" is")[0] for one in caplog.records] == ["persons"]
    assert projector.positions()["persons"] == len(log) + 2
    engine.dispose()


def test_a_former_edition_that_is_being_read_is_left_for_now(postgres_url, monkeypatch):
    monkeypatch.setattr("adapters.projector.FORMER_WAIT_MS", 20)
    engine = open_database(postgres_url, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    keep_former(engine, 0)
    with engine.connect() as connection:
        connection.execute(text("select * from {}_{}".format(*EDITION_BEFORE)))
        assert len(projector.forget_former()) == 2
    assert len(left_of_former(engine)) == 3
    assert projector.forget_former() == []
    engine.dispose()


def test_a_process_forgets_what_another_one_blanked_once_it_reaches_the_database(engine, caplog):
    log = town(7, 1).entries
    projector = followed(engine, log)
    setting = Setting(namespace=UUID(int=1), places=UUID(int=2))
    taken = [sqlalchemy.exc.TimeoutError("all connections are in use")]

    def connect():
        if taken:
            raise taken.pop()
        return engine.connect()

    parts: Any = SimpleNamespace(
        engine=SimpleNamespace(connect=connect),
        noting=SimpleNamespace(failed=""),
        register=Register(
            projector.store, setting, clock=lambda: 0, ids=lambda: UUID(int=3), salt=lambda: b""
        ),
    )
    cache = parts.register._cache
    chosen = next(one for one in log if isinstance(one.event, NameChanged))
    other = next(one for one in log if one.stream != chosen.stream)
    parts.register._fetch([chosen.stream, other.stream])
    record(Recorder(engine, node=1), [redaction(log, chosen)])

    class Twice(Event):
        """Waits no more than twice."""

        turns = iter([False, False, True])

        def wait(self, timeout=None):
            return next(self.turns)

    forget_blanked(parts, Twice(), len(log))
    assert cache.keys() == {other.stream}
    assert "all connections are in use" in caplog.text


def test_the_process_that_seals_finds_what_was_redacted_on_postgresql(postgres_url):
    log = town(7, 1).entries
    engine = open_database(postgres_url, durability="off")
    store = Recorder(engine, node=1)
    chosen = next(one for one in log if isinstance(one.event, NameChanged))
    record(store, [*log, redaction(log, chosen)])
    with Columnar(postgres_url) as source:
        ((position, _),) = source.redactions(0, len(log) + 1)
        assert position == len(log) + 1
        (held,) = store.page(chosen.position - 1, 1)
        assert source.entry(chosen.stream, chosen.version) == held
    engine.dispose()


@pytest.fixture(scope="module", autouse=True)
def sealed_here():
    """Sealing in this process: to start another one takes longer than what is tested here.

    From a copy, since two SQLites in a process do not see each other's locks.
    """

    def seal_here(job, *told):
        path = job.database.removeprefix("sqlite:///")
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(f"{path}.sealed")) as copy,
        ):
            source.backup(copy)
        return seal(replace(job, database=f"{job.database}.sealed"))

    with patch("adapters.sealing.seal_apart", seal_here):
        yield


@pytest.fixture(scope="module")
def office(tmp_path_factory, sqlite_template):
    """A register, sealed, published and proven, in which a former name is blanked since."""
    folder = tmp_path_factory.mktemp("office")
    terminal = Terminal(folder, f"sqlite:///{folder / 'registry.db'}")
    for name in ("sealed", "tiles"):
        terminal.env[f"REGISTRY_{name.upper()}"] = str(folder / name)
    terminal.env["REGISTRY_SIGNING_KEY"] = str(folder / "signing.key")
    terminal.env["REGISTRY_ROLES"] += ",auditor"
    terminal("migrate")
    ids = settle(terminal)
    for name in (FORMER, "王芳"):
        terminal.do(
            "ChangeName",
            person=ids.daughter,
            name=name,
            category="21",
            approval="A1",
            declarant="王一",
        )
    terminal("key", "new")
    terminal("publish")
    terminal("prove", ids.daughter, "--output", folder / "before.json")
    terminal("seal", "--to", folder / "old.registry")
    assert holds(folder / "sealed", FORMER)
    shutil.copy(folder / "registry.db", folder / "backup.db")
    (folder / "kept").write_bytes((folder / "tiles" / "checkpoint").read_bytes())
    proposal = terminal.do(
        "ProposeRedaction",
        person=ids.daughter,
        entry_of=ids.daughter,
        version=BIRTH + 1,
        part="subject",
        ground="6",
        document="(2007)1",
    )["proposal"]
    body = json.dumps({"person": ids.daughter, "proposal": proposal})
    terminal("do", "ConfirmRedaction", stdin=body, **SECOND)
    terminal("follow", "--once")
    engine = open_database(terminal.env["REGISTRY_DATABASE"])
    log = SealedLog(folder / "sealed", guarded=True)
    before = [one.faults for one in differences(log, engine, Recorder(engine, node=1))]
    engine.dispose()
    blamed = terminal("blame", ids.daughter, "name", "--in-clear").stdout
    waits = [one["sealed"] for one in terminal.json("redactions", exits=1)["redactions"]]
    terminal("seal")
    return SimpleNamespace(
        terminal=terminal, folder=folder, before=before, blamed=blamed, waits=waits, **vars(ids)
    )


def test_what_waits_to_be_sealed_is_no_fault_and_is_not_shown(office):
    assert not any(office.before)
    assert REDACTED in office.blamed
    assert FORMER not in office.blamed
    assert office.waits == [False]
    assert [one["sealed"] for one in office.terminal.json("redactions")["redactions"]] == [True]


def test_where_nobody_follows_for_a_day_tables_of_former_editions_are_named(office):
    terminal = office.terminal
    engine = open_database(terminal.env["REGISTRY_DATABASE"])
    keep_former(engine, 1, copies="b")
    (warning,) = terminal.json("redactions", exits=1)["warnings"]
    assert f"persons_{EDITION_BEFORE[1]}b" in warning
    assert "`registry follow --once --drop-former`" in warning
    terminal("follow", "--once")
    assert "--drop-former" in terminal("status").stderr
    assert len(left_of_former(engine)) == 2
    terminal("follow", "--once", "--drop-former")
    assert left_of_former(engine) == []
    assert terminal.json("redactions")["warnings"] == []
    keep_former(engine, 2**40, copies="b")
    assert "stop older programs" in terminal("follow", "--drop-former", exits=6).stderr
    with writing(engine) as connection:
        (ahead,) = positions.former(connection)
        positions.move(connection, [ahead], position=1)
    terminal("follow", "--once", "--drop-former")
    engine.dispose()


def holds(folder, text):
    """The names of files in a folder that hold a text."""
    return [one.name for one in folder.iterdir() if text.encode() in one.read_bytes()]


def test_nothing_that_is_asked_tells_the_former_name(office):
    for question in ("timeline", "person"):
        assert FORMER not in office.terminal(question, office.daughter, "--in-clear").stdout
    blamed = office.terminal.json("blame", office.daughter, "name", "--in-clear")
    assert (blamed["value"], blamed["replaced"]["value"]) == ("王芳", REDACTED)


def test_the_sealed_log_is_written_anew_and_its_manifest_says_why(office):
    sealed = office.folder / "sealed"
    assert holds(sealed, FORMER) == []
    engine = open_database(office.terminal.env["REGISTRY_DATABASE"])
    store = Recorder(engine, node=1)
    rows = store.page(0, 2**31)
    with engine.connect() as connection:
        query = select(entries_table.c.position).where(entries_table.c.code == 28)
        redactions = connection.scalars(query).all()
    engine.dispose()
    log = SealedLog(sealed)
    assert sorted(entries_of(log), key=lambda one: one.position) == rows
    links = (sealed / "chain.ndjson").read_text().splitlines()
    named = [json.loads(one)["link"].get("redacted", []) for one in links]
    assert [one for one in named if one] == [redactions]
    assert read_manifest(Folder(sealed)).head == len(rows)


def test_an_archive_made_since_holds_nothing_of_it(office):
    file = office.folder / "province.registry"
    office.terminal("seal", "--to", file)
    assert FORMER.encode() not in file.read_bytes()
    assert SealedLog(Archive(file)).head == read_manifest(Folder(office.folder / "sealed")).head


def test_a_backup_that_is_restored_is_not_opened_before_it_is_blanked_again(office, tmp_path):
    shutil.copy(office.folder / "backup.db", tmp_path / "registry.db")
    shutil.copy(office.folder / "redactions.ndjson", tmp_path)
    backup = Terminal(tmp_path, f"sqlite:///{tmp_path / 'registry.db'}")
    assert FORMER not in (tmp_path / "redactions.ndjson").read_text()
    for words in (("person", office.daughter), ("follow", "--once"), ("export", tmp_path / "out")):
        assert "redactions --replay" in backup(*words, exits=6).stderr
    backup("status")
    assert backup.json("redactions", exits=1)["missing"] == 1
    backup("redactions", "--replay", exits=1)  # read models are still to follow
    backup("follow", "--once")
    told = backup.json("redactions")
    assert (told["missing"], len(told["redactions"])) == (0, 1)
    assert FORMER not in backup("timeline", office.daughter, "--in-clear").stdout
    engine = open_database(backup.env["REGISTRY_DATABASE"])
    *_, proposed, confirmed = Recorder(engine, node=1).page(0, 2**31)
    assert (proposed.officer, confirmed.officer) == ("Li", "Zhou")
    assert not any(FORMER.encode() in one.private for one in Recorder(engine).page(0, 2**31))
    engine.dispose()
    backup("check", "store")
    backup.env["REGISTRY_SEALED"] = str(shutil.copytree(office.folder / "sealed", tmp_path / "log"))
    for verb in ("seal", "state-root"):
        assert "restored from a backup" in backup(verb, exits=5).stderr, "it tells of what is lost"
    lines = (tmp_path / "redactions.ndjson").read_text().splitlines()
    assert len(lines) == 2, "the one that was recorded again is noted too, once"


def test_an_archive_that_holds_what_was_blanked_since_is_named_and_not_opened(office):
    told = office.terminal.json("redactions")
    assert [one["file"] for one in told["archives"]] == ["old.registry"]
    elsewhere = office.terminal.json("redactions", REGISTRY_SEALED=str(office.folder / "away"))
    assert elsewhere["archives"] == told["archives"], "whatever becomes of the sealed log"
    old = office.folder / "old.registry"
    assert "destroy" in office.terminal("open", old, "person", office.daughter, exits=6).stderr


def test_everything_still_holds(office):
    told = office.terminal.json("audit", exits=None)
    wrong = {one["check"]: one["faults"] for one in told["verdicts"] if not one["holds"]}
    assert wrong == {}
    office.terminal("check", "store")
    public = office.folder / "signing.pub"
    office.terminal("verify", office.folder / "before.json", "--key", public)
    office.terminal("publish")
    office.terminal("check", "tiles")
    office.terminal("check", "checkpoint", office.folder / "kept")
    proof = office.folder / "after.json"
    office.terminal("prove", office.daughter, "--private", "--output", proof)
    assert FORMER not in proof.read_text()
    office.terminal("verify", proof, "--key", public)
    found = office.terminal.json("watch", "--once")
    assert found["divergences"] == []
