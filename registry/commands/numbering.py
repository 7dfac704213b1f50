"""Giving and recording citizen numbers: books, holders, and the case that a second holder opens."""

from __future__ import annotations

from datetime import date

from registry.aggregates import Number, NumberCase, SegmentPlan, SequenceBook, rules
from registry.events.numbers import (
    BookOpened,
    CodeDrawn,
    CodesRecorded,
    HoldingEnded,
    HoldingResumed,
    NumberCaseOpened,
    NumberGiven,
    NumberRecorded,
    PartyAdded,
)
from registry.registrar import Registrar
from registry.values import (
    BookId,
    CaseId,
    CitizenNumber,
    CommunityId,
    DivisionCode,
    Level,
    NumberFaultKind,
    NumberId,
    OfficeCode,
    PersonId,
    Sex,
)
from registry.vocabulary import Kind


def number_id(registrar: Registrar, number: str) -> NumberId:
    """The stream of a number."""
    return NumberId(registrar.named(Kind.NUMBER, number))


def book_name(address: str, birth: date, first: int, last: int) -> str:
    """The name of a sequence register, from which its stream's id derives."""
    return f"{address}/{birth:%Y%m%d}/{first:03d}-{last:03d}"


def book_id(registrar: Registrar, address: str, birth: date, first: int, last: int) -> BookId:
    """The stream of a sequence register."""
    return BookId(registrar.named(Kind.BOOK, book_name(address, birth, first, last)))


def case_name(fault: NumberFaultKind, number: str) -> str:
    """The name of a number case: kind and number, so that order does not matter."""
    return f"{fault}/{number}"


def case_id(registrar: Registrar, fault: NumberFaultKind, number: str) -> CaseId:
    """The stream of a number case."""
    return CaseId(registrar.named(Kind.CASE, case_name(fault, number)))


def give_number(
    registrar: Registrar,
    person: PersonId,
    community: CommunityId,
    birth: date,
    sex: Sex,
    station: OfficeCode | None = None,
) -> CitizenNumber | None:
    """Give a number from a station's segments, never held before by anybody (分配).

    station: the officer's own unless it is named. Refused where it holds no segment or every code
    is used; then the county extends.
    Source: GB 11643-1999; address code of the county on the day of assignment.
    """
    today = registrar.today
    address = registrar.places().code_of(community, Level.COUNTY, today)
    if address is None or not address.may_number:
        registrar.refuse_if((True, rules.AddressCodeUnfit(address)))
        return None
    station = station or registrar.authority.office
    plan = registrar.find(SegmentPlan, registrar.named(Kind.SEGMENTS, address))
    segments = plan.of(station, birth) if plan else ()
    if not segments:
        registrar.refuse_if((True, rules.NoSegment(f"{station}, {address}, {birth}")))
        return None
    for segment in segments:
        stream = book_id(registrar, address, birth, segment.first, segment.last)
        book = registrar.find(SequenceBook, stream)
        used = book.used if book else frozenset()
        for code in SequenceBook.candidates(segment.first, segment.last, used, sex):
            number = CitizenNumber.compose(address, birth, code)
            holder = number_id(registrar, number)
            if registrar.entries(holder):
                continue
            if book is None or book.last == 0:
                registrar.enter(
                    stream,
                    BookOpened(
                        effective_on=today,
                        address_code=address,
                        birth_date=birth,
                        first=segment.first,
                        last=segment.last,
                    ),
                )
            registrar.enter(
                stream,
                CodeDrawn(effective_on=today, sequence=code, number=holder, person=person),
            )
            registrar.enter(
                holder,
                NumberGiven(effective_on=today, person=person, book=stream, number=number),
            )
            return number
    registrar.refuse_if((True, rules.BookExhausted(f"{address}, {birth}, {sex.name.lower()}")))
    return None


def record_number(registrar: Registrar, person: PersonId, number: CitizenNumber) -> None:
    """Record that a person holds a number assigned elsewhere or earlier (录入)."""
    record_holder(registrar, person, number)
    note_code(registrar, number)


def record_holder(registrar: Registrar, person: PersonId, number: CitizenNumber) -> None:
    """Record a number's holder; a second one opens a case in the same append (重号).

    Reality that has to be cleaned is recorded, never refused and never silent.
    """
    today = registrar.today
    stream = number_id(registrar, number)
    held = registrar.find(Number, stream)
    registrar.enter(stream, NumberRecorded(effective_on=today, person=person, number=number))
    others = [one for one in (held.held_by if held else ()) if one != person]
    if others:
        open_case(registrar, number, stream, [*others, person])


