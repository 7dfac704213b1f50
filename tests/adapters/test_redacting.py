"""What is redacted stands in no store, read model, sealed log or archive; proofs still hold."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, select, text

from adapters import positions
from adapters.archives import entries_of
from adapters.columnar import Columnar
from adapters.database import open_database, writing
from adapters.eventstore import Recorder
from adapters.eventstore import entries as entries_table
from adapters.matching import pieces
from adapters.positions import Standing
from adapters.rebuilding import begin, fill, filling
from adapters.redactions import forget_blanked
from adapters.sealed_matching import differences
from adapters.sealing import redacts
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
    told = {"persons": standing}
    while {one.position for one in told.values()} == {0}:
        told, _ = fill(projector, told, standing.target)
    record(Recorder(engine, node=1), [redaction(log, chosen)])
    projector.catch_up()
    for _ in filling(projector, told.values()):
        pass
    found = [*pieces(engine, projector.store, ["persons"])]
    assert all(one.equal for one in found), [one.divergences for one in found if not one.equal]
    with engine.connect() as connection:
        table = PROJECTIONS["persons"].table
        rows = connection.execute(select(table).where(table.c.person == chosen.stream.bytes)).all()
    assert chosen.event.name not in {row.name for row in rows}


def test_tables_of_a_former_edition_go_once_the_new_ones_have_come_as_far(engine):
    projector = followed(engine, town(7, 1).entries)
    former = f"persons_{PROJECTIONS['persons'].edition - 1}"
    standing = Standing("persons", PROJECTIONS["persons"].edition - 1, "b", "active", 0, 0, b"")

    def left():
        return {one for one in (*there.get_table_names(), *there.get_view_names()) if former in one}

    with writing(engine) as connection:
        positions.add(connection, replace(standing, position=projector.position() + 1))
        connection.execute(text(f"create table {former}b (name text)"))
        connection.execute(text(f"create view {former} as select name from {former}b"))
    assert projector.forget_former() == [], "they may have to answer still"
    there = inspect(engine)
    assert left() == {former, f"{former}b"}
    with writing(engine) as connection:
        (held,) = positions.former(connection)
        positions.move(connection, [held], position=projector.position())
    assert [one.copy for one in projector.forget_former()] == ["b"]
    there = inspect(engine)
    assert left() == set()
    with engine.connect() as connection:
        assert positions.former(connection) == []
    assert projector.position(), "and nothing else is gone"


def test_a_process_forgets_what_another_one_blanked(engine):
    log = town(7, 1).entries
    projector = followed(engine, log)
    setting = Setting(namespace=UUID(int=1), places=UUID(int=2))
    parts: Any = SimpleNamespace(
        engine=engine,
        register=Register(
            projector.store, setting, clock=lambda: 0, ids=lambda: UUID(int=3), salt=lambda: b""
        ),
    )
    cache = parts.register._cache
    chosen = next(one for one in log if isinstance(one.event, NameChanged))
    other = next(one for one in log if one.stream != chosen.stream)
    parts.register._fetch([chosen.stream, other.stream])
    record(Recorder(engine, node=1), [redaction(log, chosen)])

    class Once(Event):
        """Waits no more than once."""

        def wait(self, timeout=None):
            before = self.is_set()
            self.set()
            return before

    forget_blanked(parts, Once(), len(log))
    assert cache.keys() == {other.stream}


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
    assert len((tmp_path / "redactions.ndjson").read_text().splitlines()) == 1


def test_an_archive_that_holds_what_was_blanked_since_is_named_and_not_opened(office):
    told = office.terminal.json("redactions")
    assert [one["file"] for one in told["archives"]] == ["old.registry"]
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
