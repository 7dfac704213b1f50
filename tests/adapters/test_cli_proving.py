"""Publishing and proving at the command line: keys, exit codes, purposes, and a check far away."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from replay.proof.notes import SigningKey, sign
from tests.adapters.terminal import OFFICER, Terminal, settle

STATION = {"REGISTRY_ROLES": "station"}


class Office(Terminal):
    """A terminal with a folder for tiles and a key."""

    county: SimpleNamespace

    def __init__(self, folder: Path, database: str) -> None:
        super().__init__(folder, database)
        self.database = Path(database.removeprefix("sqlite:///"))
        self.env["REGISTRY_TILES"] = str(folder / "tiles")
        self.env["REGISTRY_SIGNING_KEY"] = str(folder / "signing.key")
        self.checkpoint = folder / "tiles" / "checkpoint"
        self.public = folder / "signing.pub"

    def verify(self, *words, exits=0):
        """Check something with the public key."""
        return self("verify", *words, "--key", self.public, exits=exits)

    def sql(self, statement):
        """Change the database behind the register's back."""
        with closing(sqlite3.connect(self.database)) as opened:
            opened.execute(statement)
            opened.commit()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, sqlite_template):
    """A register with a key and a published log of a small county, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copy(sqlite_template, folder / "registry.db")
    found = Office(folder, f"sqlite:///{folder / 'registry.db'}")
    found("migrate")
    found("key", "new")
    county = settle(found)
    found("publish")
    return folder, county


@pytest.fixture
def office(tmp_path, prepared):
    """A register of one's own."""
    folder, county = prepared
    shutil.copytree(folder, tmp_path / "office")
    found = Office(tmp_path / "office", f"sqlite:///{tmp_path / 'office' / 'registry.db'}")
    found.county = county
    return found


def test_a_proof_is_made_and_checked(office):
    file = office.folder / "proof.json"
    told = office.json("prove", office.county.father, "--output", file)
    assert told["entries"] == 1
    assert file.stat().st_mode & 0o077 == 0
    assert "王一" not in file.read_text()
    text = office.verify(file).stdout
    assert "RecordSupplemented" in text
    assert "no proof can show" in text
    (found,) = office.json("verify", file, "--key", office.public)["entries"]
    assert (found["version"], found["private"]) == (1, [])
    key = office("key", "list").stdout.strip()
    assert office.json("verify", file, "--key", key)["holds"] is True


def test_with_its_private_part_a_proof_says_who_it_is(office):
    text = office("prove", office.county.father, "--private").stdout
    assert "王一" in text
    assert office.county.number in text
    file = office.folder / "proof.json"
    file.write_text(text)
    assert office.json("verify", file, "--key", office.public)["entries"][0]["private"] == [
        "subject"
    ]
    file.write_text(text.replace("王一", "王二"))
    told = office.verify(file, exits=1)
    assert "BROKEN version 1 (leaf" in told.stderr
    assert "private part 'subject' is not the one that was recorded" in told.stderr
    assert told.stdout == ""


def test_a_broken_proof_ends_with_one_and_says_where(office):
    file = office.folder / "proof.json"
    office("prove", office.county.father, "--output", file)
    file.write_text(file.read_text().replace("1970-01-01", "1971-01-01"))
    assert "version 1 (leaf" in office.verify(file, exits=1).stderr
    told = office("verify", file, "--key", office.public, "--json", exits=1)
    (flaw,) = json.loads(told.stdout)["flaws"]
    assert "another root" in flaw["message"]
    file.write_text("{")
    assert "no proof file" in office.verify(file, exits=1).stderr


def test_a_proof_is_checked_where_there_is_no_register(office, tmp_path):
    """In a process of its own, in an empty folder, which loads no database and no compiler."""
    proof = office("prove", office.county.father, "--private").stdout
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    (empty / "proof.json").write_text(proof)
    script = (
        "import sys\n"
        "from adapters.cli import main\n"
        "main(['verify', 'proof.json', '--key', sys.argv[1]], standalone_mode=False)\n"
        "heavy = 'numba numpy pyarrow sqlalchemy eventsourcing psycopg fastapi'\n"
        "print('loaded:', sorted(set(heavy.split()) & sys.modules.keys()))\n"
    )
    key = office("key", "list").stdout.strip()
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, key],
        cwd=empty,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Proven:" in told.stdout
    assert "loaded: []" in told.stdout
    assert [file.name for file in empty.iterdir()] == ["proof.json"]


