"""Rows laid out from chains of states say on both clocks what the states say, each once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.states.laying import STILL, STILL_KNOWN, Chains, laid_out, place

DAYS = range(-1, 9)


class Said(NamedTuple):
    """An entry: its day, its position, and what is so after it, None for nothing."""

    day: int
    position: int
    value: int | None


@st.composite
def chains(draw: st.DrawFn, nothing: bool) -> list[list[Said]]:
    """Some chains of entries whose days never fall; nothing: there may be no row."""
    values = st.integers(0, 2) | st.none() if nothing else st.integers(0, 2)
    steps = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2), values), max_size=7)
    found = []
    for told in draw(st.lists(steps, max_size=3)):
        day, position, chain = 0, 0, []
        for days, positions, value in told:
            day, position = day + days, position + positions
            chain.append(Said(day, position, value))
        found.append(chain)
    return found


def columns(told: list[list[Said]]) -> Chains:
    """Chains as the loop takes them, flags found out one by one."""
    flat = [one for chain in told for one in chain]
    last, before = [], []
    for chain in told:
        for number, one in enumerate(chain):
            earlier = [other for other in chain[:number] if other.day < one.day]
            there = one.value is not None
            last.append(number > 0 and there and chain[number - 1].value == one.value)
            before.append(bool(earlier) and there and earlier[-1].value == one.value)
    ends = np.cumsum([0, *map(len, told)])
    day, position = (np.array([one[at] for one in flat], "i8") for at in (0, 1))
    shown = np.array([one.value is not None for one in flat], "u1")
    return Chains(ends, day, position, shown, np.array(last, "u1"), np.array(before, "u1"))


def so(chain: list[Said], day: int, known: int) -> int | None:
    """What was so on a day, as known at a position."""
    found = [one.value for one in chain if one.day <= day and one.position <= known]
    return found[-1] if found else None


def rows(told: list[list[Said]], known: int, spans: bool) -> list[Any]:
    """The rows of chains: number of the chain, value, since, until, known, known until."""
    flat = [(number, one.value) for number, chain in enumerate(told) for one in chain]
    laid = laid_out(columns(told), known, spans).tolist()
    return [(*flat[entry], *rest) for entry, *rest in laid]


@settings(deadline=None)
@given(chains(nothing=True))
def test_rows_with_an_end_say_on_every_day_and_position_what_is_so(told):
    found = rows(told, STILL_KNOWN - 1, spans=True)
    assert all(one[2] < one[3] and one[4] < one[5] for one in found)
    for number, chain in enumerate(told):
        for known in range(max((one.position for one in chain), default=0) + 2):
            seen = sorted(
                (since, until, value)
                for which, value, since, until, first, end in found
                if which == number and first <= known < end
            )
            for day in DAYS:
                here = [value for since, until, value in seen if since <= day < until]
                expected = so(chain, day, known)
                assert here == ([] if expected is None else [expected])
            assert all(one[1] != two[0] or one[2] != two[2] for one, two in pairwise(seen))
            assert not seen or seen[-1][1] == STILL or so(chain, 99, known) is None


@settings(deadline=None)
@given(chains(nothing=False))
def test_rows_that_mean_until_the_next_say_what_is_so_too(told):
    found = rows(told, STILL_KNOWN - 1, spans=False)
    for number, chain in enumerate(told):
        for known in range(max((one.position for one in chain), default=0) + 2):
            seen = sorted(
                (since, value)
                for which, value, since, _, first, end in found
                if which == number and first <= known < end
            )
            for day in DAYS:
                here = [value for since, value in seen if since <= day]
                assert (here[-1] if here else None) == so(chain, day, known)
            assert all(one[0] < two[0] and one[1] != two[1] for one, two in pairwise(seen))


@settings(deadline=None)
@given(chains(nothing=True), st.integers(0, 9), st.booleans())
def test_what_came_after_a_position_changes_no_row_as_known_there(told, known, spans):
    cut = [[one for one in chain if one.position <= known] for chain in told]
    assert rows(told, known, spans) == rows(cut, STILL_KNOWN - 1, spans)


def test_fields_lie_behind_each_other_each_behind_its_size():
    data = np.frombuffer(b"abcde", "u1")
    out, at = np.zeros(22, "u1"), np.array([0, 12])
    place(at, np.array([1, 0]), np.array([3, -1]), data, out)
    place(at, np.array([4, 0]), np.array([1, 2]), data, out)
    assert at.tolist() == [12, 22]
    assert out.tobytes() == b"\0\0\0\3bcd\0\0\0\1e\xff\xff\xff\xff\0\0\0\2ab"
