"""Days since 1880-01-01 as year, month and day, and back, in loops (公历)."""

from __future__ import annotations

from replay.jit import kernel

#: Days from the first of March of the year 0 to day 0 of the columns of days, 1880-01-01.
_EPOCH = 365 * 1879 + 1879 // 4 - 1879 // 100 + 1879 // 400 + (153 * 10 + 2) // 5


@kernel
def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of a day since 1880-01-01."""
    days = day + _EPOCH
    era = days // 146_097
    left = days - era * 146_097
    year = (left - left // 1460 + left // 36_524 - left // 146_096) // 365
    left -= 365 * year + year // 4 - year // 100
    month = (5 * left + 2) // 153  # from March on, so that a leap day is the last of its year
    day_in_month = left - (153 * month + 2) // 5 + 1
    year += 400 * era
    return (year + 1, month - 9, day_in_month) if month > 9 else (year, month + 3, day_in_month)


@kernel
def day_since(year: int, month: int, day: int) -> int:
    """The day since 1880-01-01; of 29 February in a common year the first of March."""
    y = year - 1 if month <= 2 else year
    m = month + 9 if month <= 2 else month - 3
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1 - _EPOCH


@kernel
def years_old(born: int, day: int) -> int:
    """Full years on a day; whoever was born on 29 February turns a year older on 1 March."""
    y, m, d = civil(day)
    b_y, b_m, b_d = civil(born)
    return y - b_y - (1 if (m, d) < (b_m, b_d) else 0)
