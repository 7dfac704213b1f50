"""The sheet with which an officer visits a household (入户核对表): every item as it is registered.

At the desk the same items are what papers are held against. Nothing here is recorded; the visit is,
by RecordVisit and CloseVisit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from adapters import cleaning
from adapters.cleaning import Finding
from adapters.reading import Reader
from registry import five_sources
from registry.aggregates import Household, Person, Places
from registry.aggregates.places import Fact
from registry.codes import table
from registry.projections import At, verifications
from registry.values import (
    DivisionCode,
    HouseholdId,
    Level,
    PersonId,
    RegisterItem,
    Relationship,
    Text,
    day_of,
    masked,
)


@dataclass(frozen=True)
class Member:
    """A member on the sheet: what the register says, and what was found wrong so far."""

    person: UUID
    relation: str | None
    items: Mapping[str, str]  # by the item's code
    findings: tuple[Finding, ...]  # open ones


@dataclass(frozen=True)
class Sheet:
    """A household's sheet on a day."""

    household: UUID
    number: str
    address: str | None
    valid_on: date
    visitor: str | None
    due_on: date | None
    members: tuple[Member, ...]

    @property
    def presence(self) -> list[tuple[str, str]]:
        """The classes of presence that an officer chooses from (人类别)."""
        rows = table("person_presence_class")
        return [(row["code"], row["name_zh"]) for row in rows]


def sheet(reader: Reader, household: UUID, at: At) -> Sheet | None:
    """The sheet of a household; None where nothing is known of it. The head comes first."""
    house = reader.household(household, at)
    if house is None:
        return None
    people = reader.persons(house.members, at)
    order = sorted(people, key=lambda one: (one != house.head, people[one].birth_date or date.max))
    members = tuple(member(reader, house, people[one], at) for one in order)
    visit = reader.connection.execute(verifications.of_household(household, at)).first()
    address = members[0].items.get("address") if members else None
    return Sheet(
        household,
        str(house.household_number),
        address,
        at.valid_on,
        visit.visitor if visit else None,
        day_of(visit.due_on) if visit and visit.due_on is not None else None,
        members,
    )


def member(reader: Reader, house: Household, person: Person, at: At) -> Member:
    """A member's part of the sheet."""
    relation = house.members.get(person.id)
    waiting = [one for one in cleaning.of_subject(reader, person.id, at) if one.settlement is None]
    return Member(
        person.id,
        None if relation is None else Relationship(relation).name_zh,
        items(reader, house, person, at),
        tuple(waiting),
    )


def items(reader: Reader, house: Household | None, person: Person, at: At) -> dict[str, str]:
    """What the register says of a person, item by item, in the order of the form."""
    plate = reader.doorplate(house.doorplate, at) if house is not None else None
    street = reader.street(plate.street, at) if plate is not None else None
    places = above(reader, street.division, at) if street is not None else Places(id=UUID(int=0))
    told = five_sources.registered_items(person, house, plate, street, places, at.valid_on)
    return {str(item): told[item] for item in RegisterItem.all() if item in told}


def above(reader: Reader, place: UUID, at: At) -> Places:
    """A place and the divisions above it, as far as an address needs them."""
    facts: dict[UUID, tuple[Fact, ...]] = {}
    step: UUID | None = place
    while step is not None and step not in facts:
        known = reader.place(step, at)
        if known is None:
            break
        facts[step] = (
            Fact(
                date.min,
                Text(known.name),
                None if known.code is None else DivisionCode(known.code),
                known.parent,
                None if known.level is None else Level(known.level),
            ),
        )
        step = known.parent
    return Places(id=UUID(int=0), facts=facts)


def of_person(reader: Reader, person: Person, at: At) -> dict[str, str]:
    """What the register says of one person, whom a household may or may not list."""
    house = reader.household(HouseholdId(person.household), at) if person.household else None
    return items(reader, house, person, at)


def hidden(found: Sheet) -> Sheet:
    """A sheet whose numbers show their last four characters only."""
    members = [
        replace(
            one,
            items={
                item: masked(text) if item == "number" else text for item, text in one.items.items()
            },
        )
        for one in found.members
    ]
    return replace(found, members=tuple(members))


def subjects(found: Sheet) -> list[UUID]:
    """Whom a sheet shows."""
    return [PersonId(one.person) for one in found.members]
