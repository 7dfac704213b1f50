"""A card before it is made: audit, signature, sample, check of the number (审核签发).

Source: 居民身份证法 art. 5, 8; GA 214.8-2004; Deyang plan of 2004.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from registry.aggregates import Application
from registry.card_terms import CardSetting
from registry.commands.addresses import NameStreet, RegisterDoorplate
from registry.commands.cards_acceptance import (
    AcceptApplication,
    ArchiveApplication,
    VoidApplication,
)
from registry.commands.cards_audit import (
    CheckNumbers,
    FailCountyAudit,
    FailProvinceCheck,
    HoldApplication,
    PassCountyAudit,
    SignCards,
)
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import AcceptBaseline, VerifyPersons
from registry.commands.cards_making import (
    OrderProduction,
    RerouteProduction,
    ReturnOrder,
)
from registry.commands.cards_transport import (
    ReceiveData,
    SendData,
)
from registry.commands.migration import MoveOut
from registry.commands.places import RenameDivision
from registry.errors import Forbidden
from registry.values import (
    CitizenNumber,
    Name,
    OfficeCode,
    OutKind,
    PaperNumber,
    PlateNumber,
    ProductionError,
    Sex,
    Text,
)
from tests.scenarios.cards import (
    ADMINISTRATOR,
    AUDITOR,
    CENTRE,
    CHILD,
    CITY,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    TWELVE,
    accepted,
    captured,
    ordered,
    ready,
    signed,
    state,
)
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    HEAD,
    JINGYANG,
    OF_SHIFANG,
    QINGYANG,
    Town,
    death,
    new,
    supplement,
)

PHOTO_BAD = ProductionError("20")


# --- the county -------------------------------------------------------------------------------


def test_acceptor_auditor_and_signer_are_three_officers(town: Town):
    ready(town)
    one = accepted(town)
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    acceptor = replace(STATION, roles=frozenset({"county"}))
    assert town.refused(PassCountyAudit(applications=(one,)), acceptor) == ["same-officer"]
    town.do(PassCountyAudit(applications=(one,)), AUDITOR)
    for officer in (acceptor, AUDITOR):
        assert town.refused(SignCards(applications=(one,)), officer) == ["same-officer"]
    town.do(SignCards(applications=(one,)), SIGNER)


def test_a_province_may_set_that_audit_and_signature_are_one_officer_s(town: Town):
    setting = replace(town.register.setting, cards=CardSetting(separate=False))
    town.register.setting = setting
    ready(town)
    one = accepted(town)
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    town.do(PassCountyAudit(applications=(one,)), AUDITOR)
    town.do(SignCards(applications=(one,)), AUDITOR)


@pytest.mark.parametrize(
    ("set_so", "left"),
    [
        (CardSetting(baseline=False), ["person-not-verified"]),
        (CardSetting(verified=False), ["baseline-not-accepted"]),
        (CardSetting(baseline=False, verified=False), []),
    ],
)
def test_a_province_may_set_a_gate_off(town: Town, set_so, left):
    town.register.setting = replace(town.register.setting, cards=set_so)
    apply = AcceptApplication(person=town.wang, apply_reason=TWELVE)
    if left:
        assert town.refused(apply, STATION) == left
    else:
        town.do(apply, STATION)


@pytest.mark.parametrize(
    ("person", "reason", "until"),
    [("wang", TWELVE, date(2027, 6, 1)), ("boy", CHILD, date(2012, 6, 1)), ("zhao", TWELVE, None)],
)
def test_a_card_runs_from_its_signature_by_the_age_on_that_day(town: Town, person, reason, until):
    """居民身份证法 art. 5: under 16 five years, 26 to 45 twenty, from 46 for life."""
    ready(town)
    one = accepted(town, person, reason, guardian_name=Name("王建国"))
    signed(town, one)
    card = town.see(Application, one)
    assert (card.valid_from, card.valid_until) == (date(2007, 6, 1), until)
    assert (card.authority, card.authority_name) == ("510603000000", "德阳市公安局旌阳区分局")


def test_who_turns_46_before_the_signature_gets_a_card_for_life(town: Town):
    """GA 214.8-2004: the day of signing decides, not that of application."""
    town.ids["sun"] = town.do(
        supplement("孙一", Sex.MALE, date(1961, 6, 2), HEAD, new_household=new(town.gate, "700"))
    )["person"]
    ready(town, "sun")
    one = accepted(town, "sun")
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    town.do(PassCountyAudit(applications=(one,)), AUDITOR)
    town.today = date(2007, 6, 2)
    town.do(SignCards(applications=(one,)), SIGNER)
    assert town.see(Application, one).valid_until is None


def test_the_county_sends_back_with_the_error_and_the_station_captures_again(town: Town):
    ready(town)
    one = accepted(town)
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    town.do(FailCountyAudit(application=one, error=PHOTO_BAD, grounds=GROUNDS), AUDITOR)
    entry = town.timeline(one)[-1]
    assert (entry.event.error, entry.event.grounds) == (PHOTO_BAD, GROUNDS)
    signed(town, one)
    town.do(FailCountyAudit(application=one, error=PHOTO_BAD), AUDITOR)  # taken back in time
    town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
    town.do(ArchiveApplication(application=one), STATION)
    assert state(town, one) == "98"


def test_an_application_is_held_while_its_number_is_in_dispute(town: Town):
    shared = CitizenNumber.compose(JINGYANG, date(1970, 3, 5), 777)
    town.ids["甲"] = town.do(
        supplement(
            "甲", Sex.MALE, date(1970, 3, 5), HEAD, number=shared, new_household=new(town.gate)
        )
    )["person"]
    ready(town, "甲", "wang")
    one = accepted(town, "甲")
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    assert town.refused(HoldApplication(application=one), AUDITOR) == ["nothing-in-dispute"]
    town.do(
        supplement(
            "乙",
            Sex.MALE,
            date(1970, 3, 5),
            HEAD,
            number=shared,
            new_household=new(town.gate, "911"),
        )
    )
    assert town.refused(PassCountyAudit(applications=(one,)), AUDITOR) == ["number-in-dispute"]
    town.do(HoldApplication(application=one), AUDITOR)
    assert state(town, one) == "10"
    assert town.refused(PassCountyAudit(applications=(one,)), AUDITOR) == ["number-in-dispute"]


def test_another_county_s_applications_are_out_of_reach(town: Town):
    ready(town)
    one = accepted(town)
    by = replace(OF_SHIFANG, roles=frozenset({"county"}))
    assert "outside-area" in town.refused(SignCards(applications=(one,)), by)
    with pytest.raises(Forbidden):
        town.do(ReceiveData(tier=Tier.PROVINCE, applications=(one,)), AUDITOR)


# --- the province -----------------------------------------------------------------------------


def test_the_province_checks_that_a_number_is_one_person_s(town: Town):
    ready(town)
    one, other = accepted(town), accepted(town, "li")
    signed(town, one, other)
    both = (one, other)
    town.do(SendData(tier=Tier.COUNTY, applications=both), SIGNER)
    town.do(ReceiveData(tier=Tier.CITY, applications=both), CITY)
    town.do(JudgePackage(applications=both), CITY)
    town.do(SendData(tier=Tier.CITY, applications=both), CITY)
    town.do(ReceiveData(tier=Tier.PROVINCE, applications=both), PROVINCE)
    number = town.person(town.wang).number
    town.do(
        supplement(
            "乙",
            Sex.MALE,
            date(1970, 3, 5),
            HEAD,
            number=number,
            new_household=new(town.gate, "911"),
        )
    )
    town.do(CheckNumbers(applications=both), PROVINCE)
    assert town.told == {"passed": 1, "failed": [str(one)]}
    assert town.timeline(one)[-1].event.error == "30"
    assert (state(town, one), state(town, other)) == ("23", "22")
    town.do(OrderProduction(applications=(other,), site=SITE), PROVINCE)
    elsewhere = OfficeCode("510000900001")
    town.do(RerouteProduction(applications=(other,), site=elsewhere), PROVINCE)
    assert town.see(Application, other).site == elsewhere


def test_the_province_sends_back_for_other_errors_too(town: Town):
    ready(town)
    one = accepted(town)
    signed(town, one)
    town.do(SendData(tier=Tier.COUNTY, applications=(one,)), SIGNER)
    town.do(SendData(tier=Tier.COUNTY, applications=(one,)), SIGNER)  # the first one was lost
    town.do(ReceiveData(tier=Tier.CITY, applications=(one,)), CITY)
    town.do(JudgePackage(applications=(one,)), CITY)
    town.do(SendData(tier=Tier.CITY, applications=(one,)), CITY)
    town.do(ReceiveData(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    town.do(FailProvinceCheck(application=one, error=ProductionError("60")), PROVINCE)
    ordered(town, one)
    town.do(ReturnOrder(application=one, error=PHOTO_BAD), PROVINCE)
    assert state(town, one) == "25"
    ordered(town, one)
    town.do(ReturnOrder(application=one, error=PHOTO_BAD, at_the_site=True), CENTRE)
    assert state(town, one) == "30"


def at_the_county(town: Town, person: str) -> Any:
    """An application that waits for its audit."""
    one = accepted(town, person)
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    return one


def test_nothing_is_signed_for_who_died_or_moved_away_meanwhile(town: Town):
    ready(town, "wang", "zhao", "lodger")
    gone = {name: at_the_county(town, name) for name in ("wang", "zhao", "lodger")}
    town.do(PassCountyAudit(applications=tuple(gone.values())), AUDITOR)
    town.do(death(town.zhao))
    town.do(
        MoveOut(
            persons=(town.lodger,),
            out_kind=OutKind("2"),
            destination=QINGYANG,
            certificate_number=PaperNumber("Q-1"),
            declarant=DECLARANT,
            on=date(2007, 5, 30),
        )
    )
    sign = SignCards(applications=tuple(gone.values()))
    assert town.refused(sign, SIGNER) == ["already-deceased", "moved-away"]
    town.do(SignCards(applications=(gone["wang"],)), SIGNER)


def test_the_province_sends_back_who_died_meanwhile(town: Town):
    ready(town, "zhao")
    one = accepted(town, "zhao")
    signed(town, one)
    town.do(SendData(tier=Tier.COUNTY, applications=(one,)), SIGNER)
    town.do(ReceiveData(tier=Tier.CITY, applications=(one,)), CITY)
    town.do(JudgePackage(applications=(one,)), CITY)
    town.do(SendData(tier=Tier.CITY, applications=(one,)), CITY)
    town.do(ReceiveData(tier=Tier.PROVINCE, applications=(one,)), PROVINCE)
    town.do(death(town.zhao))
    town.do(CheckNumbers(applications=(one,)), PROVINCE)
    assert (state(town, one), town.timeline(one)[-1].event.error) == ("23", "60")


def test_a_step_names_applications_and_a_tier_that_takes_it(town: Town):
    ready(town)
    one = accepted(town)
    assert town.refused(SignCards(applications=()), SIGNER) == ["nothing-named"]
    province = SendData(tier=Tier.PROVINCE, applications=(one,))
    both = replace(PROVINCE, roles=frozenset({"province", "city"}))
    assert town.refused(province, both) == ["not-at-this-tier"]


def test_what_has_no_room_on_the_card_is_not_signed_and_each_field_is_named(town: Town):
    """GA 490-2004: 15 units for a name and the authority, 35 for an address."""
    on = date(2005, 1, 1)
    street = NameStreet(division=town.qingyang, street_name=Text("长" * 30), on=on)
    long_way = town.do(street)["street"]
    plate = RegisterDoorplate(
        street=long_way, plate_number=PlateNumber("9号"), community=town.far, on=on
    )
    home = new(town.do(plate)["doorplate"], "77")
    far = replace(STATION, office=OfficeCode("510105001001"))
    town.ids["wu"] = town.do(
        supplement("𠮷" * 8, Sex.MALE, date(1970, 1, 1), HEAD, new_household=home, on=on),
        replace(far, roles=frozenset({"station", "county"})),
    )["person"]
    document = "文"
    town.do(AcceptBaseline(division=town.qingyang, document=document), ADMINISTRATOR)
    town.do(VerifyPersons(persons=(town.wu,), document=document), ADMINISTRATOR)
    rename = RenameDivision(
        division=town.qingyang,
        division_code=QINGYANG,
        division_name=Text("青羊及其周围各乡镇街道联合区"),
        document=document,
        on=on,
    )
    town.do(rename)
    apply = AcceptApplication(person=town.wu, apply_reason=TWELVE)
    one = town.do(apply, far)["application"]
    captured(town, one)
    town.do(SendData(tier=Tier.STATION, applications=(one,)), STATION)
    town.do(ReceiveData(tier=Tier.COUNTY, applications=(one,)), AUDITOR)
    town.do(PassCountyAudit(applications=(one,)), AUDITOR)
    rules = town.rules(SignCards(applications=(one,)), SIGNER)
    assert {rule.code for rule in rules} == {"does-not-fit-card"}
    said = " ".join(rule.message for rule in rules)
    for field in ("name has 16", "address has", "authority has"):
        assert field in said
    assert "𠮷" not in said, "a name stands in no message"
