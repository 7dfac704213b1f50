"""A town's whole life: the import, then day after day what chance and its rates bring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replay.jit import kernel
from replay.province import columns as c
from replay.province import happening as to
from replay.province.dice import draw
from replay.province.issuing import advance, apply
from replay.province.living import take_over
from replay.province.plan import Setting, Town

#: How often each business comes, in millionths of a resident's year.
RATES = {
    c.B_BIRTH: 6300,
    c.B_DEATH: 5000,
    c.B_MOVE: 1500,
    c.B_SPLIT: 1300,
    c.B_MERGE: 200,
    c.B_MOVE_HOUSE: 2500,
    c.B_OUT: 2100,
    c.B_IN: 1000,
    c.B_NEWCOMER: 2500,
    c.B_NAME: 3100,
    c.B_CORRECT_NAME: 1500,
    c.B_CORRECT_NATIONALITY: 300,
    c.B_CORRECT_BIRTH: 300,
    c.B_DETAILS: 8500,
    c.B_VOID: 300,
    c.B_RESTORE: 100,
    c.B_REVERSE: 50,
    c.B_ADJUST: 20,
    c.B_RENUMBER: 4,
    c.B_APPLY: 11_300,
}
#: A million of a million resident's days.
_UNIT = 365_250_000


def rates(often: dict[int, int] = RATES) -> NDArray[np.int64]:
    """Rates as `live` takes them: i8 by business."""
    table = np.zeros(c.BUSINESSES, np.int64)
    for business, rate in often.items():
        table[business] = rate
    return table


@kernel
def live(t: Town, s: Setting, w: Town, often: NDArray[np.int64]) -> None:
    """Make the plan of a town.

    often: i8 by business, millionths of a resident's year. How many there are on a day is the
    expected number, rounded up or down by chance.
    """
    take_over(t, s)
    people = int(t[c.COUNTED, c.N_PERSON])
    last = s.opened + s.days - 1
    for today in range(s.opened + 1, last + 1):
        sequence = 0
        for business in range(often.size):
            if often[business] == 0:
                continue
            expected = often[business] * people
            count = (expected + draw(t, _UNIT)) // _UNIT
            for _ in range(count):
                if business == c.B_APPLY:
                    if apply(t, w, today, last, sequence + 1):
                        sequence += 1
                else:
                    happen(t, s, business, today)
        advance(t, w, today, last)
        if t[c.COUNTED, c.N_FULL]:
            return


@kernel
def happen(t: Town, s: Setting, business: int, today: int) -> None:
    """Plan one business of a kind, where it is possible."""
    if business == c.B_BIRTH:
        to.birth(t, s, today)
    elif business == c.B_DEATH:
        to.death(t, today)
    elif business == c.B_MOVE:
        to.move(t, today)
    elif business == c.B_SPLIT:
        to.split(t, today)
    elif business == c.B_MERGE:
        to.merge(t, today)
    elif business == c.B_MOVE_HOUSE:
        to.move_house(t, today)
    elif business == c.B_OUT:
        to.go(t, today)
    elif business == c.B_IN:
        to.settle(t, today)
    elif business == c.B_NEWCOMER:
        to.newcomer(t, s, today)
    elif business == c.B_NAME:
        to.rename(t, today)
    elif business in (c.B_CORRECT_NAME, c.B_CORRECT_NATIONALITY):
        to.correct(t, business, today)
    elif business == c.B_CORRECT_BIRTH:
        to.correct_birth(t, s, today)
    elif business == c.B_DETAILS:
        to.details(t, today)
    elif business == c.B_VOID:
        to.void(t, today)
    elif business == c.B_RESTORE:
        to.restore(t, today)
    elif business == c.B_REVERSE:
        to.reverse(t, today)
    elif business == c.B_ADJUST:
        to.adjust(t, today)
    elif business == c.B_RENUMBER:
        to.renumber(t, s, today)
