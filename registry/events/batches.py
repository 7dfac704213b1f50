"""What is recorded of an import itself: what came, what became of it, whether the counts agree.

A batch has one ledger, however many runs it takes. Source: 川换证办[2004]4号, by which existing
data are taken over into the upgraded system.
"""

from __future__ import annotations

from datetime import date

from registry.frozen import frozen
from registry.values import Digest
from registry.vocabulary import Kind, event


@event(code=307, kind=Kind.BATCH, opens=True)
class BatchOpened:
    """The taking over of an extract was begun (数据入库批次).

    baseline: the day for which the source vouches. checksum: SHA-256 of all rows as they were read,
    whatever the files' form; the same batch with another one is a conflict. mapping: SHA-256 of the
    description by which columns were read; absent where they had our own names.
    Source: GA 214 business 100.
    """

    effective_on: date
    source: str
    batch: str
    baseline: date
    checksum: Digest
    mapping: Digest | None
    streets: int
    doorplates: int
    households: int
    persons: int


@frozen
class CountDifference:
    """One sex and year of birth of a unit where more or fewer were accepted than declared.

    sex: 0 where the row has none; birth_year: 0 where it has none.
    """

    sex: int
    birth_year: int
    declared: int
    delivered: int
    accepted: int


@event(code=308, kind=Kind.BATCH)
class UnitReconciled:
    """The persons of one unit were counted against what its source declared (入库核对).

    unit: the source's own name for its station or community. declared is absent where the source
    declared nothing. delivered = accepted + refused + repeated; repeated rows say the same again.
    differences: every sex and year of birth in which declared and accepted differ.
    Source: 川换证办[2004]4号; reconciliation of population figures (人口底数核对).
    """

    effective_on: date
    unit: str
    declared: int | None
    delivered: int
    accepted: int
    refused: int
    repeated: int
    differences: tuple[CountDifference, ...] = ()


@event(code=309, kind=Kind.BATCH)
class BatchReconciled:
    """Everything of a batch has its fate, and its counts were compared (入库核对报告).

    agrees: the source declared its counts, and in every unit, sex and year of birth as many persons
    were accepted. table: SHA-256 of the table of all those counts. differences: how many of its
    lines do not agree. persons: how many were accepted, with_findings of them not without faults.
    Source: 川换证办[2004]4号; reconciliation of population figures (人口底数核对).
    """

    effective_on: date
    agrees: bool
    units: int
    differences: int
    table: Digest
    declared: int | None
    delivered: int
    persons: int
    with_findings: int
    refused: int
    repeated: int
    households: int
    cases: int


BatchEvent = BatchOpened | UnitReconciled | BatchReconciled
