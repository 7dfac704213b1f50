"""Some entities of a block, read together, are what they are one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.vocabulary import Kind
from replay.columns.choosing import chosen
from replay.columns.log import KeptLog
from replay.columns.runs import entries
from tests.replay.histories import histories


@given(log=histories(rounds=2), data=st.data())
@settings(deadline=None, max_examples=25)
def test_some_entities_read_together_are_what_they_are_one_by_one(log, data):
    kept = KeptLog(log, bits=3)
    for kind in (Kind.PERSON, Kind.HOUSEHOLD, Kind.NUMBER):
        for partition in kept.partitions(kind):
            block = kept.block(kind, partition)
            mine = data.draw(st.sets(st.integers(block.first, block.first + block.size - 1)))
            ids = kept.spaces.ids(kind.value, sorted(mine))
            told = [entry for one in ids for entry in kept.history(kind, one)]
            if told:
                assert entries(chosen(block, np.array(sorted(mine), "u4")), kept.spaces) == told
