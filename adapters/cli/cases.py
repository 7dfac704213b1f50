"""The verb that shows cases: numbers that are shared, wrong or missing, registrations that do not
fit people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.desk import Desk, asking
from adapters.cli.frame import ID, as_json, malformed, show_fields, show_table
from adapters.cli.looking import TIMELINES
from registry.aggregates.registration_case import RegistrationFault
from registry.days import moment_of
from registry.values import KeeperReason, NumberFaultKind, OfficeCode

if TYPE_CHECKING:
    from adapters.answers import Case
    from adapters.casebook import Course, Registration

#: Every fault that there are cases about.
FAULTS = [one.value for one in (*NumberFaultKind, *RegistrationFault)]
HEADS = ["case", "fault", "since", "days", "persons"]


@click.command()
@click.argument("identifier", metavar="[ID]", type=ID, required=False)
@click.option("--fault", type=click.Choice(FAULTS), help="Only cases about this fault.")
@click.option("--division", type=ID, help="Only with somebody registered, or found, there.")
@click.option("--station", metavar="CODE", help="Only found in this police station's care.")
@asking()
@as_json
def cases(
    desk: Desk,
    identifier: UUID | None,
    fault: str | None,
    division: UUID | None,
    station: str | None,
) -> None:
    """List the open cases of your area (重错号, 户口登记差错), or show one and how far it has come.

    Of a shared number the case tells what brought each later holder: the entry, the delivery, and
    since when it could have been refused. Persons are told by identifier, numbers not at all.

    \b
    registry cases --fault duplicate --purpose registration
    registry cases $CASE --purpose registration
    """
    desk.need(*TIMELINES)
    if identifier is None:
        _list(desk, fault, division, station)
    elif fault or division or station:
        raise malformed("ID", "give a case, or options that choose some, not both")
    else:
        _show(desk, identifier)


def _list(desk: Desk, fault: str | None, division: UUID | None, station: str | None) -> None:
    from adapters import casebook

    if station is not None and fault in list(NumberFaultKind):
        raise malformed("--station", "a number is in no station's care; choose by --division")
    wanted = None if station is None else OfficeCode(station)
    found: list[Case | Registration] = []
    if wanted is None and fault not in list(RegistrationFault):
        numbers = desk.reader.open_cases(desk.at)
        found += [one for one in numbers if fault in (None, one.fault)]
    if fault not in list(NumberFaultKind):
        found += casebook.registration_cases(desk.reader, desk.at, fault, wanted)
    inside = None if division is None else set(desk.reader.communities(division, desk.at))
    seen = _belonging(desk, found, inside)
    told: list[dict[str, Any]] = [
        {
            "case": one.id,
            "fault": one.fault,
            "since": one.since,
            "days": (desk.at.valid_on - one.since).days,
            "persons": _persons(one),
        }
        for one in seen
    ]

    def text() -> None:
        rows = [[*one.values()] for one in told]
        show_table("open cases", HEADS, [[*row[:-1], " ".join(map(str, row[-1]))] for row in rows])

    named = [person for one in seen for person in _persons(one)]
    desk.tell("cases", told, text, subjects=named, fields=["persons"], rows=len(told))


def _persons(one: Case | Registration) -> tuple[UUID, ...]:
    """Whom a case is about."""
    from adapters.answers import Case

    return one.parties if isinstance(one, Case) else one.persons


def _belonging(
    desk: Desk, found: list[Case | Registration], inside: set[UUID] | None
) -> list[Case | Registration]:
    """Cases with somebody of the officer's area, or found in it; and of a division, if asked for.

    inside: the communities of the division.
    """
    people = desk.reader.persons([one for case in found for one in _persons(case)], desk.at)
    mine = {one for one, who in people.items() if desk.sight.sees_person(who)}
    homes = {one: who.community or who.left_community for one, who in people.items()}

    def belongs(case: Case | Registration) -> bool:
        persons, place = _persons(case), getattr(case, "community", None)
        seen = desk.by.area is None or not mine.isdisjoint(persons)
        if not persons:
            seen = seen or desk.sight.sees_place(place)
        places = {place, *(homes.get(one) for one in persons)}
        return seen and (inside is None or not inside.isdisjoint(places))

    return [one for one in found if belongs(one)]


def _show(desk: Desk, case: UUID) -> None:
    from adapters import casebook

    number = desk.reader.case(case, desk.at)
    found = number or casebook.registration_case(desk.reader, case, desk.at)
    if found is None:
        raise desk.missing("cases", "case", case)
    persons = _persons(found)
    if not _belonging(desk, [found], None):
        desk.guard_place("cases", None, case)
    told: dict[str, Any] = desk.shown(found)
    gone = None if number is None else casebook.course(desk.reader, number, desk.at)
    if gone is not None:
        told |= {**desk.shown(gone), "parties": [_party(one) for one in gone.parties]}

    def text() -> None:
        lists = ("parties", "persons", "wrong")
        show_fields({name: value for name, value in told.items() if name not in lists})
        for name in ("persons", "wrong"):
            if told.get(name):
                show_fields({name: " ".join(map(str, told[name]))})
        if gone is not None:
            _show_parties(gone, shared=found.fault == NumberFaultKind.DUPLICATE)

    desk.tell("cases", told, text, subjects=persons, fields=["persons"], rows=1)


def _party(one: Any) -> dict[str, Any]:
    told = {name: value for name, value in vars(one).items() if value not in (None, ())}
    if one.recorded_at is not None:
        told["recorded_at"] = moment_of(one.recorded_at).isoformat()
    return told


def _show_parties(gone: Course, *, shared: bool) -> None:
    """The parties, what brought each, and what speaks for each."""
    heads = ["person", "told", "came with", "delivery", "could be refused", "for this party"]
    rows = [
        [
            one.person,
            "yes" if one.told else "no",
            one.entry or ("held it first" if shared else ""),
            " ".join(filter(None, (one.source, one.batch))),
            "" if one.recorded_at is None else moment_of(one.recorded_at),
            " ".join(KeeperReason(code).name_zh for code in one.speaks),
        ]
        for one in gone.parties
    ]
    show_table("parties", heads, rows)
