"""Packages between offices: twice, late, damaged or never, and each is found and named (数据包).

Source: GA 214.11, GA 214.14, GA 214.15; 吉政办发〔2004〕53号: network, dial-up or diskette.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from registry.aggregates import Application, Package
from registry.aggregates.package import PackageState
from registry.commands.cards_audit import PassCountyAudit, SignCards
from registry.commands.cards_bodies import (
    ConfirmBodyVoid,
    ProposeBodyVoid,
    RecordPersonalised,
)
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import AcceptBaseline, VerifyPersons
from registry.commands.cards_making import OrderProduction, RerouteProduction
from registry.commands.cards_packages import (
    ReceiveOrders,
    RejectPackage,
    ReportPackageLost,
    SendOrdersAgain,
)
from registry.commands.cards_transport import (
    DispatchCards,
    DispatchFromSite,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    SendData,
)
from registry.values import (
    Digest,
    OfficeCode,
    PackageAnomaly,
    PackageContent,
    PackageNumber,
    SpoilCause,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    ADMINISTRATOR,
    AUDITOR,
    CENTRE,
    CITY,
    IMAGE,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    accepted,
    bound,
    brought,
    captured,
    on_line,
    produced,
    ready,
    serial,
    state,
)
from tests.scenarios.town import GROUNDS, Town

PEOPLE = ("wang", "li", "zhao")
A, B = (PackageNumber.compose(STATION.office, date(2007, 6, 1), each) for each in (1, 2))


def waiting(town: Town) -> tuple[Any, ...]:
    """Three applications whose data are complete."""
    ready(town)
    found = tuple(accepted(town, person) for person in PEOPLE)
    captured(town, *found)
    return found


def sent(town: Town, number: PackageNumber, *applications: Any) -> None:
    """A package of data on its way from the station to the county."""
    send = SendData(tier=Tier.STATION, applications=applications, package_number=number)
    town.do(send, STATION)


def receipt(number: PackageNumber, *applications: Any, **told: Any) -> ReceiveData:
    """The county takes data in."""
    return ReceiveData(tier=Tier.COUNTY, applications=applications, package_number=number, **told)


def package(town: Town, number: PackageNumber) -> Package:
    """A package as the register has it."""
    found: Package = town.see(Package, town.named(Kind.PACKAGE, number))
    return found


def test_a_package_is_numbered_counted_and_digested_over_its_sorted_members(town: Town):
    all_three = waiting(town)
    sent(town, A, *all_three)
    (event,) = [entry.event for entry in town.timeline(town.named(Kind.PACKAGE, A))]
    numbers = sorted(town.see(Application, one).acceptance_number for one in all_three)
    digest = hashlib.sha256("".join(f"{one}\n" for one in numbers).encode()).hexdigest()
    assert (event.count, event.digest, event.content) == (3, digest, PackageContent.DATA)
    assert (event.sender, event.receiver) == (STATION.office, "510603000000")
    assert event.members == all_three


def test_a_package_is_received_whole_and_again_without_harm(town: Town):
    all_three = waiting(town)
    sent(town, A, *all_three)
    town.do(receipt(A, *all_three, count=3, digest=package(town, A).digest), AUDITOR)
    assert package(town, A).state is PackageState.RECEIVED
    assert package(town, A).anomaly == "00"
    lengths = [len(town.timeline(one)) for one in all_three]
    told = town.do(receipt(A, *all_three), AUDITOR)
    assert (told["applications"], told["again"]) == (0, True)
    assert [each["code"] for each in told["notices"]] == ["package-came-again"]
    assert [len(town.timeline(one)) for one in all_three] == lengths
    assert package(town, A).again == 1


def test_b_is_not_received_for_a(town: Town):
    one, two, three = waiting(town)
    sent(town, A, one, two)
    sent(town, B, three)
    assert town.refused(receipt(B, one), AUDITOR) == ["not-in-the-package"]
    assert town.refused(receipt(A, one, two, three), AUDITOR) == ["not-in-the-package"]
    bare = ReceiveData(tier=Tier.COUNTY, applications=(one,))
    assert town.refused(bare, AUDITOR) == ["in-a-package"]
    strange = PackageNumber.compose(STATION.office, date(2007, 6, 1), 9)
    assert town.refused(receipt(strange, one), AUDITOR) == ["package-unknown"]
    elsewhere = replace(AUDITOR, office=OfficeCode("510682000000"))
    assert town.refused(receipt(A, one, two), elsewhere) == ["sent-elsewhere"]
    town.do(receipt(A, one, two), AUDITOR)
    town.do(receipt(B, three), AUDITOR)


def test_a_package_comes_in_parts_and_what_is_missing_is_named(town: Town):
    one, two, three = waiting(town)
    sent(town, A, one, two, three)
    told = town.do(receipt(A, one, three), AUDITOR)
    assert told["missing"] == [str(two)]
    assert (package(town, A).state, package(town, A).anomaly) == (PackageState.PARTLY, "11")
    assert [state(town, each) for each in (one, two, three)] == ["04", "03", "04"]
    town.do(receipt(A, one, two, three), AUDITOR)
    assert package(town, A).state is PackageState.RECEIVED
    assert state(town, two) == "04"
    assert len(town.timeline(one)) == len(town.timeline(two))


@pytest.mark.parametrize("told", [{"count": 2}, {"digest": Digest("0" * 64)}])
def test_a_damaged_package_is_refused_reported_and_sent_again_under_another_number(
    town: Town, told: dict[str, Any]
):
    all_three = waiting(town)
    sent(town, A, *all_three)
    assert town.refused(receipt(A, *all_three, **told), AUDITOR) == ["package-damaged"]
    reject = RejectPackage(package_number=A, anomaly=PackageAnomaly("01"), **told)
    good = RejectPackage(package_number=A, anomaly=PackageAnomaly("00"))
    assert town.refused(good, AUDITOR) == ["error-not-named"]
    town.do(reject, AUDITOR)
    assert (package(town, A).state, package(town, A).anomaly) == (PackageState.REJECTED, "01")
    assert town.refused(receipt(A, *all_three), AUDITOR) == ["package-settled"]
    again = SendData(tier=Tier.STATION, applications=all_three, package_number=A)
    assert town.refused(again, STATION) == ["package-number-used"]
    sent(town, B, *all_three)
    town.do(receipt(B, *all_three), AUDITOR)


def test_a_package_is_numbered_by_who_sends_it_on_a_day_that_has_come(town: Town):
    (one, *_) = waiting(town)
    tomorrow = town.today + timedelta(1)
    for unfit in (
        PackageNumber.compose(AUDITOR.office, town.today, 1),
        PackageNumber.compose(STATION.office, tomorrow, 1),
    ):
        send = SendData(tier=Tier.STATION, applications=(one,), package_number=unfit)
        assert town.refused(send, STATION) == ["package-number-unfit"]


def test_a_lost_package_of_data_names_what_is_sent_again_and_may_turn_up(town: Town):
    one, two, three = waiting(town)
    sent(town, A, one, two, three)
    town.do(receipt(A, one), AUDITOR)
    lost = ReportPackageLost(package_number=A, grounds=GROUNDS)
    stranger = replace(STATION, office=OfficeCode("510682001001"))
    assert town.refused(lost, stranger) == ["sent-elsewhere"]
    assert town.do(lost, STATION)["missing"] == [str(two), str(three)]
    assert package(town, A).state is PackageState.LOST
    sent(town, B, two)
    assert town.refused(receipt(A, two), AUDITOR) == ["not-in-the-package"]
    town.do(receipt(B, two), AUDITOR)
    town.do(receipt(A, three), AUDITOR)
    assert (package(town, A).state, package(town, A).missing) == (PackageState.PARTLY, (two,))


def test_data_go_up_tier_by_tier_in_a_package_of_each_sender(town: Town):
    """The city draws among those that came; what comes later is a draw of its own."""
    both = waiting(town)[:2]
    sent(town, A, *both)
    town.do(receipt(A, *both), AUDITOR)
    town.do(PassCountyAudit(applications=both), AUDITOR)
    town.do(SignCards(applications=both), SIGNER)
    up: dict[str, Any] = {"applications": both}
    second = PackageNumber.compose(SIGNER.office, town.today, 1)
    town.do(SendData(tier=Tier.COUNTY, package_number=second, **up), SIGNER)
    city = ReceiveData(tier=Tier.CITY, package_number=second, **up)
    first_half = replace(city, applications=both[:1])
    assert len(town.do(first_half, CITY)["sample"]) == 1
    assert town.do(city, CITY)["sample"] == [str(both[1])]
    assert town.do(city, CITY)["again"]
    draws = {town.see(Application, one).draw for one in both}
    assert len(draws) == 2
    for one in both:
        town.do(JudgePackage(applications=(one,)), CITY)
    third = PackageNumber.compose(CITY.office, town.today, 1)
    town.do(SendData(tier=Tier.CITY, package_number=third, **up), CITY)
    assert package(town, third).receiver == PROVINCE.office
    town.do(ReceiveData(tier=Tier.PROVINCE, package_number=third, **up), PROVINCE)
    assert {state(town, one) for one in both} == {"21"}


def test_what_goes_to_two_offices_goes_in_two_packages(town: Town):
    document = "川府〔2007〕1号"
    here = waiting(town)[0]
    town.do(AcceptBaseline(division=town.shifang, document=document), ADMINISTRATOR)
    town.do(VerifyPersons(persons=(town.qian,), document=document), ADMINISTRATOR)
    there = accepted(town, "qian")
    captured(town, there)
    both = SendData(tier=Tier.STATION, applications=(here, there), package_number=A)
    assert town.refused(both, STATION) == ["package-for-others"]
    sent(town, A, here)
    sent(town, B, there)
    assert package(town, B).receiver == "510682000000"


def test_a_late_package_is_told_of(town: Town):
    """Three working days from a Friday, in which the county's stage should be over."""
    all_three = waiting(town)
    sent(town, A, *all_three)
    town.today = date(2007, 6, 7)
    told = town.do(receipt(A, *all_three), AUDITOR)
    assert [each["code"] for each in told["notices"]] == ["package-late"]


