"""How names sound (拼音), character by character and without tones, for comparing them."""

from __future__ import annotations

from functools import cache

import numpy as np
from pypinyin import Style, pinyin
from pypinyin.constants import PINYIN_DICT

from replay.columns.forms import Column
from replay.states.standing import plain

#: Code points that are looked up: all up to the last ideograph.
POINTS = 0x31350


def sound_of(name: str) -> str:
    """How a folded name sounds: the syllable of each character, others as they are.

    One reading a character, the most common: names that are only perhaps alike come together.

    >>> sound_of("王晓明") == sound_of("王小明")
    True
    """
    return " ".join(_syllable(character) for character in name)


@cache
def _syllable(character: str) -> str:
    return str(pinyin(character, style=Style.NORMAL, errors="default")[0][0])


@cache
def syllables() -> Column:
    """By code point a number that characters of one sound share, u4; its own where it has none."""
    found = np.arange(POINTS, dtype="u4")
    numbers: dict[str, int] = {}
    for point in sorted(PINYIN_DICT):
        if point < POINTS:
            found[point] = numbers.setdefault(_syllable(chr(point)), point)
    return plain(found)
