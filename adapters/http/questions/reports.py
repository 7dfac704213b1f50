"""Questions about reports of the statistics: computed now, filed once. Counts alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import path_id, typed, whole
from adapters.http.questions.campaigns import OFFICES
from adapters.http.questions.common import PLACE, instant
from adapters.http.questions.places import seen_place
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
from registry.values import ReportForm

FORM = typed("form", ReportForm, "a form of the statistics (统计报表)", place="path")
OF_FORM = typed("form", ReportForm, "of this form; otherwise of all")
FIRST = typed("first", date, "the first day of the period", required=True)
LAST = typed("last", date, "its last day; as the form has it unless given")
REPORT = path_id("report", "identifier of a report of one form, place and period")
VERSION = whole("version", 0, 99_999, 0, "this version; 0: the last one")


@question("/places/{place}/reports/{form}", PLACE, FORM, FIRST, LAST, roles=OFFICES, personal=False)
def report_made(ask: Ask) -> Answer:
    """A report as it comes of what is known (统计报表); to file it, send `filing` as FileReport.

    wrong: where its accounts do not close; such a report cannot be filed.
    """
    one = seen_place(ask)
    parts, values = ask.services.parts, ask.values
    made = make_report(
        ask.reader,
        parts.store,
        parts.setting.namespace,
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
    return Answer(told, rows=len(made.figures.rows))


@question("/places/{place}/reports", PLACE, OF_FORM, roles=OFFICES, personal=False)
def reports(ask: Ask) -> Answer:
    """The reports that were filed for a place, the newest first (已报统计报表)."""
    one = seen_place(ask)
    found = filed(ask.reader, one.id, ask.at.known, ask.values["form"])
    told = [_listed(each) for each in found]
    return Answer({"place": one.id, "reports": told, **ask.point()}, rows=len(told))


@question("/reports/{report}", REPORT, VERSION, roles=OFFICES, personal=False)
def report(ask: Ask) -> Answer:
    """A report as it was filed, whatever was recorded since; `known_at` says what it counts."""
    values = ask.values
    version = values["version"] or None
    one = filed_version(ask.reader, values["report"], ask.at.known, version)
    ask.sight.place(one.division)
    parts = ask.services.parts
    figures = as_filed(ask.reader, parts.store, parts.setting.namespace, one)
    known_at = instant(stamp_of(ask.reader, one).known_at)
    told = {"filing": _listed(one), "known_at": known_at, "report": _told(figures), **ask.point()}
    return Answer(told, rows=len(figures.rows))


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
