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
from registry.numbers import real_date
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
    _, ends, body = numbers.buffers()
    if not len(numbers):
        return np.empty(0, np.bool_)
    start = np.frombuffer(ends, np.int32, 1, 4 * numbers.offset)[0]
    text = np.frombuffer(body, np.uint8, 18 * len(numbers), start).reshape(-1, 18)
    total = (text[:, :17].astype(np.int32) - 48) @ WEIGHTS
    found: NDArray[np.bool_] = LAST[total % 11] == text[:, 17]
    return found


def born(numbers: Any, today: date) -> NDArray[np.bool_]:
    """Which numbers state a day on which somebody can have been born."""
    coded = pc.utf8_slice_codeunits(numbers, 6, 14).dictionary_encode()
    days = [real_date(text) for text in coded.dictionary.to_pylist()]
    fits = np.array([day is not None and day <= today for day in days], np.bool_)
    found: NDArray[np.bool_] = fits[np.asarray(coded.indices)]
    return found


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
