"""What can happen to citizen numbers and to the sequence registers they are drawn from (顺序码)."""

from __future__ import annotations

from datetime import date

from registry.values import (
    BookId,
    CitizenNumber,
    DivisionCode,
    NumberFaultKind,
    NumberId,
    OfficeCode,
    PersonId,
    Text,
)
from registry.vocabulary import Kind, Private, event


@event(code=90, kind=Kind.SEGMENTS, opens=True)
class SegmentAllotted:
    """A county gave a station a range of sequence codes for births from a day on (顺序码段).

    valid_from is compared with the birth date. Source: GB 11643-1999; sequence register practice.
    """

    effective_on: date
    address_code: DivisionCode
    station: OfficeCode
    first: int
    last: int
    valid_from: date


@event(code=91, kind=Kind.BOOK, opens=True)
class BookOpened:
    """A sequence register was opened for one segment of one address code and birth date.

    (公民身份号码顺序码登记表) Source: GB 11643-1999.
    """

    effective_on: date
    address_code: DivisionCode
    birth_date: date
    first: int
    last: int


@event(code=92, kind=Kind.BOOK)
class CodeDrawn:
    """A sequence code was drawn for a person and stays used for ever (分配).

    Source: GB 11643-1999; number_assignment_status operation 1.
    """

    effective_on: date
    sequence: int
    number: NumberId
    person: PersonId


@event(code=93, kind=Kind.BOOK, opens=True)
class CodesRecorded:
    """Sequence codes of numbers that were assigned elsewhere or earlier were noted as used (录入).

    Source: number_assignment_status operation 2.
    """

    effective_on: date
    address_code: DivisionCode
    birth_date: date
    sequences: tuple[int, ...]
    batch: str = ""


@event(code=94, kind=Kind.NUMBER, opens=True)
class NumberGiven:
    """A number was given to a person, for life (分配).

    Source: GB 11643-1999; 居民身份证法 art. 3.
    """

    effective_on: date
    person: PersonId
    book: BookId
    number: Private[CitizenNumber]


@event(code=95, kind=Kind.NUMBER, opens=True)
class NumberRecorded:
    """Somebody was found to hold a number that was assigned elsewhere or earlier (录入).

    Source: number_assignment_status operation 2.
    """

    effective_on: date
    person: PersonId
    number: Private[CitizenNumber]


@event(code=96, kind=Kind.NUMBER)
class HoldingEnded:
    """A person no longer holds a number, which stays used (分配无效).

    Source: number_assignment_status 2.
    """

    effective_on: date
    person: PersonId
    business: int


@event(code=97, kind=Kind.NUMBER)
class HoldingResumed:
    """A person holds a number again after a restoration (恢复). Source: GA 214 business 112."""

    effective_on: date
    person: PersonId
    business: int


@event(code=120, kind=Kind.CASE, opens=True)
class NumberCaseOpened:
    """A fault of a number was found and a case opened (重号, 错号).

    parties is a set: sorted, without repetition. Source: 公通字[2004]6号; Deyang plan of 2004.
    """

    effective_on: date
    fault: NumberFaultKind
    number: NumberId
    parties: tuple[PersonId, ...]


@event(code=121, kind=Kind.CASE)
class PartyAdded:
    """One more holder of the number was found (当事人). Source: Deyang plan of 2004."""

    effective_on: date
    person: PersonId


@event(code=122, kind=Kind.CASE)
class NumberCaseClosed:
    """Officers decided who keeps the number, and the case was closed (结案).

    keeper is absent where nobody keeps it. Source: GA 214 duplicate_resolution.
    """

    effective_on: date
    keeper: PersonId | None
    grounds: Private[Text]


SegmentEvent = SegmentAllotted
BookEvent = BookOpened | CodeDrawn | CodesRecorded
NumberEvent = NumberGiven | NumberRecorded | HoldingEnded | HoldingResumed
CaseEvent = NumberCaseOpened | PartyAdded | NumberCaseClosed
