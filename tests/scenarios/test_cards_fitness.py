"""What comes between an application and its card is seen at every step (审核, 签发, 制证, 发证).

Source: 居民身份证法 art. 7, 8, 12, 21; 德办发(2004)39号; 吉政办发〔2004〕53号: 先建库、后发证.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from registry.commands.cards_acceptance import (
    ArchiveApplication,
    VoidApplication,
)
from registry.commands.cards_audit import (
    CheckNumbers,
    FailCountyAudit,
    FailProvinceCheck,
    PassCountyAudit,
    SignCards,
)
from registry.commands.cards_capture import CompleteCapture, TakeFingerprints
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import WithdrawBaseline
from registry.commands.cards_held import (
    ConfirmDestruction,
    ProposeDestruction,
    SurrenderCard,
)
from registry.commands.cards_making import (
    ExtractForPackage,
    OrderProduction,
    RedoCards,
    RejectProduced,
    ReturnOrder,
)
from registry.commands.cards_transport import ReceiveData, RejectCard, SendData
from registry.commands.findings import RaiseFinding
from registry.commands.migration import MoveIn, MoveOut
from registry.commands.particulars import ChangeName, CorrectSex
from registry.commands.relocation import Mover
from registry.commands.undoing import ReverseRegistration, VoidEntry
from registry.commands.vital import DeleteRecord
from registry.events.applications import FingerPrint
from registry.register import Submission
from registry.store import Receipt
from registry.values import (
    ChangeCategory,
    FingerPosition,
    Name,
    OutKind,
    PaperNumber,
    PersonId,
    ProductionError,
    ProductionType,
    ReceivedQuality,
    RegisterItem,
    RuleCode,
    Sex,
    SpoilCause,
    SurrenderReason,
)
from tests.scenarios.cards import (
    ADMINISTRATOR,
    AUDITOR,
    BIN,
    BY_UNIT,
    CENTRE,
    CITY,
    PHOTO,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    accepted,
    arrived,
    bound,
    brought,
    captured,
    handing,
    issued,
    on_line,
    ordered,
    produced,
    ready,
    state,
)
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    GROUNDS,
    HEAD,
    OF_SHIFANG,
    QINGYANG,
    SHIFANG,
    Town,
    death,
    new,
    supplement,
)

NOTHING, PHOTO_BAD = ProductionError("00"), ProductionError("20")
PROCESS = SpoilCause.PROCESS


# --- what befalls the applicant -----------------------------------------------------------------


def dies(town: Town) -> None:
    town.do(death(town.zhao))


def emigrates(town: Town) -> None:
    town.do(leaving(town, "4"))


def enlists(town: Town) -> None:
    town.do(leaving(town, "3"))


def moves(town: Town) -> None:
    """To 什邡, and settles there."""
    told = {"destination": SHIFANG, "certificate_number": PaperNumber("Q-1")}
    town.do(leaving(town, "2", **told))
    arrival = MoveIn(
        movers=(Mover(person=town.zhao, relation=HEAD),),
        certificate_number=PaperNumber("Q-1"),
        new_household=new(town.barn, "800"),
        declarant=DECLARANT,
        on=town.today,
    )
    town.do(arrival, OF_SHIFANG)


def leaving(town: Town, kind: str, **told: Any) -> MoveOut:
    return MoveOut(
        persons=(town.zhao,),
        out_kind=OutKind(kind),
        declarant=DECLARANT,
        on=date(2007, 5, 30),
        **told,
    )


def shares_the_number(town: Town) -> None:
    number = town.person(town.zhao).number
    home = new(town.gate, "950")
    twin = supplement("乙", Sex.MALE, date(1960, 1, 1), HEAD, number=number, new_household=home)
    town.do(twin)


def loses_the_gate(town: Town) -> None:
    town.do(WithdrawBaseline(division=town.jingyang, document="撤"), ADMINISTRATOR)


def gets_another_number(town: Town) -> None:
    """The next day a wrong sex is put right, and the number follows."""
    town.today += timedelta(1)
    correction = CorrectSex(
        person=town.zhao,
        corrects=1,
        sex=Sex.FEMALE,
        category=ChangeCategory("32"),
        approval=PaperNumber("A2"),
        declarant=DECLARANT,
    )
    town.do(correction)


def renaming(town: Town) -> ChangeName:
    return ChangeName(
        person=town.zhao,
        name=Name("赵钢"),
        category=ChangeCategory("21"),
        approval=PaperNumber("A1"),
        declarant=DECLARANT,
        on=town.today,
    )


def is_renamed(town: Town) -> None:
    town.do(renaming(town))


def is_found_wrong(town: Town) -> None:
    finding = RaiseFinding(
        person=PersonId(town.zhao), rule=RuleCode("0405"), item=RegisterItem("sex")
    )
    town.do(finding, STATION)


def is_merged_away(town: Town) -> None:
    """The record is found to be one of somebody who has another."""
    told = {"kept": town.wang, "grounds": GROUNDS, "approval": PaperNumber("A3")}
    town.do(DeleteRecord(person=town.zhao, **told))


def was_never_there(town: Town) -> None:
    """The registration is undone, and the verification that rests on it."""
    (verified,) = [
        entry.version
        for entry in town.timeline(town.zhao)
        if type(entry.event).__name__ == "PersonVerified"
    ]
    town.do(VoidEntry(person=town.zhao, version=verified, grounds=GROUNDS))
    town.do(ReverseRegistration(person=town.zhao, version=1, grounds=GROUNDS))


BEFALLS = {
    dies: "already-deceased",
    is_merged_away: "record-deleted",
    was_never_there: "record-deleted",
    emigrates: "moved-away",
    enlists: "military-channel",
    moves: "moved-away",
    shares_the_number: "number-in-dispute",
    loses_the_gate: "baseline-not-accepted",
    is_found_wrong: "findings-open",
    gets_another_number: "number-changed",
    is_renamed: "items-changed",
}
#: What changes what a signed card says, and stops nothing before the signature.
SAID = (gets_another_number, is_renamed)
#: Where an application stands, and the step from there that makes the card.
TOWARDS = {
    "04": (PassCountyAudit, {}, AUDITOR),
    "11": (SignCards, {}, SIGNER),
    "22": (OrderProduction, {"site": SITE}, PROVINCE),
}


@pytest.mark.parametrize("befallen", [one for one in BEFALLS if one not in SAID])
@pytest.mark.parametrize("where", TOWARDS)
def test_no_step_goes_on_towards_a_card_that_may_not_be_made(town: Town, where, befallen):
    ready(town)
    one = accepted(town, "zhao")
    brought(town, where, one)
    befallen(town)
    step, told, by = TOWARDS[where]
    assert town.refused(step(applications=(one,), **told), by) == [BEFALLS[befallen]]


@pytest.mark.parametrize("befallen", SAID)
def test_what_was_signed_with_other_items_is_signed_anew(town: Town, befallen):
    ready(town)
    one = accepted(town, "zhao")
    brought(town, "22", one)
    befallen(town)
    order = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(order, PROVINCE) == [BEFALLS[befallen]]
    town.do(FailProvinceCheck(application=one, error=ProductionError("40")), PROVINCE)
    brought(town, "24", one)


ERRORS = {
    dies: "60",
    is_merged_away: "60",
    was_never_there: "60",
    moves: "60",
    shares_the_number: "30",
    loses_the_gate: "90",
    gets_another_number: "40",
    is_renamed: "10",
}


@pytest.mark.parametrize("befallen", ERRORS)
def test_the_province_sends_back_whatever_came_since_the_signature(town: Town, befallen):
    ready(town)
    one = accepted(town, "zhao")
    brought(town, "21", one)
    befallen(town)
    town.do(CheckNumbers(applications=(one,)), PROVINCE)
    assert (state(town, one), town.timeline(one)[-1].event.error) == ("23", ERRORS[befallen])


@pytest.mark.parametrize("befallen", [dies, shares_the_number])
def test_a_remake_is_not_ordered_either(town: Town, befallen):
    ready(town)
    one = accepted(town, "zhao")
    produced(town, one)
    bad = ReceivedQuality("10")
    town.do(RejectProduced(application=one, quality=bad, cause=PROCESS, reject_bin=BIN), CENTRE)
    befallen(town)
    order = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(order, PROVINCE) == [BEFALLS[befallen]]
    town.do(RedoCards(applications=(one,), cause=PROCESS), PROVINCE)
    assert town.refused(order, PROVINCE) == [BEFALLS[befallen]]
    town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
    town.do(ArchiveApplication(application=one), STATION)
    assert state(town, one) == "98"


@pytest.mark.parametrize("befallen", [dies, shares_the_number, *SAID])
def test_a_made_card_is_not_handed_out_to_the_dead_nor_with_what_is_wrong(town: Town, befallen):
    ready(town)
    one = accepted(town, "zhao")
    arrived(town, one)
    befallen(town)
    assert town.refused(handing(town, one), STATION) == [BEFALLS[befallen]]


@pytest.mark.parametrize("befallen", [dies, is_merged_away, was_never_there])
def test_a_card_whose_holder_is_no_more_is_taken_back_and_destroyed(town: Town, befallen):
    ready(town)
    one = issued(town, "zhao")
    befallen(town)
    town.do(SurrenderCard(application=one, surrender_reason=SurrenderReason("1")), STATION)
    version = town.do(ProposeDestruction(application=one, grounds=GROUNDS), AUDITOR)["version"]
    destroyed = ConfirmDestruction(application=one, version=version, protocol=PaperNumber("XH-1"))
    town.do(destroyed, SIGNER)
    assert state(town, one) == "96"


def test_who_moved_and_emigrates_from_there_hands_the_card_back_there(town: Town):
    ready(town)
    one = issued(town, "zhao")
    moves(town)
    there = replace(OF_SHIFANG, roles=STATION.roles)
    town.do(replace(leaving(town, "4"), on=town.today), there)
    back = SurrenderCard(application=one, surrender_reason=SurrenderReason("6"))
    third = replace(there, area=(QINGYANG,))
    assert town.refused(back, third) == ["outside-area"]
    town.do(back, there)
    assert state(town, one) == "95"


@pytest.mark.parametrize("befallen", [is_merged_away, was_never_there])
def test_a_made_card_of_a_record_that_is_none_goes_the_way_of_the_uncollected(town: Town, befallen):
    ready(town)
    one = accepted(town, "zhao")
    arrived(town, one)
    befallen(town)
    assert "record-deleted" in town.refused(handing(town, one), STATION)
    town.do(ProposeDestruction(application=one, grounds=GROUNDS), STATION)


def test_a_made_card_is_handed_out_to_who_has_moved_since(town: Town):
    """The card holds wherever its holder is registered; the new address is added to its chip."""
    ready(town)
    one = accepted(town, "zhao")
    arrived(town, one)
    moves(town)
    town.do(handing(town, one), STATION)
    assert state(town, one) == "93"


@pytest.mark.parametrize(
    ("where", "back", "by"),
    [
        ("11", FailCountyAudit, AUDITOR),
        ("13", FailCountyAudit, AUDITOR),
        ("21", FailProvinceCheck, PROVINCE),
        ("22", FailProvinceCheck, PROVINCE),
        ("24", ReturnOrder, PROVINCE),
    ],
)
def test_whoever_gets_no_card_any_more_comes_to_an_end_from_every_step(town: Town, where, back, by):
    ready(town)
    one = accepted(town, "zhao")
    brought(town, where, one)
    dies(town)
    town.do(back(application=one, error=ProductionError("60")), by)
    town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
    town.do(ArchiveApplication(application=one), STATION)
    assert state(town, one) == "98"


def test_nothing_is_ordered_without_the_province_s_check_of_the_number(town: Town):
    """Dossier of the tiers: the range check stands before production is authorised."""
    ready(town)
    one = accepted(town)
    brought(town, "16", one)
    town.do(ExtractForPackage(applications=(one,)), CITY)
    order = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(order, PROVINCE) == ["step-out-of-order"]


def test_a_soldier_s_card_is_made_while_the_service_lasts_and_not_after_it(town: Town):
    """居民身份证法 art. 21: by the unit; whoever comes back applies at the station."""
    ready(town)
    enlists(town)
    unit = {"production_type": ProductionType("4"), "unit_package": PaperNumber("BD-1")}
    one = accepted(town, "zhao", BY_UNIT, **unit)
    brought(town, "21", one)
    town.do(CheckNumbers(applications=(one,)), PROVINCE)
    assert state(town, one) == "22", "the home of a soldier is where it was before the service"
    home = MoveIn(
        movers=(Mover(person=town.zhao, relation=HEAD),),
        new_household=new(town.mill, "801"),
        declarant=DECLARANT,
        on=town.today,
    )
    town.do(home)
    order = OrderProduction(applications=(one,), site=SITE)
    assert town.refused(order, PROVINCE) == ["military-channel"]


# --- what is sent back, and taken again ---------------------------------------------------------


def test_nothing_is_sent_back_for_being_good(town: Town):
    """Code 00 of either table says that there is no fault."""
    ready(town)
    one = accepted(town)
    brought(town, "04", one)
    for command, by in (
        (FailCountyAudit(application=one, error=NOTHING), AUDITOR),
        (FailProvinceCheck(application=one, error=NOTHING), PROVINCE),
        (ReturnOrder(application=one, error=NOTHING), PROVINCE),
        (
            RejectProduced(
                application=one, quality=ReceivedQuality("00"), cause=PROCESS, reject_bin=BIN
            ),
            CENTRE,
        ),
        (
            RejectCard(
                tier=Tier.COUNTY,
                application=one,
                quality=ReceivedQuality("00"),
                cause=PROCESS,
                reject_bin=BIN,
            ),
            AUDITOR,
        ),
    ):
        assert "error-not-named" in town.refused(command, by), command


@pytest.mark.parametrize("where", ["01", "12", "23", "25"])
def test_fingerprints_are_taken_again_wherever_the_photograph_is(town: Town, where):
    """GA 214.10: error 91, prints that do not fit the picture, is put right at the station."""
    ready(town)
    town.today = date(2012, 3, 1)
    one = accepted(town)
    captured(town, one)
    back: dict[str, tuple[str, Any, Any]] = {
        "12": ("04", FailCountyAudit, AUDITOR),
        "23": ("21", FailProvinceCheck, PROVINCE),
        "25": ("24", ReturnOrder, PROVINCE),
    }
    if where in back:
        until, command, by = back[where]
        brought(town, until, one)
        town.do(command(application=one, error=ProductionError("91")), by)
    assert state(town, one) == where
    prints = (FingerPrint(finger=FingerPosition("11"), template=PHOTO),)
    town.do(TakeFingerprints(application=one, prints=prints), STATION)
    assert state(town, one) == "06"
    captured(town, one)
    assert state(town, one) == "01"


def test_whoever_captured_again_does_not_audit(town: Town):
    ready(town)
    one = accepted(town)
    brought(town, "04", one)
    town.do(FailCountyAudit(application=one, error=PHOTO_BAD), SIGNER)
    at_the_station = replace(STATION, officer=AUDITOR.officer)
    capture = CompleteCapture(application=one, photo=PHOTO, photo_size=1, chip_photo=PHOTO)
    town.do(capture, at_the_station)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), SIGNER)
    assert town.refused(PassCountyAudit(applications=(one,)), AUDITOR) == ["same-officer"]


def test_no_order_is_returned_while_a_body_is_being_made_into_its_card(town: Town):
    ready(town)
    one = accepted(town)
    ordered(town, one)
    on_line(town, 1)
    bound(town, one, 1)
    back = ReturnOrder(application=one, error=PHOTO_BAD)
    assert town.refused(back, PROVINCE) == ["body-not-settled"]


def test_what_is_entered_together_is_decided_as_one_after_the_other(town: Town):
    ready(town)
    one = accepted(town, "zhao")
    brought(town, "11", one)
    these: dict[str, Any] = {"applications": (one,)}
    steps: list[tuple[Any, Any]] = [
        (SignCards(**these), SIGNER),
        (renaming(town), CHIEF),
        (SendData(tier=Tier.COUNTY, **these), SIGNER),
        (ReceiveData(tier=Tier.CITY, **these), CITY),
        (JudgePackage(**these), CITY),
        (SendData(tier=Tier.CITY, **these), CITY),
        (ReceiveData(tier=Tier.PROVINCE, **these), PROVINCE),
        (CheckNumbers(**these), PROVINCE),
    ]
    told = town.register.do_all([Submission(uuid4(), by, command) for command, by in steps])
    assert all(isinstance(receipt, Receipt) for receipt in told), told
    assert state(town, one) == "23", "what was signed is not what he is called now"
