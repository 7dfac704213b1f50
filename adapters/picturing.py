"""What a report of an audit draws: counts by sex and age, by cause, and by stage of application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from registry.days import day_at, end_of
from replay.questions.diff import Balance, diff
from replay.questions.findings import Whole
from replay.questions.population import SEXES, Census
from replay.states.history import At
from replay.states.steps import STATES

if TYPE_CHECKING:
    from replay.columns.log import Log


@dataclass(frozen=True)
class Pictures:
    """What a report draws: counts by sex and age, by cause, and by stage of application.

    pyramid: ages, men, women. came, went: in a year. backlog: applications by state.
    """

    pyramid: tuple[list[int], list[int], list[int]]
    came: Mapping[str, int]
    went: Mapping[str, int]
    backlog: Mapping[str, int]


#: Of an audit in which nothing is drawn.
BLANK = Pictures(([], [], []), {}, {}, {})


def pictures(log: Log, at: At, known_at: int, found: Whole) -> Pictures:
    """What a report draws; the flows are those of the year before the last entry.

    known_at: when the position of the point was recorded, microseconds UTC. found: what one pass
    over the log says.
    """
    last = min(at.valid_on, day_at(known_at))
    eve = last - timedelta(365)
    before = At(eve, min(log.position_at(end_of(eve)), at.known))
    year = diff(log, before, At(last, at.known))
    states = np.zeros(len(STATES), "i8")
    for counts in found.backlog.table.values():
        states += counts.sum(axis=1)
    return Pictures(
        pyramid(found.census),
        flows(log, year.balances, "came"),
        flows(log, year.balances, "went"),
        {str(state): int(count) for state, count in zip(STATES, states, strict=True) if count},
    )


def pyramid(told: Census) -> tuple[list[int], list[int], list[int]]:
    """Ages with the number of men and women of each; ages that nobody has are left out."""
    whole = told.table.sum(axis=0)
    by_name = {sex.name: whole[number] for number, sex in enumerate(SEXES) if sex is not None}
    men, women = by_name["MALE"], by_name["FEMALE"]
    ages = np.flatnonzero((men + women)[:-1]).tolist()
    return ages, men[ages].tolist(), women[ages].tolist()


def flows(log: Log, balances: Iterable[Balance], side: str) -> dict[str, int]:
    """What came to, or went from, all communities together, by cause."""
    communities = set(log.spaces.ids("community", range(log.spaces.count("community"))))
    total: dict[str, int] = {}
    for one in balances:
        if one.place in communities:
            for cause, count in getattr(one, side).items():
                total[cause.value] = total.get(cause.value, 0) + count
    return total
