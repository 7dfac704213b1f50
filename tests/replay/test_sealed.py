"""What is sealed reads back as it was recorded, and every damage is found where it is."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.codec import blanked
from registry.errors import RegistryError
from registry.vocabulary import Kind
from replay.columns.exact import stored_rows, stored_runs
from replay.columns.faults import Damaged, Foreign
from replay.columns.log import KeptLog
from replay.columns.runs import runs
from replay.questions.digest import state_root
from replay.sealed.edition import differences, read_edition
from replay.sealed.files import ColumnFile
from replay.sealed.manifest import CHAIN, MANIFEST
from replay.sealed.reading import Folder, NotSealed, SealedLog, edition_file, verify
from replay.sealed.writing import BeingWritten, LogWriter
from replay.states.history import At
from tests.replay.histories import histories, town
from tests.replay.test_intake import stored
from tests.replay.test_log import kind_of, pieces, told_by_blocks

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LATE = date(2100, 1, 1)
SLOW = settings(deadline=None, max_examples=15)


@contextmanager
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield Path(path) / "sealed"


def ordered(log):
    """Instants as the append lock gives them: never decreasing."""
    at = sorted(one.recorded_at for one in log)
    return [one._replace(recorded_at=when) for one, when in zip(log, at, strict=True)]


def seal(path, parts, bits=2, key=KEY, **how):
    for part in parts:
        if part:
            with LogWriter(path, key, bits) as writer:
                writer.append(runs(part, writer.spaces), part[-1].position, **how)


def in_parts(parts):
    log = ordered([one for part in parts for one in part])
    found, taken = [], 0
    for part in parts:
        found.append(log[taken : taken + len(part)])
        taken += len(part)
    return log, found


@given(parts=pieces(), tidy=st.booleans(), compact=st.booleans())
@SLOW
def test_a_sealed_log_reads_back_as_it_was_recorded(parts, tidy, compact):
    log, parts = in_parts(parts)
    with folder() as path:
        seal(path, parts, tidy=tidy)
        if not log:
            return
        if compact:
            with LogWriter(path, KEY) as writer:
                writer.compact()
                assert not any(one.base < 0 for one in writer.parts if one.what == "run")
        held = SealedLog(path)
        assert held.head == len(log)
        assert told_by_blocks(held) == log
        assert not list(verify(Folder(path), [KEY.public_key()]))
        for kind, stream in {(kind_of(one), one.stream) for one in log}:
            mine = [one for one in log if (kind_of(one), one.stream) == (kind, stream)]
            assert held.history(kind, stream) == mine
        kept = KeptLog(log)
        for one in log:
            for at in (one.recorded_at - 1, one.recorded_at):
                assert held.position_at(at) == kept.position_at(at)


@given(log=histories(), data=st.data())
@SLOW
def test_what_is_not_sealed_yet_lies_on_top(log, data):
    log = ordered(log)
    cut = data.draw(st.integers(1, len(log)))
    overlap = data.draw(st.integers(0, cut))
    with folder() as path:
        seal(path, [log[:cut]])
        held = SealedLog(path, log[overlap:])
        assert held.head == len(log)
        assert told_by_blocks(held) == log
        assert held.position_at(log[-1].recorded_at) == len(log)


def test_a_partition_without_anything_on_top_lies_as_it_is_read():
    log = ordered(town(1, 2).entries)
    with folder() as path:
        seal(path, [log])
        with LogWriter(path, KEY) as writer:
            writer.compact()
        held = SealedLog(path)
        block = held.block(Kind.PERSON, 0)
        (part,) = held.parts(Kind.PERSON, 0)
        assert block.starts is held.segment(part).run.starts
        assert block.code is held.segment(part).run.code


@pytest.fixture(scope="module")
def sealed_town():
    log = ordered(town(3, 2).entries)
    with folder() as path:
        half = len(log) // 2
        seal(path, [log[:half]])
        with LogWriter(path, KEY) as writer:
            writer.compact()
        seal(path, [log[half:]], tidy=False)
        yield SealedTown(path, log)


class SealedTown:
    """A sealed log, and what was recorded."""

    def __init__(self, path, log):
        self.path, self.log = path, log


def files_of(path):
    """The files that stand; those of the manifest before may lie beside them."""
    named = {one.file for one in SealedLog(path).manifest.parts}
    return sorted(
        one for one in path.iterdir() if one.name in named or one.suffix in (".json", ".ndjson")
    )


class Altered(Folder):
    """A folder some of whose files hold something else, or nothing."""

    def __init__(self, path, changed):
        super().__init__(path)
        self.changed = changed

    def data(self, name):
        if name not in self.changed:
            return super().data(name)
        if self.changed[name] is None:
            raise FileNotFoundError(name)
        return memoryview(self.changed[name])


@given(chosen=st.integers(0, 2**16), place=st.integers(0, 2**32), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=80)
def test_a_flipped_bit_is_found_in_its_file(sealed_town, chosen, place, bit):
    path = sealed_town.path
    files = files_of(path)
    file = files[chosen % len(files)]
    wrong = bytearray(file.read_bytes())
    wrong[place % len(wrong)] ^= 1 << bit
    flaws = list(verify(Altered(path, {file.name: bytes(wrong)}), [KEY.public_key()]))
    assert flaws
    assert {one.file.partition(",")[0] for one in flaws} == {file.name}


@given(data=st.data())
@SLOW
def test_a_damage_in_a_column_is_told_by_column_and_leaf(sealed_town, data):
    path = sealed_town.path
    log = SealedLog(path)
    part = data.draw(st.sampled_from(log.manifest.parts))
    columns = log.columns(part)
    place = data.draw(st.sampled_from([*columns.places.values()]))
    wrong = bytearray((path / part.file).read_bytes())
    wrong[place.offset + data.draw(st.integers(0, place.size - 1))] ^= 0x40
    (flaw,) = verify(Altered(path, {part.file: bytes(wrong)}))
    assert (flaw.file, flaw.column, flaw.leaf) == (part.file, place.name, 0)


@given(data=st.data())
@SLOW
def test_a_file_that_is_cut_off_is_never_read_past_its_end(sealed_town, data):
    path, log = sealed_town.path, sealed_town.log
    file = data.draw(st.sampled_from(files_of(path)))
    whole = file.read_bytes()
    cut = Altered(path, {file.name: whole[: data.draw(st.integers(0, len(whole) - 1))]})
    assert {one.file.partition(",")[0] for one in verify(cut)} == {file.name}
    try:
        told = told_by_blocks(SealedLog(cut))
    except (Damaged, Foreign):
        return
    assert told == log, "what is read all the same does not need this file"
    assert file.name.startswith((CHAIN, "ids", "instants"))


def test_a_file_of_something_else_is_not_read(sealed_town):
    path = sealed_town.path
    for file in files_of(path):
        other = Altered(path, {file.name: b'{"name": "something else"}\n' * 20})
        assert {one.file.partition(",")[0] for one in verify(other)} == {file.name}


def test_a_missing_file_is_named(sealed_town):
    path = sealed_town.path
    for file in files_of(path):
        if file.name == MANIFEST:
            continue
        assert [one.file for one in verify(Altered(path, {file.name: None}))] == [file.name]


def test_a_log_signed_by_another_is_not_ours(sealed_town):
    path = sealed_town.path
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    assert "not signed with the key" in str(next(verify(Folder(path), [other])))


def test_the_key_that_signed_last_vouches_for_all_before_it():
    log = ordered(town(3, 1).entries)
    former = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with folder() as path:
        for part, key in zip((log[:20], log[20:40], log[40:]), (None, former, KEY), strict=True):
            seal(path, [part], key=key)
        assert not [*verify(Folder(path), [KEY.public_key()])]
        assert not [*verify(Folder(path), [former.public_key(), KEY.public_key()])]
        (flaw,) = verify(Folder(path), [former.public_key()])
        assert (flaw.file, "is not signed with the key" in str(flaw)) == (MANIFEST, True)


def test_an_empty_folder_says_that_nothing_is_sealed(tmp_path):
    with pytest.raises(NotSealed):
        SealedLog(tmp_path)


def test_one_program_writes_at_a_time(tmp_path):
    with LogWriter(tmp_path), pytest.raises(BeingWritten):
        LogWriter(tmp_path)
    with LogWriter(tmp_path):
        pass


class Pulled(RegistryError):
    """The plug."""


class Plug:
    """Pulls the plug at the nth call that changes a disk; a write is torn in the middle."""

    def __init__(self, monkeypatch, at):
        self.left = at
        monkeypatch.setattr("replay.sealed.writing.THREADS", 1)  # so that steps come in one order
        monkeypatch.setattr("replay.sealed.writing.SYNCING", 1)
        for owner, name in ((os, "fsync"), (os, "truncate"), (Path, "replace"), (Path, "unlink")):
            monkeypatch.setattr(owner, name, self.counting(getattr(owner, name)))
        for module in ("files", "manifest", "reading"):
            monkeypatch.setattr(f"replay.sealed.{module}.put", self.tearing)

    def counting(self, function):
        def counted(*args, **kwargs):
            self.count()
            return function(*args, **kwargs)

        return counted

    def tearing(self, file, data):
        view = memoryview(data)
        try:
            self.count()
        except Pulled:
            file.write(view[: len(view) // 2])
            raise
        file.write(view)

    def count(self):
        self.left -= 1
        if self.left < 0:
            raise Pulled


def test_a_crash_at_any_step_leaves_the_log_as_it_was_or_as_it_was_to_become(tmp_path):
    log = ordered(town(5, 1).entries)
    first, second = log[: len(log) // 2], log[len(log) // 2 :]
    whole = tmp_path / "whole"
    seal(whole, [first], bits=6)
    steps, crashes = 0, 0
    while True:
        path = Path(shutil.copytree(whole, tmp_path / f"after-{steps}"))
        with pytest.MonkeyPatch.context() as monkeypatch:
            plug = Plug(monkeypatch, steps)
            try:
                seal(path, [second], bits=6)
            except Pulled:
                crashes += 1
        held = SealedLog(path)
        assert held.head in (len(first), len(log))
        assert not list(verify(Folder(path), [KEY.public_key()]))
        if steps % 10 == 0:
            assert told_by_blocks(held) == log[: held.head]
            # and the next writer goes on from there
            seal(path, [log[held.head :]], bits=6)
            assert told_by_blocks(SealedLog(path)) == log
            named = {one.file for one in SealedLog(path).manifest.parts}
            assert not list(verify(Folder(path), [KEY.public_key()]))
            with LogWriter(path, KEY) as writer:
                assert {one.file for one in writer.parts} == named
            assert {one.name for one in path.glob("*.columns")} == named
        shutil.rmtree(path)
        if plug.left >= 0:
            break
        steps += 7 if steps > 20 else 1
    assert crashes > 20


def check_every_byte(log):
    log.check_rest()
    for kind in Kind:
        for partition in log.partitions(kind):
            log.check(kind, partition)


def test_a_partition_is_hashed_before_it_is_believed(sealed_town):
    path = sealed_town.path
    log = SealedLog(path)
    check_every_byte(log)
    for part in log.manifest.parts:
        wrong = bytearray((path / part.file).read_bytes())
        wrong[100] ^= 1
        torn = SealedLog(Altered(path, {part.file: bytes(wrong)}))
        with pytest.raises(Damaged, match=part.file):
            check_every_byte(torn)


def flipped(path, part, column):
    """The bytes of a file, with one bit of a column turned over."""
    data = bytearray((path / part.file).read_bytes())
    place = ColumnFile(part.file, memoryview(bytes(data))).places[column]
    data[place.offset + place.size // 2] ^= 4
    return bytes(data)


def test_a_guarded_log_believes_no_column_before_it_is_hashed(sealed_town):
    path, now = sealed_town.path, At(LATE, 2**31)
    held = SealedLog(path, guarded=True)
    assert state_root(held, now) == state_root(SealedLog(path), now)
    for part in held.manifest.parts:
        if (part.what, part.of) != ("run", "person"):
            continue
        changed = {part.file: flipped(path, part, "effective_on")}
        torn = SealedLog(Altered(path, changed), guarded=True)
        with pytest.raises(Damaged, match=rf"{part.file}, column effective_on, leaf 0"):
            state_root(torn, now)
        cold = {part.file: flipped(path, part, "texts.data")}
        torn = SealedLog(Altered(path, cold), guarded=True)
        with pytest.raises(Damaged, match=r"texts\.data"):
            told_by_blocks(torn)


def test_what_is_damaged_is_not_written_on_under_a_new_root(tmp_path):
    log = ordered(town(2, 1).entries)
    seal(tmp_path / "sound", [log[:20], log[20:40]], tidy=False)

    def write_on(path):
        with LogWriter(path, KEY) as writer:
            writer.append(runs(log[40:], writer.spaces), len(log), tidy=False)
            writer.compact()

    chosen = {"instants": "at", "ids": "high", "run": "texts.data"}
    for part in SealedLog(tmp_path / "sound").manifest.parts:
        if part.of not in ("person", "") or part.base >= 0:
            continue
        path = shutil.copytree(tmp_path / "sound", tmp_path / part.file)
        (path / part.file).write_bytes(flipped(path, part, chosen[part.what]))
        with pytest.raises(Damaged, match=f"{part.file}, column {chosen[part.what]}"):
            write_on(path)
        assert part in SealedLog(path).manifest.parts, "it still has the root that it had"
    write_on(tmp_path / "sound")
    assert not [*verify(Folder(tmp_path / "sound"))]


def test_the_log_as_it_is_now_shares_the_files_that_are_open(tmp_path):
    log = ordered(town(2, 1).entries)
    seal(tmp_path, [log[:50]])
    held = SealedLog(tmp_path)
    first = [held.segment(one) for one in held.parts(Kind.PERSON, 0)]
    seal(tmp_path, [log[50:100]], tidy=False)
    now = held.again(log)
    assert held.head == 50
    assert now.head == len(log)
    assert [now.segment(one) for one in held.parts(Kind.PERSON, 0)] == first
    assert told_by_blocks(now) == log


def test_a_log_of_another_vocabulary_is_not_read(sealed_town):
    path = sealed_town.path
    name = edition_file(SealedLog(path).manifest.link.vocabulary)
    told = read_edition((path / name).read_bytes())
    assert differences(told) == []
    for change, said in (
        (lambda: told["events"].update({"1023": {}}), "event 1023 is not in"),
        (lambda: told["tables"]["Nationality"].reverse(), "codes of Nationality"),
        (lambda: told["events"]["101"]["dense"].update(x="u4"), "event 101 has other columns"),
        (lambda: told["events"]["2"]["sparse"].update(x="u4"), "event 2 has other optional"),
    ):
        change()
        assert any(said in one for one in differences(told)), said


def redacted(row):
    """A stored entry whose private half was blanked."""
    private = row.private
    for part in json.loads(private or b"{}"):
        private, _ = blanked(private, part)
    return replace(row, private=private)


@given(parts=pieces(), tidy=st.booleans(), blank=st.sets(st.integers(1, 16)))
@SLOW
def test_the_stored_bytes_come_back_from_a_sealed_log(parts, tidy, blank):
    log, parts = in_parts(parts)
    rows = [redacted(row) if row.position in blank else row for row in stored(log)]
    with folder() as path:
        for part in parts:
            if part:
                with LogWriter(path, KEY, 2) as writer:
                    mine = [rows[entry.position - 1] for entry in part]
                    runs = stored_runs(mine, writer.spaces)
                    writer.append(runs, part[-1].position, tidy=tidy)
        if not log:
            return
        held = SealedLog(path)
        told = [
            row
            for kind in Kind
            for partition in held.partitions(kind)
            for row in stored_rows(held.block(kind, partition), held.spaces)
        ]
    assert sorted(told, key=lambda row: row.position) == rows
