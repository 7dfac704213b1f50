"""Questions about streets, door plates, and who is registered there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from adapters.http.asking import Answer, Ask, question
from adapters.http.clocks import FIELDS, PAGE
from adapters.http.parameters import typed
from adapters.http.questions.common import (
    DOORPLATE,
    FROM,
    LIMIT,
    STREET,
    UNTIL,
    period,
    resident_page,
)
from adapters.http.questions.households import cursor_of
from adapters.http.sight import ADDRESSES, PEOPLE
from registry.aggregates import Doorplate, Street
from registry.errors import Forbidden
from registry.values import PlateNumber, Text


def seen_doorplate(ask: Ask) -> Doorplate:
    """The door plate asked for, which must belong to the officer's area."""
    one = ask.values["doorplate"]
    found: Doorplate = ask.found("doorplate", ask.reader.doorplate(one, ask.at), one)
    ask.sight.place(found.community)
    return found


@question("/doorplates/{doorplate}", DOORPLATE, roles=ADDRESSES, personal=False, by_key=True)
def doorplate(ask: Ask) -> Answer:
    """A door plate (门楼牌)."""
    return Answer({"doorplate": plain(seen_doorplate(ask)), **ask.point()})


@question("/doorplates/{doorplate}/households", DOORPLATE, roles=PEOPLE)
def doorplate_households(ask: Ask) -> Answer:
    """The households at a door plate that were not closed."""
    one = seen_doorplate(ask)
    found = ask.reader.households_at(one.id, ask.at)
    body = {"doorplate": one.id, "households": found, **ask.point()}
    return Answer(body, found, ["households"], rows=len(found))


@question("/doorplates/{doorplate}/occupants", DOORPLATE, FIELDS, LIMIT, PAGE, roles=PEOPLE)
def occupants(ask: Ask) -> Answer:
    """Who is registered at a door plate on a day (地址住户), page by page."""
    one = seen_doorplate(ask)
    page = ask.reader.residents_of_doorplate(one.id, ask.at, cursor_of(ask), ask.values["limit"])
    return resident_page(ask, page)


@question("/doorplates/{doorplate}/occupancy", DOORPLATE, FROM, UNTIL, roles=PEOPLE)
def occupancy(ask: Ask) -> Answer:
    """Who was registered at a door plate over a period; every change of the set starts anew."""
    first, until = period(ask)
    one = seen_doorplate(ask)
    found = ask.reader.occupants_over(one.id, first, until, ask.at.known)
    spans = [
        {
            "valid_from": span.valid_from,
            "valid_until": span.valid_until,
            "persons": sorted(span.persons),
        }
        for span in found
    ]
    subjects: set[UUID] = set().union(*(span.persons for span in found))
    body = {"doorplate": one.id, "occupancy": spans, **ask.point()}
    return Answer(body, sorted(subjects), ["occupancy"], rows=len(subjects))


@question("/streets/{street}", STREET, roles=ADDRESSES, personal=False, by_key=True)
def street(ask: Ask) -> Answer:
    """A street (街路巷)."""
    return Answer({"street": plain(seen_street(ask)), **ask.point()})


@question(
    "/streets/{street}/doorplates",
    STREET,
    typed("number", PlateNumber, "the number on the plate"),
    roles=ADDRESSES,
    personal=False,
)
def street_doorplates(ask: Ask) -> Answer:
    """The door plates of a street, all or those with a number."""
    one = seen_street(ask)
    found = ask.reader.find_doorplates(one.id, ask.at, ask.values["number"])
    seen = [plate for plate in found if ask.sight.sees_place(plate.community)]
    return Answer({"doorplates": [plain(plate) for plate in seen], **ask.point()})


@question(
    "/streets",
    typed("name", Text, "how the street's name begins", required=True),
    typed("division", UUID, "the division that the street belongs to"),
    roles=ADDRESSES,
    personal=False,
)
def streets(ask: Ask) -> Answer:
    """Streets whose name begins with a text."""
    found = ask.reader.find_streets(ask.values["name"], ask.at, ask.values["division"])
    seen = [one for one in found if ask.sight.sees_place(one.division)]
    return Answer({"streets": [plain(one) for one in seen], **ask.point()})


def seen_street(ask: Ask) -> Street:
    """The street asked for, which must belong to the officer's area."""
    one = ask.values["street"]
    found: Street = ask.found("street", ask.reader.street(one, ask.at), one)
    if not ask.sight.sees_place(found.division):
        raise Forbidden("the street lies outside your area; ask the office there")
    return found


def plain(state: Any) -> dict[str, Any]:
    """A state as JSON."""
    return dict(state.__dict__)
