"""What is decided about divisions and persons before cards may be made for them (发证条件).

The stream of a division is that of its surrogate in the tree of places.
"""

from __future__ import annotations

from datetime import date

from registry.values import DivisionCode
from registry.vocabulary import Kind, event


@event(code=190, kind=Kind.DIVISION, opens=True)
class CountyBaselineAccepted:
    """The data of a county were accepted as complete and right: cards may follow (建库验收).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 先建库、后发证.
    """

    effective_on: date
    county: DivisionCode
    document: str


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


ReadinessEvent = CountyBaselineAccepted | CountyBaselineWithdrawn | PersonVerified
