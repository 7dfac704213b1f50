"""A restored backup is told of what was blanked since, and no file beside it shuts the register."""

from __future__ import annotations

import json
import shutil
from datetime import date
from socket import socket
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.archives import list_of, written
from adapters.assembly import Settings, name_node
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.http import server
from adapters.redactions import Noting, forget_blanked, secret_of
from adapters.restored import IN_FORCE, NO_PERSON, Restored, lacking, record_again, stop_if_restored
from registry.aggregates import Life, Person
from registry.entry import Entry
from registry.errors import Unavailable
from registry.events.person import NameChanged
from registry.events.redaction import PartRedacted, RedactionProposed
from registry.history import effective
from registry.store import Append, Failed
from registry.values import RedactionGround
from tests.adapters.followed import CODEC, record
from tests.replay.histories import town

NAMESPACE = UUID(int=7)
BY = ("Li", "510603001001"), ("Zhou", "510603001001")


def salt():
    """Salts that never come twice."""
    return uuid4().bytes


def restored(url, path):
    """A database with the file in which its redactions are noted."""
    engine = open_database(url, durability="off")
    store = Recorder(engine, node=1)
    noting = Noting(path, secret_of(NAMESPACE), engine, store)
    store.redacted = noting.told
    settings = Settings(database=url, redactions=str(path), namespace=str(NAMESPACE))
    name_node(engine, settings)
    return SimpleNamespace(engine=engine, store=store, noting=noting, settings=settings)


def changed(log):
    """The entries of a living person, and the change of name that is in force."""
    last: dict[UUID, list[Entry]] = {}
    for one in log:
        last.setdefault(one.stream, []).append(one)
    for entries in last.values():
        for change in entries:
            if isinstance(change.event, NameChanged):
                now = Person.fold(effective(entries))
                if now and now.life is Life.LIVING and now.name == change.event.name:
                    return entries, change
    raise AssertionError("nobody's name was changed")


def rename(parts, stream, version, name):
    """Enter another name."""
    today = date(2030, 1, 1)
    said = changed(town(7, 1).entries)[1].event
    event = type(said)(**{**vars(said), "name": name, "effective_on": today})
    entry = CODEC.stored(Entry(stream, version, event, today), salt)
    parts.store.append([Append(None, *BY[0], b"", b"", [entry], {})])


def redact(parts, stream, version, at):
    """Blank the name that a version told; `at` is the version of the proposal."""
    today = date(2030, 1, 1)
    what = {"entry_of": stream, "entry_version": version, "part": "subject"}
    proposed = RedactionProposed(
        effective_on=today, **what, ground=RedactionGround("6"), document="(2007)1"
    )
    confirmed = PartRedacted(effective_on=today, **what, proposal=at)
    for one, (event, by) in enumerate(zip((proposed, confirmed), BY, strict=True)):
        entry = CODEC.stored(Entry(stream, at + one, event, today), salt)
        (told,) = parts.store.append([Append(None, *by, b"", b"{}", [entry], {})])
    return json.loads(told.answer)


@pytest.fixture
def backup(sqlite_url, tmp_path):
    """A backup in which a name is in force that was changed and blanked since."""
    log = town(7, 1).entries
    parts = restored(sqlite_url, tmp_path / "noted" / "redactions.ndjson")
    parts.noting.path.parent.mkdir()
    record(parts.store, log)
    entries, change = changed(log)
    stream, last = change.stream, len(entries)
    parts.engine.dispose()
    shutil.copy(tmp_path / "registry.db", tmp_path / "backup.db")
    rename(parts, stream, last + 1, "王小花")
    redact(parts, stream, change.version, last + 2)
    parts.engine.dispose()
    found = restored(f"sqlite:///{tmp_path / 'backup.db'}", parts.noting.path)
    found.stream, found.version, found.last, found.lost = stream, change.version, last, parts
    yield found
    found.engine.dispose()
    parts.engine.dispose()


def test_what_is_in_force_in_a_backup_is_blanked_once_the_later_change_is_entered_again(backup):
    def look():
        return lacking(backup.noting.read().lines, backup.noting.held(), backup.store)

    said: list[str] = []
    stop_if_restored(backup, said.append)
    assert "cannot be recorded again yet" in said[0]
    missing, waiting = look()
    assert (missing, [why for _, why in waiting]) == ([], [IN_FORCE])
    rename(backup, backup.stream, backup.last + 1, "王小花")
    with pytest.raises(Restored):
        stop_if_restored(backup, said.append)
    missing, waiting = look()
    assert len(missing) == 1
    refusing: Any = SimpleNamespace(
        streams=backup.store.streams, append=lambda batch: [Failed(ValueError("disk full"))]
    )
    with pytest.raises(Unavailable, match="disk full"):
        record_again(missing, refusing, date(2030, 1, 1), uuid4, salt)
    record_again(missing, backup.store, date(2030, 1, 1), uuid4, salt)
    assert look() == ([], [])
    names = [
        getattr(CODEC.entry(one).event, "name", "")
        for one in backup.store.streams([backup.stream])[backup.stream]
    ]
    assert names[backup.last] == "王小花"
    assert "redacted" in names[backup.version - 1]


