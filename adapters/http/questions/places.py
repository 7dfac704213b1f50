"""Questions about the tree of places, its populations, and how they changed."""

from __future__ import annotations

import re
from typing import Any

from adapters.counting import day_known, four_changes, past_months
from adapters.http.asking import Answer, Ask, question
from adapters.http.clocks import FIELDS, PAGE
from adapters.http.parameters import Parameter, typed
from adapters.http.questions.common import LIMIT, PLACE, people, resident_page, seen_place
from adapters.http.questions.households import cursor_of
from adapters.http.questions.persons import residence_of
from adapters.http.sight import BRIEF, COUNTS, PEOPLE, PLACES
from adapters.shapes import fault
from registry.days import day_at
from registry.errors import Fault
from registry.values import DivisionCode


def _month(text: str, at: str, faults: list[Fault]) -> int | None:
    found = re.fullmatch(r"([12][0-9]{3})-(0[1-9]|1[0-2])", text)
    if found is not None and 1900 <= int(found[1]) <= 2058:
        return int(found[1]) * 100 + int(found[2])
    faults.append(fault(at, "invalid", "a month is written like 2007-06"))
    return None


def month(name: str, description: str) -> Parameter:
    """A parameter that is a month."""
    return Parameter(
        name=name,
        read=_month,
        schema={"type": "string", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"},
        description=description,
        required=True,
        example="2007-06",
    )


@question("/places/{place}", PLACE, roles=PLACES, personal=False, by_key=True)
def place(ask: Ask) -> Answer:
    """A division or community (行政区划, 社区); the tree is no secret, whatever the area."""
    one = ask.values["place"]
    found = ask.found("place", ask.reader.place(one, ask.at), one)
    return Answer({"place": dict(found.__dict__), **ask.point()})


@question("/places/{place}/children", PLACE, roles=PLACES, personal=False)
def children(ask: Ask) -> Answer:
    """The places directly under a division."""
    found = ask.reader.places_under(ask.values["place"], ask.at)
    return Answer({"places": [dict(one.__dict__) for one in found], **ask.point()})


@question(
    "/places",
    typed("code", DivisionCode, "a division code", required=True),
    roles=PLACES,
    personal=False,
)
def places(ask: Ask) -> Answer:
    """The divisions that have a code."""
    found = ask.reader.divisions_coded(ask.values["code"], ask.at)
    return Answer({"places": [dict(one.__dict__) for one in found], **ask.point()})


@question("/places/{place}/residents", PLACE, FIELDS, LIMIT, PAGE, roles=PEOPLE)
def residents(ask: Ask) -> Answer:
    """Who is registered in a community or division (在册人口), page by page.

    The cursor carries the point on both clocks: what is recorded meanwhile shifts no page.
    """
    one = seen_place(ask)
    page = ask.reader.residents(one.id, ask.at, cursor_of(ask), ask.values["limit"])
    return resident_page(ask, page)


@question("/places/{place}/in-transit", PLACE, roles=PEOPLE)
def in_transit(ask: Ask) -> Answer:
    """Who left a place with a certificate and has not settled yet (未落户)."""
    one = seen_place(ask)
    found = ask.reader.in_transit(ask.at, one.id)
    told = people(ask, (each.person for each in found), [n for n in BRIEF if n in ask.fields()])
    rows: list[dict[str, Any]] = [
        {**told.get(each.person, {}), **residence_of(each), "id": each.person} for each in found
    ]
    subjects = [each.person for each in found]
    return Answer({"in_transit": rows, **ask.point()}, subjects, BRIEF, rows=len(rows))


@question("/places/{place}/count", PLACE, roles=COUNTS, personal=False)
def count(ask: Ask) -> Answer:
    """How many people are registered in a place (在册人口数)."""
    one = seen_place(ask)
    return Answer({"place": one.id, "count": ask.reader.count(one.id, ask.at), **ask.point()})


@question("/places/{place}/counts", PLACE, roles=COUNTS, personal=False)
def counts(ask: Ask) -> Answer:
    """How many people are registered in each community under a place."""
    one = seen_place(ask)
    found = ask.reader.counts(ask.at, ask.reader.communities(one.id, ask.at))
    told = {str(community): number for community, number in sorted(found.items())}
    body = {"place": one.id, "counts": told, "count": sum(found.values()), **ask.point()}
    return Answer(body)


@question(
    "/places/{place}/changes",
    PLACE,
    month("first", "the first month"),
    month("last", "the last month"),
    roles=COUNTS,
    personal=False,
)
def changes(ask: Ask) -> Answer:
    """How the population of a place changed month by month, by cause (四变)."""
    one = seen_place(ask)
    store = ask.services.parts.store
    today = day_known(ask.values["known_at"], store, day_at(ask.services.now))
    months = four_changes(
        ask.reader,
        store,
        one.id,
        *past_months(ask.values["first"], ask.values["last"], today),
        ask.at.known,
        today,
    )
    told = [
        {
            "month": f"{each.month // 100}-{each.month % 100:02}",
            "start": each.start,
            "end": each.end,
            "causes": {
                name: {"entered": crossing.entered, "left": crossing.left}
                for name, crossing in each.causes.items()
            },
        }
        for each in months
    ]
    return Answer({"place": one.id, "months": told, **ask.point()})
