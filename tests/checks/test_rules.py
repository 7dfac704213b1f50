"""Each check rule, by a record that breaks it and one that does not; and the rules' language."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Person
from registry.checks.entry import told_by
from registry.checks.fields import FIELDS
from registry.checks.language import compiled, parse
from registry.checks.records import BLANK_HOUSEHOLD, generations, person_record
from registry.checks.rules import broken, check_rules, read, rules_about
from registry.codec import REDACTED
from registry.codes import table
from registry.values import CitizenNumber, PersonId, Relationship, Severity, Sex, day_number
from registry.vocabulary import VOCABULARY, Kind
from tests.strategies import PERSON_MOVES, Log, logs

TODAY = day_number(date(2007, 6, 1))
BLANK_PERSON: dict[str, int | None] = dict.fromkeys(FIELDS["person"])
#: Somebody of 27 with everything in order.
SOUND: dict[str, int | None] = {
    **BLANK_PERSON,
    **{"today": TODAY, "age": 27, "birth": day_number(date(1980, 1, 2)), "sex": 1},
    **{"name_length": 2, "nationality": 1, "nature": 1, "education": 21, "marital_status": 20},
    **{"number_right": 1, "number_sex": 1, "number_birth": day_number(date(1980, 1, 2))},
    **{"household_type": 1, "relation": 2, "guardians": 2, "height_cm": 172, "photo": 1},
    **{"card_from": day_number(date(2006, 5, 1)), "card_years": 20, "card_years_due": 20},
}
HOME: dict[str, int | None] = {
    **{"household_type": 1, "members": 3, "heads": 1, "husbands": 0, "wives": 1, "spouses": 1},
    **dict.fromkeys(["county", "township", "committee", "street", "bureau", "station"], 1),
}

#: For each rule what is changed in a sound record: so that it is broken, and so that it just holds.
EXAMPLES: dict[str, tuple[dict[str, int | None], dict[str, int | None]]] = {
    "0201": ({"person_twin": 1}, {"person_twin": 2}),
    "0202": ({"person_twin": 2}, {"person_twin": 3}),
    "0300": ({"person_twin": 3}, {"person_twin": 1}),
    "0401": ({"name_length": 1}, {"name_length": 2}),
    "0402": ({"name_length": 16}, {"name_length": 15}),
    "0403": ({"former_name_length": 1}, {"former_name_length": 2}),
    "0404": ({"former_name_length": 16}, {"former_name_length": 15}),
    "0405": ({"sex": None}, {"sex": 2}),
    "0406": ({"nationality": -1}, {"nationality": 98}),
    "0407": ({"age": -1}, {"age": 130}),
    "0408": ({"number_right": 0}, {"number_right": None}),
    "0412": (
        {"generation": -1, "older_than_head": -13},
        {"generation": -1, "older_than_head": -14},
    ),
    "0700": ({"number_twin": 1}, {"number_twin": 2}),
    "0800": ({"number_twin": 2}, {"number_twin": 3}),
    "0900": ({"number_twin": 3}, {"number_twin": None}),
    "1001": ({"nature": None}, {"nature": None, "today": day_number(date(2014, 7, 30))}),
    "1002": ({"household_type": None}, {"household_type": 2}),
    "1003": ({"relation": None}, {"relation": None, "household_type": 2}),
    "1004": ({"guardian_relation": -1}, {"guardian_relation": 51}),
    "1005": ({"guardian_one_number": 0}, {"guardian_one_number": 1}),
    "1006": ({"guardian_two_number": 0}, {"guardian_two_number": None}),
    "1007": ({"birth_place_listed": 0}, {"birth_place_listed": 1}),
    "1008": ({"native_place_listed": 0}, {"native_place_listed": None}),
    "1010": ({"education": -1}, {"education": None}),
    "1011": ({"marital_status": -1}, {"marital_status": 90}),
    "1012": ({"military_service": -1}, {"military_service": 0}),
    "1013": ({"height_cm": 261}, {"height_cm": 260}),
    "1014": ({"blood_type": -1}, {"blood_type": 1}),
    "1015": ({"information_level": -1}, {"information_level": 0}),
    "1016": ({"guardian_name_length": 1}, {"guardian_name_length": 15}),
    "1017": ({"guardian_name_length": 16}, {"guardian_name_length": 15}),
    "1018": (
        {"card_from": day_number(date(1984, 4, 5))},
        {"card_from": day_number(date(1984, 4, 6))},
    ),
    "1019": ({"age": 15, "guardians": 0}, {"age": 16, "guardians": 0}),
    "1101": ({"heads": 2}, {"heads": 1}),
    "1102": ({"heads": 0}, {"heads": 0, "household_type": 2}),
    "1103": ({"husbands": 2}, {"husbands": 1}),
    "1104": ({"wives": 2}, {"wives": 1}),
    "1105": ({"spouses": 2}, {"spouses": 1}),
    "1106": ({"relation_sex": 2}, {"relation_sex": 1}),
    "1107": ({"age": 15, "education": 21}, {"age": 15, "education": 29}),
    "1108": ({"age": 15, "marital_status": 20}, {"age": 15, "marital_status": 10}),
    "1109": ({"age": 15, "military_service": 4}, {"age": 15, "military_service": 0}),
    "1110": ({"number_sex": 2}, {"number_sex": None}),
    "1111": ({"number_birth": 5}, {"number_birth": None}),
    "1112": ({"card_years": 10}, {"card_years_due": None}),
    **{
        code: ({field: None}, {field: 1})
        for code, field in {
            "1201": "county",
            "1202": "township",
            "1203": "street",
            "1204": "committee",
            "1205": "bureau",
            "1206": "station",
        }.items()
    },
    "9001": ({"photo": None}, {"photo": None, "age": 15}),
}


def test_the_rules_are_those_of_the_quality_assessment_without_religion():
    assert [str(code) for code in check_rules()] == list(EXAMPLES)
    assert "1009" not in check_rules()
    assert sum(rule.indicates for rule in check_rules().values()) == 1


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_rule_finds_what_it_is_for_and_leaves_the_rest(code):
    rule = next(rule for rule in check_rules().values() if rule.code == code)
    sound = SOUND if rule.subject == "person" else HOME
    wrong, right = EXAMPLES[code]
    assert rule.holds({**sound, **wrong})
    assert not rule.holds({**sound, **right})
    assert not rule.holds(sound)


@pytest.mark.parametrize("subject", FIELDS)
def test_a_sound_record_breaks_nothing(subject):
    sound = SOUND if subject == "person" else HOME
    assert list(broken(sound, rules_about(subject))) == []
    assert sound.keys() == FIELDS[subject].keys()


def test_an_empty_record_breaks_only_rules_that_ask_for_something():
    found = {str(rule.code) for rule in broken(BLANK_PERSON, rules_about("person"))}
    assert found == {"0401", "0405", "0406", "0407"}
    found = {str(rule.code) for rule in broken(BLANK_HOUSEHOLD, rules_about("household"))}
    assert found == {"1002", "1201", "1202", "1203", "1204", "1205", "1206"}


@pytest.mark.parametrize("code", ["20", "31", "41", "47", "51", "61", "66"])
def test_descendants_are_younger_and_ancestors_older(code):
    above = generations()[Relationship(code)]
    rule = next(rule for rule in check_rules().values() if rule.code == "0412")
    for sign in (1, -1):
        record = {**SOUND, "generation": above, "older_than_head": sign * abs(above) * 25}
        assert rule.holds(record) == (sign * above < 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age <", "no condition"),
        ("ages < 1", "no field"),
        ("not age < 1", "not of the language"),
        ("age < 1 < 2", "not of the language"),
        ("age + 1 < 2", "no field"),
        ("age < 1.5", "neither an integer"),
        ("age < 'soon'", "isoformat"),
        ("age in (sex, 1)", "neither an integer"),
        ("age == True", "neither an integer"),
        ("open('x') == 1", "no field"),
    ],
)
def test_what_is_not_of_the_language_is_refused_by_name(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text, {"age", "sex"})


def test_a_rule_that_cannot_be_read_is_named():
    row = table("register_check_rule")[0]
    with pytest.raises(ValueError, match="check rule 0201: 'twins' is no field"):
        read([{**row, "expression": "twins == 1"}])
    with pytest.raises(ValueError, match="check rule 0201"):
        read([{**row, "severity": "grave"}])


VALUES = st.one_of(st.none(), st.integers(-2, 3))


@given(a=VALUES, b=VALUES)
def test_a_comparison_with_something_absent_does_not_hold(a, b):
    record = {"a": a, "b": b}
    for sign in ("<", "<=", ">", ">=", "==", "!="):
        expected = a is not None and b is not None and eval(f"{a} {sign} {b}")
        assert compiled(parse(f"a {sign} b", record))(record) == expected
    assert compiled(parse("a is None or b in (1, 2) and a > 0", record))(record) == (
        a is None or (b in (1, 2) and a > 0)
    )


def test_severities_are_those_of_findings():
    assert {rule.severity for rule in check_rules().values()} == set(Severity)


def test_a_redacted_number_states_nothing_and_breaks_no_rule_about_numbers():
    who = Person(
        id=PersonId(UUID(int=1)),
        sex=Sex.MALE,
        birth_date=date(1980, 1, 2),
        number=CitizenNumber.recorded(REDACTED),
    )
    record = person_record(who, date(2007, 6, 1))
    assert record["number_right"] is record["number_sex"] is record["number_birth"] is None
    found = {str(rule.code) for rule in broken(record, rules_about("person"))}
    assert not found & {"0408", "1110", "1111"}


@settings(max_examples=15, deadline=None)
@given(log=logs(PERSON_MOVES))
def test_an_event_changes_only_fields_of_the_groups_that_it_writes(log: Log):
    states: dict[object, Person | None] = {}
    for entry in log.entries:
        word = VOCABULARY[type(entry.event)]
        if word.kind is Kind.PERSON and not word.voids:
            before = states.get(entry.stream)
            after = states[entry.stream] = Person.after(before, entry.event, entry.stream)
            if before is not None and after is not None:
                was, record = (person_record(one, date(2007, 6, 1)) for one in (before, after))
                changed = {field for field in was if was[field] != record[field]}
                assert changed <= {field for field, _ in told_by(word.writes)}, word.name
