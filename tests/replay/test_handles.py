"""Identifiers in columns have the handles that a plain list would give them."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.columns.forms import KeptSpaces
from replay.sealed import handles
from replay.sealed.handles import Chunk, ColumnarSpaces

# Few different halves, so that identifiers share the one or the other.
HALVES = st.integers(0, 3) | st.sampled_from([2**64 - 1, 2**63, 7 << 40])
IDS = st.builds(lambda high, low: UUID(int=high << 64 | low), HALVES, HALVES)


@given(
    batches=st.lists(st.lists(IDS, max_size=9), max_size=5),
    sealed=st.integers(0, 5),
    few=st.sampled_from([0, 2, 100]),
)
@settings(deadline=None)
def test_handles_rise_in_the_order_of_coming_however_much_is_sealed(batches, sealed, few):
    plain, held = KeptSpaces(), ColumnarSpaces()
    chunks: list[Chunk] = []
    named = {UUID(int=99)}.union(*batches)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handles, "FEW", few)
        for number, batch in enumerate(batches):
            if number == sealed:  # what came so far is sealed, and read by a new one
                held = ColumnarSpaces({"person": chunks, "card": []}.__getitem__)
            assert held.handles("person", batch) == plain.handles("person", batch)
            counts = {"person": sum(len(one) for one in chunks)}
            if number < sealed:
                chunks += held.since(counts).values()
        assert held.count("person") == plain.count("person")
        every = list(range(plain.count("person")))
        assert held.ids("person", every) == plain.ids("person", every)
        for one in named:
            assert held.find("person", one) == plain.find("person", one)
        assert held.count("card") == 0
        assert held.find("card", UUID(int=1)) is None


@given(ids=st.lists(IDS, unique=True, max_size=30), first=st.integers(0, 1000))
@settings(deadline=None)
def test_sealed_identifiers_are_found_by_halving(ids, first):
    high = np.array([one.int >> 64 for one in ids], "u8")
    low = np.array([one.int & 2**64 - 1 for one in ids], "u8")
    chunk = Chunk.of(first, high, low)
    found = [chunk.find(one.int >> 64, one.int & 2**64 - 1) for one in ids]
    assert found == list(range(first, first + len(ids)))
    assert chunk.find(17, 4) is None
