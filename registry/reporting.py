"""Which reports are due when, and under which heading a change of population stands (统计报表).

What forms, intervals and headings there are is data that cites its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from registry.codes import table
from registry.programmes import TIERS, ReportForm
from registry.values import Level, MigrationReason


@dataclass(frozen=True)
class Plan:
    """How often a tier files a form, and within how many days (报表上报计划).

    interval: week, month or year. days: after the last day of the interval.
    """

    form: ReportForm
    level: Level
    interval: str
    days: int
    since: date
    until: date | None
    document: str

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        """The intervals whose day of filing lies between two days, both included."""
        begin = self._begin(first - timedelta(self.days + 366))
        while begin <= last:
            after = self._after(begin)
            end = after - timedelta(1)
            due = end + timedelta(self.days)
            inside = self.since <= begin and (self.until is None or end <= self.until)
            if inside and first <= due <= last:
                yield Turn(begin, end, due)
            begin = after

    def _begin(self, day: date) -> date:
        if self.interval == "week":
            return day - timedelta(day.weekday())
        return day.replace(day=1) if self.interval == "month" else day.replace(month=1, day=1)

    def _after(self, begin: date) -> date:
        if self.interval == "week":
            return begin + timedelta(7)
        if self.interval == "year":
            return begin.replace(year=begin.year + 1)
        return (begin + timedelta(31)).replace(day=1)


@dataclass(frozen=True)
class Turn:
    """One interval of a plan, and the last day on which its report is in time."""

    first: date
    last: date
    due_on: date

    def covers(self, form: ReportForm, first: date, last: date) -> bool:
        """Whether a report that was filed is the one of this interval.

        A form of one day may be of any day in it.
        """
        if form.period == "day":
            return self.first <= first and last <= self.last
        return (first, last) == (self.first, self.last)


@cache
def plans() -> tuple[Plan, ...]:
    """The plan of reports."""
    return tuple(
        Plan(
            ReportForm(row["form"]),
            TIERS[row["tier"]],
            row["interval"],
            int(row["days"]),
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
            row["document"],
        )
        for row in table("report_plan")
    )


@dataclass(frozen=True)
class Heading:
    """A heading of the form about the towns' population, and what is counted under it.

    adds: it makes the population larger. kinds, reasons: only these, unless empty; a reason of 2004
    counts as the one of 2014 that took its place.
    """

    code: str
    name_zh: str
    adds: bool
    cause: str
    kinds: frozenset[str]
    reasons: frozenset[str]

    def fits(self, cause: str, kind: str | None, reason: str | None) -> bool:
        """Whether a change stands under it, as far as it is not told from the direction."""
        if cause != self.cause or (self.kinds and kind not in self.kinds):
            return False
        return not self.reasons or _newer(reason) in self.reasons


def _newer(reason: str | None) -> str | None:
    if reason is None:
        return None
    row = MigrationReason(reason).row
    return row.get("reason_2014", reason)


@cache
def headings() -> tuple[Heading, ...]:
    """The headings in the order of the form."""
    return tuple(
        Heading(
            row["code"],
            row["name_zh"],
            row["side"] == "in",
            row["cause"],
            frozenset(row["kinds"].split("|")) - {""},
            frozenset(row["reasons"].split("|")) - {""},
        )
        for row in table("town_changes")
    )


@cache
def heading(cause: str, kind: str | None, reason: str | None, comes: bool) -> Heading:
    """The heading of a change.

    comes: somebody was added. Where a cause has headings on both sides, the direction decides;
    else what undoes a change is taken off the heading of the change.
    """
    found = [one for one in headings() if one.fits(cause, kind, reason)]
    both = {one.adds for one in found} == {True, False}
    return next(one for one in found if one.adds == comes or not both)
