"""What was blanked leaves a sealed log whole: before it is published nothing, then everything."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from registry.codec import Codec
from registry.values import Name
from registry.vocabulary import Kind
from replay.columns.exact import stored_rows, stored_runs
from replay.sealed.reading import Folder, SealedLog, verify
from replay.sealed.writing import LogWriter
from tests.replay.histories import town
from tests.replay.test_intake import stored
from tests.replay.test_sealed import KEY, Plug, Pulled, ordered, redacted


def rows_of(path):
    """Every stored entry about persons of a sealed log of one partition."""
    log = SealedLog(path)
    found = stored_rows(log.block(Kind.PERSON, 0), log.spaces)
    return sorted(found, key=lambda row: row.position)


def renamed(rows):
    """A row in the middle, which gets a name that nobody else has, and the same row blanked."""
    place = next(
        place for place, row in enumerate(rows) if place > 20 and b'"name":"' in row.private
    )
    event = replace(Codec().entry(rows[place]).event, name=Name("欧阳娜娜"))
    state, private = Codec().halves(event, lambda: bytes(16))
    rows[place] = replace(rows[place], state=state, private=private)
    return rows[place], redacted(rows[place])


def left(path, text):
    """The files of a folder that hold a text."""
    return [one.name for one in path.iterdir() if text in one.read_bytes()]


def test_a_crash_while_something_is_redacted_leaves_the_log_with_it_or_without_it(tmp_path):
    log = ordered(town(5, 1).entries)
    rows = [row for row in stored(log) if Codec().kind(row) is Kind.PERSON]
    text = "欧阳娜娜".encode()
    chosen, blank = renamed(rows)
    after = [blank if row == chosen else row for row in rows]
    whole = tmp_path / "whole"
    for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
        with LogWriter(whole, KEY) as writer:
            writer.append(stored_runs(part, writer.spaces), part[-1].position, tidy=False)
    assert rows_of(whole) == rows
    steps, crashes = 0, 0
    while True:
        path = Path(shutil.copytree(whole, tmp_path / f"after-{steps}"))
        with pytest.MonkeyPatch.context() as monkeypatch:
            plug = Plug(monkeypatch, steps)
            try:
                with LogWriter(path, KEY) as writer:
                    writer.redact([blank], [len(log) + 1])
            except Pulled:
                crashes += 1
        assert not list(verify(Folder(path), [KEY.public_key()]))
        assert rows_of(path) in (rows, after)
        if plug.left >= 0:
            assert not left(path, text), "nor in a file that nobody names any more"
        with LogWriter(path, KEY) as writer:
            writer.redact([blank], [len(log) + 1])
        assert rows_of(path) == after
        assert not left(path, text)
        shutil.rmtree(path)
        if plug.left >= 0:
            break
        steps += 97
    assert crashes > 3