def note_code(registrar: Registrar, number: CitizenNumber) -> None:
    """Note a recorded number's code as used in the book of this register it belongs to, if any."""
    address, birth, code = number.address_code, number.birth_date, number.sequence
    plan = registrar.find(SegmentPlan, registrar.named(Kind.SEGMENTS, address))
    for segment in plan.segments if plan else ():
        if segment.first <= code <= segment.last and segment.valid_from <= birth:
            stream = book_id(registrar, address, birth, segment.first, segment.last)
            book = registrar.find(SequenceBook, stream)
            if book is None or code not in book.used:
                registrar.enter(
                    stream,
                    CodesRecorded(
                        effective_on=registrar.today,
                        address_code=DivisionCode(address),
                        birth_date=birth,
                        sequences=(code,),
                    ),
                )


def open_case(
    registrar: Registrar, number: CitizenNumber, stream: NumberId, parties: list[PersonId]
) -> CaseId:
    """Open the case of a duplicate number, or add a party to the one that is open."""
    case = case_id(registrar, NumberFaultKind.DUPLICATE, number)
    known = registrar.find(NumberCase, case)
    if known is not None and known.open:
        for person in parties:
            if person not in known.parties:
                registrar.enter(case, PartyAdded(effective_on=registrar.today, person=person))
        return case
    registrar.enter(
        case,
        NumberCaseOpened(
            effective_on=registrar.today,
            fault=NumberFaultKind.DUPLICATE,
            number=stream,
            parties=tuple(sorted(set(parties))),
        ),
    )
    return case


def case_streams(
    registrar: Registrar, person: PersonId, number: CitizenNumber | None
) -> list[CaseId]:
    """The streams of every case that there may be about a person's number.

    A shared number has one case for all its holders, named by it; a wrong or missing one is a
    matter of the person alone.
    """
    found = [
        case_id(registrar, fault, str(person))
        for fault in (NumberFaultKind.WRONG, NumberFaultKind.MISSING)
    ]
    if number is not None:
        found.append(case_id(registrar, NumberFaultKind.DUPLICATE, number))
    return found


def open_cases_of(
    registrar: Registrar, person: PersonId, number: CitizenNumber | None
) -> list[NumberCase]:
    """The open cases about a person's number."""
    streams = case_streams(registrar, person, number)
    registrar.prefetch(streams)
    found = (registrar.find(NumberCase, stream) for stream in streams)
    return [one for one in found if one is not None and one.open and person in one.parties]


def refuse_open_case(registrar: Registrar, person: PersonId, number: CitizenNumber | None) -> None:
    """A party to an open number case does not move within the city. Source: GA 214 business 103."""
    if number is None:
        return
    case = registrar.find(NumberCase, case_id(registrar, NumberFaultKind.DUPLICATE, number))
    registrar.refuse_if(
        (case is not None and case.open and person in case.parties, rules.CaseIsOpen(person))
    )


def end_holding(
    registrar: Registrar, person: PersonId, number: CitizenNumber, business: int
) -> None:
    """End a person's holding, unless a case ended it; the number stays used for ever."""
    stream = number_id(registrar, number)
    held = registrar.find(Number, stream)
    if held is not None and held.holders.get(person) is False:
        return
    registrar.enter(
        stream, HoldingEnded(effective_on=registrar.today, person=person, business=business)
    )


def resume_if_ended(
    registrar: Registrar, person: PersonId, number: CitizenNumber | None, business: int
) -> None:
    """Whoever settles again holds the number again, though a case ended when the person left."""
    if number is None:
        return
    held = registrar.find(Number, number_id(registrar, number))
    if held is not None and held.holders.get(person) is False:
        resume_holding(registrar, person, number, business)


def resume_holding(
    registrar: Registrar, person: PersonId, number: CitizenNumber, business: int
) -> None:
    """Give a restored person the same number back; a new holder meanwhile means a case."""
    stream = number_id(registrar, number)
    held = registrar.find(Number, stream)
    registrar.enter(
        stream, HoldingResumed(effective_on=registrar.today, person=person, business=business)
    )
    others = [one for one in (held.held_by if held else ()) if one != person]
    if others:
        open_case(registrar, number, stream, [*others, person])
