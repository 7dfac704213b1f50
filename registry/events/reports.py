"""Reports that were filed: which figures, of what, as known when (统计报表).

The figures themselves are kept by their digest; what was filed is never changed, a later report of
the same form, place and period stands beside it on the same ledger.
"""

from __future__ import annotations

from datetime import date

from registry.values import Digest, DivisionId, ReportForm
from registry.vocabulary import Kind, event


@event(code=370, kind=Kind.REPORT, opens=True)
class ReportFiled:
    """A report was filed (上报统计报表).

    first, last: the period, one day twice for a state. known_at: the instant of the last entry that
    counts, microseconds UTC. figures: SHA-256 of the canonical figures, which state the position;
    size: their bytes.
    Source: Deyang plan of 2004 (德办发(2004)39号) 三(六)3: 掌握基本情况并定期上报.
    """

    effective_on: date
    form: ReportForm
    division: DivisionId
    first: date
    last: date
    known_at: int
    figures: Digest
    size: int
    rows: int


ReportEvent = ReportFiled
