"""A store that is gone through in bulk is judged as one that is looked at entry by entry."""

from __future__ import annotations

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import LargeBinary, cast, delete, update

from adapters import auditing, sealed_matching, walking
from adapters.columnar import Columnar
from adapters.database import open_database, writing
from adapters.eventstore import Recorder, entries
from adapters.invariants import Inspection, inspect_store
from adapters.sealed_matching import Compared, differences, differences_by_sums
from adapters.sealing import Job, seal, seal_apart
from adapters.walking import SPAN, Walked, walk
from registry.events.person import NameChanged
from replay.columns.faults import Damaged
from replay.sealed.reading import SealedLog
from tests.adapters.followed import CODEC, kept, record
from tests.adapters.terminal import Terminal
from tests.adapters.test_redacting import redaction
from tests.strategies import story

KEY = bytes(32)
E = entries.c
#: What may be done to a row, by a name.
HARM: dict[str, Any] = {
    "a gap": lambda at: delete(entries).where(E.position == at),
    "recorded before": lambda at: update(entries).where(E.position == at).values(recorded_at=1),
    "of a newer program": lambda at: update(entries).where(E.position == at).values(code=999),
    "no code": lambda at: update(entries).where(E.position == at).values(code=0),
    "foreign": lambda at: update(entries).where(E.position == at).values(code=None, topic="x"),
    "no JSON": lambda at: update(entries).where(E.position == at).values(state=b"{]\n"),
    "a line within": lambda at: (
        update(entries).where(E.position == at).values(state=b'{"effective_on":"\n2000-01-01"}\n')
    ),
    "no text": lambda at: (
        update(entries).where(E.position == at).values(state=b'{"effective_on":"\xff"}\n')
    ),
    "two lines": lambda at: (
        update(entries)
        .where(E.position == at)
        .values(state=cast(E.state.concat(b"\n"), LargeBinary))
    ),
    "another day": lambda at: (
        update(entries).where(E.position == at).values(effective_on=E.effective_on + 1)
    ),
    "another version": lambda at: (
        update(entries).where(E.position == at).values(version=E.version + 500)
    ),
    "another officer": lambda at: update(entries).where(E.position == at).values(officer="nobody"),
    "a topic": lambda at: update(entries).where(E.position == at).values(topic="x"),
    "another text": lambda at: (
        update(entries).where(E.position == at).values(private=b'{"subject":{"salt":"00"}}\n')
    ),
    "another submission": lambda at: (
        update(entries).where(E.position == at).values(submission=bytes(16))
    ),
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory, sqlite_template):
    """A register in which everything happens that is hard, and what is sealed of it."""
    built = kept(tmp_path_factory.mktemp("filled"), sqlite_template, story(23, 2000).entries)
    seal(Job(f"sqlite:///{built}", built.parent / "sealed", lot=300))
    return built


@pytest.fixture
def url(filled, tmp_path):
    """A copy of it."""
    shutil.copy(filled, tmp_path / "registry.db")
    return f"sqlite:///{tmp_path / 'registry.db'}"


def harm(url: str, *told: tuple[str, int]) -> None:
    """Do something to rows."""
    engine = open_database(url, durability="off")
    with writing(engine) as connection:
        for name, position in told:
            connection.execute(HARM[name](position))
    engine.dispose()


def in_bulk(url: str, lot: int) -> Walked:
    """What is seen of a store in lots of so many positions, in this process."""
    with Columnar(url) as source, pytest.MonkeyPatch.context() as patch:
        head = source.head()
        patch.setattr(walking, "LOT", lot)
        patch.setattr(walking, "_OPENED", [(source, KEY)])
        told = (walking._lot(after, min(after + lot, head)) for after in range(0, head, lot))
        patch.setattr(walking, "_lots", lambda *of: told)
        return walk(url, head, KEY)


def judged(url: str, seen: Walked | None = None) -> Inspection:
    """What is found wrong with a store."""
    engine = open_database(url)
    found = inspect_store(engine, Recorder(engine, node=1), seen)
    engine.dispose()
    return found


