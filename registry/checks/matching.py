"""Whether two records may be of one person (重户, 多户): what agrees, what does not, and how much.

Every point has a reason that an officer can read. A sum of points is a reason to look, never to
merge. Weights and variant characters are tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from registry.codes import table
from registry.values import CitizenNumber, Sex, comparison_key

#: The reasons in the order of the table; kernels name them by it.
REASONS = tuple(row["code"] for row in table("match_weights") if row["code"] != "threshold")
#: Digits in which two numbers may differ and still be near.
NEAR = 2


@cache
def weights() -> dict[str, int]:
    """The points of each reason, and the threshold."""
    return {row["code"]: int(row["points"]) for row in table("match_weights")}


@cache
def variants() -> dict[int, str]:
    """By variant character the one it is folded to, as `str.translate` takes it."""
    return {ord(row["variant"]): row["base"] for row in table("name_variants")}


def folded(name: str) -> str:
    """A name as it is compared: variant characters and ways of writing folded.

    >>> folded("劉喆") == folded("刘哲")
    True
    """
    return comparison_key(name).translate(variants())


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What is compared of a record. Names are folded; sound is the name as it is spoken (拼音)."""

    name: str | None
    sound: str | None = None
    former: str | None = None
    sex: Sex | None = None
    birth: date | None = None
    number: CitizenNumber | None = None
    father: str | None = None
    mother: str | None = None
    household: object = None


class Match(NamedTuple):
    """How far two records agree: the points, and the reasons for them in the order of the table."""

    points: int
    reasons: tuple[str, ...]

    @property
    def candidate(self) -> bool:
        """Whether officers should look at the two."""
        return self.points >= weights()["threshold"]


def match(one: Traits, other: Traits) -> Match:
    """Compare two records; the order of the two does not matter."""
    reasons = tuple(reason for reason in REASONS if reason in frozenset(_reasons(one, other)))
    return Match(sum(weights()[reason] for reason in reasons), reasons)


def _reasons(one: Traits, other: Traits) -> Iterator[str]:
    if one.name is not None and one.name == other.name:
        yield "name"
    elif _crosses(one, other):
        yield "former"
    elif one.sound is not None and one.sound == other.sound:
        yield "sound"
    if one.birth is not None and other.birth is not None:
        yield _birth(one.birth, other.birth)
    if one.sex is not None and other.sex is not None and one.sex != other.sex:
        yield "sex-differs"
    if one.number is not None and other.number is not None:
        yield from _number(one.number, other.number)
    for parent, (mine, others) in {
        "father": (one.father, other.father),
        "mother": (one.mother, other.mother),
    }.items():
        if mine is not None and others is not None:
            yield parent if mine == others else f"{parent}-differs"
    if one.household is not None and one.household == other.household:
        yield "together"


def _number(one: CitizenNumber, other: CitizenNumber) -> Iterator[str]:
    """What two right numbers tell; nothing where but the sequence code is another one.

    A county has a code for each birth of a day: two children have two, and so has a child that was
    entered twice. Near are numbers with a slip in the birth date; neighbouring counties are not.
    """
    if one[:17] == other[:17]:
        yield "number"
    elif one[:14] != other[:14]:
        apart = sum(a != b for a, b in zip(one[:17], other[:17], strict=True))
        slip = one.birth_date != other.birth_date and apart <= NEAR
        yield "number-near" if slip else "number-differs"


def _crosses(one: Traits, other: Traits) -> bool:
    return (one.former is not None and one.former == other.name) or (
        other.former is not None and other.former == one.name
    )


def _birth(one: date, other: date) -> str:
    if one == other:
        return "birth"
    parts = ((one.year, other.year), (one.month, other.month), (one.day, other.day))
    if sum(a != b for a, b in parts) == 1:
        return "birth-part"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "birth-swapped"
    return "birth-differs"
