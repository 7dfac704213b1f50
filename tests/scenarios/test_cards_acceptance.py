"""Acceptance of applications for cards: gates, age, reason, number (居民身份证受理).

Source: 居民身份证法 of 2003-06-28; GA 214.4-2004, GA 214.5-2004; Deyang plan of 2004; Jilin plan of
2004 (先建库、后发证).
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Application, Holder
from registry.commands.cards_acceptance import (
    AcceptApplication,
    ExtendDeadline,
    VoidApplication,
)
from registry.commands.cards_capture import CompleteCapture, TakeFingerprints
from registry.commands.cards_gates import AcceptBaseline, VerifyPersons, WithdrawBaseline
from registry.commands.cards_temporary import (
    ApplyForTemporaryCard,
    IssueTemporaryCard,
    RefuseTemporaryCard,
    SurrenderTemporaryCard,
)
from registry.commands.migration import MoveOut
from registry.entry import Entry
from registry.errors import Forbidden
from registry.events.applications import FingerPrint
from registry.events.person import PersonImported
from registry.store import Append, Receipt
from registry.values import (
    AcceptanceNumber,
    CardReason,
    CitizenNumber,
    FingerPosition,
    Name,
    OutKind,
    PaperNumber,
    ProductionType,
    Sex,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    ADMINISTRATOR,
    AUDITOR,
    BY_UNIT,
    CHILD,
    CHIP_PHOTO,
    EXPIRED,
    FIRST,
    PHOTO,
    PLANNED,
    SECOND,
    STATION,
    TEMPORARY,
    TWELVE,
    accepted,
    applied_for_temporary,
    captured,
    ready,
    state,
)
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    HAN,
    HEAD,
    JINGYANG,
    OF_SHIFANG,
    SON,
    Town,
    death,
    new,
    supplement,
)

MILITARY = ProductionType("4")


def application(town: Town, person: str = "wang", reason: CardReason = TWELVE, **told):
    return AcceptApplication(person=town.ids[person], apply_reason=reason, **told)


# --- gates ------------------------------------------------------------------------------------


def test_no_card_before_the_county_s_data_are_accepted_and_the_person_is_verified(town: Town):
    """先建库、后发证; each refusal says what opens the gate."""
    rules = town.rules(application(town), STATION)
    assert [rule.code for rule in rules] == ["baseline-not-accepted", "person-not-verified"]
    assert "AcceptBaseline" in rules[0].remedy
    assert JINGYANG in rules[0].message
    assert "VerifyPersons" in rules[1].remedy
    ready(town, "wang")
    assert state(town, accepted(town)) == "00"


def test_the_gate_of_one_county_opens_no_other(town: Town):
    ready(town, "qian")
    elsewhere = application(town, "qian")
    assert town.refused(elsewhere, OF_SHIFANG) == ["baseline-not-accepted"]


def test_a_gate_closes_again(town: Town):
    ready(town)
    town.do(WithdrawBaseline(division=town.jingyang, document="撤"), ADMINISTRATOR)
    assert town.refused(application(town), STATION) == ["baseline-not-accepted"]
    again = WithdrawBaseline(division=town.jingyang, document="撤")
    assert town.refused(again, ADMINISTRATOR) == ["baseline-open"]


def test_only_a_county_has_a_baseline(town: Town):
    city = AcceptBaseline(division=town.deyang, document="文")
    assert town.refused(city, ADMINISTRATOR) == ["division-unknown"]


def test_only_an_administrator_opens_gates(town: Town):
    with pytest.raises(Forbidden):
        town.do(AcceptBaseline(division=town.jingyang, document="文"), STATION)


def test_nobody_dead_is_verified(town: Town):
    town.do(death(town.zhao))
    verify = VerifyPersons(persons=(town.zhao,), document="文")
    assert town.refused(verify, ADMINISTRATOR) == ["already-deceased"]


def test_a_late_death_is_registered_whatever_was_verified_since(town: Town):
    ready(town)
    town.do(death(town.zhao, died_on=date(2007, 5, 20)))
    assert town.refused(application(town, "zhao"), STATION) == ["already-deceased"]


def test_no_card_while_the_number_is_in_an_open_case(town: Town):
    shared = CitizenNumber.compose(JINGYANG, date(1970, 3, 5), 777)
    for name, household in (("甲", "910"), ("乙", "911")):
        town.ids[name] = town.do(
            supplement(
                name,
                Sex.MALE,
                date(1970, 3, 5),
                HEAD,
                number=shared,
                new_household=new(town.gate, household),
            )
        )["person"]
    ready(town, "甲", "乙", "wang")
    assert town.refused(application(town, "甲"), STATION) == ["number-in-dispute"]
    assert town.refused(application(town, "乙"), STATION) == ["number-in-dispute"]
    accepted(town, "wang")


# --- who applies ------------------------------------------------------------------------------


def test_who_has_left_applies_where_the_new_registration_is(town: Town):
    ready(town)
    leaving = MoveOut(
        persons=(town.zhao,),
        out_kind=OutKind("4"),
        declarant=DECLARANT,
        on=date(2007, 5, 30),
    )
    town.do(leaving)
    assert town.refused(application(town, "zhao"), STATION) == ["not-registered"]


def test_an_applicant_belongs_to_the_station_s_area(town: Town):
    ready(town)
    assert "outside-area" in town.refused(application(town), OF_SHIFANG)


def test_for_a_child_the_guardian_applies(town: Town):
    """居民身份证法 art. 7: the boy is nine."""
    ready(town)
    assert town.refused(application(town, "boy", CHILD), STATION) == ["guardian-needed"]
    one = accepted(town, "boy", CHILD, guardian_name=Name("王建国"))
    event = town.timeline(one)[0].event
    assert event.guardian_name == "王建国"


@pytest.mark.parametrize(
    ("person", "reason", "codes"),
    [
        ("wang", CHILD, ["reason-unfit"]),
        ("boy", TWELVE, ["guardian-needed", "reason-unfit"]),
        ("wang", CardReason("3"), ["reason-of-other-generation"]),
    ],
)
def test_the_reason_fits_age_and_generation(town: Town, person, reason, codes):
    ready(town)
    assert town.refused(application(town, person, reason), STATION) == codes


def test_soldiers_have_their_own_channel(town: Town):
    """Reason 16 and production type 4 come with the package of a unit, and only for soldiers."""
    ready(town)
    for told in (
        {"production_type": MILITARY},
        {"unit_package": PaperNumber("BD-1")},
        {"production_type": MILITARY, "unit_package": PaperNumber("BD-1")},
    ):
        assert "military-channel" in town.refused(application(town, **told), STATION)
    assert "military-channel" in town.refused(application(town, reason=BY_UNIT), STATION)
    town.do(
        MoveOut(
            persons=(town.zhao,), out_kind=OutKind("3"), declarant=DECLARANT, on=date(2007, 5, 30)
        )
    )
    assert town.refused(application(town, "zhao"), STATION) == ["military-channel"]
    one = accepted(
        town, "zhao", BY_UNIT, production_type=MILITARY, unit_package=PaperNumber("BD-1")
    )
    assert town.see(Application, one).community == town.west


def imported(town: Town, number: CitizenNumber | None, birth_date: date | None) -> UUID:
    """Somebody in the dormitory whom an older system knew in part."""
    person = UUID(int=0xC0)
    event = PersonImported(
        effective_on=date(2005, 1, 1),
        household=town.dormitory,
        community=town.west,
        sex=Sex.MALE,
        birth_date=birth_date,
        nationality=HAN,
        name=Name("孙二"),
        number=number,
        source="old",
        batch="1",
    )
    stored = town.register.codec.stored(Entry(person, 1, event, event.effective_on), lambda: b"")
    append = Append(None, "old", STATION.office, b"", b"{}", [stored], {})
    (receipt,) = town.register.store.append([append])
    assert isinstance(receipt, Receipt)
    return person


@pytest.mark.parametrize(
    ("number", "born", "codes"),
    [
        (None, date(1980, 1, 1), ["number-absent"]),
        (CitizenNumber.compose(JINGYANG, date(1980, 1, 1), 55), None, ["birth-date-unknown"]),
    ],
)
def test_a_card_bears_a_number_and_its_term_an_age(town: Town, number, born, codes):
    town.ids["sun"] = imported(town, number, born)
    ready(town, "sun")
    assert town.refused(application(town, "sun"), STATION) == codes


# --- one card a person ------------------------------------------------------------------------


def test_a_person_has_one_application_at_a_time(town: Town):
    ready(town)
    one = accepted(town)
    assert town.refused(application(town, reason=EXPIRED), STATION) == ["application-open"]
    town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
    other = accepted(town)
    file = town.see(Holder, town.named(Kind.HOLDER, str(town.wang)))
    assert file.applications == (one, other)


def test_a_first_card_is_applied_for_once_in_a_life(town: Town):
    ready(town)
    accepted(town)
    again = application(town, reason=TWELVE)
    assert town.refused(again, STATION) == ["application-open", "reason-unfit"]


def test_the_planned_exchange_waits_for_everybody_else(town: Town):
    """Deyang plan: first, expired, changed and lost cards and urgent need come first."""
    ready(town)
    told = [
        accepted(town, "wang", PLANNED),
        accepted(town, "li", EXPIRED),
        accepted(town, "zhao", PLANNED, urgent=True),
    ]
    assert [town.see(Application, one).priority for one in told] == ["3", "2", "1"]


# --- the number -------------------------------------------------------------------------------


def test_acceptance_numbers_of_a_station_count_from_one_each_day(town: Town):
    """GA 214.4-2004: six of the county, three of the station, the day, five of the sequence."""
    ready(town)
    town.do(application(town), STATION)
    assert town.told["acceptance_number"] == "5106030012007060100001"
    assert town.told["due_on"] == "2007-07-31"
    town.do(application(town, "li"), STATION)
    assert town.told["acceptance_number"] == "5106030012007060100002"
    town.today = date(2007, 6, 2)
    town.do(application(town, "zhao"), STATION)
    assert town.told["acceptance_number"] == "5106030012007060200001"


def test_a_station_may_give_the_number_itself_and_no_other_application_gets_it(town: Town):
    ready(town)
    own = AcceptanceNumber("5106030012007060100001")
    accepted(town, "wang", acceptance_number=own)
    taken = application(town, "li", acceptance_number=own)
    assert town.refused(taken, STATION) == ["acceptance-number-unfit"]
    for number in ("5106830012007060100002", "5106030012007060200001"):
        other = application(town, "li", acceptance_number=AcceptanceNumber(number))
        assert town.refused(other, STATION) == ["acceptance-number-unfit"]
    accepted(town, "li")
    assert town.told["acceptance_number"] == "5106030012007060100002"


def test_no_number_is_given_twice_however_many_there_are(town: Town):
    ready(town)
    given = []
    for sequence in (1, 2, 3, 5, 8):
        number = AcceptanceNumber.compose(STATION.office, town.today, sequence)
        one = accepted(town, "wang", acceptance_number=number)
        town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
        given.append(number)
    for _ in range(5):
        one = accepted(town, "wang")
        assert town.told["acceptance_number"] not in given
        given.append(town.told["acceptance_number"])
        town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)


# --- generations ------------------------------------------------------------------------------


def test_the_first_generation_is_made_no_longer(town: Town):
    """The last day was 2004-12-31; where the gates are closed there are temporary cards."""
    first = application(town, reason=CardReason("2"), card_kind=FIRST)
    assert town.refused(first, STATION) == ["generation-not-made"]
    one = applied_for_temporary(town)
    assert town.told["due_on"] == "2007-06-04"
    number = PaperNumber("LS0001")
    town.do(IssueTemporaryCard(application=one, temporary_number=number), AUDITOR)
    assert town.told["valid_until"] == "2007-09-01"
    town.do(SurrenderTemporaryCard(application=one, surrender_reason=SurrenderReason("1")), STATION)
    assert town.see(Application, one).temporary == "surrendered"


def test_a_temporary_card_is_applied_for_by_itself_and_one_at_a_time(town: Town):
    ready(town)
    assert town.refused(application(town, card_kind=TEMPORARY), STATION) == ["temporary-kind"]
    lasting = ApplyForTemporaryCard(person=town.wang, card_kind=SECOND)
    assert town.refused(lasting, STATION) == ["temporary-kind"]
    awaited = accepted(town)
    again = ApplyForTemporaryCard(person=town.wang)
    assert town.refused(again, STATION) == ["photo-missing"]
    captured(town, awaited)
    one = town.do(again, STATION)["application"]
    event = town.timeline(one)[0].event
    assert (event.application, event.photo) == (awaited, PHOTO), "the picture was taken already"
    assert town.refused(again, STATION) == ["application-open"]
    town.do(RefuseTemporaryCard(application=one, grounds=GROUNDS), AUDITOR)
    town.do(again, STATION)


def test_a_child_s_temporary_card_needs_the_guardian_too(town: Town):
    child = ApplyForTemporaryCard(person=town.boy, photo=PHOTO, photo_size=9_000)
    assert town.refused(child, STATION) == ["guardian-needed"]


# --- capture ----------------------------------------------------------------------------------


def test_a_card_of_the_second_generation_needs_photograph_and_chip_encoding(town: Town):
    ready(town)
    one = accepted(town)
    for told in ({}, {"photo": PHOTO, "photo_size": 17_000}, {"chip_photo": CHIP_PHOTO}):
        capture = CompleteCapture(application=one, **told)
        assert town.refused(capture, STATION) == ["photo-missing"]
    captured(town, one)
    captured(town, one)  # the photograph is taken once more
    assert state(town, one) == "01"


def test_the_local_script_stands_beside_the_characters(town: Town):
    """居民身份证法 art. 4; what is private is in the private half."""
    ready(town)
    one = accepted(town)
    town.do(
        CompleteCapture(
            application=one,
            photo=PHOTO,
            photo_size=17_000,
            chip_photo=CHIP_PHOTO,
            script_name=Text("왕건국"),
            script_address=Text("연변"),
        ),
        STATION,
    )
    stored = town.register.store.streams([one])[one][1]
    assert "왕건국" not in stored.state.decode()
    assert "왕건국" in stored.private.decode()


@pytest.mark.parametrize(
    ("day", "codes"), [(date(2011, 12, 31), ["fingerprints-not-yet"]), (date(2012, 1, 1), [])]
)
def test_fingerprints_are_taken_from_2012(town: Town, day, codes):
    ready(town)
    town.today = day
    one = accepted(town)
    prints = (FingerPrint(finger=FingerPosition("11"), template=PHOTO),)
    take = TakeFingerprints(application=one, prints=prints)
    if codes:
        assert town.refused(take, STATION) == codes
    else:
        town.do(take, STATION)
        captured(town, one)


# --- the clock --------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "codes"), [(30, []), (31, ["extension-too-long"]), (0, None)])
def test_the_time_is_prolonged_by_thirty_days_at_most(town: Town, days, codes):
    """居民身份证法 art. 12: sixty days, and thirty more where the place is hard to reach."""
    ready(town)
    one = accepted(town)
    extend = ExtendDeadline(application=one, days=days, grounds=GROUNDS)
    if codes == []:
        town.do(extend, AUDITOR)
        assert town.told["due_on"] == "2007-08-30"
        more = ExtendDeadline(application=one, days=1, grounds=GROUNDS)
        assert town.refused(more, AUDITOR) == ["extension-too-long"]
    else:
        assert town.refused(extend, AUDITOR) == ["extension-too-long"]


@pytest.mark.parametrize(("born", "late"), [(date(1991, 3, 1), False), (date(1991, 2, 28), True)])
def test_a_first_card_is_applied_for_within_three_months_of_sixteen(town: Town, born, late):
    """居民身份证法 art. 7; who comes later is served, and the officer told."""
    town.ids["kid"] = town.do(supplement("王大军", Sex.MALE, born, SON, household=town.home))[
        "person"
    ]
    ready(town, "kid")
    accepted(town, "kid")
    codes = [notice["code"] for notice in town.told.get("notices", ())]
    assert codes == (["card-applied-late"] if late else [])
