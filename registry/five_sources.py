"""Papers, register and person held against each other, item by item (五源核对).

Pure: what the sources state goes in, the differences come out. Two texts agree if they mean the
same: a code and its name, a date with hyphens and without, a number of fifteen digits and of
eighteen, the widths of letters. Which items a paper has is a column of the table of items.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from registry.aggregates import Doorplate, Household, Person, Places, Street
from registry.card_face import printed_address
from registry.codes import divisions, table
from registry.events.verification import StatedItem
from registry.values import (
    CitizenNumber,
    Code,
    Education,
    EvidenceSource,
    HouseholdType,
    HukouNature,
    MaritalStatus,
    MilitaryService,
    Nationality,
    RegisterItem,
    Relationship,
    Severity,
    SourceSet,
    comparison_key,
)

REGISTER = EvidenceSource("register")
PERSON = EvidenceSource("person")
PAPERS = tuple(one for one in EvidenceSource.all() if one not in (REGISTER, PERSON))

Stated = Mapping[RegisterItem, str]
#: Items that the register keeps as the code of a division.
ORIGINS = frozenset({RegisterItem("birth-place"), RegisterItem("native-place")})


@dataclass(frozen=True)
class Difference:
    """An item of which a source says something else than the register; None: it says nothing."""

    item: RegisterItem
    source: EvidenceSource
    severity: Severity
    as_registered: str | None
    as_found: str | None


@cache
def items_of(source: EvidenceSource) -> tuple[RegisterItem, ...]:
    """The items that a paper has, in the order of the form."""
    return tuple(RegisterItem(row["code"]) for row in table("register_items") if row[source] == "1")


def severity_of(item: RegisterItem) -> Severity:
    """How much a difference in an item weighs: what a card shows is an error."""
    return Severity(item.row["severity"])


def absence(source: EvidenceSource) -> Severity | None:
    """How much it weighs that somebody has no such paper; None: not everybody has one.

    Source: 公通字[1995]91号: a form for every resident, a booklet for every household.
    """
    told = source.row["absent"]
    return Severity(told) if told else None


def set_for(places: Places, community: UUID, on: date) -> SourceSet:
    """The set of sources in force for a community: that of the lowest division which has one."""
    everywhere = next(one for one in SourceSet.all() if not one.divisions)
    by_code = {code: one for one in SourceSet.all() for code in one.divisions}
    codes = (fact.code for _, fact in places.above(community, on))
    return next((by_code[code] for code in codes if code in by_code), everywhere)


def compare(
    registered: Stated, papers: Mapping[EvidenceSource, Stated | None], among: SourceSet
) -> tuple[int, list[Difference]]:
    """How many items were compared, and every difference, paper by paper in the set's order.

    papers: what each one states; None where there is no such paper, with which nothing is compared.
    An item that neither paper nor register states is not compared.
    """
    compared, found = 0, []
    for source in among.sources:
        stated = papers.get(source) if source != REGISTER else None
        if stated is None:
            continue
        for item in items_of(source):
            if item not in COMPARED:
                continue
            ours, theirs = registered.get(item), stated.get(item)
            if not ours and not theirs:
                continue
            compared += 1
            if not same(item, ours, theirs):
                found.append(Difference(item, source, severity_of(item), ours, theirs))
    return compared, found


def same(item: RegisterItem, ours: str | None, theirs: str | None) -> bool:
    """Whether two texts of an item mean the same."""
    return normal(item, ours or "") == normal(item, theirs or "")


def normal(item: RegisterItem, text: str) -> str:
    """What all writings of one value of an item have in common."""
    return NORMAL.get(item, plain)(text)


def plain(text: str) -> str:
    """A text without regard to width, case and spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def day(text: str) -> str:
    """A date as eight digits, whatever stands between year, month and day."""
    told = re.fullmatch(r"([0-9]{4})\D?([0-9]{1,2})\D?([0-9]{1,2})\D?", plain(text))
    return f"{told[1]}{int(told[2]):02}{int(told[3]):02}" if told else plain(text)


def number(text: str) -> str:
    """A citizen number as eighteen characters; one of fifteen digits is converted."""
    told = plain(text).upper()
    if re.fullmatch(r"[0-9]{15}", told):
        try:
            return str(CitizenNumber.from_15(told))
        except ValueError:
            return told
    return told


