"""Questions about identity numbers, the cases about them, and papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from adapters.answers import Case, Holder, Paper
from adapters.casebook import course
from adapters.http.asking import Answer, Ask, question
from adapters.http.clocks import FIELDS
from adapters.http.parameters import path_id, typed
from adapters.http.questions.common import instant
from adapters.http.sight import CASES, PEOPLE, shown
from adapters.segments import period, segments, stop_in_archive
from registry.aggregates import Person
from registry.errors import Forbidden
from registry.values import CitizenNumber, DivisionCode, OfficeCode, PaperNumber, Text


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
    return held_by(ask, ask.reader.numbered(ask.body.number, ask.at))


def held_by(ask: Ask, holders: Sequence[tuple[Holder, Person | None]]) -> Answer:
    """The holders of a number whom the officer may see; the others are counted.

    Of whom nothing stands, as when a birth was reversed, only the identifier is shown, and only to
    who is in charge of every place.
    """
    names = ask.fields()
    seen = [
        (one, state)
        for one, state in holders
        if (_everywhere(ask) if state is None else ask.sight.sees_person(state))
    ]
    persons = [
        {
            **({"id": one.person} if state is None else shown(state, names)),
            "holds": one.holding,
            "how": one.how,
        }
        for one, state in seen
    ]
    body = {"persons": persons, "elsewhere": len(holders) - len(seen), **ask.point()}
    return Answer(body, [one.person for one, _ in seen], names, rows=len(seen))


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
    return held_by(ask, ask.reader.as_found(ask.body.text, ask.at))


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
    """A case about a number (重错号), its parties, and how far it has come.

    Of a shared number each later holder is told with the entry that brought the number, when that
    was recorded and by which delivery: it was the earliest at which it could have been refused.
    """
    one = ask.values["case"]
    case: Case = ask.found("case", ask.reader.case(one, ask.at), one)
    found = ask.reader.persons(case.parties, ask.at)
    if not _everywhere(ask) and not any(map(ask.sight.sees_person, found.values())):
        raise Forbidden("no party of the case belongs to your area; ask the office there")
    told = {"case": case_of(case), "course": course_of(ask, case), **ask.point()}
    return Answer(told, case.parties, ["parties"])


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


@question(
    "/sequence-books",
    typed("address_code", DivisionCode, "the county's code in the numbers", required=True),
    typed("birth_date", date, "the birth date in the numbers", required=True),
    roles=CASES,
    personal=False,
)
def sequence_books(ask: Ask) -> Answer:
    """The sequence registers of a county and birth date (顺序码登记表): codes held, codes used."""
    code = ask.values["address_code"]
    if not ask.sight.sees_office(code):
        raise Forbidden("the county lies outside your area; ask the office there")
    found = ask.reader.books(code, ask.values["birth_date"], ask.at)
    told = [
        {**one.__dict__, "codes": one.last - one.first + 1 if one.last else 0}  # 0: not opened yet
        for one in found
    ]
    return Answer({"books": told, **ask.point()}, rows=len(told))


@question(
    "/sequence-segments",
    typed("address_code", DivisionCode, "the county's code in the numbers", required=True),
    typed("station", OfficeCode, "only the segments of this station"),
    typed(
        "since", date, "the first birth date that is counted; a year before the last if left out"
    ),
    typed("until", date, "the last one; the day that is asked about if left out"),
    roles=CASES,
    personal=False,
)
def sequence_segments(ask: Ask) -> Answer:
    """The sequence codes that stations of a county hold (顺序码段), and how far they go.

    Codes serve every birth date anew: what is left of the fullest one since a day tells whether a
    station needs more.
    """
    county, day = ask.values["address_code"], ask.at.valid_on
    if not ask.sight.sees_office(county):
        raise Forbidden("the county lies outside your area; ask the office there")
    births = period(ask.values["since"], ask.values["until"], day)
    parts = ask.services.parts
    stop_in_archive(parts.settings.archive)
    namespace = parts.setting.namespace
    found = segments(ask.reader, namespace, county, ask.values["station"], births, ask.at)
    told = [asdict(one) for one in found]
    body = {"segments": told, "since": births[0], "until": births[1], **ask.point()}
    return Answer(body, rows=len(told))


def case_of(case: Case) -> dict[str, Any]:
    """A case as JSON; the number is named by its identifier alone."""
    return dict(case.__dict__)


def course_of(ask: Ask, case: Case) -> dict[str, Any]:
    """How far a case has come as JSON."""
    found = course(ask.reader, case, ask.at)
    parties = [
        {
            **vars(one),
            "recorded_at": None if one.recorded_at is None else instant(one.recorded_at),
        }
        for one in found.parties
    ]
    return {**vars(found), "parties": parties}


def paper_of(paper: Paper) -> dict[str, Any]:
    """A paper as JSON."""
    return dict(paper.__dict__)


def _everywhere(ask: Ask) -> bool:
    return ask.authority.area is None
