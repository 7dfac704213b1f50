"""Questions about the exchange of cards: programmes, preparations, task letters. Counts alone."""

from __future__ import annotations

from typing import Any

from adapters import campaigns
from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import typed, whole
from adapters.http.questions.cards import UNITS
from registry.commands.base import EXCHANGE_OFFICE
from registry.values import ProgrammeCode

OFFICES = UNITS | {EXCHANGE_OFFICE}
PROGRAMME = typed(
    "programme", ProgrammeCode, "a programme of the exchange (换证工作)", place="path"
)
YEAR = whole("year", 0, 2100, 0, "of this year; 0: of all")


@question("/programmes/{programme}", PROGRAMME, roles=OFFICES, personal=False)
def programme(ask: Ask) -> Answer:
    """How far a programme is: its phases as planned and as they went, its trial (换证工作进度)."""
    namespace = ask.services.parts.setting.namespace
    found = campaigns.programme(ask.reader, namespace, ask.values["programme"], ask.at)
    told = dict(found.__dict__, phases=[dict(one.__dict__) for one in found.phases])
    return Answer({"programme": told, **ask.point()})


@question("/programmes/{programme}/readiness", PROGRAMME, roles=OFFICES, personal=False)
def programme_readiness(ask: Ask) -> Answer:
    """The readiness matrix: each county, how it stands in each stream, what it waits for."""
    namespace = ask.services.parts.setting.namespace
    found = campaigns.matrix(ask.reader, namespace, ask.values["programme"], ask.at)
    told: list[dict[str, Any]] = [
        {
            **one.__dict__,
            "milestones": [dict(due.__dict__) for due in one.milestones],
            "waits_for": one.waits_for,
        }
        for one in found
        if ask.sight.sees_place(one.division)
    ]
    return Answer({"counties": told, **ask.point()}, rows=len(told))


@question("/programmes/{programme}/letters", PROGRAMME, YEAR, roles=OFFICES, personal=False)
def programme_letters(ask: Ask) -> Answer:
    """Every task letter, and what has been done of it so far, by month (任务书, 完成情况)."""
    namespace = ask.services.parts.setting.namespace
    code, year = ask.values["programme"], ask.values["year"] or None
    found = campaigns.tasks(ask.reader, namespace, code, ask.at, year)
    told: list[dict[str, Any]] = [
        {
            **one.__dict__,
            "months": [
                {"month": f"{month // 100}-{month % 100:02}", "persons": persons}
                for month, persons in one.months.items()
            ],
            "percent": None if one.share is None else round(one.share, 2),
        }
        for one in found
        if ask.sight.sees_place(one.division)
    ]
    return Answer({"letters": told, **ask.point()}, rows=len(told))
