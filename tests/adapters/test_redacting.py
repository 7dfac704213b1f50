"""What is redacted stands in no store, read model, sealed log or archive; proofs still hold."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from adapters.archives import entries_of
from adapters.columnar import Columnar
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.eventstore import entries as entries_table
from adapters.matching import pieces
from adapters.rebuilding import begin, fill, filling
from adapters.sealing import redacts
from registry.codec import REDACTED, check_parts
from registry.events.person import NameChanged
from registry.events.redaction import PartRedacted
from registry.projections import PROJECTIONS
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
    assert redacts(projector.store, 0, len(log) + 1), "and the sealer does not wait for more"
    assert not redacts(projector.store, 0, len(log))
    (after,) = projector.store.page(chosen.position - 1, 1)
    assert after.state == before.state
    assert json.loads(after.private)["subject"] is None
    assert check_parts(after.state, after.private) == []
    assert CODEC.entry(after).event.name == REDACTED
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
    terminal("seal")
    assert holds(folder / "sealed", FORMER)
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
    terminal("seal")
    return SimpleNamespace(terminal=terminal, folder=folder, **vars(ids))


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
