"""Until when a card holds, in whole numbers: what `registry.card_terms` says of dates."""

from __future__ import annotations

from registry.codes import table
from replay.civil import civil, day_since, years_old
from replay.jit import kernel

#: From which age on a card holds for how many years, the highest first; 0: for life.
_TERMS = tuple(
    (int(row["min_age"]), int(row["years"] or 0)) for row in reversed(table("card_validity"))
)


@kernel
def until(born: int, signed: int) -> int:
    """The last day of a card that was signed on a day for somebody born on one; -1: for life."""
    age = years_old(born, signed)
    year, month, day = civil(signed)
    for least, years in _TERMS:
        if age >= least:
            return day_since(year + years, month, day) if years > 0 else -1
    return -1
