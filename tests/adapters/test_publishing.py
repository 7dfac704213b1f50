"""The published tree follows the log, survives every crash, contradicts nothing, hides nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from sqlalchemy import insert

from adapters import publishing, tiles
from adapters.agreement import compare_checkpoint, compare_tiles
from adapters.assembly import NODE
from adapters.eventstore import Recorder
from adapters.proving import leaf_of
from adapters.publishing import LogDiffers, LogLeaves, publish
from adapters.signing import Signer, new_key, open_signer, public_path, read_public
from adapters.tiles import PublishingElsewhere, TileFolder, TileMissing, read_path, tile_path
from registry.errors import Unavailable
from registry.store import Append, Receipt
from replay.proof.merkle import WIDTH, check_consistency, consistency_proof
from replay.proof.notes import open_checkpoint
from tests.adapters.published import NAMES, Log, Press
from tests.replay import naive_tree as naive


@pytest.fixture
def press(tmp_path):
    """A log of seven hundred entries, nothing of it published."""
    return Press(tmp_path / "tiles", Log(700))


def differences(press):
    """What differs between the folder and the log."""
    return compare_tiles(press.log, press.folder, press.signer.public).differences


def contents(press):
    """Every published file."""
    return {file: file.read_bytes() for file in press.files()}


def test_the_root_is_that_of_the_leaves_as_documented(press):
    for size in (1, 255, 256, 257, 700):
        told = press.publish(size)
        assert told.checkpoint.size == size
        assert told.checkpoint.root == naive.root(press.log.leaves()[:size])
    assert differences(press) == ()


def test_tiles_stand_where_the_specification_wants_them(press):
    press.publish()
    files = [*press.folder.files()]
    assert files == ["tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"]
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(5, 1000, 7) == "tile/5/x001/000.p/7"
    for path in ("tile/0/x001/x234/067", "tile/5/x001/000.p/7", "tile/0/000"):
        place = read_path(path)
        assert place is not None
        assert tile_path(*place) == path
    for path in ("tile/entries/000", "tile/00/000", "tile/0/x000/001", "tile/0/1", "tile/64/000"):
        assert read_path(path) is None
    assert read_path("tile/0/000.p/256") is None


def test_steps_lead_to_the_files_that_one_stride_leads_to(press, tmp_path):
    sizes = (3, 3, 250, 256, 257, 511, 512, 513, 700)
    added = [press.publish(size).added for size in sizes]
    assert added == [after - before for before, after in zip((0, *sizes), sizes, strict=False)]
    other = Press(tmp_path / "other", press.log, press.key)
    other.publish()
    strides = {file.relative_to(other.folder.folder) for file in other.files()}
    for file in strides:
        assert (press.folder.folder / file).read_bytes() == (
            other.folder.folder / file
        ).read_bytes()
    # Partial tiles stay for those who hold their checkpoint, until there is the full one.
    steps = {file.relative_to(press.folder.folder) for file in press.files()}
    assert steps - strides == {Path("tile/0/002.p/1"), Path("tile/1/000.p/1")}


def test_checkpoints_grow_out_of_each_other_and_the_tiles_prove_it(press):
    notes = []
    for size in (1, 200, 256, 300, 700):
        press.publish(size)
        notes.append(press.folder.checkpoint())
    known = [open_checkpoint(note, press.signer.public)[0] for note in notes]
    for old in known:
        for new in known:
            if old.size <= new.size:
                read = press.folder.reader(new.size)
                proof = consistency_proof(old.size, new.size, read)
                check_consistency(old.size, new.size, old.root, new.root, proof)


def test_entries_are_never_published(press):
    press.publish()
    states = [entry.state for entry in press.log.entries]
    held = b"".join(contents(press).values())
    assert not any(state in held for state in states)
    assert b"effective_on" not in held
    bundle = press.folder.folder / "tile" / "entries" / "000"
    bundle.parent.mkdir()
    bundle.write_bytes(states[0])
    (found,) = differences(press)
    assert found.file == "tile/entries/000"


def test_a_flipped_bit_in_any_file_is_located(press):
    for size in (200, 520, 700):
        press.publish(size)
    assert differences(press) == ()
    for file in press.files():
        whole = file.read_bytes()
        name = file.relative_to(press.folder.folder).as_posix()
        for bit in range(0, len(whole) * 8, 997):
            broken = bytearray(whole)
            broken[bit // 8] ^= 1 << bit % 8
            file.write_bytes(broken)
            (found,) = differences(press)
            assert found.file == name
            if name != "checkpoint":
                place = read_path(name)
                assert place is not None
                level, number, _ = place
                assert found.leaf == (number * WIDTH + bit // 8 // 32) * WIDTH**level
                assert f"byte {bit // 8}:" in found.message
                assert "damaged in the file" in found.message
        file.write_bytes(whole)
    assert differences(press) == ()


def test_a_missing_or_shortened_tile_is_named(press):
    press.publish()
    file = press.folder.folder / "tile/0/001"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert [(one.file, one.leaf) for one in differences(press)] == [("tile/0/001", 256)]
    file.unlink()
    assert [one.message for one in differences(press)] == ["is missing"]
    with pytest.raises(TileMissing, match="whole published folder"):
        press.folder.tile(0, 1)


@pytest.mark.parametrize("position", [1, 256, 257, 513, 700])
def test_an_entry_that_was_changed_afterwards_is_located_once(press, position):
    press.publish()
    press.log.change(position, b"{}\n")
    root, leaf = differences(press)
    assert root.file == "checkpoint"
    assert leaf.leaf == position - 1
    assert "is not what the log says now" in leaf.message


def test_of_a_log_that_was_exchanged_the_first_differences_are_listed(press):
    press.publish()
    press.log.entries = Log(700, seed="another").entries
    root, *leaves = differences(press)
    assert "was signed" in root.message
    assert [one.leaf for one in leaves] == [*range(20)]


def test_damage_is_mended_from_the_log(press):
    press.publish()
    before = contents(press)
    for name in ("tile/0/000", "tile/0/002.p/188", "checkpoint"):
        file = press.folder.folder / name
        file.write_bytes(file.read_bytes()[:40] + b"?" * 40)
    assert len(differences(press)) == 1  # without a checkpoint nothing else can be said
    press.publish(anew=True)
    assert contents(press) == before
    assert differences(press) == ()


def test_a_damaged_edge_is_not_gone_on_from(press):
    press.publish(300)
    file = press.folder.folder / "tile/0/001.p/44"
    file.write_bytes(b"?" * len(file.read_bytes()))
    with pytest.raises(TileMissing, match="publish --anew"):
        press.publish()
    press.publish(anew=True)
    assert differences(press) == ()


def test_what_was_signed_is_never_contradicted(press, tmp_path):
    press.publish(600)
    before = contents(press)
    with pytest.raises(LogDiffers, match="ends at position 599"):
        press.publish(599)
    press.log.change(600, b"{}\n")
    with pytest.raises(LogDiffers, match="position 600 is not the one"):
        press.publish()
    press.log.change(600, Log(600).entries[599].state)
    press.log.change(7, b"{}\n")
    for folder in ("tiles", "a new folder"):  # the keys remember what they signed
        with pytest.raises(LogDiffers, match="first 600 entries"):
            Press(tmp_path / folder, press.log, press.key).publish(anew=True)
    assert contents(press) == before


def test_a_new_folder_goes_on_from_what_was_signed(press, tmp_path):
    press.publish(600)
    other = Press(tmp_path / "a new folder", press.log, press.key)
    assert other.publish().added == 700
    assert differences(other) == ()


def test_a_restored_backup_is_compared_by_one_string(press, tmp_path):
    root = press.publish().checkpoint.root
    note = press.folder.checkpoint()
    keys = press.signer.public
    restored = Log(700)
    assert compare_checkpoint(restored, note, keys).root == root
    assert compare_checkpoint(restored, note, keys).differences == ()
    for backup in (Log(699), Log(700, seed="another")):
        (found,) = compare_checkpoint(backup, note, keys).differences
        assert found.file == "checkpoint"
    newer = Log(800)
    assert compare_checkpoint(newer, note, keys).differences == ()


def test_checkpoints_are_signed_on_the_way_and_never_a_smaller_one(press, monkeypatch, tmp_path):
    signed: list[int] = []
    sign = Signer.sign

    def noted(signer, checkpoint):
        signed.append(checkpoint.size)
        return sign(signer, checkpoint)

    monkeypatch.setattr(Signer, "sign", noted)
    monkeypatch.setattr(publishing, "STRIDE", 100)
    press.publish(650)
    assert signed == [300, 600, 650]
    signed.clear()
    Press(tmp_path / "a new folder", press.log, press.key).publish()
    press.publish(anew=True)
    assert signed == [700, 700]
    assert differences(press) == ()


class Killed(BaseException):
    """Dies like a process that is killed."""


def test_a_checkpoint_appears_when_all_that_it_speaks_of_is_on_disk(press, monkeypatch):
    """Told by the order of calls, since no test cuts the power."""
    done = []
    sync, rename = os.fsync, Path.rename

    def synced(handle):
        done.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        sync(handle)

    def renamed(path, place):
        done.append(("rename", str(path)))
        done.append(("appear", str(place)))
        return rename(path, place)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    press.publish()
    last = done.index(("appear", str(press.folder.folder / "checkpoint")))
    for number, (what, path) in enumerate(done):
        if what == "rename":  # what appears was synced before, under the name it had
            assert ("sync", path) in done[:number]
        if what == "appear" and number < last:  # and so is the name that it appears under
            assert ("sync", str(Path(path).parent)) in done[number:last]
    for folder in ("", "tile", "tile/0", "tile/1", "tile/0/002.p"):
        assert ("sync", str(press.folder.folder / folder)) in done[:last]
    assert done[-1] == ("sync", str(press.folder.folder))


@pytest.mark.parametrize("many", [2, tiles.MANY])
def test_a_crash_at_any_instant_leaves_a_tree_that_goes_on(tmp_path, monkeypatch, many):
    """Each sync and rename in turn is the last thing that a process does."""
    monkeypatch.setattr(tiles, "MANY", many)
    monkeypatch.setattr(publishing, "STRIDE", 200)
    log, sizes = Log(530), (3, 250, 300, 530)
    key = tmp_path / "keys.key"
    new_key(key, "register")
    steps = last = 0

    def counted(function):
        def call(*given, **named):
            nonlocal steps
            steps += 1
            if steps == last:
                raise Killed
            return function(*given, **named)

        return call

    for name in ("fsync", "sync"):  # what dies here is a process, not the disk
        monkeypatch.setattr(os, name, counted(lambda *_: None))
    for home, name in ((os, "replace"), (Path, "rename")):
        monkeypatch.setattr(home, name, counted(getattr(home, name)))

    def live() -> bool:
        """Publish step by step; whether it was killed on the way."""
        nonlocal steps
        press = Press(tmp_path / f"tiles-{last}", log, key)
        key.with_suffix(".signed").unlink(missing_ok=True)
        steps, killed = 0, False
        for size in sizes:
            try:
                press.publish(size)
            except Killed:
                killed = True
                if press.folder.checkpoint():  # whatever is signed is whole
                    assert differences(press) == ()
                press.publish(size)
            assert differences(press) == ()
        told, _ = open_checkpoint(press.folder.checkpoint() or b"", press.signer.public)
        assert told.root == naive.root(log.leaves())
        return killed

    assert not live()
    last = 1
    while live():
        last += 1
    assert last > 40


def test_two_do_not_publish_at_once(press):
    with press.folder.publishing(), pytest.raises(PublishingElsewhere):
        press.publish()
    press.publish()


def test_nothing_recorded_is_a_tree_without_leaves(tmp_path):
    press = Press(tmp_path / "tiles", Log(0))
    assert press.publish().checkpoint.size == 0
    assert differences(press) == ()
    with pytest.raises(Unavailable, match="nothing is published"):
        compare_tiles(press.log, TileFolder(tmp_path / "no"), press.signer.public)


# keys


def test_a_key_is_changed_while_both_sign(press):
    press.publish(300)
    old = press.signer.public
    new = [new_key(press.key, "register")]
    assert [str(key) for key in press.signer.public] == [str(key) for key in (*old, *new)]
    press.publish(300)  # nothing new was recorded, and yet there is something to sign
    for known in (old, new):
        assert open_checkpoint(press.folder.checkpoint(), known)[0].size == 300
    press.key.write_text(press.key.read_text().splitlines()[1] + "\n")
    press.publish()
    assert open_checkpoint(press.folder.checkpoint(), new)[1] == tuple(new)
    known = read_public(str(public_path(press.key)))
    assert [str(key) for key in known] == [str(key) for key in (*old, *new)]


def test_a_key_that_nobody_vouches_for_does_not_go_on(press):
    press.publish(300)
    press.key.unlink()
    new_key(press.key, "register")
    with pytest.raises(LogDiffers, match="let the old one sign beside"):
        press.publish()


def test_keys_are_for_their_owner_alone(press):
    assert press.key.stat().st_mode & 0o777 == 0o600
    press.key.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        open_signer(press.key)


@pytest.mark.parametrize("content", ["", "nonsense", "PRIVATE+KEY+register+00000000+AAAA"])
def test_a_file_that_holds_no_key_says_so(press, content):
    press.key.write_text(content)
    with pytest.raises(Unavailable, match=re.escape(str(press.key))):
        press.publish()


def test_a_log_signs_under_its_own_name(press, tmp_path):
    key = tmp_path / "other.key"
    new_key(key, "another")
    with pytest.raises(Unavailable, match="registry key new --name register"):
        Press(tmp_path / "tiles", press.log, key).publish()
    with pytest.raises(ValueError, match="a file of its own"):
        new_key(key, "register")


# the log in a database


def test_leaves_come_from_the_database_as_they_are_documented(engine, tmp_path):
    with engine.begin() as connection:
        for number, name in NAMES.items():
            row = {"number": number, "name": name, "namespace": bytes(16)}
            connection.execute(insert(NODE).values(row))
    store = Recorder(engine, node=1, clock=lambda: 1_000_000)
    log = Log(60)
    receipt, *_ = store.append([Append(None, "Li", "510603001001", b"", b"", log.entries, {})])
    assert isinstance(receipt, Receipt)
    log.entries = store.page(0, 60)
    assert {entry.origin for entry in log.entries} == {1, 2}
    leaves = LogLeaves(engine)
    assert leaves.head() == 60
    assert leaves.hashes(0, 60) == log.hashes(0, 60)
    assert leaves.hashes(20, 30) == log.hashes(20, 30)
    key = tmp_path / "keys.key"
    new_key(key, "register")
    folder = TileFolder(tmp_path / "tiles")
    told = publish(leaves, "register", folder, open_signer(key))
    assert told.checkpoint.root == naive.root(log.leaves())
    for entry, said in zip(log.entries, log.leaves(), strict=True):
        assert leaf_of(NAMES[entry.origin], entry) == said
