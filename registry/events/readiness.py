"""What is decided about divisions and persons before cards are made, and for whom (发证条件).

The stream of a division is that of its surrogate in the tree of places. A holder's stream lists the
applications of one person, so that a person has one at a time.
"""

from __future__ import annotations

from datetime import date

from registry.values import ApplicationId, BatchId, CardKind, DivisionCode, PersonId
from registry.vocabulary import Kind, event


@event(code=190, kind=Kind.DIVISION, opens=True)
class CountyBaselineAccepted:
    """The data of a county were accepted as complete and right: cards may follow (建库验收).

    persons, errors: how many were registered and how many errors were open, where it was counted.
    reconciliations: the imports whose counts were found to agree.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 先建库、后发证.
    """

    effective_on: date
    county: DivisionCode
    document: str
    persons: int | None = None
    errors: int | None = None
    reconciliations: tuple[BatchId, ...] = ()


@event(code=191, kind=Kind.DIVISION)
class CountyBaselineWithdrawn:
    """The acceptance of a county's data no longer holds (撤销建库验收).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    document: str


@event(code=192, kind=Kind.PERSON)
class PersonVerified:
    """All items of a person were found to agree with the papers and the person (核准).

    It writes no item, and falls if it is voided.
    Source: Deyang plan of 2004 (德办发(2004)39号); 公通字[2004]6号.
    """

    effective_on: date
    document: str


@event(code=193, kind=Kind.HOLDER, opens=True)
class ApplicationFiled:
    """An application, for a card or a temporary one, was put into the person's file (持证人档案).

    Source: 居民身份证法 art. 7, 11: nobody has two cards.
    """

    effective_on: date
    person: PersonId
    application: ApplicationId
    card_kind: CardKind


ReadinessEvent = (
    CountyBaselineAccepted | CountyBaselineWithdrawn | PersonVerified | ApplicationFiled
)
