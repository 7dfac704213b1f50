"""What can happen to citizen numbers and to the sequence registers they are drawn from (顺序码)."""

from __future__ import annotations

from datetime import date

from registry.values import (
    ApplicationId,
    BookId,
    CitizenNumber,
    Digest,
    DivisionCode,
    DuplicateResolution,
    KeeperReason,
    NumberFaultKind,
    NumberId,
    OfficeCode,
    PaperNumber,
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
    """A fault of a number was found and a case opened (重号, 错号, 漏编).

    number: absent where a text that is no number, or nothing, stands in its place. parties is a
    set: sorted, without repetition. faults: what is wrong with the number, as `explain_number` and
    the check rules name it.
    Source: 公通字[2004]6号; Deyang plan of 2004.
    """

    effective_on: date
    fault: NumberFaultKind
    number: NumberId | None
    parties: tuple[PersonId, ...]
    faults: tuple[str, ...] = ()


@event(code=121, kind=Kind.CASE)
class PartyAdded:
    """One more holder of the number was found (当事人). Source: Deyang plan of 2004."""

    effective_on: date
    person: PersonId


@event(code=122, kind=Kind.CASE)
class NumberCaseClosed:
    """The fault is gone, and the case was closed (结案).

    keeper is absent where nobody keeps the number. resolution: how a number with two holders was
    cleared, as seen from who gave it up. Source: GA 214 duplicate_resolution.
    """

    effective_on: date
    keeper: PersonId | None
    resolution: DuplicateResolution | None = None
    grounds: Private[Text]


@event(code=320, kind=Kind.CASE)
class KeeperProposed:
    """Somebody was proposed to keep the number, with the reason (拟定保留方).

    evidence: for each party in the order of the parties the computed reasons that speak for it, by
    code, with blanks between them. Source: 公通字[2004]6号; Deyang plan of 2004.
    """

    effective_on: date
    keeper: PersonId
    reason: KeeperReason
    evidence: tuple[str, ...] = ()
    grounds: Private[Text | None] = None


@event(code=321, kind=Kind.CASE)
class PartyNotified:
    """A party was told of the case and of what is proposed (告知当事人).

    document: the number of the notice. Source: practice published by police stations.
    """

    effective_on: date
    person: PersonId
    document: PaperNumber


@event(code=322, kind=Kind.CASE)
class NumberCaseDecided:
    """Officers decided who keeps the number and whose changes (重错号处理决定).

    keeper is absent where nobody keeps it, as with a wrong number. changed: who is given another,
    or a first one. touched: digest of everything that the change touches, as it was listed before.
    Source: 公通字[2004]6号; 居民身份证法 art. 19.
    """

    effective_on: date
    keeper: PersonId | None
    changed: tuple[PersonId, ...]
    touched: Digest
    document: PaperNumber
    grounds: Private[Text]


@event(code=323, kind=Kind.CASE)
class NumberChangeProven:
    """A person was given the paper that proves the change of the number (公民身份号码变更证明).

    number: the new one. Source: practice published by police stations; 居民身份证法 art. 3.
    """

    effective_on: date
    person: PersonId
    number: NumberId
    paper: PaperNumber


@event(code=324, kind=Kind.CASE)
class CardCalledIn:
    """A card that bears the number given up was called in; the new one is free (收回证件).

    Source: 居民身份证法 art. 11; GA 214.5-2004, reason 25.
    """

    effective_on: date
    person: PersonId
    application: ApplicationId


SegmentEvent = SegmentAllotted
BookEvent = BookOpened | CodeDrawn | CodesRecorded
NumberEvent = NumberGiven | NumberRecorded | HoldingEnded | HoldingResumed
CaseEvent = (
    NumberCaseOpened
    | PartyAdded
    | KeeperProposed
    | PartyNotified
    | NumberCaseDecided
    | NumberChangeProven
    | CardCalledIn
    | NumberCaseClosed
)
