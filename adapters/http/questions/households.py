"""Questions about households."""

from __future__ import annotations

from uuid import UUID

from adapters.answers import Cursor
from adapters.http.asking import Answer, Ask, question
from adapters.http.clocks import FIELDS, PAGE
from adapters.http.parameters import typed
from adapters.http.questions.common import (
    HOUSEHOLD,
    LIMIT,
    MEMBER,
    PLACE,
    history_of,
    names_of,
    people,
    resident_page,
    seen_place,
    timeline,
    turn_of,
)
from adapters.http.sight import PEOPLE, TIMELINES
from registry.aggregates import Household
from registry.values import HouseholdNumber

NUMBER = typed("number", HouseholdNumber, "the number of a household", required=True)
SHOWN = (
    *("id", "household_number", "household_type", "doorplate", "community"),
    *("head", "closed_on", "merged_into", "split_from"),
)


def seen_household(ask: Ask) -> Household:
    """The household asked for, which must belong to the officer's area."""
    one = ask.values["household"]
    found: Household = ask.found("household", ask.reader.household(one, ask.at), one)
    ask.sight.household(found)
    return found


@question("/households/{household}", HOUSEHOLD, FIELDS, roles=PEOPLE, by_key=True)
def household(ask: Ask) -> Answer:
    """A household and its members (户); a collective one (集体户) lists none: ask for residents."""
    names = names_of(ask, MEMBER)
    one = seen_household(ask)
    found = people(ask, one.members, names)
    told = {name: getattr(one, name) for name in SHOWN}
    told["members"] = [
        {"id": person, "relation": relation, **found.get(person, {})}
        for person, relation in one.members.items()
    ]
    body = {"household": told, **ask.point()}
    return Answer(body, [one.id, *one.members], names, rows=1 + len(one.members))


@question("/places/{place}/households", PLACE, NUMBER, roles=PEOPLE)
def households(ask: Ask) -> Answer:
    """The households of a place with a number (户号): one at most in each police station."""
    one = seen_place(ask)
    inside = set(ask.reader.communities(one.id, ask.at))
    told = [
        {name: getattr(each, name) for name in SHOWN}
        for each in ask.reader.households_numbered(ask.values["number"], ask.at)
        if each.community in inside
    ]
    subjects = [each["id"] for each in told]
    return Answer({"households": told, **ask.point()}, subjects, SHOWN, rows=len(told))


@question("/households/{household}/residents", HOUSEHOLD, FIELDS, LIMIT, PAGE, roles=PEOPLE)
def household_residents(ask: Ask) -> Answer:
    """Who is registered in a household, also in a collective one, page by page."""
    one = seen_household(ask)
    page = ask.reader.residents_of_household(one.id, ask.at, cursor_of(ask), ask.values["limit"])
    return resident_page(ask, page)


@question("/households/{household}/timeline", HOUSEHOLD, roles=TIMELINES, by_key=True)
def household_timeline(ask: Ask) -> Answer:
    """A household's whole history on both clocks, what was voided included."""
    one = ask.values["household"]
    state = ask.reader.household(one, ask.at)
    if state is not None:
        ask.sight.household(state)
    place = None if state is None else state.community
    return timeline(ask, history_of(ask, "household", one, place), "household", one)


def cursor_of(ask: Ask) -> Cursor | None:
    """Where a list of residents goes on."""
    turn = turn_of(ask)
    if turn is None:
        return None
    community, person = turn.last
    return Cursor(turn.at, UUID(bytes=community), UUID(bytes=person))
