"""The forms there are, and how each is computed (统计报表); report_forms names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from adapters.counting import following
from adapters.statistics import accounts, changes, offices, population, working
from adapters.statistics.asking import Asked
from adapters.statistics.figures import Figures, Sheet
from registry.errors import Fault, Malformed
from registry.values import ReportForm

FORMS: Mapping[str, Callable[[Asked], Sheet]] = {
    "population-year": population.yearly,
    "population-month": population.monthly,
    "population-base": population.base,
    "ages": population.single_years,
    "cards": working.cards,
    "quotas": working.quotas,
    "readiness": working.readiness,
    "backlog": working.backlog,
    "findings": working.errors,
    "number-faults": accounts.number_faults,
    "findings-weeks": working.weekly,
    "cleaning": working.cleaning,
    "turnaround": working.turnaround,
    "changes": changes.by_business,
    "town-changes": changes.town,
    "migration": changes.migration,
    "overruns": offices.overruns,
    "quality": offices.quality,
    "upload": offices.upload,
    "fees": offices.fees,
    "relief-lists": offices.relief_lists,
    "addresses": accounts.addresses,
    "registration-faults": accounts.registration_faults,
    "reconciliation": accounts.reconciliation,
    "reports-due": accounts.reports_due,
}
#: How the accounts of a form are held against each other.
CLOSING: Mapping[str, Callable[[Figures], Iterator[str]]] = {
    "changes": changes.faults,
    "town-changes": changes.faults,
}


def make(form: ReportForm, asked: Asked) -> Figures:
    """Compute a report."""
    sheet = FORMS[form](asked)
    return Figures(
        form=form,
        division=asked.division.id,
        code=asked.division.code,
        unit=asked.division.name,
        first=asked.first,
        last=asked.last,
        columns=tuple(sheet.columns),
        rows=tuple(sheet.rows),
    )


def faults(figures: Figures) -> Iterator[str]:
    """Where the accounts of a report do not close; only population reports have any."""
    if figures.form.closes:
        yield from CLOSING.get(figures.form, population.faults)(figures)


def period(form: ReportForm, first: date, last: date | None) -> tuple[date, date]:
    """The period of a form that begins on a day: its month, its year, the day itself.

    last: the end, where it is not the usual one. Raises Malformed where the form has no such one.
    """
    ends = {
        "day": first,
        "month": following(first.year * 100 + first.month) - timedelta(1),
        "year": date(first.year, 12, 31),
    }
    end = last or ends.get(form.period, first)
    whole_months = first.day == 1 and (end + timedelta(1)).day == 1
    if form.period == "day" and end != first:
        told = f"the form {form} is of one day"
    elif form.period in {"month", "year"} and not whole_months:
        told = f"the form {form} covers whole months"
    elif end < first:
        told = "the period ends before it begins"
    else:
        return first, end
    raise Malformed([Fault("period", "unfit", told)])
