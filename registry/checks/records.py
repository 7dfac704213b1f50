"""Records as check rules see them, made of what the register knows of a person or a household."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

BLANK_HOUSEHOLD: dict[str, int | None] = dict.fromkeys(HOUSEHOLD)
HUSBAND, WIFE = Relationship("11"), Relationship("12")
NUMBER_LENGTH = 18  # of a number that was not redacted
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
#: Makes a field of somebody's record on a day.
Maker = Callable[[Person, date, Around], int | None]


class PersonRecord(dict[str, int | None]):
    """The record of a person on a day, of which a field is made when a rule first asks for it."""

    def __init__(self, person: Person, on: date, around: Around = NOTHING) -> None:
        self.asked = person, on, around

    def __missing__(self, field: str) -> int | None:
        value = self[field] = MAKERS[field](*self.asked)
        return value


def person_record(person: Person, on: date, around: Around = NOTHING) -> dict[str, int | None]:
    """The whole record of a person on a day."""
    return {field: make(person, on, around) for field, make in MAKERS.items()}


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


def _age(person: Person, on: date, around: Around) -> int | None:
    birth = person.birth_date
    if birth is None:
        return None
    return age_on(birth, on) if birth <= on else -1


def _number_right(person: Person, on: date, around: Around) -> int | None:
    number = person.number
    if number is None:
        return None if person.number_as_found is None else 0
    if len(number) != NUMBER_LENGTH:
        return None  # redacted
    try:
        return int(CitizenNumber(number) == number)
    except ValueError:
        return 0  # it was right by the tables of its day, or came in before anybody looked


def _number_sex(person: Person, on: date, around: Around) -> int | None:
    number = person.number
    if number is None or len(number) != NUMBER_LENGTH:
        return None
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def _number_birth(person: Person, on: date, around: Around) -> int | None:
    number = person.number
    if number is None or len(number) != NUMBER_LENGTH:
        return None
    birth = real_date(number[6:14])
    return None if birth is None else day_number(birth)


def _relation(person: Person, around: Around) -> Relationship | None:
    return None if around.house is None else around.house.members.get(person.id)


def _relation_code(person: Person, on: date, around: Around) -> int | None:
    return _code(_relation(person, around))


def _relation_sex(person: Person, on: date, around: Around) -> int | None:
    relation = _relation(person, around)
    return None if relation is None else relation.implied_sex


def _generation(person: Person, on: date, around: Around) -> int | None:
    relation = _relation(person, around)
    return None if relation is None else generations().get(relation)


def _older_than_head(person: Person, on: date, around: Around) -> int | None:
    birth, head = person.birth_date, around.head
    if around.house is None or birth is None or head is None or head.birth_date is None:
        return None
    return years_between(birth, head.birth_date)


def _card_years_due(person: Person, on: date, around: Around) -> int | None:
    birth, card = person.birth_date, around.card
    if card is None or birth is None or birth > card.since:
        return None
    return _years(card.since, valid_until(birth, card.since))


#: What each field of a person's record is made of.
MAKERS: dict[str, Maker] = {
    **dict.fromkeys(PERSON, lambda person, on, around: None),
    "today": lambda person, on, around: day_number(on),
    "age": _age,
    "name_length": lambda person, on, around: _length(person.name),
    "former_name_length": lambda person, on, around: _length(person.former_name),
    "guardian_name_length": lambda person, on, around: _length(person.guardian_name),
    "sex": lambda person, on, around: person.sex,
    "nationality": lambda person, on, around: _code(person.nationality),
    "nature": lambda person, on, around: _code(person.nature),
    "birth": lambda person, on, around: (
        None if person.birth_date is None else day_number(person.birth_date)
    ),
    "number_right": _number_right,
    "number_sex": _number_sex,
    "number_birth": _number_birth,
    "number_twin": lambda person, on, around: around.number_twin,
    "person_twin": lambda person, on, around: around.person_twin,
    "education": lambda person, on, around: _code(person.education),
    "marital_status": lambda person, on, around: _code(person.marital_status),
    "military_service": lambda person, on, around: _code(person.military_service),
    "height_cm": lambda person, on, around: person.height_cm,
    "birth_place_listed": lambda person, on, around: _listed(person.birth_place),
    "native_place_listed": lambda person, on, around: _listed(person.native_place),
    "guardians": lambda person, on, around: guards(person),
    "guardian_one_number": lambda person, on, around: (
        None if around.guardian is None else int(around.guardian.number is not None)
    ),
    "household_type": lambda person, on, around: (
        None if around.house is None else _code(around.house.household_type)
    ),
    "relation": _relation_code,
    "relation_sex": _relation_sex,
    "generation": _generation,
    "older_than_head": _older_than_head,
    "card_from": lambda person, on, around: (
        None if around.card is None else day_number(around.card.since)
    ),
    "card_years": lambda person, on, around: (
        None if around.card is None else _years(around.card.since, around.card.until)
    ),
    "card_years_due": _card_years_due,
    "photo": lambda person, on, around: 1 if around.photo else None,
}


def _years(since: date, until: date | None) -> int:
    return 0 if until is None else until.year - since.year


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)


def _code(code: str | None) -> int | None:
    return None if code is None else int(code)


def _listed(division: DivisionCode | None) -> int | None:
    return None if division is None else int(division.ever_valid)
