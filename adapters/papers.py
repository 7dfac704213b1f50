"""Papers that are printed from the register: form, booklet, application for a card.

The form of a permanent resident (常住人口登记表) and the booklet of a household (居民户口簿) are
legal documents; what changed on them stands on their back. Nothing here is recorded.

Source: 公通字[1995]91号 (form and booklet); 居民身份证法 art. 10 (form of an application).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast
from uuid import UUID

from adapters import issuing, visits
from adapters.answers import Line
from adapters.issuing import Standing
from adapters.reading import Reader
from registry import five_sources
from registry.aggregates import Household, Person, Places
from registry.card_face import printed_address
from registry.days import day_at
from registry.entry import Entry
from registry.five_sources import items_of, meaning
from registry.history import effective
from registry.projections import At
from registry.values import (
    EvidenceSource,
    RegisterItem,
    RegistrationBusiness,
    Relationship,
    masked,
)
from registry.vocabulary import VOCABULARY

NUMBER = RegisterItem("number")
FORM, BOOKLET = EvidenceSource("form"), EvidenceSource("booklet")
NOWHERE = Places(id=UUID(int=0))


@dataclass(frozen=True)
class Note:
    """A line on the back (变更更正记载): a business, and what it changed an item from and to.

    item: None for a business that changed none that is printed, as a move.
    """

    effective_on: date
    recorded_on: date
    business: str
    item: RegisterItem | None
    before: str | None
    after: str | None
    officer: str
    office: str
    declarant: str | None = None
    approval: str | None = None


@dataclass(frozen=True)
class Page:
    """A person's form, or page of the booklet. items: by code, as people read them, in order.

    since, brought_by: when the person came to this address, and by which business.
    """

    person: UUID
    household: UUID | None
    relation: str | None
    items: Mapping[str, str]
    since: date | None
    brought_by: str | None
    notes: tuple[Note, ...]
    valid_on: date


@dataclass(frozen=True)
class Booklet:
    """A household's booklet (居民户口簿): its first page, its addresses, a page a member."""

    household: UUID
    number: str
    household_type: str
    head: str | None
    founded_on: date
    closed_on: date | None
    addresses: tuple[tuple[date, str | None], ...]  # since when, the present one last
    pages: tuple[Page, ...]  # the head comes first
    valid_on: date


@dataclass(frozen=True)
class CardForm:
    """The form of an application for a card (居民身份证申领登记表).

    guardian, guardian_id: who applies for a child; the register may know the name alone.
    """

    standing: Standing
    reason: str | None
    applied_on: date
    items: Mapping[str, str]
    guardian: str | None
    guardian_id: UUID | None
    declarant: str | None
    documents: tuple[str, ...]
    collection: str | None
    valid_on: date

    @property
    def subjects(self) -> list[UUID]:
        """Whom the form shows, for the query log."""
        return [one for one in (self.standing.person, self.guardian_id) if one is not None]


def form(reader: Reader, person: UUID, at: At) -> Page | None:
    """The form of a person; None where nothing is known of one."""
    one = reader.person(person, at)
    if one is None:
        return None
    house = reader.household(one.household, at) if one.household else None
    return page(reader, house, one, at, FORM)


def page(
    reader: Reader, house: Household | None, person: Person, at: At, paper: EvidenceSource
) -> Page:
    """What a paper says of a person, in the order of its items."""
    told = visits.items(reader, house, person, at)
    items = {str(one): meaning(one, told[str(one)]) for one in items_of(paper) if str(one) in told}
    relation = house.members.get(person.id) if house is not None else None
    history = standing(reader, person.id, at)
    brought = [line for line in history if VOCABULARY[type(line.event)].enters]
    return Page(
        person.id,
        person.household,
        None if relation is None else Relationship(relation).name_zh,
        items,
        brought[-1].effective_on if brought else None,
        business_of(brought[-1]) if brought else None,
        tuple(notes(history, items_of(paper))),
        at.valid_on,
    )


def booklet(reader: Reader, household: UUID, at: At) -> Booklet | None:
    """The booklet of a household; None where nothing is known of it."""
    house = reader.household(household, at)
    if house is None:
        return None
    people = reader.persons(house.members, at)
    order = sorted(people, key=lambda one: (one != house.head, people[one].birth_date or date.max))
    head = people.get(house.head) if house.head else None
    history = standing(reader, household, at)
    return Booklet(
        household,
        str(house.household_number),
        house.household_type.name_zh,
        None if head is None else head.name or head.name_as_found,
        history[0].effective_on,
        house.closed_on,
        tuple(addresses(reader, history, at)),
        tuple(page(reader, house, people[one], at, BOOKLET) for one in order),
        at.valid_on,
    )


