"""Whoever may be registered twice is found with reasons, and nobody else among those compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.matching import REASONS, Traits, folded, match, weights
from registry.entry import Entry
from registry.events.person import PersonImported
from registry.events.registration_cases import DoubleSuspected, RegistrationCaseClosed
from registry.values import (
    CitizenNumber,
    CommunityId,
    DivisionCode,
    Name,
    Nationality,
    PaperNumber,
    PersonId,
    RegistrationOutcome,
    Sex,
    Text,
)
from replay.checks.doubles import compared, doubles
from replay.checks.sounds import sound_of
from replay.checks.traits import TRAITS
from replay.columns.forms import NONE
from replay.columns.log import KeptLog
from replay.states.history import At

DAY, LATER = date(2004, 7, 1), date(2059, 1, 1)
BORN = date(1970, 3, 4)
REAL = DivisionCode("510603")


def number(sequence: int, birth: date = BORN) -> CitizenNumber:
    return CitizenNumber.compose(REAL, birth, sequence)


#: With a slip in the day, of a neighbouring county, and of another province.
NEAR = number(1, date(1970, 3, 5))
NEXT = CitizenNumber.compose(DivisionCode("510682"), BORN, 1)
FAR = CitizenNumber.compose(DivisionCode("220102"), BORN, 456)


WANG = Traits(name="王小明", sound=sound_of("王小明"), sex=Sex.MALE, birth=BORN)


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ({}, {}, ["name", "birth"]),
        ({"name": "王晓明"}, {}, ["sound", "birth"]),
        ({"name": "王晓明", "former": "王小明"}, {}, ["former", "birth"]),
        ({"birth": date(1971, 3, 4)}, {}, ["name", "birth-part"]),
        ({"birth": date(1970, 4, 3)}, {}, ["name", "birth-swapped"]),
        ({"birth": date(1988, 8, 8)}, {}, ["name", "birth-differs"]),
        ({"sex": Sex.FEMALE}, {}, ["name", "birth", "sex-differs"]),
        ({"number": number(1)}, {"number": number(1)}, ["name", "birth", "number"]),
        ({"number": number(1)}, {"number": number(456)}, ["name", "birth"]),
        ({"number": number(1)}, {"number": NEAR}, ["name", "birth", "number-near"]),
        ({"number": number(1)}, {"number": NEXT}, ["name", "birth", "number-differs"]),
        ({"number": number(1)}, {"number": FAR}, ["name", "birth", "number-differs"]),
        ({"father": "王健"}, {"father": "王健"}, ["name", "birth", "father"]),
        ({"mother": "李芳"}, {"mother": "李秀"}, ["name", "birth", "mother-differs"]),
        ({"household": 1}, {"household": 1}, ["name", "birth", "together"]),
        ({"father": "王健"}, {}, ["name", "birth"]),
    ],
)
def test_every_point_has_its_reason(one, other, reasons):
    said = [
        Traits(**{**WANG.__dict__, **told, "sound": sound})
        for told, sound in ((one, sound_of(str(one.get("name", WANG.name)))), (other, WANG.sound))
    ]
    found = match(*said)
    assert sorted(found.reasons) == sorted(reasons)
    assert found.points == sum(weights()[reason] for reason in reasons)
    assert match(said[1], said[0]) == found


def test_a_name_and_a_birth_date_are_enough_to_look_and_not_against_two_right_numbers():
    assert match(WANG, WANG).candidate
    one, other = ({**WANG.__dict__, "number": told} for told in (number(123), FAR))
    assert not match(Traits(**one), Traits(**other)).candidate


def test_rare_and_old_characters_are_folded_for_comparison():
    assert folded("劉喆") == folded("刘哲")
    assert folded("𠮷野") == folded("吉野")
    assert sound_of("王晓明") == sound_of("王小明") != sound_of("王大明")


NAMES = [Name(text) for text in ("王小明", "王晓明", "劉喆", "刘哲", "𠮷野", "李芳")]
BIRTHS = [BORN, date(1970, 4, 3), date(1970, 3, 5), date(1971, 3, 4), date(1988, 8, 8)]
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([None, *NAMES]),
            "former_name": st.sampled_from([None, None, *NAMES[:2]]),
            "father_name": st.sampled_from([None, *NAMES[2:4]]),
            "mother_name": st.sampled_from([None, *NAMES[4:]]),
            "father": st.sampled_from([None, None, 0, 1]),
            "birth_date": st.sampled_from([None, *BIRTHS]),
            "sex": st.sampled_from([None, *Sex]),
            "number": st.sampled_from([None, number(1), number(456), NEAR, NEXT, FAR]),
            "household": st.integers(1, 4).map(lambda n: UUID(int=2**90 + n)),
        }
    ),
    min_size=2,
    max_size=12,
)


def stream(place: int) -> PersonId:
    return PersonId(UUID(int=(place * 0x9E3779B97F4A7C15 % 2**64) << 64 | 7))


def imported(people: list[dict[str, Any]]) -> list[Entry]:
    entries = []
    for place, told in enumerate(people):
        father = told["father"]
        said = {**told, "father": None if father is None else stream(father)}
        event = PersonImported(
            effective_on=DAY,
            community=CommunityId(UUID(int=2**91)),
            nationality=Nationality("01"),
            source="old",
            batch="1",
            **said,
        )
        entries.append(Entry(stream(place), 1, event, DAY, place + 1))
    return entries


def traits(people: list[dict[str, Any]]) -> list[Traits]:
    """What is compared of people, by hand."""

    def name(told: str | None) -> str | None:
        return None if told is None else folded(told)

    found = []
    for told in people:
        father = None if told["father"] is None else people[told["father"]]["name"]
        own = name(told["name"])
        found.append(
            Traits(
                name=own,
                sound=None if own is None else sound_of(own),
                former=name(told["former_name"]),
                sex=told["sex"],
                birth=told["birth_date"],
                number=told["number"],
                father=name(father or told["father_name"]),
                mother=name(told["mother_name"]),
                household=told["household"],
            )
        )
    return found


def keys(one: Traits) -> Iterator[Any]:
    """What somebody is looked up by."""
    if one.name is None:
        return
    if one.number is not None:
        yield one.number[:17]
    born = one.birth
    if born is not None:
        yield "sound", one.sound, born
        yield "month", one.name, born.year, born.month
        yield "year", one.name, born.month, born.day
        yield "day", one.name, born.year, born.day
        yield "swapped", one.name, born.year, *sorted([born.month, born.day])
        yield "name", one.name, born
        if one.former is not None:
            yield "name", one.former, born


@given(PEOPLE)
@settings(deadline=None, max_examples=60)
def test_the_search_finds_the_pairs_that_a_clerk_finds_among_those_who_share_a_key(people):
    people = [
        {**told, "father": None if told["father"] == place else told["father"]}
        for place, told in enumerate(people)
    ]
    log = KeptLog(imported(people), 2)
    found = doubles(log, At(LATER, log.head))
    told = {}
    for place, pair in enumerate(found.pairs.tolist()):
        streams = frozenset(log.spaces.ids("person", pair))
        told[streams] = (int(found.points[place]), set(found.told(place)))
    expected = {}
    by_hand = traits(people)
    for a, b in combinations(range(len(people)), 2):
        result = match(by_hand[a], by_hand[b])
        if result.candidate and set(keys(by_hand[a])) & set(keys(by_hand[b])):
            expected[frozenset({stream(a), stream(b)})] = (result.points, set(result.reasons))
    assert told == expected


def test_whom_officers_kept_apart_is_not_suspected_again_until_a_case_is_opened_anew():
    rest = dict.fromkeys(["former_name", "father_name", "mother_name", "father"])
    person = {"name": NAMES[0], "birth_date": BORN, "sex": Sex.MALE, "number": number(1), **rest}
    people = [{**person, "household": UUID(int=2**90 + n)} for n in range(3)]
    entries = imported(people)
    case, pair = UUID(int=2**89), tuple(sorted(map(stream, (0, 2))))
    suspected = DoubleSuspected(effective_on=DAY, persons=pair, points=90, reasons=("name",))
    closed = RegistrationCaseClosed(
        effective_on=DAY,
        outcome=RegistrationOutcome("12"),
        document=PaperNumber("D1"),
        grounds=Text("两人"),
    )
    for version, event in enumerate((suspected, closed, suspected), 1):
        entries.append(Entry(case, version, event, DAY, len(entries) + 1))
    log = KeptLog(entries, 2)
    told = [doubles(log, At(LATER, known)) for known in (4, 5, 6)]
    assert [(len(one), one.decided) for one in told] == [(3, 0), (2, 1), (3, 0)]
    left = {frozenset(log.spaces.ids("person", pair)) for pair in told[1].pairs.tolist()}
    assert frozenset(pair) not in left


def test_a_crowd_that_shares_a_key_is_counted_and_not_compared(monkeypatch):
    monkeypatch.setattr("replay.checks.doubles.CROWD", 2)
    person = {"name": NAMES[0], "birth_date": BORN, "sex": Sex.MALE, "number": None}
    rest = dict.fromkeys(["former_name", "father_name", "mother_name", "father"])
    people = [{**person, **rest, "household": UUID(int=2**90 + n)} for n in range(3)]
    log = KeptLog(imported(people), 2)
    found = doubles(log, At(LATER, log.head))
    assert len(found) == 0
    assert found.crowded == 5
    assert len(REASONS) == len(np.unique(REASONS))


def civil_day(year: int, month: int, day: int) -> int:
    return year << 9 | month << 5 | day


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"name": 12}, "sound"),
        ({"born": civil_day(1970, 3, 9)}, "birth-part"),
        ({"born": civil_day(1979, 3, 4)}, "birth-part"),
        ({"born": civil_day(1970, 9, 4)}, "birth-part"),
        ({"born": civil_day(1970, 4, 3)}, "birth-swapped"),
        ({"name": 12, "sound": 22, "former": 11}, "former"),
        ({"name": 12, "sound": 22, "number": 55 << 4}, "number"),
    ],
)
def test_whoever_shares_a_single_key_is_compared(other, reason):
    table = np.zeros(2, TRAITS)
    person = {"name": 11, "sound": 21, "father": 31, "mother": 41, "sex": 0, "household": NONE}
    for name, value in {**person, "born": civil_day(1970, 3, 4)}.items():
        table[name] = value
    for name, value in other.items():
        table[name][1] = value
    table["number"][0] = table["number"][1]
    found = compared(table)
    assert found.pairs.tolist() == [[0, 1]]
    assert reason in found.told(0)


def test_however_many_bins_keys_are_dealt_into_the_same_pairs_meet(monkeypatch):
    dice = np.random.default_rng(5)
    table = np.zeros(2_000, TRAITS)
    for name, choices in {
        "name": 300,
        "sound": 200,
        "former": 30,
        "born": 400,
        "number": 900,
    }.items():
        table[name] = dice.integers(0, choices, len(table))
    table["born"] = np.where(table["born"], table["born"] + (1970 << 9), 0)
    table["number"] *= 16
    table["household"] = NONE
    together = compared(table)
    assert len(together) > 10
    monkeypatch.setattr("replay.checks.keys.OF_A_BIN", 3)
    monkeypatch.setattr("replay.checks.doubles.ROOM", 0)
    apart = compared(table)
    for name in ("pairs", "points", "reasons", "crowded"):
        assert np.array_equal(getattr(apart, name), getattr(together, name)), name
