"""Checks a column of numbers with what numpy and Arrow have.

The compiled kernel of `replay.numbers` is faster still, but takes two seconds to load, in which
three million numbers are checked here.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from registry.codes import divisions
from registry.numbers import FIRST_BIRTH_YEAR
from registry.values import CitizenNumber

FORM = "^[0-9]{17}[0-9X]$"
WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)], np.int32)
LAST = np.frombuffer(b"10X98765432", np.uint8)  # by remainder


def right_numbers(texts: Any, today: date) -> NDArray[np.bool_]:
    """Which texts of an Arrow column are numbers, of somebody who is born."""
    right = np.array(pc.match_substring_regex(texts, FORM).to_numpy(zero_copy_only=False))
    numbers = texts.filter(pa.array(right)).cast(pa.string())
    fits = checked(numbers) & born(numbers, today)
    fits &= np.asarray(pc.not_equal(pc.utf8_slice_codeunits(numbers, 14, 17), "000"))
    codes = listed(divisions().edition)
    known = np.array(pc.is_in(pc.utf8_slice_codeunits(numbers, 0, 6), codes))
    if divisions().tolerate_newer:
        for place in np.flatnonzero(fits & ~known).tolist():
            known[place] = is_right(numbers[place].as_py())
    right[right] = fits & known
    return right


def checked(numbers: Any) -> NDArray[np.bool_]:
    """Which numbers have the last character that the others ask for."""
    text = characters(numbers, 18)
    total = (text[:, :17].astype(np.int32) - ZERO) @ WEIGHTS
    found: NDArray[np.bool_] = LAST[total % 11] == text[:, 17]
    return found


def born(numbers: Any, today: date) -> NDArray[np.bool_]:
    """Which numbers state a day on which somebody can have been born."""
    days = ordinals(characters(numbers, 18)[:, 6:14])
    found: NDArray[np.bool_] = (days >= FIRST_BIRTH) & (days <= today.toordinal())
    return found


def characters(texts: Any, width: int) -> NDArray[np.uint8]:
    """The bytes of texts of one width, u1[n, width]."""
    if not len(texts):
        return np.empty((0, width), np.uint8)
    _, ends, body = texts.buffers()
    start = np.frombuffer(ends, np.int32, 1, 4 * texts.offset)[0]
    return np.frombuffer(body, np.uint8, width * len(texts), start).reshape(-1, width)


def ordinals(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The days that eight digits each mean, u1[n, 8], YYYYMMDD; 0 where there is no such day."""
    told = digits.astype(np.int64) - ZERO
    year, month, day = told[:, :4] @ TENS, told[:, 4:6] @ TENS[2:], told[:, 6:] @ TENS[2:]
    months = (12 * (year - 1970) + month - 1).astype("M8[M]")
    days = months.astype("M8[D]") + (day - 1)
    real = (year > 0) & (month > 0) & (month < 13) & (day > 0) & (days.astype("M8[M]") == months)
    return np.where(real, days.astype(np.int64) + BEFORE_1970, 0)


ZERO = ord("0")
TENS = np.array([1000, 100, 10, 1])
BEFORE_1970 = date(1970, 1, 1).toordinal()
FIRST_BIRTH = date(FIRST_BIRTH_YEAR, 1, 1).toordinal()


def is_right(text: str) -> bool:
    """Whether a text is a number."""
    try:
        CitizenNumber(text)
    except ValueError:
        return False
    return True


@cache
def listed(edition: int) -> Any:
    """Every code of a division, of an edition of the list."""
    return pa.array(sorted(divisions().listings))
