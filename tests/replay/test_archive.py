"""A log in one file is the log in its folder, and every damage to it is found."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from errno import ENOSPC

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.vocabulary import VOCABULARY
from replay.columns.faults import Damaged, Foreign
from replay.sealed.archive import CONTENTS, Archive, verify_archive, write_archive
from replay.sealed.manifest import MANIFEST
from replay.sealed.reading import Folder, SealedLog, read_manifest
from replay.sealed.zipped import AROUND
from tests.replay.histories import town
from tests.replay.test_log import told_by_blocks
from tests.replay.test_sealed import KEY, ordered, seal


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archived")
    log = ordered(town(7, 1).entries)
    seal(folder / "sealed", [log[:60], log[60:]])
    write_archive(Folder(folder / "sealed"), folder / "province.zip")
    return folder / "province.zip"


def test_an_archive_reads_like_the_folder_it_was_made_of(archived):
    held = SealedLog(Archive(archived))
    told = told_by_blocks(held)
    assert told == ordered(town(7, 1).entries)
    assert told == told_by_blocks(SealedLog(archived.parent / "sealed"))
    assert not list(verify_archive(archived, [KEY.public_key()]))


def test_what_is_in_an_archive_is_announced_before_it_has_its_name(archived, tmp_path):
    path = tmp_path / "province.registry"
    told = []
    write_archive(
        Folder(archived.parent / "sealed"),
        path,
        announce=lambda manifest: told.append((manifest.head, path.exists())),
    )
    assert told == [(read_manifest(Archive(path)).head, False)]


def test_half_an_archive_is_not_left_lying_about(archived, tmp_path):
    def full(written: int) -> None:
        raise OSError(ENOSPC, "no space left")

    with pytest.raises(OSError, match="no space"):
        write_archive(Folder(archived.parent / "sealed"), tmp_path / "province.zip", full)
    assert [*tmp_path.iterdir()] == []


def test_columns_lie_in_an_archive_as_they_are_read(archived):
    archive = Archive(archived)
    assert all(one.offset % 64 == 0 for one in archive.members.values())


def test_any_program_for_zip_opens_an_archive(archived):
    with zipfile.ZipFile(archived) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        schemas = [name for name in names if name.startswith("schemas/")]
        assert len(schemas) == len(VOCABULARY)
        assert "codes/INDEX.csv" in names
        assert load_pem_public_key(opened.read("key.pem")) == KEY.public_key()
        assert b"little-endian" in opened.read("README.txt")
        assert opened.read("manifest.json") == bytes(Archive(archived).data("manifest.json"))
    done = subprocess.run([sys.executable, "-m", "zipfile", "-t", archived], capture_output=True)
    assert done.returncode == 0


@given(place=st.integers(0, 2**40), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=200)
def test_a_flipped_bit_is_found_in_its_member(archived, place, bit):
    archive = Archive(archived)
    wrong = bytearray(archived.read_bytes())
    place %= len(wrong)
    wrong[place] ^= 1 << bit
    (member,) = [
        one.name for one in archive.members.values() if one.offset <= place < one.offset + one.size
    ] or [AROUND]
    copy = archived.with_name("wrong.zip")
    copy.write_bytes(bytes(wrong))
    sound: set[str] = set()
    found = {one.file.partition(",")[0] for one in verify_archive(copy, sound=sound)}
    assert found
    if member != AROUND:
        assert found == {member}
    else:
        assert found <= {AROUND, copy.name}
    if member not in (MANIFEST, AROUND):
        parts = read_manifest(archive).parts
        assert sound == {one.root for one in parts if one.file != member}, "which is not believed"


@given(size=st.integers(0, 2**40))
@settings(deadline=None, max_examples=50)
def test_an_archive_that_is_cut_off_is_not_opened(archived, size):
    raw = archived.read_bytes()
    copy = archived.with_name("cut.zip")
    copy.write_bytes(raw[: size % len(raw)])
    with pytest.raises((Damaged, Foreign)):
        Archive(copy)
    assert list(verify_archive(copy))


def test_a_file_of_something_else_is_no_archive(tmp_path):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("hello.txt", "hello")
    with pytest.raises((Damaged, Foreign)):
        Archive(other)


def test_the_hashes_of_what_explains_the_log_are_in_the_archive(archived):
    archive = Archive(archived)
    assert CONTENTS in archive.members
    assert archive.size == archived.stat().st_size
