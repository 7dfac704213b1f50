"""Numbers made of digits: division codes, office codes and identity numbers, valid or absent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final, Self

from registry.codes import LISTED_UNTIL, divisions


class Sex(IntEnum):
    """Sex (性别), GB/T 2261.1-2003; the register knows only these two."""

    MALE = 1
    FEMALE = 2


class DivisionCode(str):
    """Code of an administrative division (行政区划代码) as printed: any six digits.

    Whether it was ever listed is a property, since papers of other places bear what they bear.
    Source: GB/T 2260.

    >>> DivisionCode("510603").name_on(date(2004, 6, 3))
    '旌阳区'
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not six digits."""
        if len(text) != 6 or not _decimal(text):
            raise ValueError(f"a division code has six digits, not {text!r}")
        return str.__new__(cls, text)

    @property
    def ever_valid(self) -> bool:
        """Whether any list since 1980, or the configuration, has the code."""
        return self in divisions()

    @property
    def may_number(self) -> bool:
        """Whether new numbers may bear the code, as those of counties may."""
        return divisions().may_number(self)

    def name_on(self, day: date) -> str | None:
        """Return the name under which the code was listed in the year of a day, if it was."""
        listing = divisions().listing_on(self, day)
        return listing.name if listing else None


class OfficeCode(str):
    """Code of a registration office (户口登记机关): twelve digits, the first six its county's."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is not twelve digits."""
        if len(text) != 12 or not _decimal(text):
            raise ValueError(f"an office code has twelve digits, not {text!r}")
        return str.__new__(cls, text)

    @property
    def division(self) -> DivisionCode:
        """The county whose office it is."""
        return DivisionCode(self[:6])

    def within(self, unit: OfficeCode) -> bool:
        """Whether it is a unit or a part of it; the code of a whole is filled up with noughts.

        >>> OfficeCode("510603001001").within(OfficeCode("510603000000"))
        True
        """
        width = next(one for one in OFFICE_WIDTHS if not unit[one:].strip("0"))
        return self[:width] == unit[:width]


#: How many digits tell a province, a city, a county, a station, and a unit inside it.
OFFICE_WIDTHS: Final = (2, 4, 6, 9, 12)
#: Every fault of a number by its stable code, and how an import takes it: a row with an error is
#: not a number at all, one with a warning is taken and put on the list of those to be cleaned.
#: The order gives each fault its bit in `replay`.
FAULTS: Final = {
    "length": "error",
    "fifteen-digits": "error",
    "characters": "error",
    "lower-case-x": "error",
    "address-code": "error",
    "address-code-newer": "warning",
    "birth-date": "error",
    "birth-in-future": "error",
    "sequence-000": "warning",
    "check-character": "error",
}
#: The only fault that a CitizenNumber may have.
TOLERATED: Final = frozenset({"address-code-newer"})
#: Nobody born before this year has a number: the oldest holders of 1984 were born after it.
FIRST_BIRTH_YEAR: Final = 1800
#: Sequence codes that GB 11643-1989 kept for people over a hundred, and the centuries they mean.
CENTURIES: Final = dict.fromkeys(("996", "997", "998", "999"), "18")
ORDINARY_CENTURY: Final = "19"


@dataclass(frozen=True)
class NumberFault:
    """One thing that is wrong with a number: a code that stays, and words for the officer."""

    code: str
    message: str

    @property
    def severity(self) -> str:
        """Return error, or warning where reality has such numbers and they are kept."""
        return FAULTS[self.code]


def check_character(digits: str) -> str:
    """Return the last character of an identity number (公民身份号码).

    digits: the first seventeen characters, decimal.
    Raises ValueError if they are not.
    Source: GB 11643-1999, by ISO 7064 MOD 11-2.

    >>> check_character("11010519491231002")
    'X'
    """
    if not re.fullmatch(r"[0-9]{17}", digits):
        raise ValueError(f"expected seventeen digits, got {len(digits)} characters")
    return "10X98765432"[weigh(digits, 0) % 11]


def weigh(digits: str, first: int) -> int:
    """Sum digits times weights; the first of them stands in the number at place `first`, from 0."""
    return sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits, first))


def real_date(digits: str) -> date | None:
    """Read a birth date YYYYMMDD; None where there is no such day or nobody can be so old."""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day if day.year >= FIRST_BIRTH_YEAR else None


def explain_number(text: str, today: date | None = None) -> tuple[NumberFault, ...]:
    """Name every fault of a number; none means that it is right.

    Each part that can be read is judged, whatever is wrong with the others.
    today: where given, a birth after it is a fault.

    >>> [fault.code for fault in explain_number("510603200302290021")]
    ['birth-date', 'check-character']
    """
    return tuple(NumberFault(*fault) for fault in _faults(text, today))


