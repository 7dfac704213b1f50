"""Whom a station calls up for a card (集中换领通知): residents of the age of duty who lack one.

Source: 居民身份证法 art. 2, 7 (age, first application), 11 (exchange); 德办发(2004)39号
(组织动员本辖区居民集中换发); 吉政办发〔2004〕53号 (residents of 16 years and over).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from adapters import issuing
from adapters.answers import Cursor
from adapters.issuing import Standing, by_stream
from adapters.reading import Reader
from registry.aggregates import Person
from registry.commands.cards_fitness import ON_CARDS
from registry.days import age_on
from registry.deadlines import stages
from registry.limits import Limit
from registry.limits import limit as legal_limit
from registry.projections import At
from registry.projections import outdated_cards as model
from registry.values import CardKind, CardState, day_of

#: Cards that are no temporary ones, of the two generations.
FIRST, SECOND = CardKind("1"), CardKind("2")
IN_HAND, LOST = CardState("93"), CardState("94")


class Lack(StrEnum):
    """Why somebody is called up."""

    FIRST = "first"  # never had a card
    EXCHANGE = "exchange"  # has one of the first generation
    EXPIRED = "expired"
    CHANGED = "changed"  # the card says a name, number or other item of before
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
    changed = outdated(reader, grown, cards, at)
    called = []
    for one in residents.residents:
        person = grown.get(one.person)
        found = None if person is None else lack(cards.get(one.person, ()), last, changed)
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


def outdated(
    reader: Reader,
    people: Mapping[UUID, Person],
    cards: Mapping[UUID, Sequence[Standing]],
    at: At,
) -> set[UUID]:
    """The cards in hand that say of their holders what is so no longer; not of the address.

    Source: 居民身份证法 art. 3, 11.
    """
    held = {one.id: one for some in cards.values() for one in some if one.state == IN_HAND}
    told = by_stream(reader, list(cards), model.touched, model.ITEMS, at)
    signed = by_stream(reader, list(held), model.last, model.SIGNED, at)
    found = set()
    for key, one in held.items():
        since, signature = told.get(one.person), signed.get(key)
        if since is None or signature is None or since.position < signature.position:
            continue
        then = reader.person(one.person, At(day_of(signature.day), signature.position))
        if then is not None and says(then) != says(people[one.person]):
            found.add(key)
    return found


def says(person: Person) -> tuple[object, ...]:
    """What a card says of its holder besides the address."""
    return (person.number, *(getattr(person, name) for name in ON_CARDS))


def lack(
    cards: Iterable[Standing], on: date, changed: Collection[UUID] = ()
) -> tuple[Lack, Standing | None] | None:
    """What somebody lacks on a day, and the card that is to be exchanged; None: nothing.

    cards: a person's applications, the newest first. changed: those whose cards say what is so no
    longer. Who has applied lacks nothing.
    """
    cards = [one for one in cards if one.card_kind in (FIRST, SECOND)]
    second = [one for one in cards if one.card_kind == SECOND]
    if any(one.state in stages() for one in second):
        return None
    held = next((one for one in second if one.state == IN_HAND), None)
    if held is not None:
        if held.term_until is not None and held.term_until < on:
            return Lack.EXPIRED, held
        return (Lack.CHANGED, held) if held.id in changed else None
    lost = next((one for one in second if one.state == LOST), None)
    if lost is not None:
        return Lack.LOST, lost
    old = next((one for one in cards if one.card_kind == FIRST and one.state == IN_HAND), None)
    if old is not None:
        return Lack.EXCHANGE, old
    return (Lack.GONE if cards else Lack.FIRST), None
