"""Rows in the order of the log become the run that their entries become."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.vocabulary import Kind
from replay.columns import sorting
from replay.columns.faults import Missing
from replay.columns.forms import KeptSpaces
from replay.columns.layout import layout
from replay.columns.merging import merge
from replay.columns.runs import Rows, Run, entries, runs
from replay.columns.sorting import Batch, sorted_run
from replay.sealed.reading import SealedLog
from replay.sealed.writing import LogWriter
from tests.replay.histories import town
from tests.replay.test_columns import logs
from tests.replay.test_log import kind_of, told_by_blocks
from tests.replay.test_sealed import ordered


class Apart(KeptSpaces):
    """Spaces in which every entry of a kind is a stream of its own."""

    def __init__(self, spaces, kind):
        super().__init__()
        self.plain, self.asked_for = spaces, [kind]

    def handles(self, space, ids):
        if space in self.asked_for:  # the streams themselves are asked for first
            self.asked_for = []
            return list(range(len(ids)))
        return self.plain.handles(space, ids)


def unsorted(log, spaces, kind):
    """The rows of one kind in the order of the log: as if each were a stream of its own."""
    apart = [one._replace(version=1) for one in log]
    (run,) = runs(apart, Apart(spaces, kind.value)).values()
    return Rows(**{name: getattr(run, name) for name in Rows.__dataclass_fields__})


@given(log=logs(most=20), spread=st.sampled_from([0, 8, 10**6]))
@settings(deadline=None, max_examples=20)
def test_rows_in_the_order_of_the_log_become_a_run(log, spread):
    spaces = KeptSpaces()
    for kind in {kind_of(one) for one in log}:
        mine = [one for one in log if kind_of(one) is kind]
        handles = np.array(spaces.handles(kind.value, [one.stream for one in mine]), "u4")
        later = [one._replace(version=one.version + 3) for one in mine]
        (plain,) = runs(later, spaces).values()
        version = np.array([one.version for one in later], "u4")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sorting, "SPREAD", spread)
            run = sorted_run(Batch(unsorted(mine, spaces, kind), handles, version))
        assert isinstance(run, Run)
        assert entries(run, spaces) == entries(plain, spaces)
        for name in ("entities", "starts", "first_version", "code", "position"):
            assert np.array_equal(getattr(run, name), getattr(plain, name))
            assert getattr(run, name).dtype == getattr(plain, name).dtype


@given(log=logs(most=20))
@settings(deadline=None, max_examples=20)
def test_a_version_that_is_missing_in_a_batch_is_named(log):
    spaces = KeptSpaces()
    for kind in {kind_of(one) for one in log}:
        mine = [one for one in log if kind_of(one) is kind]
        handles = np.array(spaces.handles(kind.value, [one.stream for one in mine]), "u4")
        versions = np.array([one.version * 2 for one in mine], "u4")
        if max(one.version for one in mine) > 1:
            with pytest.raises(Missing, match=f"{kind.value} .* has no version"):
                sorted_run(Batch(unsorted(mine, spaces, kind), handles, versions))


def test_no_rows_are_an_empty_run():
    block = merge([], layout(Kind.PERSON), 0, 0, str)
    rows = Rows(**{name: getattr(block, name) for name in Rows.__dataclass_fields__})
    assert len(sorted_run(Batch(rows, *np.empty((2, 0), "u4")))) == 0


def test_batches_in_the_order_of_the_log_are_sealed_like_runs(tmp_path):
    log = ordered(town(6, 1).entries)
    with LogWriter(tmp_path) as writer:
        batches = {}
        for kind in Kind:
            mine = [one for one in log if kind_of(one) is kind]
            if mine:
                streams = [one.stream for one in mine]
                handles = np.array(writer.spaces.handles(kind.value, streams), "u4")
                version = np.array([one.version for one in mine], "u4")
                batches[kind] = Batch(unsorted(mine, writer.spaces, kind), handles, version)
        writer.append(batches, len(log))
    assert told_by_blocks(SealedLog(tmp_path)) == log


SEAL = """
import json, sys
from pathlib import Path
from replay.jit import KERNELS
from replay.sealed.rehearsal import rehearse

def compiled():
    ours = (
        "replay.sealed.handles",
        "replay.columns.heaps",
        "replay.columns.merging",
        "replay.columns.sorting",
    )
    return {one.__name__: len(one.signatures) for one in KERNELS if one.__module__ in ours}

rehearse()
before = compiled()

from registry.vocabulary import Kind
from replay.sealed import handles
from replay.columns.runs import runs
from replay.sealed.reading import SealedLog
from replay.sealed.writing import LogWriter
from tests.replay.histories import town
from tests.replay.test_log import told_by_blocks
from tests.replay.test_sealed import ordered

handles.FEW = 20
log = ordered(town(6, 1).entries)
for begin in range(0, len(log), 40):
    with LogWriter(Path(sys.argv[1])) as writer:
        some = log[begin : begin + 40]
        writer.append(runs(some, writer.spaces), some[-1].position)
with LogWriter(Path(sys.argv[1])) as writer:
    writer.compact()
told_by_blocks(SealedLog(Path(sys.argv[1])))
after = compiled()
print(json.dumps([name for name in before if after[name] != before[name]]))
"""


def test_nothing_is_compiled_while_sealing_after_a_rehearsal(tmp_path):
    program = SEAL
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        program = "print([])"  # nothing is compiled at all
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, check=True, text=True
    )
    assert json.loads(done.stdout) == []
