"""Rows of an older system's extract to the entries that they become (数据入库).

What a rule forbids and reality holds is kept as found and told as a finding. Nothing here reads or
writes: rows come in as columns of text, entries go out. Source: GA 214 business 100.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from registry.aggregates import SegmentPlan, SequenceBook
from registry.commands.extract import (
    COLLECTIVE,
    DOORPLATES,
    HEADS,
    HOUSEHOLDS,
    PERSONS,
    STREETS,
    Batch,
    Homes,
    House,
    Plate,
    Remark,
    StreetRow,
)
from registry.commands.numbering import book_name, case_name, record_holder
from registry.commands.people import People
from registry.entry import Entry
from registry.events.address import DoorplateImported, StreetNamed
from registry.events.household import HouseholdImported, Member, MembersChanged
from registry.events.numbers import CodesRecorded, NumberCaseOpened, NumberRecorded, PartyAdded
from registry.events.person import PersonImported
from registry.registrar import Registrar
from registry.values import (
    CitizenNumber,
    DivisionCode,
    HouseholdId,
    NumberFaultKind,
    PersonId,
    Relationship,
)
from registry.vocabulary import VOCABULARY, Kind

T = TypeVar("T")
IMPORT = 100  # the business


@dataclass
class Decision:
    """What is to be entered, and what is to be said about it.

    holders: who holds a number that others hold, or may hold, too: for `enter_holders`.
    """

    entries: list[Entry] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    findings: list[Remark] = field(default_factory=list)
    refused: list[Remark] = field(default_factory=list)
    holders: list[tuple[PersonId, CitizenNumber]] = field(default_factory=list)


def enter_streets(batch: Batch, streets: Iterable[StreetRow], known: Collection[UUID]) -> Decision:
    """The entries of streets."""
    made = Decision()
    for street in streets:
        if street.id in known:
            made.refused.append(Remark(STREETS, street.row + 1, street.key, "already-known"))
            continue
        event = StreetNamed(
            effective_on=street.day, division=street.division, street_name=street.name
        )
        made.entries.append(Entry(street.id, 1, event, street.day))
    made.accepted[STREETS] = len(made.entries)
    return made


def enter_plates(batch: Batch, plates: Iterable[Plate], known: Collection[UUID]) -> Decision:
    """The entries of door plates."""
    made = Decision()
    for plate in plates:
        if plate.id in known:
            made.refused.append(Remark(DOORPLATES, plate.row + 1, plate.key, "already-known"))
            continue
        event = DoorplateImported(
            effective_on=plate.day,
            street=plate.street,
            plate_number=plate.number,
            plate_detail=plate.detail,
            community=plate.community,
            source=batch.source,
            batch=batch.name,
        )
        made.entries.append(Entry(plate.id, 1, event, plate.day))
    made.accepted[DOORPLATES] = len(made.entries)
    return made


def enter_homes(batch: Batch, homes: Homes, known: Collection[UUID] = ()) -> Decision:
    """The entries of households, of the persons in them and of the numbers they hold.

    known: streams among them that the register has already: rows of such persons and households
    are refused, such numbers have two holders.
    """
    made = Decision()
    people = People(batch, homes, made.findings)
    end = 0
    for house, size in zip(homes.houses, homes.sizes, strict=True):
        first, end = end, end + size
        members: Sequence[int] | None = range(first, end)
        if known:
            members = newcomers(people, house, range(first, end), known, made)
        if members is not None:
            enter_house(batch, house, people, members, made, known)
    return made


def household_id(batch: Batch, house: House) -> HouseholdId:
    """The stream of a household."""
    return HouseholdId(batch.stream(HOUSEHOLDS, house.key))


def newcomers(
    people: People,
    house: House,
    members: range,
    known: Collection[UUID],
    made: Decision,
) -> Sequence[int] | None:
    """The members whom the register does not know yet; None where the household falls."""
    persons = [member for member in members if people.ids[member] not in known]
    repeated = [member for member in members if people.ids[member] in known]
    made.refused.extend(people.remark(member, "already-known") for member in repeated)
    forget(people, repeated, made)
    reason = None
    if household_id(people.batch, house) in known:
        reason = "already-known"
    elif house.type != COLLECTIVE and len(persons) < len(members):
        heads = sum(people.relations[member] in HEADS for member in persons)
        reason = None if heads == 1 or not persons else "head-missing"
    if reason is None:
        return persons
    made.refused.append(Remark(HOUSEHOLDS, house.row + 1, house.key, reason))
    made.refused.extend(people.remark(member, "household-refused") for member in persons)
    forget(people, members, made)
    return None


def forget(people: People, members: Iterable[int], made: Decision) -> None:
    """Drop what was found in rows that are refused."""
    fallen = {people.rows[member] + 1 for member in members}
    made.findings[:] = [one for one in made.findings if one.row not in fallen]


def enter_house(
    batch: Batch,
    house: House,
    people: People,
    members: Sequence[int],
    made: Decision,
    known: Collection[UUID],
) -> None:
    """The entries of one household: it is there from the day on which its head is.

    Who came later joins on a later day, so that a household's members and its members' residence
    agree on every day. A collective household lists nobody.
    """
    day, head = house.day, None
    listed = [] if house.type == COLLECTIVE else members
    if listed:
        head = next(member for member in listed if people.relations[member] in HEADS)
        day = max(day, people.day_of(head, day))
    days = {member: people.day_of(member, day, remark=True) for member in members}
    joined: dict[date, list[Member]] = defaultdict(list)
    for member in listed:
        joined[days[member]].append(
            Member(person=people.ids[member], relation=Relationship(people.relations[member]))
        )
    heading = people.ids[head] if head is not None else None
    event: Any = HouseholdImported(
        effective_on=day,
        household_number=house.number,
        household_type=house.type,
        doorplate=house.plate.id,
        community=house.plate.community,
        members=tuple(joined.pop(day, ())),
        head=heading,
        source=batch.source,
        batch=batch.name,
    )
    household = household_id(batch, house)
    made.entries.append(Entry(household, 1, event, day))
    for version, later in enumerate(sorted(joined), 2):
        event = MembersChanged(
            effective_on=later, business=IMPORT, joined=tuple(joined[later]), head=heading
        )
        made.entries.append(Entry(household, version, event, later))
    made.accepted[HOUSEHOLDS] += 1
    made.accepted[PERSONS] += len(members)
    for member in members:
        enter_person(batch, house, people, member, days[member], made, known)


@cache
def defaults(shape: type[Any]) -> dict[str, Any]:
    """The fields of an event that need not be told."""
    fields = VOCABULARY[shape].fields
    return {one.name: one.default for one in fields if one.default is not MISSING}


def enter_person(
    batch: Batch,
    house: House,
    people: People,
    member: int,
    day: date,
    made: Decision,
    known: Collection[UUID],
) -> None:
    """The entries of a person and, where nobody else is known to hold it, of the number."""
    person, number, name = people.ids[member], people.numbers[member], people.names[member]
    birth, birth_as_found = people.births[member]
    fields: dict[str, Any] = {
        **defaults(PersonImported),
        "effective_on": day,
        "household": household_id(batch, house),
        "community": house.plate.community,
        "birth_date": birth,
        "birth_date_as_found": birth_as_found,
        "name": name,
        "number": number,
        "source": batch.source,
        "batch": batch.name,
    }
    for column, values in people.values:
        fields[column] = values[member]
    if name is None:
        fields["name_as_found"] = people.columns["name"][member] or None
    if number is None:
        fields["number_as_found"] = people.columns["number"][member] or None
    made.entries.append(Entry(person, 1, event_of(PersonImported, fields), day))
    if number is None:
        return
    if birth is not None and number[6:14] != birth.isoformat().replace("-", ""):
        people.find(member, "number-differs-from-birth-date")
    if fields["sex"] is not None and int(number[16]) % 2 != fields["sex"] % 2:
        people.find(member, "number-differs-from-sex")
    made.accepted["numbers"] += 1
    stream = people.number_stream(number)
    if number in people.shared or stream in known:
        made.holders.append((person, number))
        return
    recorded = {"effective_on": batch.today, "person": person, "number": number}
    made.entries.append(Entry(stream, 1, event_of(NumberRecorded, recorded), batch.today))


def event_of(shape: type[T], fields: dict[str, Any]) -> T:
    """An event from all its fields; a frozen dataclass sets them one by one, far more slowly."""
    event = object.__new__(shape)
    event.__dict__.update(fields)
    return event


def enter_holders(
    registrar: Registrar, holders: Iterable[tuple[PersonId, CitizenNumber]]
) -> Counter[str]:
    """Record holders of numbers that others hold too; the cases that this opens are counted."""
    for person, number in holders:
        record_holder(registrar, person, number)
    cases = Counter[str]()
    for entry in registrar.noted:
        if isinstance(entry.event, NumberCaseOpened):
            cases["cases"] += 1
        elif isinstance(entry.event, PartyAdded):
            cases["parties"] += 1
    return cases


def holder_streams(batch: Batch, numbers: Iterable[str]) -> set[UUID]:
    """The streams that `enter_holders` reads."""
    named = batch.named
    return {
        stream
        for number in numbers
        for stream in (
            named(Kind.NUMBER, number),
            named(Kind.CASE, case_name(NumberFaultKind.DUPLICATE, number)),
        )
    }


def enter_codes(
    batch: Batch,
    codes: Iterable[tuple[str, Sequence[int]]],
    plans: Mapping[str, SegmentPlan],
    books: Mapping[UUID, Sequence[Entry] | None],
) -> list[Entry]:
    """Note the codes of imported numbers as used in the books that this register keeps (录入).

    codes: address code and birth date as in a number, and the sequence codes seen with both.
    books: the entries of those that are not new; None: leave that one out.
    """
    entries = []
    for prefix, sequences in codes:
        plan = plans.get(prefix[:6])
        if plan is None:
            continue
        birth = date.fromisoformat(prefix[6:])
        for segment in plan.segments:
            if segment.valid_from > birth:
                continue
            inside = {code for code in sequences if segment.first <= code <= segment.last}
            if not inside:
                continue
            name = book_name(prefix[:6], birth, segment.first, segment.last)
            stream = batch.named(Kind.BOOK, name)
            held = books.get(stream, ())
            if held is None:
                continue
            book = SequenceBook.fold(held) if held else None
            new = sorted(inside - book.used if book else inside)
            if new:
                event = CodesRecorded(
                    effective_on=batch.today,
                    address_code=DivisionCode(prefix[:6]),
                    birth_date=birth,
                    sequences=tuple(new),
                    batch=batch.name,
                )
                entries.append(Entry(stream, len(held) + 1, event, batch.today))
    return entries