def test_whoever_has_something_proven_says_why_and_it_is_logged(office):
    office("prove", office.county.father, exits=2, REGISTRY_PURPOSE="")
    office("prove", office.county.father, "--purpose", "own-request", "--private")
    office("prove", office.county.father, "--area", "220000", exits=7)
    office("prove", office.county.father, "--roles", "statistics", exits=7)
    office("prove", office.county.household, exits=4)
    assert [(line[1], line[3], line[4], line[5]) for line in office.log()] == [
        ("own-request", "prove", "answered", 1),
        ("registration", "prove", "refused", 0),
        ("registration", "prove", "nothing", 0),
    ]
    nowhere = {"REGISTRY_QUERY_LOG": "sqlite:////nowhere/at/all.db"}
    assert office("prove", office.county.father, exits=6, **nowhere).stdout == ""


def test_a_sensitive_reason_is_proven_by_the_station_that_handled_it(office):
    office.do(
        "MoveOut",
        persons=[office.county.daughter],
        certificate_number="Q1",
        destination="220102",
        declarant="王一",
        reason="0479",
        on="2007-05-20",
    )
    office("publish")
    office("prove", office.county.daughter, **STATION)
    elsewhere = {**STATION, "REGISTRY_OFFICE": "510603002002"}
    told = office("prove", office.county.daughter, exits=7, **elsewhere)
    assert "version 2" in told.stderr


def test_what_is_newer_than_the_checkpoint_is_said_to_be_missing(office):
    office.do(
        "RegisterDeath", person=office.county.daughter, died_on="2007-02-01", declarant="王一"
    )
    told = office("prove", office.county.daughter)
    assert len(json.loads(told.stdout)["entries"]) == 1
    assert "1 of 2 entries are newer than the checkpoint" in told.stderr
    assert office.json("publish")["added"] > 0
    told = office("prove", office.county.daughter)
    assert len(json.loads(told.stdout)["entries"]) == 2
    assert told.stderr == ""


def test_who_is_not_in_the_published_log_is_not_proven(office):
    newcomer = office.do(
        "RegisterBirth",
        household=office.county.household,
        relation="20",
        name="王三",
        sex=1,
        birth_date="2008-01-15",
        nationality="01",
        father=office.county.father,
        birth_certificate="C2",
        declarant="王一",
    )["person"]
    office("follow", "--once")
    told = office("prove", newcomer, exits=4)
    assert "registry publish" in told.stderr
    assert [line[4] for line in office.log()] == ["nothing"]


def test_nothing_is_proven_before_something_is_published(tmp_path, sqlite_url):
    office = Office(tmp_path, sqlite_url)
    office("migrate")
    county = settle(office)
    assert "registry publish" in office("prove", county.father, exits=6).stderr
    for line in (("publish",), ("check", "tiles"), ("check", "checkpoint", __file__)):
        assert "registry key new" in office(*line, exits=6).stderr
    assert "registry key new" in office("key", "list", exits=6).stderr
    office("key", "new", "--name", "two words", exits=2)


def test_one_checkpoint_grew_out_of_another(office):
    old, tiles = office.folder / "old", office.folder / "tiles"
    shutil.copy(office.checkpoint, old)
    office.do(
        "RegisterDeath", person=office.county.daughter, died_on="2007-02-01", declarant="王一"
    )
    office("publish")
    told = office.verify(old, office.checkpoint, "--tiles", tiles)
    assert "nothing in it was changed or taken away" in told.stdout
    office.verify(office.checkpoint, office.checkpoint, "--tiles", tiles)
    assert "cannot begin" in office.verify(office.checkpoint, old, "--tiles", tiles, exits=1).stderr
    for tile in (tiles / "tile" / "0" / "000.p").iterdir():
        tile.write_bytes(tile.read_bytes()[:-32] + bytes(32))
    told = office.verify(old, office.checkpoint, "--tiles", tiles, exits=1)
    assert "newer root" in told.stderr
    office.verify(old, office.checkpoint, exits=2)
    office.verify(old, "--tiles", tiles, exits=2)


def test_checkpoints_of_two_logs_have_nothing_to_do_with_each_other(office):
    stranger = SigningKey("elsewhere", bytes(32))
    body = office.checkpoint.read_text().partition("\n\n")[0] + "\n"
    other = office.folder / "other"
    other.write_text(sign(body.replace("register", "elsewhere"), [stranger]))
    line = (other, office.checkpoint, "--tiles", office.folder / "tiles", "--key", stranger.public)
    assert "of two logs, elsewhere and register" in office.verify(*line, exits=1).stderr


