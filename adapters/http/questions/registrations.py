"""Questions about registrations that do not fit people: double, empty, apart, none at all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from adapters.http.asking import Answer, Ask, question
from adapters.http.parameters import path_id, typed
from adapters.http.questions.cleaning import STATION_CODE
from adapters.http.sight import CASES
from registry.aggregates.registration_case import RegistrationFault
from registry.errors import Forbidden
from registry.projections import registrations
from registry.projections.base import unpacked
from registry.values import day_of

FAULT = typed("fault", RegistrationFault, "only of this kind: double, empty, apart, unsettled")


@question("/registration-cases", STATION_CODE, FAULT, roles=CASES)
def registration_cases(ask: Ask) -> Answer:
    """Open cases about registrations (户口登记差错) with somebody of the officer's area."""
    fault, station = ask.values["fault"], ask.values["station"]
    query = registrations.open_cases(ask.at, fault, station)
    rows = ask.reader.connection.execute(query).all()
    cases = [case_of(row) for row in rows]
    people = [person for one in cases for person in one["persons"]]
    known = ask.reader.persons(people, ask.at)
    mine = {person for person, state in known.items() if ask.sight.sees_person(state)}
    seen = [one for one in cases if _belongs(ask, one, mine)]
    subjects = [person for one in seen for person in one["persons"]]
    return Answer({"cases": seen, **ask.point()}, subjects, ["persons"], rows=len(seen))


@question("/registration-cases/{case}", path_id("case", "a case's identifier"), roles=CASES)
def registration_case(ask: Ask) -> Answer:
    """A case about a registration (户口登记差错)."""
    stream: UUID = ask.values["case"]
    row = ask.reader.connection.execute(registrations.case(stream, ask.at)).one_or_none()
    one = case_of(ask.found("case", row, stream))
    known = ask.reader.persons(one["persons"], ask.at)
    mine = {person for person, state in known.items() if ask.sight.sees_person(state)}
    if not _belongs(ask, one, mine):
        raise Forbidden("nobody in the case belongs to your area; ask the office there")
    return Answer({"case": one, **ask.point()}, one["persons"], ["persons"])


def _belongs(ask: Ask, one: dict[str, Any], mine: set[UUID]) -> bool:
    """Whether a case is the officer's: somebody in it, or the place where nobody is registered."""
    if ask.authority.area is None or mine.intersection(one["persons"]):
        return True
    place = one["community"]
    return not one["persons"] and place is not None and ask.sight.sees_place(place)


def case_of(row: Row[Any]) -> dict[str, Any]:
    """A case as JSON."""
    return {
        "id": UUID(bytes=row.case),
        "fault": row.fault,
        "persons": unpacked(row.persons),
        "community": None if row.community is None else UUID(bytes=row.community),
        "open": bool(row.open),
        "outcome": row.outcome,
        "since": day_of(row.valid_from),
    }
