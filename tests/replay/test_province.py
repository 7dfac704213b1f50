"""A make-believe province is lawful, agrees with itself, and has the faults that it tells of."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.province import truth_of, write
from registry.aggregates import AGGREGATES, Household, Life, Person
from registry.aggregates.application import FOLLOWS
from registry.aggregates.card import BodyState, CardBody
from registry.card_terms import valid_until
from registry.days import day_at
from registry.entry import EVERYTHING
from registry.events.applications import ApplicationAccepted, CardSigned
from registry.history import effective, standing
from registry.values import day_number, day_of, explain_number
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order
from replay.columns.runs import entries
from replay.numbers import right, unpack
from replay.province import columns as c
from replay.province.days import RATES
from replay.province.ids import CountedSpaces
from replay.province.issuing import W_COUNT, ways
from replay.province.kept import ProvinceLog, groups
from replay.province.making import Province, total
from replay.province.plan import plan_of
from replay.province.terms import until
from replay.sealed.reading import Folder, SealedLog, verify

BUSY = {business: max(rate * 12, 40_000) for business, rate in RATES.items()}


def small(seed=12, often=BUSY, **others):
    return Province(3, seed, households=40, days=420, often=often, **others)


def histories(province, towns=2):
    """Every stream's entries in version order."""
    found = defaultdict(list)
    for group in groups(province, towns):
        for kind, run in group.items():
            for entry in entries(run, province.spaces):
                found[kind, entry.stream].append(entry)
    return found


@pytest.fixture(scope="module")
def province():
    return small()


@pytest.fixture(scope="module")
def told(province):
    return histories(province)


@pytest.fixture(scope="module")
def log(told):
    return sorted((one for each in told.values() for one in each), key=lambda one: one.position)


