"""Records as check rules see them, made of what the register knows of a person or a household."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from uuid import UUID

from registry.aggregates import Household, Person, Places
from registry.card_terms import valid_until
from registry.checks.fields import HOUSEHOLD, PERSON
from registry.codes import table
from registry.days import age_on
from registry.numbers import real_date
from registry.values import (
    CitizenNumber,
    DivisionCode,
    Level,
    PersonId,
    Relationship,
    Sex,
    day_number,
)

BLANK_PERSON: dict[str, int | None] = dict.fromkeys(PERSON)
BLANK_HOUSEHOLD: dict[str, int | None] = dict.fromkeys(HOUSEHOLD)
HUSBAND, WIFE = Relationship("11"), Relationship("12")
SPOUSES = frozenset({Relationship("10"), HUSBAND, WIFE})


@dataclass(frozen=True)
class Signed:
    """The newest card of a person: from when it holds and until when, None for life."""

    since: date
    until: date | None


@dataclass(frozen=True)
class Around:
    """What is so around a person.

    house: the household, listing the person or not; head and guardian: their records, where they
    are registered here; number_twin, person_twin: as in the fields of that name.
    """

    house: Household | None = None
    head: Person | None = None
    guardian: Person | None = None
    card: Signed | None = None
    photo: bool = False
    number_twin: int | None = None
    person_twin: int | None = None


NOTHING = Around()


def person_record(person: Person, on: date, around: Around = NOTHING) -> dict[str, int | None]:
    """The record of a person on a day."""
    birth, number, house = person.birth_date, person.number, around.house
    record = BLANK_PERSON | {
        "today": day_number(on),
        "name_length": _length(person.name),
        "former_name_length": _length(person.former_name),
        "guardian_name_length": _length(person.guardian_name),
        "sex": person.sex,
        "nationality": _code(person.nationality),
        "nature": _code(person.nature),
        "education": _code(person.education),
        "marital_status": _code(person.marital_status),
        "military_service": _code(person.military_service),
        "height_cm": person.height_cm,
        "birth_place_listed": _listed(person.birth_place),
        "native_place_listed": _listed(person.native_place),
        "guardians": guards(person),
        "number_twin": around.number_twin,
        "person_twin": around.person_twin,
        "photo": 1 if around.photo else None,
    }
    if birth is not None:
        record["birth"] = day_number(birth)
        record["age"] = age_on(birth, on) if birth <= on else -1
    if number is not None:
        record |= _number(number)
    elif person.number_as_found is not None:
        record["number_right"] = 0
    if around.guardian is not None:
        record["guardian_one_number"] = int(around.guardian.number is not None)
    if house is not None:
        record["household_type"] = _code(house.household_type)
        relation = house.members.get(person.id)
        if relation is not None:
            record["relation"] = int(relation)
            record["relation_sex"] = relation.implied_sex
            record["generation"] = generations().get(relation)
        if birth is not None and around.head is not None and around.head.birth_date is not None:
            record["older_than_head"] = years_between(birth, around.head.birth_date)
    if around.card is not None:
        record |= _card(around.card, birth)
    return record


def household_record(
    house: Household, places: Places, on: date, *, street: bool, at_home: Iterable[PersonId]
) -> dict[str, int | None]:
    """The record of an open household on a day.

    street: whether its door plate stands in one; at_home: of the members listed, those whose own
    records say that they live there.
    """
    return {
        **members_record(house, at_home),
        "street": 1 if street else None,
        **address_fields(places, house.community, on),
    }


def members_record(house: Household, at_home: Iterable[PersonId]) -> dict[str, int | None]:
    """The record of a household as far as its own list of members tells."""
    relations = [house.members[person] for person in at_home]
    return BLANK_HOUSEHOLD | {
        "household_type": _code(house.household_type),
        "members": len(relations),
        "heads": sum(one.is_head for one in relations),
        "husbands": relations.count(HUSBAND),
        "wives": relations.count(WIFE),
        "spouses": sum(one in SPOUSES for one in relations),
    }


def address_fields(places: Places, community: UUID, on: date) -> dict[str, int | None]:
    """What a record says of where a community lies on a day."""
    found = {fact.level: fact for _, fact in places.above(community, on)}
    county = found.get(Level.COUNTY)
    coded = county is not None and county.code is not None
    return {
        "county": 1 if coded else None,
        "township": 1 if Level.TOWNSHIP in found else None,
        "committee": 1 if None in found else None,
        "bureau": 1 if coded and county is not None and not county.closed else None,
        "station": 1 if places.station_of(community, on) is not None else None,
    }


def guards(person: Person) -> int:
    """How many of guardian, mother and father are named, by record or by name."""
    return (
        (person.guardian is not None or person.guardian_name is not None)
        + (person.mother is not None or person.mother_name is not None)
        + (person.father is not None or person.father_name is not None)
    )


def years_between(birth: date, other: date) -> int:
    """Full years by which who was born first is older; of 1461 days each four."""
    return (other.toordinal() - birth.toordinal()) * 4 // 1461


@cache
def generations() -> dict[Relationship, int]:
    """How many generations above the head each relation stands, where the word tells."""
    return {
        Relationship(row["code"]): int(row["generation"])
        for row in table("family_relationship")
        if row["generation"]
    }


def _number(number: str) -> dict[str, int | None]:
    """What a number states; nothing where it was redacted."""
    if len(number) != 18:
        return {}
    try:
        right = int(CitizenNumber(number) == number)
    except ValueError:
        right = 0  # it was right by the tables of its day, or came in before anybody looked
    birth = real_date(number[6:14])
    return {
        "number_right": right,
        "number_sex": Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
        "number_birth": None if birth is None else day_number(birth),
    }


def _card(card: Signed, birth: date | None) -> dict[str, int | None]:
    found: dict[str, int | None] = {
        "card_from": day_number(card.since),
        "card_years": _years(card.since, card.until),
    }
    if birth is not None and birth <= card.since:
        found["card_years_due"] = _years(card.since, valid_until(birth, card.since))
    return found


def _years(since: date, until: date | None) -> int:
    return 0 if until is None else until.year - since.year


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)


def _code(code: str | None) -> int | None:
    return None if code is None else int(code)


def _listed(division: DivisionCode | None) -> int | None:
    return None if division is None else int(division.ever_valid)
