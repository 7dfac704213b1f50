"""Questions about reports of the statistics: computed now, filed once. Counts alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from adapters.http.asking import Answer, Ask, question
from adapters.http.negotiating import CSV, HTML, PDF
from adapters.http.parameters import path_id, typed, whole
from adapters.http.questions.campaigns import OFFICES
from adapters.http.questions.common import PLACE, instant, seen_place
from adapters.statistics.figures import Figures
from adapters.statistics.filing import (
    Filing,
    as_filed,
    filed,
    filed_version,
    filing_of,
    make_report,
    stamp_of,
)
from adapters.statistics.printing import Stamp, html, pdf
from registry.reporting import plans
from registry.values import ReportForm

FORM = typed("form", ReportForm, "a form of the statistics (统计报表)", place="path")
OF_FORM = typed("form", ReportForm, "of this form; otherwise of all")
FIRST = typed("first", date, "the first day of the period", required=True)
LAST = typed("last", date, "its last day; as the form has it unless given")
REPORT = path_id("report", "identifier of a report of one form, place and period")
EXAMPLE = {
    "report": {
        "form": "population-base",
        "name_zh": "人口底数",
        "unit": "旌阳区",
        "first": "2007-05-31",
        "last": "2007-05-31",
        "figures": "9f" * 32,
        "columns": [{"name": "code", "name_zh": "代码"}, {"name": "persons", "name_zh": "人口"}],
        "rows": [{"code": "510603", "persons": 612_034}],
    },
    "known_at": "2007-06-01T10:15:00.000000+08:00",
    "wrong": [],
    "filing": {"form": "population-base", "first": "2007-05-31", "last": "2007-05-31"},
    "valid_on": "2007-06-01",
    "known": "lW1zOMS9tzWVzZEq",
}
VERSION = whole("version", 0, 99_999, 0, "this version; 0: the last one")


SHEETS = (CSV, HTML, PDF)


@question("/report-forms", roles=OFFICES, personal=False, clocks=False)
def report_forms(ask: Ask) -> Answer:
    """The forms of the statistics (统计报表), and by which plan they are due.

    period: what a form covers unless other days are asked for. closes: its accounts must close
    before it is filed. Which were due and are not there tells the form `reports-due`.
    """
    told = [
        {
            "form": form,
            **{name: form.row[name] for name in ("name_zh", "name_en", "period", "document")},
            "closes": form.closes,
            "due": [
                {
                    "tier": plan.level.name.lower(),
                    "interval": plan.interval,
                    "days": plan.days,
                    "since": plan.since,
                    "until": plan.until,
                }
                for plan in plans()
                if plan.form == form
            ],
        }
        for form in ReportForm.all()
    ]
    return Answer({"forms": told}, rows=len(told))


@question(
    "/places/{place}/reports/{form}",
    *(PLACE, FORM, FIRST, LAST),
    roles=OFFICES,
    personal=False,
    produces=SHEETS,
    example=EXAMPLE,
)
def report_made(ask: Ask) -> Answer:
    """A report as it comes of what is known (统计报表); to file it, send `filing` as FileReport.

    wrong: where its accounts do not close; such a report cannot be filed. `Accept` chooses between
    JSON, CSV, and a page as HTML or PDF.
    """
    one = seen_place(ask)
    parts, values = ask.services.parts, ask.values
    made = make_report(
        ask.reader,
        parts.store,
        values["form"],
        one.id,
        values["first"],
        values["last"],
        ask.at,
    )
    told = {
        "report": _told(made.figures),
        "known_at": instant(made.known_at),
        "wrong": made.wrong,
        "filing": dict(filing_of(made).__dict__),
        **ask.point(),
    }
    return _shown(told, made.figures, Stamp(made.known_at))


@question("/places/{place}/reports", PLACE, OF_FORM, roles=OFFICES, personal=False)
def reports(ask: Ask) -> Answer:
    """The reports that were filed for a place, the newest first (已报统计报表)."""
    one = seen_place(ask)
    found = filed(ask.reader, one.id, ask.at.known, ask.values["form"])
    told = [_listed(each) for each in found]
    return Answer({"place": one.id, "reports": told, **ask.point()}, rows=len(told))


@question(
    "/reports/{report}",
    *(REPORT, VERSION),
    roles=OFFICES,
    personal=False,
    produces=SHEETS,
)
def report(ask: Ask) -> Answer:
    """A report as it was filed, whatever was recorded since; `known_at` says what it counts."""
    values = ask.values
    version = values["version"] or None
    one = filed_version(ask.reader, values["report"], ask.at.known, version)
    ask.sight.place(one.division)
    parts = ask.services.parts
    figures = as_filed(ask.reader, parts.store, one)
    stamp = stamp_of(ask.reader, one)
    told = {
        "filing": _listed(one),
        "known_at": instant(stamp.known_at),
        "report": _told(figures),
        **ask.point(),
    }
    return _shown(told, figures, stamp)


def _shown(told: dict[str, Any], figures: Figures, stamp: Stamp) -> Answer:
    """A report in every form in which it is to be had; only the one asked for is made."""
    shapes = {
        CSV: lambda: figures.csv().encode(),
        HTML: lambda: html(figures, stamp).encode(),
        PDF: lambda: pdf(figures, stamp),
    }
    name = f"{figures.form}-{figures.code or figures.division}-{figures.first}"
    return Answer(told, rows=len(figures.rows), shapes=shapes, name=name)


def _listed(one: Filing) -> dict[str, Any]:
    return {**one.__dict__, "filed_at": instant(one.filed_at)}


def _told(figures: Figures) -> dict[str, Any]:
    return {
        "form": figures.form,
        "name_zh": figures.form.name_zh,
        "unit": figures.unit,
        "first": figures.first,
        "last": figures.last,
        "figures": figures.digest,
        "columns": [dict(one.__dict__) for one in figures.columns],
        "rows": [dict(row) for row in figures.records()],
    }
