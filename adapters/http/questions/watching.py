"""Questions about the query log itself, for those who watch the watchers; they are logged too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from adapters.http.asking import Answer, Ask, question
from adapters.http.auth import LOG_AUDITOR
from adapters.http.parameters import typed, whole
from adapters.http.questions.common import instant
from adapters.http.questions.numbers import ByNumber, number_asked
from adapters.querylog import about
from registry.projections.base import unpacked
from registry.values import Officer, day_of

WATCHERS = frozenset({LOG_AUDITOR})
LIMIT = whole("limit", 1, 500, 100, "lines of a page")
BEFORE = whole("before", 1, 999_999_999, 999_999_999, "only lines before this one")
SHOWN = (
    *("line", "officer", "office", "terminal", "purpose", "case_number", "question", "outcome"),
    *("fields", "rows"),
)


@question(
    "/query-log",
    typed("subject", UUID, "a person or household that was shown"),
    typed("officer", Officer, "who asked"),
    LIMIT,
    BEFORE,
    roles=WATCHERS,
    clocks=False,
)
def query_log(ask: Ask) -> Answer:
    """Lines of the query log (查询日志), the newest first: about somebody, by somebody, or all."""
    values = ask.values
    lines = ask.services.log.read(
        about(
            subject=values["subject"],
            officer=values["officer"],
            before=values["before"],
            limit=values["limit"],
        )
    )
    subjects = [] if values["subject"] is None else [values["subject"]]
    return Answer({"lines": [told(ask, one) for one in lines]}, subjects, ["log"], len(lines))


@question(
    "/queries/query-log-by-number",
    LIMIT,
    BEFORE,
    roles=WATCHERS,
    body=ByNumber,
    number_of=number_asked,
    clocks=False,
)
def query_log_by_number(ask: Ask) -> Answer:
    """Lines of the query log in which an identity number was asked for."""
    log = ask.services.log
    lines = log.read(
        about(
            number_digest=log.number_digest(ask.body.number),
            before=ask.values["before"],
            limit=ask.values["limit"],
        )
    )
    return Answer({"lines": [told(ask, one) for one in lines]}, (), ["log"], len(lines))


@question("/query-log/check", roles=WATCHERS, clocks=False)
def query_log_check(ask: Ask) -> Answer:
    """Read the whole query log again: whether every line is as it was written."""
    wrong = ask.services.log.verify()
    return Answer({"intact": wrong is None, "first_wrong_line": wrong}, (), ["check"])


def told(ask: Ask, line: dict[str, Any]) -> dict[str, Any]:
    """A line as JSON."""
    valid_on, known, number = line["valid_on"], line["known"], line["number_digest"]
    return {
        **{name: line[name] for name in SHOWN},
        "asked_at": instant(line["asked_at"]),
        "by_number": number is not None,
        "valid_on": None if valid_on is None else day_of(valid_on),
        "known": None if known is None else ask.services.seal.token("known", known),
        "subjects": unpacked(line["subjects"]),
    }
