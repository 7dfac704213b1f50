"""Whom a station calls up for a card (集中换领通知): residents of the age of duty who lack one.

Source: 居民身份证法 art. 2, 7 (age, first application), 11 (exchange); 德办发(2004)39号
(组织动员本辖区居民集中换发); 吉政办发〔2004〕53号 (residents of 16 years and over).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from adapters import issuing
from adapters.answers import Cursor
from adapters.issuing import Standing
from adapters.reading import Reader
from registry.aggregates import Person
from registry.days import age_on
from registry.deadlines import stages
from registry.limits import Limit
from registry.limits import limit as legal_limit
from registry.projections import At
from registry.values import CardKind, CardState

#: Cards that are no temporary ones, of the two generations.
FIRST, SECOND = CardKind("1"), CardKind("2")
IN_HAND, LOST = CardState("93"), CardState("94")


class Lack(StrEnum):
    """Why somebody is called up."""

    FIRST = "first"  # never had a card
    EXCHANGE = "exchange"  # has one of the first generation
    EXPIRED = "expired"
    LOST = "lost"
    GONE = "gone"  # the last one was handed back or voided


@dataclass(frozen=True)
class Called:
    """Somebody who is called up. of_age_on: the sixteenth birthday; holds: the card there is."""

    person: UUID
    household: UUID | None
    community: UUID
    name: str | None
    birth_date: date
    of_age_on: date
    lacks: Lack
    holds: UUID | None
    term_until: date | None


@dataclass(frozen=True)
class List:
    """A page of the list, and where it goes on."""

    at: At
    looked_at: int  # residents of the page, whether they lack a card or not
    called: tuple[Called, ...]
    after: Cursor | None


def call_up(
    reader: Reader,
    place: UUID,
    at: At,
    after: Cursor | None = None,
    limit: int = 100,
    within: int = 0,
    ages: tuple[int, int] = (0, 200),
) -> List:
    """A page of those called up in a community or division, out of so many residents.

    ages: from and to, in completed years. within: days ahead; who comes of age or whose card
    expires in them is called up already.
    """
    residents = reader.residents(place, at, after, limit)
    at, last = residents.at, residents.at.valid_on + timedelta(days=within)
    people = reader.persons([one.person for one in residents.residents], at)
    grown = {
        key: one
        for key, one in people.items()
        if one.birth_date is not None
        and of_age(one, last)
        and ages[0] <= age_on(one.birth_date, at.valid_on) <= ages[1]
    }
    cards = issuing.of_persons(reader, grown, at)
    called = []
    for one in residents.residents:
        person = grown.get(one.person)
        found = None if person is None else lack(cards.get(one.person, ()), last)
        if person is not None and person.birth_date is not None and found is not None:
            why, card = found
            called.append(
                Called(
                    one.person,
                    one.household,
                    one.community,
                    person.name or person.name_as_found,
                    person.birth_date,
                    duty(at.valid_on).after(person.birth_date),
                    why,
                    None if card is None else card.id,
                    None if card is None else card.term_until,
                )
            )
    return List(at, len(residents.residents), tuple(called), residents.after)


def of_age(person: Person, on: date) -> bool:
    """Whether somebody must have a card on a day."""
    born = person.birth_date
    return born is not None and age_on(born, on) >= duty(on).amount


def duty(on: date) -> Limit:
    """The age from which a card is a duty, by the law of a day."""
    return legal_limit("card_duty_age", on)


def lack(cards: Iterable[Standing], on: date) -> tuple[Lack, Standing | None] | None:
    """What somebody lacks on a day, and the card that is to be exchanged; None: nothing.

    cards: a person's applications, the newest first. Who has applied lacks nothing.
    """
    cards = [one for one in cards if one.card_kind in (FIRST, SECOND)]
    second = [one for one in cards if one.card_kind == SECOND]
    if any(one.state in stages() for one in second):
        return None
    held = next((one for one in second if one.state == IN_HAND), None)
    if held is not None:
        expired = held.term_until is not None and held.term_until < on
        return (Lack.EXPIRED, held) if expired else None
    lost = next((one for one in second if one.state == LOST), None)
    if lost is not None:
        return Lack.LOST, lost
    old = next((one for one in cards if one.card_kind == FIRST and one.state == IN_HAND), None)
    if old is not None:
        return Lack.EXCHANGE, old
    return (Lack.GONE if cards else Lack.FIRST), None
