"""What the law sets for a card: how long it holds, which generation is made, who issues it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Self

from registry.codes import table
from registry.days import age_on
from registry.values import CardKind, DivisionCode, HandoverCheck, OfficeCode

#: Tiers at which a made card is inspected, after the table card_acceptance_level.
LEVELS = {"station": "1", "county": "2", "city": "3", "province": "4"}


@dataclass(frozen=True)
class SamplePlan:
    """How many of a package the city looks at, and what it forgives (抽检方案).

    permille of the package, rounded up, and never fewer than `least`; accepts: faults among them
    with which the others pass. document: where that is laid down.
    """

    permille: int
    least: int
    accepts: int
    document: str

    def __post_init__(self) -> None:
        """Refuse a plan that looks at nothing, or forgives whatever it sees."""
        if not (0 <= self.permille <= 1000 and self.least >= 1 and self.accepts >= 0):
            raise ValueError(f"{self} is no sample plan: at least one is looked at, 1000 permille")
        if not self.document:
            raise ValueError("a sample plan names the document that lays it down")

    @classmethod
    def on(cls, day: date) -> Self:
        """The plan in force on a day. Source: the table card_sampling."""
        rows = table("card_sampling")
        row = ([row for row in rows if row["valid_from"] <= day.isoformat()] or rows[:1])[-1]
        permille, least, accepts = (int(row[name]) for name in ("permille", "least", "accepts"))
        return cls(permille, least, accepts, row["document"])

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a plan: three numbers with commas between them, then its document.

        >>> SamplePlan.of("50,20,0,川换证办[2004]4号").least
        20
        """
        told = text.split(",", 3)
        if len(told) != 4 or not all(number.isdecimal() for number in told[:3]):
            raise ValueError(f"{text!r} is no sample plan: permille,least,accepts,document")
        return cls(int(told[0]), int(told[1]), int(told[2]), told[3])

    def size_of(self, package: int) -> int:
        """How many of a package are looked at."""
        return min(package, max(-(-package * self.permille // 1000), self.least))


class SharedNumber(IntEnum):
    """Who of several holders of one number gets a card while the case is open (重号制证设置)."""

    NEITHER = 0
    BOTH = 1
    FIRST = 2


@dataclass(frozen=True)
class CardSetting:
    """What a province sets about cards: which gates are kept, who looks, and how much.

    baseline, verified, number, exchange: gates before a card of the second generation. inspected:
    levels of card_acceptance_level at which a card must pass before it goes on. separate: whether
    acceptor, auditor and signer are three officers. sample: what the city looks at, where the
    province has a plan of its own. checks: what is looked at before a card changes hands.
    """

    baseline: bool = True
    verified: bool = True
    number: bool = True
    exchange: bool = True
    inspected: frozenset[str] = frozenset(row["code"] for row in table("card_acceptance_level"))
    separate: bool = True
    sample: SamplePlan | None = None
    checks: frozenset[HandoverCheck] = frozenset(HandoverCheck)
    shared_number: SharedNumber = SharedNumber.NEITHER

    @classmethod
    def of(
        cls,
        gates: str,
        inspected: str,
        sample: str = "",
        shared: int = 0,
        checks: str = ",".join(HandoverCheck),
    ) -> Self:
        """Read the gates that are kept and the levels that inspect, with commas between them.

        sample: a plan as `SamplePlan.of` reads it; empty: the one of the table. shared: who of
        several holders of a number gets a card, as in SharedNumber. checks: what is looked at when
        a card is handed out. Raises ValueError at a word that names none.
        """
        kept, levels = (frozenset(filter(None, text.split(","))) for text in (gates, inspected))
        known = frozenset({"baseline", "verified", "number", "exchange", "officers"})
        if wrong := sorted((kept - known) | (levels - cls().inspected)):
            raise ValueError(
                f"{', '.join(wrong)}: gates are {', '.join(sorted(known))},"
                f" inspections {', '.join(sorted(cls().inspected))}"
            )
        return cls(
            baseline="baseline" in kept,
            verified="verified" in kept,
            number="number" in kept,
            exchange="exchange" in kept,
            separate="officers" in kept,
            inspected=levels,
            sample=SamplePlan.of(sample) if sample else None,
            shared_number=SharedNumber(shared),
            checks=frozenset(map(HandoverCheck, filter(None, checks.split(",")))),
        )


def valid_until(birth: date, signed_on: date) -> date | None:
    """The last day of a card signed on a day (有效期限); None: for life (长期).

    The age is that of the day of signing; a card signed on 29 February ends on 1 March where the
    last year has no such day. Source: 居民身份证法 art. 5; GA 214.8-2004.

    >>> valid_until(date(1992, 2, 29), date(2018, 3, 1))
    datetime.date(2038, 3, 1)
    """
    age = age_on(birth, signed_on)
    (term,) = (
        row
        for row in table("card_validity")
        if int(row["min_age"]) <= age <= int(row["max_age"] or age)
    )
    if not term["years"]:
        return None
    year = signed_on.year + int(term["years"])
    try:
        return signed_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def is_made(kind: CardKind, on: date) -> bool:
    """Whether cards of a kind are accepted for, and made, on a day.

    Source: the table card_generations; the first generation ends on 2004-12-31.
    """
    row = _generation(kind.generation)
    what = "temporary" if kind.temporary else "made"
    return row[f"{what}_from"] <= on.isoformat() <= (row[f"{what}_until"] or "9999")


def made_from(kind: CardKind) -> date:
    """The first day on which cards of a kind were made."""
    what = "temporary" if kind.temporary else "made"
    return date.fromisoformat(_generation(kind.generation)[f"{what}_from"])


def holds_on(generation: int, until: date | None, on: date) -> bool:
    """Whether a card with a last day, None for life, holds on a day.

    Whatever it says, no card of the first generation holds from 2013-01-01.
    """
    last = _generation(generation)["valid_until"] or "9999"
    return on.isoformat() <= last and (until is None or on <= until)


def has_fingerprints(generation: int, on: date) -> bool:
    """Whether a card of a generation may hold fingerprints, applied for on a day."""
    first = _generation(generation)["fingerprints_from"]
    return bool(first) and first <= on.isoformat()


def _generation(generation: int) -> dict[str, str]:
    (row,) = (row for row in table("card_generations") if row["generation"] == str(generation))
    return dict(row)


def issuing_authority(
    station: OfficeCode, division: DivisionCode, county: str, city: str | None, on: date
) -> tuple[OfficeCode, str]:
    """The bureau that issues the cards of a station on a day: its code, and what a card prints.

    division, county, city: code and names of where the station's people are registered; they tell
    where the table has no row. One division may have several bureaus, which are no divisions.
    Source: 居民身份证法 art. 8; the table card_authorities, else the rule of naming.

    >>> station, division = OfficeCode("510603501000"), DivisionCode("510603")
    >>> issuing_authority(station, division, "旌阳区", "德阳市", date(2007, 6, 1))
    ('510603500000', '德阳市公安局旌东分局')
    """
    code = station if station.startswith(division) else division
    fitting = [
        row
        for row in table("card_authorities")
        if code.startswith(row["station"])
        and row["valid_from"] <= on.isoformat() <= (row["valid_until"] or "9999")
    ]
    if fitting:
        row = max(fitting, key=lambda row: len(row["station"]))
        return OfficeCode(row["office"]), row["authority"]
    named = f"{city}公安局{county}分局" if city and county.endswith("区") else f"{county}公安局"
    return OfficeCode(f"{division}000000"), named
