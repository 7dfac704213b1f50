"""The catalogue tells everything that is declared."""

from __future__ import annotations

import json

from registry.catalogue import catalogue, explained, markdown, type_name
from registry.commands import COMMANDS
from registry.events.household import HouseholdEstablished, Member
from registry.values import Level, Name
from registry.vocabulary import VOCABULARY, fields_of


def test_every_event_is_told_with_its_fields():
    told = {event["name"]: event for event in catalogue()["events"]}
    assert told.keys() == {word.name for word in VOCABULARY.values()}
    for word in VOCABULARY.values():
        event = told[word.name]
        assert (event["code"], event["business"]) == (word.code, word.business)
        assert [field["name"] for field in event["fields"]] == [one.name for one in word.fields]
        assert {field["private"] for field in event["fields"]} - {None} == set(word.parts)
        assert event["summary"]
        assert event["source"]


def test_every_command_is_told_with_its_roles():
    told = {command["name"]: command for command in catalogue()["commands"]}
    assert told.keys() == COMMANDS.keys()
    for name, kind in COMMANDS.items():
        assert told[name]["roles"] == sorted(kind.ROLES)
        assert [one["name"] for one in told[name]["fields"]] == [
            field.name for field in fields_of(kind)
        ]


def test_the_catalogue_is_json():
    told = json.loads(json.dumps(catalogue()))
    birth = next(event for event in told["events"] if event["name"] == "BirthRegistered")
    (shape,) = [one for name, one in birth["schema"]["$defs"].items() if name == birth["name"]]
    assert "birth_date" in shape["required"]


def test_composed_types_are_told_with_their_parts():
    (told,) = [one for one in catalogue()["events"] if one["name"] == "HouseholdEstablished"]
    (members,) = [field for field in told["fields"] if field["name"] == "members"]
    assert members["type"] == "list of Member"
    assert [one["name"] for one in members["of"]["Member"]] == ["person", "relation"]
    assert "↳ Member.relation" in markdown()


def test_types_are_told_in_words():
    assert type_name(Name | None) == "Name or none"
    assert type_name(tuple[Member, ...]) == "list of Member"
    assert type_name(Level) == "Level (1, 2, 3, 4)"


def test_a_docstring_gives_its_source_apart():
    summary, source = explained(HouseholdEstablished)
    assert summary.startswith("A household was founded (户建立)")
    assert source.endswith("art. 5.")
