"""A town while its plan is made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replay.province import columns as c
from replay.province.dice import words

Ints = NDArray[np.int32]
#: A town as it is planned, i8[ROWS, WIDTH]; `replay.province.columns` tells where everything is.
Town = NDArray[np.int64]


class Setting(NamedTuple):
    """What a town is made of.

    baseline: the day for which the older system vouches. opened: that of the import. days: how long
    it lives on. given, brought: the sequence codes for births and for others, 30 after each.
    faults: how many times as often as usual something is wrong on purpose.
    """

    households: int
    baseline: int
    opened: int
    days: int
    given: int
    brought: int
    faults: int = 1


def empty_town(setting: Setting, seed: int, number: int, before: Town | None = None) -> Town:
    """A town in which nothing has happened yet; `before` is one that is over, for its memory."""
    assert setting.households * 7 < c.MOST_HOUSES, "towns have fewer households"
    town = np.zeros((c.ROWS, c.WIDTH), np.int64) if before is None else before
    town[c.COUNTED] = 0
    town[c.COUNTED, c.DICE : c.DICE + 2] = words(seed, number)
    town[c.COUNTED, c.FAULTS] = setting.faults
    days = town[c.DAYS + c.FIRST_BIRTH : c.DAYS + setting.opened + setting.days + 1]
    days[:] = 0
    days[:, (c.D_BOOK, c.D_DUE)] = -1
    return town


def plan_of(town: Town) -> Town:
    """The rows of a town's plan."""
    return town[c.PLAN : c.PLAN + int(town[c.COUNTED, c.N_PLAN])]
