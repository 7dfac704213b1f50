"""Numbers for people who do not exist, by the rules and under codes that were in force."""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.demo.dice import Dice
from registry.codes import divisions
from registry.values import CitizenNumber, DivisionCode, Sex

#: When numbers began to be assigned; older people got theirs then.
FIRST_YEAR: Final = 1985
#: The codes that one place has had, in the order in which they were in force.
LINEAGES: Final[tuple[tuple[str, ...], ...]] = (
    ("510622", "510683"),
    ("510602", "510603"),
    ("510624", "519001", "510681"),
    ("510625", "510682"),
    ("510623",),
    ("510626",),
    ("220102",),
    ("220104",),
    ("220202",),
    ("220121", "220182"),
    ("222401",),
    ("222405",),
)
#: Sequence codes of residents and of strangers; the register gives others itself.
RESIDENTS, STRANGERS = (401, 799), (1, 980)
LOCAL_SHARE: Final = 0.86


class Numbers:
    """Gives every number once, unless somebody wants it twice."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.used: set[str] = set()
        self._lineage = {code: line for line in LINEAGES for code in line}

    def local(self, county: str, born: date, sex: Sex) -> CitizenNumber:
        """A number of somebody who lives in a county and mostly was born there."""
        line = self._lineage[county]
        if not self.dice.chance(LOCAL_SHARE):
            line = self.dice.pick(LINEAGES)
        return self._fresh(line, born, sex, RESIDENTS)

    def foreign(self, homes: frozenset[str], born: date, sex: Sex) -> CitizenNumber:
        """A number of somebody from elsewhere."""
        lines = [line for line in LINEAGES if not homes & set(line)]
        return self._fresh(self.dice.pick(lines), born, sex, STRANGERS)

    def _fresh(
        self, line: tuple[str, ...], born: date, sex: Sex, codes: tuple[int, int]
    ) -> CitizenNumber:
        address = in_force(line, max(born.year, FIRST_YEAR))
        while True:
            code = self.dice.between(codes[0] // 2, codes[1] // 2 - 1) * 2
            code += 1 if sex is Sex.MALE else 2
            number = CitizenNumber.compose(address, born, code)
            if number not in self.used:
                self.used.add(number)
                return number


def in_force(line: tuple[str, ...], year: int) -> DivisionCode:
    """The code that a place had in a year; the oldest for years before any."""
    fitting = [
        code
        for code in line
        if any(one.first_year <= year <= one.last_year for one in divisions().listings[code])
    ]
    return DivisionCode(fitting[-1] if fitting else line[0])
