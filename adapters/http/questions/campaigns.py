"""Questions about the exchange of cards: programmes, preparations, task letters. Counts alone."""

from __future__ import annotations

from typing import Any

from adapters import campaigns
from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import path_id, typed, whole
from adapters.http.questions.cards import UNITS
from registry.commands.base import EXCHANGE_OFFICE
from registry.values import ProgrammeCode

OFFICES = UNITS | {EXCHANGE_OFFICE}
PROGRAMME = typed(
    "programme", ProgrammeCode, "a programme of the exchange (换证工作)", place="path"
)
LETTER = path_id("letter", "a task letter's identifier")
YEAR = whole("year", 0, 2100, 0, "of this year; 0: of all")


@question("/programmes", roles=OFFICES, personal=False)
def programmes(ask: Ask) -> Answer:
    """The programmes of the exchange that there are plans for, and which were opened (换证工作)."""
    told: list[dict[str, Any]] = []
    for code in ProgrammeCode.all():
        opened = campaigns.opened(ask.reader, code, ask.at)
        told.append(
            {
                "programme": code,
                "name_zh": code.name_zh,
                "division_code": code.division,
                "document": code.document,
                "opened_on": opened and opened.opened_on,
                "closed_on": opened and opened.closed_on,
            }
        )
    return Answer({"programmes": told, **ask.point()}, rows=len(told))


@question("/programmes/{programme}", PROGRAMME, roles=OFFICES, personal=False)
def programme(ask: Ask) -> Answer:
    """How far a programme is: its phases as planned and as they went, its trial (换证工作进度)."""
    found = campaigns.programme(ask.reader, ask.values["programme"], ask.at)
    told = dict(found.__dict__, phases=[dict(one.__dict__) for one in found.phases])
    return Answer({"programme": told, **ask.point()})


@question("/programmes/{programme}/readiness", PROGRAMME, roles=OFFICES, personal=False)
def programme_readiness(ask: Ask) -> Answer:
    """The readiness matrix: each county, how it stands in each stream, what it waits for."""
    found = campaigns.matrix(ask.reader, ask.values["programme"], ask.at)
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
    code, year = ask.values["programme"], ask.values["year"] or None
    found = campaigns.tasks(ask.reader, code, ask.at, year)
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


@question("/task-letters/{letter}", LETTER, roles=OFFICES, personal=False)
def task_letter(ask: Ask) -> Answer:
    """A task letter (任务书), and who issued, amended, acknowledged and divided it when.

    Its unit acknowledges it by AcknowledgeTask with the number of persons that it read.
    """
    one = ask.values["letter"]
    found = ask.found("letter", campaigns.letter(ask.reader, one, ask.at), one)
    ask.sight.place(found.division)
    history = [
        {
            "version": line.version,
            "event": type(line.event).__name__,
            "on": line.effective_on,
            "officer": line.officer,
            "office": line.office,
            "persons": line.event.persons,
            "document": getattr(line.event, "document", None),
        }
        for line in ask.reader.timeline(one, ask.at.known)
    ]
    told = {**found.__dict__, "months": {str(month): n for month, n in found.months.items()}}
    return Answer({"letter": told, "history": history, **ask.point()}, rows=len(history))
