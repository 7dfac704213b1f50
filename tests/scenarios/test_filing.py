"""What is filed stays filed: a later report of the same period stands beside it (上报统计报表).

The figures themselves are recomputed by the adapters before a filing is recorded; here is the law
of the ledger. Source: 德办发(2004)39号 三(六)3.
"""

from __future__ import annotations

from datetime import date, timedelta

from registry.aggregates import Reports
from registry.commands.reports import FileReport
from registry.values import Digest, ReportForm
from tests.scenarios.test_programme import OFFICE
from tests.scenarios.town import Town

MONTH, ON_A_DAY = ReportForm("population-month"), ReportForm("population-base")
THEN = "2007-06-01T12:30:00.000001+08:00"


def filing(
    town: Town,
    first: date,
    last: date,
    *,
    form: ReportForm = MONTH,
    said: str = "a",
    at: str = THEN,
) -> FileReport:
    """A report of the city, whose figures have a digest of one repeated digit."""
    return FileReport(
        form=form,
        division=town.deyang,
        first=first,
        last=last,
        known_at=at,
        figures=Digest(said * 64),
        size=100,
        rows=3,
    )


def test_a_later_report_of_a_period_stands_beside_the_earlier_one(town: Town):
    may, end = date(2007, 5, 1), date(2007, 5, 31)
    town.today = date(2007, 6, 15)
    first = town.do(filing(town, may, end), OFFICE)
    second = town.do(filing(town, may, end, said="b"), OFFICE)
    assert (first["version"], second["version"]) == (1, 2)
    assert first["report"] == second["report"]
    told = Reports.fold(town.register.history(first["report"]))
    assert told is not None
    assert told.filed == (Digest("a" * 64), Digest("b" * 64))
    assert town.refused(filing(town, may, end, said="b"), OFFICE) == ["report-filed"]


def test_a_month_is_told_when_it_is_over_and_a_state_on_its_own_day(town: Town):
    town.today = date(2007, 6, 30)
    june = filing(town, date(2007, 6, 1), town.today)
    assert town.refused(june, OFFICE) == ["period-unfit"]
    today = filing(town, town.today, town.today, form=ON_A_DAY)
    assert town.do(today, OFFICE)["version"] == 1
    tomorrow = town.today + timedelta(1)
    assert town.refused(filing(town, tomorrow, tomorrow, form=ON_A_DAY), OFFICE) == ["period-unfit"]
    town.today = date(2007, 7, 1)
    assert town.do(june, OFFICE)["version"] == 1


def test_a_state_is_of_one_day(town: Town):
    town.today = date(2007, 6, 15)
    two = filing(town, date(2007, 6, 1), date(2007, 6, 2), form=ON_A_DAY)
    assert town.refused(two, OFFICE) == ["period-unfit"]