def test_orders_and_cards_travel_in_packages_between_the_province_and_the_site(town: Town):
    ready(town)
    one = accepted(town)
    brought(town, "22", one)
    up = PackageNumber.compose(PROVINCE.office, town.today, 1)
    order = OrderProduction(applications=(one,), site=SITE, package_number=up)
    town.do(order, PROVINCE)
    town.do(ReceiveOrders(applications=(one,), package_number=up, count=1), CENTRE)
    assert package(town, up).state is PackageState.RECEIVED
    on_line(town, 1)
    bound(town, one, 1)
    town.do(RecordPersonalised(serial=serial(1), image=IMAGE), CENTRE)
    down = PackageNumber.compose(CENTRE.office, town.today, 1)
    leave = DispatchFromSite(applications=(one,), destination=PROVINCE.office, package_number=down)
    town.do(leave, CENTRE)
    bare = ReceiveCards(tier=Tier.PROVINCE, applications=(one,))
    assert town.refused(bare, PROVINCE) == ["in-a-package"]
    town.do(replace(bare, package_number=down), PROVINCE)
    assert (state(town, one), package(town, down).content) == ("60", PackageContent.CARDS)


def test_orders_of_a_damaged_package_go_again_under_another_number(town: Town):
    ready(town)
    both = accepted(town, "wang"), accepted(town, "li")
    brought(town, "22", *both)
    first, second, third = (
        PackageNumber.compose(PROVINCE.office, town.today, each) for each in (1, 2, 3)
    )
    order = OrderProduction(applications=both, site=SITE, package_number=first)
    town.do(order, PROVINCE)
    again = SendOrdersAgain(applications=both, package_number=second)
    assert town.refused(again, PROVINCE) == ["still-awaited"]
    town.do(RejectPackage(package_number=first, anomaly=PackageAnomaly("01")), CENTRE)
    used = replace(again, package_number=first)
    assert town.refused(used, PROVINCE) == ["package-number-used"]
    town.do(again, PROVINCE)
    late = ReceiveOrders(applications=both, package_number=first)
    assert town.refused(late, CENTRE) == ["not-in-the-package"]
    town.do(replace(late, package_number=second, count=2), CENTRE)
    assert package(town, second).state is PackageState.RECEIVED
    assert {(state(town, one), town.see(Application, one).attempt) for one in both} == {("24", 1)}
    assert town.refused(replace(again, package_number=third), PROVINCE) == ["still-awaited"]
    there = OfficeCode("510700900000")
    town.do(RerouteProduction(applications=both[:1], site=there), PROVINCE)
    passed = SendOrdersAgain(applications=both[:1], package_number=third)
    town.do(passed, PROVINCE)
    assert package(town, third).receiver == there


