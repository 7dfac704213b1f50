"""Questions about registrations that do not fit people: double, empty, apart, none at all."""

from __future__ import annotations

from uuid import UUID

from adapters import casebook
from adapters.casebook import Registration
from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import path_id, typed
from adapters.http.questions.cleaning import STATION_CODE
from adapters.http.sight import CASES
from registry.aggregates.registration_case import RegistrationFault
from registry.errors import Forbidden

FAULT = typed("fault", RegistrationFault, "only of this kind: double, empty, apart, unsettled")


@question("/registration-cases", STATION_CODE, FAULT, roles=CASES)
def registration_cases(ask: Ask) -> Answer:
    """Open cases about registrations (户口登记差错) with somebody of the officer's area."""
    fault, station = ask.values["fault"], ask.values["station"]
    cases = casebook.registration_cases(ask.reader, ask.at, fault, station)
    people = [person for one in cases for person in one.persons]
    known = ask.reader.persons(people, ask.at)
    mine = {person for person, state in known.items() if ask.sight.sees_person(state)}
    seen = [one for one in cases if _belongs(ask, one, mine)]
    subjects = [person for one in seen for person in one.persons]
    told = [dict(vars(one)) for one in seen]
    return Answer({"cases": told, **ask.point()}, subjects, ["persons"], rows=len(seen))


@question("/registration-cases/{case}", path_id("case", "a case's identifier"), roles=CASES)
def registration_case(ask: Ask) -> Answer:
    """A case about a registration (户口登记差错)."""
    stream: UUID = ask.values["case"]
    found = casebook.registration_case(ask.reader, stream, ask.at)
    one: Registration = ask.found("case", found, stream)
    known = ask.reader.persons(one.persons, ask.at)
    mine = {person for person, state in known.items() if ask.sight.sees_person(state)}
    if not _belongs(ask, one, mine):
        raise Forbidden("nobody in the case belongs to your area; ask the office there")
    return Answer({"case": dict(vars(one)), **ask.point()}, one.persons, ["persons"])


def _belongs(ask: Ask, one: Registration, mine: set[UUID]) -> bool:
    """Whether a case is the officer's: somebody in it, or the place where nobody is registered."""
    if ask.authority.area is None or mine.intersection(one.persons):
        return True
    return not one.persons and ask.sight.sees_place(one.community)
