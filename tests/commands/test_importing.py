"""Rows of an older system become entries, or are refused with a reason; nothing is silent."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.commands.extract import PERSONS, namer, uuid_of
from registry.commands.importing import (
    Decision,
)
from registry.events.household import HouseholdImported, Member, MembersChanged
from registry.events.numbers import (
    NumberRecorded,
)
from registry.events.person import PersonImported
from registry.values import (
    CitizenNumber,
    DivisionCode,
    DoorplateId,
    Education,
    HouseholdId,
    Name,
    Nationality,
    PersonId,
    Relationship,
    Sex,
)
from registry.vocabulary import VOCABULARY
from tests.commands.rows import (
    BASELINE,
    BATCH,
    COMMUNITY,
    COUNTY,
    HEAD,
    HOUSE,
    PLATE,
    TODAY,
    WIFE,
    Source,
    lawful,
    stream,
)


def events(made: Decision, shape: type[Any]) -> list[Any]:
    return [entry.event for entry in made.entries if isinstance(entry.event, shape)]


def person(made: Decision, key: str = "P") -> PersonImported:
    (found,) = (entry.event for entry in made.entries if entry.stream == BATCH.stream(PERSONS, key))
    assert isinstance(found, PersonImported)
    return found


def found_of(made: Decision) -> list[str]:
    return [remark.what for remark in made.findings]


@settings(deadline=None)
@given(st.uuids(), st.text(max_size=10), st.text(max_size=30))
def test_names_are_those_of_uuid5(namespace, prefix, name):
    assert namer(namespace, prefix)(name) == uuid5(namespace, prefix + name)
    assert uuid_of(namespace.int) == namespace


def test_a_couple_becomes_a_household_two_persons_and_two_numbers():
    made = Source().entered()
    head, wife = (PersonId(stream(PERSONS, key)) for key in "PQ")
    (house,) = events(made, HouseholdImported)
    assert house == HouseholdImported(
        effective_on=BASELINE,
        household_number=house.household_number,
        household_type=house.household_type,
        doorplate=DoorplateId(stream("doorplates", "D")),
        community=COMMUNITY,
        members=(
            Member(person=head, relation=Relationship("02")),
            Member(person=wife, relation=Relationship("10")),
        ),
        head=head,
        source="old",
        batch="b1",
    )
    assert person(made) == PersonImported(
        effective_on=BASELINE,
        household=HouseholdId(stream("households", "H")),
        community=COMMUNITY,
        sex=Sex.MALE,
        birth_date=date(1970, 1, 1),
        nationality=Nationality("01"),
        name=Name("王一"),
        number=CitizenNumber(HEAD["number"]),
        source="old",
        batch="b1",
    )
    assert events(made, NumberRecorded) == [
        NumberRecorded(effective_on=TODAY, person=head, number=CitizenNumber(HEAD["number"])),
        NumberRecorded(effective_on=TODAY, person=wife, number=CitizenNumber(WIFE["number"])),
    ]
    assert (made.findings, made.refused, made.holders) == ([], [], [])
    assert made.accepted == {"households": 1, "persons": 2, "numbers": 2}
    assert {entry.version for entry in made.entries} == {1}


def test_an_event_made_quickly_has_values_of_its_declared_kinds():
    made = Source(persons=[{**HEAD, "education": "70", "birth_place": COUNTY}]).entered()
    said = person(made)
    assert [type(one) for one in (said.name, said.number, said.education, said.birth_place)] == [
        Name,
        CitizenNumber,
        Education,
        DivisionCode,
    ]
    assert said.__dict__.keys() == {field.name for field in VOCABULARY[PersonImported].fields}


AS_FOUND = [
    ("name", "", {"name": None, "name_as_found": None}, ["name-missing"]),
    ("name", "王\x07一", {"name": None, "name_as_found": "王\x07一"}, ["name-unusable"]),
    ("sex", "9", {"sex": None}, ["sex-unusable"]),
    ("sex", "", {"sex": None}, ["sex-missing"]),
    ("birth_date", "", {"birth_date": None, "birth_date_as_found": None}, ["birth-date-missing"]),
    *(
        ("birth_date", text, {"birth_date": None, "birth_date_as_found": kept}, [what])
        for text, kept, what in (
            ("1970", "19700000", "birth-date-in-part"),
            ("19700000", "19700000", "birth-date-in-part"),
            ("1970-03", "19700300", "birth-date-in-part"),
            ("197003", "19700300", "birth-date-in-part"),
            ("19700300", "19700300", "birth-date-in-part"),
            ("1970-03-00", "19700300", "birth-date-in-part"),
            ("1970-02-30", "1970-02-30", "birth-date-unusable"),
            ("腊月", "腊月", "birth-date-unusable"),
            ("2031-01-01", "2031-01-01", "birth-date-unusable"),
            ("1700-01-01", "1700-01-01", "birth-date-unusable"),
        )
    ),
    ("number", "", {"number": None, "number_as_found": None}, ["number-missing"]),
    *(
        ("number", text, {"number": None, "number_as_found": text}, what)
        for text, what in (
            ("510603700101001", ["number-fifteen-digits"]),
            ("51060319700101001", ["number-length"]),
            ("510603197001010011", ["number-check-character"]),
            ("不详", ["number-length"]),
        )
    ),
    ("nationality", "", {"nationality": None}, ["nationality-missing"]),
    ("nationality", "汉", {"nationality": None}, ["nationality-unusable"]),
    ("education", "大学", {"education": None}, ["education-unusable"]),
    ("height_cm", "1.7", {"height_cm": None}, ["height-cm-unusable"]),
    ("birth_place", "四川", {"birth_place": None}, ["birth-place-unusable"]),
    ("mother_name", " 李", {"mother_name": None}, ["mother-name-unusable"]),
    ("mother_key", "nobody", {"mother": PersonId(stream(PERSONS, "nobody"))}, ["mother-unknown"]),
]


@pytest.mark.parametrize(("column", "text", "kept", "findings"), AS_FOUND)
def test_what_breaks_a_rule_is_kept_as_found_and_told(column, text, kept, findings):
    made = Source(persons=[{**HEAD, column: text}, WIFE]).entered()
    told = vars(person(made))
    assert {name: told[name] for name in kept} == kept
    assert [(one.row, one.key, one.what) for one in made.findings] == [
        (1, "P", what) for what in findings
    ]
    assert made.refused == []


def test_a_number_that_contradicts_birth_date_or_sex_is_recorded_and_told():
    made = Source(persons=[{**HEAD, "birth_date": "1971-01-01", "sex": "2"}]).entered()
    assert found_of(made) == ["number-differs-from-birth-date", "number-differs-from-sex"]
    assert len(events(made, NumberRecorded)) == 1


def test_relatives_are_named_by_their_streams_wherever_their_rows_stand():
    child = {**HEAD, "key": "C", "relation": "20", "father_key": "P", "mother_key": "Z"}
    made = Source(persons=[HEAD, child]).entered(absent=frozenset())
    assert person(made, "C").father == stream(PERSONS, "P")
    assert person(made, "C").mother == stream(PERSONS, "Z"), "the register may know it"


@pytest.mark.parametrize(
    ("head", "spouse", "house", "days"),
    [
        ("", "", "", (BASELINE, BASELINE, BASELINE)),
        ("1995-01-01", "1995-01-01", "1995-01-01", (date(1995, 1, 1),) * 3),
        ("", "1995-01-01", "1995-01-01", (BASELINE, BASELINE, BASELINE)),
        (
            "1995-01-01",
            "1999-09-09",
            "1993-01-01",
            (date(1995, 1, 1), date(1999, 9, 9), date(1995, 1, 1)),
        ),
        ("1995-01-01", "1999-09-09", "", (BASELINE, BASELINE, BASELINE)),
    ],
)
def test_a_household_is_there_from_its_head_on_and_later_members_join(head, spouse, house, days):
    made = Source(
        doorplates=[{**PLATE, "since": "1990-01-01"}],
        households=[{**HOUSE, "since": house}],
        persons=[{**HEAD, "since": head}, {**WIFE, "since": spouse}],
    ).entered()
    (founded,) = events(made, HouseholdImported)
    of_head, of_wife, of_house = days
    assert person(made, "P").effective_on == of_head
    assert person(made, "Q").effective_on == of_wife
    assert founded.effective_on == of_house
    joined = events(made, MembersChanged)
    wife = PersonId(stream(PERSONS, "Q"))
    if of_wife == of_house:
        assert (len(founded.members), joined) == (2, [])
    else:
        assert len(founded.members) == 1
        assert joined == [
            MembersChanged(
                effective_on=of_wife,
                business=100,
                joined=(Member(person=wife, relation=Relationship("10")),),
                head=PersonId(stream(PERSONS, "P")),
            )
        ]


def test_nobody_is_a_resident_before_birth_or_before_the_household():
    born = "2005-05-05"
    child = {**HEAD, "key": "C", "relation": "20", "birth_date": born, "since": "2004-06-01"}
    early = {**WIFE, "since": "1980-01-01"}
    made = Source(persons=[HEAD, early, child]).entered()
    assert person(made, "C").effective_on == date(2005, 5, 5)
    assert person(made, "Q").effective_on == BASELINE
    assert "since-before-birth" in found_of(made)
    assert "since-before-household" in found_of(made)


def test_a_collective_household_lists_nobody_and_needs_no_head():
    made = Source(
        households=[{**HOUSE, "type": "2"}],
        persons=[{**HEAD, "relation": ""}, {**WIFE, "relation": "学生"}],
    ).entered()
    (house,) = events(made, HouseholdImported)
    assert (house.members, house.head) == ((), None)
    assert made.accepted["persons"] == 2


def test_a_person_known_already_is_refused_and_takes_the_household_along_only_as_its_head():
    made = Source().entered(known={stream(PERSONS, "Q")})
    assert [(one.key, one.what) for one in made.refused] == [("Q", "already-known")]
    assert made.accepted == {"households": 1, "persons": 1, "numbers": 1}
    made = Source().entered(known={stream(PERSONS, "P")})
    assert [(one.table, one.key, one.what) for one in made.refused] == [
        ("persons", "P", "already-known"),
        ("households", "H", "head-missing"),
        ("persons", "Q", "household-refused"),
    ]
    made = Source().entered(known={stream("households", "H")})
    assert [one.what for one in made.refused] == ["already-known", *["household-refused"] * 2]
    assert made.entries == []


texts = st.sampled_from(
    ["", "1", "2", "x", "1990-01-01", "2001-02-03", "19700000", "02", "10", "P"]
)


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({name: texts for name in (*HEAD, "since", "mother_key")})))
def test_whatever_comes_every_row_is_accepted_refused_or_passed_over_and_lawful(rows):
    source = Source(persons=rows)
    found, made = source.sorted(), source.entered()
    refused = found.refused[PERSONS]
    assert made.accepted["persons"] + len(refused) == len(rows)
    lawful(made.entries)
