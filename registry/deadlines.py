"""When an application for a card is due, at its stage and as a whole: computed, never recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from registry.codes import table
from registry.limits import limit
from registry.numbers import OFFICE_WIDTHS
from registry.values import OfficeCode, PackageContent

#: The state of what is on the way to a unit, by the width of its code; 12: the site, the station.
ON_THE_WAY: Mapping[PackageContent, Mapping[int, str]] = {
    PackageContent.DATA: {2: "18", 4: "14", 6: "03", 12: "24"},
    PackageContent.CARDS: {2: "31", 4: "63", 6: "73", 12: "83"},
}


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


def package_due(content: PackageContent, receiver: OfficeCode, sent_on: date) -> date:
    """The last day on which a package is to have come: by then its stage should be over.

    The tier of the receiver tells the state of what is on the way to it.
    """
    width = next(one for one in OFFICE_WIDTHS if not receiver[one:].strip("0"))
    state = ON_THE_WAY[content].get(width, ON_THE_WAY[content][12])
    return stages()[state].due(sent_on)


def card_due(applied_on: date, extension: int = 0) -> date:
    """The last day on which the card is to be handed out (发证期限).

    applied_on: the day of the form. extension: days by which the time was prolonged, 30 at most,
    where the place is hard to reach.
    Source: 居民身份证法 art. 12.
    """
    return limit("card_issue", applied_on).after(applied_on) + timedelta(extension)


def after_working_days(day: date, amount: int) -> date:
    """The day that lies so many working days later.

    >>> after_working_days(date(2007, 2, 16), 3)  # the Friday before the Spring Festival
    datetime.date(2007, 2, 26)
    """
    while amount:
        day += timedelta(1)
        amount -= is_working(day)
    return day


def is_working(day: date) -> bool:
    """Whether offices work on a day (工作日): Monday to Friday, but for what was moved.

    Public holidays are days off, and weekends before and after them may be worked instead. Of
    years that the table public_holidays does not have, weekends alone are off.
    Source: 全国年节及纪念日放假办法; the yearly notices of the State Council's office.
    """
    return _moved().get(day, day.weekday() < 5)


@cache
def _moved() -> Mapping[date, bool]:
    """Whether offices work on each day that the notices name."""
    found = {}
    for row in table("public_holidays"):
        first, last = (date.fromisoformat(row[name]) for name in ("first_day", "last_day"))
        for more in range((last - first).days + 1):
            found[first + timedelta(more)] = row["works"] == "1"
    return found
