"""Questions about persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.answers import Residence
from adapters.http.asking import Answer, Ask, question
from adapters.http.clocks import FIELDS
from adapters.http.questions.common import FROM, PERSON, UNTIL, history_of, period, timeline
from adapters.http.sight import PEOPLE, TIMELINES, fields_seen, shown
from registry.aggregates import Person
from registry.values import Name


@dataclass(frozen=True, kw_only=True)
class ByName:
    """A name exactly as it is written, and perhaps a birth date."""

    name: Name
    birth_date: date | None = None


def seen_person(ask: Ask) -> Person:
    """The person asked for, who must belong to the officer's area."""
    one = ask.values["person"]
    person: Person = ask.found("person", ask.reader.person(one, ask.at), one)
    ask.sight.person(person)
    return person


@question("/persons/{person}", PERSON, FIELDS, roles=PEOPLE, by_key=True)
def person(ask: Ask) -> Answer:
    """A person's particulars (人员信息) on a day, as known at an instant."""
    names = ask.fields()
    one = seen_person(ask)
    return Answer({"person": shown(one, names), **ask.point()}, [one.id], names)


@question("/persons/{person}/residence", PERSON, roles=PEOPLE, by_key=True)
def residence(ask: Ask) -> Answer:
    """Where a person is registered on a day, or from where on the move (户口所在)."""
    one = seen_person(ask)
    found = ask.reader.residence(one.id, ask.at)
    told = None if found is None else residence_of(found)
    body = {"person": one.id, "residence": told, **ask.point()}
    return Answer(body, [one.id], ["residence"], rows=int(found is not None))


@question("/persons/{person}/residences", PERSON, FROM, UNTIL, roles=PEOPLE, by_key=True)
def residences(ask: Ask) -> Answer:
    """Where a person was registered over a period, as known at an instant (居住历史)."""
    first, until = period(ask)
    one = seen_person(ask)
    found = ask.reader.residence_over(one.id, first, until, ask.at.known)
    body = {"person": one.id, "residences": [residence_of(each) for each in found], **ask.point()}
    return Answer(body, [one.id], ["residences"], rows=len(found))


@question("/persons/{person}/timeline", PERSON, roles=TIMELINES, by_key=True)
def person_timeline(ask: Ask) -> Answer:
    """A person's whole history on both clocks, what was voided included (历史)."""
    one = ask.values["person"]
    state = ask.reader.person(one, ask.at)
    if state is not None:
        ask.sight.person(state)
    place = None if state is None else state.community or state.left_community
    return timeline(ask, history_of(ask, "person", one, place), "person", one)


@question("/queries/persons-by-name", FIELDS, roles=PEOPLE, body=ByName)
def persons_by_name(ask: Ask) -> Answer:
    """Persons who bear a name, or bore it formerly; of other areas none are shown."""
    names = fields_seen(ask.authority, ask.values["fields"])
    asked: ByName = ask.body
    found = ask.reader.persons_by_name(asked.name, ask.at, asked.birth_date)
    seen = [one for one in found.values() if ask.sight.sees_person(one)]
    body = {
        "persons": [{**shown(one, names), "bears": one.name == asked.name} for one in seen],
        "elsewhere": len(found) - len(seen),
        **ask.point(),
    }
    return Answer(body, [one.id for one in seen], names, rows=len(seen))


def residence_of(one: Residence) -> dict[str, Any]:
    """A residence as JSON."""
    told = dict(one.__dict__)
    del told["person"]
    return told