def origin(text: str) -> str:
    """A place of origin as people read it: a code as the names of its province and of itself."""
    listings = divisions().listings
    codes = dict.fromkeys((f"{text[:2]}0000", text)) if text in listings else ()
    return "".join(max(listings[code]).name for code in codes if code in listings) or text


def place(text: str) -> str:
    """A place of origin, whether the code or the names are written."""
    return plain(origin(text.strip()))


def centimetres(text: str) -> str:
    """A height in centimetres, whether the unit is written or not."""
    return re.sub(r"(cm|厘米|公分)$", "", plain(text))


def coded(kind: type[Code], ending: str = "") -> Callable[[str], str]:
    """A value of a code table as its name, whether the code or the name is written.

    ending: what a name may lack, as 汉 for 汉族.
    """

    @cache
    def names() -> dict[str, str]:
        return {str(one): plain(one.name_zh) for one in kind.all()}

    def read(text: str) -> str:
        told = plain(text)
        return names().get(told, told).removesuffix(ending)

    return read


def sex(text: str) -> str:
    """A sex by code or character."""
    told = plain(text)
    return {"男": "1", "女": "2", "男性": "1", "女性": "2"}.get(told, told)


#: How each item is compared; an item that does not stand here is not.
NORMAL: dict[RegisterItem, Callable[[str], str]] = {
    RegisterItem("name"): comparison_key,
    RegisterItem("former-name"): comparison_key,
    RegisterItem("sex"): sex,
    RegisterItem("nationality"): coded(Nationality, "族"),
    RegisterItem("birth-date"): day,
    RegisterItem("number"): number,
    RegisterItem("address"): plain,
    RegisterItem("household-number"): plain,
    RegisterItem("household-type"): coded(HouseholdType),
    RegisterItem("relation"): coded(Relationship),
    RegisterItem("nature"): coded(HukouNature),
    RegisterItem("birth-place"): place,
    RegisterItem("native-place"): place,
    RegisterItem("education"): coded(Education),
    RegisterItem("marital-status"): coded(MaritalStatus),
    RegisterItem("military-service"): coded(MilitaryService),
    RegisterItem("height"): centimetres,
    RegisterItem("occupation"): plain,
    RegisterItem("workplace"): plain,
    RegisterItem("other-address"): plain,
}
COMPARED = frozenset(NORMAL)


#: The items that stand as codes.
CODED: dict[RegisterItem, type[Code]] = {
    RegisterItem("nationality"): Nationality,
    RegisterItem("household-type"): HouseholdType,
    RegisterItem("relation"): Relationship,
    RegisterItem("nature"): HukouNature,
    RegisterItem("education"): Education,
    RegisterItem("marital-status"): MaritalStatus,
    RegisterItem("military-service"): MilitaryService,
}


def meaning(item: RegisterItem, text: str) -> str:
    """A registered item as people read it: a code by its name."""
    if item == "sex":
        return {"1": "男", "2": "女"}.get(text, text)
    if item in ORIGINS:
        return origin(text)
    kind = CODED.get(item)
    if kind is None:
        return text
    try:
        return kind(text).name_zh
    except ValueError:  # as it was found
        return text


def registered_items(
    person: Person,
    household: Household | None,
    plate: Doorplate | None,
    street: Street | None,
    places: Places,
    on: date,
) -> dict[RegisterItem, str]:
    """What the register says of a person, item by item; what it does not know is left out."""
    relation = household.members.get(person.id) if household else None
    address = None
    if plate is not None and street is not None:
        address = printed_address(places, street, plate, on)
    told: dict[str, Any] = {
        "name": person.name or person.name_as_found,
        "former-name": person.former_name,
        "sex": None if person.sex is None else int(person.sex),
        "nationality": person.nationality,
        "birth-date": person.birth_date or person.birth_date_as_found,
        "number": person.number or person.number_as_found,
        "address": address,
        "household-number": household.household_number if household else None,
        "household-type": household.household_type if household else None,
        "relation": relation,
        "nature": person.nature,
        "birth-place": person.birth_place,
        "native-place": person.native_place,
        "education": person.education,
        "marital-status": person.marital_status,
        "military-service": person.military_service,
        "height": person.height_cm,
        "occupation": person.occupation,
        "workplace": person.workplace,
        "other-address": person.other_address,
    }
    return {RegisterItem(name): str(value) for name, value in told.items() if value is not None}


def stated(items: Iterable[StatedItem]) -> dict[RegisterItem, str]:
    """What a snapshot says, item by item."""
    return {one.item: one.text for one in items}
