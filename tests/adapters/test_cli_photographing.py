"""Photographs at the command line: a report, a photograph kept, and who may see it."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from adapters.card.derive import Derivation
from adapters.card.signatures import new_signer, open_signers
from adapters.media import Media, new_node_key, open_node_keys
from adapters.photos.drawing import drawn_head, drawn_photo, saved
from registry.values import Digest, MediaType
from tests.adapters.terminal import Terminal, settle
from tests.card.writing import SMALL, made, ordered, signed
from tests.scenarios.town import NAMESPACE, PLACES

PERSON = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def terminal(terminal, tmp_path):
    """A terminal before a fresh register, with a key for photographs."""
    terminal.env["REGISTRY_MEDIA_KEY"] = str(tmp_path / "media.key")
    assert terminal.json("key", "photos") == {"key_version": 1}
    return terminal


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.jpg"
    path.write_bytes(drawn_photo(1))
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.jpg"
    path.write_bytes(saved(drawn_head(1).crop((0, 0, 350, 441))))
    return path


@pytest.fixture
def doubtful(tmp_path):
    """A head upside down: no face is found, the outline is of another shape."""
    path = tmp_path / "doubtful.jpg"
    head = drawn_head(1)
    middle = head.crop((110, 170, 250, 320)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    head.paste(middle, (110, 170))
    path.write_bytes(next(c for q in range(60, 95) if len(c := saved(head, q)) > 14_100))
    return path


def test_a_photographer_is_told_what_to_do(terminal, good, bad):
    assert terminal("photo", "check", good).stdout == "合格\n"
    assert terminal("photo", "check", good, "--language", "en").stdout == "good\n"
    told = terminal("photo", "check", bad, exits=1).stdout
    assert told == "[不合格] 宽度：实测 350，要求 358 px。请裁成 358×441 像素。\n"
    english = terminal("photo", "check", bad, "--language", "en", exits=1).stdout
    assert english.startswith("[has to be put right] width: found 350, asked 358 px; crop it")
    answer = terminal.json("photo", "check", bad, exits=1)
    assert answer["verdict"] is None
    assert [one["rule"] for one in answer["findings"] if not one["passed"]] == ["width"]


def test_a_photograph_is_kept_and_named_as_the_command_names_it(terminal, good):
    town = settle(terminal)
    told = terminal.json("photo", "keep", town.father, good)
    content = good.read_bytes()
    assert told == {
        "photo": hashlib.sha256(content).hexdigest(),
        "photo_size": len(content),
        "photo_type": "image/jpeg",
        "photo_verdict": "passed",
        "chip_photo": told["chip_photo"],
    }
    assert content[100:150] not in (terminal.folder / "registry.db").read_bytes()
    shown = terminal.folder / "shown.jpg"
    terminal("photo", "show", town.father, told["photo"], shown)
    assert shown.read_bytes() == content
    assert shown.stat().st_mode & 0o777 == 0o600
    small = terminal.folder / "small.webp"
    assert terminal.json("photo", "show", town.father, told["chip_photo"], small)["bytes"] == 1024
    assert [(line[3], line[4]) for line in terminal.log()] == [("photo", "answered")] * 2


def test_a_photograph_with_faults_is_not_kept(terminal, bad):
    town = settle(terminal)
    assert "宽度" in terminal("photo", "keep", town.father, bad, exits=1).stdout
    with sqlite3.connect(terminal.folder / "registry.db") as database:
        names = {name for (name,) in database.execute("select name from sqlite_master")}
    database.close()
    assert "media" not in names


def test_what_is_warned_of_is_kept_once_an_officer_has_looked(terminal, doubtful):
    town = settle(terminal)
    assert "人脸" in terminal("photo", "keep", town.father, doubtful, exits=1).stdout
    told = terminal.json("photo", "keep", town.father, doubtful, "--looked")
    assert told["photo_verdict"] == "warned"


def test_a_photograph_is_shown_to_nobody_who_has_no_business_with_it(terminal, good):
    town = settle(terminal)
    digest = terminal.json("photo", "keep", town.father, good)["photo"]
    file = terminal.folder / "shown.jpg"
    line = ("photo", "show", town.father, digest, file)
    terminal(*line, "--roles", "statistics", exits=7)
    terminal(*line, "--area", "220000", exits=7)
    terminal(*line, "--purpose", "curiosity", exits=2)
    terminal("photo", "show", town.daughter, digest, file, exits=4)
    terminal("photo", "show", PERSON, digest, file, exits=4)
    terminal("photo", "show", town.father, "abc", file, exits=2)
    assert not file.exists()
    terminal("photo", "show", town.father, digest, good, exits=2)
    outcomes = [line[4] for line in terminal.log()]
    assert outcomes == ["refused", "nothing", "nothing"]


def test_what_is_forgotten_is_gone_and_the_log_says_who_did_it(terminal, good):
    town = settle(terminal)
    digest = terminal.json("photo", "keep", town.father, good)["photo"]
    terminal("photo", "forget", town.father, "--roles", "station", exits=7)
    terminal("photo", "forget", PERSON, exits=4)
    assert terminal.json("photo", "forget", town.father) == {"forgotten": 2}
    assert terminal.json("photo", "forget", town.father) == {"forgotten": 0}
    terminal("photo", "show", town.father, digest, terminal.folder / "gone.jpg", exits=4)
    told = [(line[3], line[4], line[5]) for line in terminal.log()]
    assert told == [
        ("photo-forget", "nothing", 0),
        ("photo-forget", "answered", 2),
        ("photo-forget", "answered", 0),
        ("photo", "nothing", 0),
    ]


def test_an_old_key_goes_in_two_steps_and_a_crash_between_them_loses_nothing(terminal, good):
    town = settle(terminal)
    digest = terminal.json("photo", "keep", town.father, good)["photo"]
    path = Path(terminal.env["REGISTRY_MEDIA_KEY"])
    assert new_node_key(path) == 2, "as `--rotate` does, and is killed then"
    line = ("photo", "show", town.father, digest)
    terminal(*line, terminal.folder / "both.jpg")
    asked = {"key_version": 2, "may_go": [1]}
    assert terminal.json("key", "photos", "--wrap") == {**asked, "wrapped_anew": 1}
    assert terminal.json("key", "photos", "--wrap") == {**asked, "wrapped_anew": 0}
    terminal.json("photo", "keep", town.daughter, good)
    rotated = {"key_version": 3, "wrapped_anew": 2}
    assert terminal.json("key", "photos", "--rotate") == rotated, "stations may wrap with 2 still"
    terminal("key", "photos", "--rotate", "--wrap", exits=2)
    told = {"key_version": 3, "wrapped_anew": 0, "may_go": [1, 2]}
    assert terminal.json("key", "photos", "--wrap") == told
    path.write_text(path.read_text().splitlines()[-1] + "\n")
    terminal(*line, terminal.folder / "newest.jpg")
    assert (terminal.folder / "newest.jpg").read_bytes() == good.read_bytes()


def test_without_a_key_nothing_is_kept(terminal, good):
    town = settle(terminal)
    told = terminal("photo", "keep", town.father, good, exits=6, REGISTRY_MEDIA_KEY="none.key")
    assert "registry key photos" in told.stderr


def test_keys_for_cards_are_made_and_their_secrets_not_shown(terminal, tmp_path):
    env = {
        "REGISTRY_CARD_KEYS": str(tmp_path / "cards.key"),
        "REGISTRY_CARD_SIGNING_KEY": str(tmp_path / "signing.key"),
    }
    first = terminal.json("key", "cards", **env)
    second = terminal.json("key", "cards", **env)
    assert (first["key_version"], second["key_version"]) == (1, 2)
    assert first["signing_key"] != second["signing_key"]
    secret = (tmp_path / "cards.key").read_text().split()[1]
    assert secret not in terminal("key", "cards", **env).output


@pytest.mark.parametrize("recorded", [None, Digest("ab" * 32)])
def test_an_auditor_has_the_bytes_of_a_card_made_again(town, tmp_path, recorded):
    signing, album = tmp_path / "signing.key", tmp_path / "media.key"
    new_signer(signing)
    new_node_key(album)
    signers = open_signers(signing)
    media = Media(town.register.store.engine, open_node_keys(album))
    media.keep(town.wang, (SMALL, MediaType.WEBP))
    past = Derivation(town.register.store, PLACES, lambda person, digests: [SMALL], signers)
    one = signed(town)
    ordered(town, one)
    body = made(town, one, past, signers.newest, recorded)
    terminal = Terminal(tmp_path, f"sqlite:///{town.path}")
    terminal.env |= {
        "REGISTRY_NAMESPACE": str(NAMESPACE),
        "REGISTRY_MEDIA_KEY": str(album),
        "REGISTRY_CARD_SIGNING_KEY": str(signing),
        "REGISTRY_ROLES": "auditor",
        "REGISTRY_PURPOSE": "supervision",
    }
    terminal("migrate")
    terminal("follow", "--once")
    (told,) = terminal.json("check", "chip", body, exits=1 if recorded else 0)
    assert told["agrees"] == (recorded is None)
    assert (told["recorded"] == told["derived"]) == told["agrees"]
    (line,) = terminal.log()
    assert (line[1], line[3], line[4], line[5]) == ("supervision", "chip", "answered", 1)
    assert told["recorded"] in terminal("check", "chip", body, body, exits=None).stdout
    terminal("check", "chip", body, "--roles", "station", exits=7)
    terminal("check", "chip", body, "--area", "220000", exits=7)
    terminal("check", "chip", PERSON, exits=4)
    terminal("check", "chip", exits=2)


def test_features_of_fingers_are_kept_by_their_digests(terminal, tmp_path):
    town = settle(terminal)
    files = [tmp_path / "left", tmp_path / "right"]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number + 1]) * 512)
    told = terminal.json("photo", "keep-prints", town.father, *files)
    assert told == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    files[1].write_bytes(b"x" * 511)
    terminal("photo", "keep-prints", town.father, *files, exits=2)
    terminal("photo", "keep-prints", PERSON, files[0], exits=4)
    terminal("photo", "keep-prints", town.father, files[0], "--roles", "statistics", exits=7)
