"""Verbs that ask about persons, households and addresses; each read is logged with its purpose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking, labelled
from adapters.cli.frame import DAY, ID, answer, as_json, malformed, show_fields, show_table
from registry.days import moment_of
from registry.errors import Fault, Malformed, NotFound
from registry.values import HouseholdNumber, explain_number, masked
from registry.vocabulary import VOCABULARY, Kind

if TYPE_CHECKING:
    from adapters.answers import Line, Residence
    from registry.aggregates import Household, Person

#: Roles that may read about persons and households, and those that may read their histories.
PEOPLE = ("station", "county", "reader", "auditor")
TIMELINES = ("station", "county", "auditor")

#: Residents that are read at once.
PAGE = 1_000
#: Numbers that one call of `find-number` takes.
NUMBERS_AT_ONCE = 100


@click.command()
@click.argument("identifier", metavar="ID", type=ID)
@asking()
@as_json
def person(desk: Desk, identifier: UUID) -> None:
    """Show a person's particulars and registration on a day, as known at an instant.

    \b
    registry person 01890a5d-ac96-774b-bcce-b302099a8057 --purpose inquiry --valid-on 2007-06-01
    """
    desk.need(*PEOPLE)
    found = desk.reader.person(identifier, desk.at)
    if found is None:
        raise desk.missing("person", "person", identifier)
    desk.guard_person("person", found, identifier)
    from adapters.http.sight import fields_seen, shown

    told = desk.shown(shown(found, fields_seen(desk.by, None)))

    def text() -> None:
        masked = ("number", "number_as_found", "life")
        plain = {
            name: value if name in masked else labelled(getattr(found, name))
            for name, value in told.items()
        }
        show_fields(plain)

    desk.tell("person", told, text, subjects=[identifier], fields=told)


@click.command()
@click.argument("identifier", metavar="ID", type=ID)
@asking()
@as_json
def timeline(desk: Desk, identifier: UUID) -> None:
    """Show every entry about a person, household, door plate or paper, on both clocks.

    Entries that were undone are shown and marked; with --known-at, those of that time are.
    """
    desk.need(*TIMELINES)
    lines = desk.reader.timeline(identifier, desk.at.known, newer=True)
    if not lines:
        raise desk.missing("timeline", "stream", identifier)
    words = [VOCABULARY.get(type(one.event)) for one in lines]  # None: of a newer program
    _guard_stream(desk, identifier, next((word.kind for word in words if word), None))
    if not all(words):
        click.echo("A newer program wrote here; upgrade this one to read all of it.", err=True)
    told = [
        {
            "version": one.version,
            "event": "of a newer program" if word is None else word.name,
            "business": None if word is None else word.business,
            "effective_on": one.effective_on,
            "recorded_at": moment_of(one.recorded_at).isoformat(timespec="seconds"),
            "stands": one.voided_from is None,
            "officer": one.officer,
            "office": one.office,
            "submission": one.submission,
            "says": _said(desk, one),
        }
        for one, word in zip(lines, words, strict=True)
    ]

    def text() -> None:
        heads = ["version", "effective", "recorded", "event", "officer", ""]
        rows = [
            [
                one["version"],
                one["effective_on"],
                one["recorded_at"],
                one["event"],
                one["officer"],
                "" if one["stands"] else "undone",
            ]
            for one in told
        ]
        show_table("timeline", heads, rows)

    desk.tell("timeline", told, text, subjects=[identifier], fields=["timeline"], rows=len(told))


def _said(desk: Desk, line: Line) -> dict[str, Any]:
    """What an entry says; a sensitive reason only to the station that handled it."""
    said: dict[str, Any] = desk.shown(line.event)
    if not desk.sight.sees_reason(line.event, line.office):
        said["reason"] = "withheld"
    return said


def _guard_stream(desk: Desk, stream: UUID, kind: Kind | None) -> None:
    """Turn away who asks for the history of what belongs to another area."""
    reader, at = desk.reader, desk.at
    if kind is Kind.PERSON:
        desk.guard_person("timeline", reader.person(stream, at), stream)
        return
    place: UUID | None = None
    match kind:
        case Kind.HOUSEHOLD:
            household = reader.household(stream, at)
            place = household.community if household else None
        case Kind.DOORPLATE:
            doorplate = reader.doorplate(stream, at)
            place = doorplate.community if doorplate else None
        case Kind.PERMIT | Kind.CERTIFICATE:
            paper = reader.paper(stream, at)
            place = paper.community if paper else None
    desk.guard_place("timeline", place, stream)


@click.command("find-number")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@asking()
@as_json
def find_number(desk: Desk, file: Any) -> None:
    """Find who holds or held an identity number (公民身份号码), read from standard input or FILE.

    A number that is wrong is looked for among those that came so from an older system (错号).
    Holders who belong elsewhere are only counted.

    \b
    registry find-number --purpose inquiry < number.txt
    """
    desk.need(*PEOPLE)
    numbers = [line.strip() for line in file if line.strip()]
    if not 1 <= len(numbers) <= NUMBERS_AT_ONCE:
        words = f"give 1 to {NUMBERS_AT_ONCE} numbers, one on each line"
        raise Malformed([Fault("input", "length", words)])
    told, faults = [], []
    for place, number in enumerate(numbers, 1):
        wrong = [fault for fault in explain_number(number) if fault.severity == "error"]
        ask = desk.reader.as_found if wrong else desk.reader.numbered
        told.append(ask(number, desk.at))
        if not told[-1]:
            faults += [Fault(f"line {place}", fault.code, fault.message) for fault in wrong]
    if faults:
        raise Malformed(faults)
    found: list[dict[str, Any]] = []
    elsewhere = 0
    for number, holders in zip(numbers, told, strict=True):
        everywhere = desk.by.area is None
        seen = [
            one
            for one, state in holders
            if everywhere or (state is not None and desk.sight.sees_person(state))
        ]
        elsewhere += len(holders) - len(seen)
        found += [
            {
                "number": masked(number),
                "person": one.person,
                "holds": one.holding,
                "how": one.how,
            }
            for one in seen
        ]
        outcome = "answered" if seen else "nothing"
        subjects = [one.person for one in seen]
        desk.log("find-number", outcome, number=number, subjects=subjects, rows=len(seen))
    if not found and not elsewhere:
        raise NotFound("person", "any of these numbers")

    def text() -> None:
        heads = ["number", "person", "", "how"]
        rows = [
            [
                one["number"],
                one["person"],
                "holds it" if one["holds"] else "held it formerly",
                one["how"],
            ]
            for one in found
        ]
        show_table("holders", heads, rows)
        if elsewhere:
            click.echo(f"{elsewhere} more belong elsewhere; ask the office there")

    answer({"holders": found, "elsewhere": elsewhere}, text)


@click.command()
@click.argument("identifier", metavar="ID", type=ID)
@asking()
@as_json
def household(desk: Desk, identifier: UUID) -> None:
    """Show a household and its members on a day, as known at an instant."""
    desk.need(*PEOPLE)
    found = desk.reader.household(identifier, desk.at)
    if found is None:
        raise desk.missing("household", "household", identifier)
    desk.guard_place("household", found.community, identifier)
    members = list(_residents(desk, identifier) if found.collective else found.members)
    people = desk.reader.persons(members, desk.at)
    told = desk.shown({**vars(found), "members": None})
    told["members"] = [_member(found, one, people.get(one)) for one in members]

    def text() -> None:
        show_fields({name: labelled(getattr(found, name)) for name in told if name != "members"})
        click.echo()
        heads = ["person", "relation", "name", "sex", "born"]
        rows = [
            [
                one["person"],
                labelled(found.members[one["person"]]) if one["relation"] else "",
                one["name"],
                one["sex"],
                one["birth_date"],
            ]
            for one in told["members"]
        ]
        show_table("members", heads, rows)

    subjects = [identifier, *members]
    desk.tell("household", told, text, subjects=subjects, fields=told, rows=1 + len(members))


@click.command("find-household")
@click.argument("number")
@click.option("--within", type=ID, help="Only in this division or community.")
@asking()
@as_json
def find_household(desk: Desk, number: str, within: UUID | None) -> None:
    """List the households with a NUMBER (户号), one at most in each police station.

    \b
    registry find-household 000123 --within 01890a5d-ac96-774b-bcce-b302099a8057
    """
    desk.need(*PEOPLE)
    try:
        borne = HouseholdNumber(number)
    except ValueError as error:
        raise malformed("NUMBER", str(error)) from error
    inside = None if within is None else set(desk.reader.communities(within, desk.at))
    found = [
        one
        for one in desk.reader.households_numbered(borne, desk.at)
        if desk.sight.sees_place(one.community) and (inside is None or one.community in inside)
    ]
    names = ("id", "household_type", "doorplate", "community", "head")
    told = [{name: getattr(one, name) for name in names} for one in found]

    def text() -> None:
        heads = ["household", "type", "door plate", "community", "head"]
        rows = [[*map(labelled, one.values())] for one in told]
        show_table("households", heads, rows)

    subjects = [one.id for one in found]
    desk.tell("find-household", told, text, subjects=subjects, fields=names, rows=len(told))


def _residents(desk: Desk, household: UUID) -> Iterator[UUID]:
    """Everybody registered in a household, also in one that lists nobody, page by page."""
    page = desk.reader.residents_of_household(household, desk.at, limit=PAGE)
    yield from (one.person for one in page.residents)
    while page.after is not None:
        page = desk.reader.residents_of_household(household, desk.at, page.after, PAGE)
        yield from (one.person for one in page.residents)


def _member(household: Household, person: Any, known: Person | None) -> dict[str, Any]:
    return {
        "person": person,
        "relation": household.members.get(person),
        **_short(known),
    }


def _short(person: Person | None) -> dict[str, Any]:
    """What a list tells of a person."""
    return {
        "name": None if person is None else person.name or person.name_as_found,
        "sex": None if person is None or person.sex is None else int(person.sex),
        "birth_date": None if person is None else person.birth_date or person.birth_date_as_found,
    }


@click.command()
@click.argument("doorplate", type=ID)
@click.option("--from", "first", type=DAY, help="First day of a period.")
@click.option("--until", type=DAY, help="The day after its last.")
@asking()
@as_json
def occupants(desk: Desk, doorplate: UUID, first: date | None, until: date | None) -> None:
    """Show who is registered at a door plate, on a day or over a period.

    Over a period every change of the set of people begins a new interval.
    """
    desk.need(*PEOPLE)
    found = desk.reader.doorplate(doorplate, desk.at)
    if found is None:
        raise desk.missing("occupants", "door plate", doorplate)
    desk.guard_place("occupants", found.community, doorplate)
    if (first is None) != (until is None):
        raise malformed("--from, --until", "a period needs both")
    if first is not None and until is not None:
        from adapters.reading import past

        first, until = past(first, until, desk.parts.register.clock())
        stays = desk.reader.occupants_over(doorplate, first, until, desk.at.known)
        people = desk.reader.persons({one for stay in stays for one in stay.persons}, desk.at)
        told: list[dict[str, Any]] = [
            {
                "from": stay.valid_from,
                "until": stay.valid_until,
                "persons": [
                    {"person": one, **_short(people.get(one))} for one in sorted(stay.persons)
                ],
            }
            for stay in stays
        ]
        rows = [
            [stay["from"], stay["until"], one["person"], one["name"], one["birth_date"]]
            for stay in told
            for one in stay["persons"] or [{"person": "nobody", "name": "", "birth_date": ""}]
        ]
        heads = ["from", "until", "person", "name", "born"]
    else:
        there = desk.reader.occupants(doorplate, desk.at)
        people = desk.reader.persons([one.person for one in there], desk.at)
        told = [
            {"person": one.person, "household": one.household, **_short(people.get(one.person))}
            for one in there
        ]
        heads = ["person", "household", "name", "sex", "born"]
        rows = [list(one.values()) for one in told]
    desk.tell(
        "occupants",
        told,
        lambda: show_table("occupants", heads, rows),
        subjects=people,
        fields=heads,
        rows=len(told),
    )


@click.command("in-transit")
@click.option("--division", type=ID, help="Only those whom this division answers for.")
@click.option("--days", type=click.IntRange(0), default=0, help="On the move so long or longer.")
@asking()
@as_json
def in_transit(desk: Desk, division: UUID | None, days: int) -> None:
    """List who has left and not settled yet (未落户), the longest on the move first."""
    desk.need(*PEOPLE)
    found = [
        one
        for one in desk.reader.in_transit(desk.at, division)
        if desk.sight.sees_place(one.community) and _days(desk, one) >= days
    ]
    people = desk.reader.persons([one.person for one in found], desk.at)
    told = [
        {
            "person": one.person,
            **_short(people.get(one.person)),
            "left_on": one.left_on,
            "days": _days(desk, one),
            "destination": one.destination,
        }
        for one in found
    ]
    heads = ["person", "name", "sex", "born", "left", "days", "destination"]
    rows = [list(one.values()) for one in told]
    desk.tell(
        "in-transit",
        told,
        lambda: show_table("in transit", heads, rows),
        subjects=people,
        fields=heads,
        rows=len(told),
    )


def _days(desk: Desk, residence: Residence) -> int:
    return (desk.at.valid_on - (residence.left_on or residence.valid_from)).days
