"""A log gives whole blocks, however many runs it lies in."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.vocabulary import VOCABULARY, Kind
from replay.columns.faults import Missing
from replay.columns.forms import KeptSpaces
from replay.columns.log import KeptLayer, KeptLog, LayeredLog
from replay.columns.runs import entries, runs
from replay.threads import over_stretches
from tests.replay.test_columns import logs


class InPieces(LayeredLog):
    """A log in memory that came in several runs."""

    def __init__(self, pieces, bits):
        self.spaces, self.bits, self.pieces = KeptSpaces(), bits, pieces
        for kind in Kind:  # handles do not depend on where the log is cut
            mine = [one.stream for piece in pieces for one in piece if kind_of(one) is kind]
            self.spaces.handles(kind.value, mine)
        self.held = [
            {kind: KeptLayer(run, bits) for kind, run in runs(one, self.spaces).items()}
            for one in pieces
        ]

    @property
    def head(self):
        return max((one.position for piece in self.pieces for one in piece), default=0)

    def position_at(self, instant):
        return KeptLog(one for piece in self.pieces for one in piece).position_at(instant)

    def layers(self, kind, partition):
        return [one[kind] for one in self.held if kind in one]


@st.composite
def pieces(draw):
    log = draw(logs(most=16))
    cuts = sorted(draw(st.lists(st.integers(0, len(log)), max_size=4)))
    return [log[a:b] for a, b in zip([0, *cuts], [*cuts, len(log)], strict=True)]


def kind_of(entry):
    return VOCABULARY[type(entry.event)].kind


def told_by_blocks(log):
    found = []
    for kind in Kind:
        for partition in log.partitions(kind):
            found += entries(log.block(kind, partition), log.spaces)
    return sorted(found, key=lambda entry: entry.position)


def arrays(block):
    yield from (block.starts, block.code, block.effective_on, block.position)
    yield from block.dense.values()
    yield from block.cold.values()
    for side in block.sparse.values():
        yield side.rows
        yield from side.parts.values()
        if side.offsets is not None:
            yield side.offsets


@given(log=logs(most=16), bits=st.sampled_from([2, 16]))
@settings(deadline=None, max_examples=15)
def test_the_blocks_of_a_log_hold_every_entry_once(log, bits):
    assert told_by_blocks(KeptLog(log, bits)) == log


@given(parts=pieces(), stretches=st.sampled_from([1, 4, 64]))
@settings(deadline=None, max_examples=15)
def test_stretches_hold_every_entry_once_and_cross_no_partition(parts, stretches):
    log, found, bits = InPieces(parts, 2), [], 2

    def note(block):
        assert block.first >> bits == block.first + block.size - 1 >> bits
        found.extend(entries(block, log.spaces))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replay.threads.STRETCHES", stretches)
        patch.setattr("replay.threads.SHORTEST", 0)
        for kind in Kind:
            over_stretches(log, kind, note)
    told = [one for part in parts for one in part]
    assert sorted(found, key=lambda entry: entry.position) == told


@given(parts=pieces(), bits=st.sampled_from([2, 16]))
@settings(deadline=None, max_examples=15)
def test_a_log_in_many_runs_reads_like_one(parts, bits):
    assert told_by_blocks(InPieces(parts, bits)) == [one for part in parts for one in part]


@given(parts=pieces())
@settings(deadline=None, max_examples=15)
def test_columns_of_merged_runs_are_those_of_one_run(parts):
    merged, whole = InPieces(parts, 2), InPieces([[one for part in parts for one in part]], 2)
    for kind in Kind:
        assert merged.partitions(kind) == whole.partitions(kind)
        for partition in whole.partitions(kind):
            one, other = whole.block(kind, partition), merged.block(kind, partition)
            for column in ("starts", "code", "effective_on", "position"):
                assert np.array_equal(getattr(one, column), getattr(other, column))
            for name, form in one.layout.dense.items():
                assert len(one.dense[name]) == len(other.dense[name])
                if not form.texts and form.space is None:
                    assert np.array_equal(one.dense[name], other.dense[name])


@given(parts=pieces())
@settings(deadline=None, max_examples=15)
def test_a_history_is_one_stream_in_version_order(parts):
    log = InPieces(parts, 2)
    told = [one for part in parts for one in part]
    for kind, stream in {(kind_of(one), one.stream) for one in told}:
        mine = [one for one in told if (kind_of(one), one.stream) == (kind, stream)]
        assert log.history(kind, stream) == mine
    assert log.history(Kind.PERSON, UUID(int=9999)) == []


@given(parts=pieces())
@settings(deadline=None, max_examples=15)
def test_every_array_of_a_block_is_only_read(parts):
    log = InPieces(parts, 2)
    for kind in Kind:
        for partition in log.partitions(kind):
            for column in arrays(log.block(kind, partition)):
                assert not column.flags.writeable
                assert column.flags.c_contiguous


@given(log=logs(most=16), data=st.data())
@settings(deadline=None, max_examples=15)
def test_a_version_that_is_missing_is_named(log, data):
    later = [one for one in log if one.version > 1]
    if not later:
        return
    lost = data.draw(st.sampled_from(later))
    before = [one for one in log if one.position < lost.position]
    after = [one for one in log if one.position > lost.position]
    if not any((one.stream, kind_of(one)) == (lost.stream, kind_of(lost)) for one in after):
        return
    torn = InPieces([before, after], 2)
    handle = torn.spaces.handles(kind_of(lost).value, [lost.stream])[0]
    said = f"{lost.stream} has no version {lost.version}"
    with pytest.raises(Missing, match=said):
        torn.block(kind_of(lost), handle >> 2)
    with pytest.raises(Missing, match=said):
        torn.history(kind_of(lost), lost.stream)


@given(log=logs(most=16))
@settings(deadline=None, max_examples=15)
def test_an_instant_is_the_last_position_recorded_by_then(log):
    ordered = [
        one._replace(recorded_at=at)
        for one, at in zip(log, sorted(one.recorded_at for one in log), strict=True)
    ]
    held = KeptLog(ordered)
    assert held.head == len(ordered)
    for one in ordered:
        by_then = [other.position for other in ordered if other.recorded_at <= one.recorded_at]
        assert held.position_at(one.recorded_at) == max(by_then)
        before = [other.position for other in ordered if other.recorded_at < one.recorded_at]
        assert held.position_at(one.recorded_at - 1) == max(before, default=0)
