"""A file is found whole or not at all, however many write it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.files import EVERYBODY, OWNER_ONLY, write_whole


def test_of_several_writers_at_once_one_is_found_whole(tmp_path: Path):
    path = tmp_path / "report"
    bodies = [bytes([letter]) * 20_000 for letter in b"abcdefgh"]
    with ThreadPoolExecutor(len(bodies)) as pool:
        for _ in range(20):
            list(pool.map(lambda body: write_whole(path, body, EVERYBODY), bodies))
            assert path.read_bytes() in bodies
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


def test_the_file_is_of_the_mode_that_was_asked_whatever_stood_there(tmp_path: Path):
    path = tmp_path / "keys"
    write_whole(path, b"1", EVERYBODY)
    write_whole(path, b"2", OWNER_ONLY)
    assert path.stat().st_mode & 0o777 == OWNER_ONLY


def test_what_cannot_be_put_in_its_place_leaves_nothing_beside(tmp_path: Path):
    path = tmp_path / "report"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(path, b"1", EVERYBODY)
    assert os.listdir(tmp_path) == ["report"]
