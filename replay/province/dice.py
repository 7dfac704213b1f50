"""Chance from a seed, the same in every language and on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replay.jit import kernel
from replay.province import columns as c

#: L'Ecuyer's two multiplicative generators (1988): products stay below 2^53.
_FIRST, _FIRST_BY = 2147483563, 40014
_SECOND, _SECOND_BY = 2147483399, 40692
_ONE, _OTHER = c.DICE, c.DICE + 1


def words(seed: int, stream: int) -> tuple[int, int]:
    """What the dice begin with, other for each stream of a seed."""
    one, other = np.random.SeedSequence([seed, stream]).generate_state(2).tolist()
    return 1 + one % (_FIRST - 1), 1 + other % (_SECOND - 1)


@kernel
def draw(t: NDArray[np.int64], sides: int) -> int:
    """Throw a town's dice: one of 0 to sides - 1."""
    one = int(t[c.COUNTED, _ONE]) * _FIRST_BY % _FIRST
    other = int(t[c.COUNTED, _OTHER]) * _SECOND_BY % _SECOND
    t[c.COUNTED, _ONE], t[c.COUNTED, _OTHER] = one, other
    return (one - other) % _FIRST * int(sides) // _FIRST


@kernel
def chance(t: NDArray[np.int64], parts: int) -> bool:
    """Whether something happens that does so `parts` times in a million."""
    return draw(t, 1_000_000) < parts


@kernel
def wrong(t: NDArray[np.int64], parts: int) -> bool:
    """Whether something goes wrong that does so `parts` times in a million, as a rule."""
    return draw(t, 1_000_000) < parts * int(t[c.COUNTED, c.FAULTS])
