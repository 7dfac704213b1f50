"""The officers of the tiers, and the way of a card through their hands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from registry.aggregates import Application, CardBody
from registry.commands.cards_acceptance import AcceptApplication
from registry.commands.cards_audit import CheckNumbers, PassCountyAudit, SignCards
from registry.commands.cards_blanks import BlankSheet, IssueBlanks, ReceiveBlanks
from registry.commands.cards_bodies import BindBlank, RecordPersonalised
from registry.commands.cards_capture import CompleteCapture
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import AcceptBaseline, VerifyPersons
from registry.commands.cards_handover import HandOutCard
from registry.commands.cards_making import OrderProduction
from registry.commands.cards_temporary import ApplyForTemporaryCard
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    SendData,
    SortCards,
)
from registry.register import Authority
from registry.values import (
    CardKind,
    CardReason,
    ChipSerial,
    Digest,
    HandoverCheck,
    OfficeCode,
    Officer,
    PaperNumber,
)
from tests.scenarios.town import CHIEF, Town

STATION = replace(CHIEF, roles=frozenset({"station"}))
AUDITOR, SIGNER = (
    Authority(Officer(name), OfficeCode("510603000000"), frozenset({"county"}))
    for name in ("审核员", "签发员")
)
CITY = Authority(Officer("市抽检员"), OfficeCode("510600000000"), frozenset({"city"}))
PROVINCE = Authority(Officer("省审核员"), OfficeCode("510000000000"), frozenset({"province"}))
CENTRE = Authority(Officer("制证员"), OfficeCode("510000900000"), frozenset({"production-centre"}))
ADMINISTRATOR = Authority(
    Officer("管理员"), OfficeCode("510000000000"), frozenset({"administrator"})
)
SITE, LINE, LOT, BIN = CENTRE.office, PaperNumber("L1"), PaperNumber("2007-06"), PaperNumber("B1")
PHOTO, CHIP_PHOTO, IMAGE = (Digest(letter * 64) for letter in "abc")
TWELVE, EXPIRED, PLANNED = (CardReason(code) for code in ("12", "22", "21"))
LOST, CHILD, BY_UNIT = (CardReason(code) for code in ("41", "11", "16"))
SECOND, FIRST, TEMPORARY = (CardKind(code) for code in ("2", "1", "4"))
#: The way of a card through the offices, upwards and then downwards.
UP = [Tier.STATION, Tier.COUNTY, Tier.CITY, Tier.PROVINCE]
DOWN = UP[::-1]
BELOW = {Tier.PROVINCE: Tier.CITY, Tier.CITY: Tier.COUNTY, Tier.COUNTY: Tier.STATION}
OFFICERS = {
    Tier.STATION: STATION,
    Tier.COUNTY: AUDITOR,
    Tier.CITY: CITY,
    Tier.PROVINCE: PROVINCE,
}


def ready(town: Town, *people: str) -> None:
    """The county's data are accepted, and some people are verified."""
    document = "川府〔2007〕1号"
    town.do(AcceptBaseline(division=town.jingyang, document=document), ADMINISTRATOR)
    persons = tuple(town.ids[name] for name in people or ("wang", "li", "boy", "zhao"))
    town.do(VerifyPersons(persons=persons, document=document), ADMINISTRATOR)


def accepted(town: Town, person: str = "wang", reason: CardReason = TWELVE, **told: Any) -> Any:
    """An application at the station."""
    command = AcceptApplication(person=town.ids[person], apply_reason=reason, **told)
    return town.do(command, STATION)["application"]


def applied_for_temporary(town: Town, person: str = "wang", **told: Any) -> Any:
    """An application for a temporary card, with its photograph."""
    said = {"photo": PHOTO, "photo_size": 9_000, **told}
    command = ApplyForTemporaryCard(person=town.ids[person], **said)
    return town.do(command, STATION)["application"]


def captured(town: Town, *applications: Any) -> None:
    """The photographs are taken."""
    for one in applications:
        town.do(
            CompleteCapture(application=one, photo=PHOTO, photo_size=17_000, chip_photo=CHIP_PHOTO),
            STATION,
        )