def _faults(text: str, today: date | None) -> list[tuple[str, str]]:
    # No message quotes more than the last character: it may end up in a log.
    if len(text) == 15 and _decimal(text):
        return [("fifteen-digits", "it has 15 digits and must be converted to 18 first")]
    if len(text) != 18:
        return [("length", f"it has {len(text)} characters instead of 18")]
    faults = []
    address, birth, sequence, last = text[:6], text[6:14], text[14:17], text[17]
    whole = _decimal(text[:17]) and last in "0123456789Xx"
    if not whole:
        faults.append(("characters", "it must be 17 digits and then a digit or X"))
    if last == "x":
        faults.append(("lower-case-x", "its last character must be a capital X"))
    if _decimal(address) and address not in divisions():
        newer = _decimal(birth) and int(birth[:4]) > LISTED_UNTIL
        if newer and divisions().tolerate_newer:
            words = "its address code is newer than the tables: add it to the configuration"
            faults.append(("address-code-newer", words))
        else:
            faults.append(("address-code", "its first six digits never were a division's code"))
    if _decimal(birth):
        day = real_date(birth)
        if day is None:
            faults.append(("birth-date", "digits 7 to 14 are no day on which a holder was born"))
        elif today and day > today:
            faults.append(("birth-in-future", f"its birth date lies after {today}"))
    if sequence == "000":
        faults.append(("sequence-000", "sequence code 000 is never issued"))
    if whole and last.upper() != (right := check_character(text[:17])):
        words = f"its last character should be {right} and not {last}: look for a typing error"
        faults.append(("check-character", words))
    return faults


def _decimal(part: str) -> bool:
    return part.isascii() and part.isdigit()


class _Weighed(dict[str, int]):
    """Parts of numbers that are right, each with its share of the checked sum; filled on demand."""

    def __init__(self, first: int, right: Callable[[str], object]) -> None:
        self.first, self.right = first, right

    def __missing__(self, part: str) -> int:
        if not (_decimal(part) and self.right(part)):
            raise KeyError(part)
        share = weigh(part, self.first)
        if len(self) < 200_000:  # more than the days since 1800: a bound, not a rule
            self[part] = share
        return share


_ADDRESS = _Weighed(0, lambda code: code in divisions())
_BIRTH = _Weighed(6, real_date)
_SEQUENCE = _Weighed(14, lambda code: code != "000")


class CitizenNumber(str):
    """Identity number (公民身份号码): eighteen characters, all of them right.

    The address code is that of the county at assignment and never follows a move, so it is held
    against every code ever listed, never against the year of birth.
    Source: GB 11643-1999; Identity Card Law (居民身份证法), art. 3.

    >>> CitizenNumber("11010519491231002X").sex
    <Sex.FEMALE: 2>
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse a number with any fault, naming them all; see `explain_number`."""
        try:  # three look-ups and a remainder: millions of numbers are made
            total = _ADDRESS[text[:6]] + _BIRTH[text[6:14]] + _SEQUENCE[text[14:17]]
            right = "10X98765432"[total % 11] == text[17:]
        except KeyError:
            right = False
        if not right and (faults := [f for f in _faults(text, None) if f[0] not in TOLERATED]):
            words = "; ".join(message for _, message in faults)
            raise ValueError(f"{masked(text)!r} is no identity number: {words}")
        return str.__new__(cls, text)

    @classmethod
    def recorded(cls, text: str) -> Self:
        """Take back a number that was checked when it was recorded, whatever is configured now."""
        return str.__new__(cls, text)

    @classmethod
    def compose(cls, address_code: DivisionCode, birth_date: date, sequence: int) -> Self:
        """Make the number of an address code, a birth date and a sequence code (顺序码) 1 to 999.

        Raises ValueError where no such number may be assigned.
        """
        if not address_code.may_number:
            raise ValueError(
                f"no number may be assigned under {address_code}: take a county's code"
            )
        if not 1 <= sequence <= 999:
            raise ValueError(f"a sequence code is 001 to 999, not {sequence}")
        digits = f"{address_code}{birth_date:%Y%m%d}{sequence:03}"
        return cls(digits + check_character(digits))

    @classmethod
    def from_15(cls, text: str) -> Self:
        """Convert a number of fifteen digits (GB 11643-1989): the century and a check character.

        >>> CitizenNumber.from_15("440524800101999")
        '440524188001019991'
        """
        if not re.fullmatch(r"[0-9]{15}", text):
            raise ValueError(f"a number of the old form has 15 digits, not {len(text)} characters")
        digits = text[:6] + CENTURIES.get(text[12:], ORDINARY_CENTURY) + text[6:]
        return cls(digits + check_character(digits))

    @property
    def address_code(self) -> DivisionCode:
        """The county where the number was assigned, by the code it had then."""
        return DivisionCode(self[:6])

    @property
    def birth_date(self) -> date:
        """The birth date that the number states."""
        return date(int(self[6:10]), int(self[10:12]), int(self[12:14]))

    @property
    def sequence(self) -> int:
        """The sequence code, which tells apart who share address code and birth date."""
        return int(self[14:17])

    @property
    def sex(self) -> Sex:
        """The sex that the number states: odd sequence codes are male."""
        return Sex.MALE if self.sequence % 2 else Sex.FEMALE

    @property
    def masked(self) -> str:
        """The number as it may be shown: its last four characters only."""
        return masked(self)


def masked(text: str) -> str:
    """Hide all but the last four characters of a number, and all of a short one."""
    shown = text[-4:] if len(text) > 8 else ""
    return "*" * (len(text) - len(shown)) + shown
