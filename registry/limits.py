"""Limits and periods of the law, each in force from a day on and citing its document."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from registry.codes import table


@dataclass(frozen=True)
class Limit:
    """An amount that a document sets for a time."""

    amount: int
    unit: str
    document: str

    def after(self, day: date) -> date:
        """The last day in time, counted from a day; a month ends on its own last day at most."""
        if self.unit == "day":
            return day + timedelta(self.amount)
        months = self.amount * (12 if self.unit == "year" else 1)
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def limit(name: str, on: date) -> Limit:
    """The limit of a name in force on a day; the earliest one for days before any document."""
    rows = [row for row in table("legal_limits") if row["name"] == name]
    assert rows, f"no limit is called {name}"
    in_force = [row for row in rows if row["valid_from"] <= on.isoformat()] or rows[:1]
    row = in_force[-1]
    return Limit(int(row["amount"]), row["unit"], row["document"])