def card_form(reader: Reader, application: UUID, at: At) -> CardForm | None:
    """The form of an application for a card; None where there is none."""
    found = issuing.application(reader, application, at)
    if found is None:
        return None
    first = reader.timeline(application, at.known)[0].event
    then = At(found.accepted_on, at.known)
    person = reader.person(found.person, then)
    told = {} if person is None else visits.of_person(reader, person, then)
    guardian, guardian_id = first.guardian_name, first.guardian
    if guardian is None and guardian_id is not None:
        named = reader.person(guardian_id, then)
        guardian = None if named is None else named.name
    return CardForm(
        found,
        None if found.apply_reason is None else first.apply_reason.name_zh,
        first.applied_on,
        {str(one): meaning(one, told[str(one)]) for one in items_of(FORM) if str(one) in told},
        guardian,
        guardian_id,
        getattr(first, "declarant", None),
        tuple(one.name_zh for one in getattr(first, "documents", ())),
        None if getattr(first, "collection", None) is None else first.collection.name_zh,
        at.valid_on,
    )


def standing(reader: Reader, stream: UUID, at: At) -> Sequence[Line]:
    """The lines of a stream that stand at a point, in the order in which they count."""
    lines = reader.timeline(stream, at.known)
    return cast("Sequence[Line]", effective(cast("list[Entry]", lines), at.valid_on, at.known))


def business_of(line: Line) -> str:
    """The name of the business under which an entry was made."""
    number = VOCABULARY[type(line.event)].business
    return "" if number is None else RegistrationBusiness(str(number)).name_zh


def notes(history: Sequence[Line], printed: Sequence[RegisterItem]) -> Iterator[Note]:
    """What a person's entries changed of the items that are printed, one after the other."""
    state: Person | None = None
    for line in history:
        before, state = state, Person.after(state, line.event, line.stream)
        if before is None or state is None:
            continue
        changed = list(differences(before, state, printed, line.effective_on))
        word = VOCABULARY[type(line.event)]
        if not changed and (word.enters or word.leaves):
            changed = [(None, None, None)]
        for item, old, new in changed:
            yield Note(
                line.effective_on,
                day_at(line.recorded_at),
                business_of(line),
                item,
                old,
                new,
                line.officer,
                line.office,
                getattr(line.event, "declarant", None),
                getattr(line.event, "approval", None),
            )


def differences(
    before: Person, after: Person, printed: Sequence[RegisterItem], on: date
) -> Iterator[tuple[RegisterItem | None, str | None, str | None]]:
    """The printed items that differ between two states of a person, as people read them."""
    old, new = (
        five_sources.registered_items(one, None, None, None, NOWHERE, on) for one in (before, after)
    )
    for item in printed:
        if old.get(item) != new.get(item):
            yield item, told(item, old.get(item)), told(item, new.get(item))


def told(item: RegisterItem, text: str | None) -> str | None:
    """An item as people read it, if it is known."""
    return None if text is None else meaning(item, text)


def addresses(reader: Reader, history: Sequence[Line], at: At) -> Iterator[tuple[date, str | None]]:
    """Where a household has been, each address as it read on its first day (住址变动登记)."""
    state: Household | None = None
    for line in history:
        before, state = state, Household.after(state, line.event, line.stream)
        if state is not None and (before is None or before.doorplate != state.doorplate):
            day = line.effective_on
            yield day, address(reader, state.doorplate, At(day, at.known))


def address(reader: Reader, doorplate: UUID, at: At) -> str | None:
    """A door plate's address in words."""
    plate = reader.doorplate(doorplate, at)
    street = reader.street(plate.street, at) if plate is not None else None
    if plate is None or street is None:
        return None
    return printed_address(visits.above(reader, street.division, at), street, plate, at.valid_on)


def hidden_page(found: Page) -> Page:
    """A page whose numbers show their last four characters only."""
    lines = tuple(map(hidden_note, found.notes))
    return replace(found, items=hidden_items(found.items), notes=lines)


def hidden_note(note: Note) -> Note:
    """A line on the back, whose numbers show their last four characters only."""
    if note.item != NUMBER:
        return note
    before, after = (text and masked(text) for text in (note.before, note.after))
    return replace(note, before=before, after=after)


def hidden_booklet(found: Booklet) -> Booklet:
    """A booklet whose numbers show their last four characters only."""
    return replace(found, pages=tuple(map(hidden_page, found.pages)))


def hidden_card_form(found: CardForm) -> CardForm:
    """A form whose number shows its last four characters only."""
    return replace(found, items=hidden_items(found.items))


def hidden_items(items: Mapping[str, str]) -> dict[str, str]:
    """Items whose number shows its last four characters only."""
    return {one: masked(text) if one == NUMBER else text for one, text in items.items()}