def test_nothing_is_wrong_with_a_sound_store_and_no_row_is_looked_at_twice(url, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(walking, "own_faults", None)  # which nobody asks
        seen = in_bulk(url, 512)
    assert (seen.entries, seen.faults) == (seen.head, {})
    found = judged(url, seen)
    assert found == judged(url)
    assert found.faults == ()


@pytest.mark.parametrize("name", HARM)
def test_a_row_that_is_wrong_is_judged_as_if_it_was_looked_at_alone(url, name):
    harm(url, (name, 300))
    alone = judged(url)
    assert bool(alone.faults) == (name not in {"foreign", "another officer", "a topic"})
    assert judged(url, in_bulk(url, 512)) == alone
    assert judged(url, in_bulk(url, 256)) == alone


def test_rows_that_are_wrong_everywhere_are_all_found(url):
    harm(url, *((name, 40 * turn) for turn, name in enumerate(HARM, 1)), ("a gap", 512))
    alone = judged(url)
    assert len({one.rule for one in alone.faults}) >= 8
    assert {*judged(url, in_bulk(url, 512)).faults} == {*alone.faults}


def test_both_databases_add_up_to_the_same(database_url):
    engine = open_database(database_url, durability="off")
    record(Recorder(engine, node=1), story(23, 300).entries)
    engine.dispose()
    seen = in_bulk(database_url, 1024)
    assert seen.faults == {}
    assert len(seen.sums) == -(-seen.head // SPAN)


@pytest.fixture
def here(monkeypatch):
    """What is shared out among processes is done in this one."""
    monkeypatch.setattr(sealed_matching, "_OPENED", [])
    monkeypatch.setattr(
        sealed_matching,
        "ProcessPoolExecutor",
        lambda processes, context, **how: ThreadPoolExecutor(1, **how),
    )


def compared(url: str, folder: Path, seen: Walked) -> Compared:
    """What is sealed, held against a store by sums."""
    engine = open_database(url)
    told = [*differences_by_sums(SealedLog(folder), engine, Recorder(engine, node=1), seen, KEY)]
    engine.dispose()
    faults = tuple(fault for one in told for fault in one.faults)
    return Compared(sum(one.entries for one in told), sum(one.found for one in told), faults)


@pytest.mark.usefixtures("here")
def test_what_is_sealed_is_held_against_what_the_store_adds_up_to(url, filled):
    sealed = filled.parent / "sealed"
    sound = in_bulk(url, 512)
    assert compared(url, sealed, sound) == Compared(sound.head, 0, ())
    harmed = {40 * turn: name for turn, name in enumerate(HARM, 1)}
    harm(url, *((name, position) for position, name in harmed.items()))
    found = compared(url, sealed, in_bulk(url, 512))
    assert (found.entries, found.found) == (sound.head, len(HARM))
    for name, fault in zip(HARM, found.faults, strict=True):
        alone = "stands in the sealed log alone" if name == "a gap" else "is another in the store"
        assert fault.endswith(alone)
    engine = open_database(url)
    told = [*differences(SealedLog(sealed), engine, Recorder(engine, node=1))]
    engine.dispose()
    streams = {fault.split(":")[0] for one in told for fault in one.faults}
    assert {fault.split(":")[0] for fault in found.faults} == streams


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["a topic", "another submission"])
def test_what_no_column_tells_is_held_against_what_is_sealed_too(url, filled, name):
    harm(url, (name, 300))
    found = compared(url, filled.parent / "sealed", in_bulk(url, 512))
    assert found.found == 1
    assert found.faults[0].endswith("is another in the store")


@pytest.mark.usefixtures("here")
def test_a_store_that_has_gone_on_holds_what_was_sealed(url, tmp_path):
    seal_apart(Job(url, tmp_path / "sealed", until=300))
    seen = in_bulk(url, 512)
    assert compared(url, tmp_path / "sealed", seen) == Compared(300, 0, ())
    less = Walked(200, sums=seen.sums[:1])
    assert compared(url, tmp_path / "sealed", less) == Compared(200, 0, ())


@pytest.mark.usefixtures("here")
def test_what_was_blanked_and_waits_to_be_sealed_is_no_difference(url, filled):
    engine = open_database(url)
    store = Recorder(engine, node=1)
    log = [CODEC.entry(one) for one in store.page(0, 10_000)]
    (chosen, *_) = (one for one in log if isinstance(one.event, NameChanged))
    record(store, [redaction(log, chosen)])
    engine.dispose()
    seen = in_bulk(url, 512)
    assert (seen.entries, seen.faults) == (len(log) + 1, {})
    assert compared(url, filled.parent / "sealed", seen) == Compared(len(log), 0, ())
    harm(url, ("another officer", chosen.position - 1))
    found = compared(url, filled.parent / "sealed", in_bulk(url, 512))
    assert found.found == 1, "beside it a difference is one"


@pytest.mark.usefixtures("here")
def test_of_a_log_that_differs_everywhere_few_entries_are_compared(url, filled, monkeypatch):
    monkeypatch.setattr(sealed_matching, "COMPARED", 1)
    seen = in_bulk(url, 512)
    seen.sums += np.uint64(1)
    found = compared(url, filled.parent / "sealed", seen)
    assert found.found == len(seen.sums) - 1
    (fault,) = found.faults
    assert fault.startswith(f"{found.found} further stretches of 256 entries")
    assert fault.endswith("the first from position 257 on")


def test_the_audit_of_a_long_log_is_made_in_bulk(url, filled, monkeypatch, tmp_path):
    terminal = Terminal(tmp_path, url)
    terminal.env["REGISTRY_SEALED"] = str(filled.parent / "sealed")
    terminal("migrate")
    only = ("--only", "store", "--only", "sealed")
    harm(url, ("another officer", 300))
    alone = terminal.json("audit", *only, exits=1)
    monkeypatch.setattr(auditing, "SHARED_FROM", 0)
    told = terminal.json("audit", *only, exits=1)
    for one, other in zip(alone["verdicts"], told["verdicts"], strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert [one["found"] for one in told["verdicts"]] == [0, 1]


@pytest.mark.usefixtures("here")
def test_a_damaged_column_stops_the_comparison_and_is_named(url, filled, tmp_path):
    shutil.copytree(filled.parent / "sealed", tmp_path / "sealed")
    largest = max((tmp_path / "sealed").glob("person*"), key=lambda file: file.stat().st_size)
    raw = bytearray(largest.read_bytes())
    raw[len(raw) // 2] ^= 1
    largest.write_bytes(raw)
    with pytest.raises(Damaged) as damage:
        compared(url, tmp_path / "sealed", in_bulk(url, 512))
    again = pickle.loads(pickle.dumps(damage.value))
    assert str(again) == str(damage.value)
    assert [flaw.file for flaw in again.flaws] == [largest.name]