def test_a_checkpoint_is_checked_by_itself(office):
    told = office.json("verify", office.checkpoint, "--key", office.public)
    assert told["size"] == office.json("status")["position"]
    office.checkpoint.write_bytes(office.checkpoint.read_bytes().replace(b"\n1", b"\n2", 1))
    assert "does not belong to this text" in office.verify(office.checkpoint, exits=1).stderr


def test_what_is_no_public_key_is_said_to_be_none(office):
    (office.folder / "empty.pub").touch()
    nowhere = [office.folder / name for name in ("nowhere.pub", "empty.pub", "")]
    for key in ("nonsense", "a+b+c", *nowhere):
        told = office("verify", office.checkpoint, "--key", key, exits=2)
        assert "--key" in told.stderr
    assert "nowhere" in office("verify", "nowhere", "--key", office.public, exits=2).stderr


def test_tiles_and_log_are_held_against_each_other(office):
    told = office.json("check", "tiles")
    assert (told["differences"], told["size"]) == ([], office.json("status")["position"])
    (tile,) = (office.folder / "tiles" / "tile" / "0" / "000.p").iterdir()
    whole = tile.read_bytes()
    tile.write_bytes(whole[:70] + bytes([whole[70] ^ 4]) + whole[71:])
    told = office("check", "tiles", exits=1)
    assert (
        f"tile/0/000.p/{tile.name}: byte 70: the hash of leaf 2 (position 3) is damaged"
        in told.stdout
    )
    assert "registry check tiles" in office("prove", office.county.father, exits=6).stderr
    office("publish", "--anew")
    assert "everything agrees" in office("check", "tiles").stdout
    assert tile.read_bytes() == whole


def test_an_entry_that_was_changed_in_the_database_is_found(office):
    office.sql("update entries set state = x'7b7d0a' where position = 3")
    found = office.json("check", "tiles", exits=1)["differences"]
    assert [one["leaf"] for one in found] == [None, 2]
    told = office("publish", exits=5)
    assert "position 3 is not the one that was published" in told.stderr


def test_what_cannot_be_a_leaf_is_not_published(office):
    office.sql("update entries set origin = 9 where position = 3")
    assert "position 3" in office("publish", exits=6).stderr
    office.sql("delete from entries where position = 3")
    assert "no entry at position 3" in office("publish", "--anew", exits=5).stderr


def test_a_restored_backup_is_held_against_a_checkpoint_that_was_kept(office):
    kept = office.folder / "kept"
    shutil.copy(office.checkpoint, kept)
    assert "everything agrees" in office("check", "checkpoint", kept).stdout
    office.sql("delete from entries where position = (select max(position) from entries)")
    told = office("check", "checkpoint", kept, exits=1)
    assert "older copy" in told.stdout
    assert "older than that" in office("publish", exits=5).stderr
    kept.write_bytes(b"?")
    office("check", "checkpoint", kept, exits=2)


def test_publishing_goes_on_with_the_log_until_it_is_told_to_stop(office, monkeypatch):
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            office.do(
                "RegisterDeath",
                person=office.county.daughter,
                died_on="2007-02-01",
                declarant="王一",
            )
        if len(waits) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", wait)
    told = office("publish", "--every", 60).stdout
    sizes = [int(size) for size in re.findall(r"^size +(\d+)$", told, re.M)]
    assert len(sizes) == 2
    assert sizes[0] < sizes[1] == office.json("status")["position"]
    assert waits == [60.0] * 4


def test_keys_are_changed_by_overlap(office):
    first = office("key", "list").stdout.strip()
    second = office.json("key", "new")["public_key"]
    assert office.json("publish")["added"] == 0
    for key in (first, second):
        assert office.json("verify", office.checkpoint, "--key", key)["origin"] == "register"
    told = office.json("verify", office.checkpoint, "--key", first, "--key", second)
    assert len(told["signed_by"].split(", ")) == 2


def test_who_proves_and_checks_need_not_be_able_to_sign(office):
    (office.folder / "signing.key").unlink()
    office("prove", office.county.father)
    office("check", "tiles")
    office("check", "checkpoint", office.checkpoint)
    assert "registry key new" in office("publish", exits=6).stderr
    office.public.write_text("nonsense")
    assert "signing.pub" in office("check", "tiles", exits=6).stderr


def test_publishing_needs_no_officer(office):
    assert office.json("publish", **dict.fromkeys(OFFICER, ""))["added"] == 0