def brought(town: Town, until: str, *applications: Any, capture: Any = captured) -> None:
    """From the station up to a state, the order for production at most."""
    several: dict[str, Any] = {"applications": applications}
    capture(town, *applications)
    way = [
        ("03", SendData(tier=Tier.STATION, **several), STATION),
        ("04", ReceiveData(tier=Tier.COUNTY, **several), AUDITOR),
        ("11", PassCountyAudit(**several), AUDITOR),
        ("13", SignCards(**several), SIGNER),
        ("14", SendData(tier=Tier.COUNTY, **several), SIGNER),
        ("15", ReceiveData(tier=Tier.CITY, **several), CITY),
        ("16", JudgePackage(**several), CITY),
        ("18", SendData(tier=Tier.CITY, **several), CITY),
        ("21", ReceiveData(tier=Tier.PROVINCE, **several), PROVINCE),
        ("22", CheckNumbers(**several), PROVINCE),
        ("24", OrderProduction(**several, site=SITE), PROVINCE),
    ]
    for reached, step, by in way[: [state for state, _, _ in way].index(until) + 1]:
        town.do(step, by)
        assert {state(town, one) for one in applications} == {reached}


def signed(town: Town, *applications: Any) -> None:
    """From the station to the signature of the county."""
    brought(town, "13", *applications)


def ordered(town: Town, *applications: Any) -> None:
    """From the station to the order for production."""
    brought(town, "24", *applications)


def serial(number: int) -> ChipSerial:
    """The serial of the n-th chip."""
    return ChipSerial(f"{number:016X}")


def on_line(town: Town, *numbers: int) -> None:
    """Blanks are on the line."""
    stocked(town, *numbers)
    town.do(IssueBlanks(serials=tuple(map(serial, numbers)), line=LINE), CENTRE)


def stocked(town: Town, *numbers: int) -> None:
    """Sheets of blanks are in stock, eight on each."""
    sheets = tuple(
        BlankSheet(sheet=PaperNumber(f"S{first}"), serials=tuple(map(serial, numbers[at : at + 8])))
        for at, first in enumerate(numbers)
        if at % 8 == 0
    )
    town.do(ReceiveBlanks(sheets=sheets, lot=LOT, site=SITE), CENTRE)


def bound(town: Town, application: Any, number: int) -> None:
    """A blank is set aside for an application."""
    blank = BindBlank(application=application, serial=serial(number), image=IMAGE, key_version=1)
    town.do(blank, CENTRE)


def produced(town: Town, *applications: Any, first: int = 1) -> None:
    """From the station to made cards, the chips numbered from `first`."""
    ordered(town, *applications)
    for number, one in enumerate(applications, first):
        on_line(town, number)
        bound(town, one, number)
        town.do(RecordPersonalised(serial=serial(number), image=IMAGE), CENTRE)


def arrived(town: Town, *applications: Any, first: int = 1) -> None:
    """From the station back to it, all inspected."""
    produced(town, *applications, first=first)
    for tier in DOWN:
        by = OFFICERS[tier]
        town.do(ReceiveCards(tier=tier, applications=applications), by)
        town.do(PassInspection(tier=tier, applications=applications), by)
        if tier is not Tier.STATION:
            town.do(SortCards(tier=tier, applications=applications), by)
            to = OFFICERS[BELOW[tier]].office
            town.do(DispatchCards(tier=tier, applications=applications, destination=to), by)


def issued(town: Town, person: str = "wang", reason: CardReason = TWELVE, **told: Any) -> Any:
    """An application whose card is in the holder's hand."""
    first = told.pop("first", 1)
    one = accepted(town, person, reason, **told)
    arrived(town, one, first=first)
    town.do(handing(town, one), STATION)
    return one


def handing(town: Town, application: Any, **told: Any) -> HandOutCard:
    """A card is handed out, everything looked at and its chip read."""
    body = town.see(Application, application).body
    read = None if body is None else town.see(CardBody, body).chip_serial
    said = {"serial": read, "checks": (HandoverCheck.IDENTITY, HandoverCheck.VISUAL), **told}
    return HandOutCard(application=application, **said)


def state(town: Town, application: Any) -> str:
    """The state of an application."""
    return str(town.see(Application, application).state)