def test_a_lost_package_of_cards_names_the_cards_and_each_is_given_up_by_two(town: Town):
    ready(town)
    both = (accepted(town, "wang"), accepted(town, "li"))
    produced(town, *both)
    town.do(ReceiveCards(tier=Tier.PROVINCE, applications=both), PROVINCE)
    town.do(PassInspection(tier=Tier.PROVINCE, applications=both), PROVINCE)
    box = PackageNumber.compose(PROVINCE.office, town.today, 1)
    send = DispatchCards(
        tier=Tier.PROVINCE, applications=both, destination=CITY.office, package_number=box
    )
    town.do(send, PROVINCE)
    reject = RejectPackage(package_number=box, anomaly=PackageAnomaly("11"), count=1)
    assert town.refused(reject, CITY) == ["cards-are-taken-in"]
    told = town.do(ReportPackageLost(package_number=box, grounds=GROUNDS), CITY)
    assert (told["content"], told["missing"]) == ("cards", [str(one) for one in both])
    for number, one in enumerate(both, 1):
        give_up = ProposeBodyVoid(
            serial=serial(number), cause=SpoilCause.TRANSPORT, grounds=GROUNDS
        )
        version = town.do(give_up, PROVINCE)["version"]
        town.do(ConfirmBodyVoid(serial=serial(number), version=version), CENTRE)
        assert state(town, one) == "97"
    late = ReceiveCards(tier=Tier.CITY, applications=both, package_number=box)
    assert "step-out-of-order" in town.refused(late, CITY)