def test_positions_are_dense_and_instants_never_decrease(province, log):
    assert [one.position for one in log] == [*range(1, len(log) + 1)]
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(log))
    assert len(log) == province.before + province.survey.entries
    for one in (log[0], log[len(log) // 2], log[-1]):
        last = max(each.position for each in log if each.recorded_at <= one.recorded_at)
        assert province.position_at(one.recorded_at) == last
    assert province.position_at(log[0].recorded_at - 1) == 0


def test_versions_follow_each_other_in_the_order_of_positions(told):
    for history in told.values():
        assert [one.version for one in history] == [*range(1, len(history) + 1)]
        assert all(a.position < b.position for a, b in pairwise(history))


def test_nothing_takes_effect_before_it_is_known_save_what_refers_ahead(log):
    for one in log:
        if ORDERS[VOCABULARY[type(one.event)].kind] is not Order.REFERENCE:
            assert one.effective_on <= day_at(one.recorded_at)


def test_every_history_keeps_the_rules_save_where_it_breaks_them_on_purpose(province, told):
    broken: Counter[object] = Counter()
    for (kind, _), history in told.items():
        order = standing(history) if ORDERS[kind] is Order.EFFECTIVE else history
        broken.update((kind, type(rule).__name__) for _, rule in AGGREGATES[kind].faults(order))
    assert sum(broken.values()) == total(province.survey.told).illegal_steps == 0


def test_persons_and_households_agree_on_every_day_whatever_was_known(province, told, log):
    chance = random.Random(3)
    persons = [each for (kind, _), each in told.items() if kind is Kind.PERSON]
    households = [each for (kind, _), each in told.items() if kind is Kind.HOUSEHOLD]
    for _ in range(12):
        known = province.position_at(chance.choice(log).recorded_at)
        day = chance.choice(log[:known]).effective_on
        homes: dict[object, object] = {}
        for history in households:
            house = Household.fold(effective(history, day, known))
            if house is not None:
                assert not house.members or (house.head in house.members and not house.closed_on)
                homes |= dict.fromkeys(house.members, (house.id, house.community))
        residents = [Person.fold(effective(history, day, known)) for history in persons]
        found = {
            one.id: (one.household, one.community)
            for one in residents
            if one is not None and one.resident
        }
        assert found == homes


def test_every_kind_of_business_comes_to_pass(province, log):
    planned = {one for town in range(3) for one in plan_of(province.plan(town))[:, 0].tolist()}
    rare = {c.B_RENUMBER, c.B_CLOSE_CASE}
    assert set(range(c.B_STEP + 1)) - planned <= rare
    told = {VOCABULARY[type(one.event)].name for one in log}
    assert {"EntriesVoided", "RegistrationRestored", "NameCorrected", "HouseholdClosed"} <= told
    assert {"ResidenceAdjusted", "CardHandedOut", "BlankBound", "CertificateConsumed"} <= told


def test_the_last_row_of_a_person_is_not_always_the_last_word(told):
    wrong = 0
    for (kind, _), history in told.items():
        if kind is Kind.PERSON:
            names = [one.event.name for one in history if hasattr(one.event, "name")]
            person = Person.fold(effective(history))
            wrong += person is not None and person.name != names[-1]
    assert wrong > 0


def test_a_province_is_the_same_for_the_same_seed_however_it_is_cut(told):
    again = histories(small(), towns=3)
    assert again == told
    assert histories(small(seed=7)) != told


def test_what_is_true_on_the_last_day_is_what_the_histories_come_to(province, told):
    truth = total(province.survey.told)
    people = [
        (Person.fold(effective(history)), history)
        for (kind, _), history in told.items()
        if kind is Kind.PERSON
    ]
    lives = Counter(one.life if one is not None else None for one, _ in people)
    assert sum(one is not None and one.resident for one, _ in people) == truth.residents
    assert (lives[Life.DEAD], lives[None]) == (truth.dead, truth.reversed)
    away = sum(
        one is not None and one.life == Life.LIVING and not one.resident for one, _ in people
    )
    assert away == truth.away
    houses = [
        Household.fold(effective(history, None, EVERYTHING))
        for (kind, _), history in told.items()
        if kind is Kind.HOUSEHOLD
    ]
    assert sum(one is not None and one.closed_on is None for one in houses) == truth.households


def test_what_is_wrong_on_purpose_is_found_as_often_as_it_is_told():
    province = small(seed=8, often={**BUSY, c.B_RENUMBER: 0}, faults=150)
    truth, told = total(province.survey.told), histories(province)
    assert truth.wrong_numbers > 0
    assert truth.duplicates > 0
    assert truth.illegal_steps > 0
    assert truth.doubles > 0
    people = [
        Person.fold(effective(history))
        for (kind, _), history in told.items()
        if kind is Kind.PERSON
    ]
    living = [one for one in people if one is not None and one.life == Life.LIVING and one.number]
    assert sum(bool(explain_number(one.number or "")) for one in living) == truth.wrong_numbers
    assert sum(n > 1 for n in Counter(one.number for one in living).values()) == truth.duplicates
    held = Counter(one.number for one in living if one.resident)
    assert sum(n > 1 for n in held.values()) == truth.shared_numbers
    missing = [one for one in people if one is not None and one.life == Life.LIVING]
    assert len(missing) - len(living) == truth.missing_numbers > 0
    steps = 0
    for (kind, _), history in told.items():
        if kind is Kind.APPLICATION:
            reached = [VOCABULARY[type(one.event)].reaches for one in history]
            states = [state for state in reached if state is not None]
            steps += sum(after not in FOLLOWS[before] for before, after in pairwise(states))
    assert steps == truth.illegal_steps
    accepted = [
        one
        for history in told.values()
        for one in history
        if isinstance(one.event, ApplicationAccepted)
    ]
    dead = 0
    for one in accepted:
        person = Person.fold(effective(told[Kind.PERSON, one.event.person], None, one.position))
        dead += person is not None and person.life == Life.DEAD
    assert dead == truth.for_dead > 0


def test_cards_hold_as_long_as_the_law_says_and_nobody_has_two_good_ones(told):
    for (kind, _), history in told.items():
        for one in history if kind is Kind.APPLICATION else ():
            if isinstance(one.event, CardSigned):
                person = history[0].event.person
                known = effective(told[Kind.PERSON, person], None, one.position)
                holder = Person.fold(known)
                assert holder is not None
                assert holder.birth_date is not None
                until = valid_until(holder.birth_date, one.event.valid_from)
                assert one.event.valid_until == until
    cards = (CardBody.fold(history) for (kind, _), history in told.items() if kind is Kind.CARD)
    bodies = [one for one in cards if one is not None]
    good = Counter(one.application for one in bodies if one.state is BodyState.PERSONALISED)
    assert set(good.values()) == {1}
    assert any(one.state is BodyState.SPOILED for one in bodies)


@given(st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.integers(0, 40_000))
@example(date(1992, 2, 29), 9497)
@example(date(1980, 2, 29), 9131)
@settings(deadline=None)
def test_terms_in_whole_numbers_are_those_of_the_law(birth, days):
    signed = birth + timedelta(days)
    last = until(day_number(birth), day_number(signed))
    assert (None if last < 0 else day_of(last)) == valid_until(birth, signed)


def test_numbers_are_right_save_those_that_are_told_to_be_wrong(province, told):
    held = [one for (kind, _), each in told.items() if kind is Kind.NUMBER for one in each]
    numbers = [one.event.number for one in held if hasattr(one.event, "number")]
    assert numbers
    assert not any(explain_number(number) for number in numbers)
    made = next(iter(province.all_parts(ahead=1)))[Kind.NUMBER].dense["number"]
    assert (made >> 62 == 1).all()
    assert right(np.zeros(len(made), "u2")).all()
    assert set(unpack(made)[:, :6].tobytes()[:6].decode()) <= set("0123456789")


def test_an_identifier_can_be_turned_back_into_its_handle():
    spaces = CountedSpaces(4, {"person": 1000, "card": 70_000})
    for space, handles in (("person", range(1000)), ("card", (0, 1, 65_535, 65_536, 69_999))):
        ids = spaces.ids(space, handles)
        assert spaces.handles(space, ids) == [*handles]
        assert {(one.version, one.variant) for one in ids} == {(8, "specified in RFC 4122")}
    (outside,) = CountedSpaces(4, {"person": 1001}).ids("person", [1000])
    assert spaces.find("person", outside) is None
    assert spaces.find("card", spaces.ids("person", [5])[0]) is None
    high, low = spaces.halves("card", 0, 70_000)
    assert len(np.unique(high)) == len(np.unique(low)) == 70_000


def test_ways_on_follow_the_table_of_states():
    assert (ways()[:, W_COUNT] > 0).sum() > 40


def test_a_province_on_disk_holds_the_same(province, told, tmp_path):
    write(province, tmp_path / "log", bits=5)
    sealed, kept = SealedLog(tmp_path / "log"), ProvinceLog(province, bits=5)
    assert sealed.head == kept.head
    assert list(verify(Folder(tmp_path / "log"))) == []
    for kind in {kind for kind, _ in told}:
        for partition in sealed.partitions(kind):
            block = entries(sealed.block(kind, partition), sealed.spaces)
            assert block == entries(kept.block(kind, partition), kept.spaces)
    for kind, stream in random.Random(2).sample(sorted(told, key=str), 20):
        assert sealed.history(kind, stream) == told[kind, stream]
    assert truth_of(tmp_path / "log")["residents"] == total(province.survey.told).residents
    instant = told[Kind.PLACES, next(s for k, s in told if k is Kind.PLACES)][0].recorded_at
    assert sealed.position_at(instant) == province.before == kept.position_at(instant)


def test_a_town_that_outgrows_its_plan_is_no_town():
    with pytest.raises(AssertionError, match="fewer households"):
        Province(1, households=1 << 16).plan(0)
    with pytest.raises(AssertionError, match="before everybody"):
        Province(1, days=20)
    assert replace(total(small().survey.told), residents=0).residents == 0
