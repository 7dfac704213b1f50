"""What the law sets for a card: how long it holds, which generation is made, who issues it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

from registry.codes import table
from registry.days import age_on

#: Tiers at which a made card is inspected, after the table card_acceptance_level.
LEVELS = {"station": "1", "county": "2", "city": "3", "province": "4"}


@dataclass(frozen=True)
class CardSetting:
    """What a province sets about cards: which gates are kept, who looks, and how much.

    baseline, verified, number: gates before a card of the second generation. inspected: levels of
    card_acceptance_level at which a card must pass before it goes on. separate: whether acceptor,
    auditor and signer are three officers. sample_permille, sample_least: what the city looks at.
    """

    baseline: bool = True
    verified: bool = True
    number: bool = True
    inspected: frozenset[str] = frozenset(row["code"] for row in table("card_acceptance_level"))
    separate: bool = True
    sample_permille: int = 50
    sample_least: int = 20

    @classmethod
    def of(cls, gates: str, inspected: str) -> Self:
        """Read the gates that are kept and the levels that inspect, with commas between them.

        Raises ValueError at a word that names none.
        """
        kept, levels = (frozenset(filter(None, text.split(","))) for text in (gates, inspected))
        known = frozenset({"baseline", "verified", "number", "officers"})
        if wrong := sorted((kept - known) | (levels - cls().inspected)):
            raise ValueError(
                f"{', '.join(wrong)}: gates are {', '.join(sorted(known))},"
                f" inspections {', '.join(sorted(cls().inspected))}"
            )
        return cls(
            baseline="baseline" in kept,
            verified="verified" in kept,
            number="number" in kept,
            separate="officers" in kept,
            inspected=levels,
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


def is_made(generation: int, on: date) -> bool:
    """Whether a station accepts applications for cards of a generation on a day.

    Source: the table card_generations; the first generation ends on 2004-12-31.
    """
    row = _generation(generation)
    return row["made_from"] <= on.isoformat() <= (row["made_until"] or "9999")


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


def authority_name(code: str, county: str, city: str | None) -> str:
    """How the issuing authority of a county is printed on cards (签发机关).

    Source: 居民身份证法 art. 8; the table card_authorities, else the rule of naming.

    >>> authority_name("510683", "绵竹市", "德阳市")
    '绵竹市公安局'
    >>> authority_name("220104", "朝阳区", "长春市")
    '长春市公安局朝阳区分局'
    """
    for row in table("card_authorities"):
        if row["division"] == code:
            return row["authority"]
    if city is not None and county.endswith("区"):
        return f"{city}公安局{county}分局"
    return f"{county}公安局"
