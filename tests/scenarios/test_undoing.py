"""Undoing wrong entries (冲销): reversal 111, restoration 112, voiding of changes.

Nothing is erased: an entry voids what one business entered, on every stream that it touched, and
can itself be voided. It is refused while later entries rest on what would fall. A number once given
stays used, and comes back with its holder.
Source: GA 214 businesses 111 and 112; 居民身份证法 art. 3.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from registry.aggregates import Certificate, Life, Number, Person, Proof
from registry.commands.addresses import CloseDoorplate, FreezeDoorplate
from registry.commands.details import ChangeDetails
from registry.commands.households import CloseHousehold
from registry.commands.membership import Heir
from registry.commands.migration import MoveIn, MoveOut, RegisterNewcomer
from registry.commands.papers import ReissueCertificate
from registry.commands.particulars import ChangeName
from registry.commands.relocation import ChangeAddress, MoveHousehold, Mover
from registry.commands.undoing import RestoreRegistration, ReverseRegistration, VoidEntry
from registry.commands.vital import RegisterDeath
from registry.commands.voiding import VoidDoorplateEntry, VoidHouseholdEntry
from registry.errors import NotFound
from registry.events.household import Member
from registry.register import Submission
from registry.values import (
    ChangeCategory,
    CitizenNumber,
    Name,
    PaperNumber,
    Sex,
)
from registry.vocabulary import Kind
from tests.scenarios.town import (
    CHANGCHUN,
    CHIEF,
    DECLARANT,
    GROUNDS,
    HAN,
    HEAD,
    MARRIED,
    OF_SHIFANG,
    OTHER,
    SON,
    WIDOWED,
    Town,
    birth,
    new,
)

Q1, Q2 = PaperNumber("Q1"), PaperNumber("Q2")


def reverse(person, version) -> ReverseRegistration:
    return ReverseRegistration(person=person, version=version, grounds=GROUNDS)


def restore(person, version) -> RestoreRegistration:
    return RestoreRegistration(person=person, version=version, grounds=GROUNDS)


def void(person, version) -> VoidEntry:
    return VoidEntry(person=person, version=version, grounds=GROUNDS)


def holders(town: Town, number: str):
    return town.see(Number, town.named(Kind.NUMBER, number)).held_by


def death(person, **told) -> RegisterDeath:
    died = date(2007, 5, 20)
    return RegisterDeath(**{"person": person, "died_on": died, "declarant": DECLARANT, **told})


def moved(person, household, on=date(2007, 5, 25)) -> ChangeAddress:
    movers = (Mover(person=person, relation=OTHER),)
    return ChangeAddress(movers=movers, household=household, declarant=DECLARANT, on=on)


def out(*persons, **told) -> MoveOut:
    said = {"persons": persons, "certificate_number": Q1, "declarant": DECLARANT}
    return MoveOut(**{**said, "on": date(2007, 5, 10), **told})


def settle(town: Town, *persons, **told) -> MoveIn:
    movers = tuple(Mover(person=person, relation=OTHER) for person in persons)
    said = {"movers": movers, "household": town.farm, "certificate_number": Q1}
    return MoveIn(**{**said, "declarant": DECLARANT, "on": date(2007, 5, 20), **told})


def renamed(town: Town, **told) -> ChangeName:
    said = {"person": town.li, "category": ChangeCategory("21"), "approval": PaperNumber("A1")}
    said |= {"name": Name("李雪梅"), "declarant": DECLARANT, "on": date(2007, 5, 1)}
    return ChangeName(**{**said, **told})


# --- births -----------------------------------------------------------------------------------


def test_a_reversed_birth_leaves_nobody_and_its_number_stays_used(town: Town):
    told = town.do(birth(town))
    child, number = told["person"], told["number"]
    town.do(reverse(child, 1))
    assert town.look(Person, child) is None
    assert child not in town.household(town.home).members
    assert holders(town, number) == ()
    assert town.see(Proof, town.named(Kind.PROOF, "F510001")).used_by is None
    again = town.do(birth(town))  # entered rightly, on the same certificate
    assert again["number"] != number


def test_every_undoing_can_be_undone_and_the_number_comes_and_goes_with_the_child(town: Town):
    told = town.do(birth(town))
    child, number = told["person"], told["number"]
    for version in (1, 2, 3, 4, 5, 6):
        command = reverse if version % 2 else restore
        town.do(command(child, version))
        there = version % 2 == 0
        assert (town.look(Person, child) is not None) == there
        assert (child in town.household(town.home).members) == there
        assert holders(town, number) == ((child,) if there else ())
        used_by = town.see(Proof, town.named(Kind.PROOF, "F510001")).used_by
        assert used_by == (child if there else None)
        town.agrees()


def test_a_birth_is_not_restored_once_its_certificate_served_again(town: Town):
    child = town.do(birth(town))["person"]
    town.do(reverse(child, 1))
    town.do(birth(town))
    assert town.refused(restore(child, 2)) == ["proof-used"]


def test_the_birth_of_a_child_who_moved_since_is_not_reversed(town: Town):
    child = town.do(birth(town))["person"]
    town.do(moved(child, town.hut))
    rules = town.rules(reverse(child, 1))
    assert {rule.code for rule in rules} == {"entry-in-the-way"}
    assert any("AddressChanged of 2007-05-25" in rule.message for rule in rules)
    assert any("MembersChanged of 2007-05-25" in rule.message for rule in rules)
    town.do(reverse(child, 2))
    town.do(reverse(child, 1))  # the later entry first


def test_reversing_a_birth_takes_the_death_declared_with_it(town: Town):
    child = town.do(birth(town, died_on=date(2007, 5, 16)))["person"]
    town.do(reverse(child, 1))
    assert town.look(Person, child) is None


def test_a_child_whose_death_was_declared_with_the_birth_by_mistake_lives(town: Town):
    told = town.do(birth(town, died_on=date(2007, 5, 16)))
    child = told["person"]
    town.do(restore(child, 2))
    assert town.person(child).resident
    assert child in town.household(town.home).members
    assert holders(town, told["number"]) == (child,)
    town.do(reverse(child, 1))
    assert town.look(Person, child) is None


def test_a_reversed_birth_founds_no_household(town: Town):
    infant = birth(town, relation=HEAD, new_household=new(town.yard), guardian_name=Name("王奶奶"))
    told = town.do(infant)
    town.do(reverse(told["person"], 1))
    assert town.events(told["household"]) == ["HouseholdEstablished", "HouseholdEntriesVoided"]
    town.do(restore(told["person"], 2))
    assert town.household(told["household"]).head == told["person"]


# --- deaths -----------------------------------------------------------------------------------


def test_a_restored_person_is_a_member_again_and_the_spouse_married(town: Town):
    town.do(death(town.li))
    town.do(restore(town.li, 3))
    assert town.person(town.li).resident
    assert town.li in town.household(town.home).members
    assert town.person(town.wang).marital_status == MARRIED
    town.do(reverse(town.li, 4))
    assert town.person(town.li).life is Life.DEAD
    assert town.person(town.wang).marital_status == WIDOWED


def test_a_head_restored_heads_again_as_long_as_nothing_rests_on_the_heir(town: Town):
    heir = Heir(head=town.li, relations=(Member(person=town.boy, relation=SON),))
    town.do(death(town.wang, heir=heir))
    town.do(restore(town.wang, 3))
    assert town.household(town.home).head == town.wang
    town.do(reverse(town.wang, 4))
    assert town.household(town.home).head == town.li
    child = town.do(birth(town, on=date(2007, 5, 25)))["person"]
    (rule,) = town.rules(restore(town.wang, 3))  # the death stands again
    assert rule.code == "entry-in-the-way"
    assert f"of household {town.home}, MembersChanged of 2007-05-25" in rule.message
    town.do(reverse(child, 1))
    town.do(restore(town.wang, 3))
    assert town.household(town.home).head == town.wang


def test_a_closed_household_opens_with_its_last_member(town: Town):
    town.do(death(town.zhao))
    town.do(restore(town.zhao, 2))
    assert town.household(town.hut).closed_on is None


def test_nobody_is_brought_back_into_what_was_closed_meanwhile(town: Town):
    town.do(out(town.lodger, on=None))
    departure = len(town.timeline(town.lodger))
    town.do(CloseHousehold(household=town.dormitory))
    assert town.refused(restore(town.lodger, departure)) == ["household-closed"]
    town.do(death(town.zhao))
    town.do(FreezeDoorplate(doorplate=town.mill))
    town.do(CloseDoorplate(doorplate=town.mill))
    assert town.refused(restore(town.zhao, 2)) == ["doorplate-closed"]
    town.do(FreezeDoorplate(doorplate=town.dorm))
    reopen = VoidHouseholdEntry(
        household=town.dormitory, version=len(town.timeline(town.dormitory)), grounds=GROUNDS
    )
    town.do(CloseDoorplate(doorplate=town.dorm))
    assert town.refused(reopen) == ["doorplate-closed"]
    withdrawn = len(town.timeline(town.dorm))
    town.do(VoidDoorplateEntry(doorplate=town.dorm, version=withdrawn, grounds=GROUNDS))
    town.do(reopen)
    town.do(restore(town.lodger, departure))
    town.agrees()


def test_who_died_in_transit_by_mistake_is_in_transit_again(town: Town):
    town.do(out(town.li))
    town.do(death(town.li))
    town.do(restore(town.li, 4))
    assert town.person(town.li).in_transit
    town.do(settle(town, town.li))


# --- moves ------------------------------------------------------------------------------------


def test_a_move_of_several_is_undone_for_all_of_them(town: Town):
    movers = (Mover(person=town.li, relation=HEAD), Mover(person=town.boy, relation=SON))
    told = town.do(ChangeAddress(movers=movers, new_household=new(town.yard), declarant=DECLARANT))
    town.do(reverse(town.boy, 2))
    for person in (town.li, town.boy):
        assert town.person(person).household == town.home
    assert town.look(Person, town.li) is not None
    town.do(restore(town.li, 4))
    assert town.household(told["household"]).head == town.li
    assert town.person(town.boy).household == told["household"]


def test_a_household_s_move_is_undone_for_every_member(town: Town):
    town.do(MoveHousehold(household=town.home, doorplate=town.mill, declarant=DECLARANT))
    town.do(reverse(town.boy, 2))
    for person in (town.wang, town.li, town.boy):
        assert town.person(person).community == town.east
    assert town.household(town.home).doorplate == town.gate
    town.do(restore(town.wang, 4))
    assert town.person(town.boy).community == town.west


def test_the_move_of_a_dormitory_is_not_undone_since_nobody_is_listed(town: Town):
    town.do(
        MoveHousehold(
            household=town.dormitory,
            doorplate=town.yard,
            persons=(town.lodger,),
            declarant=DECLARANT,
        )
    )
    assert town.refused(reverse(town.lodger, 2)) == ["not-reversible"]


def test_who_returns_before_settling_is_restored_and_the_certificate_void(town: Town):
    town.do(out(town.li))
    town.do(restore(town.li, 3))
    assert town.person(town.li).household == town.home
    assert town.see(Certificate, town.named(Kind.CERTIFICATE, Q1)).void
    town.do(out(town.li, certificate_number=Q2, on=date(2007, 5, 30)))
    stale = settle(town, town.li, on=date(2007, 5, 31))
    assert town.refused(stale) == ["certificate-needed", "certificate-used"]


def test_a_reissued_certificate_is_void_with_the_departure(town: Town):
    town.do(out(town.li))
    town.do(ReissueCertificate(certificate_number=Q1, new_number=Q2, grounds=GROUNDS))
    town.do(restore(town.li, 3))
    assert town.see(Certificate, town.named(Kind.CERTIFICATE, Q2)).void


def test_a_departure_that_stands_again_is_settled_on_a_certificate_issued_anew(town: Town):
    town.do(out(town.li))
    town.do(restore(town.li, 3))
    town.do(reverse(town.li, 4))
    assert town.person(town.li).in_transit
    assert "certificate-used" in town.refused(settle(town, town.li))
    town.do(ReissueCertificate(certificate_number=Q1, new_number=Q2, grounds=GROUNDS))
    town.do(settle(town, town.li, certificate_number=Q2, on=town.today))


def test_a_departure_is_not_undone_once_the_person_has_settled(town: Town):
    town.do(out(town.li, town.boy))
    town.do(settle(town, town.li))
    rules = town.rules(restore(town.boy, 2))
    assert any("MovedIn of 2007-05-20" in rule.message for rule in rules)


def test_a_reversed_arrival_counts_the_certificate_again(town: Town):
    town.do(out(town.li))
    town.do(settle(town, town.li))
    town.do(reverse(town.li, 4))
    assert town.person(town.li).in_transit
    assert town.see(Certificate, town.named(Kind.CERTIFICATE, Q1)).used_by == frozenset()
    town.do(restore(town.li, 5))
    assert town.see(Certificate, town.named(Kind.CERTIFICATE, Q1)).used_by == {town.li}


def test_a_reversed_newcomer_no_longer_holds_the_number(town: Town):
    number = CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), 11)
    told = town.do(
        RegisterNewcomer(
            household=town.farm,
            relation=OTHER,
            name=Name("金哲"),
            sex=Sex.MALE,
            birth_date=date(1980, 6, 1),
            nationality=HAN,
            number=number,
            certificate_number=PaperNumber("J1"),
            declarant=DECLARANT,
        )
    )
    town.do(reverse(told["person"], 1))
    assert holders(town, number) == ()


# --- what is not undone -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "version", "code"),
    [
        (reverse, 3, "not-reversible"),  # a change
        (restore, 3, "not-reversible"),
        (restore, 1, "not-reversible"),  # an arrival
        (void, 1, "not-reversible"),
        (void, 4, "nothing-to-void"),
        (void, 0, "nothing-to-void"),
        (reverse, -1, "nothing-to-void"),
    ],
)
def test_an_undoing_is_refused(town: Town, command, version, code):
    town.do(renamed(town))
    assert town.refused(command(town.li, version)) == [code]


def test_nothing_is_undone_twice(town: Town):
    town.do(renamed(town))
    town.do(void(town.li, 3))
    assert town.refused(void(town.li, 3)) == ["nothing-to-void"]


@pytest.mark.parametrize("nobody", [UUID(int=77), "home", "gate", "east"])
def test_only_a_person_s_entries_are_named(town: Town, nobody):
    stream = town.ids.get(nobody, nobody)
    for command in (reverse, restore, void):
        with pytest.raises(NotFound):
            town.submit(command(stream, 1))


def test_what_is_older_than_the_period_stays(town: Town):
    town.do(renamed(town))
    town.reversal_days = 30
    town.open()
    town.today = date(2007, 7, 1)
    town.do(ChangeDetails(person=town.boy, height_cm=150, declarant=DECLARANT))
    town.do(void(town.boy, 2))
    town.today = date(2007, 7, 2)
    assert town.refused(void(town.li, 3)) == ["period-over"]


def test_another_county_undoes_nothing(town: Town):
    town.do(renamed(town))
    assert town.refused(void(town.li, 3), OF_SHIFANG) == ["outside-area"]
    assert town.refused(reverse(town.boy, 1), OF_SHIFANG) == ["outside-area"]


def test_business_is_undone_in_the_batch_that_entered_it(town: Town):
    body = birth(town)
    child = UUID(int=0xA000_0000_0000 + next(town.made) + 1)
    town.made = iter(range(child.int - 0xA000_0000_0000, 10**9))
    town.reversal_days = 30
    town.open()
    outcomes = town.register.do_all(
        [
            Submission(UUID(int=1), CHIEF, body),
            Submission(UUID(int=2), CHIEF, reverse(child, 1)),
        ]
    )
    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt", "Receipt"]
    assert town.look(Person, child) is None
    assert child not in town.household(town.home).members


def test_an_undoing_by_another_process_finds_the_whole_business_too(town: Town):
    child = town.do(birth(town))["person"]
    town.open()
    town.do(reverse(child, 1))
    assert child not in town.household(town.home).members
