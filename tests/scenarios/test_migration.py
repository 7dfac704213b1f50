"""Moving between registration districts (迁移), businesses 105 and 106, and their papers.

The target consents by a permit (准迁证, 40 days), the origin releases by a certificate (迁移证,
30 days); in between the person is registered nowhere. Each paper is used once for each person; a
lost or expired certificate is issued anew by the origin.
Source: Household Registration Regulations (户口登记条例), art. 10, 11 and 13; Ministry of Public
Security notice of 1994-07-11.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapters.assembly import papers_of
from registry.aggregates import Certificate, NumberCase, Permit
from registry.commands.addresses import RegisterDoorplate
from registry.commands.households import FoundHousehold
from registry.commands.membership import Heir
from registry.commands.migration import MoveIn, MoveOut, RegisterNewcomer
from registry.commands.papers import IssuePermit, ReissueCertificate
from registry.commands.places import EstablishCommunity
from registry.commands.relocation import Mover
from registry.commands.undoing import RestoreRegistration, ReverseRegistration
from registry.commands.vital import RegisterDeath
from registry.events.household import Member
from registry.values import (
    CitizenNumber,
    CommunityKind,
    HouseholdNumber,
    MigrationReason,
    Name,
    OutKind,
    PaperNumber,
    PlateNumber,
    Sex,
    Text,
)
from registry.vocabulary import Kind
from tests.scenarios.town import (
    CHANGCHUN,
    DECLARANT,
    GROUNDS,
    HAN,
    HEAD,
    OF_JINGYANG,
    OF_SHIFANG,
    OTHER,
    SON,
    TODAY,
    Town,
    new,
)

LEFT, BUILT = date(2007, 5, 1), date(2005, 1, 1)
Q1, Q2, Q3, Z1 = (PaperNumber(text) for text in ("Q1", "Q2", "Q3", "Z1"))


def out(*persons, **told) -> MoveOut:
    said = {
        "persons": persons,
        "destination": CHANGCHUN,
        "certificate_number": Q1,
        "declarant": DECLARANT,
        "on": LEFT,
    }
    return MoveOut(**{**said, **told})


def settle(town: Town, *persons, **told) -> MoveIn:
    said: dict[str, Any] = {
        "movers": tuple(Mover(person=person, relation=OTHER) for person in persons),
        "certificate_number": Q1,
        "declarant": DECLARANT,
    }
    if "new_household" not in told:
        said["household"] = town.farm
    return MoveIn(**{**said, **told})


def permit(town: Town, **told) -> IssuePermit:
    said = {
        "permit_number": Z1,
        "persons": (town.li,),
        "doorplate": town.barn,
        "declarant": DECLARANT,
        "on": date(2007, 4, 22),
    }
    return IssuePermit(**{**said, **told})


def newcomer(town: Town, **told) -> RegisterNewcomer:
    said = {
        "household": town.farm,
        "relation": OTHER,
        "name": Name("金哲"),
        "sex": Sex.MALE,
        "birth_date": date(1980, 6, 1),
        "nationality": HAN,
        "number": CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), 11),
        "origin": CHANGCHUN,
        "certificate_number": PaperNumber("J1"),
        "declarant": DECLARANT,
    }
    return RegisterNewcomer(**{**said, **told})


def reissue(number=Q1, new_number=Q2) -> ReissueCertificate:
    return ReissueCertificate(certificate_number=number, new_number=new_number, grounds=GROUNDS)


# --- leaving ----------------------------------------------------------------------------------


def test_who_leaves_with_a_certificate_is_in_transit_and_registered_nowhere(town: Town):
    told = town.do(out(town.li))
    li = town.person(town.li)
    assert li.in_transit
    assert not li.resident
    assert (li.left_on, li.left_community, li.destination) == (LEFT, town.east, CHANGCHUN)
    assert li.certificate == told["certificate"] == town.named(Kind.CERTIFICATE, Q1)
    assert town.person(town.li, date(2007, 4, 30)).resident
    assert town.li not in town.household(town.home).members
    assert town.see(Certificate, told["certificate"]).expires_on() == date(2007, 5, 31)


@pytest.mark.parametrize("kind", [OutKind("3"), OutKind("4"), OutKind("6")])
def test_soldiers_emigrants_and_the_missing_get_no_certificate(town: Town, kind):
    with_paper = out(town.lodger, out_kind=kind)
    assert town.refused(with_paper) == ["no-certificate-for-cause"]
    town.do(replace(with_paper, certificate_number=None))
    lodger = town.person(town.lodger)
    assert not lodger.in_transit
    assert not lodger.resident
    town.do(settle(town, town.lodger, certificate_number=None))  # back again, without papers
    assert town.person(town.lodger).household == town.farm


def test_a_family_leaves_on_one_certificate_and_its_household_closes(town: Town):
    town.do(out(town.wang, town.li, town.boy))
    assert town.household(town.home).closed_on == LEFT


def test_a_head_who_leaves_names_an_heir(town: Town):
    assert town.refused(out(town.wang)) == ["head-missing"]
    heir = Heir(head=town.li, relations=(Member(person=town.boy, relation=SON),))
    town.do(out(town.wang, heir=heir))
    assert town.household(town.home).head == town.li


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"certificate_number": None}, ["certificate-needed"]),
        ({"persons": ()}, ["nobody-named"]),
        ({"on": date(2007, 6, 2)}, ["not-yet"]),
        ({"persons": ("li", "zhao")}, ["different-households"]),
    ],
)
def test_a_departure_is_refused(town: Town, told, codes):
    persons = tuple(town.ids[name] for name in told.get("persons", ("li",)))
    assert town.refused(out(*persons, **{**told, "persons": persons})) == codes


def test_nobody_leaves_twice(town: Town):
    town.do(out(town.li))
    assert town.refused(out(town.li, certificate_number=Q2)) == ["not-registered"]


def test_a_certificate_names_four_persons_at_most_and_its_number_once(town: Town):
    town.do(out(town.li))
    assert town.refused(out(town.zhao)) == ["paper-exists"]
    many = out(*[town.boy] * 5, certificate_number=Q2)
    assert "too-many-movers" in town.refused(many)


# --- settling ---------------------------------------------------------------------------------


def test_who_settles_hands_the_certificate_in(town: Town):
    town.do(out(town.li))
    town.do(settle(town, town.li, on=date(2007, 5, 31)))
    li = town.person(town.li)
    assert (li.household, li.community, li.in_transit) == (town.farm, town.town, False)
    assert town.person(town.li, date(2007, 5, 30)).in_transit
    paper = town.see(Certificate, town.named(Kind.CERTIFICATE, Q1))
    assert paper.used_by == {town.li}


def test_a_certificate_runs_for_thirty_days(town: Town):
    town.do(out(town.li))
    assert town.refused(settle(town, town.li, on=TODAY)) == ["certificate-expired"]


def test_who_is_in_transit_settles_with_the_certificate_of_the_departure(town: Town):
    town.do(out(town.li))
    town.do(out(town.zhao, certificate_number=Q3))
    day = date(2007, 5, 9)
    for paper, codes in (
        (None, ["certificate-needed"]),
        (PaperNumber("J9"), ["certificate-needed"]),
        (Q3, ["certificate-for-others", "certificate-needed"]),
    ):
        assert town.refused(settle(town, town.li, certificate_number=paper, on=day)) == codes


def test_a_certificate_is_used_once(town: Town):
    town.do(out(town.li))
    town.do(settle(town, town.li, on=date(2007, 5, 9)))
    again = settle(town, town.li, on=date(2007, 5, 11))
    assert "already-registered" in town.refused(again)
    town.do(out(town.li, certificate_number=Q2, on=date(2007, 5, 10)))
    assert town.refused(again) == ["certificate-needed", "certificate-used"]


def test_a_couple_on_one_certificate_may_settle_apart(town: Town):
    town.do(out(town.li, town.boy))
    town.do(settle(town, town.li, on=date(2007, 5, 9)))
    town.do(settle(town, town.boy, household=town.hut, on=date(2007, 5, 12)))
    assert town.see(Certificate, town.named(Kind.CERTIFICATE, Q1)).used_by == {town.li, town.boy}


def test_a_move_without_anybody_is_refused(town: Town):
    assert town.refused(settle(town)) == ["nobody-named"]


def test_an_arrival_declared_late_is_entered_and_the_officer_told(town: Town):
    town.do(out(town.li))
    told = town.do(settle(town, town.li, on=date(2007, 5, 30), arrived_on=date(2007, 5, 12)))
    assert notices(told) == ["permit-missing", "declared-late"]


@pytest.mark.parametrize(("kind", "late"), [("32", True), ("33", False)])
def test_an_arrival_is_declared_within_three_days_in_a_city_and_ten_in_the_country(
    town: Town, kind, late
):
    place = EstablishCommunity(
        community_name=Text("新村"),
        community_kind=CommunityKind(kind),
        parent=town.shifang,
        on=LEFT,
    )
    plate = RegisterDoorplate(
        street=town.lane,
        plate_number=PlateNumber("9号"),
        community=town.do(place)["community"],
        on=LEFT,
    )
    home = new(town.do(plate)["doorplate"])
    town.do(out(town.li))
    mover = (Mover(person=town.li, relation=HEAD),)
    arrival = settle(town, movers=mover, new_household=home, arrived_on=date(2007, 5, 26))
    told = town.do(replace(arrival, on=date(2007, 5, 28)))
    assert ("declared-late" in notices(told)) == late


def notices(told: dict[str, Any]) -> list[str]:
    """The codes of what the officer was told."""
    return [notice["code"] for notice in told.get("notices", ())]


def test_departure_and_arrival_may_fall_on_one_day(town: Town):
    town.do(out(town.li))
    town.do(settle(town, town.li, on=LEFT))
    assert town.person(town.li, LEFT).household == town.farm


def test_an_arrival_before_the_departure_is_refused(town: Town):
    town.do(out(town.li))
    assert "already-registered" in town.refused(settle(town, town.li, on=date(2007, 4, 30)))


# --- newcomers --------------------------------------------------------------------------------


def test_a_newcomer_brings_number_and_papers(town: Town):
    town.do(permit(town, persons=(), movers=(Name("金哲"),)))
    told = town.do(newcomer(town, permit_number=Z1))
    one = town.person(told["person"])
    assert one.number.address_code == CHANGCHUN
    assert town.household(town.farm).members[one.id] == OTHER
    assert town.see(Permit, town.named(Kind.PERMIT, Z1)).used_by == {one.id}
    assert town.refused(newcomer(town, permit_number=Z1)) == ["permit-for-others"]


@pytest.mark.parametrize(
    ("reason", "certificate", "permit"),
    [
        (None, True, True),
        ("133", True, True),  # spouses
        ("124", True, False),  # students
        ("171", False, False),  # veterans hand in other papers
        ("0372", False, False),  # who comes back from abroad, by the code of 2004
    ],
)
def test_which_papers_a_newcomer_hands_in_follows_from_the_reason(
    town: Town, reason, certificate, permit
):
    why = None if reason is None else MigrationReason(reason)
    told = town.do(newcomer(town, reason=why))
    assert ("permit-missing" in notices(told)) == permit
    number = CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), 13)
    bare = newcomer(town, number=number, certificate_number=None, reason=why)
    if certificate:
        assert town.refused(bare) == ["papers-needed"]
    else:
        assert "certificate-missing" not in notices(town.do(bare))


def test_a_province_says_on_which_papers_it_insists(town: Town):
    town.register.setting = replace(town.register.setting, papers=papers_of("certificate, permit"))
    assert town.refused(newcomer(town)) == ["papers-needed"]
    town.do(out(town.li, town.boy, on=date(2007, 5, 20)))
    assert town.refused(settle(town, town.li)) == ["papers-needed"]
    assert notices(town.do(settle(town, town.boy, household=town.hut))) == []  # of this county
    town.register.setting = replace(town.register.setting, papers=papers_of(""))
    told = town.do(newcomer(town, certificate_number=None))
    assert notices(told)[:2] == ["certificate-missing", "permit-missing"]
    with pytest.raises(ValueError, match="MOVE_PAPERS"):
        papers_of("certificates")


def test_a_permit_from_before_the_register_is_taken_down_and_undone_without_it(town: Town):
    town.register.setting = replace(town.register.setting, papers=papers_of("certificate, permit"))
    town.do(out(town.li, on=date(2007, 5, 20)))
    old = PaperNumber("OLD-1")
    assert notices(town.do(settle(town, town.li, permit_number=old))) == ["permit-unknown"]
    permit = town.named(Kind.PERMIT, old)
    assert town.timeline(town.li)[-1].event.permit == permit
    arrival = len(town.timeline(town.li))
    town.do(ReverseRegistration(person=town.li, version=arrival, grounds=GROUNDS))
    town.do(RestoreRegistration(person=town.li, version=arrival + 1, grounds=GROUNDS))
    assert town.timeline(permit) == []


def test_between_cities_without_counties_a_mover_is_asked_for_a_permit(town: Town):
    """As 东莞 and 中山, whose communities lie under the city itself."""
    places = (("dg", town.deyang), ("zs", town.chengdu), ("near", town.deyang))
    houses = {}
    for number, (name, city) in enumerate(places, start=50):
        community = town.do(
            EstablishCommunity(
                community_name=Text(name), community_kind=CommunityKind("31"), parent=city, on=BUILT
            )
        )["community"]
        plate = RegisterDoorplate(
            street=town.road, plate_number=PlateNumber(name), community=community, on=BUILT
        )
        found = FoundHousehold(
            doorplate=town.do(plate)["doorplate"],
            household_number=HouseholdNumber(str(number)),
            on=BUILT,
        )
        houses[name] = town.do(found)["household"]
    came = town.do(newcomer(town, household=houses["dg"]))["person"]
    asked = []
    for step, name in enumerate(("near", "zs")):
        paper = PaperNumber(f"Q{step}")
        town.do(out(came, certificate_number=paper, on=None))
        told = town.do(settle(town, came, household=houses[name], certificate_number=paper))
        asked.append("permit-missing" in notices(told))
    assert asked == [False, True]


def test_a_certificate_of_another_register_serves_four_persons_at_most(town: Town):
    for sequence in (11, 13, 15, 17):
        number = CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), sequence)
        town.do(newcomer(town, number=number))
    number = CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), 19)
    assert town.refused(newcomer(town, number=number)) == ["certificate-used"]


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"sex": Sex.FEMALE}, ["number-mismatch"]),
        ({"birth_date": date(1980, 6, 2)}, ["number-mismatch"]),
        (
            {"birth_date": date(2007, 6, 2), "on": TODAY},
            ["birth-after-registration", "number-mismatch"],
        ),
        ({"on": date(2007, 6, 2)}, ["not-yet"]),
        ({"relation": HEAD}, ["head-relation"]),
    ],
)
def test_a_newcomer_is_refused(town: Town, told, codes):
    assert town.refused(newcomer(town, **told)) == codes


def test_a_newcomer_s_child_alone_is_refused(town: Town):
    born = date(2000, 6, 1)
    number = CitizenNumber.compose(CHANGCHUN, born, 11)
    alone = newcomer(
        town,
        household=None,
        new_household=new(town.barn),
        relation=HEAD,
        birth_date=born,
        number=number,
    )
    assert town.refused(alone) == ["minors-alone"]


def test_a_newcomer_with_a_number_that_is_held_is_entered_and_a_case_opened(town: Town):
    first = town.do(newcomer(town))["person"]
    head = town.register.store.head()[0]
    second = town.do(newcomer(town, name=Name("朴明"), certificate_number=PaperNumber("J2")))
    number = CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), 11)
    case = town.see(NumberCase, town.named(Kind.CASE, f"duplicate/{number}"))
    assert case.open
    assert case.parties == {first, second["person"]}
    page = town.register.store.page(head, 100)
    assert len({one.submission for one in page}) == 1  # one append tells all of it
    third = town.do(newcomer(town, name=Name("崔浩"), certificate_number=PaperNumber("J3")))
    case = town.see(NumberCase, case.id)
    assert case.parties == {first, second["person"], third["person"]}
    town.do(out(first, on=TODAY))  # nobody is kept here for that; the case stays open
    assert town.see(NumberCase, case.id).open


# --- certificates issued anew -----------------------------------------------------------------


def test_a_certificate_that_ran_out_is_issued_anew_by_the_origin(town: Town):
    town.do(out(town.li))
    town.today = date(2007, 7, 1)
    assert town.refused(reissue(), OF_SHIFANG) == ["outside-area"]
    town.do(reissue(), OF_JINGYANG)
    assert "certificate-used" in town.refused(settle(town, town.li))
    town.do(settle(town, town.li, certificate_number=Q2))
    assert town.person(town.li).resident
    assert town.refused(reissue(Q2, Q3)) == ["certificate-used"]


def test_only_those_who_still_wait_are_named_anew(town: Town):
    town.do(out(town.li, town.boy))
    town.do(RegisterDeath(person=town.li, died_on=date(2007, 5, 20), declarant=DECLARANT))
    town.do(reissue())
    assert town.see(Certificate, town.named(Kind.CERTIFICATE, Q2)).persons == (town.boy,)
    assert town.refused(reissue(new_number=Q3)) == ["not-in-transit"]


@pytest.mark.parametrize(
    ("told", "codes"),
    [((Q1, Q1), ["paper-exists"]), ((Q1, Q3), ["paper-exists"])],
)
def test_the_new_certificate_has_a_number_of_its_own(town: Town, told, codes):
    town.do(out(town.li))
    town.do(out(town.zhao, certificate_number=Q3))
    assert town.refused(reissue(*told)) == codes


def test_an_office_of_another_county_releases_nobody(town: Town):
    assert town.refused(out(town.li), OF_SHIFANG) == ["outside-area"]
    town.do(out(town.li), OF_JINGYANG)
    pull = settle(town, town.li, on=date(2007, 5, 9))
    assert town.refused(pull, OF_JINGYANG) == ["outside-area"]  # the target answers for arrivals
    town.do(pull, OF_SHIFANG)
