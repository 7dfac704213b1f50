"""Task letters: how many people each unit gives a card to in a year (任务书).

A letter is a ledger named by programme, year and unit. What a unit hands down stands in the letters
of the units below it, and their sum in its own, so that the sums agree at every tier.
"""

from __future__ import annotations

from datetime import date

from registry.values import DivisionId, LetterId, OfficeCode, ProgrammeCode
from registry.vocabulary import Kind, event


@event(code=362, kind=Kind.LETTER, opens=True)
class TaskLetterIssued:
    """A unit was told how many people it gives a card to in a year (下达任务书).

    division: the unit's, for a police station that of its county. upper: the letter it is a share
    of; None: the task of the plan itself.
    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2.
    """

    effective_on: date
    programme: ProgrammeCode
    year: int
    division: DivisionId
    station: OfficeCode | None
    persons: int
    upper: LetterId | None
    document: str


@event(code=363, kind=Kind.LETTER)
class TaskLetterAmended:
    """The number of a letter was changed; it is to be acknowledged anew (调整任务).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2.
    """

    effective_on: date
    persons: int
    document: str


@event(code=364, kind=Kind.LETTER)
class TaskLetterAcknowledged:
    """The unit took a letter, or its change, to its books (签收任务书).

    persons: the number that it took. Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2.
    """

    effective_on: date
    persons: int


@event(code=365, kind=Kind.LETTER)
class TaskDivided:
    """A unit handed its task down to the units below it, whole (分解任务).

    letters: theirs; persons: the sum of them.
    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2.
    """

    effective_on: date
    letters: tuple[LetterId, ...]
    persons: int
    document: str


LetterEvent = TaskLetterIssued | TaskLetterAmended | TaskLetterAcknowledged | TaskDivided
