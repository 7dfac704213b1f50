"""Another table of validity or of fees: who would be treated differently, and since when."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from registry.aggregates import Person
from registry.card_fees import fee, schedule
from registry.card_terms import valid_until
from registry.codes import table
from registry.days import age_on
from registry.entry import Entry
from registry.events.applications import ApplicationAccepted, CardSigned
from registry.history import effective
from registry.values import (
    AcceptanceNumber,
    CardKind,
    CardPriority,
    CardReason,
    CommunityId,
    DivisionCode,
    OfficeCode,
    PersonId,
    ProductionType,
    Text,
    day_number,
)
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.questions.changed import (
    FOR_LIFE,
    RULES,
    UNTOLD,
    ages,
    decisions,
    replay_under,
    tariff,
    validity,
)
from replay.states.history import At
from replay.states.persons import UNBORN
from tests.replay.histories import town

KIND = next(kind for kind in map(CardKind, CardKind.all()) if kind.generation == 2)
REASONS = [reason for reason in map(CardReason, CardReason.all()) if reason.generation == 2]
MINE = [row for row in table("card_validity")]


def accepted(person: UUID, reason: CardReason, day: date) -> Any:
    """An application as far as rules ask about it."""
    return ApplicationAccepted(
        effective_on=day,
        applied_on=day,
        person=PersonId(person),
        acceptance_number=AcceptanceNumber.compose(OfficeCode("510603001001"), date(2007, 6, 1), 1),
        apply_reason=reason,
        card_kind=KIND,
        production_type=ProductionType(ProductionType.all()[0]),
        priority=CardPriority(CardPriority.all()[0]),
        station=OfficeCode("510603001001"),
        county=DivisionCode("510603"),
        community=CommunityId(UUID(int=1)),
    )


def signed(day: date) -> Any:
    """A signature as far as rules ask about it."""
    return CardSigned(
        effective_on=day,
        valid_from=day,
        valid_until=None,
        authority=OfficeCode("510603000000"),
        authority_name=Text("旌阳分局"),
    )


def with_cards(seed: int) -> list[Entry]:
    """A town whose people apply for cards in between, over twenty years."""
    chance = Random(seed)
    log: list[Entry] = []
    people: list[UUID] = []
    streams = 0
    for entry in town(seed, 2).entries:
        log.append(entry._replace(position=len(log) + 1))
        if type(entry.event).__name__ in ("PersonImported", "BirthRegistered"):
            people.append(entry.stream)
        if not people or chance.random() < 0.5:
            continue
        streams += 1
        day = date(2004, 1, 1) + timedelta(chance.randint(0, 8000))
        stream = UUID(int=2**100 + streams)
        for version, event in enumerate(
            (accepted(chance.choice(people), chance.choice(REASONS), day), signed(day)), 1
        ):
            log.append(
                Entry(stream, version, event, day, len(log) + 1, recorded_at=entry.recorded_at)
            )
    return log


def known_birth(log: list[Entry], person: UUID, at: Entry) -> date | None:
    """What the register knew of a birth when an entry was made."""
    told = [entry for entry in log if entry.stream == person]
    state = Person.fold(effective(told, at.effective_on, at.position))
    return None if state is None else state.birth_date


def everything(log: list[Entry]) -> At:
    """The last point of a log."""
    return At(date(2030, 1, 1), log[-1].position)


@pytest.mark.parametrize("seed", range(4))
def test_every_signature_is_judged_by_what_was_known_then(seed):
    entries = with_cards(seed)
    log = KeptLog(entries, bits=3)
    told = decisions(log, CardSigned, everything(entries))
    years = validity()(told)
    assert len(years) == sum(isinstance(entry.event, CardSigned) for entry in entries)
    for place, position in enumerate(told.position.tolist()):
        entry = entries[position - 1]
        opening = next(one for one in entries if one.stream == entry.stream)
        birth = known_birth(entries, opening.event.person, entry)
        if birth is None:
            assert (told.birth[place], years[place]) == (UNBORN, UNTOLD)
            continue
        assert told.birth[place] == day_number(birth)
        age = age_on(birth, entry.effective_on)
        if age < 0:
            assert years[place] == UNTOLD
            continue
        until = valid_until(birth, entry.effective_on)
        expected = FOR_LIFE if until is None else until.year - entry.effective_on.year
        assert years[place] == expected


@pytest.mark.parametrize("seed", range(4))
def test_another_table_of_validity_changes_whom_it_says(seed):
    entries = with_cards(seed)
    log, at = KeptLog(entries, bits=3), everything(entries)
    other = [{**row, "max_age": "50"} if row["years"] == "20" else row for row in MINE]
    other = [{**row, "min_age": "51"} if not row["years"] else row for row in other]
    found = replay_under(log, validity(), validity(other), CardSigned, at)
    mine = []
    for entry in entries:
        if isinstance(entry.event, CardSigned):
            opening = next(one for one in entries if one.stream == entry.stream)
            birth = known_birth(entries, opening.event.person, entry)
            if birth is not None and 46 <= age_on(birth, entry.effective_on) <= 50:
                mine.append((entry, opening.event.person))
    assert found.asked == sum(isinstance(entry.event, CardSigned) for entry in entries)
    assert found.decisions.position.tolist() == [entry.position for entry, _ in mine]
    assert found.persons == len({person for _, person in mine})
    assert set(found.turns()) <= {(FOR_LIFE, 20)}
    if mine:
        assert found.first == mine[0][0].position
        assert found.since == min(entry.effective_on for entry, _ in mine)
        told = log.spaces.ids("person", found.decisions.person.tolist())
        assert told == [person for _, person in mine]


def test_the_same_table_changes_nothing():
    entries = with_cards(1)
    log = KeptLog(entries)
    for make, shape in RULES.values():
        found = replay_under(log, make(None), make(None), shape, everything(entries))
        assert (len(found), found.persons, found.first, found.since) == (0, 0, None, None)
        assert found.asked


def test_another_tariff_holds_from_its_day_on():
    entries = with_cards(2)
    log, at = KeptLog(entries), everything(entries)
    dear = {
        **{"code": "", "name_zh": "涨价", "fee_class": "issue", "amount_yuan": "30"},
        **{"generation": "2", "from_date": "2010-01-01", "to_date": "", "basis": ""},
    }
    found = replay_under(log, tariff(), tariff([*schedule(), dear]), ApplicationAccepted, at)
    free = date(2018, 4, 1)
    mine = [
        entry.position
        for entry in entries
        if isinstance(entry.event, ApplicationAccepted)
        and entry.effective_on >= date(2010, 1, 1)
        and entry.event.apply_reason.row["fee_class"] == "issue"
        and not (entry.event.apply_reason.group == "first" and entry.effective_on >= free)
    ]
    assert found.decisions.position.tolist() == mine
    assert set(found.turns()) == {(20, 30)}
    assert found.since is not None
    assert found.since >= date(2010, 1, 1)


def test_fees_are_those_of_the_schedule():
    entries = with_cards(3)
    told = decisions(KeptLog(entries), ApplicationAccepted, everything(entries))
    fees = dict(zip(told.position.tolist(), tariff()(told).tolist(), strict=True))
    amounts = {"issue": 20, "lost": 40, "damaged": 40, "free": 0}
    for position, told_fee in fees.items():
        event = entries[position - 1].event
        assert told_fee == fee(event.apply_reason, event.card_kind, event.effective_on)
        first = event.apply_reason.group == "first" and event.effective_on >= date(2018, 4, 1)
        assert told_fee == (0 if first else amounts[event.apply_reason.row["fee_class"]])


def test_only_what_is_known_and_has_begun_is_asked():
    entries = with_cards(1)
    log = KeptLog(entries)
    half = At(date(2010, 1, 1), len(entries) // 2)
    told = decisions(log, CardSigned, half)
    assert told.position.tolist() == [
        entry.position
        for entry in entries
        if isinstance(entry.event, CardSigned)
        and entry.position <= half.known
        and entry.effective_on <= half.valid_on
    ]


def test_ages_are_those_of_the_law_on_leap_days_too():
    days = [date(2004, 2, 28), date(2004, 2, 29), date(2004, 3, 1), date(2005, 2, 28)]
    days += [date(2005, 3, 1), date(2020, 12, 31), date(1992, 2, 29), date(2018, 2, 28)]
    born = np.array([day_number(one) for one in days for _ in days], "i4")
    now = np.array([day_number(one) for _ in days for one in days], "u2")
    expected = [age_on(birth, on) for birth in days for on in days]
    assert ages(born, now).tolist() == expected
    assert ages(np.array([UNBORN], "i4"), now[:1]).tolist() == [UNTOLD]


def test_whose_application_it_is_is_found_in_any_partition():
    entries = with_cards(1)
    log = KeptLog(entries, bits=1)
    told = decisions(log, CardSigned, everything(entries))
    owners = {
        one.stream: one.event.person
        for one in entries
        if isinstance(one.event, ApplicationAccepted)
    }
    streams = log.spaces.ids(Kind.APPLICATION.value, told.application.tolist())
    assert log.spaces.ids("person", told.person.tolist()) == [owners[one] for one in streams]
