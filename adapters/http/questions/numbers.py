"""Questions about identity numbers, the cases about them, and papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.answers import Case, Paper
from adapters.http.asking import Answer, Ask, question
from adapters.http.clocks import FIELDS
from adapters.http.parameters import path_id
from adapters.http.sight import CASES, PEOPLE, shown
from registry.errors import Forbidden
from registry.values import CitizenNumber, PaperNumber, Text


@dataclass(frozen=True, kw_only=True)
class ByNumber:
    """An identity number."""

    number: CitizenNumber


@dataclass(frozen=True, kw_only=True)
class ByNumberAsFound:
    """What stood in the place of an identity number in an older system's data."""

    text: Text


@dataclass(frozen=True, kw_only=True)
class ByPaper:
    """The number printed on a permit or certificate."""

    number: PaperNumber


def number_asked(body: ByNumber) -> str:
    """The identity number that a body asks for."""
    return body.number


@question(
    "/queries/persons-by-number",
    FIELDS,
    roles=PEOPLE,
    body=ByNumber,
    number_of=number_asked,
    by_key=True,
)
def persons_by_number(ask: Ask) -> Answer:
    """Who holds a number, and who held it formerly; whoever belongs elsewhere is only counted."""
    names = ask.fields()
    holders = ask.reader.numbered(ask.body.number, ask.at)
    seen = [
        (one, state) for one, state in holders if state is not None and ask.sight.sees_person(state)
    ]
    persons = [{**shown(state, names), "holds": one.holding, "how": one.how} for one, state in seen]
    body = {"persons": persons, "elsewhere": len(holders) - len(persons), **ask.point()}
    return Answer(body, [one.person for one, _ in seen], names, rows=len(persons))


def text_asked(body: ByNumberAsFound) -> str:
    """The wrong number that a body asks for."""
    return body.text


@question(
    "/queries/persons-by-number-as-found",
    FIELDS,
    roles=PEOPLE,
    body=ByNumberAsFound,
    number_of=text_asked,
)
def persons_by_number_as_found(ask: Ask) -> Answer:
    """In whose records a wrong number (错号) stands as it came, or stood until it was put right."""
    names = ask.fields()
    holders = ask.reader.as_found(ask.body.text, ask.at)
    seen = [
        (one, state) for one, state in holders if state is not None and ask.sight.sees_person(state)
    ]
    persons = [{**shown(state, names), "holds": one.holding, "how": one.how} for one, state in seen]
    body = {"persons": persons, "elsewhere": len(holders) - len(persons), **ask.point()}
    return Answer(body, [one.person for one, _ in seen], names, rows=len(persons))


@question("/queries/number-history", roles=CASES, body=ByNumber, number_of=number_asked)
def number_history(ask: Ask) -> Answer:
    """Who held a number from when until when; holders who belong elsewhere are left out."""
    holdings = ask.reader.number_history(ask.body.number, ask.at.known)
    found = ask.reader.persons([one.person for one in holdings], ask.at)
    seen = [
        one for one in holdings if one.person in found and ask.sight.sees_person(found[one.person])
    ]
    body = {
        "holdings": [dict(one.__dict__) for one in seen],
        "elsewhere": len(holdings) - len(seen),
        **ask.point(),
    }
    return Answer(body, [one.person for one in seen], ["holdings"], rows=len(seen))


@question("/number-cases", roles=CASES)
def number_cases(ask: Ask) -> Answer:
    """Open cases about numbers (重错号) with a party in the officer's area."""
    cases = ask.reader.open_cases(ask.at)
    found = ask.reader.persons([one for case in cases for one in case.parties], ask.at)
    mine = {one for one, state in found.items() if ask.sight.sees_person(state)}
    seen = [case for case in cases if mine.intersection(case.parties) or _everywhere(ask)]
    body = {"cases": [case_of(one) for one in seen], **ask.point()}
    subjects = [one for case in seen for one in case.parties]
    return Answer(body, subjects, ["parties"], rows=len(seen))


@question("/number-cases/{case}", path_id("case", "a case's identifier"), roles=CASES, by_key=True)
def number_case(ask: Ask) -> Answer:
    """A case about a number (重错号)."""
    one = ask.values["case"]
    case: Case = ask.found("case", ask.reader.case(one, ask.at), one)
    found = ask.reader.persons(case.parties, ask.at)
    if not _everywhere(ask) and not any(map(ask.sight.sees_person, found.values())):
        raise Forbidden("no party of the case belongs to your area; ask the office there")
    return Answer({"case": case_of(case), **ask.point()}, case.parties, ["parties"])


@question("/queries/papers-by-number", roles=CASES, body=ByPaper)
def papers_by_number(ask: Ask) -> Answer:
    """Migration permits and certificates (准迁证, 迁移证) by the number printed on them.

    Whoever has the paper in hand may check it: a paper is shown whatever the area, its persons
    only as identifiers.
    """
    papers = ask.reader.papers_numbered(ask.body.number, ask.at)
    subjects = [person for one in papers for person in one.persons or ()]
    body = {"papers": [paper_of(one) for one in papers], **ask.point()}
    return Answer(body, subjects, ["papers"], rows=len(papers))


def case_of(case: Case) -> dict[str, Any]:
    """A case as JSON; the number is named by its identifier alone."""
    return dict(case.__dict__)


def paper_of(paper: Paper) -> dict[str, Any]:
    """A paper as JSON."""
    return dict(paper.__dict__)


def _everywhere(ask: Ask) -> bool:
    return ask.authority.area is None
