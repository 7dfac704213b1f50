"""When an application for a card is due, at its stage and as a whole: computed, never recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from registry.codes import table
from registry.limits import limit


@dataclass(frozen=True)
class Stage:
    """A stage of the work on a card, who has it in hand, and how long it may take."""

    name: str
    name_zh: str
    owner: str
    amount: int
    unit: str
    document: str

    def due(self, since: date) -> date:
        """The last day in time, of an application that came into the stage on a day."""
        if self.unit == "day":
            return since + timedelta(self.amount)
        return after_working_days(since, self.amount)


@cache
def stages() -> Mapping[str, Stage]:
    """The stage of each state that has one; nobody waits for the office in the others."""
    found = {}
    for row in table("card_deadlines"):
        stage = Stage(
            row["stage"],
            row["name_zh"],
            row["owner"],
            int(row["amount"]),
            row["unit"],
            row["document"],
        )
        for state in row["states"].split("|"):
            assert state not in found, f"state {state} stands in two stages"
            found[state] = stage
    return found


def stage_due(state: str, since: date) -> date | None:
    """The last day of the stage of a state that an application came into on a day."""
    stage = stages().get(state)
    return None if stage is None else stage.due(since)


def card_due(accepted_on: date, extension: int = 0) -> date:
    """The last day on which the card is to be handed out (发证期限).

    extension: days by which the time was prolonged, 30 at most, where the place is hard to reach.
    Source: 居民身份证法 art. 12.
    """
    return limit("card_issue", accepted_on).after(accepted_on) + timedelta(extension)


def after_working_days(day: date, amount: int) -> date:
    """The day that lies so many working days later; Saturdays and Sundays do not count.

    >>> after_working_days(date(2007, 6, 1), 3)  # a Friday
    datetime.date(2007, 6, 6)
    """
    while amount:
        day += timedelta(1)
        amount -= day.weekday() < 5
    return day
