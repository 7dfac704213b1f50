"""Many workers find what one finds, and the loss of one costs only what it had in hand."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.vocabulary import Kind
from replay.columns.faults import Damaged
from replay.columns.runs import runs
from replay.machines import Cluster, Part, Processes, Threads
from replay.questions.comparing import digested, register_digest, register_digest_on
from replay.questions.findings import Whole
from replay.questions.whole import Task, see, whole, whole_on
from replay.sealed.reading import SealedLog
from replay.sealed.writing import LogWriter
from replay.states.history import At
from tests.replay.histories import town

LOTS = [[(Kind.PERSON, number)] for number in range(4)]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A sealed town of many partitions."""
    folder = tmp_path_factory.mktemp("sealed")
    entries = town(20041122, 4).entries
    with LogWriter(folder, bits=2) as writer:
        writer.append(runs(entries, writer.spaces), entries[-1].position)
    return folder


def at_the_end(folder: Path) -> At:
    """The last position, long after."""
    return At(date(2059, 1, 1), SealedLog(folder).head)


def same(one: Whole, other: Whole) -> None:
    """Whether two passes found the same."""
    assert str(one.root) == str(other.root)
    assert one.duplicates == other.duplicates
    assert one.census.counts == other.census.counts
    assert np.array_equal(one.census.table, other.census.table)
    assert np.array_equal(one.census.occupants, other.census.occupants)
    assert {kind: told.tolist() for kind, told in one.faults.items()} == {
        kind: told.tolist() for kind, told in other.faults.items()
    }
    assert (one.entries, one.bodies) == (other.entries, other.bodies)


def test_threads_find_what_one_pass_finds(sealed):
    at, told = at_the_end(sealed), []
    found = whole_on(Threads(2), sealed, at, tell=lambda: told.append(1))
    same(found, whole(SealedLog(sealed), at))
    assert len(told) > 2


def test_the_register_digest_is_the_same_on_many_machines(sealed):
    at, told = at_the_end(sealed), []
    digest = register_digest_on(Threads(2), sealed, at, tell=lambda: told.append(1))
    assert digest == register_digest(SealedLog(sealed), at)
    assert len(told) == len(digested(SealedLog(sealed)))


def test_findings_are_the_same_after_they_were_sent(sealed):
    at = at_the_end(sealed)

    class Post:
        """Sends everything to and fro."""

        def __call__(self, function: Any, lots: Any) -> Any:
            for lot in lots:
                there, parcel = pickle.loads(pickle.dumps((function, lot)))
                yield pickle.loads(pickle.dumps(there(parcel)))

    same(whole_on(Post(), sealed, at), whole(SealedLog(sealed), at))


def test_a_flipped_bit_stops_the_pass_of_every_worker(sealed, tmp_path):
    files = {one.name: bytearray(one.read_bytes()) for one in sealed.iterdir() if one.is_file()}
    parts = SealedLog(sealed).manifest.parts
    part = next(one for one in parts if (one.what, one.of) == ("run", "person"))
    files[part.file][len(files[part.file]) // 3] ^= 1
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(Damaged):
        whole_on(Threads(2), tmp_path, at_the_end(tmp_path))


def dies_once(folder: Path, lot: Sequence[Part]) -> tuple[int, list[Part]]:
    """Kill the process at the first sight of a lot; be answered at the second."""
    mark = folder / f"{lot[0][1]}"
    if lot[0][1] == 2 and not mark.exists():
        mark.touch()
        os._exit(9)
    return os.getpid(), list(lot)


def dies(lot: Sequence[Part]) -> None:
    """Kill the process."""
    os._exit(9)


@pytest.mark.long
def test_lots_of_a_process_that_dies_are_done_again(tmp_path):
    found = list(Processes(2)(partial(dies_once, tmp_path), LOTS))
    assert sorted(lot[0][1] for _, lot in found) == [0, 1, 2, 3]
    assert os.getpid() not in {process for process, _ in found}


@pytest.mark.long
def test_what_kills_every_process_is_an_error():
    with pytest.raises(BrokenProcessPool):
        list(Processes(1)(dies, LOTS[:1]))


@pytest.mark.long
def test_processes_find_what_one_pass_finds(sealed):
    at = at_the_end(sealed)
    same(whole_on(Processes(2), sealed, at), whole(SealedLog(sealed), at))


def loses_a_worker(mark: Path, task: Task, lot: Sequence[Part]) -> Any:
    """What a worker finds; the first one is killed in the middle."""
    if lot[0][0] is Kind.PERSON and not mark.exists():
        mark.touch()
        os._exit(9)
    return see(task, lot)


@pytest.mark.long
def test_a_cluster_finds_the_same_root_although_a_worker_is_lost(sealed, tmp_path):
    from distributed import Client, LocalCluster

    at, mark = at_the_end(sealed), tmp_path / "killed"
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        workers = Cluster(client)

        class Losing:
            """The same workers, of which one is killed."""

            def __call__(self, function: Any, lots: Any) -> Any:
                return workers(partial(loses_a_worker, mark, function.args[0]), lots)

        same(whole_on(Losing(), sealed, at), whole(SealedLog(sealed), at))
    assert mark.exists()