def test_a_line_that_the_province_did_not_seal_is_told_of_and_not_heeded(backup):
    rename(backup, backup.stream, backup.last + 1, "王小花")
    path = backup.noting.path
    line = json.loads(path.read_text())
    path.write_text(json.dumps({**line, "version": backup.last + 1}) + "\nnot json\n{cut")
    said: list[str] = []
    stop_if_restored(backup, said.append)
    assert said[0].startswith(f"2 lines of {path} are damaged")
    path.write_text('{"x":' * 10_000 + "\n5\n[]\n{}\n\xff\n")
    assert backup.noting.read().damaged == 5, "whatever stands there, nobody falls over it"
    assert "move it away" in said[0]


def test_a_damaged_line_of_the_list_of_archives_is_passed_over(tmp_path, caplog):
    path = tmp_path / "redactions.ndjson"
    told = {"written": "2026-11-22", "file": "a.registry", "head": 5, "digest": "00"}
    lines = [json.dumps(told), "5", "[]", "{}", '{"x":' * 10_000, json.dumps({**told, "head": "?"})]
    list_of(path).write_bytes("\n".join(lines).encode() + b"\n\xff\n" + b'{"cut')
    assert written(path) == [told]
    assert len(caplog.records) == 6


def test_a_redaction_on_what_is_no_person_here_waits(backup):
    rename(backup, backup.stream, backup.last + 1, "王小花")
    (line,) = backup.noting.read().lines
    place = next(
        one.stream
        for one in town(7, 1).entries
        if one.stream != backup.stream and CODEC.kind(CODEC.stored(one, salt)).name == "PLACES"
    )
    lines = [
        type(line)(**{**{f: getattr(line, f) for f in line.__struct_fields__}, "person": it})
        for it in (place, uuid4())
    ]
    for one in lines:
        missing, waiting = lacking([one], [], backup.store)
        assert (missing, [why for _, why in waiting]) == ([], [NO_PERSON])


def test_what_is_blanked_again_under_the_same_version_is_noted_with_its_own_digest(backup):
    rename(backup, backup.stream, backup.last + 1, "王小花")
    parts = backup
    redact(backup.lost, backup.stream, backup.last + 1, backup.last + 4)
    assert len(backup.noting.read().lines) == 2
    redact(parts, backup.stream, backup.last + 1, backup.last + 2)
    mine = [one for one in backup.noting.read().lines if one.version == backup.last + 1]
    assert len({one.entry for one in mine}) == 2


def test_a_file_that_cannot_be_written_is_told_of_and_tried_again(backup, tmp_path, caplog):
    parts = backup
    parts.noting.path = tmp_path / "gone" / "redactions.ndjson"

    def redacted(batch, outcomes):
        # Nobody who records waits for a file: else this would wait for itself.
        rename(parts, backup.stream, backup.last + 3, "王小花")
        return parts.noting.told(batch, outcomes)

    parts.store.redacted = redacted
    answer = redact(parts, backup.stream, backup.version, backup.last + 1)
    assert [one["code"] for one in answer["notices"]] == ["redaction-not-noted"]
    assert f"{parts.noting.path} cannot be" in caplog.text
    assert "REGISTRY_REDACTIONS" in caplog.text
    said: list[str] = []
    stop_if_restored(parts, said.append)
    assert len(said) == 1
    assert "not noted outside" in said[0]
    parts.noting.path.parent.mkdir()

    class Once(Event):
        """Waits no more than once."""

        turns = iter([False, True])

        def wait(self, timeout=None):
            return next(self.turns)

    parts.register = SimpleNamespace(forget=lambda streams: None)
    forget_blanked(parts, Once(), 0)
    assert len(parts.noting.read().lines) == 1
    assert parts.noting.failed == ""


def test_redactions_are_noted_beside_the_database_whatever_folder_a_verb_runs_in(
    tmp_path, monkeypatch
):
    settings = Settings(database=f"sqlite:///{tmp_path / 'province.db'}")
    monkeypatch.chdir("/")
    assert settings.redactions_file == tmp_path / "province-redactions.ndjson"
    assert Settings(redactions="kept").redactions_file.is_absolute()


def test_a_process_that_is_started_anew_does_not_follow_or_serve_a_restored_database(
    backup, monkeypatch
):
    rename(backup, backup.stream, backup.last + 1, "王小花")
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    for work in ("follow_log", "watch_log", "seal_log"):
        monkeypatch.setattr(server, work, lambda *told: None)
    with pytest.raises(Restored):
        server.follow_alone(backup.settings)
    with socket() as listener, pytest.raises(Restored):
        server.work(backup.settings, listener)


def test_who_keeps_redactions_beside_the_database_is_warned_once_there_are_some(terminal):
    kept = terminal.folder / "registry-redactions.ndjson"
    terminal.env["REGISTRY_REDACTIONS"] = str(kept)
    assert "beside the database" not in terminal("status").stderr
    kept.touch()
    assert "name a file elsewhere with REGISTRY_REDACTIONS" in terminal("status").stderr
    terminal.env["REGISTRY_REDACTIONS"] = str(terminal.folder / "elsewhere" / kept.name)
    assert "beside the database" not in terminal("status").stderr
